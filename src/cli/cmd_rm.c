/* cmd_rm.c - tome rm: cases out of the store. */
#include "cli/open.h"
#include "cli/say.h"
#include "cli/verbs.h"

static int run(const cli_args *args) {
  tome_error err = {0};
  CLI_AUTO_STORE tome_store *store = tome_open(args->operands[0], &err);
  if (!store) return cli_failed(&err);
  int status = CLI_OK;
  for (size_t i = 1; i < args->operand_count; i++) {
    tome_error why = {0};
    if (!tome_remove(store, args->operands[i], &why))
      status = cli_failed(&why);
    else if (!cli_given(args, "quiet"))
      cli_say("removed %s", args->operands[i]);
  }
  return status;
}

static const cli_option options[] = {CLI_OPTION_QUIET, CLI_OPTIONS_END};

const cli_verb cmd_rm = {
    .name = "rm",
    .group = CLI_GROUP_KEEP,
    .operands = "STORE CASE...",
    .summary = "remove cases",
    .about =
        "Removes the case files and everything the index knows of them, without asking. The files they were made from "
        "are not touched: "
        "tome ingest brings them back.",
    .examples = "tome rm liver.tome volume-3 volume-28",
    .options = options,
    .run = run,
};
