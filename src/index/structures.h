/* structures.h - all labels of one kind in one case taken together. */
#ifndef TOME_INDEX_STRUCTURES_H
#define TOME_INDEX_STRUCTURES_H

#include "index/db.h"

typedef struct tome_structure {
  char kind[TOME_KIND_TEXT];
  uint64_t labels, voxels;
  double ml;
  int64_t z_first, z_last;        /* meaningless where voxels == 0 */
  tome_intensity hu;              /* percentiles NaN where several labels of a float image make it up */
  tome_window percentile, minmax; /* NaN where unknown */
  uint64_t components, largest;
} tome_structure;

/* Of one record, in the order of first appearance. of_label[i] is the structure that record->labels[i] went into. */
typedef struct tome_structures {
  tome_structure *items;
  size_t *of_label;
  size_t count;
  tome_arena arena;
} tome_structures;

/* `out` zeroed; clear it in any case. */
TOME_MUST_USE bool tome_structures_of(const tome_record *r, tome_structures *out, tome_error *err);
void tome_structures_clear(tome_structures *s);

#endif
