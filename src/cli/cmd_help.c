/* cmd_help.c - tome help: the overview, or one command. */
#include "cli/verbs.h"

static int run(const cli_args *args) {
  if (args->operand_count == 0) {
    cli_help_overview(stdout);
    return CLI_OK;
  }
  const cli_verb *verb = cli_verb_find(args->operands[0]);
  if (!verb) return cli_verb_unknown(args->operands[0]);
  cli_help_verb(stdout, verb);
  return CLI_OK;
}

static const cli_option options[] = {CLI_OPTIONS_END};

const cli_verb cmd_help = {
    .name = "help",
    .group = CLI_GROUP_KNOW,
    .operands = "[COMMAND]",
    .summary = "this overview, or everything about one command",
    .about = "Prints the overview, or the help of one command.",
    .examples = "tome help ingest",
    .options = options,
    .run = run,
};
