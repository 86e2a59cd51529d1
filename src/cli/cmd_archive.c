/* cmd_archive.c - tome archive: pictures into one HDF5 array, and DRIVE into the six files that the field's scripts read. */
#include <string.h>

#include "cli/json.h"
#include "cli/progress.h"
#include "cli/say.h"
#include "cli/verbs.h"

static const char dtypes[] = "uint8 int8 uint16 int16 uint32 int32 uint64 int64 float32 float64";
static const tome_dtype dtype_of[] = {TOME_U8,  TOME_I8,  TOME_U16, TOME_I16, TOME_U32,
                                      TOME_I32, TOME_U64, TOME_I64, TOME_F32, TOME_F64};

typedef struct report {
  bool json, quiet;
} report;

static void on_event(void *user, const tome_event *e) {
  const report *r = user;
  if (!r->json) {
    if (!r->quiet) cli_say("%s: %s %s", e->path, e->id, e->text);
    return;
  }
  cli_json j = {.out = stdout};
  cli_json_open(&j, '{');
  cli_json_put_text(&j, "event", "written");
  cli_json_put_text(&j, "path", e->path);
  cli_json_put_text(&j, "dataset", e->id);
  cli_json_put_text(&j, "text", e->text);
  cli_json_close(&j, '}');
}

static tome_dtype dtype(const cli_args *args) {
  return cli_given(args, "dtype") ? dtype_of[cli_choice(args, "dtype")] : TOME_NONE;
}

/* An option that means nothing here is a mistake, not a wish. */
static bool refuse_options(const cli_args *args, const char *verb, const char *const *names, tome_error *err) {
  for (; *names; names++)
    if (cli_given(args, *names)) return cli_fail(err, "tome archive %s has no option --%s", verb, *names);
  return true;
}

static bool drive(const cli_args *args, const tome_run *run, report *r, tome_error *err) {
  static const char *const others[] = {"dataset", "squeeze", "gray", "drop-alpha", "threshold", "remap", "clamp", NULL};
  if (!refuse_options(args, "drive", others, err)) return false;
  if (args->operand_count != 3)
    return cli_fail(err, "tome archive drive wants ROOT and OUT: tome archive drive DRIVE/ out/");
  const tome_drive_options how = {.root = args->operands[1],
                                  .output = args->operands[2],
                                  .split = (tome_drive_split)cli_choice(args, "split"),
                                  .dtype = dtype(args),
                                  .level = (int)cli_int(args, "level"),
                                  .force = cli_given(args, "force"),
                                  .sync = cli_given(args, "sync")};
  return tome_archive_drive(&how, run, on_event, r, err);
}

static bool stack(const cli_args *args, const tome_run *run, report *r, tome_error *err) {
  static const char *const others[] = {"split", NULL};
  if (!refuse_options(args, "stack", others, err)) return false;
  if (args->operand_count < 3)
    return cli_fail(err, "tome archive stack wants pictures and OUT.h5: tome archive stack \"train/*.tif\" out.h5");
  const tome_stack_pictures_options how = {.inputs = args->operands + 1,
                                           .input_count = args->operand_count - 2,
                                           .output = args->operands[args->operand_count - 1],
                                           .dataset = cli_text(args, "dataset"),
                                           .squeeze = cli_given(args, "squeeze"),
                                           .gray = cli_given(args, "gray"),
                                           .drop_alpha = cli_given(args, "drop-alpha"),
                                           .has_threshold = cli_given(args, "threshold"),
                                           .threshold = cli_real(args, "threshold"),
                                           .remap = cli_text(args, "remap"),
                                           .dtype = dtype(args),
                                           .clamp = cli_given(args, "clamp"),
                                           .level = (int)cli_int(args, "level"),
                                           .force = cli_given(args, "force"),
                                           .sync = cli_given(args, "sync")};
  return tome_stack_pictures(&how, run, on_event, r, err);
}

