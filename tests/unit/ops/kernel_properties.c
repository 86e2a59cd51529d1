/* What must hold for every resampling, whatever the tool: any box is the same box of the whole, on any number of threads; a world point keeps
 * its value; polynomials come back; what does not fit is refused and leaves the output alone. */
#include <math.h>

#include "base/mem.h"
#include "ops/kernel.h"
#include "test.h"

static uint64_t state = 88172645463325252u;

static uint64_t draw(void) {
  state ^= state << 13;
  state ^= state >> 7;
  return state ^= state << 17;
}
static int64_t below(int64_t n) { return (int64_t)(draw() % (uint64_t)n); }
static double uniform(double lo, double hi) { return lo + (hi - lo) * (double)(draw() >> 11) * 0x1p-53; }

static tome_resample random_resample(int order) {
  tome_axis axis[3];
  const tome_profile p = (tome_profile)below(TOME_PROFILES);
  for (int a = 0; a < 3; a++) {
    const int64_t n = 1 + below(60);
    CHECK(tome_axis_to_size(p, n, uniform(0.5, 5), 1 + below(80), &axis[a], NULL));
    if (below(4) == 0) axis[a] = tome_axis_keep(n, 1);
    if (below(4) == 0) axis[a].offset = uniform(-20, 20);
  }
  tome_resample r = tome_resample_init(p, axis, order, -1024);
  if (below(4) == 0) r.order[below(3)] = (int)below(2);
  if (order && below(4) == 0) r.sigma[below(3)] = uniform(0.2, 3);
  return r;
}

static tome_box all_of(const tome_resample *r, bool out) {
  tome_box b = {0};
  for (int a = 0; a < 3; a++) b.hi[a] = out ? r->axis[a].out : r->axis[a].in;
  return b;
}

static tome_box random_box(const tome_box *all) {
  tome_box b;
  for (int a = 0; a < 3; a++) {
    b.lo[a] = below(all->hi[a]);
    b.hi[a] = b.lo[a] + 1 + below(all->hi[a] - b.lo[a]);
  }
  return b;
}

static int16_t *noise(const tome_box *all) {
  const size_t n = (size_t)tome_box_voxels(all);
  int16_t *v = tome_alloc(n, sizeof *v, "noise", NULL);
  for (size_t i = 0; v && i < n; i++) v[i] = (int16_t)(below(4096) - 1024);
  return v;
}

static size_t at(const tome_box *b, int64_t z, int64_t y, int64_t x) {
  return (size_t)(((z - b->lo[0]) * (b->hi[1] - b->lo[1]) + y - b->lo[1]) * (b->hi[2] - b->lo[2]) + x - b->lo[2]);
}

static void cut(const int16_t *from, const tome_box *all, int16_t *to, const tome_box *b) {
  for (int64_t z = b->lo[0]; z < b->hi[0]; z++)
    for (int64_t y = b->lo[1]; y < b->hi[1]; y++)
      for (int64_t x = b->lo[2]; x < b->hi[2]; x++) to[at(b, z, y, x)] = from[at(all, z, y, x)];
}

static double worst(const float *whole, const tome_box *all, const float *part, const tome_box *b) {
  double most = 0;
  for (int64_t z = b->lo[0]; z < b->hi[0]; z++)
    for (int64_t y = b->lo[1]; y < b->hi[1]; y++)
      for (int64_t x = b->lo[2]; x < b->hi[2]; x++)
        most = fmax(most, fabs((double)whole[at(all, z, y, x)] - (double)part[at(b, z, y, x)]));
  return most;
}

/* One box from no more input than it says it needs, beside the whole. */
static void check_box(const tome_resample *r, const int16_t *in, const float *whole) {
  const tome_box all_in = all_of(r, false), all_out = all_of(r, true), b = random_box(&all_out);
  const tome_box need = tome_resample_need(r, &b);
  const tome_run run = {.threads = 1 + (int)below(3)};
  tome_error err = {0};
  TOME_AUTO_FREE int16_t *some = tome_alloc((size_t)tome_box_voxels(&need), sizeof *some, "some", NULL);
  TOME_AUTO_FREE float *part = tome_alloc((size_t)tome_box_voxels(&b), sizeof *part, "part", NULL);
  cut(in, &all_in, some, &need);
  CHECK(tome_resample_run(r, some, TOME_I16, &need, part, TOME_F32, &b, &run, &err));
  CHECK_TEXT(err.message, "");
  CHECK_NEAR(worst(whole, &all_out, part, &b), 0, 0);
}

