/* The image pixel attributes: sizes, bits, colour, and whether they make sense together. */
#include "format/dicom/image.h"

#include <string.h>

enum {
  SAMPLES = 0x00280002,
  PHOTOMETRIC = 0x00280004,
  PLANAR = 0x00280006,
  FRAMES = 0x00280008,
  ROWS = 0x00280010,
  COLUMNS = 0x00280011,
  ALLOCATED = 0x00280100,
  STORED = 0x00280101,
  HIGH = 0x00280102,
  REPRESENTATION = 0x00280103
};

enum { FRAMES_MOST = 100000 }; /* bounds what a small file of tiny frames can make of the list of pieces */

static int64_t integer_or(tome_dicom_item *item, uint32_t tag, int64_t absent) {
  int64_t v;
  return tome_dcmtk_integer(item, tag, false, &v) ? v : absent;
}

static bool check_size(const tome_dicom_image *i, int64_t samples, const char *path, tome_error *err) {
  if (i->rows < 1 || i->columns < 1 || i->rows > UINT16_MAX || i->columns > UINT16_MAX)
    return tome_fail(err, TOME_CORRUPT, "%s: holds pixel data, but %lld rows and %lld columns are no image", path,
                     (long long)i->rows, (long long)i->columns);
  if (samples != 1 && samples != 3)
    return tome_fail(err, TOME_UNSUPPORTED, "%s: has %lld samples a pixel; 1 and 3 are read", path, (long long)samples);
  if (i->frames < 1 || i->frames > FRAMES_MOST)
    return tome_fail(err, TOME_CORRUPT, "%s: says it has %lld frames; 1 to %d can be read", path, (long long)i->frames,
                     FRAMES_MOST);
  return true;
}

/* Native frames of 1-bit pixels are segmentations and overlays; 12-bit packed ones went out with ACR-NEMA. */
static bool check_bits(tome_dicom_image *i, int64_t allocated, int64_t stored, int64_t high, const char *path,
                       tome_error *err) {
  const bool known =
      i->is_float ? allocated == 32 || allocated == 64 : allocated == 8 || allocated == 16 || allocated == 32;
  if (!known)
    return tome_fail(err, TOME_UNSUPPORTED, "%s: has %lld bits allocated a sample; 8, 16 and 32 are read", path,
                     (long long)allocated);
  if (stored < 1 || stored > allocated || high < stored - 1 || high >= allocated)
    return tome_fail(err, TOME_CORRUPT, "%s: %lld bits stored with high bit %lld do not fit into %lld bits allocated",
                     path, (long long)stored, (long long)high, (long long)allocated);
  i->allocated = (unsigned)allocated;
  i->stored = (unsigned)stored;
  i->high = (unsigned)high;
  return true;
}

static bool read_bits(tome_dicom_item *d, tome_dicom_image *i, const char *path, tome_error *err) {
  const int64_t allocated = integer_or(d, ALLOCATED, 0);
  if (i->is_float) return check_bits(i, allocated, allocated, allocated - 1, path, err);
  const int64_t stored = integer_or(d, STORED, allocated);
  i->is_signed = integer_or(d, REPRESENTATION, 0) == 1;
  return check_bits(i, allocated, stored, integer_or(d, HIGH, stored - 1), path, err);
}

static bool read_colour(tome_dicom_item *d, tome_dicom_image *i, const char *path, tome_error *err) {
  TOME_CLEANUP(tome_arena_clear) tome_arena a = {0};
  const char *text;
  if (!tome_dcmtk_text(d, PHOTOMETRIC, &a, &text, err)) return false;
  i->monochrome1 = strcmp(text, "MONOCHROME1") == 0;
  if (i->samples == 1) return true;
  const tome_dicom_codec codec = i->syntax->codec;
  i->colour = strncmp(text, "YBR_FULL_4", 10) == 0 ? TOME_DICOM_YBR_422
              : strcmp(text, "YBR_FULL") == 0      ? TOME_DICOM_YBR
                                                   : TOME_DICOM_RGB;
  i->planar = codec <= TOME_DICOM_ENCAPSULATED && integer_or(d, PLANAR, 0) == 1;
  if (i->colour == TOME_DICOM_YBR_422 && codec <= TOME_DICOM_RLE)
    return tome_fail(err, TOME_UNSUPPORTED, "%s: is a colour image in %s without compression, which is not read", path,
                     text);
  return true;
}

bool tome_dicom_image_read(tome_dicom_item *d, const tome_dicom_layout *l, const char *path, tome_dicom_image *out,
                           tome_error *err) {
  tome_dicom_image i = {.syntax = l->syntax, .is_float = l->pixels.tag != 0x7FE00010};
  i.rows = integer_or(d, ROWS, 0);
  i.columns = integer_or(d, COLUMNS, 0);
  i.frames = integer_or(d, FRAMES, 1);
  if (i.frames == 0) i.frames = 1; /* some writers of single images say 0 */
  const int64_t samples = integer_or(d, SAMPLES, 1);
  if (!check_size(&i, samples, path, err)) return false;
  i.samples = (unsigned)samples;
  if (!read_bits(d, &i, path, err) || !read_colour(d, &i, path, err)) return false;
  i.swapped = l->coding.big && i.allocated == 8 && strcmp(l->pixels.vr, "OW") == 0;
  *out = i;
  return true;
}

tome_dtype tome_dicom_image_dtype(const tome_dicom_image *i) {
  if (i->is_float) return i->allocated == 64 ? TOME_F64 : TOME_F32;
  switch (i->allocated) {
    case 8:
      return i->is_signed ? TOME_I8 : TOME_U8;
    case 16:
      return i->is_signed ? TOME_I16 : TOME_U16;
    default:
      return i->is_signed ? TOME_I32 : TOME_U32;
  }
}

uint64_t tome_dicom_frame_size(const tome_dicom_image *i) {
  return (uint64_t)i->rows * (uint64_t)i->columns * i->samples * (i->allocated / 8); /* below 2^16 * 2^16 * 3 * 8 */
}

uint32_t tome_dicom_pack(const tome_dicom_image *i) {
  return (uint32_t)(i->syntax - tome_dicom_syntaxes) | (i->stored - 1) << 5 | i->high << 11 |
         (uint32_t)i->planar << 17 | (uint32_t)i->swapped << 18 | (uint32_t)i->colour << 19;
}

tome_dicom_image tome_dicom_unpack(const tome_piece *p) {
  const uint32_t f = p->flags;
  const unsigned allocated = (unsigned)tome_dtype_size(p->dtype) * 8;
  return (tome_dicom_image){
      .syntax = &tome_dicom_syntaxes[f & 31],
      .rows = p->shape[1],
      .columns = p->shape[2],
      .frames = 1,
      .samples = (unsigned)p->channels,
      .allocated = allocated,
      .stored = (f >> 5 & 63) + 1,
      .high = f >> 11 & 63,
      .is_signed = tome_dtype_is_signed(p->dtype),
      .is_float = tome_dtype_is_float(p->dtype),
      .planar = f >> 17 & 1,
      .swapped = f >> 18 & 1,
      .colour = (tome_dicom_colour)(f >> 19 & 3),
  };
}
