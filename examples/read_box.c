/* read_box - reads a box of a stored image into memory, and nothing else of it.
 *
 *   cc read_box.c -o read_box $(pkg-config --cflags --libs tome)
 *   ./read_box liver.tome volume-3 10:20,100:200,100:200
 *
 * Prints what the image is, and the least, the greatest and the mean value of the box. Bounds may be left out (":,:,256:257" is one sagittal plane)
 * and count from the end where they are negative. */
#include <stdio.h>
#include <stdlib.h>

#include <tome.h>

static int fail(const tome_error *err) {
  fprintf(stderr, "read_box: %s\n", err->message);
  return 1;
}

static void describe(const tome_volume_info *info) {
  const tome_geometry *g = &info->geometry;
  printf("shape %lld %lld %lld\n", (long long)g->shape[0], (long long)g->shape[1], (long long)g->shape[2]);
  printf("spacing %.6g %.6g %.6g mm\n", g->spacing[0], g->spacing[1], g->spacing[2]);
  printf("dtype %s\nunits %s\n", tome_dtype_name(info->dtype), info->units);
}

static void summarise(const float *v, size_t n) {
  float least = v[0], most = v[0];
  double sum = 0;
  for (size_t i = 0; i < n; i++) {
    if (v[i] < least) least = v[i];
    if (v[i] > most) most = v[i];
    sum += (double)v[i];
  }
  printf("voxels %zu\nmin %.9g\nmax %.9g\nmean %.9g\n", n, (double)least, (double)most, sum / (double)n);
}

static int read_box(tome_case *c, const char *text, tome_error *err) {
  tome_volume_info info;
  tome_box box;
  if (!tome_case_info(c, "image", &info, err) || !tome_box_parse(text, info.geometry.shape, &box, err))
    return fail(err);
  describe(&info);
  size_t n = 1;
  for (int a = 0; a < 3; a++) n *= (size_t)(box.hi[a] - box.lo[a]);
  float *v = malloc(n * sizeof *v);
  if (!v || n == 0) {
    free(v);
    fprintf(stderr, "read_box: no room for %zu voxels\n", n);
    return 1;
  }
  const tome_read_options as_float = {.dtype = TOME_F32}; /* from whatever type is stored */
  const bool ok = tome_read(c, "image", &box, &as_float, v, n * sizeof *v, NULL, err);
  if (ok) summarise(v, n);
  free(v);
  return ok ? 0 : fail(err);
}

int main(int argc, char **argv) {
  tome_error err = {0};
  if (argc != 4) {
    fprintf(stderr, "usage: read_box STORE CASE Z0:Z1,Y0:Y1,X0:X1\n");
    return 2;
  }
  tome_store *store = tome_open(argv[1], &err);
  tome_case *c = store ? tome_case_open(store, argv[2], &err) : NULL;
  const int status = c ? read_box(c, argv[3], &err) : fail(&err);
  tome_case_close(c);
  tome_close(store);
  return status;
}
