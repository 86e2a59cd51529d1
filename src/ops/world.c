/* The grid along the patient's axes. */
#include "ops/world.h"

#include <math.h>

/* Least and most along world component w of the corner voxels' centres, or of the corners `out` voxels further out. */
static void span(const tome_geometry *g, int w, double out, double *lo, double *hi) {
  *lo = INFINITY;
  *hi = -INFINITY;
  for (int corner = 0; corner < 8; corner++) {
    double index[3], world[3];
    for (int a = 0; a < 3; a++) index[a] = corner >> a & 1 ? (double)(g->shape[a] - 1) + out : -out;
    tome_geometry_to_world(g, index, world);
    *lo = fmin(*lo, world[w]);
    *hi = fmax(*hi, world[w]);
  }
}

double tome_world_extent(const tome_geometry *in, int a) {
  double lo, hi;
  span(in, 2 - a, 0.5, &lo, &hi);
  return hi - lo;
}

double tome_world_spacing(const tome_geometry *in, int a) {
  int best = a;
  for (int k = 0; k < 3; k++)
    if (fabs(in->direction[k][2 - a]) > fabs(in->direction[best][2 - a])) best = k;
  return in->spacing[best];
}

static bool make_grid(const tome_shaping *s, const double spacing[3], tome_geometry *out, tome_error *err) {
  const tome_geometry *in = &s->in->geometry;
  tome_geometry g = {0};
  for (int a = 0; a < 3; a++) {
    double hi;
    const double count = tome_world_extent(in, a) / spacing[a];
    const double size = rint(rint(count * 1e6) * 1e-6); /* direction cosines carry noise: it must not decide a tie */
    if (!(size <= (double)TOME_AXIS_MOST))
      return tome_fail_step(s, err, TOME_GEOMETRY,
                            "axis %c would have %.0f voxels, more than %d; choose a coarser spacing", "zyx"[a], size,
                            TOME_AXIS_MOST);
    g.shape[a] = size < 1 ? 1 : (int64_t)size;
    g.spacing[a] = spacing[a];
    g.direction[a][2 - a] = 1;
    span(in, 2 - a, 0, &g.origin[2 - a], &hi);
  }
  *out = g;
  return true;
}

bool tome_world_shape(const tome_shaping *s, const tome_regrid_choice *c, const double spacing[3], tome_flow *out,
                      tome_oblique *state, tome_error *err) {
  const bool label = s->in->is_label;
  if (!make_grid(s, spacing, &out->geometry, err)) return false;
  *state = tome_oblique_between(&s->in->geometry, &out->geometry, label ? 0 : c->order, label ? s->in->fill : c->fill);
  if (!label && c->order > 0) out->dtype = tome_regrid_dtype(c, s->in->dtype);
  return true;
}
