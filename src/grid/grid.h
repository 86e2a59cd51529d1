/* Boxes, geometries and element types: pure arithmetic, no I/O. The types themselves are in tome.h. */
#ifndef TOME_GRID_H
#define TOME_GRID_H

#include "base/error.h"

/* ---- boxes --- */
tome_box tome_box_of_shape(const int64_t shape[3]);
bool tome_box_is_empty(const tome_box *b);
tome_box tome_box_intersect(const tome_box *a, const tome_box *b);
bool tome_box_contains(const tome_box *outer, const tome_box *inner);
void tome_box_shape(const tome_box *b, int64_t shape[3]); /* 0 on an empty axis */
/* Voxels in it; saturates at INT64_MAX. */
int64_t tome_box_voxels(const tome_box *b);
/* Product of a shape times element size; false where it overflows or an extent is < 1. */
TOME_MUST_USE bool tome_shape_bytes(const int64_t shape[3], size_t element, size_t *bytes);

/* ---- geometry --- */
tome_geometry tome_geometry_identity(const int64_t shape[3]); /* 1 mm, origin 0, axes along +z, +y, +x */
/* From an affine in LPS: columns step[a] = world step of one voxel along axis a (z, y, x), and the origin. Fails where a step is zero, not finite,
 * or the three are dependent. */
TOME_MUST_USE bool tome_geometry_from_steps(const int64_t shape[3], const double step[3][3], const double origin[3],
                                            tome_geometry *out, tome_error *err);
void tome_geometry_step(const tome_geometry *g, int axis, double xyz[3]); /* spacing * direction */
/* nibabel's affine: (x, y, z, 1) index → RAS mm, row-major 4x4. */
void tome_geometry_to_ras_affine(const tome_geometry *g, double out[4][4]);
TOME_MUST_USE bool tome_geometry_from_ras_affine(const int64_t shape[3], const double affine[4][4], tome_geometry *out,
                                                 tome_error *err);
/* Index (z, y, x), fractional, of a world LPS point. */
void tome_geometry_to_index(const tome_geometry *g, const double xyz[3], double zyx[3]);
/* The geometry of a box of the grid: same spacing and direction, shifted origin. */
tome_geometry tome_geometry_crop(const tome_geometry *g, const tome_box *b);
/* The axis code of increasing (z, y, x): one LPS letter an axis, where each points most ("SPL": z to superior, y to posterior, x to left). */
void tome_geometry_code(const tome_geometry *g, char code[4]);
/* Degrees between the z step and the normal of the slice plane. */
double tome_geometry_tilt(const tome_geometry *g);

/* How two grids of one anatomy compare. */
typedef struct tome_grid_difference {
  bool shape;        /* shapes differ */
  double spacing_mm; /* worst difference of spacing on any axis */
  double corner_mm;  /* worst distance of matching corner voxels' centres */
  int axis;          /* axis with the worst step difference (0 z, 1 y, 2 x) */
  bool flipped[3];   /* that axis runs the opposite way, about */
} tome_grid_difference;
tome_grid_difference tome_geometry_compare(const tome_geometry *a, const tome_geometry *b);
/* True where shapes are equal and matching corners agree within a tenth of the smallest spacing. */
bool tome_geometry_same(const tome_grid_difference *d, const tome_geometry *a);

/* ---- element types --- */
bool tome_dtype_is_float(tome_dtype t);
bool tome_dtype_is_signed(tome_dtype t);
/* Smallest and largest value of an integer type. */
void tome_dtype_range(tome_dtype t, double *lo, double *hi);

/* Swaps the bytes of n elements of `size` bytes (1, 2, 4, 8) in place. */
void tome_swap_bytes(void *data, size_t n, size_t size);

/* A volume in memory: the voxels are malloc'd and owned. */
typedef struct tome_volume {
  tome_geometry geometry;
  tome_dtype dtype;
  int channels; /* samples a voxel, side by side (z, y, x, channel), RGB order; 0 means 1. More than 1 only at a format's edge */
  void *data; /* C order, packed, native byte order */
} tome_volume;
void tome_volume_clear(tome_volume *v);
size_t tome_volume_voxels(const tome_volume *v);

#endif
