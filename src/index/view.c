/* The view `cases`: its columns follow the kinds of structures that the store has. */
#include <stdlib.h>
#include <string.h>

#include "index/db.h"
#include "index/schema.h"

/* The first kinds get a join each, which SQLite can turn into a search (tumor_ml > 5) but also carries through every
 * count(*); the next get subqueries, which cost nothing when unused and a look-up a row when used. Further ones would
 * pass SQLite's 2,000 columns a view: they are in `structures` only. */
enum { JOINED_KINDS = 8, COLUMN_KINDS = 128 };

/* What the view says of each kind: columns of `structures`. */
static const char *const kind_columns[] = {"ml",      "voxels", "hu_min", "hu_max", "hu_mean",   "hu_std",
                                           "z_first", "z_last", "level",  "width",  "components"};

void tome_kind_of(const char *name, char out[TOME_KIND_TEXT]) {
  tome_label_kind(name, out, TOME_KIND_TEXT);
  if (!*out) strcpy(out, "label");
}

static void add_joined(sqlite3_str *columns, sqlite3_str *joins, const char *kind) {
  for (size_t i = 0; i < TOME_COUNT(kind_columns); i++)
    sqlite3_str_appendf(columns, ",\n  \"s_%w\".%s AS \"%w_%s\"", kind, kind_columns[i], kind, kind_columns[i]);
  sqlite3_str_appendf(joins, "\nLEFT JOIN structures AS \"s_%w\" ON \"s_%w\".case_id = i.id AND \"s_%w\".kind = %Q",
                      kind, kind, kind, kind);
}

static void add_subqueries(sqlite3_str *columns, const char *kind) {
  for (size_t i = 0; i < TOME_COUNT(kind_columns); i++)
    sqlite3_str_appendf(columns, ",\n  (SELECT %s FROM structures WHERE case_id = i.id AND kind = %Q) AS \"%w_%s\"",
                        kind_columns[i], kind, kind, kind_columns[i]);
}

/* tumor and liver come first and always: the questions of the README work on any store. */
static bool list_kinds(tome_index *ix, sqlite3_str *columns, sqlite3_str *joins, tome_error *err) {
  tome_db_use u TOME_CLEANUP(tome_db_end) = tome_db_prepare(
      ix,
      "SELECT 'tumor' UNION ALL SELECT 'liver' UNION ALL "
      "SELECT * FROM (SELECT kind FROM kinds WHERE kind NOT IN ('tumor', 'liver') ORDER BY kind LIMIT ?)");
  tome_bind_int(&u, COLUMN_KINDS - 2);
  bool row = false;
  for (int n = 0;; n++) {
    if (!tome_db_step(&u, &row, err)) return false;
    if (!row) return true;
    const char *kind = (const char *)sqlite3_column_text(u.statement, 0);
    if (n < JOINED_KINDS)
      add_joined(columns, joins, kind);
    else
      add_subqueries(columns, kind);
  }
}

/* cases.sql from CREATE on, with both places filled in. */
static char *fill_template(const char *columns, const char *joins) {
  const char *head = strstr(tome_schema_view, "CREATE VIEW");
  const char *at_columns = strstr(head, "@columns"), *at_joins = strstr(at_columns, "@joins");
  const char *between = at_columns + strlen("@columns"), *tail = at_joins + strlen("@joins");
  return sqlite3_mprintf("DROP VIEW IF EXISTS cases;\n%.*s%s%.*s%s%s", (int)(at_columns - head), head, columns + 1,
                         (int)(at_joins - between), between, joins, tail);
}

bool tome_view_make(tome_index *ix, tome_error *err) {
  sqlite3_str *columns = sqlite3_str_new(ix->db), *joins = sqlite3_str_new(ix->db);
  const bool listed = list_kinds(ix, columns, joins, err);
  char *c = sqlite3_str_finish(columns), *j = sqlite3_str_finish(joins);
  char *sql = listed && c && j ? fill_template(c, j) : NULL;
  bool ok = listed;
  if (listed && !sql) ok = tome_fail(err, TOME_NO_MEMORY, "%s: out of memory", ix->path);
  if (sql) ok = tome_db_exec(ix, sql, err);
  sqlite3_free(sql);
  sqlite3_free(c);
  sqlite3_free(j);
  return ok;
}

bool tome_view_add_kind(tome_index *ix, const char *kind, bool *fresh, tome_error *err) {
  tome_db_use u = tome_db_prepare(ix, "INSERT OR IGNORE INTO kinds VALUES (?)");
  tome_bind_text(&u, kind);
  if (!tome_db_run(&u, err)) return false;
  if (sqlite3_changes(ix->db) > 0) *fresh = true;
  return true;
}

bool tome_view_drop_kinds(tome_index *ix, bool *gone, tome_error *err) {
  tome_db_use u = tome_db_prepare(
      ix, "DELETE FROM kinds WHERE NOT EXISTS (SELECT 1 FROM structures WHERE structures.kind = kinds.kind)");
  if (!tome_db_run(&u, err)) return false;
  if (sqlite3_changes(ix->db) > 0) *gone = true;
  return true;
}
