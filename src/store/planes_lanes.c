/* Reading literals and runs, four streams in step.
 *
 * Looking up a code takes longer than everything else there is to do about it, and the next cannot be looked up before its length is known.
 * With four streams three lookups run in the shade of one. Nothing here trusts the input: every table entry is valid, a lookup consumes at most 17 bits,
 * and bounds are tested each round, which moves at most as far as the slack beyond input and output. */
#include "store/planes_lanes.h"

#include <string.h>

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

/* A run, or the end of a block: moves the lane on past it. Refills before and after. */
static __attribute__((noinline)) void special(tome_lane *l, tome_cursor c, unsigned bits, unsigned symbol) {
  c = refilled(c);
  take(&c, bits);
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
/* A table's entry for the bits at hand. `width` is TOME_CODE_BITS, known to the compiler or not: see below. */
#define LOOK_UP(c, table) ((table)[(c).bits & ((1ull << width) - 1)])

/* One lookup of one lane: one literal. */
#define SINGLE(c, l, table)                                                \
  {                                                                        \
    const uint32_t e = LOOK_UP(c, table);                                  \
    if (__builtin_expect(!(e & TOME_SPECIAL), 1)) {                        \
      *(c).out++ = (uint8_t)(e >> TOME_SINGLE_SHIFT);                      \
      (c).bits >>= e & 63;                                                 \
    } else {                                                               \
      special(l, c, e & 63, TOME_END_OF_BLOCK + (e >> TOME_SINGLE_SHIFT)); \
      c = (l)->at;                                                         \
      if ((l)->stopped) break;                                             \
    }                                                                      \
  }

/* One or two literals. The second is written even where there is none: so the last bytes are left to finish(). */
#define PAIR(c, l, table)                                                          \
  {                                                                                \
    const uint32_t e = LOOK_UP(c, table);                                          \
    if (__builtin_expect(!(e & TOME_SPECIAL), 1)) {                                \
      const uint16_t values = (uint16_t)(e >> TOME_PAIR_SHIFT);                    \
      memcpy((c).out, &values, 2); /* little endian, as all that is stored here */ \
      (c).out += (uint8_t)(e >> TOME_COUNT_SHIFT);                                 \
      (c).bits >>= e & 63;                                                         \
    } else {                                                                       \
      special(l, c, e & 63, TOME_END_OF_BLOCK + (e >> TOME_PAIR_SHIFT));           \
      c = (l)->at;                                                                 \
      if ((l)->stopped || (c).out >= (l)->out_stop) break;                         \
    }                                                                              \
  }

#define ONE(name, type, member, NEXT)                                                    \
  static inline __attribute__((always_inline)) void name(tome_lane *l, unsigned width) { \
    tome_cursor c = l->at;                                                               \
    const type *const table = l->table->member;                                          \
    while (!l->stopped && GOES_ON(c, l)) {                                               \
      c = refilled(c);                                                                   \
      for (int s = 0; s < STEPS; s++) NEXT(c, l, table)                                  \
    }                                                                                    \
    l->at = c;                                                                           \
  }

#define FOUR(name, type, member, NEXT)                                                                               \
  static inline __attribute__((always_inline)) void name(tome_lane *l, unsigned width) {                             \
    tome_cursor a = l[0].at, b = l[1].at, c = l[2].at, d = l[3].at;                                                  \
    const type *const ta = l[0].table->member, *const tb = l[1].table->member;                                       \
    const type *const tc = l[2].table->member, *const td = l[3].table->member;                                       \
    while (!(l[0].stopped | l[1].stopped | l[2].stopped | l[3].stopped) && GOES_ON(a, &l[0]) && GOES_ON(b, &l[1]) && \
           GOES_ON(c, &l[2]) && GOES_ON(d, &l[3])) {                                                                 \
      a = refilled(a);                                                                                               \
      b = refilled(b);                                                                                               \
      c = refilled(c);                                                                                               \
      d = refilled(d);                                                                                               \
      for (int s = 0; s < STEPS; s++) {                                                                              \
        NEXT(a, &l[0], ta)                                                                                           \
        NEXT(b, &l[1], tb)                                                                                           \
        NEXT(c, &l[2], tc)                                                                                           \
        NEXT(d, &l[3], td)                                                                                           \
      }                                                                                                              \
    }                                                                                                                \
    l[0].at = a;                                                                                                     \
    l[1].at = b;                                                                                                     \
    l[2].at = c;                                                                                                     \
    l[3].at = d;                                                                                                     \
  }

ONE(one_single, uint16_t, single, SINGLE)
ONE(one_pair, uint32_t, pair, PAIR)
FOUR(four_single, uint16_t, single, SINGLE)
FOUR(four_pair, uint32_t, pair, PAIR)

/* The same loops twice: plainly, and with BMI2, whose shifts need no fixed register and whose BZHI masks in one instruction: which the compiler
 * uses only for a width that it does not know. */
#define PLAIN(name) \
  static __attribute__((noinline)) void run_##name(tome_lane *l) { name(l, TOME_CODE_BITS); }
PLAIN(one_single)
PLAIN(one_pair)
PLAIN(four_single)
PLAIN(four_pair)
#if defined(__x86_64__)
static inline unsigned unknown_width(void) {
  unsigned width = TOME_CODE_BITS;
  __asm__("" : "+r"(width));
  return width;
}
#define BMI2(name) \
  static __attribute__((noinline, target("bmi2"))) void run_##name##_bmi2(tome_lane *l) { name(l, unknown_width()); }
BMI2(one_single)
BMI2(one_pair)
BMI2(four_single)
BMI2(four_pair)
#define DISPATCH(name, l) (__builtin_cpu_supports("bmi2") ? run_##name##_bmi2(l) : run_##name(l))
#else
#define DISPATCH(name, l) run_##name(l)
#endif

/* The last few bytes of a lane of pairs, to the byte: those behind them may be another lane's work already. */
static void finish(tome_lane *l) {
  while (!l->stopped && l->at.out < l->out_end && l->at.in <= l->in_end) {
    tome_cursor c = refilled(l->at);
    const uint32_t e = l->table->pair[c.bits & (TOME_TABLE - 1)];
    if (e & TOME_SPECIAL) {
      special(l, c, e & 63, TOME_END_OF_BLOCK + (e >> TOME_PAIR_SHIFT));
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
