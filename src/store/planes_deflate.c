/* Writing planes as deflate blocks of literals and runs, section by section, and the index of where each section begins. */
#include "store/planes_deflate.h"

#include <stdlib.h>
#include <string.h>

#include "base/deflate_bits.h"
#include "store/planes.h"
#include "store/planes_index.h"

enum {
  LITERALS = 256,
  END_OF_BLOCK = TOME_END_OF_BLOCK,
  SYMBOLS = TOME_LITERAL_CODES,
  LEAST_RUN = TOME_LEAST_MATCH,
  MOST_RUN = TOME_MOST_MATCH,
  TOKENS = 512 /* a token is a literal, or 256 + run - LEAST_RUN */
};

struct tome_planes_deflater {
  size_t plane_bytes, sections;
  uint16_t *tokens;
  uint32_t *ends;                   /* of each section, in tokens */
  uint16_t *section_bits;           /* of each section of each plane; NULL: planes too long for an index */
  uint32_t heads[TOME_MOST_PLANES]; /* where each plane's block begins, in bits */
  uint32_t frequency[TOKENS];
  uint8_t lengths[SYMBOLS + 1]; /* and the one distance code */
  uint16_t words[SYMBOLS];
  uint32_t emit[TOKENS]; /* a token's bits, and how many in the top byte */
};

tome_planes_deflater *tome_planes_deflater_new(size_t plane_bytes, tome_error *err) {
  tome_planes_deflater *d = tome_alloc_zero(1, sizeof *d, "deflate", err);
  if (!d) return NULL;
  const bool indexed = plane_bytes <= TOME_MOST_INDEXED;
  d->plane_bytes = plane_bytes;
  d->sections = tome_sections(plane_bytes);
  d->tokens = tome_alloc(plane_bytes + 16, sizeof *d->tokens, "deflate", err);
  d->ends = tome_alloc(d->sections + 1, sizeof *d->ends, "deflate", err);
  if (indexed)
    d->section_bits = tome_alloc(TOME_MOST_PLANES * d->sections + 1, sizeof *d->section_bits, "deflate", err);
  if (d->tokens && d->ends && (d->section_bits || !indexed)) return d;
  tome_planes_deflater_free(d);
  return NULL;
}

void tome_planes_deflater_free(tome_planes_deflater *d) {
  if (!d) return;
  free(d->tokens);
  free(d->ends);
  free(d->section_bits);
  free(d);
}

/* ---- tokens ---- */

static size_t equal_bytes(const uint8_t *p, const uint8_t *end, uint8_t value) {
  const uint8_t *q = p;
  while (q + 8 <= end) {
    uint64_t v;
    memcpy(&v, q, 8);
    v ^= 0x0101010101010101u * value;
    if (v) return (size_t)(q - p) + (size_t)__builtin_ctzll(v) / 8;
    q += 8;
  }
  while (q < end && *q == value) q++;
  return (size_t)(q - p);
}

static uint16_t *put_run(uint16_t *token, size_t length) {
  while (length >= LEAST_RUN) {
    size_t part = length < MOST_RUN ? length : MOST_RUN;
    if (length - part > 0 && length - part < LEAST_RUN) part -= LEAST_RUN;
    *token++ = (uint16_t)(LITERALS + part - LEAST_RUN);
    length -= part;
  }
  return token;
}

#ifdef __SSE2__
#include <emmintrin.h>
/* Bit k: byte k equals the one before it. */
static inline unsigned repeats(const uint8_t *p) {
  const __m128i here = _mm_loadu_si128((const __m128i *)p), before = _mm_loadu_si128((const __m128i *)(p - 1));
  return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(here, before));
}
static inline void put_literals(uint16_t *token, const uint8_t *p) {
  const __m128i v = _mm_loadu_si128((const __m128i *)p), zero = _mm_setzero_si128();
  _mm_storeu_si128((__m128i *)token, _mm_unpacklo_epi8(v, zero));
  _mm_storeu_si128((__m128i *)(token + 8), _mm_unpackhi_epi8(v, zero));
}
#else
static inline unsigned repeats(const uint8_t *p) {
  unsigned mask = 0;
  for (unsigned k = 0; k < 16; k++) mask |= (unsigned)(p[k] == p[(int)k - 1]) << k;
  return mask;
}
static inline void put_literals(uint16_t *token, const uint8_t *p) {
  for (unsigned k = 0; k < 16; k++) token[k] = p[k];
}
#endif

