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

/* ---- what sheets share (furniture.c). `unit` is 1 at a width of 1600 --- */
double tome_sheet_unit(int width);
/* Pixels that the legend takes at this width; 0 without one. */
int tome_legend_height(const tome_legend *rows, size_t count, int width, double unit);
void tome_draw_legend(tome_canvas *c, int x, int y, int width, const tome_legend *rows, size_t count, double unit,
                      const tome_theme *theme);
/* The letters of the view's sides, just inside the rectangle. `all`: the upper and lower ones too. */
void tome_draw_marks(tome_canvas *c, int x, int y, int width, int height, const tome_view *v, bool all, double unit);
/* A white bar of a round number of mm at the lower right. */
void tome_draw_bar(tome_canvas *c, int x, int y, int width, int height, double pixels_per_mm, double unit);
void tome_draw_head(tome_canvas *c, int x, const char *title, const char *text, double unit, const tome_theme *theme);
enum { TOME_HEAD = 64, TOME_MARGIN = 20 }; /* in units */

#endif
