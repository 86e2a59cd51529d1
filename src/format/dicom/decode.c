/* A frame's stored values: read or decompressed, then cut to the bits that count, sign-extended, in native order. */
#include <stdlib.h>
#include <string.h>

#include "format/dicom/image.h"
#include "format/dicom/j2k.h"
#include "format/dicom/rle.h"
#include "format/head.h"

/* ---- cells --- */

/* A cell's value: `left` bits above it go, `right` bits of room are given up, the sign follows. */
#define CUT(name, U, S)                                                                   \
  static void name(void *data, size_t n, unsigned left, unsigned right, bool is_signed) { \
    U *u = data;                                                                          \
    S *s = data;                                                                          \
    if (is_signed)                                                                        \
      for (size_t i = 0; i < n; i++) s[i] = (S)((S)(U)((U)s[i] << left) >> right);        \
    else                                                                                  \
      for (size_t i = 0; i < n; i++) u[i] = (U)((U)(u[i] << left) >> right);              \
  }
CUT(cut8, uint8_t, int8_t)
CUT(cut16, uint16_t, int16_t)
CUT(cut32, uint32_t, int32_t)

static void cut_cells(const tome_dicom_image *i, void *data, size_t n) {
  const unsigned left = i->allocated - 1 - i->high, right = i->allocated - i->stored;
  if (i->is_float || (left == 0 && right == 0)) return;
  if (i->allocated == 8) cut8(data, n, left, right, i->is_signed);
  if (i->allocated == 16) cut16(data, n, left, right, i->is_signed);
  if (i->allocated == 32) cut32(data, n, left, right, i->is_signed);
}

static size_t pixels_of(const tome_dicom_image *i) { return (size_t)i->rows * (size_t)i->columns; }

/* ---- colour --- */

/* Channel after channel becomes pixel after pixel. */
static bool interleave(const tome_dicom_image *i, void *data, tome_error *err) {
  const size_t pixels = pixels_of(i), size = i->allocated / 8, bytes = pixels * i->samples * size;
  TOME_AUTO_FREE uint8_t *planes = tome_alloc(bytes, 1, "colour planes", err);
  if (!planes) return false;
  memcpy(planes, data, bytes);
  uint8_t *out = data;
  for (size_t p = 0; p < pixels; p++)
    for (size_t c = 0; c < i->samples; c++, out += size) memcpy(out, planes + (c * pixels + p) * size, size);
  return true;
}

static uint8_t to_byte(double v) { return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v + 0.5); }

static void ybr_to_rgb(uint8_t *p, size_t pixels) {
  for (size_t k = 0; k < pixels; k++, p += 3) {
    const double y = p[0], b = p[1] - 128.0, r = p[2] - 128.0;
    p[0] = to_byte(y + 1.402 * r);
    p[1] = to_byte(y - 0.344136 * b - 0.714136 * r);
    p[2] = to_byte(y + 1.772 * b);
  }
}

/* ---- values that are not compressed --- */

/* 8-bit values that were written as big-endian words: each byte stands in its neighbour's place. */
static bool read_swapped(const tome_piece *p, uint8_t *out, size_t size, tome_error *err) {
  const uint64_t from = p->offset & ~(uint64_t)1;
  const size_t skip = (size_t)(p->offset - from), words = (skip + size + 1) & ~(size_t)1;
  TOME_AUTO_FREE uint8_t *raw = tome_alloc(words, 1, "pixel data", err);
  if (!raw || !tome_read_at(p->path, from, raw, words, err)) return false;
  for (size_t k = 0; k < size; k++) out[k] = raw[(skip + k) ^ 1];
  return true;
}

static bool read_deflated(const tome_piece *p, void *out, size_t size, tome_error *err) {
  TOME_CLEANUP(tome_dicom_close) tome_dicom_source s = {.fd = -1};
  tome_dicom_layout l;
  if (!tome_dicom_open(p->path, &s, err) || !tome_dicom_scan(&s, p->path, &l, err)) return false;
  if (tome_dicom_read(&s, p->offset, out, size)) return true;
  return tome_fail(err, TOME_CORRUPT, "%s: its pixel data are cut short; fetch the file again", p->path);
}

static bool read_native(const tome_piece *p, const tome_dicom_image *i, void *out, size_t size, tome_error *err) {
  if (i->syntax->codec == TOME_DICOM_DEFLATED) return read_deflated(p, out, size, err);
  if (i->swapped) return read_swapped(p, out, size, err);
  if (!tome_read_at(p->path, p->offset, out, size, err)) return false;
  if (i->syntax->codec == TOME_DICOM_BIG) tome_swap_bytes(out, pixels_of(i) * i->samples, i->allocated / 8);
  return true;
}

