/* The coefficients of a B-spline through the voxels of a box: the prefilter along all three axes. Private to the kernel. */
#ifndef TOME_OPS_SPLINE_FIT_H
#define TOME_OPS_SPLINE_FIT_H

#include "ops/kernel.h"

/* In place: `voxels`, packed, are those of the box of a volume of `n` voxels, mirrored at its edges. What comes out wants tome_spline_gain for each axis
 * of more than one voxel, and is whole tome_spline_reach inside the box (or at the volume's edge). Fails for want of memory, or stopped by `run`. */
TOME_MUST_USE bool tome_spline_fit(int order, const int64_t n[3], const tome_box *box, double *voxels,
                                   const tome_run *run, tome_error *err);
/* Bytes that it allocates. */
size_t tome_spline_fit_scratch(const tome_box *box, int threads);

#endif
