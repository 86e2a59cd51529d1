/* rows.h - what to do with the rows of a query: print them as a table, CSV or JSON, or keep them. */
#ifndef TOME_CLI_ROWS_H
#define TOME_CLI_ROWS_H

#include "cli/args.h"
#include "cli/json.h"
#include "cli/table.h"

typedef enum cli_output { CLI_TABLE, CLI_CSV, CLI_JSON } cli_output;

/* Which of --csv and --json was given. A usage error where both were. */
TOME_MUST_USE bool cli_output_of(const cli_args *args, cli_output *out, tome_error *err);

/* Prints rows as they come (a table: at the end). Zero-initialise with how and out. */
typedef struct cli_printer {
  cli_output how;
  FILE *out;
  cli_json json;
  cli_table *table;
  char **names; /* unique: a second "id" is "id_2" */
  size_t columns, rows;
} cli_printer;
bool cli_printer_row(void *printer, size_t columns, const char *const *names,
                     const tome_value *values); /* a tome_row_fn */
/* Frees, and where the query went well (`ok`) finishes the output: half a table or an open JSON array is not passed off as a whole one. */
void cli_printer_end(cli_printer *p, bool ok);

/* Keeps all rows. Zero-initialise. Texts are copied. */
typedef struct cli_kept {
  char **names;
  tome_value *values; /* rows × columns */
  size_t columns, rows, cap;
} cli_kept;
bool cli_kept_row(void *kept, size_t columns, const char *const *names, const tome_value *values); /* a tome_row_fn */
void cli_kept_clear(cli_kept *k);
/* Runs a query of ours with at most one parameter (NULL: none) and keeps its rows. */
TOME_MUST_USE bool cli_kept_query(cli_kept *k, tome_store *store, const char *sql, const char *param, tome_error *err);
/* The value in a named column; a NULL value where there is no such column. */
const tome_value *cli_kept_at(const cli_kept *k, size_t row, const char *name);
double cli_kept_real(const cli_kept *k, size_t row, const char *name);      /* NaN where NULL */
const char *cli_kept_text(const cli_kept *k, size_t row, const char *name); /* "" where NULL or no text */
/* One row as a JSON object; all rows as an array of them. */
void cli_kept_json_row(const cli_kept *k, size_t row, cli_json *j);
void cli_kept_json(const cli_kept *k, cli_json *j);

/* One value as a table shows it; points into `buffer` or the value. */
const char *cli_value_shown(const tome_value *v, char buffer[64]);

/* One field of a CSV line (RFC 4180), quoted where it must be. */
void cli_csv_field(FILE *out, const char *text, bool first);

#endif
