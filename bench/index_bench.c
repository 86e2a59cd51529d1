/* How long questions to a large index take. Not a test: numbers depend on the machine.
 *   index_bench fill FILE N [KINDS]   N made-up cases (seconds, microseconds a case)
 *   index_bench ask FILE SQL          one question, nothing else: time the whole process
 *   index_bench foreground FILE [LABEL]
 * scripts may do:  perf stat -r 10 index_bench ask i.sqlite "SELECT id FROM cases WHERE tumor_ml > 30" */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "fixture.h"
#include "index/index.h"

static double seconds_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static bool put_one(tome_index *ix, uint32_t i, uint32_t kinds, tome_error *err) {
  uint32_t seed = i * 7919 + 1;
  char id[32], organ[32];
  snprintf(id, sizeof id, "volume-%u", i);
  snprintf(organ, sizeof organ, "organ_%c%c", 'a' + i % kinds / 26, 'a' + i % kinds % 26);
  const fixture_label labels[] = {{"segmentation", "liver", 1, 100, 400 + fixture_random(&seed) % 400},
                                  {"segmentation", "tumor", 2, 60, 1 + fixture_random(&seed) % 100},
                                  {"segmentation", organ, 3, 40, 50}};
  tome_record r TOME_CLEANUP(tome_record_clear) = {0};
  if (!fixture_case(&r, id, i + 1, labels, kinds ? 3 : 2, 3)) return false;
  r.labels[1].ml = pow(fixture_random(&seed) % 10000 / 10000.0, 8) * 60; /* most tumours are small */
  r.intensity.max = 1000 + fixture_random(&seed) % 3000;
  return tome_index_put(ix, &r, err);
}

static bool fill(const char *path, uint32_t n, uint32_t kinds, tome_error *err) {
  tome_index *ix = tome_index_open(path, true, err);
  if (!ix) return false;
  const double start = seconds_now();
  bool ok = true;
  for (uint32_t i = 0; ok && i < n; i++) {
    if (i % 10000 == 0) ok = (i == 0 || tome_index_commit(ix, err)) && tome_index_begin(ix, err);
    ok = ok && put_one(ix, i, kinds ? kinds : 1, err);
  }
  ok = ok && (n == 0 || tome_index_commit(ix, err));
  const double took = seconds_now() - start;
  if (ok) printf("%u cases in %.2f s: %.0f us a case\n", n, took, took / n * 1e6);
  tome_index_close(ix);
  return ok;
}

static bool count_row(void *user, size_t columns, const char *const *names, const tome_value *values) {
  (void)columns, (void)names;
  if (values) ++*(uint64_t *)user;
  return true;
}

static bool ask(const char *path, const char *sql, tome_error *err) {
  uint64_t rows = 0;
  const double start = seconds_now();
  if (!tome_index_query(path, sql, NULL, 0, 0, count_row, &rows, err)) return false;
  printf("%" PRIu64 " rows in %.2f ms\n", rows, (seconds_now() - start) * 1e3);
  return true;
}

static bool foreground(const char *path, const char *label, tome_error *err) {
  tome_arena arena TOME_CLEANUP(tome_arena_clear) = {0};
  tome_histogram sum;
  uint64_t cases;
  const double start = seconds_now();
  tome_index *ix = tome_index_open(path, false, err);
  const bool ok = ix && tome_index_foreground(ix, label, &arena, &sum, &cases, err);
  if (ok) printf("%" PRIu64 " cases, %zu bins in %.2f ms\n", cases, sum.bins, (seconds_now() - start) * 1e3);
  tome_index_close(ix);
  return ok;
}

int main(int argc, char **argv) {
  tome_error err = {0};
  bool ok = false;
  if (argc < 3) return 2;
  if (strcmp(argv[1], "fill") == 0 && argc > 3)
    ok = fill(argv[2], (uint32_t)atoi(argv[3]), argc > 4 ? (uint32_t)atoi(argv[4]) : 0, &err);
  else if (strcmp(argv[1], "ask") == 0 && argc > 3)
    ok = ask(argv[2], argv[3], &err);
  else if (strcmp(argv[1], "foreground") == 0)
    ok = foreground(argv[2], argc > 3 ? argv[3] : NULL, &err);
  if (!ok) fprintf(stderr, "%s\n", err.message);
  return ok ? 0 : 1;
}
