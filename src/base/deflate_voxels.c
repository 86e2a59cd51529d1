/* Finding matches in voxels, and the cheapest way through them. */
#include "base/deflate_voxels.h"

#include <stdlib.h>

#include "base/deflate_block.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "bytes are compared as words, lowest first");

/* The width of a unit is known where these are compiled. */
#define ALWAYS_INLINE static inline __attribute__((always_inline))

enum {
  SEGMENT = 32 << 10,      /* bytes looked up and planned at a time */
  BLOCK_TOKENS = 20 << 10, /* a block is closed when it has as many */
  NEAR_BITS = 15,          /* of the table of three bytes */
  FAR_BITS = 15,           /* of five */
  WINDOW = 32768,
  SEEN = 7,       /* bytes compared at once */
  CHAIN = 32768,  /* units that know the one before them */
  LONG = 64,      /* a match to be taken at once */
  NEVER = 1 << 24 /* costs more than any way through a segment */
};

enum {
  PAIRS_LEVEL = 6,
  TABLES_LEVEL = 7,
  DEEP_LEVEL = 8
}; /* the last that do without the second table, chains, longer chains */

/* What was found at a unit: bits 0–8 the length, bit 9: the byte before fits too, from bit 16 on the distance. */
typedef uint32_t found;
enum { LENGTH_MASK = 511, BACK = 512 };

/* One step of a way: 1 and, from bit 16 on, a literal; or a length and a distance. */
typedef uint32_t step;

typedef struct costs { /* in 1/16 bit */
  uint32_t literal[256];
  uint32_t length[TOME_MOST_MATCH + 2];
  uint32_t distance[16]; /* by the logarithm of it */
} costs;

struct tome_voxel_deflater {
  uint16_t near[1 << NEAR_BITS], far[1 << FAR_BITS]; /* where those bytes were last, in units */
  uint16_t before[CHAIN]; /* how far back the unit before with the same three bytes is; 0: none */
  found finds[SEGMENT + 8];
  uint32_t cost[SEGMENT + 2 * LONG]; /* from a byte to the end of the segment */
  step steps[SEGMENT + 8];
  tome_token tokens[BLOCK_TOKENS + SEGMENT + 8];
  size_t count;
  costs costs;
  tome_block_code code; /* of the block before */
};

/* A part on its way: bytes up to `block` are written, `in` up to `at` are tokens. */
typedef struct part {
  tome_voxel_deflater *d;
  const uint8_t *in;
  const uint8_t *block;
  size_t size, at;
  tome_bit_writer w;
  bool both;    /* both tables are used */
  size_t depth; /* of chains instead of them, or 0 */
} part;

tome_voxel_deflater *tome_voxel_deflater_new(tome_error *err) {
  return tome_alloc_zero(1, sizeof(tome_voxel_deflater), "deflate", err); /* what never was a cost counts as none */
}

void tome_voxel_deflater_free(tome_voxel_deflater *d) { free(d); }

size_t tome_voxel_deflate_bound(size_t size, int level) {
  const size_t once = tome_block_bound(size) + (size / BLOCK_TOKENS + 1) * (tome_block_bound(0) + 8);
  return level > TABLES_LEVEL ? 2 * once : once;
}

/* ---- costs ---- */

/* 16 times the binary logarithm, the fraction taken as straight. */
static uint32_t log16(uint32_t x) {
  const unsigned k = 31u - (unsigned)__builtin_clz(x);
  return 16 * k + ((uint32_t)((uint64_t)x << 4 >> k) & 15);
}

/* Before anything has been written. */
static void first_costs(costs *c) {
  for (size_t i = 0; i < 256; i++) c->literal[i] = 16 * 8;
  for (size_t i = 0; i < TOME_COUNT(c->length); i++) c->length[i] = i < TOME_LEAST_MATCH ? NEVER : 16 * 6;
  for (uint32_t i = 0; i < 16; i++) c->distance[i] = 16 * 4 + 16 * (i > 1 ? i - 1 : 0);
}

