/* gzip as other tools write it (zlib's own writer is the independent one here): members, padding, damage, in steps of any size. */
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

/* Writes the bytes to a file and reads it back through the stream, `step` bytes at a time. False with the error. */
static bool through_file(const uint8_t *data, size_t size, size_t step, uint8_t *out, size_t cap, size_t *made,
                         tome_error *err) {
  const char *path = test_tmp("stream.gz");
  FILE *f = fopen(path, "wb");
  fwrite(data, 1, size, f);
  fclose(f);
  tome_gunzip *g = tome_gunzip_open(path, err);
  bool ok = g != NULL;
  size_t got = 1;
  for (*made = 0; ok && got; *made += got) {
    const size_t want = cap - *made < step ? cap - *made : step;
    ok = tome_gunzip_read(g, out + *made, want, &got, err);
    if (!ok) break;
  }
  tome_gunzip_close(g);
  return ok;
}

static uint8_t out[64 * N]; /* room enough that a damaged stream comes to its own end */

static void several_members(void) {
  fill();
  first_size = zlib_gzip(plain, 100000, packed, sizeof packed);
  packed_size = first_size + zlib_gzip(plain + 100000, N - 100000, packed + first_size, sizeof packed - first_size);
  static const size_t steps[] = {N + 1, 65536, 4097, 13};
  for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
    tome_error e = {0};
    size_t made;
    memset(out, 0, sizeof out);
    CHECK(through_file(packed, packed_size, steps[i], out, sizeof out, &made, &e));
    CHECK(made == N && !memcmp(out, plain, N));
  }
}

static void padding_is_allowed_and_garbage_is_not(void) {
  static uint8_t longer[2 * N + 600000];
  tome_error e = {0};
  size_t made;
  memcpy(longer, packed, packed_size);
  CHECK(through_file(longer, packed_size + 600000, 65536, out, sizeof out, &made, &e) && made == N);
  longer[packed_size + 550000] = 7;
  CHECK(!through_file(longer, packed_size + 600000, 65536, out, sizeof out, &made, &e));
  CHECK(e.code == TOME_CORRUPT);
}

static void skipping_is_reading(void) {
  tome_error e = {0};
  uint64_t skipped;
  size_t got;
  FILE *f = fopen(test_tmp("stream.gz"), "wb");
  fwrite(packed, 1, packed_size, f);
  fclose(f);
  tome_gunzip *g = tome_gunzip_open(test_tmp("stream.gz"), &e);
  CHECK(g && tome_gunzip_skip(g, 123456, &skipped, &e) && skipped == 123456);
  CHECK(tome_gunzip_read(g, out, 1000, &got, &e) && got == 1000 && !memcmp(out, plain + 123456, 1000));
  CHECK(tome_gunzip_skip(g, N, &skipped, &e) && skipped == N - 124456);
  tome_gunzip_close(g);
}

static void damage_is_told(void) {
  size_t made;
  for (size_t cut = 0; cut < packed_size; cut += packed_size / 16) {
    tome_error e = {0};
    if (cut == first_size) continue; /* a whole number of members is a whole file */
    CHECK(!through_file(packed, cut, 65536, out, sizeof out, &made, &e));
    CHECK_HAS(e.message, "stream.gz");
  }
  for (size_t at = 30; at < packed_size; at += packed_size / 40) {
    tome_error e = {0};
    packed[at] ^= 0x55;
    const bool ok = through_file(packed, packed_size, 65536, out, sizeof out, &made, &e);
    CHECK(!ok || (made == N && !memcmp(out, plain, N))); /* a few header bytes mean nothing */
    packed[at] ^= 0x55;
  }
  tome_error e = {0};
  packed[packed_size - 6] ^= 1; /* the checksum itself */
  CHECK(!through_file(packed, packed_size, 65536, out, sizeof out, &made, &e));
  packed[packed_size - 6] ^= 1;
  e = (tome_error){0};
  CHECK(!through_file((const uint8_t *)"not gzip at all, really", 23, 100, out, sizeof out, &made, &e));
  CHECK(!tome_gunzip_open("/no/such/file", &e));
}

