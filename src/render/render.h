/*
 * render.h - pictures from voxels in memory: slices at true aspect with outlines of labels, montages, histograms. No files here: what comes out is a
 * canvas of pixels.
 *
 * Planes are shown as radiologists look at them: the patient's right on the left of axial and coronal pictures, anterior to the left of sagittal
 * ones, superior (axial: anterior) at the top, by the world directions, however the voxels are stored.
 */
#ifndef TOME_RENDER_H
#define TOME_RENDER_H

#include "record/record.h"
#include "render/canvas.h"

/* ---- colours (palette.c) --- */
extern const tome_rgb tome_okabe_ito[7]; /* without black; orange, sky blue, green, yellow, blue, vermillion, purple */
/* The colour of the i-th label: Okabe and Ito's, then the same paler and darker, round and round. Told apart by the colour-blind. */
enum { TOME_COLOURS = 21 }; /* before they come again */
tome_rgb tome_label_colour(size_t i);

typedef struct tome_theme {
  tome_rgb page, text, dim, rule, frame;
} tome_theme;
const tome_theme *tome_theme_of(bool light);

/* ---- planes (view.c) --- */
typedef enum tome_plane { TOME_AXIAL = 0, TOME_CORONAL, TOME_SAGITTAL } tome_plane;

/* How a grid is looked at along one of its axes. */
typedef struct tome_view {
  int axis;                      /* the index axis (0 z, 1 y, 2 x) that the picture cuts */
  int across, down;              /* the index axes that run along the picture's rows and columns */
  bool flip_across, flip_down;   /* they run against the picture's right, and down */
  char left, right, top, bottom; /* L R A P S I: where these sides of the picture lie in the patient */
  int64_t columns, rows;         /* voxels */
  double width, height;          /* mm */
} tome_view;
tome_view tome_view_of(const tome_geometry *g, tome_plane plane);
/* The plane that a scan is read in: that of its only slice; else across a slab, or slices that are thicker than their pixels are wide; else axial. */
tome_plane tome_plane_of(const tome_geometry *g);
/* The box of slice `i` of the view. */
tome_box tome_view_box(const tome_view *v, const tome_geometry *g, int64_t i);
/* The largest picture of true aspect that fits `width` x `height` pixels; at least 1 x 1. */
void tome_view_fit(const tome_view *v, int width, int height, int *out_width, int *out_height);

/* ---- a slice (slice.c) --- */

/* One structure to outline: where the label map of the slice's own box holds `value`. */
typedef struct tome_layer {
  const void *voxels;
  tome_dtype dtype; /* any integer type */
  int32_t value;
  tome_rgb colour;
} tome_layer;

typedef struct tome_slice {
  tome_geometry geometry; /* of the box: one voxel thick along the view's axis */
  tome_view view;         /* of the whole grid: tome_view_of */
  tome_dtype dtype;       /* any; NaN is shown as the lower end */
  int channels;           /* 0 or 1: gray, through the window. 3 (RGB): colours, window width 0 as they are */
  const void *voxels;     /* C order, packed */
  tome_window window;     /* level - width/2 is black, level + width/2 white; width 0: uint8 as it is */
  const tome_layer *layers;
  size_t layer_count;
} tome_slice;

/* Draws a slice into the rectangle at (x, y) of `width` x `height` pixels, which it fills (tome_view_fit gives a true aspect). Between voxels linear;
 * smaller than the voxels, their mean. Outlines lie on the border of the label, `line` pixels wide (0: none), and are drawn in the order of the layers;
 * what is narrower than a pixel is not lost. */
TOME_MUST_USE bool tome_draw_slice(tome_canvas *c, int x, int y, int width, int height, const tome_slice *s,
                                   double line, tome_error *err);

/* A window for values of which nothing is known: percentiles 0.5 to 99.5, never of width 0. */
tome_window tome_window_or(const tome_window *w, const tome_intensity *i);

/* ---- montages (montage.c, steps.c) --- */

