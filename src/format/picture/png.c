/* PNG through libpng: one slice a file, the samples as they are stored: no gamma, no scaling of 1, 2 and 4 bits, and of a palette image the
 * indices, because in a label stack the index is the label and the colour is only how it was shown; offered as an image it gives its colours.
 *
 * libpng reports errors by longjmp. It lands in guarded() and nowhere else. */
#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include "format/picture/picture.h"
#include "format/picture/png_plain.h"
#include "format/picture/png_write.h"

extern const tome_format tome_format_png;

enum { MOST_PIXELS_A_SIDE = 1000000, MOST_CHUNK = 8 << 20 };

static int probe(const uint8_t *head, size_t size, bool gzip, const char *name) {
  (void)name;
  return !gzip && size >= 8 && png_sig_cmp(head, 0, 8) == 0 ? 100 : 0;
}

/* One file being read. */
typedef struct reading {
  const char *path;
  FILE *file;
  png_structp png;
  png_infop info;
  uint8_t *out;     /* for the pixels */
  size_t row_bytes; /* of out */
  tome_error *err;
} reading;

static void on_error(png_structp png, png_const_charp text) {
  reading *r = png_get_error_ptr(png);
  tome_fail(r->err, TOME_CORRUPT, "%s: is a damaged PNG (%s); fetch the file again", r->path, text);
  png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp text) {
  (void)png;
  (void)text;
}

static void on_read(png_structp png, png_bytep out, size_t size) {
  reading *r = png_get_io_ptr(png);
  if (fread(out, 1, size, r->file) != size) png_error(png, "it is cut short");
}

/* Runs one step; false where libpng jumped out of it. */
static bool guarded(reading *r, void (*step)(reading *)) {
  if (setjmp(png_jmpbuf(r->png))) return false;
  step(r);
  return true;
}

static void finish(reading *r) {
  if (r->png) png_destroy_read_struct(&r->png, &r->info, NULL);
  if (r->file) fclose(r->file);
}

static void read_header(reading *r) {
  png_set_read_fn(r->png, r, on_read);
  png_set_user_limits(r->png, MOST_PIXELS_A_SIDE, MOST_PIXELS_A_SIDE);
  png_set_chunk_malloc_max(r->png, MOST_CHUNK);
  png_read_info(r->png, r->info);
}

static void read_pixels(reading *r) {
  png_set_packing(r->png); /* 1, 2 and 4 bits: a byte each, values untouched */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  if (png_get_bit_depth(r->png, r->info) == 16) png_set_swap(r->png);
#endif
  const int passes = png_set_interlace_handling(r->png);
  png_read_update_info(r->png, r->info);
  if (png_get_rowbytes(r->png, r->info) != r->row_bytes) png_error(r->png, "it changed while it was read");
  const png_uint_32 height = png_get_image_height(r->png, r->info);
  for (int pass = 0; pass < passes; pass++)
    for (png_uint_32 y = 0; y < height; y++) png_read_row(r->png, r->out + y * r->row_bytes, NULL);
  png_read_end(r->png, NULL);
}

/* Opens the file and reads up to its first pixels. `r` is to be finished in any case. */
static bool start(reading *r, const char *path, tome_error *err) {
  *r = (reading){.path = path, .err = err};
  if (!(r->file = tome_picture_open(path, err))) return false;
  r->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, r, on_error, on_warning);
  if (r->png) r->info = png_create_info_struct(r->png);
  if (!r->info) return tome_fail(err, TOME_NO_MEMORY, "%s: out of memory", path);
  return guarded(r, read_header);
}

/* So many pixels cannot come out of so few bytes: checked before anybody allocates for them. */
static bool check_size(const reading *r, tome_error *err) {
  uint64_t packed;
  if (!tome_file_size(r->path, &packed, err)) return false;
  const uint64_t height = png_get_image_height(r->png, r->info);
  if (tome_could_inflate(packed, height * png_get_rowbytes(r->png, r->info))) return true;
  return tome_fail(err, TOME_CORRUPT, "%s: %u x %u pixels cannot come from a file of %llu bytes", r->path,
                   png_get_image_height(r->png, r->info), png_get_image_width(r->png, r->info),
                   (unsigned long long)packed);
}

