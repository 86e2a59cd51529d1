/* One deflate block out of tokens, with Huffman codes of its own; stored where that is shorter. */
#ifndef TOME_BASE_DEFLATE_BLOCK_H
#define TOME_BASE_DEFLATE_BLOCK_H

#include "base/deflate_bits.h"

/* A token: bits 0–8 a literal, or 253 + the length of a match; bits 9–13 the symbol of its distance (31: a literal); above them that distance's extra
 * bits. Literals and matches are written the same way, without asking which it is. */
typedef uint32_t tome_token;
enum { TOME_TOKENS = 512, TOME_NO_DISTANCE = 31, TOME_TOKEN_DISTANCE = 9, TOME_TOKEN_EXTRA = 14 };

static inline tome_token tome_literal(uint8_t byte) {
  return byte | (tome_token)TOME_NO_DISTANCE << TOME_TOKEN_DISTANCE;
}

/* The counts of a block's tokens, and the codes made of them. */
typedef struct tome_block_code {
  uint32_t literals[TOME_TOKENS];
  uint32_t distances[32];
  uint8_t lengths[TOME_LITERAL_CODES + TOME_DISTANCE_CODES];
  uint16_t words[TOME_LITERAL_CODES + TOME_DISTANCE_CODES];
  uint32_t emit[TOME_TOKENS]; /* a token's bits, without its distance, and how many in the top byte */
  uint32_t emit_distance[32]; /* its symbol's */
  uint8_t extra_bits[32];     /* that follow it */
} tome_block_code;

static inline void tome_no_tokens(tome_block_code *c) {
  memset(c->literals, 0, sizeof c->literals);
  memset(c->distances, 0, sizeof c->distances);
}
/* To be called for each token of a block before it is written. */
static inline void tome_count_token(tome_block_code *c, tome_token t) {
  c->literals[t & (TOME_TOKENS - 1)]++;
  c->distances[t >> TOME_TOKEN_DISTANCE & 31]++;
}

/* Bytes of room that writing a block of `size` bytes may need. */
size_t tome_block_bound(size_t size);
/* The block of `size` bytes `in`, which is what the tokens say; `last`: it ends the stream. */
void tome_put_block(tome_block_code *code, const tome_token *tokens, size_t count, const uint8_t *in, size_t size,
                    bool last, tome_bit_writer *w);
/* Ends at a whole byte: an empty stored block (what zlib calls a sync flush). */
void tome_put_sync(tome_bit_writer *w);
/* Stored blocks: bytes as they are. */
void tome_put_stored(const uint8_t *in, size_t size, bool last, tome_bit_writer *w);
#endif
