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
  int64_t height, width;
  int depth, samples;
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

static bool read_header(plain *p, const uint8_t *h, size_t size) {
  static const int samples[] = {[0] = 1, [2] = 3, [3] = 1, [4] = 2, [6] = 4};
  if (size != IHDR_BYTES || h[9] >= TOME_COUNT(samples) || h[10] || h[11] || h[12]) return false;
  p->width = big(h);
  p->height = big(h + 4);
  p->depth = h[8];
  p->samples = samples[h[9]];
  const bool narrow = p->depth == 1 || p->depth == 2 || p->depth == 4;
  return p->samples && ((narrow && p->samples == 1) || p->depth == 8 || p->depth == 16);
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

/* Walks the chunks; those that count must be whole. */
static bool read_chunks(plain *p) {
  const uint8_t *at = p->file.data;
  size_t left = p->file.size;
  if (left < HEADER || memcmp(at, "\x89PNG\r\n\x1a\n", HEADER) != 0) return false;
  for (at += HEADER, left -= HEADER; left >= CHUNK;) {
    const size_t size = big(at);
    if (size > left - CHUNK) return false;
    const bool counts = !(at[4] & 0x20);
    if (counts && tome_add_crc32(0, at + 4, size + 4) != big(at + 8 + size)) return false;
    if (memcmp(at + 4, "IHDR", 4) == 0 && !read_header(p, at + 8, size)) return false;
    if (memcmp(at + 4, "IDAT", 4) == 0 && !add_pixels(p, at + 8, size)) return false;
    if (memcmp(at + 4, "IEND", 4) == 0) return p->samples && p->one;
    at += size + CHUNK;
    left -= size + CHUNK;
  }
  return false;
}

static uint8_t paeth(int a, int b, int c) {
  const int pa = abs(b - c), pb = abs(a - c), pc = abs(a + b - 2 * c);
  return (uint8_t)(pa <= pb && pa <= pc ? a : pb <= pc ? b : c);
}

/* Undoes the filter of a row of n bytes; `above` is the row before, `step` the bytes of a pixel. */
static bool unfilter(int filter, const uint8_t *in, const uint8_t *above, size_t n, size_t step, uint8_t *out) {
  switch (filter) {
    case 0:
      memcpy(out, in, n);
      return true;
    case 1:
      for (size_t i = 0; i < n; i++) out[i] = (uint8_t)(in[i] + (i < step ? 0 : out[i - step]));
      return true;
    case 2:
      for (size_t i = 0; i < n; i++) out[i] = (uint8_t)(in[i] + above[i]);
      return true;
    case 3:
      for (size_t i = 0; i < n; i++) out[i] = (uint8_t)(in[i] + ((i < step ? 0 : out[i - step]) + above[i]) / 2);
      return true;
    case 4:
      for (size_t i = 0; i < step && i < n; i++) out[i] = (uint8_t)(in[i] + above[i]);
      for (size_t i = step; i < n; i++) out[i] = (uint8_t)(in[i] + paeth(out[i - step], above[i], above[i - step]));
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
  const size_t height = (size_t)p->height, width = (size_t)p->width;
  const size_t step = p->depth < 8 ? 1 : (size_t)(p->samples * p->depth / 8);
  TOME_AUTO_FREE uint8_t *zeros = calloc(n, 1);
  const uint8_t *above = zeros;
  for (size_t y = 0; zeros && y < height; y++) {
    uint8_t *in = p->raw + y * (n + 1), *row = p->depth < 8 ? in + 1 : out + y * n;
    if (!unfilter(in[0], in + 1, above, n, step, row)) return false;
    if (p->depth < 8) unpack(row, p->depth, width, out + y * width);
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
  if (p->height != piece->shape[TOME_Y] || p->width != piece->shape[TOME_X] || p->height < 1 || p->width < 1 ||
      p->samples != (piece->palette ? 1 : piece->channels) || (p->depth == 16) != (piece->dtype == TOME_U16))
    return false;
  const size_t values = (size_t)p->height * (size_t)p->width * (size_t)p->samples;
  const size_t row = ((size_t)p->width * (size_t)(p->samples * p->depth) + 7) / 8, raw = (row + 1) * (size_t)p->height;
  const tome_bytes packed = p->packed.data ? p->packed : (tome_bytes){(uint8_t *)(uintptr_t)p->one, p->one_size};
  if (values * (p->depth == 16 ? 2 : 1) > out_bytes || !tome_could_inflate(packed.size, raw)) return false;
  p->raw = tome_alloc(raw, 1, piece->path, &err);
  p->inflater = tome_inflater_new(&err);
  if (!p->raw || !p->inflater || !tome_inflate(p->inflater, packed.data, packed.size, p->raw, raw)) return false;
  if (!put_rows(p, row, out)) return false;
  if (p->depth == 16) to_native(values, out);
  return true;
}

bool tome_png_plain(const tome_piece *piece, void *out, size_t out_bytes) {
  TOME_CLEANUP(plain_clear) plain p = {0};
  return decode(&p, piece, out, out_bytes);
}
