/* pad: more voxels around the volume: of one value, or more of the volume itself. */
#include "ops/ops.h"
#include "ops/place.h"

enum { BY, BEFORE, AFTER, VALUE, MODE };
static const tome_param params[] = {
    [BY] = {"by", TOME_KIND_LENGTH, 3, 0, 1e5, .standard = "0", .help = "on both sides"},
    [BEFORE] = {"before", TOME_KIND_LENGTH, 3, 0, 1e5, .standard = "0", .help = "on the low side, beside `by`"},
    [AFTER] = {"after", TOME_KIND_LENGTH, 3, 0, 1e5, .standard = "0", .help = "on the high side, beside `by`"},
    [VALUE] = {"value", TOME_KIND_REAL, 1, -1e9, 1e9,
               .help = "of the image's new voxels (without it: air for CT, else 0); labels get 0"},
    [MODE] = {"mode", TOME_KIND_CHOICE, 1, .choices = TOME_AROUND_WORDS, .standard = "constant",
              .help = TOME_AROUND_HELP},
    {0},
};

static int64_t voxels(const tome_shaping *s, int row, int axis) {
  const tome_item *v = &tome_arg_of(s, row)->items[axis];
  const double n = v->mm ? v->a / s->in->geometry.spacing[axis] : v->a;
  return n < (double)(1 << 21) ? (int64_t)(n + (v->mm ? 1 - 1e-9 : 0)) : 1 << 21;
}

static bool shape(const tome_shaping *s, tome_flow *out, void *state, tome_error *err) {
  tome_place *p = state;
  int64_t size[3];
  for (int a = 0; a < 3; a++) {
    p->at[a] = voxels(s, BY, a) + voxels(s, BEFORE, a);
    size[a] = p->at[a] + s->in->geometry.shape[a] + voxels(s, BY, a) + voxels(s, AFTER, a);
  }
  return tome_place_around(s, p, MODE, VALUE, err) && tome_place_shape(s, p, size, &out->geometry, err);
}

const tome_op tome_op_pad = {
    .name = "pad",
    .title = "more voxels around the volume",
    .example = "pad:by=0,16,16",
    .acts = TOME_ON_GRID,
    .params = params,
    .state = sizeof(tome_place),
    .shape = shape,
    .need = tome_place_need,
    .compute = tome_place_compute,
};
