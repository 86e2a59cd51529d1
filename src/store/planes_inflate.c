/* Reading planes back: the heads of their blocks, then the wanted sections, dealt out to four lanes. Whatever else deflate allows is somebody else's work. */
#include <stdlib.h>
#include <string.h>

#include "store/planes_index.h"
#include "store/planes_lanes.h"

enum {
  LENGTH_CODES = 19,
  LENGTH_CODE_BITS = 7,
  HEAD_SYMBOLS = 286,
  MOST_JOB = 8 /* sections */,
  PAIRS_FROM = 8192 /* bytes */
};

/* One plane of one stream. */
typedef struct plane {
  tome_planes_stream *of;
  size_t stream_bytes; /* without the index */
  size_t first;        /* bit of the first section */
  uint8_t *out;
  uint32_t *starts; /* of the sections, in bits from `first` */
  bool pairs, bad;
  uint8_t lengths[TOME_MOST_SYMBOLS];
} plane;

struct tome_planes_inflater {
  size_t planes, plane_bytes, sections, most;
  plane *all; /* of all streams at hand */
  uint32_t *starts;
  uint8_t *wanted; /* of each stream: whether a section is */
  tome_code_table table[TOME_LANES];
};

tome_planes_inflater *tome_planes_inflater_new(size_t planes, size_t plane_bytes, size_t most, tome_error *err) {
  tome_planes_inflater *i = tome_alloc(1, sizeof *i, "inflate", err);
  if (!i) return NULL;
  const bool indexed = planes <= TOME_MOST_PLANES && plane_bytes > 0 && plane_bytes <= TOME_MOST_INDEXED;
  i->planes = indexed ? planes : 0;
  i->plane_bytes = indexed ? plane_bytes : 0;
  i->sections = tome_sections(i->plane_bytes);
  i->most = most;
  i->all = tome_alloc(i->planes * most + 1, sizeof *i->all, "inflate", err);
  i->starts = tome_alloc(i->planes * most + 1, (i->sections + 1) * sizeof *i->starts, "inflate", err);
  i->wanted = tome_alloc(most + 1, i->sections + 1, "inflate", err);
  if (i->all && i->starts && i->wanted) return i;
  tome_planes_inflater_free(i);
  return NULL;
}

void tome_planes_inflater_free(tome_planes_inflater *i) {
  if (!i) return;
  free(i->all);
  free(i->starts);
  free(i->wanted);
  free(i);
}

/* ---- a block's head ---- */

static uint32_t take(tome_cursor *c, unsigned n) {
  const uint32_t v = (uint32_t)(c->bits & ((1u << n) - 1));
  c->bits >>= n;
  return v;
}

/* The lengths of the code that the code lengths are written in, as a table of 7 bits: symbol << 3 | length. */
static bool read_length_code(tome_cursor *c, uint8_t entry[1 << LENGTH_CODE_BITS]) {
  static const uint8_t order[LENGTH_CODES] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
  uint8_t lengths[LENGTH_CODES] = {0};
  uint16_t words[LENGTH_CODES] = {0}; /* of codes that are not used, too: compilers look at a word before its length */
  const unsigned sent = take(c, 4) + 4;
  for (unsigned i = 0; i < sent; i++) {
    if (i % 16 == 0) *c = tome_cursor_refilled(*c);
    lengths[order[i]] = (uint8_t)take(c, 3);
  }
  if (!tome_code_words(lengths, LENGTH_CODES, words)) return false;
  for (unsigned s = 0; s < LENGTH_CODES; s++)
    for (unsigned at = words[s]; lengths[s] && at < 1 << LENGTH_CODE_BITS; at += 1u << lengths[s])
      entry[at] = (uint8_t)(s << 3 | lengths[s]);
  return true;
}

/* `total` code lengths, run-length coded. */
static bool read_lengths(tome_cursor *at, const uint8_t *in_end, const uint8_t entry[1 << LENGTH_CODE_BITS],
                         uint8_t *lengths, unsigned total) {
  tome_cursor c = *at;
  for (unsigned i = 0, since = 0; i < total; since++) {
    if (since % 4 == 0) { /* four of them take at most 56 bits */
      if (c.in > in_end) return false;
      c = tome_cursor_refilled(c);
    }
    const uint8_t e = entry[c.bits & ((1 << LENGTH_CODE_BITS) - 1)];
    const unsigned symbol = e >> 3;
    take(&c, e & 7);
    if (symbol < 16) {
      if (symbol > TOME_CODE_BITS) return false;
      lengths[i++] = (uint8_t)symbol;
      continue;
    }
    const unsigned repeat = symbol == 16 ? 3 + take(&c, 2) : symbol == 17 ? 3 + take(&c, 3) : 11 + take(&c, 7);
    if ((symbol == 16 && i == 0) || repeat > total - i) return false;
    memset(lengths + i, symbol == 16 ? lengths[i - 1] : 0, repeat);
    i += repeat;
  }
  *at = c;
  return true;
}

