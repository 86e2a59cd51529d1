/* cmd_get.c - tome get: cases, or boxes of them, out into files. What it tells is in get_report.c. */
#include "cli/get_report.h"
#include "cli/open.h"
#include "cli/progress.h"
#include "cli/say.h"
#include "cli/verbs.h"
#include "cli/words.h"

static bool consistent(const cli_args *args, const cli_words *w, tome_error *err) {
  const bool where = cli_given(args, "where"), all = cli_given(args, "all");
  if (where && all) return cli_fail(err, "--all takes every case, --where some: give one of them");
  if ((where || all) && w->id_count)
    return cli_fail(err, "%s chooses the cases: %s cannot be named as well", where ? "--where" : "--all", w->ids[0]);
  if (where || all || w->id_count) return true;
  if (w->step_count) return cli_fail(err, "get needs CASE before the step %s, or --where SQL, or --all", w->steps[0]);
  return cli_fail(err, "get needs CASE, --where SQL or --all: tome get STORE CASE -o OUT");
}

static int run(const cli_args *args) {
  tome_error err = {0};
  CLI_AUTO_WORDS cli_words w = {0};
  CLI_AUTO_STORE tome_store *store = tome_open(args->operands[0], &err);
  if (!store || !cli_words_take(&w, args, store, &err) || !consistent(args, &w, &err)) return cli_failed(&err);
  const tome_export_many_options how = {
      .ids = w.ids,
      .id_count = w.id_count,
      .where = cli_text(args, "where"),
      .all = cli_given(args, "all"),
      .path = cli_text(args, "output"),
      .label = cli_text(args, "label"),
      .box = cli_text(args, "box"),
      .force = cli_given(args, "force"),
      .recipe = {.steps = w.steps, .step_count = w.step_count, .file = cli_text(args, "recipe")}};
  get_report report = {.json = cli_given(args, "json"), .quiet = cli_given(args, "quiet")};
  tome_export_summary sum = {0};
  tome_run run;
  cli_progress_begin(&run, (int)cli_int(args, "jobs"), report.quiet);
  const bool ok = tome_export_many(store, &how, &run, get_report_event, &report, &sum, &err);
  cli_progress_end();
  const int status = ok ? get_report_done(&report, &sum) : get_report_failed(&report, &sum, &err);
  get_report_clear(&report);
  return status;
}

static const cli_option options[] = {
    {.name = "output",
     .letter = 'o',
     .kind = CLI_TEXT,
     .arg = "OUT",
     .required = true,
     .help = "the file to write, or a template for many; its name says the format: .npy .npz .h5 .nii .nii.gz .nrrd "
             ".mha .tif .png; folder/ for a DICOM series, .dcm for labels as DICOM SEG"},
    {.name = "where",
     .letter = 'w',
     .kind = CLI_TEXT,
     .arg = "SQL",
     .help = "every case for which this condition over the view cases holds (see tome query): \"tumor_ml > 0\""},
    {.name = "all", .letter = 'a', .kind = CLI_FLAG, .help = "every case"},
    {.name = "label",
     .letter = 'l',
     .kind = CLI_TEXT,
     .arg = "NAME",
     .help = "a label map (\"segmentation\"), one structure (\"tumor\": a 0/1 mask) or a channel (\"flair\") instead "
             "of the image"},
    {.name = "box",
     .letter = 'b',
     .kind = CLI_TEXT,
     .arg = "Z0:Z1,Y0:Y1,X0:X1",
     .help = "only these voxels of the result; a bound may be left out, negative ones count from the end"},
    {.name = "recipe",
     .letter = 'r',
     .kind = CLI_TEXT,
     .arg = "FILE",
     .help = "steps from a file, one a line, before those of the command line"},
    {.name = "force", .letter = 'f', .kind = CLI_FLAG, .help = "overwrite what is there and was made otherwise"},
    CLI_OPTION_JOBS,
    {.name = "json",
     .kind = CLI_FLAG,
     .help = "print one JSON object a line: each case as it is done, with files, grid, hashes and what became of its "
             "labels; the summary last"},
    CLI_OPTION_QUIET,
    CLI_OPTIONS_END,
};

const cli_verb cmd_get = {
    .name = "get",
    .group = CLI_GROUP_OUT,
    .operands = "STORE [CASE...] [STEP...]",
    .summary = "write volumes, or boxes of them, to files",
    .about =
        "Writes the image of CASE, or one of its labels, with its spacing, origin and orientation: voxel for voxel as "
        "stored, or through a recipe of steps (tome ops lists them), computed on demand. Only the chunks that the box "
        "needs are read, and each is checked. Files appear whole or not at all.\n"
        "Many cases (several CASEs, --where, --all) go to a template: {id} stands for the case, {label} for the volume "
        "(\"image\" or the label map), {z} or {z:03} for the slice of a PNG, BMP, GIF or TIFF; folders are made. With "
        "a template image "
        "and labels are written together, on one grid: without {label} each map goes beside the image as "
        "<name>_<map>. An .npz holds both in one file, and an .h5 every case, a group each. One case that fails never "
        "stops the others; the exit status is then 1.\n"
        "Everything written carries geometry, recipe, recipe hash and voxel hash: in the file, or in a JSON beside an "
        ".npy. What is there already, made by the same recipe from the same voxels, is skipped; what was made "
        "otherwise is refused without --force.\n"
        "Labels that vanish or shrink by more than half on the way are named, with their voxels before and after.",
    .examples =
        "tome get liver.tome volume-3 -o v.nii.gz\n"
        "tome get liver.tome volume-3 --label tumor -o tumor.nii.gz\n"
        "tome get liver.tome volume-3 orient:LPS resample:spacing=1 window:tumor -o v3.nii.gz\n"
        "tome get liver.tome volume-3 --box 20:40,:,100:-100 -o middle.npy\n"
        "tome get liver.tome --where \"tumor_ml > 0\" --recipe lits.recipe -o out/{id}.npy\n"
        "tome get liver.tome --all --recipe lits.recipe -o lits.h5\n"
        "tome get liver.tome volume-3 window:liver,scale=uint8 -o slices/{id}_{label}/{z:03}.png",
    .options = options,
    .run = run,
};
