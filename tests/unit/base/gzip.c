/* gzip as other tools write it (zlib's own writer is the independent one here): members, lying trailers, damage, bounds. */
#include "base/gzip.h"

#include <zlib.h>

#include "test.h"

enum { N = 300000 };
static uint8_t plain[N];

static void fill(void) {
  uint32_t x = 1;
  for (size_t i = 0; i < N; i++) {
    x = x * 1664525u + 1013904223u;
    plain[i] = (uint8_t)(i % 7 ? x >> 28 : i >> 9);
  }
}

/* One member by zlib. */
static size_t zlib_gzip(const uint8_t *in, size_t n, uint8_t *out, size_t cap) {
  z_stream z = {0};
  deflateInit2(&z, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY);
  z.next_in = (Bytef *)(uintptr_t)in;
  z.avail_in = (uInt)n;
  z.next_out = out;
  z.avail_out = (uInt)cap;
  deflate(&z, Z_FINISH);
  const size_t made = cap - z.avail_out;
  deflateEnd(&z);
  return made;
}

static uint8_t packed[2 * N];
static size_t packed_size, first_size;

static void several_members(void) {
  fill();
  first_size = zlib_gzip(plain, 100000, packed, sizeof packed);
  packed_size = first_size + zlib_gzip(plain + 100000, N - 100000, packed + first_size, sizeof packed - first_size);
  tome_bytes b = {0};
  tome_error e = {0};
  CHECK(tome_gunzip(packed, packed_size, 0, "a.gz", &b, &e));
  CHECK(b.size == N && !memcmp(b.data, plain, N));
  tome_bytes_clear(&b);
  static uint8_t out[N];
  CHECK(tome_gunzip_into(packed, packed_size, out, N, "a.gz", &e));
  CHECK(!memcmp(out, plain, N));
  CHECK(!tome_gunzip_into(packed, packed_size, out, N - 1, "a.gz", &e));
  CHECK(e.code == TOME_CORRUPT);
}

static void bounds_hold(void) {
  tome_bytes b = {0};
  tome_error e = {0};
  CHECK(!tome_gunzip(packed, packed_size, N - 1, "bomb.gz", &b, &e));
  CHECK_HAS(e.message, "bomb.gz");
  CHECK(b.data == NULL);
  e = (tome_error){0};
  CHECK(tome_gunzip(packed, packed_size, N, "ok.gz", &b, &e));
  tome_bytes_clear(&b);
}

static void lying_trailers_do_no_harm(void) {
  tome_error e = {0};
  tome_bytes b = {0};
  uint8_t bad[4096];
  const size_t n = zlib_gzip(plain, 2000, bad, sizeof bad);
  memset(bad + n - 4, 0xff, 4); /* says 4 GiB */
  CHECK(!tome_gunzip(bad, n, 0, "lie.gz", &b, &e));
  CHECK(e.code == TOME_CORRUPT);
}

static void damage_is_told(void) {
  for (size_t cut = 0; cut < packed_size; cut += packed_size / 16) {
    tome_bytes b = {0};
    tome_error e = {0};
    if (cut == first_size) continue; /* a whole number of members is a whole file */
    CHECK(!tome_gunzip(packed, cut, 0, "cut.gz", &b, &e));
    CHECK_HAS(e.message, "cut.gz");
  }
  tome_bytes b = {0};
  tome_error e = {0};
  packed[first_size / 2] ^= 0x55;
  CHECK(!tome_gunzip(packed, packed_size, 0, "flip.gz", &b, &e));
  packed[first_size / 2] ^= 0x55;
}

static void heads_come_from_few_bytes(void) {
  uint8_t out[352];
  size_t got = 0;
  tome_error e = {0};
  CHECK(tome_gunzip_head(packed, 2000, out, sizeof out, &got, "a.gz", &e));
  CHECK(got == sizeof out && !memcmp(out, plain, got));
  CHECK(!tome_gunzip_head("not gzip at all, really", 23, out, sizeof out, &got, "b.gz", &e));
}

static void our_gzip_is_zlibs(void) {
  tome_bytes b = {0};
  tome_error e = {0};
  CHECK(tome_gzip(plain, N, 6, &b, &e));
  static uint8_t out[N + 1];
  z_stream z = {.next_in = b.data, .avail_in = (uInt)b.size, .next_out = out, .avail_out = sizeof out};
  inflateInit2(&z, 31);
  CHECK(inflate(&z, Z_FINISH) == Z_STREAM_END);
  CHECK(z.total_out == N && !memcmp(out, plain, N));
  inflateEnd(&z);
  tome_bytes_clear(&b);
}

TEST_MAIN(several_members, bounds_hold, lying_trailers_do_no_harm, damage_is_told, heads_come_from_few_bytes,
          our_gzip_is_zlibs)
