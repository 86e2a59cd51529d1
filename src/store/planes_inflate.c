/* Reading planes back: blocks of literals and runs, two streams in step. Whatever else deflate allows is somebody else's work.
 *
 * Looking up a code takes longer than everything else there is to do about it, and the next cannot be looked up before its length is known.
 * With two streams one lookup runs in the shade of the other. Nothing here trusts the input: every table entry is valid, a lookup consumes at most 20 bits,
 * and bounds are tested each round, which moves at most as far as the slack beyond input and output. */
#include "store/planes_deflate.h"

#include <stdlib.h>
#include <string.h>

enum { END_OF_BLOCK = 256, MOST_SYMBOLS = 288, LENGTH_CODES = 19, LENGTH_CODE_BITS = 7, TABLE = 1 << TOME_CODE_BITS };

/* A table entry: byte 0 is how many bits it takes, byte 1 how many literals it gives (1 or 2), bytes 2 and 3 are those. Where it gives none, bits 16-24 are a
 * run's least length (0: the end of the block) and bits 25-27 its extra bits. */
enum { COUNT_SHIFT = 8, COUNT_MASK = 0xff00, VALUE_SHIFT = 16, LENGTH_MASK = 511, EXTRA_SHIFT = 25 };

/* What moves with every code: passed by value, so that it stays in registers. The valid bits of `bits` end below its highest set bit; `in` is the byte
 * that they came from, and as many bits of it are used up as that highest bit lies below the top. */
typedef struct cursor {
  uint64_t bits;
  const uint8_t *in;
  uint8_t *out;
} cursor;

typedef struct lane {
  cursor at;
  const uint8_t *in_end;
  uint8_t *out_begin, *out_end;
  bool last;    /* the block at hand is the last one */
  bool stopped; /* at the end of the last block, or at something that is not for us */
  bool good;    /* the former */
  uint32_t *table;
} lane;

enum { LANES = 4 };

struct tome_planes_inflater {
  uint32_t table[LANES * TABLE];
};

tome_planes_inflater *tome_planes_inflater_new(tome_error *err) {
  return tome_alloc(1, sizeof(tome_planes_inflater), "inflate", err);
}

void tome_planes_inflater_free(tome_planes_inflater *i) { free(i); }

/* ---- bits: at least 56 after a refill ---- */

static const uint64_t top = (uint64_t)1 << 63;

static inline __attribute__((always_inline)) cursor refilled(cursor c) {
  const unsigned used = (unsigned)__builtin_clzll(c.bits);
  uint64_t next;
  c.in += used >> 3;
  memcpy(&next, c.in, 8);
  c.bits = (next | top) >> (used & 7);
  return c;
}

static void refill(lane *l) { l->at = refilled(l->at); }

static inline uint32_t take(cursor *c, unsigned n) {
  const uint32_t v = (uint32_t)(c->bits & ((1u << n) - 1));
  c->bits >>= n;
  return v;
}

/* ---- a block's head ---- */

/* The lengths of the code that the code lengths are written in, as a table of 7 bits: symbol << 3 | length. */
static bool read_length_code(lane *l, uint8_t entry[1 << LENGTH_CODE_BITS]) {
  static const uint8_t order[LENGTH_CODES] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
  uint8_t lengths[LENGTH_CODES] = {0};
  uint16_t words[LENGTH_CODES];
  const unsigned sent = take(&l->at, 4) + 4;
  for (unsigned i = 0; i < sent; i++) {
    refill(l);
    lengths[order[i]] = (uint8_t)take(&l->at, 3);
  }
  if (!tome_code_words(lengths, LENGTH_CODES, words)) return false;
  for (unsigned s = 0; s < LENGTH_CODES; s++)
    for (unsigned at = words[s]; lengths[s] && at < 1 << LENGTH_CODE_BITS; at += 1u << lengths[s])
      entry[at] = (uint8_t)(s << 3 | lengths[s]);
  return true;
}

