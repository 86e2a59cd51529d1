/* The pages that most pictures are: whole strips of bytes, packed by LZW. Read at once and unpacked without libtiff, which takes each strip from the file by itself. */
#include <stdlib.h>
#include <string.h>

#include "format/picture/lzw.h"
#include "format/picture/tiff.h"

/* Where the strips of a page lie: [begin, end) of the file. */
typedef struct extent {
  uint64_t begin, end;
} extent;

static bool is_plain(tome_tiff *t, const tome_tiff_page *p, uint16_t *predictor) {
  uint16_t order = FILLORDER_MSB2LSB;
  *predictor = PREDICTOR_NONE;
  if (p->compression != COMPRESSION_LZW || p->tiled || p->planar || p->bits != 8) return false;
  TIFFGetFieldDefaulted(t->tif, TIFFTAG_FILLORDER, &order);
  TIFFGetFieldDefaulted(t->tif, TIFFTAG_PREDICTOR, predictor);
  return order == FILLORDER_MSB2LSB && (*predictor == PREDICTOR_NONE || *predictor == PREDICTOR_HORIZONTAL);
}

static uint32_t strips_of(const tome_tiff_page *p) { return (p->height - 1) / p->block_height + 1; }

/* False where they are scattered over the file: what lies between them is not worth reading. */
static bool find_strips(tome_tiff *t, const tome_tiff_page *p, extent *all) {
  uint64_t sum = 0;
  *all = (extent){UINT64_MAX, 0};
  for (uint32_t i = 0; i < strips_of(p); i++) {
    const uint64_t at = TIFFGetStrileOffset(t->tif, i), size = TIFFGetStrileByteCount(t->tif, i);
    uint64_t end;
    if (size == 0 || __builtin_add_overflow(at, size, &end) || __builtin_add_overflow(sum, size, &sum)) return false;
    if (at < all->begin) all->begin = at;
    if (end > all->end) all->end = end;
  }
  const uint64_t span = all->end - all->begin;
  return !t->why[0] && span / 2 <= sum && span < SIZE_MAX;
}

/* Each byte was stored as the difference to the one a pixel to its left. */
static void add_left(const tome_tiff_page *p, size_t rows, uint8_t *out) {
  const size_t samples = p->samples, row = p->width * samples;
  for (size_t y = 0; y < rows; y++)
    for (size_t x = samples; x < row; x++) out[y * row + x] = (uint8_t)(out[y * row + x] + out[y * row + x - samples]);
}

bool tome_tiff_read_lzw(tome_tiff *t, const tome_tiff_page *p, uint8_t *out) {
  extent all;
  uint16_t predictor;
  uint64_t size;
  tome_error why = {0};
  if (!is_plain(t, p, &predictor) || !find_strips(t, p, &all) || !tome_file_size(t->path, &size, &why) ||
      all.end > size)
    return false;
  TOME_AUTO_FREE uint8_t *packed = tome_alloc((size_t)(all.end - all.begin), 1, t->path, &why);
  if (!packed || !tome_read_at(t->path, all.begin, packed, (size_t)(all.end - all.begin), &why)) return false;
  const size_t row = (size_t)p->width * p->samples;
  for (uint32_t i = 0, y = 0; y < p->height; i++, y += p->block_height) {
    const size_t rows = p->height - y < p->block_height ? p->height - y : p->block_height;
    const uint8_t *from = packed + (TIFFGetStrileOffset(t->tif, i) - all.begin);
    if (!tome_unlzw_tiff(from, (size_t)TIFFGetStrileByteCount(t->tif, i), out + y * row, rows * row)) return false;
    if (predictor == PREDICTOR_HORIZONTAL) add_left(p, rows, out + y * row);
  }
  return true;
}
