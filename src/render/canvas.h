/* canvas.h - pixels to draw on. Coordinates are pixels from the top left corner, y down; the centre of the first pixel is (0.5, 0.5). */
#ifndef TOME_RENDER_CANVAS_H
#define TOME_RENDER_CANVAS_H

#include "base/mem.h"

typedef struct tome_rgb {
  uint8_t r, g, b;
} tome_rgb;

/* 8-bit sRGB. What is drawn beyond the edges is cut off. `failed`: some drawing found no memory; tome_canvas_check says so once at the end. */
typedef struct tome_canvas {
  int width, height;
  uint8_t *rgb; /* height rows of width pixels of 3 bytes, packed; owned */
  bool failed;
} tome_canvas;

/* At most 16384 pixels each way. */
TOME_MUST_USE bool tome_canvas_new(int width, int height, tome_rgb background, tome_canvas *out, tome_error *err);
TOME_MUST_USE bool tome_canvas_check(const tome_canvas *c, tome_error *err);
void tome_canvas_clear(tome_canvas *c);

/* `alpha` 0 leaves what is there, 1 covers it. */
void tome_draw_pixel(tome_canvas *c, int x, int y, tome_rgb colour, double alpha);
void tome_draw_rect(tome_canvas *c, int x, int y, int width, int height, tome_rgb colour, double alpha);
void tome_draw_frame(tome_canvas *c, int x, int y, int width, int height, tome_rgb colour); /* one pixel wide, inside */

/* A closed outline of any number of contours, filled anti-aliased where it winds round (fill.c). */
typedef struct tome_figure {
  double *edges; /* x0 y0 x1 y1 each */
  size_t count, cap;
  double x, y, first_x, first_y;
  bool failed;
} tome_figure;
void tome_figure_move(tome_figure *p, double x, double y); /* closes the contour before */
void tome_figure_line(tome_figure *p, double x, double y);
void tome_figure_curve(tome_figure *p, double cx, double cy, double x, double y); /* quadratic */
void tome_figure_close(tome_figure *p);
void tome_figure_clear(tome_figure *p);
void tome_draw_figure(tome_canvas *c, const tome_figure *p, tome_rgb colour, double alpha);
void tome_draw_line(tome_canvas *c, double x0, double y0, double x1, double y1, double width, tome_rgb colour);

/* ---- text.c: UTF-8; letters there are no outlines of are shown as a box. `size` is the em in pixels. --- */
typedef struct tome_type {
  double size;
  bool bold;
  tome_rgb colour;
} tome_type;
double tome_text_width(const tome_type *t, const char *text);
/* The text where it is at most `width` wide, else as much of its beginning and its end as fits, "…" between them. */
enum { TOME_FIT = 512 };
void tome_text_fit(const tome_type *t, const char *text, double width, char out[TOME_FIT]);
/* From `x` on, the baseline at `y`. Returns where the text ends. */
double tome_draw_text(tome_canvas *c, double x, double y, const tome_type *t, const char *text);
/* The same, its middle or its end at `x`. */
void tome_draw_text_middle(tome_canvas *c, double x, double y, const tome_type *t, const char *text);
void tome_draw_text_end(tome_canvas *c, double x, double y, const tome_type *t, const char *text);
/* With a thin dark rim, so that it can be read on any image. */
void tome_draw_text_rimmed(tome_canvas *c, double x, double y, const tome_type *t, const char *text);
/* The same text upwards along x. */
void tome_draw_text_up(tome_canvas *c, double x, double y, const tome_type *t, const char *text);

#endif
