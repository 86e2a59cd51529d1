/* The loop runs every item once on any number of threads; the first failure and a stop end it; progress is calm. */
#include "base/threads.h"

#include <stdatomic.h>

#include "test.h"

static atomic_int seen[1000];
static atomic_int workers_out_of_range;

static bool count(void *ctx, size_t item, int worker, tome_error *err) {
  (void)err;
  atomic_fetch_add(&seen[item], 1);
  if (worker < 0 || worker >= *(const int *)ctx) atomic_fetch_add(&workers_out_of_range, 1);
  return true;
}

static void every_item_once(void) {
  for (int threads = 1; threads <= 9; threads++) {
    const tome_run run = {.threads = threads};
    tome_error e = {0};
    for (int i = 0; i < 1000; i++) seen[i] = 0;
    CHECK(tome_parallel(&run, 1000, count, (void *)&threads, &e));
    int wrong = 0;
    for (int i = 0; i < 1000; i++) wrong += seen[i] != 1;
    CHECK(wrong == 0);
  }
  CHECK(workers_out_of_range == 0);
  CHECK(tome_parallel(NULL, 0, count, NULL, NULL));
}

static bool fail_some(void *ctx, size_t item, int worker, tome_error *err) {
  (void)ctx;
  (void)worker;
  return item < 17 ? true : tome_fail(err, TOME_VALUE, "item %zu", item);
}

static void lowest_failure_is_told(void) {
  const tome_run run = {.threads = 1};
  tome_error e = {0};
  CHECK(!tome_parallel(&run, 100, fail_some, NULL, &e));
  CHECK_TEXT(e.message, "item 17");
  CHECK(e.code == TOME_VALUE);
}

static bool stop_at_once(void *user) {
  (void)user;
  return true;
}

static void stops(void) {
  const tome_run run = {.threads = 4, .stop = stop_at_once};
  tome_error e = {0};
  int threads = 4;
  CHECK(!tome_parallel(&run, 1000, count, &threads, &e));
  CHECK(e.code == TOME_CANCELLED);
}

static void reported(void *user, const tome_progress *now) {
  (void)now;
  ++*(int *)user;
}

static void progress_is_calm(void) {
  int calls = 0;
  const tome_run run = {.progress = reported, .user = &calls};
  for (uint64_t i = 0; i <= 100000; i++)
    tome_report(&run, &(tome_progress){.phase = "x", .item = "", .items_done = i, .items_total = 100000});
  CHECK(calls >= 1 && calls < 20);
}

TEST_MAIN(every_item_once, lowest_failure_is_told, stops, progress_is_calm)
