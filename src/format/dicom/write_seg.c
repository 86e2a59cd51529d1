/* A label map as a DICOM segmentation (BINARY): one segment a value, one frame for each slice that a segment is in. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "format/dicom/write.h"

#define SEG_CLASS "1.2.840.10008.5.1.4.1.1.66.4"
#define EXPLICIT "1.2.840.10008.1.2.1"

enum { VALUES = 65536 };

typedef struct segment {
  int32_t value;
  char name[65];
} segment;

typedef struct frame {
  uint32_t segment, z; /* segment from 0 */
} frame;

typedef struct job {
  const char *name;
  const tome_volume *v;
  const tome_write_options *opt;
  tome_dicom_series series;
  char sop[TOME_UID_SIZE], dimensions[TOME_UID_SIZE];
  double orientation[6], thick;
  segment *segments;
  size_t segment_count, segment_cap;
  uint32_t *number_of; /* segment + 1 of a value; 0 none */
  frame *frames;
  size_t frame_count, frame_cap;
  uint8_t *bits;
  size_t bit_bytes;
} job;

static void job_clear(job *j) {
  free(j->segments);
  free(j->number_of);
  free(j->frames);
  free(j->bits);
}

static size_t plane_of(const job *j) { return (size_t)j->v->geometry.shape[1] * (size_t)j->v->geometry.shape[2]; }

static uint32_t value_at(const job *j, size_t i) {
  return j->v->dtype == TOME_U8 ? ((const uint8_t *)j->v->data)[i] : ((const uint16_t *)j->v->data)[i];
}

/* ---- what is in it --- */

static bool add_segment(job *j, uint32_t value, tome_error *err) {
  if (!tome_grow(&j->segments, &j->segment_cap, j->segment_count + 1, sizeof *j->segments, err)) return false;
  segment *s = &j->segments[j->segment_count++];
  *s = (segment){.value = (int32_t)value};
  snprintf(s->name, sizeof s->name, "label_%u", value);
  for (size_t i = 0; i < j->opt->name_count; i++)
    if (j->opt->names[i].value == (int32_t)value) snprintf(s->name, sizeof s->name, "%s", j->opt->names[i].name);
  for (char *p = s->name; *p; p++)
    if (*p == '\\') *p = '/'; /* a backslash parts values */
  return true;
}

static bool find_segments(job *j, tome_error *err) {
  const size_t n = tome_volume_voxels(j->v);
  if (!(j->number_of = tome_alloc_zero(VALUES, sizeof *j->number_of, j->name, err))) return false;
  for (size_t i = 0; i < n; i++) j->number_of[value_at(j, i)] = 1;
  j->number_of[0] = 0;
  for (uint32_t v = 1; v < VALUES; v++) {
    if (!j->number_of[v]) continue;
    if (!add_segment(j, v, err)) return false;
    j->number_of[v] = (uint32_t)j->segment_count;
  }
  return j->segment_count ||
         tome_fail(err, TOME_VALUE, "%s: the label map is empty, and a SEG has one segment at least", j->name);
}

/* Which segments each slice holds, in order of segment, then slice. */
static bool find_frames(job *j, tome_error *err) {
  const size_t plane = plane_of(j), depth = (size_t)j->v->geometry.shape[0];
  TOME_AUTO_FREE uint8_t *in = tome_alloc_zero(j->segment_count * depth, 1, j->name, err);
  if (!in) return false;
  for (size_t z = 0; z < depth; z++)
    for (size_t i = 0; i < plane; i++) {
      const uint32_t number = j->number_of[value_at(j, z * plane + i)];
      if (number) in[(number - 1) * depth + z] = 1;
    }
  for (uint32_t s = 0; s < j->segment_count; s++)
    for (uint32_t z = 0; z < depth; z++) {
      if (!in[s * depth + z]) continue;
      if (!tome_grow(&j->frames, &j->frame_cap, j->frame_count + 1, sizeof *j->frames, err)) return false;
      j->frames[j->frame_count++] = (frame){s, z};
    }
  return true;
}

