/* Where the body is: the box of all voxels above air. The one look at voxels that planning may need (crop:body), and only where a recipe asks. */
#include <string.h>

#include "eval/eval.h"

typedef struct search {
  const tome_voxel_source *in;
  float above;
  int64_t slab;
  tome_box *found; /* one a slab */
} search;

static void grow(tome_box *b, int64_t z, int64_t y, int64_t x0, int64_t x1) {
  const bool first = tome_box_is_empty(b);
  const int64_t lo[3] = {z, y, x0}, hi[3] = {z + 1, y + 1, x1};
  for (int a = 0; a < 3; a++) {
    if (first || lo[a] < b->lo[a]) b->lo[a] = lo[a];
    if (first || hi[a] > b->hi[a]) b->hi[a] = hi[a];
  }
}

static void search_row(const search *s, const tome_tile *t, int64_t z, int64_t y, float *values, tome_box *found) {
  const int64_t n = t->box.hi[2];
  int64_t first = 0, last = n;
  tome_row_to_float(t->dtype, tome_tile_row(t, z, y), values, (size_t)n);
  while (first < n && !(values[first] > s->above)) first++;
  if (first == n) return;
  while (!(values[last - 1] > s->above)) last--;
  grow(found, z, y, first, last);
}

static bool search_slab(void *ctx, size_t item, int worker, tome_error *err) {
  (void)worker;
  const search *s = ctx;
  const int64_t *shape = s->in->geometry.shape;
  tome_box b = tome_box_of_shape(shape), found = {0};
  b.lo[0] = (int64_t)item * s->slab;
  if (b.lo[0] + s->slab < b.hi[0]) b.hi[0] = b.lo[0] + s->slab;
  TOME_AUTO_FREE void *data = tome_alloc((size_t)tome_box_voxels(&b), tome_dtype_size(s->in->dtype), "slices", err);
  TOME_AUTO_FREE float *values = tome_alloc((size_t)shape[2], sizeof *values, "a row", err);
  if (!data || !values || !s->in->read(s->in->ctx, &b, data, err)) return false;
  const tome_tile t = tome_tile_of(&b, s->in->dtype, data);
  for (int64_t z = b.lo[0]; z < b.hi[0]; z++)
    for (int64_t y = 0; y < shape[1]; y++) search_row(s, &t, z, y, values, &found);
  s->found[item] = found;
  return true;
}

bool tome_body_box(const tome_voxel_source *image, double above, const tome_run *run, tome_box *out, tome_error *err) {
  search s = {.in = image, .above = (float)above, .slab = image->chunk[0] > 0 ? image->chunk[0] : 16};
  const size_t slabs = (size_t)((image->geometry.shape[0] + s.slab - 1) / s.slab);
  TOME_AUTO_FREE tome_box *found = tome_alloc_zero(slabs, sizeof *found, "boxes", err);
  if (!found) return false;
  s.found = found;
  if (!tome_parallel(run, slabs, search_slab, &s, err)) return false;
  tome_box sum = {0};
  for (size_t i = 0; i < slabs; i++) {
    if (tome_box_is_empty(&found[i])) continue;
    grow(&sum, found[i].lo[0], found[i].lo[1], found[i].lo[2], found[i].hi[2]);
    grow(&sum, found[i].hi[0] - 1, found[i].hi[1] - 1, found[i].lo[2], found[i].hi[2]);
  }
  if (tome_box_is_empty(&sum)) return tome_fail(err, TOME_VALUE, "no voxel is above %g: there is no body", above);
  *out = sum;
  return true;
}
