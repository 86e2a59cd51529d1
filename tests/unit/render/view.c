/* Which way up: grids turned, mirrored and oblique are looked at by where their axes point in the patient, and fill what they fit into at true aspect. */
#include "grid/grid.h"
#include "render/render.h"

#include "test.h"

static unsigned state = 1;
static double chance(void) { /* 0 … 1, the same each run */
  state = state * 1664525u + 1013904223u;
  return (state >> 8) / 16777216.0;
}

/* Rotates about a random axis by less than `most` radians (Rodrigues). */
static void turn(double v[3], const double k[3], double angle) {
  const double dot = k[0] * v[0] + k[1] * v[1] + k[2] * v[2], c = cos(angle), s = sin(angle);
  const double cross[3] = {k[1] * v[2] - k[2] * v[1], k[2] * v[0] - k[0] * v[2], k[0] * v[1] - k[1] * v[0]};
  for (int i = 0; i < 3; i++) v[i] = v[i] * c + cross[i] * s + k[i] * dot * (1 - c);
}

/* Index axis a runs along world axis order[a], against it where `against`; all of it turned by `angle`. */
static tome_geometry grid(const int order[3], const bool against[3], double angle) {
  const int64_t shape[3] = {7 + (int64_t)(90 * chance()), 7 + (int64_t)(90 * chance()), 7 + (int64_t)(90 * chance())};
  double step[3][3] = {{0}}, axis[3] = {chance() - 0.5, chance() - 0.5, chance() - 0.5};
  const double origin[3] = {100 * chance(), -100 * chance(), 30},
               n = sqrt(axis[0] * axis[0] + axis[1] * axis[1] + axis[2] * axis[2]);
  for (int i = 0; i < 3; i++) axis[i] /= n;
  for (int a = 0; a < 3; a++) {
    step[a][order[a]] = (against[a] ? -1 : 1) * (0.3 + 5 * chance());
    turn(step[a], axis, angle);
  }
  tome_geometry g;
  tome_error err = {0};
  CHECK(tome_geometry_from_steps(shape, step, origin, &g, &err));
  return g;
}

/* Where a step to the picture's right, or down, leads in the patient. */
static void direction(const tome_geometry *g, int axis, bool flip, double out[3]) {
  tome_geometry_step(g, axis, out);
  const double length = sqrt(out[0] * out[0] + out[1] * out[1] + out[2] * out[2]);
  for (int i = 0; i < 3; i++) out[i] *= (flip ? -1 : 1) / length;
}

static void check_view(const tome_geometry *g, tome_plane plane) {
  static const int right_is[3] = {0, 0, 1}, down_is[3] = {1, 2, 2}, normal_is[3] = {2, 1, 0};
  static const char *const letters[3] = {"RLAP", "RLSI", "APSI"}; /* left, right, top, bottom */
  const tome_view v = tome_view_of(g, plane);
  double right[3], down[3], normal[3];
  direction(g, v.across, v.flip_across, right);
  direction(g, v.down, v.flip_down, down);
  direction(g, v.axis, false, normal);
  CHECK(v.axis != v.across && v.axis != v.down && v.across != v.down);
  CHECK(right[right_is[plane]] > 0.7);
  CHECK((down_is[plane] == 2 ? -1 : 1) * down[down_is[plane]] > 0.7); /* head and face up */
  CHECK(fabs(normal[normal_is[plane]]) > 0.7);
  const char got[5] = {v.left, v.right, v.top, v.bottom};
  CHECK_TEXT(got, letters[plane]);
  CHECK(v.columns == g->shape[v.across] && v.rows == g->shape[v.down]);
  CHECK_NEAR(v.width, (double)g->shape[v.across] * g->spacing[v.across], 1e-9);
  CHECK_NEAR(v.height, (double)g->shape[v.down] * g->spacing[v.down], 1e-9);
}

static void views(void) {
  static const int orders[6][3] = {{2, 1, 0}, {2, 0, 1}, {1, 2, 0}, {1, 0, 2}, {0, 1, 2}, {0, 2, 1}};
  for (int o = 0; o < 6; o++)
    for (int m = 0; m < 8; m++)
      for (int tilt = 0; tilt < 3; tilt++) {
        const bool against[3] = {m & 1, m & 2, m & 4};
        const tome_geometry g = grid(orders[o], against, tilt * 0.25); /* up to 29 degrees */
        for (int p = 0; p < 3; p++) check_view(&g, (tome_plane)p);
      }
}

/* One side full, the other right to half a pixel. */
static void fits(void) {
  for (int k = 0; k < 400; k++) {
    const tome_view v = {.width = 1 + 500 * chance(), .height = 1 + 500 * chance()};
    const int width = 20 + (int)(1000 * chance()), height = 20 + (int)(1000 * chance());
    int w, h;
    tome_view_fit(&v, width, height, &w, &h);
    CHECK(w >= 1 && h >= 1 && w <= width && h <= height);
    CHECK(w == width || h == height);
    if (w == width)
      CHECK(fabs(h - fmax(1, width * v.height / v.width)) <= 0.5001);
    else
      CHECK(fabs(w - fmax(1, height * v.width / v.height)) <= 0.5001);
  }
}

static tome_plane plane_of(int64_t z, int64_t y, int64_t x, double dz, double dy, double dx) {
  const int64_t shape[3] = {z, y, x};
  tome_geometry g = tome_geometry_identity(shape); /* z axial, y coronal, x sagittal */
  g.spacing[0] = dz, g.spacing[1] = dy, g.spacing[2] = dx;
  return tome_plane_of(&g);
}

static void planes(void) {
  CHECK(plane_of(200, 512, 512, 1, 0.7, 0.7) == TOME_AXIAL);
  CHECK(plane_of(60, 512, 512, 5, 0.7, 0.7) == TOME_AXIAL);
  CHECK(plane_of(256, 24, 256, 1, 5, 1) == TOME_CORONAL);
  CHECK(plane_of(256, 256, 24, 1, 1, 5) == TOME_SAGITTAL);
  CHECK(plane_of(256, 3, 256, 1, 1, 1) == TOME_CORONAL); /* few */
  CHECK(plane_of(100, 100, 100, 1, 1, 1) == TOME_AXIAL);
  CHECK(plane_of(1, 584, 565, 1, 1, 1) == TOME_AXIAL);
  const int order[3] = {1, 2, 0}; /* one slice, taken coronally: rows down to the feet */
  const bool against[3] = {false, true, false};
  tome_geometry g = grid(order, against, 0);
  g.shape[0] = 1;
  CHECK(tome_plane_of(&g) == TOME_CORONAL);
}

TEST_MAIN(views, fits, planes)
