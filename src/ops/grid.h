/* Resampling as a step: what resample and resize have in common. The rules and the arithmetic are kernel.h's. */
#ifndef TOME_OPS_GRID_H
#define TOME_OPS_GRID_H

#include "eval/op.h"
#include "ops/kernel.h"

typedef struct tome_regrid {
  tome_resample r;
} tome_regrid;

/* The words, in the order of tome_profile. */
#define TOME_PROFILE_WORDS "itk|nnunet|scipy|monai|torchio"

typedef struct tome_regrid_choice {
  tome_profile profile;
  tome_axis axis[3];
  int order;
  bool separate;  /* nnU-Net's separate-z, where it applies */
  bool antialias; /* Gaussian before an axis is reduced */
  bool as_float;  /* float32 whatever comes in */
  double fill;
} tome_regrid_choice;

/* Sets the state, the geometry and the type of what flows out. Labels go by nearest, with background outside. */
TOME_MUST_USE bool tome_regrid_shape(const tome_shaping *s, const tome_regrid_choice *c, tome_flow *out,
                                     tome_regrid *state, tome_error *err);
/* The type of interpolated voxels. */
tome_dtype tome_regrid_dtype(const tome_regrid_choice *c, tome_dtype in);
/* The functions of the vtable. */
void tome_regrid_need(const void *state, const tome_box *out, tome_box *in);
bool tome_regrid_compute(const void *state, const tome_tile *in, size_t count, const tome_tile *out,
                         const tome_run *run, tome_error *err);
size_t tome_regrid_scratch(const void *state, const tome_box *out, int threads);
bool tome_regrid_wide(const void *state);

#endif
