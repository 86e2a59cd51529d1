/* Work on all cores. Threads live for one call: about 20 us each to start, which no work here notices, and no pool
 * means no state to lose in a fork. */
#include "base/threads.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <time.h>

enum { MOST_THREADS = 64 };

int tome_threads(const tome_run *run) {
  int n = run ? run->threads : 0;
  if (n <= 0) {
    cpu_set_t set;
    n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
  }
  return n < 1 ? 1 : n > MOST_THREADS ? MOST_THREADS : n;
}

bool tome_stopped(const tome_run *run) { return run && run->stop && run->stop(run->user); }

bool tome_fail_cancelled(tome_error *err) { return tome_fail(err, TOME_CANCELLED, "stopped on request"); }

typedef struct loop {
  const tome_run *run;
  size_t count;
  tome_item_fn fn;
  void *ctx;
  atomic_size_t next;
  atomic_bool failed;
  pthread_mutex_t lock; /* guards the two below */
  size_t failed_item;
  tome_error first;
} loop;

typedef struct worker {
  loop *loop;
  int number;
  pthread_t thread;
} worker;

static void note_failure(loop *l, size_t item, const tome_error *e) {
  pthread_mutex_lock(&l->lock);
  if (!atomic_load(&l->failed) || item < l->failed_item) {
    l->failed_item = item;
    l->first = *e;
  }
  atomic_store(&l->failed, true);
  pthread_mutex_unlock(&l->lock);
}

static void *work(void *arg) {
  const worker *w = arg;
  loop *l = w->loop;
  while (!atomic_load_explicit(&l->failed, memory_order_relaxed)) {
    const size_t item = atomic_fetch_add(&l->next, 1);
    if (item >= l->count) break;
    tome_error e = {0};
    const bool ok = tome_stopped(l->run) ? tome_fail_cancelled(&e) : l->fn(l->ctx, item, w->number, &e);
    if (!ok) note_failure(l, item, &e);
  }
  return NULL;
}

bool tome_parallel(const tome_run *run, size_t count, tome_item_fn fn, void *ctx, tome_error *err) {
  loop l = {.run = run, .count = count, .fn = fn, .ctx = ctx, .lock = PTHREAD_MUTEX_INITIALIZER};
  worker workers[MOST_THREADS];
  int n = tome_threads(run);
  if ((size_t)n > count) n = (int)count;
  int started = 1;
  workers[0] = (worker){&l, 0, pthread_self()};
  while (started < n) { /* fewer threads than asked for is slower, not wrong */
    workers[started] = (worker){.loop = &l, .number = started};
    if (pthread_create(&workers[started].thread, NULL, work, &workers[started]) != 0) break;
    started++;
  }
  work(&workers[0]);
  for (int i = 1; i < started; i++) pthread_join(workers[i].thread, NULL);
  pthread_mutex_destroy(&l.lock);
  if (!atomic_load(&l.failed)) return true;
  return tome_fail(err, l.first.code ? l.first.code : TOME_IO, "%s", l.first.message);
}

void tome_report(const tome_run *run, const tome_progress *now) {
  if (!run || !run->progress) return;
  static _Thread_local struct timespec last;
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  const double since = (double)(t.tv_sec - last.tv_sec) + (double)(t.tv_nsec - last.tv_nsec) * 1e-9;
  const bool final = now->items_total && now->items_done == now->items_total;
  if (since < 0.1 && !final) return;
  last = t;
  run->progress(run->user, now);
}
