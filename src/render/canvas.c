/* Pixels, rectangles. */
#include "render/canvas.h"

#include <math.h>
#include <stdlib.h>

bool tome_canvas_new(int width, int height, tome_rgb background, tome_canvas *out, tome_error *err) {
  enum { MOST = 16384 };
  if (width < 1 || height < 1 || width > MOST || height > MOST)
    return tome_fail(err, TOME_USAGE, "a picture of %d x %d pixels: 1 to %d each way can be drawn; give another --size",
                     width, height, MOST);
  uint8_t *rgb = tome_alloc((size_t)width * (size_t)height, 3, "a picture", err);
  if (!rgb) return false;
  *out = (tome_canvas){.width = width, .height = height, .rgb = rgb};
  tome_draw_rect(out, 0, 0, width, height, background, 1);
  return true;
}

bool tome_canvas_check(const tome_canvas *c, tome_error *err) {
  return !c->failed ||
         tome_fail(err, TOME_NO_MEMORY, "no memory left for drawing a picture of %d x %d pixels", c->width, c->height);
}

void tome_canvas_clear(tome_canvas *c) {
  free(c->rgb);
  *c = (tome_canvas){0};
}

static uint8_t mix(uint8_t under, uint8_t over, double alpha) { return (uint8_t)lrint(under + (over - under) * alpha); }

void tome_draw_pixel(tome_canvas *c, int x, int y, tome_rgb colour, double alpha) {
  if (x < 0 || y < 0 || x >= c->width || y >= c->height || !(alpha > 0)) return;
  uint8_t *p = c->rgb + 3 * ((size_t)y * (size_t)c->width + (size_t)x);
  if (alpha > 1) alpha = 1;
  p[0] = mix(p[0], colour.r, alpha);
  p[1] = mix(p[1], colour.g, alpha);
  p[2] = mix(p[2], colour.b, alpha);
}

void tome_draw_rect(tome_canvas *c, int x, int y, int width, int height, tome_rgb colour, double alpha) {
  const int x0 = x < 0 ? 0 : x, y0 = y < 0 ? 0 : y;
  const int x1 = x + width < c->width ? x + width : c->width, y1 = y + height < c->height ? y + height : c->height;
  for (int j = y0; j < y1; j++) {
    uint8_t *p = c->rgb + 3 * ((size_t)j * (size_t)c->width + (size_t)x0);
    for (int i = x0; i < x1; i++, p += 3)
      if (alpha >= 1)
        p[0] = colour.r, p[1] = colour.g, p[2] = colour.b;
      else
        tome_draw_pixel(c, i, j, colour, alpha);
  }
}

void tome_draw_frame(tome_canvas *c, int x, int y, int width, int height, tome_rgb colour) {
  tome_draw_rect(c, x, y, width, 1, colour, 1);
  tome_draw_rect(c, x, y + height - 1, width, 1, colour, 1);
  tome_draw_rect(c, x, y, 1, height, colour, 1);
  tome_draw_rect(c, x + width - 1, y, 1, height, colour, 1);
}
