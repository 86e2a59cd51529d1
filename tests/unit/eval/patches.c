/* Positions of patches against numbers worked out by hand, or given in the tools' own sources; random numbers against the published generator. */
#include "eval/patches.h"

#include <string.h>

#include "test.h"

/* ---- random numbers ---- */

static void is_splitmix(void) {
  tome_draws d = {0}; /* the first outputs of the reference SplitMix64 for seed 0 */
  CHECK(tome_draw(&d) == 0xE220A8397B1DCDAFu);
  CHECK(tome_draw(&d) == 0x6E789E6AA1B965F4u);
  CHECK(tome_draw(&d) == 0x06C45D188009454Fu);
}

static void streams_differ(void) {
  tome_draws a = tome_draws_of(7, "volume-3", 0), same = tome_draws_of(7, "volume-3", 0);
  tome_draws n = tome_draws_of(7, "volume-3", 1), id = tome_draws_of(7, "volume-4", 0),
             seed = tome_draws_of(8, "volume-3", 0);
  const uint64_t first = tome_draw(&a);
  CHECK(first == tome_draw(&same));
  CHECK(first != tome_draw(&n));
  CHECK(first != tome_draw(&id));
  CHECK(first != tome_draw(&seed));
}

static void below_is_uniform(void) {
  enum { SIDES = 6, THROWS = 60000 };
  int seen[SIDES] = {0};
  tome_draws d = tome_draws_of(1, "die", 0);
  for (int i = 0; i < THROWS; i++) {
    const uint64_t r = tome_draw_below(&d, SIDES);
    CHECK(r < SIDES);
    seen[r % SIDES]++;
  }
  for (int i = 0; i < SIDES; i++) CHECK(seen[i] > 9500 && seen[i] < 10500); /* five standard deviations */
  CHECK(tome_draw_below(&d, 1) == 0);
  uint64_t high = 0; /* a range of 3/4 of all numbers: without redrawing a third of it would come twice as often */
  for (int i = 0; i < 10000; i++) high += tome_draw_below(&d, 3ull << 62) >= 1ull << 63;
  CHECK(high > 3000 && high < 3700);
}

static void weights_count(void) {
  const double w[4] = {0, 1, 0, 3};
  int seen[4] = {0};
  tome_draws d = tome_draws_of(2, "w", 0);
  for (int i = 0; i < 40000; i++) seen[tome_draw_weighted(&d, w, 4)]++;
  CHECK(seen[0] == 0 && seen[2] == 0);
  CHECK(seen[1] > 9500 && seen[1] < 10500);
}

/* ---- windows ---- */

static void windows_are(tome_patch_rule rule, int64_t n, int64_t size, double overlap, const int64_t *want,
                        int64_t count) {
  CHECK(tome_window_count(rule, n, size, overlap) == count);
  for (int64_t i = 0; i < count; i++) CHECK(tome_window_start(rule, n, size, overlap, i) == want[i]);
}
#define WINDOWS(rule, n, size, overlap, ...) \
  windows_are(rule, n, size, overlap, (const int64_t[]){__VA_ARGS__}, sizeof((int64_t[]){__VA_ARGS__}) / 8)

static void monai_windows(void) {
  WINDOWS(TOME_RULE_MONAI, 100, 32, 0.25, 0, 24, 48, 68);
  WINDOWS(TOME_RULE_MONAI, 96, 32, 0, 0, 32, 64);
  WINDOWS(TOME_RULE_MONAI, 97, 32, 0, 0, 32, 64, 65);
  WINDOWS(TOME_RULE_MONAI, 12, 10, 0.8, 0, 1, 2); /* int(10 * (1 - 0.8)) is 1 in floating point */
  WINDOWS(TOME_RULE_MONAI, 6, 4, 0.9, 0, 1, 2);   /* int(0.4) is 0: at least 1 */
  WINDOWS(TOME_RULE_MONAI, 10, 10, 0.5, 0);
  WINDOWS(TOME_RULE_MONAI, 7, 10, 0.5, -1); /* padded by 1 before and 2 behind */
  WINDOWS(TOME_RULE_MONAI, 1, 1, 0, 0);
  WINDOWS(TOME_RULE_MONAI, 1, 4, 0.5, -1);
}

