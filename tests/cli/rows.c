/* What the rows of a query look like as a table, CSV and JSON. The library is not needed: the rows come from here. */
#include "cli/rows.h"

#include "cli/say.h"
#include "test.h"

static const char *const names[] = {"id", "n", "id"};
static const tome_value rows[2][3] = {
    {{.kind = TOME_VALUE_TEXT, .s = "a,\"b\""}, {.kind = TOME_VALUE_INT, .i = -5}, {.kind = TOME_VALUE_NULL}},
    {{.kind = TOME_VALUE_TEXT, .s = ""},
     {.kind = TOME_VALUE_REAL, .r = 0.1234567890123},
     {.kind = TOME_VALUE_REAL, .r = NAN}},
};

/* Stands in for the library's. */
bool tome_query(tome_store *store, const char *sql, const char *const *params, size_t param_count, double seconds,
                tome_row_fn row, void *user, tome_error *err) {
  (void)store, (void)seconds, (void)err;
  CHECK_TEXT(sql, "SELECT");
  CHECK(param_count == 1);
  CHECK_TEXT(params[0], "x");
  row(user, 3, names, NULL);
  return row(user, 3, names, rows[0]) && row(user, 3, names, rows[1]);
}

static char *text;
static size_t length;

static const char *printed(cli_output how, size_t count, bool ok) {
  free(text);
  cli_printer p = {.how = how, .out = cli_memory_file(&text, &length)};
  cli_printer_row(&p, 3, names, NULL);
  for (size_t r = 0; r < count; r++) CHECK(cli_printer_row(&p, 3, names, rows[r]));
  cli_printer_end(&p, ok);
  fclose(p.out);
  return text;
}

static void prints(void) {
  CHECK_TEXT(printed(CLI_CSV, 2, true), "id,n,id_2\n\"a,\"\"b\"\"\",-5,\n,0.1234567890123,\n");
  CHECK_TEXT(printed(CLI_JSON, 2, true),
             "[\n  {\"id\": \"a,\\\"b\\\"\", \"n\": -5, \"id_2\": null},\n"
             "  {\"id\": \"\", \"n\": 0.1234567890123, \"id_2\": null}\n]\n");
  CHECK_TEXT(printed(CLI_TABLE, 2, true),
             "id            n  id_2\n"
             "a,\"b\"        -5\n"
             "       0.123457     -\n");
}

static void prints_nothing(void) {
  CHECK_TEXT(printed(CLI_CSV, 0, true), "id,n,id_2\n");
  CHECK_TEXT(printed(CLI_JSON, 0, true), "[]\n");
  CHECK_TEXT(printed(CLI_TABLE, 0, true), "id  n  id_2\n");
  CHECK_TEXT(printed(CLI_TABLE, 1, false), ""); /* the query failed half way */
  free(text);
  text = NULL;
}

static void keeps(void) {
  cli_kept k = {0};
  tome_error err = {0};
  CHECK(cli_kept_query(&k, NULL, "SELECT", "x", &err));
  CHECK(k.rows == 2 && k.columns == 3);
  CHECK_TEXT(cli_kept_text(&k, 0, "id"), "a,\"b\"");
  CHECK_TEXT(cli_kept_text(&k, 1, "n"), "");
  CHECK_NEAR(cli_kept_real(&k, 0, "n"), -5, 0);
  CHECK(isnan(cli_kept_real(&k, 0, "id_2")));
  CHECK(isnan(cli_kept_real(&k, 0, "absent")));
  CHECK(isnan(cli_kept_real(&k, 7, "n")));
  cli_kept_clear(&k);
  CHECK(k.values == NULL);
}

static void quotes_fields(void) {
  free(text);
  FILE *out = cli_memory_file(&text, &length);
  const char *fields[] = {"plain", "a\nb", " led", "", "é"};
  for (size_t i = 0; i < 5; i++) cli_csv_field(out, fields[i], i == 0);
  fclose(out);
  CHECK_TEXT(text, "plain,\"a\nb\",\" led\",,é");
  free(text);
  text = NULL;
}

TEST_MAIN(prints, prints_nothing, keeps, quotes_fields)
