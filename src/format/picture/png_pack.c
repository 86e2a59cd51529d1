/* PNG for pictures that are looked at rather than kept: written by hand (ISO/IEC 15948), so that rows are filtered and deflated on all cores. What is kept as
 * data goes through libpng (png_write.c). */
#include "format/picture/png_pack.h"

#include <stdlib.h>
#include <string.h>

#include "base/gzip.h"
#include "base/threads.h"

enum {
  MOST_SIDE = 16384,
  PIXEL = 3,
  SMALL = 1 << 18, /* bytes that one core deflates, and well, before others could begin */
  LEVEL = 3,       /* of those */
  PART = 1 << 19   /* bytes of rows in a part; each begins with an empty dictionary */
};

typedef enum filter { FILTER_NONE = 0, FILTER_SUB = 1, FILTER_UP = 2 } filter;

typedef struct packing {
  const uint8_t *rgb;
  size_t row; /* bytes, without the filter's */
  int height, rows_a_part;
  size_t parts;
  uint8_t *filtered;
  tome_bytes *deflated; /* one a part */
} packing;

static void packing_clear(packing *p) {
  for (size_t i = 0; p->deflated && i < p->parts; i++) tome_bytes_clear(&p->deflated[i]);
  free(p->deflated);
  free(p->filtered);
}

/* ---- rows ---- */

static const uint8_t *row_of(const packing *p, int y) { return p->rgb + (size_t)y * p->row; }

/* How far differences are from 0, as signed bytes: what is small deflates well (the standard's own advice, 12.7). */
static uint64_t cost(const uint8_t *v, const uint8_t *before, size_t n) {
  uint64_t sum = 0;
  for (size_t i = 0; i < n; i++) {
    const uint8_t d = (uint8_t)(v[i] - before[i]);
    sum += d < 128 ? d : 256u - d;
  }
  return sum;
}

static filter choose(const uint8_t *row, const uint8_t *above, size_t n) {
  if (above && memcmp(row, above, n) == 0) return FILTER_UP;
  const uint64_t sub = cost(row + PIXEL, row, n - PIXEL);
  if (sub == 0) return FILTER_SUB;
  return above && cost(row, above, n) < sub ? FILTER_UP : FILTER_SUB;
}

static void filter_row(const packing *p, int y) {
  const uint8_t *row = row_of(p, y), *above = y ? row_of(p, y - 1) : NULL;
  uint8_t *out = p->filtered + (size_t)y * (p->row + 1);
  const filter f = choose(row, above, p->row);
  *out++ = (uint8_t)f;
  if (f == FILTER_UP) {
    for (size_t i = 0; i < p->row; i++) out[i] = (uint8_t)(row[i] - above[i]);
    return;
  }
  memcpy(out, row, PIXEL);
  for (size_t i = PIXEL; i < p->row; i++) out[i] = (uint8_t)(row[i] - row[i - PIXEL]);
}

/* ---- deflate ---- */

static int end_of_part(const packing *p, size_t part) {
  const int64_t end = ((int64_t)part + 1) * p->rows_a_part;
  return end < p->height ? (int)end : p->height;
}

static bool pack_part(void *ctx, size_t part, int worker, tome_error *err) {
  (void)worker;
  const packing *p = ctx;
  const int first = (int)part * p->rows_a_part, end = end_of_part(p, part);
  for (int y = first; y < end; y++) filter_row(p, y);
  const uint8_t *from = p->filtered + (size_t)first * (p->row + 1);
  const size_t size = (size_t)(end - first) * (p->row + 1);
  tome_bytes *out = &p->deflated[part];
  const size_t room = size + size / 1000 + 4096;
  out->data = tome_alloc(room, 1, "a picture", err);
  return out->data && tome_deflate_part(from, size, part + 1 == p->parts, out->data, room, &out->size, err);
}

static uint8_t *put32(uint8_t *out, uint32_t v) {
  for (int i = 0; i < 4; i++) *out++ = (uint8_t)(v >> (24 - 8 * i));
  return out;
}

