/* cmd_ls.c - tome ls: one line a case. */
#include <stdlib.h>
#include <string.h>

#include "cli/open.h"
#include "cli/say.h"
#include "cli/units.h"
#include "cli/verbs.h"

#define SEPARATOR "\x1f" /* between label names, which may hold anything else */

static const char select_cases[] =
    "SELECT id, modality, layout, dtype, shape_z, shape_y, shape_x, spacing_z, spacing_y, spacing_x, problems, "
    "stored_bytes,"
    " (SELECT group_concat(name, char(31)) FROM (SELECT DISTINCT name FROM labels WHERE case_id = cases.id ORDER BY "
    "map, value))"
    " AS label_names FROM cases";

/* Text order, but runs of digits by their number: volume-2 before volume-10. */
static int natural(const char *a, const char *b) {
  while (*a && *b) {
    size_t za = strspn(a, "0"), zb = strspn(b, "0");
    size_t na = strspn(a + za, "0123456789"), nb = strspn(b + zb, "0123456789");
    if (za + na > 0 && zb + nb > 0) {
      if (na != nb) return na < nb ? -1 : 1;
      int order = strncmp(a + za, b + zb, na);
      if (order != 0) return order;
      a += za + na;
      b += zb + nb;
      continue;
    }
    if (*a != *b) return (unsigned char)*a < (unsigned char)*b ? -1 : 1;
    a++;
    b++;
  }
  return (*a != 0) - (*b != 0);
}

/* A row's number, to be sorted by its id. */
typedef struct place {
  const char *id;
  size_t row;
} place;

static int by_id(const void *a, const void *b) {
  const place *p = a, *q = b;
  int order = natural(p->id, q->id);
  return order ? order : strcmp(p->id, q->id);
}

static place *in_order(const cli_kept *k) {
  place *order = cli_alloc(k->rows, sizeof *order);
  for (size_t r = 0; r < k->rows; r++) order[r] = (place){cli_kept_text(k, r, "id"), r};
  qsort(order, k->rows, sizeof *order, by_id);
  return order;
}

static void three(const cli_kept *k, size_t r, const char *what, double out[3]) {
  const char *axes = "zyx";
  for (int a = 0; a < 3; a++) {
    char name[32];
    snprintf(name, sizeof name, "%s_%c", what, axes[a]);
    out[a] = cli_kept_real(k, r, name);
  }
}

static char *labels_with(const cli_kept *k, size_t r, char between) {
  char *text = cli_dup(cli_kept_text(k, r, "label_names"));
  for (char *s = text; *s; s++)
    if (*s == *SEPARATOR) *s = between;
  return text;
}

static void print_table(const cli_kept *k, const place *order) {
  static const char *const titles[] = {"id", "shape z,y,x", "spacing mm", "modality", "labels", "problems"};
  CLI_AUTO_TABLE cli_table *table = cli_table_new(titles, 6);
  for (size_t i = 0; i < k->rows; i++) {
    size_t r = order[i].row;
    double shape[3], spacing[3];
    three(k, r, "shape", shape);
    three(k, r, "spacing", spacing);
    cli_units size = cli_units_shape(shape), step = cli_units_spacing(spacing);
    CLI_AUTO_TEXT char *labels = labels_with(k, r, ' ');
    double found = cli_kept_real(k, r, "problems");
    cli_units problems = found > 0 ? cli_units_real(found, 0) : (cli_units){""};
    const char *cells[] = {order[i].id, size.s, step.s, cli_kept_text(k, r, "modality"), labels, problems.s};
    cli_table_add(table, cells);
  }
  cli_table_show(table, stdout);
}

static void print_csv(const cli_kept *k, const place *order) {
  static const char *const columns[] = {"id",           "modality", "layout",    "dtype",     "shape_z",
                                        "shape_y",      "shape_x",  "spacing_z", "spacing_y", "spacing_x",
                                        "stored_bytes", "problems", "labels"};
  size_t count = sizeof columns / sizeof *columns;
  for (size_t c = 0; c < count; c++) cli_csv_field(stdout, columns[c], c == 0);
  putchar('\n');
  for (size_t i = 0; i < k->rows; i++) {
    for (size_t c = 0; c + 1 < count; c++) {
      const tome_value *v = cli_kept_at(k, order[i].row, columns[c]);
      char number[64] = "";
      if (v->kind == TOME_VALUE_REAL) cli_shortest(v->r, number);
      cli_csv_field(stdout, v->kind == TOME_VALUE_REAL ? number : cli_value_shown(v, number), c == 0);
    }
    CLI_AUTO_TEXT char *labels = labels_with(k, order[i].row, ' ');
    cli_csv_field(stdout, labels, false);
    putchar('\n');
  }
}

