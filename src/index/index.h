/*
 * index.h - the only place that sees <sqlite3.h>: the derived index of a store, one row a case and many beside it.
 * Schema and how to ask: schema/index/ (embedded at build).
 *
 * One tome_index is for one thread at a time, and not to be carried across fork() (SQLite's rule): open another.
 * Any number of processes may have the index open; writers take turns, waiting up to 30 s.
 * Failures of SQLite come as TOME_IO (busy, full, not writable), TOME_CORRUPT (damaged, or no index at all) or
 * TOME_USAGE (a record that contradicts itself), with the index's path and SQLite's own words.
 */
#ifndef TOME_INDEX_H
#define TOME_INDEX_H

#include "record/record.h"

typedef struct tome_index tome_index;

/* Opens (and where `create`, makes) the index; brings an older one up to date (PRAGMA user_version) in one transaction.
 * TOME_NOT_FOUND where there is none and `create` is false; TOME_UNSUPPORTED where a newer tome made it;
 * TOME_CORRUPT where the file is no index. Safe while other processes open, make or migrate the same one. */
TOME_MUST_USE tome_index *tome_index_open(const char *path, bool create, tome_error *err);
void tome_index_close(tome_index *ix); /* rolls back what was begun; NULL is fine */

/* Puts a case in, replacing the one of its id: all of it or nothing. A transaction of its own, unless begun. */
TOME_MUST_USE bool tome_index_put(tome_index *ix, const tome_record *r, tome_error *err);
/* Many puts and removals in one transaction (reindex). A put that fails inside leaves the others. */
TOME_MUST_USE bool tome_index_begin(tome_index *ix, tome_error *err);
TOME_MUST_USE bool tome_index_commit(tome_index *ix, tome_error *err); /* rolled back where it fails */
void tome_index_rollback(tome_index *ix);                              /* nothing where nothing was begun */
TOME_MUST_USE bool tome_index_remove(tome_index *ix, const char *id, tome_error *err); /* TOME_NOT_FOUND where absent */
/* Removes every case. Refusals stay: they are known nowhere else. */
TOME_MUST_USE bool tome_index_clear(tome_index *ix, tome_error *err);

/* Refusals: a problem that belongs to a source, not to a case in the store. `key` names it (one row a key): a second
 * refusal of the key replaces the first. `id` (NULL or "": none) is what the case would have been called. */
TOME_MUST_USE bool tome_index_refuse(tome_index *ix, const char *key, const char *id, const char *path,
                                     const char *code, const char *text, tome_error *err);
/* Takes it back; true also where there was none. */
TOME_MUST_USE bool tome_index_unrefuse(tome_index *ix, const char *key, tome_error *err);

/* The id of a case with this source hash / this voxel hash (and another id: `other_than` may be NULL) / near this id
 * (Levenshtein, or the only one that contains it); "" where none. Written to `id` of `size` bytes; TOME_USAGE where
 * it does not fit. */
TOME_MUST_USE bool tome_index_by_source(tome_index *ix, const char *source_hash, char *id, size_t size,
                                        tome_error *err);
/* Of the same DICOM series, but with other voxels and from elsewhere: not one of the volumes (`input`, `input`.1 …) that came with r. */
TOME_MUST_USE bool tome_index_by_series(tome_index *ix, const tome_record *r, const char *input, char *id, size_t size,
                                        tome_error *err);
TOME_MUST_USE bool tome_index_by_voxels(tome_index *ix, const char *voxel_hash, const char *other_than, char *id,
                                        size_t size, tome_error *err);
TOME_MUST_USE bool tome_index_nearest(tome_index *ix, const char *id, char *near, size_t size, tome_error *err);

/* tome_query of tome.h, on a connection of its own: read-only, authorizer, one statement, time limit (seconds <= 0:
 * 30). Works on read-only media. TOME_USAGE with SQLite's words (and a near miss of a misspelt column or table) where
 * the SQL is wrong, TOME_CANCELLED when the time is up. A blob comes as the text "<1234 bytes>". */
TOME_MUST_USE bool tome_index_query(const char *path, const char *sql, const char *const *params, size_t param_count,
                                    double seconds, tome_row_fn row, void *user, tome_error *err);

/* Sums the histograms of labels over all cases into `sum` (in `arena`): of every label (NULL), else of those with
 * this name or kind (a word such as "tumour" stands for its kind where nothing bears it as a name). *cases counts the
 * cases that have any. None: a sum of 0 bins, 0 cases. Exact for integer images. The bins of float images (4096 a
 * case) are put into integer bins by their centres; where all values span less than 4096, into 4096 equal ones. A
 * voxel in two label maps counts twice. */
TOME_MUST_USE bool tome_index_foreground(tome_index *ix, const char *label, tome_arena *arena, tome_histogram *sum,
                                         uint64_t *cases, tome_error *err);

#endif
