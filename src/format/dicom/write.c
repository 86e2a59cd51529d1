/* A volume as a DICOM series: one CT, MR or secondary capture image a slice, in a folder. */
#include "format/dicom/write.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/threads.h"
#include "format/dicom/dcmtk.h"
#include "format/dicom/j2k.h"
#include "format/head.h"

#define CT_CLASS "1.2.840.10008.5.1.4.1.1.2"
#define MR_CLASS "1.2.840.10008.5.1.4.1.1.4"
#define CAPTURE_CLASS "1.2.840.10008.5.1.4.1.1.7"
#define EXPLICIT "1.2.840.10008.1.2.1"
#define JPEG_LS "1.2.840.10008.1.2.4.80"
#define JPEG_2000 "1.2.840.10008.1.2.4.90"

/* ---- planes --- */

static double dot(const double a[3], const double b[3]) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }

bool tome_dicom_plane(const tome_geometry *g, const char *name, double orientation[6], tome_error *err) {
  const double *row = g->direction[TOME_X], *column = g->direction[TOME_Y];
  if (fabs(dot(row, column)) > 1e-3)
    return tome_fail(
        err, TOME_GEOMETRY,
        "%s: rows and columns meet at %.4g degrees; DICOM knows only perpendicular ones: resample the volume "
        "to an upright grid first",
        name, acos(dot(row, column)) * 57.29577951308232);
  for (int i = 0; i < 3; i++) { /* what is only rounding is nothing */
    orientation[i] = fabs(row[i]) < 1e-14 ? 0 : row[i];
    orientation[3 + i] = fabs(column[i]) < 1e-14 ? 0 : column[i];
  }
  return true;
}

double tome_dicom_slice_step(const tome_geometry *g) {
  const double *r = g->direction[TOME_X], *c = g->direction[TOME_Y];
  const double normal[3] = {r[1] * c[2] - r[2] * c[1], r[2] * c[0] - r[0] * c[2], r[0] * c[1] - r[1] * c[0]};
  double step[3];
  tome_geometry_step(g, TOME_Z, step);
  return dot(step, normal) / sqrt(dot(normal, normal));
}

/* ---- what a series shares --- */

typedef struct writing {
  const char *folder; /* NULL: one file */
  const char *name;   /* for messages */
  const tome_volume *v;
  const tome_write_options *opt;
  tome_dicom_series series;
  tome_dicom_values values;
  const char *syntax;
  double orientation[6], step, window[2];
} writing;

static const char *text_or(const char *s, const char *absent) { return s && *s ? s : absent; }

static bool uid_or_new(const char *given, char out[TOME_UID_SIZE], tome_error *err) {
  if (!given || !*given) return tome_uid_new(out, err);
  if (strlen(given) >= TOME_UID_SIZE || strspn(given, "0123456789.") != strlen(given))
    return tome_fail(err, TOME_USAGE, "%s: is no UID (digits and dots, 64 at most)", given);
  memcpy(out, given, strlen(given) + 1);
  return true;
}

