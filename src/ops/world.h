/* Resampling along the patient's axes as a step: which grid. The arithmetic is oblique.h's. */
#ifndef TOME_OPS_WORLD_H
#define TOME_OPS_WORLD_H

#include "ops/grid.h"
#include "ops/oblique.h"

/* The grid along the patient's axes (z to superior, y to posterior, x to left) at a spacing: the bounding box of the input's grid. Its first voxel's centre
 * lies at the least coordinate of the eight corner voxels' centres, on each axis; it has as many voxels as the extent of the eight outer corners (half
 * a voxel beyond those centres) holds spacings, rounded half to even, at least one. So of a volume that lies along these axes already it is
 * the itk profile's grid. */

/* What "keep" means there: the spacing of the input's axis that runs most along axis `a`; and the extent of the outer corners along it, in mm. */
double tome_world_spacing(const tome_geometry *in, int a);
double tome_world_extent(const tome_geometry *in, int a);
/* Sets the state, the geometry and the type of what flows out. Of the choice: order, fill and as_float. */
TOME_MUST_USE bool tome_world_shape(const tome_shaping *s, const tome_regrid_choice *c, const double spacing[3],
                                    tome_flow *out, tome_oblique *state, tome_error *err);

#endif
