/* store_bench - how fast case files are written and read.
 *
 *   store_bench VOLUME.npy CASE.h5 [CODEC [LEVEL]]
 *
 * VOLUME.npy is int16, C order, (z, y, x). Writes it to CASE.h5, then reads it back whole, in random boxes of 96 and 128 voxels as stored, and the
 * same boxes as clipped and scaled float32, each with 1 and with 2 threads. Prints one JSON line a measurement: medians of wall time (ms) and of
 * processor time over all threads (cpu_ms: what is left of a comparison on a busy machine); MB are 10^6 bytes of int16. bench/peers_store.py measures
 * others on the same file and the same boxes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "base/hash.h"
#include "store/store.h"

enum { ROUNDS = 5, BOXES = 40 };

static double clock_of(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

/* Wall and processor time of several rounds, ms. */
typedef struct times {
  double wall[64], cpu[64], wall_begin, cpu_begin;
  size_t count;
} times;

static void begin(times *t) {
  t->wall_begin = clock_of(CLOCK_MONOTONIC);
  t->cpu_begin = clock_of(CLOCK_PROCESS_CPUTIME_ID);
}

static void end(times *t) {
  t->cpu[t->count] = clock_of(CLOCK_PROCESS_CPUTIME_ID) - t->cpu_begin;
  t->wall[t->count++] = clock_of(CLOCK_MONOTONIC) - t->wall_begin;
}

