/* Stored values into voxels. One loop an input type; the rest is choosing among them. */
#include "stack/rescale.h"

#include <math.h>

enum { BLOCK = 1024 }; /* values turned to double at a time: stays in the first-level cache */

bool tome_scale_is_identity(const tome_scale *s) { return s->slope == 1 && s->intercept == 0; }

/* A whole number that may be added in int16's modular arithmetic. */
static bool is_shift(const tome_scale *s) {
  return s->slope == 1 && s->intercept == rint(s->intercept) && fabs(s->intercept) < 1e6;
}

/* in[i] + add, with the range looked at on the way: the common CT (slope 1) at the speed of memory. */
#define DEFINE_SHIFT(name, type)                                                                    \
  static bool shift_##name(const type *restrict in, int16_t *restrict out, size_t n, int64_t add) { \
    const uint16_t low = (uint16_t)(uint64_t)add;                                                   \
    type least = in[0], most = in[0];                                                               \
    for (size_t i = 0; i < n; i++) {                                                                \
      least = in[i] < least ? in[i] : least;                                                        \
      most = in[i] > most ? in[i] : most;                                                           \
      out[i] = (int16_t)(uint16_t)((uint16_t)in[i] + low);                                          \
    }                                                                                               \
    return (int64_t)least + add >= INT16_MIN && (int64_t)most + add <= INT16_MAX;                   \
  }
DEFINE_SHIFT(u8, uint8_t)
DEFINE_SHIFT(i8, int8_t)
DEFINE_SHIFT(u16, uint16_t)
DEFINE_SHIFT(i16, int16_t)
DEFINE_SHIFT(u32, uint32_t)
DEFINE_SHIFT(i32, int32_t)

#define DEFINE_SCALE(name, from, to)                                                            \
  static void scale_##name(const from *in, to *out, size_t n, double slope, double intercept) { \
    for (size_t i = 0; i < n; i++) out[i] = (to)((double)in[i] * slope + intercept);            \
  }
#define DEFINE_SCALES(name, from)       \
  DEFINE_SCALE(name##_f32, from, float) \
  DEFINE_SCALE(name##_f64, from, double)
DEFINE_SCALES(u8, uint8_t)
DEFINE_SCALES(i8, int8_t)
DEFINE_SCALES(u16, uint16_t)
DEFINE_SCALES(i16, int16_t)
DEFINE_SCALES(u32, uint32_t)
DEFINE_SCALES(i32, int32_t)
DEFINE_SCALES(u64, uint64_t)
DEFINE_SCALES(i64, int64_t)
DEFINE_SCALES(f32, float)
DEFINE_SCALES(f64, double)

#define SCALE_BY_TYPE(to)                                 \
  switch (s->dtype) {                                     \
    case TOME_U8:                                         \
      scale_u8_##to(in, out, n, s->slope, s->intercept);  \
      break;                                              \
    case TOME_I8:                                         \
      scale_i8_##to(in, out, n, s->slope, s->intercept);  \
      break;                                              \
    case TOME_U16:                                        \
      scale_u16_##to(in, out, n, s->slope, s->intercept); \
      break;                                              \
    case TOME_I16:                                        \
      scale_i16_##to(in, out, n, s->slope, s->intercept); \
      break;                                              \
    case TOME_U32:                                        \
      scale_u32_##to(in, out, n, s->slope, s->intercept); \
      break;                                              \
    case TOME_I32:                                        \
      scale_i32_##to(in, out, n, s->slope, s->intercept); \
      break;                                              \
    case TOME_U64:                                        \
      scale_u64_##to(in, out, n, s->slope, s->intercept); \
      break;                                              \
    case TOME_I64:                                        \
      scale_i64_##to(in, out, n, s->slope, s->intercept); \
      break;                                              \
    case TOME_F32:                                        \
      scale_f32_##to(in, out, n, s->slope, s->intercept); \
      break;                                              \
    case TOME_F64:                                        \
      scale_f64_##to(in, out, n, s->slope, s->intercept); \
      break;                                              \
    case TOME_NONE:                                       \
      break;                                              \
  }

void tome_rescale_f32(const tome_scale *s, const void *in, float *out, size_t n) { SCALE_BY_TYPE(f32) }
void tome_rescale_f64(const tome_scale *s, const void *in, double *out, size_t n) { SCALE_BY_TYPE(f64) }

/* Clamped to int16 before the cast, which is undefined for what does not fit: what was clamped, had a fraction or is NaN
 * differs from what comes out. */
static bool narrow(const double *restrict v, int16_t *restrict out, size_t n) {
  int64_t bad = 0; /* as wide as a double: the loop vectorises */
  for (size_t i = 0; i < n; i++) {
    double c = v[i] > -32768.0 ? v[i] : -32768.0;
    c = c < 32767.0 ? c : 32767.0;
    const int t = (int)c;
    bad |= (double)t != v[i] ? 1 : 0;
    out[i] = (int16_t)t;
  }
  return !bad;
}

static const void *at(const void *in, tome_dtype t, size_t i) { return (const char *)in + i * tome_dtype_size(t); }

/* The general way, through double. */
static bool narrow_all(const tome_scale *s, const void *in, int16_t *out, size_t n) {
  double block[BLOCK];
  for (size_t i = 0; i < n; i += BLOCK) {
    const size_t m = n - i < BLOCK ? n - i : BLOCK;
    tome_rescale_f64(s, at(in, s->dtype, i), block, m);
    if (!narrow(block, out + i, m)) return false;
  }
  return true;
}

bool tome_rescale_i16(const tome_scale *s, const void *in, int16_t *out, size_t n) {
  if (n == 0) return true;
  const int64_t add = is_shift(s) ? (int64_t)s->intercept : 0;
  if (is_shift(s)) switch (s->dtype) {
      case TOME_U8:
        return shift_u8(in, out, n, add);
      case TOME_I8:
        return shift_i8(in, out, n, add);
      case TOME_U16:
        return shift_u16(in, out, n, add);
      case TOME_I16:
        return shift_i16(in, out, n, add);
      case TOME_U32:
        return shift_u32(in, out, n, add);
      case TOME_I32:
        return shift_i32(in, out, n, add);
      default:
        break;
    }
  return narrow_all(s, in, out, n);
}

bool tome_rescale_fits_i16(const tome_scale *s, const int16_t *in, size_t n) {
  int16_t scrap[BLOCK];
  for (size_t i = 0; i < n; i += BLOCK)
    if (!tome_rescale_i16(s, in + i, scrap, n - i < BLOCK ? n - i : BLOCK)) return false;
  return true;
}

void tome_rescale_i16_in_place(const tome_scale *s, int16_t *values, size_t n) {
  double block[BLOCK];
  for (size_t i = 0; i < n; i += BLOCK) {
    const size_t m = n - i < BLOCK ? n - i : BLOCK;
    tome_rescale_f64(s, values + i, block, m);
    for (size_t k = 0; k < m; k++) values[i + k] = (int16_t)block[k];
  }
}