/* `total` code lengths, run-length coded. */
static bool read_lengths(lane *l, const uint8_t entry[1 << LENGTH_CODE_BITS], uint8_t *lengths, unsigned total) {
  for (unsigned i = 0; i < total;) {
    if (l->at.in > l->in_end) return false;
    refill(l);
    const uint8_t e = entry[l->at.bits & ((1 << LENGTH_CODE_BITS) - 1)];
    const unsigned symbol = e >> 3;
    take(&l->at, e & 7);
    unsigned repeat = 1;
    uint8_t value = (uint8_t)symbol;
    if (symbol >= 16) {
      repeat = symbol == 16 ? 3 + take(&l->at, 2) : symbol == 17 ? 3 + take(&l->at, 3) : 11 + take(&l->at, 7);
      if (symbol == 16 && i == 0) return false;
      value = symbol == 16 ? lengths[i - 1] : 0;
    }
    if (repeat > total - i || value > TOME_CODE_BITS) return false;
    memset(lengths + i, value, repeat);
    i += repeat;
  }
  return true;
}

/* RFC 1951's lengths: 3 ... 257, then 258. False for a symbol that is none. */
static bool run_entry(unsigned symbol, uint32_t *entry) {
  const unsigned s = symbol - 257;
  if (s > 28) return false;
  const unsigned extra = s < 8 || s == 28 ? 0 : (s >> 2) - 1;
  const unsigned base = s == 28 ? 258 : s < 8 ? s + 3 : ((4 + (s & 3)) << extra) + 3;
  *entry = base << VALUE_SHIFT | extra << EXTRA_SHIFT;
  return true;
}

/* Two literals in one lookup, where both codes fit: the second is what the table itself says of the bits behind the first. */
static void pair_literals(uint32_t *table) {
  for (uint32_t at = TABLE; at-- > 0;) { /* downwards: at >> bits is smaller, and still single */
    const uint32_t first = table[at], bits = first & 255;
    if (!(first & COUNT_MASK)) continue;
    const uint32_t second = table[at >> bits], both = bits + (second & 255);
    if (!(second & COUNT_MASK) || both > TOME_CODE_BITS) continue;
    table[at] = both | 2 << COUNT_SHIFT | (first & 0xff0000) | (second & 0xff0000) << 8;
  }
}

/* Pays where much of what comes is short codes: more than half of it at most 4 bits long. */
static bool pairs_pay(const uint8_t *lengths) {
  unsigned share = 0;
  for (unsigned s = 0; s < END_OF_BLOCK; s++)
    if (lengths[s] && lengths[s] <= 4) share += 16u >> lengths[s];
  return share > 8;
}

/* The symbols that have a code, shortest code first. */
static size_t by_length(const uint8_t *lengths, unsigned symbols, uint16_t *order) {
  uint16_t at[TOME_CODE_BITS + 2] = {0};
  for (unsigned s = 0; s < symbols; s++) at[lengths[s] + 1]++;
  const uint16_t none = at[1];
  at[1] = 0;
  for (unsigned n = 2; n < TOME_CODE_BITS + 2; n++) at[n] = (uint16_t)(at[n] + at[n - 1]);
  for (unsigned s = 0; s < symbols; s++)
    if (lengths[s]) order[at[lengths[s]]++] = (uint16_t)s;
  return symbols - none;
}

static bool symbol_entry(unsigned s, uint32_t *entry) {
  *entry = s < END_OF_BLOCK ? s << VALUE_SHIFT | 1 << COUNT_SHIFT : 0;
  return s <= END_OF_BLOCK || run_entry(s, entry);
}

/* A table of n bits becomes one of n+1 by standing twice: what codes of up to n bits say does not depend on the bit behind them. */
static bool build_table(const uint8_t *lengths, unsigned symbols, uint32_t *table) {
  uint16_t words[MOST_SYMBOLS], order[MOST_SYMBOLS];
  if (!tome_code_words(lengths, symbols, words)) return false; /* complete: every entry gets filled */
  const size_t used = by_length(lengths, symbols, order);
  size_t i = 0;
  for (unsigned bits = 1; bits <= TOME_CODE_BITS; bits++) {
    const size_t half = (size_t)1 << (bits - 1);
    memcpy(table + half, table, half * sizeof *table);
    for (; i < used && lengths[order[i]] == bits; i++) {
      uint32_t entry;
      if (!symbol_entry(order[i], &entry)) return false;
      table[words[order[i]]] = entry | bits;
    }
  }
  if (pairs_pay(lengths)) pair_literals(table);
  return true;
}

