/* The border of a label as a line. The mask is brought to the size of the picture as a smooth field between 0 and 1; the border is where it is 1/2, and a
 * pixel's distance from it is (field - 1/2) / |gradient|, so that the line is anti-aliased and equally wide everywhere. Only the pixels that the label can
 * reach are looked at: what is drawn costs by the size of structures, not of the slice. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "render/inside.h"

void tome_outliner_clear(tome_outliner *o) {
  tome_taps_clear(&o->across);
  tome_taps_clear(&o->down);
  free(o->memory);
  *o = (tome_outliner){0};
}

bool tome_outliner_make(int64_t columns, int64_t rows, int width, int height, tome_outliner *out, tome_error *err) {
  TOME_CLEANUP(tome_outliner_clear) tome_outliner o = {.columns = columns, .rows = rows};
  const int cells_x = columns < width ? (int)columns : width, cells_y = rows < height ? (int)rows : height;
  const size_t pixels = (size_t)width * (size_t)height;
  const size_t cells = (size_t)cells_x * (size_t)cells_y, halves = (size_t)width * (size_t)cells_y;
  if (!tome_taps_make(cells_x, width, &o.across, err) || !tome_taps_make(cells_y, height, &o.down, err)) return false;
  o.memory = tome_alloc(2 * pixels + cells + halves, sizeof *o.memory, "a picture", err);
  if (!o.memory) return false;
  o.hard = o.memory;
  o.soft = o.hard + pixels;
  o.cells = o.soft + pixels;
  o.half = o.cells + cells;
  o.soft_across = width < 2 * cells_x;
  o.soft_down = height < 2 * cells_y;
  *out = o;
  o = (tome_outliner){0};
  return true;
}

/* Half-open ranges along one axis: the cells where the label is, and the pixels that these reach. */
typedef struct span {
  int cell, cell_end, pixel, end;
} span;

static span span_of(const tome_taps *t, int64_t voxels, int64_t lo, int64_t hi) {
  const int cells = t->cells;
  span s = {(int)(lo * cells / voxels), (int)((hi - 1) * cells / voxels) + 1, 0, t->pixels};
  while (s.pixel < s.end && t->first[s.pixel] + t->count[s.pixel] <= s.cell) s.pixel++;
  while (s.end > s.pixel && t->first[s.end - 1] >= s.cell_end) s.end--;
  enum { AROUND = 2 }; /* softening reaches one further, the slope another */
  s.pixel = s.pixel > AROUND ? s.pixel - AROUND : 0;
  s.end = s.end < t->pixels - AROUND ? s.end + AROUND : t->pixels;
  return s;
}

/* A mask of no more cells than pixels: where several voxels share a pixel, one of them is enough. */
static void reduce(const tome_outliner *o, const tome_mask *m, const span *sx, const span *sy) {
  const size_t width = (size_t)(sx->cell_end - sx->cell);
  memset(o->cells, 0, width * (size_t)(sy->cell_end - sy->cell) * sizeof *o->cells);
  for (int64_t y = m->top; y < m->bottom; y++) {
    float *row = o->cells + (size_t)(y * o->down.cells / o->rows - sy->cell) * width;
    const uint8_t *v = m->voxels + y * o->columns;
    for (int64_t x = m->left; x < m->right; x++)
      if (v[x]) row[x * o->across.cells / o->columns - sx->cell] = 1;
  }
}

/* The part of a pixel's taps that lies within the label's cells: first cell and count; *skip of its weights come before. */
static int part(const tome_taps *t, int pixel, int cell, int end, int *first, int *skip) {
  const int lo = t->first[pixel] > cell ? t->first[pixel] : cell, stop = t->first[pixel] + t->count[pixel];
  const int hi = stop < end ? stop : end;
  *first = lo - cell;
  *skip = lo - t->first[pixel];
  return hi > lo ? hi - lo : 0;
}

