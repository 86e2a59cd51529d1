/* cmd_histogram.c - tome histogram: the stored counts of a case's values as a picture. */
#include "cli/open.h"
#include "cli/picture.h"
#include "cli/say.h"
#include "cli/verbs.h"

static int run(const cli_args *args) {
  tome_error err = {0};
  tome_preview_options o;
  if (!cli_picture_options(args, &o, &err)) return cli_failed(&err);
  CLI_AUTO_STORE tome_store *store = tome_open(args->operands[0], &err);
  if (!store || !tome_histogram_picture(store, args->operands[1], cli_text(args, "output"), &o, &err))
    return cli_failed(&err);
  return CLI_OK;
}

static const cli_option options[] = {
    CLI_OPTION_PICTURE_OUTPUT,
    CLI_OPTION_PICTURE_LABEL("only this label's counts over the image's"),
    CLI_OPTION_PICTURE_WINDOW("the window to draw: a tissue, LEVEL,WIDTH, a label's name, or auto"),
    CLI_OPTIONS_PICTURE,
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
