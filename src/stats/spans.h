/* spans.h - the walk that all measurements share: over stretches of voxels next to each other in memory that have
 * one label value and are not padding. */
#ifndef TOME_STATS_SPANS_H
#define TOME_STATS_SPANS_H

#include <string.h>

#include "base/threads.h"
#include "grid/grid.h"

/* A stretch lo <= x < hi of one row with one label value. */
typedef struct tome_span {
  size_t lo, hi;
  uint32_t value;
} tome_span;

static inline uint64_t tome_load64(const uint8_t *p) {
  uint64_t w;
  memcpy(&w, p, sizeof w);
  return w;
}

/* Of a word that is not 0: which element (of `size` bytes, in the order of memory) is the first that is not 0. */
static inline size_t tome_first_set(uint64_t word, size_t size) {
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  return (size_t)__builtin_clzll(word) / (8 * size);
#else
  return (size_t)__builtin_ctzll(word) / (8 * size);
#endif
}

static inline uint32_t tome_label_at(const uint8_t *row, size_t size, size_t x) {
  if (size == 1) return row[x];
  uint16_t v;
  memcpy(&v, row + 2 * x, sizeof v);
  return v;
}

/* First x >= from whose label is not `value`; n where there is none. Eight bytes at a time: most of a map is
 * stretches. */
static inline size_t tome_skip_equal(const uint8_t *row, size_t size, size_t n, size_t x, uint32_t value) {
  const uint64_t pattern = size == 1 ? value * 0x0101010101010101u : value * 0x0001000100010001u;
  const size_t step = 8 / size;
  for (; x + 4 * step <= n; x += 4 * step) {
    const uint8_t *p = row + x * size;
    if (((tome_load64(p) ^ pattern) | (tome_load64(p + 8) ^ pattern) | (tome_load64(p + 16) ^ pattern) |
         (tome_load64(p + 24) ^ pattern)) != 0)
      break;
  }
  for (; x + step <= n; x += step) {
    const uint64_t differs = tome_load64(row + x * size) ^ pattern;
    if (differs) return x + tome_first_set(differs, size);
  }
  while (x < n && tome_label_at(row, size, x) == value) x++;
  return x;
}

/* The next span with a label above 0, from span->hi on. `size` is 1 or 2, the bytes of a label. */
static inline bool tome_next_span(const uint8_t *row, size_t size, size_t n, tome_span *span) {
  const size_t lo = tome_skip_equal(row, size, n, span->hi, 0);
  if (lo == n) return false;
  const uint32_t value = tome_label_at(row, size, lo);
  *span = (tome_span){.lo = lo, .hi = tome_skip_equal(row, size, n, lo, value), .value = value};
  return true;
}

/* What to walk over, and how it is cut into items that threads take. */
typedef struct tome_spans {
  const tome_volume *map; /* NULL: every voxel is in slot 0 */
  const uint8_t *padding; /* one bit a voxel, or NULL */
  int64_t shape[3];
  int64_t z_lo, z_hi;        /* slices to walk (map only) */
  const uint32_t *slot_of;   /* by label value; TOME_NO_SLOT leaves it out */
  uint32_t slot_lo, slot_hi; /* slots to walk: lo <= slot < hi */
} tome_spans;

#define TOME_NO_SLOT UINT32_MAX

typedef void (*tome_span_fn)(void *ctx, uint32_t slot, size_t at, size_t n);

size_t tome_spans_items(const tome_spans *s);
/* Calls fn for each span of one item; `at` counts voxels from the volume's first. */
void tome_spans_walk(const tome_spans *s, size_t item, tome_span_fn fn, void *ctx);

/* Calls fn for the parts of [at, at+n) that are not padding. */
void tome_spans_unpadded(const uint8_t *padding, size_t at, size_t n, uint32_t slot, tome_span_fn fn, void *ctx);

#endif
