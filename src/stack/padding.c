/* Padding: voxels outside the patient. Marked before the rescale, air after it, never part of a value. */
#include <math.h>
#include <string.h>

#include "stack/rescale.h"

enum { PART = 64 };

/* Sixty-four at a time: padding comes in stretches, so that few parts need a look at each voxel. What lies between lo and hi
 * becomes some value that does not; where there is no other, 0, since any will do. */
#define DEFINE_MARK(name, type)                                                                \
  static size_t count_##name(const type *v, size_t n, type lo, type hi) {                      \
    type count = 0; /* as wide as a voxel: the loop vectorises; n is at most PART */           \
    for (size_t i = 0; i < n; i++) count = (type)(count + (v[i] >= lo && v[i] <= hi ? 1 : 0)); \
    return (size_t)count;                                                                      \
  }                                                                                            \
  static size_t mark_##name(type *v, size_t n, type lo, type hi, uint8_t *bits) {              \
    size_t total = 0, first = 0;                                                               \
    while (first < n && v[first] >= lo && v[first] <= hi) first++;                             \
    const type other = first < n ? v[first] : 0;                                               \
    for (size_t begin = 0; begin < n; begin += PART) {                                         \
      const size_t m = n - begin < PART ? n - begin : PART;                                    \
      const size_t count = count_##name(v + begin, m, lo, hi);                                 \
      total += count;                                                                          \
      for (size_t i = begin; count && i < begin + m; i++) {                                    \
        const unsigned in = v[i] >= lo && v[i] <= hi ? 1 : 0;                                  \
        bits[i >> 3] = (uint8_t)(bits[i >> 3] | in << (i & 7));                                \
        v[i] = in ? other : v[i];                                                              \
      }                                                                                        \
    }                                                                                          \
    return total;                                                                              \
  }
DEFINE_MARK(u8, uint8_t)
DEFINE_MARK(i8, int8_t)
DEFINE_MARK(u16, uint16_t)
DEFINE_MARK(i16, int16_t)
DEFINE_MARK(u32, uint32_t)
DEFINE_MARK(i32, int32_t)
DEFINE_MARK(f32, float)
DEFINE_MARK(f64, double)

size_t tome_padding_mark(tome_dtype dtype, void *v, size_t n, double lo, double hi, uint8_t *bits) {
  if (dtype == TOME_F32) return mark_f32(v, n, (float)lo, (float)hi, bits);
  if (dtype == TOME_F64) return mark_f64(v, n, lo, hi, bits);
  double least, most;
  tome_dtype_range(dtype, &least, &most);
  lo = fmax(ceil(lo), least);
  hi = fmin(floor(hi), most);
  if (!(lo <= hi)) return 0;
  switch (dtype) {
    case TOME_U8:
      return mark_u8(v, n, (uint8_t)lo, (uint8_t)hi, bits);
    case TOME_I8:
      return mark_i8(v, n, (int8_t)lo, (int8_t)hi, bits);
    case TOME_U16:
      return mark_u16(v, n, (uint16_t)lo, (uint16_t)hi, bits);
    case TOME_I16:
      return mark_i16(v, n, (int16_t)lo, (int16_t)hi, bits);
    case TOME_U32:
      return mark_u32(v, n, (uint32_t)lo, (uint32_t)hi, bits);
    case TOME_I32:
      return mark_i32(v, n, (int32_t)lo, (int32_t)hi, bits);
    default:
      return 0; /* no file format pads 64-bit integers */
  }
}

static void merge_byte(uint8_t *mask, size_t byte, unsigned bits, bool shared) {
  if (!bits) return;
  if (shared)
    __atomic_fetch_or(&mask[byte], (uint8_t)bits, __ATOMIC_RELAXED);
  else
    mask[byte] = (uint8_t)(mask[byte] | bits);
}

void tome_padding_merge(uint8_t *mask, size_t first, const uint8_t *bits, size_t n) {
  if (n == 0) return;
  const unsigned shift = (unsigned)(first & 7);
  const size_t begin = first >> 3, end = (first + n - 1) >> 3; /* bytes that neighbours may write too */
  for (size_t i = 0; i < (n + 7) / 8; i++) {
    const unsigned wide = (unsigned)bits[i] << shift;
    const size_t byte = begin + i;
    merge_byte(mask, byte, wide & 0xFF, byte == begin || byte == end);
    if (wide >> 8) merge_byte(mask, byte + 1, wide >> 8, byte + 1 == end);
  }
}

