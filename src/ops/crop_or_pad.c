/* crop-or-pad: to a size, about the centre. Odd remainders go as in MONAI's ResizeWithPadOrCrop. */
#include "ops/ops.h"
#include "ops/place.h"

enum { SIZE, VALUE, MODE };
static const tome_param params[] = {
    [SIZE] = {"size", TOME_KIND_INT, 3, 1, 1 << 20, .choices = "keep", .help = "voxels of the result"},
    [VALUE] = {"value", TOME_KIND_REAL, 1, -1e9, 1e9,
               .help = "of the image's new voxels (without it: air for CT, else 0); labels get 0"},
    [MODE] = {"mode", TOME_KIND_CHOICE, 1, .choices = TOME_AROUND_WORDS, .standard = "constant",
              .help = TOME_AROUND_HELP},
    {0},
};

static bool shape(const tome_shaping *s, tome_flow *out, void *state, tome_error *err) {
  tome_place *p = state;
  int64_t size[3];
  if (!tome_given(s, SIZE)) return tome_fail_step(s, err, TOME_USAGE, "wants a size, as in crop-or-pad:96,256,256");
  for (int a = 0; a < 3; a++) {
    const tome_item *wanted = &tome_arg_of(s, SIZE)->items[a];
    const int64_t n = s->in->geometry.shape[a];
    size[a] = wanted->choice >= 0 ? n : (int64_t)wanted->a;
    p->at[a] = size[a] >= n ? (size[a] - n) / 2 : -(n / 2 - size[a] / 2);
  }
  return tome_place_around(s, p, MODE, VALUE, err) && tome_place_shape(s, p, size, &out->geometry, err);
}

const tome_op tome_op_crop_or_pad = {
    .name = "crop-or-pad",
    .title = "to a size, about the centre",
    .example = "crop-or-pad:96,256,256",
    .acts = TOME_ON_GRID,
    .params = params,
    .state = sizeof(tome_place),
    .shape = shape,
    .need = tome_place_need,
    .compute = tome_place_compute,
};
