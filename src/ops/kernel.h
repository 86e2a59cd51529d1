/* Resampling along the axes of a grid: where each tool of the field puts its output voxels (tome_axis), and the voxels themselves
 * (tome_resample), separably, for any box of the result. Pure arithmetic on the caller's memory: no I/O, no state. */
#ifndef TOME_OPS_KERNEL_H
#define TOME_OPS_KERNEL_H

#include "base/threads.h"
#include "grid/grid.h"

/* ---- one axis: which grid ------------------------------------------------------------------------------- */

/* Whose rules decide the output size, the positions and what lies outside. */
typedef enum tome_profile {
  TOME_PROFILE_ITK,    /* same origin, spacing exactly as asked; default value beyond [-0.5, n-0.5) */
  TOME_PROFILE_NNUNET, /* skimage.transform.resize: same extent, spacing from the rounded size; edge repeated */
  TOME_PROFILE_SCIPY,  /* ndimage.zoom: first and last voxel centres stay; spline mirrored (whole sample) */
  TOME_PROFILE_MONAI,  /* Spacingd: same origin, spacing exactly as asked; edge repeated */
  TOME_PROFILE_TORCHIO, /* Resample: same first corner, spacing exactly as asked; default value outside; one-voxel axes stay */
  TOME_PROFILES
} tome_profile;
const char *tome_profile_name(tome_profile p); /* "itk" … */
bool tome_profile_parse(const char *name, tome_profile *out);

typedef enum tome_edge {
  TOME_EDGE_FILL, /* beyond [-0.5, n-0.5) the fill value; within the outer half voxel as MIRROR (spline) or CLAMP (linear) */
  TOME_EDGE_CLAMP,  /* the outermost voxel goes on for ever; splines are fitted to that */
  TOME_EDGE_MIRROR, /* splines: reflected about the outermost voxel's centre; linear and nearest as CLAMP */
} tome_edge;

/* One axis of a resampling. Output voxel i samples the input at index ((i + half) * num) / den - half + offset, in this order of operations,
 * in double: the tools' own, so that nearest picks the tools' own voxels. */
typedef struct tome_axis {
  int64_t in, out; /* voxels, each >= 1 */
  double num, den; /* den > 0; num > 0, or 0 where one input voxel feeds all outputs */
  double half;     /* 0 (voxel centres line up) or 0.5 (voxel borders do) */
  double offset;   /* input voxels; 0 but for shears and shifts of one's own */
  tome_edge edge;
  double spacing_in; /* mm */
  double spacing;    /* mm of the result: the true one, n*s/N where the size was rounded, not the one asked for */
  double shift;      /* mm along the axis' direction from input voxel 0 to output voxel 0 (centres): moves the origin */
} tome_axis;

enum { TOME_AXIS_MOST = 1 << 20 }; /* voxels on an axis of a result */

/* n voxels `s` mm apart to a spacing of `t` mm; to `scale` times as many voxels; to exactly `size` voxels. Each fails with TOME_USAGE
 * where a number is not positive and finite, with TOME_GEOMETRY where the result would have no voxel, or more than TOME_AXIS_MOST.
 * Sizes: itk round(n*s/t), nnunet round(s/t*n), scipy round(n*(s/t)), monai round((n-1)*s/t + 1), all half to even; torchio ceil(n*s/t).
 * With a scale z: round(n*z); monai round((n-1)*z + 1); torchio ceil(n*z); and a spacing of s/z where the profile keeps what was asked.
 * With a size N: spacing n*s/N (monai then as its Resize: borders line up); scipy (n-1)*s/(N-1). */
TOME_MUST_USE bool tome_axis_to_spacing(tome_profile p, int64_t n, double s, double t, tome_axis *out, tome_error *err);
TOME_MUST_USE bool tome_axis_to_scale(tome_profile p, int64_t n, double s, double scale, tome_axis *out,
                                      tome_error *err);
TOME_MUST_USE bool tome_axis_to_size(tome_profile p, int64_t n, double s, int64_t size, tome_axis *out,
                                     tome_error *err);
