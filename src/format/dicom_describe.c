/* From a DICOM file's header to its pieces, one a frame; or to the sentence that says why there are none. Pixels stay on disk. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "format/dicom.h"
#include "format/dicom_image.h"
#include "format/head.h"

typedef struct job {
  const char *path;
  tome_dicom_source source;
  tome_dicom_layout layout;
  tome_pieces *out;
  tome_dicom_image image;
  tome_dicom_extent *extents; /* of the frames; owned */
} job;

static void job_clear(job *j) {
  tome_dicom_close(&j->source);
  free(j->extents);
}

/* ---- what is no image --- */

#define STORAGE "1.2.840.10008.5.1.4.1.1."

/* By the beginning of the SOP class; an entry that ends in '.' stands for a family. */
static const struct {
  const char *sop_class, *what;
} others[] = {
    {STORAGE "66.4", "a segmentation object (SEG), which this build does not read yet"},
    {STORAGE "66.7", "a label map segmentation (SEG), which this build does not read yet"},
    {STORAGE "66.", "a registration or surface object, not an image"},
    {STORAGE "66", "raw data, not an image"},
    {STORAGE "67", "a real world value mapping, not an image"},
    {STORAGE "88.59", "a key object selection, not an image"},
    {STORAGE "88.", "a structured report, not an image"},
    {STORAGE "11.", "a presentation state, not an image"},
    {STORAGE "9.", "a waveform, not an image"},
    {STORAGE "104.", "an encapsulated document, not an image"},
    {STORAGE "481.3", "a radiotherapy structure set (RTSTRUCT), which this build does not read yet"},
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
    return tome_pieces_pass_over(j->out, j->path, true, err,
                                 "describes an image of %lld rows, but holds no pixel data; the file "
                                 "may be cut short",
                                 (long long)rows);
  return tome_pieces_pass_over(j->out, j->path, false, err, "is DICOM, but no image (SOP class %s, modality %s)",
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

/* ---- are the pixels there? --- */

static bool check_native(const job *j, uint64_t frame, tome_error *err) {
  const tome_dicom_element *e = &j->layout.pixels;
  const uint64_t need = frame * (uint64_t)j->image.frames, rest = j->source.size - e->value;
  if (e->undefined)
    return tome_fail(err, TOME_CORRUPT,
                     "%s: its pixel data are compressed, but its transfer syntax (%s) says they are not", j->path,
                     j->image.syntax->name);
  if (e->length < need)
    return tome_fail(err, TOME_CORRUPT,
                     "%s: %lld frames of %lld x %lld need %llu bytes of pixel data, but it holds %llu", j->path,
                     (long long)j->image.frames, (long long)j->image.rows, (long long)j->image.columns,
                     (unsigned long long)need, (unsigned long long)e->length);
  if (rest < need)
    return tome_fail(err, TOME_CORRUPT,
                     "%s: the file is cut short: %llu of %llu bytes of pixel data are there; fetch it again", j->path,
                     (unsigned long long)rest, (unsigned long long)need);
  return true;
}

enum { LARGE = 64 << 20, RATIO = 10000 }; /* no codec makes so much of so little: a header that says so is damaged */

static bool check_coded(job *j, uint64_t frame, tome_error *err) {
  const size_t frames = (size_t)j->image.frames;
  if (!j->layout.pixels.undefined)
    return tome_fail(err, TOME_CORRUPT, "%s: its transfer syntax (%s) is a compressed one, but its pixel data are not",
                     j->path, j->image.syntax->name);
  j->extents = tome_alloc(frames, sizeof *j->extents, "frames", err);
  if (!j->extents || !tome_dicom_frames(&j->source, &j->layout, j->path, frames, j->extents, err)) return false;
  for (size_t i = 0; i < frames; i++)
    if (frame > LARGE && frame / RATIO > j->extents[i].length)
      return tome_fail(err, TOME_CORRUPT, "%s: frame %zu is said to hold %llu bytes, compressed to %llu", j->path, i,
                       (unsigned long long)frame, (unsigned long long)j->extents[i].length);
  return true;
}

static bool is_coded(const job *j) { return j->image.syntax->codec >= TOME_DICOM_ENCAPSULATED; }

static void locate(const job *j, int64_t frame, tome_piece *p) {
  const uint64_t bytes = tome_dicom_frame_size(&j->image);
  p->offset = is_coded(j) ? j->extents[frame].offset : j->layout.pixels.value + (uint64_t)frame * bytes;
  p->length = is_coded(j) ? j->extents[frame].length : bytes;
}

/* ---- the frames --- */

enum { SHARED_GROUPS = 0x52009229, FRAME_GROUPS = 0x52009230 };

static bool add_frame(const job *j, const tome_dicom_groups *g, const tome_piece *common, tome_error *err) {
  tome_piece p = *common;
  p.path = j->path;
  p.frame = g->index;
  tome_dicom_place(g, &p);
  tome_dicom_number(g, &p);
  if (!tome_dicom_rescale(g, &p, err)) return false;
  locate(j, g->index, &p);
  tome_piece *kept = tome_pieces_add(j->out, &tome_format_dicom, j->path, err);
  if (!kept) return false;
  p.path = kept->path;
  *kept = p;
  return true;
}

static bool add_frames(const job *j, tome_dicom_item *d, const tome_piece *common, tome_error *err) {
  tome_dicom_groups g = {.shared = tome_dcmtk_next(d, SHARED_GROUPS, NULL), .data_set = d, .many = j->image.frames > 1};
  for (; g.index < j->image.frames; g.index++) {
    if (g.index == 0 || g.frame) g.frame = tome_dcmtk_next(d, FRAME_GROUPS, g.frame);
    if (!add_frame(j, &g, common, err)) return false;
  }
  return true;
}

static bool add_image(job *j, tome_dicom_item *d, tome_piece *t, tome_error *err) {
  if (!j->layout.syntax)
    return tome_fail(err, TOME_UNSUPPORTED,
                     "%s: its transfer syntax %s is not read; convert it (dcmconv, gdcmconv) to explicit "
                     "little endian",
                     j->path, j->layout.syntax_uid);
  if (!tome_dicom_image_read(d, &j->layout, j->path, &j->image, err)) return false;
  const uint64_t bytes = tome_dicom_frame_size(&j->image);
  if (is_coded(j) ? !check_coded(j, bytes, err) : !check_native(j, bytes, err)) return false;
  t->shape[0] = 1;
  t->shape[1] = j->image.rows;
  t->shape[2] = j->image.columns;
  t->channels = (int)j->image.samples;
  t->dtype = tome_dicom_image_dtype(&j->image);
  t->flags = tome_dicom_pack(&j->image);
  t->inverted = j->image.monochrome1 && strcmp(t->modality, "CT") != 0; /* what CT stores is HU, however it is shown */
  read_padding(d, &j->image, t);
  return read_identity(j, d, t, err) && add_frames(j, d, t, err);
}

static tome_piece neutral(void) {
  return (tome_piece){.format = &tome_format_dicom,
                      .channels = 1,
                      .slope = 1,
                      .tilt_tag = (double)NAN,
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
  if (other) return tome_pieces_pass_over(j->out, j->path, false, err, "is %s", other);
  return j->layout.pixels.tag ? add_image(j, d, &t, err) : pass_over_empty(j, d, &t, err);
}

enum { HEADER_MOST = 256 << 20 };

/* Parses the header, and nothing after it. Of a file without pixels, which may be long, only what says what it is. */
static bool parse(job *j, tome_error *err) {
  const tome_dicom_layout *l = &j->layout;
  const uint64_t size = (l->pixels.tag ? l->header_end : l->key_end) - l->data_set;
  if (size > HEADER_MOST)
    return tome_fail(err, TOME_UNSUPPORTED, "%s: its header has %llu bytes; at most %d are read", j->path,
                     (unsigned long long)size, HEADER_MOST);
  TOME_AUTO_FREE uint8_t *header = tome_alloc((size_t)size, 1, "DICOM header", err);
  if (!header) return false;
  if (!tome_dicom_read(&j->source, l->data_set, header, (size_t)size))
    return tome_fail(err, TOME_IO, "%s: cannot be read", j->path);
  return tome_dcmtk_parse(header, (size_t)size, l->coding, j->path, use, j, err);
}

static bool describe(job *j, tome_error *err) {
  if (!tome_dicom_open(j->path, &j->source, err)) return false;
  if (!tome_dicom_scan(&j->source, j->path, &j->layout, err)) return false;
  const char *other = other_kind(j->layout.media_class);
  if (other) return tome_pieces_pass_over(j->out, j->path, false, err, "is %s", other);
  return parse(j, err);
}

bool tome_dicom_describe(const char *path, tome_pieces *out, tome_error *err) {
  TOME_CLEANUP(job_clear) job j = {.path = path, .source = {.fd = -1}, .out = out};
  const size_t before = out->count;
  tome_error why = {0};
  if (describe(&j, &why)) return true;
  out->count = before; /* frames that were read before the fault was met */
  if (why.code == TOME_UNSUPPORTED)
    why.code = TOME_CORRUPT; /* no passing note: a volume without this image has a hole */
  return tome_pieces_pass_over_why(out, path, &why, err);
}
