/*
 * array_file.h - an HDF5 file with one plain array for other people's programs: what `tome convert` and `tome archive` write.
 *
 * The first axis is rows (slices, pictures), a chunk each. Rows may be put from several threads, in any order; nothing of them stays in memory.
 */
#ifndef TOME_STORE_ARRAY_FILE_H
#define TOME_STORE_ARRAY_FILE_H

#include "base/mem.h"
#include "grid/grid.h"

typedef struct tome_array_spec {
  const char *name; /* "image", "a/b/image"; a leading '/' counts for nothing */
  tome_dtype dtype;
  int dims; /* 2 to 5 */
  int64_t shape[5];
  bool whole; /* one row is the whole array: one chunk */
  int level;  /* 0: not compressed; 1 to 9: shuffle and deflate */
  bool checksum;
  bool soon;                     /* an fsync is to follow: writing to disk begins at once */
  const tome_geometry *geometry; /* attributes spacing, origin, direction, affine (schema/store.md); NULL: none */
  const char *units;             /* attribute; NULL or "": none */
  bool add;                      /* to the data sets of the file that is there; else the file is begun anew */
  bool replace;                  /* in place of what has that name already; else that is TOME_EXISTS */
} tome_array_spec;

typedef struct tome_array_file tome_array_file;
/* Begins the file `path` (a draft). */
TOME_MUST_USE tome_array_file *tome_array_file_new(const char *path, const tome_array_spec *spec, tome_error *err);
/* One row: exactly its bytes, C order, native byte order. */
TOME_MUST_USE bool tome_array_file_put(tome_array_file *f, int64_t row, const void *data, tome_error *err);
/* Flushes and closes; the caller fsyncs and renames. Frees f in any case. */
TOME_MUST_USE bool tome_array_file_finish(tome_array_file *f, tome_error *err);
void tome_array_file_free(tome_array_file *f); /* abandons; NULL is fine */

#endif
