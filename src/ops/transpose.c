/* transpose: the axes in another order, as numpy.transpose; each voxel stays where it is in the patient. */
#include "ops/ops.h"
#include "ops/turn.h"

enum { AXES };
static const tome_param params[] = {
    [AXES] = {"axes", TOME_KIND_CHOICE, TOME_MANY, .choices = "z|y|x", .standard = "x,y,z",
              .help = "the old axes in their new order"},
    {0},
};

static bool shape(const tome_shaping *s, tome_flow *out, void *state, tome_error *err) {
  tome_turn *t = state;
  const tome_arg *axes = tome_arg_of(s, AXES);
  int seen = 0;
  for (size_t i = 0; i < axes->count; i++) seen |= 1 << axes->items[i].choice;
  if (axes->count != 3 || seen != 7)
    return tome_fail_step(s, err, TOME_USAGE, "wants each of z, y and x once, as in transpose:x,y,z");
  for (int a = 0; a < 3; a++) t->from[a] = axes->items[a].choice;
  tome_turn_shape(t, &s->in->geometry, &out->geometry);
  return true;
}

const tome_op tome_op_transpose = {
    .name = "transpose",
    .title = "axes in another order; geometry stays true",
    .example = "transpose:x,y,z",
    .acts = TOME_ON_GRID,
    .params = params,
    .state = sizeof(tome_turn),
    .shape = shape,
    .need = tome_turn_need,
    .compute = tome_turn_compute,
};
