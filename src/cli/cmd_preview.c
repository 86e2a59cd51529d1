/* cmd_preview.c - tome preview: a case, a recipe's steps, several cases, or files as one picture. */
#include <string.h>
#include <unistd.h>

#include "cli/open.h"
#include "cli/picture.h"
#include "cli/progress.h"
#include "cli/say.h"
#include "cli/verbs.h"
#include "cli/words.h"

static bool draw_store(const cli_args *args, tome_store *store, tome_preview_options *o, const tome_run *run,
                       tome_error *err) {
  CLI_AUTO_WORDS cli_words w = {0};
  CLI_AUTO_KEPT cli_kept found = {0};
  const char *where = cli_text(args, "where"), *out = cli_text(args, "output");
  if (!cli_words_take(&w, args, store, err)) return false;
  if (where && w.id_count) return cli_fail(err, "--where chooses the cases: %s cannot be named as well", w.ids[0]);
  if (where && !cli_words_where(&w, &found, where, store, err)) return false;
  if (!w.id_count && w.step_count)
    return cli_fail(err, "preview needs CASE before the step %s, or --where SQL", w.steps[0]);
  if (!w.id_count) return cli_fail(err, "preview needs a CASE of the store: tome preview STORE CASE -o OUT");
  o->recipe.steps = w.steps;
  o->recipe.step_count = w.step_count;
  return w.id_count == 1 && !where ? tome_preview(store, w.ids[0], out, o, run, err)
                                   : tome_preview_gallery(store, w.ids, w.id_count, out, o, run, err);
}

static bool draw_files(const cli_args *args, const tome_preview_options *o, const tome_run *run, tome_error *err) {
  if (args->operand_count > 2)
    return cli_fail(err, "preview shows one image and one label map: tome preview IMAGE [LABEL] -o OUT");
  if (cli_given(args, "where")) return cli_fail(err, "--where chooses cases of a store: %s is none", args->operands[0]);
  return tome_preview_files(args->operands[0], args->operand_count > 1 ? args->operands[1] : NULL,
                            cli_text(args, "output"), o, run, err);
}

/* Whether a store must have been meant: by its name, or because an index is in it. */
static bool looks_like_store(const char *path) {
  CLI_AUTO_TEXT char *index = cli_printf("%s/index.sqlite", path);
  size_t n = strlen(path);
  while (n > 1 && path[n - 1] == '/') n--;
  return (n > 5 && strncmp(path + n - 5, ".tome", 5) == 0) || access(index, F_OK) == 0;
}

/* What can be opened is a store; a file or a folder of slices is drawn as it is. Why a store cannot be opened is said where one must have been meant. */
static bool draw(const cli_args *args, tome_preview_options *o, const tome_run *run, tome_error *err) {
  tome_error no_store = {0};
  CLI_AUTO_STORE tome_store *store = tome_open(args->operands[0], &no_store);
  if (store) return draw_store(args, store, o, run, err);
  if (no_store.code == TOME_NOT_FOUND && !looks_like_store(args->operands[0])) return draw_files(args, o, run, err);
  *err = no_store;
  return false;
}

static int run(const cli_args *args) {
  tome_error err = {0};
  tome_preview_options o;
  tome_run how;
  if (!cli_picture_options(args, &o, &err)) return cli_failed(&err);
  o.slices = (int)cli_int(args, "slices");
  o.recipe.file = cli_text(args, "recipe");
  o.steps = cli_given(args, "steps");
  cli_progress_begin(&how, (int)cli_int(args, "jobs"), true);
  const bool ok = draw(args, &o, &how, &err);
  cli_progress_end();
  return ok ? CLI_OK : cli_stopped(&err, "stopped; nothing was written");
}

static const cli_option options[] = {
    CLI_OPTION_PICTURE_OUTPUT,
    {.name = "where",
     .kind = CLI_TEXT,
     .arg = "SQL",
     .help = "side by side, every case for which this condition over the view cases holds (see tome query)"},
    CLI_OPTION_PICTURE_LABEL("show the range of this structure, or label map, instead of all labels'"),
    CLI_OPTION_PICTURE_WINDOW("a tissue (liver, lung, bone, brain, soft ...), LEVEL,WIDTH, a label's name, or auto: "
                              "40,400 for CT, else the 0.5 to 99.5 percentiles"),
    {.name = "recipe", .letter = 'r', .kind = CLI_TEXT, .arg = "FILE", .help = "what these steps make of the case"},
    {.name = "steps", .letter = 's', .kind = CLI_FLAG, .help = "one row a step of the recipe, with its numbers"},
    {.name = "slices",
     .kind = CLI_INT,
     .arg = "N",
     .lo = 1,
     .hi = 100,
     .fallback = "12",
     .help = "the most slices to show of one case"},
    CLI_OPTIONS_PICTURE,
    CLI_OPTION_JOBS,
    CLI_OPTIONS_END,
};

const cli_verb cmd_preview = {
    .name = "preview",
    .group = CLI_GROUP_ASK,
    .operands = "STORE|IMAGE [CASE...|LABEL] [STEP...]",
    .summary = "a case, or what a recipe makes of it, as a picture",
    .about =
        "Draws axial slices over the range of the labels, and a coronal and a sagittal one through their middle (of a "
        "scan taken in another plane its own slices, and the two others), at true aspect: labels outlined in colours "
        "that the colour-blind tell apart, named with their ml, the window named, bars of mm, and the patient's "
        "directions by world coordinates: right on the left, however the voxels are stored. Only the slices shown are "
        "read.\n"
        "With steps, or --recipe, it draws what they make of the case; --steps draws one row a step, all through one "
        "point of the patient at one scale, with shape, spacing, range and voxels per label.\n"
        "Several cases, named or chosen by --where, are drawn side by side, a slice of each: through --label, else a "
        "lesion, else the middle of their structures.\n"
        "Instead of a store and a case, an image file or folder of any format, and its label map, may be named.\n"
        "The picture appears whole or not at all, and overwrites nothing without --force.",
    .examples =
        "tome preview liver.tome volume-3 -o v3.png\n"
        "tome preview liver.tome volume-3 --label tumor --window liver -o v3.png\n"
        "tome preview liver.tome volume-3 --recipe lits.recipe --steps -o steps.png\n"
        "tome preview drive.tome --where \"id LIKE '%_training'\" -o train.png\n"
        "tome preview scan.nii.gz seg.nii.gz -o a.png --light",
    .options = options,
    .run = run,
};
