/* The border of a label as a line. The mask is brought to the size of the picture as a smooth field between 0 and 1; the border is where it is 1/2, and a
 * pixel's distance from it is (field - 1/2) / |gradient|, so that the line is anti-aliased and equally wide everywhere. */
#include <math.h>
#include <stdlib.h>

#include "render/inside.h"

/* A mask of no more cells than pixels: where several voxels share a pixel, one of them is enough. */
static void reduce(const uint8_t *mask, int64_t columns, int64_t rows, int width, int height, float *out) {
  for (size_t i = 0; i < (size_t)width * (size_t)height; i++) out[i] = 0;
  for (int64_t y = 0; y < rows; y++) {
    float *row = out + (size_t)(y * height / rows) * (size_t)width;
    for (int64_t x = 0; x < columns; x++)
      if (mask[y * columns + x]) row[x * width / columns] = 1;
  }
}

/* Half of each cell, a quarter of either neighbour, along one axis. */
static void soften(float *f, size_t count, size_t step, size_t lines, size_t line_step) {
  for (size_t l = 0; l < lines; l++) {
    float *v = f + l * line_step, before = v[0];
    for (size_t i = 0; i < count; i++) {
      const float here = v[i * step], after = i + 1 < count ? v[(i + 1) * step] : here;
      v[i * step] = (before + 2 * here + after) / 4;
      before = here;
    }
  }
}

typedef struct field {
  int width, height;
  const float *soft, *hard;
} field;

static float at(const field *f, int x, int y) {
  const int i = x < 0 ? 0 : x >= f->width ? f->width - 1 : x, j = y < 0 ? 0 : y >= f->height ? f->height - 1 : y;
  return f->soft[(size_t)j * (size_t)f->width + (size_t)i];
}

static void trace(tome_canvas *c, int left, int top, const field *f, double line, tome_rgb colour) {
  for (int y = 0; y < f->height; y++)
    for (int x = 0; x < f->width; x++) {
      const float here = at(f, x, y);
      const bool thin = f->hard[(size_t)y * (size_t)f->width + (size_t)x] >= 0.5f && here < 0.5f;
      const double gx = (at(f, x + 1, y) - at(f, x - 1, y)) / 2, gy = (at(f, x, y + 1) - at(f, x, y - 1)) / 2;
      const double slope = hypot(gx, gy), away = fabs(here - 0.5);
      if (thin)
        tome_draw_pixel(c, left + x, top + y, colour, 1);
      else if (slope > 1e-6 && away < slope * (line / 2 + 0.5))
        tome_draw_pixel(c, left + x, top + y, colour, line / 2 + 0.5 - away / slope);
    }
}

static bool make_field(const uint8_t *mask, int64_t columns, int64_t rows, int width, int height, float *hard,
                       float *soft, tome_error *err) {
  TOME_CLEANUP(tome_taps_clear) tome_taps across = {0};
  TOME_CLEANUP(tome_taps_clear) tome_taps down = {0};
  const int cells_x = columns < width ? (int)columns : width, cells_y = rows < height ? (int)rows : height;
  TOME_AUTO_FREE float *cells = tome_alloc((size_t)cells_x * (size_t)cells_y, sizeof *cells, "a picture", err);
  if (!cells || !tome_taps_make(cells_x, width, &across, err) || !tome_taps_make(cells_y, height, &down, err))
    return false;
  const size_t w = (size_t)width, h = (size_t)height;
  reduce(mask, columns, rows, cells_x, cells_y, cells);
  if (!tome_resample(cells, cells_x, &across, &down, hard, err)) return false;
  for (size_t i = 0; i < w * h; i++) soft[i] = hard[i];
  if (width < 2 * cells_x) soften(soft, w, 1, h, w);
  if (height < 2 * cells_y) soften(soft, h, w, w, 1);
  return true;
}

bool tome_draw_outline(tome_canvas *c, int x, int y, int width, int height, const uint8_t *mask, int64_t columns,
                       int64_t rows, double line, tome_rgb colour, tome_error *err) {
  const size_t pixels = (size_t)width * (size_t)height;
  TOME_AUTO_FREE float *hard = tome_alloc(2 * pixels, sizeof *hard, "a picture", err);
  if (!hard || !make_field(mask, columns, rows, width, height, hard, hard + pixels, err)) return false;
  const field f = {width, height, hard + pixels, hard};
  trace(c, x, y, &f, line, colour);
  return true;
}
