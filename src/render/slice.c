/* One slice onto the canvas: windowed, resampled to true aspect, labels outlined. */
#include <math.h>
#include <stdlib.h>

#include "render/inside.h"

/* Values through the window, 0 to 1. Before resampling, so that NaN and the infinite cannot spread. */
static void apply_window(float *v, size_t n, const tome_window *w) {
  const bool open = !(w->width > 0);
  const float lower = open ? 0 : (float)(w->level - w->width / 2), scale = open ? 1.0f / 255 : (float)(1 / w->width);
  for (size_t i = 0; i < n; i++) {
    const float t = (v[i] - lower) * scale, above = t > 0 ? t : 0;
    v[i] = above < 1 ? above : 1;
  }
}

static void put_sample(tome_canvas *c, int left, int top, int width, int height, const float *v, int sample, bool all) {
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++) {
      const int i = left + x, j = top + y;
      if (i < 0 || j < 0 || i >= c->width || j >= c->height) continue;
      uint8_t *p = c->rgb + 3 * ((size_t)j * (size_t)c->width + (size_t)i);
      const uint8_t gray = (uint8_t)lrintf(v[(size_t)y * (size_t)width + (size_t)x] * 255);
      if (all)
        p[0] = p[1] = p[2] = gray;
      else
        p[sample] = gray;
    }
}

static bool draw_image(tome_canvas *c, int x, int y, int width, int height, const tome_slice *s, tome_error *err) {
  TOME_CLEANUP(tome_taps_clear) tome_taps across = {0};
  TOME_CLEANUP(tome_taps_clear) tome_taps down = {0};
  const size_t voxels = (size_t)s->view.columns * (size_t)s->view.rows;
  TOME_AUTO_FREE float *plane = tome_alloc(voxels, sizeof *plane, "a picture", err);
  TOME_AUTO_FREE float *pixels = tome_alloc((size_t)width * (size_t)height, sizeof *pixels, "a picture", err);
  if (!plane || !pixels || !tome_taps_make(s->view.columns, width, &across, err) ||
      !tome_taps_make(s->view.rows, height, &down, err))
    return false;
  const bool colours = s->channels >= 3;
  for (int k = 0; k < (colours ? 3 : 1); k++) {
    tome_plane_floats(s, k, plane);
    apply_window(plane, voxels, &s->window);
    if (!tome_resample(plane, &across, &down, pixels, err)) return false;
    put_sample(c, x, y, width, height, pixels, k, !colours);
  }
  return true;
}

/* ---- outlines ---- */

/* A layer's number in its label map, to be found by binary search; the box of where it is grows as the map is passed through. */
typedef struct wanted {
  uint32_t value;
  size_t layer;
  int64_t left, right, top, bottom;
} wanted;

static int by_value(const void *a, const void *b) {
  const wanted *v = a, *w = b;
  return v->value != w->value ? (v->value > w->value) - (v->value < w->value)
                              : (v->layer > w->layer) - (v->layer < w->layer);
}

static wanted *find(wanted *all, size_t count, uint32_t value) {
  size_t lo = 0, hi = count;
  while (lo < hi) {
    const size_t middle = (lo + hi) / 2;
    if (all[middle].value < value)
      lo = middle + 1;
    else
      hi = middle;
  }
  return lo < count && all[lo].value == value ? &all[lo] : NULL;
}

/* The boxes of all values of one map in one pass. */
static void find_boxes(const uint32_t *v, int64_t columns, int64_t rows, wanted *all, size_t count) {
  uint32_t last = 0;
  wanted *at = find(all, count, 0);
  for (int64_t y = 0; y < rows; y++)
    for (int64_t x = 0; x < columns; x++) {
      const uint32_t value = *v++;
      if (value != last) at = find(all, count, last = value); /* structures lie in runs */
      if (!at) continue;
      if (at->right == 0) *at = (wanted){value, at->layer, x, x + 1, y, y + 1};
      if (x < at->left) at->left = x;
      if (x >= at->right) at->right = x + 1;
      at->bottom = y + 1;
    }
}

typedef struct layering {
  tome_canvas *c;
  int x, y;
  const tome_slice *s;
  double line;
  tome_outliner outliner;
  uint32_t *plane;
  uint8_t *mask;
  wanted *all;
} layering;

static void layering_clear(layering *l) {
  tome_outliner_clear(&l->outliner);
  free(l->plane);
  free(l->mask);
  free(l->all);
}

static void draw_layer(const layering *l, const wanted *w) {
  const int64_t columns = l->s->view.columns;
  for (int64_t y = w->top; y < w->bottom; y++)
    for (int64_t x = w->left; x < w->right; x++) l->mask[y * columns + x] = l->plane[y * columns + x] == w->value;
  const tome_mask m = {l->mask, w->left, w->right, w->top, w->bottom};
  tome_draw_outline(l->c, l->x, l->y, &l->outliner, &m, l->line, l->s->layers[w->layer].colour);
}

static int by_layer(const void *a, const void *b) {
  const wanted *v = a, *w = b;
  return (v->layer > w->layer) - (v->layer < w->layer);
}

/* Layers first … end, of one map. */
static void draw_map(const layering *l, size_t first, size_t end) {
  const size_t count = end - first;
  for (size_t i = 0; i < count; i++)
    l->all[i] = (wanted){.value = (uint32_t)l->s->layers[first + i].value, .layer = first + i};
  qsort(l->all, count, sizeof *l->all, by_value);
  tome_plane_values(l->s, &l->s->layers[first], l->plane);
  find_boxes(l->plane, l->s->view.columns, l->s->view.rows, l->all, count);
  qsort(l->all, count, sizeof *l->all, by_layer);
  for (size_t i = 0; i < count; i++)
    if (l->all[i].right) draw_layer(l, &l->all[i]);
}

static bool draw_layers(tome_canvas *c, int x, int y, int width, int height, const tome_slice *s, double line,
                        tome_error *err) {
  const size_t voxels = (size_t)s->view.columns * (size_t)s->view.rows;
  TOME_CLEANUP(layering_clear) layering l = {.c = c, .x = x, .y = y, .s = s, .line = line};
  l.plane = tome_alloc(voxels, sizeof *l.plane, "a picture", err);
  l.mask = l.plane ? tome_alloc(voxels, 1, "a picture", err) : NULL;
  l.all = l.mask ? tome_alloc(s->layer_count, sizeof *l.all, "a picture", err) : NULL;
  if (!l.all || !tome_outliner_make(s->view.columns, s->view.rows, width, height, &l.outliner, err)) return false;
  for (size_t first = 0, end; first < s->layer_count; first = end) {
    for (end = first + 1; end < s->layer_count && s->layers[end].voxels == s->layers[first].voxels; end++) continue;
    draw_map(&l, first, end);
  }
  return true;
}

bool tome_draw_slice(tome_canvas *c, int x, int y, int width, int height, const tome_slice *s, double line,
                     tome_error *err) {
  if (width < 1 || height < 1 || width > 16384 || height > 16384)
    return tome_fail(err, TOME_USAGE, "a slice cannot be drawn in %d x %d pixels", width, height);
  if (!draw_image(c, x, y, width, height, s, err)) return false;
  return !s->layer_count || !(line > 0) || draw_layers(c, x, y, width, height, s, line, err);
}
