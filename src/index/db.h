/* db.h - SQLite as the rest of the index uses it: statements kept prepared, bindings that remember their place,
 * transactions. */
#ifndef TOME_INDEX_DB_H
#define TOME_INDEX_DB_H

#include <sqlite3.h>

#include "index/index.h"

enum { TOME_STATEMENTS = 48, TOME_KIND_TEXT = 128 };

struct tome_index {
  sqlite3 *db;
  char *path;
  bool begun; /* by tome_index_begin */
  struct {
    const char *sql;
    sqlite3_stmt *statement;
  } cache[TOME_STATEMENTS];
};

/* Records what SQLite said last on `db`, under a fitting code. Returns false. */
bool tome_db_fail(sqlite3 *db, const char *path, tome_error *err);

/* One prepared statement in use. Bind in the order of its ?s, then run, or step through rows and end. */
typedef struct tome_db_use {
  tome_index *ix;
  sqlite3_stmt *statement; /* NULL where preparing failed: binding is then harmless and running fails */
  int next;                /* parameter to bind */
  int rc;                  /* first failure, or SQLITE_OK */
} tome_db_use;

/* `sql` must live as long as the index: it is prepared once. */
tome_db_use tome_db_prepare(tome_index *ix, const char *sql);
/* Text and blobs are borrowed until the use ends. NULL text and NaN are NULL. */
void tome_bind_text(tome_db_use *u, const char *text);
void tome_bind_int(tome_db_use *u, int64_t i);
void tome_bind_count(tome_db_use *u, uint64_t n); /* saturates at INT64_MAX */
void tome_bind_real(tome_db_use *u, double r);
void tome_bind_null(tome_db_use *u);
void tome_bind_blob(tome_db_use *u, const void *data, size_t size);
/* min max mean std, then the percentiles. */
void tome_bind_intensity(tome_db_use *u, const tome_intensity *hu);
void tome_bind_window(tome_db_use *u, const tome_window *w);

/* To the end, and lets go. */
TOME_MUST_USE bool tome_db_run(tome_db_use *u, tome_error *err);
/* One row: true with *row true; at the end *row is false. */
TOME_MUST_USE bool tome_db_step(tome_db_use *u, bool *row, tome_error *err);
void tome_db_end(tome_db_use *u); /* TOME_CLEANUP-ready */
/* Column 0 of the first row, "" where there is none. */
TOME_MUST_USE bool tome_db_one_text(tome_db_use *u, char *out, size_t size, tome_error *err);
/* Column 0 of the first row as an integer, 0 where there is none. */
TOME_MUST_USE bool tome_db_one_int(tome_db_use *u, int64_t *out, tome_error *err);

/* SQL without parameters, not kept. */
TOME_MUST_USE bool tome_db_exec(tome_index *ix, const char *sql, tome_error *err);

/* What must happen as one: a transaction, or a savepoint inside the caller's. Leave with `ok` as the last thing:
 *   if (!tome_db_enter(ix, err)) return false;
 *   return tome_db_leave(ix, do_it(ix, err), err);   */
TOME_MUST_USE bool tome_db_enter(tome_index *ix, tome_error *err);
TOME_MUST_USE bool tome_db_leave(tome_index *ix, bool ok, tome_error *err);

/* ---- view.c --- */

/* The kind of a label, never "". */
void tome_kind_of(const char *name, char out[TOME_KIND_TEXT]);
/* Makes the view `cases` anew out of the table `kinds`. Inside a transaction. */
TOME_MUST_USE bool tome_view_make(tome_index *ix, tome_error *err);
/* Enters a kind; *fresh is set where it is new (and left alone where not). */
TOME_MUST_USE bool tome_view_add_kind(tome_index *ix, const char *kind, bool *fresh, tome_error *err);
/* Drops the kinds that no case has any more; *gone is set where there were any. */
TOME_MUST_USE bool tome_view_drop_kinds(tome_index *ix, bool *gone, tome_error *err);

/* ---- cases.c --- */

/* Deletes a case and all that hangs on it; *found says whether there was one. Kinds and view are the caller's. */
TOME_MUST_USE bool tome_case_delete(tome_index *ix, const char *id, bool *found, tome_error *err);

#endif
