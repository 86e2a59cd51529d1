/* components.h - 26-connected components of a label map by union-find over runs. A slab keeps the runs of its first
 * and its latest slice only; components that end between the two are counted and forgotten, so that memory goes with
 * the runs of two slices. Slabs are worked on apart, and joined at the end. */
#ifndef TOME_STATS_COMPONENTS_H
#define TOME_STATS_COMPONENTS_H

#include "base/mem.h"

/* A run of one label value in a row, and the component it belongs to. */
typedef struct tome_strip {
  uint32_t lo, hi; /* lo <= x < hi */
  uint32_t value, part;
} tome_strip;

typedef struct tome_strip_row {
  uint32_t y, first; /* its first strip; its last is the one before the next row's first */
} tome_strip_row;

/* One slice; rows without strips are not in it. */
typedef struct tome_layer {
  tome_strip_row *rows;
  tome_strip *strips;
  size_t row_count, row_cap, strip_count, strip_cap;
} tome_layer;

/* A component, or a part of one: parent leads towards the root, which is its own parent and has the voxel count. */
typedef struct tome_part {
  uint32_t parent, value;
  uint64_t voxels;
} tome_part;

/* What is known of the finished components of one value. */
typedef struct tome_component_tally {
  uint64_t count, largest;
} tome_component_tally;

typedef struct tome_slab {
  tome_layer first, last, next; /* next: the slice that is being read */
  bool has_first;
  tome_part *parts;
  size_t part_count, part_cap, compact_at;
} tome_slab;

void tome_slab_clear(tome_slab *s);
/* Slices in rising z, rows in rising y, strips in rising x; strips of one value in one row never touch.
 * tome_slab_slice_end closes a slice, also one without strips. `tallies`, by label value, gets the components that
 * can grow no further. */
TOME_MUST_USE bool tome_slab_strip(tome_slab *s, uint32_t y, size_t lo, size_t hi, uint32_t value, tome_error *err);
TOME_MUST_USE bool tome_slab_slice_end(tome_slab *s, tome_component_tally *tallies, tome_error *err);
/* After its last slice: lets go of what joining does not need. */
TOME_MUST_USE bool tome_slab_end(tome_slab *s, tome_component_tally *tallies, tome_error *err);
/* Joins slabs that lie on each other in rising z, and tallies the rest. The slabs are used up. */
TOME_MUST_USE bool tome_slabs_join(tome_slab *slabs, size_t count, tome_component_tally *tallies, tome_error *err);

#endif
