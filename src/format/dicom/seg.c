/* From a DICOM segmentation's header to a drawing: its segments, its frames and where they lie, the image it was drawn on. */
#include "format/dicom/seg.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEG_CLASS "1.2.840.10008.5.1.4.1.1.66.4"
#define LABELMAP_CLASS "1.2.840.10008.5.1.4.1.1.66.7"

enum {
  REFERENCED_SERIES = 0x00081115,
  SERIES_UID = 0x0020000E,
  FRAME_UID = 0x00200052,
  SOP_UID = 0x00080018,
  FRAMES = 0x00280008,
  ROWS = 0x00280010,
  COLUMNS = 0x00280011,
  ALLOCATED = 0x00280100,
  KIND = 0x00620001,
  SEGMENTS = 0x00620002,
  SEGMENT_NUMBER = 0x00620004,
  SEGMENT_LABEL = 0x00620005,
  IDENTIFICATION = 0x0062000A,
  REFERENCED_SEGMENT = 0x0062000B,
  COLOUR = 0x0062000D,
  MOST_FRACTION = 0x0062000E,
  SHARED_GROUPS = 0x52009229,
  FRAME_GROUPS = 0x52009230,
  MEASURES_GROUP = 0x00289110,
  BETWEEN_SLICES = 0x00180088
};
enum { FRAMES_MOST = 100000, SEGMENTS_MOST = 4096 };

bool tome_dicom_is_seg(const uint8_t *head, size_t size) {
  char uid[65];
  tome_dicom_class_of(head, size, uid);
  return strcmp(uid, SEG_CLASS) == 0 || strcmp(uid, LABELMAP_CLASS) == 0;
}

typedef struct job {
  tome_dicom_file file;
  tome_drawing *d;
  tome_seg *seg;
  double between; /* slices, by the header; 0 unknown */
} job;

/* ---- segments --- */

static double to_linear(double t) { return t > 6.0 / 29 ? t * t * t : 3 * (6.0 / 29) * (6.0 / 29) * (t - 4.0 / 29); }

static uint8_t to_srgb(double v) {
  const double s = v <= 0.0031308 ? 12.92 * v : 1.055 * pow(v, 1 / 2.4) - 0.055;
  return (uint8_t)(s <= 0 ? 0 : s >= 1 ? 255 : s * 255 + 0.5);
}

/* DICOM's 16-bit CIELab to sRGB, white at D65 as other writers of SEG have it (IEC 61966-2-1). */
static void lab_to_rgb(const double v[3], uint8_t out[3]) {
  const double l = v[0] * 100 / 65535, a = v[1] * 255 / 65535 - 128, b = v[2] * 255 / 65535 - 128;
  const double fy = (l + 16) / 116, x = 0.95047 * to_linear(fy + a / 500), y = to_linear(fy),
               z = 1.08883 * to_linear(fy - b / 200);
  out[0] = to_srgb(3.2404542 * x - 1.5371385 * y - 0.4985314 * z);
  out[1] = to_srgb(-0.9692660 * x + 1.8760108 * y + 0.0415560 * z);
  out[2] = to_srgb(0.0556434 * x - 0.2040259 * y + 1.0572252 * z);
}

static bool add_segment(job *j, tome_dicom_item *data_set, tome_dicom_item *item, tome_error *err) {
  tome_drawing *d = j->d;
  tome_structure s = {0};
  double lab[3];
  if (!tome_dcmtk_integer(item, SEGMENT_NUMBER, false, &s.number))
    return tome_fail(err, TOME_CORRUPT, "%s: segment %zu has no number", d->path, d->count + 1);
  if (!tome_dcmtk_utf8(data_set, item, SEGMENT_LABEL, &d->arena, &s.name, err)) return false;
  if (j->seg->kind == TOME_SEG_LABELMAP && s.number == 0) return true; /* the background, described */
  s.has_colour = tome_dcmtk_number(item, COLOUR, 0, &lab[0]) && tome_dcmtk_number(item, COLOUR, 1, &lab[1]) &&
                 tome_dcmtk_number(item, COLOUR, 2, &lab[2]);
  if (s.has_colour) lab_to_rgb(lab, s.colour);
  if (d->count == SEGMENTS_MOST)
    return tome_fail(err, TOME_UNSUPPORTED, "%s: has more than %d segments", d->path, SEGMENTS_MOST);
  if (!tome_arena_grow(&d->arena, &d->items, &d->cap, d->count + 1, sizeof *d->items, err)) return false;
  d->items[d->count++] = s;
  return true;
}

