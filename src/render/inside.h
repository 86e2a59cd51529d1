/* inside.h - what the files of src/render share. */
#ifndef TOME_RENDER_INSIDE_H
#define TOME_RENDER_INSIDE_H

#include "render/render.h"

/* How the voxels along one axis make up the pixels: pixel i is the sum of weight[i*most + k] * voxel[first[i] + k], k < count[i]. */
typedef struct tome_taps {
  int pixels, most;
  int *first, *count; /* in the picture's order: voxel 0 is the one at its left or top */
  float *weight;
  float *memory;
} tome_taps;
/* Linear between voxels' centres; where pixels are larger than voxels, the voxels' share in the pixel. */
TOME_MUST_USE bool tome_taps_make(int64_t voxels, int pixels, tome_taps *out, tome_error *err);
void tome_taps_clear(tome_taps *t);
/* rows x columns voxels into down->pixels x across->pixels; both packed. */
TOME_MUST_USE bool tome_resample(const float *from, int64_t columns, const tome_taps *across, const tome_taps *down,
                                 float *out, tome_error *err);

/* One plane of a slice's array as floats, in the picture's order; `sample` of `channels`. */
void tome_plane_floats(const tome_slice *s, int sample, float *out);
/* out[i] = 1 where the layer is, in the picture's order; false where it is nowhere. */
bool tome_plane_mask(const tome_slice *s, const tome_layer *l, uint8_t *out);

/* Draws the outline of a mask of rows x columns voxels into the rectangle. */
TOME_MUST_USE bool tome_draw_outline(tome_canvas *c, int x, int y, int width, int height, const uint8_t *mask,
                                     int64_t columns, int64_t rows, double line, tome_rgb colour, tome_error *err);

#endif
