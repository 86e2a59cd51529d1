/* All labels of one kind in one case taken together: "the tumour" of a case with seven livertumorN maps. */
#include "index/structures.h"

#include <math.h>
#include <string.h>

static tome_intensity no_intensity(void) {
  tome_intensity none = {.min = NAN, .max = NAN, .mean = NAN, .std = NAN};
  for (int p = 0; p < TOME_PERCENTILES; p++) none.percentile[p] = NAN;
  return none;
}

/* Adds `more` to `sum`: count, min, max, mean and std exactly (Chan's update); percentiles cannot be added and become
 * unknown. */
static void pool_intensity(tome_intensity *sum, const tome_intensity *more) {
  if (!more->count) return;
  if (!sum->count) {
    *sum = *more;
    return;
  }
  const double a = (double)sum->count, b = (double)more->count, n = a + b, d = more->mean - sum->mean;
  const double squares = a * sum->std * sum->std + b * more->std * more->std + d * d * a * b / n;
  const double mean = sum->mean + d * b / n, lo = fmin(sum->min, more->min), hi = fmax(sum->max, more->max);
  const uint64_t count = sum->count + more->count;
  *sum = no_intensity();
  sum->count = count;
  sum->min = lo;
  sum->max = hi;
  sum->mean = mean;
  sum->std = sqrt(squares / n);
}

static void add_extent(tome_structure *s, const tome_label *l) {
  if (!l->voxels) return;
  if (!s->voxels || l->box.lo[TOME_Z] < s->z_first) s->z_first = l->box.lo[TOME_Z];
  if (!s->voxels || l->box.hi[TOME_Z] - 1 > s->z_last) s->z_last = l->box.hi[TOME_Z] - 1;
}

static void add_label(tome_structure *s, const tome_label *l) {
  add_extent(s, l);
  s->labels++;
  s->voxels += l->voxels;
  s->ml += l->ml;
  s->components += l->components;
  if (l->largest > s->largest) s->largest = l->largest;
  pool_intensity(&s->hu, &l->hu);
}

static tome_structure *find_structure(tome_structures *all, const char *kind) {
  for (size_t i = 0; i < all->count; i++)
    if (strcmp(all->items[i].kind, kind) == 0) return &all->items[i];
  tome_structure *s = &all->items[all->count++];
  strcpy(s->kind, kind);
  s->hu = no_intensity();
  return s;
}

static bool is_exact(const tome_histogram *h) { return h->bins && h->width == 1.0 && h->lo == floor(h->lo); }

/* Where several labels make up the structure and all have exact histograms, the merged histogram knows everything,
 * percentiles too. */
static bool merge_histograms(tome_structures *all, size_t which, const tome_record *r, tome_error *err) {
  tome_histogram sum = {0};
  for (size_t i = 0; i < r->label_count; i++) {
    const tome_label *l = &r->labels[i];
    if (all->of_label[i] != which || !l->hu.count) continue;
    if (!is_exact(&l->histogram)) return true;
    if (!tome_histogram_add(&all->arena, &sum, &l->histogram, err)) return false;
  }
  if (sum.bins) tome_intensity_of(&sum, &all->items[which].hu);
  return true;
}

static bool finish_structure(tome_structures *all, size_t which, const tome_record *r, tome_error *err) {
  tome_structure *s = &all->items[which];
  if (s->labels > 1 && !merge_histograms(all, which, r, err)) return false;
  s->percentile = (tome_window){NAN, NAN};
  s->minmax = (tome_window){NAN, NAN};
  if (!s->hu.count) return true;
  s->minmax = tome_window_minmax(&s->hu);
  if (!isnan(s->hu.percentile[TOME_P005])) s->percentile = tome_window_percentile(&s->hu);
  return true;
}

bool tome_structures_of(const tome_record *r, tome_structures *out, tome_error *err) {
  const size_t most = r->label_count ? r->label_count : 1;
  out->items = tome_arena_alloc(&out->arena, most * sizeof *out->items, err);
  out->of_label = tome_arena_alloc(&out->arena, most * sizeof *out->of_label, err);
  if (!out->items || !out->of_label) return false;
  for (size_t i = 0; i < r->label_count; i++) {
    char kind[TOME_KIND_TEXT];
    tome_kind_of(r->labels[i].name, kind);
    tome_structure *s = find_structure(out, kind);
    out->of_label[i] = (size_t)(s - out->items);
    add_label(s, &r->labels[i]);
  }
  for (size_t i = 0; i < out->count; i++)
    if (!finish_structure(out, i, r, err)) return false;
  return true;
}

void tome_structures_clear(tome_structures *s) { tome_arena_clear(&s->arena); }