static bool read_segments(job *j, tome_dicom_item *d, tome_error *err) {
  for (tome_dicom_item *i = NULL; (i = tome_dcmtk_next(d, SEGMENTS, i));)
    if (!add_segment(j, d, i, err)) return false;
  return j->d->count || tome_fail(err, TOME_CORRUPT, "%s: describes no segment", j->d->path);
}

/* ---- pixels --- */

static bool read_kind(job *j, tome_dicom_item *d, tome_error *err) {
  const char *text, *path = j->d->path;
  if (!tome_dcmtk_utf8(d, d, KIND, &j->d->arena, &text, err)) return false;
  int64_t allocated = 0;
  (void)tome_dcmtk_integer(d, ALLOCATED, false, &allocated);
  j->seg->bits = allocated == 1;
  if (strcmp(text, "FRACTIONAL") == 0)
    j->seg->kind = TOME_SEG_FRACTIONAL;
  else if (strcmp(text, "LABELMAP") == 0)
    j->seg->kind = TOME_SEG_LABELMAP;
  else if (strcmp(text, "BINARY") != 0)
    return tome_fail(err, TOME_UNSUPPORTED,
                     "%s: its segmentation type is \"%.40s\"; BINARY, FRACTIONAL and LABELMAP are read", path, text);
  j->d->fractional = j->seg->kind == TOME_SEG_FRACTIONAL;
  if (j->d->fractional && !(tome_dcmtk_number(d, MOST_FRACTION, 0, &j->seg->most) && j->seg->most > 0))
    return tome_fail(err, TOME_CORRUPT, "%s: is FRACTIONAL, but its maximum fractional value is missing", path);
  return true;
}

/* Bits: one native block, of which no frame but the first need begin at a byte. */
static bool check_bits(const job *j, tome_error *err) {
  const tome_dicom_layout *l = &j->file.layout;
  const uint64_t bits = (uint64_t)j->seg->rows * (uint64_t)j->seg->columns * j->seg->frame_count, need = (bits + 7) / 8;
  if (!l->syntax || l->syntax->codec > TOME_DICOM_DEFLATED || l->pixels.undefined)
    return tome_fail(err, TOME_UNSUPPORTED, "%s: its one-bit pixels are compressed (%s), which is not read", j->d->path,
                     l->syntax ? l->syntax->name : l->syntax_uid);
  if (l->coding.big && strcmp(l->pixels.vr, "OW") == 0)
    return tome_fail(err, TOME_UNSUPPORTED, "%s: its one-bit pixels are in big-endian words, which is not read",
                     j->d->path);
  if (l->pixels.length < need || j->file.source.size - l->pixels.value < need)
    return tome_fail(err, TOME_CORRUPT, "%s: %zu frames of %lld x %lld bits need %llu bytes, but it holds %llu",
                     j->d->path, j->seg->frame_count, (long long)j->seg->rows, (long long)j->seg->columns,
                     (unsigned long long)need, (unsigned long long)l->pixels.length);
  return true;
}

static bool check_cells(job *j, tome_dicom_item *d, tome_error *err) {
  tome_dicom_file *f = &j->file;
  if (!f->layout.syntax)
    return tome_fail(err, TOME_UNSUPPORTED, "%s: its transfer syntax %s is not read", f->path, f->layout.syntax_uid);
  if (!tome_dicom_image_read(d, &f->layout, f->path, &f->image, err) || !tome_dicom_check_pixels(f, err)) return false;
  if (f->image.samples != 1 || f->image.is_float || f->image.allocated > 16)
    return tome_fail(err, TOME_UNSUPPORTED, "%s: segments of %u bits and %u samples are not read", f->path,
                     f->image.allocated, f->image.samples);
  tome_piece *p = &j->seg->like;
  *p = (tome_piece){.path = j->d->path, .channels = 1, .slope = 1, .data_path = ""};
  p->shape[0] = 1;
  p->shape[1] = f->image.rows;
  p->shape[2] = f->image.columns;
  p->dtype = tome_dicom_image_dtype(&f->image);
  p->flags = tome_dicom_pack(&f->image);
  return true;
}

