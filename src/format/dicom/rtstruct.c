/* Radiotherapy structure sets: regions drawn as closed contours on an image's slices, made into masks on its grid. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "format/dicom/image.h"
#include "format/dicom/polygon.h"

#define RTSTRUCT_CLASS "1.2.840.10008.5.1.4.1.1.481.3"

enum {
  SOP_UID = 0x00080018,
  SERIES_UID = 0x0020000E,
  FRAME_UID = 0x00200052,
  REFERENCED_FRAMES = 0x30060010,
  REFERENCED_STUDIES = 0x30060012,
  REFERENCED_SERIES = 0x30060014,
  REGIONS = 0x30060020,
  REGION_NUMBER = 0x30060022,
  REGION_NAME = 0x30060026,
  COLOUR = 0x3006002A,
  REGION_CONTOURS = 0x30060039,
  CONTOURS = 0x30060040,
  CONTOUR_KIND = 0x30060042,
  POINT_COUNT = 0x30060046,
  POINTS = 0x30060050,
  REFERENCED_REGION = 0x30060084
};
enum { REGIONS_MOST = 4096 };

bool tome_dicom_is_rtstruct(const uint8_t *head, size_t size) {
  char uid[65];
  tome_dicom_class_of(head, size, uid);
  return strcmp(uid, RTSTRUCT_CLASS) == 0;
}

typedef struct contour {
  const double *xyz; /* 3 numbers a point, world LPS mm */
  size_t points;
} contour;

/* The contours of one structure. tome_drawing.state is an array of these. */
typedef struct region {
  contour *items;
  size_t count, cap;
  size_t open; /* points and open lines, which enclose nothing */
} region;

typedef struct job {
  tome_dicom_file file;
  tome_drawing *d;
  region *regions;
  size_t region_cap;
} job;

/* ---- reading --- */

static bool read_references(job *j, tome_dicom_item *d, tome_error *err) {
  tome_drawing *out = j->d;
  tome_dicom_item *frame = tome_dcmtk_next(d, REFERENCED_FRAMES, NULL);
  tome_dicom_item *study = tome_dcmtk_next(frame, REFERENCED_STUDIES, NULL);
  tome_dicom_item *series = tome_dcmtk_next(study, REFERENCED_SERIES, NULL);
  return tome_dcmtk_utf8(d, series, SERIES_UID, &out->arena, &out->series_uid, err) &&
         tome_dcmtk_utf8(d, frame, FRAME_UID, &out->arena, &out->frame_uid, err) &&
         tome_dcmtk_utf8(d, d, SOP_UID, &out->arena, &out->sop_uid, err);
}

static bool read_regions(job *j, tome_dicom_item *data_set, tome_error *err) {
  tome_drawing *d = j->d;
  for (tome_dicom_item *i = NULL; (i = tome_dcmtk_next(data_set, REGIONS, i));) {
    tome_structure s = {0};
    if (!tome_dcmtk_integer(i, REGION_NUMBER, false, &s.number))
      return tome_fail(err, TOME_CORRUPT, "%s: region %zu has no number", d->path, d->count + 1);
    if (!tome_dcmtk_utf8(data_set, i, REGION_NAME, &d->arena, &s.name, err)) return false;
    if (d->count == REGIONS_MOST)
      return tome_fail(err, TOME_UNSUPPORTED, "%s: has more than %d regions", d->path, REGIONS_MOST);
    if (!tome_arena_grow(&d->arena, &d->items, &d->cap, d->count + 1, sizeof *d->items, err) ||
        !tome_arena_grow(&d->arena, &j->regions, &j->region_cap, d->count + 1, sizeof *j->regions, err))
      return false;
    j->regions[d->count] = (region){0};
    d->items[d->count++] = s;
  }
  return true;
}

static bool is_closed(const char *kind) {
  return strcmp(kind, "CLOSED_PLANAR") == 0 || strcmp(kind, "CLOSEDPLANAR_XOR") == 0 ||
         strcmp(kind, "CLOSED_PLANAR_XOR") == 0 || !*kind;
}

