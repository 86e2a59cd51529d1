/* verbs.h - every command of this program, and the pages made from their tables. */
#ifndef TOME_CLI_VERBS_H
#define TOME_CLI_VERBS_H

#include <stdio.h>

#include "cli/args.h"

extern const cli_verb *const cli_verbs[]; /* NULL-terminated */

const cli_verb *cli_verb_find(const char *name); /* NULL where there is none */
/* The sentence for a command that is not there, with the nearest one. Returns CLI_USAGE. */
int cli_verb_unknown(const char *name);

void cli_help_overview(FILE *out);
void cli_help_verb(FILE *out, const cli_verb *verb);
/* "1 to 256; default: 4", "one of a, b, c; may be repeated", or "" in `out`. */
void cli_help_limits(const cli_option *o, char *out, size_t size);
/* The commands as sections of the manual page (man(7) markup). */
void cli_man_commands(FILE *out);

/* Every command, in the order of the overview: a new one costs its cmd_*.c and a word here. */
#define CLI_VERBS(X) \
  X(init)            \
  X(ingest)          \
  X(ls)              \
  X(show)            \
  X(query)           \
  X(stats)           \
  X(problems)        \
  X(doctor)          \
  X(report)          \
  X(preview)         \
  X(histogram)       \
  X(view)            \
  X(get)             \
  X(patches)         \
  X(plan)            \
  X(convert)         \
  X(archive)         \
  X(info)            \
  X(verify)          \
  X(reindex)         \
  X(rm)              \
  X(ops)             \
  X(formats)         \
  X(layouts)         \
  X(version)         \
  X(help)

#define CLI_DECLARE_VERB(name) extern const cli_verb cmd_##name;
CLI_VERBS(CLI_DECLARE_VERB)

#endif
