/* GIF through giflib, its codes unpacked here where they are sound: one still picture a file, as indices of its palette (masks are index pictures; DRIVE's manual segmentations are such). What is not sound
 * is read line by line: giflib's DGifSlurp would allocate for what a header says before a single code has been seen.
 *
 * Palettes that are gray values already (entry i is gray i) are none: the picture is a gray one, a mask then has 0 and 255. */
#include <gif_lib.h>
#include <stdlib.h>
#include <string.h>

#include "format/picture/lzw.h"
#include "format/picture/picture.h"

extern const tome_format tome_format_gif;

/* A code of at most 12 bits stands for at most 4096 pixels. */
enum { MOST_PIXELS_A_BYTE = 4096 * 8 / 12, NOT_TRANSPARENT = -1 };

static int probe(const uint8_t *head, size_t size, bool gzip, const char *name) {
  (void)name;
  return !gzip && size >= 13 && (memcmp(head, "GIF87a", 6) == 0 || memcmp(head, "GIF89a", 6) == 0) ? 100 : 0;
}

/* One file being read. */
typedef struct reading {
  const char *path;
  FILE *file;
  GifFileType *gif;
  int transparent;              /* index, or NOT_TRANSPARENT */
  int64_t height, width;        /* of the picture: the screen, and the frame where that reaches beyond it */
  int left, top, rows, columns; /* of the frame */
  bool interlaced;
} reading;

static int on_read(GifFileType *gif, GifByteType *out, int size) {
  return size > 0 ? (int)fread(out, 1, (size_t)size, gif->UserData) : 0;
}

static void finish(reading *r) {
  int why;
  if (r->gif) DGifCloseFile(r->gif, &why);
  if (r->file) fclose(r->file);
}

static bool fail(const reading *r, int why, tome_error *err) {
  if (feof(r->file)) return tome_fail(err, TOME_CORRUPT, "%s: is cut short; fetch the file again", r->path);
  const char *text = GifErrorString(why);
  return tome_fail(err, TOME_CORRUPT, "%s: is a damaged GIF (%s); fetch the file again", r->path,
                   text ? text : "no reason given");
}

/* A block that is no picture; of a graphics control the transparent index is kept. */
static bool read_extension(reading *r, tome_error *err) {
  int code = 0;
  GifByteType *block = NULL;
  if (DGifGetExtension(r->gif, &code, &block) != GIF_OK) return fail(r, r->gif->Error, err);
  GraphicsControlBlock control;
  if (code == GRAPHICS_EXT_FUNC_CODE && block && DGifExtensionToGCB(block[0], block + 1, &control) == GIF_OK)
    r->transparent = control.TransparentColor;
  while (block)
    if (DGifGetExtensionNext(r->gif, &block) != GIF_OK) return fail(r, r->gif->Error, err);
  return true;
}

/* Up to the next picture; *found false at the end of the file. */
static bool next_picture(reading *r, bool *found, tome_error *err) {
  for (;;) {
    GifRecordType type;
    if (DGifGetRecordType(r->gif, &type) != GIF_OK) return fail(r, r->gif->Error, err);
    *found = type == IMAGE_DESC_RECORD_TYPE;
    if (*found || type == TERMINATE_RECORD_TYPE) return true;
    if (type == EXTENSION_RECORD_TYPE && !read_extension(r, err)) return false;
  }
}

/* Where the frame lies on the screen. */
static bool place_frame(reading *r, tome_error *err) {
  const GifImageDesc *d = &r->gif->Image;
  r->left = d->Left, r->top = d->Top, r->rows = d->Height, r->columns = d->Width;
  r->interlaced = d->Interlace;
  r->height = r->gif->SHeight > d->Top + d->Height ? r->gif->SHeight : d->Top + d->Height;
  r->width = r->gif->SWidth > d->Left + d->Width ? r->gif->SWidth : d->Left + d->Width;
  if (d->Height > 0 && d->Width > 0) return true;
  return tome_fail(err, TOME_CORRUPT, "%s: is a damaged GIF (a picture without pixels)", r->path);
}

/* Opens the file and reads up to the pixels of its first picture. `r` is to be finished in any case. */
static bool start(reading *r, const char *path, tome_error *err) {
  *r = (reading){.path = path, .transparent = NOT_TRANSPARENT};
  int why = 0;
  bool found;
  if (!(r->file = tome_picture_open(path, err))) return false;
  r->gif = DGifOpen(r->file, on_read, &why);
  if (!r->gif) return fail(r, why, err);
  if (!next_picture(r, &found, err)) return false;
  if (!found) return tome_fail(err, TOME_CORRUPT, "%s: is a GIF without a picture", path);
  if (DGifGetImageDesc(r->gif) != GIF_OK) return fail(r, r->gif->Error, err);
  return place_frame(r, err);
}

