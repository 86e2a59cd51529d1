/* The codes of lengths and distances, and the head of a dynamic block. */
#include "base/deflate_bits.h"

enum { LENGTH_CODES = 19, LENGTH_CODE_BITS = 7, MOST_LENGTHS = TOME_LITERAL_CODES + TOME_DISTANCE_CODES };

tome_extra_code tome_length_code(unsigned length) {
  if (length == TOME_MOST_MATCH) return (tome_extra_code){285, 0, 0};
  const unsigned l = length - TOME_LEAST_MATCH;
  if (l < 8) return (tome_extra_code){257 + l, 0, 0};
  const unsigned bits = 31u - (unsigned)__builtin_clz(l) - 2;
  return (tome_extra_code){257 + 4 * bits + (l >> bits), bits, l & ((1u << bits) - 1)};
}

/* One entry of the run-length coded list of code lengths: a length, or 16 (repeat), 17, 18 (zeros), with its extra bits. */
typedef struct length_entry {
  uint8_t code, extra, extra_bits;
} length_entry;

static size_t list_lengths(const uint8_t *lengths, size_t n, length_entry *out) {
  size_t count = 0;
  for (size_t i = 0; i < n;) {
    size_t run = 1;
    while (i + run < n && lengths[i + run] == lengths[i]) run++;
    const size_t whole = run;
    if (lengths[i] == 0) {
      for (; run >= 3; run -= run < 138 ? run : 138) {
        const size_t part = run < 138 ? run : 138;
        out[count++] =
            part < 11 ? (length_entry){17, (uint8_t)(part - 3), 3} : (length_entry){18, (uint8_t)(part - 11), 7};
      }
    } else {
      out[count++] = (length_entry){lengths[i], 0, 0};
      for (run--; run >= 3; run -= run < 6 ? run : 6)
        out[count++] = (length_entry){16, (uint8_t)((run < 6 ? run : 6) - 3), 2};
    }
    for (; run > 0; run--) out[count++] = (length_entry){lengths[i], 0, 0};
    i += whole;
  }
  return count;
}

void tome_put_block_head(const uint8_t *lengths, size_t literals, size_t distances, bool last, tome_bit_writer *w) {
  static const uint8_t order[LENGTH_CODES] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
  length_entry list[MOST_LENGTHS];
  uint32_t frequency[LENGTH_CODES] = {0};
  uint8_t code_lengths[LENGTH_CODES];
  uint16_t words[LENGTH_CODES] = {0};
  const size_t n = list_lengths(lengths, literals + distances, list);
  for (size_t i = 0; i < n; i++) frequency[list[i].code]++;
  tome_code_lengths(frequency, LENGTH_CODES, LENGTH_CODE_BITS, code_lengths);
  (void)tome_code_words(code_lengths, LENGTH_CODES, words); /* complete: it was made so */
  size_t sent = LENGTH_CODES;
  while (sent > 4 && code_lengths[order[sent - 1]] == 0) sent--;
  tome_put_bits(w, (last ? 1u : 0u) | 2u << 1, 3);
  tome_put_bits(w, literals - 257, 5);
  tome_put_bits(w, distances - 1, 5);
  tome_put_bits(w, sent - 4, 4);
  for (size_t i = 0; i < sent; i++) {
    tome_put_bits(w, code_lengths[order[i]], 3);
    tome_flush_bits(w);
  }
  for (size_t i = 0; i < n; i++) {
    tome_put_bits(w, words[list[i].code], code_lengths[list[i].code]);
    tome_put_bits(w, list[i].extra, list[i].extra_bits);
    tome_flush_bits(w);
  }
}
