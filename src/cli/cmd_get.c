/* cmd_get.c - tome get: cases, or boxes of them, out into files. What it tells is in get_report.c. */
#include <string.h>

#include "cli/get_report.h"
#include "cli/open.h"
#include "cli/progress.h"
#include "cli/say.h"
#include "cli/verbs.h"

/* ---- which operands are cases, and which are steps ---- */

typedef struct op_search {
  const char *word;
  bool found;
} op_search;

static void match_op(void *user, const tome_op_info *op) {
  op_search *s = user;
  if (strcmp(op->name, s->word) == 0) s->found = true;
}

static bool is_step(const char *word) {
  op_search s = {.word = word};
  return strchr(word, ':') || (tome_each_op(match_op, &s, NULL) && s.found);
}

static bool saw_row(void *user, size_t columns, const char *const *names, const tome_value *values) {
  (void)columns, (void)names;
  if (values) *(bool *)user = true;
  return true;
}

static bool is_case(tome_store *store, const char *word) {
  bool found = false;
  return tome_query(store, "SELECT id FROM cases WHERE id = ?1", &word, 1, 30, saw_row, &found, NULL) && found;
}

/* The first operand is a case; those behind it too, as long as the store has cases of that name that could not be steps. */
static size_t count_cases(const cli_args *args, tome_store *store) {
  if (cli_given(args, "all") || cli_given(args, "where")) return 0;
  size_t n = 1;
  while (n + 1 < args->operand_count && !is_step(args->operands[n + 1]) && is_case(store, args->operands[n + 1])) n++;
  return n;
}

static bool consistent(const cli_args *args, tome_error *err) {
  const bool where = cli_given(args, "where"), all = cli_given(args, "all");
  if (where && all) return cli_fail(err, "--all takes every case, --where some: give one of them");
  if (!where && !all && args->operand_count < 2)
    return cli_fail(err, "get needs CASE, --where SQL or --all: tome get STORE CASE -o OUT");
  if (!where && !all && is_step(args->operands[1]))
    return cli_fail(err, "get needs CASE before the step %s, or --where SQL, or --all", args->operands[1]);
  return true;
}

static int run(const cli_args *args) {
  tome_error err = {0};
  if (!consistent(args, &err)) return cli_failed(&err);
  CLI_AUTO_STORE tome_store *store = tome_open(args->operands[0], &err);
  if (!store) return cli_failed(&err);
  const size_t cases = count_cases(args, store);
  const tome_export_many_options how = {.ids = (const char *const *)args->operands + 1,
                                        .id_count = cases,
                                        .where = cli_text(args, "where"),
                                        .all = cli_given(args, "all"),
                                        .path = cli_text(args, "output"),
                                        .label = cli_text(args, "label"),
                                        .box = cli_text(args, "box"),
                                        .force = cli_given(args, "force"),
                                        .recipe = {.steps = (const char *const *)args->operands + 1 + cases,
                                                   .step_count = args->operand_count - 1 - cases,
                                                   .file = cli_text(args, "recipe")}};
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
     .help = "the file to write, or a template for many; its name says the format: .npy .npz .nii .nii.gz .png .h5"},
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
     .help = "a label map (\"segmentation\") or one structure (\"tumor\": a 0/1 mask) instead of the image"},
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
        "(\"image\" or the label map), {z} or {z:03} for the slice of a PNG; folders are made. With a template image "
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
