/*
 * label_chunks.h - where label values lie, chunk by chunk: counted where a label map is cut into chunks, kept in the case file, used
 * to draw label voxels without reading the whole map.
 */
#ifndef TOME_RECORD_LABEL_CHUNKS_H
#define TOME_RECORD_LABEL_CHUNKS_H

#include "record/record.h"

/* How often each value occurs: for one chunk at a time. 640 KB; zero-initialise (tome_alloc_zero), free with free(). */
typedef struct tome_value_counts {
  uint32_t count[65536];
  uint16_t seen[65536]; /* the values that have occurred, in no order */
  size_t seen_count;
} tome_value_counts;
/* Counts the values > 0 among `n` voxels in a line, TOME_U8 or TOME_U16. */
void tome_value_counts_add(tome_value_counts *c, tome_dtype dtype, const void *voxels, size_t n);
/* Forgets them all; costs no more than there were. */
void tome_value_counts_clear(tome_value_counts *c);

/* One value in one chunk of a label map. */
typedef struct tome_value_chunk {
  uint32_t map; /* which map, from 0 */
  uint32_t value, chunk, voxels;
} tome_value_chunk;
/* By map, value, chunk: qsort-ready. */
int tome_value_chunk_compare(const void *a, const void *b);

/* Fills record->label_chunks (in its arena) from rows sorted as above; `maps[i]` is the name of map i. Values that the record has no label for are left
 * out. */
TOME_MUST_USE bool tome_record_label_chunks(tome_record *r, const char *const *maps, const tome_value_chunk *rows,
                                            size_t count, tome_error *err);
/* True where record->label_chunks accounts for every voxel of every label. Files of older versions have none. */
bool tome_record_knows_chunks(const tome_record *r);

#endif