static const float *weights(const tome_taps *t, int pixel, int skip) {
  return t->weight + (size_t)pixel * (size_t)t->most + skip;
}

static void spread_across(const tome_outliner *o, const span *sx, const span *sy) {
  const size_t cells = (size_t)(sx->cell_end - sx->cell), width = (size_t)(sx->end - sx->pixel);
  for (int i = sx->pixel; i < sx->end; i++) {
    int first, skip;
    const int count = part(&o->across, i, sx->cell, sx->cell_end, &first, &skip);
    const float *w = weights(&o->across, i, skip);
    for (int y = 0; y < sy->cell_end - sy->cell; y++) {
      const float *v = o->cells + (size_t)y * cells + first;
      float sum = 0;
      for (int k = 0; k < count; k++) sum += w[k] * v[k];
      o->half[(size_t)y * width + (size_t)(i - sx->pixel)] = sum;
    }
  }
}

static void spread_down(const tome_outliner *o, const span *sx, const span *sy) {
  const size_t width = (size_t)(sx->end - sx->pixel);
  for (int j = sy->pixel; j < sy->end; j++) {
    int first, skip;
    const int count = part(&o->down, j, sy->cell, sy->cell_end, &first, &skip);
    const float *w = weights(&o->down, j, skip);
    float *row = o->hard + (size_t)(j - sy->pixel) * width;
    memset(row, 0, width * sizeof *row);
    for (int k = 0; k < count; k++) {
      const float *v = o->half + (size_t)(first + k) * width;
      for (size_t i = 0; i < width; i++) row[i] += w[k] * v[i];
    }
  }
}

/* Half of each pixel, a quarter of either neighbour, along one axis. */
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

/* How much of the pixel is within `line`/2 of the border. */
static double covered(float here, float dx, float dy, double line) {
  const double slope = sqrt((double)dx * (double)dx + (double)dy * (double)dy) / 2, away = fabs((double)here - 0.5);
  return slope > 1e-6 && away < slope * (line / 2 + 0.5) ? line / 2 + 0.5 - away / slope : 0;
}

static void trace(tome_canvas *c, int x, int y, const tome_outliner *o, int width, int height, double line,
                  tome_rgb colour) {
  for (int j = 0; j < height; j++) {
    const float *row = o->soft + (size_t)j * (size_t)width, *hard = o->hard + (size_t)j * (size_t)width;
    const float *above = j ? row - width : row, *below = j + 1 < height ? row + width : row;
    for (int i = 0; i < width; i++) {
      const float dx = row[i + 1 < width ? i + 1 : i] - row[i ? i - 1 : i], dy = below[i] - above[i];
      const bool thin =
          hard[i] >= 0.5f && row[i] < 0.51f; /* one pixel wide: softened to 1/2, or less, without a slope */
      if (dx == 0 && dy == 0 && !thin) continue;
      const double alpha = thin ? 1 : covered(row[i], dx, dy, line);
      if (alpha > 0) tome_draw_pixel(c, x + i, y + j, colour, alpha);
    }
  }
}

void tome_draw_outline(tome_canvas *c, int x, int y, const tome_outliner *o, const tome_mask *m, double line,
                       tome_rgb colour) {
  if (m->left >= m->right || m->top >= m->bottom) return;
  const span sx = span_of(&o->across, o->columns, m->left, m->right);
  const span sy = span_of(&o->down, o->rows, m->top, m->bottom);
  const int width = sx.end - sx.pixel, height = sy.end - sy.pixel;
  const size_t w = (size_t)width, h = (size_t)height;
  reduce(o, m, &sx, &sy);
  spread_across(o, &sx, &sy);
  spread_down(o, &sx, &sy);
  memcpy(o->soft, o->hard, w * h * sizeof *o->soft);
  if (o->soft_across) soften(o->soft, w, 1, h, w);
  if (o->soft_down) soften(o->soft, h, w, w, 1);
  trace(c, x + sx.pixel, y + sy.pixel, o, width, height, line, colour);
}
