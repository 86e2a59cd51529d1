/* What must hold for any volume: sums agree with each other, and nothing depends on how many threads did the work. */
#include "base/threads.h"
#include "stats/stats.h"
#include "test.h"

enum { Z = 37, Y = 61, X = 53, VOXELS = Z * Y * X };

static uint32_t next_random(uint64_t *state) {
  *state = *state * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(*state >> 33);
}

static tome_volume volume_of(tome_dtype dtype, void *data) {
  return (tome_volume){.geometry = tome_geometry_identity((const int64_t[]){Z, Y, X}), .dtype = dtype, .data = data};
}

static int16_t image16[VOXELS];
static float image32[VOXELS];
static uint8_t map8[VOXELS];
static uint16_t map16[VOXELS];
static uint8_t padding[(VOXELS + 7) / 8];

/* A label comes in boxes that overlap, so that runs, components and slabs meet in many ways. */
static void fill(uint64_t seed) {
  memset(map8, 0, sizeof map8);
  for (size_t i = 0; i < VOXELS; i++) {
    image16[i] = (int16_t)(next_random(&seed) % 3000 - 1000);
    image32[i] = (float)next_random(&seed) / 1e6f - 1000;
  }
  for (int b = 0; b < 150; b++) {
    const size_t z = next_random(&seed) % Z, y = next_random(&seed) % Y, x = next_random(&seed) % X;
    const uint8_t value = (uint8_t)(next_random(&seed) % 6);
    const size_t size = next_random(&seed) % 9;
    for (size_t k = z; k < Z && k < z + size; k++)
      for (size_t j = y; j < Y && j < y + size; j++)
        for (size_t i = x; i < X && i < x + size; i++) map8[(k * Y + j) * X + i] = value;
  }
  for (size_t i = 0; i < VOXELS; i++) map16[i] = (uint16_t)(map8[i] * 13107u); /* up to 65535 */
  for (size_t i = 0; i < sizeof padding; i++) padding[i] = (uint8_t)(next_random(&seed) & next_random(&seed));
}

static uint64_t total(const tome_histogram *h) {
  uint64_t n = 0;
  for (size_t i = 0; i < h->bins; i++) n += h->counts[i];
  return n;
}

static bool same_histogram(const tome_histogram *a, const tome_histogram *b) {
  return a->lo == b->lo && a->width == b->width && a->bins == b->bins &&
         memcmp(a->counts, b->counts, a->bins * sizeof *a->counts) == 0;
}

static bool same_label(const tome_label *a, const tome_label *b) {
  return a->value == b->value && a->voxels == b->voxels && a->components == b->components && a->largest == b->largest &&
         memcmp(&a->box, &b->box, sizeof a->box) == 0 && memcmp(&a->hu, &b->hu, sizeof a->hu) == 0 &&
         same_histogram(&a->histogram, &b->histogram);
}

static void measure(tome_record *r, const tome_volume *map, const tome_volume *image, const uint8_t *mask,
                    int threads) {
  const tome_run run = {.threads = threads};
  tome_error err = {0};
  CHECK(tome_stats_image(image, mask, &run, &r->arena, &r->intensity, &r->histogram, &err));
  CHECK(tome_stats_labels(map, "map", image, mask, &run, r, &err));
  CHECK_TEXT(err.message, "");
}

static void check_threads(const tome_volume *map, const tome_volume *image, const uint8_t *mask) {
  TOME_CLEANUP(tome_record_clear) tome_record one = {0};
  measure(&one, map, image, mask, 1);
  for (int threads = 2; threads <= 8; threads++) {
    TOME_CLEANUP(tome_record_clear) tome_record many = {0};
    measure(&many, map, image, mask, threads);
    CHECK(memcmp(&one.intensity, &many.intensity, sizeof one.intensity) == 0); /* to the last bit */
    CHECK(same_histogram(&one.histogram, &many.histogram));
    CHECK(one.label_count == many.label_count && one.label_count == 5);
    for (size_t i = 0; i < one.label_count; i++) CHECK(same_label(&one.labels[i], &many.labels[i]));
  }
}

static void threads_do_not_matter(void) {
  fill(7);
  const tome_volume i16 = volume_of(TOME_I16, image16), f32 = volume_of(TOME_F32, image32);
  const tome_volume m8 = volume_of(TOME_U8, map8), m16 = volume_of(TOME_U16, map16);
  check_threads(&m8, &i16, NULL);
  check_threads(&m16, &i16, padding);
  check_threads(&m8, &f32, padding);
  check_threads(&m16, &f32, NULL);
}

static void sums_agree(void) {
  for (uint64_t seed = 1; seed <= 5; seed++) {
    fill(seed);
    const tome_volume image = seed % 2 ? volume_of(TOME_I16, image16) : volume_of(TOME_F32, image32);
    const tome_volume map = volume_of(TOME_U8, map8);
    TOME_CLEANUP(tome_record_clear) tome_record r = {0};
    measure(&r, &map, &image, padding, 2);
    uint64_t clear = 0, labelled = 0, unpadded = 0, in_labels = 0, counted = 0;
    for (size_t i = 0; i < VOXELS; i++) {
      const bool pad = padding[i >> 3] >> (i & 7) & 1;
      clear += !pad;
      labelled += map8[i] != 0;
      unpadded += map8[i] != 0 && !pad;
    }
    CHECK(r.intensity.count == clear && total(&r.histogram) == clear);
    for (size_t i = 0; i < r.label_count; i++) {
      const tome_label *l = &r.labels[i];
      CHECK(i == 0 || l->value > r.labels[i - 1].value);
      CHECK(total(&l->histogram) == l->hu.count);
      CHECK(l->components >= 1 && l->largest >= (l->voxels + l->components - 1) / l->components &&
            l->largest <= l->voxels);
      CHECK(l->voxels <= (uint64_t)tome_box_voxels(&l->box));
      in_labels += l->voxels;
      counted += l->hu.count;
    }
    CHECK(in_labels == labelled && counted == unpadded);
  }
}

/* The percentile bins of the histogram say the same as the summary: what intensity_of reads back is what was
 * measured. */
static void histogram_tells_the_same(void) {
  fill(11);
  const tome_volume image = volume_of(TOME_I16, image16), map = volume_of(TOME_U8, map8);
  TOME_CLEANUP(tome_record_clear) tome_record r = {0};
  measure(&r, &map, &image, NULL, 3);
  tome_intensity again;
  tome_intensity_of(&r.histogram, &again);
  CHECK(memcmp(&again, &r.intensity, sizeof again) == 0);
  tome_histogram sum = {0};
  tome_error err = {0};
  for (size_t i = 0; i < r.label_count; i++) CHECK(tome_histogram_add(&r.arena, &sum, &r.labels[i].histogram, &err));
  uint64_t labelled = 0;
  for (size_t i = 0; i < VOXELS; i++) labelled += map8[i] != 0;
  CHECK(total(&sum) == labelled);
}

TEST_MAIN(threads_do_not_matter, sums_agree, histogram_tells_the_same)
