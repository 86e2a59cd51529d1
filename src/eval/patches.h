/*
 * patches.h - where patches lie in a grid: sliding windows and random positions by the rules of MONAI and nnU-Net, and the random numbers behind
 * the latter. Pure functions, no I/O.
 *
 * A patch is a box of `size` voxels. It may reach beyond the grid of `shape` voxels; what lies there is padding. An axis that is shorter
 * than the patch is padded on both sides, the odd voxel behind (MONAI's SpatialPad, nnU-Net's pad_nd_image).
 */
#ifndef TOME_EVAL_PATCHES_H
#define TOME_EVAL_PATCHES_H

#include "grid/grid.h"

/* ---- random numbers ---- */

/* One stream of random numbers a draw, from (seed, case id, n) alone: so a patch depends on no other patch, case, thread or order. It is SplitMix64
 * (Steele, Lea, Flood 2014) begun at  mix(mix(mix(seed) ^ FNV-1a-64(id)) ^ n),  mix being its output function; number i is
 * mix(start + (i + 1) * 0x9E3779B97F4A7C15). */
typedef struct tome_draws {
  uint64_t state;
} tome_draws;
tome_draws tome_draws_of(uint64_t seed, const char *id, uint64_t n);
uint64_t tome_draw(tome_draws *d);
/* Uniform over 0 … n-1, without bias; n >= 1. */
uint64_t tome_draw_below(tome_draws *d, uint64_t n);
/* Uniform over [0, 1), 53 bits. */
double tome_draw_unit(tome_draws *d);
/* i with probability weights[i] / their sum. The sum must be > 0. */
size_t tome_draw_weighted(tome_draws *d, const double *weights, size_t count);

/* ---- sliding windows, one axis at a time: `n` voxels, windows of `size`, 0 <= overlap < 1 ---- */

/* tome_patch_rule is in tome.h.
 * MONAI (sliding_window_inference): stride int(size * (1 - overlap)), at least 1; the last window is shifted back inside.
 * nnU-Net (compute_steps_for_sliding_window, step 1 - overlap): ceil((n - size) / (size * step)) + 1 windows, evenly spaced, rounded half to even. */
int64_t tome_window_count(tome_patch_rule rule, int64_t n, int64_t size, double overlap);
/* First voxel of window i; negative where the axis is padded. */
int64_t tome_window_start(tome_patch_rule rule, int64_t n, int64_t size, double overlap, int64_t i);

/* ---- one patch ---- */

/* The patch whose voxel size/2 is `centre`.
 * MONAI (correct_crop_centers): moved so that it fits.
 * nnU-Net (get_bbox of a forced foreground patch): moved so that it does not begin before the grid; it may end behind it. */
tome_box tome_patch_around(tome_patch_rule rule, const int64_t shape[3], const int64_t size[3],
                           const int64_t centre[3]);
/* The patch in the middle (CenterSpatialCrop): its voxel size/2 is voxel shape/2. */
tome_box tome_patch_central(const int64_t shape[3], const int64_t size[3]);
/* Every position that fits is as likely (RandSpatialCrop; get_bbox of nnU-Net's other patches). */
tome_box tome_patch_anywhere(tome_patch_rule rule, const int64_t shape[3], const int64_t size[3], tome_draws *d);

/* nnU-Net: is patch n of `count` forced to show foreground? Those from round(count * (1 - oversample)) on, rounded half to even. */
bool tome_patch_forced(int64_t n, int64_t count, double oversample);

#endif
