/* points_class.h - what points.c and points_class.c share: a case's classes, as sets of label values of the result. */
#ifndef TOME_APP_POINTS_CLASS_H
#define TOME_APP_POINTS_CLASS_H

#include "app/lattice.h"
#include "app/points.h"

/* A value of one label map of the result; 0: any value > 0. */
typedef struct class_part {
  size_t output;
  int32_t value;
} class_part;

/* A box of the result that holds at most `bound` voxels of a class; `before`: the bounds of the blocks before it. */
typedef struct class_block {
  tome_box box;
  uint64_t bound, before;
  int64_t found; /* how many there are; -1: not counted yet */
} class_block;

typedef struct class_of_voxels {
  const char *name;
  class_part *parts;
  size_t count, cap;
  class_block *blocks; /* NULL until it is first asked for */
  size_t block_count;
  uint64_t total; /* the blocks' bounds */
} class_of_voxels;

struct tome_points {
  tome_course *course;
  const char *label;
  const tome_run *run;
  size_t *maps; /* outputs that are label maps and may be looked at */
  size_t map_count;
  class_of_voxels *classes;
  size_t class_count, class_cap;
  bool has_lattice; /* blocks are those of chunks; else slabs of the whole label result, which is kept */
  tome_lattice lattice;
  tome_volume *whole;                /* an output each; data NULL where not computed */
  uint64_t *background, backgrounds; /* voxels of it a slab, once somebody had to count; SLAB slices each */
  float *values;                     /* room for a block: the image or label being looked at, … */
  uint8_t *hits;                     /* … whether a voxel is of the class */
  void *raw;                         /* … and the voxels as they come */
  size_t room;                       /* voxels that these hold */
  tome_arena arena;
};

/* The value that a stored label value has in an output, where no other label lies there; 0: dropped. */
int32_t tome_points_value(const tome_node *output, const char *map, int32_t value);
/* Is label value `value` of stored map `map` among what the class counts? */
bool tome_points_counts(const tome_points *p, const class_of_voxels *c, const char *map, int32_t value);

#endif