enum { FEW_REPEATS = 4, MANY_REPEATS = 12 };

/* How many repeats make a run worth its code, and the time to read it: many where bytes repeat so much that their literals are short anyway. */
static unsigned least_repeats(const uint8_t *p, size_t n) {
  size_t repeated = 0, seen = 0;
  for (size_t i = 1; i + 16 <= n; i += 64, seen += 16) repeated += (size_t)__builtin_popcount(repeats(p + i));
  return repeated * 2 > seen ? MANY_REPEATS : FEW_REPEATS;
}

/* Where in 16 bytes the first FEW_REPEATS repeats in a row begin; 16 where there are none. */
static inline unsigned first_run(unsigned mask) {
  unsigned m = mask & mask >> 1;
  m &= m >> 2;
  return m ? (unsigned)__builtin_ctz(m) : 16;
}

static uint16_t *put_short_run(uint16_t *token, uint8_t value, size_t length) {
  for (size_t i = 0; i < length; i++) token[i] = value;
  return token + length;
}

/* Cuts a section into tokens, whose first is a literal. A run that starts in one group of 16 bytes and would be long enough only with the next is
 * met there, a little later. Up to plane_end may be looked at. */
static uint16_t *tokenize(const uint8_t *p, const uint8_t *end, const uint8_t *plane_end, unsigned least,
                          uint16_t *token) {
  *token++ = *p++;
  while (p < end && p + 16 <= plane_end) {
    const size_t left = (size_t)(end - p);
    unsigned at = first_run(repeats(p));
    put_literals(token, p);
    if (at > left) at = (unsigned)left;
    token += at;
    p += at;
    if (at == 16 || p == end) continue;
    const size_t run = equal_bytes(p, end, p[-1]);
    token = run < least ? put_short_run(token, p[-1], run) : put_run(token, run);
    p += run;
  }
  while (p < end) *token++ = *p++;
  return token;
}

static void tokenize_plane(tome_planes_deflater *d, const uint8_t *plane) {
  const uint8_t *const end = plane + d->plane_bytes;
  const unsigned least = least_repeats(plane, d->plane_bytes);
  uint16_t *token = d->tokens;
  for (size_t s = 0; s < d->sections; s++) {
    const uint8_t *from = plane + s * TOME_SECTION;
    token = tokenize(from, s + 1 < d->sections ? from + TOME_SECTION : end, end, least, token);
    d->ends[s] = (uint32_t)(token - d->tokens);
  }
}

/* Four counters a token, so that equal tokens in a row do not wait for one another. */
static void count_tokens(tome_planes_deflater *d, size_t n) {
  uint32_t part[4][TOKENS];
  memset(part, 0, sizeof part);
  size_t i = 0;
  for (; i + 4 <= n; i += 4)
    for (size_t k = 0; k < 4; k++) part[k][d->tokens[i + k]]++;
  for (; i < n; i++) part[0][d->tokens[i]]++;
  for (size_t t = 0; t < TOKENS; t++) d->frequency[t] = part[0][t] + part[1][t] + part[2][t] + part[3][t];
}

/* ---- the code of one block ---- */

static void make_code(tome_planes_deflater *d) {
  uint32_t frequency[SYMBOLS] = {0};
  memcpy(frequency, d->frequency, LITERALS * sizeof *frequency);
  frequency[END_OF_BLOCK] = 1;
  for (unsigned t = LITERALS; t < TOKENS; t++) {
    frequency[tome_length_code(t - LITERALS + LEAST_RUN).symbol] += d->frequency[t];
  }
  tome_code_lengths(frequency, SYMBOLS, TOME_CODE_BITS, d->lengths);
  (void)tome_code_words(d->lengths, SYMBOLS, d->words); /* complete: it was made so */
  d->lengths[SYMBOLS] = 1;                              /* distance 1: one bit, a zero */
  for (unsigned t = 0; t < LITERALS; t++) d->emit[t] = d->words[t] | (uint32_t)d->lengths[t] << 24;
  for (unsigned t = LITERALS; t < TOKENS; t++) {
    const tome_extra_code e = tome_length_code(t - LITERALS + LEAST_RUN);
    const uint8_t length = d->lengths[e.symbol];
    d->emit[t] = d->words[e.symbol] | e.extra << length | (length + e.bits + 1) << 24;
  }
}

