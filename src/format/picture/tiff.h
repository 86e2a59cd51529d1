/* tiff.h - what the files of the TIFF reader and writer share. Not for other files. libtiff's own handlers are global, so each open file has its own
 * (TIFFOpenOptions, libtiff 4.5). */
#ifndef TOME_FORMAT_TIFF_H
#define TOME_FORMAT_TIFF_H

#include <tiffio.h>

#include "format/picture/picture.h"

/* A file being read. */
typedef struct tome_tiff {
  const char *path;
  TIFF *tif;
  char why[300];     /* libtiff's complaint; "" none */
  bool palette_lost; /* it takes a palette picture whose colours cannot be read as a gray one, with a warning only */
} tome_tiff;

/* Opens at the first page. tome_tiff_close in any case. */
TOME_MUST_USE bool tome_tiff_open(tome_tiff *t, const char *path, tome_error *err);
void tome_tiff_close(tome_tiff *t);
/* TOME_CORRUPT, with libtiff's reason. */
bool tome_tiff_damaged(const tome_tiff *t, tome_error *err);

/* How one page holds its pixels. Blocks are strips (as wide as the page) or tiles. */
typedef struct tome_tiff_page {
  uint32_t height, width;
  uint32_t block_height, block_width;
  bool tiled, planar; /* planar: each sample has blocks of its own */
  uint16_t bits, samples, compression, photometric;
  tome_dtype dtype;
  bool turn; /* 0 is white: stored as largest - value */
} tome_tiff_page;

/* tiff_page.c: reads the tags of the current page and checks them: kinds that are not read are TOME_UNSUPPORTED, more pixels than the file can hold TOME_CORRUPT. */
TOME_MUST_USE bool tome_tiff_read_page(tome_tiff *t, tome_tiff_page *page, tome_error *err);
/* The page's colours; count 0 where it has none. */
void tome_tiff_palette(const tome_tiff *t, const tome_tiff_page *page, tome_palette *palette);

/* tiff_pixels.c: the page's samples, interleaved, native byte order, 1 to 8 bits a byte each. `out` holds height x width x samples. */
TOME_MUST_USE bool tome_tiff_read_pixels(tome_tiff *t, const tome_tiff_page *page, void *out, tome_error *err);

/* tiff_lzw.c: the same for the commonest kind of page. False where it is another, or damaged: libtiff is to look; `out` may then hold anything. */
TOME_MUST_USE bool tome_tiff_read_lzw(tome_tiff *t, const tome_tiff_page *page, uint8_t *out);

/* tiff_notes.c: what the tags claim of pixel sizes, orientation, ImageJ's and OME's order of pages. TOME_UNSUPPORTED where the pages of the file are channels or times,
 * which would stack as slices. */
/* How many pictures the page stands for: ImageJ leaves the directories of large stacks out but for the first, and the pages follow one another. */
size_t tome_tiff_hidden_pages(const tome_tiff *t);
TOME_MUST_USE bool tome_tiff_check_order(const tome_tiff *t, size_t pages, tome_error *err);
TOME_MUST_USE bool tome_tiff_note(const tome_tiff *t, tome_pieces *list, tome_piece *p, tome_error *err);

/* tiff_write.c */
bool tome_tiff_write(int fd, const char *name, const tome_volume *v, const tome_write_options *opt, tome_error *err);

#endif