static void json_labels(cli_json *j, const char *names) {
  CLI_AUTO_TEXT char *copy = cli_dup(names);
  char *rest = NULL;
  cli_json_key(j, "labels");
  cli_json_open(j, '[');
  for (char *name = strtok_r(copy, SEPARATOR, &rest); name; name = strtok_r(NULL, SEPARATOR, &rest))
    cli_json_text(j, name);
  cli_json_close(j, ']');
}

static void print_json(const cli_kept *k, const place *order) {
  cli_json j = {.out = stdout, .lines = true};
  cli_json_open(&j, '[');
  for (size_t i = 0; i < k->rows; i++) {
    size_t r = order[i].row;
    double shape[3], spacing[3];
    three(k, r, "shape", shape);
    three(k, r, "spacing", spacing);
    cli_json_open(&j, '{');
    cli_json_put_text(&j, "id", order[i].id);
    cli_json_put_text(&j, "modality", cli_kept_text(k, r, "modality"));
    cli_json_put_text(&j, "layout", cli_kept_text(k, r, "layout"));
    cli_json_put_text(&j, "dtype", cli_kept_text(k, r, "dtype"));
    cli_json_put_zyx(&j, "shape", shape);
    cli_json_put_zyx(&j, "spacing", spacing);
    json_labels(&j, cli_kept_text(k, r, "label_names"));
    cli_json_key(&j, "problems");
    cli_json_value(&j, cli_kept_at(k, r, "problems"));
    cli_json_key(&j, "stored_bytes");
    cli_json_value(&j, cli_kept_at(k, r, "stored_bytes"));
    cli_json_close(&j, '}');
  }
  cli_json_close(&j, ']');
}

/* SQLite's sentence says what, not where. */
static int bad_where(const char *where, const tome_error *err) {
  if (err->code != TOME_USAGE) return cli_failed(err);
  cli_error("--where \"%s\": %s", where, err->message);
  return CLI_USAGE;
}

static int run(const cli_args *args) {
  tome_error err = {0};
  cli_output how;
  if (!cli_output_of(args, &how, &err)) return cli_failed(&err);
  CLI_AUTO_STORE tome_store *store = tome_open(args->operands[0], &err);
  if (!store) return cli_failed(&err);
  const char *where = cli_text(args, "where");
  CLI_AUTO_TEXT char *sql = where ? cli_printf("%s WHERE (%s\n)", select_cases, where) : cli_dup(select_cases);
  CLI_AUTO_KEPT cli_kept kept = {0};
  if (!cli_kept_query(&kept, store, sql, NULL, &err)) return where ? bad_where(where, &err) : cli_failed(&err);
  place *order = in_order(&kept);
  if (how == CLI_JSON)
    print_json(&kept, order);
  else if (how == CLI_CSV)
    print_csv(&kept, order);
  else if (kept.rows > 0)
    print_table(&kept, order);
  else if (where)
    cli_say("no case of %s is like that", args->operands[0]);
  else
    cli_say("%s is empty: tome ingest %s ROOT brings scans in", args->operands[0], args->operands[0]);
  free(order);
  return CLI_OK;
}

static const cli_option options[] = {
    {.name = "where",
     .letter = 'w',
     .kind = CLI_TEXT,
     .arg = "SQL",
     .help = "only cases for which this is true: any column of the view `cases` (see query)"},
    CLI_OPTION_CSV,
    CLI_OPTION_JSON,
    CLI_OPTIONS_END,
};

const cli_verb cmd_ls = {
    .name = "ls",
    .group = CLI_GROUP_ASK,
    .operands = "STORE",
    .summary = "list the cases: shape, spacing, modality, labels, problems",
    .about =
        "Prints one line a case, in natural order of the ids. Shapes and spacings are z, y, x; spacings in mm. On a "
        "terminal long "
        "lists of labels are cut to its width; in a pipe nothing is.",
    .examples =
        "tome ls liver.tome\n"
        "tome ls liver.tome --where \"spacing_z <= 2 AND tumor_ml > 5\"\n"
        "tome ls liver.tome --json | jq -r '.[] | select(.problems > 0).id'",
    .options = options,
    .run = run,
};
