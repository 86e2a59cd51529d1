/* Where a grid lies in the patient: affine maths in one convention (tome_geometry in tome.h). */
#include <math.h>
#include <string.h>

#include "grid/grid.h"

static double dot(const double a[3], const double b[3]) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }
static double norm(const double a[3]) { return sqrt(dot(a, a)); }
static void cross(const double a[3], const double b[3], double out[3]) {
  out[0] = a[1] * b[2] - a[2] * b[1];
  out[1] = a[2] * b[0] - a[0] * b[2];
  out[2] = a[0] * b[1] - a[1] * b[0];
}

tome_geometry tome_geometry_identity(const int64_t shape[3]) {
  tome_geometry g = {.spacing = {1, 1, 1}, .direction = {{0, 0, 1}, {0, 1, 0}, {1, 0, 0}}};
  memcpy(g.shape, shape, sizeof g.shape);
  return g;
}

bool tome_geometry_from_steps(const int64_t shape[3], const double step[3][3], const double origin[3],
                              tome_geometry *out, tome_error *err) {
  static const char axis[] = "zyx";
  tome_geometry g;
  for (int a = 0; a < 3; a++) {
    g.shape[a] = shape[a];
    g.origin[a] = origin[a];
    g.spacing[a] = norm(step[a]);
    if (!isfinite(g.spacing[a]) || !isfinite(origin[a]) || g.spacing[a] < 1e-6)
      return tome_fail(err, TOME_GEOMETRY, "the step along %c is %g mm", axis[a], g.spacing[a]);
    for (int i = 0; i < 3; i++) g.direction[a][i] = step[a][i] / g.spacing[a];
  }
  double n[3];
  cross(g.direction[TOME_Y], g.direction[TOME_X], n);
  if (fabs(dot(n, g.direction[TOME_Z])) < 1e-3)
    return tome_fail(err, TOME_GEOMETRY, "two axes point the same way: the affine has no volume");
  *out = g;
  return true;
}

void tome_geometry_step(const tome_geometry *g, int axis, double xyz[3]) {
  for (int i = 0; i < 3; i++) xyz[i] = g->spacing[axis] * g->direction[axis][i];
}

void tome_geometry_to_world(const tome_geometry *g, const double zyx[3], double xyz[3]) {
  double w[3] = {g->origin[0], g->origin[1], g->origin[2]};
  for (int a = 0; a < 3; a++)
    for (int i = 0; i < 3; i++) w[i] += zyx[a] * g->spacing[a] * g->direction[a][i];
  memcpy(xyz, w, sizeof w);
}

void tome_geometry_to_ras_affine(const tome_geometry *g, double out[4][4]) {
  static const double sign[3] = {-1, -1, 1}; /* LPS to RAS */
  for (int i = 0; i < 3; i++) {
    for (int c = 0; c < 3; c++) out[i][c] = sign[i] * g->spacing[2 - c] * g->direction[2 - c][i] + 0.0;
    out[i][3] = sign[i] * g->origin[i] + 0.0; /* + 0.0: no negative zeros */
  }
  out[3][0] = out[3][1] = out[3][2] = 0;
  out[3][3] = 1;
}

bool tome_geometry_from_ras_affine(const int64_t shape[3], const double affine[4][4], tome_geometry *out,
                                   tome_error *err) {
  static const double sign[3] = {-1, -1, 1};
  double step[3][3], origin[3];
  for (int i = 0; i < 3; i++) {
    for (int c = 0; c < 3; c++) step[2 - c][i] = sign[i] * affine[i][c] + 0.0;
    origin[i] = sign[i] * affine[i][3] + 0.0;
  }
  return tome_geometry_from_steps(shape, step, origin, out, err);
}

void tome_geometry_to_index(const tome_geometry *g, const double xyz[3], double zyx[3]) {
  double s[3][3], d[3], n[3], r[3];
  for (int a = 0; a < 3; a++) tome_geometry_step(g, a, s[a]);
  for (int i = 0; i < 3; i++) d[i] = xyz[i] - g->origin[i];
  for (int a = 0; a < 3; a++) { /* Cramer's rule */
    cross(s[(a + 1) % 3], s[(a + 2) % 3], n);
    r[a] = dot(d, n) / dot(s[a], n);
  }
  memcpy(zyx, r, sizeof r);
}

tome_geometry tome_geometry_crop(const tome_geometry *g, const tome_box *b) {
  tome_geometry r = *g;
  const double lo[3] = {(double)b->lo[0], (double)b->lo[1], (double)b->lo[2]};
  tome_geometry_to_world(g, lo, r.origin);
  tome_box_shape(b, r.shape);
  return r;
}

/* The six ways to give three axes three world axes; the best is the one that agrees most. Trying all keeps the three letters distinct
 * at 45 degrees. */
void tome_geometry_code(const tome_geometry *g, char code[4]) {
  static const int ways[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
  static const char positive[] = "LPS", negative[] = "RAI";
  int best = 0;
  double most = -1;
  for (int w = 0; w < 6; w++) {
    double sum = 0;
    for (int a = 0; a < 3; a++) sum += fabs(g->direction[a][ways[w][a]]);
    if (sum > most + 1e-9) {
      most = sum;
      best = w;
    }
  }
  for (int a = 0; a < 3; a++) {
    const int world = ways[best][a];
    code[a] = g->direction[a][world] < 0 ? negative[world] : positive[world];
  }
  code[3] = '\0';
}

double tome_geometry_tilt(const tome_geometry *g) {
  double n[3];
  cross(g->direction[TOME_X], g->direction[TOME_Y], n);
  const double c = fabs(dot(n, g->direction[TOME_Z])) / norm(n);
  return acos(c > 1 ? 1 : c) * 180 / acos(-1.0);
}

static double corner_distance(const tome_geometry *a, const tome_geometry *b) {
  double worst = 0;
  for (int c = 0; c < 8; c++) {
    double ia[3], ib[3], wa[3], wb[3], d[3];
    for (int i = 0; i < 3; i++) {
      ia[i] = c >> i & 1 ? (double)(a->shape[i] - 1) : 0;
      ib[i] = c >> i & 1 ? (double)(b->shape[i] - 1) : 0;
    }
    tome_geometry_to_world(a, ia, wa);
    tome_geometry_to_world(b, ib, wb);
    for (int i = 0; i < 3; i++) d[i] = wa[i] - wb[i];
    if (norm(d) > worst) worst = norm(d);
  }
  return worst;
}

tome_grid_difference tome_geometry_compare(const tome_geometry *a, const tome_geometry *b) {
  tome_grid_difference r = {0};
  double worst_step = -1;
  for (int i = 0; i < 3; i++) {
    double sa[3], sb[3], d[3];
    tome_geometry_step(a, i, sa);
    tome_geometry_step(b, i, sb);
    for (int k = 0; k < 3; k++) d[k] = sa[k] - sb[k];
    if (norm(d) > worst_step) {
      worst_step = norm(d);
      r.axis = i;
    }
    r.shape = r.shape || a->shape[i] != b->shape[i];
    r.spacing_mm = fmax(r.spacing_mm, fabs(a->spacing[i] - b->spacing[i]));
    r.flipped[i] = dot(a->direction[i], b->direction[i]) < -0.9;
  }
  r.corner_mm = corner_distance(a, b);
  return r;
}

bool tome_geometry_same(const tome_grid_difference *d, const tome_geometry *a) {
  const double finest = fmin(a->spacing[0], fmin(a->spacing[1], a->spacing[2]));
  return !d->shape && d->corner_mm <= finest / 10;
}
