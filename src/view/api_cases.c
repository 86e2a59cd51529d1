/* api_cases.c - the list of cases: which, in what order, and a page of them. */
#include <stdlib.h>
#include <string.h>

#include "view/inside.h"

enum { MOST_ROWS = 1000, USUAL_ROWS = 200, MOST_CASES = 1000000 };

/* ---- which cases, in order ---- */

typedef struct ids {
  const char *search; /* NULL: all */
  char **list;
  size_t count, cap;
  bool failed;
} ids;

static void ids_clear(ids *l) {
  for (size_t i = 0; i < l->count; i++) free(l->list[i]);
  free(l->list);
}

static bool take_id(void *user, size_t columns, const char *const *names, const tome_value *values) {
  ids *l = user;
  (void)columns;
  (void)names;
  if (!values) return true;
  const char *id = view_string(&values[0]);
  if (l->search && !strcasestr(id, l->search)) return true;
  if (l->count == l->cap) {
    const size_t cap = l->cap ? 2 * l->cap : 256;
    char **more = reallocarray(l->list, cap, sizeof *more);
    l->failed = !more;
    if (!more) return false;
    l->list = more;
    l->cap = cap;
  }
  l->list[l->count] = strdup(id);
  l->failed = !l->list[l->count];
  if (l->failed) return false;
  return ++l->count < MOST_CASES;
}

/* volume-2 before volume-10. */
static int natural(const void *a, const void *b) { return strverscmp(*(char *const *)a, *(char *const *)b); }

/* "tumor_ml", "-tumor_ml": by that column, rising or falling, cases without a value last. In brackets, since what is in quotes SQLite takes for a text where
 * there is no such column. */
static char *order_of(const char *order, tome_error *err) {
  char *text = NULL;
  const bool falling = *order == '-';
  const char *column = order + falling;
  if (!*column || strlen(column) > 200 || strpbrk(column, "[]\n\r\t"))
    view_fail(err, TOME_USAGE, "order=%.40s: is no column of cases", order);
  else if (asprintf(&text, " ORDER BY [%s] IS NULL, [%s]%s, id", column, column, falling ? " DESC" : "") < 0) {
    text = NULL;
    view_no_memory(err);
  }
  return text;
}

static bool find_cases(const view_request *r, ids *out, tome_error *err) {
  const char *where = view_arg(r, "where"), *order = view_arg(r, "order");
  VIEW_AUTO_TEXT char *by = order && *order ? order_of(order, err) : strdup("");
  VIEW_AUTO_TEXT char *sql = NULL;
  if (!by) return err->code ? false : view_no_memory(err);
  if (asprintf(&sql, "SELECT id FROM cases WHERE (%s\n)%s", where && *where ? where : "1", by) < 0) {
    sql = NULL;
    return view_no_memory(err);
  }
  out->search = view_arg(r, "search");
  if (!view_query(r, sql, NULL, take_id, out, err)) return false;
  if (out->failed) return view_no_memory(err);
  if (!*by && out->count) qsort(out->list, out->count, sizeof *out->list, natural);
  return true;
}

/* ---- one page of them ---- */

static bool put_columns(void *user, size_t columns, const char *const *names, const tome_value *values) {
  cli_json *j = user;
  if (values) return true;
  cli_json_key(j, "columns");
  cli_json_open(j, '[');
  for (size_t i = 0; i < columns; i++) cli_json_text(j, names[i]);
  cli_json_close(j, ']');
  return true;
}

enum { ID, SHAPE, SPACING = SHAPE + 3, PROBLEMS = SPACING + 3, CHANNELS, LABELS, ML, PLAIN };
#define SELECTED                                                                                                    \
  "c.id, c.shape_z, c.shape_y, c.shape_x, c.spacing_z, c.spacing_y, c.spacing_x, c.problems,"                       \
  " (SELECT group_concat(name, char(31)) FROM (SELECT name FROM channels WHERE case_id = c.id ORDER BY number)),"   \
  " (SELECT group_concat(name, char(31)) FROM (SELECT DISTINCT name FROM labels WHERE case_id = c.id ORDER BY map," \
  " value)),"                                                                                                       \
  " (SELECT group_concat(kind || char(30) || ml, char(31)) FROM (SELECT kind, ml FROM structures WHERE case_id ="   \
  " c.id ORDER BY kind)),"                                                                                          \
  " c.modality, c.layout, c.dtype, c.units, c.hu_min, c.hu_max, c.hu_mean"

