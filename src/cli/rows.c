/* rows.c - rows of a query as a table, CSV or JSON, or kept in memory. */
#include "cli/rows.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/say.h"
#include "cli/units.h"

bool cli_output_of(const cli_args *args, cli_output *out, tome_error *err) {
  bool csv = cli_given(args, "csv"), json = cli_given(args, "json");
  if (csv && json) return cli_fail(err, "%s prints either --csv or --json, not both", args->verb->name);
  *out = csv ? CLI_CSV : json ? CLI_JSON : CLI_TABLE;
  return true;
}

const char *cli_value_shown(const tome_value *v, char buffer[64]) {
  buffer[0] = '\0';
  if (v->kind == TOME_VALUE_TEXT) return v->s ? v->s : "";
  if (v->kind == TOME_VALUE_INT) snprintf(buffer, 64, "%" PRId64, v->i);
  if (v->kind == TOME_VALUE_REAL) snprintf(buffer, 64, "%s", cli_units_sig(v->r).s);
  return buffer;
}

void cli_csv_field(FILE *out, const char *text, bool first) {
  if (!first) fputc(',', out);
  if (!strpbrk(text, ",\"\r\n") && text[0] != ' ') {
    fputs(text, out);
    return;
  }
  fputc('"', out);
  for (const char *s = text; *s; s++) {
    if (*s == '"') fputc('"', out);
    fputc(*s, out);
  }
  fputc('"', out);
}

static void csv_line(FILE *out, size_t columns, const tome_value *values) {
  for (size_t c = 0; c < columns; c++) {
    char number[32] = "";
    if (values[c].kind == TOME_VALUE_INT) snprintf(number, sizeof number, "%" PRId64, values[c].i);
    if (values[c].kind == TOME_VALUE_REAL) cli_shortest(values[c].r, number);
    cli_csv_field(out, values[c].kind == TOME_VALUE_TEXT ? values[c].s : number, c == 0);
  }
  fputc('\n', out);
}

/* Names made unique, so that they can be the keys of an object. */
static char **unique_names(size_t columns, const char *const *names) {
  char **out = cli_alloc(columns, sizeof *out);
  for (size_t c = 0; c < columns; c++) {
    int same = 1;
    for (size_t b = 0; b < c; b++) same += strcmp(names[b], names[c]) == 0;
    out[c] = same == 1 ? cli_dup(names[c]) : cli_printf("%s_%d", names[c], same);
  }
  return out;
}

static void free_names(char **names, size_t columns) {
  for (size_t c = 0; names && c < columns; c++) free(names[c]);
  free(names);
}

static void printer_begin(cli_printer *p, size_t columns, const char *const *names) {
  p->columns = columns;
  p->names = unique_names(columns, names);
  const char *const *titles = (const char *const *)p->names;
  if (p->how == CLI_TABLE) p->table = cli_table_new(titles, columns);
  if (p->how == CLI_CSV) {
    for (size_t c = 0; c < columns; c++) cli_csv_field(p->out, titles[c], c == 0);
    fputc('\n', p->out);
  }
  if (p->how == CLI_JSON) {
    p->json = (cli_json){.out = p->out, .lines = true};
    cli_json_open(&p->json, '[');
  }
}

static void table_row(cli_table *t, size_t columns, const tome_value *values) {
  char(*buffers)[64] = cli_alloc(columns, sizeof *buffers);
  const char **cells = cli_alloc(columns, sizeof *cells);
  for (size_t c = 0; c < columns; c++) cells[c] = cli_value_shown(&values[c], buffers[c]);
  cli_table_add(t, cells);
  free(cells);
  free(buffers);
}

static void json_row(cli_json *j, size_t columns, char *const *names, const tome_value *values) {
  cli_json_open(j, '{');
  for (size_t c = 0; c < columns; c++) {
    cli_json_key(j, names[c]);
    cli_json_value(j, &values[c]);
  }
  cli_json_close(j, '}');
}

bool cli_printer_row(void *printer, size_t columns, const char *const *names, const tome_value *values) {
  cli_printer *p = printer;
  if (!p->names) printer_begin(p, columns, names);
  if (!values) return true;
  p->rows++;
  if (p->how == CLI_TABLE) table_row(p->table, columns, values);
  if (p->how == CLI_CSV) csv_line(p->out, columns, values);
  if (p->how == CLI_JSON) json_row(&p->json, columns, p->names, values);
  return true;
}

void cli_printer_end(cli_printer *p, bool ok) {
  if (ok && p->names && p->how == CLI_TABLE) cli_table_show(p->table, p->out);
  if (ok && p->names && p->how == CLI_JSON) cli_json_close(&p->json, ']');
  cli_table_free(p->table);
  free_names(p->names, p->columns);
  p->table = NULL;
  p->names = NULL;
}

bool cli_kept_row(void *kept, size_t columns, const char *const *names, const tome_value *values) {
  cli_kept *k = kept;
  if (!k->names) {
    k->columns = columns;
    k->names = unique_names(columns, names);
  }
  if (!values) return true;
  if (k->rows == k->cap) {
    k->cap = k->cap * 2 + 16;
    k->values = cli_grow(k->values, k->cap * columns, sizeof *k->values);
  }
  for (size_t c = 0; c < columns; c++) {
    tome_value v = values[c];
    if (v.kind == TOME_VALUE_TEXT) v.s = cli_dup(v.s);
    k->values[k->rows * columns + c] = v;
  }
  k->rows++;
  return true;
}

void cli_kept_clear(cli_kept *k) {
  for (size_t i = 0; i < k->rows * k->columns; i++)
    if (k->values[i].kind == TOME_VALUE_TEXT) free((void *)(uintptr_t)k->values[i].s);
  free(k->values);
  free_names(k->names, k->columns);
  memset(k, 0, sizeof *k);
}

bool cli_kept_query(cli_kept *k, tome_store *store, const char *sql, const char *param, tome_error *err) {
  return tome_query(store, sql, &param, param ? 1 : 0, 0, cli_kept_row, k, err);
}

const tome_value *cli_kept_at(const cli_kept *k, size_t row, const char *name) {
  static const tome_value null;
  for (size_t c = 0; c < k->columns && row < k->rows; c++)
    if (strcmp(k->names[c], name) == 0) return &k->values[row * k->columns + c];
  return &null;
}

double cli_kept_real(const cli_kept *k, size_t row, const char *name) {
  const tome_value *v = cli_kept_at(k, row, name);
  return v->kind == TOME_VALUE_REAL ? v->r : v->kind == TOME_VALUE_INT ? (double)v->i : NAN;
}

const char *cli_kept_text(const cli_kept *k, size_t row, const char *name) {
  const tome_value *v = cli_kept_at(k, row, name);
  return v->kind == TOME_VALUE_TEXT ? v->s : "";
}

void cli_kept_json_row(const cli_kept *k, size_t row, cli_json *j) {
  json_row(j, k->columns, k->names, k->values + row * k->columns);
}

void cli_kept_json(const cli_kept *k, cli_json *j) {
  cli_json_open(j, '[');
  for (size_t r = 0; r < k->rows; r++) cli_kept_json_row(k, r, j);
  cli_json_close(j, ']');
}
