/* cmd_patches.c - tome patches: boxes of a recipe's result for training and inference, by position rules or drawn from a seed. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "cli/json.h"
#include "cli/open.h"
#include "cli/progress.h"
#include "cli/say.h"
#include "cli/units.h"
#include "cli/verbs.h"
#include "cli/words.h"

/* ---- options ---- */

typedef struct chosen {
  tome_patch_options o;
  tome_class_weight *classes;
  char *class_text;
  double threshold, pad;
} chosen;

static void chosen_clear(chosen *c) {
  free(c->classes);
  free(c->class_text);
}

static bool take_size(const char *text, int64_t size[3], tome_error *err) {
  const char *s = text;
  int n = 0;
  for (; n < 3; n++) {
    char *end;
    const bool full = !strncmp(s, "full", 4);
    size[n] = full ? 0 : strtoll(s, &end, 10);
    if (full) end = (char *)(uintptr_t)(s + 4);
    if (end == s || (!full && (size[n] < 1 || size[n] > 65536))) break;
    s = end;
    if (*s != ',') {
      n++;
      break;
    }
    s++;
  }
  if (*s || (n != 1 && n != 3))
    return cli_fail(err, "--size %s: one number of voxels, or z,y,x; \"full\" for a whole axis, as in 8,full,full",
                    text);
  if (n == 1) size[1] = size[2] = size[0];
  return true;
}

/* "liver:1,tumor:2" or "liver,tumor". The texts stay in c->class_text. */
static bool take_weights(chosen *c, const char *option, const char *text, tome_error *err) {
  size_t count = 1;
  for (const char *s = text; *s; s++) count += *s == ',';
  c->classes = cli_alloc(count, sizeof *c->classes);
  c->class_text = cli_dup(text);
  char *rest = NULL;
  for (char *word = strtok_r(c->class_text, ",", &rest); word; word = strtok_r(NULL, ",", &rest)) {
    char *colon = strrchr(word, ':'), *end = NULL;
    tome_class_weight *w = &c->classes[c->o.class_count++];
    *w = (tome_class_weight){word, 1};
    if (colon) {
      *colon = 0;
      w->weight = strtod(colon + 1, &end);
    }
    if (!*word || (colon && (end == colon + 1 || *end || !(w->weight >= 0) || !isfinite(w->weight))))
      return cli_fail(err, "--%s %s: wants NAME:WEIGHT,NAME:WEIGHT…, each weight 0 or more", option, text);
  }
  return c->o.class_count > 0 || cli_fail(err, "--%s: names nothing", option);
}

/* MONAI's two: "pos:1,neg:1". */
static bool take_balance(chosen *c, const char *text, tome_error *err) {
  if (!take_weights(c, "balance", text, err)) return false;
  for (size_t i = 0; i < c->o.class_count; i++) {
    const bool pos = !strcmp(c->classes[i].name, "pos");
    if (!pos && strcmp(c->classes[i].name, "neg") != 0)
      return cli_fail(err, "--balance %s: weighs pos (around label voxels) against neg (around background)", text);
    *(pos ? &c->o.pos : &c->o.neg) = c->classes[i].weight;
  }
  c->o.class_count = 0;
  return c->o.pos + c->o.neg > 0 || cli_fail(err, "--balance %s: one of pos and neg must be above 0", text);
}

static bool take_mode(chosen *c, const cli_args *args, tome_error *err) {
  static const char *const modes[] = {"balance", "sliding", "classes", "centre", "uniform", "foreground"};
  const char *mode = NULL;
  for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
    if (!cli_given(args, modes[i])) continue;
    if (mode) return cli_fail(err, "--%s and --%s: choose one way to place patches", mode, modes[i]);
    mode = modes[i];
    c->o.mode = i < 5 ? (tome_patch_mode)i : TOME_PATCH_BALANCE;
  }
  c->o.rule = cli_choice(args, "rule") == 1 ? TOME_RULE_NNUNET : TOME_RULE_MONAI;
  const bool nnunet = c->o.rule == TOME_RULE_NNUNET;
  if (nnunet && mode && strcmp(mode, "sliding") != 0 && strcmp(mode, "uniform") != 0)
    return cli_fail(err, "--rule nnunet has no --%s: it places patches by --oversample, --sliding or --uniform", mode);
  if (cli_given(args, "oversample") && (!nnunet || mode))
    return cli_fail(err, "--oversample belongs to --rule nnunet without another way to place patches");
  if (cli_given(args, "overlap") && c->o.mode != TOME_PATCH_SLIDING)
    return cli_fail(err, "--overlap belongs to --sliding");
  if (cli_given(args, "per-case") && (c->o.mode == TOME_PATCH_SLIDING || c->o.mode == TOME_PATCH_CENTRE))
    return cli_fail(err, "--per-case: --%s says how many there are", mode);
  if (cli_given(args, "foreground")) c->o.pos = 1;
  if (cli_given(args, "balance")) return take_balance(c, cli_text(args, "balance"), err);
  if (cli_given(args, "classes")) return take_weights(c, "classes", cli_text(args, "classes"), err);
  return true;
}

