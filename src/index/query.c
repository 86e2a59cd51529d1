/* Questions in SQL, from anybody: one statement, read only, on a connection of its own, for a limited time. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/near.h"
#include "index/guard.h"
#include "index/reader.h"

enum { DEFAULT_SECONDS = 30, MOST_SECONDS = 30 * 24 * 3600 };

typedef struct query {
  char *path;
  sqlite3 *db;
  sqlite3_stmt *statement;
  tome_guard guard;
  double seconds;
  const char **names; /* the statement's columns */
  tome_value *values;
  char (*blobs)[32]; /* "<1234 bytes>" for each column */
  size_t columns;
} query;

static void query_clear(query *q) {
  sqlite3_finalize(q->statement);
  sqlite3_close(q->db);
  free(q->path);
  free(q->names);
  free(q->values);
  free(q->blobs);
}

static bool query_open(query *q, const char *path, double seconds, tome_error *err) {
  q->seconds = seconds > 0 ? seconds < MOST_SECONDS ? seconds : MOST_SECONDS : DEFAULT_SECONDS;
  q->path = tome_plain_path(path, err);
  int64_t version = 0;
  if (!q->path || !tome_reader_open(q->path, (int)(q->seconds < 30 ? q->seconds * 1000 + 1 : 30000), &q->db, err) ||
      !tome_check_edition(q->db, q->path, &version, err))
    return false;
  if (version == 0) return tome_fail(err, TOME_NOT_FOUND, "%s: nothing in it; run tome reindex", path);
  sqlite3_exec(q->db, "PRAGMA cache_size = -65536", NULL, NULL, NULL);
  tome_guard_set(&q->guard, q->db, q->seconds);
  return true;
}

/* ---- what went wrong, in words --- */

typedef struct slip {
  const char *word;
  size_t most;
  char best[256];
} slip;

static void consider(slip *s, const char *candidate) {
  const size_t d = candidate ? tome_near_distance(s->word, candidate, s->most) : SIZE_MAX;
  if (d > s->most || (s->best[0] && d == s->most) || strlen(candidate) >= sizeof s->best) return;
  s->most = d;
  strcpy(s->best, candidate);
}

/* The nearest of the names that `sql` lists, where one is near enough to be meant. */
static bool suggest(query *q, const char *sql, const char *word, slip *out) {
  sqlite3_stmt *s = NULL;
  *out = (slip){.word = word, .most = tome_near_most(word)};
  if (sqlite3_prepare_v2(q->db, sql, -1, &s, NULL) == SQLITE_OK)
    while (sqlite3_step(s) == SQLITE_ROW) consider(out, (const char *)sqlite3_column_text(s, 0));
  sqlite3_finalize(s);
  return out->best[0] != 0;
}

/* The part of SQLite's message after `prefix`, without "table."; NULL where the message is another one. */
static const char *word_after(const char *message, const char *prefix) {
  const size_t n = strlen(prefix);
  if (strncmp(message, prefix, n) != 0) return NULL;
  const char *dot = strrchr(message + n, '.');
  return dot ? dot + 1 : message + n;
}

static bool fail_column(query *q, const char *message, const char *word, tome_error *err) {
  static const char view_columns[] = "SELECT name FROM pragma_table_info('cases')";
  static const char all_columns[] =
      "SELECT p.name FROM sqlite_master AS m, pragma_table_info(m.name) AS p WHERE m.type IN ('table', 'view')";
  slip s;
  if (suggest(q, view_columns, word, &s) || suggest(q, all_columns, word, &s))
    return tome_fail(err, TOME_USAGE, "%s; did you mean %s?", message, s.best);
  return tome_fail(err, TOME_USAGE, "%s; \"SELECT name FROM pragma_table_info('cases')\" lists the columns of cases",
                   message);
}

static bool fail_table(query *q, const char *message, const char *word, tome_error *err) {
  static const char tables[] =
      "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%'";
  slip s;
  if (suggest(q, tables, word, &s)) return tome_fail(err, TOME_USAGE, "%s; did you mean %s?", message, s.best);
  return tome_fail(err, TOME_USAGE, "%s; the view to ask is cases", message);
}

static bool fail_late(const query *q, tome_error *err) {
  return tome_fail(err, TOME_CANCELLED,
                   "the query took longer than the %g s it was given; narrow it down, or allow it more", q->seconds);
}

/* A statement that SQLite refused or could not finish. */
static bool fail_query(query *q, tome_error *err) {
  if (q->guard.late) return fail_late(q, err);
  if (q->guard.refused[0])
    return tome_fail(err, TOME_USAGE, "%s: refused; the index is only read here, by one SELECT", q->guard.refused);
  const int code = sqlite3_errcode(q->db) & 0xff;
  if (code != SQLITE_ERROR && code != SQLITE_RANGE && code != SQLITE_TOOBIG && code != SQLITE_MISMATCH)
    return tome_db_fail(q->db, q->path, err);
  char message[512];
  snprintf(message, sizeof message, "%s", sqlite3_errmsg(q->db));
  const char *column = word_after(message, "no such column: "), *table = word_after(message, "no such table: ");
  if (column) return fail_column(q, message, column, err);
  if (table) return fail_table(q, message, table, err);
  return tome_fail(err, TOME_USAGE, "%s", message);
}

