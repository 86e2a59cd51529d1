/* The table of preprocessing steps: geometry first, then intensities, then labels. */
#include "ops/ops.h"

const tome_op *const tome_ops[] = {
    &tome_op_orient,
    &tome_op_flip,
    &tome_op_transpose,
    &tome_op_resample,
    &tome_op_resize,
    &tome_op_unshear,
    &tome_op_crop,
    &tome_op_pad,
    &tome_op_crop_or_pad,
    &tome_op_hu,
    &tome_op_clip,
    &tome_op_window,
    &tome_op_normalise,
    &tome_op_cast,
    &tome_op_remap,
    &tome_op_keep,
    &tome_op_largest,
    &tome_op_merge,
    NULL,
};