static void any_box_is_the_whole(void) {
  for (int round = 0; round < 150; round++) {
    const tome_resample r = random_resample(round % 6);
    const tome_box all_in = all_of(&r, false), all_out = all_of(&r, true);
    TOME_AUTO_FREE int16_t *in = noise(&all_in);
    TOME_AUTO_FREE float *whole = tome_alloc((size_t)tome_box_voxels(&all_out), sizeof *whole, "whole", NULL);
    CHECK(tome_resample_run(&r, in, TOME_I16, &all_in, whole, TOME_F32, &all_out, NULL, NULL));
    for (int k = 0; k < 4; k++) check_box(&r, in, whole);
  }
}

/* Voxels hold their own world coordinate along `w`; so must those of the result, wherever no edge is near. */
static void check_world(const tome_resample *r, const tome_geometry *g, int w) {
  const tome_box all_in = all_of(r, false), all_out = all_of(r, true);
  const tome_geometry to = tome_resample_geometry(r, g);
  TOME_AUTO_FREE float *in = tome_alloc((size_t)tome_box_voxels(&all_in), sizeof *in, "in", NULL);
  TOME_AUTO_FREE float *out = tome_alloc((size_t)tome_box_voxels(&all_out), sizeof *out, "out", NULL);
  double p[3];
  for (int64_t i = 0, n = tome_box_voxels(&all_in); i < n; i++) {
    const int64_t plane = g->shape[1] * g->shape[2], rest = i % plane;
    tome_geometry_to_world(
        g, (double[]){(double)(i / plane), (double)(rest / g->shape[2]), (double)(rest % g->shape[2])}, p);
    in[i] = (float)p[w];
  }
  CHECK(tome_resample_run(r, in, TOME_F32, &all_in, out, TOME_F32, &all_out, NULL, NULL));
  for (int64_t z = 0; z < to.shape[0]; z++)
    for (int64_t y = 0; y < to.shape[1]; y++)
      for (int64_t x = 0; x < to.shape[2]; x++) {
        const int64_t i[3] = {z, y, x};
        bool inside = true;
        for (int a = 0; a < 3; a++) {
          const double at_in = tome_axis_at(&r->axis[a], i[a]), edge = r->order[a] > 1 ? 18 : 0;
          inside = inside && at_in >= edge && at_in <= (double)(r->axis[a].in - 1) - edge;
        }
        tome_geometry_to_world(&to, (double[]){(double)z, (double)y, (double)x}, p);
        if (inside) CHECK_NEAR(out[at(&all_out, z, y, x)], p[w], 2e-4);
      }
}

static void world_points_keep_their_value(void) {
  const int64_t shape[3] = {40, 47, 51};
  const double step[3][3] = {{0.3, 0.2, 2.5}, {0, 0.7, 0.1}, {0.8, 0, -0.05}}, origin[3] = {-60, 12, 300};
  tome_geometry g;
  CHECK(tome_geometry_from_steps(shape, step, origin, &g, NULL));
  for (tome_profile p = 0; p < TOME_PROFILES; p++) {
    tome_axis by_spacing[3], by_scale[3], by_size[3];
    const double target[3] = {1, 1.1, 0.9}, scale[3] = {1.7, 0.6, 1};
    const int64_t size[3] = {33, 60, 51};
    for (int a = 0; a < 3; a++) {
      CHECK(tome_axis_to_spacing(p, shape[a], g.spacing[a], target[a], &by_spacing[a], NULL));
      CHECK(tome_axis_to_scale(p, shape[a], g.spacing[a], scale[a], &by_scale[a], NULL));
      CHECK(tome_axis_to_size(p, shape[a], g.spacing[a], size[a], &by_size[a], NULL));
    }
    const tome_resample r[3] = {tome_resample_init(p, by_spacing, 1, 0), tome_resample_init(p, by_scale, 3, 0),
                                tome_resample_init(p, by_size, 1, 0)};
    for (int k = 0; k < 3; k++) check_world(&r[k], &g, k);
  }
}

