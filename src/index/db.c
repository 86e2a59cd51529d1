/* SQLite as the rest of the index uses it: statements kept prepared, bindings, transactions, failures in our words. */
#include "index/db.h"

#include <math.h>
#include <string.h>

bool tome_db_fail(sqlite3 *db, const char *path, tome_error *err) {
  const char *said = sqlite3_errmsg(db);
  switch (sqlite3_errcode(db) & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return tome_fail(err, TOME_IO,
                       "%s: another process has been writing for more than 30 s; try again when it is done", path);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return tome_fail(err, TOME_CORRUPT, "%s: %s; the index is derived: delete it and run tome reindex", path, said);
    case SQLITE_NOMEM:
      return tome_fail(err, TOME_NO_MEMORY, "%s: %s", path, said);
    case SQLITE_CONSTRAINT:
    case SQLITE_TOOBIG:
    case SQLITE_ERROR:
    case SQLITE_MISUSE:
      return tome_fail(err, TOME_USAGE, "%s: %s", path, said);
    case SQLITE_INTERRUPT:
      return tome_fail(err, TOME_CANCELLED, "%s: %s", path, said);
    default:
      return tome_fail(err, TOME_IO, "%s: %s", path, said);
  }
}

/* The prepared statement for this text; a free place in the cache gets it. */
static sqlite3_stmt *find_statement(tome_index *ix, const char *sql) {
  for (size_t i = 0; i < TOME_STATEMENTS; i++) {
    if (ix->cache[i].sql == sql) return ix->cache[i].statement;
    if (ix->cache[i].sql) continue;
    if (sqlite3_prepare_v3(ix->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &ix->cache[i].statement, NULL) != SQLITE_OK)
      return NULL;
    ix->cache[i].sql = sql;
    return ix->cache[i].statement;
  }
  return NULL;
}

tome_db_use tome_db_prepare(tome_index *ix, const char *sql) {
  tome_db_use u = {.ix = ix, .statement = find_statement(ix, sql), .next = 1, .rc = SQLITE_OK};
  if (!u.statement) u.rc = SQLITE_ERROR;
  return u;
}

static void bound(tome_db_use *u, int rc) {
  if (u->rc == SQLITE_OK) u->rc = rc;
  u->next++;
}

void tome_bind_text(tome_db_use *u, const char *text) {
  if (u->statement) bound(u, sqlite3_bind_text(u->statement, u->next, text, -1, SQLITE_STATIC));
}

void tome_bind_int(tome_db_use *u, int64_t i) {
  if (u->statement) bound(u, sqlite3_bind_int64(u->statement, u->next, i));
}

void tome_bind_count(tome_db_use *u, uint64_t n) { tome_bind_int(u, n > INT64_MAX ? INT64_MAX : (int64_t)n); }

void tome_bind_real(tome_db_use *u, double r) {
  if (u->statement) bound(u, sqlite3_bind_double(u->statement, u->next, r)); /* SQLite makes NaN NULL itself */
}

void tome_bind_null(tome_db_use *u) {
  if (u->statement) bound(u, sqlite3_bind_null(u->statement, u->next));
}

void tome_bind_blob(tome_db_use *u, const void *data, size_t size) {
  if (u->statement) bound(u, sqlite3_bind_blob64(u->statement, u->next, data, size, SQLITE_STATIC));
}

void tome_bind_intensity(tome_db_use *u, const tome_intensity *hu) {
  const double nan_when_empty = hu->count ? 0 : NAN; /* whatever the caller left in an empty summary */
  tome_bind_real(u, hu->min + nan_when_empty);
  tome_bind_real(u, hu->max + nan_when_empty);
  tome_bind_real(u, hu->mean + nan_when_empty);
  tome_bind_real(u, hu->std + nan_when_empty);
  for (int p = 0; p < TOME_PERCENTILES; p++) tome_bind_real(u, hu->percentile[p] + nan_when_empty);
}

void tome_bind_window(tome_db_use *u, const tome_window *w) {
  tome_bind_real(u, w->level);
  tome_bind_real(u, w->width);
}

