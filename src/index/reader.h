/* reader.h - opening the index for reading only, also on read-only media. */
#ifndef TOME_INDEX_READER_H
#define TOME_INDEX_READER_H

#include "index/db.h"

/* `path` must not begin with "file:" (see tome_plain_path). *db may be set on failure too: sqlite3_close it in any
 * case. */
TOME_MUST_USE bool tome_reader_open(const char *path, int busy_ms, sqlite3 **db, tome_error *err);

/* SQLite takes a name that begins "file:" for a URI; "./file:…" is that file. free() it. */
TOME_MUST_USE char *tome_plain_path(const char *path, tome_error *err);

/* Refuses files that are SQLite's but not ours, and those of a newer build. *version gets the edition: 0 for an empty
 * file. */
TOME_MUST_USE bool tome_check_edition(sqlite3 *db, const char *path, int64_t *version, tome_error *err);

#endif
