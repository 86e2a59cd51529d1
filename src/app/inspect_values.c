/* The values of a volume, counted for `tome info`: range, percentiles, histogram, and which there are where they are few. */
#include <math.h>
#include <string.h>

#include "app/inspect.h"
#include "stats/stats.h"

enum { MOST_VALUES = 256 };

/* ---- types that the statistics do not take ---- */

static bool is_wide(tome_dtype t) { return tome_dtype_size(t) > 2 && t != TOME_F32; }

/* Range and mean of finite values in the type they have: float32 would round them. */
static bool measure_wide(const tome_volume *v, double *lo, double *hi, double *mean, tome_error *err) {
  enum { BLOCK = 4096 };
  const size_t n = tome_volume_voxels(v);
  TOME_AUTO_FREE double *block = tome_alloc(BLOCK, sizeof *block, "values", err);
  double sum = 0;
  size_t count = 0;
  if (!block) return false;
  *lo = INFINITY, *hi = -INFINITY;
  for (size_t first = 0; first < n; first += BLOCK) {
    const size_t m = n - first < BLOCK ? n - first : BLOCK;
    tome_values_to_double(v->dtype, (const char *)v->data + first * tome_dtype_size(v->dtype), block, m);
    for (size_t i = 0; i < m; i++) {
      if (!isfinite(block[i])) continue;
      *lo = fmin(*lo, block[i]);
      *hi = fmax(*hi, block[i]);
      sum += block[i];
      count++;
    }
  }
  *mean = count ? sum / (double)count : NAN;
  if (!count) *lo = *hi = NAN;
  return true;
}

/* Whole numbers into a type that is counted exactly, whatever type they came in; others into float32. */
static bool make_countable(tome_volume *v, const char *shown, const tome_run *run, tome_error *err) {
  static const tome_dtype exact[] = {TOME_U8, TOME_I8, TOME_U16, TOME_I16, TOME_NONE};
  const tome_value_steps to_float = {.dtype = TOME_F32, .clamp = true};
  bool fits;
  if (!tome_values_narrow(v, exact, &fits, err)) return false;
  return fits || v->dtype == TOME_F32 || tome_values_apply(v, &to_float, shown, run, err);
}

/* ---- facts ---- */

static bool list_values(const tome_histogram *h, tome_arena *arena, tome_sample_facts *f, tome_error *err) {
  size_t kinds = 0, n = 0;
  for (size_t i = 0; i < h->bins; i++) kinds += h->counts[i] > 0;
  if (h->width != 1 || kinds == 0 || kinds > MOST_VALUES) return true;
  double *values = tome_arena_alloc(arena, kinds * sizeof *values, err);
  uint64_t *counts = values ? tome_arena_alloc(arena, kinds * sizeof *counts, err) : NULL;
  if (!counts) return false;
  for (size_t i = 0; i < h->bins; i++)
    if (h->counts[i]) {
      values[n] = h->lo + (double)i;
      counts[n++] = h->counts[i];
    }
  f->values = values;
  f->value_counts = counts;
  f->value_count = kinds;
  return true;
}

static bool measure(tome_loaded *l, const char *shown, const tome_run *run, tome_arena *arena, tome_sample_facts *f,
                    tome_error *err) {
  tome_intensity x;
  tome_histogram h = {0};
  double lo = NAN, hi = NAN, mean = NAN;
  const bool wide = is_wide(l->volume.dtype) && !l->padding;
  const uint64_t all = tome_volume_voxels(&l->volume);
  if (wide && !measure_wide(&l->volume, &lo, &hi, &mean, err)) return false;
  if (!make_countable(&l->volume, shown, run, err) ||
      !tome_stats_image(&l->volume, l->padding_mask, run, arena, &x, &h, err))
    return false;
  *f = (tome_sample_facts){.count = x.count,
                           .padding = l->padding,
                           .not_finite = all - l->padding - x.count,
                           .min = wide ? lo : x.min,
                           .max = wide ? hi : x.max,
                           .mean = wide ? mean : x.mean,
                           .std = x.std,
                           .histogram_lo = h.lo,
                           .histogram_width = h.width,
                           .histogram = h.counts,
                           .bins = h.bins};
  _Static_assert(sizeof f->percentile == sizeof x.percentile, "the same percentiles");
  memcpy(f->percentile, x.percentile, sizeof f->percentile);
  return list_values(&h, arena, f, err);
}

static const char *alpha_of(const tome_loaded *l) {
  return tome_alpha_is_constant(l->volume.dtype, 1, l->volume.data, tome_volume_voxels(&l->volume)) ? "constant"
                                                                                                    : "varies";
}

bool tome_inspect_values(const tome_stacked *s, const char *shown, const tome_run *run, tome_arena *arena,
                         tome_volume_facts *out, tome_error *err) {
  const int channels = s->order[0]->channels;
  tome_sample_facts *f = tome_arena_alloc(arena, (size_t)channels * sizeof *f, err);
  if (!f) return false;
  for (int k = 0; k < channels; k++) {
    const tome_load_options how = {.name = shown, .as_stored = true, .sample = k};
    TOME_CLEANUP(tome_loaded_clear) tome_loaded l = {0};
    if (!tome_load(s, &how, run, &l, err)) return false;
    out->dtype = l.volume.dtype;
    if (k + 1 == channels && channels % 2 == 0) out->alpha = alpha_of(&l);
    if (!measure(&l, shown, run, arena, &f[k], err)) return false;
  }
  out->samples = f;
  return true;
}