static void put_three(cli_json *j, const char *name, const tome_value *v) {
  cli_json_key(j, name);
  cli_json_open(j, '[');
  for (int a = 0; a < 3; a++) cli_json_value(j, &v[a]);
  cli_json_close(j, ']');
}

/* kind U+001E ml, separated by U+001F. */
static void put_ml(cli_json *j, const char *list) {
  cli_json_key(j, "ml");
  cli_json_open(j, '{');
  for (const char *s = list; *s;) {
    const size_t n = strcspn(s, "\x1f"), key = strcspn(s, "\x1e\x1f");
    VIEW_AUTO_TEXT char *kind = strndup(s, key);
    if (kind && key < n) cli_json_put_real(j, kind, strtod(s + key + 1, NULL));
    s += n + (s[n] != '\0');
  }
  cli_json_close(j, '}');
}

static bool put_case(void *user, size_t columns, const char *const *names, const tome_value *values) {
  cli_json *j = user;
  if (!values) return true;
  cli_json_open(j, '{');
  cli_json_put_text(j, "id", view_string(&values[ID]));
  put_three(j, "shape", &values[SHAPE]);
  put_three(j, "spacing", &values[SPACING]);
  cli_json_key(j, "problems");
  cli_json_value(j, &values[PROBLEMS]);
  view_json_names(j, "channels", view_string(&values[CHANNELS]));
  view_json_names(j, "labels", view_string(&values[LABELS]));
  put_ml(j, view_string(&values[ML]));
  for (size_t i = PLAIN; i < columns; i++) {
    cli_json_key(j, names[i]);
    cli_json_value(j, &values[i]);
  }
  cli_json_close(j, '}');
  return true;
}

/* SELECT … of these ids, in their order. */
static char *page_sql(size_t count, tome_error *err) {
  char *text = NULL;
  size_t size;
  FILE *f = open_memstream(&text, &size);
  if (!f) {
    view_no_memory(err);
    return NULL;
  }
  fputs("WITH wanted(n, id) AS (VALUES ", f);
  for (size_t i = 0; i < count; i++) fprintf(f, "%s(%zu, ?%zu)", i ? ", " : "", i, i + 1);
  fputs(") SELECT " SELECTED " FROM wanted AS w CROSS JOIN cases AS c ON c.id = w.id ORDER BY w.n", f);
  if (fclose(f) == 0) return text;
  free(text);
  view_no_memory(err);
  return NULL;
}

static bool put_page(const view_request *r, const ids *l, size_t offset, size_t limit, cli_json *j, tome_error *err) {
  const size_t begin = offset < l->count ? offset : l->count;
  const size_t count = l->count - begin < limit ? l->count - begin : limit;
  cli_json_key(j, "rows");
  cli_json_open(j, '[');
  if (count) {
    VIEW_AUTO_TEXT char *sql = page_sql(count, err);
    if (!sql ||
        !tome_query(view_server_of(r)->store, sql, (const char *const *)l->list + begin, count, 10, put_case, j, err))
      return false;
  }
  cli_json_close(j, ']');
  return true;
}

bool view_api_cases(const view_request *r, view_reply *out, tome_error *err) {
  int64_t limit, offset;
  VIEW_CLEANUP(ids_clear) ids l = {0};
  VIEW_CLEANUP(view_text_clear) view_text t = {0};
  if (!view_number(view_arg(r, "limit"), "limit", 0, INT64_MAX, USUAL_ROWS, &limit, err) ||
      !view_number(view_arg(r, "offset"), "offset", 0, INT64_MAX, 0, &offset, err) || !find_cases(r, &l, err) ||
      !view_text_open(&t, err))
    return false;
  if (limit > MOST_ROWS) limit = MOST_ROWS;
  cli_json *j = &t.json;
  cli_json_open(j, '{');
  if (!view_query(r, "SELECT * FROM cases LIMIT 0", NULL, put_columns, j, err) ||
      !put_page(r, &l, (size_t)offset, (size_t)limit, j, err))
    return false;
  cli_json_put_int(j, "total", l.count);
  cli_json_put_int(j, "offset", (uint64_t)offset);
  cli_json_put_int(j, "limit", (uint64_t)limit);
  cli_json_close(j, '}');
  return view_text_reply(&t, out, err);
}
