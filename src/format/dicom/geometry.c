/* Where a frame lies and how its values scale: from its own functional groups, else the shared ones, else the data set itself. */
#include <math.h>
#include <string.h>

#include "format/dicom/image.h"

enum {
  POSITION_GROUP = 0x00209113,
  ORIENTATION_GROUP = 0x00209116,
  MEASURES_GROUP = 0x00289110,
  VALUES_GROUP = 0x00289145,
  CONTENT_GROUP = 0x00209111,
  CT_DETAILS_GROUP = 0x00189304,
  POSITION = 0x00200032,
  ORIENTATION = 0x00200037,
  PIXEL_SPACING = 0x00280030,
  IMAGER_SPACING = 0x00181164,
  THICKNESS = 0x00180050,
  TILT = 0x00181120,
  INTERCEPT = 0x00281052,
  SLOPE = 0x00281053,
  VALUE_TABLE = 0x00283000,
  DOSE_OFFSETS = 0x3004000C,
  DOSE_SCALING = 0x3004000E,
  INSTANCE = 0x00200013,
  ACQUISITION = 0x00200012,
  TEMPORAL = 0x00200100,
  FRAME_ACQUISITION = 0x00209156,
  FRAME_TEMPORAL = 0x00209128
};

/* The item of functional group `group` that counts for the frame; NULL where neither the frame nor the shared groups have it. */
static tome_dicom_item *group_of(const tome_dicom_groups *g, uint32_t group) {
  tome_dicom_item *own = tome_dcmtk_next(g->frame, group, NULL);
  return own ? own : tome_dcmtk_next(g->shared, group, NULL);
}

static bool numbers(tome_dicom_item *item, uint32_t tag, double *out, size_t n) {
  double v[6];
  for (size_t i = 0; i < n; i++)
    if (!tome_dcmtk_number(item, tag, i, &v[i])) return false;
  memcpy(out, v, n * sizeof *v);
  return true;
}

/* `tag` in its functional group, else in the data set. */
static bool grouped(const tome_dicom_groups *g, uint32_t group, uint32_t tag, double *out, size_t n) {
  return numbers(group_of(g, group), tag, out, n) || numbers(g->data_set, tag, out, n);
}

static double dot(const double a[3], const double b[3]) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }

static bool normalise(double v[3]) {
  const double length = sqrt(dot(v, v));
  if (!(length > 0.9 && length < 1.1)) return false;
  for (int i = 0; i < 3; i++) v[i] /= length;
  return true;
}

/* Two perpendicular unit vectors, or nothing: secondary captures come with zeros, broken anonymisers with anything. */
static void orient(const tome_dicom_groups *g, tome_piece *p) {
  double v[6];
  if (!grouped(g, ORIENTATION_GROUP, ORIENTATION, v, 6)) return;
  if (!normalise(v) || !normalise(v + 3) || fabs(dot(v, v + 3)) > 0.02) return;
  memcpy(p->along_row, v, sizeof p->along_row);
  memcpy(p->along_column, v + 3, sizeof p->along_column);
  p->has_orientation = true;
}

/* A dose grid gives one position, and each frame's distance along the normal. */
static bool dose_position(const tome_dicom_groups *g, tome_piece *p) {
  double first, own, at[3];
  if (!p->has_orientation || !numbers(g->data_set, POSITION, at, 3)) return false;
  if (!tome_dcmtk_number(g->data_set, DOSE_OFFSETS, 0, &first)) return false;
  if (!tome_dcmtk_number(g->data_set, DOSE_OFFSETS, (size_t)g->index, &own)) return false;
  const double *r = p->along_row, *c = p->along_column;
  const double normal[3] = {r[1] * c[2] - r[2] * c[1], r[2] * c[0] - r[0] * c[2], r[0] * c[1] - r[1] * c[0]};
  for (int i = 0; i < 3; i++) p->position[i] = at[i] + (own - first) * normal[i];
  return true;
}

/* The data set's own position is that of a single image: it says nothing of the second of several frames. */
static void position(const tome_dicom_groups *g, tome_piece *p) {
  p->has_position = numbers(group_of(g, POSITION_GROUP), POSITION, p->position, 3) ||
                    (g->many ? dose_position(g, p) : numbers(g->data_set, POSITION, p->position, 3));
}

/* Projection images tell the spacing at the detector, which is better than none; for CT it would be wrong. */
static void measure(const tome_dicom_groups *g, tome_piece *p) {
  double v[2], thick;
  const bool there = grouped(g, MEASURES_GROUP, PIXEL_SPACING, v, 2) ||
                     (strcmp(p->modality, "CT") != 0 && numbers(g->data_set, IMAGER_SPACING, v, 2));
  if (there && v[0] > 0 && v[1] > 0) {
    memcpy(p->pixel_spacing, v, sizeof v);
    p->has_pixel_spacing = true;
  }
  if (grouped(g, MEASURES_GROUP, THICKNESS, &thick, 1) && thick > 0) p->slice_thickness = thick;
}

void tome_dicom_place(const tome_dicom_groups *g, tome_piece *p) {
  orient(g, p);
  position(g, p);
  measure(g, p);
  (void)grouped(g, CT_DETAILS_GROUP, TILT, &p->tilt_tag, 1);
}

/* One of the two rescale values; false where it is there but is no number. */
static bool rescale_value(const tome_dicom_groups *g, tome_dicom_item *item, uint32_t tag, double *out,
                          const char *path, tome_error *err) {
  TOME_CLEANUP(tome_arena_clear) tome_arena a = {0};
  const char *text;
  if (tome_dcmtk_number(item, tag, 0, out)) return true;
  if (!tome_dcmtk_text(item, tag, &a, &text, err)) return false;
  if (!text[0]) return true;
  return tome_fail(err, TOME_CORRUPT, "%s: the rescale value \"%.40s\" of frame %lld is not a number", path, text,
                   (long long)g->index);
}

bool tome_dicom_rescale(const tome_dicom_groups *g, tome_piece *p, tome_error *err) {
  tome_dicom_item *own = group_of(g, VALUES_GROUP), *item = own ? own : g->data_set;
  if (tome_dcmtk_next(g->data_set, VALUE_TABLE, NULL))
    return tome_fail(err, TOME_UNSUPPORTED, "%s: its values go through a modality lookup table, which is not read",
                     p->path);
  if (!rescale_value(g, item, SLOPE, &p->slope, p->path, err)) return false;
  if (!rescale_value(g, item, INTERCEPT, &p->intercept, p->path, err)) return false;
  if (strcmp(p->modality, "RTDOSE") == 0) (void)tome_dcmtk_number(g->data_set, DOSE_SCALING, 0, &p->slope);
  if (p->slope != 0) return true;
  return tome_fail(err, TOME_CORRUPT, "%s: the rescale slope of frame %lld is 0, which would make all its values equal",
                   p->path, (long long)g->index);
}

static void integer(tome_dicom_item *item, uint32_t tag, int64_t *out) {
  (void)tome_dcmtk_integer(item, tag, false, out);
}

void tome_dicom_number(const tome_dicom_groups *g, tome_piece *p) {
  tome_dicom_item *content = group_of(g, CONTENT_GROUP);
  integer(g->data_set, INSTANCE, &p->instance);
  integer(g->data_set, ACQUISITION, &p->acquisition);
  integer(g->data_set, TEMPORAL, &p->temporal);
  integer(content, FRAME_ACQUISITION, &p->acquisition);
  integer(content, FRAME_TEMPORAL, &p->temporal);
}
