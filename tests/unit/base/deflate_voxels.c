/* What the encoder for voxels makes is deflate to zlib, and the same bytes come back: noise, runs, slices, tiny things, and inputs made to sit on the
 * edges of its tables, segments and windows, for every size of sample and level. Memory is as large as promised to the byte, so that the
 * sanitizers see whoever goes beyond. */
#include "base/deflate_voxels.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "test.h"

static uint32_t seed = 1;
static uint32_t dice(uint32_t sides) {
  seed = seed * 1664525u + 1013904223u;
  return (uint32_t)((uint64_t)seed * sides >> 32);
}

/* True where zlib inflates it to exactly these bytes, and uses all of it. */
static bool comes_back(const uint8_t *packed, size_t n, const uint8_t *in, size_t size, bool last) {
  uint8_t *out = malloc(size + 1);
  z_stream z = {
      .next_in = (Bytef *)(uintptr_t)packed, .avail_in = (uInt)n, .next_out = out, .avail_out = (uInt)size + 1};
  inflateInit2(&z, -15);
  const int end = inflate(&z, Z_SYNC_FLUSH);
  const bool ok = end == (last ? Z_STREAM_END : Z_OK) || (!last && end == Z_BUF_ERROR);
  const bool same = z.total_out == size && z.avail_in == 0 && !memcmp(out, in, size);
  inflateEnd(&z);
  free(out);
  return ok && same;
}

static const size_t elements[] = {1, 2, 4, 8};

/* The bytes compressed, of a copy that ends where its memory ends; 0 where they did not come back. */
static size_t packed_size(tome_voxel_deflater *d, const uint8_t *data, size_t size, size_t element, int level,
                          bool last) {
  const size_t room = tome_voxel_deflate_bound(size, level);
  uint8_t *in = malloc(size ? size : 1), *out = malloc(room);
  memcpy(in, data, size);
  const size_t n = tome_voxel_deflate(d, in, size, element, level, last, out, room);
  const bool ok = n <= room && comes_back(out, n, in, size, last);
  free(in);
  free(out);
  return ok ? n : 0;
}

static void each_way(tome_voxel_deflater *d, const uint8_t *data, size_t size) {
  for (size_t e = 0; e < TOME_COUNT(elements); e++)
    for (int level = 6; level <= 9; level++)
      CHECK(packed_size(d, data, size, elements[e], level, ((size_t)level ^ e) & 1));
}

enum { N = 400000 };
static uint8_t data[N];

/* Noise about a level that changes slowly: slices of a scan, 2 bytes a voxel. */
static void fill_scan(size_t width) {
  for (size_t i = 0; i + 1 < N; i += 2) {
    const size_t x = i / 2 % width, y = i / 2 / width;
    const bool air = x < width / 6 || y % 97 < 20;
    const int value = air ? -1000 : (int)(40 + x / 9 % 50 + dice(12) + dice(12) + dice(12));
    data[i] = (uint8_t)value;
    data[i + 1] = (uint8_t)((unsigned)value >> 8);
  }
}

static void tiny(void) {
  tome_voxel_deflater *d = tome_voxel_deflater_new(NULL);
  for (size_t i = 0; i < N; i++) data[i] = (uint8_t)(i % 3 ? 7 : i);
  for (size_t size = 0; size < 300; size++) each_way(d, data, size);
  memset(data, 0, N);
  for (size_t size = 0; size < 600; size += 1 + size / 40) each_way(d, data, size);
  tome_voxel_deflater_free(d);
}

static void kinds(void) {
  tome_voxel_deflater *d = tome_voxel_deflater_new(NULL);
  memset(data, 42, N);
  each_way(d, data, N);
  CHECK(packed_size(d, data, N, 2, 6, true) < N / 200);
  for (size_t i = 0; i < N; i++) data[i] = (uint8_t)dice(256);
  each_way(d, data, N);
  CHECK(packed_size(d, data, N, 2, 6, true) < N + N / 1000 + 64);                                        /* stored */
  for (size_t i = 0; i < N; i++) data[i] = (uint8_t)(dice(50) ? (i / 640 + i % 640 / 40) & 1 : dice(5)); /* labels */
  each_way(d, data, N);
  for (size_t i = 0; i < N; i++) data[i] = (uint8_t)(i % 4 < 2 ? dice(256) : i / 4000); /* float-like */
  each_way(d, data, N);
  for (size_t i = 0; i < N; i++)
    data[i] = (uint8_t)(dice(2) + (i > N / 2 ? 254 : 0)); /* a code that changes all at once */
  each_way(d, data, N);
  for (size_t width = 100; width < 1000; width += 211) {
    fill_scan(width);
    each_way(d, data, N);
  }
  tome_voxel_deflater_free(d);
}