/* A dynamic block whose one distance code has one bit: the zero in it means distance 1. */
static bool read_head(lane *l) {
  uint8_t entry[1 << LENGTH_CODE_BITS], lengths[MOST_SYMBOLS + 1];
  if (l->at.in > l->in_end) return false;
  refill(l);
  l->last = take(&l->at, 1);
  if (take(&l->at, 2) != 2) return false;
  const unsigned symbols = 257 + take(&l->at, 5), distances = 1 + take(&l->at, 5);
  if (symbols > 286 || distances != 1) return false;
  return read_length_code(l, entry) && read_lengths(l, entry, lengths, symbols + 1) && lengths[symbols] == 1 &&
         lengths[END_OF_BLOCK] && build_table(lengths, symbols, l->table);
}

/* ---- a block's content ---- */

static void stop(lane *l, bool good) {
  l->stopped = true;
  l->good = good;
}

/* A run, the end of a block, or neither: moves the lane on past it. Refills before and after. */
static __attribute__((noinline)) void special(lane *l, cursor c, uint32_t entry) {
  c = refilled(c);
  size_t length = entry >> VALUE_SHIFT & LENGTH_MASK;
  take(&c, entry & 63);
  if (length == 0) {
    l->at = c;
    if (l->last || !read_head(l)) return stop(l, l->last);
    return refill(l);
  }
  length += take(&c, entry >> EXTRA_SHIFT);
  const uint32_t distance = take(&c, 1);
  if (distance != 0 || c.out == l->out_begin || c.out > l->out_end || length > (size_t)(l->out_end - c.out))
    return stop(l, false);
  memset(c.out, c.out[-1], length);
  c.out += length;
  l->at = refilled(c);
}

static inline bool in_bounds(const lane *l, cursor c) { return c.in <= l->in_end && c.out <= l->out_end; }

/* Literals, by ones and twos. */
static inline __attribute__((always_inline)) cursor literals(cursor c, uint32_t entry) {
  const uint16_t values = (uint16_t)(entry >> VALUE_SHIFT | entry << VALUE_SHIFT); /* a rotation: one instruction */
  memcpy(c.out, &values, 2); /* little endian, as all that is stored here */
  c.out += (uint8_t)(entry >> COUNT_SHIFT);
  c.bits >>= entry & 63;
  return c;
}

enum { STEPS = 5 }; /* lookups a refill: 5 of 11 bits in 56 */

/* One lookup of one lane. `width` is TOME_CODE_BITS, known to the compiler or not: see below. */
#define NEXT(c, l, table)                                         \
  {                                                               \
    const uint32_t e = (table)[(c).bits & ((1ull << width) - 1)]; \
    if (__builtin_expect((e & COUNT_MASK) != 0, 1)) {             \
      c = literals(c, e);                                         \
    } else {                                                      \
      special(l, c, e);                                           \
      c = (l)->at;                                                \
      if ((l)->stopped) break;                                    \
    }                                                             \
  }

static inline __attribute__((always_inline)) void one(lane *l, unsigned width) {
  cursor c = l->at;
  const uint32_t *const table = l->table;
  while (!l->stopped && in_bounds(l, c)) {
    c = refilled(c);
    for (int s = 0; s < STEPS; s++) NEXT(c, l, table)
  }
  if (!l->stopped) stop(l, false);
  l->at = c;
}

/* Until one of the two stops, or leaves its bounds. */
static inline __attribute__((always_inline)) void two(lane *la, lane *lb, unsigned width) {
  cursor a = la->at, b = lb->at;
  const uint32_t *const ta = la->table, *const tb = lb->table;
  while (!la->stopped && !lb->stopped && in_bounds(la, a) && in_bounds(lb, b)) {
    a = refilled(a);
    b = refilled(b);
    for (int s = 0; s < STEPS; s++) {
      NEXT(a, la, ta)
      NEXT(b, lb, tb)
    }
  }
  la->at = a;
  lb->at = b;
}

/* The same for four, whose tables lie one behind the other. */
static inline __attribute__((always_inline)) void four(lane *l, unsigned width) {
  cursor a = l[0].at, b = l[1].at, c = l[2].at, d = l[3].at;
  const uint32_t *const table = l->table;
  while (!(l[0].stopped | l[1].stopped | l[2].stopped | l[3].stopped) && in_bounds(&l[0], a) && in_bounds(&l[1], b) &&
         in_bounds(&l[2], c) && in_bounds(&l[3], d)) {
    a = refilled(a);
    b = refilled(b);
    c = refilled(c);
    d = refilled(d);
    for (int s = 0; s < STEPS; s++) {
      NEXT(a, &l[0], table)
      NEXT(b, &l[1], table + TABLE)
      NEXT(c, &l[2], table + 2 * TABLE)
      NEXT(d, &l[3], table + 3 * TABLE)
    }
  }
  l[0].at = a;
  l[1].at = b;
  l[2].at = c;
  l[3].at = d;
}