/* ---- JPEG's own header --- */

typedef struct jpeg_head {
  unsigned bits, rows, columns, samples;
} jpeg_head;

static bool is_frame_marker(uint8_t m) { /* SOF0 … SOF15 but for the three that are none, and JPEG-LS's */
  return (m >= 0xC0 && m <= 0xCF && m != 0xC4 && m != 0xC8 && m != 0xCC) || m == 0xF7;
}

/* What may stand before it: tables, application data, comments, JPEG-LS's parameters. Not the markers without a length, which make no sense
 * there, and of which one (01) makes dcmtk look at it for ever. */
static bool is_table_marker(uint8_t m) {
  return m == 0xC4 || m == 0xCC || m == 0xDB || m == 0xDD || (m >= 0xE0 && m <= 0xEF) || m == 0xF8 || m == 0xFE;
}

/* Reads the frame header that stands before any image data; false where there is none. */
static bool read_jpeg_head(const uint8_t *d, size_t size, jpeg_head *out) {
  if (size < 4 || d[0] != 0xFF || d[1] != 0xD8) return false;
  for (size_t at = 2; at + 4 <= size;) {
    if (d[at] != 0xFF) return false;
    const uint8_t m = d[at + 1];
    if (m == 0xFF) {
      at++;
      continue;
    }
    const size_t length = (size_t)d[at + 2] << 8 | d[at + 3];
    if (is_frame_marker(m)) {
      if (length < 8 || at + 10 > size) return false;
      *out =
          (jpeg_head){d[at + 4], (unsigned)d[at + 5] << 8 | d[at + 6], (unsigned)d[at + 7] << 8 | d[at + 8], d[at + 9]};
      return true;
    }
    if (length < 2 || !is_table_marker(m)) return false;
    at += 2 + length;
  }
  return false;
}

static bool check_jpeg(const tome_piece *p, const tome_dicom_image *i, const tome_bytes *data, jpeg_head *h,
                       tome_error *err) {
  if (!read_jpeg_head(data->data, data->size, h))
    return tome_fail(err, TOME_CORRUPT, "%s: the pixel data of frame %lld are not %s", p->path, (long long)p->frame,
                     i->syntax->name);
  if (h->rows != i->rows || h->columns != i->columns || h->samples != i->samples)
    return tome_fail(
        err, TOME_CORRUPT, "%s: the %s image is %u x %u with %u channels, the header says %lld x %lld with %u", p->path,
        i->syntax->name, h->rows, h->columns, h->samples, (long long)i->rows, (long long)i->columns, i->samples);
  if (h->bits < 2 || h->bits > 16 || h->bits > i->allocated)
    return tome_fail(err, TOME_CORRUPT, "%s: the %s image has %u bits a sample, the header allows %u", p->path,
                     i->syntax->name, h->bits, i->allocated);
  return true;
}

/* ---- values that are --- */

/* Spreads `n` values of `from` bytes to `to` bytes, in place, zeros on top. From the end, so that none is overwritten unread. */
static void widen(void *data, size_t n, size_t from, size_t to) {
  uint8_t *d = data;
  for (size_t k = n; k-- > 0;) {
    memmove(d + k * to, d + k * from, from);
    memset(d + k * to + from, 0, to - from);
  }
}

static const char *photometric(const tome_dicom_image *i) {
  static const char *const names[] = {"MONOCHROME2", "RGB", "YBR_FULL", "YBR_FULL_422"};
  return names[i->colour];
}

static bool decode_rle(const tome_piece *p, const tome_dicom_image *i, const tome_bytes *data, void *out,
                       tome_error *err) {
  const size_t pixels = pixels_of(i);
  if (!tome_rle_decode(data->data, data->size, pixels, i->samples, i->allocated / 8, out, p->path, err)) return false;
  cut_cells(i, out, pixels * i->samples);
  if (i->colour == TOME_DICOM_YBR && i->allocated == 8) ybr_to_rgb(out, pixels);
  return true;
}

/* JPEG and JPEG-LS give cells as the writer had them: cut like any others. Where the code has no more than the bits that are stored, they are
 * at the bottom, wherever the header puts them. */
static bool decode_jpeg(const tome_piece *p, tome_dicom_image *i, const tome_bytes *data, void *out, tome_error *err) {
  jpeg_head h = {0};
  if (!check_jpeg(p, i, data, &h, err)) return false;
  const unsigned bits = h.bits <= 8 ? 8 : 16;
  const tome_dicom_coded c = {i->syntax, (uint16_t)i->rows, (uint16_t)i->columns, (uint16_t)i->samples,
                              bits,      photometric(i)};
  const size_t n = pixels_of(i) * i->samples;
  if (!tome_dcmtk_decode(&c, data->data, data->size, out, n * (bits / 8), p->path, err)) return false;
  if (bits < i->allocated) widen(out, n, bits / 8, i->allocated / 8);
  if (h.bits <= i->stored) i->high = i->stored - 1;
  cut_cells(i, out, n);
  return true;
}