static bool is_random(const tome_patch_options *o) {
  return o->mode != TOME_PATCH_SLIDING && o->mode != TOME_PATCH_CENTRE;
}

/* Without --seed one is drawn, small enough to be typed again; where nothing is drawn it is 0, so that a second run finds what the first has written. */
static uint64_t seed_of(const cli_args *args, const tome_patch_options *o) {
  uint32_t drawn = 0;
  if (!is_random(o)) return 0;
  if (cli_given(args, "seed")) return (uint64_t)cli_int(args, "seed");
  if (getrandom(&drawn, sizeof drawn, 0) != sizeof drawn) drawn = (uint32_t)(cli_clock() * 1e6);
  return drawn;
}

static bool take_options(chosen *c, const cli_args *args, const cli_words *w, tome_error *err) {
  tome_patch_options *o = &c->o;
  if (!take_size(cli_text(args, "size"), o->size, err) || !take_mode(c, args, err)) return false;
  o->recipe = (tome_recipe_text){.steps = w->steps, .step_count = w->step_count, .file = cli_text(args, "recipe")};
  o->per_case = cli_int(args, "per-case");
  o->oversample = cli_real(args, "oversample");
  o->overlap = cli_real(args, "overlap");
  o->classes = c->classes;
  o->label = cli_text(args, "label");
  o->seed = seed_of(args, o);
  o->cache_bytes = (size_t)cli_int(args, "cache") << 20;
  if (cli_given(args, "image-threshold"))
    c->threshold = cli_real(args, "image-threshold"), o->image_threshold = &c->threshold;
  if (cli_given(args, "pad-value")) c->pad = cli_real(args, "pad-value"), o->pad_value = &c->pad;
  return true;
}

/* ---- the list ---- */

static void json_axes(cli_json *j, const char *name, const int64_t v[3]) {
  cli_json_key(j, name);
  cli_json_open(j, '[');
  for (int a = 0; a < 3; a++) cli_json_int(j, v[a]);
  cli_json_close(j, ']');
}

static void json_patch(cli_json *j, const tome_patch *t) {
  int64_t size[3], before[3], behind[3];
  for (int a = 0; a < 3; a++) {
    size[a] = t->box.hi[a] - t->box.lo[a];
    before[a] = t->inside.lo[a] - t->box.lo[a];
    behind[a] = t->box.hi[a] - t->inside.hi[a];
  }
  cli_json_open(j, '{');
  cli_json_put_text(j, "id", t->id);
  cli_json_put_int(j, "n", (uint64_t)t->n);
  json_axes(j, "position", t->box.lo);
  json_axes(j, "size", size);
  json_axes(j, "centre", t->centre);
  cli_json_put_text(j, "class", t->what);
  json_axes(j, "padding_before", before);
  json_axes(j, "padding_behind", behind);
  cli_json_close(j, '}');
}

static void print_json(const tome_patches *p, uint64_t seed) {
  cli_json j = {.out = stdout, .lines = true};
  cli_json_open(&j, '{');
  cli_json_put_int(&j, "seed", seed);
  cli_json_key(&j, "patches");
  cli_json_open(&j, '[');
  for (size_t i = 0; i < tome_patches_count(p); i++) json_patch(&j, tome_patches_at(p, i));
  cli_json_close(&j, ']');
  cli_json_close(&j, '}');
}

static void print_list(const tome_patches *p) {
  static const char *const titles[] = {"id", "n", "box z,y,x", "centre", "class"};
  CLI_AUTO_TABLE cli_table *table = cli_table_new(titles, 5);
  for (size_t i = 0; i < tome_patches_count(p); i++) {
    const tome_patch *t = tome_patches_at(p, i);
    char n[24], box[140], centre[80];
    snprintf(n, sizeof n, "%lld", (long long)t->n);
    snprintf(box, sizeof box, "%lld:%lld,%lld:%lld,%lld:%lld", (long long)t->box.lo[0], (long long)t->box.hi[0],
             (long long)t->box.lo[1], (long long)t->box.hi[1], (long long)t->box.lo[2], (long long)t->box.hi[2]);
    snprintf(centre, sizeof centre, "%lld,%lld,%lld", (long long)t->centre[0], (long long)t->centre[1],
             (long long)t->centre[2]);
    const char *cells[] = {t->id, n, box, centre, t->what};
    cli_table_add(table, cells);
  }
  cli_table_show(table, stdout);
}

