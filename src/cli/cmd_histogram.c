/* cmd_histogram.c - tome histogram: the stored counts of a case's values as a picture. */
#include "cli/open.h"
#include "cli/say.h"
#include "cli/verbs.h"

static int run(const cli_args *args) {
  tome_error err = {0};
  if (cli_given(args, "light") && cli_given(args, "dark")) {
    cli_fail(&err, "--light and --dark: give one of them");
    return cli_failed(&err);
  }
  const tome_preview_options o = {.label = cli_text(args, "label"),
                                  .window = cli_text(args, "window"),
                                  .size = (int)cli_int(args, "size"),
                                  .light = cli_given(args, "light"),
                                  .force = cli_given(args, "force")};
  CLI_AUTO_STORE tome_store *store = tome_open(args->operands[0], &err);
  if (!store || !tome_histogram_picture(store, args->operands[1], cli_text(args, "output"), &o, &err))
    return cli_failed(&err);
  return CLI_OK;
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
     .help = "only this label's counts over the image's"},
    {.name = "window",
     .letter = 'w',
     .kind = CLI_TEXT,
     .arg = "WINDOW",
     .help = "the window to draw: a tissue, LEVEL,WIDTH, a label's name, or auto"},
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
    CLI_OPTIONS_END,
};

const cli_verb cmd_histogram = {
    .name = "histogram",
    .group = CLI_GROUP_ASK,
    .operands = "STORE CASE",
    .summary = "a case's values as a picture of their counts",
    .about =
        "Draws how often each value occurs, on a logarithmic axis: of the image in gray, of each label in its colour "
        "over it, with the tissues of the Hounsfield scale and the window marked. The counts are the store's, exact "
        "for whole numbers; no voxel is read.",
    .examples =
        "tome histogram liver.tome volume-3 -o h.png\ntome histogram liver.tome volume-3 --label tumor --window tumor "
        "-o h.png",
    .options = options,
    .run = run,
};