typedef struct tome_legend {
  const char *name;
  double ml; /* NaN: not said */
  tome_rgb colour;
} tome_legend;

typedef struct tome_panel {
  tome_slice slice;
  const char *caption; /* drawn into its top left corner; "" none */
  const double *ticks; /* small marks at both sides, as shares of the height from the top; NULL none */
  size_t tick_count;
  bool ticks_across; /* above and below, as shares of the width from the left */
} tome_panel;

typedef struct tome_sheet {
  const char *title, *text; /* the head: the case, and what is known of it */
  const tome_panel *tiles;  /* a grid of slices of one size, at one scale */
  size_t tile_count;
  const tome_panel *sides; /* beside the grid, at one scale of their own; may be none */
  size_t side_count;
  const tome_legend *legend;
  size_t legend_count;
  int width; /* of the picture in pixels; its height follows */
  bool light;
  bool places; /* marks of direction and bars of mm: not for photographs */
} tome_sheet;
TOME_MUST_USE bool tome_draw_montage(const tome_sheet *s, tome_canvas *out, tome_error *err);

/* ---- galleries (gallery.c): several cases on one page, a slice of each --- */

typedef struct tome_gallery {
  const char *title, *text;
  size_t count;  /* of cells */
  double aspect; /* width / height of a cell; between 0.6 and 2 */
  const tome_legend *legend;
  size_t legend_count;
  int width; /* of the picture in pixels; its height follows */
  bool light;
} tome_gallery;
/* The page with nothing in its cells. */
TOME_MUST_USE bool tome_gallery_begin(const tome_gallery *g, tome_canvas *out, tome_error *err);
/* Draws a slice into cell i, as large as fits at true aspect, and its name beneath. Several threads may draw different cells. */
TOME_MUST_USE bool tome_gallery_put(tome_canvas *c, const tome_gallery *g, size_t i, const tome_slice *s, bool places,
                                    const char *caption, tome_error *err);
/* Where cell i stands, without its caption. */
void tome_gallery_cell(const tome_gallery *g, size_t i, int *x, int *y, int *width, int *height);

/* What one step of a recipe left: the same place in the patient, in up to three planes. */
typedef struct tome_step_row {
  const char *title;       /* "resample:spacing=1" */
  const char *const *text; /* lines beneath it */
  size_t text_count;
  tome_slice planes[3]; /* axial, coronal, sagittal */
} tome_step_row;

typedef struct tome_step_sheet {
  const char *title, *text;
  const tome_step_row *rows;
  size_t row_count;
  size_t plane_count; /* 3, or 1: only the axial one */
  const tome_legend *legend;
  size_t legend_count;
  int width;
  bool light, places;
} tome_step_sheet;
/* All rows at one scale and in the patient's place: what is cropped leaves its surroundings empty. */
TOME_MUST_USE bool tome_draw_steps(const tome_step_sheet *s, tome_canvas *out, tome_error *err);

/* ---- histograms (chart.c) --- */

typedef struct tome_chart_layer {
  const char *name;
  const tome_histogram *histogram;
  tome_rgb colour;
} tome_chart_layer;

typedef struct tome_chart {
  const char *title, *text;
  const char *units;               /* "HU": tissues are marked; else "" */
  const tome_histogram *histogram; /* of the image */
  const tome_chart_layer *layers;
  size_t layer_count;
  tome_window window;      /* width 0: none is drawn */
  const char *window_name; /* "" none */
  int width, height;
  bool light;
} tome_chart;

/* Where its bars are: bar i covers `step` bins from bin `first` + i*step on, and the picture's columns from left + i*width/bars to left + (i + 1)*width/bars,
 * rounded down; its top is at bottom - height * log10(count + 1) / log10(most + 1), most being 10 to a whole power. */
typedef struct tome_chart_plan {
  int64_t first, step;
  int bars, width, left, top, bottom, decades;
} tome_chart_plan;
TOME_MUST_USE bool tome_draw_chart(const tome_chart *chart, tome_canvas *out, tome_chart_plan *plan, tome_error *err);

#endif
