/* verbs.c - the table of commands, and finding one in it. */
#include "cli/verbs.h"

#include <string.h>

#include "cli/say.h"

#define ADDRESS(name) &cmd_##name,
const cli_verb *const cli_verbs[] = {CLI_VERBS(ADDRESS) NULL};

const cli_verb *cli_verb_find(const char *name) {
  for (const cli_verb *const *v = cli_verbs; *v; v++)
    if (strcmp((*v)->name, name) == 0) return *v;
  return NULL;
}

int cli_verb_unknown(const char *name) {
  cli_near near = {.word = name};
  for (const cli_verb *const *v = cli_verbs; *v; v++) cli_near_try(&near, (*v)->name);
  if (near.best)
    cli_error("there is no command \"%s\": did you mean \"tome %s\"?", name, near.best);
  else
    cli_error("there is no command \"%s\": \"tome help\" lists them", name);
  return CLI_USAGE;
}