static void next_costs(const tome_block_code *code, costs *c) {
  uint32_t symbols[TOME_LITERAL_CODES] = {0}, total = 1, far = 1;
  for (unsigned t = 0; t < TOME_TOKENS; t++) {
    symbols[t < 256 ? t : tome_length_code(t - 253).symbol] += code->literals[t];
    total += code->literals[t];
  }
  for (unsigned d = 0; d < TOME_DISTANCE_CODES; d++) far += code->distances[d];
  for (unsigned t = 0; t < 256; t++) c->literal[t] = log16(2 * total) - log16(2 * symbols[t] + 1);
  for (unsigned l = TOME_LEAST_MATCH; l <= TOME_MOST_MATCH; l++) {
    const tome_extra_code e = tome_length_code(l);
    c->length[l] = log16(2 * total) - log16(2 * symbols[e.symbol] + 1) + 16 * e.bits;
  }
  for (unsigned i = 0; i < 16; i++) {
    const tome_extra_code e = tome_distance_code((1u << i) + 1);
    const uint32_t both = code->distances[e.symbol] + (i ? code->distances[e.symbol + (e.symbol + 1 < 30)] : 0);
    c->distance[i] = log16(2 * far) - log16(2 * both + 1) + 16 * (e.bits + (i ? 1 : 0));
  }
}

/* ---- blocks ---- */

static void close_block(part *p, bool last) {
  tome_voxel_deflater *d = p->d;
  tome_put_block(&d->code, d->tokens, d->count, p->block, (size_t)(p->in + p->at - p->block), last, &p->w);
  p->block = p->in + p->at;
  d->count = 0;
  if (!last) next_costs(&d->code, &d->costs);
  tome_no_tokens(&d->code);
}

static inline tome_token match_token(size_t length, uint32_t distance) {
  const tome_extra_code e = tome_distance_code(distance);
  return (tome_token)(253 + length) | e.symbol << TOME_TOKEN_DISTANCE | e.extra << TOME_TOKEN_EXTRA;
}

static void put_token(tome_voxel_deflater *d, tome_token t) {
  d->tokens[d->count++] = t;
  tome_count_token(&d->code, t);
}

/* A match of any length, as several. */
static void put_match(part *p, size_t length, uint32_t distance) {
  const tome_token whole = match_token(TOME_MOST_MATCH, distance);
  for (; length > TOME_MOST_MATCH + TOME_LEAST_MATCH; length -= TOME_MOST_MATCH) {
    put_token(p->d, whole);
    p->at += TOME_MOST_MATCH;
    if (p->d->count >= BLOCK_TOKENS) close_block(p, false);
  }
  const size_t first = length <= TOME_MOST_MATCH ? length : length - TOME_LEAST_MATCH;
  put_token(p->d, match_token(first, distance));
  if (length > first) put_token(p->d, match_token(length - first, distance));
  p->at += length;
}

/* ---- looking up ---- */

static inline uint64_t eight(const uint8_t *p) {
  uint64_t v;
  memcpy(&v, p, 8);
  return v;
}

static inline size_t three_hash(uint64_t v) { return (size_t)((v << 40) * 0x9e3779b97f4a7c15u >> (64 - NEAR_BITS)); }
static inline size_t five_hash(uint64_t v) { return (size_t)((v << 24) * 0x9e3779b97f4a7c15u >> (64 - FAR_BITS)); }

/* How many bytes agree, of which the first `known` are known to. */
static size_t equal_bytes(const uint8_t *a, const uint8_t *b, size_t known, size_t most) {
  size_t n = known;
  while (n + 8 <= most) {
    const uint64_t x = eight(a + n) ^ eight(b + n);
    if (x) return n + (size_t)__builtin_ctzll(x) / 8;
    n += 8;
  }
  while (n < most && a[n] == b[n]) n++;
  return n;
}

/* The bytes from the match's first on in which two places differ; a bit beyond those compared, and the lowest one where the distance is none. */
ALWAYS_INLINE uint64_t differences(uint64_t x, size_t distance, size_t size) {
  return x >> 8 * (size - 1) | (uint64_t)1 << 8 * SEEN | (uint64_t)(distance - 1 >= WINDOW / size);
}

/* A match of which all that was compared agrees, as far as it goes, or LONG. */
static found extend(const part *p, const uint8_t *from, found f) {
  const size_t left = p->size - (size_t)(from - p->in);
  const size_t n = equal_bytes(from, from - (f >> 16), SEEN, left < LONG ? left : LONG);
  return (f & ~(found)LENGTH_MASK) | (found)n;
}

