/* Resampling a box: what is asked is checked, fill is laid down, the rest is planned and run. */
#include "ops/kernel.h"

#include <math.h>

#include "base/mem.h"
#include "ops/kernel_plan.h"
#include "ops/kernel_rows.h"

enum { Z = TOME_Z, Y = TOME_Y, X = TOME_X, IN_MOST = 1 << 30 };

/* ---- what is asked -------------------------------------------------------------------------------------- */

tome_resample tome_resample_init(tome_profile p, const tome_axis axis[3], int order, double fill) {
  const bool even = p == TOME_PROFILE_NNUNET || p == TOME_PROFILE_MONAI;
  tome_resample r = {
      .fill = fill, .lo = -INFINITY, .hi = INFINITY, .rounding = even ? TOME_ROUND_HALF_EVEN : TOME_ROUND_HALF_AWAY};
  for (int a = 0; a < 3; a++) {
    r.axis[a] = axis[a];
    r.order[a] = order;
  }
  return r;
}

tome_geometry tome_resample_geometry(const tome_resample *r, const tome_geometry *in) {
  tome_geometry g = *in;
  for (int a = 0; a < 3; a++) {
    g.shape[a] = r->axis[a].out;
    g.spacing[a] = r->axis[a].spacing;
    for (int w = 0; w < 3; w++) g.origin[w] += r->axis[a].shift * in->direction[a][w];
  }
  return g;
}

static bool check_axis(const tome_axis *a, int order, double sigma, tome_error *err) {
  if (a->in < 1 || a->in > IN_MOST || a->out < 1 || a->out > TOME_AXIS_MOST)
    return tome_fail(err, TOME_USAGE, "resample: %lld voxels to %lld on one axis", (long long)a->in, (long long)a->out);
  if (!(a->den > 0) || !(a->num >= 0) || !isfinite(a->num / a->den) || !isfinite(a->half) || !isfinite(a->offset))
    return tome_fail(err, TOME_USAGE, "resample: the positions on an axis are not numbers in rising order");
  if (order < 0 || order > 5) return tome_fail(err, TOME_USAGE, "resample: order %d is not one of 0 to 5", order);
  if (!(sigma >= 0 && sigma <= 100))
    return tome_fail(err, TOME_USAGE, "resample: a Gaussian of %g voxels is not in 0 to 100", sigma);
  return true;
}

static bool is_copying(const tome_resample *r, tome_dtype in, tome_dtype out) {
  for (int a = 0; a < 3; a++)
    if (tome_line_order(&r->axis[a], r->order[a]) != 0) return false;
  return in == out && r->lo == -INFINITY && r->hi == INFINITY;
}

static bool check_types(const tome_resample *r, tome_dtype in, tome_dtype out, tome_error *err) {
  if (is_copying(r, in, out) && tome_dtype_size(in) > 0) return true;
  if (!tome_rows_can_load(in))
    return tome_fail(err, TOME_UNSUPPORTED, "resample: cannot interpolate %s voxels", tome_dtype_name(in));
  if (!tome_rows_can_store(out))
    return tome_fail(err, TOME_UNSUPPORTED, "resample: cannot write %s voxels", tome_dtype_name(out));
  return true;
}

static bool check(const tome_resample *r, tome_dtype in_type, const tome_box *in, tome_dtype out_type,
                  const tome_box *out, tome_error *err) {
  tome_box all_in = {0}, all_out = {0};
  for (int a = 0; a < 3; a++) {
    if (!check_axis(&r->axis[a], r->order[a], r->sigma[a], err)) return false;
    all_in.hi[a] = r->axis[a].in;
    all_out.hi[a] = r->axis[a].out;
  }
  if (!check_types(r, in_type, out_type, err)) return false;
  if (isnan(r->lo) || isnan(r->hi) || r->lo > r->hi)
    return tome_fail(err, TOME_USAGE, "resample: the clipping range %g to %g is empty", r->lo, r->hi);
  if (tome_box_is_empty(out)) return true;
  if (!tome_box_contains(&all_out, out))
    return tome_fail(err, TOME_USAGE, "resample: the box asked for is not inside the result");
  const tome_box need = tome_resample_need(r, out);
  if (tome_box_is_empty(&need)) return true;
  if (!tome_box_contains(&all_in, in) || !tome_box_contains(in, &need))
    return tome_fail(err, TOME_USAGE, "resample: the box asked for needs more of the input than was given");
  return true;
}

