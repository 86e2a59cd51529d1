/* Float voxels: one step of the radix selection. Of all voxels whose key starts like that of a wanted value, the
 * next bits are counted; where counting up reaches the wanted number, there are that value's next bits. */
#include <stdlib.h>

#include "stats/floats.h"

enum { TABLE_BITS = 16 }; /* prefixes up to this long are looked up, longer ones searched for */

/* One pass over slots lo ... hi-1. */
typedef struct pass {
  const tome_measure *m;
  const tome_float_slot *slots;
  tome_spans spans;
  tome_tally tally;
  int shift, bits;
  uint8_t *which; /* by slot - slot_lo, by prefix: its number + 1, or 0; NULL where prefixes are too long */
} pass;

typedef struct work {
  const pass *p;
  uint64_t *counts;
} work;

static uint32_t unsigned_key(float v) { return (uint32_t)tome_key_of_float(v) ^ 0x80000000u; }

/* Adding up comparisons that go either way costs less than a branch on them. */
static uint32_t search(const tome_float_slot *s, uint32_t prefix) {
  uint32_t below = 0, equal = 0;
  for (uint32_t k = 0; k < s->prefixes; k++) {
    below += s->prefix[k] < prefix;
    equal |= s->prefix[k] == prefix;
  }
  return equal ? below + 1 : 0;
}

static void count_span(void *ctx, uint32_t slot, size_t at, size_t n) {
  const work *w = ctx;
  const pass *p = w->p;
  const tome_float_slot *s = &p->slots[slot];
  const float *v = (const float *)p->m->image->data + at;
  const int shift = p->shift, bits = p->bits, above = shift + bits;
  const uint8_t *which = p->which ? p->which + ((size_t)(slot - p->spans.slot_lo) << (32 - above)) : NULL;
  const uint32_t mask = (1u << bits) - 1;
  uint64_t *counts = w->counts + s->start;
  for (size_t i = 0, same; i < n; i += same) {
    same = tome_same_bits(v, i, n);
    const uint32_t key = unsigned_key(v[i]), prefix = (uint32_t)((uint64_t)key >> above);
    const uint32_t number = which ? which[prefix] : search(s, prefix);
    if (number == 0 || !tome_key_is_finite((int32_t)(key ^ 0x80000000u))) continue;
    counts[((size_t)(number - 1) << bits) + (key >> shift & mask)] += same;
  }
}

static bool count_item(void *ctx, size_t item, int worker, tome_error *err) {
  pass *p = ctx;
  work w = {.p = p, .counts = tome_tally_of(&p->tally, worker, err)};
  if (!w.counts) return false;
  tome_spans_walk(&p->spans, item, count_span, &w);
  return true;
}

/* The tables of all slots; *out stays NULL where prefixes are too long for tables. */
static bool make_tables(const pass *p, uint8_t **out, tome_error *err) {
  const int length = 32 - p->shift - p->bits;
  if (length > TABLE_BITS) return true;
  const uint32_t slots = p->spans.slot_hi - p->spans.slot_lo;
  uint8_t *tables = tome_alloc_zero((size_t)slots << length, 1, "statistics", err);
  if (!tables) return false;
  for (uint32_t i = 0; i < slots; i++) {
    const tome_float_slot *s = &p->slots[p->spans.slot_lo + i];
    for (uint32_t k = 0; k < s->prefixes; k++) tables[((size_t)i << length) + s->prefix[k]] = (uint8_t)(k + 1);
  }
  *out = tables;
  return true;
}

static void lengthen(tome_float_slot *s, const uint64_t *counts, int bits) {
  for (int i = 0; i < TOME_WANTED; i++) {
    tome_wanted *w = &s->wanted[i];
    const uint64_t *bins = counts + s->start + ((size_t)(search(s, w->prefix) - 1) << bits);
    uint32_t bin = 0;
    while (w->left >= bins[bin] && bin + 1 < 1u << bits) w->left -= bins[bin++];
    w->prefix = w->prefix << bits | bin;
  }
}

bool tome_float_refine(const tome_measure *m, tome_float_slot *slots, uint32_t lo, uint32_t hi, int shift, int bits,
                       tome_error *err) {
  size_t size = 0;
  for (uint32_t i = lo; i < hi; i++) {
    slots[i].start = size;
    size += (size_t)slots[i].prefixes << bits;
  }
  TOME_CLEANUP(tome_tally_clear) tome_tally tally = {0};
  TOME_AUTO_FREE uint8_t *which = NULL;
  if (!tome_tally_init(&tally, size, m->workers, err)) return false;
  pass p = {
      .m = m, .slots = slots, .spans = tome_measure_spans(m, lo, hi), .tally = tally, .shift = shift, .bits = bits};
  if (!make_tables(&p, &which, err)) return false;
  p.which = which;
  if (size && !tome_parallel(m->run, tome_spans_items(&p.spans), count_item, &p, err)) return false;
  const uint64_t *counts = tome_tally_sum(&tally, err);
  if (!counts) return false;
  for (uint32_t i = lo; i < hi; i++)
    if (slots[i].prefixes) lengthen(&slots[i], counts, bits);
  return true;
}
