/* Plain loops over contiguous floats. Where the compiler can, each is built twice, for AVX2 and for any processor, and chosen when the program
 * starts; AVX2 alone brings no fused multiply-add, so both give the same bits. */
#include "ops/kernel_rows.h"

#include <math.h>
#include <string.h>

/* clang 14 has no target_clones, and the sanitizers' start-up does not bear functions chosen by the loader. */
#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && defined(__gnu_linux__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define WIDE __attribute__((target_clones("avx2", "default")))
#else
#define WIDE
#endif
#define INLINE static inline __attribute__((always_inline))

typedef float four __attribute__((vector_size(16)));
typedef double four_wide __attribute__((vector_size(32)));

/* ---- one or two samples an output ------------------------------------------------------------------------- */

WIDE void tome_rows_blend(float *restrict dst, const float *a, const float *b, const float *weight, size_t width) {
  const float wa = weight[0], wb = weight[1];
  for (size_t j = 0; j < width; j++) dst[j] = wa * a[j] + wb * b[j];
}

WIDE void tome_rows_pick(float *restrict dst, const float *row, const int32_t *tap, const float *weight, int taps,
                         size_t count) {
  if (taps == 1)
    for (size_t i = 0; i < count; i++) dst[i] = row[tap[i]];
  else
    for (size_t i = 0; i < count; i++)
      dst[i] = weight[2 * i] * row[tap[2 * i]] + weight[2 * i + 1] * row[tap[2 * i + 1]];
}

/* ---- sums of rows --------------------------------------------------------------------------------------- */

INLINE void sum3(float *restrict dst, const double *const *row, const double *w, size_t n) {
  const double *a = row[0], *b = row[1], *c = row[2], wa = w[0], wb = w[1], wc = w[2];
  for (size_t j = 0; j < n; j++) dst[j] = (float)(wa * a[j] + wb * b[j] + wc * c[j]);
}

INLINE void sum4(float *restrict dst, const double *const *row, const double *w, size_t n) {
  const double *a = row[0], *b = row[1], *c = row[2], *d = row[3], wa = w[0], wb = w[1], wc = w[2], wd = w[3];
  for (size_t j = 0; j < n; j++) dst[j] = (float)((wa * a[j] + wb * b[j]) + (wc * c[j] + wd * d[j]));
}

INLINE void sum_any(float *restrict dst, const double *const *row, const double *w, int count, size_t n) {
  for (size_t j = 0; j < n; j++) {
    double sum = 0;
    for (int k = 0; k < count; k++) sum += w[k] * row[k][j];
    dst[j] = (float)sum;
  }
}

WIDE void tome_rows_sums(float *dst, size_t stride, const double *block, size_t width, const int32_t *tap,
                         const double *weight, int taps, size_t count) {
  const double *row[8];
  for (size_t i = 0; i < count; i++, tap += taps, weight += taps) {
    for (int k = 0; k < taps; k++) row[k] = block + (size_t)tap[k] * width;
    if (taps == 4)
      sum4(dst + i * stride, row, weight, width);
    else if (taps == 3)
      sum3(dst + i * stride, row, weight, width);
    else
      sum_any(dst + i * stride, row, weight, taps, width);
  }
}

WIDE void tome_rows_sum(double *restrict dst, const double *const *row, const double *weight, int count, size_t width) {
  for (size_t j = 0; j < width; j++) dst[j] = weight[0] * row[0][j];
  for (int k = 1; k < count; k++) {
    const double *from = row[k], w = weight[k];
    for (size_t j = 0; j < width; j++) dst[j] += w * from[j];
  }
}

/* ---- recursions ----------------------------------------------------------------------------------------- */

/* Some columns at a time, so that the whole recursion stays in registers: `value` is the recursion itself, `own` what it would be had it begun with
 * its segment, `past` what that came to at the ends of the segments before. All sizes are constants where this is built. */
enum { ABREAST = 4 };
typedef struct running {
  four_wide value[ABREAST], own[ABREAST], past[TOME_MEMORY_MOST][ABREAST];
} running;

