/* planes_lanes.h - the loops that read codes, four at once: see planes_lanes.c. Shared with planes_inflate.c, which gives them work. */
#ifndef TOME_STORE_PLANES_LANES_H
#define TOME_STORE_PLANES_LANES_H

#include "store/planes_deflate.h"

enum { TOME_LANES = 4, TOME_TABLE = 1 << TOME_CODE_BITS, TOME_END_OF_BLOCK = 256, TOME_MOST_SYMBOLS = 288 };

/* Codes by their next TOME_CODE_BITS bits. `single`: bits 0-5 how many the code has, bit 7 whether it is no literal, bits 8-15 the literal, or the symbol less 256.
 * `pair`, for planes of short codes: bits 0-5 and 7 as above, 8-9 how many literals (0, 1, 2), 16-31 those, or the symbol less 256. */
typedef union tome_code_table {
  uint16_t single[TOME_TABLE];
  uint32_t pair[TOME_TABLE];
} tome_code_table;

enum {
  TOME_SPECIAL = 1 << 7,
  TOME_SINGLE_SHIFT = 8,
  TOME_COUNT_SHIFT = 8,
  TOME_PAIR_SHIFT = 16,
  TOME_PAIRS_AHEAD = 11
};

/* What moves with every code: passed by value, so that it stays in registers. The valid bits of `bits` end below its highest set bit; `in` is the byte
 * that they came from, and as many bits of it are used up as that highest bit lies below the top. */
typedef struct tome_cursor {
  uint64_t bits;
  const uint8_t *in;
  uint8_t *out;
} tome_cursor;

/* One of the four: reads from `at` until out_stop is reached, or a little more. */
typedef struct tome_lane {
  tome_cursor at;
  const uint8_t *in_end;
  const uint8_t *out_stop,
      *out_end; /* pairs: out_stop lies TOME_PAIRS_AHEAD before out_end, which is not passed; else they are the same */
  const uint8_t *plane_begin, *plane_end;
  const tome_code_table *table;
  bool stopped; /* at the end of the block, or at something that is not for us */
} tome_lane;

/* Sets out to read at bit `bit` of a stream. */
tome_cursor tome_cursor_at(const uint8_t *in, size_t bit, uint8_t *out);
/* At least 56 bits afterwards. */
tome_cursor tome_cursor_refilled(tome_cursor c);
/* A lane that can go on: it has not reached its end, nor anything that it should not. */
static inline bool tome_lane_runs(const tome_lane *l) {
  return !l->stopped && l->at.out < l->out_end && l->at.in <= l->in_end;
}
/* Runs all four, whose tables are of the same kind, until one cannot go on; or one, until it cannot. */
void tome_lanes_run(tome_lane lanes[TOME_LANES], bool pairs);
void tome_lane_run(tome_lane *lane, bool pairs);

#endif
