/* Which passes run in which order, and over what memory. The order depends on the whole grids alone, never on the box, so that every box of a
 * result is the same sums. */
#include "ops/kernel_plan.h"

#include <stdlib.h>

#include "base/mem.h"

enum { Z = TOME_Z, Y = TOME_Y, X = TOME_X };

/* ---- the order of the passes ---------------------------------------------------------------------------- */

/* Work of a pass for every line it runs over, in about the time of one multiply-add a voxel. */
static double pass_cost(const tome_resample *r, int a) {
  const tome_axis *x = &r->axis[a];
  const double in = (double)x->in, out = (double)x->out, turning = a == X ? 2 : 1;
  if (tome_axis_is_identity(x)) return 0;
  if (tome_line_order(x, r->order[a]) < 2) return r->sigma[a] > 0 ? in * (1 + 8 * r->sigma[a]) + out : turning * out;
  return turning * (in + out) + 2 * in + out + 8 * r->sigma[a] * in;
}

static void choose_order(tome_passes *p) {
  const tome_axis *a = p->r->axis;
  const double z = pass_cost(p->r, Z), y = pass_cost(p->r, Y), x = pass_cost(p->r, X);
  const double y_first = (double)a[X].in * y + (double)a[Y].out * x;
  const double x_first = (double)a[Y].in * x + (double)a[X].out * y;
  const double plane = y_first <= x_first ? y_first : x_first;
  double used = (double)a[Z].in;
  if (tome_line_is_direct(&p->line[Z]) && used > 2.0 * (double)a[Z].out) used = 2.0 * (double)a[Z].out;
  const double z_last = used * plane + z * (double)a[Y].out * (double)a[X].out;
  const double z_first = z * (double)a[Y].in * (double)a[X].in + (double)a[Z].out * plane;
  p->y_first = y_first <= x_first;
  p->z_first = z_first < z_last;
}

/* ---- memory --------------------------------------------------------------------------------------------- */

static size_t most(size_t a, size_t b) { return a > b ? a : b; }

static size_t block_cells(const tome_passes *p) {
  size_t cells = 2 * most(TOME_LANES, 512);
  for (int a = 0; a < 3; a++) {
    if (tome_line_is_direct(&p->line[a])) continue;
    const size_t width = a == X ? TOME_LANES : tome_down_width(&p->line[a], SIZE_MAX);
    cells = most(cells, (size_t)p->line[a].rows * width);
  }
  return (cells + 7) / 8 * 8;
}

static size_t rows_floats(const tome_passes *p) {
  const size_t across = most(2 * TOME_LANES * p->count[X], 4 * p->n[X]);
  return most(most(across, 4 * most(p->n[X], p->count[X])), 512);
}

static size_t middle_floats(const tome_passes *p) { return p->y_first ? p->count[Y] * p->n[X] : p->n[Y] * p->count[X]; }

static size_t slice_floats(const tome_passes *p) {
  if (!tome_line_is_direct(&p->line[Z])) return 0;
  return p->z_first ? p->n[Y] * p->n[X] : p->count[Y] * p->count[X];
}

/* Of one worker, blocks of doubles counted double. */
static size_t scratch_floats(const tome_passes *p) {
  return 4 * block_cells(p) + rows_floats(p) + middle_floats(p) + 2 * slice_floats(p);
}

size_t tome_passes_volume_plane(const tome_passes *p) {
  return p->z_first ? p->n[Y] * p->n[X] : p->count[Y] * p->count[X];
}
size_t tome_passes_volume_slices(const tome_passes *p) {
  return tome_line_is_direct(&p->line[Z]) ? 0 : p->z_first ? p->count[Z] : p->n[Z];
}

void tome_passes_clear(tome_passes *p) {
  for (int a = 0; a < 3; a++) tome_line_clear(&p->line[a]);
  free(p->volume);
  free(p->scratch);
}

bool tome_passes_init(tome_passes *p, const tome_resample *r, const tome_box *inner, tome_error *err) {
  p->r = r;
  for (int a = 0; a < 3; a++) {
    tome_line *l = &p->line[a];
    if (!tome_line_init(l, &r->axis[a], r->order[a], r->sigma[a], inner->lo[a], inner->hi[a], err)) return false;
    p->n[a] = (size_t)(l->in_hi - l->in_lo);
    p->count[a] = (size_t)l->count;
  }
  choose_order(p);
  return true;
}

size_t tome_passes_bytes(const tome_passes *p, int threads) {
  return ((size_t)threads * scratch_floats(p) + tome_passes_volume_slices(p) * tome_passes_volume_plane(p)) *
         sizeof(float);
}

/* All workers' scratch is one allocation: the structs, then each one's floats. */
bool tome_passes_alloc(tome_passes *p, int threads, tome_error *err) {
  const size_t floats = (scratch_floats(p) + 15) / 16 * 16, head = (sizeof(tome_scratch) + 63) / 64 * 64;
  p->scratch = tome_alloc((size_t)threads, head + floats * sizeof(float), "resample: scratch", err);
  if (!p->scratch) return false;
  float *at = (float *)(void *)((char *)p->scratch + (size_t)threads * head);
  for (int t = 0; t < threads; t++) {
    tome_scratch *s = &p->scratch[t];
    s->block = (double *)(void *)(at + (size_t)t * floats);
    s->spare = s->block + block_cells(p);
    s->rows = (float *)(void *)(s->spare + block_cells(p));
    s->middle = s->rows + rows_floats(p);
    s->slice[0] = s->middle + middle_floats(p);
    s->slice[1] = s->slice[0] + slice_floats(p);
  }
  if (tome_passes_volume_slices(p) == 0) return true;
  p->volume = tome_alloc(tome_passes_volume_slices(p), tome_passes_volume_plane(p) * sizeof(float),
                         "resample: intermediate volume", err);
  return p->volume != NULL;
}

/* ---- one plane ------------------------------------------------------------------------------------------ */

void tome_passes_plane(const tome_passes *p, const tome_source *in, const tome_sink *out, tome_scratch *s) {
  const tome_line *y = &p->line[Y], *x = &p->line[X];
  if (tome_line_is_copy(y)) {
    tome_across(x, in, out, p->n[Y], s);
  } else if (tome_line_is_copy(x)) {
    tome_down(y, in, out, 0, p->n[X], s);
  } else if (p->y_first) {
    const tome_sink to = tome_float_sink(s->middle, p->n[X]);
    const tome_source from = tome_float_source(s->middle, p->n[X]);
    tome_down(y, in, &to, 0, p->n[X], s);
    tome_across(x, &from, out, p->count[Y], s);
  } else {
    const tome_sink to = tome_float_sink(s->middle, p->count[X]);
    const tome_source from = tome_float_source(s->middle, p->count[X]);
    tome_across(x, in, &to, p->n[Y], s);
    tome_down(y, &from, out, 0, p->count[X], s);
  }
}

tome_source tome_passes_in(const tome_passes *p, size_t z) { return tome_source_at(&p->in, z * p->in_slice); }
tome_sink tome_passes_out(const tome_passes *p, size_t z) { return tome_sink_at(&p->out, z * p->out_slice); }
