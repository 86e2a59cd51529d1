/* What is known of a flow's values without reading them: the stored histogram, carried bin by bin through the pointwise steps
 * since. So `window:tumor normalise:zscore` needs no pass over the voxels, and is exact where the histogram is. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "eval/facts.h"
#include "record/percentile.h"

typedef struct weighted {
  float value;
  uint64_t count;
} weighted;

typedef struct spread {
  weighted *at;
  size_t count, cap;
  bool exact;   /* whole values, none from a bin with a width */
  bool nonzero; /* values that are 0 do not count */
} spread;

static void clear_spread(spread *v) { free(v->at); }

/* What bin i stands for: its value, or its middle; 0 where that lies in it and matters. */
static float value_of(const spread *v, const tome_histogram *h, size_t i, bool exact) {
  const double lo = h->lo + (double)i * h->width;
  if (exact) return (float)lo;
  return v->nonzero && lo <= 0 && lo + h->width > 0 ? 0 : (float)(lo + 0.5 * h->width);
}

static bool add_histogram(spread *v, const tome_histogram *h, tome_error *err) {
  const bool exact = h->width == 1.0 && h->lo == floor(h->lo);
  if (!tome_grow(&v->at, &v->cap, v->count + h->bins, sizeof *v->at, err)) return false;
  for (size_t i = 0; i < h->bins; i++)
    if (h->counts[i]) v->at[v->count++] = (weighted){value_of(v, h, i, exact), h->counts[i]};
  v->exact = v->exact && exact;
  return true;
}

/* What is known of labels and of the store is known of the first channel's values. */
static bool first_channel(const tome_shaping *s, tome_error *err) {
  const tome_record *r = s->facts->record;
  const tome_channel *c = r ? tome_record_find_channel(r, s->in->name) : NULL;
  if (!c || c == &r->channels[0]) return true;
  return tome_fail_step(
      s, err, TOME_USAGE,
      "the values of channel %s inside labels, and over the store, are not kept (those of %s are); take the "
      "whole channel's",
      c->name, r->channels[0].name);
}

/* The histograms that a word stands for. */
static bool gather(const tome_shaping *s, const char *over, bool across, spread *v, tome_error *err) {
  const tome_facts *f = s->facts;
  const bool foreground = over && !strcmp(over, "foreground");
  if (((over && !v->nonzero) || across) && !first_channel(s, err)) return false;
  if (across) {
    tome_histogram h = {0};
    if (!f->across) return tome_fail_step(s, err, TOME_USAGE, "needs a store's statistics, and there is no store here");
    return f->across(f->ctx, foreground ? NULL : over, &h, err) && add_histogram(v, &h, err);
  }
  if (!f->record) return tome_fail_step(s, err, TOME_USAGE, "needs the case's statistics, and none are known here");
  const tome_channel *channel = tome_record_find_channel(f->record, s->in->name);
  if (!over || v->nonzero) return add_histogram(v, channel ? &channel->histogram : &f->record->histogram, err);
  size_t found = 0;
  for (size_t i = 0; i < f->record->label_count; i++) {
    const tome_label *l = &f->record->labels[i];
    if (!foreground && !tome_label_goes_by(l, over)) continue;
    found++;
    if (!add_histogram(v, &l->histogram, err)) return false;
  }
  return found || foreground || tome_fail_no_label(s, over, err);
}

static void carry(const tome_past *past, float *values, size_t n) {
  if (!past) return;
  carry(past->before, values, n);
  past->op->row(past->state, values, values, n);
  tome_row_settle(past->dtype, values, n);
}

float tome_flow_value(const tome_flow *f, float stored) {
  carry(f->values, &stored, 1);
  return stored;
}

static bool carry_all(const tome_past *past, spread *v, tome_error *err) {
  TOME_AUTO_FREE float *values = tome_alloc(v->count, sizeof *values, "values", err);
  if (!values) return false;
  for (size_t i = 0; i < v->count; i++) values[i] = v->at[i].value;
  carry(past, values, v->count);
  for (size_t i = 0; i < v->count; i++) v->at[i].value = values[i];
  return true;
}

static int by_value(const void *a, const void *b) {
  const float x = ((const weighted *)a)->value, y = ((const weighted *)b)->value;
  return x < y ? -1 : x > y;
}

static double value_at(const spread *v, uint64_t number) {
  uint64_t before = 0;
  for (size_t i = 0; i < v->count; i++) {
    before += v->at[i].count;
    if (number < before) return (double)v->at[i].value;
  }
  return (double)v->at[v->count - 1].value;
}

