/* The common PNG read without libpng. Inside src/format only. */
#ifndef TOME_FORMAT_PNG_PLAIN_H
#define TOME_FORMAT_PNG_PLAIN_H

#include "format/format.h"

/* Puts the samples (of palettes: the indices) at the head of `out`, native byte order. False where the file is not as plain as that, or damaged: libpng is to look; `out`
 * may then hold anything. */
TOME_MUST_USE bool tome_png_plain(const tome_piece *piece, void *out, size_t out_bytes);

#endif
