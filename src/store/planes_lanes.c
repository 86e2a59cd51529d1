/* Reading literals and runs, four streams in step.
 *
 * Looking up a code takes longer than everything else there is to do about it, and the next cannot be looked up before its length is known.
 * With four streams three lookups run in the shade of one. Nothing here trusts the input: every table entry is valid, a lookup consumes at most 17 bits,
 * and bounds are tested each round, which moves at most as far as the slack beyond input and output. */
#include "store/planes_lanes.h"

#include <string.h>
#if defined(__x86_64__) && !defined(TOME_PORTABLE)
#include <immintrin.h>
#endif

static const uint64_t top = (uint64_t)1 << 63;

static inline __attribute__((always_inline)) tome_cursor refilled(tome_cursor c) {
  const unsigned used = (unsigned)__builtin_clzll(c.bits);
  uint64_t next;
  c.in += used >> 3;
  memcpy(&next, c.in, 8);
  c.bits = (next | top) >> (used & 7);
  return c;
}

tome_cursor tome_cursor_refilled(tome_cursor c) { return refilled(c); }

tome_cursor tome_cursor_at(const uint8_t *in, size_t bit, uint8_t *out) {
  return refilled((tome_cursor){.bits = top >> (bit & 7), .in = in + (bit >> 3), .out = out});
}

static inline uint32_t take(tome_cursor *c, unsigned n) {
  const uint32_t v = (uint32_t)(c->bits & ((1u << n) - 1));
  c->bits >>= n;
  return v;
}

/* RFC 1951's lengths, symbols 257 to 285: 3 ... 257, then 258. */
static size_t take_length(tome_cursor *c, unsigned symbol) {
  const unsigned s = symbol - 257;
  if (s == 28) return 258;
  if (s < 8) return s + 3;
  const unsigned extra = (s >> 2) - 1;
  return ((4 + (s & 3)) << extra) + 3 + take(c, extra);
}

/* A run, or the end of a block: moves the lane on past it. Refills before and after. A lane that has stopped stays where it is. */
static __attribute__((noinline)) void special(tome_lane *l, tome_cursor c, uint32_t entry, unsigned symbol) {
  if (l->stopped) return;
  c = refilled(c);
  take(&c, entry & 63);
  l->at = c;
  l->stopped = true;
  if (symbol == TOME_END_OF_BLOCK) return;
  const size_t length = take_length(&c, symbol);
  const uint32_t distance = take(&c, 1);
  if (distance != 0 || c.out == l->plane_begin || c.out > l->plane_end || length > (size_t)(l->plane_end - c.out))
    return;
  memset(c.out, c.out[-1], length);
  c.out += length;
  l->at = refilled(c);
  l->stopped = false;
}

enum { STEPS = 5 }; /* lookups a refill: 5 of 11 bits in 56 */

#define GOES_ON(c, l) ((c).in <= (l)->in_end && (c).out < (l)->out_stop)

/* Lookup s of a round, of one lane: one literal. INDEX takes the next TOME_CODE_BITS bits. The pointer moves on at the round's end. */
#define SINGLE(c, l, table, INDEX)                                    \
  {                                                                   \
    const uint32_t e = (table)[INDEX((c).bits)];                      \
    if (__builtin_expect(!(e & TOME_SPECIAL), 1)) {                   \
      (c).out[s] = (uint8_t)(e >> TOME_SINGLE_SHIFT);                 \
      (c).bits >>= e & 63;                                            \
    } else {                                                          \
      (c).out += s;                                                   \
      special(l, c, e, TOME_END_OF_BLOCK + (e >> TOME_SINGLE_SHIFT)); \
      c = (l)->at;                                                    \
      (c).out -= s + 1;                                               \
    }                                                                 \
  }
#define SINGLES_READ STEPS

/* One or two literals, little endian, as all that is stored here. The second is written even where there is none: so the last bytes are left to
 * finish(). */
#define PAIR(c, l, table, INDEX)                                    \
  {                                                                 \
    const uint32_t e = (table)[INDEX((c).bits)];                    \
    if (__builtin_expect(!(e & TOME_SPECIAL), 1)) {                 \
      const uint16_t values = (uint16_t)(e >> TOME_PAIR_SHIFT);     \
      memcpy((c).out, &values, 2);                                  \
      (c).out += (uint8_t)(e >> TOME_COUNT_SHIFT);                  \
      (c).bits >>= e & 63;                                          \
    } else {                                                        \
      special(l, c, e, TOME_END_OF_BLOCK + (e >> TOME_PAIR_SHIFT)); \
      c = (l)->at;                                                  \
      if ((l)->stopped || (c).out >= (l)->out_stop) break;          \
    }                                                               \
  }
#define PAIRS_READ 0

#define ONE(name, type, member, NEXT, READ, INDEX)                                     \
  name(tome_lane *l) {                                                                 \
    tome_cursor c = l->at;                                                             \
    const type *const table = l->table->member;                                        \
    while (!l->stopped && GOES_ON(c, l)) {                                             \
      c = refilled(c);                                                                 \
      UNROLLED for (int s = 0; s < STEPS; s++) NEXT(c, l, table, INDEX) c.out += READ; \
    }                                                                                  \
    if (!l->stopped) l->at = c;                                                        \
  }

