/* Float voxels: one pass for bins, mean and std, then a few for the percentiles, which are exact: of each wanted
 * value the bits are found from the top, some in each pass over the image (radix selection), so that no copy of the
 * voxels is needed. */
#include "stats/floats.h"

#include <math.h>
#include <stdlib.h>

#include "record/percentile.h"

/* The more slots, the less memory each may use: smaller steps, hence more passes. */
enum { BINS = 4096, SOME_SLOTS = 8, MANY_SLOTS = 512 };
static const double FIXED_ONE = 0x1p44;

static int step_bits(uint32_t slots) { return slots <= SOME_SLOTS ? 16 : slots <= MANY_SLOTS ? 11 : 8; }

/* 4096; of more than 1024 slots, as many as make 32 MB of histograms together. */
static uint32_t bins_of(uint32_t slots) {
  return slots <= 2 * MANY_SLOTS ? BINS : (uint32_t)(BINS * 2 * MANY_SLOTS) / slots;
}

static void list_prefixes(tome_float_slot *s) {
  s->prefixes = 0;
  for (int i = 0; i < TOME_WANTED; i++) {
    const uint32_t p = s->wanted[i].prefix;
    uint32_t at = s->prefixes;
    while (at > 0 && s->prefix[at - 1] > p) at--;
    if (at > 0 && s->prefix[at - 1] == p) continue;
    memmove(&s->prefix[at + 1], &s->prefix[at], (s->prefixes - at) * sizeof *s->prefix);
    s->prefix[at] = p;
    s->prefixes++;
  }
}

static void start_slot(const tome_measure *m, uint32_t slot, tome_float_slot *s) {
  const tome_range *r = &m->ranges[slot];
  tome_intensity *hu = &m->hu[slot];
  m->histogram[slot] = (tome_histogram){.width = 1};
  tome_intensity_of(&m->histogram[slot], hu); /* of nothing */
  if (r->count == 0) return;
  hu->count = r->count;
  hu->min = s->min = tome_float_of_key(r->lo);
  hu->max = tome_float_of_key(r->hi);
  const double range = hu->max - hu->min;
  s->bins = range > 0 ? bins_of(m->slots) : 1;
  s->width = range / s->bins;
  if (s->width == 1.0) s->width = nextafter(1.0, 2.0); /* width 1 means bins of whole numbers */
  s->scale = range > 0 ? FIXED_ONE / range : 0;
  for (int i = 0; i < TOME_PERCENTILES; i++) {
    const tome_rank rank = tome_rank_of(tome_percentile_ranks[i], r->count);
    s->wanted[2 * i].left = rank.below;
    s->wanted[2 * i + 1].left = rank.above;
  }
  list_prefixes(s);
}

static void finish_percentiles(const tome_float_slot *s, tome_intensity *out) {
  for (int i = 0; i < TOME_PERCENTILES; i++) {
    const tome_rank r = tome_rank_of(tome_percentile_ranks[i], out->count);
    const double below = tome_float_of_key((int32_t)(s->wanted[2 * i].prefix ^ 0x80000000u));
    const double above = tome_float_of_key((int32_t)(s->wanted[2 * i + 1].prefix ^ 0x80000000u));
    out->percentile[i] = tome_rank_between(&r, below, above);
  }
}

/* The last slot, exclusive, of those from `lo` on whose counters fit at once (bits 0: the pass for bins). */
static uint32_t group_end(const tome_measure *m, const tome_float_slot *slots, uint32_t lo, int bits) {
  const size_t at_once = TOME_COUNTERS_AT_ONCE / (size_t)m->workers;
  size_t size = 0;
  uint32_t hi = lo;
  for (; hi < m->slots; hi++) {
    size += bits ? (size_t)slots[hi].prefixes << bits : slots[hi].bins;
    if (hi > lo && size > at_once) break;
  }
  return hi;
}

static bool run_pass(const tome_measure *m, tome_float_slot *slots, int shift, int bits, tome_error *err) {
  for (uint32_t lo = 0, hi; lo < m->slots; lo = hi) {
    hi = group_end(m, slots, lo, bits);
    const bool ok =
        bits ? tome_float_refine(m, slots, lo, hi, shift, bits, err) : tome_float_bins(m, slots, lo, hi, err);
    if (!ok) return false;
  }
  for (uint32_t i = 0; i < m->slots; i++)
    if (slots[i].prefixes) list_prefixes(&slots[i]);
  return true;
}

bool tome_measure_floats(const tome_measure *m, tome_error *err) {
  TOME_AUTO_FREE tome_float_slot *slots = tome_alloc_zero(m->slots, sizeof *slots, "statistics", err);
  if (!slots) return false;
  for (uint32_t i = 0; i < m->slots; i++) start_slot(m, i, &slots[i]);
  if (!run_pass(m, slots, 0, 0, err)) return false;
  for (int shift = 32, bits; shift > 0;) {
    bits = step_bits(m->slots) < shift ? step_bits(m->slots) : shift;
    shift -= bits;
    if (!run_pass(m, slots, shift, bits, err)) return false;
  }
  for (uint32_t i = 0; i < m->slots; i++)
    if (slots[i].prefixes) finish_percentiles(&slots[i], &m->hu[i]);
  return true;
}