/* Kept axes and whole positions give the voxels back, whatever the order. */
static void identity_is_exact(void) {
  for (int order = 0; order <= 5; order++) {
    tome_axis axis[3];
    for (int a = 0; a < 3; a++) CHECK(tome_axis_to_spacing((tome_profile)(order % 5), 9 + a, 0.7, 0.7, &axis[a], NULL));
    const tome_resample r = tome_resample_init(TOME_PROFILE_ITK, axis, order, -1024);
    const tome_box all = all_of(&r, false);
    TOME_AUTO_FREE int16_t *in = noise(&all);
    int16_t out[9 * 10 * 11];
    CHECK(tome_resample_run(&r, in, TOME_I16, &all, out, TOME_I16, &all, NULL, NULL));
    CHECK(memcmp(in, out, sizeof out) == 0);
  }
}

static void every_type_in_and_out(void) {
  const tome_dtype types[] = {TOME_U8, TOME_I8, TOME_U16, TOME_I16, TOME_U32, TOME_I32, TOME_F32, TOME_F64};
  tome_axis axis[3] = {tome_axis_keep(1, 1), tome_axis_keep(1, 1), tome_axis_keep(1, 1)};
  CHECK(tome_axis_to_size(TOME_PROFILE_SCIPY, 3, 1, 5, &axis[2], NULL));
  const tome_box from = {{0, 0, 0}, {1, 1, 3}}, to = {{0, 0, 0}, {1, 1, 5}};
  for (size_t k = 0; k < sizeof types / sizeof *types; k++) {
    union {
      uint8_t u8[3];
      int8_t i8[3];
      uint16_t u16[3];
      int16_t i16[3];
      uint32_t u32[3];
      int32_t i32[3];
      float f32[3];
      double f64[3];
    } in = {0};
    for (int i = 0; i < 3; i++) switch (types[k]) {
        case TOME_U8:
          in.u8[i] = (uint8_t)(20 * i);
          break;
        case TOME_I8:
          in.i8[i] = (int8_t)(20 * i);
          break;
        case TOME_U16:
          in.u16[i] = (uint16_t)(20 * i);
          break;
        case TOME_I16:
          in.i16[i] = (int16_t)(20 * i);
          break;
        case TOME_U32:
          in.u32[i] = (uint32_t)(20 * i);
          break;
        case TOME_I32:
          in.i32[i] = 20 * i;
          break;
        case TOME_F32:
          in.f32[i] = (float)(20 * i);
          break;
        default:
          in.f64[i] = 20 * i;
          break;
      }
    for (int order = 1; order <= 3; order += 2) {
      const tome_resample r = tome_resample_init(TOME_PROFILE_SCIPY, axis, order, 0);
      uint8_t bytes[5];
      float floats[5];
      CHECK(tome_resample_run(&r, &in, types[k], &from, bytes, TOME_U8, &to, NULL, NULL));
      CHECK(tome_resample_run(&r, &in, types[k], &from, floats, TOME_F32, &to, NULL, NULL));
      CHECK(bytes[0] == 0 && bytes[2] == 20 && bytes[4] == 40);
      CHECK_NEAR(floats[1], order == 1 ? 10 : 6.25, 1e-4); /* level at both ends, slope 30 in the middle: 10 - 30/8 */
    }
  }
}