static bool add_contour(job *j, region *r, const char *name, tome_dicom_item *item, tome_error *err) {
  TOME_CLEANUP(tome_arena_clear) tome_arena scratch = {0};
  tome_drawing *d = j->d;
  const char *kind;
  const double *v = NULL;
  size_t n;
  int64_t told = 0;
  if (!tome_dcmtk_text(item, CONTOUR_KIND, &scratch, &kind, err)) return false;
  if (!is_closed(kind)) {
    r->open++;
    return true;
  }
  if (!tome_dcmtk_numbers(item, POINTS, &d->arena, d->path, &v, &n, err)) return false;
  if (n % 3 || (tome_dcmtk_integer(item, POINT_COUNT, false, &told) && told != (int64_t)(n / 3)))
    return tome_fail(err, TOME_CORRUPT,
                     "%s: contour %zu of \"%s\" should have %" PRId64 " points, but holds %zu numbers", d->path,
                     r->count + r->open + 1, name, told, n);
  if (n < 9) {
    r->open++;
    return true;
  }
  if (!tome_arena_grow(&d->arena, &r->items, &r->cap, r->count + 1, sizeof *r->items, err)) return false;
  r->items[r->count++] = (contour){v, n / 3};
  return true;
}

static bool add_contours(job *j, tome_dicom_item *item, tome_error *err) {
  tome_drawing *d = j->d;
  int64_t number;
  if (!tome_dcmtk_integer(item, REFERENCED_REGION, false, &number))
    return tome_fail(err, TOME_CORRUPT, "%s: contours do not say of which region they are", d->path);
  size_t i = 0;
  while (i < d->count && d->items[i].number != number) i++;
  if (i == d->count)
    return tome_fail(err, TOME_CORRUPT, "%s: contours are of region %" PRId64 ", which is not in its list", d->path,
                     number);
  double rgb[3];
  tome_structure *s = &d->items[i];
  s->has_colour = true;
  for (size_t k = 0; k < 3; k++) {
    if (!tome_dcmtk_number(item, COLOUR, k, &rgb[k]) || rgb[k] < 0 || rgb[k] > 255) s->has_colour = false;
    s->colour[k] = s->has_colour ? (uint8_t)rgb[k] : 0;
  }
  for (tome_dicom_item *c = NULL; (c = tome_dcmtk_next(item, CONTOURS, c));)
    if (!add_contour(j, &j->regions[i], s->name, c, err)) return false;
  return true;
}

/* Regions without a closed contour enclose nothing: they are noted and left out. */
static bool drop_empty(job *j, tome_error *err) {
  tome_drawing *d = j->d;
  size_t kept = 0;
  for (size_t i = 0; i < d->count; i++) {
    const region r = j->regions[i];
    const char *name = d->items[i].name;
    if (r.open && !tome_drawing_note(d, err, "\"%s\": %zu contours are points or open lines, which enclose nothing",
                                     name, r.open))
      return false;
    if (!r.count && !r.open && !tome_drawing_note(d, err, "\"%s\" has no contours", name)) return false;
    if (!r.count) continue;
    d->items[kept] = d->items[i];
    j->regions[kept++] = r;
  }
  d->count = kept;
  return kept || tome_fail(err, TOME_UNSUPPORTED, "%s: no region in it has a closed contour", d->path);
}

static bool use(void *ctx, tome_dicom_item *d, tome_error *err) {
  job *j = ctx;
  if (!read_references(j, d, err) || !read_regions(j, d, err)) return false;
  for (tome_dicom_item *i = NULL; (i = tome_dcmtk_next(d, REGION_CONTOURS, i));)
    if (!add_contours(j, i, err)) return false;
  return drop_empty(j, err);
}

static void job_clear(job *j) { tome_dicom_file_close(&j->file); }

bool tome_dicom_outline_rtstruct(const char *path, tome_drawing *out, tome_error *err) {
  TOME_CLEANUP(job_clear) job j = {.file = {.source = {.fd = -1}}, .d = out};
  out->kind = "RTSTRUCT";
  out->path = tome_arena_dup(&out->arena, path, err);
  if (!out->path || !tome_dicom_file_open(out->path, &j.file, err) ||
      !tome_dicom_file_parse(&j.file, j.file.layout.header_end, use, &j, err))
    return false;
  out->state = j.regions;
  return true;
}

/* ---- onto a grid --- */

/* A contour in voxels of the grid. */
typedef struct laid {
  double z;    /* mean of its points */
  int64_t at;  /* the nearest slice */
  size_t item; /* of the region */
} laid;

static int by_plane(const void *a, const void *b) {
  const laid *p = a, *q = b;
  if (p->at != q->at) return p->at < q->at ? -1 : 1;
  const double u = fabs(p->z - (double)p->at), v = fabs(q->z - (double)q->at);
  if (u != v) return u < v ? -1 : 1;
  if (p->z != q->z) return p->z < q->z ? -1 : 1;
  return (p->item > q->item) - (p->item < q->item);
}