/* Passes over the pixels and looks for another picture behind them. */
static bool check_still(reading *r, tome_error *err) {
  int size;
  bool found;
  GifByteType *block = NULL;
  if (DGifGetCode(r->gif, &size, &block) != GIF_OK) return fail(r, r->gif->Error, err);
  while (block)
    if (DGifGetCodeNext(r->gif, &block) != GIF_OK) return fail(r, r->gif->Error, err);
  if (!next_picture(r, &found, err)) return false;
  if (!found) return true;
  return tome_fail(err, TOME_UNSUPPORTED,
                   "%s: is an animated GIF, whose frames build upon one another; save the frame "
                   "that is meant as a picture of its own",
                   r->path);
}

static bool take_palette(const reading *r, tome_pieces *out, tome_piece *p, tome_error *err) {
  const ColorMapObject *map = r->gif->Image.ColorMap ? r->gif->Image.ColorMap : r->gif->SColorMap;
  if (!map) return true;
  tome_palette palette = {.count = map->ColorCount < TOME_PALETTE_MOST ? map->ColorCount : TOME_PALETTE_MOST};
  for (int i = 0; i < palette.count; i++) {
    const GifColorType *c = &map->Colors[i];
    memcpy(palette.colour[i], (const uint8_t[4]){c->Red, c->Green, c->Blue, i == r->transparent ? 0 : 255}, 4);
  }
  return tome_picture_palette(out, p, &palette, err);
}

static bool describe(const char *path, tome_pieces *out, tome_error *err) {
  tome_error why = {0};
  TOME_CLEANUP(finish) reading r;
  if (!start(&r, path, &why) ||
      !tome_picture_check_size(path, (uint64_t)r.height, (uint64_t)r.width, 1, MOST_PIXELS_A_BYTE, &why))
    return tome_pieces_pass_over_why(out, path, &why, err);
  tome_piece piece = {.note = ""}; /* palette first: giflib keeps it only until the next picture */
  tome_piece *p = &piece;
  if (!take_palette(&r, out, p, err)) return false;
  if (!check_still(&r, &why)) return tome_pieces_pass_over_why(out, path, &why, err);
  p = tome_pieces_add(out, &tome_format_gif, path, err);
  if (!p) return false;
  p->shape[TOME_Z] = 1;
  p->shape[TOME_Y] = r.height;
  p->shape[TOME_X] = r.width;
  p->dtype = TOME_U8;
  p->palette = piece.palette;
  p->note = piece.note;
  return true;
}

/* Line i of the frame in the order that the file has them. */
static int line_at(const reading *r, int i) {
  static const int first[] = {0, 4, 2, 1}, step[] = {8, 8, 4, 2};
  if (!r->interlaced) return i;
  for (int pass = 0; pass < 4; pass++) {
    const int lines = (r->rows - first[pass] + step[pass] - 1) / step[pass];
    if (i < lines) return first[pass] + i * step[pass];
    i -= lines;
  }
  return 0; /* the passes hold every line */
}

static uint8_t *place_of_line(const reading *r, int i, uint8_t *pixels) {
  return pixels + (size_t)(r->top + line_at(r, i)) * (size_t)r->width + r->left;
}

/* Codes of the picture that begins here, their blocks joined. */
static bool gather_codes(reading *r, unsigned *bits, tome_bytes *out) {
  int size;
  uint64_t most;
  GifByteType *block = NULL;
  tome_error why = {0};
  if (!tome_file_size(r->path, &most, &why) || DGifGetCode(r->gif, &size, &block) != GIF_OK) return false;
  if (!(out->data = tome_alloc(most, 1, r->path, &why))) return false;
  while (block) {
    if (block[0] > most - out->size) return false;
    memcpy(out->data + out->size, block + 1, block[0]);
    out->size += block[0];
    if (DGifGetCodeNext(r->gif, &block) != GIF_OK) return false;
  }
  *bits = (unsigned)size;
  return true;
}

/* False where giflib is to look, from the start. */
static bool read_plain(reading *r, uint8_t *pixels) {
  TOME_CLEANUP(tome_bytes_clear) tome_bytes codes = {0};
  unsigned bits;
  const size_t columns = (size_t)r->columns, n = (size_t)r->rows * columns;
  if (!gather_codes(r, &bits, &codes)) return false;
  if (r->columns == r->width && !r->interlaced)
    return tome_unlzw_gif(bits, codes.data, codes.size, place_of_line(r, 0, pixels), n);
  tome_error why = {0};
  TOME_AUTO_FREE uint8_t *lines = tome_alloc(n, 1, r->path, &why);
  if (!lines || !tome_unlzw_gif(bits, codes.data, codes.size, lines, n)) return false;
  for (int i = 0; i < r->rows; i++) memcpy(place_of_line(r, i, pixels), lines + (size_t)i * columns, columns);
  return true;
}

static bool read_lines(reading *r, uint8_t *pixels, tome_error *err) {
  for (int i = 0; i < r->rows; i++)
    if (DGifGetLine(r->gif, place_of_line(r, i, pixels), r->columns) != GIF_OK) return fail(r, r->gif->Error, err);
  return true;
}

