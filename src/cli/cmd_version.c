/* cmd_version.c - tome version. */
#include <stdio.h>
#include <string.h>

#include "cli/json.h"
#include "cli/verbs.h"

static int run(const cli_args *args) {
  if (cli_given(args, "json")) {
    cli_json j = {.out = stdout};
    cli_json_open(&j, '{');
    cli_json_put_text(&j, "tome", TOME_VERSION);
    cli_json_put_text(&j, "library", tome_version());
    cli_json_close(&j, '}');
    return CLI_OK;
  }
  printf("tome %s\n", TOME_VERSION);
  if (strcmp(tome_version(), TOME_VERSION) != 0) printf("libtome %s\n", tome_version());
  return CLI_OK;
}

static const cli_option options[] = {CLI_OPTION_JSON, CLI_OPTIONS_END};

const cli_verb cmd_version = {
    .name = "version",
    .group = CLI_GROUP_KNOW,
    .operands = "",
    .summary = "the version of this program and its library",
    .about = "Prints the version.",
    .examples = "tome version",
    .options = options,
    .run = run,
};
