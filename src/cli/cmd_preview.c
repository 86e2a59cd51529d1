/* cmd_preview.c - tome preview: a case, a recipe's steps, or files as one picture. */
#include <string.h>

#include "cli/open.h"
#include "cli/progress.h"
#include "cli/say.h"
#include "cli/verbs.h"

static tome_preview_options options_of(const cli_args *args) {
  return (tome_preview_options){.label = cli_text(args, "label"),
                                .window = cli_text(args, "window"),
                                .size = (int)cli_int(args, "size"),
                                .slices = (int)cli_int(args, "slices"),
                                .light = cli_given(args, "light"),
                                .force = cli_given(args, "force"),
                                .recipe = {.file = cli_text(args, "recipe")},
                                .steps = cli_given(args, "steps")};
}

/* Whether the first operand is a store, or else a file. `store` is opened where it is one. */
static bool is_store(const char *path, tome_store **store, tome_error *err) {
  *store = tome_open(path, err);
  return *store != NULL;
}

static bool draw_case(const cli_args *args, tome_store *store, tome_preview_options *o, const tome_run *run,
                      tome_error *err) {
  if (args->operand_count < 2)
    return cli_fail(err, "preview needs a CASE of the store: tome preview STORE CASE -o OUT");
  o->recipe.steps = (const char *const *)args->operands + 2;
  o->recipe.step_count = args->operand_count - 2;
  return tome_preview(store, args->operands[1], cli_text(args, "output"), o, run, err);
}

static bool draw_files(const cli_args *args, const tome_preview_options *o, const tome_run *run, tome_error *err) {
  if (args->operand_count > 2)
    return cli_fail(err, "preview shows one image and one label map: tome preview IMAGE [LABEL] -o OUT");
  return tome_preview_files(args->operands[0], args->operand_count > 1 ? args->operands[1] : NULL,
                            cli_text(args, "output"), o, run, err);
}

static int run(const cli_args *args) {
  tome_error err = {0}, no_store = {0};
  CLI_AUTO_STORE tome_store *store = NULL;
  if (cli_given(args, "light") && cli_given(args, "dark")) {
    cli_fail(&err, "--light and --dark: give one of them");
    return cli_failed(&err);
  }
  tome_preview_options o = options_of(args);
  tome_run how;
  cli_progress_begin(&how, (int)cli_int(args, "jobs"), true);
  const bool ok = is_store(args->operands[0], &store, &no_store) ? draw_case(args, store, &o, &how, &err)
                                                                 : draw_files(args, &o, &how, &err);
  cli_progress_end();
  return ok ? CLI_OK : cli_stopped(&err, "stopped; nothing was written");
}

static const cli_option options[] = {
    {.name = "output",
     .letter = 'o',
     .kind = CLI_TEXT,
     .arg = "FILE.png",
     .required = true,
     .help = "the PNG to write"},
    {.name = "label",
     .letter = 'l',
     .kind = CLI_TEXT,
     .arg = "NAME",
     .help = "show the range of this structure, or label map, instead of all labels'"},
    {.name = "window",
     .letter = 'w',
     .kind = CLI_TEXT,
     .arg = "WINDOW",
     .help =
         "a tissue (liver, lung, bone, brain, soft …), LEVEL,WIDTH, a label's name, or auto: 40,400 for CT, else the "
         "0.5 to 99.5 percentiles"},
    {.name = "recipe", .letter = 'r', .kind = CLI_TEXT, .arg = "FILE", .help = "what these steps make of the case"},
    {.name = "steps", .letter = 's', .kind = CLI_FLAG, .help = "one row a step of the recipe, with its numbers"},
    {.name = "slices",
     .kind = CLI_INT,
     .arg = "N",
     .lo = 1,
     .hi = 100,
     .fallback = "12",
     .help = "the most axial slices to show"},
    {.name = "size",
     .kind = CLI_INT,
     .arg = "PIXELS",
     .lo = 64,
     .hi = 8192,
     .fallback = "1600",
     .help = "width of the picture"},
    {.name = "light", .kind = CLI_FLAG, .help = "dark letters on white, for print"},
    {.name = "dark", .kind = CLI_FLAG, .help = "light letters on dark: the default"},
    {.name = "force", .letter = 'f', .kind = CLI_FLAG, .help = "overwrite FILE.png"},
    CLI_OPTION_JOBS,
    CLI_OPTIONS_END,
};

const cli_verb cmd_preview = {
    .name = "preview",
    .group = CLI_GROUP_ASK,
    .operands = "STORE|IMAGE [CASE|LABEL] [STEP...]",
    .summary = "a case, or what a recipe makes of it, as a picture",
    .about =
        "Draws axial slices over the range of the labels, and a coronal and a sagittal one through their middle, at "
        "true "
        "aspect: labels outlined in colours that the colour-blind tell apart, named with their ml, the window named, "
        "bars "
        "of mm, and the patient's directions by world coordinates: right on the left, however the voxels are stored. "
        "Only the slices shown are read.\n"
        "With steps, or --recipe, it draws what they make of the case; --steps draws one row a step, all through one "
        "point of the patient at one scale, with shape, spacing, range and voxels per label.\n"
        "Instead of a store and a case, an image file or folder of any format, and its label map, may be named.\n"
        "The picture appears whole or not at all, and overwrites nothing without --force.",
    .examples =
        "tome preview liver.tome volume-3 -o v3.png\n"
        "tome preview liver.tome volume-3 --label tumor --window liver -o v3.png\n"
        "tome preview liver.tome volume-3 --recipe lits.recipe --steps -o steps.png\n"
        "tome preview scan.nii.gz seg.nii.gz -o a.png --light",
    .options = options,
    .run = run,
};
