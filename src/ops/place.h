/* A volume put somewhere in another grid of the same spacing, with something around it: what pad and crop-or-pad have in common. */
#ifndef TOME_OPS_PLACE_H
#define TOME_OPS_PLACE_H

#include "eval/op.h"

/* What lies around, in NumPy's words (np.pad). */
#define TOME_AROUND_WORDS "constant|edge|reflect|symmetric|wrap"
#define TOME_AROUND_HELP                                                                                           \
  "what the new voxels hold, image and labels alike: a value; the outermost voxel; the volume mirrored about its " \
  "outermost voxels' centres, or about their borders; the volume again"
typedef enum tome_around {
  TOME_AROUND_CONSTANT,
  TOME_AROUND_EDGE,
  TOME_AROUND_REFLECT,
  TOME_AROUND_SYMMETRIC,
  TOME_AROUND_WRAP
} tome_around;

typedef struct tome_place {
  int64_t at[3];    /* where input voxel (0,0,0) lies in the output; negative: cut off */
  int64_t shape[3]; /* of the input */
  tome_around around;
  double fill;
} tome_place;

/* Takes the mode and the value from their rows of the step's table. */
TOME_MUST_USE bool tome_place_around(const tome_shaping *s, tome_place *p, int mode_row, int value_row,
                                     tome_error *err);
/* Sets the state's input shape and the geometry of an output of `size` voxels. Fails where an axis is too long. */
TOME_MUST_USE bool tome_place_shape(const tome_shaping *s, tome_place *p, const int64_t size[3], tome_geometry *out,
                                    tome_error *err);
void tome_place_need(const void *state, const tome_box *out, tome_box *in);
bool tome_place_compute(const void *state, const tome_tile *in, size_t count, const tome_tile *out, const tome_run *run,
                        tome_error *err);

#endif
