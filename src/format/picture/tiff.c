/* TIFF through libtiff: each page is a 2-D piece, numbered by `frame` from 0, so that the pages of one file stack as slices in their order and are decoded on all cores. The piece's
 * offset is its directory's, so that no page has to be looked for from the first one on. Thumbnails and masks of pages are passed over. */
#include "format/picture/tiff.h"

#include <stdlib.h>
#include <string.h>

extern const tome_format tome_format_tiff;

enum {
  HIDDEN = 1
}; /* tome_piece.flags: a page without a directory; the offset is that of its pixels, length 1: their bytes are swapped */
enum { BYTES_OF_A_DIRECTORY = 2 + 3 * 12 + 4 }; /* at the least: width, height, where the pixels are */

static int probe(const uint8_t *head, size_t size, bool gzip, const char *name) {
  static const char marks[][5] = {"II*\0", "MM\0*", "II+\0", "MM\0+"};
  (void)name;
  for (size_t i = 0; !gzip && size >= 8 && i < TOME_COUNT(marks); i++)
    if (memcmp(head, marks[i], 4) == 0) return 80;
  return 0;
}

/* ---- opening --- */

static int on_error(TIFF *tif, void *user, const char *module, const char *format, va_list args) {
  tome_tiff *t = user;
  (void)tif, (void)module;
  if (!t->why[0]) vsnprintf(t->why, sizeof t->why, format, args);
  return 1; /* not passed on to libtiff's global handler, which prints */
}

static int on_warning(TIFF *tif, void *user, const char *module, const char *format, va_list args) {
  tome_tiff *t = user;
  char text[300];
  (void)tif, (void)module;
  vsnprintf(text, sizeof text, format, args);
  if (strcasestr(text, "ColorMap")) t->palette_lost = true;
  return 1;
}

static void free_options(TIFFOpenOptions **o) {
  if (*o) TIFFOpenOptionsFree(*o);
}

bool tome_tiff_open(tome_tiff *t, const char *path, tome_error *err) {
  *t = (tome_tiff){.path = path};
  uint8_t first;
  size_t got; /* refuses what is no regular file */
  if (!tome_file_head(path, &first, 1, &got, err)) return false;
  TOME_CLEANUP(free_options) TIFFOpenOptions *options = TIFFOpenOptionsAlloc();
  if (!options) return tome_fail(err, TOME_NO_MEMORY, "%s: out of memory", path);
  TIFFOpenOptionsSetErrorHandlerExtR(options, on_error, t);
  TIFFOpenOptionsSetWarningHandlerExtR(options, on_warning, t);
  TIFFOpenOptionsSetMaxSingleMemAlloc(options, (tmsize_t)tome_alloc_limit());
  t->tif = TIFFOpenExt(
      path, "rmO",
      options); /* m: no mapping (a file cut while it is read would kill us); O: block tables piece by piece */
  return t->tif || tome_tiff_damaged(t, err);
}

void tome_tiff_close(tome_tiff *t) {
  if (t->tif) TIFFClose(t->tif);
  t->tif = NULL;
}

bool tome_tiff_damaged(const tome_tiff *t, tome_error *err) {
  return tome_fail(err, TOME_CORRUPT, "%s: is a damaged TIFF (%s); fetch the file again", t->path,
                   t->why[0] ? t->why : "it contradicts itself");
}

/* ---- pages --- */

static bool add_page(tome_tiff *t, size_t frame, tome_pieces *out, tome_error *why, tome_error *err) {
  tome_tiff_page page;
  tome_palette palette;
  if (!tome_tiff_read_page(t, &page, why)) return false;
  tome_piece *p = tome_pieces_add(out, &tome_format_tiff, t->path, err);
  if (!p) return false;
  p->frame = (int64_t)frame;
  p->shape[TOME_Z] = 1;
  p->shape[TOME_Y] = page.height;
  p->shape[TOME_X] = page.width;
  p->channels = page.samples;
  p->dtype = page.dtype;
  p->offset = TIFFCurrentDirOffset(t->tif);
  p->lossy = page.compression == COMPRESSION_JPEG;
  p->inverted = page.photometric == PHOTOMETRIC_MINISWHITE && !page.turn;
  if (page.turn &&
      !tome_picture_note(out, p, err, "0 is white in the file (MINISWHITE); it was turned, so that 0 is black"))
    return false;
  tome_tiff_palette(t, &page, &palette);
  if (palette.count && !tome_picture_palette(out, p, &palette, err)) return false;
  return frame > 0 || tome_tiff_note(t, out, p, err);
}

/* A smaller copy of another page, or its transparency. */
static bool is_secondary(const tome_tiff *t) {
  uint32_t kind = 0;
  return TIFFGetField(t->tif, TIFFTAG_SUBFILETYPE, &kind) && kind & (FILETYPE_REDUCEDIMAGE | FILETYPE_MASK);
}

/* Puts the page's number, from 1, behind the path of a sentence, where there is more than one. Returns false. */
static bool name_page(const tome_tiff *t, size_t page, tome_error *why) {
  const size_t n = strlen(t->path) + 2;
  if (page < 2 || strlen(why->message) < n) return false;
  const tome_error plain = *why;
  *why = (tome_error){0};
  return tome_fail(why, plain.code, "%s: page %zu: %s", t->path, page, plain.message + n);
}