void tome_db_end(tome_db_use *u) {
  if (!u->statement) return;
  sqlite3_reset(u->statement);
  sqlite3_clear_bindings(u->statement);
  u->statement = NULL;
}

bool tome_db_step(tome_db_use *u, bool *row, tome_error *err) {
  if (u->rc != SQLITE_OK || !u->statement) return tome_db_fail(u->ix->db, u->ix->path, err);
  const int rc = sqlite3_step(u->statement);
  if (rc != SQLITE_ROW && rc != SQLITE_DONE) return tome_db_fail(u->ix->db, u->ix->path, err);
  *row = rc == SQLITE_ROW;
  return true;
}

bool tome_db_run(tome_db_use *u, tome_error *err) {
  bool row = true, ok = true;
  while (row && ok) ok = tome_db_step(u, &row, err);
  tome_db_end(u);
  return ok;
}

bool tome_db_one_text(tome_db_use *u, char *out, size_t size, tome_error *err) {
  bool row = false, ok = tome_db_step(u, &row, err);
  if (ok) {
    const char *text = row ? (const char *)sqlite3_column_text(u->statement, 0) : "";
    const size_t n = text ? strlen(text) : 0;
    if (n < size)
      memcpy(out, text ? text : "", n + 1);
    else
      ok = tome_fail(err, TOME_USAGE, "%s: a name of %zu bytes does not fit in %zu", u->ix->path, n, size);
  }
  tome_db_end(u);
  return ok;
}

bool tome_db_one_int(tome_db_use *u, int64_t *out, tome_error *err) {
  bool row = false;
  const bool ok = tome_db_step(u, &row, err);
  if (ok) *out = row ? sqlite3_column_int64(u->statement, 0) : 0;
  tome_db_end(u);
  return ok;
}

bool tome_db_exec(tome_index *ix, const char *sql, tome_error *err) {
  if (sqlite3_exec(ix->db, sql, NULL, NULL, NULL) == SQLITE_OK) return true;
  return tome_db_fail(ix->db, ix->path, err);
}

static bool run_sql(tome_index *ix, const char *sql, tome_error *err) {
  tome_db_use u = tome_db_prepare(ix, sql);
  return tome_db_run(&u, err);
}

bool tome_index_begin(tome_index *ix, tome_error *err) {
  if (ix->begun) return tome_fail(err, TOME_USAGE, "%s: begun already", ix->path);
  /* IMMEDIATE: wait for other writers here, not in the middle where SQLite could only give up */
  ix->begun = run_sql(ix, "BEGIN IMMEDIATE", err);
  return ix->begun;
}

bool tome_index_commit(tome_index *ix, tome_error *err) {
  if (!ix->begun) return tome_fail(err, TOME_USAGE, "%s: commit without begin", ix->path);
  if (!run_sql(ix, "COMMIT", err)) {
    tome_index_rollback(ix);
    return false;
  }
  ix->begun = false;
  return true;
}

void tome_index_rollback(tome_index *ix) {
  /* a full disk may have rolled back by itself: then there is nothing to do */
  if (!sqlite3_get_autocommit(ix->db)) (void)!run_sql(ix, "ROLLBACK", NULL);
  ix->begun = false;
}

bool tome_db_enter(tome_index *ix, tome_error *err) {
  if (ix->begun && sqlite3_get_autocommit(ix->db))
    return tome_fail(err, TOME_IO, "%s: the transaction was given up after an earlier failure", ix->path);
  return run_sql(ix, ix->begun ? "SAVEPOINT one" : "BEGIN IMMEDIATE", err);
}

bool tome_db_leave(tome_index *ix, bool ok, tome_error *err) {
  if (ok && run_sql(ix, ix->begun ? "RELEASE one" : "COMMIT", err)) return true;
  if (sqlite3_get_autocommit(ix->db)) return false;
  if (!ix->begun) {
    (void)!run_sql(ix, "ROLLBACK", NULL);
  } else {
    (void)!run_sql(ix, "ROLLBACK TO one", NULL);
    (void)!run_sql(ix, "RELEASE one", NULL);
  }
  return false;
}