/* Into the next segment: the value there begins with what the remembered ones left. */
INLINE void carry(running *s, double across, int memory, int vectors) {
  for (int v = 0; v < vectors; v++) {
    four_wide old = {0};
    for (int m = TOME_MEMORY_MOST - 1; m-- > 0;)
      if (m < memory - 1) old = across * (s->past[m][v] + old);
    s->value[v] = s->own[v] + old;
    for (int m = TOME_MEMORY_MOST - 1; m > 0; m--) s->past[m][v] = s->past[m - 1][v];
    s->past[0][v] = s->own[v];
    s->own[v] = (four_wide){0};
  }
}

/* `bytes` of a vector are columns: 32, or 8 where the last few go one by one. */
INLINE void down(double *row, size_t width, const tome_segments *g, int memory, int vectors, size_t bytes) {
  running s = {0};
  const double z = g->pole, across = g->across;
  const size_t rows = g->rows, last = g->last;
  size_t r = 0, end = g->first;
  for (;;) {
    for (; r < end; r++, row += width) {
      for (int v = 0; v < vectors; v++) {
        four_wide x = {0};
        memcpy(&x, row + 4 * v, bytes);
        s.own[v] = x + z * s.own[v];
        x += z * s.value[v];
        s.value[v] = x;
        memcpy(row + 4 * v, &x, bytes);
      }
    }
    if (r == rows) return;
    carry(&s, across, memory, vectors);
    end = r < last ? r + TOME_SEGMENT : rows;
  }
}

INLINE void up(double *block, size_t width, const tome_segments *g, int memory, int vectors, size_t bytes) {
  running s = {0};
  const double z = g->pole, across = g->across;
  const size_t first = g->first;
  size_t r = g->rows - 1, begin = g->last;
  double *row = block + r * width;
  for (int v = 0; v < vectors; v++) {
    four_wide x = {0};
    memcpy(&x, row + 4 * v, bytes);
    s.own[v] = s.value[v] = x;
  }
  for (;;) {
    for (; r > begin; r--) {
      row -= width;
      for (int v = 0; v < vectors; v++) {
        four_wide x = {0};
        memcpy(&x, row + 4 * v, bytes);
        s.own[v] = z * (s.own[v] - x);
        x = z * (s.value[v] - x);
        s.value[v] = x;
        memcpy(row + 4 * v, &x, bytes);
      }
    }
    if (r == 0) return;
    carry(&s, across, memory, vectors);
    begin = r > first ? r - TOME_SEGMENT : 0;
  }
}

#define RECURSION(way, memory)                                                                        \
  WIDE static void way##_##memory(double *block, size_t width, const tome_segments *g) {              \
    size_t j = 0;                                                                                     \
    for (; j + 4 * ABREAST <= width; j += 4 * ABREAST) way(block + j, width, g, memory, ABREAST, 32); \
    for (; j + 4 <= width; j += 4) way(block + j, width, g, memory, 1, 32);                           \
    for (; j < width; j++) way(block + j, width, g, memory, 1, 8);                                    \
  }
RECURSION(down, 1)
RECURSION(down, 2)
RECURSION(down, 3)
RECURSION(up, 1)
RECURSION(up, 2)
RECURSION(up, 3)

void tome_rows_forward(double *block, size_t width, const tome_segments *g) {
  static void (*const ways[TOME_MEMORY_MOST])(double *, size_t, const tome_segments *) = {down_1, down_2, down_3};
  ways[g->memory - 1](block, width, g);
}

void tome_rows_backward(double *block, size_t width, const tome_segments *g) {
  static void (*const ways[TOME_MEMORY_MOST])(double *, size_t, const tome_segments *) = {up_1, up_2, up_3};
  ways[g->memory - 1](block, width, g);
}

/* ---- transposes, four by four ---------------------------------------------------------------------------- */

INLINE void turn4(four out[4], const float *src, size_t stride) {
  four a, b, c, d;
  memcpy(&a, src, sizeof a);
  memcpy(&b, src + stride, sizeof b);
  memcpy(&c, src + 2 * stride, sizeof c);
  memcpy(&d, src + 3 * stride, sizeof d);
  const four ab = __builtin_shufflevector(a, b, 0, 4, 1, 5), AB = __builtin_shufflevector(a, b, 2, 6, 3, 7);
  const four cd = __builtin_shufflevector(c, d, 0, 4, 1, 5), CD = __builtin_shufflevector(c, d, 2, 6, 3, 7);
  out[0] = __builtin_shufflevector(ab, cd, 0, 1, 4, 5);
  out[1] = __builtin_shufflevector(ab, cd, 2, 3, 6, 7);
  out[2] = __builtin_shufflevector(AB, CD, 0, 1, 4, 5);
  out[3] = __builtin_shufflevector(AB, CD, 2, 3, 6, 7);
}