static void nnunet_windows(void) {
  WINDOWS(TOME_RULE_NNUNET, 110, 64, 0.5, 0, 23, 46); /* the example in its source */
  WINDOWS(TOME_RULE_NNUNET, 100, 64, 0.5, 0, 18, 36);
  WINDOWS(TOME_RULE_NNUNET, 9, 4, 0.5, 0, 2, 3, 5); /* steps of 5/3 */
  WINDOWS(TOME_RULE_NNUNET, 9, 4, 0, 0, 2, 5);      /* 2.5 goes to the even 2 */
  WINDOWS(TOME_RULE_NNUNET, 64, 64, 0.5, 0);
  WINDOWS(TOME_RULE_NNUNET, 61, 64, 0.5, -1);
}

/* ---- one patch ---- */

static bool begins_at(tome_box b, const int64_t size[3], int64_t z, int64_t y, int64_t x) {
  const int64_t want[3] = {z, y, x};
  for (int a = 0; a < 3; a++)
    if (b.lo[a] != want[a] || b.hi[a] != want[a] + size[a]) return false;
  return true;
}

static void around(void) {
  const int64_t shape[3] = {10, 10, 3}, size[3] = {4, 5, 6};
  const int64_t middle[3] = {5, 5, 1}, first[3] = {0, 0, 0}, last[3] = {9, 9, 2};
  CHECK(begins_at(tome_patch_around(TOME_RULE_MONAI, shape, size, middle), size, 3, 3, -1));
  CHECK(begins_at(tome_patch_around(TOME_RULE_MONAI, shape, size, first), size, 0, 0, -1));
  CHECK(begins_at(tome_patch_around(TOME_RULE_MONAI, shape, size, last), size, 6, 5, -1));
  /* nnU-Net: lower bound -ceil(3/2) = -2 where 3 are missing, no upper one */
  CHECK(begins_at(tome_patch_around(TOME_RULE_NNUNET, shape, size, middle), size, 3, 3, -2));
  CHECK(begins_at(tome_patch_around(TOME_RULE_NNUNET, shape, size, first), size, 0, 0, -2));
  CHECK(begins_at(tome_patch_around(TOME_RULE_NNUNET, shape, size, last), size, 7, 7, -1));
}

static void central(void) {
  const int64_t shape[3] = {10, 11, 3}, even[3] = {4, 4, 4}, odd[3] = {5, 5, 3};
  CHECK(begins_at(tome_patch_central(shape, even), even, 3, 3, 0)); /* one missing: it lies behind */
  CHECK(begins_at(tome_patch_central(shape, odd), odd, 3, 3, 0));
}

/* Every first voxel that the rule allows occurs, and no other. */
static void ranges(tome_patch_rule rule, int64_t n, int64_t size, int64_t lo, int64_t hi) {
  const int64_t shape[3] = {n, 1, 1}, sizes[3] = {size, 1, 1};
  tome_draws d = tome_draws_of(3, "r", (uint64_t)n);
  uint64_t seen = 0;
  for (int i = 0; i < 2000; i++) {
    const tome_box b = tome_patch_anywhere(rule, shape, sizes, &d);
    CHECK(b.lo[0] >= lo && b.lo[0] <= hi && b.hi[0] - b.lo[0] == size);
    seen |= 1ull << (b.lo[0] - lo);
  }
  CHECK(seen == (1ull << (hi - lo + 1)) - 1);
}

static void anywhere(void) {
  ranges(TOME_RULE_MONAI, 20, 7, 0, 13);
  ranges(TOME_RULE_MONAI, 7, 7, 0, 0);
  ranges(TOME_RULE_MONAI, 4, 7, -1, -1);
  ranges(TOME_RULE_NNUNET, 20, 7, 0, 13);
  ranges(TOME_RULE_NNUNET, 4, 7, -2, -1); /* lb = -3 // 2, ub = 4 + 3 // 2 + 3 % 2 - 7 */
  ranges(TOME_RULE_NNUNET, 3, 7, -2, -2);
}

static void forced(void) {
  /* Python: round(2 * 0.67) = 1, round(4 * 0.67) = 3, round(1 * 0.67) = 1, round(5 * 0.5) = 2 (half to even) */
  const bool two[2] = {false, true}, four[4] = {false, false, false, true}, five[5] = {false, false, true, true, true};
  for (int i = 0; i < 2; i++) CHECK(tome_patch_forced(i, 2, 0.33) == two[i]);
  for (int i = 0; i < 4; i++) CHECK(tome_patch_forced(i, 4, 0.33) == four[i]);
  for (int i = 0; i < 5; i++) CHECK(tome_patch_forced(i, 5, 0.5) == five[i]);
  CHECK(!tome_patch_forced(0, 1, 0.33));
  CHECK(tome_patch_forced(0, 1, 1));
}

TEST_MAIN(is_splitmix, streams_differ, below_is_uniform, weights_count, monai_windows, nnunet_windows, around, central,
          anywhere, forced)
