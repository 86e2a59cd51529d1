/* The table of preprocessing steps. A step is one file with one `const tome_op`, a line in ops.c, and a line in CMake. */
#ifndef TOME_OPS_OPS_H
#define TOME_OPS_OPS_H

#include "eval/op.h"

extern const tome_op *const tome_ops[]; /* NULL-terminated, in the order that `tome ops` shows */

extern const tome_op tome_op_orient, tome_op_flip, tome_op_transpose, tome_op_resample, tome_op_resize, tome_op_crop,
    tome_op_pad, tome_op_crop_or_pad, tome_op_hu, tome_op_clip, tome_op_window, tome_op_normalise, tome_op_cast,
    tome_op_remap, tome_op_keep, tome_op_largest, tome_op_merge, tome_op_unshear;

/* window.c: level and width of a tissue by its name ("liver", "lung"); false where there is none. */
bool tome_tissue_window(const char *name, double *level, double *width);
bool tome_tissue_at(size_t i, const char **name, double *level, double *width); /* the i-th; false past the last */

#endif