static bool is_set(const uint8_t *bits, size_t i) { return bits[i >> 3] >> (i & 7) & 1; }

#define DEFINE_VOXELS(name, type, rounded)                                                                   \
  static void write_##name(type *v, size_t n, const uint8_t *bits, type value) {                             \
    for (size_t i = 0; i < n; i++) {                                                                         \
      if ((i & 7) == 0 && bits[i >> 3] == 0)                                                                 \
        i += 7;                                                                                              \
      else if (is_set(bits, i))                                                                              \
        v[i] = value;                                                                                        \
    }                                                                                                        \
  }                                                                                                          \
  static double smallest_##name(const type *v, size_t n, const uint8_t *bits) {                              \
    double least = INFINITY;                                                                                 \
    for (size_t i = 0; i < n; i++)                                                                           \
      if (!is_set(bits, i) && (double)v[i] < least) least = (double)v[i];                                    \
    return least;                                                                                            \
  }                                                                                                          \
  static void blend_##name(const type *a, const type *b, double w, type *out, size_t n) {                    \
    for (size_t i = 0; i < n; i++) out[i] = (type)rounded((double)a[i] + ((double)b[i] - (double)a[i]) * w); \
  }                                                                                                          \
  static void nearest_##name(const type *near, size_t n, const uint8_t *either, type *out) {                 \
    for (size_t i = 0; i < n; i++)                                                                           \
      if (is_set(either, i)) out[i] = near[i];                                                               \
  }
DEFINE_VOXELS(u8, uint8_t, rint)
DEFINE_VOXELS(i16, int16_t, rint)
DEFINE_VOXELS(f32, float, )

void tome_padding_write(tome_dtype dtype, void *voxels, size_t n, const uint8_t *bits, double value) {
  if (dtype == TOME_U8) write_u8(voxels, n, bits, (uint8_t)value);
  if (dtype == TOME_I16) write_i16(voxels, n, bits, (int16_t)value);
  if (dtype == TOME_F32) write_f32(voxels, n, bits, (float)value);
}

double tome_padding_smallest(tome_dtype dtype, const void *voxels, size_t n, const uint8_t *bits) {
  if (dtype == TOME_U8) return smallest_u8(voxels, n, bits);
  if (dtype == TOME_I16) return smallest_i16(voxels, n, bits);
  return smallest_f32(voxels, n, bits);
}

static size_t count_bits(const uint8_t *bits, size_t n) {
  size_t count = 0;
  for (size_t i = 0; i < (n + 7) / 8; i++) count += (size_t)__builtin_popcount(bits[i]);
  return count;
}

size_t tome_padding_blend(tome_dtype dtype, const void *a, const void *b, double w, uint8_t *bits_a,
                          const uint8_t *bits_b, void *out, size_t n) {
  const void *near = w <= 0.5 ? a : b;
  const size_t bytes = (n + 7) / 8;
  uint8_t any = 0;
  for (size_t i = 0; i < bytes; i++) any |= (uint8_t)(bits_a[i] | bits_b[i]);
  if (dtype == TOME_U8) blend_u8(a, b, w, out, n);
  if (dtype == TOME_I16) blend_i16(a, b, w, out, n);
  if (dtype == TOME_F32) blend_f32(a, b, w, out, n);
  if (!any) return 0;
  for (size_t i = 0; i < bytes; i++) { /* a byte's old bits_a are needed once more: take them along in `either` */
    const uint8_t either = bits_a[i] | bits_b[i];
    const size_t first = i * 8, m = n - first < 8 ? n - first : 8;
    if (dtype == TOME_U8) nearest_u8((const uint8_t *)near + first, m, &either, (uint8_t *)out + first);
    if (dtype == TOME_I16) nearest_i16((const int16_t *)near + first, m, &either, (int16_t *)out + first);
    if (dtype == TOME_F32) nearest_f32((const float *)near + first, m, &either, (float *)out + first);
    if (w > 0.5) bits_a[i] = bits_b[i];
  }
  return count_bits(bits_a, n);
}