/* The same loops twice: plainly, and with BMI2, whose shifts need no fixed register and whose BZHI masks in one instruction: which the compiler
 * uses only for a width that it does not know. */
static __attribute__((noinline)) void run_one(lane *l) { one(l, TOME_CODE_BITS); }
static __attribute__((noinline)) void run_two(lane *a, lane *b) { two(a, b, TOME_CODE_BITS); }
static __attribute__((noinline)) void run_four(lane *l) { four(l, TOME_CODE_BITS); }
#if defined(__x86_64__)
static inline unsigned unknown_width(void) {
  unsigned width = TOME_CODE_BITS;
  __asm__("" : "+r"(width));
  return width;
}
#define WITH_BMI2 __attribute__((noinline, target("bmi2")))
WITH_BMI2 static void run_one_bmi2(lane *l) { one(l, unknown_width()); }
WITH_BMI2 static void run_two_bmi2(lane *a, lane *b) { two(a, b, unknown_width()); }
WITH_BMI2 static void run_four_bmi2(lane *l) { four(l, unknown_width()); }
static bool has_bmi2(void) { return __builtin_cpu_supports("bmi2"); }
#define DISPATCH(name, ...) (has_bmi2() ? name##_bmi2(__VA_ARGS__) : name(__VA_ARGS__))
#else
#define DISPATCH(name, ...) name(__VA_ARGS__)
#endif

/* ---- streams ---- */

static lane open_lane(const tome_planes_stream *s, uint32_t *table) {
  lane l = {.at = {.bits = top, .in = s->in, .out = s->out},
            .in_end = s->in + s->size,
            .out_begin = s->out,
            .out_end = s->out + s->out_bytes,
            .table = table};
  if (s->size < 8 || s->in[0] != 0x78 || s->in[1] != 0x01) {
    stop(&l, false);
    return l;
  }
  l.at.in += 2;
  if (!read_head(&l)) stop(&l, false);
  return l;
}

/* The input's last byte used, and the four of the Adler-32 behind it, are the whole of it. */
static bool complete(const lane *l) {
  const unsigned used = (unsigned)__builtin_clzll(l->at.bits);
  return l->good && l->at.out == l->out_end && l->at.in + (used + 7) / 8 + 4 == l->in_end;
}

typedef struct lanes {
  lane lane[LANES];
  tome_planes_stream *of[LANES]; /* NULL: nothing in it */
} lanes;

/* Runs all lanes there are, or two, or the one, until at least one stops or leaves its bounds. */
static void run(lanes *l) {
  lane *busy[LANES];
  size_t n = 0;
  for (size_t k = 0; k < LANES; k++)
    if (l->of[k]) busy[n++] = &l->lane[k];
  if (n == LANES) {
    DISPATCH(run_four, l->lane);
  } else if (n > 1) {
    DISPATCH(run_two, busy[0], busy[1]);
  } else {
    DISPATCH(run_one, busy[0]);
  }
}

/* Empties the lanes that have come to an end, good or bad; how many are left. */
static size_t collect(lanes *l) {
  size_t left = 0;
  for (size_t k = 0; k < LANES; k++) {
    if (!l->of[k]) continue;
    if (l->lane[k].stopped || !in_bounds(&l->lane[k], l->lane[k].at)) {
      l->of[k]->done = l->lane[k].stopped && complete(&l->lane[k]);
      l->of[k] = NULL;
    } else {
      left++;
    }
  }
  return left;
}

void tome_planes_inflate(tome_planes_inflater *i, tome_planes_stream *streams, size_t count) {
  lanes l = {.of = {NULL}};
  size_t next = 0;
  do {
    for (size_t k = 0; k < LANES && next < count; k++) {
      if (l.of[k]) continue;
      l.of[k] = &streams[next++];
      l.lane[k] = open_lane(l.of[k], i->table + k * TABLE);
    }
    if (count) run(&l);
  } while (collect(&l) || next < count);
}
