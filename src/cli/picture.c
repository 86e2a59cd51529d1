/* picture.c - what the commands that draw were told. */
#include "cli/picture.h"

#include "cli/say.h"

bool cli_picture_options(const cli_args *args, tome_preview_options *out, tome_error *err) {
  if (cli_given(args, "light") && cli_given(args, "dark")) return cli_fail(err, "--light and --dark: give one of them");
  *out = (tome_preview_options){.label = cli_text(args, "label"),
                                .window = cli_text(args, "window"),
                                .channel = cli_text(args, "channel"),
                                .size = (int)cli_int(args, "size"),
                                .light = cli_given(args, "light"),
                                .force = cli_given(args, "force")};
  return true;
}
