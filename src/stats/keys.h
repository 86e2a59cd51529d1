/* keys.h - voxels of any type as 32-bit integers that sort as the values do: the value itself for integer types, the
 * reordered bits for float ones. Ranges and exact percentiles are found on keys. */
#ifndef TOME_STATS_KEYS_H
#define TOME_STATS_KEYS_H

#include <string.h>

#include "grid/grid.h"

static inline int32_t tome_key_of_float(float v) {
  uint32_t bits;
  memcpy(&bits, &v, sizeof bits);
  return (int32_t)(bits ^ (0x7fffffffu & (0u - (bits >> 31)))); /* negative floats fall as their bits rise */
}

static inline double tome_float_of_key(int32_t key) {
  const uint32_t bits = (uint32_t)key ^ (0x7fffffffu & (0u - ((uint32_t)key >> 31)));
  float v;
  memcpy(&v, &bits, sizeof v);
  return (double)v + 0.0; /* -0 becomes 0 */
}

/* NaN and infinities have no place among the values. */
static inline bool tome_key_is_finite(int32_t key) { return key < 0x7f800000 && key > (int32_t)-0x7f800001; }

/* Of how many values, from which key to which. lo and hi mean nothing where count is 0. */
typedef struct tome_range {
  uint64_t count;
  int32_t lo, hi;
} tome_range;

void tome_range_add(tome_range *r, const tome_range *more);

/* Adds voxels [at, at+n) of `voxels` to *r, leaving out what is not finite. */
typedef void (*tome_range_fn)(const void *voxels, size_t at, size_t n, tome_range *r);

/* NULL for types that are not measured: only 8- and 16-bit integers and TOME_F32 are. */
tome_range_fn tome_range_of(tome_dtype dtype);

/* counts[voxel - lo]++ for voxels [at, at+n), all of which `counts` has room for. Integer types only. */
typedef void (*tome_count_fn)(const void *voxels, size_t at, size_t n, int32_t lo, uint64_t *counts);
tome_count_fn tome_counter_of(tome_dtype dtype);

/* Voxels of [at, at+n) above `threshold`. NULL as tome_range_of. */
typedef uint64_t (*tome_above_fn)(const void *voxels, size_t at, size_t n, double threshold);
tome_above_fn tome_above_of(tome_dtype dtype);

#endif
