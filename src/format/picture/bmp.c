/* BMP by hand: Windows' and OS/2's device-independent bitmaps of 1, 4 and 8 bits (with a palette), 16, 24 and 32 bits, run lengths, either way up. Written as 8-bit gray
 * or 24-bit colour.
 *
 * file header (14 bytes: "BM", size, 0, where the pixels begin), info header (its first word is its size), bit masks or palette, pixels. */
#include <stdlib.h>
#include <string.h>

#include "format/picture/picture.h"

extern const tome_format tome_format_bmp;

enum { FILE_HEADER = 14, OS2_HEADER = 12, WINDOWS_HEADER = 40, MOST_HEADER = 14 + 124 + 16 + 256 * 4 };
enum { RAW = 0, RUNS_8 = 1, RUNS_4 = 2, MASKS = 3, MASKS_ALPHA = 6 }; /* compression */
/* Two bytes of run lengths can end a row, whatever is left of it; pictures do not do so all the way. */
enum { MOST_PIXELS_A_BYTE = 1 << 14, MOST_PIXELS_A_SIDE = 1000000 };

typedef struct bitmap {
  int64_t height, width;
  bool top_down;
  uint32_t bits, compression, begin; /* begin: of the pixels */
  uint32_t mask[4];                  /* red, green, blue, alpha, of 16 and 32 bits */
  int channels;
  tome_palette palette; /* count 0: none */
} bitmap;

static uint32_t u16(const uint8_t *b) { return (uint32_t)b[0] | (uint32_t)b[1] << 8; }
static uint32_t u32(const uint8_t *b) { return u16(b) | u16(b + 2) << 16; }

static bool known_header(uint32_t size) {
  return size == OS2_HEADER || size == WINDOWS_HEADER || size == 52 || size == 56 || size == 64 || size == 108 ||
         size == 124;
}

static int probe(const uint8_t *head, size_t size, bool gzip, const char *name) {
  (void)name;
  return !gzip && size >= FILE_HEADER + OS2_HEADER && head[0] == 'B' && head[1] == 'M' && known_header(u32(head + 14))
             ? 90
             : 0;
}

/* ---- header --- */

/* Masks of 16 and 32 bits: what the header says, else the usual ones. */
static bool read_masks(const char *path, const uint8_t *head, size_t size, uint32_t info, bitmap *b, tome_error *err) {
  static const uint32_t usual16[4] = {0x7c00, 0x3e0, 0x1f, 0}, usual32[4] = {0xff0000, 0xff00, 0xff, 0};
  memcpy(b->mask, b->bits == 16 ? usual16 : usual32, sizeof b->mask);
  if (b->compression == MASKS || b->compression == MASKS_ALPHA) {
    const bool alpha = info >= 56 || b->compression == MASKS_ALPHA;
    if (size < FILE_HEADER + WINDOWS_HEADER + 16u) return tome_fail(err, TOME_CORRUPT, "%s: is cut short", path);
    for (int i = 0; i < 4; i++) b->mask[i] = i < 3 || alpha ? u32(head + FILE_HEADER + WINDOWS_HEADER + 4 * i) : 0;
  }
  for (int i = 0; i < 4; i++) {
    const uint32_t m = b->mask[i], low = m ? m >> __builtin_ctz(m) : 0;
    if ((i < 3 && !m) || low & (low + 1u))
      return tome_fail(err, TOME_CORRUPT, "%s: is a damaged BMP (a colour's bits are not side by side)", path);
    if (low > 255)
      return tome_fail(
          err, TOME_UNSUPPORTED,
          "%s: is a BMP of more than 8 bits a colour, which would be cut; convert it to 16-bit PNG or TIFF", path);
  }
  b->channels = b->mask[3] ? 4 : 3;
  return true;
}

/* As many entries as the header says and there is room for before the pixels. */
static void read_palette(const uint8_t *head, size_t size, uint32_t info, bitmap *b) {
  const size_t entry = info == OS2_HEADER ? 3 : 4, at = FILE_HEADER + (size_t)info;
  const uint32_t said = info >= WINDOWS_HEADER ? u32(head + FILE_HEADER + 32) : 0;
  const size_t end = b->begin < size ? b->begin : size;
  size_t count = said && said < 1u << b->bits ? said : 1u << b->bits;
  if (at >= end || count > (end - at) / entry) count = at < end ? (end - at) / entry : 0;
  b->palette.count = (int)count;
  for (size_t i = 0; i < count; i++) {
    const uint8_t *c = head + at + i * entry;
    memcpy(b->palette.colour[i], (const uint8_t[4]){c[2], c[1], c[0], 255}, 4);
  }
}