/* Parts of a deflate stream, joined, are one stream to zlib, whatever their sizes; and the checksums go on from part to part. */
static void parts_make_one_stream(void) {
  static uint8_t joined[N + N / 2 + 65536];
  for (size_t part = 1 + N / 7; part <= N; part *= 2) {
    size_t size = 0;
    uint32_t crc = 0, adler = 1, joined_crc = 0, joined_adler = 1;
    for (size_t at = 0; at < N; at += part) {
      tome_error e = {0};
      const size_t n = N - at < part ? N - at : part;
      size_t made = 0;
      CHECK(tome_deflate_part(plain + at, n, at + n == N, joined + size, sizeof joined - size, &made, &e));
      size += made;
      crc = tome_add_crc32(crc, plain + at, n);
      adler = tome_add_adler32(adler, plain + at, n);
      joined_crc = tome_join_crc32(joined_crc, tome_add_crc32(0, plain + at, n), n);
      joined_adler = tome_join_adler32(joined_adler, tome_add_adler32(1, plain + at, n), n);
    }
    z_stream z = {.next_in = joined, .avail_in = (uInt)size, .next_out = out, .avail_out = sizeof out};
    inflateInit2(&z, -15);
    CHECK(inflate(&z, Z_FINISH) == Z_STREAM_END);
    CHECK(z.total_out == N && z.avail_in == 0 && !memcmp(out, plain, N));
    inflateEnd(&z);
    CHECK(crc == crc32(0, plain, N) && adler == adler32(1, plain, N));
    CHECK(joined_crc == crc && joined_adler == adler);
  }
}

/* A zlib stream, or a bare one, in the middle of a file: what lies before and behind is left alone; damage to its checksum is told. */
static void streams_inside_files(void) {
  enum { BEFORE = 77, BEHIND = 5 };
  static uint8_t file[BEFORE + N + N / 2 + 65536];
  for (int wrap = TOME_WRAP_ZLIB; wrap <= TOME_WRAP_NONE; wrap++) {
    z_stream z = {
        .next_in = plain, .avail_in = N, .next_out = file + BEFORE, .avail_out = sizeof file - BEFORE - BEHIND};
    deflateInit2(&z, 6, Z_DEFLATED, wrap == TOME_WRAP_ZLIB ? 15 : -15, 8, Z_DEFAULT_STRATEGY);
    CHECK(deflate(&z, Z_FINISH) == Z_STREAM_END);
    const size_t packed_bytes = z.total_out;
    deflateEnd(&z);
    memset(file + BEFORE + packed_bytes, 0xee, BEHIND);
    for (int damaged = 0; damaged < 2; damaged++) {
      if (damaged) file[BEFORE + packed_bytes - 1] ^= 1;
      FILE *f = fopen(test_tmp("inside"), "wb");
      CHECK(f && fwrite(file, 1, BEFORE + packed_bytes + BEHIND, f) == BEFORE + packed_bytes + BEHIND);
      if (f) fclose(f);
      tome_error e = {0};
      size_t got = 0;
      tome_gunzip *g = tome_gunzip_open_at(test_tmp("inside"), BEFORE, (tome_wrap)wrap, &e);
      bool ok = g && tome_gunzip_read(g, out, N, &got, &e);
      uint8_t more;
      size_t behind = 1;
      ok = ok && tome_gunzip_read(g, &more, 1, &behind, &e);
      if (!damaged) CHECK(ok && got == N && behind == 0 && !memcmp(out, plain, N));
      if (damaged && wrap == TOME_WRAP_ZLIB) CHECK(!ok);
      tome_gunzip_close(g);
    }
  }
}

TEST_MAIN(several_members, padding_is_allowed_and_garbage_is_not, skipping_is_reading, damage_is_told,
          parts_make_one_stream, streams_inside_files)
