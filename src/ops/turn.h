/* Axes put in another order and turned round: what orient, flip and transpose have in common. Voxels move, none is mixed. */
#ifndef TOME_OPS_TURN_H
#define TOME_OPS_TURN_H

#include "eval/op.h"

typedef struct tome_turn {
  int from[3];      /* the input axis that output axis a is */
  bool back[3];     /* output axis a runs against it */
  int64_t shape[3]; /* of the input */
} tome_turn;

/* Sets the state's shape and the geometry of what flows out: every voxel stays where it is in the patient. */
void tome_turn_shape(tome_turn *t, const tome_geometry *in, tome_geometry *out);
void tome_turn_need(const void *state, const tome_box *out, tome_box *in);
bool tome_turn_compute(const void *state, const tome_tile *in, size_t count, const tome_tile *out, const tome_run *run,
                       tome_error *err);

#endif
