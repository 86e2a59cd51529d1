/* The plane coder: what it writes, libdeflate reads (and zlib, in h5py_oracle.py); what it reads, alone or several at a time, is what was written; and no
 * damaged or foreign stream makes it write out of bounds or say "done" of anything but the right number of bytes. */
#include "store/planes_deflate.h"

#include "base/gzip.h"
#include "make.h"
#include "store/planes.h"

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

/* An output buffer of exactly the allowed size, so that sanitizers see a byte too many. */
static tome_planes_stream stream_of(const coded *c) {
  const size_t n = c->plane * c->planes;
  return (tome_planes_stream){c->packed, c->size, malloc(n + TOME_PLANES_OUT_SLACK), n, false};
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

static void test_we_read_it_in_any_company(void) {
  tome_planes_inflater *inflater = tome_planes_inflater_new(2, 0, 4, NULL);
  for (size_t count = 1; count <= 11; count++) {
    coded *c[11];
    tome_planes_stream s[11];
    for (size_t i = 0; i < count; i++) {
      c[i] = make_coded(900 + 3000 * i, 2, (int)(i + count), i);
      s[i] = stream_of(c[i]);
    }
    tome_planes_inflate(inflater, s, count);
    for (size_t i = 0; i < count; i++) {
      CHECK(s[i].done && memcmp(s[i].out, c[i]->raw, s[i].out_bytes) == 0);
      free(s[i].out);
      free(c[i]);
    }
  }
  tome_planes_inflate(inflater, NULL, 0);
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

/* What libdeflate writes has matches of every distance: not for us, and left alone. */
static void test_foreign_streams_are_left(void) {
  coded *c = make_coded(20000, 2, 1, 3);
  tome_planes_inflater *inflater = tome_planes_inflater_new(2, 0, 4, NULL);
  for (int level = 1; level <= 12; level += 5) {
    tome_deflater *d = tome_deflater_new(level, NULL);
    c->size = tome_deflate(d, c->raw, 40000, c->packed, MOST);
    tome_planes_stream s = stream_of(c);
    tome_planes_inflate(inflater, &s, 1);
    CHECK(c->size > 0 && !s.done);
    free(s.out);
    tome_deflater_free(d);
  }
  tome_planes_inflater_free(inflater);
  free(c);
}

/* Damage in one of three streams never reaches the other two; and where the damaged one is said to be done, a general inflater that does
 * not look at the Adler-32 would say the same: its length is right. */
static void test_damaged_streams(void) {
  tome_planes_inflater *inflater = tome_planes_inflater_new(2, 0, 4, NULL);
  uint64_t state = 99;
  for (int round = 0; round < 3000; round++) {
    coded *c[3];
    tome_planes_stream s[3];
    for (size_t i = 0; i < 3; i++) c[i] = make_coded((size_t)(600 + round % 700), 2, round + (int)i, (uint64_t)round);
    c[1]->size = next_random(&state) % 4 ? c[1]->size : next_random(&state) % (c[1]->size + 1);
    for (unsigned n = next_random(&state) % 5; c[1]->size && n > 0; n--)
      c[1]->packed[next_random(&state) % (round % 2 ? c[1]->size : 60)] ^= (uint8_t)(1u << next_random(&state) % 8);
    for (size_t i = 0; i < 3; i++) s[i] = stream_of(c[i]);
    tome_planes_inflate(inflater, s, 3);
    CHECK(s[0].done && memcmp(s[0].out, c[0]->raw, s[0].out_bytes) == 0);
    CHECK(s[2].done && memcmp(s[2].out, c[2]->raw, s[2].out_bytes) == 0);
    for (size_t i = 0; i < 3; i++) free(s[i].out), free(c[i]);
  }
  tome_planes_inflater_free(inflater);
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

TEST_MAIN(test_checksum, test_others_read_it, test_we_read_it_in_any_company, test_no_room,
          test_foreign_streams_are_left, test_damaged_streams, test_code_lengths_are_complete)
