/* patches_bench - patches a second by the C library, as a data loader takes them: drawn, then read by several threads into memory of their own.
 *
 *   patches_bench STORE SIZE PER_CASE THREADS SEED [STEP...]
 *
 * All cases of the store, foreground and background one to one. Prints one JSON line: patches, seconds to settle the positions, seconds to read, patches a second over
 * both. bench/peer_monai.py does the same by MONAI. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tome.h"

enum { MOST_VOLUMES = 16, MOST_THREADS = 64 };

typedef struct job {
  tome_patches *p;
  atomic_size_t next;
  atomic_bool failed;
} job;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int fail(const char *message) {
  fprintf(stderr, "patches_bench: %s\n", message);
  return 1;
}

static size_t volume_bytes(const tome_patch *t, const tome_patch_volume *v) {
  size_t n = tome_dtype_size(v->dtype);
  for (int a = 0; a < 3; a++) n *= (size_t)(t->box.hi[a] - t->box.lo[a]);
  return n;
}

static bool read_one(job *j, size_t i, void **out, size_t *room) {
  const tome_run one = {.threads = 1};
  const tome_patch *t = tome_patches_at(j->p, i);
  const tome_patch_volume *v;
  size_t bytes[MOST_VOLUMES], count = 0;
  tome_error err = {0};
  for (; count < MOST_VOLUMES && (v = tome_patches_volume(j->p, i, count)); count++) {
    bytes[count] = volume_bytes(t, v);
    if (bytes[count] <= room[count]) continue;
    free(out[count]);
    out[count] = malloc(room[count] = bytes[count]);
  }
  return tome_patches_read(j->p, i, out, bytes, count, &one, &err) || (fail(err.message), false);
}

static void *work(void *arg) {
  job *j = arg;
  void *out[MOST_VOLUMES] = {NULL};
  size_t room[MOST_VOLUMES] = {0};
  for (size_t i; (i = atomic_fetch_add(&j->next, 1)) < tome_patches_count(j->p);)
    if (!read_one(j, i, out, room)) atomic_store(&j->failed, true);
  for (int k = 0; k < MOST_VOLUMES; k++) free(out[k]);
  return NULL;
}

static bool read_all(job *j, int threads) {
  pthread_t thread[MOST_THREADS];
  int started = 0;
  while (started < threads && pthread_create(&thread[started], NULL, work, j) == 0) started++;
  for (int i = 0; i < started; i++) pthread_join(thread[i], NULL);
  return started == threads && !atomic_load(&j->failed);
}

int main(int argc, char **argv) {
  if (argc < 6) return fail("STORE SIZE PER_CASE THREADS SEED [STEP...]");
  tome_error err = {0};
  const int64_t n = atoll(argv[2]);
  const int threads = atoi(argv[4]) > MOST_THREADS ? MOST_THREADS : atoi(argv[4]);
  const tome_run run = {.threads = threads};
  tome_patch_options o = {.size = {n, n, n}, .per_case = atoll(argv[3]), .seed = strtoull(argv[5], NULL, 10)};
  o.recipe = (tome_recipe_text){.steps = (const char *const *)argv + 6, .step_count = (size_t)argc - 6};
  tome_store *store = tome_open(argv[1], &err);
  const double began = now();
  job j = {.p = store ? tome_patches_plan(store, NULL, 0, &o, &run, NULL, NULL, &err) : NULL};
  const double planned = now();
  if (!j.p) return fail(err.message);
  const bool ok = read_all(&j, threads);
  const double ended = now();
  const double count = (double)tome_patches_count(j.p);
  if (ok)
    printf("{\"patches\": %.0f, \"plan_s\": %.3f, \"read_s\": %.3f, \"patches_per_s\": %.1f}\n", count, planned - began,
           ended - planned, count / (ended - began));
  tome_patches_close(j.p);
  tome_close(store);
  return ok ? 0 : 1;
}
