/* Outlines into pixels. Each edge adds the signed area that it cuts off to the right in every pixel it passes; summed along a row that is the
 * coverage, exact for straight edges, with no sampling. */
#include <math.h>
#include <stdlib.h>

#include "render/canvas.h"

static void add_edge(tome_figure *p, double x0, double y0, double x1, double y1) {
  if (p->failed || !isfinite(x0 + y0 + x1 + y1) ||
      !tome_grow(&p->edges, &p->cap, p->count + 1, 4 * sizeof(double), NULL)) {
    p->failed = true;
    return;
  }
  double *e = p->edges + 4 * p->count++;
  e[0] = x0, e[1] = y0, e[2] = x1, e[3] = y1;
}

void tome_figure_close(tome_figure *p) {
  if (p->x != p->first_x || p->y != p->first_y) tome_figure_line(p, p->first_x, p->first_y);
}

void tome_figure_move(tome_figure *p, double x, double y) {
  tome_figure_close(p);
  p->x = p->first_x = x;
  p->y = p->first_y = y;
}

void tome_figure_line(tome_figure *p, double x, double y) {
  add_edge(p, p->x, p->y, x, y);
  p->x = x;
  p->y = y;
}

void tome_figure_curve(tome_figure *p, double cx, double cy, double x, double y) {
  enum { PIECES = 6 }; /* of a letter's curve, a pixel or two long */
  const double x0 = p->x, y0 = p->y;
  for (int i = 1; i <= PIECES; i++) {
    const double t = (double)i / PIECES, s = 1 - t;
    tome_figure_line(p, s * s * x0 + 2 * s * t * cx + t * t * x, s * s * y0 + 2 * s * t * cy + t * t * y);
  }
}

void tome_figure_clear(tome_figure *p) {
  free(p->edges);
  *p = (tome_figure){0};
}

/* The pixels that a path can touch, and what covers them. */
typedef struct cover {
  int x, y, width, height;
  float *area; /* (width + 1) a row */
} cover;

static bool bounds(const tome_canvas *c, const tome_figure *p, cover *out) {
  double lo[2] = {INFINITY, INFINITY}, hi[2] = {-INFINITY, -INFINITY};
  for (size_t i = 0; i < 2 * p->count; i++)
    for (int a = 0; a < 2; a++) {
      lo[a] = fmin(lo[a], p->edges[2 * i + (size_t)a]);
      hi[a] = fmax(hi[a], p->edges[2 * i + (size_t)a]);
    }
  const double x0 = fmax(0, floor(lo[0])), y0 = fmax(0, floor(lo[1]));
  const double x1 = fmin(c->width, ceil(hi[0])), y1 = fmin(c->height, ceil(hi[1]));
  if (!(x1 > x0) || !(y1 > y0)) return false;
  *out = (cover){(int)x0, (int)y0, (int)(x1 - x0), (int)(y1 - y0), NULL};
  return true;
}

static double clamp(double v, double lo, double hi) { return v < lo ? lo : v > hi ? hi : v; }

/* The mean of max(0, t - x) for x from lo to hi. */
static double past(double t, double lo, double hi) {
  if (t <= lo) return 0;
  return t >= hi ? t - (lo + hi) / 2 : (t - lo) * (t - lo) / (2 * (hi - lo));
}

/* A piece of an edge within one row: it goes `d` down (signed) while x runs from x0 to x1. Pixel i has past(i + 1) - past(i) of its area to the right of
 * it; the row holds the differences from pixel to pixel. */
static void add_piece(float *row, int width, double d, double x0, double x1) {
  const double lo = clamp(fmin(x0, x1), 0, width), hi = clamp(fmax(x0, x1), 0, width);
  double before = 0;
  for (int i = (int)lo; i <= width && before < 1; i++) {
    const double share = i + 1 >= hi && i >= hi ? 1 : past(i + 1, lo, hi) - past(i, lo, hi);
    row[i] += (float)(d * (share - before));
    before = share;
  }
}

static void add_rows(cover *k, const double *e) {
  double x0 = e[0] - k->x, y0 = e[1] - k->y, x1 = e[2] - k->x, y1 = e[3] - k->y, way = 1;
  if (y0 == y1) return;
  if (y0 > y1) {
    const double x = x0, y = y0;
    x0 = x1, y0 = y1, x1 = x, y1 = y;
    way = -1;
  }
  const double slope = (x1 - x0) / (y1 - y0);
  for (int j = (int)fmax(0, floor(y0)); j < k->height && j < y1; j++) {
    const double top = fmax(y0, j), bottom = fmin(y1, j + 1);
    if (bottom > top)
      add_piece(k->area + (size_t)j * (size_t)(k->width + 2), k->width, way * (bottom - top), x0 + (top - y0) * slope,
                x0 + (bottom - y0) * slope);
  }
}

static void paint(tome_canvas *c, const cover *k, tome_rgb colour, double alpha) {
  for (int j = 0; j < k->height; j++) {
    const float *row = k->area + (size_t)j * (size_t)(k->width + 2);
    double sum = 0;
    for (int i = 0; i < k->width; i++) {
      sum += row[i];
      const double covered = fmin(1, fabs(sum));
      if (covered > 1e-3) tome_draw_pixel(c, k->x + i, k->y + j, colour, covered * alpha);
    }
  }
}

void tome_draw_figure(tome_canvas *c, const tome_figure *p, tome_rgb colour, double alpha) {
  cover k;
  if (p->failed) c->failed = true; /* written only then: several threads may draw on one canvas */
  if (p->count == 0 || !bounds(c, p, &k)) return;
  k.area = tome_alloc_zero((size_t)(k.width + 2) * (size_t)k.height, sizeof *k.area, "a picture", NULL);
  if (!k.area) {
    c->failed = true;
    return;
  }
  for (size_t i = 0; i < p->count; i++) add_rows(&k, p->edges + 4 * i);
  paint(c, &k, colour, alpha);
  free(k.area);
}

void tome_draw_line(tome_canvas *c, double x0, double y0, double x1, double y1, double width, tome_rgb colour) {
  const double dx = x1 - x0, dy = y1 - y0, length = hypot(dx, dy);
  if (!(length > 0)) return;
  const double nx = -dy / length * width / 2, ny = dx / length * width / 2;
  TOME_CLEANUP(tome_figure_clear) tome_figure p = {0};
  tome_figure_move(&p, x0 + nx, y0 + ny);
  tome_figure_line(&p, x1 + nx, y1 + ny);
  tome_figure_line(&p, x1 - nx, y1 - ny);
  tome_figure_line(&p, x0 - nx, y0 - ny);
  tome_figure_close(&p);
  tome_draw_figure(c, &p, colour, 1);
}
