/* resample: to another spacing, by the rules of the tool that a network was trained with. Labels always go by nearest. */
#include "ops/grid.h"
#include "ops/ops.h"
#include "ops/world.h"

enum { SPACING, SCALE, ORDER, PROFILE, FILL, AS, ANTIALIAS, SEPARATE, AXES, SHAPE };
enum { AS_STORED, AS_FLOAT };
enum { AUTO, NO };
enum { GRID, WORLD };
static const tome_param params[] = {
    [SPACING] = {"spacing", TOME_KIND_MM, 3, 1e-3, 1e3, .choices = "keep", .help = "mm"},
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
    [AXES] = {"axes", TOME_KIND_CHOICE, 1, .choices = "grid|world", .standard = "grid",
              .help =
                  "the result's axes: the volume's own, or the patient's (z to superior, y to posterior, x to left) "
                  "for tilted and oblique volumes"},
    [SHAPE] = {"shape", TOME_KIND_INT, 3, 1, TOME_AXIS_MOST, .choices = "keep",
               .help = "voxels of the result, in place of spacing"},
    {0},
};

/* Whichever of spacing, scale and shape is given. */
static bool find_goal(const tome_shaping *s, int *row, tome_error *err) {
  static const int rows[] = {SPACING, SCALE, SHAPE};
  int given = 0;
  for (size_t i = 0; i < TOME_COUNT(rows); i++)
    if (tome_given(s, rows[i])) {
      given++;
      *row = rows[i];
    }
  return given == 1 ||
         tome_fail_step(s, err, TOME_USAGE, "wants either a spacing or a scale (or a shape), as in resample:spacing=1");
}

static bool make_axis(const tome_shaping *s, tome_profile profile, int row, int a, tome_axis *out, tome_error *err) {
  const int64_t n = s->in->geometry.shape[a];
  const double mm = s->in->geometry.spacing[a];
  const tome_item *v = &tome_arg_of(s, row)->items[a];
  if (v->choice >= 0) *out = tome_axis_keep(n, mm);
  if (v->choice >= 0) return true;
  if (row == SCALE) return tome_axis_to_scale(profile, n, mm, v->a, out, err);
  if (row == SHAPE) return tome_axis_to_size(profile, n, mm, (int64_t)v->a, out, err);
  return tome_axis_to_spacing(profile, n, mm, v->a, out, err);
}

static bool make_axes(const tome_shaping *s, tome_profile profile, int row, tome_axis axis[3], tome_error *err) {
  for (int a = 0; a < 3; a++)
    if (!make_axis(s, profile, row, a, &axis[a], err)) return tome_fail_prefix(err, "resample: axis %c", "zyx"[a]);
  return true;
}

typedef struct resample {
  bool world;
  tome_regrid grid;
  tome_oblique oblique;
} resample;

static bool shape_world(const tome_shaping *s, const tome_regrid_choice *c, int row, tome_flow *out, resample *state,
                        tome_error *err) {
  double spacing[3];
  if (c->profile != TOME_PROFILE_ITK || c->antialias)
    return tome_fail_step(s, err, TOME_USAGE, "axes=world goes by itk's rules and without antialias; leave %s out",
                          c->antialias ? "antialias" : "profile");
  for (int a = 0; a < 3; a++) {
    const tome_item *v = &tome_arg_of(s, row)->items[a];
    const double mm = tome_world_spacing(&s->in->geometry, a);
    spacing[a] = v->choice >= 0   ? mm
                 : row == SCALE   ? mm / v->a
                 : row == SPACING ? v->a
                                  : tome_world_extent(&s->in->geometry, a) / v->a;
  }
  state->world = true;
  return tome_world_shape(s, c, spacing, out, &state->oblique, err);
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
  resample *r = state;
  int row = SPACING;
  if (!find_goal(s, &row, err)) return false;
  if (tome_choice_of(s, AXES) == WORLD) return shape_world(s, &c, row, out, r, err);
  return make_axes(s, profile, row, c.axis, err) && tome_regrid_shape(s, &c, out, &r->grid, err);
}

static void need(const void *state, const tome_box *out, tome_box *in) {
  const resample *r = state;
  if (r->world)
    *in = tome_oblique_need(&r->oblique, out);
  else
    tome_regrid_need(&r->grid, out, in);
}

static bool compute(const void *state, const tome_tile *in, size_t count, const tome_tile *out, const tome_run *run,
                    tome_error *err) {
  const resample *r = state;
  if (!r->world) return tome_regrid_compute(&r->grid, in, count, out, run, err);
  return tome_oblique_run(&r->oblique, in->data, in->dtype, &in->box, out->data, out->dtype, &out->box, run, err);
}

static size_t scratch(const void *state, const tome_box *out, int threads) {
  const resample *r = state;
  return r->world ? tome_oblique_scratch(&r->oblique, out, threads) : tome_regrid_scratch(&r->grid, out, threads);
}

static bool wide(const void *state) {
  const resample *r = state;
  return r->world ? r->oblique.order > 1 : tome_regrid_wide(&r->grid);
}

const tome_op tome_op_resample = {
    .name = "resample",
    .title = "to another spacing; the true one is written",
    .example = "resample:spacing=1,keep,keep,order=3",
    .acts = TOME_ON_GRID,
    .params = params,
    .state = sizeof(resample),
    .shape = shape,
    .need = need,
    .compute = compute,
    .scratch = scratch,
    .wide = wide,
};
