/* own_step - preprocessing steps of one's own, used in a recipe like any other: one pointwise (gamma), one that looks at neighbours (mean).
 *
 *   cc own_step.c -o own_step $(pkg-config --cflags --libs tome) -lm
 *   ./own_step liver.tome volume-3 out.raw mean:radius=2 window:level=40,width=400 gamma:0.5
 *
 * Writes the whole image of the result (float32, C order), and prints its shape, the recipe's canonical text, which holds the steps' arguments with their
 * defaults, and its hash. A wrong argument is refused as by a built-in step: try mean:radius=99, or mean:radios=2. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tome.h>

/* ---- gamma: values between 0 and 1 to a power ---- */

static const tome_param gamma_params[] = {
    {"power", TOME_KIND_REAL, 1, 0.1, 10, NULL, "2", "the exponent; values below 0 become 0"},
    {0},
};

static void gamma_row(const tome_own_call *call, const float *in, float *out, size_t n) {
  const double power = call->args[0].items[0].a;
  for (size_t i = 0; i < n; i++) out[i] = in[i] > 0 ? (float)pow((double)in[i], power) : 0;
}

static const tome_own_step gamma_step = {
    .name = "gamma", .title = "values to a power", .params = gamma_params, .dtype = TOME_F32, .row = gamma_row};

/* ---- mean: of the cube around each voxel ---- */

static const tome_param mean_params[] = {
    {"radius", TOME_KIND_INT, 3, 0, 8, NULL, "1", "voxels on either side, for each axis"},
    {0},
};

/* Said before any voxel is read: how far around a voxel the step looks. */
static bool mean_plan(const tome_own_call *call, int64_t halo[3], char *why, size_t size) {
  (void)why;
  (void)size;
  for (int a = 0; a < 3; a++) halo[a] = (int64_t)call->args[0].items[a].a;
  return true;
}

/* Sums of 2r+1 neighbours along one axis: `n` sums, `stride` apart. */
static void sum_line(const double *in, double *out, int64_t n, int64_t r, int64_t stride) {
  for (int64_t i = 0; i < n; i++) {
    double sum = 0;
    for (int64_t k = 0; k <= 2 * r; k++) sum += in[(i + k) * stride];
    out[i * stride] = sum;
  }
}

/* Along x, then y, then z, in place: each sum lies where its first neighbour did. */
static void sum_cubes(double *v, const int64_t n[3], const int64_t r[3]) {
  const int64_t wy = n[1] + 2 * r[1], wx = n[2] + 2 * r[2];
  for (int64_t z = 0; z < n[0] + 2 * r[0]; z++) {
    for (int64_t y = 0; y < wy; y++) sum_line(v + (z * wy + y) * wx, v + (z * wy + y) * wx, n[2], r[2], 1);
    for (int64_t x = 0; x < n[2]; x++) sum_line(v + z * wy * wx + x, v + z * wy * wx + x, n[1], r[1], wx);
  }
  for (int64_t y = 0; y < n[1]; y++)
    for (int64_t x = 0; x < n[2]; x++) sum_line(v + y * wx + x, v + y * wx + x, n[0], r[0], wy * wx);
}

static bool mean_tile(const tome_own_call *call, const tome_box *box, const float *in, float *out) {
  int64_t n[3], r[3], wide = 1;
  double count = 1;
  for (int a = 0; a < 3; a++) {
    n[a] = box->hi[a] - box->lo[a];
    r[a] = (int64_t)call->args[0].items[a].a;
    wide *= n[a] + 2 * r[a];
    count *= (double)(2 * r[a] + 1);
  }
  double *v = malloc((size_t)wide * sizeof *v);
  if (!v) return false;
  for (int64_t i = 0; i < wide; i++) v[i] = (double)in[i];
  sum_cubes(v, n, r);
  for (int64_t z = 0; z < n[0]; z++)
    for (int64_t y = 0; y < n[1]; y++)
      for (int64_t x = 0; x < n[2]; x++)
        *out++ = (float)(v[(z * (n[1] + 2 * r[1]) + y) * (n[2] + 2 * r[2]) + x] / count);
  free(v);
  return true;
}

/* Smoothing leaves HU what they are, so that window:tumor and normalise may come after it. */
static const tome_own_step mean_step = {.name = "mean",
                                        .title = "the mean of the cube around each voxel",
                                        .params = mean_params,
                                        .keeps_statistics = true,
                                        .dtype = TOME_F32,
                                        .plan = mean_plan,
                                        .tile = mean_tile};

/* ---- a recipe with them ---- */

static bool write_image(tome_result *r, const char *path, tome_error *err) {
  tome_result_info info;
  if (!r || !tome_result_info_of(r, "image", &info, err)) return false;
  const int64_t *n = info.geometry.shape;
  printf("shape %lld %lld %lld\ndtype %s\nrecipe %s\nhash %s\n", (long long)n[0], (long long)n[1], (long long)n[2],
         tome_dtype_name(info.dtype), info.recipe, info.recipe_hash);
  const size_t bytes = (size_t)(n[0] * n[1] * n[2]) * tome_dtype_size(info.dtype);
  void *voxels = malloc(bytes);
  if (!voxels || !tome_result_read(r, "image", NULL, voxels, bytes, NULL, err)) {
    free(voxels);
    return false;
  }
  FILE *f = fopen(path, "wb");
  const bool ok = f && fwrite(voxels, 1, bytes, f) == bytes;
  free(voxels);
  return (!f || fclose(f) == 0) && ok;
}

int main(int argc, char **argv) {
  static const tome_own_step *const own[] = {&gamma_step, &mean_step};
  tome_error err = {0};
  if (argc < 4) {
    fprintf(stderr, "usage: own_step STORE CASE OUT.raw STEP...\n");
    return 2;
  }
  const tome_recipe_text recipe = {.steps = (const char *const *)argv + 4, .step_count = (size_t)argc - 4};
  const tome_result_options options = {.own = own, .own_count = 2};
  tome_store *store = tome_open(argv[1], &err);
  tome_result *r = store ? tome_result_open(store, argv[2], &recipe, &options, NULL, &err) : NULL;
  const bool ok = write_image(r, argv[3], &err);
  if (!ok) fprintf(stderr, "own_step: %s\n", err.code ? err.message : argv[3]);
  tome_result_close(r);
  tome_close(store);
  return ok ? 0 : 1;
}
