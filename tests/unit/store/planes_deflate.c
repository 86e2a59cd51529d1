/* The plane coder: what it writes, libdeflate reads (and zlib, in h5py_oracle.py); what it reads, all or pieces, alone or several at a time, is what was
 * written; and no damaged or foreign stream or index makes it write out of bounds. Built twice: with what this processor can do, and with the portable loops. */
#include "store/planes_deflate.h"

#include "base/gzip.h"
#include "make.h"
#include "store/planes.h"
#include "store/planes_index.h"

enum { KINDS = 10, MOST = 1 << 17 };

/* Planes of every character: constant, noise, runs of all lengths, few values, skewed, rising. */
static void fill_plane(uint8_t *p, size_t n, int kind, uint64_t seed) {
  uint64_t state = seed + 77;
  uint8_t value = 0;
  size_t run = 0;
  for (size_t i = 0; i < n; i++) {
    const uint32_t r = next_random(&state);
    switch (kind) {
      case 0:
        p[i] = 0;
        break;
      case 1:
        p[i] = (uint8_t)(i % 251);
        break;
      case 2:
        p[i] = (uint8_t)(r & 1 ? 255 : 0);
        break;
      case 3:
        p[i] = (uint8_t)(__builtin_popcount(r) + __builtin_popcount(r * 77));
        break;
      case 4:
        p[i] = (uint8_t)((r & 255) * (r >> 8 & 255) >> 8);
        break;
      case 5:
        p[i] = (uint8_t)(r % 1000 == 0 ? r >> 24 : 7);
        break;
      case 6:
        p[i] = (uint8_t)(i == n / 2);
        break;
      case 7:
        p[i] = (uint8_t)(i < n / 3 ? 0 : r % 90);
        break;
      case 8:
        p[i] = (uint8_t)(1u << (r % 8));
        break;
      default: /* runs of 1 to 600 */
        if (run == 0) run = 1 + r % (r & 4096 ? 600 : 12), value = (uint8_t)(r >> 16);
        run--;
        p[i] = value;
    }
  }
}

typedef struct coded {
  uint8_t raw[MOST], packed[MOST + TOME_PLANES_IN_SLACK];
  size_t plane, planes, size;
} coded;

static coded *make_coded(size_t plane, size_t planes, int kind, uint64_t seed) {
  coded *c = calloc(1, sizeof *c);
  tome_planes_deflater *d = tome_planes_deflater_new(plane, NULL);
  c->plane = plane;
  c->planes = planes;
  for (size_t p = 0; p < planes; p++) fill_plane(c->raw + p * plane, plane, (kind + (int)p * 3) % KINDS, seed + p);
  c->size = tome_planes_deflate(d, c->raw, planes, c->packed, MOST);
  tome_planes_deflater_free(d);
  return c;
}

static size_t out_bytes(const coded *c) { return c->planes * (c->plane + TOME_PLANES_OUT_SLACK); }

/* An output buffer of exactly the allowed size, so that sanitizers see a byte too many. */
static tome_planes_stream stream_of(const coded *c) {
  return (tome_planes_stream){.in = c->packed, .size = c->size, .out = calloc(1, out_bytes(c))};
}

static bool equal_piece(const coded *c, const tome_planes_stream *s, size_t from, size_t count) {
  for (size_t p = 0; p < c->planes; p++)
    if (memcmp(s->out + p * (c->plane + TOME_PLANES_OUT_SLACK) + from, c->raw + p * c->plane + from, count) != 0)
      return false;
  return true;
}

/* What was wanted is what was written. */
static bool read_well(const coded *c, const tome_planes_stream *s) {
  const tome_span *w = &s->wanted;
  bool ok = s->done && (w->count > 0 || equal_piece(c, s, 0, c->plane));
  for (size_t k = 0; ok && k < w->count; k++) ok = equal_piece(c, s, w->first + k * w->step, w->length);
  return ok;
}

static void test_checksum(void) {
  uint8_t data[10000];
  CHECK(tome_adler32("", 0) == 1 && tome_adler32("Wikipedia", 9) == 0x11e60398);
  fill_plane(data, sizeof data, 4, 1);
  uint32_t a = 1, b = 0;
  for (size_t i = 0; i < sizeof data; i++) {
    CHECK(tome_adler32(data, i) == (b << 16 | a));
    a = (a + data[i]) % 65521;
    b = (b + a) % 65521;
  }
  memset(data, 255, sizeof data);
  a = 1, b = 0;
  for (size_t i = 0; i < sizeof data; i++) {
    a = (a + 255) % 65521;
    b = (b + a) % 65521;
  }
  CHECK(tome_adler32(data, sizeof data) == (b << 16 | a));
}