static void read_size(const uint8_t *head, uint32_t info, bitmap *b) {
  const uint8_t *h = head + FILE_HEADER;
  if (info == OS2_HEADER) {
    b->width = u16(h + 4), b->height = u16(h + 6), b->bits = u16(h + 10), b->compression = RAW;
    return;
  }
  b->width = (int32_t)u32(h + 4), b->height = (int32_t)u32(h + 8), b->bits = u16(h + 14), b->compression = u32(h + 16);
  b->top_down = b->height < 0;
  if (b->top_down) b->height = -b->height;
}

/* Bits and compression that go together. */
static bool check_kind(const char *path, const bitmap *b, tome_error *err) {
  const uint32_t bits = b->bits, code = b->compression;
  const bool palette = bits == 1 || bits == 4 || bits == 8, direct = bits == 16 || bits == 24 || bits == 32;
  if (code == 4 || code == 5)
    return tome_fail(err, TOME_UNSUPPORTED, "%s: is a BMP around a %s; take that out of it", path,
                     code == 4 ? "JPEG" : "PNG");
  const bool fits = (code == RAW && (palette || direct)) || (code == RUNS_8 && bits == 8) ||
                    (code == RUNS_4 && bits == 4) || ((code == MASKS || code == MASKS_ALPHA) && direct && bits != 24);
  if (!fits)
    return tome_fail(err, TOME_UNSUPPORTED, "%s: is a BMP of %u bits with compression %u, which no reader here knows",
                     path, bits, code);
  if (b->top_down && (code == RUNS_8 || code == RUNS_4))
    return tome_fail(err, TOME_CORRUPT, "%s: is a damaged BMP (run lengths cannot stand on their head)", path);
  return true;
}

/* Bytes of a row: whole words. */
static uint64_t stride_of(const bitmap *b) { return ((uint64_t)b->width * b->bits + 31) / 32 * 4; }

static bool check_room(const char *path, const bitmap *b, tome_error *err) {
  if (b->width < 1 || b->height < 1 || b->width > MOST_PIXELS_A_SIDE || b->height > MOST_PIXELS_A_SIDE)
    return tome_fail(err, TOME_CORRUPT, "%s: is a damaged BMP (%lld x %lld pixels)", path, (long long)b->height,
                     (long long)b->width);
  if (b->compression == RUNS_8 || b->compression == RUNS_4)
    return tome_picture_check_size(path, (uint64_t)b->height, (uint64_t)b->width, 1, MOST_PIXELS_A_BYTE, err);
  uint64_t size;
  if (!tome_file_size(path, &size, err)) return false;
  const uint64_t need = stride_of(b) * (uint64_t)b->height;
  if (size >= b->begin && size - b->begin >= need) return true;
  return tome_fail(err, TOME_CORRUPT, "%s: is cut short: %llu bytes of pixels are expected after byte %u of %llu", path,
                   (unsigned long long)need, b->begin, (unsigned long long)size);
}

static bool read_header(const char *path, bitmap *b, tome_error *err) {
  uint8_t head[MOST_HEADER];
  size_t size;
  *b = (bitmap){.channels = 1};
  if (!tome_file_head(path, head, sizeof head, &size, err)) return false;
  const uint32_t info = size >= FILE_HEADER + OS2_HEADER ? u32(head + FILE_HEADER) : 0;
  if (!known_header(info) || size < FILE_HEADER + info)
    return tome_fail(err, TOME_CORRUPT, "%s: is cut short in its header; fetch the file again", path);
  b->begin = u32(head + 10);
  read_size(head, info, b);
  if (!check_kind(path, b, err) || !check_room(path, b, err)) return false;
  if (b->bits <= 8)
    read_palette(head, size, info, b);
  else if (b->bits == 24)
    b->channels = 3;
  else
    return read_masks(path, head, size, info, b, err);
  return true;
}

static bool describe(const char *path, tome_pieces *out, tome_error *err) {
  tome_error why = {0};
  bitmap b;
  if (!read_header(path, &b, &why)) return tome_pieces_pass_over_why(out, path, &why, err);
  tome_piece *p = tome_pieces_add(out, &tome_format_bmp, path, err);
  if (!p) return false;
  p->shape[TOME_Z] = 1;
  p->shape[TOME_Y] = b.height;
  p->shape[TOME_X] = b.width;
  p->channels = b.channels;
  p->dtype = TOME_U8;
  return !b.palette.count || tome_picture_palette(out, p, &b.palette, err);
}

/* ---- pixels --- */

