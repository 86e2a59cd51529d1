/* values.h - what `tome convert` may do to values on their way from one file to another. */
#ifndef TOME_APP_VALUES_H
#define TOME_APP_VALUES_H

#include "base/mem.h"
#include "base/threads.h"
#include "grid/grid.h"

typedef struct tome_value_pair {
  double from, to;
} tome_value_pair;

/* In this order: gray, threshold, remap, scale, window, dtype. Zero-initialise for "as they are". */
typedef struct tome_value_steps {
  bool gray;       /* colours to luma, as PIL's "L" */
  bool drop_alpha; /* whatever it says; one that is constant goes in any case where `may_drop_alpha` */
  bool threshold_on;
  double threshold; /* value >= threshold becomes 1, else 0 */
  const tome_value_pair *remap;
  size_t remap_count;
  double scale; /* 0: none */
  double level,
      width;        /* width > 0: lower = level - width/2 becomes 0, upper becomes 255 (integers' most; 1 for floats) */
  tome_dtype dtype; /* TOME_NONE: the type that follows: uint8 after threshold or window, else as it is */
  bool clamp;       /* what does not fit becomes the nearest value that does; else it is an error that names it */
} tome_value_steps;

/* "255=0,2=1". The pairs are malloc'd. */
TOME_MUST_USE bool tome_values_parse_remap(const char *text, tome_value_pair **out, size_t *count, tome_error *err);
/* Applies them, replacing the volume's voxels (and type, and channels). `name` is for messages. */
TOME_MUST_USE bool tome_values_apply(tome_volume *v, const tome_value_steps *s, const char *name, const tome_run *run,
                                     tome_error *err);
/* Into the narrowest of the types given that holds every value as it is (TOME_NONE ends the list); *fits is false where none does, and nothing is changed. */
TOME_MUST_USE bool tome_values_narrow(tome_volume *v, const tome_dtype *types, bool *fits, tome_error *err);
/* n elements of any type as doubles. */
void tome_values_to_double(tome_dtype t, const void *in, double *out, size_t n);

#endif