static void test_others_read_it(void) {
  tome_inflater *inflater = tome_inflater_new(NULL);
  static uint8_t out[MOST];
  static const size_t planes[] = {1000, 4099, 30000};
  for (int kind = 0; kind < KINDS; kind++)
    for (size_t p = 0; p < 3; p++)
      for (size_t count = 1; count <= 4; count++) {
        coded *c = make_coded(planes[p], count, kind, 5);
        CHECK(c->size > 0);
        CHECK(tome_inflate(inflater, c->packed, c->size, out, planes[p] * count));
        CHECK(memcmp(out, c->raw, planes[p] * count) == 0);
        free(c);
      }
  tome_inflater_free(inflater);
}

static tome_span random_span(size_t plane, uint64_t *state) {
  tome_span w = {.step = 1 + next_random(state) % 1500, .length = 1};
  w.length += next_random(state) % w.step;
  if (w.length > plane) w.length = plane;
  w.first = next_random(state) % (plane - w.length + 1);
  w.count = 1 + (plane - w.length - w.first) / w.step;
  w.count -= next_random(state) % w.count;
  return w;
}

static void test_we_read_it_in_any_company(void) {
  static const size_t planes[] = {1, 255, 256, 257, 900, 4099, 30000};
  uint64_t state = 8;
  for (int round = 0; round < 200; round++) {
    const size_t plane = planes[round % 7], count = 1 + next_random(&state) % 11, most = 1 + next_random(&state) % 6;
    tome_planes_inflater *inflater = tome_planes_inflater_new(2, plane, most, NULL);
    coded *c[11];
    tome_planes_stream s[11];
    for (size_t i = 0; i < count; i++) {
      c[i] = make_coded(plane, 2, (int)(next_random(&state) % KINDS), i);
      s[i] = stream_of(c[i]);
      if (next_random(&state) % 4) s[i].wanted = random_span(plane, &state);
    }
    tome_planes_inflate(inflater, s, count);
    for (size_t i = 0; i < count; i++) {
      CHECK(read_well(c[i], &s[i]));
      free(s[i].out);
      free(c[i]);
    }
    tome_planes_inflate(inflater, NULL, 0);
    tome_planes_inflater_free(inflater);
  }
}

/* Only what is wanted is read: what lies far from it stays as it was. */
static void test_the_rest_is_left_alone(void) {
  coded *c = make_coded(30000, 2, 3, 1);
  tome_planes_inflater *inflater = tome_planes_inflater_new(2, 30000, 1, NULL);
  tome_planes_stream s = stream_of(c);
  s.wanted = (tome_span){.first = 10000, .length = 100, .step = 4000, .count = 3};
  tome_planes_inflate(inflater, &s, 1);
  CHECK(read_well(c, &s));
  size_t written = 0;
  for (size_t i = 0; i < out_bytes(c); i++) written += s.out[i] != 0;
  CHECK(written > 500 && written < 2 * 3 * 3 * TOME_SECTION);
  free(s.out);
  free(c);
  tome_planes_inflater_free(inflater);
}

static void test_no_room(void) {
  coded *c = make_coded(30000, 2, 4, 3);
  tome_planes_deflater *d = tome_planes_deflater_new(30000, NULL);
  for (size_t room = 0; room < c->size; room += 997) {
    uint8_t *out = malloc(room ? room : 1); /* sanitizers watch its end */
    CHECK(tome_planes_deflate(d, c->raw, 2, out, room) == 0);
    free(out);
  }
  tome_planes_deflater_free(d);
  free(c);
}

/* What libdeflate writes has no index, nor have streams of ours that lost it: not for us, and left alone. */
static void test_foreign_streams_are_left(void) {
  coded *c = make_coded(20000, 2, 1, 3);
  tome_planes_inflater *inflater = tome_planes_inflater_new(2, 20000, 2, NULL);
  tome_planes_stream s = stream_of(c);
  s.size--;
  tome_planes_inflate(inflater, &s, 1);
  CHECK(!s.done);
  for (int level = 1; level <= 12; level += 5) {
    tome_deflater *d = tome_deflater_new(level, NULL);
    c->size = s.size = tome_deflate(d, c->raw, 40000, c->packed, MOST);
    tome_planes_inflate(inflater, &s, 1);
    CHECK(c->size > 0 && !s.done);
    tome_deflater_free(d);
  }
  free(s.out);
  free(c);
  tome_planes_inflater_free(inflater);
}

/* Damage in one of three streams, anywhere, or in its index only, never reaches the other two; and where the damaged one is said to be done, the
 * index still leads from block to block. */
