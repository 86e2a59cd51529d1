/* cmd_init.c - tome init: an empty store. */
#include "cli/say.h"
#include "cli/verbs.h"

static int run(const cli_args *args) {
  tome_error err = {0};
  if (!tome_create(args->operands[0], &err)) return cli_failed(&err);
  if (!cli_given(args, "quiet")) cli_say("made %s", args->operands[0]);
  return CLI_OK;
}

static const cli_option options[] = {CLI_OPTION_QUIET, CLI_OPTIONS_END};

const cli_verb cmd_init = {
    .name = "init",
    .group = CLI_GROUP_IN,
    .operands = "STORE",
    .summary = "make an empty store",
    .about =
        "Makes the folder STORE with an empty index. What stands there already is never touched: a folder must be "
        "empty.",
    .examples = "tome init liver.tome",
    .options = options,
    .run = run,
};
