/* Netpbm's plain formats by hand: bitmaps, graymaps and pixmaps (P1 to P6), 8 and 16 bits, gzipped or not. Written as P5 or P6 of 8 bits.
 *
 * "P6", width, height, the largest value, between blanks and comments; one blank; samples, rows from the top, two bytes each (the upper one first) where the largest value is above 255. */
#include <stdlib.h>
#include <string.h>

#include "format/picture/picture.h"
#include "format/stream.h"

extern const tome_format tome_format_pnm;

enum { MOST_PIXELS_A_SIDE = 1000000, BUFFER = 1 << 16 };

typedef struct pixmap {
  int kind; /* 1 … 6 */
  bool gzip;
  int64_t height, width;
  uint32_t most; /* the largest value */
  size_t begin;  /* of the samples */
} pixmap;

static bool is_blank(uint8_t c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
static bool is_text(const pixmap *p) { return p->kind <= 3; }
static bool is_bits(const pixmap *p) { return p->kind == 1 || p->kind == 4; }
static int channels_of(const pixmap *p) { return p->kind == 3 || p->kind == 6 ? 3 : 1; }
static size_t sample_size(const pixmap *p) { return p->most > 255 ? 2 : 1; }

/* ---- header --- */

/* A number behind blanks and comments, at most 8 digits. */
static bool take_number(const uint8_t *head, size_t size, size_t *at, int64_t *out) {
  size_t i = *at;
  while (i < size && (is_blank(head[i]) || head[i] == '#'))
    if (head[i++] == '#')
      while (i < size && head[i] != '\n' && head[i] != '\r') i++;
  const size_t first = i;
  int64_t v = 0;
  for (; i < size && head[i] >= '0' && head[i] <= '9' && i - first < 9; i++) v = v * 10 + (head[i] - '0');
  *out = v;
  *at = i;
  return i > first && i - first < 9;
}

static bool parse(const uint8_t *head, size_t size, pixmap *out) {
  int64_t most = 1;
  size_t at = 2;
  if (size < 3 || head[0] != 'P' || head[1] < '1' || head[1] > '6' || !(is_blank(head[2]) || head[2] == '#'))
    return false;
  out->kind = head[1] - '0';
  if (!take_number(head, size, &at, &out->width) || !take_number(head, size, &at, &out->height)) return false;
  if (!is_bits(out) && !take_number(head, size, &at, &most)) return false;
  if (most < 1 || most > 65535) return false;
  out->most = (uint32_t)most;
  if (at < size && !is_blank(head[at])) return false;
  out->begin = at + 1;
  return true;
}

static int probe(const uint8_t *head, size_t size, bool gzip, const char *name) {
  (void)gzip, (void)name;
  pixmap p;
  return parse(head, size, &p) ? 80 : 0;
}

/* Bytes of the samples: all of them in the binary formats, the least that there can be in text. */
static bool check_room(const char *path, const pixmap *p, tome_error *err) {
  const uint64_t h = (uint64_t)p->height, w = (uint64_t)p->width, samples = (uint64_t)channels_of(p);
  if (h < 1 || w < 1 || h > MOST_PIXELS_A_SIDE || w > MOST_PIXELS_A_SIDE)
    return tome_fail(err, TOME_CORRUPT, "%s: is a damaged pixmap (%lld x %lld pixels)", path, (long long)p->height,
                     (long long)p->width);
  const uint64_t row = p->kind == 4 ? (w + 7) / 8 : w * samples * (is_text(p) ? 1 : sample_size(p));
  uint64_t size;
  if (!tome_file_size(path, &size, err)) return false;
  if (p->gzip ? tome_could_inflate(size, row * h) : size >= p->begin && size - p->begin >= row * h) return true;
  return tome_fail(err, TOME_CORRUPT, "%s: is cut short: %lld x %lld pixels cannot come from a file of %llu bytes",
                   path, (long long)p->height, (long long)p->width, (unsigned long long)size);
}

static bool read_header(const char *path, pixmap *out, tome_error *err) {
  tome_head head;
  *out = (pixmap){0};
  if (!tome_head_read(path, &head, err)) return false;
  if (!parse(head.bytes, head.size, out))
    return tome_fail(err, TOME_CORRUPT, "%s: is a pixmap with a damaged header", path);
  out->gzip = head.gzip;
  return check_room(path, out, err);
}

static bool describe(const char *path, tome_pieces *out, tome_error *err) {
  tome_error why = {0};
  pixmap m;
  if (!read_header(path, &m, &why)) return tome_pieces_pass_over_why(out, path, &why, err);
  tome_piece *p = tome_pieces_add(out, &tome_format_pnm, path, err);
  if (!p) return false;
  p->shape[TOME_Z] = 1;
  p->shape[TOME_Y] = m.height;
  p->shape[TOME_X] = m.width;
  p->channels = channels_of(&m);
  p->dtype = m.most > 255 ? TOME_U16 : TOME_U8;
  return true;
}

/* ---- samples --- */

typedef struct source {
  tome_stream *stream;
  const char *path;
  size_t at, got;
  uint8_t buffer[BUFFER];
} source;

static void close_stream(tome_stream **s) { tome_stream_close(*s); }

static bool cut_short(const char *path, tome_error *err) {
  return tome_fail(err, TOME_CORRUPT, "%s: is cut short; fetch the file again", path);
}

/* The next byte of a text; false at its end too, where *ended is set. */
static bool next(source *s, uint8_t *out, bool *ended, tome_error *err) {
  if (s->at == s->got) {
    s->at = 0;
    if (!tome_stream_read(s->stream, s->buffer, sizeof s->buffer, &s->got, err)) return false;
    if (!s->got) return *ended = true, false;
  }
  *out = s->buffer[s->at++];
  return true;
}

/* One number of a text; of a P1 one digit, which need not be set apart. */
static bool next_number(source *s, const pixmap *p, uint32_t *out, tome_error *err) {
  uint8_t c = ' ';
  bool ended = false, comment = false;
  while (is_blank(c) || comment || c == '#') {
    comment = comment ? c != '\n' && c != '\r' : c == '#';
    if (!next(s, &c, &ended, err)) return ended ? cut_short(s->path, err) : false;
  }
  uint32_t v = 0;
  for (int n = 0; c >= '0' && c <= '9' && n < 6; n++) {
    v = v * 10 + (uint32_t)(c - '0');
    if (p->kind == 1) break;
    if (!next(s, &c, &ended, err)) {
      if (!ended) return false;
      c = ' ';
    }
  }
  if (v > p->most || (p->kind != 1 && !is_blank(c)) || (p->kind == 1 && (c < '0' || c > '1')))
    return tome_fail(err, TOME_CORRUPT, "%s: is a damaged pixmap (something else than numbers of 0 to %u)", s->path,
                     p->most);
  *out = v;
  return true;
}

static bool read_text(tome_stream *stream, const char *path, const pixmap *p, void *out, size_t count,
                      tome_error *err) {
  TOME_AUTO_FREE source *s = tome_alloc_zero(1, sizeof *s, path, err);
  if (!s) return false;
  s->stream = stream;
  s->path = path;
  for (size_t i = 0; i < count; i++) {
    uint32_t v = 0;
    if (!next_number(s, p, &v, err)) return false;
    if (sample_size(p) == 2)
      ((uint16_t *)out)[i] = (uint16_t)v;
    else
      ((uint8_t *)out)[i] = (uint8_t)(is_bits(p) ? !v : v);
  }
  return true;
}

static bool read_all(tome_stream *stream, const char *path, void *out, size_t want, tome_error *err) {
  size_t got;
  uint8_t more;
  if (!tome_stream_read(stream, out, want, &got, err)) return false;
  if (got < want) return cut_short(path, err);
  return tome_stream_read(stream, &more, 1, &got, err); /* a gzip's checksum is verified at its end */
}

/* Ink is 1: as gray values black is 0. */
static bool read_bits(tome_stream *stream, const char *path, const pixmap *p, uint8_t *out, tome_error *err) {
  const size_t width = (size_t)p->width, height = (size_t)p->height, row = (width + 7) / 8;
  TOME_AUTO_FREE uint8_t *bits = tome_alloc(height, row, path, err);
  if (!bits || !read_all(stream, path, bits, height * row, err)) return false;
  for (size_t y = 0; y < height; y++)
    for (size_t x = 0; x < width; x++) out[y * width + x] = !(bits[y * row + x / 8] >> (7 - x % 8) & 1);
  return true;
}

static bool read_binary(tome_stream *stream, const char *path, const pixmap *p, void *out, size_t bytes,
                        tome_error *err) {
  if (!read_all(stream, path, out, bytes, err)) return false;
  if (sample_size(p) == 1) return true;
  uint8_t *b = out;
  uint16_t *v = out;
  for (size_t i = 0; i < bytes / 2; i++) v[i] = (uint16_t)(b[2 * i] << 8 | b[2 * i + 1]);
  return true;
}

static bool decode(const tome_piece *piece, void *out, size_t out_bytes, tome_error *err) {
  if (!tome_piece_fits(piece, out_bytes, err)) return false;
  pixmap p;
  if (!read_header(piece->path, &p, err)) return false;
  if (p.height != piece->shape[TOME_Y] || p.width != piece->shape[TOME_X] || channels_of(&p) != piece->channels ||
      sample_size(&p) != tome_dtype_size(piece->dtype))
    return tome_fail(err, TOME_CORRUPT, "%s: changed while it was read", piece->path);
  TOME_CLEANUP(close_stream)
  tome_stream *s = tome_stream_open(piece->path, p.gzip ? 0 : p.begin, p.gzip ? TOME_GZIP : TOME_RAW, TOME_U8, err);
  uint64_t skipped;
  if (!s || (p.gzip && !tome_stream_skip(s, p.begin, &skipped, err))) return false;
  if (is_text(&p)) return read_text(s, piece->path, &p, out, out_bytes / sample_size(&p), err);
  if (is_bits(&p)) return read_bits(s, piece->path, &p, out, err);
  return read_binary(s, piece->path, &p, out, out_bytes, err);
}

/* ---- writing --- */

/* 16-bit samples are big-endian. */
static uint8_t *pairs_of(const tome_volume *v, const char *name, tome_error *err) {
  const int channels = v->channels > 1 ? v->channels : 1;
  if (channels != 1 && channels != 3) {
    tome_fail(err, TOME_UNSUPPORTED, "%s: a pixmap cannot hold %d samples a pixel; .png and .tif can%s", name, channels,
              channels == 2 || channels == 4 ? ", --drop-alpha leaves the colours alone" : "");
    return NULL;
  }
  const size_t n = tome_volume_voxels(v) * (size_t)channels;
  const uint16_t *from = v->data;
  uint8_t *out = tome_alloc(n, 2, name, err);
  for (size_t i = 0; out && i < n; i++) {
    out[2 * i] = (uint8_t)(from[i] >> 8);
    out[2 * i + 1] = (uint8_t)from[i];
  }
  return out;
}

static bool write(int fd, const char *name, const tome_volume *v, const tome_write_options *opt, tome_error *err) {
  (void)opt;
  TOME_AUTO_FREE uint8_t *samples =
      v->dtype == TOME_U16 ? pairs_of(v, name, err) : tome_picture_bytes(v, name, "a pixmap", 3, err);
  if (!samples) return false;
  const int channels = v->channels ? v->channels : 1;
  const bool gray_name = tome_ends_in(name, ".pgm");
  if ((channels == 1) != gray_name)
    return tome_fail(err, TOME_USAGE, "%s: a .pgm holds gray and a .ppm red, green, blue; these are %d samples a pixel",
                     name, channels);
  const int64_t *s = v->geometry.shape;
  char head[64];
  const int n = snprintf(head, sizeof head, "P%d\n%lld %lld\n%d\n", channels == 1 ? 5 : 6, (long long)s[TOME_X],
                         (long long)s[TOME_Y], v->dtype == TOME_U16 ? UINT16_MAX : UINT8_MAX);
  return tome_write_all(fd, head, (size_t)n, name, err) &&
         tome_write_all(fd, samples, tome_volume_voxels(v) * (size_t)channels * tome_dtype_size(v->dtype), name, err);
}

static bool wants_name(const char *name) { return tome_ends_in(name, ".pgm") || tome_ends_in(name, ".ppm"); }

const tome_format tome_format_pnm = {
    .name = "pnm",
    .title = "Netpbm bitmaps, graymaps and pixmaps",
    .extensions = ".ppm .pgm .pbm .pnm .ppm.gz .pgm.gz .pbm.gz",
    .keeps =
        "gray and RGB of 8 and 16 bits as they are, bitmaps as 0 (black) and 1; gzipped too; written as 8 or 16 bits, "
        "gray (.pgm) or RGB (.ppm)",
    .loses = "has no spacing or position of its own; of several pictures in one file only the first is read",
    .probe = probe,
    .describe = describe,
    .decode = decode,
    .flat = true,
    .types = (const tome_dtype[]){TOME_U8, TOME_U16, TOME_NONE},
    .usual_ending = ".pgm",
    .write = write,
    .wants_name = wants_name,
};
