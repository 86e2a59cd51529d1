/* JPEG through libjpeg-turbo, read only: gray and colour (as RGB). What comes out is only about what went in, so such a piece is `lossy`: no labels without a threshold.
 *
 * libjpeg reports errors by a call that must not return. It lands in guarded() and nowhere else. Data that libjpeg would make up (a file that is cut short goes on in
 * gray) is an error here. */
#include <stdio.h>
/* after stdio.h, which it does not include itself */
#include <jerror.h>
#include <jpeglib.h>
#include <limits.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "format/picture/picture.h"

extern const tome_format tome_format_jpeg;

/* 64 samples of each of three components cost a bit or two at the least; and a picture comes in no more scans than this. */
enum { MOST_BYTES_A_BYTE = 4096, MOST_SCANS = 200, EXIF = JPEG_APP0 + 1, MOST_MARKER = 0xffff };

static int probe(const uint8_t *head, size_t size, bool gzip, const char *name) {
  (void)name;
  return !gzip && size >= 4 && head[0] == 0xff && head[1] == 0xd8 && head[2] == 0xff ? 90 : 0;
}

/* One file being read. */
typedef struct reading {
  const char *path;
  FILE *file;
  struct jpeg_decompress_struct jpeg;
  struct jpeg_error_mgr errors;
  struct jpeg_progress_mgr progress;
  jmp_buf back;
  uint8_t *out;     /* for the pixels */
  size_t row_bytes; /* of out */
  tome_error *err;
} reading;

static tome_code code_of(int message) {
  switch (message) {
    case JERR_OUT_OF_MEMORY:
    case JERR_NO_BACKING_STORE:
      return TOME_NO_MEMORY;
    case JERR_BAD_PRECISION:
    case JERR_SOF_UNSUPPORTED:
    case JERR_ARITH_NOTIMPL:
    case JERR_CONVERSION_NOTIMPL:
      return TOME_UNSUPPORTED;
    default:
      return TOME_CORRUPT;
  }
}

static void on_error(j_common_ptr common) {
  reading *r = common->client_data;
  char text[JMSG_LENGTH_MAX];
  common->err->format_message(common, text);
  const tome_code code = code_of(common->err->msg_code);
  if (code == TOME_NO_MEMORY)
    tome_fail(r->err, code, "%s: needs more memory to decode than there is (%s)", r->path, text);
  else if (code == TOME_UNSUPPORTED)
    tome_fail(r->err, code, "%s: is a JPEG of a kind that is not read (%s); convert it to PNG", r->path, text);
  else
    tome_fail(r->err, code, "%s: is a damaged JPEG (%s); fetch the file again", r->path, text);
  longjmp(r->back, 1);
}

/* Warnings come with level -1. Most mean that libjpeg is about to make something up. */
static void on_message(j_common_ptr common, int level) {
  const int code = common->err->msg_code;
  const bool harmless = code == JWRN_EXTRANEOUS_DATA || code == JWRN_ADOBE_XFORM || code == JWRN_JFIF_MAJOR ||
                        code == JWRN_NOT_SEQUENTIAL;
  if (level < 0 && !harmless) on_error(common);
}

static void on_progress(j_common_ptr common) {
  reading *r = common->client_data;
  if (r->jpeg.input_scan_number <= MOST_SCANS) return;
  tome_fail(r->err, TOME_CORRUPT, "%s: is a JPEG of more than %d scans, made to keep readers busy", r->path,
            MOST_SCANS);
  longjmp(r->back, 1);
}

/* Runs one step; false where libjpeg jumped out of it. */
static bool guarded(reading *r, void (*step)(reading *)) {
  if (setjmp(r->back)) return false;
  step(r);
  return true;
}

static void finish(reading *r) {
  jpeg_destroy_decompress(&r->jpeg);
  if (r->file) fclose(r->file);
}

static void read_header(reading *r) {
  jpeg_create_decompress(&r->jpeg);
  r->jpeg.client_data = r;
  r->progress.progress_monitor = on_progress;
  r->jpeg.progress = &r->progress;
  const size_t limit = tome_alloc_limit();
  r->jpeg.mem->max_memory_to_use = limit < LONG_MAX ? (long)limit : LONG_MAX;
  jpeg_save_markers(&r->jpeg, EXIF, MOST_MARKER);
  jpeg_stdio_src(&r->jpeg, r->file);
  (void)jpeg_read_header(&r->jpeg, TRUE);
}

static void read_pixels(reading *r) {
  r->jpeg.out_color_space = r->jpeg.num_components == 1 ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_start_decompress(&r->jpeg);
  while (r->jpeg.output_scanline < r->jpeg.output_height) {
    JSAMPROW row = r->out + r->jpeg.output_scanline * r->row_bytes;
    jpeg_read_scanlines(&r->jpeg, &row, 1);
  }
  jpeg_finish_decompress(&r->jpeg);
}

