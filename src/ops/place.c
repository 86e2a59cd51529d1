/* A volume put somewhere in another grid of the same spacing, with a fill value around. */
#include "ops/place.h"

#include <string.h>

enum { LONGEST_AXIS = 1 << 20 };

bool tome_place_shape(const tome_shaping *s, tome_place *p, const int64_t size[3], tome_geometry *out,
                      tome_error *err) {
  double first[3];
  for (int a = 0; a < 3; a++) {
    if (size[a] < 1 || size[a] > LONGEST_AXIS)
      return tome_fail_step(s, err, TOME_USAGE, "%c would have %lld voxels; 1 ... %d can be", "zyx"[a],
                            (long long)size[a], LONGEST_AXIS);
    first[a] = -(double)p->at[a];
  }
  memcpy(p->shape, s->in->geometry.shape, sizeof p->shape);
  tome_geometry_to_world(&s->in->geometry, first, out->origin);
  memcpy(out->shape, size, sizeof out->shape);
  return true;
}

void tome_place_need(const void *state, const tome_box *out, tome_box *in) {
  const tome_place *p = state;
  tome_box b = *out;
  for (int a = 0; a < 3; a++) {
    b.lo[a] -= p->at[a];
    b.hi[a] -= p->at[a];
  }
  const tome_box all = tome_box_of_shape(p->shape);
  *in = tome_box_intersect(&b, &all);
}

bool tome_place_compute(const void *state, const tome_tile *in, size_t count, const tome_tile *out, const tome_run *run,
                        tome_error *err) {
  (void)count;
  (void)run;
  (void)err;
  const tome_place *p = state;
  tome_tile moved = *in;
  for (int a = 0; a < 3; a++) {
    moved.box.lo[a] += p->at[a];
    moved.box.hi[a] += p->at[a];
  }
  if (tome_box_is_empty(&moved.box) || !tome_box_contains(&moved.box, &out->box))
    tome_tile_fill(out, &out->box, p->fill);
  tome_tile_copy(&moved, out);
  return true;
}
