/* inside.h - what the files of src/render share. */
#ifndef TOME_RENDER_INSIDE_H
#define TOME_RENDER_INSIDE_H

#include "render/render.h"

/* How the voxels along one axis make up the pixels: pixel i is the sum of weight[i*most + k] * voxel[first[i] + k], k < count[i]. */
typedef struct tome_taps {
  int pixels, most;
  int cells;          /* voxels */
  int *first, *count; /* in the picture's order: voxel 0 is the one at its left or top */
  float *weight;
  float *memory;
} tome_taps;
/* Linear between voxels' centres; where pixels are larger than voxels, the voxels' share in the pixel. */
TOME_MUST_USE bool tome_taps_make(int64_t voxels, int pixels, tome_taps *out, tome_error *err);
void tome_taps_clear(tome_taps *t);
/* rows x columns voxels into down->pixels x across->pixels; both packed. */
TOME_MUST_USE bool tome_resample(const float *from, const tome_taps *across, const tome_taps *down, float *out,
                                 tome_error *err);

/* One plane of a slice's array as floats, in the picture's order; `sample` of `channels`. */
void tome_plane_floats(const tome_slice *s, int sample, float *out);

/* Where a structure is in the picture's order; nothing is outside left … right, top … bottom. */
typedef struct tome_mask {
  uint8_t *voxels; /* 1 or 0, a whole plane, rows x columns; only those within the box below are set */
  int64_t left, right, top, bottom;
} tome_mask;
/* One label map's plane as numbers in the picture's order; values beyond 32 bits are cut. */
void tome_plane_values(const tome_slice *s, const tome_layer *l, uint32_t *out);

/* Draws borders of masks of rows x columns voxels into a rectangle of width x height pixels; made once for many. One thread at a time. */
typedef struct tome_outliner {
  int64_t columns, rows;
  tome_taps across, down;
  bool soft_across, soft_down;
  float *cells, *half, *hard, *soft, *memory;
} tome_outliner;
TOME_MUST_USE bool tome_outliner_make(int64_t columns, int64_t rows, int width, int height, tome_outliner *out,
                                      tome_error *err);
void tome_outliner_clear(tome_outliner *o);
void tome_draw_outline(tome_canvas *c, int x, int y, const tome_outliner *o, const tome_mask *m, double line,
                       tome_rgb colour);

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
