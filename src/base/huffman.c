/* Prefix codes of limited length. */
#include "base/huffman.h"

#include <string.h>

enum { MOST_SYMBOLS = 320, MOST_BITS = 15 };

/* The symbols that occur, rarest first: a radix sort by frequency, 8 bits a pass. */
static size_t sort_symbols(const uint32_t *frequency, size_t n, uint16_t *order) {
  uint16_t other[MOST_SYMBOLS], *from = other, *to = order;
  size_t used = 0;
  uint32_t largest = 0;
  for (size_t s = 0; s < n; s++) {
    if (frequency[s] == 0) continue;
    order[used++] = (uint16_t)s;
    if (frequency[s] > largest) largest = frequency[s];
  }
  for (unsigned shift = 0; shift < 32 && largest >> shift; shift += 8) {
    uint16_t start[257] = {0};
    memcpy(from = other, to = order, used * sizeof *order);
    for (size_t i = 0; i < used; i++) start[(frequency[from[i]] >> shift & 255) + 1]++;
    for (size_t b = 1; b < 257; b++) start[b] = (uint16_t)(start[b] + start[b - 1]);
    for (size_t i = 0; i < used; i++) to[start[frequency[from[i]] >> shift & 255]++] = from[i];
  }
  return used;
}

/* Huffman's algorithm with two queues: leaves in rising order, and the joined nodes, which come out in rising order by themselves.
 * depth[i]: code length of the i-th rarest symbol. */
static void huffman_depths(const uint32_t *frequency, const uint16_t *order, size_t used, uint8_t *depth) {
  uint64_t weight[MOST_SYMBOLS];     /* of joined nodes */
  uint16_t parent[2 * MOST_SYMBOLS]; /* leaves first, then joined nodes */
  uint8_t level[MOST_SYMBOLS];
  size_t leaf = 0, node = 0;
  const size_t joins = used - 1;
  for (size_t j = 0; j < joins; j++) {
    weight[j] = 0;
    for (int pick = 0; pick < 2; pick++) {
      const bool take_leaf = leaf < used && (node >= j || frequency[order[leaf]] <= weight[node]);
      weight[j] += take_leaf ? frequency[order[leaf]] : weight[node];
      parent[take_leaf ? leaf++ : used + node++] = (uint16_t)j;
    }
  }
  level[joins - 1] = 0;
  for (size_t j = joins - 1; j-- > 0;) level[j] = (uint8_t)(level[parent[used + j]] + 1);
  for (size_t i = 0; i < used; i++) depth[i] = (uint8_t)(level[parent[i]] + 1);
}

/* Cuts codes to `most` bits: the rarest symbols pay with longer codes until the code fits, and what is left over goes to the most frequent. */
static void limit_depths(uint8_t *depth, size_t used, unsigned most) {
  const uint32_t whole = 1u << most;
  uint32_t taken = 0;
  for (size_t i = 0; i < used; i++) {
    if (depth[i] > most) depth[i] = (uint8_t)most;
    taken += whole >> depth[i];
  }
  for (size_t i = 0; taken > whole; i = i + 1 < used ? i + 1 : 0) {
    while (depth[i] < most && taken > whole) taken -= whole >> ++depth[i];
  }
  for (size_t i = used; taken < whole; i = i ? i : used) {
    i--;
    while (depth[i] > 1 && taken + (whole >> depth[i]) <= whole) taken += whole >> depth[i]--;
  }
}

void tome_code_lengths(const uint32_t *frequency, size_t n, unsigned most, uint8_t *lengths) {
  uint16_t order[MOST_SYMBOLS];
  uint8_t depth[MOST_SYMBOLS];
  const size_t used = sort_symbols(frequency, n, order);
  memset(lengths, 0, n);
  huffman_depths(frequency, order, used, depth);
  limit_depths(depth, used, most);
  for (size_t i = 0; i < used; i++) lengths[order[i]] = depth[i];
}

/* The low `bits` of a word, back to front. */
static uint16_t reversed(uint32_t word, unsigned bits) {
  word = (word & 0x5555) << 1 | (word >> 1 & 0x5555);
  word = (word & 0x3333) << 2 | (word >> 2 & 0x3333);
  word = (word & 0x0f0f) << 4 | (word >> 4 & 0x0f0f);
  word = (word & 0x00ff) << 8 | (word >> 8 & 0x00ff);
  return (uint16_t)(word >> (16 - bits));
}

bool tome_code_words(const uint8_t *lengths, size_t n, uint16_t *words) {
  uint32_t count[MOST_BITS + 1] = {0}, next[MOST_BITS + 2] = {0};
  for (size_t s = 0; s < n; s++) count[lengths[s]]++;
  count[0] = 0;
  for (unsigned b = 1; b <= MOST_BITS; b++) next[b + 1] = (next[b] + count[b]) << 1;
  if (next[MOST_BITS + 1] != 1u << (MOST_BITS + 1)) return false;
  for (size_t s = 0; s < n; s++)
    if (lengths[s]) words[s] = reversed(next[lengths[s]]++, lengths[s]);
  return true;
}
