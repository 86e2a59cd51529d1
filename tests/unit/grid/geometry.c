/* Geometry against values worked out by hand: axis codes, RAS affines, tilt, crops, and the comparison of grids. */
#include "grid/grid.h"
#include "test.h"

/* An axial CT as DICOM gives it: x to the left, y to the back, z up; 5 mm slices. */
static tome_geometry axial(void) {
  const int64_t shape[3] = {40, 512, 512};
  const double step[3][3] = {{0, 0, 5}, {0, 0.7, 0}, {0.7, 0, 0}}, origin[3] = {-180, -200, -900};
  tome_geometry g = {0};
  tome_error e = {0};
  CHECK(tome_geometry_from_steps(shape, step, origin, &g, &e));
  return g;
}

static void world_and_back(void) {
  const tome_geometry g = axial();
  double w[3], i[3];
  tome_geometry_to_world(&g, (const double[3]){2, 10, 100}, w);
  CHECK_NEAR(w[0], -180 + 70, 1e-12);
  CHECK_NEAR(w[1], -200 + 7, 1e-12);
  CHECK_NEAR(w[2], -890, 1e-12);
  tome_geometry_to_index(&g, w, i);
  CHECK_NEAR(i[0], 2, 1e-9);
  CHECK_NEAR(i[1], 10, 1e-9);
  CHECK_NEAR(i[2], 100, 1e-9);
}

/* What nibabel shows for this volume: x and y negated, columns in the order x, y, z. */
static void ras_affine(void) {
  const tome_geometry g = axial();
  double a[4][4];
  tome_geometry_to_ras_affine(&g, a);
  static const double want[4][4] = {{-0.7, 0, 0, 180}, {0, -0.7, 0, 200}, {0, 0, 5, -900}, {0, 0, 0, 1}};
  for (int r = 0; r < 4; r++)
    for (int c = 0; c < 4; c++) CHECK_NEAR(a[r][c], want[r][c], 1e-12);
  tome_geometry back;
  tome_error e = {0};
  CHECK(tome_geometry_from_ras_affine(g.shape, (const double(*)[4])a, &back, &e));
  const tome_grid_difference d = tome_geometry_compare(&g, &back);
  CHECK(tome_geometry_same(&d, &g));
  CHECK_NEAR(d.corner_mm, 0, 1e-9);
}

static void codes(void) {
  tome_geometry g = axial();
  char code[4];
  tome_geometry_code(&g, code);
  CHECK_TEXT(code, "SPL");
  for (int i = 0; i < 3; i++) g.direction[1][i] = -g.direction[1][i];
  tome_geometry_code(&g, code);
  CHECK_TEXT(code, "SAL");
  const double r = sqrt(0.5); /* two axes at 45 degrees still get two letters */
  const tome_geometry oblique = {{4, 4, 4}, {1, 1, 1}, {0, 0, 0}, {{0, r, r}, {0, -r, r}, {1, 0, 0}}};
  tome_geometry_code(&oblique, code);
  CHECK(code[0] != code[1] && code[2] == 'L');
}

static void tilt_is_the_angle_to_the_normal(void) {
  tome_geometry g = axial();
  CHECK_NEAR(tome_geometry_tilt(&g), 0, 1e-6);
  const double rad = 18.5 * acos(-1.0) / 180;
  g.direction[0][1] = sin(rad);
  g.direction[0][2] = cos(rad);
  CHECK_NEAR(tome_geometry_tilt(&g), 18.5, 1e-9);
}

static void crops_move_the_origin(void) {
  const tome_geometry g = axial();
  const tome_box b = {{3, 100, 50}, {10, 200, 60}};
  const tome_geometry c = tome_geometry_crop(&g, &b);
  CHECK(c.shape[0] == 7 && c.shape[1] == 100 && c.shape[2] == 10);
  CHECK_NEAR(c.origin[0], -180 + 35, 1e-9);
  CHECK_NEAR(c.origin[1], -200 + 70, 1e-9);
  CHECK_NEAR(c.origin[2], -885, 1e-9);
}

static void bad_affines_are_refused(void) {
  const int64_t s[3] = {2, 2, 2};
  const double o[3] = {0, 0, 0}, nan_o[3] = {0, NAN, 0};
  const double flat[3][3] = {{0, 0, 1}, {0, 0, 1}, {1, 0, 0}}, zero[3][3] = {{0, 0, 0}, {0, 1, 0}, {1, 0, 0}},
               good[3][3] = {{0, 0, 1}, {0, 1, 0}, {1, 0, 0}};
  tome_geometry g;
  tome_error e = {0};
  CHECK(!tome_geometry_from_steps(s, flat, o, &g, &e));
  CHECK(e.code == TOME_GEOMETRY);
  CHECK(!tome_geometry_from_steps(s, zero, o, &g, NULL));
  CHECK(!tome_geometry_from_steps(s, good, nan_o, &g, NULL));
  CHECK(tome_geometry_from_steps(s, good, o, &g, NULL));
}

static void differences_are_told(void) {
  const tome_geometry a = axial();
  tome_geometry b = a;
  b.origin[2] += 0.05; /* less than a tenth of 0.7 mm */
  tome_grid_difference d = tome_geometry_compare(&a, &b);
  CHECK(tome_geometry_same(&d, &a));
  b.origin[2] += 0.05;
  d = tome_geometry_compare(&a, &b);
  CHECK(!tome_geometry_same(&d, &a));
  CHECK_NEAR(d.corner_mm, 0.1, 1e-9);
  b = a;
  for (int i = 0; i < 3; i++) b.direction[1][i] = -b.direction[1][i];
  d = tome_geometry_compare(&a, &b);
  CHECK(d.flipped[1] && !d.flipped[0] && !d.flipped[2]);
  CHECK(d.axis == 1);
  CHECK_NEAR(d.corner_mm, 2 * 0.7 * 511, 1e-9);
}

TEST_MAIN(world_and_back, ras_affine, codes, tilt_is_the_angle_to_the_normal, crops_move_the_origin,
          bad_affines_are_refused, differences_are_told)
