/* LZW as GIF and TIFF have it, a whole picture or strip at a time: several times as fast as their libraries, which decode pixel by pixel. Inside src/format only. */
#ifndef TOME_FORMAT_LZW_H
#define TOME_FORMAT_LZW_H

#include "format/format.h"

/* Fills n bytes of `out` from codes. False where the codes end before, or one of them is none: the library is to look, and to find the words; `out` may then hold
 * anything. TIFF: codes from the highest bit down, each width left one code early. */
TOME_MUST_USE bool tome_unlzw_tiff(const uint8_t *in, size_t size, uint8_t *out, size_t n);
/* GIF: codes from the lowest bit up. `bits` of a pixel: 2 to 8; `in` without the lengths of its blocks. */
TOME_MUST_USE bool tome_unlzw_gif(unsigned bits, const uint8_t *in, size_t size, uint8_t *out, size_t n);

#endif