static int by_value(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double median(double *v, size_t n) {
  qsort(v, n, sizeof *v, by_value);
  return v[n / 2];
}

static _Noreturn void die(const tome_error *err) {
  fprintf(stderr, "store_bench: %s\n", err->message);
  exit(1);
}

/* The least of .npy: version 1, '<i2', C order. */
static tome_volume load(const char *path, tome_error *err) {
  tome_bytes file = {0};
  long long z, y, x;
  char head[1024] = "";
  if (!tome_file_read(path, 0, &file, err)) die(err);
  const size_t length = file.size > 10 ? (size_t)file.data[8] + 256 * (size_t)file.data[9] : 0;
  if (length < sizeof head && file.size >= 10 + length) memcpy(head, file.data + 10, length);
  const char *shape = strstr(head, "'shape': (");
  if (!strstr(head, "'<i2'") || !shape || sscanf(shape, "'shape': (%lld, %lld, %lld)", &z, &y, &x) != 3) {
    tome_fail(err, TOME_USAGE, "%s: not a three-dimensional int16 .npy", path);
    die(err);
  }
  tome_volume v = {.geometry = tome_geometry_identity((int64_t[]){z, y, x}), .dtype = TOME_I16};
  const size_t bytes = tome_volume_voxels(&v) * 2;
  if (file.size - 10 - length < bytes || !(v.data = malloc(bytes))) exit(1);
  memcpy(v.data, file.data + 10 + length, bytes);
  tome_bytes_clear(&file);
  return v;
}

static double megabytes(const tome_volume *v) { return (double)tome_volume_voxels(v) * 2e-6; }

static void write_once(const char *path, const tome_volume *v, const tome_chunking *chunking, const tome_run *run,
                       const char *hash, tome_error *err) {
  tome_record r = {.id = "bench", .geometry = v->geometry, .dtype = v->dtype};
  strcpy(r.voxel_hash, hash);
  tome_case_writer *w = tome_case_writer_new(path, err);
  if (!w || !tome_case_writer_volume(w, "image", v, "HU", chunking, run, err) ||
      !tome_case_writer_record(w, &r, NULL, err) || !tome_case_writer_finish(w, err))
    die(err);
}

static void bench_write(const char *path, const tome_volume *v, const tome_chunking *chunking, int threads,
                        tome_error *err) {
  char hash[TOME_HASH_TEXT];
  times t = {.count = 0};
  const tome_run run = {.threads = threads};
  tome_hash_bytes(v->data, tome_volume_voxels(v) * 2, hash);
  for (int i = 0; i < ROUNDS; i++) {
    begin(&t);
    write_once(path, v, chunking, &run, hash, err);
    end(&t);
  }
  uint64_t bytes = 0;
  if (!tome_file_size(path, &bytes, err)) die(err);
  const double ms = median(t.wall, t.count);
  printf(
      "{\"what\":\"write\",\"threads\":%d,\"ms\":%.2f,\"cpu_ms\":%.2f,\"mb_s\":%.0f,\"bytes\":%llu,\"share\":%.4f}\n",
      threads, ms, median(t.cpu, t.count), megabytes(v) / ms * 1e3, (unsigned long long)bytes,
      (double)bytes / (megabytes(v) * 1e6));
}

static void bench_open(const char *path, tome_error *err) {
  times t = {.count = 0};
  for (int i = 0; i < BOXES; i++) {
    begin(&t);
    tome_case_file *f = tome_case_file_open(path, err);
    if (!f) die(err);
    tome_case_file_close(f);
    end(&t);
  }
  printf("{\"what\":\"open\",\"ms\":%.3f,\"cpu_ms\":%.3f}\n", median(t.wall, t.count), median(t.cpu, t.count));
}

static void bench_whole(const tome_case_file *f, const tome_volume *v, int threads, tome_error *err) {
  times t = {.count = 0};
  const tome_run run = {.threads = threads};
  const size_t bytes = tome_volume_voxels(v) * 2;
  for (int i = 0; i < ROUNDS; i++) {
    begin(&t);
    void *out = malloc(bytes); /* as a caller would: fresh memory */
    if (!out || !tome_case_file_read(f, "image", NULL, NULL, out, bytes, &run, err)) die(err);
    end(&t);
    if (memcmp(out, v->data, bytes) != 0) exit(1);
    free(out);
  }
  const double ms = median(t.wall, t.count);
  printf("{\"what\":\"whole\",\"threads\":%d,\"ms\":%.2f,\"cpu_ms\":%.2f,\"mb_s\":%.0f}\n", threads, ms,
         median(t.cpu, t.count), megabytes(v) / ms * 1e3);
}

/* The i-th corner along an axis with `room` places: the same in bench/peers_store.py. */
static int64_t corner(int i, int axis, int64_t room) {
  return (int64_t)(((uint64_t)i * 3 + (uint64_t)axis + 1) * 2654435761u % 1000003u) % room;
}

static void bench_boxes(const tome_case_file *f, const tome_volume *v, int64_t edge, bool to_float, int threads,
                        tome_error *err) {
  times t = {.count = 0};
  const tome_run run = {.threads = threads};
  const tome_read_options floats = {
      .dtype = TOME_F32, .rescale = true, .clip_lo = -200, .clip_hi = 300, .offset = 50, .scale = 0.01};
  for (int i = 0; i < BOXES; i++) {
    tome_box b;
    for (int a = 0; a < 3; a++) {
      const int64_t extent = v->geometry.shape[a] < edge ? v->geometry.shape[a] : edge;
      b.lo[a] = corner(i, a, v->geometry.shape[a] - extent + 1);
      b.hi[a] = b.lo[a] + extent;
    }
    const size_t bytes = (size_t)tome_box_voxels(&b) * (to_float ? 4 : 2);
    begin(&t);
    void *out = malloc(bytes);
    if (!out || !tome_case_file_read(f, "image", &b, to_float ? &floats : NULL, out, bytes, &run, err)) die(err);
    end(&t);
    free(out);
  }
  printf("{\"what\":\"%s\",\"edge\":%d,\"threads\":%d,\"ms\":%.3f,\"cpu_ms\":%.3f}\n", to_float ? "box-float32" : "box",
         (int)edge, threads, median(t.wall, t.count), median(t.cpu, t.count));
}

static tome_codec codec_of(const char *name) {
  static const char *const names[] = {"deflate", "zstd", "lz4", "none"};
  for (int i = 0; i < 4; i++)
    if (strcmp(name, names[i]) == 0) return (tome_codec)i;
  fprintf(stderr, "store_bench: codec %s: deflate, zstd, lz4 and none there are\n", name);
  exit(2);
}

int main(int argc, char **argv) {
  tome_error err = {0};
  if (argc < 3) return fprintf(stderr, "usage: store_bench VOLUME.npy CASE.h5 [CODEC [LEVEL]]\n"), 2;
  const tome_chunking chunking = {argc > 3 ? codec_of(argv[3]) : TOME_CODEC_DEFLATE, argc > 4 ? atoi(argv[4]) : 0};
  tome_volume v = load(argv[1], &err);
  for (int threads = 1; threads <= 2; threads++) bench_write(argv[2], &v, &chunking, threads, &err);
  bench_open(argv[2], &err);
  tome_case_file *f = tome_case_file_open(argv[2], &err);
  if (!f) die(&err);
  for (int threads = 1; threads <= 2; threads++) {
    bench_whole(f, &v, threads, &err);
    for (int64_t edge = 96; edge <= 128; edge += 32) {
      bench_boxes(f, &v, edge, false, threads, &err);
      bench_boxes(f, &v, edge, true, threads, &err);
    }
  }
  tome_case_file_close(f);
  tome_volume_clear(&v);
  return 0;
}
