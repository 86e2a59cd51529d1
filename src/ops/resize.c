/* resize: to a number of voxels, whatever spacing that makes. Labels always go by nearest. */
#include "ops/grid.h"
#include "ops/ops.h"

enum { SHAPE, ORDER, PROFILE, AS, ANTIALIAS };
enum { AS_STORED, AS_FLOAT };
static const tome_param params[] = {
    [SHAPE] = {"shape", TOME_KIND_INT, 3, 1, 1 << 20, .choices = "keep", .help = "voxels of the result"},
    [ORDER] = {"order", TOME_KIND_INT, 1, 0, 5, .standard = "1", .help = "0 nearest, 1 linear, 2 to 5 B-spline"},
    [PROFILE] = {"profile", TOME_KIND_CHOICE, 1, .choices = TOME_PROFILE_WORDS, .standard = "nnunet",
                 .help = "whose rules for positions and border"},
    [AS] = {"as", TOME_KIND_CHOICE, 1, .choices = "stored|float32", .standard = "float32",
            .help = "the result's type: the type that came in, rounded, or float32"},
    [ANTIALIAS] = {"antialias", TOME_KIND_CHOICE, 1, .choices = "yes|no", .standard = "no",
                   .help = "a Gaussian before an axis is reduced"},
    {0},
};

static bool shape(const tome_shaping *s, tome_flow *out, void *state, tome_error *err) {
  const tome_geometry *g = &s->in->geometry;
  tome_regrid_choice c = {
      .profile = (tome_profile)tome_choice_of(s, PROFILE),
      .order = (int)tome_number_of(s, ORDER),
      .antialias = tome_choice_of(s, ANTIALIAS) == 0,
      .as_float = tome_choice_of(s, AS) == AS_FLOAT,
      .fill = s->in->fill,
  };
  if (!tome_given(s, SHAPE)) return tome_fail_step(s, err, TOME_USAGE, "wants a shape, as in resize:64,256,256");
  for (int a = 0; a < 3; a++) {
    const tome_item *v = &tome_arg_of(s, SHAPE)->items[a];
    if (v->choice >= 0)
      c.axis[a] = tome_axis_keep(g->shape[a], g->spacing[a]);
    else if (!tome_axis_to_size(c.profile, g->shape[a], g->spacing[a], (int64_t)v->a, &c.axis[a], err))
      return tome_fail_prefix(err, "resize: axis %c", "zyx"[a]);
  }
  return tome_regrid_shape(s, &c, out, state, err);
}

const tome_op tome_op_resize = {
    .name = "resize",
    .title = "to a number of voxels",
    .example = "resize:64,256,256",
    .acts = TOME_ON_GRID,
    .params = params,
    .state = sizeof(tome_regrid),
    .shape = shape,
    .need = tome_regrid_need,
    .compute = tome_regrid_compute,
    .scratch = tome_regrid_scratch,
    .wide = tome_regrid_wide,
};