static bool read_pixels(job *j, tome_dicom_item *d, tome_error *err) {
  int64_t frames = 1;
  tome_seg *s = j->seg;
  (void)tome_dcmtk_integer(d, FRAMES, false, &frames);
  (void)tome_dcmtk_integer(d, ROWS, false, &s->rows);
  (void)tome_dcmtk_integer(d, COLUMNS, false, &s->columns);
  if (!j->file.layout.pixels.tag) return tome_fail(err, TOME_CORRUPT, "%s: holds no pixel data", j->d->path);
  if (s->rows < 1 || s->columns < 1 || s->rows > UINT16_MAX || s->columns > UINT16_MAX || frames < 1 ||
      frames > FRAMES_MOST)
    return tome_fail(err, TOME_CORRUPT,
                     "%s: %lld frames of %lld rows and %lld columns are no segmentation; up to %d "
                     "frames are read",
                     j->d->path, (long long)frames, (long long)s->rows, (long long)s->columns, FRAMES_MOST);
  s->frame_count = (size_t)frames;
  s->pixels = j->file.layout.pixels.value;
  s->deflated = j->file.layout.syntax && j->file.layout.syntax->codec == TOME_DICOM_DEFLATED;
  return s->bits ? check_bits(j, err) : check_cells(j, d, err);
}

/* ---- frames --- */

static bool frame_segment(const job *j, const tome_dicom_groups *g, int64_t *out, tome_error *err) {
  if (j->seg->kind == TOME_SEG_LABELMAP) return true;
  tome_dicom_item *own = tome_dcmtk_next(g->frame, IDENTIFICATION, NULL);
  if (!own) own = tome_dcmtk_next(g->shared, IDENTIFICATION, NULL);
  if (tome_dcmtk_integer(own, REFERENCED_SEGMENT, false, out)) return true;
  return tome_fail(err, TOME_CORRUPT, "%s: frame %lld does not say of which segment it is", j->d->path,
                   (long long)g->index + 1);
}

static bool add_frame(job *j, const tome_dicom_groups *g, tome_error *err) {
  tome_seg_frame *f = &j->seg->frames[g->index];
  tome_piece p = {.modality = "SEG", .path = j->d->path};
  tome_dicom_place(g, &p);
  if (!p.has_position || !p.has_orientation || !p.has_pixel_spacing)
    return tome_fail(err, TOME_GEOMETRY, "%s: frame %lld has no %s, so nothing says where it lies", j->d->path,
                     (long long)g->index + 1,
                     !p.has_position      ? "position"
                     : !p.has_orientation ? "orientation"
                                          : "pixel spacing");
  memcpy(f->position, p.position, sizeof f->position);
  memcpy(f->along_row, p.along_row, sizeof f->along_row);
  memcpy(f->along_column, p.along_column, sizeof f->along_column);
  memcpy(f->spacing, p.pixel_spacing, sizeof f->spacing);
  if (!j->seg->bits) {
    tome_dicom_locate(&j->file, g->index, &p);
    f->offset = p.offset;
    f->length = p.length;
  }
  return frame_segment(j, g, &f->segment, err);
}

static bool read_frames(job *j, tome_dicom_item *d, tome_error *err) {
  tome_seg *s = j->seg;
  s->frames = tome_arena_alloc(&j->d->arena, s->frame_count * sizeof *s->frames, err);
  if (!s->frames) return false;
  tome_dicom_groups g = {.shared = tome_dcmtk_next(d, SHARED_GROUPS, NULL), .data_set = d, .many = s->frame_count > 1};
  for (; g.index < (int64_t)s->frame_count; g.index++) {
    if (g.index == 0 || g.frame) g.frame = tome_dcmtk_next(d, FRAME_GROUPS, g.frame);
    if (!add_frame(j, &g, err)) return false;
    if (g.index || j->between > 0) continue;
    tome_dicom_item *measures = tome_dcmtk_next(g.shared, MEASURES_GROUP, NULL);
    if (!measures) measures = tome_dcmtk_next(g.frame, MEASURES_GROUP, NULL);
    (void)tome_dcmtk_number(measures, BETWEEN_SLICES, 0, &j->between);
    double thick;
    if (!(j->between > 0) && tome_dcmtk_number(measures, 0x00180050, 0, &thick)) j->between = thick;
  }
  return true;
}

/* ---- the grid of its own --- */

static double dot(const double a[3], const double b[3]) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }

