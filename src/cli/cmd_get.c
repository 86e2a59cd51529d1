/* cmd_get.c - tome get: one volume of one case, out into a file. */
#include <sys/stat.h>

#include "cli/open.h"
#include "cli/progress.h"
#include "cli/say.h"
#include "cli/units.h"
#include "cli/verbs.h"

static void say_written(const char *path) {
  struct stat st;
  if (stat(path, &st) == 0) cli_say("wrote %s (%s)", path, cli_units_bytes((uint64_t)st.st_size).s);
}

static int run(const cli_args *args) {
  tome_error err = {0};
  CLI_AUTO_STORE tome_store *store = tome_open(args->operands[0], &err);
  if (!store) return cli_failed(&err);
  const char *path = cli_text(args, "output");
  const tome_export_options how = {.label = cli_text(args, "label"),
                                   .box = cli_text(args, "box"),
                                   .force = cli_given(args, "force"),
                                   .recipe = {.steps = (const char *const *)args->operands + 2,
                                              .step_count = args->operand_count - 2,
                                              .file = cli_text(args, "recipe")}};
  tome_run run;
  cli_progress_begin(&run, (int)cli_int(args, "jobs"), cli_given(args, "quiet"));
  bool ok = tome_export(store, args->operands[1], path, &how, &run, &err);
  cli_progress_end();
  if (!ok) return cli_stopped(&err, "stopped; nothing was written");
  if (!cli_given(args, "quiet")) say_written(path);
  return CLI_OK;
}

static const cli_option options[] = {
    {.name = "output",
     .letter = 'o',
     .kind = CLI_TEXT,
     .arg = "OUT",
     .required = true,
     .help = "the file to write; its name says the format: .npy, .nii or .nii.gz"},
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
    {.name = "force", .letter = 'f', .kind = CLI_FLAG, .help = "overwrite OUT"},
    CLI_OPTION_JOBS,
    CLI_OPTION_QUIET,
    CLI_OPTIONS_END,
};

const cli_verb cmd_get = {
    .name = "get",
    .group = CLI_GROUP_OUT,
    .operands = "STORE CASE [STEP...]",
    .summary = "write a volume, or a box of it, to a file",
    .about =
        "Writes the image of CASE, or one of its labels, with its spacing, origin and orientation where the format "
        "holds "
        "them: voxel for voxel as stored, or through a recipe of steps (tome ops lists them), computed on demand. Only "
        "the "
        "chunks that the box needs are read, and each is checked. OUT appears whole or not at all.",
    .examples =
        "tome get liver.tome volume-3 -o v.nii.gz\n"
        "tome get liver.tome volume-3 --label tumor -o tumor.nii.gz\n"
        "tome get liver.tome volume-3 orient:LPS resample:spacing=1 window:tumor -o v3.nii.gz\n"
        "tome get liver.tome volume-3 --box 20:40,:,100:-100 -o middle.npy",
    .options = options,
    .run = run,
};
