/* open.h - handles that close themselves at the end of their scope. */
#ifndef TOME_CLI_OPEN_H
#define TOME_CLI_OPEN_H

#include <stdlib.h>

#include "cli/rows.h"

static inline void cli_close_store(tome_store **store) { tome_close(*store); }
static inline void cli_close_case(tome_case **c) { tome_case_close(*c); }
static inline void cli_free_text(char **text) { free(*text); }

#define CLI_AUTO_STORE __attribute__((cleanup(cli_close_store)))
#define CLI_AUTO_CASE __attribute__((cleanup(cli_close_case)))
#define CLI_AUTO_TEXT __attribute__((cleanup(cli_free_text)))
#define CLI_AUTO_KEPT __attribute__((cleanup(cli_kept_clear)))
#define CLI_AUTO_TABLE __attribute__((cleanup(cli_free_table)))
static inline void cli_free_table(cli_table **t) { cli_table_free(*t); }

#endif
