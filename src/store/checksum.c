/* The two checksums of a chunk. HDF5's Fletcher32: with words w[0] ... w[n-1] the two sums are S1 = sum of w[i] and S2 = sum of (n-i)*w[i], both modulo 65535 in
 * ones' complement: a sum that is a multiple of 65535 without being 0 is written 0xffff. */
#include "store/planes.h"

typedef struct sums {
  uint64_t s1, s2; /* reduced below 65535, or 65535 itself */
} sums;

/* Modulo 65535, keeping 0 for nothing but 0. */
static uint64_t fold(uint64_t v) {
  if (v == 0) return 0;
  v %= 65535;
  return v ? v : 65535;
}

static void add_plain(sums *s, const uint8_t *p, size_t words) {
  uint64_t s1 = s->s1, s2 = s->s2;
  for (size_t i = 0; i < words; i++) { /* at most BLOCK words: no overflow */
    s1 += (uint64_t)(p[2 * i] << 8 | p[2 * i + 1]);
    s2 += s1;
  }
  s->s1 = fold(s1);
  s->s2 = fold(s2);
}

enum {
  BLOCK = 8192
}; /* words a reduction: 1024 vectors, so that 32-bit lanes cannot overflow (255*2*1024*1024/2 < 2^31) */

#ifdef __SSE2__
#include <emmintrin.h>

static uint64_t lanes(__m128i v) {
  uint32_t lane[4];
  _mm_storeu_si128((__m128i *)lane, v);
  return (uint64_t)lane[0] + lane[1] + lane[2] + lane[3];
}

/* The sums of one byte of every word: plain, by whole vectors that follow, and by position inside the vector. */
typedef struct byte_sums {
  __m128i plain, before, inside;
} byte_sums;

static inline void add_bytes(byte_sums *s, __m128i bytes, __m128i weights) {
  s->before = _mm_add_epi32(s->before, s->plain);
  s->plain = _mm_add_epi32(s->plain, _mm_madd_epi16(bytes, _mm_set1_epi16(1)));
  s->inside = _mm_add_epi32(s->inside, _mm_madd_epi16(bytes, weights));
}

static void add_block(sums *s, const uint8_t *p, size_t vectors) {
  const __m128i low_byte = _mm_set1_epi16(0xff), weights = _mm_setr_epi16(8, 7, 6, 5, 4, 3, 2, 1);
  const __m128i zero = _mm_setzero_si128();
  byte_sums upper = {zero, zero, zero}, lower = upper;
  for (size_t i = 0; i < vectors; i++) {
    const __m128i v = _mm_loadu_si128((const __m128i *)(p + 16 * i));
    add_bytes(&upper, _mm_and_si128(v, low_byte), weights); /* the first byte of a pair is the word's upper one */
    add_bytes(&lower, _mm_srli_epi16(v, 8), weights);
  }
  const uint64_t weighted_upper = 8 * lanes(upper.before) + lanes(upper.inside);
  const uint64_t weighted_lower = 8 * lanes(lower.before) + lanes(lower.inside);
  s->s2 = fold(s->s2 + 8 * (uint64_t)vectors * s->s1 + 256 * weighted_upper + weighted_lower);
  s->s1 = fold(s->s1 + 256 * lanes(upper.plain) + lanes(lower.plain));
}

static size_t add_simd(sums *s, const uint8_t *p, size_t words) {
  size_t done = 0;
  while (words - done >= 8) {
    const size_t left = words - done < BLOCK ? words - done : BLOCK;
    add_block(s, p + 2 * done, left / 8);
    done += left / 8 * 8;
  }
  return done;
}
#else
static size_t add_simd(sums *s, const uint8_t *p, size_t words) { return (void)s, (void)p, (void)words, 0; }
#endif

uint32_t tome_fletcher32(const void *data, size_t size) {
  const uint8_t *p = data;
  const size_t words = size / 2;
  sums s = {0, 0};
  for (size_t done = add_simd(&s, p, words); done < words; done += BLOCK)
    add_plain(&s, p + 2 * done, words - done < BLOCK ? words - done : BLOCK);
  if (size % 2) {
    const uint8_t last[2] = {p[size - 1], 0};
    add_plain(&s, last, 1);
  }
  return (uint32_t)(s.s2 << 16 | s.s1);
}

/* ---- Adler-32: the same two sums over single bytes, modulo 65521, the first starting at 1 ---- */

enum { ADLER_MODULUS = 65521, ADLER_BLOCK = 4096 }; /* bytes a reduction: 256 vectors */

static void adler_plain(sums *s, const uint8_t *p, size_t n) {
  uint64_t s1 = s->s1, s2 = s->s2;
  for (size_t i = 0; i < n; i++) {
    s1 += p[i];
    s2 += s1;
  }
  s->s1 = s1 % ADLER_MODULUS;
  s->s2 = s2 % ADLER_MODULUS;
}

#ifdef __SSE2__
static void adler_block(sums *s, const uint8_t *p, size_t vectors) {
  const __m128i zero = _mm_setzero_si128();
  const __m128i upper = _mm_setr_epi16(16, 15, 14, 13, 12, 11, 10, 9), lower = _mm_setr_epi16(8, 7, 6, 5, 4, 3, 2, 1);
  __m128i plain = zero, before = zero, inside = zero;
  for (size_t i = 0; i < vectors; i++) {
    const __m128i v = _mm_loadu_si128((const __m128i *)(p + 16 * i));
    before = _mm_add_epi32(before, plain);
    plain = _mm_add_epi32(plain, _mm_sad_epu8(v, zero));
    inside = _mm_add_epi32(inside, _mm_add_epi32(_mm_madd_epi16(_mm_unpacklo_epi8(v, zero), upper),
                                                 _mm_madd_epi16(_mm_unpackhi_epi8(v, zero), lower)));
  }
  s->s2 = (s->s2 + 16 * (uint64_t)vectors * s->s1 + 16 * lanes(before) + lanes(inside)) % ADLER_MODULUS;
  s->s1 = (s->s1 + lanes(plain)) % ADLER_MODULUS;
}
#else
static void adler_block(sums *s, const uint8_t *p, size_t vectors) { adler_plain(s, p, 16 * vectors); }
#endif

uint32_t tome_adler32(const void *data, size_t size) {
  const uint8_t *p = data;
  sums s = {1, 0};
  for (; size >= 16;) {
    const size_t vectors = (size < ADLER_BLOCK ? size : ADLER_BLOCK) / 16;
    adler_block(&s, p, vectors);
    p += 16 * vectors;
    size -= 16 * vectors;
  }
  adler_plain(&s, p, size);
  return (uint32_t)(s.s2 << 16 | s.s1);
}
