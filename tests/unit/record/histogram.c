/* Summaries of integer histograms against NumPy 1.24's numbers for the same values written out (np.repeat), and sums
 * of histograms. */
#include "record/record.h"
#include "test.h"

static tome_histogram of(double lo, double width, size_t bins, uint64_t *counts) {
  return (tome_histogram){.lo = lo, .width = width, .bins = bins, .counts = counts};
}

static void check_percentiles(const tome_intensity *s, const double want[TOME_PERCENTILES], double tol) {
  for (int i = 0; i < TOME_PERCENTILES; i++) CHECK_NEAR(s->percentile[i], want[i], tol);
}

static void small(void) {
  uint64_t counts[] = {2, 0, 5, 1, 0, 0, 7, 3};
  const tome_histogram h = of(-3, 1, 8, counts);
  tome_intensity s;
  tome_intensity_of(&h, &s);
  CHECK(s.count == 18 && s.min == -3 && s.max == 4);
  CHECK_NEAR(s.mean, 1.2222222222222223, 0);
  CHECK_NEAR(s.std, 2.4393887111222385, 1e-15);
  check_percentiles(&s, (const double[]){-3, -3, -1, 3, 3, 4, 4}, 0);
  const tome_window mm = tome_window_minmax(&s), pc = tome_window_percentile(&s);
  CHECK(mm.level == 0.5 && mm.width == 7);
  CHECK(pc.level == 0.5 && pc.width == 7);
}

static void interpolates(void) {
  uint64_t two[] = {1, 0, 0, 0, 1};
  tome_histogram h = of(5, 1, 5, two);
  tome_intensity s;
  tome_intensity_of(&h, &s);
  CHECK_NEAR(s.std, 2, 0);
  check_percentiles(&s, (const double[]){5.02, 5.2, 6, 7, 8, 8.8, 8.98}, 1e-15);
  static uint64_t ct[4096];
  ct[0] = 9;
  ct[4095] = 1;
  h = of(-1024, 1, 4096, ct);
  tome_intensity_of(&h, &s);
  CHECK_NEAR(s.mean, -614.5, 0);
  CHECK_NEAR(s.std, 1228.5, 0);
  check_percentiles(&s, (const double[]){-1024, -1024, -1024, -1024, -1024, 1228.2499999999957, 2886.7250000000004}, 0);
}

/* Two million voxels far from 0: sums of squares kept in doubles would lose the last digits of the std. */
static void sound_far_from_zero(void) {
  uint64_t counts[] = {1000003, 999983, 0, 0, 0, 0, 0, 17};
  const tome_histogram h = of(30000, 1, 8, counts);
  tome_intensity s;
  tome_intensity_of(&h, &s);
  CHECK_NEAR(s.mean, 30000.500050249924, 0);
  CHECK_NEAR(s.std, 0.5003568695835462, 1e-16); /* by exact fractions */
  check_percentiles(&s, (const double[]){30000, 30000, 30000, 30000, 30001, 30001, 30001}, 0);
  uint64_t many[] = {(uint64_t)1 << 62, (uint64_t)1 << 62};
  const tome_histogram huge = of(0, 1, 2, many);
  tome_intensity_of(&huge, &s);
  CHECK(s.count == (uint64_t)1 << 63);
  CHECK_NEAR(s.mean, 0.5, 0);
  CHECK_NEAR(s.std, 0.5, 0);
}

static void empty_and_single(void) {
  tome_intensity s = {.count = 3};
  const tome_histogram none = {0};
  tome_intensity_of(&none, &s);
  CHECK(s.count == 0 && isnan(s.min) && isnan(s.max) && isnan(s.mean) && isnan(s.std) && isnan(s.percentile[3]));
  uint64_t zero[3] = {0}, one[3] = {0, 1, 0};
  const tome_histogram zeros = of(7, 1, 3, zero), single = of(7, 1, 3, one);
  tome_intensity_of(&zeros, &s);
  CHECK(s.count == 0 && isnan(s.min));
  tome_intensity_of(&single, &s);
  CHECK(s.count == 1 && s.min == 8 && s.max == 8 && s.mean == 8 && s.std == 0);
  check_percentiles(&s, (const double[]){8, 8, 8, 8, 8, 8, 8}, 0);
}

