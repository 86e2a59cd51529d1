/* One slice onto the canvas: windowed, resampled to true aspect, labels outlined. */
#include <math.h>
#include <stdlib.h>

#include "render/inside.h"

/* Values through the window, 0 to 1. Before resampling, so that NaN and the infinite cannot spread. */
static void apply_window(float *v, size_t n, const tome_window *w) {
  const double lower = w->width > 0 ? w->level - w->width / 2 : 0, scale = w->width > 0 ? 1 / w->width : 1.0 / 255;
  for (size_t i = 0; i < n; i++) {
    const double t = (v[i] - lower) * scale;
    v[i] = t >= 1 ? 1.0f : t > 0 ? (float)t : 0.0f;
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
    if (!tome_resample(plane, s->view.columns, &across, &down, pixels, err)) return false;
    put_sample(c, x, y, width, height, pixels, k, !colours);
  }
  return true;
}

static bool draw_layers(tome_canvas *c, int x, int y, int width, int height, const tome_slice *s, double line,
                        tome_error *err) {
  const size_t voxels = (size_t)s->view.columns * (size_t)s->view.rows;
  TOME_AUTO_FREE uint8_t *mask = tome_alloc(voxels, 1, "a picture", err);
  if (!mask) return false;
  for (size_t i = 0; i < s->layer_count; i++)
    if (tome_plane_mask(s, &s->layers[i], mask) &&
        !tome_draw_outline(c, x, y, width, height, mask, s->view.columns, s->view.rows, line, s->layers[i].colour, err))
      return false;
  return true;
}

bool tome_draw_slice(tome_canvas *c, int x, int y, int width, int height, const tome_slice *s, double line,
                     tome_error *err) {
  if (width < 1 || height < 1 || width > 16384 || height > 16384)
    return tome_fail(err, TOME_USAGE, "a slice cannot be drawn in %d x %d pixels", width, height);
  if (!draw_image(c, x, y, width, height, s, err)) return false;
  return !s->layer_count || !(line > 0) || draw_layers(c, x, y, width, height, s, line, err);
}
