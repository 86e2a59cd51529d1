/* One axis of a resampling: output size, positions, true spacing and origin, as each tool has them. The order of operations is theirs:
 * s/t*n and n*s/t round to different sizes in thousands of ordinary cases. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "ops/kernel_line.h"

static const char *const profile_names[TOME_PROFILES] = {"itk", "nnunet", "scipy", "monai", "torchio"};

const char *tome_profile_name(tome_profile p) { return p < TOME_PROFILES ? profile_names[p] : "?"; }

bool tome_profile_parse(const char *name, tome_profile *out) {
  for (int p = 0; p < TOME_PROFILES; p++) {
    if (strcmp(name, profile_names[p]) != 0) continue;
    *out = (tome_profile)p;
    return true;
  }
  return false;
}

static bool positive(double v) { return v > 0 && v <= DBL_MAX; }

/* Half to even, whatever rounding mode the program is in; v >= 0. */
static double half_even(double v) {
  const double down = floor(v), rest = v - down;
  if (rest != 0.5) return rest > 0.5 ? down + 1 : down;
  return fmod(down, 2) == 0 ? down : down + 1;
}

static bool check_input(int64_t n, double s, double target, const char *what, tome_error *err) {
  if (n < 1) return tome_fail(err, TOME_USAGE, "resample: an axis of %lld voxels", (long long)n);
  if (!positive(s))
    return tome_fail(err, TOME_USAGE, "resample: the input spacing %g is not a positive length in mm", s);
  if (!positive(target))
    return tome_fail(err, TOME_USAGE, "resample: %s must be positive and finite, not %g", what, target);
  return true;
}

static bool check_size(int64_t n, double s, double size, tome_error *err) {
  if (size >= 1 && size <= TOME_AXIS_MOST) return true;
  if (size < 1)
    return tome_fail(
        err, TOME_GEOMETRY,
        "resample: %lld voxels of %g mm round to none on the new grid; keep this axis or choose a finer spacing",
        (long long)n, s);
  return tome_fail(err, TOME_GEOMETRY, "resample: %lld voxels of %g mm would become %.0f, more than %d on one axis",
                   (long long)n, s, size, TOME_AXIS_MOST);
}

tome_axis tome_axis_keep(int64_t n, double s) {
  return (tome_axis){
      .in = n, .out = n, .num = 1, .den = 1, .edge = TOME_EDGE_CLAMP, .spacing_in = s, .spacing = s, .shift = 0};
}

/* Borders line up: the extent is kept and the spacing follows from the rounded size (skimage, ndimage's grid_mode). */
static tome_axis same_extent(int64_t n, double s, int64_t size) {
  const double ratio = (double)n / (double)size;
  return (tome_axis){.in = n,
                     .out = size,
                     .num = ratio,
                     .den = 1,
                     .half = 0.5,
                     .edge = TOME_EDGE_CLAMP,
                     .spacing_in = s,
                     .spacing = (double)n * s / (double)size,
                     .shift = (0.5 * ratio - 0.5) * s};
}

/* First and last centres line up. Where that leaves the step open (one voxel on either side) the extent gives the spacing. */
static tome_axis same_ends(int64_t n, double s, int64_t size) {
  const double ratio = size > 1 ? (double)(n - 1) / (double)(size - 1) : 1;
  const bool step = n > 1 && size > 1;
  return (tome_axis){.in = n,
                     .out = size,
                     .num = ratio,
                     .den = 1,
                     .edge = TOME_EDGE_MIRROR,
                     .spacing_in = s,
                     .spacing = step ? (double)(n - 1) * s / (double)(size - 1) : (double)n * s / (double)size};
}

/* The spacing is kept as asked; the origin is the first voxel's centre (itk, monai) or its outer border (torchio). */
static tome_axis same_spacing(tome_profile p, int64_t n, double s, double t, int64_t size) {
  const bool border = p == TOME_PROFILE_TORCHIO;
  return (tome_axis){.in = n,
                     .out = size,
                     .num = t,
                     .den = s,
                     .half = border ? 0.5 : 0,
                     .edge = p == TOME_PROFILE_MONAI ? TOME_EDGE_CLAMP : TOME_EDGE_FILL,
                     .spacing_in = s,
                     .spacing = t,
                     .shift = border ? 0.5 * (t - s) : 0};
}

static tome_axis make_axis(tome_profile p, int64_t n, double s, double t, int64_t size) {
  switch (p) {
    case TOME_PROFILE_NNUNET:
      return same_extent(n, s, size);
    case TOME_PROFILE_SCIPY:
      return same_ends(n, s, size);
    default:
      return same_spacing(p, n, s, t, size);
  }
}

