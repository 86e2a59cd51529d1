/* Bad recipes are refused before any voxel is read, with the step, the parameter, its range and a near miss; the table of steps says of
 * itself what is true. */
#include <stdatomic.h>

#include "eval/eval.h"
#include "ops/ops.h"
#include "test.h"

static atomic_int reads;

static bool read_nothing(void *ctx, const tome_box *box, void *out, tome_error *err) {
  (void)ctx;
  (void)box;
  (void)out;
  atomic_fetch_add(&reads, 1);
  return tome_fail(err, TOME_IO, "no voxels here");
}

/* An image of 40 x 50 x 60 with a liver and a tumour known of. */
typedef struct patient {
  tome_record record;
  tome_label labels[2];
  tome_facts facts;
  tome_voxel_source inputs[2];
} patient;

static void make_patient(patient *p) {
  static uint64_t counts[4] = {100, 50, 20, 10};
  const tome_histogram h = {.lo = 30, .width = 1, .bins = 4, .counts = counts};
  *p = (patient){
      .record = {.id = "volume-3", .geometry = tome_geometry_identity((int64_t[]){40, 50, 60}), .histogram = h}};
  p->labels[0] = (tome_label){.map = "segmentation",
                              .name = "liver",
                              .value = 1,
                              .voxels = 180,
                              .box = {{10, 5, 6}, {30, 45, 50}},
                              .histogram = h};
  p->labels[1] = (tome_label){.map = "segmentation", .name = "tumor", .value = 2, .histogram = {.width = 1}};
  p->record.labels = p->labels;
  p->record.label_count = 2;
  p->facts.record = &p->record;
  p->inputs[0] = (tome_voxel_source){.name = "image",
                                     .geometry = p->record.geometry,
                                     .dtype = TOME_I16,
                                     .fill = -1024,
                                     .chunk = {16, 64, 64},
                                     .read = read_nothing};
  p->inputs[1] = (tome_voxel_source){
      .name = "segmentation", .is_label = true, .geometry = p->record.geometry, .dtype = TOME_U8, .read = read_nothing};
}

static const char *refusal(const char *steps) {
  static tome_error err;
  err = (tome_error){0};
  patient p;
  make_patient(&p);
  TOME_CLEANUP(tome_recipe_clear) tome_recipe r = {0};
  TOME_CLEANUP(tome_graph_clear) tome_graph plan = {0};
  if (tome_recipe_parse_text(tome_ops, steps, &r, &err) && tome_graph_make(&r, &p.facts, p.inputs, 2, &plan, &err))
    return "taken";
  return err.message;
}

