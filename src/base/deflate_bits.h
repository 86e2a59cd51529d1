/* Deflate's bits (RFC 1951): the writer that gathers them, the codes of lengths and distances, and the head of a block with codes of its own. */
#ifndef TOME_BASE_DEFLATE_BITS_H
#define TOME_BASE_DEFLATE_BITS_H

#include <string.h>

#include "base/huffman.h"

enum {
  TOME_END_OF_BLOCK = 256,
  TOME_LITERAL_CODES = 286, /* literals, end of block, 29 lengths */
  TOME_DISTANCE_CODES = 30,
  TOME_LEAST_MATCH = 3,
  TOME_MOST_MATCH = 258,
  TOME_MOST_HEAD_BYTES = 400 /* 17 + 19*3 bits, and 316 lengths of at most 7 bits and their extra */
};

typedef struct tome_bit_writer {
  uint64_t bits;
  unsigned count;
  uint8_t *begin, *at, *end; /* at least 8 bytes of room stay behind what is written */
} tome_bit_writer;

/* Up to 57 bits between two flushes. */
static inline void tome_put_bits(tome_bit_writer *w, uint64_t bits, unsigned count) {
  w->bits |= bits << w->count;
  w->count += count;
}

/* Writes whole bytes out; at most 7 bits stay. */
static inline void tome_flush_bits(tome_bit_writer *w) {
  memcpy(w->at, &w->bits, 8);
  w->at += w->count >> 3;
  w->bits >>= w->count & 56;
  w->count &= 7;
}

/* A code's symbol, the number of its extra bits, and their value. */
typedef struct tome_extra_code {
  unsigned symbol, bits, extra;
} tome_extra_code;
/* Of a match's length, 3 … 258. */
tome_extra_code tome_length_code(unsigned length);
/* Of a distance, 1 … 32768. Without a jump. */
static inline tome_extra_code tome_distance_code(unsigned distance) {
  const unsigned d = distance - 1, top = 31u - (unsigned)__builtin_clz(d | 1), bits = top - (top > 0);
  return (tome_extra_code){2 * bits + (d >> bits), bits, d & ((1u << bits) - 1)};
}

/* The head of a dynamic block: how its codes are to be rebuilt. `lengths`: of `literals` (257 … 286) literal and length codes, then of `distances`
 * (1 … 30). Needs TOME_MOST_HEAD_BYTES of room. */
void tome_put_block_head(const uint8_t *lengths, size_t literals, size_t distances, bool last, tome_bit_writer *w);
#endif
