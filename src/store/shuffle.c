/* HDF5's shuffle filter, row by row, so that gathering a chunk and shuffling it is one pass. */
#include <string.h>

#include "store/planes.h"

#ifdef __SSE2__
#include <emmintrin.h>

static inline __m128i load(const void *p) { return _mm_loadu_si128((const __m128i *)p); }
static inline void store(void *p, __m128i v) { _mm_storeu_si128((__m128i *)p, v); }

/* Each returns how many elements it has done; the plain loops do the rest. */
static size_t shuffle2_simd(const uint8_t *in, size_t count, uint8_t *lo, uint8_t *hi) {
  const __m128i low_byte = _mm_set1_epi16(0xff);
  size_t i = 0;
  for (; i + 16 <= count; i += 16) {
    const __m128i a = load(in + 2 * i), b = load(in + 2 * i + 16);
    store(lo + i, _mm_packus_epi16(_mm_and_si128(a, low_byte), _mm_and_si128(b, low_byte)));
    store(hi + i, _mm_packus_epi16(_mm_srli_epi16(a, 8), _mm_srli_epi16(b, 8)));
  }
  return i;
}

static size_t unshuffle2_simd(const uint8_t *lo, const uint8_t *hi, uint8_t *out, size_t count) {
  size_t i = 0;
  for (; i + 16 <= count; i += 16) {
    const __m128i a = load(lo + i), b = load(hi + i);
    store(out + 2 * i, _mm_unpacklo_epi8(a, b));
    store(out + 2 * i + 16, _mm_unpackhi_epi8(a, b));
  }
  return i;
}

/* Even and odd bytes of two vectors, in order: one step of taking elements apart. */
static inline void split(__m128i a, __m128i b, __m128i *even, __m128i *odd) {
  const __m128i low_byte = _mm_set1_epi16(0xff);
  *even = _mm_packus_epi16(_mm_and_si128(a, low_byte), _mm_and_si128(b, low_byte));
  *odd = _mm_packus_epi16(_mm_srli_epi16(a, 8), _mm_srli_epi16(b, 8));
}

static size_t shuffle4_simd(const uint8_t *in, size_t count, uint8_t *planes, size_t n) {
  size_t i = 0;
  for (; i + 16 <= count; i += 16) {
    __m128i even[2], odd[2], plane[4];
    split(load(in + 4 * i), load(in + 4 * i + 16), &even[0], &odd[0]);
    split(load(in + 4 * i + 32), load(in + 4 * i + 48), &even[1], &odd[1]);
    split(even[0], even[1], &plane[0], &plane[2]);
    split(odd[0], odd[1], &plane[1], &plane[3]);
    for (size_t b = 0; b < 4; b++) store(planes + b * n + i, plane[b]);
  }
  return i;
}

static size_t unshuffle4_simd(const uint8_t *planes, size_t n, uint8_t *out, size_t count) {
  size_t i = 0;
  for (; i + 16 <= count; i += 16) {
    const __m128i p0 = load(planes + i), p1 = load(planes + n + i);
    const __m128i p2 = load(planes + 2 * n + i), p3 = load(planes + 3 * n + i);
    const __m128i lo_a = _mm_unpacklo_epi8(p0, p1), lo_b = _mm_unpackhi_epi8(p0, p1);
    const __m128i hi_a = _mm_unpacklo_epi8(p2, p3), hi_b = _mm_unpackhi_epi8(p2, p3);
    store(out + 4 * i, _mm_unpacklo_epi16(lo_a, hi_a));
    store(out + 4 * i + 16, _mm_unpackhi_epi16(lo_a, hi_a));
    store(out + 4 * i + 32, _mm_unpacklo_epi16(lo_b, hi_b));
    store(out + 4 * i + 48, _mm_unpackhi_epi16(lo_b, hi_b));
  }
  return i;
}
#else
static size_t shuffle2_simd(const uint8_t *in, size_t count, uint8_t *lo, uint8_t *hi) {
  return (void)in, (void)count, (void)lo, (void)hi, 0;
}
static size_t unshuffle2_simd(const uint8_t *lo, const uint8_t *hi, uint8_t *out, size_t count) {
  return (void)lo, (void)hi, (void)out, (void)count, 0;
}
static size_t shuffle4_simd(const uint8_t *in, size_t count, uint8_t *planes, size_t n) {
  return (void)in, (void)count, (void)planes, (void)n, 0;
}
static size_t unshuffle4_simd(const uint8_t *planes, size_t n, uint8_t *out, size_t count) {
  return (void)planes, (void)n, (void)out, (void)count, 0;
}
#endif

void tome_shuffle(const void *elements, size_t count, size_t size, uint8_t *planes, size_t n, size_t at) {
  const uint8_t *in = elements;
  planes += at;
  size_t done = 0;
  if (size == 1) {
    memcpy(planes, in, count);
    return;
  }
  if (size == 2) done = shuffle2_simd(in, count, planes, planes + n);
  if (size == 4) done = shuffle4_simd(in, count, planes, n);
  for (size_t i = done; i < count; i++)
    for (size_t b = 0; b < size; b++) planes[b * n + i] = in[i * size + b];
}

void tome_unshuffle(const uint8_t *planes, size_t n, size_t at, size_t size, void *elements, size_t count) {
  uint8_t *out = elements;
  planes += at;
  size_t done = 0;
  if (size == 1) {
    memcpy(out, planes, count);
    return;
  }
  if (size == 2) done = unshuffle2_simd(planes, planes + n, out, count);
  if (size == 4) done = unshuffle4_simd(planes, n, out, count);
  for (size_t i = done; i < count; i++)
    for (size_t b = 0; b < size; b++) out[i * size + b] = planes[b * n + i];
}

bool tome_is_zero(const void *data, size_t size) {
  const uint8_t *p = data;
  return size == 0 || (p[0] == 0 && memcmp(p, p + 1, size - 1) == 0);
}
