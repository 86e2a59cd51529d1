/* Which way up: a grid's own axes onto the sides of a picture, by where they point in the patient. */
#include <math.h>
#include <string.h>

#include "render/render.h"

/* World axes (0 x L, 1 y P, 2 z S) along the picture's normal, to its right and down; down is against S. */
static const struct {
  int normal, across, down;
} planes[] = {[TOME_AXIAL] = {2, 0, 1}, [TOME_CORONAL] = {1, 0, 2}, [TOME_SAGITTAL] = {0, 1, 2}};
static const char toward[] = "LPS", from[] = "RAI";

/* The index axis that lies along a world axis, and whether it runs against it. */
static int axis_along(const char code[4], int world, bool *against) {
  for (int a = 0; a < 3; a++)
    if (code[a] == toward[world] || code[a] == from[world]) {
      *against = code[a] == from[world];
      return a;
    }
  *against = false;
  return 2 - world;
}

tome_view tome_view_of(const tome_geometry *g, tome_plane plane) {
  char code[4];
  bool ignored, across_against, down_against;
  tome_geometry_code(g, code);
  const int down = planes[plane].down, across = planes[plane].across;
  tome_view v = {.axis = axis_along(code, planes[plane].normal, &ignored)};
  v.across = axis_along(code, across, &across_against);
  v.down = axis_along(code, down, &down_against);
  const bool up = down == 2; /* superior is at the top */
  v.flip_across = across_against;
  v.flip_down = down_against != up;
  v.left = from[across];
  v.right = toward[across];
  v.top = up ? toward[down] : from[down];
  v.bottom = up ? from[down] : toward[down];
  v.columns = g->shape[v.across];
  v.rows = g->shape[v.down];
  v.width = (double)v.columns * g->spacing[v.across];
  v.height = (double)v.rows * g->spacing[v.down];
  return v;
}

tome_plane tome_plane_of(const tome_geometry *g) {
  double mm[3];
  int coarse = 0, thin = 0;
  for (int a = 0; a < 3; a++) {
    mm[a] = (double)g->shape[a] * g->spacing[a];
    if (g->spacing[a] > g->spacing[coarse]) coarse = a;
    if (mm[a] < mm[thin]) thin = a;
  }
  const double fine = fmax(g->spacing[(coarse + 1) % 3], g->spacing[(coarse + 2) % 3]);
  int across = -1;
  if (g->shape[0] == 1)
    across = 0;
  else if (mm[thin] < 0.25 * fmin(mm[(thin + 1) % 3], mm[(thin + 2) % 3]))
    across = thin;
  else if (g->spacing[coarse] > 1.5 * fine && g->shape[coarse] > 1)
    across = coarse;
  for (int p = TOME_AXIAL; p <= TOME_SAGITTAL; p++)
    if (tome_view_of(g, (tome_plane)p).axis == across) return (tome_plane)p;
  return TOME_AXIAL;
}

tome_box tome_view_box(const tome_view *v, const tome_geometry *g, int64_t i) {
  tome_box b = tome_box_of_shape(g->shape);
  b.lo[v->axis] = i;
  b.hi[v->axis] = i + 1;
  return b;
}

static int pixels(double v) { return v < 1 ? 1 : (int)lrint(v); }

void tome_view_fit(const tome_view *v, int width, int height, int *out_width, int *out_height) {
  const double scale = fmin(width / v->width, height / v->height);
  *out_width = pixels(v->width * scale);
  *out_height = pixels(v->height * scale);
}
