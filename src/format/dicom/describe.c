/* From a DICOM file's header to its pieces, one a frame; or to the sentence that says why there are none. Pixels stay on disk. */
#include <math.h>
#include <string.h>

#include "format/dicom/dicom.h"
#include "format/dicom/image.h"
#include "format/head.h"

typedef struct job {
  tome_dicom_file file;
  tome_pieces *out;
} job;

static void job_clear(job *j) { tome_dicom_file_close(&j->file); }

/* ---- what is no image --- */

#define STORAGE "1.2.840.10008.5.1.4.1.1."

/* By the beginning of the SOP class; an entry that ends in '.' stands for a family. */
static const struct {
  const char *sop_class, *what;
} others[] = {
    {STORAGE "66.4", "a segmentation (SEG): labels drawn on another image, which are taken beside it or with --label"},
    {STORAGE "66.7",
     "a label map segmentation (SEG): labels drawn on another image, which are taken beside it or with --label"},
    {STORAGE "66.", "a registration or surface object, not an image"},
    {STORAGE "66", "raw data, not an image"},
    {STORAGE "67", "a real world value mapping, not an image"},
    {STORAGE "88.59", "a key object selection, not an image"},
    {STORAGE "88.", "a structured report, not an image"},
    {STORAGE "11.", "a presentation state, not an image"},
    {STORAGE "9.", "a waveform, not an image"},
    {STORAGE "104.", "an encapsulated document, not an image"},
    {STORAGE "481.3",
     "a radiotherapy structure set (RTSTRUCT): labels drawn on another image, which are taken beside it or with "
     "--label"},
    {STORAGE "481.5", "a radiotherapy plan, not an image"},
    {STORAGE "481.8", "a radiotherapy plan, not an image"},
    {STORAGE "481.4", "a radiotherapy treatment record, not an image"},
    {"1.2.840.10008.1.3.10", "a DICOMDIR, a list of other files; the files themselves are read"},
};

static const char *other_kind(const char *sop_class) {
  for (size_t i = 0; i < TOME_COUNT(others); i++) {
    const size_t n = strlen(others[i].sop_class);
    const bool family = others[i].sop_class[n - 1] == '.';
    if (family ? strncmp(sop_class, others[i].sop_class, n) == 0 : strcmp(sop_class, others[i].sop_class) == 0)
      return others[i].what;
  }
  return NULL;
}

/* No pixel data: a note, except where the header speaks of an image. */
static bool pass_over_empty(const job *j, tome_dicom_item *d, const tome_piece *t, tome_error *err) {
  int64_t rows = 0;
  if (tome_dcmtk_integer(d, 0x00280010, false, &rows) && rows > 0)
    return tome_pieces_pass_over(j->out, j->file.path, true, err,
                                 "describes an image of %lld rows, but holds no pixel data; the file "
                                 "may be cut short",
                                 (long long)rows);
  return tome_pieces_pass_over(j->out, j->file.path, false, err, "is DICOM, but no image (SOP class %s, modality %s)",
                               t->sop_class[0] ? t->sop_class : "unknown", t->modality[0] ? t->modality : "unknown");
}

/* ---- attributes that all frames share --- */

static bool read_texts(const job *j, tome_dicom_item *d, tome_piece *t, tome_error *err) {
  const struct {
    uint32_t tag;
    const char **to;
  } wanted[] = {
      {0x00080008, &t->image_type}, {0x00080016, &t->sop_class},   {0x00080018, &t->sop_uid},
      {0x00080060, &t->modality},   {0x0008103E, &t->description}, {0x0020000D, &t->study_uid},
      {0x0020000E, &t->series_uid}, {0x00200052, &t->frame_uid},
  };
  for (size_t i = 0; i < TOME_COUNT(wanted); i++)
    if (!tome_dcmtk_text(d, wanted[i].tag, &j->out->arena, wanted[i].to, err)) return false;
  return true;
}

static bool read_identity(const job *j, tome_dicom_item *d, tome_piece *t, tome_error *err) {
  static const struct {
    uint32_t tag;
    const char *name;
  } wanted[] = {{0x00100010, "PatientName"},
                {0x00100020, "PatientID"},
                {0x00100030, "PatientBirthDate"},
                {0x00080020, "StudyDate"}};
  tome_arena *a = &j->out->arena;
  for (size_t i = 0; i < TOME_COUNT(wanted); i++) {
    const char *value;
    if (!tome_dcmtk_text(d, wanted[i].tag, a, &value, err)) return false;
    if (!value[0]) continue;
    t->identity = tome_arena_printf(a, err, "%s%s=%s\n", t->identity, wanted[i].name, value);
    if (!t->identity) return false;
  }
  return true;
}

enum { OLD_PADDING = -2000 };

/* Scanners that wrote -2000 outside the circle they reconstruct often say nothing of it, or name another, lower value. */
static void old_padding(const tome_dicom_image *i, tome_piece *t) {
  if (strcmp(t->modality, "CT") != 0 || !i->is_signed || i->stored < 12) return;
  if (t->has_padding && t->padding_hi >= OLD_PADDING) return;
  if (!t->has_padding) t->padding_lo = OLD_PADDING;
  t->padding_hi = OLD_PADDING;
  t->has_padding = true;
}