static int run(const cli_args *args) {
  tome_error err = {0};
  report r = {.json = cli_given(args, "json"), .quiet = cli_given(args, "quiet")};
  const char *what = args->operands[0];
  tome_run how;
  bool ok;
  cli_keep_memory();
  cli_progress_begin(&how, (int)cli_int(args, "jobs"), r.quiet);
  if (strcmp(what, "drive") == 0)
    ok = drive(args, &how, &r, &err);
  else if (strcmp(what, "stack") == 0)
    ok = stack(args, &how, &r, &err);
  else
    ok = cli_fail(&err, "tome archive %s: there are \"tome archive drive\" and \"tome archive stack\"", what);
  cli_progress_end();
  return ok ? CLI_OK : cli_stopped(&err, "stopped; what is written is whole");
}

static const cli_option options[] = {
    {.name = "dataset", .kind = CLI_TEXT, .arg = "NAME", .fallback = "image", .help = "stack: the data set's name"},
    {.name = "squeeze", .kind = CLI_FLAG, .help = "stack: (N,H,W) for gray pictures, in place of (N,H,W,1)"},
    {.name = "gray", .kind = CLI_FLAG, .help = "stack: colours become luma (ITU-R 601, as PIL's L)"},
    {.name = "drop-alpha", .kind = CLI_FLAG, .help = "stack: leave the alpha of pictures out"},
    {.name = "threshold",
     .kind = CLI_REAL,
     .arg = "V",
     .lo = -1e12,
     .hi = 1e12,
     .help = "stack: values from V up become 1, others 0"},
    {.name = "remap", .kind = CLI_TEXT, .arg = "OLD=NEW,...", .help = "stack: values into others: 255=1"},
    {.name = "clamp",
     .kind = CLI_FLAG,
     .help = "stack: values that do not fit become the nearest that do, instead of an error"},
    {.name = "split",
     .kind = CLI_CHOICE,
     .arg = "WORD",
     .choices = "both training test",
     .fallback = "both",
     .help = "drive: which half"},
    {.name = "dtype",
     .kind = CLI_CHOICE,
     .arg = "TYPE",
     .choices = dtypes,
     .help = "element type; drive writes uint8 unless told (the old scripts: float64)"},
    {.name = "level",
     .kind = CLI_INT,
     .arg = "N",
     .lo = 0,
     .hi = 9,
     .fallback = "0",
     .help = "gzip compression of the data set; 0: none"},
    {.name = "force", .letter = 'f', .kind = CLI_FLAG, .help = "overwrite files that are there"},
    CLI_OPTION_SYNC,
    CLI_OPTION_JOBS,
    {.name = "json", .kind = CLI_FLAG, .help = "print one JSON object a line for each file written"},
    CLI_OPTION_QUIET,
    CLI_OPTIONS_END,
};

const cli_verb cmd_archive = {
    .name = "archive",
    .group = CLI_GROUP_OUT,
    .operands = "WHAT INPUT... OUTPUT",
    .summary = "pictures into one HDF5 array; DRIVE's six files",
    .about =
        "\"stack\" writes pictures of one size, in the order given (patterns and folders by number), as one array "
        "(N,H,W,C) of an HDF5 file, a chunk a picture, C being 1 for gray.\n"
        "\"drive\" writes DRIVE's folder as the six files that the field's scripts read, "
        "DRIVE_dataset_{imgs,groundTruth,borderMasks}_{train,test}.hdf5, each with a data set \"image\" of "
        "(N,584,565,3) or (N,584,565,1), after checking that the three folders hold the same numbers, that all sizes "
        "are the same, and that ground truth and masks run from 0 to 255.\n"
        "Nothing is overwritten without --force, and each file appears whole or not at all.",
    .examples =
        "tome archive drive ~/DRIVE out/\n"
        "tome archive drive ~/DRIVE out/ --dtype float64\n"
        "tome archive stack \"train/*.tif\" out.h5 --dataset image\n"
        "tome archive stack masks/ masks.h5 --remap 255=1 --squeeze --level 4",
    .options = options,
    .run = run,
};