/* The pages that follow the only one with a directory, at `begin`. */
static bool add_hidden(tome_tiff *t, size_t hidden, tome_pieces *out, tome_error *err) {
  const size_t bytes = tome_piece_bytes(&out->items[out->count - 1]);
  const uint64_t begin = TIFFGetStrileOffset(t->tif, 0);
  for (size_t i = 1; i < hidden; i++) {
    const tome_piece first = out->items[out->count - 1];
    tome_piece *p = tome_pieces_add(out, &tome_format_tiff, t->path, err);
    if (!p) return false;
    memcpy(p->shape, first.shape, sizeof p->shape);
    p->channels = first.channels, p->dtype = first.dtype, p->palette = first.palette, p->inverted = first.inverted;
    p->frame = (int64_t)i;
    p->offset = begin + i * bytes;
    p->flags = HIDDEN;
    p->length = TIFFIsByteSwapped(t->tif) != 0;
  }
  return true;
}

/* True where they can be: whole bytes, uncompressed, in one run, all there. */
static bool check_hidden(tome_tiff *t, size_t hidden, const tome_piece *p, tome_error *why) {
  tome_tiff_page page;
  uint64_t size, end = 0;
  if (!tome_tiff_read_page(t, &page, why) || !tome_file_size(t->path, &size, why)) return false;
  const uint64_t begin = TIFFGetStrileOffset(t->tif, 0);
  const bool plain = page.compression == COMPRESSION_NONE && page.bits >= 8 && page.block_height == page.height &&
                     !page.tiled && !page.planar && !page.turn;
  if (plain && !__builtin_mul_overflow(hidden, tome_piece_bytes(p), &end) && size >= begin && size - begin >= end)
    return true;
  return tome_fail(why, TOME_CORRUPT,
                   "%s: ImageJ says that it holds %zu pictures, but only one of them is in it; save it again", t->path,
                   hidden);
}

/* All pages; false with `why` (the file's fault) or err. */
static bool add_pages(tome_tiff *t, tome_pieces *out, tome_error *why, tome_error *err) {
  uint64_t size;
  if (!tome_file_size(t->path, &size, why)) return false;
  size_t pages = 0, passed = 0, first = out->count;
  for (;; t->why[0] = '\0') {
    if ((pages + passed) * BYTES_OF_A_DIRECTORY > size) return tome_tiff_damaged(t, why);
    if (pages && is_secondary(t))
      passed++;
    else if (!add_page(t, pages++, out, why, err))
      return name_page(t, pages, why);
    if (TIFFLastDirectory(t->tif)) break;
    if (!TIFFReadDirectory(t->tif)) return tome_tiff_damaged(t, why);
  }
  if (passed &&
      !tome_picture_note(out, &out->items[first], err, "%zu smaller copies or masks of pages were passed over", passed))
    return false;
  const size_t hidden = pages == 1 && !passed ? tome_tiff_hidden_pages(t) : 1;
  if (hidden > 1 && !check_hidden(t, hidden, &out->items[first], why)) return false;
  if (pages + hidden > 2 && !tome_tiff_check_order(t, pages + hidden - 1, why)) return false;
  return hidden == 1 || add_hidden(t, hidden, out, err);
}

static bool read_hidden(const tome_piece *p, void *out, size_t bytes, tome_error *err) {
  const size_t element = tome_dtype_size(p->dtype);
  const size_t stored = p->coloured ? bytes / (size_t)p->channels : bytes;
  if (!tome_read_at(p->path, p->offset, out, stored, err)) return false;
  if (p->length) tome_swap_bytes(out, stored / element, element);
  tome_picture_finish(p, out);
  return true;
}

static bool describe(const char *path, tome_pieces *out, tome_error *err) {
  tome_error why = {0}, fatal = {0};
  TOME_CLEANUP(tome_tiff_close) tome_tiff t;
  const size_t before = out->count;
  if (tome_tiff_open(&t, path, &why) && add_pages(&t, out, &why, &fatal)) return true;
  if (fatal.code) return tome_fail(err, fatal.code, "%s", fatal.message);
  out->count = before;
  return tome_pieces_pass_over_why(out, path, &why, err);
}

static bool decode(const tome_piece *p, void *out, size_t out_bytes, tome_error *err) {
  if (!tome_piece_fits(p, out_bytes, err)) return false;
  if (p->flags & HIDDEN) return read_hidden(p, out, out_bytes, err);
  TOME_CLEANUP(tome_tiff_close) tome_tiff t;
  tome_tiff_page page;
  if (!tome_tiff_open(&t, p->path, err)) return false;
  if (TIFFCurrentDirOffset(t.tif) != p->offset && !TIFFSetSubDirectory(t.tif, p->offset))
    return tome_tiff_damaged(&t, err);
  t.why[0] = '\0';
  if (!tome_tiff_read_page(&t, &page, err)) return false;
  if (page.height != p->shape[TOME_Y] || page.width != p->shape[TOME_X] || page.dtype != p->dtype ||
      (p->coloured ? 1 : p->channels) != page.samples)
    return tome_fail(err, TOME_CORRUPT, "%s: changed while it was read", p->path);
  if (!tome_tiff_read_pixels(&t, &page, out, err)) return false;
  tome_picture_finish(p, out);
  return true;
}

static bool wants_name(const char *name) { return tome_ends_in(name, ".tif") || tome_ends_in(name, ".tiff"); }

const tome_format tome_format_tiff = {
    .name = "tiff",
    .title = "TIFF and BigTIFF pictures and stacks",
    .extensions = ".tif .tiff",
    .keeps =
        "integers of 1 to 64 bits, float32 and float64, gray, RGB and RGBA as channels, all pages of a stack, strips "
        "and tiles, LZW, deflate, PackBits, "
        "fax, LZMA, Zstandard and JPEG; of palettes as labels the indices, as an image the colours; written deflated, "
        "a page a slice",
    .loses =
        "origin and direction; spacing is written as ImageJ does, but when read only noted, since most resolution tags "
        "are no measurement; "
        "colour profiles",
    .probe = probe,
    .describe = describe,
    .decode = decode,
    .usual_ending = ".tif",
    .write = tome_tiff_write,
    .wants_name = wants_name,
};