static void read_padding(tome_dicom_item *d, const tome_dicom_image *i, tome_piece *t) {
  int64_t value, limit;
  if (!i->is_float && tome_dcmtk_integer(d, 0x00280120, i->is_signed, &value)) {
    if (!tome_dcmtk_integer(d, 0x00280121, i->is_signed, &limit)) limit = value;
    t->padding_lo = (double)(value < limit ? value : limit);
    t->padding_hi = (double)(value < limit ? limit : value);
    t->has_padding = true;
  }
  old_padding(i, t);
}

/* ---- the frames --- */

enum { SHARED_GROUPS = 0x52009229, FRAME_GROUPS = 0x52009230 };

static bool add_frame(const job *j, const tome_dicom_groups *g, const tome_piece *common, tome_error *err) {
  tome_piece p = *common;
  p.path = j->file.path;
  p.frame = g->index;
  tome_dicom_place(g, &p);
  tome_dicom_number(g, &p);
  if (!tome_dicom_rescale(g, &p, err)) return false;
  tome_dicom_locate(&j->file, g->index, &p);
  tome_piece *kept = tome_pieces_add(j->out, &tome_format_dicom, j->file.path, err);
  if (!kept) return false;
  p.path = kept->path;
  *kept = p;
  return true;
}

static bool add_frames(const job *j, tome_dicom_item *d, const tome_piece *common, tome_error *err) {
  tome_dicom_groups g = {
      .shared = tome_dcmtk_next(d, SHARED_GROUPS, NULL), .data_set = d, .many = j->file.image.frames > 1};
  for (; g.index < j->file.image.frames; g.index++) {
    if (g.index == 0 || g.frame) g.frame = tome_dcmtk_next(d, FRAME_GROUPS, g.frame);
    if (!add_frame(j, &g, common, err)) return false;
  }
  return true;
}

static bool add_image(job *j, tome_dicom_item *d, tome_piece *t, tome_error *err) {
  if (!j->file.layout.syntax)
    return tome_fail(err, TOME_UNSUPPORTED,
                     "%s: its transfer syntax %s is not read; convert it (dcmconv, gdcmconv) to explicit "
                     "little endian",
                     j->file.path, j->file.layout.syntax_uid);
  if (!tome_dicom_image_read(d, &j->file.layout, j->file.path, &j->file.image, err)) return false;
  if (!tome_dicom_check_pixels(&j->file, err)) return false;
  t->shape[0] = 1;
  t->shape[1] = j->file.image.rows;
  t->shape[2] = j->file.image.columns;
  t->channels = (int)j->file.image.samples;
  t->dtype = tome_dicom_image_dtype(&j->file.image);
  t->flags = tome_dicom_pack(&j->file.image);
  t->inverted =
      j->file.image.monochrome1 && strcmp(t->modality, "CT") != 0; /* what CT stores is HU, however it is shown */
  read_padding(d, &j->file.image, t);
  return read_identity(j, d, t, err) && add_frames(j, d, t, err);
}

static tome_piece neutral(void) {
  return (tome_piece){.format = &tome_format_dicom,
                      .channels = 1,
                      .slope = 1,
                      .tilt_tag = (double)NAN,
                      .name = "",
                      .note = "",
                      .geometry_note = "",
                      .instance = INT64_MIN,
                      .acquisition = INT64_MIN,
                      .temporal = INT64_MIN,
                      .identity = "",
                      .data_path = ""};
}

/* The data set is parsed: what is it? */
static bool use(void *ctx, tome_dicom_item *d, tome_error *err) {
  job *j = ctx;
  tome_piece t = neutral();
  if (!read_texts(j, d, &t, err)) return false;
  const char *other = other_kind(t.sop_class);
  if (!other && strcmp(t.modality, "SEG") == 0) other = others[0].what;
  if (other) return tome_pieces_pass_over(j->out, j->file.path, false, err, "is %s", other);
  return j->file.layout.pixels.tag ? add_image(j, d, &t, err) : pass_over_empty(j, d, &t, err);
}

static bool describe(job *j, tome_error *err) {
  if (!tome_dicom_file_open(j->file.path, &j->file, err)) return false;
  const char *other = other_kind(j->file.layout.media_class);
  if (other) return tome_pieces_pass_over(j->out, j->file.path, false, err, "is %s", other);
  /* of a file without pixels, which may be long, only what says what it is */
  const tome_dicom_layout *l = &j->file.layout;
  return tome_dicom_file_parse(&j->file, l->pixels.tag ? l->header_end : l->key_end, use, j, err);
}

bool tome_dicom_describe(const char *path, tome_pieces *out, tome_error *err) {
  TOME_CLEANUP(job_clear) job j = {.file = {.path = path, .source = {.fd = -1}}, .out = out};
  const size_t before = out->count;
  tome_error why = {0};
  if (describe(&j, &why)) return true;
  out->count = before; /* frames that were read before the fault was met */
  if (why.code == TOME_UNSUPPORTED)
    why.code = TOME_CORRUPT; /* no passing note: a volume without this image has a hole */
  return tome_pieces_pass_over_why(out, path, &why, err);
}