/* ---- the command ---- */

static void on_note(void *user, const char *id, const char *text) {
  (void)user;
  cli_say("%s: %s", id, text);
}

static void say_written(const tome_patches_summary *s, const char *path) {
  cli_units written = cli_units_count(s->written), kept = cli_units_count(s->kept);
  cli_units passed = cli_units_count(s->passed_over);
  cli_say("wrote %s patch%s to %s%s%s%s%s%s%s%s", written.s, s->written == 1 ? "" : "es", path, s->kept ? "; " : "",
          s->kept ? kept.s : "", s->kept ? " were there already" : "", s->passed_over ? "; " : "",
          s->passed_over ? passed.s : "", s->passed_over ? " case" : "",
          s->passed_over > 1   ? "s passed over"
          : s->passed_over > 0 ? " passed over"
                               : "");
}

static void close_patches(tome_patches **p) { tome_patches_close(*p); }

static int go(const cli_args *args, tome_store *store, const cli_words *w, const tome_patch_options *o) {
  tome_error err = {0};
  const bool quiet = cli_given(args, "quiet"), list = cli_given(args, "list");
  tome_patches_summary sum = {0};
  tome_run run;
  cli_progress_begin(&run, (int)cli_int(args, "jobs"), quiet);
  __attribute__((cleanup(close_patches))) tome_patches *p =
      tome_patches_plan(store, w->id_count ? w->ids : NULL, w->id_count, o, &run, on_note, NULL, &err);
  bool ok = p && (list || tome_patches_write(p, cli_text(args, "output"), cli_given(args, "force"), &run, on_note, NULL,
                                             &sum, &err));
  cli_progress_end();
  if (!ok) return cli_stopped(&err, "stopped before all patches were written");
  if (cli_given(args, "json"))
    print_json(p, o->seed);
  else if (list)
    print_list(p);
  if (!quiet && !list) say_written(&sum, cli_text(args, "output"));
  if (is_random(o) && !cli_given(args, "seed"))
    cli_say("seed %llu: --seed %llu draws the same again", (unsigned long long)o->seed, (unsigned long long)o->seed);
  return CLI_OK;
}

static int run(const cli_args *args) {
  tome_error err = {0};
  CLI_AUTO_KEPT cli_kept found = {0};
  CLI_AUTO_WORDS cli_words w = {0};
  __attribute__((cleanup(chosen_clear))) chosen c = {.class_text = NULL};
  if (cli_given(args, "list") == cli_given(args, "output"))
    cli_fail(&err, "say where the patches go (-o OUT), or ask for positions only (--list)");
  CLI_AUTO_STORE tome_store *store = err.code ? NULL : tome_open(args->operands[0], &err);
  if (!store || !cli_words_take(&w, args, store, &err)) return cli_failed(&err);
  const char *where = cli_text(args, "where");
  if ((where != NULL) + (w.id_count > 0) + cli_given(args, "all") > 1)
    cli_fail(&err, "choose cases by their ids, by --where or --all: not by two of these");
  if (err.code || (where && !cli_words_where(&w, &found, where, store, &err)) || !take_options(&c, args, &w, &err))
    return cli_failed(&err);
  return go(args, store, &w, &c.o);
}