/* Frames follow each other without a gap, the first pixel in the lowest bit. */
static bool pack(job *j, tome_error *err) {
  const size_t plane = plane_of(j);
  j->bit_bytes = (j->frame_count * plane + 7) / 8;
  j->bits = tome_alloc_zero(j->bit_bytes, 1, j->name, err);
  for (size_t f = 0; j->bits && f < j->frame_count; f++)
    for (size_t i = 0, bit = f * plane; i < plane; i++, bit++)
      if (j->number_of[value_at(j, j->frames[f].z * plane + i)] == j->frames[f].segment + 1)
        j->bits[bit >> 3] |= (uint8_t)(1u << (bit & 7));
  return j->bits;
}

static bool copy_uid(const char *given, char out[TOME_UID_SIZE], tome_error *err) {
  if (!given || !*given || strlen(given) >= TOME_UID_SIZE) return tome_uid_new(out, err);
  memcpy(out, given, strlen(given) + 1);
  return true;
}

/* A SEG has to say when it was made. */
static void date(tome_dicom_series *s) {
  const time_t now = time(NULL);
  struct tm t;
  if (!localtime_r(&now, &t)) return;
  (void)strftime(s->date, sizeof s->date, "%Y%m%d", &t);
  (void)strftime(s->time, sizeof s->time, "%H%M%S", &t);
}

static bool prepare(job *j, tome_error *err) {
  const tome_geometry *g = &j->v->geometry;
  if ((j->v->dtype != TOME_U8 && j->v->dtype != TOME_U16) || j->v->channels > 1)
    return tome_fail(err, TOME_UNSUPPORTED, "%s: labels are uint8 or uint16, not %s", j->name,
                     tome_dtype_name(j->v->dtype));
  if (g->shape[1] > UINT16_MAX || g->shape[2] > UINT16_MAX)
    return tome_fail(err, TOME_UNSUPPORTED, "%s: slices of %lldx%lld; DICOM allows 65535 rows and columns", j->name,
                     (long long)g->shape[1], (long long)g->shape[2]);
  j->series = (tome_dicom_series){.sop_class = SEG_CLASS,
                                  .modality = "SEG",
                                  .image_type = "DERIVED\\PRIMARY",
                                  .id = j->opt->id ? j->opt->id : "",
                                  .description = j->opt->description ? j->opt->description : ""};
  date(&j->series);
  j->thick = fabs(tome_dicom_slice_step(g));
  return copy_uid(j->opt->study_uid, j->series.study, err) && tome_uid_new(j->series.series, err) &&
         copy_uid(j->opt->frame_uid, j->series.frame, err) && tome_uid_new(j->sop, err) &&
         tome_uid_new(j->dimensions, err) && tome_dicom_plane(g, j->name, j->orientation, err) &&
         find_segments(j, err) && find_frames(j, err) && pack(j, err);
}

/* ---- the elements --- */

static bool refers(const job *j) { return j->opt->sop_uids && j->opt->sop_class && *j->opt->sop_class; }

static void emit_reference(tome_emit *e, const job *j, size_t z) {
  tome_emit_item(e);
  tome_emit_text(e, 0x00081150, "UI", j->opt->sop_class);
  tome_emit_text(e, 0x00081155, "UI", j->opt->sop_uids[z]);
}

static void emit_referenced_series(tome_emit *e, const job *j) {
  const char *series = j->opt->series_uid;
  if (!series || !*series || !refers(j)) return;
  tome_emit_open(e, 0x00081115);
  tome_emit_item(e);
  tome_emit_open(e, 0x0008114A);
  for (size_t z = 0; z < (size_t)j->v->geometry.shape[0]; z++) {
    emit_reference(e, j, z);
    tome_emit_close(e);
  }
  tome_emit_close(e);
  tome_emit_text(e, 0x0020000E, "UI", series);
  tome_emit_close(e);
  tome_emit_close(e);
}

