/* The common PNG (not interlaced, undamaged) without libpng: its pixels inflated in one go and unfiltered row by row, several times as fast. Whatever is unusual is left to
 * libpng, which also finds the words for what is damaged. */
#include "format/picture/png_plain.h"

#include <stdlib.h>
#include <string.h>

#include "base/gzip.h"
#include "format/head.h"

enum { HEADER = 8, CHUNK = 12, IHDR_BYTES = 13 };

typedef struct plain {
  tome_bytes file, packed; /* the pixels' chunks joined; data NULL: they lie in one chunk, at `one` */
  const uint8_t *one;
  size_t one_size;
  uint8_t *raw; /* rows, each behind the number of its filter */
  tome_inflater *inflater;
  tome_png_header h;
} plain;

static void plain_clear(plain *p) {
  tome_bytes_clear(&p->file);
  tome_bytes_clear(&p->packed);
  free(p->raw);
  tome_inflater_free(p->inflater);
}

static uint32_t big(const uint8_t *p) {
  return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static bool read_header(const uint8_t *in, size_t size, tome_png_header *h) {
  static const int samples[] = {[0] = 1, [2] = 3, [3] = 1, [4] = 2, [6] = 4};
  if (size != IHDR_BYTES || in[9] >= TOME_COUNT(samples) || in[10] || in[11] || in[12]) return false;
  *h = (tome_png_header){
      .height = big(in + 4), .width = big(in), .depth = in[8], .samples = samples[in[9]], .palette = in[9] == 3};
  const bool narrow = h->depth == 1 || h->depth == 2 || h->depth == 4;
  return h->samples && h->height > 0 && h->width > 0 &&
         ((narrow && h->samples == 1) || h->depth == 8 || (h->depth == 16 && !h->palette));
}

/* One chunk of the pixels: the first is only pointed at. */
static bool add_pixels(plain *p, const uint8_t *data, size_t size) {
  if (!p->one) {
    p->one = data;
    p->one_size = size;
    return true;
  }
  if (!p->packed.data) {
    if (!(p->packed.data = malloc(p->file.size))) return false;
    memcpy(p->packed.data, p->one, p->one_size);
    p->packed.size = p->one_size;
  }
  memcpy(p->packed.data + p->packed.size, data, size); /* all chunks together are no more than the file */
  p->packed.size += size;
  return true;
}

static bool is_chunk(const uint8_t *at, const char *name) { return memcmp(at + 4, name, 4) == 0; }

/* One that a reader may not pass over. */
static bool counts(const uint8_t *at) { return !(at[4] & 0x20); }

static bool is_whole(const uint8_t *at, size_t size) {
  return tome_add_crc32(0, at + 4, size + 4) == big(at + 8 + size);
}

static bool begins_png(const uint8_t *at, size_t size) {
  return size >= HEADER && memcmp(at, "\x89PNG\r\n\x1a\n", HEADER) == 0;
}

bool tome_png_plain_header(const uint8_t *at, size_t left, tome_png_header *out) {
  *out = (tome_png_header){0};
  if (!begins_png(at, left)) return false;
  for (at += HEADER, left -= HEADER; left >= CHUNK;) {
    const size_t size = big(at);
    if (is_chunk(at, "IDAT")) return out->samples > 0;
    if (size > left - CHUNK || (counts(at) && !is_whole(at, size))) return false;
    if (is_chunk(at, "IHDR") == (out->samples > 0)) return false; /* the first, and only that */
    if (out->samples && counts(at)) return false;                 /* a palette, or nothing that is known */
    if (!out->samples && !read_header(at + 8, size, out)) return false;
    at += size + CHUNK;
    left -= size + CHUNK;
  }
  return false;
}

/* Walks the chunks; those that count must be whole. */
static bool read_chunks(plain *p) {
  const uint8_t *at = p->file.data;
  size_t left = p->file.size;
  if (!begins_png(at, left)) return false;
  for (at += HEADER, left -= HEADER; left >= CHUNK;) {
    const size_t size = big(at);
    if (size > left - CHUNK || (counts(at) && !is_whole(at, size))) return false;
    if (is_chunk(at, "IHDR") && !read_header(at + 8, size, &p->h)) return false;
    if (is_chunk(at, "IDAT") && !add_pixels(p, at + 8, size)) return false;
    if (is_chunk(at, "IEND")) return p->h.samples && p->one;
    at += size + CHUNK;
    left -= size + CHUNK;
  }
  return false;
}

/* ---- rows ---------------------------------------------------------------------------------------------------- */

enum { WORD = 8 }; /* bytes looked at together */

static uint64_t word_at(const uint8_t *p) {
  uint64_t w;
  memcpy(&w, p, sizeof w);
  return w;
}

static uint8_t paeth(int a, int b, int c) {
  const int pa = abs(b - c), pb = abs(a - c), pc = abs(a + b - 2 * c);
  return (uint8_t)(pa <= pb && pa <= pc ? a : pb <= pc ? b : c);
}

/* In label maps most differences are 0, in long runs: then a pixel is the one to its left. */
static void add_left_bytes(const uint8_t *in, size_t n, uint8_t *out) {
  uint8_t a = 0;
  for (size_t i = 0; i < n;) {
    if (n - i >= WORD && word_at(in + i) == 0) {
      memset(out + i, a, WORD);
      i += WORD;
    } else {
      out[i] = a = (uint8_t)(a + in[i]);
      i++;
    }
  }
}

static void add_left(const uint8_t *in, size_t n, size_t step, uint8_t *out) {
  if (step == 1) {
    add_left_bytes(in, n, out);
    return;
  }
  for (size_t i = 0; i < step && i < n; i++) out[i] = in[i];
  for (size_t i = step; i < n; i++) out[i] = (uint8_t)(in[i] + out[i - step]);
}

static void add_above(const uint8_t *in, const uint8_t *above, size_t n, uint8_t *out) {
  for (size_t i = 0; i < n; i++) out[i] = (uint8_t)(in[i] + above[i]);
}

static void add_mean(const uint8_t *in, const uint8_t *above, size_t n, size_t step, uint8_t *out) {
  for (size_t i = 0; i < step && i < n; i++) out[i] = (uint8_t)(in[i] + above[i] / 2);
  for (size_t i = step; i < n; i++) out[i] = (uint8_t)(in[i] + (out[i - step] + above[i]) / 2);
}

/* The same for one byte a pixel. Where the differences are 0: a pixel equal to the one above it is followed by the next one above (for of a = c the predictor is b), and
 * where the row above does not change, neither does this one (of b = c it is a). */
static void add_paeth_bytes(const uint8_t *in, const uint8_t *above, size_t n, uint8_t *out) {
  uint8_t a = 0, c = 0;
  for (size_t i = 0; i < n;) {
    const bool still = n - i >= WORD && word_at(in + i) == 0;
    if (still && a == c) {
      memcpy(out + i, above + i, WORD);
      i += WORD;
      a = c = above[i - 1];
    } else if (still && word_at(above + i) == c * UINT64_C(0x0101010101010101)) {
      memset(out + i, a, WORD);
      i += WORD;
    } else {
      out[i] = a = (uint8_t)(in[i] + paeth(a, above[i], c));
      c = above[i++];
    }
  }
}

static void add_paeth(const uint8_t *in, const uint8_t *above, size_t n, size_t step, uint8_t *out) {
  if (step == 1) {
    add_paeth_bytes(in, above, n, out);
    return;
  }
  for (size_t i = 0; i < step && i < n; i++) out[i] = (uint8_t)(in[i] + above[i]);
  for (size_t i = step; i < n; i++) out[i] = (uint8_t)(in[i] + paeth(out[i - step], above[i], above[i - step]));
}

/* Undoes the filter of a row of n bytes; `above` is the row before, `step` the bytes of a pixel. `out` may be `in`. */
static bool unfilter(int filter, const uint8_t *in, const uint8_t *above, size_t n, size_t step, uint8_t *out) {
  switch (filter) {
    case 0:
      memmove(out, in, n);
      return true;
    case 1:
      add_left(in, n, step, out);
      return true;
    case 2:
      add_above(in, above, n, out);
      return true;
    case 3:
      add_mean(in, above, n, step, out);
      return true;
    case 4:
      add_paeth(in, above, n, step, out);
      return true;
    default:
      return false;
  }
}

/* Values of 1, 2 or 4 bits into a byte each. */
static void unpack(const uint8_t *in, int depth, size_t n, uint8_t *out) {
  const unsigned bits = (unsigned)depth, each = 8u / bits, mask = (1u << bits) - 1;
  for (size_t i = 0; i < n; i++) {
    const unsigned place = (unsigned)(i % each) + 1, byte = in[i / each];
    out[i] = (uint8_t)(byte >> (8 - bits * place) & mask);
  }
}

/* Rows of `n` bytes each from p->raw; those of less than 8 bits are unfiltered where they lie, then unpacked. */
static bool put_rows(plain *p, size_t n, uint8_t *out) {
  const size_t height = (size_t)p->h.height, width = (size_t)p->h.width;
  const size_t step = p->h.depth < 8 ? 1 : (size_t)(p->h.samples * p->h.depth / 8);
  TOME_AUTO_FREE uint8_t *zeros = calloc(n, 1);
  const uint8_t *above = zeros;
  for (size_t y = 0; zeros && y < height; y++) {
    uint8_t *in = p->raw + y * (n + 1), *row = p->h.depth < 8 ? in + 1 : out + y * n;
    if (!unfilter(in[0], in + 1, above, n, step, row)) return false;
    if (p->h.depth < 8) unpack(row, p->h.depth, width, out + y * width);
    above = row;
  }
  return zeros;
}

/* 16-bit samples are big-endian in the file: turned once all rows are there, for each is the next one's `above`. */
static void to_native(size_t values, uint8_t *out) {
  const uint16_t probe = 1;
  uint8_t first;
  memcpy(&first, &probe, 1);
  if (first) tome_swap_bytes(out, values, 2);
}

static bool decode(plain *p, const tome_piece *piece, uint8_t *out, size_t out_bytes) {
  tome_error err = {0};
  if (!tome_file_read(piece->path, 0, &p->file, &err) || !read_chunks(p)) return false;
  if (p->h.height != piece->shape[TOME_Y] || p->h.width != piece->shape[TOME_X] ||
      p->h.samples != (piece->palette ? 1 : piece->channels) || (p->h.depth == 16) != (piece->dtype == TOME_U16))
    return false;
  const size_t values = (size_t)p->h.height * (size_t)p->h.width * (size_t)p->h.samples;
  const size_t row = ((size_t)p->h.width * (size_t)(p->h.samples * p->h.depth) + 7) / 8,
               raw = (row + 1) * (size_t)p->h.height;
  const tome_bytes packed = p->packed.data ? p->packed : (tome_bytes){(uint8_t *)(uintptr_t)p->one, p->one_size};
  if (values * (p->h.depth == 16 ? 2 : 1) > out_bytes || !tome_could_inflate(packed.size, raw)) return false;
  p->raw = tome_alloc(raw, 1, piece->path, &err);
  p->inflater = tome_inflater_new(&err);
  if (!p->raw || !p->inflater || !tome_inflate(p->inflater, packed.data, packed.size, p->raw, raw)) return false;
  if (!put_rows(p, row, out)) return false;
  if (p->h.depth == 16) to_native(values, out);
  return true;
}

bool tome_png_plain(const tome_piece *piece, void *out, size_t out_bytes) {
  TOME_CLEANUP(plain_clear) plain p = {0};
  return decode(&p, piece, out, out_bytes);
}
