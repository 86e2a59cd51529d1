/* collection_inside.h - what the files of a result archive share: collection.c (groups, the file), collection_rows.c (stacked), collection_past.c (an archive there already). */
#ifndef TOME_STORE_COLLECTION_INSIDE_H
#define TOME_STORE_COLLECTION_INSIDE_H

#include <pthread.h>

#include "store/case_file.h"
#include "store/collection.h"

typedef struct tome_collection_row {
  const char *id;
  int64_t n;
  char key[33], voxel_hash[33];
  double spacing[3], origin[3], direction[3][3];
  const tome_collection_fact *facts;
} tome_collection_row;

/* One stacked data set: "image" or a label map, a chunk a row. */
typedef struct tome_collection_set {
  const char *path;
  tome_dtype dtype;
  tome_pipeline pipeline;
  hid_t id;
} tome_collection_set;

struct tome_collection {
  const char *path;
  hid_t file;
  int failed; /* errno of the first write that failed (sink.h) */
  bool stacked;
  pthread_mutex_t lock; /* guards what follows; taken before HDF5's, never after */
  uint64_t count;
  tome_collection_set *sets;
  size_t set_count;
  int64_t shape[3];
  tome_collection_row *rows;
  size_t row_count, row_cap, fact_count;
  size_t next_row;
  tome_arena arena;
};

TOME_MUST_USE bool tome_collection_sound(const tome_collection *r, tome_error *err);
/* Groups for an item's label maps, and for its channels where it has several. HDF5's lock held. */
TOME_MUST_USE bool tome_collection_folders(hid_t at, const tome_collection_item *item, tome_error *err);
/* ---- collection_rows.c --- */
TOME_MUST_USE bool tome_collection_put_row(tome_collection *r, const tome_collection_item *item, tome_error *err);
TOME_MUST_USE bool tome_collection_put_rows(tome_collection *r,
                                            tome_error *err); /* the table, at the end; HDF5's lock held */
void tome_collection_close_sets(tome_collection *r);          /* HDF5's lock held */

#endif
