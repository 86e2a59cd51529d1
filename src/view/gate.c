/* gate.c - how much is computed and held in memory at a time, all requests together. */
#include <time.h>

#include "view/inside.h"

enum { PATIENCE = 20 }; /* seconds */

double view_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

void view_timed_condition(pthread_cond_t *c) {
  pthread_condattr_t attributes;
  pthread_condattr_init(&attributes);
  pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
  pthread_cond_init(c, &attributes);
  pthread_condattr_destroy(&attributes);
}

bool view_wait(pthread_cond_t *c, pthread_mutex_t *m, double *since, double seconds) {
  const double now = view_now();
  if (!(*since > 0)) *since = now;
  if (now - *since >= seconds) return false;
  struct timespec until;
  clock_gettime(CLOCK_MONOTONIC, &until);
  until.tv_nsec += 200000000; /* looks up now and then: who waits may be wanted no more */
  if (until.tv_nsec >= 1000000000) {
    until.tv_nsec -= 1000000000;
    until.tv_sec++;
  }
  pthread_cond_timedwait(c, m, &until);
  return true;
}

void view_gate_init(view_gate *g, size_t bytes, int rooms) {
  pthread_mutex_init(&g->lock, NULL);
  view_timed_condition(&g->moved);
  g->bytes = bytes;
  g->rooms = rooms;
}

void view_gate_clear(view_gate *g) {
  pthread_cond_destroy(&g->moved);
  pthread_mutex_destroy(&g->lock);
}

bool view_gate_enter(view_gate *g, size_t bytes, const tome_run *run, tome_error *err) {
  double since = 0;
  pthread_mutex_lock(&g->lock);
  bool ok = true;
  while (ok && (g->rooms == 0 || g->bytes < bytes))
    ok = !run->stop(run->user) && view_wait(&g->moved, &g->lock, &since, PATIENCE);
  if (ok) {
    g->rooms--;
    g->bytes -= bytes;
  }
  pthread_mutex_unlock(&g->lock);
  return ok || view_fail(err, TOME_NO_MEMORY, "the server is busy with other requests; ask again");
}

void view_gate_computed(view_gate *g) {
  pthread_mutex_lock(&g->lock);
  g->rooms++;
  pthread_cond_broadcast(&g->moved);
  pthread_mutex_unlock(&g->lock);
}

void view_gate_sent(view_gate *g, size_t bytes) {
  if (!bytes) return;
  pthread_mutex_lock(&g->lock);
  g->bytes += bytes;
  pthread_cond_broadcast(&g->moved);
  pthread_mutex_unlock(&g->lock);
}