/* The part of a box of the result that is not fill; empty where all of it is. */
static tome_box inside(const tome_resample *r, const tome_box *out) {
  tome_box b = *out;
  for (int a = 0; a < 3; a++) tome_axis_inside(&r->axis[a], &b.lo[a], &b.hi[a]);
  return b;
}

tome_box tome_resample_need(const tome_resample *r, const tome_box *out) {
  const tome_box b = inside(r, out);
  tome_box need = {0};
  if (tome_box_is_empty(&b)) return need;
  for (int a = 0; a < 3; a++)
    tome_line_need(&r->axis[a], r->order[a], r->sigma[a], b.lo[a], b.hi[a], &need.lo[a], &need.hi[a]);
  return need;
}

size_t tome_resample_scratch(const tome_resample *r, const tome_box *out, int threads) {
  TOME_CLEANUP(tome_passes_clear) tome_passes p = {0};
  const tome_box inner = inside(r, out);
  if (tome_box_is_empty(&inner) || !tome_passes_init(&p, r, &inner, NULL)) return 0;
  return tome_passes_bytes(&p, threads > 0 ? threads : 1);
}

/* ---- all of it ------------------------------------------------------------------------------------------ */

/* Everything of the box outside `inner`. */
static void fill_outside(const tome_resample *r, void *out, tome_dtype type, const tome_box *box,
                         const tome_box *inner) {
  int64_t shape[3];
  tome_box_shape(box, shape);
  const size_t size = tome_dtype_size(type), row = (size_t)shape[X];
  const size_t before = (size_t)(inner->lo[X] - box->lo[X]), after = (size_t)(box->hi[X] - inner->hi[X]);
  char *to = out;
  for (int64_t z = box->lo[Z]; z < box->hi[Z]; z++) {
    for (int64_t y = box->lo[Y]; y < box->hi[Y]; y++, to += row * size) {
      const bool all = z < inner->lo[Z] || z >= inner->hi[Z] || y < inner->lo[Y] || y >= inner->hi[Y];
      tome_rows_fill(to, type, r->fill, all ? row : before, r->rounding);
      if (!all) tome_rows_fill(to + (row - after) * size, type, r->fill, after, r->rounding);
    }
  }
}

static void place(tome_passes *p, const void *in, tome_dtype in_type, const tome_box *in_box, void *out,
                  tome_dtype out_type, const tome_box *out_box, const tome_box *inner) {
  int64_t is[3], os[3], from = 0, to = 0;
  tome_box_shape(in_box, is);
  tome_box_shape(out_box, os);
  for (int a = 0; a < 3; a++) {
    from = from * is[a] + (p->line[a].in_lo - in_box->lo[a]);
    to = to * os[a] + (inner->lo[a] - out_box->lo[a]);
  }
  const bool plain = out_type == TOME_F32 && p->r->lo == -INFINITY && p->r->hi == INFINITY;
  const tome_source source = {in, in_type, (size_t)is[X]};
  const tome_sink sink = {out, out_type, (size_t)os[X], plain ? NULL : p->r};
  p->in = tome_source_at(&source, (size_t)from);
  p->out = tome_sink_at(&sink, (size_t)to);
  p->in_slice = (size_t)(is[Y] * is[X]);
  p->out_slice = (size_t)(os[Y] * os[X]);
}

bool tome_resample_run(const tome_resample *r, const void *in, tome_dtype in_type, const tome_box *in_box, void *out,
                       tome_dtype out_type, const tome_box *out_box, const tome_run *run, tome_error *err) {
  if (!check(r, in_type, in_box, out_type, out_box, err)) return false;
  if (tome_box_is_empty(out_box)) return true;
  const tome_box inner = inside(r, out_box);
  if (tome_box_is_empty(&inner)) {
    const tome_box none = {{out_box->lo[0], out_box->lo[1], out_box->lo[2]},
                           {out_box->lo[0], out_box->lo[1], out_box->lo[2]}};
    fill_outside(r, out, out_type, out_box, &none);
    return true;
  }
  TOME_CLEANUP(tome_passes_clear) tome_passes p = {0};
  const bool copying = is_copying(r, in_type, out_type);
  if (!tome_passes_init(&p, r, &inner, err) || (!copying && !tome_passes_alloc(&p, tome_threads(run), err)))
    return false;
  place(&p, in, in_type, in_box, out, out_type, out_box, &inner);
  fill_outside(r, out, out_type, out_box, &inner);
  if (copying) return tome_passes_copy(&p, run, err);
  return tome_line_is_direct(&p.line[Z]) ? tome_passes_stream(&p, run, err) : tome_passes_through_volume(&p, run, err);
}