/* A dynamic block whose one distance code has one bit: the zero in it means distance 1. Sets `first`: where it ends. */
static bool read_head(plane *p, size_t bit, bool last) {
  uint8_t entry[1 << LENGTH_CODE_BITS];
  const uint8_t *const in = p->of->in, *const in_end = in + p->stream_bytes;
  if (bit / 8 >= p->stream_bytes) return false;
  tome_cursor c = tome_cursor_at(in, bit, NULL);
  if (take(&c, 1) != last || take(&c, 2) != 2) return false;
  const unsigned symbols = 257 + take(&c, 5), distances = 1 + take(&c, 5);
  if (symbols != HEAD_SYMBOLS || distances != 1) return false;
  if (!read_length_code(&c, entry) || !read_lengths(&c, in_end, entry, p->lengths, HEAD_SYMBOLS + 1)) return false;
  if (p->lengths[HEAD_SYMBOLS] != 1 || !p->lengths[TOME_END_OF_BLOCK]) return false;
  p->first = (size_t)(c.in - in) * 8 + (size_t)__builtin_clzll(c.bits);
  return true;
}

/* ---- tables ---- */

/* Two literals in one lookup, where both codes fit: the second is what the table itself says of the bits behind the first. */
static void pair_literals(uint32_t *table) {
  for (uint32_t at = TOME_TABLE; at-- > 0;) { /* downwards: at >> bits is smaller, and still single */
    const uint32_t first = table[at], bits = first & 63;
    if (first & TOME_SPECIAL) continue;
    const uint32_t second = table[at >> bits], both = bits + (second & 63);
    if ((second & TOME_SPECIAL) || both > TOME_CODE_BITS) continue;
    table[at] = both | 2 << TOME_COUNT_SHIFT | (first & 0xff0000) | (second & 0xff0000) << 8;
  }
}

/* Pays where there is enough to read, and much of what comes is short codes: more than half of it at most 4 bits long. */
static bool pairs_pay(const uint8_t *lengths, size_t sections) {
  if (sections * TOME_SECTION < PAIRS_FROM) return false;
  unsigned share = 0;
  for (unsigned s = 0; s < TOME_END_OF_BLOCK; s++)
    if (lengths[s] && lengths[s] <= 4) share += 16u >> lengths[s];
  return share > 8;
}

/* The symbols that have a code, shortest code first; starts[n]: where those of n bits begin, and those of fewer end. */
static void by_length(const uint8_t *lengths, uint16_t *order, uint16_t starts[TOME_CODE_BITS + 2]) {
  uint16_t at[TOME_CODE_BITS + 2] = {0};
  for (unsigned s = 0; s < HEAD_SYMBOLS; s++) at[lengths[s] + 1]++;
  at[0] = at[1] = 0;
  for (unsigned n = 2; n < TOME_CODE_BITS + 2; n++) at[n] = (uint16_t)(at[n] + at[n - 1]);
  memcpy(starts, at, sizeof at);
  for (unsigned s = 0; s < HEAD_SYMBOLS; s++)
    if (lengths[s]) order[at[lengths[s]]++] = (uint16_t)s;
}

static uint16_t single_entry(unsigned s, unsigned bits) {
  return (uint16_t)(s < TOME_END_OF_BLOCK ? s << TOME_SINGLE_SHIFT | bits
                                          : (s - TOME_END_OF_BLOCK) << TOME_SINGLE_SHIFT | TOME_SPECIAL | bits);
}

static uint32_t pair_entry(unsigned s, unsigned bits) {
  return s < TOME_END_OF_BLOCK ? s << TOME_PAIR_SHIFT | 1 << TOME_COUNT_SHIFT | bits
                               : (s - TOME_END_OF_BLOCK) << TOME_PAIR_SHIFT | TOME_SPECIAL | bits;
}

