/* The common PNG read without libpng. Inside src/format only. */
#ifndef TOME_FORMAT_PNG_PLAIN_H
#define TOME_FORMAT_PNG_PLAIN_H

#include "format/format.h"

/* What the header of a plain PNG says. */
typedef struct tome_png_header {
  int64_t height, width;
  int depth, samples; /* bits a sample; samples a pixel (palettes: 1) */
  bool palette;
} tome_png_header;

/* Reads it from the file's first bytes. False where they do not reach to the pixels, or anything is unusual or wrong: libpng is to look. */
TOME_MUST_USE bool tome_png_plain_header(const uint8_t *bytes, size_t size, tome_png_header *out);

/* Puts the samples (of palettes: the indices) at the head of `out`, native byte order. False where the file is not as plain as that, or damaged: libpng is to look; `out`
 * may then hold anything. */
TOME_MUST_USE bool tome_png_plain(const tome_piece *piece, void *out, size_t out_bytes);

#endif