/* The point of it all: no more bytes than zlib's level 6 needs, and fewer the higher the level. */
static void small(void) {
  tome_voxel_deflater *d = tome_voxel_deflater_new(NULL);
  fill_scan(512);
  static uint8_t zlibs[2 * N];
  uLongf by_zlib = sizeof zlibs;
  compress2(zlibs, &by_zlib, data, N, 6);
  size_t before = by_zlib + by_zlib / 100;
  for (int level = 6; level <= 9; level++) {
    const size_t n = packed_size(d, data, N, 2, level, true);
    CHECK(n > 0 && n <= before);
    before = n + (level == 7 ? 0 : n / 1000);
  }
  tome_voxel_deflater_free(d);
}

/* Copies from as far back as a match may be, one less and one more, of lengths about those where one match becomes two, at and across the ends of
 * segments and of what 16 bits count. */
static void edges(void) {
  static const size_t aways[] = {1, 2, 3, 4, 32766, 32767, 32768, 32769, 32770, 65534, 65535, 65536, 65538, 131072};
  static const size_t lengths[] = {3, 4, 5, 7, 8, 9, 63, 64, 65, 66, 257, 258, 259, 260, 261, 262, 516, 519, 40000};
  tome_voxel_deflater *d = tome_voxel_deflater_new(NULL);
  for (size_t a = 0; a < TOME_COUNT(aways); a++) {
    size_t at = 0;
    for (; at < aways[a]; at++) data[at] = (uint8_t)dice(256);
    for (size_t l = 0; at + 50000 < N; l++) {
      const size_t length = lengths[l % TOME_COUNT(lengths)], noise = 1 + dice(9);
      for (size_t i = 0; i < length; i++, at++) data[at] = data[at - aways[a]];
      for (size_t i = 0; i < noise; i++) data[at++] = (uint8_t)dice(256);
    }
    each_way(d, data, at);
  }
  tome_voxel_deflater_free(d);
}

/* A thousand mixtures of noise, runs and copies of any kind. */
static void mixtures(void) {
  tome_voxel_deflater *d = tome_voxel_deflater_new(NULL);
  for (int round = 0; round < 1000; round++) {
    const size_t size = 1 + dice(round % 50 ? 3000 : 200000);
    for (size_t at = 0; at < size;) {
      const uint32_t kind = dice(4), bits = 1 + dice(8);
      size_t length = 1 + (dice(8) ? dice(40) : dice(5000));
      const size_t away = at ? 1 + dice((uint32_t)(at < 70000 ? at : 70000)) : 0;
      for (; length && at < size; length--, at++)
        data[at] = (uint8_t)(kind == 0 || !at ? dice(1u << bits) : kind == 1 ? data[at - 1] : data[at - away]);
    }
    const size_t element = elements[dice(4)];
    const int level = dice(10) ? 6 : 7 + (int)dice(3);
    CHECK(packed_size(d, data, size, element, level, dice(2)));
  }
  tome_voxel_deflater_free(d);
}

/* The same bytes whatever the encoder made before. */
static void no_memory_of_others(void) {
  static uint8_t first[2 * N], second[2 * N];
  tome_voxel_deflater *d = tome_voxel_deflater_new(NULL), *fresh = tome_voxel_deflater_new(NULL);
  fill_scan(400);
  for (int level = 6; level <= 9; level++) {
    const size_t n = tome_voxel_deflate(d, data, N, 2, level, true, first, sizeof first);
    (void)tome_voxel_deflate(d, data + 1, N / 3, 1, level, true, second, sizeof second);
    CHECK(tome_voxel_deflate(d, data, N, 2, level, true, second, sizeof second) == n && !memcmp(first, second, n));
    CHECK(tome_voxel_deflate(fresh, data, N, 2, level, true, second, sizeof second) == n && !memcmp(first, second, n));
  }
  tome_voxel_deflater_free(d);
  tome_voxel_deflater_free(fresh);
}

TEST_MAIN(tiny, kinds, small, edges, mixtures, no_memory_of_others)