static void emit_code(tome_emit *e, uint32_t sequence, const char *value, const char *scheme, const char *meaning) {
  tome_emit_open(e, sequence);
  tome_emit_item(e);
  tome_emit_text(e, 0x00080100, "SH", value);
  tome_emit_text(e, 0x00080102, "SH", scheme);
  tome_emit_text(e, 0x00080104, "LO", meaning);
  tome_emit_close(e);
  tome_emit_close(e);
}

static void emit_dimension(tome_emit *e, const job *j, uint32_t pointer, uint32_t group) {
  tome_emit_item(e);
  tome_emit_text(e, 0x00209164, "UI", j->dimensions);
  tome_emit_tag(e, 0x00209165, pointer);
  tome_emit_tag(e, 0x00209167, group);
  tome_emit_close(e);
}

static void emit_dimensions(tome_emit *e, const job *j) {
  tome_emit_open(e, 0x00209221);
  tome_emit_item(e);
  tome_emit_text(e, 0x00209164, "UI", j->dimensions);
  tome_emit_close(e);
  tome_emit_close(e);
  tome_emit_open(e, 0x00209222);
  emit_dimension(e, j, 0x0062000B, 0x0062000A); /* the segment, then the position */
  emit_dimension(e, j, 0x00200032, 0x00209113);
  tome_emit_close(e);
}

static void emit_pixel_format(tome_emit *e, const job *j) {
  const uint16_t one = 1, zero = 0, rows = (uint16_t)j->v->geometry.shape[1],
                 columns = (uint16_t)j->v->geometry.shape[2];
  tome_emit_u16(e, 0x00280002, &one, 1);
  tome_emit_text(e, 0x00280004, "CS", "MONOCHROME2");
  tome_emit_integer(e, 0x00280008, (int64_t)j->frame_count);
  tome_emit_u16(e, 0x00280010, &rows, 1);
  tome_emit_u16(e, 0x00280011, &columns, 1);
  tome_emit_u16(e, 0x00280100, &one, 1);
  tome_emit_u16(e, 0x00280101, &one, 1);
  tome_emit_u16(e, 0x00280102, &zero, 1);
  tome_emit_u16(e, 0x00280103, &zero, 1);
  tome_emit_text(e, 0x00282110, "CS", "00");
}

static void emit_segments(tome_emit *e, const job *j) {
  tome_emit_text(e, 0x00620001, "CS", "BINARY");
  tome_emit_open(e, 0x00620002);
  for (size_t s = 0; s < j->segment_count; s++) {
    const uint16_t number = (uint16_t)(s + 1);
    char told[64];
    snprintf(told, sizeof told, "value %d of the label map", j->segments[s].value);
    tome_emit_item(e);
    emit_code(e, 0x00620003, "85756007", "SCT", "Tissue");
    tome_emit_u16(e, 0x00620004, &number, 1);
    tome_emit_text(e, 0x00620005, "LO", j->segments[s].name);
    tome_emit_text(e, 0x00620006, "ST", told);
    tome_emit_text(e, 0x00620008, "CS", "SEMIAUTOMATIC");
    tome_emit_text(e, 0x00620009, "LO", "Tome");
    emit_code(e, 0x0062000F, "85756007", "SCT", "Tissue");
    tome_emit_close(e);
  }
  tome_emit_close(e);
  tome_emit_text(e, 0x00700080, "CS", "SEGMENTATION");
  tome_emit_text(e, 0x00700081, "LO", "");
  tome_emit_text(e, 0x00700084, "PN", "");
}

static void emit_shared(tome_emit *e, const job *j) {
  tome_emit_open(e, 0x52009229);
  tome_emit_item(e);
  tome_emit_open(e, 0x00209116);
  tome_emit_item(e);
  tome_emit_decimals(e, 0x00200037, j->orientation, 6);
  tome_emit_close(e);
  tome_emit_close(e);
  tome_emit_open(e, 0x00289110);
  tome_emit_item(e);
  tome_emit_decimals(e, 0x00180050, &j->thick, 1);
  tome_emit_decimals(e, 0x00180088, &j->thick, 1);
  tome_emit_decimals(e, 0x00280030, j->v->geometry.spacing + TOME_Y, 2);
  tome_emit_close(e);
  tome_emit_close(e);
  tome_emit_close(e);
  tome_emit_close(e);
}

