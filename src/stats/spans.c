/* Walking over spans: of the whole volume, or of a label map row by row; cut where there is padding. */
#include "stats/spans.h"

enum {
  FLAT_ITEM = 1 << 20, /* voxels; a multiple of 8, so that items share no byte of the padding */
  SLICES = 8
}; /* a few milliseconds of work: cancelling is prompt, and the rest at the end short */

static size_t voxels_of(const tome_spans *s) { return (size_t)s->shape[0] * (size_t)s->shape[1] * (size_t)s->shape[2]; }

size_t tome_spans_items(const tome_spans *s) {
  if (!s->map) return (voxels_of(s) + FLAT_ITEM - 1) / FLAT_ITEM;
  return (size_t)((s->z_hi - s->z_lo + SLICES - 1) / SLICES);
}

/* First bit from `at` on that is not `set`; `end` where there is none. */
static size_t skip_bits(const uint8_t *bits, size_t at, size_t end, bool set) {
  const uint64_t word = set ? ~(uint64_t)0 : 0;
  while (at < end) {
    if (at % 8 == 0 && at + 64 <= end && tome_load64(bits + at / 8) == word)
      at += 64;
    else if (at % 8 == 0 && at + 8 <= end && bits[at / 8] == (uint8_t)word)
      at += 8;
    else if ((bits[at / 8] >> (at % 8) & 1) == set)
      at++;
    else
      break;
  }
  return at;
}

void tome_spans_unpadded(const uint8_t *padding, size_t at, size_t n, uint32_t slot, tome_span_fn fn, void *ctx) {
  if (!padding) {
    fn(ctx, slot, at, n);
    return;
  }
  const size_t end = at + n;
  while ((at = skip_bits(padding, at, end, true)) < end) {
    const size_t stop = skip_bits(padding, at, end, false);
    fn(ctx, slot, at, stop - at);
    at = stop;
  }
}

static inline void walk_row(const tome_spans *s, size_t row_at, size_t size, tome_span_fn fn, void *ctx) {
  const uint8_t *row = (const uint8_t *)s->map->data + row_at * size;
  tome_span span = {0};
  while (tome_next_span(row, size, (size_t)s->shape[2], &span)) {
    const uint32_t slot = s->slot_of[span.value];
    if (slot >= s->slot_lo && slot < s->slot_hi)
      tome_spans_unpadded(s->padding, row_at + span.lo, span.hi - span.lo, slot, fn, ctx);
  }
}

static void walk_map(const tome_spans *s, size_t item, tome_span_fn fn, void *ctx) {
  const size_t nx = (size_t)s->shape[2], rows = (size_t)s->shape[1];
  const size_t z_lo = (size_t)s->z_lo + item * SLICES, z_end = (size_t)s->z_hi;
  const size_t z_hi = z_lo + SLICES < z_end ? z_lo + SLICES : z_end;
  if (s->map->dtype == TOME_U8)
    for (size_t r = z_lo * rows; r < z_hi * rows; r++) walk_row(s, r * nx, 1, fn, ctx);
  else
    for (size_t r = z_lo * rows; r < z_hi * rows; r++) walk_row(s, r * nx, 2, fn, ctx);
}

void tome_spans_walk(const tome_spans *s, size_t item, tome_span_fn fn, void *ctx) {
  if (s->map) {
    walk_map(s, item, fn, ctx);
    return;
  }
  const size_t lo = item * FLAT_ITEM, left = voxels_of(s) - lo;
  tome_spans_unpadded(s->padding, lo, left < FLAT_ITEM ? left : FLAT_ITEM, 0, fn, ctx);
}