/* Bits of the block's tokens: known before any is written. */
static uint64_t token_bits(const tome_planes_deflater *d) {
  uint64_t bits = d->lengths[END_OF_BLOCK];
  for (unsigned t = 0; t < TOKENS; t++) bits += (uint64_t)d->frequency[t] * (d->emit[t] >> 24);
  return bits;
}

static void put_tokens(const tome_planes_deflater *d, size_t from, size_t to, tome_bit_writer *writer) {
  tome_bit_writer w = *writer;
  size_t i = from;
  for (; i + 3 <= to; i += 3) { /* three tokens are at most 51 bits, seven may be waiting */
    for (size_t k = 0; k < 3; k++) {
      const uint32_t e = d->emit[d->tokens[i + k]];
      tome_put_bits(&w, e & 0xffffff, e >> 24);
    }
    tome_flush_bits(&w);
  }
  for (; i < to; i++) {
    const uint32_t e = d->emit[d->tokens[i]];
    tome_put_bits(&w, e & 0xffffff, e >> 24);
    tome_flush_bits(&w);
  }
  *writer = w;
}

static size_t bits_so_far(const tome_bit_writer *w) { return (size_t)(w->at - w->begin) * 8 + w->count; }

/* All sections, noting what each takes, and the end of the block. */
static void put_sections(tome_planes_deflater *d, size_t plane, tome_bit_writer *w) {
  for (size_t s = 0; s < d->sections; s++) {
    const size_t before = bits_so_far(w);
    put_tokens(d, s ? d->ends[s - 1] : 0, d->ends[s], w);
    if (d->section_bits) d->section_bits[plane * d->sections + s] = (uint16_t)(bits_so_far(w) - before);
  }
  tome_put_bits(w, d->words[END_OF_BLOCK], d->lengths[END_OF_BLOCK]);
  tome_flush_bits(w);
}

enum { TAIL_BYTES = 16 };

static bool put_plane(tome_planes_deflater *d, const uint8_t *bytes, size_t plane, bool last, tome_bit_writer *w) {
  tokenize_plane(d, bytes);
  count_tokens(d, d->ends[d->sections - 1]);
  make_code(d);
  if (token_bits(d) / 8 + TOME_MOST_HEAD_BYTES + TAIL_BYTES > (size_t)(w->end - w->at)) return false;
  d->heads[plane] = (uint32_t)bits_so_far(w);
  tome_put_block_head(d->lengths, SYMBOLS, 1, last, w);
  put_sections(d, plane, w);
  return true;
}

size_t tome_planes_deflate(tome_planes_deflater *d, const uint8_t *in, size_t planes, uint8_t *out, size_t room) {
  if (room < TOME_MOST_HEAD_BYTES + TAIL_BYTES || planes > TOME_MOST_PLANES) return 0;
  tome_bit_writer w = {.begin = out, .at = out, .end = out + room};
  tome_put_bits(&w, 0x0178, 16); /* zlib, 32 KiB window, fastest */
  tome_flush_bits(&w);
  for (size_t p = 0; p < planes; p++)
    if (!put_plane(d, in + p * d->plane_bytes, p, p + 1 == planes, &w)) return 0;
  if (w.count) *w.at++ = (uint8_t)w.bits;
  const uint32_t check = tome_adler32(in, planes * d->plane_bytes);
  for (int b = 24; b >= 0; b -= 8) *w.at++ = (uint8_t)(check >> b);
  const size_t size = (size_t)(w.at - out);
  if (!d->section_bits) return size;
  const size_t index = tome_planes_index_write(d->heads, d->section_bits, planes, d->sections, w.at, room - size);
  return index ? size + index : 0;
}