/* ---- one statement --- */

/* True where nothing but blanks, comments and semicolons follows. */
static bool is_over(sqlite3 *db, const char *tail) {
  while (*tail) {
    sqlite3_stmt *more = NULL;
    const char *next = tail;
    const int rc = sqlite3_prepare_v2(db, tail, -1, &more, &next);
    sqlite3_finalize(more);
    if (rc != SQLITE_OK || more || next == tail) return false;
    tail = next;
  }
  return true;
}

static bool query_prepare(query *q, const char *sql, tome_error *err) {
  const char *tail = "";
  if (strlen(sql) > (size_t)sqlite3_limit(q->db, SQLITE_LIMIT_SQL_LENGTH, -1))
    return tome_fail(err, TOME_USAGE, "the query is longer than 1 MiB");
  if (sqlite3_prepare_v2(q->db, sql, -1, &q->statement, &tail) != SQLITE_OK) return fail_query(q, err);
  if (!q->statement)
    return tome_fail(err, TOME_USAGE, "the query is empty; ask for example: SELECT id, modality FROM cases");
  if (!is_over(q->db, tail)) {
    while (isspace((unsigned char)*tail)) tail++;
    return tome_fail(err, TOME_USAGE, "one statement at a time: \"%.60s\" follows the first", tail);
  }
  if (!sqlite3_stmt_readonly(q->statement)) /* VACUUM INTO asks no authorizer */
    return tome_fail(err, TOME_USAGE, "the statement would write; the index is only read here, by one SELECT");
  return true;
}

static bool query_bind(query *q, const char *const *params, size_t count, tome_error *err) {
  const int wanted = sqlite3_bind_parameter_count(q->statement);
  if ((size_t)wanted != count)
    return tome_fail(err, TOME_USAGE, "the query has %d parameters (?1, ?2 …), but %zu values are given", wanted,
                     count);
  for (int i = 0; i < wanted; i++)
    if (sqlite3_bind_text(q->statement, i + 1, params[i], -1, SQLITE_STATIC) != SQLITE_OK) return fail_query(q, err);
  return true;
}

static bool query_columns(query *q, tome_error *err) {
  q->columns = (size_t)sqlite3_column_count(q->statement);
  q->names = tome_alloc(q->columns, sizeof *q->names, "query", err);
  q->values = tome_alloc(q->columns, sizeof *q->values, "query", err);
  q->blobs = tome_alloc(q->columns, sizeof *q->blobs, "query", err);
  if (!q->names || !q->values || !q->blobs) return false;
  for (size_t i = 0; i < q->columns; i++) {
    q->names[i] = sqlite3_column_name(q->statement, (int)i);
    if (!q->names[i]) return tome_fail(err, TOME_NO_MEMORY, "out of memory");
  }
  return true;
}

static tome_value column_value(query *q, size_t column) {
  sqlite3_stmt *s = q->statement;
  const int i = (int)column;
  switch (sqlite3_column_type(s, i)) {
    case SQLITE_INTEGER:
      return (tome_value){.kind = TOME_VALUE_INT, .i = sqlite3_column_int64(s, i)};
    case SQLITE_FLOAT:
      return (tome_value){.kind = TOME_VALUE_REAL, .r = sqlite3_column_double(s, i)};
    case SQLITE_BLOB:
      snprintf(q->blobs[column], sizeof q->blobs[column], "<%d bytes>", sqlite3_column_bytes(s, i));
      return (tome_value){.kind = TOME_VALUE_TEXT, .s = q->blobs[column]};
    case SQLITE_TEXT: {
      const char *text = (const char *)sqlite3_column_text(s, i);
      return (tome_value){.kind = TOME_VALUE_TEXT, .s = text ? text : ""};
    }
    default:
      return (tome_value){.kind = TOME_VALUE_NULL};
  }
}

static bool query_rows(query *q, tome_row_fn row, void *user, tome_error *err) {
  if (row && !row(user, q->columns, q->names, NULL)) return true;
  for (;;) {
    const int rc = sqlite3_step(q->statement);
    if (rc == SQLITE_DONE) return true;
    if (rc != SQLITE_ROW) return fail_query(q, err);
    for (size_t i = 0; i < q->columns; i++) q->values[i] = column_value(q, i);
    if (row && !row(user, q->columns, q->names, q->values)) return true;
  }
}

bool tome_index_query(const char *path, const char *sql, const char *const *params, size_t param_count, double seconds,
                      tome_row_fn row, void *user, tome_error *err) {
  query q TOME_CLEANUP(query_clear) = {0};
  return query_open(&q, path, seconds, err) && query_prepare(&q, sql, err) &&
         query_bind(&q, params, param_count, err) && query_columns(&q, err) && query_rows(&q, row, user, err);
}
