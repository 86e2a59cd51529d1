/* Resampling onto axes that are not the input's: a tilted or oblique volume along the patient's. Every output voxel is its own point of the
 * input, so nothing is separable but the spline's prefilter. The rules at the border are the itk profile's. */
#ifndef TOME_OPS_OBLIQUE_H
#define TOME_OPS_OBLIQUE_H

#include "ops/kernel.h"

/* Output voxel (z, y, x) samples the input at index start + z*step[0] + y*step[1] + x*step[2], rounded to 2^-30 voxel: so that the last bits of
 * direction cosines never decide between two voxels. */
typedef struct tome_oblique {
  int64_t in[3], out[3];
  int order; /* 0 nearest, 1 linear, 2 ... 5 B-spline */
  double start[3], step[3][3];
  tome_resample rules; /* fill, rounding, clipping; its axes are not used */
} tome_oblique;

/* From one grid to another; `fill` beyond [-0.5, n-0.5) on any axis of the input. */
tome_oblique tome_oblique_between(const tome_geometry *in, const tome_geometry *out, int order, double fill);
/* As the calls of kernel.h that end alike. Any box is that box of the whole, to the last bit. */
tome_box tome_oblique_need(const tome_oblique *o, const tome_box *out);
size_t tome_oblique_scratch(const tome_oblique *o, const tome_box *out, int threads);
TOME_MUST_USE bool tome_oblique_run(const tome_oblique *o, const void *in, tome_dtype in_type, const tome_box *in_box,
                                    void *out, tome_dtype out_type, const tome_box *out_box, const tome_run *run,
                                    tome_error *err);

#endif