/* TorchIO leaves axes of one voxel alone: a 2-D image stays one. */
static bool stays(tome_profile p, int64_t n) { return p == TOME_PROFILE_TORCHIO && n == 1; }

static double size_for_spacing(tome_profile p, double n, double s, double t) {
  switch (p) {
    case TOME_PROFILE_NNUNET:
      return half_even(s / t * n);
    case TOME_PROFILE_SCIPY:
      return half_even(n * (s / t));
    case TOME_PROFILE_MONAI:
      return half_even((n - 1) * s / t + 1);
    case TOME_PROFILE_TORCHIO:
      return ceil(n * s / t);
    default:
      return half_even(n * s / t);
  }
}

static double size_for_scale(tome_profile p, double n, double scale) {
  if (p == TOME_PROFILE_MONAI) return half_even((n - 1) * scale + 1);
  return p == TOME_PROFILE_TORCHIO ? ceil(n * scale) : half_even(n * scale);
}

bool tome_axis_to_spacing(tome_profile p, int64_t n, double s, double t, tome_axis *out, tome_error *err) {
  if (!check_input(n, s, t, "spacing", err)) return false;
  const double size = stays(p, n) ? 1 : size_for_spacing(p, (double)n, s, t);
  if (!check_size(n, s, size, err)) return false;
  *out = stays(p, n) ? tome_axis_keep(n, s) : make_axis(p, n, s, t, (int64_t)size);
  return true;
}

bool tome_axis_to_scale(tome_profile p, int64_t n, double s, double scale, tome_axis *out, tome_error *err) {
  if (!check_input(n, s, scale, "scale", err)) return false;
  const double size = stays(p, n) ? 1 : size_for_scale(p, (double)n, scale);
  if (!check_size(n, s, size, err)) return false;
  *out = stays(p, n) ? tome_axis_keep(n, s) : make_axis(p, n, s, s / scale, (int64_t)size);
  return true;
}

bool tome_axis_to_size(tome_profile p, int64_t n, double s, int64_t size, tome_axis *out, tome_error *err) {
  if (!check_input(n, s, (double)size, "size", err)) return false;
  if (!check_size(n, s, (double)size, err)) return false;
  const double t = (double)n * s / (double)size;
  *out = p == TOME_PROFILE_MONAI ? same_extent(n, s, size) : make_axis(p, n, s, t, size);
  return true;
}

double tome_axis_at(const tome_axis *a, int64_t i) {
  return ((double)i + a->half) * a->num / a->den - a->half + a->offset;
}

static bool outside(const tome_axis *a, double x) {
  return a->edge == TOME_EDGE_FILL && !(x >= -0.5 && x < (double)a->in - 0.5);
}

int64_t tome_axis_nearest(const tome_axis *a, int64_t i) {
  const double x = tome_axis_at(a, i);
  if (outside(a, x)) return -1;
  const double k = floor(x + 0.5);
  return k < 0 ? 0 : k > (double)(a->in - 1) ? a->in - 1 : (int64_t)k;
}

bool tome_axis_is_identity(const tome_axis *a) {
  return a->in == a->out && a->num == a->den && a->offset == 0; /* then (i+h)*num/den - h is i, exactly */
}

/* Positions never fall with i, so the outputs that are not fill are one run. */
void tome_axis_inside(const tome_axis *a, int64_t *lo, int64_t *hi) {
  while (*lo < *hi && outside(a, tome_axis_at(a, *lo))) ++*lo;
  while (*lo < *hi && outside(a, tome_axis_at(a, *hi - 1))) --*hi;
}

static int coarsest_alone(const double spacing[3]) {
  int at = 0, equal = 0;
  double most = 0, least = DBL_MAX;
  for (int a = 0; a < 3; a++) {
    if (spacing[a] > most) most = spacing[at = a];
    if (spacing[a] < least) least = spacing[a];
  }
  if (!(most / least > 3)) return -1;
  for (int a = 0; a < 3; a++) equal += spacing[a] == most;
  return equal == 1 ? at : -2; /* -2: anisotropic, but two axes share it; nnU-Net then looks no further */
}

int tome_nnunet_separate_axis(const double spacing_in[3], const double spacing_out[3]) {
  const int axis = coarsest_alone(spacing_in);
  const int found = axis != -1 ? axis : coarsest_alone(spacing_out);
  return found >= 0 ? found : -1;
}

double tome_antialias_sigma(const tome_axis *a) {
  const double sigma = ((double)a->in / (double)a->out - 1) / 2;
  return sigma > 0 ? sigma : 0;
}
