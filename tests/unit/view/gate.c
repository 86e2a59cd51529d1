/* The gate: however many come at once, no more bytes and rooms are out than there are, and all get their turn. */
#include "test.h"
#include "view/inside.h"

enum { THREADS = 12, TURNS = 200, BYTES = 1000, ROOMS = 3 };

static atomic_bool stopping;
static view_gate gate;
static atomic_int inside, most_inside, failed;
static atomic_long out, most_out;

static bool is_over(void *unused) {
  (void)unused;
  return atomic_load(&stopping);
}

static const tome_run run = {.stop = is_over};

static void more(atomic_long *most, long now) {
  for (long seen = atomic_load(most); now > seen && !atomic_compare_exchange_weak(most, &seen, now);) continue;
}

static void *visit(void *number) {
  const size_t bytes = 100 + 70 * (size_t)(uintptr_t)number;
  for (int i = 0; i < TURNS; i++) {
    tome_error err = {0};
    if (!view_gate_enter(&gate, bytes, &run, &err)) {
      atomic_fetch_add(&failed, 1);
      continue;
    }
    more(&most_out, atomic_fetch_add(&out, (long)bytes) + (long)bytes);
    const int now = atomic_fetch_add(&inside, 1) + 1;
    for (int seen = atomic_load(&most_inside); now > seen && !atomic_compare_exchange_weak(&most_inside, &seen, now);)
      continue;
    atomic_fetch_sub(&inside, 1);
    view_gate_computed(&gate);
    atomic_fetch_sub(&out, (long)bytes);
    view_gate_sent(&gate, bytes);
  }
  return NULL;
}

static void test_crowd(void) {
  pthread_t threads[THREADS];
  view_gate_init(&gate, BYTES, ROOMS);
  for (uintptr_t i = 0; i < THREADS; i++) CHECK(pthread_create(&threads[i], NULL, visit, (void *)i) == 0);
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  CHECK(atomic_load(&failed) == 0 && atomic_load(&most_inside) <= ROOMS && atomic_load(&most_out) <= BYTES);
  CHECK(gate.bytes == BYTES && gate.rooms == ROOMS); /* all given back */
  view_gate_clear(&gate);
}

static void *wait_in_vain(void *unused) {
  tome_error err = {0};
  CHECK(!view_gate_enter(&gate, BYTES, &run, &err) && err.code == TOME_NO_MEMORY);
  return unused;
}

/* A server that stops does not wait for those who wait. */
static void test_stop(void) {
  pthread_t thread;
  tome_error err = {0};
  view_gate_init(&gate, BYTES, ROOMS);
  CHECK(view_gate_enter(&gate, 1, &run, &err));
  CHECK(pthread_create(&thread, NULL, wait_in_vain, NULL) == 0);
  atomic_store(&stopping, true);
  pthread_join(thread, NULL);
  atomic_store(&stopping, false);
  view_gate_clear(&gate);
}

TEST_MAIN(test_crowd, test_stop)
