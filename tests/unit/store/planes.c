/* Shuffle, checksum and conversion against their definitions: HDF5's own Fletcher32 is the oracle for ours, since its readers verify it. */
#include "store/planes.h"

#include "make.h"

extern uint32_t H5_checksum_fletcher32(const void *data, size_t size); /* in libhdf5, used by its filter */

static void fill(uint8_t *p, size_t n, uint64_t seed) {
  uint64_t state = seed + 1;
  for (size_t i = 0; i < n; i++) p[i] = (uint8_t)next_random(&state);
}

static void test_checksum_is_hdf5s(void) {
  static uint8_t data[300001];
  fill(data, sizeof data, 1);
  for (size_t n = 1; n < 300; n++) CHECK(tome_fletcher32(data, n) == H5_checksum_fletcher32(data, n));
  for (size_t n = 16380; n < 16420; n++) CHECK(tome_fletcher32(data + 1, n) == H5_checksum_fletcher32(data + 1, n));
  for (size_t n = 299000; n <= 300001; n += 77) CHECK(tome_fletcher32(data, n) == H5_checksum_fletcher32(data, n));
}

static void test_checksum_of_extremes(void) {
  static uint8_t data[200000]; /* sums that are multiples of 65535, and the largest there can be */
  CHECK(tome_fletcher32(data, sizeof data) == H5_checksum_fletcher32(data, sizeof data));
  CHECK(tome_fletcher32(data, sizeof data) == 0);
  memset(data, 0xff, sizeof data);
  for (size_t n = 1; n <= sizeof data; n = n * 3 + 1)
    CHECK(tome_fletcher32(data, n) == H5_checksum_fletcher32(data, n));
  CHECK(tome_fletcher32(data, sizeof data) == H5_checksum_fletcher32(data, sizeof data));
  memset(data, 0, sizeof data);
  data[0] = data[3] = 0xff;
  data[1] = data[2] = 0xff;
  CHECK(tome_fletcher32(data, 4) == H5_checksum_fletcher32(data, 4));
  CHECK(tome_fletcher32(data, 40000) == H5_checksum_fletcher32(data, 40000));
}

static void test_shuffle_is_its_definition(void) {
  enum { N = 137 };
  static const size_t sizes[] = {1, 2, 4, 8};
  for (size_t s = 0; s < 4; s++) {
    const size_t size = sizes[s];
    uint8_t in[N * 8], planes[N * 8], back[N * 8];
    fill(in, N * size, size);
    for (size_t cut = 0; cut <= N; cut += 9) { /* in two parts, split anywhere */
      memset(planes, 0, sizeof planes);
      tome_shuffle(in, cut, size, planes, N, 0);
      tome_shuffle(in + cut * size, N - cut, size, planes, N, cut);
      for (size_t i = 0; i < N; i++)
        for (size_t b = 0; b < size; b++) CHECK(planes[b * N + i] == in[i * size + b]);
      tome_unshuffle(planes, N, cut, size, back, N - cut);
      CHECK(memcmp(back, in + cut * size, (N - cut) * size) == 0);
    }
  }
}

static void test_zero_is_seen(void) {
  uint8_t data[1000] = {0};
  CHECK(tome_is_zero(data, 0) && tome_is_zero(data, 1) && tome_is_zero(data, sizeof data));
  for (size_t i = 0; i < sizeof data; i += 37) {
    data[i] = 1;
    CHECK(!tome_is_zero(data, sizeof data));
    data[i] = 0;
  }
  data[999] = 1;
  CHECK(!tome_is_zero(data, sizeof data) && tome_is_zero(data, 999));
}

/* 19 bits of integer do not fit float32 after scaling unless the arithmetic is float64. */
static void test_wide_types_convert_in_double(void) {
  const tome_read_options opt = {
      .dtype = TOME_F32, .rescale = true, .clip_lo = -1e9, .clip_hi = 1e9, .offset = 100000000, .scale = 1};
  const int32_t v[2] = {100000001, 2000000000};
  float out[2];
  tome_to_float(TOME_I32, v, 2, &opt, out);
  CHECK(out[0] == 1.0f && out[1] == 900000000.0f);
  const float f[3] = {NAN, INFINITY, -3};
  float from[3];
  tome_to_float(TOME_F32, f, 3,
                &(tome_read_options){.rescale = true, .clip_lo = -1, .clip_hi = 5, .offset = 1, .scale = 2}, from);
  CHECK(isnan(from[0]) && from[1] == 8.0f && from[2] == -4.0f);
}

TEST_MAIN(test_checksum_is_hdf5s, test_checksum_of_extremes, test_shuffle_is_its_definition, test_zero_is_seen,
          test_wide_types_convert_in_double)
