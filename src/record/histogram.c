/* Summaries out of histograms. For integer voxels (bins of width 1) they equal those of the voxels themselves. */
#include <math.h>
#include <string.h>

#include "record/percentile.h"
#include "record/record.h"

const double tome_percentile_ranks[TOME_PERCENTILES] = {0.5, 5, 25, 50, 75, 95, 99.5};

/* Bins that a sum of histograms may span: far above what 16-bit voxels need, far below what a damaged file may ask
 * for. */
enum { MOST_BINS = 1 << 24 };

static bool integer_valued(const tome_histogram *h) {
  return h->width == 1.0 && h->lo == floor(h->lo) && fabs(h->lo) < 0x1p53;
}

/* The value of voxel number `at` (from 0) of the `inside` ones that a bin holds: the bin's own value, or, in a bin
 * with a width, spread evenly over it. */
static double value_in_bin(const tome_histogram *h, bool exact, size_t bin, uint64_t at, uint64_t inside) {
  if (exact) return h->lo + (double)bin;
  return h->lo + ((double)bin + ((double)at + 0.5) / (double)inside) * h->width;
}

/* Walks up the bins; calls with rising `number` go on from where the last one stopped. */
typedef struct walk {
  const tome_histogram *h;
  bool exact;
  size_t bin;
  uint64_t before; /* voxels in bins below `bin` */
} walk;

static double nth_value(walk *w, uint64_t number) {
  while (w->bin + 1 < w->h->bins && w->before + w->h->counts[w->bin] <= number) w->before += w->h->counts[w->bin++];
  return value_in_bin(w->h, w->exact, w->bin, number - w->before, w->h->counts[w->bin]);
}

static void percentiles(const tome_histogram *h, bool exact, tome_intensity *out) {
  walk w = {.h = h, .exact = exact};
  for (int i = 0; i < TOME_PERCENTILES; i++) {
    const tome_rank r = tome_rank_of(tome_percentile_ranks[i], out->count);
    const double below = nth_value(&w, r.below);
    walk ahead = w; /* the next rank may lie below `above` */
    out->percentile[i] = tome_rank_between(&r, below, nth_value(&ahead, r.above));
  }
}

/* Mean and std by two passes over the bins. The sum of bin numbers is an exact integer, and the squares are taken about
 * the mean, so that nothing cancels however far the values lie from 0. */
static void moments(const tome_histogram *h, bool exact, tome_intensity *out) {
  unsigned __int128 sum = 0;
  for (size_t i = 0; i < h->bins; i++) sum += (unsigned __int128)h->counts[i] * i;
  const long double n = (long double)out->count, mean = (long double)sum / n;
  long double squares = 0;
  for (size_t i = 0; i < h->bins; i++) {
    const long double away = (long double)i - mean;
    squares += (long double)h->counts[i] * away * away;
  }
  const double width = exact ? 1.0 : h->width;
  out->mean = (double)((long double)h->lo + (mean + (exact ? 0.0L : 0.5L)) * (long double)width);
  out->std = (double)(sqrtl(squares / n) * (long double)width);
}

static uint64_t total(const tome_histogram *h) {
  uint64_t n = 0;
  for (size_t i = 0; i < h->bins; i++) n += h->counts[i];
  return n;
}

static void set_empty(tome_intensity *out) {
  *out = (tome_intensity){.min = NAN, .max = NAN, .mean = NAN, .std = NAN};
  for (int i = 0; i < TOME_PERCENTILES; i++) out->percentile[i] = NAN;
}

void tome_intensity_of(const tome_histogram *h, tome_intensity *out) {
  const uint64_t count = total(h);
  set_empty(out);
  if (count == 0) return;
  const bool exact = integer_valued(h);
  size_t first = 0, last = h->bins - 1;
  while (h->counts[first] == 0) first++;
  while (h->counts[last] == 0) last--;
  out->count = count;
  out->min = h->lo + (double)first * h->width;
  out->max = h->lo + (double)(exact ? last : last + 1) * h->width;
  moments(h, exact, out);
  percentiles(h, exact, out);
}

static void add_counts(tome_histogram *sum, const tome_histogram *h) {
  const size_t at = (size_t)(h->lo - sum->lo);
  for (size_t i = 0; i < h->bins; i++) sum->counts[at + i] += h->counts[i];
}

bool tome_histogram_add(tome_arena *a, tome_histogram *sum, const tome_histogram *h, tome_error *err) {
  if (h->bins == 0) return true;
  if (!integer_valued(h) || (sum->bins && !integer_valued(sum)))
    return tome_fail(err, TOME_USAGE, "only histograms of integer voxels can be added (bin widths %g and %g)",
                     sum->bins ? sum->width : 1.0, h->width);
  const double end = h->lo + (double)h->bins, sum_end = sum->lo + (double)sum->bins;
  const double lo = sum->bins && sum->lo < h->lo ? sum->lo : h->lo;
  const double hi = sum->bins && sum_end > end ? sum_end : end;
  if (sum->bins && lo == sum->lo && hi == sum_end) {
    add_counts(sum, h);
    return true;
  }
  if (hi - lo > MOST_BINS)
    return tome_fail(err, TOME_VALUE, "histograms from %g to %g span more than %d bins", lo, hi, MOST_BINS);
  tome_histogram grown = {.lo = lo, .width = 1, .bins = (size_t)(hi - lo)};
  grown.counts = tome_arena_alloc(a, grown.bins * sizeof *grown.counts, err);
  if (!grown.counts) return false;
  if (sum->bins) add_counts(&grown, sum);
  add_counts(&grown, h);
  *sum = grown;
  return true;
}

tome_window tome_window_minmax(const tome_intensity *i) {
  return (tome_window){.level = (i->min + i->max) / 2, .width = i->max - i->min};
}

tome_window tome_window_percentile(const tome_intensity *i) {
  const double lo = i->percentile[TOME_P005], hi = i->percentile[TOME_P995];
  return (tome_window){.level = (lo + hi) / 2, .width = hi - lo};
}
