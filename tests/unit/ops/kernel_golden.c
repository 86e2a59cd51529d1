/* Numbers that came out of the field's tools: sizes, positions and interpolated values. */
#include <math.h>

#include "ops/kernel.h"
#include "test.h"

static const double ramp[5] = {0, 10, 20, 30, 100};

/* A line of `n` voxels through one axis; all others have one voxel. */
static bool line(const tome_axis *x, int order, tome_dtype in_type, const void *in, tome_dtype out_type, void *out) {
  const tome_axis axis[3] = {tome_axis_keep(1, 1), tome_axis_keep(1, 1), *x};
  const tome_resample r = tome_resample_init(TOME_PROFILE_SCIPY, axis, order, -1024);
  const tome_box from = {{0, 0, 0}, {1, 1, x->in}}, to = {{0, 0, 0}, {1, 1, x->out}};
  tome_error err = {0};
  const bool ok = tome_resample_run(&r, in, in_type, &from, out, out_type, &to, NULL, &err);
  CHECK_TEXT(err.message, "");
  return ok;
}

static void check_line(const tome_axis *x, int order, const double *want) {
  float in[8], out[16];
  for (int i = 0; i < 5; i++) in[i] = (float)ramp[i];
  CHECK(x->in == 5 && x->out == 10);
  CHECK(line(x, order, TOME_F32, in, TOME_F32, out));
  for (int i = 0; i < 10; i++) CHECK_NEAR(out[i], want[i], 5e-5);
}

static tome_axis doubled(tome_profile p) {
  tome_axis x = {0};
  CHECK(tome_axis_to_scale(p, 5, 1, 2, &x, NULL));
  return x;
}

static void doubling_a_line(void) {
  const tome_axis ends = doubled(TOME_PROFILE_SCIPY), extent = doubled(TOME_PROFILE_NNUNET);
  tome_axis mirror = extent;
  mirror.edge = TOME_EDGE_MIRROR;
  check_line(&ends, 1, (double[]){0, 4.4444, 8.8889, 13.3333, 17.7778, 22.2222, 26.6667, 37.7778, 68.8889, 100});
  check_line(&extent, 1, (double[]){0, 2.5, 7.5, 12.5, 17.5, 22.5, 27.5, 47.5, 82.5, 100});
  check_line(&ends, 3, (double[]){0, 2.4064, 8.2461, 15.291, 19.9314, 18.3402, 18.0423, 37.7621, 77.5113, 100});
  check_line(&mirror, 3,
             (double[]){0.8092, 0.8092, 6.1775, 14.0234, 19.7935, 18.0971, 19.6484, 49.5257, 91.9252, 91.9252});
}

static void halving_by_nearest(void) {
  const int16_t in[8] = {0, 1, 2, 3, 4, 5, 6, 7};
  const int16_t want[2][4] = {{0, 2, 5, 7}, {1, 3, 5, 7}};
  const tome_profile profile[2] = {TOME_PROFILE_SCIPY, TOME_PROFILE_NNUNET};
  for (int p = 0; p < 2; p++) {
    tome_axis x;
    int16_t out[4];
    CHECK(tome_axis_to_scale(profile[p], 8, 1, 0.5, &x, NULL));
    CHECK(line(&x, 0, TOME_I16, in, TOME_I16, out));
    CHECK(memcmp(out, want[p], sizeof out) == 0);
  }
}

/* 75 slices at 5 mm to 1 mm: each tool its own number of slices, its own place of the first. */
static void five_to_one(void) {
  const int64_t size[TOME_PROFILES] = {375, 375, 375, 371, 375};
  const double shift[TOME_PROFILES] = {0, -2, 0, 0, -2};
  for (tome_profile p = 0; p < TOME_PROFILES; p++) {
    tome_axis z;
    CHECK(tome_axis_to_spacing(p, 75, 5, 1, &z, NULL));
    CHECK(z.out == size[p]);
    CHECK_NEAR(z.shift, shift[p], 1e-12);
    CHECK_NEAR(z.spacing, p == TOME_PROFILE_SCIPY ? 74.0 * 5 / 374 : 1, 1e-12);
  }
}

static void order_of_operations(void) {
  tome_axis a;
  CHECK(tome_axis_to_spacing(TOME_PROFILE_NNUNET, 5, 1, 2, &a, NULL) && a.out == 2);  /* 2.5: half to even */
  CHECK(tome_axis_to_spacing(TOME_PROFILE_ITK, 7, 1, 2, &a, NULL) && a.out == 4);     /* 3.5 */
  CHECK(tome_axis_to_spacing(TOME_PROFILE_TORCHIO, 7, 1, 2, &a, NULL) && a.out == 4); /* up */
  CHECK(tome_axis_to_spacing(TOME_PROFILE_TORCHIO, 1, 5, 1, &a, NULL) && a.out == 1); /* one voxel stays */
  CHECK(tome_axis_to_spacing(TOME_PROFILE_MONAI, 7, 1, 2, &a, NULL) && a.out == 4);
  /* 5*0.7 is 3.5 and goes to 4; 0.7*5 is one step below in one order and not in the other */
  CHECK(tome_axis_to_spacing(TOME_PROFILE_ITK, 5, 0.7, 1, &a, NULL) && a.out == 4);
  CHECK(tome_axis_to_spacing(TOME_PROFILE_NNUNET, 15, 0.7, 3, &a, NULL) && a.out == (int64_t)rint(0.7 / 3 * 15));
  CHECK(tome_axis_to_spacing(TOME_PROFILE_ITK, 15, 0.7, 3, &a, NULL) && a.out == (int64_t)rint(15 * 0.7 / 3));
}