/* The axis as it is ("keep"). */
tome_axis tome_axis_keep(int64_t n, double s);

/* Input index, fractional, of output voxel i. */
double tome_axis_at(const tome_axis *a, int64_t i);
/* Input voxel that nearest takes for output voxel i: floor(x + 0.5), within the axis; -1 where the fill value goes. */
int64_t tome_axis_nearest(const tome_axis *a, int64_t i);
/* True where every output voxel is the input voxel of the same index: such an axis is passed through untouched. */
bool tome_axis_is_identity(const tome_axis *a);

/* nnU-Net's separate-z: the axis to be resampled by order 0 while the others take theirs, or -1. One axis alone must be the coarsest,
 * by more than 3 times the finest; looked for in the input spacing, then in the target's. */
int tome_nnunet_separate_axis(const double spacing_in[3], const double spacing_out[3]);

/* ---- three axes: the voxels ----------------------------------------------------------------------------- */

typedef enum tome_rounding { TOME_ROUND_HALF_AWAY, TOME_ROUND_HALF_EVEN } tome_rounding;

/* Zero-filled fields are not defaults: use tome_resample_init, then change what is wanted. */
typedef struct tome_resample {
  tome_axis axis[3]; /* z, y, x */
  int order[3];      /* 0 nearest, 1 linear, 2 … 5 B-spline */
  double sigma[3];   /* Gaussian before an axis is reduced, in input voxels; 0 for none. Not with order 0 */
  double fill;       /* outside the input (TOME_EDGE_FILL) */
  double lo,
      hi; /* results are clipped to this (nnunet: the input volume's range); -INFINITY, INFINITY for not. Fill is not clipped */
  tome_rounding rounding; /* to integers; then clipped to the type's range. NaN becomes 0 */
} tome_resample;

/* The order on all axes, no Gaussian, fill as given, no clipping, the profile's rounding (itk, scipy, torchio: half away from zero; nnunet,
 * monai: half to even, as NumPy). */
tome_resample tome_resample_init(tome_profile p, const tome_axis axis[3], int order, double fill);
/* The Gaussian that skimage takes when reducing: (n/N - 1) / 2 voxels, 0 where not reduced. */
double tome_antialias_sigma(const tome_axis *a);

/* Where the result lies. */
tome_geometry tome_resample_geometry(const tome_resample *r, const tome_geometry *in);
/* The box of input that a (non-empty) box of the result is computed from: taps and spline margin, cut to the input's shape. Empty where the
 * whole box is fill. */
tome_box tome_resample_need(const tome_resample *r, const tome_box *out);
/* Bytes of scratch that tome_resample_run allocates for that box with so many threads (the intermediate volume is most of it). */
size_t tome_resample_scratch(const tome_resample *r, const tome_box *out, int threads);

/* Computes `out_box` of the result into `out` (packed, C order) from `in` (packed, C order, the voxels of `in_box`, which must contain
 * tome_resample_need(out_box); may be the whole volume). Any box equals the same box of the whole, to the last bit. Order 0 on all axes copies voxels of any one type (types equal); else u8, i8, u16, i16, i32, u32, f32, f64
 * in, and out to u8, i8, u16, i16, i32, f32. Splines are summed in float64 and rounded to
 * float32 after each axis, linear is float32 throughout: within 1e-3 HU of exact arithmetic over CT's range.
 * `run` gives threads and stop; NULL: all processors. Give {.threads = 1} when tiles are already computed in parallel; one large box with
 * threads is fastest, as margins are then computed once. Fails with TOME_USAGE on boxes and types that do not fit, TOME_NO_MEMORY,
 * TOME_CANCELLED. in and out must not overlap. */
TOME_MUST_USE bool tome_resample_run(const tome_resample *r, const void *in, tome_dtype in_type, const tome_box *in_box,
                                     void *out, tome_dtype out_type, const tome_box *out_box, const tome_run *run,
                                     tome_error *err);

#endif
