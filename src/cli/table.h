/* table.h - rows of text in aligned columns. Columns of numbers stand right; on a terminal long texts are cut with "…", in a pipe never. */
#ifndef TOME_CLI_TABLE_H
#define TOME_CLI_TABLE_H

#include <stdio.h>

#include "tome.h"

typedef struct cli_table cli_table;

cli_table *cli_table_new(const char *const *titles, size_t columns); /* titles are copied */
void cli_table_add(cli_table *t, const char *const *cells);          /* copied; control characters become '?' */
size_t cli_table_rows(const cli_table *t);
/* `width` columns at most; 0: as wide as it is. Many columns that do not fit are printed as records, a name and its value on each line.
 * `bold`: the names in bold. */
void cli_table_print(const cli_table *t, FILE *out, int width, bool bold);
/* The same, as `out` can show it. */
void cli_table_show(const cli_table *t, FILE *out);
void cli_table_free(cli_table *t); /* NULL is fine */

#endif
