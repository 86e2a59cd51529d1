/* Integer voxels: each slot gets a histogram as wide as its own range, and everything else follows from that,
 * exactly. */
#include <math.h>

#include "stats/measure.h"

tome_spans tome_measure_spans(const tome_measure *m, uint32_t slot_lo, uint32_t slot_hi) {
  tome_spans s = m->spans;
  s.slot_lo = slot_lo;
  s.slot_hi = slot_hi;
  s.z_lo = 0;
  s.z_hi = s.shape[0];
  if (!m->boxes) return s;
  s.z_lo = m->boxes[slot_lo].lo[0];
  s.z_hi = m->boxes[slot_lo].hi[0];
  for (uint32_t i = slot_lo + 1; i < slot_hi; i++) {
    if (m->boxes[i].lo[0] < s.z_lo) s.z_lo = m->boxes[i].lo[0];
    if (m->boxes[i].hi[0] > s.z_hi) s.z_hi = m->boxes[i].hi[0];
  }
  return s;
}

static size_t bins_of(const tome_range *r) { return r->count ? (size_t)(r->hi - r->lo) + 1 : 0; }

/* One pass: the slots whose counters fit together. */
typedef struct pass {
  const tome_measure *m;
  tome_spans spans;
  tome_tally tally;
  const size_t *start; /* by slot: its first counter */
  tome_count_fn count;
} pass;

typedef struct counting {
  const pass *p;
  uint64_t *counts;
} counting;

static void count_span(void *ctx, uint32_t slot, size_t at, size_t n) {
  const counting *c = ctx;
  const pass *p = c->p;
  p->count(p->m->image->data, at, n, p->m->ranges[slot].lo, c->counts + p->start[slot]);
}

static bool count_item(void *ctx, size_t item, int worker, tome_error *err) {
  pass *p = ctx;
  counting c = {.p = p, .counts = tome_tally_of(&p->tally, worker, err)};
  if (!c.counts) return false;
  tome_spans_walk(&p->spans, item, count_span, &c);
  return true;
}

/* The histogram as it is kept: exact, or with `most` wider bins where that many were allowed and the range has more. */
static bool keep_histogram(const tome_histogram *exact, size_t most, tome_arena *arena, tome_histogram *out,
                           tome_error *err) {
  const size_t width = (exact->bins + most - 1) / most, bins = (exact->bins + width - 1) / width;
  tome_histogram h = {.lo = exact->lo, .width = (double)width, .bins = bins};
  h.counts = tome_arena_alloc(arena, bins * sizeof *h.counts, err);
  if (!h.counts) return false;
  for (size_t i = 0; i < exact->bins; i++) h.counts[i / width] += exact->counts[i];
  *out = h;
  return true;
}

static bool keep_slot(const tome_measure *m, uint32_t slot, uint64_t *counts, size_t most, tome_error *err) {
  const tome_range *r = &m->ranges[slot];
  const tome_histogram exact = {.lo = r->lo, .width = 1, .bins = bins_of(r), .counts = counts};
  tome_intensity_of(&exact, &m->hu[slot]);
  m->histogram[slot] = (tome_histogram){.width = 1};
  return exact.bins == 0 || keep_histogram(&exact, most, m->arena, &m->histogram[slot], err);
}

static bool measure_group(const tome_measure *m, uint32_t lo, uint32_t hi, size_t *start, size_t most,
                          tome_error *err) {
  size_t size = 0;
  for (uint32_t i = lo; i < hi; i++) {
    start[i] = size;
    size += bins_of(&m->ranges[i]);
  }
  TOME_CLEANUP(tome_tally_clear) tome_tally tally = {0};
  if (!tome_tally_init(&tally, size, m->workers, err)) return false;
  pass p = {.m = m, .spans = tome_measure_spans(m, lo, hi), .tally = tally, .start = start};
  p.count = tome_counter_of(m->image->dtype);
  if (size && !tome_parallel(m->run, tome_spans_items(&p.spans), count_item, &p, err)) return false;
  uint64_t *counts = tome_tally_sum(&tally, err);
  if (!counts) return false;
  for (uint32_t i = lo; i < hi; i++)
    if (!keep_slot(m, i, counts + start[i], most, err)) return false;
  return true;
}

/* Bins each slot may keep: all, unless the map has so many values over such wide ranges that together they would
 * need more than the image. */
static size_t most_bins(const tome_measure *m) {
  size_t total = 0;
  for (uint32_t i = 0; i < m->slots; i++) total += bins_of(&m->ranges[i]);
  return total <= TOME_COUNTERS_AT_ONCE ? SIZE_MAX / 2 : TOME_COUNTERS_AT_ONCE / m->slots;
}

bool tome_measure_integers(const tome_measure *m, tome_error *err) {
  TOME_AUTO_FREE size_t *start = tome_alloc(m->slots, sizeof *start, "statistics", err);
  if (!start) return false;
  const size_t most = most_bins(m), at_once = TOME_COUNTERS_AT_ONCE / (size_t)m->workers;
  for (uint32_t lo = 0, hi; lo < m->slots; lo = hi) {
    size_t size = 0;
    for (hi = lo; hi < m->slots; hi++) {
      size += bins_of(&m->ranges[hi]);
      if (hi > lo && size > at_once) break;
    }
    if (!measure_group(m, lo, hi, start, most, err)) return false;
  }
  return true;
}
