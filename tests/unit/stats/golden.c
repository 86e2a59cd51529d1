/* Small volumes worked out by hand, what is refused, and what is left alone on failure. */
#include "base/threads.h"
#include "stats/stats.h"
#include "test.h"

static tome_volume volume_of(int64_t z, int64_t y, int64_t x, tome_dtype dtype, const void *data) {
  tome_volume v = {.geometry = tome_geometry_identity((const int64_t[]){z, y, x}), .dtype = dtype};
  v.data = (void *)(uintptr_t)data; /* tests only read it */
  return v;
}

static void image_by_hand(void) {
  static const int16_t voxels[] = {-1024, -1024, 0, 40, 60, 3071};
  const tome_volume image = volume_of(1, 2, 3, TOME_I16, voxels);
  TOME_CLEANUP(tome_arena_clear) tome_arena arena = {0};
  tome_intensity s;
  tome_histogram h;
  tome_error err = {0};
  CHECK(tome_stats_image(&image, NULL, NULL, &arena, &s, &h, &err));
  CHECK(s.count == 6 && s.min == -1024 && s.max == 3071);
  CHECK_NEAR(s.mean, 1123.0 / 6, 1e-12);
  CHECK_NEAR(s.percentile[TOME_P50], 20, 0);
  CHECK(h.lo == -1024 && h.width == 1 && h.bins == 4096 && h.counts[0] == 2 && h.counts[1024] == 1 &&
        h.counts[4095] == 1);
  const uint8_t padding[] = {0x21}; /* the first and the last */
  CHECK(tome_stats_image(&image, padding, NULL, &arena, &s, &h, &err));
  CHECK(s.count == 4 && s.min == -1024 && s.max == 60 && s.percentile[TOME_P50] == 20 && s.mean == -231);
  CHECK(h.lo == -1024 && h.bins == 1085);
}

/* Four corners touch only across a corner of the cube: one component in 26-neighbourhood. A fifth lies two voxels
 * off. */
static void components_by_hand(void) {
  static const uint8_t map[3][3][5] = {{{7, 0, 0, 0, 0}, {0, 0, 0, 0, 0}, {0, 0, 0, 0, 0}},
                                       {{0, 0, 0, 0, 0}, {0, 7, 0, 0, 7}, {0, 0, 0, 0, 0}},
                                       {{7, 0, 0, 0, 0}, {0, 0, 0, 0, 0}, {7, 0, 3, 3, 0}}};
  static int16_t voxels[45];
  for (int16_t i = 0; i < 45; i++) voxels[i] = i;
  tome_volume m = volume_of(3, 3, 5, TOME_U8, map);
  const tome_volume image = volume_of(3, 3, 5, TOME_I16, voxels);
  m.geometry.spacing[0] = 2;
  m.geometry.spacing[2] = 0.5;
  TOME_CLEANUP(tome_record_clear) tome_record r = {0};
  tome_error err = {0};
  CHECK(tome_stats_labels(&m, "parts", &image, NULL, NULL, &r, &err));
  CHECK(r.label_count == 2);
  const tome_label *three = &r.labels[0], *seven = &r.labels[1];
  CHECK(three->value == 3 && three->voxels == 2 && three->components == 1 && three->largest == 2);
  CHECK(three->box.lo[0] == 2 && three->box.hi[0] == 3 && three->box.lo[1] == 2 && three->box.lo[2] == 2 &&
        three->box.hi[2] == 4);
  CHECK(three->hu.min == 42 && three->hu.max == 43 && three->hu.mean == 42.5 && three->hu.std == 0.5);
  CHECK(three->window_minmax.level == 42.5 && three->window_minmax.width == 1);
  CHECK(three->histogram.lo == 42 && three->histogram.bins == 2 && three->histogram.counts[1] == 1);
  CHECK(seven->value == 7 && seven->voxels == 5 && seven->components == 2 && seven->largest == 4);
  CHECK(seven->box.lo[0] == 0 && seven->box.hi[0] == 3 && seven->box.hi[1] == 3 && seven->box.hi[2] == 5);
  CHECK(seven->hu.min == 0 && seven->hu.max == 40 && seven->hu.mean == (0 + 21 + 24 + 30 + 40) / 5.0);
  CHECK_NEAR(seven->ml, 5 * 2 * 1 * 0.5 / 1000, 1e-15);
  CHECK_TEXT(seven->name, "label_7");
  CHECK_TEXT(seven->map, "parts");
}

/* A sheared voxel is smaller than the product of its edges. */
static void tilted_volume(void) {
  static const uint8_t map[8] = {1, 1, 1, 1, 1, 1, 1, 1};
  static const int16_t voxels[8] = {0};
  tome_volume m = volume_of(2, 2, 2, TOME_U8, map);
  const tome_volume image = volume_of(2, 2, 2, TOME_I16, voxels);
  const double tilt = 0.3;
  m.geometry.direction[0][1] = sin(tilt);
  m.geometry.direction[0][2] = cos(tilt);
  TOME_CLEANUP(tome_record_clear) tome_record r = {0};
  tome_error err = {0};
  CHECK(tome_stats_labels(&m, "m", &image, NULL, NULL, &r, &err));
  CHECK_NEAR(r.labels[0].ml, 0.008 * cos(tilt), 1e-12);
}

