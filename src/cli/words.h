/* words.h - the words behind STORE: cases first, then steps. One rule for all commands that take both. */
#ifndef TOME_CLI_WORDS_H
#define TOME_CLI_WORDS_H

#include "cli/rows.h"

typedef struct cli_words {
  const char **ids, **steps; /* of args */
  size_t id_count, step_count;
} cli_words;

/* A word is a case where the store has one of that id; else a step, where it has a colon or a step's name; else it is refused, and both are named that it may
 * have been meant for. With the first step the cases end. */
bool cli_words_take(cli_words *w, const cli_args *args, tome_store *store, tome_error *err);
/* Cases by a condition over the view `cases` instead, in natural order; their ids live in `found`. */
bool cli_words_where(cli_words *w, cli_kept *found, const char *where, tome_store *store, tome_error *err);
void cli_words_clear(cli_words *w);
#define CLI_AUTO_WORDS __attribute__((cleanup(cli_words_clear)))

#endif
