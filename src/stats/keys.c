/* The inner loops over a stretch of voxels, one for each element type. They are short and plain so that compilers
 * vectorise them. */
#include "stats/keys.h"

#include <math.h>

void tome_range_add(tome_range *r, const tome_range *more) {
  if (more->count == 0) return;
  if (r->count == 0 || more->lo < r->lo) r->lo = more->lo;
  if (r->count == 0 || more->hi > r->hi) r->hi = more->hi;
  r->count += more->count;
}

/* An integer above a real threshold is one above its floor, as far as the type reaches. */
static int32_t floor_to_int(double threshold) {
  if (!(threshold > -1e6)) return -1000000;
  return threshold < 1e6 ? (int32_t)floor(threshold) : 1000000;
}

#define INTEGER_LOOPS(suffix, type)                                                               \
  static void range_##suffix(const void *voxels, size_t at, size_t n, tome_range *r) {            \
    if (n == 0) return;                                                                           \
    const type *v = (const type *)voxels + at;                                                    \
    type lo = v[0], hi = v[0];                                                                    \
    for (size_t i = 1; i < n; i++) {                                                              \
      lo = v[i] < lo ? v[i] : lo;                                                                 \
      hi = v[i] > hi ? v[i] : hi;                                                                 \
    }                                                                                             \
    tome_range_add(r, &(tome_range){.count = n, .lo = lo, .hi = hi});                             \
  }                                                                                               \
  static void count_##suffix(const void *voxels, size_t at, size_t n, int32_t lo, uint64_t *to) { \
    const type *v = (const type *)voxels + at;                                                    \
    for (size_t i = 0; i < n; i++) to[v[i] - lo]++;                                               \
  }                                                                                               \
  static uint64_t above_##suffix(const void *voxels, size_t at, size_t n, double threshold) {     \
    const type *v = (const type *)voxels + at;                                                    \
    const int32_t most = floor_to_int(threshold);                                                 \
    uint64_t above = 0;                                                                           \
    for (size_t i = 0; i < n; i++) above += v[i] > most;                                          \
    return above;                                                                                 \
  }

INTEGER_LOOPS(u8, uint8_t)
INTEGER_LOOPS(i8, int8_t)
INTEGER_LOOPS(u16, uint16_t)
INTEGER_LOOPS(i16, int16_t)

static void range_f32(const void *voxels, size_t at, size_t n, tome_range *r) {
  const float *v = (const float *)voxels + at;
  int32_t lo = INT32_MAX, hi = INT32_MIN;
  uint64_t count = 0;
  for (size_t i = 0; i < n; i++) {
    const int32_t key = tome_key_of_float(v[i]);
    const bool finite = tome_key_is_finite(key);
    count += finite;
    lo = finite && key < lo ? key : lo;
    hi = finite && key > hi ? key : hi;
  }
  tome_range_add(r, &(tome_range){.count = count, .lo = lo, .hi = hi});
}

static uint64_t above_f32(const void *voxels, size_t at, size_t n, double threshold) {
  const float *v = (const float *)voxels + at;
  uint64_t above = 0;
  for (size_t i = 0; i < n; i++) above += (double)v[i] > threshold;
  return above;
}

typedef struct loops {
  tome_range_fn range;
  tome_count_fn count;
  tome_above_fn above;
} loops;

static loops loops_of(tome_dtype dtype) {
  switch (dtype) {
    case TOME_U8:
      return (loops){range_u8, count_u8, above_u8};
    case TOME_I8:
      return (loops){range_i8, count_i8, above_i8};
    case TOME_U16:
      return (loops){range_u16, count_u16, above_u16};
    case TOME_I16:
      return (loops){range_i16, count_i16, above_i16};
    case TOME_F32:
      return (loops){range_f32, NULL, above_f32};
    default:
      return (loops){NULL, NULL, NULL};
  }
}

tome_range_fn tome_range_of(tome_dtype dtype) { return loops_of(dtype).range; }
tome_count_fn tome_counter_of(tome_dtype dtype) { return loops_of(dtype).count; }
tome_above_fn tome_above_of(tome_dtype dtype) { return loops_of(dtype).above; }