static const cli_option options[] = {
    {.name = "output",
     .letter = 'o',
     .kind = CLI_TEXT,
     .arg = "OUT",
     .help = "where patches go: one archive (patches.h5), or a file each by a template ({id}/{n}.npy)"},
    {.name = "size",
     .letter = 's',
     .kind = CLI_TEXT,
     .arg = "Z,Y,X",
     .required = true,
     .help = "voxels of a patch: one number, or z,y,x; \"full\" takes a whole axis"},
    {.name = "recipe",
     .letter = 'r',
     .kind = CLI_TEXT,
     .arg = "FILE",
     .help = "steps from a file, one a line, before those of the command line"},
    {.name = "where",
     .letter = 'w',
     .kind = CLI_TEXT,
     .arg = "SQL",
     .help = "only cases for which this is true: any column of the view `cases` (see query)"},
    {.name = "all", .kind = CLI_FLAG, .help = "every case; so it is where no case is named"},
    {.name = "per-case",
     .letter = 'n',
     .kind = CLI_INT,
     .arg = "N",
     .lo = 1,
     .hi = 1e7,
     .fallback = "1",
     .help = "patches of each case"},
    {.name = "balance",
     .kind = CLI_TEXT,
     .arg = "pos:P,neg:N",
     .help = "around a label voxel P times in P+N, else around background; without any of these: pos:1,neg:1"},
    {.name = "classes",
     .kind = CLI_TEXT,
     .arg = "NAME:W,...",
     .help = "around a voxel of a label (or \"background\"), picked by weight among those present"},
    {.name = "foreground", .kind = CLI_FLAG, .help = "around any label voxel"},
    {.name = "uniform", .kind = CLI_FLAG, .help = "anywhere"},
    {.name = "centre", .kind = CLI_FLAG, .help = "the middle of each case"},
    {.name = "sliding", .kind = CLI_FLAG, .help = "windows over the whole of each case"},
    {.name = "overlap",
     .kind = CLI_REAL,
     .arg = "F",
     .lo = 0,
     .hi = 0.999,
     .fallback = "0",
     .help = "share of a sliding window that the next one covers again"},
    {.name = "rule",
     .kind = CLI_CHOICE,
     .arg = "TOOL",
     .choices = "monai nnunet",
     .fallback = "monai",
     .help = "whose conventions place patches"},
    {.name = "oversample",
     .kind = CLI_REAL,
     .arg = "F",
     .lo = 0,
     .hi = 1,
     .fallback = "0.33",
     .help = "nnU-Net: share of each case's patches, the last ones, that must show a label"},
    {.name = "label",
     .letter = 'l',
     .kind = CLI_TEXT,
     .arg = "MAP",
     .help = "the label map that counts; all, where not said"},
    {.name = "image-threshold",
     .kind = CLI_REAL,
     .arg = "V",
     .lo = -1e30,
     .hi = 1e30,
     .help = "background only where the result's image is above this"},
    {.name = "pad-value",
     .kind = CLI_REAL,
     .arg = "V",
     .lo = -1e30,
     .hi = 1e30,
     .help =
         "the image's value beyond a volume that is smaller than the patch; as the recipe maps air, where not said"},
    {.name = "seed",
     .kind = CLI_INT,
     .arg = "N",
     .lo = 0,
     .hi = 9007199254740991,
     .help = "the same seed draws the same patches; without it one is drawn, said and recorded"},
    {.name = "cache",
     .kind = CLI_INT,
     .arg = "MB",
     .lo = 0,
     .hi = 1048576,
     .fallback = "0",
     .help = "memory for decoded chunks that patches share; 0: 256"},
    {.name = "list", .kind = CLI_FLAG, .help = "print positions only; no voxel of the image is read"},
    {.name = "force", .letter = 'f', .kind = CLI_FLAG, .help = "overwrite what is there"},
    CLI_OPTION_JOBS,
    CLI_OPTION_JSON,
    CLI_OPTION_QUIET,
    CLI_OPTIONS_END,
};

const cli_verb cmd_patches = {
    .name = "patches",
    .group = CLI_GROUP_OUT,
    .operands = "STORE [CASE...] [STEP...]",
    .summary = "write patches of a recipe's result, drawn or sliding",
    .about =
        "Takes boxes of one size out of what a recipe makes of each case (all cases, where none is named), image and "
        "labels together, computing only those boxes. They are drawn by the rules of MONAI (RandCropByPosNegLabel, "
        "RandCropByLabelClasses, RandSpatialCrop) or nnU-Net, or cover the case as sliding windows do.\n"
        "Patch n of a case depends on the seed, the case's id and n alone: not on other cases, their order, or --jobs. "
        "Every label voxel of the result is drawn as likely as any other; where labels lie is known from the store, so "
        "few chunks are read for that. The seed, the rule, the position and the centre go along with each patch.\n"
        "A case that is smaller than the patch is padded on both sides: the image with what the recipe makes of air, "
        "labels with 0. A case that has nothing to draw, or that the recipe does not fit, is passed over with a note.\n"
        "The rows of an archive are alike. Of cases that differ it takes those with the channels that most labelled "
        "ones have; of label maps the one that most of these have (or --label), and the others that all who have it "
        "share. What is "
        "left out is said.",
    .examples =
        "tome patches liver.tome --recipe lits.recipe --size 96 --per-case 4 --balance pos:1,neg:1 --seed 7 -o "
        "patches.h5\n"
        "tome patches liver.tome --size 96 --overlap 0.5 --sliding -o out/{id}/{n}.npy\n"
        "tome patches liver.tome --size 8,full,full --classes liver:1,tumor:2 --per-case 10 -o slabs/{id}/{n}.npy\n"
        "tome patches liver.tome volume-3 orient:LPS --rule nnunet --size 128 --per-case 2 --list --json",
    .options = options,
    .run = run,
};
