/* Opening the index for reading only, also where nothing can be written: WAL needs its -shm beside the file even to
 * read. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "index/reader.h"

/* "file:<path>?immutable=1", with what a URI takes otherwise escaped. */
static char *immutable_uri(const char *path, tome_error *err) {
  static const char tail[] = "?immutable=1", hex[] = "0123456789ABCDEF";
  char *uri = tome_alloc(strlen("file:") + 3 * strlen(path) + sizeof tail, 1, "path", err);
  if (!uri) return NULL;
  char *out = stpcpy(uri, "file:");
  for (const char *p = path; *p; p++) {
    const unsigned char c = (unsigned char)*p;
    if (strchr("%?#", c)) {
      *out++ = '%';
      *out++ = hex[c >> 4];
      *out++ = hex[c & 15];
    } else {
      *out++ = *p;
    }
  }
  strcpy(out, tail);
  return uri;
}

/* True where a -wal with something in it lies beside the file. */
static bool has_wal(const char *path) {
  char wal[4200];
  struct stat st;
  if (snprintf(wal, sizeof wal, "%s-wal", path) >= (int)sizeof wal) return true;
  return stat(wal, &st) == 0 && st.st_size > 0;
}

/* Opens and touches the file, so that what is wrong shows now. Returns SQLite's code; *db is set in any case. */
static int open_and_touch(const char *name, int flags, int busy_ms, sqlite3 **db) {
  int rc =
      sqlite3_open_v2(name, db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | flags, NULL);
  if (rc != SQLITE_OK) return rc;
  sqlite3_busy_timeout(*db, busy_ms);
  rc = sqlite3_exec(*db, "SELECT count(*) FROM sqlite_master", NULL, NULL, NULL);
  return rc & 0xff;
}

/* Nobody can be writing where nothing can be written: the file may be read as it is, unless a -wal holds part of it. */
static bool open_immutable(const char *path, int busy_ms, sqlite3 **db, tome_error *err) {
  if (has_wal(path))
    return tome_fail(err, TOME_IO,
                     "%s: part of it is still in %s-wal, which cannot be read where nothing can be written; run any "
                     "tome command where "
                     "the store is writable, or copy the store",
                     path, path);
  char *uri TOME_AUTO_FREE = immutable_uri(path, err);
  if (!uri) return false;
  sqlite3_close(*db);
  if (open_and_touch(uri, SQLITE_OPEN_URI, busy_ms, db) == SQLITE_OK) return true;
  return tome_db_fail(*db, path, err);
}

bool tome_reader_open(const char *path, int busy_ms, sqlite3 **db, tome_error *err) {
  if (access(path, F_OK) != 0) return tome_fail(err, TOME_NOT_FOUND, "%s: no index there; run tome reindex", path);
  if (access(path, R_OK) != 0) return tome_fail_errno(err, "%s", path);
  const int rc = open_and_touch(path, 0, busy_ms, db);
  if (rc == SQLITE_OK) return true;
  if (rc == SQLITE_CANTOPEN || rc == SQLITE_READONLY || rc == SQLITE_PERM)
    return open_immutable(path, busy_ms, db, err);
  return tome_db_fail(*db, path, err);
}