static double at_rank(const spread *v, double rank, uint64_t total) {
  const tome_rank r = tome_rank_of(rank, total);
  return tome_rank_between(&r, value_at(v, r.below), value_at(v, r.above));
}

static void summarise(const spread *v, uint64_t total, const double ranks[2], tome_known *out) {
  double sum = 0, squares = 0;
  for (size_t i = 0; i < v->count; i++) sum += (double)v->at[i].value * (double)v->at[i].count;
  out->mean = sum / (double)total;
  for (size_t i = 0; i < v->count; i++) {
    const double away = (double)v->at[i].value - out->mean;
    squares += away * away * (double)v->at[i].count;
  }
  out->std = sqrt(squares / (double)total);
  out->min = (double)v->at[0].value;
  out->max = (double)v->at[v->count - 1].value;
  out->low = at_rank(v, ranks[0], total);
  out->high = at_rank(v, ranks[1], total);
}

/* Float images have binned histograms, but their summaries were exact: those are better where the values are still as stored. */
static void sharpen(const tome_intensity *exact, const double ranks[2], tome_known *out) {
  out->min = exact->min;
  out->max = exact->max;
  out->mean = exact->mean;
  out->std = exact->std;
  for (int i = 0; i < TOME_PERCENTILES; i++) {
    if (tome_percentile_ranks[i] == ranks[0]) out->low = exact->percentile[i];
    if (tome_percentile_ranks[i] == ranks[1]) out->high = exact->percentile[i];
  }
}

/* Zeros add nothing to a sum, nor to one of squares: without them both are as exact as with them. */
static void sharpen_nonzero(const tome_intensity *all, uint64_t left, tome_known *out) {
  const double n = (double)all->count, m = (double)left;
  const double squares = (all->std * all->std + all->mean * all->mean) * n / m;
  out->mean = all->mean * n / m;
  out->std = sqrt(fmax(squares - out->mean * out->mean, 0));
  if (all->min != 0) out->min = all->min;
  if (all->max != 0) out->max = all->max;
}

static void drop_zeros(spread *v) {
  size_t kept = 0;
  for (size_t i = 0; i < v->count; i++)
    if (v->at[i].value != 0) v->at[kept++] = v->at[i];
  v->count = kept;
}

static uint64_t total_of(const spread *v) {
  uint64_t total = 0;
  for (size_t i = 0; i < v->count; i++) total += v->at[i].count;
  return total;
}

static bool fail_empty(const tome_shaping *s, const char *over, tome_error *err) {
  if (over && !strcmp(over, "nonzero"))
    return tome_fail_step(s, err, TOME_VALUE, "every voxel of %s is 0", s->in->name);
  return tome_fail_step(s, err, TOME_VALUE, "%s has no voxels to take statistics of", over ? over : "the volume");
}

static const tome_intensity *exact_of(const tome_shaping *s, const char *over) {
  const tome_record *r = s->facts->record;
  const tome_channel *channel = tome_record_find_channel(r, s->in->name);
  if (!over || !strcmp(over, "nonzero")) return channel ? &channel->intensity : &r->intensity;
  const tome_intensity *only = NULL;
  for (size_t i = 0; i < r->label_count; i++) {
    if (!tome_label_goes_by(&r->labels[i], over)) continue;
    if (only) return NULL;
    only = &r->labels[i].hu;
  }
  return only;
}

bool tome_know_values(const tome_shaping *s, const char *over, bool across, const double ranks[2], tome_known *out,
                      tome_error *err) {
  TOME_CLEANUP(clear_spread) spread v = {.exact = true, .nonzero = over && !strcmp(over, "nonzero")};
  if (s->in[0].unknown)
    return tome_fail_step(s, err, TOME_USAGE, "needs statistics, and %s makes values that have none; put it before %s",
                          s->in[0].unknown, s->in[0].unknown);
  if (!gather(s, over, across, &v, err)) return false;
  if (!carry_all(s->in[0].values, &v, err)) return false;
  if (v.nonzero) drop_zeros(&v);
  const uint64_t total = total_of(&v);
  if (!total) return fail_empty(s, over, err);
  qsort(v.at, v.count, sizeof *v.at, by_value);
  summarise(&v, total, ranks, out);
  const tome_intensity *exact = across || v.exact || s->in[0].values ? NULL : exact_of(s, over);
  if (exact && exact->count && v.nonzero)
    sharpen_nonzero(exact, total, out);
  else if (exact && exact->count)
    sharpen(exact, ranks, out);
  return true;
}
