/* Strips and tiles into rows of interleaved samples. */
#include <stdlib.h>
#include <string.h>

#include "format/picture/tiff.h"

/* One block: a strip or a tile, of one sample or all. Bytes of its rows as libtiff gives them. */
typedef struct block {
  uint32_t y, x, rows, columns; /* the part that lies within the page */
  uint32_t sample;              /* planar: which */
  uint32_t number;
  size_t row_bytes;
} block;

static size_t block_samples(const tome_tiff_page *p) { return p->planar ? 1 : p->samples; }

/* Bytes of one row of a block. */
static size_t block_row(const tome_tiff_page *p) {
  return ((size_t)p->block_width * block_samples(p) * p->bits + 7) / 8;
}

/* Samples of 1, 2 and 4 bits, the first in the upper bits. */
static void unpack(const uint8_t *row, unsigned bits, size_t n, uint8_t *out) {
  const size_t each = 8 / bits;
  for (size_t i = 0; i < n; i++)
    out[i] = (uint8_t)((unsigned)row[i / each] >> (8 - bits - i % each * bits) & ((1u << bits) - 1));
}

/* One row of a block to its place in the page. */
static void place_row(const tome_tiff_page *p, const block *b, const uint8_t *row, uint8_t *scratch, uint8_t *out) {
  const size_t element = tome_dtype_size(p->dtype), n = b->columns * block_samples(p);
  if (p->bits < 8) {
    unpack(row, p->bits, n, scratch);
    row = scratch;
  }
  if (!p->planar) {
    memcpy(out, row, n * element);
    return;
  }
  const size_t step = p->samples * element;
  out += b->sample * element;
  for (size_t x = 0; x < n; x++) memcpy(out + x * step, row + x * element, element);
}

/* Reads one block to `to`, which holds `bytes`; a block that gives less is cut short. */
static bool read_block(tome_tiff *t, const tome_tiff_page *p, const block *b, void *to, size_t bytes, tome_error *err) {
  const tmsize_t got = p->tiled ? TIFFReadEncodedTile(t->tif, b->number, to, (tmsize_t)bytes)
                                : TIFFReadEncodedStrip(t->tif, b->number, to, (tmsize_t)bytes);
  if (got >= 0 && (size_t)got >= bytes && !t->why[0]) return true;
  if (got >= 0 && !t->why[0]) snprintf(t->why, sizeof t->why, "a block of pixels is cut short");
  return tome_tiff_damaged(t, err);
}

typedef struct reading {
  tome_tiff *t;
  const tome_tiff_page *p;
  uint8_t *out;
  uint8_t *block, *row; /* scratch: a whole block; a row of unpacked samples */
} reading;

static bool place_block(const reading *r, const block *b, tome_error *err) {
  const tome_tiff_page *p = r->p;
  const size_t pixel = p->samples * tome_dtype_size(p->dtype), page_row = p->width * pixel;
  uint8_t *to = r->out + b->y * page_row + b->x * pixel;
  const size_t bytes = (p->tiled ? p->block_height : b->rows) * b->row_bytes;
  if (!r->block) return read_block(r->t, p, b, to, bytes, err); /* as it is to be */
  if (!read_block(r->t, p, b, r->block, bytes, err)) return false;
  for (uint32_t y = 0; y < b->rows; y++) place_row(p, b, r->block + y * b->row_bytes, r->row, to + y * page_row);
  return true;
}

static bool read_blocks(const reading *r, tome_error *err) {
  const tome_tiff_page *p = r->p;
  block b = {.row_bytes = block_row(p)};
  for (b.sample = 0; b.sample < (p->planar ? p->samples : 1u); b.sample++)
    for (b.y = 0; b.y < p->height; b.y += p->block_height)
      for (b.x = 0; b.x < p->width; b.x += p->block_width, b.number++) {
        b.rows = p->height - b.y < p->block_height ? p->height - b.y : p->block_height;
        b.columns = p->width - b.x < p->block_width ? p->width - b.x : p->block_width;
        if (!place_block(r, &b, err)) return false;
      }
  return true;
}

/* largest - value, of unsigned samples. */
static void turn(const tome_tiff_page *p, void *data) {
  const size_t n = (size_t)p->height * p->width;
  uint8_t *bytes = data;
  const size_t element = tome_dtype_size(p->dtype);
  const unsigned all = p->bits < 8 ? (1u << p->bits) - 1 : UINT8_MAX;
  for (size_t i = 0; i < n * element; i++) bytes[i] = (uint8_t)(all - bytes[i]); /* all bits: bytewise is the same */
}

bool tome_tiff_read_pixels(tome_tiff *t, const tome_tiff_page *page, void *out, tome_error *err) {
  if (page->compression == COMPRESSION_JPEG && page->photometric == PHOTOMETRIC_YCBCR)
    TIFFSetField(t->tif, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
  TOME_AUTO_FREE uint8_t *scratch = NULL, *row = NULL;
  if (page->tiled || page->planar || page->bits < 8) {
    scratch = tome_alloc(page->block_height, block_row(page), t->path, err);
    row = tome_alloc(page->block_width, block_samples(page), t->path, err);
    if (!scratch || !row) return false;
  }
  const reading r = {.t = t, .p = page, .out = out, .block = scratch, .row = row};
  if (!tome_tiff_read_lzw(t, page, out) && !read_blocks(&r, err)) return false;
  if (page->turn) turn(page, out);
  return true;
}
