/* Slices in the order of their positions along the normal: never by file name or instance number alone. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "stack/plan.h"

typedef struct placed {
  double place;
  const tome_piece *piece;
} placed;

static int by_place(const void *pa, const void *pb) {
  const placed *a = pa, *b = pb;
  if (a->place != b->place) return a->place < b->place ? -1 : 1;
  if (a->piece->instance != b->piece->instance) return a->piece->instance < b->piece->instance ? -1 : 1;
  return tome_piece_compare(a->piece, b->piece);
}

/* Positions a hair apart are one place (twins.c), where the instance number must decide, not the hair: bring each run of
 * them into that order too. */
static int by_instance(const void *pa, const void *pb) {
  const placed *a = pa, *b = pb;
  if (a->piece->instance != b->piece->instance) return a->piece->instance < b->piece->instance ? -1 : 1;
  return tome_piece_compare(a->piece, b->piece);
}

bool tome_group_sort(tome_group *g, tome_arena *a, tome_error *err) {
  TOME_AUTO_FREE placed *sorted = tome_alloc(g->count, sizeof *sorted, "slices in order", err);
  if (!sorted) return false;
  for (size_t i = 0; i < g->count; i++) sorted[i] = (placed){g->place[i], g->items[i]};
  qsort(sorted, g->count, sizeof *sorted, by_place);
  for (size_t i = 0; i < g->count; i++) g->place[i] = sorted[i].place;
  for (size_t i = 0, end; i < g->count; i = end) {
    end = tome_group_run(g, i);
    if (end - i > 1) qsort(sorted + i, end - i, sizeof *sorted, by_instance);
  }
  const tome_piece **items = tome_arena_alloc(a, g->count * sizeof *items, err); /* the old order may be shared */
  if (!items) return false;
  for (size_t i = 0; i < g->count; i++) {
    items[i] = sorted[i].piece;
    g->place[i] = sorted[i].place;
  }
  g->items = items;
  g->cap = g->count;
  return true;
}

static bool finite3(const double v[3]) { return isfinite(v[0]) && isfinite(v[1]) && isfinite(v[2]); }

static double dot(const double a[3], const double b[3]) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }

/* Two perpendicular unit vectors, to the digits that DICOM text gives them. */
static bool is_frame(const tome_piece *p) {
  if (!finite3(p->along_row) || !finite3(p->along_column)) return false;
  return fabs(dot(p->along_row, p->along_row) - 1) < 2e-3 && fabs(dot(p->along_column, p->along_column) - 1) < 2e-3 &&
         fabs(dot(p->along_row, p->along_column)) < 2e-3;
}

static bool check_tags(const tome_stack_job *job, const tome_piece *p, tome_error *err) {
  const double *given = job->opt->spacing;
  if (strstr(p->image_type, "MOSAIC"))
    return tome_fail(
        err, TOME_UNSUPPORTED,
        "%s is a Siemens mosaic: the slices of a volume tiled in one picture of %lldx%lld; convert it with "
        "dcm2niix and ingest the NIfTI",
        tome_basename(p->path), (long long)p->shape[1], (long long)p->shape[2]);
  if (p->channels != 1)
    return tome_fail(
        err, TOME_UNSUPPORTED,
        "%s has %d samples a pixel (a colour picture); only images of one sample make a volume: leave it out", p->path,
        p->channels);
  if (!p->has_position)
    return tome_fail(
        err, TOME_GEOMETRY,
        "%s has no ImagePositionPatient (0020,0032), so nothing says where the slice lies; leave it out, or "
        "convert it to a format that says so (for a single image --spacing z,y,x is enough)",
        p->path);
  if (!p->has_orientation)
    return tome_fail(
        err, TOME_GEOMETRY,
        "%s has no ImageOrientationPatient (0020,0037), so nothing says which way the slice faces; leave it "
        "out, or convert it to a format that says so",
        p->path);
  if (!is_frame(p))
    return tome_fail(err, TOME_GEOMETRY,
                     "%s: ImageOrientationPatient (0020,0037) is not two perpendicular unit vectors; leave it out, or "
                     "mend the tag",
                     p->path);
  if (!p->has_pixel_spacing && !(given[1] > 0 && given[2] > 0))
    return tome_fail(err, TOME_GEOMETRY, "%s has no PixelSpacing (0028,0030); give --spacing z,y,x in mm", p->path);
  if (p->has_pixel_spacing && !(p->pixel_spacing[0] > 0 && p->pixel_spacing[1] > 0 && isfinite(p->pixel_spacing[0]) &&
                                isfinite(p->pixel_spacing[1])))
    return tome_fail(err, TOME_GEOMETRY, "%s: PixelSpacing (0028,0030) is %g by %g mm; mend the tag, or leave it out",
                     p->path, p->pixel_spacing[0], p->pixel_spacing[1]);
  return true;
}

bool tome_stack_order(const tome_stack_job *job, tome_group *g, tome_error *err) {
  tome_arena *a = &job->out->arena;
  if (!check_tags(job, g->items[0], err)) return false; /* the others are like it, or they would not be in its group */
  const double *r = g->items[0]->along_row, *c = g->items[0]->along_column;
  const double n[3] = {r[1] * c[2] - r[2] * c[1], r[2] * c[0] - r[0] * c[2], r[0] * c[1] - r[1] * c[0]};
  for (int i = 0; i < 3; i++) g->normal[i] = n[i] / sqrt(dot(n, n));
  g->place = tome_arena_alloc(a, g->count * sizeof *g->place, err);
  if (!g->place) return false;
  for (size_t i = 0; i < g->count; i++) {
    if (!finite3(g->items[i]->position) || fabs(dot(g->items[i]->position, g->normal)) > 1e9)
      return tome_fail(err, TOME_GEOMETRY, "%s: ImagePositionPatient (0020,0032) is not a place; mend the tag",
                       g->items[i]->path);
    g->place[i] = dot(g->items[i]->position, g->normal);
  }
  return tome_group_sort(g, a, err);
}
