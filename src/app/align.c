/* The same grid listed in another order. A label drawn on a NIfTI copy of a DICOM series often has rows running the other way: its world
 * coordinates are right, its array is not the image's. Reordering whole voxels is exact; nothing is interpolated. */
#include <math.h>
#include <stdio.h>

#include "app/app.h"
#include "ops/turn.h"

/* The turn that brings the label's axes to the image's, by direction: each image axis takes the label axis nearest to it. */
static bool find_turn(const tome_geometry *label, const tome_geometry *image, tome_turn *out) {
  bool used[3] = {false};
  for (int a = 0; a < 3; a++) {
    int best = -1;
    double most = 0.9; /* about 25 degrees: anything more oblique is no reordering */
    for (int b = 0; b < 3; b++) {
      double c = 0;
      for (int k = 0; k < 3; k++) c += image->direction[a][k] * label->direction[b][k];
      if (used[b] || fabs(c) < most) continue;
      most = fabs(c);
      best = b;
      out->back[a] = c < 0;
    }
    if (best < 0) return false;
    used[best] = true;
    out->from[a] = best;
  }
  return true;
}

bool tome_move_voxels(tome_volume *v, const tome_turn *t, const tome_geometry *g, const tome_run *run,
                      tome_error *err) {
  const tome_box from = tome_box_of_shape(v->geometry.shape), to = tome_box_of_shape(g->shape);
  TOME_AUTO_FREE void *moved = tome_alloc(tome_volume_voxels(v), tome_dtype_size(v->dtype), "label", err);
  if (!moved) return false;
  const tome_tile in = tome_tile_of(&from, v->dtype, v->data), out = tome_tile_of(&to, v->dtype, moved);
  if (!tome_turn_compute(t, &in, 1, &out, run, err)) return false;
  void *listed = v->data;
  v->data = moved;
  moved = listed;
  return true;
}

bool tome_align_label(tome_volume *label, const tome_geometry *image, const tome_run *run, char *text, size_t size,
                      tome_error *err) {
  tome_turn turn = {0};
  tome_geometry g;
  tome_grid_difference d = tome_geometry_compare(&label->geometry, image);
  *text = '\0';
  if (tome_geometry_same(&d, image)) {
    label->geometry = *image;
    return true;
  }
  if (!find_turn(&label->geometry, image, &turn))
    return tome_fail(err, TOME_GEOMETRY, "the grids are oblique to each other");
  tome_turn_shape(&turn, &label->geometry, &g);
  d = tome_geometry_compare(&g, image);
  if (!tome_geometry_same(&d, image)) return tome_fail(err, TOME_GEOMETRY, "the grids differ");
  if (!tome_move_voxels(label, &turn, &g, run, err)) return false;
  char from[4], to[4];
  tome_geometry_code(&label->geometry, from);
  tome_geometry_code(image, to);
  snprintf(text, size,
           "its voxels were listed as %s and the image's as %s (z, y, x); reordered, same places in the patient", from,
           to);
  label->geometry = *image;
  return true;
}