static int by_number(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* True where all places are whole steps from the first. */
static bool on_steps(const double *place, size_t n, double step) {
  for (size_t i = 1; i < n; i++) {
    const double k = (place[i] - place[0]) / step;
    if (!(k < FRAMES_MOST) || fabs(k - round(k)) > 0.05) return false;
  }
  return true;
}

/* The step between slices: what the header says where the frames agree, else the smallest there is. 0: no even grid. */
static double step_of(const job *j, const double *place, size_t n) {
  double least = INFINITY;
  for (size_t i = 1; i < n; i++) {
    const double gap = place[i] - place[i - 1];
    if (gap > 1e-3 && gap < least) least = gap;
  }
  if (j->between > 0 && on_steps(place, n, j->between)) return j->between;
  return isfinite(least) && on_steps(place, n, least) ? least : 0;
}

/* Frames that share plane and pixel spacing and lie straight above each other make a grid, from the lowest to the highest. */
static bool own_grid(job *j, tome_error *err) {
  const tome_seg *s = j->seg;
  const tome_seg_frame *a = &s->frames[0], *lowest = a;
  const double *r = a->along_row, *c = a->along_column;
  const double normal[3] = {r[1] * c[2] - r[2] * c[1], r[2] * c[0] - r[0] * c[2], r[0] * c[1] - r[1] * c[0]};
  TOME_AUTO_FREE double *place = tome_alloc(s->frame_count, sizeof *place, "frame places", err);
  if (!place) return false;
  for (size_t i = 0; i < s->frame_count; i++) {
    const tome_seg_frame *f = &s->frames[i];
    const double off[3] = {f->position[0] - a->position[0], f->position[1] - a->position[1],
                           f->position[2] - a->position[2]};
    const double most = 0.1 * fmin(a->spacing[0], a->spacing[1]);
    if (dot(f->along_row, r) < 1 - 1e-6 || dot(f->along_column, c) < 1 - 1e-6 || fabs(dot(off, r)) > most ||
        fabs(dot(off, c)) > most || fabs(f->spacing[0] / a->spacing[0] - 1) > 1e-4 ||
        fabs(f->spacing[1] / a->spacing[1] - 1) > 1e-4)
      return true;
    place[i] = dot(off, normal);
    if (place[i] < dot((double[3]){lowest->position[0] - a->position[0], lowest->position[1] - a->position[1],
                                   lowest->position[2] - a->position[2]},
                       normal))
      lowest = f;
  }
  qsort(place, s->frame_count, sizeof *place, by_number);
  const double step = step_of(j, place, s->frame_count);
  if (!(step > 0)) return true;
  const int64_t depth = (int64_t)round((place[s->frame_count - 1] - place[0]) / step) + 1;
  const int64_t shape[3] = {depth, s->rows, s->columns};
  double steps[3][3];
  for (int k = 0; k < 3; k++) {
    steps[TOME_Z][k] = normal[k] * step;
    steps[TOME_Y][k] = c[k] * a->spacing[0];
    steps[TOME_X][k] = r[k] * a->spacing[1];
  }
  j->d->has_geometry = tome_geometry_from_steps(shape, steps, lowest->position, &j->d->geometry, NULL);
  return true;
}

/* ---- all of it --- */

static bool read_references(job *j, tome_dicom_item *d, tome_error *err) {
  tome_drawing *out = j->d;
  tome_dicom_item *series = tome_dcmtk_next(d, REFERENCED_SERIES, NULL);
  return tome_dcmtk_utf8(d, series, SERIES_UID, &out->arena, &out->series_uid, err) &&
         tome_dcmtk_utf8(d, d, FRAME_UID, &out->arena, &out->frame_uid, err) &&
         tome_dcmtk_utf8(d, d, SOP_UID, &out->arena, &out->sop_uid, err);
}

static bool use(void *ctx, tome_dicom_item *d, tome_error *err) {
  job *j = ctx;
  return read_references(j, d, err) && read_kind(j, d, err) && read_segments(j, d, err) && read_pixels(j, d, err) &&
         read_frames(j, d, err) && own_grid(j, err);
}

static void job_clear(job *j) { tome_dicom_file_close(&j->file); }

bool tome_dicom_outline_seg(const char *path, tome_drawing *out, tome_error *err) {
  TOME_CLEANUP(job_clear) job j = {.file = {.source = {.fd = -1}}, .d = out};
  out->kind = "SEG";
  out->path = tome_arena_dup(&out->arena, path, err);
  j.seg = tome_arena_alloc(&out->arena, sizeof *j.seg, err);
  if (!out->path || !j.seg || !tome_dicom_file_open(out->path, &j.file, err)) return false;
  out->state = j.seg;
  return tome_dicom_file_parse(&j.file, j.file.layout.header_end, use, &j, err);
}