static void test_damaged_streams(void) {
  uint64_t state = 99;
  size_t done = 0;
  for (int round = 0; round < 6000; round++) {
    const size_t plane = 600 + (size_t)(round / 10 % 1700);
    tome_planes_inflater *inflater = tome_planes_inflater_new(2, plane, 3, NULL);
    coded *c[3];
    tome_planes_stream s[3];
    for (size_t i = 0; i < 3; i++) c[i] = make_coded(plane, 2, round + (int)i, (uint64_t)round);
    const size_t tail = 24 + 2 * tome_sections(plane) * 2, range = round % 3 ? c[1]->size : tail;
    if (next_random(&state) % 8 == 0) c[1]->size = next_random(&state) % (c[1]->size + 1);
    for (unsigned n = 1 + next_random(&state) % 4; c[1]->size && n > 0; n--) {
      const size_t back = next_random(&state) % (range < c[1]->size ? range : c[1]->size);
      c[1]->packed[round % 3 == 1 ? back % 100 : c[1]->size - 1 - back] ^= (uint8_t)(1u << next_random(&state) % 8);
    }
    for (size_t i = 0; i < 3; i++) {
      s[i] = stream_of(c[i]);
      if (round & 8) s[i].wanted = random_span(plane, &state);
    }
    tome_planes_inflate(inflater, s, 3);
    CHECK(read_well(c[0], &s[0]) && read_well(c[2], &s[2]));
    done += s[1].done;
    for (size_t i = 0; i < 3; i++) free(s[i].out), free(c[i]);
    tome_planes_inflater_free(inflater);
  }
  CHECK(done > 100 &&
        done < 5000); /* damage to literals is not seen here: that is what the checksum around it is for */
}

/* An index that says anything at all, in its right form, of a sound stream: places far outside, sizes of nothing. */
static void test_lying_index(void) {
  uint64_t state = 3;
  const size_t plane = 5000, sections = tome_sections(plane);
  tome_planes_inflater *inflater = tome_planes_inflater_new(2, plane, 1, NULL);
  for (int round = 0; round < 3000; round++) {
    coded *c = make_coded(plane, 2, round, (uint64_t)round);
    tome_planes_index x;
    CHECK(tome_planes_index_open(c->packed, c->size, 2, sections, &x));
    uint32_t heads[2], starts[64];
    uint16_t bits[64];
    for (size_t p = 0; p < 2; p++) {
      heads[p] = tome_planes_index_head(&x, p);
      tome_planes_index_starts(&x, p, starts);
      for (size_t i = 0; i < sections; i++) bits[p * sections + i] = (uint16_t)(starts[i + 1] - starts[i]);
    }
    const size_t at = next_random(&state) % (sections - 1) + sections * (next_random(&state) % 2);
    const uint16_t shift = (uint16_t)next_random(&state);
    bits[at] = (uint16_t)(bits[at] + shift); /* the sum stays, as long as nothing wraps: only the pieces do not fit */
    bits[at + 1] = (uint16_t)(bits[at + 1] - shift);
    if (round % 5 == 0) heads[next_random(&state) % 2] = next_random(&state);
    c->size = x.stream_bytes + tome_planes_index_write(heads, bits, 2, sections, c->packed + x.stream_bytes, 4096);
    tome_planes_stream s = stream_of(c);
    if (round & 1) s.wanted = random_span(plane, &state);
    tome_planes_inflate(inflater, &s, 1);
    free(s.out);
    free(c);
  }
  tome_planes_inflater_free(inflater);
}

/* Noise of 30000 bytes a plane: the index is under 2 % of the stream. */
static void test_index_is_small(void) {
  for (int kind = 0; kind < KINDS; kind++) {
    coded *c = make_coded(32768, 2, kind, 5);
    tome_planes_index x;
    CHECK(tome_planes_index_open(c->packed, c->size, 2, 128, &x));
    CHECK(c->size - x.stream_bytes <= 24 + 2 * 128 * 12 / 8);
    free(c);
  }
}

static void test_code_lengths_are_complete(void) {
  uint64_t state = 5;
  for (int round = 0; round < 2000; round++) {
    uint32_t frequency[286] = {0};
    uint8_t lengths[286];
    uint16_t words[286];
    const unsigned n = 2 + next_random(&state) % 284, skew = next_random(&state) % 30;
    for (unsigned i = 0; i < n; i++) frequency[i] = 1 + (next_random(&state) >> (i % 32 > skew ? skew : i % 32));
    const unsigned most = n <= 128 && round % 2 ? 7 : 11;
    tome_code_lengths(frequency, 286, most, lengths);
    CHECK(tome_code_words(lengths, 286, words));
    for (unsigned i = 0; i < n; i++) CHECK(lengths[i] >= 1 && lengths[i] <= most);
  }
}

TEST_MAIN(test_checksum, test_others_read_it, test_we_read_it_in_any_company, test_the_rest_is_left_alone, test_no_room,
          test_foreign_streams_are_left, test_damaged_streams, test_lying_index, test_index_is_small,
          test_code_lengths_are_complete)