/* Colours and, where there are any, their opacity. */
static bool take_palette(const reading *r, tome_pieces *out, tome_piece *p, tome_error *err) {
  png_colorp colours = NULL;
  png_bytep alpha = NULL;
  int count = 0, transparent = 0;
  if (png_get_color_type(r->png, r->info) != PNG_COLOR_TYPE_PALETTE) return true;
  if (!png_get_PLTE(r->png, r->info, &colours, &count)) return true;
  if (!png_get_tRNS(r->png, r->info, &alpha, &transparent, NULL)) transparent = 0;
  tome_palette palette = {.count = count < TOME_PALETTE_MOST ? count : TOME_PALETTE_MOST};
  for (int i = 0; i < palette.count; i++) {
    const png_color *c = &colours[i];
    const uint8_t entry[4] = {c->red, c->green, c->blue, i < transparent ? alpha[i] : 255};
    memcpy(palette.colour[i], entry, sizeof entry);
  }
  return tome_picture_palette(out, p, &palette, err);
}

/* From the first bytes, where they say all there is to know; *done is false where libpng is to look. */
static bool describe_plain(const char *path, tome_pieces *out, bool *done, tome_error *err) {
  tome_head head;
  tome_png_header h;
  uint64_t packed;
  tome_error why = {0};
  *done = tome_file_head(path, head.bytes, sizeof head.bytes, &head.size, &why) &&
          tome_png_plain_header(head.bytes, head.size, &h) && !h.palette && h.height <= MOST_PIXELS_A_SIDE &&
          h.width <= MOST_PIXELS_A_SIDE && tome_file_size(path, &packed, &why) &&
          tome_could_inflate(packed, (uint64_t)(h.height * ((h.width * h.samples * h.depth + 7) / 8)));
  if (!*done) return true;
  tome_piece *p = tome_pieces_add(out, &tome_format_png, path, err);
  if (!p) return false;
  p->shape[TOME_Z] = 1;
  p->shape[TOME_Y] = h.height;
  p->shape[TOME_X] = h.width;
  p->channels = h.samples;
  p->dtype = h.depth == 16 ? TOME_U16 : TOME_U8;
  return true;
}

static bool describe(const char *path, tome_pieces *out, tome_error *err) {
  tome_error why = {0};
  bool done;
  if (!describe_plain(path, out, &done, err) || done) return done;
  TOME_CLEANUP(finish) reading r;
  if (!start(&r, path, &why) || !check_size(&r, &why)) return tome_pieces_pass_over_why(out, path, &why, err);
  tome_piece *p = tome_pieces_add(out, &tome_format_png, path, err);
  if (!p) return false;
  p->shape[TOME_Z] = 1;
  p->shape[TOME_Y] = png_get_image_height(r.png, r.info);
  p->shape[TOME_X] = png_get_image_width(r.png, r.info);
  p->channels = png_get_channels(r.png, r.info);
  p->dtype = png_get_bit_depth(r.png, r.info) == 16 ? TOME_U16 : TOME_U8;
  return take_palette(&r, out, p, err);
}

static bool decode(const tome_piece *p, void *out, size_t out_bytes, tome_error *err) {
  if (!tome_piece_fits(p, out_bytes, err)) return false;
  if (tome_png_plain(p, out, out_bytes)) {
    tome_picture_finish(p, out);
    return true;
  }
  TOME_CLEANUP(finish) reading r;
  if (!start(&r, p->path, err)) return false;
  if (png_get_image_height(r.png, r.info) != p->shape[TOME_Y])
    return tome_fail(err, TOME_CORRUPT, "%s: changed while it was read", p->path);
  r.out = out;
  r.row_bytes = (size_t)p->shape[TOME_X] * (p->palette ? 1 : (size_t)p->channels) * tome_dtype_size(p->dtype);
  if (!guarded(&r, read_pixels)) return false;
  tome_picture_finish(p, out);
  return true;
}

static bool wants_name(const char *name) { return tome_ends_in(name, ".png"); }

const tome_format tome_format_png = {
    .name = "png",
    .title = "PNG slices",
    .extensions = ".png",
    .keeps =
        "samples of 1 to 16 bits; gray+alpha, RGB and RGBA as channels; of palettes as labels the indices, as an image "
        "the colours",
    .loses = "gamma and colour profiles, a colour that stands for transparent; has no spacing or position of its own",
    .probe = probe,
    .describe = describe,
    .decode = decode,
    .flat = true,
    .types = (const tome_dtype[]){TOME_U8, TOME_U16, TOME_NONE},
    .usual_ending = ".png",
    .write = tome_png_write,
    .wants_name = wants_name,
    .keeps_comment = true,
};