/* JPEG 2000 knows signs. Where the code stream and the header disagree, the bits are what was meant. */
static int64_t j2k_value(int32_t v, tome_j2k_got got, bool is_signed) {
  const unsigned spare = 32 - got.bits;
  if (is_signed) return got.is_signed ? v : (int32_t)((uint32_t)v << spare) >> spare;
  return (int64_t)((uint32_t)v << spare >> spare);
}

static void store(void *out, size_t k, unsigned allocated, int64_t v) {
  if (allocated == 8) ((uint8_t *)out)[k] = (uint8_t)v;
  if (allocated == 16) ((uint16_t *)out)[k] = (uint16_t)v;
  if (allocated == 32) ((uint32_t *)out)[k] = (uint32_t)v;
}

/* A lossy code may overshoot the bits that are stored: it stops at the last value there is, instead of turning over. */
static int64_t clamp(int64_t v, const tome_dicom_image *i) {
  const int64_t lo = i->is_signed ? -((int64_t)1 << (i->stored - 1)) : 0;
  const int64_t hi = ((int64_t)1 << (i->is_signed ? i->stored - 1 : i->stored)) - 1;
  return v < lo ? lo : v > hi ? hi : v;
}

static bool decode_j2k(const tome_piece *p, const tome_dicom_image *i, const tome_bytes *data, void *out,
                       tome_error *err) {
  const size_t n = pixels_of(i) * i->samples;
  TOME_AUTO_FREE int32_t *values = tome_alloc(n, sizeof *values, "JPEG 2000 samples", err);
  if (!values) return false;
  const tome_j2k_want want = {(uint32_t)i->rows, (uint32_t)i->columns, i->samples, i->allocated};
  tome_j2k_got got = {0};
  if (!tome_j2k_decode(data->data, data->size, &want, values, &got, p->path, err)) return false;
  const bool raw = got.bits > i->stored && !i->syntax->lossy; /* whole cells, with whatever stands above the high bit */
  for (size_t k = 0; k < n; k++) {
    const int64_t v = j2k_value(values[k], got, i->is_signed);
    store(out, k, i->allocated, raw ? v : clamp(v, i));
  }
  if (raw) cut_cells(i, out, n);
  return true;
}

/* ---- all of them --- */

static bool finish_native(const tome_dicom_image *i, void *out, tome_error *err) {
  cut_cells(i, out, pixels_of(i) * i->samples);
  if (i->planar && !interleave(i, out, err)) return false;
  if (i->colour == TOME_DICOM_YBR && i->allocated == 8) ybr_to_rgb(out, pixels_of(i));
  return true;
}

static bool decode_items(const tome_piece *p, const tome_dicom_image *i, const tome_bytes *data, void *out, size_t size,
                         tome_error *err) {
  if (data->size < size)
    return tome_fail(err, TOME_CORRUPT, "%s: frame %lld holds %zu of %zu bytes", p->path, (long long)p->frame,
                     data->size, size);
  memcpy(out, data->data, size);
  return finish_native(i, out, err);
}

static bool decode_coded(const tome_piece *p, tome_dicom_image *i, void *out, size_t size, tome_error *err) {
  TOME_CLEANUP(tome_dicom_close) tome_dicom_source s = {.fd = -1};
  TOME_CLEANUP(tome_bytes_clear) tome_bytes data = {0};
  if (!tome_dicom_open(p->path, &s, err)) return false;
  if (!tome_dicom_frame_bytes(&s, (tome_dicom_extent){p->offset, p->length}, p->path, &data, err)) return false;
  switch (i->syntax->codec) {
    case TOME_DICOM_J2K:
      return decode_j2k(p, i, &data, out, err);
    case TOME_DICOM_RLE:
      return decode_rle(p, i, &data, out, err);
    case TOME_DICOM_ENCAPSULATED:
      return decode_items(p, i, &data, out, size, err);
    default:
      return decode_jpeg(p, i, &data, out, err);
  }
}

bool tome_dicom_decode(const tome_piece *piece, void *out, size_t out_bytes, tome_error *err) {
  if (!tome_piece_fits(piece, out_bytes, err)) return false;
  tome_dicom_image i = tome_dicom_unpack(piece);
  const bool coded = i.syntax->codec >= TOME_DICOM_ENCAPSULATED;
  if (coded) return decode_coded(piece, &i, out, out_bytes, err);
  return read_native(piece, &i, out, out_bytes, err) && finish_native(&i, out, err);
}