static void clipping_spares_the_fill(void) {
  tome_axis axis[3] = {tome_axis_keep(1, 1), tome_axis_keep(1, 1), tome_axis_keep(1, 1)};
  CHECK(tome_axis_to_spacing(TOME_PROFILE_ITK, 4, 1, 0.5, &axis[2], NULL));
  tome_resample r = tome_resample_init(TOME_PROFILE_ITK, axis, 3, -1024);
  const float in[4] = {0, 0, 100, 100};
  float out[8];
  const tome_box from = {{0, 0, 0}, {1, 1, 4}}, to = {{0, 0, 0}, {1, 1, 8}};
  CHECK(tome_resample_run(&r, in, TOME_F32, &from, out, TOME_F32, &to, NULL, NULL));
  CHECK(out[1] < -1 && out[5] > 101); /* a spline overshoots */
  r.lo = 0;
  r.hi = 100;
  CHECK(tome_resample_run(&r, in, TOME_F32, &from, out, TOME_F32, &to, NULL, NULL));
  CHECK(out[1] == 0 && out[5] == 100 && out[7] == -1024);
}

static bool always(void *user) {
  (void)user;
  return true;
}

static void what_does_not_fit_is_refused(void) {
  tome_axis axis[3] = {tome_axis_keep(4, 1), tome_axis_keep(4, 1), tome_axis_keep(4, 1)};
  CHECK(tome_axis_to_size(TOME_PROFILE_SCIPY, 4, 1, 6, &axis[0], NULL));
  tome_resample r = tome_resample_init(TOME_PROFILE_SCIPY, axis, 1, 0);
  const float in[64] = {0};
  float out[96] = {7};
  const tome_box from = {{0, 0, 0}, {4, 4, 4}}, to = {{0, 0, 0}, {6, 4, 4}}, less = {{0, 0, 0}, {3, 4, 4}},
                 more = {{0, 0, 0}, {7, 4, 4}};
  tome_error err = {0};
  CHECK(!tome_resample_run(&r, in, TOME_F32, &less, out, TOME_F32, &to, NULL, &err));
  CHECK_HAS(err.message, "needs more of the input");
  err = (tome_error){0};
  CHECK(!tome_resample_run(&r, in, TOME_F32, &from, out, TOME_F32, &more, NULL, &err));
  CHECK_HAS(err.message, "not inside the result");
  err = (tome_error){0};
  CHECK(!tome_resample_run(&r, in, TOME_U64, &from, out, TOME_F32, &to, NULL, &err));
  CHECK_HAS(err.message, "uint64");
  err = (tome_error){0};
  CHECK(!tome_resample_run(&r, in, TOME_F32, &from, out, TOME_F64, &to, NULL, &err));
  CHECK_HAS(err.message, "float64");
  r.order[1] = 6;
  err = (tome_error){0};
  CHECK(!tome_resample_run(&r, in, TOME_F32, &from, out, TOME_F32, &to, NULL, &err));
  CHECK_HAS(err.message, "order 6");
  r.order[1] = 1;
  r.lo = NAN;
  CHECK(!tome_resample_run(&r, in, TOME_F32, &from, out, TOME_F32, &to, NULL, NULL));
  r.lo = -INFINITY;
  const tome_run stop = {.stop = always};
  err = (tome_error){0};
  CHECK(!tome_resample_run(&r, in, TOME_F32, &from, out, TOME_F32, &to, &stop, &err) && err.code == TOME_CANCELLED);
  CHECK(out[0] == 7);
}

static void a_box_of_fill_needs_nothing(void) {
  tome_axis axis[3] = {tome_axis_keep(2, 1), tome_axis_keep(2, 1), tome_axis_keep(2, 1)};
  CHECK(tome_axis_to_spacing(TOME_PROFILE_ITK, 2, 8, 1, &axis[1], NULL) && axis[1].out == 16);
  const tome_resample r = tome_resample_init(TOME_PROFILE_ITK, axis, 3, -1024);
  const tome_box out = {{0, 13, 0}, {2, 16, 2}}, need = tome_resample_need(&r, &out);
  int16_t got[12] = {0};
  CHECK(tome_box_is_empty(&need));
  CHECK(tome_resample_run(&r, NULL, TOME_I16, &need, got, TOME_I16, &out, NULL, NULL));
  for (int i = 0; i < 12; i++) CHECK(got[i] == -1024);
}

TEST_MAIN(any_box_is_the_whole, world_points_keep_their_value, identity_is_exact, every_type_in_and_out,
          clipping_spares_the_fill, what_does_not_fit_is_refused, a_box_of_fill_needs_nothing)
