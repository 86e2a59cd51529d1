/* Opening the index: settings, the check that the file is one, and migration to this build's edition of the schema. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "index/reader.h"
#include "index/schema.h"

enum {
  BUSY_MS = 30000,
  APPLICATION_ID = 0x544f4d45, /* "TOME": says whose SQLite file this is (PRAGMA application_id) */
};

/* What a file says of itself. One statement, so that all of it comes from one state of the file: another process may
 * be making it. */
typedef struct edition {
  int64_t application, version, tables;
} edition;

static bool read_edition(sqlite3 *db, const char *path, edition *out, tome_error *err) {
  sqlite3_stmt *s = NULL;
  int rc = sqlite3_prepare_v2(
      db,
      "SELECT (SELECT application_id FROM pragma_application_id), (SELECT user_version FROM pragma_user_version),"
      " (SELECT count(*) FROM sqlite_master)",
      -1, &s, NULL);
  if (rc == SQLITE_OK) rc = sqlite3_step(s);
  const bool ok = rc == SQLITE_ROW || tome_db_fail(db, path, err);
  if (ok) *out = (edition){sqlite3_column_int64(s, 0), sqlite3_column_int64(s, 1), sqlite3_column_int64(s, 2)};
  sqlite3_finalize(s);
  return ok;
}

bool tome_check_edition(sqlite3 *db, const char *path, int64_t *version, tome_error *err) {
  edition e = {0};
  if (!read_edition(db, path, &e, err)) return false;
  const bool empty = e.application == 0 && e.version == 0 && e.tables == 0;
  if (!empty && e.application != APPLICATION_ID)
    return tome_fail(err, TOME_CORRUPT, "%s: a SQLite file, but not an index made by tome", path);
  if (e.version < 0 || e.version > tome_schema_version)
    return tome_fail(err, TOME_UNSUPPORTED,
                     "%s: schema edition %lld, made by a newer tome (this one knows up to %d); use that tome, or "
                     "delete the index and "
                     "run tome reindex",
                     path, (long long)e.version, tome_schema_version);
  *version = e.version;
  return true;
}

/* Runs the migrations that the file lacks. Asks again for its edition: another process may have been quicker. */
static bool migrate_locked(tome_index *ix, tome_error *err) {
  int64_t version = 0;
  if (!tome_check_edition(ix->db, ix->path, &version, err)) return false;
  if (version == tome_schema_version) return true;
  for (int64_t v = version; v < tome_schema_version; v++)
    if (!tome_db_exec(ix, tome_schema_migrations[v], err)) return false;
  char sql[96];
  snprintf(sql, sizeof sql, "PRAGMA application_id = %d; PRAGMA user_version = %d", APPLICATION_ID,
           tome_schema_version);
  return tome_db_exec(ix, sql, err) && tome_view_make(ix, err);
}

/* WAL: readers go on while one writes. Changing to it needs the file alone, for which SQLite does not wait by itself;
 * a file system that cannot have it (no shared memory) keeps the rollback journal, which is slower but right. */
static bool set_wal(tome_index *ix, tome_error *err) {
  for (int tried_ms = 0;; tried_ms += 5) {
    const int rc = sqlite3_exec(ix->db, "PRAGMA journal_mode = WAL", NULL, NULL, NULL);
    if (rc == SQLITE_OK) return true;
    if ((rc & 0xff) != SQLITE_BUSY || tried_ms >= BUSY_MS) return tome_db_fail(ix->db, ix->path, err);
    nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
  }
}

/* The check comes before anything that writes: somebody else's database must not even become WAL. */
static bool open_writable(tome_index *ix, bool create, tome_error *err) {
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (create ? SQLITE_OPEN_CREATE : 0);
  if (sqlite3_open_v2(ix->path, &ix->db, flags, NULL) != SQLITE_OK) return tome_db_fail(ix->db, ix->path, err);
  sqlite3_busy_timeout(ix->db, BUSY_MS);
  int64_t version = 0;
  if (!tome_check_edition(ix->db, ix->path, &version, err) || !set_wal(ix, err) ||
      !tome_db_exec(ix,
                    "PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON; PRAGMA journal_size_limit = 67108864;"
                    "PRAGMA cache_size = -65536; PRAGMA secure_delete = FAST",
                    err))
    return false;
  if (version == tome_schema_version) return true;
  if (!tome_db_enter(ix, err)) return false;
  return tome_db_leave(ix, migrate_locked(ix, err), err);
}

static bool open_readable(tome_index *ix, tome_error *err) {
  int64_t version = 0;
  if (!tome_reader_open(ix->path, BUSY_MS, &ix->db, err) || !tome_check_edition(ix->db, ix->path, &version, err))
    return false;
  if (version == tome_schema_version) return true;
  return tome_fail(
      err, TOME_IO,
      "%s: schema edition %lld is to become %d, but the file cannot be written; open the store once where it can",
      ix->path, (long long)version, tome_schema_version);
}

/* True where neither the file nor its journals can be written: read-only media, somebody else's store. */
static bool is_read_only(const char *path) {
  char folder[4096];
  const char *slash = strrchr(path, '/');
  const size_t n = slash ? (size_t)(slash - path) + 1 : 0;
  if (!n || n >= sizeof folder) return false;
  memcpy(folder, path, n);
  folder[n] = 0;
  return access(path, W_OK) != 0 || access(folder, W_OK) != 0;
}

static bool open_file(tome_index *ix, bool create, tome_error *err) {
  const bool there = access(ix->path, F_OK) == 0;
  if (!there && !create) return tome_fail(err, TOME_NOT_FOUND, "%s: no index there; run tome reindex", ix->path);
  if (there && is_read_only(ix->path)) return open_readable(ix, err);
  return open_writable(ix, create, err);
}

char *tome_plain_path(const char *path, tome_error *err) {
  const char *before = strncmp(path, "file:", 5) == 0 || !strchr(path, '/') ? "./" : "";
  const size_t size = strlen(before) + strlen(path) + 1;
  char *p = tome_alloc(size, 1, "path", err);
  if (p) snprintf(p, size, "%s%s", before, path);
  return p;
}

tome_index *tome_index_open(const char *path, bool create, tome_error *err) {
  tome_index *ix = tome_alloc_zero(1, sizeof *ix, "index", err);
  if (!ix) return NULL;
  ix->path = tome_plain_path(path, err);
  if (ix->path && open_file(ix, create, err)) {
    sqlite3_db_config(ix->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL); /* a store may come from anybody */
    return ix;
  }
  tome_index_close(ix);
  return NULL;
}

void tome_index_close(tome_index *ix) {
  if (!ix) return;
  if (ix->db) tome_index_rollback(ix);
  for (size_t i = 0; i < TOME_STATEMENTS; i++) sqlite3_finalize(ix->cache[i].statement);
  sqlite3_close(ix->db);
  free(ix->path);
  free(ix);
}