static void words(void) {
  static const struct {
    const char *steps, *parts[3];
  } bad[] = {
      {"resmple:1", {"step 1", "\"resmple\"", "did you mean resample?"}},
      {"xyzzy", {"step 1", "xyzzy", "tome ops"}},
      {"orient:LPS resample:spacng=1", {"step 2: resample", "\"spacng\"", "did you mean spacing?"}},
      {"flip:x flip:w", {"step 2: flip", "axes=w", "z, y or x"}},
      {"resample:spacing=0", {"step 1: resample", "spacing=0", "0.001 ... 1000, or keep"}},
      {"resample:spacing=1,2", {"resample", "spacing takes one value, or three", "2"}},
      {"resample:spacing=1,1,1,1,1", {"resample", "", ""}},
      {"resample:spacing=1cm", {"spacing=1cm", "0.001 ... 1000", ""}},
      {"resample:1,order=7", {"step 1: resample", "order=7", "0 ... 5"}},
      {"resample:1,order=1.5", {"order=1.5", "a whole number", ""}},
      {"resample:1,profile=sitk", {"profile=sitk", "did you mean itk?", ""}},
      {"resample:1,profile=xxxxxx", {"profile=xxxxxx", "itk, nnunet, scipy, monai or torchio", ""}},
      {"resample:spacing=1,spacing=2", {"spacing is given twice", "", ""}},
      {"resample", {"step 1: resample", "spacing or a scale", ""}},
      {"resample:spacing=1,scale=2", {"step 1: resample", "either a spacing or a scale", ""}},
      {"resample:scale=0.001", {"step 1: resample", "", ""}},
      {"window:level=40", {"step 1: window", "level and width", ""}},
      {"window:level=40,width=0", {"width=0", "1e-06 ... 1000000", ""}},
      {"window:level=40,width=-5", {"width=-5", "", ""}},
      {"window:level=nan,width=5", {"level=nan", "", ""}},
      {"window:level=inf,width=5", {"level=inf", "", ""}},
      {"window:spleen", {"window", "no label \"spleen\"", "liver, tumor"}},
      {"window:livr", {"window", "no label \"livr\"", "did you mean liver?"}},
      {"window:lng", {"window", "no tissue", "did you mean lung?"}},
      {"resample:1,axes=world,profile=scipy", {"step 1: resample", "axes=world", "profile"}},
      {"resample:shape=5,scale=2", {"step 1: resample", "either a spacing or a scale", "shape"}},
      {"pad:3,mode=wrp", {"pad", "mode=wrp", "did you mean wrap?"}},
      {"pad:3,mode=mirror", {"mode=mirror", "constant, edge, reflect, symmetric or wrap", ""}},
      {"pad:3,mode=edge,value=1", {"pad", "value is for mode=constant", ""}},
      {"window:tumor", {"window", "tumor has no voxels", ""}},
      {"window:label=liver,scope=store", {"window", "no store", ""}},
      {"normalise:zscore,over=volume,scope=store", {"normalise", "store", "labels only"}},
      {"normalise:over=nonzero,scope=store", {"normalise", "store", "labels only"}},
      {"normalise:mean=3", {"normalise", "mean and std go together", ""}},
      {"normalise:minmax,mean=3,std=2", {"normalise", "all that zscore needs", ""}},
      {"normalise:mean=3,std=0", {"normalise", "std=0", "1e-30"}},
      {"normalise:over=nonzro", {"normalise", "no label \"nonzro\"", ""}},
      {"normalise:lo=60,hi=40", {"normalise", "lo=60 is not below hi=40", ""}},
      {"crop", {"crop", "either a mask or a box", ""}},
      {"crop:tumor", {"crop", "tumor has no voxels", ""}},
      {"crop:body", {"crop", "body", ""}},
      {"crop:box=0:41,:,:", {"crop", "z runs from 0 to 40", ""}},
      {"crop:box=5:5,:,:", {"crop", "z runs from 0 to 40", ""}},
      {"crop:box=1:2,3:4", {"crop", "three (z,y,x)", "2"}},
      {"crop:box=1:2,3:4,a:b", {"box=a:b", "first:last", ""}},
      {"crop:liver,margin=-1", {"margin=-1", "0 ...", ""}},
      {"crop:liver,margin=1.5", {"margin=1.5", "", ""}},
      {"crop:box=0:5,:,: crop:liver", {"step 2: crop", "outside", ""}},
      {"pad:by=100000 pad:by=100000 pad:by=100000 pad:by=100000 pad:by=100000 pad:by=100000", {"pad", "1048576", ""}},
      {"crop-or-pad:0", {"crop-or-pad", "size=0", "1 ... 1048576"}},
      {"orient:LPX", {"orient", "code=LPX", "canonical"}},
      {"orient:LRS", {"orient", "code=LRS", "canonical"}},
      {"transpose:x,y", {"transpose", "each of z, y and x once", ""}},
      {"remap", {"remap", "wants pairs", ""}},
      {"remap:2", {"remap", "lacks its '='", ""}},
      {"remap:1=70000", {"remap", "1=70000", "65535"}},
      {"remap:1.5=1", {"remap", "1.5", "no label value"}},
      {"remap:-1=1", {"remap", "-1", "no label value"}},
      {"remap:kidney=1", {"remap", "kidney", "liver, tumor"}},
      {"keep:kidney", {"keep", "kidney", "liver, tumor"}},
      {"cast:int8x", {"cast", "did you mean int8?", ""}},
      {"clip:1", {"clip", "lo,hi", ""}},
      {"clip:5,1", {"clip", "lo=5 is above hi=1", ""}},
  };
  for (size_t i = 0; i < TOME_COUNT(bad); i++) {
    const char *said = refusal(bad[i].steps);
    for (int k = 0; k < 3; k++) CHECK_HAS(said, bad[i].parts[k]);
    if (!strcmp(said, "taken")) fprintf(stderr, "taken: %s\n", bad[i].steps), CHECK(false);
  }
  CHECK(atomic_load(&reads) == 0);
}

/* Lengths may say that they are millimetres; the recipe is the same. */
static void millimetres(void) {
  TOME_CLEANUP(tome_recipe_clear) tome_recipe a = {0}, b = {0};
  CHECK(tome_recipe_parse_text(tome_ops, "resample:1mm,keep,2.5mm,order=3", &a, NULL));
  CHECK(tome_recipe_parse_text(tome_ops, "resample:spacing=1,keep,2.5,order=3", &b, NULL));
  CHECK_TEXT(a.text, b.text);
  CHECK_TEXT(a.hash, b.hash);
}

/* Grids that differ are refused: an image and labels that are not of one grid have no common recipe. */
static void grids(void) {
  patient p;
  make_patient(&p);
  p.inputs[1].geometry.origin[0] += 3;
  tome_error err = {0};
  tome_recipe r = {0};
  tome_graph plan = {0};
  CHECK(tome_recipe_parse(tome_ops, NULL, 0, &r, &err));
  CHECK(!tome_graph_make(&r, &p.facts, p.inputs, 2, &plan, &err));
  CHECK(err.code == TOME_GEOMETRY);
  CHECK_HAS(err.message, "3 mm");
  tome_recipe_clear(&r);
}

/* Every step of the table: its example is taken, its defaults are within their own ranges, its text reads back as itself. */
static void table(void) {
  for (size_t i = 0; tome_ops[i]; i++) {
    const tome_op *op = tome_ops[i];
    tome_error err = {0};
    TOME_CLEANUP(tome_recipe_clear) tome_recipe r = {0}, again = {0};
    TOME_CLEANUP(tome_arena_clear) tome_arena a = {0};
    CHECK(tome_recipe_parse(tome_ops, &op->example, 1, &r, &err));
    CHECK_TEXT(err.message, "");
    CHECK(tome_recipe_parse_text(tome_ops, r.text, &again, &err));
    CHECK_TEXT(again.text, r.text);
    CHECK_TEXT(again.hash, r.hash);
    const char *help = tome_op_help(op, &a, &err);
    for (const tome_param *row = op->params; row->name; row++) CHECK_HAS(help, row->name);
    CHECK_HAS(help, op->example);
    CHECK(op->shape && !(op->row && op->compute) && (op->joins || op->row || op->need || op->study) &&
          !op->study == !op->forget);
    for (size_t k = 0; k < i; k++) CHECK(strcmp(op->name, tome_ops[k]->name) != 0);
  }
}

TEST_MAIN(words, millimetres, grids, table)
