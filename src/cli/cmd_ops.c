/* cmd_ops.c - tome ops: every preprocessing step with its parameters. */
#include <string.h>

#include "cli/say.h"
#include "cli/verbs.h"

typedef struct wanted {
  const char *name; /* NULL: all, a line each */
  bool found;
} wanted;

static void print(void *user, const tome_op_info *op) {
  wanted *w = user;
  if (w->name && strcmp(w->name, op->name) != 0) return;
  w->found = true;
  if (w->name)
    fputs(op->help, stdout);
  else
    printf("%-12s %s\n%-12s   %s\n", op->name, op->title, "", op->example);
}

static int run(const cli_args *args) {
  tome_error err = {0};
  wanted w = {.name = args->operand_count ? args->operands[0] : NULL};
  if (!tome_each_op(print, &w, &err)) return cli_failed(&err);
  if (w.found) return CLI_OK;
  cli_error("there is no step \"%s\": \"tome ops\" lists them", w.name);
  return CLI_USAGE;
}

static const cli_option options[] = {CLI_OPTIONS_END};

const cli_verb cmd_ops = {
    .name = "ops",
    .group = CLI_GROUP_KNOW,
    .operands = "[STEP]",
    .summary = "list the preprocessing steps, or explain one",
    .about =
        "Lists every step that a recipe may hold with an example; with a name, that step's parameters, their ranges "
        "and defaults.",
    .examples = "tome ops\ntome ops resample",
    .options = options,
    .run = run,
};
