/* resample: to another spacing, by the rules of the tool that a network was trained with. Labels always go by nearest. */
#include "ops/grid.h"
#include "ops/ops.h"

enum { SPACING, SCALE, ORDER, PROFILE, FILL, AS, ANTIALIAS, SEPARATE };
enum { AS_STORED, AS_FLOAT };
enum { AUTO, NO };
static const tome_param params[] = {
    [SPACING] = {"spacing", TOME_KIND_REAL, 3, 1e-3, 1e3, .choices = "keep", .help = "mm"},
    [SCALE] = {"scale", TOME_KIND_REAL, 3, 1e-3, 1e3, .choices = "keep", .help = "voxels a voxel, in place of spacing"},
    [ORDER] = {"order", TOME_KIND_INT, 1, 0, 5, .standard = "1", .help = "0 nearest, 1 linear, 2 to 5 B-spline"},
    [PROFILE] = {"profile", TOME_KIND_CHOICE, 1, .choices = TOME_PROFILE_WORDS, .standard = "itk",
                 .help = "whose rules for size, positions and border"},
    [FILL] = {"fill", TOME_KIND_REAL, 1, -1e9, 1e9,
              .help = "outside the volume, where the profile has an outside (without it: air for CT, else 0)"},
    [AS] =
        {"as", TOME_KIND_CHOICE, 1, .choices = "stored|float32",
         .help =
             "the result's type: the type that came in, rounded, or float32 (without it: float32 for nnunet and monai, "
             "else stored)"},
    [ANTIALIAS] = {"antialias", TOME_KIND_CHOICE, 1, .choices = "yes|no", .standard = "no",
                   .help = "a Gaussian before an axis is reduced"},
    [SEPARATE] = {"separate", TOME_KIND_CHOICE, 1, .choices = "auto|no", .standard = "auto",
                  .help = "nnunet: nearest along an axis more than 3 times as coarse as the finest"},
    {0},
};

static bool make_axes(const tome_shaping *s, tome_profile profile, tome_axis axis[3], tome_error *err) {
  const tome_geometry *g = &s->in->geometry;
  const bool scale = tome_given(s, SCALE);
  if (scale == tome_given(s, SPACING))
    return tome_fail_step(s, err, TOME_USAGE, "wants either a spacing or a scale, as in resample:spacing=1");
  for (int a = 0; a < 3; a++) {
    const tome_item *v = &tome_arg_of(s, scale ? SCALE : SPACING)->items[a];
    bool ok = true;
    if (v->choice >= 0)
      axis[a] = tome_axis_keep(g->shape[a], g->spacing[a]);
    else if (scale)
      ok = tome_axis_to_scale(profile, g->shape[a], g->spacing[a], v->a, &axis[a], err);
    else
      ok = tome_axis_to_spacing(profile, g->shape[a], g->spacing[a], v->a, &axis[a], err);
    if (!ok) return tome_fail_prefix(err, "resample: axis %c", "zyx"[a]);
  }
  return true;
}

static bool shape(const tome_shaping *s, tome_flow *out, void *state, tome_error *err) {
  const tome_profile profile = (tome_profile)tome_choice_of(s, PROFILE);
  const bool floats = profile == TOME_PROFILE_NNUNET || profile == TOME_PROFILE_MONAI;
  tome_regrid_choice c = {
      .profile = profile,
      .order = (int)tome_number_of(s, ORDER),
      .separate = profile == TOME_PROFILE_NNUNET && tome_choice_of(s, SEPARATE) == AUTO,
      .antialias = tome_choice_of(s, ANTIALIAS) == 0,
      .as_float = tome_given(s, AS) ? tome_choice_of(s, AS) == AS_FLOAT : floats,
      .fill = tome_given(s, FILL) ? tome_number_of(s, FILL) : s->in->fill,
  };
  return make_axes(s, profile, c.axis, err) && tome_regrid_shape(s, &c, out, state, err);
}

const tome_op tome_op_resample = {
    .name = "resample",
    .title = "to another spacing; the true one is written",
    .example = "resample:spacing=1,keep,keep,order=3",
    .acts = TOME_ON_GRID,
    .params = params,
    .state = sizeof(tome_regrid),
    .shape = shape,
    .need = tome_regrid_need,
    .compute = tome_regrid_compute,
    .scratch = tome_regrid_scratch,
    .wide = tome_regrid_wide,
};