static void unpack_indices(const uint8_t *row, uint32_t bits, size_t width, uint8_t *out) {
  const size_t each = 8 / bits;
  for (size_t x = 0; x < width; x++)
    out[x] = (uint8_t)((unsigned)row[x / each] >> (8 - bits - x % each * bits) & ((1u << bits) - 1));
}

/* 0 … its largest becomes 0 … 255. */
static uint8_t field(uint32_t pixel, uint32_t mask) {
  const int shift = __builtin_ctz(mask);
  return (uint8_t)(((pixel & mask) >> shift) * 255 / (mask >> shift));
}

static void unpack_colours(const bitmap *b, const uint8_t *row, uint8_t *out) {
  for (int64_t x = 0; x < b->width; x++, out += b->channels) {
    if (b->bits == 24) {
      out[0] = row[3 * x + 2], out[1] = row[3 * x + 1], out[2] = row[3 * x];
      continue;
    }
    const uint32_t pixel = b->bits == 16 ? u16(row + 2 * x) : u32(row + 4 * x);
    for (int c = 0; c < b->channels; c++) out[c] = field(pixel, b->mask[c]);
  }
}

static bool read_rows(const char *path, const bitmap *b, uint8_t *out, tome_error *err) {
  const size_t stride = (size_t)stride_of(b), height = (size_t)b->height, width = (size_t)b->width;
  TOME_AUTO_FREE uint8_t *rows = tome_alloc(height, stride, path, err);
  if (!rows || !tome_read_at(path, b->begin, rows, height * stride, err)) return false;
  for (size_t y = 0; y < height; y++) {
    const uint8_t *row = rows + (b->top_down ? y : height - 1 - y) * stride;
    uint8_t *to = out + y * width * (size_t)b->channels;
    if (b->bits <= 8)
      unpack_indices(row, b->bits, width, to);
    else
      unpack_colours(b, row, to);
  }
  return true;
}

/* Where run lengths have come to: x and y from the lower left. */
typedef struct runs {
  const bitmap *b;
  const uint8_t *at, *end;
  uint8_t *out;
  int64_t x, y;
} runs;

static void put(runs *r, uint8_t index) {
  if (r->x < r->b->width && r->y < r->b->height) r->out[(r->b->height - 1 - r->y) * r->b->width + r->x] = index;
  r->x++;
}

/* Index i of a run or of literal bytes: with 4 bits two a byte, the upper one first. */
static uint8_t index_of(const runs *r, const uint8_t *bytes, int i, bool repeated) {
  if (r->b->bits == 8) return bytes[repeated ? 0 : i];
  const uint8_t pair = bytes[repeated ? 0 : i / 2];
  return i % 2 ? pair & 15 : pair >> 4;
}

/* `count` indices that are given one by one, filled up to whole 16-bit words. */
static bool put_literals(runs *r, int count) {
  const ptrdiff_t bytes = r->b->bits == 8 ? (count + 1) / 2 * 2 : (count + 3) / 4 * 2;
  if (r->end - r->at < bytes) return false;
  for (int i = 0; i < count; i++) put(r, index_of(r, r->at, i, false));
  r->at += bytes;
  return true;
}

/* One pair of bytes and what belongs to it; false where the bytes end early. *done at the end of the bitmap. */
static bool step(runs *r, bool *done) {
  if (r->end - r->at < 2) return false;
  const uint8_t *pair = r->at;
  r->at += 2;
  if (pair[0]) {
    for (int i = 0; i < pair[0]; i++) put(r, index_of(r, pair + 1, i, true));
    return true;
  }
  switch (pair[1]) {
    case 0:
      r->x = 0, r->y++;
      return true;
    case 1:
      *done = true;
      return true;
    case 2:
      if (r->end - r->at < 2) return false;
      r->x += r->at[0], r->y += r->at[1];
      r->at += 2;
      return true;
    default:
      return put_literals(r, pair[1]);
  }
}

static void clear_bytes(tome_bytes *bytes) { tome_bytes_clear(bytes); }

static bool read_runs(const char *path, const bitmap *b, uint8_t *out, tome_error *err) {
  TOME_CLEANUP(clear_bytes) tome_bytes file = {0};
  if (!tome_file_read(path, 0, &file, err)) return false;
  memset(out, 0, (size_t)b->height * (size_t)b->width);
  const size_t begin = b->begin < file.size ? b->begin : file.size;
  runs r = {.b = b, .at = file.data + begin, .end = file.data + file.size, .out = out};
  for (bool done = false; !done;)
    if (!step(&r, &done)) return tome_fail(err, TOME_CORRUPT, "%s: is cut short; fetch the file again", path);
  return true;
}