/* ITK gives the default value from half a voxel beyond the last centre on, that border included; the first border is inside. */
static void beyond_the_last_voxel(void) {
  tome_axis x;
  const float in[3] = {100, 200, 300};
  float out[12];
  CHECK(tome_axis_to_spacing(TOME_PROFILE_ITK, 3, 2, 1, &x, NULL) && x.out == 6);
  for (int order = 0; order <= 3; order++) {
    CHECK(line(&x, order, TOME_F32, in, TOME_F32, out));
    CHECK_NEAR(out[0], 100, 1e-4);
    CHECK_NEAR(out[4], 300, 1e-4);
    CHECK_NEAR(out[5], -1024, 0); /* at 2.5 */
  }
  CHECK(tome_axis_nearest(&x, 5) == -1);
  x.offset = -0.5;
  CHECK(tome_axis_nearest(&x, 0) == 0);
  CHECK(tome_axis_nearest(&x, 5) == 2); /* 2 */
}

static void integers_are_rounded(void) {
  const int16_t in[2] = {-3, 4};
  int16_t out[3];
  uint8_t small[3];
  tome_axis x;
  CHECK(tome_axis_to_size(TOME_PROFILE_SCIPY, 2, 1, 3, &x, NULL));
  CHECK(line(&x, 1, TOME_I16, in, TOME_I16, out) && out[1] == 1); /* 0.5: away from zero */
  const int16_t below[2] = {-4, 3};
  CHECK(line(&x, 1, TOME_I16, below, TOME_I16, out) && out[1] == -1);
  const int16_t wide[2] = {-300, 900};
  CHECK(line(&x, 1, TOME_I16, wide, TOME_U8, small));
  CHECK(small[0] == 0 && small[1] == 255 && small[2] == 255); /* clipped, not wrapped */
  const float bad[2] = {NAN, INFINITY};
  CHECK(line(&x, 1, TOME_F32, bad, TOME_I16, out) && out[0] == 0 && out[2] == 0);
  CHECK(tome_axis_to_size(TOME_PROFILE_SCIPY, 2, 1, 2, &x, NULL));
  CHECK(line(&x, 1, TOME_F32, bad, TOME_I16, out) && out[0] == 0 && out[1] == 32767);
}

static void separate_axis(void) {
  const double iso[3] = {1, 1, 1}, z[3] = {5, 0.7, 0.7}, just[3] = {3, 1, 1}, x[3] = {1, 1, 3.01},
               two[3] = {0.24, 1.25, 1.25};
  CHECK(tome_nnunet_separate_axis(z, iso) == 0);
  CHECK(tome_nnunet_separate_axis(iso, z) == 0);
  CHECK(tome_nnunet_separate_axis(just, iso) == -1); /* more than 3, not 3 */
  CHECK(tome_nnunet_separate_axis(x, z) == 2);       /* the input's own comes first */
  CHECK(tome_nnunet_separate_axis(two, z) == -1);
}

static void refusals(void) {
  tome_axis a = tome_axis_keep(3, 1);
  const struct {
    double s, t;
    int64_t n;
    const char *part;
  } bad[] = {{1, 0, 3, "spacing must be positive"},   {1, -1, 3, "spacing must be positive"},
             {1, NAN, 3, "spacing must be positive"}, {0, 1, 3, "input spacing"},
             {1, 1, 0, "an axis of 0 voxels"},        {1, 100, 3, "round to none"},
             {1, 1e-9, 3, "more than 1048576"},       {1, INFINITY, 3, "spacing must be positive"}};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    tome_error err = {0};
    CHECK(!tome_axis_to_spacing(TOME_PROFILE_ITK, bad[i].n, bad[i].s, bad[i].t, &a, &err));
    CHECK_HAS(err.message, bad[i].part);
  }
  CHECK(a.in == 3 && a.out == 3);
  CHECK(!tome_axis_to_scale(TOME_PROFILE_ITK, 3, 1, 0.1, &a, NULL));
  CHECK(!tome_axis_to_size(TOME_PROFILE_ITK, 3, 1, 0, &a, NULL));
  tome_profile p;
  CHECK(tome_profile_parse("nnunet", &p) && p == TOME_PROFILE_NNUNET && !tome_profile_parse("ITK ", &p));
}

TEST_MAIN(doubling_a_line, halving_by_nearest, five_to_one, order_of_operations, beyond_the_last_voxel,
          integers_are_rounded, separate_axis, refusals)
