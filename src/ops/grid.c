/* Resampling as a step: the bridge between the vtable and the kernel. */
#include "ops/grid.h"

#include <math.h>
#include <string.h>

/* skimage clips a spline to the range of its input: nnU-Net's results depend on it. Unknown values are not clipped. */
static bool clip_to_input(const tome_shaping *s, tome_resample *r, tome_error *err) {
  static const double ranks[2] = {0, 100};
  if (!s->facts->record || !s->facts->record->histogram.bins) return true;
  tome_known k;
  if (!tome_know_values(s, NULL, false, ranks, &k, err)) return false;
  r->lo = k.min;
  r->hi = k.max;
  return true;
}

static void set_orders(const tome_regrid_choice *c, const tome_geometry *g, tome_resample *r) {
  double spacing[3];
  for (int a = 0; a < 3; a++) spacing[a] = c->axis[a].spacing;
  const int separate = c->separate ? tome_nnunet_separate_axis(g->spacing, spacing) : -1;
  if (separate >= 0) r->order[separate] = 0;
  for (int a = 0; a < 3; a++)
    if (c->antialias && r->order[a] > 0) r->sigma[a] = tome_antialias_sigma(&c->axis[a]);
}

tome_dtype tome_regrid_dtype(const tome_regrid_choice *c, tome_dtype in) {
  const bool wide = in == TOME_U32 || in == TOME_U64 || in == TOME_I64 || in == TOME_F64;
  return c->as_float || wide ? TOME_F32 : in;
}

bool tome_regrid_shape(const tome_shaping *s, const tome_regrid_choice *c, tome_flow *out, tome_regrid *state,
                       tome_error *err) {
  const bool label = s->in->is_label;
  tome_resample *r = &state->r;
  *r = tome_resample_init(c->profile, c->axis, label ? 0 : c->order, label ? s->in->fill : c->fill);
  out->geometry = tome_resample_geometry(r, &s->in->geometry);
  if (label || c->order == 0) return true;
  set_orders(c, &s->in->geometry, r);
  out->dtype = tome_regrid_dtype(c, s->in->dtype);
  return c->profile != TOME_PROFILE_NNUNET || c->order < 2 || clip_to_input(s, r, err);
}

void tome_regrid_need(const void *state, const tome_box *out, tome_box *in) {
  *in = tome_resample_need(&((const tome_regrid *)state)->r, out);
}

bool tome_regrid_compute(const void *state, const tome_tile *in, size_t count, const tome_tile *out,
                         const tome_run *run, tome_error *err) {
  (void)count;
  const tome_regrid *g = state;
  return tome_resample_run(&g->r, in->data, in->dtype, &in->box, out->data, out->dtype, &out->box, run, err);
}

size_t tome_regrid_scratch(const void *state, const tome_box *out, int threads) {
  return tome_resample_scratch(&((const tome_regrid *)state)->r, out, threads);
}

/* Splines fit their whole neighbourhood again for every box. */
bool tome_regrid_wide(const void *state) {
  const tome_regrid *g = state;
  for (int a = 0; a < 3; a++)
    if (g->r.order[a] > 1 && !tome_axis_is_identity(&g->r.axis[a])) return true;
  return false;
}