static void point_index(const tome_geometry *g, const contour *c, size_t i, double zyx[3]) {
  tome_geometry_to_index(g, c->xyz + 3 * i, zyx);
}

static bool lay(const tome_drawing *d, const tome_structure *s, const contour *c, const tome_geometry *g, laid *out,
                tome_error *err) {
  double sum = 0, lo = INFINITY, hi = -INFINITY, p[3];
  for (size_t i = 0; i < c->points; i++) {
    point_index(g, c, i, p);
    sum += p[0];
    lo = fmin(lo, p[0]);
    hi = fmax(hi, p[0]);
  }
  if (!(hi - lo <= 0.5))
    return tome_fail(
        err, TOME_GEOMETRY,
        "%s: contour %zu of \"%s\" is not parallel to the image's slices (it goes through %.3g of them); it "
        "was drawn on another image",
        d->path, out->item + 1, s->name, hi - lo);
  out->z = sum / (double)c->points;
  if (!(out->z >= -0.5 && out->z < (double)g->shape[0] - 0.5))
    return tome_fail(
        err, TOME_GEOMETRY,
        "%s: contour %zu of \"%s\" lies at slice %.3f, more than half a step outside the image's %lld slices", d->path,
        out->item + 1, s->name, out->z, (long long)g->shape[0]);
  out->at = (int64_t)floor(out->z + 0.5);
  return true;
}

/* Scratch of one rasterising. */
typedef struct painting {
  laid *order;
  double (*points)[2];
  uint8_t *crossings, *plane;
} painting;

static void painting_clear(painting *p) {
  free(p->order);
  free(p->points);
  free(p->crossings);
  free(p->plane);
}

static bool painting_open(painting *p, const region *r, const tome_geometry *g, const char *what, tome_error *err) {
  const size_t pixels = (size_t)g->shape[1] * (size_t)g->shape[2];
  size_t most = 0;
  for (size_t i = 0; i < r->count; i++) most = r->items[i].points > most ? r->items[i].points : most;
  p->order = tome_alloc(r->count, sizeof *p->order, what, err);
  p->points = tome_alloc(most, sizeof *p->points, what, err);
  p->crossings = tome_alloc_zero(pixels, 1, what, err);
  p->plane = tome_alloc_zero(pixels, 1, what, err);
  return p->order && p->points && p->crossings && p->plane;
}

static void turn(painting *p, const contour *c, const tome_geometry *g) {
  double zyx[3];
  for (size_t i = 0; i < c->points; i++) {
    point_index(g, c, i, zyx);
    p->points[i][0] = zyx[1];
    p->points[i][1] = zyx[2];
  }
  tome_polygon_turn((const double(*)[2])p->points, c->points, g->shape[1], g->shape[2], p->crossings, p->plane);
}

/* The contours of one slice that lie in the plane nearest to it; those of planes further off, drawn between slices, are another slice's
 * business and would only turn over what is in. Gives how many of the `count` belong to the slice at all. */
static size_t paint_slice(painting *p, const region *r, const laid *first, size_t count, const tome_geometry *g,
                          uint8_t *mask) {
  const double one_plane = 0.02;
  const size_t pixels = (size_t)g->shape[1] * (size_t)g->shape[2];
  size_t n = 0;
  for (; n < count && first[n].at == first->at; n++)
    if (fabs(first[n].z - first->z) <= one_plane) turn(p, &r->items[first[n].item], g);
  uint8_t *slice = mask + (size_t)first->at * pixels;
  for (size_t i = 0; i < pixels; i++) slice[i] |= p->plane[i];
  memset(p->plane, 0, pixels);
  return n;
}

bool tome_dicom_rasterise_rtstruct(const tome_drawing *d, size_t i, const tome_geometry *grid, uint8_t *mask,
                                   tome_error *err) {
  const region *r = (const region *)d->state + i;
  TOME_CLEANUP(painting_clear) painting p = {0};
  if (!painting_open(&p, r, grid, d->path, err)) return false;
  for (size_t k = 0; k < r->count; k++) {
    p.order[k] = (laid){.item = k};
    if (!lay(d, &d->items[i], &r->items[k], grid, &p.order[k], err)) return false;
  }
  qsort(p.order, r->count, sizeof *p.order, by_plane);
  for (size_t k = 0; k < r->count;) k += paint_slice(&p, r, p.order + k, r->count - k, grid, mask);
  return true;
}
