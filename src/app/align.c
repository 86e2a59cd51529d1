/* The same grid listed in another order. A label drawn on a NIfTI copy of a DICOM series often has rows running the other way: its world
 * coordinates are right, its array is not the image's. Reordering whole voxels is exact; nothing is interpolated. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/app.h"

/* Image axis a is label axis from[a], reversed where flip[a]. */
typedef struct reorder {
  int from[3];
  bool flip[3];
} reorder;

/* The reordering that turns the label's axes to the image's, by direction: each image axis takes the label axis nearest to it. */
static bool find_reorder(const tome_geometry *label, const tome_geometry *image, reorder *out) {
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
      out->flip[a] = c < 0;
    }
    if (best < 0) return false;
    used[best] = true;
    out->from[a] = best;
  }
  return true;
}

/* The label's geometry after reordering. */
static tome_geometry reordered(const tome_geometry *g, const reorder *o) {
  tome_geometry r = *g;
  double first[3] = {0, 0, 0};
  for (int a = 0; a < 3; a++) {
    const int b = o->from[a];
    r.shape[a] = g->shape[b];
    r.spacing[a] = g->spacing[b];
    if (o->flip[a]) first[b] = (double)(g->shape[b] - 1);
    for (int k = 0; k < 3; k++) r.direction[a][k] = o->flip[a] ? -g->direction[b][k] : g->direction[b][k];
  }
  tome_geometry_to_world(g, first, r.origin);
  return r;
}

typedef struct copying {
  const uint8_t *from;
  uint8_t *to;
  int64_t shape[3];    /* of the result */
  ptrdiff_t start;     /* in elements, of `from` */
  ptrdiff_t stride[3]; /* in `from`, along the result's axes */
  size_t size;
} copying;

static bool copy_slice(void *ctx, size_t z, int worker, tome_error *err) {
  const copying *c = ctx;
  (void)worker;
  (void)err;
  uint8_t *to = c->to + z * (size_t)(c->shape[1] * c->shape[2]) * c->size;
  for (int64_t y = 0; y < c->shape[1]; y++) {
    ptrdiff_t at = c->start + (ptrdiff_t)z * c->stride[0] + y * c->stride[1];
    for (int64_t x = 0; x < c->shape[2]; x++, at += c->stride[2], to += c->size) {
      if (c->size == 1)
        *to = c->from[at];
      else
        memcpy(to, c->from + at * (ptrdiff_t)c->size, c->size);
    }
  }
  return true;
}

static bool move_voxels(tome_volume *v, const reorder *o, const tome_geometry *g, const tome_run *run,
                        tome_error *err) {
  const int64_t *s = v->geometry.shape;
  const ptrdiff_t stride[3] = {s[1] * s[2], s[2], 1};
  copying c = {.from = v->data, .size = tome_dtype_size(v->dtype)};
  c.to = tome_alloc(tome_volume_voxels(v), c.size, "label", err);
  if (!c.to) return false;
  for (int a = 0; a < 3; a++) {
    const int b = o->from[a];
    c.shape[a] = g->shape[a];
    c.stride[a] = o->flip[a] ? -stride[b] : stride[b];
    if (o->flip[a]) c.start += (s[b] - 1) * stride[b];
  }
  if (!tome_parallel(run, (size_t)g->shape[0], copy_slice, &c, err)) {
    free(c.to);
    return false;
  }
  free(v->data);
  v->data = c.to;
  return true;
}

bool tome_align_label(tome_volume *label, const tome_geometry *image, const tome_run *run, char *text, size_t size,
                      tome_error *err) {
  reorder o;
  tome_grid_difference d = tome_geometry_compare(&label->geometry, image);
  *text = '\0';
  if (tome_geometry_same(&d, image)) {
    label->geometry = *image;
    return true;
  }
  if (!find_reorder(&label->geometry, image, &o))
    return tome_fail(err, TOME_GEOMETRY, "the grids are oblique to each other");
  const tome_geometry g = reordered(&label->geometry, &o);
  d = tome_geometry_compare(&g, image);
  if (!tome_geometry_same(&d, image)) return tome_fail(err, TOME_GEOMETRY, "the grids differ");
  if (!move_voxels(label, &o, &g, run, err)) return false;
  char from[4], to[4];
  tome_geometry_code(&label->geometry, from);
  tome_geometry_code(image, to);
  snprintf(text, size,
           "its voxels were listed as %s and the image's as %s (z, y, x); reordered, same places in the patient", from,
           to);
  label->geometry = *image;
  return true;
}