static bool decode(const tome_piece *p, void *out, size_t out_bytes, tome_error *err) {
  if (!tome_piece_fits(p, out_bytes, err)) return false;
  bitmap b;
  if (!read_header(p->path, &b, err)) return false;
  if (b.height != p->shape[TOME_Y] || b.width != p->shape[TOME_X] || (!p->coloured && b.channels != p->channels))
    return tome_fail(err, TOME_CORRUPT, "%s: changed while it was read", p->path);
  const bool packed = b.compression == RUNS_8 || b.compression == RUNS_4;
  if (!(packed ? read_runs : read_rows)(p->path, &b, out, err)) return false;
  tome_picture_finish(p, out);
  return true;
}

/* ---- writing --- */

static void put_u32(uint8_t *b, uint32_t v) {
  for (int i = 0; i < 4; i++) b[i] = (uint8_t)(v >> 8 * i);
}

/* Both headers and, for one channel, a palette in which the index is the gray. Returns how many bytes. */
static size_t make_header(const bitmap *b, uint64_t pixels, uint8_t head[MOST_HEADER]) {
  const uint32_t colours = b->channels == 1 ? 256 : 0, size = FILE_HEADER + WINDOWS_HEADER + 4 * colours;
  uint8_t *info = head + FILE_HEADER;
  memset(head, 0, size);
  memcpy(head, "BM", 2);
  put_u32(head + 2, (uint32_t)(size + pixels));
  put_u32(head + 10, size);
  put_u32(info, WINDOWS_HEADER);
  put_u32(info + 4, (uint32_t)b->width);
  put_u32(info + 8, (uint32_t)b->height);
  info[12] = 1; /* planes */
  info[14] = (uint8_t)b->bits;
  put_u32(info + 20, (uint32_t)pixels);
  put_u32(info + 32, colours);
  for (uint32_t i = 0; i < colours; i++) put_u32(info + WINDOWS_HEADER + 4 * i, i << 16 | i << 8 | i);
  return size;
}

static bool write(int fd, const char *name, const tome_volume *v, const tome_write_options *opt, tome_error *err) {
  (void)opt;
  TOME_AUTO_FREE uint8_t *samples = tome_picture_bytes(v, name, "a BMP", 3, err);
  if (!samples) return false;
  const int channels = v->channels ? v->channels : 1;
  const bitmap b = {.height = v->geometry.shape[TOME_Y],
                    .width = v->geometry.shape[TOME_X],
                    .bits = channels == 3 ? 24 : 8,
                    .channels = channels};
  const uint64_t pixels = stride_of(&b) * (uint64_t)b.height;
  if (b.width > INT32_MAX || b.height > INT32_MAX || pixels > UINT32_MAX - MOST_HEADER)
    return tome_fail(err, TOME_UNSUPPORTED, "%s: a picture this large does not fit a BMP; write .png or .tif", name);
  TOME_AUTO_FREE uint8_t *rows = tome_alloc_zero((size_t)pixels, 1, name, err);
  if (!rows) return false;
  const size_t stride = (size_t)stride_of(&b), row = (size_t)b.width * (size_t)channels;
  for (size_t y = 0; y < (size_t)b.height; y++) { /* the last row first, blue before red */
    uint8_t *to = rows + ((size_t)b.height - 1 - y) * stride;
    memcpy(to, samples + y * row, row);
    for (size_t x = 0; channels == 3 && x < row; x += 3)
      to[x] = samples[y * row + x + 2], to[x + 2] = samples[y * row + x];
  }
  uint8_t head[MOST_HEADER];
  return tome_write_all(fd, head, make_header(&b, pixels, head), name, err) &&
         tome_write_all(fd, rows, (size_t)pixels, name, err);
}

static bool wants_name(const char *name) { return tome_ends_in(name, ".bmp"); }

const tome_format tome_format_bmp = {
    .name = "bmp",
    .title = "Windows and OS/2 bitmaps",
    .extensions = ".bmp",
    .keeps =
        "1, 4 and 8 bits by palette (as labels the indices, as an image the colours), 16 to 32 bits as RGB or RGBA of "
        "8 bits each; "
        "written as 8-bit gray or 24-bit RGB",
    .loses = "alpha, where written; has no spacing or position of its own",
    .probe = probe,
    .describe = describe,
    .decode = decode,
    .flat = true,
    .types = (const tome_dtype[]){TOME_U8, TOME_NONE},
    .usual_ending = ".bmp",
    .write = write,
    .wants_name = wants_name,
};
