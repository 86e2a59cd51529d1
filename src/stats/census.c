/* The first pass: each slab of slices is one item, each worker counts into a table of its own. */
#include "stats/census.h"

#include <stdlib.h>

#include "base/threads.h"
#include "stats/spans.h"

enum { MOST_SLABS = 64, SLAB_SLICES = 8 }; /* at least that many slices, so that few runs are kept for joining */

typedef struct census {
  const tome_volume *map, *image;
  const uint8_t *padding;
  tome_range_fn range;
  int workers;
  size_t slab_slices, slab_count;
  tome_slab *slabs;
  tome_census_table *tables; /* by worker; empty until it counts */
} census;

void tome_census_table_clear(tome_census_table *t) {
  free(t->values);
  free(t->components);
  *t = (tome_census_table){0};
}

static bool table_init(tome_census_table *t, tome_error *err) {
  if (t->values) return true;
  t->values = tome_alloc_zero(TOME_VALUES, sizeof *t->values, "label statistics", err);
  t->components = tome_alloc_zero(TOME_VALUES, sizeof *t->components, "label statistics", err);
  return t->values && t->components;
}

static void grow_box(tome_census *v, const tome_box *more) {
  if (v->voxels == 0) v->box = *more;
  for (int a = 0; a < 3; a++) {
    if (more->lo[a] < v->box.lo[a]) v->box.lo[a] = more->lo[a];
    if (more->hi[a] > v->box.hi[a]) v->box.hi[a] = more->hi[a];
  }
}

typedef struct ranging {
  const census *c;
  tome_range *range;
} ranging;

static void range_span(void *ctx, uint32_t slot, size_t at, size_t n) {
  const ranging *r = ctx;
  (void)slot;
  r->c->range(r->c->image->data, at, n, r->range);
}

static inline bool take_row(const census *c, size_t size, int64_t z, int64_t y, tome_slab *slab, tome_census *values,
                            tome_error *err) {
  const size_t nx = (size_t)c->map->geometry.shape[2];
  const size_t row_at = ((size_t)z * (size_t)c->map->geometry.shape[1] + (size_t)y) * nx;
  const uint8_t *row = (const uint8_t *)c->map->data + row_at * size;
  tome_span span = {0};
  while (tome_next_span(row, size, nx, &span)) {
    tome_census *v = &values[span.value];
    grow_box(v, &(tome_box){{z, y, (int64_t)span.lo}, {z + 1, y + 1, (int64_t)span.hi}});
    v->voxels += span.hi - span.lo;
    ranging r = {.c = c, .range = &v->range};
    tome_spans_unpadded(c->padding, row_at + span.lo, span.hi - span.lo, 0, range_span, &r);
    if (!tome_slab_strip(slab, (uint32_t)y, span.lo, span.hi, span.value, err)) return false;
  }
  return true;
}

static bool take_slice(const census *c, int64_t z, tome_slab *slab, tome_census_table *t, tome_error *err) {
  const int64_t ny = c->map->geometry.shape[1];
  for (int64_t y = 0; y < ny; y++) {
    const bool ok = c->map->dtype == TOME_U8 ? take_row(c, 1, z, y, slab, t->values, err)
                                             : take_row(c, 2, z, y, slab, t->values, err);
    if (!ok) return false;
  }
  return tome_slab_slice_end(slab, t->components, err);
}

static bool take_slab(void *ctx, size_t item, int worker, tome_error *err) {
  const census *c = ctx;
  tome_census_table *t = &c->tables[worker];
  if (!table_init(t, err)) return false;
  const int64_t nz = c->map->geometry.shape[0], lo = (int64_t)(item * c->slab_slices);
  for (int64_t z = lo; z < nz && z < lo + (int64_t)c->slab_slices; z++)
    if (!take_slice(c, z, &c->slabs[item], t, err)) return false;
  return tome_slab_end(&c->slabs[item], t->components, err);
}

static void add_census(tome_census *to, const tome_census *from) {
  if (from->voxels == 0) return;
  grow_box(to, &from->box);
  to->voxels += from->voxels;
  tome_range_add(&to->range, &from->range);
}

static void add_table(tome_census_table *to, const tome_census_table *from) {
  if (!from->values) return;
  for (size_t v = 0; v < TOME_VALUES; v++) {
    add_census(&to->values[v], &from->values[v]);
    to->components[v].count += from->components[v].count;
    if (from->components[v].largest > to->components[v].largest)
      to->components[v].largest = from->components[v].largest;
  }
}

static void census_clear(census *c) {
  for (size_t i = 0; c->slabs && i < c->slab_count; i++) tome_slab_clear(&c->slabs[i]);
  for (int w = 0; c->tables && w < c->workers; w++) tome_census_table_clear(&c->tables[w]);
  free(c->slabs);
  free(c->tables);
}

bool tome_census_take(const tome_volume *map, const tome_volume *image, const uint8_t *padding, const tome_run *run,
                      int workers, tome_census_table *out, tome_error *err) {
  const size_t nz = (size_t)map->geometry.shape[0];
  if (map->geometry.shape[1] >= UINT32_MAX || map->geometry.shape[2] >= UINT32_MAX)
    return tome_fail(err, TOME_UNSUPPORTED, "label map: slices of %lld x %lld voxels are too large",
                     (long long)map->geometry.shape[1], (long long)map->geometry.shape[2]);
  TOME_CLEANUP(census_clear) census c = {.map = map, .image = image, .padding = padding, .workers = workers};
  c.range = tome_range_of(image->dtype);
  c.slab_slices = nz > MOST_SLABS * SLAB_SLICES ? (nz + MOST_SLABS - 1) / MOST_SLABS : SLAB_SLICES;
  c.slab_count = (nz + c.slab_slices - 1) / c.slab_slices;
  c.slabs = tome_alloc_zero(c.slab_count, sizeof *c.slabs, "label statistics", err);
  c.tables = tome_alloc_zero((size_t)workers, sizeof *c.tables, "label statistics", err);
  if (!c.slabs || !c.tables || !table_init(&c.tables[0], err)) return false;
  if (!tome_parallel(run, c.slab_count, take_slab, &c, err)) return false;
  for (int w = 1; w < workers; w++) add_table(&c.tables[0], &c.tables[w]);
  if (!tome_slabs_join(c.slabs, c.slab_count, c.tables[0].components, err)) return false;
  *out = c.tables[0];
  c.tables[0] = (tome_census_table){0};
  return true;
}