/* Opens the file and reads its header. `r` is to be finished in any case. */
static bool start(reading *r, const char *path, tome_error *err) {
  *r = (reading){.path = path, .err = err};
  r->jpeg.err = jpeg_std_error(&r->errors);
  r->errors.error_exit = on_error;
  r->errors.emit_message = on_message;
  r->jpeg.client_data = r;
  if (!(r->file = tome_picture_open(path, err)) || !guarded(r, read_header)) return false;
  const int n = r->jpeg.num_components;
  if (n == 4)
    return tome_fail(err, TOME_UNSUPPORTED,
                     "%s: is a CMYK JPEG, made for printing: its colours depend on ink; convert it to RGB", path);
  if (n != 1 && n != 3)
    return tome_fail(err, TOME_UNSUPPORTED, "%s: is a JPEG of %d components; gray and colour are read", path, n);
  return tome_picture_check_size(path, r->jpeg.image_height, r->jpeg.image_width, (uint64_t)n, MOST_BYTES_A_BYTE, err);
}

/* ---- which way up, by Exif --- */

static unsigned exif_u16(const uint8_t *b, bool big) {
  return big ? (unsigned)b[0] << 8 | b[1] : (unsigned)b[1] << 8 | b[0];
}

/* Tag 0x0112 of the first directory of an Exif block; 1 (upright) where there is none. */
static unsigned exif_orientation(const uint8_t *data, size_t size) {
  enum { ORIENTATION = 0x0112, ENTRY = 12 };
  if (size < 14 || memcmp(data, "Exif\0\0", 6) != 0) return 1;
  data += 6, size -= 6;
  const bool big = data[0] == 'M';
  const size_t high = exif_u16(data + (big ? 4 : 6), big), low = exif_u16(data + (big ? 6 : 4), big);
  const size_t at = high << 16 | low;
  if (at > size - 2) return 1;
  const size_t count = exif_u16(data + at, big);
  for (size_t i = 0; i < count && at + 2 + (i + 1) * ENTRY <= size; i++) {
    const uint8_t *entry = data + at + 2 + i * ENTRY;
    if (exif_u16(entry, big) == ORIENTATION) return exif_u16(entry + 8, big);
  }
  return 1;
}

static bool note_orientation(const reading *r, tome_pieces *out, tome_piece *p, tome_error *err) {
  for (jpeg_saved_marker_ptr m = r->jpeg.marker_list; m; m = m->next) {
    const unsigned way = m->marker == EXIF ? exif_orientation(m->data, m->data_length) : 1;
    if (way >= 2 && way <= 8)
      return tome_picture_note(
          out, p, err, "Exif orientation %u, by which viewers turn it, was not applied: rows and columns are as stored",
          way);
  }
  return true;
}

static bool describe(const char *path, tome_pieces *out, tome_error *err) {
  tome_error why = {0};
  TOME_CLEANUP(finish) reading r;
  if (!start(&r, path, &why)) return tome_pieces_pass_over_why(out, path, &why, err);
  tome_piece *p = tome_pieces_add(out, &tome_format_jpeg, path, err);
  if (!p) return false;
  p->shape[TOME_Z] = 1;
  p->shape[TOME_Y] = r.jpeg.image_height;
  p->shape[TOME_X] = r.jpeg.image_width;
  p->channels = r.jpeg.num_components;
  p->dtype = TOME_U8;
  p->lossy = true;
  return note_orientation(&r, out, p, err);
}

static bool decode(const tome_piece *p, void *out, size_t out_bytes, tome_error *err) {
  if (!tome_piece_fits(p, out_bytes, err)) return false;
  TOME_CLEANUP(finish) reading r;
  if (!start(&r, p->path, err)) return false;
  if (r.jpeg.image_height != p->shape[TOME_Y] || r.jpeg.image_width != p->shape[TOME_X] ||
      r.jpeg.num_components != p->channels)
    return tome_fail(err, TOME_CORRUPT, "%s: changed while it was read", p->path);
  r.out = out;
  r.row_bytes = out_bytes / (size_t)p->shape[TOME_Y];
  return guarded(&r, read_pixels);
}

const tome_format tome_format_jpeg = {
    .name = "jpeg",
    .title = "JPEG pictures",
    .extensions = ".jpg .jpeg",
    .keeps = "8-bit gray and colour (as RGB), baseline and progressive",
    .loses =
        "exact values: as labels it needs --threshold. Exif (its orientation is noted, not applied) and colour "
        "profiles; CMYK is "
        "refused; has no spacing or position of its own",
    .probe = probe,
    .describe = describe,
    .decode = decode,
};
