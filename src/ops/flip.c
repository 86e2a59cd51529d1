/* flip: voxels in reverse along some axes; the geometry follows, so each voxel stays where it is in the patient. */
#include "ops/ops.h"
#include "ops/turn.h"

enum { AXES };
static const tome_param params[] = {
    [AXES] = {"axes", TOME_KIND_CHOICE, TOME_MANY, .choices = "z|y|x", .help = "the axes to reverse"},
    {0},
};

static bool shape(const tome_shaping *s, tome_flow *out, void *state, tome_error *err) {
  tome_turn *t = state;
  const tome_arg *axes = tome_arg_of(s, AXES);
  if (!axes->count) return tome_fail_step(s, err, TOME_USAGE, "wants axes, as in flip:x");
  for (int a = 0; a < 3; a++) t->from[a] = a;
  for (size_t i = 0; i < axes->count; i++) t->back[axes->items[i].choice] = true;
  tome_turn_shape(t, &s->in->geometry, &out->geometry);
  return true;
}

const tome_op tome_op_flip = {
    .name = "flip",
    .title = "voxels in reverse order along axes; geometry stays true",
    .example = "flip:x",
    .acts = TOME_ON_GRID,
    .params = params,
    .state = sizeof(tome_turn),
    .shape = shape,
    .need = tome_turn_need,
    .compute = tome_turn_compute,
};