/* The canonical code, counted up with its bits reversed: from one length to the next the word stays the same. False where there is none left. */
static inline bool next_word(uint32_t *word, unsigned bits) {
  uint32_t bit = 1u << (bits - 1);
  while (*word & bit) {
    *word ^= bit;
    bit >>= 1;
  }
  *word |= bit;
  return bit != 0;
}

/* A table of n bits becomes one of n+1 by standing twice: what codes of up to n bits say does not depend on the bit behind them. False where the code is
 * not complete: every entry gets filled. */
static bool build_table(const plane *p, tome_code_table *t) {
  uint16_t order[HEAD_SYMBOLS], starts[TOME_CODE_BITS + 2];
  uint32_t word = 0;
  bool left = true;
  by_length(p->lengths, order, starts);
  for (unsigned bits = 1; bits <= TOME_CODE_BITS; bits++) {
    const size_t half = (size_t)1 << (bits - 1);
    if (p->pairs)
      memcpy(t->pair + half, t->pair, half * sizeof *t->pair);
    else
      memcpy(t->single + half, t->single, half * sizeof *t->single);
    for (const uint16_t *s = order + starts[bits]; s < order + starts[bits + 1]; s++) {
      if (!left) return false;
      if (p->pairs)
        t->pair[word] = pair_entry(*s, bits);
      else
        t->single[word] = single_entry(*s, bits);
      left = next_word(&word, bits);
    }
  }
  if (p->pairs && !left) pair_literals(t->pair);
  return !left;
}

/* ---- what is wanted ---- */

/* Marks the sections that hold what is wanted; how many. */
static size_t mark_wanted(const tome_planes_inflater *i, const tome_span *w, uint8_t *wanted) {
  memset(wanted, w->count == 0, i->sections);
  for (size_t k = 0; k < w->count; k++) {
    const size_t from = w->first + k * w->step, to = from + w->length;
    if (to > i->plane_bytes || to <= from) continue;
    memset(wanted + (from >> TOME_SECTION_LOG), 1, tome_sections(to) - (from >> TOME_SECTION_LOG));
  }
  size_t count = 0;
  for (size_t s = 0; s < i->sections; s++) count += wanted[s];
  return count;
}

/* Reads the heads of a stream's planes; false where it is not for us, or where the index does not lead from one block's end to the next block's
 * begin, and from the last one's to the Adler-32. */
static bool open_planes(const tome_planes_inflater *i, tome_planes_stream *s, size_t wanted, plane *planes) {
  tome_planes_index x;
  if (i->planes == 0 || !tome_planes_index_open(s->in, s->size, i->planes, i->sections, &x)) return false;
  if (x.stream_bytes < 8 || s->in[0] != 0x78 || s->in[1] != 0x01) return false;
  size_t bit = 16;
  for (size_t k = 0; k < i->planes; k++) {
    plane *p = &planes[k];
    p->of = s;
    p->stream_bytes = x.stream_bytes;
    p->out = s->out + k * (i->plane_bytes + TOME_PLANES_OUT_SLACK);
    p->bad = false;
    if (tome_planes_index_head(&x, k) != bit || !read_head(p, bit, k + 1 == i->planes)) return false;
    p->pairs = pairs_pay(p->lengths, wanted);
    tome_planes_index_starts(&x, k, p->starts);
    bit = p->first + p->starts[i->sections] + p->lengths[TOME_END_OF_BLOCK];
    if (bit / 8 >= x.stream_bytes) return false;
  }
  return (bit + 7) / 8 + 4 == x.stream_bytes;
}

/* ---- dealing it out ---- */

/* All planes of one kind, whose sections are dealt out in order. A table serves as long as a lane reads with it: with as many tables as lanes there is always
 * one to spare for the next plane. */
typedef struct deal {
  tome_planes_inflater *inflater;
  plane **planes;
  size_t count, at; /* the plane at hand */
  size_t section;   /* the next of it */
  size_t table;     /* its; TOME_LANES: not built yet */
  bool pairs;
  tome_lane lane[TOME_LANES];
  plane *of[TOME_LANES]; /* NULL: the lane is idle */
} deal;

/* The next piece of wanted sections that follow one another. False at the end of the plane. */
static bool next_piece(const deal *d, const uint8_t *wanted, size_t *from, size_t *to) {
  const size_t n = d->inflater->sections;
  size_t s = d->section;
  while (s < n && !wanted[s]) s++;
  *from = s;
  while (s < n && wanted[s] && s - *from < MOST_JOB) s++;
  *to = s;
  return *from < n;
}

