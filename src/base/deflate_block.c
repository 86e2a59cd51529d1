/* Counting tokens, making codes for them, writing them. */
#include "base/deflate_block.h"

enum { CODE_BITS = 14, MOST_STORED = 65535, STORED_HEAD = 5 };

size_t tome_block_bound(size_t size) {
  return size + (size / MOST_STORED + 2) * STORED_HEAD + TOME_MOST_HEAD_BYTES + 16;
}

static tome_extra_code token_code(unsigned token) {
  return token < 256 ? (tome_extra_code){token, 0, 0} : tome_length_code(token - 256 + TOME_LEAST_MATCH);
}

static void literal_codes(tome_block_code *c) {
  uint32_t frequency[TOME_LITERAL_CODES] = {0};
  frequency[TOME_END_OF_BLOCK] = 1;
  for (unsigned t = 0; t < TOME_TOKENS; t++) frequency[token_code(t).symbol] += c->literals[t];
  if (!frequency[0]) frequency[0] = 1; /* a code has two words at least */
  tome_code_lengths(frequency, TOME_LITERAL_CODES, CODE_BITS, c->lengths);
  (void)tome_code_words(c->lengths, TOME_LITERAL_CODES, c->words); /* complete: it was made so */
  for (unsigned t = 0; t < TOME_TOKENS; t++) {
    const tome_extra_code e = token_code(t);
    c->emit[t] = c->words[e.symbol] | e.extra << c->lengths[e.symbol] | (c->lengths[e.symbol] + e.bits) << 24;
  }
}

static void distance_codes(tome_block_code *c) {
  uint8_t *lengths = c->lengths + TOME_LITERAL_CODES;
  uint16_t *words = c->words + TOME_LITERAL_CODES;
  uint32_t frequency[TOME_DISTANCE_CODES];
  memcpy(frequency, c->distances, sizeof frequency);
  for (size_t d = 0; d < 2; d++)
    if (!frequency[d]) frequency[d] = 1;
  tome_code_lengths(frequency, TOME_DISTANCE_CODES, CODE_BITS, lengths);
  (void)tome_code_words(lengths, TOME_DISTANCE_CODES, words);
  memset(c->emit_distance, 0, sizeof c->emit_distance); /* a literal's is no bits at all */
  memset(c->extra_bits, 0, sizeof c->extra_bits);
  for (unsigned d = 0; d < TOME_DISTANCE_CODES; d++) {
    c->emit_distance[d] = words[d] | (uint32_t)lengths[d] << 24;
    c->extra_bits[d] = (uint8_t)(d < 4 ? 0 : d / 2 - 1);
  }
}

/* Bits of the block's tokens: known before any is written. */
static uint64_t token_bits(const tome_block_code *c) {
  uint64_t bits = c->lengths[TOME_END_OF_BLOCK];
  for (unsigned t = 0; t < TOME_TOKENS; t++) bits += (uint64_t)c->literals[t] * (c->emit[t] >> 24);
  for (unsigned d = 0; d < TOME_DISTANCE_CODES; d++)
    bits += (uint64_t)c->distances[d] * ((c->emit_distance[d] >> 24) + c->extra_bits[d]);
  return bits;
}

typedef struct word {
  uint64_t bits;
  unsigned count;
} word;

/* At most 14 + 5 + 14 + 13 bits. */
static inline word token_word(const tome_block_code *c, tome_token t) {
  const unsigned slot = t >> TOME_TOKEN_DISTANCE & 31;
  const uint32_t e = c->emit[t & (TOME_TOKENS - 1)], d = c->emit_distance[slot];
  const unsigned n = e >> 24, m = n + (d >> 24);
  return (word){(e & 0xffffff) | (uint64_t)(d & 0xffffff) << n | (uint64_t)(t >> TOME_TOKEN_EXTRA) << m,
                m + c->extra_bits[slot]};
}

/* Two at a time where they fit beside the 7 bits that may be waiting: nearly always. */
static void put_tokens(const tome_block_code *c, const tome_token *tokens, size_t count, tome_bit_writer *writer) {
  tome_bit_writer w = *writer;
  size_t i = 0;
  for (; i + 2 <= count; i += 2) {
    const word a = token_word(c, tokens[i]), b = token_word(c, tokens[i + 1]);
    if (__builtin_expect(a.count + b.count > 56, 0)) {
      tome_put_bits(&w, a.bits, a.count);
      tome_flush_bits(&w);
      tome_put_bits(&w, b.bits, b.count);
    } else {
      tome_put_bits(&w, a.bits | b.bits << a.count, a.count + b.count);
    }
    tome_flush_bits(&w);
  }
  if (i < count) {
    const word a = token_word(c, tokens[i]);
    tome_put_bits(&w, a.bits, a.count);
    tome_flush_bits(&w);
  }
  *writer = w;
}

void tome_put_stored(const uint8_t *in, size_t size, bool last, tome_bit_writer *w) {
  do {
    const size_t n = size < MOST_STORED ? size : MOST_STORED;
    tome_put_bits(w, last && n == size, 3);
    if (w->count & 7) w->count = (w->count | 7) + 1;
    tome_put_bits(w, n | (~n & 0xffff) << 16, 32);
    tome_flush_bits(w);
    if (n == 0) return; /* of nothing: `in` may be no address at all */
    memcpy(w->at, in, n);
    w->at += n;
    in += n;
    size -= n;
  } while (size);
}

void tome_put_sync(tome_bit_writer *w) { tome_put_stored(NULL, 0, false, w); }

void tome_put_block(tome_block_code *c, const tome_token *tokens, size_t count, const uint8_t *in, size_t size,
                    bool last, tome_bit_writer *w) {
  literal_codes(c);
  distance_codes(c);
  const uint64_t stored = size + (size / MOST_STORED + 1) * STORED_HEAD;
  if (token_bits(c) / 8 + TOME_MOST_HEAD_BYTES / 4 >= stored) {
    tome_put_stored(in, size, last, w);
    return;
  }
  tome_put_block_head(c->lengths, TOME_LITERAL_CODES, TOME_DISTANCE_CODES, last, w);
  put_tokens(c, tokens, count, w);
  tome_put_bits(w, c->words[TOME_END_OF_BLOCK], c->lengths[TOME_END_OF_BLOCK]);
  tome_flush_bits(w);
}
