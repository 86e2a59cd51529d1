/* Float voxels: histogram, mean and std in one pass. The sums are of whole numbers, 2^-44 of the range each: the
 * order of adding does not matter, hence neither does the number of threads, and nothing cancels. */
#include <math.h>
#include <stdlib.h>

#include "stats/floats.h"

enum { FIXED_BITS = 44 }; /* as tome_float_slot.scale: 2^37 squares of them fit in 128 bits */

typedef struct moments {
  unsigned __int128 sum, squares;
} moments;

/* One pass over slots lo ... hi-1. */
typedef struct pass {
  const tome_measure *m;
  const tome_float_slot *slots;
  tome_spans spans;
  tome_tally tally;
  moments **moments; /* by worker, by slot - slot_lo */
} pass;

typedef struct work {
  const pass *p;
  uint64_t *counts;
  moments *moments;
} work;

/* The bin whose edges min + i*width enclose v. Rounding must not decide, so the guess from the whole number is
 * checked. */
static inline size_t bin_of(const tome_float_slot *s, double v, uint64_t fixed) {
  size_t i = (size_t)(fixed * s->bins >> FIXED_BITS);
  if (i >= s->bins) i = s->bins - 1;
  if (i > 0 && v < s->min + (double)i * s->width) i--;
  if (i + 1 < s->bins && v >= s->min + (double)(i + 1) * s->width) i++;
  return i;
}

static void bin_span(void *ctx, uint32_t slot, size_t at, size_t n) {
  const work *w = ctx;
  const tome_float_slot s = w->p->slots[slot];
  const float *v = (const float *)w->p->m->image->data + at;
  uint64_t *bins = w->counts + s.start;
  moments sum = {0, 0};
  for (size_t i = 0, same; i < n; i += same) {
    same = tome_same_bits(v, i, n);
    if (!tome_key_is_finite(tome_key_of_float(v[i]))) continue;
    const uint64_t fixed = (uint64_t)(int64_t)(((double)v[i] - s.min) * s.scale + 0.5);
    sum.sum += (unsigned __int128)fixed * same;
    sum.squares += (unsigned __int128)fixed * fixed * same;
    bins[bin_of(&s, (double)v[i], fixed)] += same;
  }
  moments *to = &w->moments[slot - w->p->spans.slot_lo];
  to->sum += sum.sum;
  to->squares += sum.squares;
}

static bool bin_item(void *ctx, size_t item, int worker, tome_error *err) {
  pass *p = ctx;
  work w = {.p = p, .counts = tome_tally_of(&p->tally, worker, err)};
  if (!w.counts) return false;
  if (!p->moments[worker])
    p->moments[worker] = tome_alloc_zero(p->spans.slot_hi - p->spans.slot_lo, sizeof(moments), "statistics", err);
  w.moments = p->moments[worker];
  if (!w.moments) return false;
  tome_spans_walk(&p->spans, item, bin_span, &w);
  return true;
}

/* Mean and population std out of the sums, about m, the mean rounded down: whole numbers up to the last divisions. */
static void finish_moments(const tome_float_slot *s, const moments *sum, tome_intensity *out) {
  const unsigned __int128 n = out->count, m = sum->sum / n, rest = sum->sum - m * n;
  const unsigned __int128 squares = sum->squares - n * m * m - 2 * m * rest; /* of (fixed - m) */
  const long double part = (long double)rest / (long double)n;
  const long double unit = s->scale > 0 ? 1.0L / (long double)s->scale : 0.0L;
  const long double variance = (long double)squares / (long double)n - part * part;
  out->mean = (double)((long double)s->min + ((long double)m + part) * unit);
  out->std = variance > 0 ? (double)(sqrtl(variance) * unit) : 0;
}

static bool finish_bins(const tome_measure *m, uint32_t slot, const tome_float_slot *s, const uint64_t *counts,
                        tome_error *err) {
  tome_histogram h = {.lo = s->min, .width = s->width, .bins = s->bins};
  h.counts = tome_arena_alloc(m->arena, h.bins * sizeof *h.counts, err);
  if (!h.counts) return false;
  memcpy(h.counts, counts, h.bins * sizeof *h.counts);
  m->histogram[slot] = h;
  return true;
}

typedef struct all_moments {
  int workers;
  moments **of;
} all_moments;

static void all_moments_clear(all_moments *a) {
  for (int w = 0; a->of && w < a->workers; w++) free(a->of[w]);
  free(a->of);
}

static moments sum_moments(const all_moments *a, size_t i) {
  moments sum = {0, 0};
  for (int w = 0; w < a->workers; w++) {
    if (!a->of[w]) continue;
    sum.sum += a->of[w][i].sum;
    sum.squares += a->of[w][i].squares;
  }
  return sum;
}

bool tome_float_bins(const tome_measure *m, tome_float_slot *slots, uint32_t lo, uint32_t hi, tome_error *err) {
  size_t size = 0;
  for (uint32_t i = lo; i < hi; i++) {
    slots[i].start = size;
    size += slots[i].bins;
  }
  TOME_CLEANUP(tome_tally_clear) tome_tally tally = {0};
  TOME_CLEANUP(all_moments_clear) all_moments sums = {.workers = m->workers};
  sums.of = tome_alloc_zero((size_t)m->workers, sizeof *sums.of, "statistics", err);
  if (!sums.of || !tome_tally_init(&tally, size, m->workers, err)) return false;
  pass p = {.m = m, .slots = slots, .spans = tome_measure_spans(m, lo, hi), .tally = tally, .moments = sums.of};
  if (size && !tome_parallel(m->run, tome_spans_items(&p.spans), bin_item, &p, err)) return false;
  const uint64_t *counts = tome_tally_sum(&tally, err);
  if (!counts) return false;
  for (uint32_t i = lo; i < hi; i++) {
    if (slots[i].bins == 0) continue;
    const moments sum = sum_moments(&sums, i - lo);
    finish_moments(&slots[i], &sum, &m->hu[i]);
    if (!finish_bins(m, i, &slots[i], counts + slots[i].start, err)) return false;
  }
  return true;
}