static inline unsigned logarithm(uint32_t x) { return 31u - (unsigned)__builtin_clz(x | 1); }

/* Enters a unit into the chains; how far back the one before it is, 0: none. */
static size_t enter_one(tome_voxel_deflater *d, const uint8_t *in, size_t unit, size_t size) {
  uint16_t *near = &d->near[three_hash(eight(in + unit * size) >> 8 * (size - 1))];
  const size_t back = (uint16_t)(unit - *near);
  *near = (uint16_t)unit;
  return d->before[unit % CHAIN] = (uint16_t)(back < CHAIN ? back : 0);
}

/* Looks up units from `unit` to `end`, which leaves 8 readable bytes at each. A unit is `size` bytes, 1 or 2, and a match is looked for at its last one. Of
 * two the longer is taken, else the nearer. Stops at a long match: returns its unit. A table's 16 bits point into the last 65,536 units, or at the
 * first one, so that what they point at can be looked at in any case. */
ALWAYS_INLINE size_t find(part *p, size_t unit, size_t end, size_t *matches, size_t size, bool both) {
  tome_voxel_deflater *d = p->d;
  const uint8_t *in = p->in;
  found *out = d->finds;
  for (; unit < end; unit++) {
    const uint8_t *at = in + unit * size;
    const uint64_t v = eight(at), key = v >> 8 * (size - 1);
    uint16_t *near = &d->near[three_hash(key)];
    size_t distance = (uint16_t)(unit - *near);
    uint64_t x = eight(at - distance * size) ^ v, same = differences(x, distance, size);
    *near = (uint16_t)unit;
    if (both) {
      uint16_t *far = &d->far[five_hash(key)];
      const size_t far_off = (uint16_t)(unit - *far);
      const uint64_t y = eight(at - far_off * size) ^ v, same_there = differences(y, far_off, size);
      const bool longer = (same_there & (0 - same_there)) > (same & (0 - same));
      *far = (uint16_t)unit;
      x = longer ? y : x;
      same = longer ? same_there : same;
      distance = longer ? far_off : distance;
    }
    const found length = (found)__builtin_ctzll(same) / 8;
    found best = length | (found)(distance * size) << 16;
    if (size == 2) best |= (found)((x & 255) == 0) * BACK;
    *matches += length >= TOME_LEAST_MATCH;
    if (length == SEEN && (best = extend(p, at + size - 1, best), (best & LENGTH_MASK) >= LONG)) {
      *out = best;
      return unit;
    }
    *out++ = best;
  }
  return unit;
}

/* The same, of up to `depth` earlier places with the same three bytes, each of which knows the one before it: the longest, of those the nearest. */
static size_t find_deep(part *p, size_t unit, size_t end, size_t *matches, size_t size) {
  tome_voxel_deflater *d = p->d;
  found *out = d->finds;
  for (; unit < end; unit++) {
    const uint8_t *at = p->in + unit * size, *from = at + size - 1;
    const size_t left = p->size - (size_t)(from - p->in), most = left < LONG ? left : LONG;
    size_t longest = 0, distance = enter_one(d, p->in, unit, size), away = distance, worth = 0;
    for (size_t i = 0; i < p->depth && away - 1 < WINDOW / size && longest < most; i++) {
      const size_t n = equal_bytes(from, from - away * size, 0, most), w = 16 + 6 * n - logarithm((uint32_t)away);
      if (n > 2 && w > worth) distance = away, longest = n, worth = w;
      const size_t more = d->before[(unit - away) % CHAIN];
      away = more ? away + more : 0;
    }
    found best = (found)longest | (found)(distance * size) << 16;
    if (size == 2 && longest && at[0] == at[-(ptrdiff_t)(distance * size)]) best |= BACK;
    *matches += longest >= TOME_LEAST_MATCH;
    *out++ = best;
    if (longest >= LONG) break;
  }
  return unit;
}

/* Enters what a long match passed over. */
static void enter(part *p, size_t unit, size_t end, size_t size) {
  tome_voxel_deflater *d = p->d;
  for (; unit < end; unit++) {
    const uint64_t key = eight(p->in + unit * size) >> 8 * (size - 1);
    if (p->depth)
      (void)enter_one(d, p->in, unit, size);
    else
      d->near[three_hash(key)] = d->far[five_hash(key)] = (uint16_t)unit;
  }
}