#define FOUR(name, type, member, NEXT, READ, INDEX)                                                                    \
  name(tome_lane *l) {                                                                                                 \
    tome_cursor a = l[0].at, b = l[1].at, c = l[2].at, d = l[3].at;                                                    \
    const type *const ta = l[0].table->member, *const tb = l[1].table->member;                                         \
    const type *const tc = l[2].table->member, *const td = l[3].table->member;                                         \
    while (!(l[0].stopped | l[1].stopped | l[2].stopped | l[3].stopped) && GOES_ON(a, &l[0]) && GOES_ON(b, &l[1]) &&   \
           GOES_ON(c, &l[2]) && GOES_ON(d, &l[3])) {                                                                   \
      a = refilled(a);                                                                                                 \
      b = refilled(b);                                                                                                 \
      c = refilled(c);                                                                                                 \
      d = refilled(d);                                                                                                 \
      UNROLLED for (int s = 0; s < STEPS; s++){NEXT(a, &l[0], ta, INDEX) NEXT(b, &l[1], tb, INDEX)                     \
                                                   NEXT(c, &l[2], tc, INDEX) NEXT(d, &l[3], td, INDEX)} a.out += READ; \
      b.out += READ;                                                                                                   \
      c.out += READ;                                                                                                   \
      d.out += READ;                                                                                                   \
    }                                                                                                                  \
    if (!l[0].stopped) l[0].at = a;                                                                                    \
    if (!l[1].stopped) l[1].at = b;                                                                                    \
    if (!l[2].stopped) l[2].at = c;                                                                                    \
    if (!l[3].stopped) l[3].at = d;                                                                                    \
  }
#define UNROLLED _Pragma("GCC unroll 5")

/* The same loops twice: plainly, and with BMI2, whose shifts need no fixed register and whose BZHI masks in one instruction: which the compiler
 * uses only for a width that it does not know. */
#define PLAIN_INDEX(bits) ((bits) & (TOME_TABLE - 1))
#define PLAIN static __attribute__((noinline)) void
PLAIN ONE(one_single, uint16_t, single, SINGLE, SINGLES_READ, PLAIN_INDEX)
PLAIN ONE(one_pair, uint32_t, pair, PAIR, PAIRS_READ, PLAIN_INDEX)
PLAIN FOUR(four_single, uint16_t, single, SINGLE, SINGLES_READ, PLAIN_INDEX)
PLAIN FOUR(four_pair, uint32_t, pair, PAIR, PAIRS_READ, PLAIN_INDEX)
#if defined(__x86_64__) && !defined(TOME_PORTABLE) /* the tests build it both ways */
    static inline uint32_t code_bits(void) {
  uint32_t bits = TOME_CODE_BITS;
  __asm__("" : "+r"(bits));
  return bits;
}
#define BMI2_INDEX(bits) _bzhi_u64(bits, code_bits())
#define BMI2 static __attribute__((noinline, target("bmi2"))) void
BMI2 ONE(one_single_bmi2, uint16_t, single, SINGLE, SINGLES_READ, BMI2_INDEX)
BMI2 ONE(one_pair_bmi2, uint32_t, pair, PAIR, PAIRS_READ, BMI2_INDEX)
BMI2 FOUR(four_single_bmi2, uint16_t, single, SINGLE, SINGLES_READ, BMI2_INDEX)
BMI2 FOUR(four_pair_bmi2, uint32_t, pair, PAIR, PAIRS_READ, BMI2_INDEX)
#define DISPATCH(name, l) (__builtin_cpu_supports("bmi2") ? name##_bmi2(l) : name(l))
#else
#define DISPATCH(name, l) name(l)
#endif

    /* The last few bytes of a lane of pairs, to the byte: those behind them may be another lane's work already. */
    static void finish(tome_lane *l) {
  while (!l->stopped && l->at.out < l->out_end && l->at.in <= l->in_end) {
    tome_cursor c = refilled(l->at);
    const uint32_t e = l->table->pair[c.bits & (TOME_TABLE - 1)];
    if (e & TOME_SPECIAL) {
      special(l, c, e, TOME_END_OF_BLOCK + (e >> TOME_PAIR_SHIFT));
      continue;
    }
    *c.out++ = (uint8_t)(e >> TOME_PAIR_SHIFT);
    if ((uint8_t)(e >> TOME_COUNT_SHIFT) == 2 && c.out < l->out_end) *c.out++ = (uint8_t)(e >> (TOME_PAIR_SHIFT + 8));
    c.bits >>= e & 63;
    l->at = c;
  }
}

void tome_lane_run(tome_lane *l, bool pairs) {
  if (!pairs) {
    DISPATCH(one_single, l);
    return;
  }
  DISPATCH(one_pair, l);
  finish(l);
}

void tome_lanes_run(tome_lane l[TOME_LANES], bool pairs) {
  if (!pairs) {
    DISPATCH(four_single, l);
    return;
  }
  DISPATCH(four_pair, l);
  for (size_t i = 0; i < TOME_LANES; i++)
    if (l[i].at.out >= l[i].out_stop) finish(&l[i]);
}
