/* resample_bench - seconds of one whole-volume resampling in memory, for comparing with other tools on the same voxels.
 *
 *   resample_bench IN.raw NZ,NY,NX SZ,SY,SX PROFILE ORDER SPACING THREADS REPEATS [OUT.raw|- [BOX]]
 *
 * IN.raw holds int16 voxels, C order. ORDER 0 writes int16, others float32, into fresh memory each time, as a tool that returns an image
 * does. BOX (z0:z1,y0:y1,x0:x1) computes only that much of the result. Prints one JSON line: the output's shape, the best and the median time,
 * and the peak memory. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "ops/kernel.h"

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int by_value(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static int fail(const char *message) {
  fprintf(stderr, "resample_bench: %s\n", message);
  return 1;
}

static bool save(const char *path, const void *data, size_t bytes) {
  FILE *f = fopen(path, "wb");
  const bool ok = f && fwrite(data, 1, bytes, f) == bytes;
  return (!f || fclose(f) == 0) && ok;
}

/* Not ru_maxrss, which begins with what the parent held at fork. */
static double peak_mb(void) {
  char text[256];
  long kb = 0;
  FILE *f = fopen("/proc/self/status", "r");
  while (f && fgets(text, sizeof text, f) && sscanf(text, "VmHWM: %ld", &kb) != 1) continue;
  if (f) fclose(f);
  return (double)kb / 1024;
}

static void print(const tome_box *box, double *seconds, int repeats) {
  int64_t n[3];
  tome_box_shape(box, n);
  qsort(seconds, (size_t)repeats, sizeof *seconds, by_value);
  printf("{\"shape\": [%lld, %lld, %lld], \"best\": %.4f, \"median\": %.4f, \"peak_mb\": %.1f}\n", (long long)n[0],
         (long long)n[1], (long long)n[2], seconds[0], seconds[repeats / 2], peak_mb());
}

static int measure(const tome_resample *r, const void *in, int threads, int repeats, const char *save_as,
                   const char *box) {
  const int64_t out_shape[3] = {r->axis[0].out, r->axis[1].out, r->axis[2].out};
  const int64_t in_shape[3] = {r->axis[0].in, r->axis[1].in, r->axis[2].in};
  const tome_box in_box = tome_box_of_shape(in_shape);
  tome_box out_box = tome_box_of_shape(out_shape);
  if (box && !tome_box_parse(box, out_shape, &out_box, NULL)) return fail("the box is not one of the result");
  const tome_dtype type = r->order[0] == 0 ? TOME_I16 : TOME_F32;
  const size_t bytes = (size_t)tome_box_voxels(&out_box) * tome_dtype_size(type);
  const tome_run run = {.threads = threads};
  double seconds[64];
  for (int i = 0; i < repeats; i++) {
    tome_error err = {0};
    const double start = now();
    void *out = malloc(bytes);
    if (!out || !tome_resample_run(r, in, TOME_I16, &in_box, out, type, &out_box, &run, &err)) return fail(err.message);
    seconds[i] = now() - start;
    if (save_as && i == 0 && strcmp(save_as, "-") != 0 && !save(save_as, out, bytes))
      return fail("cannot write the result");
    free(out);
  }
  print(&out_box, seconds, repeats);
  return 0;
}

int main(int argc, char **argv) {
  long long n[3];
  double s[3];
  tome_profile profile;
  tome_error err = {0};
  if (argc < 9 || sscanf(argv[2], "%lld,%lld,%lld", &n[0], &n[1], &n[2]) != 3 ||
      sscanf(argv[3], "%lf,%lf,%lf", &s[0], &s[1], &s[2]) != 3 || !tome_profile_parse(argv[4], &profile))
    return fail("IN.raw NZ,NY,NX SZ,SY,SX PROFILE ORDER SPACING THREADS REPEATS [OUT.raw|- [BOX]]");
  tome_axis axis[3];
  for (int a = 0; a < 3; a++)
    if (!tome_axis_to_spacing(profile, n[a], s[a], atof(argv[6]), &axis[a], &err)) return fail(err.message);
  tome_bytes in = {0};
  if (!tome_file_read(argv[1], 0, &in, &err)) return fail(err.message);
  if (in.size != (size_t)(n[0] * n[1] * n[2]) * 2) return fail("the file does not hold that many int16 voxels");
  const tome_resample r = tome_resample_init(profile, axis, atoi(argv[5]), -1024);
  int repeats = atoi(argv[8]);
  repeats = repeats < 1 ? 1 : repeats > 64 ? 64 : repeats;
  const int status =
      measure(&r, in.data, atoi(argv[7]), repeats, argc > 9 ? argv[9] : NULL, argc > 10 ? argv[10] : NULL);
  tome_bytes_clear(&in);
  return status;
}