/* ---- the cheapest way ---- */

static inline unsigned distance_log(found f) { return logarithm(f >> 16) & 15; }

/* No match beyond the end of the segment. */
static void clamp(found *finds, size_t units, size_t bytes, size_t size) {
  for (size_t u = units; u-- > 0 && (units - u) * size <= LONG + 2;) {
    const size_t from = u * size + size - 1, room = bytes > from ? bytes - from : 0;
    if ((finds[u] & LENGTH_MASK) > room) finds[u] = (finds[u] & ~(found)LENGTH_MASK) | (found)room;
  }
}

/* One or the other, without a jump that nobody can foresee. */
static inline step either(bool first, step a, step b) { return b ^ ((a ^ b) & ((step)0 - (step)first)); }

/* From the last byte to the first: the cost of the rest, and the step to take. `bytes` from `in`, which is where the first unit begins. */
static void plan_pairs(tome_voxel_deflater *d, const uint8_t *in, size_t bytes) {
  const costs *c = &d->costs;
  uint32_t *cost = d->cost;
  step *steps = d->steps;
  cost[bytes] = 0;
  size_t u = (bytes + 1) / 2;
  if (bytes % 2) {
    u--;
    cost[2 * u] = c->literal[in[2 * u]];
    steps[2 * u] = 1 | (step)in[2 * u] << 16;
  }
  uint32_t next = cost[2 * u];
  while (u-- > 0) {
    const found f = d->finds[u];
    const unsigned length = f & LENGTH_MASK, longer = (length + 1) & (0u - (f / BACK & 1));
    const uint32_t after = cost[2 * u + 1 + length] + c->distance[distance_log(f)];
    const uint32_t high = c->literal[in[2 * u + 1]] + next, match = c->length[length] + after;
    const uint32_t odd = match < high ? match : high;
    steps[2 * u + 1] = either(match < high, length | (f & 0xffff0000), 1 | (step)in[2 * u + 1] << 16);
    cost[2 * u + 1] = odd;
    const uint32_t low = c->literal[in[2 * u]] + odd, whole = c->length[longer] + after;
    steps[2 * u] = either(whole < low, longer | (f & 0xffff0000), 1 | (step)in[2 * u] << 16);
    next = whole < low ? whole : low;
    cost[2 * u] = next;
  }
}

static void plan_bytes(tome_voxel_deflater *d, const uint8_t *in, size_t bytes) {
  const costs *c = &d->costs;
  uint32_t next = d->cost[bytes] = 0;
  for (size_t u = bytes; u-- > 0;) {
    const found f = d->finds[u];
    const unsigned length = f & LENGTH_MASK;
    const uint32_t literal = c->literal[in[u]] + next;
    const uint32_t match = c->length[length] + d->cost[u + length] + c->distance[distance_log(f)];
    d->steps[u] = either(match < literal, length | (f & 0xffff0000), 1 | (step)in[u] << 16);
    d->cost[u] = next = match < literal ? match : literal;
  }
}

/* The steps from `from` on, as tokens. */
static void follow(tome_voxel_deflater *d, size_t from, size_t bytes) {
  tome_token *t = d->tokens + d->count;
  for (size_t at = from; at < bytes;) {
    const step s = d->steps[at];
    const unsigned length = s & LENGTH_MASK;
    const tome_token match = match_token(length, s >> 16);
    *t = either(length > 1, match, tome_literal((uint8_t)(s >> 16)));
    tome_count_token(&d->code, *t++);
    at += length;
  }
  d->count = (size_t)(t - d->tokens);
}

static void all_literals(tome_voxel_deflater *d, const uint8_t *in, size_t bytes) {
  tome_token *t = d->tokens + d->count;
  for (size_t i = 0; i < bytes; i++) t[i] = tome_literal(in[i]);
  for (size_t i = 0; i < bytes; i++) d->code.literals[in[i]]++;
  d->count += bytes;
}

/* ---- a part ---- */