static void emit_source(tome_emit *e, const job *j, size_t z) {
  if (!refers(j)) return;
  tome_emit_open(e, 0x00089124);
  tome_emit_item(e);
  tome_emit_open(e, 0x00082112);
  emit_reference(e, j, z);
  emit_code(e, 0x0040A170, "121322", "DCM", "Source image for image processing operation");
  tome_emit_close(e);
  tome_emit_close(e);
  emit_code(e, 0x00089215, "113076", "DCM", "Segmentation");
  tome_emit_close(e);
  tome_emit_close(e);
}

static void emit_frame(tome_emit *e, const job *j, const frame *f) {
  const uint32_t place[2] = {f->segment + 1, f->z + 1};
  const uint16_t number = (uint16_t)(f->segment + 1);
  double position[3];
  tome_geometry_to_world(&j->v->geometry, (double[3]){(double)f->z, 0, 0}, position);
  tome_emit_item(e);
  emit_source(e, j, f->z);
  tome_emit_open(e, 0x00209111);
  tome_emit_item(e);
  tome_emit_u32(e, 0x00209157, place, 2);
  tome_emit_close(e);
  tome_emit_close(e);
  tome_emit_open(e, 0x00209113);
  tome_emit_item(e);
  tome_emit_decimals(e, 0x00200032, position, 3);
  tome_emit_close(e);
  tome_emit_close(e);
  tome_emit_open(e, 0x0062000A);
  tome_emit_item(e);
  tome_emit_u16(e, 0x0062000B, &number, 1);
  tome_emit_close(e);
  tome_emit_close(e);
  tome_emit_close(e);
}

static void emit(tome_emit *e, const job *j) {
  tome_emit_head(e, SEG_CLASS, j->sop, EXPLICIT);
  tome_dicom_emit_general(e, &j->series, j->sop);
  tome_emit_text(e, 0x00081090, "LO", "Tome");
  emit_referenced_series(e, j);
  tome_dicom_emit_patient(e, &j->series);
  tome_emit_text(e, 0x00181000, "LO", "0");
  tome_emit_text(e, 0x00181020, "LO", TOME_VERSION);
  tome_emit_text(e, 0x0020000D, "UI", j->series.study);
  tome_emit_text(e, 0x0020000E, "UI", j->series.series);
  tome_emit_text(e, 0x00200010, "SH", "");
  tome_emit_text(e, 0x00200011, "IS", "1");
  tome_emit_text(e, 0x00200013, "IS", "1");
  tome_emit_text(e, 0x00200052, "UI", j->series.frame);
  tome_emit_text(e, 0x00201040, "LO", "");
  emit_dimensions(e, j);
  emit_pixel_format(e, j);
  emit_segments(e, j);
  emit_shared(e, j);
  tome_emit_open(e, 0x52009230);
  for (size_t f = 0; f < j->frame_count; f++) emit_frame(e, j, &j->frames[f]);
  tome_emit_close(e);
  tome_emit_bytes(e, 0x7FE00010, "OB", j->bits, j->bit_bytes);
}

bool tome_dicom_write_seg(int fd, const char *name, const tome_volume *v, const tome_write_options *opt,
                          tome_error *err) {
  TOME_CLEANUP(job_clear) job j = {.name = name, .v = v, .opt = opt};
  TOME_CLEANUP(tome_emit_clear) tome_emit e = {0};
  if (!prepare(&j, err)) return false;
  emit(&e, &j);
  return tome_emit_finish(&e, name, err) && tome_write_all(fd, e.out.data, e.out.size, name, err);
}
