/* A volume put somewhere in another grid of the same spacing, with something around it. */
#include "ops/place.h"

#include <string.h>

#include "base/threads.h"

enum { LONGEST_AXIS = 1 << 20 };

bool tome_place_around(const tome_shaping *s, tome_place *p, int mode_row, int value_row, tome_error *err) {
  p->around = (tome_around)tome_choice_of(s, mode_row);
  if (p->around != TOME_AROUND_CONSTANT && tome_given(s, value_row))
    return tome_fail_step(s, err, TOME_USAGE, "value is for mode=constant");
  p->fill = tome_given(s, value_row) && !s->in->is_label ? tome_number_of(s, value_row) : s->in->fill;
  return true;
}

bool tome_place_shape(const tome_shaping *s, tome_place *p, const int64_t size[3], tome_geometry *out,
                      tome_error *err) {
  double first[3];
  for (int a = 0; a < 3; a++) {
    if (size[a] < 1 || size[a] > LONGEST_AXIS)
      return tome_fail_step(s, err, TOME_USAGE, "%c would have %lld voxels; 1 ... %d can be", "zyx"[a],
                            (long long)size[a], LONGEST_AXIS);
    first[a] = -(double)p->at[a];
  }
  memcpy(p->shape, s->in->geometry.shape, sizeof p->shape);
  tome_geometry_to_world(&s->in->geometry, first, out->origin);
  memcpy(out->shape, size, sizeof out->shape);
  return true;
}

/* ---- which voxel goes where ----------------------------------------------------------------------------- */

static int64_t modulo(int64_t k, int64_t n) { return (k % n + n) % n; }

/* The input voxel for index k of an axis of n, which may lie outside; not of TOME_AROUND_CONSTANT. */
static int64_t source_of(tome_around around, int64_t k, int64_t n) {
  const int64_t period = around == TOME_AROUND_REFLECT ? 2 * (n - 1) : 2 * n;
  if (k >= 0 && k < n) return k;
  if (around == TOME_AROUND_EDGE || n == 1) return k < 0 ? 0 : n - 1;
  if (around == TOME_AROUND_WRAP) return modulo(k, n);
  k = modulo(k, period);
  return k < n ? k : around == TOME_AROUND_REFLECT ? period - k : period - 1 - k;
}

/* The lowest and highest of them for indices lo ... hi-1. */
static void reach(tome_around around, int64_t n, int64_t *lo, int64_t *hi) {
  const int64_t from = *lo, to = *hi;
  if (from >= 0 && to <= n) return;
  const bool edge = around == TOME_AROUND_EDGE;
  *lo = edge ? source_of(around, from, n) : n;
  *hi = edge ? source_of(around, to - 1, n) + 1 : 0;
  for (int64_t k = from; !edge && k < to && k < from + 2 * n; k++) { /* then it begins again */
    const int64_t i = source_of(around, k, n);
    if (i < *lo) *lo = i;
    if (i >= *hi) *hi = i + 1;
  }
}

void tome_place_need(const void *state, const tome_box *out, tome_box *in) {
  const tome_place *p = state;
  tome_box b = *out;
  for (int a = 0; a < 3; a++) {
    b.lo[a] -= p->at[a];
    b.hi[a] -= p->at[a];
    if (p->around != TOME_AROUND_CONSTANT) reach(p->around, p->shape[a], &b.lo[a], &b.hi[a]);
  }
  const tome_box all = tome_box_of_shape(p->shape);
  *in = tome_box_intersect(&b, &all);
}

/* ---- voxels --------------------------------------------------------------------------------------------- */

static void put_constant(const tome_place *p, const tome_tile *in, const tome_tile *out) {
  tome_tile moved = *in;
  for (int a = 0; a < 3; a++) {
    moved.box.lo[a] += p->at[a];
    moved.box.hi[a] += p->at[a];
  }
  if (tome_box_is_empty(&moved.box) || !tome_box_contains(&moved.box, &out->box))
    tome_tile_fill(out, &out->box, p->fill);
  tome_tile_copy(&moved, out);
}

typedef struct placing {
  const tome_place *p;
  const tome_tile *in, *out;
} placing;

/* The volume's own part of the row in one piece, the rest voxel by voxel. */
static void put_row(const placing *g, int64_t z, int64_t y) {
  const tome_place *p = g->p;
  const size_t size = tome_dtype_size(g->out->dtype);
  const char *from = tome_tile_row(g->in, source_of(p->around, z - p->at[0], p->shape[0]),
                                   source_of(p->around, y - p->at[1], p->shape[1]));
  char *to = tome_tile_row(g->out, z, y);
  const int64_t first = g->in->box.lo[2], n = p->shape[2], end = g->out->box.hi[2] - p->at[2];
  for (int64_t k = g->out->box.lo[2] - p->at[2]; k < end;) {
    const int64_t run = k >= 0 && k < n ? (end < n ? end : n) - k : 1;
    memcpy(to, from + (size_t)(source_of(p->around, k, n) - first) * size, (size_t)run * size);
    to += (size_t)run * size;
    k += run;
  }
}

static bool put_slice(void *ctx, size_t item, int worker, tome_error *err) {
  (void)worker;
  (void)err;
  const placing *g = ctx;
  for (int64_t y = g->out->box.lo[1]; y < g->out->box.hi[1]; y++) put_row(g, g->out->box.lo[0] + (int64_t)item, y);
  return true;
}

bool tome_place_compute(const void *state, const tome_tile *in, size_t count, const tome_tile *out, const tome_run *run,
                        tome_error *err) {
  (void)count;
  const tome_place *p = state;
  if (p->around == TOME_AROUND_CONSTANT || tome_box_is_empty(&in->box)) {
    put_constant(p, in, out);
    return true;
  }
  placing g = {p, in, out};
  return tome_parallel(run, (size_t)(out->box.hi[0] - out->box.lo[0]), put_slice, &g, err);
}