static bool start_again(reading *r, const tome_piece *p, tome_error *err) {
  finish(r);
  if (!start(r, p->path, err)) return false;
  if (r->height == p->shape[TOME_Y] && r->width == p->shape[TOME_X]) return true;
  return tome_fail(err, TOME_CORRUPT, "%s: changed while it was read", p->path);
}

static bool decode(const tome_piece *p, void *out, size_t out_bytes, tome_error *err) {
  if (!tome_piece_fits(p, out_bytes, err)) return false;
  TOME_CLEANUP(finish) reading r = {0};
  if (!start_again(&r, p, err)) return false;
  memset(out, r.transparent == NOT_TRANSPARENT ? 0 : r.transparent, (size_t)r.height * (size_t)r.width);
  if (!read_plain(&r, out) && (!start_again(&r, p, err) || !read_lines(&r, out, err))) return false;
  tome_picture_finish(p, out);
  return true;
}

/* ---- writing --- */

typedef struct writing {
  int fd;
  const char *name;
  GifFileType *gif;
  ColorMapObject *map;
  tome_error why; /* of the file, where it would not be written */
} writing;

static void finish_writing(writing *w) {
  int why;
  if (w->gif) EGifCloseFile(w->gif, &why);
  GifFreeMapObject(w->map);
}

static int on_write(GifFileType *gif, const GifByteType *bytes, int size) {
  writing *w = gif->UserData;
  return size >= 0 && tome_write_all(w->fd, bytes, (size_t)size, w->name, &w->why) ? size : 0;
}

static bool fail_writing(const writing *w, int why, tome_error *err) {
  if (w->why.code) return tome_fail(err, w->why.code, "%s", w->why.message);
  const char *text = GifErrorString(why);
  return tome_fail(err, TOME_IO, "%s: cannot be written (%s)", w->name, text ? text : "no reason given");
}

/* The palette says what the index is: gray. Readers give the values back whether they take the one or the other. */
static ColorMapObject *gray_map(void) {
  ColorMapObject *map = GifMakeMapObject(256, NULL);
  for (int i = 0; map && i < 256; i++) map->Colors[i] = (GifColorType){(GifByteType)i, (GifByteType)i, (GifByteType)i};
  return map;
}

static bool put_pixels(writing *w, uint8_t *pixels, int rows, int columns, tome_error *err) {
  if (EGifPutScreenDesc(w->gif, columns, rows, 8, 0, w->map) != GIF_OK ||
      EGifPutImageDesc(w->gif, 0, 0, columns, rows, false, NULL) != GIF_OK)
    return fail_writing(w, w->gif->Error, err);
  for (int y = 0; y < rows; y++)
    if (EGifPutLine(w->gif, pixels + (size_t)y * (size_t)columns, columns) != GIF_OK)
      return fail_writing(w, w->gif->Error, err);
  int why = 0;
  GifFileType *done = w->gif;
  w->gif = NULL;
  return (EGifCloseFile(done, &why) == GIF_OK && !w->why.code) || fail_writing(w, why, err);
}

static bool write(int fd, const char *name, const tome_volume *v, const tome_write_options *opt, tome_error *err) {
  (void)opt;
  const int64_t rows = v->geometry.shape[TOME_Y], columns = v->geometry.shape[TOME_X];
  TOME_AUTO_FREE uint8_t *pixels = tome_picture_bytes(v, name, "a GIF", 1, err);
  if (!pixels) return false;
  if (rows > UINT16_MAX || columns > UINT16_MAX)
    return tome_fail(err, TOME_UNSUPPORTED, "%s: a GIF has at most 65535 pixels a side, not %lld x %lld", name,
                     (long long)rows, (long long)columns);
  TOME_CLEANUP(finish_writing) writing w = {.fd = fd, .name = name, .map = gray_map()};
  int why = 0;
  if (w.map) w.gif = EGifOpen(&w, on_write, &why);
  if (!w.gif) return tome_fail(err, TOME_NO_MEMORY, "%s: out of memory", name);
  return put_pixels(&w, pixels, (int)rows, (int)columns, err);
}

static bool wants_name(const char *name) { return tome_ends_in(name, ".gif"); }

const tome_format tome_format_gif = {
    .name = "gif",
    .title = "GIF pictures",
    .extensions = ".gif",
    .keeps =
        "one still picture of up to 256 values: as labels the palette's indices, as an image its colours (gray, RGB, "
        "RGBA); written as gray, index = value = 0 to 255",
    .loses = "comments; has no spacing or position of its own. Animations are refused; colours are not written",
    .probe = probe,
    .describe = describe,
    .decode = decode,
    .flat = true,
    .types = (const tome_dtype[]){TOME_U8, TOME_NONE},
    .usual_ending = ".gif",
    .write = write,
    .wants_name = wants_name,
};
