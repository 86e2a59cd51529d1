/* Prefix codes of limited length, as deflate writes them. */
#ifndef TOME_BASE_HUFFMAN_H
#define TOME_BASE_HUFFMAN_H

#include "base/error.h"

/* Lengths of an optimal-enough prefix code for `n` symbols with these frequencies, none longer than `most` bits; 0 for those that do not occur. At
 * least two must occur. The code is complete. */
void tome_code_lengths(const uint32_t *frequency, size_t n, unsigned most, uint8_t *lengths);
/* The canonical code of those lengths, each reversed (deflate packs codes from the top bit). False where the lengths are not a complete code. */
bool tome_code_words(const uint8_t *lengths, size_t n, uint16_t *words);
#endif