#define TURN(name, type, vector)                                                                                   \
  WIDE void name(type *dst, size_t dst_stride, const float *src, size_t src_stride, size_t rows, size_t columns) { \
    const size_t r4 = rows / 4 * 4, c4 = columns / 4 * 4;                                                          \
    for (size_t r = 0; r < r4; r += 4) {                                                                           \
      for (size_t c = 0; c < c4; c += 4) {                                                                         \
        four turned[4];                                                                                            \
        turn4(turned, src + r * src_stride + c, src_stride);                                                       \
        for (size_t k = 0; k < 4; k++) {                                                                           \
          const vector v = __builtin_convertvector(turned[k], vector);                                             \
          memcpy(dst + (c + k) * dst_stride + r, &v, sizeof v);                                                    \
        }                                                                                                          \
      }                                                                                                            \
    }                                                                                                              \
    for (size_t r = 0; r < rows; r++)                                                                              \
      for (size_t c = r < r4 ? c4 : 0; c < columns; c++) dst[c * dst_stride + r] = (type)src[r * src_stride + c];  \
  }
TURN(tome_rows_turn, float, four)
TURN(tome_rows_turn_wide, double, four_wide)

/* ---- types ---------------------------------------------------------------------------------------------- */

bool tome_rows_can_load(tome_dtype t) { return t != TOME_NONE && t != TOME_U64 && t != TOME_I64; }

bool tome_rows_can_store(tome_dtype t) {
  return t == TOME_U8 || t == TOME_I8 || t == TOME_U16 || t == TOME_I16 || t == TOME_I32 || t == TOME_F32;
}

#define LOAD(name, type, to)                                           \
  WIDE static void name(to *restrict dst, const void *src, size_t n) { \
    const type *s = src;                                               \
    for (size_t j = 0; j < n; j++) dst[j] = (to)s[j];                  \
  }