static bool choose_class(writing *w, tome_error *err) {
  const char *modality = w->opt->modality, *units = text_or(w->opt->units, "");
  tome_dicom_series *s = &w->series;
  if (!modality || !*modality) modality = strcmp(units, "HU") == 0 ? "CT" : "OT";
  const bool ct = strcmp(modality, "CT") == 0, mr = strcmp(modality, "MR") == 0;
  if (strlen(modality) > 16 || strspn(modality, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_ ") != strlen(modality))
    return tome_fail(err, TOME_USAGE, "%s: is no modality (\"CT\", \"MR\" …)", modality);
  s->modality = modality;
  s->sop_class = ct ? CT_CLASS : mr ? MR_CLASS : CAPTURE_CLASS;
  s->image_type = ct ? "DERIVED\\SECONDARY\\AXIAL" : mr ? "DERIVED\\SECONDARY\\OTHER" : "DERIVED\\SECONDARY";
  s->id = text_or(w->opt->id, "");
  s->description = text_or(w->opt->description, "");
  return uid_or_new(w->opt->study_uid, s->study, err) && uid_or_new(w->opt->series_uid, s->series, err) &&
         uid_or_new(w->opt->frame_uid, s->frame, err);
}

static bool choose_syntax(writing *w, tome_error *err) {
  const char *codec = w->opt->codec;
  if (!codec || !*codec || strcmp(codec, "none") == 0)
    w->syntax = EXPLICIT;
  else if (strcmp(codec, "jpegls") == 0)
    w->syntax = JPEG_LS;
  else if (strcmp(codec, "j2k") == 0)
    w->syntax = JPEG_2000;
  else
    return tome_fail(err, TOME_USAGE, "%s: no such compression for DICOM; there are none, jpegls and j2k", codec);
  return true;
}

static void choose_window(writing *w) {
  const double lo = w->values.lo, hi = w->values.hi;
  const bool ct = strcmp(w->series.sop_class, CT_CLASS) == 0;
  w->window[0] = ct ? 40 : (lo + hi) / 2;
  w->window[1] = ct ? 400 : hi - lo >= 1 ? hi - lo : 1;
  if (w->opt->window_width > 0) w->window[0] = w->opt->window_level, w->window[1] = w->opt->window_width;
}

static bool prepare(writing *w, tome_error *err) {
  const tome_geometry *g = &w->v->geometry;
  if (w->v->channels > 1)
    return tome_fail(err, TOME_UNSUPPORTED, "%s: %d channels; CT and MR images have one: --gray makes one of colours",
                     w->name, w->v->channels);
  if (g->shape[1] > UINT16_MAX || g->shape[2] > UINT16_MAX)
    return tome_fail(err, TOME_UNSUPPORTED, "%s: slices of %lldx%lld; DICOM allows 65535 rows and columns", w->name,
                     (long long)g->shape[1], (long long)g->shape[2]);
  if (!w->v->data || !tome_volume_voxels(w->v))
    return tome_fail(err, TOME_USAGE, "%s: a volume without voxels cannot be written", w->name);
  if (!choose_class(w, err) || !choose_syntax(w, err) || !tome_dicom_plane(g, w->name, w->orientation, err))
    return false;
  const bool ct = strcmp(w->series.sop_class, CT_CLASS) == 0;
  if (!tome_dicom_values_of(w->v, ct, w->opt->to_16_bits, w->name, &w->values, err)) return false;
  w->step = tome_dicom_slice_step(g);
  choose_window(w);
  return true;
}

/* ---- the elements --- */

void tome_dicom_emit_general(tome_emit *e, const tome_dicom_series *s, const char *sop_uid) {
  tome_emit_text(e, 0x00080005, "CS", "ISO_IR 192");
  tome_emit_text(e, 0x00080008, "CS", s->image_type);
  tome_emit_text(e, 0x00080016, "UI", s->sop_class);
  tome_emit_text(e, 0x00080018, "UI", sop_uid);
  tome_emit_text(e, 0x00080020, "DA", "");
  tome_emit_text(e, 0x00080023, "DA", s->date);
  tome_emit_text(e, 0x00080030, "TM", "");
  tome_emit_text(e, 0x00080033, "TM", s->time);
  tome_emit_text(e, 0x00080050, "SH", "");
  tome_emit_text(e, 0x00080060, "CS", s->modality);
  if (strcmp(s->sop_class, CAPTURE_CLASS) == 0) tome_emit_text(e, 0x00080064, "CS", "WSD");
  tome_emit_text(e, 0x00080070, "LO", "Tome");
  tome_emit_text(e, 0x00080090, "PN", "");
  if (*s->description) {
    char brief[65]; /* LO */
    snprintf(brief, sizeof brief, "%s", s->description);
    tome_emit_text(e, 0x0008103E, "LO", brief);
  }
}

void tome_dicom_emit_patient(tome_emit *e, const tome_dicom_series *s) {
  char id[65];
  snprintf(id, sizeof id, "%s", s->id);
  for (char *p = id; *p; p++)
    if (strchr("\\^=", *p)) *p = '_';
  tome_emit_text(e, 0x00100010, "PN", id);
  tome_emit_text(e, 0x00100020, "LO", id);
  tome_emit_text(e, 0x00100030, "DA", "");
  tome_emit_text(e, 0x00100040, "CS", "");
}

/* Group 0018: what the image's class must say of how it was made, mostly that it is not known. */
static void emit_acquisition(tome_emit *e, const writing *w) {
  const double thick = fabs(w->step);
  const bool ct = strcmp(w->series.sop_class, CT_CLASS) == 0, mr = strcmp(w->series.sop_class, MR_CLASS) == 0;
  if (mr) {
    tome_emit_text(e, 0x00180020, "CS", "RM");
    tome_emit_text(e, 0x00180021, "CS", "NONE");
    tome_emit_text(e, 0x00180022, "CS", "");
    tome_emit_text(e, 0x00180023, "CS", "");
  }
  tome_emit_decimals(e, 0x00180050, &thick, 1);
  if (ct) tome_emit_text(e, 0x00180060, "DS", "");
  if (mr) {
    tome_emit_text(e, 0x00180080, "DS", "");
    tome_emit_text(e, 0x00180081, "DS", "");
  }
  tome_emit_decimals(e, 0x00180088, &thick, 1);
  if (mr) tome_emit_text(e, 0x00180091, "IS", "");
  if (ct || mr) tome_emit_text(e, 0x00185100, "CS", "");
}

static void emit_place(tome_emit *e, const writing *w, int64_t z, int64_t number) {
  double position[3];
  tome_geometry_to_world(&w->v->geometry, (double[3]){(double)z, 0, 0}, position);
  tome_emit_text(e, 0x0020000D, "UI", w->series.study);
  tome_emit_text(e, 0x0020000E, "UI", w->series.series);
  tome_emit_text(e, 0x00200010, "SH", "");
  tome_emit_text(e, 0x00200011, "IS", "1");
  tome_emit_text(e, 0x00200012, "IS", "");
  tome_emit_integer(e, 0x00200013, number);
  if (strcmp(w->series.sop_class, CAPTURE_CLASS) == 0) tome_emit_text(e, 0x00200020, "CS", "");
  tome_emit_decimals(e, 0x00200032, position, 3);
  tome_emit_decimals(e, 0x00200037, w->orientation, 6);
  tome_emit_text(e, 0x00200052, "UI", w->series.frame);
  tome_emit_text(e, 0x00200060, "CS", "");
  tome_emit_text(e, 0x00201040, "LO", "");
}

static void emit_pixels(tome_emit *e, const writing *w) {
  const tome_dicom_values *v = &w->values;
  const uint16_t one = 1, rows = (uint16_t)w->v->geometry.shape[1], columns = (uint16_t)w->v->geometry.shape[2],
                 allocated = 16, stored = (uint16_t)v->bits, high = (uint16_t)(v->bits - 1), sign = v->is_signed;
  const bool ct = strcmp(w->series.sop_class, CT_CLASS) == 0;
  tome_emit_u16(e, 0x00280002, &one, 1);
  tome_emit_text(e, 0x00280004, "CS", "MONOCHROME2");
  tome_emit_u16(e, 0x00280010, &rows, 1);
  tome_emit_u16(e, 0x00280011, &columns, 1);
  tome_emit_decimals(e, 0x00280030, w->v->geometry.spacing + TOME_Y, 2);
  tome_emit_u16(e, 0x00280100, &allocated, 1);
  tome_emit_u16(e, 0x00280101, &stored, 1);
  tome_emit_u16(e, 0x00280102, &high, 1);
  tome_emit_u16(e, 0x00280103, &sign, 1);
  tome_emit_decimals(e, 0x00281050, &w->window[0], 1);
  tome_emit_decimals(e, 0x00281051, &w->window[1], 1);
  if (!ct && v->slope == 1 && v->intercept == 0) return;
  tome_emit_decimals(e, 0x00281052, &v->intercept, 1);
  tome_emit_decimals(e, 0x00281053, &v->slope, 1);
  tome_emit_text(e, 0x00281054, "LO", ct ? "HU" : "US");
}

/* ---- one slice --- */

static bool encode(const writing *w, uint16_t *cells, tome_bytes *out, tome_error *err) {
  const uint16_t rows = (uint16_t)w->v->geometry.shape[1], columns = (uint16_t)w->v->geometry.shape[2];
  const tome_j2k_plane plane = {rows, columns, w->values.bits, w->values.is_signed, cells};
  if (strcmp(w->syntax, JPEG_2000) == 0) return tome_j2k_encode(&plane, out, w->name, err);
  return tome_dcmtk_jpegls(cells, rows, columns, w->values.bits, w->values.is_signed, out, w->name, err);
}

static bool emit_values(tome_emit *e, const writing *w, int64_t z, tome_error *err) {
  const size_t n = (size_t)w->v->geometry.shape[1] * (size_t)w->v->geometry.shape[2];
  TOME_AUTO_FREE uint16_t *cells = tome_alloc(n, sizeof *cells, w->name, err);
  TOME_CLEANUP(tome_bytes_clear) tome_bytes code = {0};
  if (!cells) return false;
  tome_dicom_store(w->v, z, &w->values, cells);
  if (strcmp(w->syntax, EXPLICIT) == 0) {
    const uint16_t probe = 1;
    uint8_t first;
    memcpy(&first, &probe, 1);
    if (!first) tome_swap_bytes(cells, n, sizeof *cells);
    tome_emit_bytes(e, 0x7FE00010, "OW", cells, n * sizeof *cells);
    return true;
  }
  if (!encode(w, cells, &code, err)) return false;
  tome_emit_frame(e, code.data, code.size);
  return true;
}

static bool make_slice(const writing *w, int64_t z, int64_t number, tome_emit *e, tome_error *err) {
  char sop[TOME_UID_SIZE];
  if (!tome_uid_new(sop, err)) return false;
  tome_emit_head(e, w->series.sop_class, sop, w->syntax);
  tome_dicom_emit_general(e, &w->series, sop);
  tome_dicom_emit_patient(e, &w->series);
  emit_acquisition(e, w);
  emit_place(e, w, z, number);
  emit_pixels(e, w);
  return emit_values(e, w, z, err) && tome_emit_finish(e, w->name, err);
}

static bool save(const char *path, const tome_bytes *b, tome_error *err) {
  const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (fd < 0) return tome_fail_errno(err, "%s: cannot be made", path);
  const bool ok = tome_write_all(fd, b->data, b->size, path, err);
  if (close(fd) == 0 || !ok) return ok;
  return tome_fail_errno(err, "%s: cannot be written", path);
}

/* Images are numbered along the normal of their plane, which z may run against. */
static bool write_slice(void *ctx, size_t item, int worker, tome_error *err) {
  (void)worker;
  const writing *w = ctx;
  const int64_t z = (int64_t)item, number = w->step < 0 ? w->v->geometry.shape[0] - z : z + 1;
  TOME_CLEANUP(tome_emit_clear) tome_emit e = {0};
  char *path = NULL;
  if (asprintf(&path, "%s/IM%05lld.dcm", w->folder, (long long)number) < 0)
    return tome_fail(err, TOME_NO_MEMORY, "%s: out of memory", w->name);
  const bool ok = make_slice(w, z, number, &e, err) && save(path, &e.out, err);
  free(path);
  return ok;
}

bool tome_dicom_write_folder(const char *folder, const tome_volume *v, const tome_write_options *opt, tome_error *err) {
  static const tome_write_options defaults = {0};
  writing w = {.folder = folder, .name = folder, .v = v, .opt = opt ? opt : &defaults};
  if (w.opt->is_label)
    return tome_fail(err, TOME_USAGE, "%s: a label map is one DICOM file (a SEG): give it a name that ends in .dcm",
                     folder);
  return prepare(&w, err) && tome_parallel(NULL, (size_t)v->geometry.shape[0], write_slice, &w, err);
}

bool tome_dicom_write(int fd, const char *name, const tome_volume *v, const tome_write_options *opt, tome_error *err) {
  static const tome_write_options defaults = {0};
  writing w = {.name = name, .v = v, .opt = opt ? opt : &defaults};
  if (w.opt->is_label) return tome_dicom_write_seg(fd, name, v, w.opt, err);
  if (v->geometry.shape[0] != 1)
    return tome_fail(err, TOME_USAGE,
                     "%s: a DICOM series of %lld slices is a folder of files: give it a name that ends in /", name,
                     (long long)v->geometry.shape[0]);
  TOME_CLEANUP(tome_emit_clear) tome_emit e = {0};
  return prepare(&w, err) && make_slice(&w, 0, 1, &e, err) && tome_write_all(fd, e.out.data, e.out.size, name, err);
}
