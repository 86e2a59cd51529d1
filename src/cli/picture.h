/* picture.h - the options that the commands which draw PNGs share. */
#ifndef TOME_CLI_PICTURE_H
#define TOME_CLI_PICTURE_H

#include "cli/args.h"

#define CLI_OPTION_PICTURE_OUTPUT \
  { .name = "output", .letter = 'o', .kind = CLI_TEXT, .arg = "FILE.png", .required = true, .help = "the PNG to write" }
#define CLI_OPTION_PICTURE_LABEL(text) \
  { .name = "label", .letter = 'l', .kind = CLI_TEXT, .arg = "NAME", .help = text }
#define CLI_OPTION_PICTURE_WINDOW(text) \
  { .name = "window", .letter = 'w', .kind = CLI_TEXT, .arg = "WINDOW", .help = text }
/* How it looks, and whether it may replace a file. */
#define CLI_OPTIONS_PICTURE                                                                                        \
  {.name = "channel", .letter = 'c', .kind = CLI_TEXT, .arg = "NAME", .help = "of a case that has several, this"}, \
      {.name = "size",                                                                                             \
       .kind = CLI_INT,                                                                                            \
       .arg = "PIXELS",                                                                                            \
       .lo = 64,                                                                                                   \
       .hi = 8192,                                                                                                 \
       .fallback = "1600",                                                                                         \
       .help = "width of the picture"},                                                                            \
      {.name = "light", .kind = CLI_FLAG, .help = "dark letters on white, for print"},                             \
      {.name = "dark", .kind = CLI_FLAG, .help = "light letters on dark: the default"}, {                          \
    .name = "force", .letter = 'f', .kind = CLI_FLAG, .help = "overwrite FILE.png"                                 \
  }

/* Those that were given; the rest of `out` stays zero. Fails where two contradict one another. */
bool cli_picture_options(const cli_args *args, tome_preview_options *out, tome_error *err);

#endif