/* The zlib stream of a large picture, out of parts. */
static bool join(packing *p, tome_bytes *out, tome_error *err) {
  const size_t all = (size_t)p->height * (p->row + 1);
  size_t size = 2 + 4;
  for (size_t i = 0; i < p->parts; i++) size += p->deflated[i].size;
  uint8_t *data = tome_alloc(size, 1, "a picture", err), *at = data;
  if (!data) return false;
  *at++ = 0x78; /* deflate, a window of 32 KiB */
  *at++ = 0x01; /* the quickest; makes the two a multiple of 31 */
  for (size_t i = 0; i < p->parts; i++) {
    memcpy(at, p->deflated[i].data, p->deflated[i].size);
    at += p->deflated[i].size;
  }
  put32(at, tome_add_adler32(1, p->filtered, all));
  *out = (tome_bytes){data, size};
  return true;
}

static bool deflate_large(packing *p, const tome_run *run, tome_bytes *out, tome_error *err) {
  tome_run quiet = run ? *run : (tome_run){0};
  quiet.progress = NULL;
  p->rows_a_part = (int)(PART / (p->row + 1)) + 1;
  p->parts = (size_t)((p->height + p->rows_a_part - 1) / p->rows_a_part);
  p->deflated = tome_alloc_zero(p->parts, sizeof *p->deflated, "a picture", err);
  return p->deflated && tome_parallel(&quiet, p->parts, pack_part, p, err) && join(p, out, err);
}

static bool deflate_small(packing *p, tome_bytes *out, tome_error *err) {
  const size_t all = (size_t)p->height * (p->row + 1), bound = tome_deflate_bound(all);
  for (int y = 0; y < p->height; y++) filter_row(p, y);
  tome_deflater *d = tome_deflater_new(LEVEL, err);
  uint8_t *data = d ? tome_alloc(bound, 1, "a picture", err) : NULL;
  const size_t size = data ? tome_deflate(d, p->filtered, all, data, bound) : 0;
  tome_deflater_free(d);
  if (size) {
    *out = (tome_bytes){data, size};
    return true;
  }
  free(data);
  return tome_fail(err, TOME_NO_MEMORY, "a picture does not fit its own bound");
}

/* ---- the file ---- */

static uint8_t *put_chunk(uint8_t *out, const char type[4], const void *data, size_t size) {
  out = put32(out, (uint32_t)size);
  uint8_t *const from = out;
  memcpy(out, type, 4);
  if (size) memcpy(out + 4, data, size);
  out += 4 + size;
  return put32(out, tome_add_crc32(0, from, 4 + size));
}

static bool frame(const tome_bytes *pixels, int width, int height, tome_bytes *out, tome_error *err) {
  static const uint8_t signature[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
  static const char software[] = "Software\0tome " TOME_VERSION;
  uint8_t header[13] = {[8] = 8, [9] = 2}; /* 8 bits, RGB */
  put32(put32(header, (uint32_t)width), (uint32_t)height);
  const size_t size = sizeof signature + 4 * 12 + sizeof header + sizeof software - 1 + pixels->size;
  uint8_t *data = tome_alloc(size, 1, "a picture", err), *at = data;
  if (!data) return false;
  memcpy(at, signature, sizeof signature);
  at = put_chunk(at + sizeof signature, "IHDR", header, sizeof header);
  at = put_chunk(at, "tEXt", software, sizeof software - 1);
  at = put_chunk(at, "IDAT", pixels->data, pixels->size);
  put_chunk(at, "IEND", NULL, 0);
  *out = (tome_bytes){data, size};
  return true;
}

bool tome_png_pack(const uint8_t *rgb, int width, int height, const tome_run *run, tome_bytes *out, tome_error *err) {
  if (width < 1 || height < 1 || width > MOST_SIDE || height > MOST_SIDE)
    return tome_fail(err, TOME_USAGE, "a picture of %d x %d pixels: 1 to %d each way can be written", width, height,
                     MOST_SIDE);
  TOME_CLEANUP(packing_clear) packing p = {.rgb = rgb, .row = PIXEL * (size_t)width, .height = height};
  TOME_CLEANUP(tome_bytes_clear) tome_bytes pixels = {0};
  const size_t all = (size_t)height * (p.row + 1);
  if (!(p.filtered = tome_alloc(all, 1, "a picture", err))) return false;
  if (!(all <= SMALL ? deflate_small(&p, &pixels, err) : deflate_large(&p, run, &pixels, err))) return false;
  return frame(&pixels, width, height, out, err);
}