/* Tokens for bytes p->at … end, whose units have been looked up. */
static void put_segment(part *p, size_t end, size_t matches, size_t size) {
  tome_voxel_deflater *d = p->d;
  const size_t base = p->at / size * size, bytes = end - base;
  if (end <= p->at) return;
  if (matches == 0) {
    all_literals(d, p->in + p->at, end - p->at);
  } else {
    clamp(d->finds, (bytes + size - 1) / size, bytes, size);
    (size == 2 ? plan_pairs : plan_bytes)(d, p->in + base, bytes);
    follow(d, p->at - base, bytes);
  }
  p->at = end;
}

/* The long match at a unit, if one was found there; what it passes over is entered. */
static void put_long(part *p, size_t unit, found f, size_t looked_up, size_t size) {
  const size_t at = p->at, distance = f >> 16;
  const size_t length = equal_bytes(p->in + at, p->in + at - distance, 0, p->size - at);
  put_match(p, length, (uint32_t)distance);
  size_t from = unit + 1, end = p->at / size;
  if (end > looked_up) end = looked_up;
  if (distance <= 8 && from + 8 < end) from = end - 8; /* a constant run: the same all over */
  enter(p, from, end, size);
}

ALWAYS_INLINE size_t look_up(part *p, size_t unit, size_t end, size_t *matches, size_t size) {
  if (p->depth) return find_deep(p, unit, end, matches, size);
  return p->both ? find(p, unit, end, matches, size, true) : find(p, unit, end, matches, size, false);
}

ALWAYS_INLINE void put_part(part *p, size_t size) {
  tome_voxel_deflater *d = p->d;
  const size_t looked_up = p->size < 8 ? 0 : (p->size - 8) / size + 1; /* units with 8 bytes to look at */
  while (p->at < p->size) {
    const size_t base = p->at / size, most = base + SEGMENT / size, limit = looked_up < most ? looked_up : most;
    size_t matches = 0;
    const size_t unit = look_up(p, base, base < limit ? limit : base, &matches, size);
    const bool met = unit < limit;
    size_t end = met ? unit * size + size - 1 : unit * size;
    if (met && d->finds[unit - base] & BACK) end--;
    if (!met && limit == looked_up && limit < most) { /* the last bytes of the part */
      end = p->size;
      memset(d->finds + (unit - base), 0, 8 * sizeof *d->finds);
    }
    if (end < p->at) end = p->at;
    put_segment(p, end, matches, size);
    if (met) put_long(p, unit, d->finds[unit - base], looked_up, size);
    if (d->count >= BLOCK_TOKENS && p->at < p->size) close_block(p, false);
  }
}

static void put_pairs(part *p) { put_part(p, 2); }
static void put_bytes(part *p) { put_part(p, 1); }

static size_t deflate_once(tome_voxel_deflater *d, const void *in, size_t size, size_t element, bool both, size_t depth,
                           bool last, uint8_t *out, size_t room) {
  part p = {.d = d, .in = in, .block = in, .size = size, .both = both, .depth = depth};
  p.w = (tome_bit_writer){.begin = out, .at = out, .end = out + room};
  memset(d->near, 0, sizeof d->near);
  memset(d->far, 0, sizeof d->far);
  d->count = 0;
  tome_no_tokens(&d->code);
  first_costs(&d->costs);
  if (element > 1 && size) { /* units begin at a voxel's last byte, matches at a first one */
    put_token(d, tome_literal(*p.in++));
    p.size--;
  }
  (element > 1 ? put_pairs : put_bytes)(&p);
  if (size || last) close_block(&p, last);
  if (!last) tome_put_sync(&p.w);
  if (p.w.count) *p.w.at++ = (uint8_t)p.w.bits;
  return (size_t)(p.w.at - p.w.begin);
}

size_t tome_voxel_deflate(tome_voxel_deflater *d, const void *in, size_t size, size_t element, int level, bool last,
                          void *out, size_t room) {
  const bool both =
      element != 2 || level > PAIRS_LEVEL; /* voxels of two bytes are hardly smaller for the second table */
  const size_t n = deflate_once(d, in, size, element, both, 0, last, out, room);
  if (level <= TABLES_LEVEL) return n;
  uint8_t *deeper = (uint8_t *)out + n;
  const size_t m = deflate_once(d, in, size, element, false, level > DEEP_LEVEL ? 64 : 16, last, deeper, room - n);
  if (m < n) memmove(out, deeper, m);
  return m < n ? m : n;
}