static size_t free_table(const deal *d) {
  for (size_t t = 0; t < TOME_LANES; t++) {
    bool used = false;
    for (size_t k = 0; k < TOME_LANES; k++) used |= d->of[k] && d->lane[k].table == &d->inflater->table[t];
    if (!used) return t;
  }
  return TOME_LANES; /* never: the lane that asks is idle */
}

static void start_lane(deal *d, size_t k, plane *p, size_t from, size_t to) {
  const tome_planes_inflater *i = d->inflater;
  const size_t end = to << TOME_SECTION_LOG < i->plane_bytes ? to << TOME_SECTION_LOG : i->plane_bytes;
  const size_t begin = from << TOME_SECTION_LOG, ahead = d->pairs ? TOME_PAIRS_AHEAD : 0;
  d->of[k] = p;
  d->lane[k] = (tome_lane){.at = tome_cursor_at(p->of->in, p->first + p->starts[from], p->out + begin),
                           .in_end = p->of->in + p->stream_bytes,
                           .out_stop = p->out + (end - begin > ahead ? end - ahead : begin),
                           .out_end = p->out + end,
                           .plane_begin = p->out,
                           .plane_end = p->out + i->plane_bytes,
                           .table = &i->table[d->table]};
}

/* Gives lane k the next piece there is. False where there is none. */
static bool feed(deal *d, size_t k) {
  for (; d->at < d->count; d->at++, d->section = 0, d->table = TOME_LANES) {
    plane *p = d->planes[d->at];
    size_t from, to;
    const uint8_t *wanted =
        d->inflater->wanted + (size_t)(p - d->inflater->all) / d->inflater->planes * d->inflater->sections;
    if (p->bad || !next_piece(d, wanted, &from, &to)) continue;
    if (d->table == TOME_LANES && !build_table(p, &d->inflater->table[d->table = free_table(d)])) {
      p->bad = true;
      continue;
    }
    d->section = to;
    start_lane(d, k, p, from, to);
    return true;
  }
  return false;
}

/* Empties lane k where it has come to its end, good or bad. */
static void collect(deal *d, size_t k) {
  const tome_lane *l = &d->lane[k];
  if (!d->of[k] || tome_lane_runs(l)) return;
  if (l->at.out < l->out_end) d->of[k]->bad = true;
  d->of[k] = NULL;
}

static void run_deal(deal *d) {
  for (;;) {
    size_t busy = 0;
    for (size_t k = 0; k < TOME_LANES; k++) busy += d->of[k] || feed(d, k);
    if (busy == 0) return;
    if (busy == TOME_LANES)
      tome_lanes_run(d->lane, d->pairs);
    else
      for (size_t k = 0; k < TOME_LANES; k++)
        if (d->of[k]) tome_lane_run(&d->lane[k], d->pairs);
    for (size_t k = 0; k < TOME_LANES; k++) collect(d, k);
  }
}

static void inflate_kind(tome_planes_inflater *i, size_t planes, bool pairs) {
  plane *some[64];
  for (size_t at = 0; at < planes;) {
    deal d = {.inflater = i, .planes = some, .table = TOME_LANES, .pairs = pairs};
    for (; at < planes && d.count < TOME_COUNT(some); at++)
      if (!i->all[at].bad && i->all[at].pairs == pairs) some[d.count++] = &i->all[at];
    run_deal(&d);
  }
}

static void inflate_some(tome_planes_inflater *i, tome_planes_stream *streams, size_t count) {
  for (size_t s = 0; s < count; s++) {
    plane *planes = i->all + s * i->planes;
    for (size_t k = 0; k < i->planes; k++)
      planes[k] = (plane){.bad = true, .starts = i->starts + (s * i->planes + k) * (i->sections + 1)};
    const size_t wanted = mark_wanted(i, &streams[s].wanted, i->wanted + s * i->sections);
    streams[s].done = open_planes(i, &streams[s], wanted, planes);
    for (size_t k = 0; k < i->planes; k++) planes[k].bad = !streams[s].done;
  }
  inflate_kind(i, count * i->planes, false);
  inflate_kind(i, count * i->planes, true);
  for (size_t p = 0; p < count * i->planes; p++)
    if (i->all[p].bad) streams[p / i->planes].done = false;
}

void tome_planes_inflate(tome_planes_inflater *i, tome_planes_stream *streams, size_t count) {
  for (size_t s = 0; s < count; s += i->most) inflate_some(i, streams + s, count - s < i->most ? count - s : i->most);
}