/* Bins with a width tell a value only to within the bin. */
static void wide_bins(void) {
  static uint64_t counts[4096];
  for (size_t i = 0; i < 4096; i++) counts[i] = 10;
  const tome_histogram h = of(-1, 2.0 / 4096, 4096, counts);
  tome_intensity s;
  tome_intensity_of(&h, &s);
  CHECK(s.count == 40960 && s.min == -1 && s.max == 1);
  CHECK_NEAR(s.mean, 0, 1e-12);
  CHECK_NEAR(s.std, 2 / sqrt(12), 1e-6);
  for (int i = 0; i < TOME_PERCENTILES; i++)
    CHECK_NEAR(s.percentile[i], -1 + tome_percentile_ranks[i] / 50, 2.0 / 4096);
  uint64_t all[] = {9};
  const tome_histogram point = of(2.5, 0, 1, all); /* all voxels equal */
  tome_intensity_of(&point, &s);
  CHECK(s.count == 9 && s.min == 2.5 && s.max == 2.5 && s.mean == 2.5 && s.std == 0 && s.percentile[3] == 2.5);
}

static void adds(void) {
  TOME_CLEANUP(tome_arena_clear) tome_arena arena = {0};
  tome_error err = {0};
  tome_histogram sum = {0};
  const tome_histogram none = {0};
  uint64_t a[] = {1, 2, 3}, b[] = {10, 20}, c[] = {100};
  const tome_histogram ha = of(5, 1, 3, a), hb = of(-2, 1, 2, b), hc = of(6, 1, 1, c);
  CHECK(tome_histogram_add(&arena, &sum, &none, &err) && sum.bins == 0);
  CHECK(tome_histogram_add(&arena, &sum, &ha, &err));
  CHECK(sum.lo == 5 && sum.bins == 3 && sum.counts != a && sum.counts[2] == 3);
  CHECK(tome_histogram_add(&arena, &sum, &hb, &err));
  CHECK(tome_histogram_add(&arena, &sum, &hc, &err));
  CHECK(tome_histogram_add(&arena, &sum, &none, &err));
  static const uint64_t want[] = {10, 20, 0, 0, 0, 0, 0, 1, 102, 3};
  CHECK(sum.lo == -2 && sum.width == 1 && sum.bins == 10);
  CHECK(memcmp(sum.counts, want, sizeof want) == 0);
  CHECK(a[1] == 2 && b[1] == 20); /* the addends are untouched */
}

static void refuses(void) {
  TOME_CLEANUP(tome_arena_clear) tome_arena arena = {0};
  uint64_t a[] = {1, 2};
  tome_histogram sum = of(0, 1, 2, a);
  const tome_histogram wide = of(0, 0.5, 2, a), between = of(0.5, 1, 2, a), nan = of(NAN, 1, 2, a);
  const tome_histogram far = of(1e12, 1, 2, a);
  const tome_histogram *const bad[] = {&wide, &between, &nan};
  for (size_t i = 0; i < TOME_COUNT(bad); i++) {
    tome_error err = {0};
    CHECK(!tome_histogram_add(&arena, &sum, bad[i], &err));
    CHECK(err.code == TOME_USAGE);
  }
  tome_error err = {0};
  CHECK(!tome_histogram_add(&arena, &sum, &far, &err));
  CHECK(err.code == TOME_VALUE);
  CHECK(sum.counts == a && sum.bins == 2 && a[0] == 1 && a[1] == 2);
}

TEST_MAIN(small, interpolates, sound_far_from_zero, empty_and_single, wide_bins, adds, refuses)
