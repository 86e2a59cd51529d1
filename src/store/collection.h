/*
 * collection.h - archives of results: an HDF5 file with a group an item, or with one row an item. Layout: schema/results.md.
 *
 * Voxels go through the same chunks and encoder as case files'. Nothing of an item stays in memory once it is put (but its row of facts,
 * in a stacked archive). Any number of threads may put items into one archive at the same time.
 */
#ifndef TOME_STORE_COLLECTION_H
#define TOME_STORE_COLLECTION_H

#include "record/record.h"

typedef struct tome_collection_volume {
  const char *path; /* "image", "labels/liver" */
  tome_dtype dtype;
  const void *voxels; /* packed, of the item's grid */
} tome_collection_volume;

/* A text, or `count` numbers (count 0: a scalar). */
typedef struct tome_collection_fact {
  const char *name, *text;
  const double *many;
  size_t count;
} tome_collection_fact;

typedef struct tome_collection_item {
  const char *group; /* "volume-3", "volume-3/7" */
  const char *id;
  int64_t n;
  int64_t row; /* stacked: which row, from 1; 0: the next */
  const char *units, *key, *voxel_hash;
  const tome_geometry *geometry;
  const tome_collection_volume *volumes;
  size_t volume_count;
  const tome_collection_fact *facts; /* attributes of the group; fields of the row */
  size_t fact_count;
} tome_collection_item;

typedef struct tome_collection tome_collection;
/* Begins an archive in `path` (a draft). */
TOME_MUST_USE tome_collection *tome_collection_new(const char *path, bool stacked, tome_error *err);
void tome_collection_free(tome_collection *r); /* abandons; NULL is fine */
/* Attributes of the root, texts only: recipe, recipe_hash … Once. */
TOME_MUST_USE bool tome_collection_texts(tome_collection *r, const tome_collection_fact *texts, size_t count,
                                         tome_error *err);
/* Stacked: all items must have the volumes, types, shape and facts of the first (TOME_USAGE). */
TOME_MUST_USE bool tome_collection_put(tome_collection *r, const tome_collection_item *item, const tome_run *run,
                                       tome_error *err);
/* True after a write that failed: nothing more can be put. */
bool tome_collection_broken(const tome_collection *r);
uint64_t tome_collection_count(const tome_collection *r); /* items put */
/* Writes the rows, flushes, closes. The caller fsyncs and renames. Frees r in any case. */
TOME_MUST_USE bool tome_collection_finish(tome_collection *r, tome_error *err);

/* ---- an archive that is there already ---- */
typedef struct tome_collection_past tome_collection_past;
/* NULL with TOME_EXISTS where the file is no archive of that layout that Tome made. */
TOME_MUST_USE tome_collection_past *tome_collection_past_open(const char *path, bool stacked, tome_error *err);
void tome_collection_past_close(tome_collection_past *p);
/* The key of a group; "" where there is none of that name. */
void tome_collection_past_key(tome_collection_past *p, const char *group, char key[33]);
/* Stacked: whether a row has that key. */
bool tome_collection_past_row(const tome_collection_past *p, const char *key);
/* Copies every group that the new archive does not have, chunks as they are. */
TOME_MUST_USE bool tome_collection_keep(tome_collection *r, tome_collection_past *p, tome_error *err);

#endif