#define LOADS(suffix, type)        \
  LOAD(load_##suffix, type, float) \
  LOAD(widen_##suffix, type, double)
LOADS(u8, uint8_t)
LOADS(i8, int8_t)
LOADS(u16, uint16_t)
LOADS(i16, int16_t)
LOADS(u32, uint32_t)
LOADS(i32, int32_t)
LOADS(f64, double)
LOAD(widen_f32, float, double)

void tome_rows_load(float *dst, const void *src, tome_dtype type, size_t n) {
  switch (type) {
    case TOME_U8:
      load_u8(dst, src, n);
      break;
    case TOME_I8:
      load_i8(dst, src, n);
      break;
    case TOME_U16:
      load_u16(dst, src, n);
      break;
    case TOME_I16:
      load_i16(dst, src, n);
      break;
    case TOME_U32:
      load_u32(dst, src, n);
      break;
    case TOME_I32:
      load_i32(dst, src, n);
      break;
    case TOME_F64:
      load_f64(dst, src, n);
      break;
    default:
      memcpy(dst, src, n * sizeof *dst);
      break;
  }
}

void tome_rows_widen(double *dst, const void *src, tome_dtype type, size_t n) {
  switch (type) {
    case TOME_U8:
      widen_u8(dst, src, n);
      break;
    case TOME_I8:
      widen_i8(dst, src, n);
      break;
    case TOME_U16:
      widen_u16(dst, src, n);
      break;
    case TOME_I16:
      widen_i16(dst, src, n);
      break;
    case TOME_U32:
      widen_u32(dst, src, n);
      break;
    case TOME_I32:
      widen_i32(dst, src, n);
      break;
    case TOME_F64:
      widen_f64(dst, src, n);
      break;
    default:
      widen_f32(dst, src, n);
      break;
  }
}

INLINE float limited(float v, float lo, float hi) {
  v = v > lo ? v : lo;
  return v < hi ? v : hi;
}

/* Half away from zero: adding the float below 0.5 keeps 0.49999997 from becoming 1. */
INLINE float away(float v) { return truncf(v + copysignf(0x1.fffffep-2f, v)); }

/* NaN is no number of an integer type: 0. */
INLINE float number(float v) { return v == v ? v : 0; }

#define STORE(name, type)                                                                                             \
  WIDE static void name(type *restrict dst, const float *src, size_t n, float lo, float hi, tome_rounding rounding) { \
    if (rounding == TOME_ROUND_HALF_AWAY)                                                                             \
      for (size_t j = 0; j < n; j++) dst[j] = (type)(int32_t)away(limited(number(src[j]), lo, hi));                   \
    else                                                                                                              \
      for (size_t j = 0; j < n; j++) dst[j] = (type)(int32_t)rintf(limited(number(src[j]), lo, hi));                  \
  }
STORE(store_u8, uint8_t)
STORE(store_i8, int8_t)
STORE(store_u16, uint16_t)
STORE(store_i16, int16_t)
STORE(store_i32, int32_t)

static void store_f32(float *dst, const float *src, size_t n, double lo, double hi) {
  if (lo == -INFINITY && hi == INFINITY) {
    if (dst != src) memcpy(dst, src, n * sizeof *dst);
    return;
  }
  for (size_t j = 0; j < n; j++) dst[j] = src[j] < (float)lo ? (float)lo : src[j] > (float)hi ? (float)hi : src[j];
}

/* The float at or next inside a bound, so that rounding cannot pass it. */
static float bound(double v, double own, bool upper) {
  const double cut = upper ? (v < own ? v : own) : (v > own ? v : own);
  const float f = (float)cut;
  if (upper && (double)f > own) return nextafterf(f, -INFINITY); /* 2^31-1 is no float */
  return f;
}

void tome_rows_store(void *dst, tome_dtype type, const float *src, size_t n, const tome_resample *r) {
  if (type == TOME_F32) {
    store_f32(dst, src, n, r->lo, r->hi);
    return;
  }
  double least, most;
  tome_dtype_range(type, &least, &most);
  const float lo = bound(r->lo, least, false), hi = bound(r->hi, most, true);
  switch (type) {
    case TOME_U8:
      store_u8(dst, src, n, lo, hi, r->rounding);
      break;
    case TOME_I8:
      store_i8(dst, src, n, lo, hi, r->rounding);
      break;
    case TOME_U16:
      store_u16(dst, src, n, lo, hi, r->rounding);
      break;
    case TOME_I16:
      store_i16(dst, src, n, lo, hi, r->rounding);
      break;
    default:
      store_i32(dst, src, n, lo, hi, r->rounding);
      break;
  }
}

/* ---- fill ----------------------------------------------------------------------------------------------- */

static double to_integer(tome_dtype type, double v, tome_rounding rounding) {
  double lo, hi;
  tome_dtype_range(type, &lo, &hi);
  if (isnan(v)) return 0;
  v = rounding == TOME_ROUND_HALF_AWAY ? round(v) : rint(v);
  return v < lo ? lo : v > hi ? hi : v;
}

static void one_element(void *dst, tome_dtype type, double v) {
  switch (type) {
    case TOME_F32:
      *(float *)dst = (float)v;
      break;
    case TOME_F64:
      *(double *)dst = v;
      break;
    case TOME_U64:
      *(uint64_t *)dst = v >= 0x1p64 ? UINT64_MAX : (uint64_t)v;
      break;
    case TOME_I64:
      *(int64_t *)dst = v >= 0x1p63 ? INT64_MAX : (int64_t)v;
      break;
    case TOME_U32:
      *(uint32_t *)dst = (uint32_t)v;
      break;
    case TOME_I32:
      *(int32_t *)dst = (int32_t)v;
      break;
    case TOME_U16:
      *(uint16_t *)dst = (uint16_t)v;
      break;
    case TOME_I16:
      *(int16_t *)dst = (int16_t)v;
      break;
    case TOME_U8:
      *(uint8_t *)dst = (uint8_t)v;
      break;
    default:
      *(int8_t *)dst = (int8_t)v;
      break;
  }
}

void tome_rows_fill(void *dst, tome_dtype type, double v, size_t n, tome_rounding rounding) {
  if (n == 0) return;
  const size_t size = tome_dtype_size(type);
  char *to = dst;
  one_element(to, type, tome_dtype_is_float(type) ? v : to_integer(type, v, rounding));
  for (size_t done = 1; done < n;) { /* doubling copies */
    const size_t more = done < n - done ? done : n - done;
    memcpy(to + done * size, to, more * size);
    done += more;
  }
}
