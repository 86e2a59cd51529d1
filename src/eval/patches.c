/* Positions of patches: each rule as its tool's source has it, in the same order of floating-point operations. */
#include "eval/patches.h"

#include <math.h>

/* ---- random numbers ---- */

static uint64_t mix(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

tome_draws tome_draws_of(uint64_t seed, const char *id, uint64_t n) {
  uint64_t h = 0xCBF29CE484222325u;
  for (const char *c = id; *c; c++) h = (h ^ (uint8_t)*c) * 0x100000001B3u;
  return (tome_draws){mix(mix(mix(seed) ^ h) ^ n)};
}

uint64_t tome_draw(tome_draws *d) {
  d->state += 0x9E3779B97F4A7C15u;
  return mix(d->state);
}

/* Numbers of the incomplete last round are drawn again. */
uint64_t tome_draw_below(tome_draws *d, uint64_t n) {
  const uint64_t odd = (0 - n) % n; /* 2^64 mod n */
  uint64_t r;
  do r = tome_draw(d);
  while (r < odd);
  return r % n;
}

double tome_draw_unit(tome_draws *d) { return (double)(tome_draw(d) >> 11) * 0x1p-53; }

size_t tome_draw_weighted(tome_draws *d, const double *weights, size_t count) {
  double sum = 0, before = 0;
  size_t last = 0;
  for (size_t i = 0; i < count; i++) sum += weights[i];
  const double r = tome_draw_unit(d) * sum;
  for (size_t i = 0; i < count; i++) {
    if (!(weights[i] > 0)) continue;
    last = i;
    before += weights[i];
    if (r < before) break;
  }
  return last;
}

/* ---- sliding windows ---- */

static int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }
static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t missing(int64_t n, int64_t size) { return most(size - n, 0); }

/* MONAI's stride; an axis that the window fills is done in one. */
static int64_t stride(int64_t n, int64_t size, double overlap) {
  if (n == size) return size;
  return most((int64_t)((double)size * (1 - overlap)), 1);
}

int64_t tome_window_count(tome_patch_rule rule, int64_t n, int64_t size, double overlap) {
  n = most(n, size);
  if (rule == TOME_RULE_NNUNET) return (int64_t)ceil((double)(n - size) / ((double)size * (1 - overlap))) + 1;
  const int64_t s = stride(n, size, overlap);
  return (n - size + s - 1) / s + 1;
}

int64_t tome_window_start(tome_patch_rule rule, int64_t n, int64_t size, double overlap, int64_t i) {
  const int64_t below = missing(n, size) / 2;
  const int64_t count = tome_window_count(rule, n, size, overlap);
  n = most(n, size);
  if (rule != TOME_RULE_NNUNET) return least(i * stride(n, size, overlap), n - size) - below;
  if (count == 1) return -below;
  return (int64_t)rint((double)(n - size) / (double)(count - 1) * (double)i) - below;
}

/* ---- one patch ---- */

/* The range of first voxels, both ends included. nnU-Net lets the odd voxel of padding lie on either side. */
static void range(tome_patch_rule rule, int64_t n, int64_t size, int64_t *lo, int64_t *hi) {
  const int64_t pad = missing(n, size);
  if (rule == TOME_RULE_NNUNET) {
    *lo = -((pad + 1) / 2);
    *hi = n + (pad + 1) / 2 - size;
  } else {
    *lo = -(pad / 2);
    *hi = pad ? *lo : n - size;
  }
}

static tome_box box_at(const int64_t lo[3], const int64_t size[3]) {
  tome_box b;
  for (int a = 0; a < 3; a++) {
    b.lo[a] = lo[a];
    b.hi[a] = lo[a] + size[a];
  }
  return b;
}

tome_box tome_patch_around(tome_patch_rule rule, const int64_t shape[3], const int64_t size[3],
                           const int64_t centre[3]) {
  int64_t first[3];
  for (int a = 0; a < 3; a++) {
    int64_t lo, hi;
    range(rule, shape[a], size[a], &lo, &hi);
    first[a] = most(centre[a] - size[a] / 2, lo);
    if (rule != TOME_RULE_NNUNET) first[a] = least(first[a], hi);
  }
  return box_at(first, size);
}

tome_box tome_patch_central(const int64_t shape[3], const int64_t size[3]) {
  const int64_t middle[3] = {shape[0] / 2, shape[1] / 2, shape[2] / 2};
  return tome_patch_around(TOME_RULE_MONAI, shape, size, middle);
}

tome_box tome_patch_anywhere(tome_patch_rule rule, const int64_t shape[3], const int64_t size[3], tome_draws *d) {
  int64_t first[3];
  for (int a = 0; a < 3; a++) {
    int64_t lo, hi;
    range(rule, shape[a], size[a], &lo, &hi);
    first[a] = lo + (int64_t)tome_draw_below(d, (uint64_t)(hi - lo + 1));
  }
  return box_at(first, size);
}

bool tome_patch_forced(int64_t n, int64_t count, double oversample) {
  return !((double)n < rint((double)count * (1 - oversample)));
}
