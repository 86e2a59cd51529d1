/* unshear: a tilted gantry's slices, each moved within its plane, onto a grid of right angles. Slices stay what they were; the plane grows so
 * that nothing is cut off, and what comes in new is air. */
#include <math.h>
#include <string.h>

#include "ops/kernel.h"
#include "ops/ops.h"

enum { ORDER, FILL };
static const tome_param params[] = {
    [ORDER] = {"order", TOME_KIND_INT, 1, 0, 5, .standard = "1", .help = "0 nearest, 1 linear, 2 to 5 B-spline"},
    [FILL] = {"fill", TOME_KIND_REAL, 1, -1e9, 1e9, .help = "outside the slices (without it: air for CT, else 0)"},
    {0},
};

typedef struct unshear {
  tome_resample r;     /* of one slice; the offsets of y and x are those of slice 0 */
  double per_slice[3]; /* input voxels that each further slice adds to them */
} unshear;

/* The unit normal of the slices, on the side that z runs to. */
static void normal_of(const tome_geometry *g, double n[3]) {
  const double *y = g->direction[TOME_Y], *x = g->direction[TOME_X], *z = g->direction[TOME_Z];
  for (int i = 0; i < 3; i++) n[i] = y[(i + 1) % 3] * x[(i + 2) % 3] - y[(i + 2) % 3] * x[(i + 1) % 3];
  const double length = sqrt(n[0] * n[0] + n[1] * n[1] + n[2] * n[2]);
  const double sense = n[0] * z[0] + n[1] * z[1] + n[2] * z[2] < 0 ? -1 : 1;
  for (int i = 0; i < 3; i++) n[i] *= sense / length;
}

static bool shape(const tome_shaping *s, tome_flow *out, void *state, tome_error *err) {
  unshear *u = state;
  const tome_geometry *g = &s->in->geometry;
  double n[3], straight[3], index[3], first[3] = {0, 0, 0}, height = 0;
  normal_of(g, n);
  for (int i = 0; i < 3; i++) height += n[i] * g->spacing[0] * g->direction[0][i];
  for (int i = 0; i < 3; i++) straight[i] = g->origin[i] + height * n[i];
  tome_geometry_to_index(g, straight, index); /* one slice up along the normal: (1, by, bx) */
  tome_axis axis[3];
  for (int a = 0; a < 3; a++) {
    axis[a] = tome_axis_keep(g->shape[a], g->spacing[a]);
    axis[a].edge = TOME_EDGE_FILL;
    if (a == TOME_Z) continue;
    const double most = index[a] * (double)(g->shape[0] - 1), grows = ceil(fabs(most) - 1e-6);
    if (grows > (double)TOME_AXIS_MOST) return tome_fail_step(s, err, TOME_GEOMETRY, "the slices are too steep");
    u->per_slice[a] = fabs(most) < 1e-6 ? 0 : index[a];
    first[a] = most > 0 ? -grows : 0;
    axis[a].offset = first[a];
    axis[a].out = axis[a].in + (int64_t)grows;
  }
  const bool label = s->in->is_label;
  const double fill = !label && tome_given(s, FILL) ? tome_number_of(s, FILL) : s->in->fill;
  u->r = tome_resample_init(TOME_PROFILE_ITK, axis, label ? 0 : (int)tome_number_of(s, ORDER), fill);
  tome_geometry_to_world(g, first, out->geometry.origin);
  for (int a = 0; a < 3; a++) out->geometry.shape[a] = axis[a].out;
  memcpy(out->geometry.direction[0], n, sizeof n);
  out->geometry.spacing[0] = height;
  return true;
}

static tome_resample slice_of(const unshear *u, int64_t z) {
  tome_resample r = u->r;
  for (int a = 1; a < 3; a++) r.axis[a].offset += (double)z * u->per_slice[a];
  return r;
}

static void need(const void *state, const tome_box *out, tome_box *in) {
  const unshear *u = state;
  tome_box sum = {0};
  for (int64_t z = out->lo[0]; z < out->hi[0]; z++) {
    const tome_resample r = slice_of(u, z);
    const tome_box one = tome_resample_need(&r, out);
    if (tome_box_is_empty(&one)) continue;
    const bool first = tome_box_is_empty(&sum);
    for (int a = 0; a < 3; a++) {
      if (first || one.lo[a] < sum.lo[a]) sum.lo[a] = one.lo[a];
      if (first || one.hi[a] > sum.hi[a]) sum.hi[a] = one.hi[a];
    }
  }
  *in = sum;
}

static bool compute(const void *state, const tome_tile *in, size_t count, const tome_tile *out, const tome_run *run,
                    tome_error *err) {
  (void)count;
  const unshear *u = state;
  for (int64_t z = out->box.lo[0]; z < out->box.hi[0]; z++) {
    const tome_resample r = slice_of(u, z);
    tome_box to = out->box, from = in->box;
    to.lo[0] = z, to.hi[0] = z + 1;
    const bool there = in->data && z >= from.lo[0] && z < from.hi[0];
    if (there) from.lo[0] = z, from.hi[0] = z + 1;
    const void *voxels = there ? tome_tile_row(in, z, from.lo[1]) : NULL;
    if (!there) from = (tome_box){0};
    if (!tome_resample_run(&r, voxels, in->dtype, &from, tome_tile_row(out, z, to.lo[1]), out->dtype, &to, run, err))
      return false;
  }
  return true;
}

const tome_op tome_op_unshear = {
    .name = "unshear",
    .title = "a tilted gantry's slices onto a grid of right angles",
    .example = "unshear",
    .acts = TOME_ON_GRID,
    .params = params,
    .state = sizeof(unshear),
    .shape = shape,
    .need = need,
    .compute = compute,
};