static void nothing_to_measure(void) {
  const float none[] = {NAN, INFINITY, -INFINITY, NAN};
  const uint8_t map[] = {0, 9, 9, 0}, empty[4] = {0};
  const tome_volume image = volume_of(1, 1, 4, TOME_F32, none), m = volume_of(1, 1, 4, TOME_U8, map);
  const tome_volume e = volume_of(1, 1, 4, TOME_U8, empty);
  TOME_CLEANUP(tome_record_clear) tome_record r = {0};
  tome_error err = {0};
  CHECK(tome_stats_image(&image, NULL, NULL, &r.arena, &r.intensity, &r.histogram, &err));
  CHECK(r.intensity.count == 0 && isnan(r.intensity.mean) && r.histogram.bins == 0);
  CHECK(tome_stats_labels(&e, "empty", &image, NULL, NULL, &r, &err) && r.label_count == 0);
  CHECK(tome_stats_labels(&m, "m", &image, NULL, NULL, &r, &err) && r.label_count == 1);
  CHECK(r.labels[0].voxels == 2 && r.labels[0].hu.count == 0 && isnan(r.labels[0].window_minmax.level));
  CHECK(r.labels[0].components == 1 && r.labels[0].histogram.bins == 0);
  tome_body_cover c = {0.5, {1, 1, 1}};
  CHECK(tome_stats_cover(&e, &image, -300, NULL, &c, &err) && c.as_is == 0 && c.flipped[2] == 0);
}

/* Body above -300 fills the first three of four columns; the label lies on the first two. */
static void cover_by_hand(void) {
  static const int16_t voxels[2][2][4] = {{{40, 40, 40, -1000}, {40, 40, 40, -1000}},
                                          {{40, -300, -299, -1000}, {-900, 0, 0, 0}}};
  static const uint8_t map[2][2][4] = {{{1, 2, 0, 0}, {0, 0, 0, 0}}, {{0, 0, 0, 0}, {1, 0, 0, 0}}};
  const tome_volume image = volume_of(2, 2, 4, TOME_I16, voxels), m = volume_of(2, 2, 4, TOME_U8, map);
  tome_body_cover c;
  tome_error err = {0};
  CHECK(tome_stats_cover(&m, &image, -300, NULL, &c, &err));
  CHECK_NEAR(c.as_is, 2.0 / 3, 1e-15);
  CHECK_NEAR(c.flipped[TOME_Z], 2.0 / 3, 1e-15); /* (1,0,0) 40, (1,0,1) -300 is not above, (0,1,0) 40 */
  CHECK_NEAR(c.flipped[TOME_Y], 1, 1e-15);       /* (0,1,0), (0,1,1), (1,0,0) */
  CHECK_NEAR(c.flipped[TOME_X], 2.0 / 3, 1e-15); /* (0,0,3) air, (0,0,2), (1,1,3) */
}

static bool always(void *user) {
  (void)user;
  return true;
}

/* Failures leave what they would have written as it was. */
static void check_untouched(const tome_volume *map, const tome_volume *image, const tome_run *run, tome_code code) {
  TOME_CLEANUP(tome_record_clear) tome_record r = {.intensity = {.count = 77}, .histogram = {.bins = 3}};
  tome_body_cover c = {.as_is = 0.25};
  tome_error err = {0};
  CHECK(!tome_stats_labels(map, "m", image, NULL, run, &r, &err));
  CHECK(err.code == code && r.label_count == 0);
  err = (tome_error){0};
  CHECK(!tome_stats_cover(map, image, 0, run, &c, &err));
  CHECK(err.code == code && c.as_is == 0.25);
  if (code == TOME_USAGE) return; /* the image alone is fine */
  err = (tome_error){0};
  CHECK(!tome_stats_image(image, NULL, run, &r.arena, &r.intensity, &r.histogram, &err));
  CHECK(err.code == code && r.intensity.count == 77 && r.histogram.bins == 3);
}

static void refusals(void) {
  static const uint8_t bytes[64] = {1, 2, 3};
  const tome_volume map = volume_of(2, 2, 2, TOME_U8, bytes), image = volume_of(2, 2, 2, TOME_I16, bytes);
  const tome_volume other = volume_of(2, 2, 1, TOME_I16, bytes), doubles = volume_of(2, 2, 2, TOME_F64, bytes);
  const tome_volume floats = volume_of(2, 2, 2, TOME_F32, bytes);
  check_untouched(&map, &image, &(tome_run){.stop = always}, TOME_CANCELLED);
  check_untouched(&map, &floats, &(tome_run){.stop = always}, TOME_CANCELLED);
  check_untouched(&map, &doubles, NULL, TOME_UNSUPPORTED);
  check_untouched(&map, &other, NULL, TOME_USAGE);
  check_untouched(&image, &image, NULL, TOME_USAGE); /* an int16 label map */
}

/* Every allocation that is too large for the limit ends in a sentence. */
static void out_of_memory(void) {
  static const uint8_t bytes[64] = {1, 2, 3};
  const tome_volume map = volume_of(2, 2, 2, TOME_U8, bytes), image = volume_of(2, 2, 2, TOME_I16, bytes);
  const tome_volume floats = volume_of(2, 2, 2, TOME_F32, bytes);
  for (size_t limit = 1; limit < 1 << 22; limit *= 2) {
    char text[32];
    snprintf(text, sizeof text, "%zu", limit);
    setenv("TOME_MAX_BYTES", text, 1);
    for (int i = 0; i < 2; i++) {
      TOME_CLEANUP(tome_record_clear) tome_record r = {0};
      tome_error err = {0};
      const bool ok = tome_stats_image(i ? &floats : &image, NULL, NULL, &r.arena, &r.intensity, &r.histogram, &err) &&
                      tome_stats_labels(&map, "m", i ? &floats : &image, NULL, NULL, &r, &err);
      CHECK(ok == (err.code == TOME_OK));
      CHECK(ok || (err.code == TOME_NO_MEMORY && r.label_count == 0));
      CHECK(!ok || r.label_count == 3);
    }
  }
  unsetenv("TOME_MAX_BYTES");
}

TEST_MAIN(image_by_hand, components_by_hand, tilted_volume, nothing_to_measure, cover_by_hand, refusals, out_of_memory)
