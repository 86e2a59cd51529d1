/* A watermark under a lock: the filler raises it, the users wait for it, and either side may end it. */
#include "base/filling.h"

#include <sys/mman.h>

#include "base/file.h"

static const size_t ahead = (size_t)32 << 20, page = (size_t)2 << 20; /* large pages are given back whole */

static void *work(void *arg) {
  tome_filling *f = arg;
  tome_error why = {0};
  const bool ok = f->fill(f->ctx, &why);
  if (!ok && !why.code) why.code = TOME_IO;
  pthread_mutex_lock(&f->lock);
  if (!ok) f->why = why;
  f->ended = true;
  pthread_cond_broadcast(&f->moved);
  pthread_mutex_unlock(&f->lock);
  return NULL;
}

void tome_filling_start(tome_filling *f, tome_filler fill, void *ctx, const tome_run *run) {
  *f = (tome_filling){.run = run,
                      .fill = fill,
                      .ctx = ctx,
                      .started = true,
                      .lock = PTHREAD_MUTEX_INITIALIZER,
                      .moved = PTHREAD_COND_INITIALIZER};
  f->threaded = pthread_create(&f->thread, NULL, work, f) == 0;
  if (!f->threaded) work(f);
}

bool tome_filling_reach(tome_filling *f, size_t bytes, tome_error *err) {
  if (!f) return true;
  const bool stopped = tome_stopped(f->run);
  pthread_mutex_lock(&f->lock);
  if (bytes > f->ready) {
    f->ready = bytes;
    pthread_cond_broadcast(&f->moved);
  }
  while (!stopped && !f->given_up && f->memory && f->ready > f->used + ahead) pthread_cond_wait(&f->moved, &f->lock);
  const bool go = !stopped && !f->given_up;
  pthread_mutex_unlock(&f->lock);
  return go || tome_fail_cancelled(err);
}

/* Waits for so many bytes, or for the filler's end where that is asked for. An ended filler that did not fail has filled all. */
static bool wait_for(tome_filling *f, size_t bytes, bool end, tome_error *err) {
  if (!f) return true;
  pthread_mutex_lock(&f->lock);
  while (!f->ended && (end || f->ready < bytes)) pthread_cond_wait(&f->moved, &f->lock);
  const tome_error why = f->why;
  pthread_mutex_unlock(&f->lock);
  return !why.code || tome_fail(err, why.code, "%s", why.message);
}

bool tome_filling_wait(tome_filling *f, size_t bytes, tome_error *err) { return wait_for(f, bytes, false, err); }

bool tome_filling_whole(tome_filling *f, tome_error *err) { return wait_for(f, 0, true, err); }

void tome_filling_consume(tome_filling *f, void *memory) {
  if (!f || !f->threaded) return;
  pthread_mutex_lock(&f->lock);
  f->memory = memory;
  pthread_mutex_unlock(&f->lock);
}

/* Where the large page begins that holds this byte: what lies before it may go. */
static uintptr_t page_of(const tome_filling *f, size_t bytes) { return ((uintptr_t)f->memory + bytes) / page * page; }

void tome_filling_used(tome_filling *f, size_t bytes) {
  if (!f) return;
  pthread_mutex_lock(&f->lock);
  if (f->memory && bytes > f->used) {
    const uintptr_t first = f->used ? page_of(f, f->used) : (page_of(f, 0) + page), end = page_of(f, bytes);
    if (end > first) (void)madvise((void *)first, end - first, MADV_DONTNEED);
    f->used = bytes;
    pthread_cond_broadcast(&f->moved);
  }
  pthread_mutex_unlock(&f->lock);
}

void tome_filling_end(tome_filling *f) {
  if (!f->started) return;
  pthread_mutex_lock(&f->lock);
  f->given_up = true;
  pthread_cond_broadcast(&f->moved);
  pthread_mutex_unlock(&f->lock);
  if (f->threaded) pthread_join(f->thread, NULL);
  pthread_cond_destroy(&f->moved);
  pthread_mutex_destroy(&f->lock);
  f->started = false;
}

bool tome_filling_write(tome_filling *f, int fd, const void *data, size_t size, const char *name, tome_error *err) {
  enum { STEP = 4 << 20 };
  if (!f) return tome_write_all(fd, data, size, name, err);
  tome_filling_consume(f, (void *)(uintptr_t)data);
  for (size_t at = 0; at < size;) {
    const size_t n = size - at < STEP ? size - at : STEP;
    if (!tome_filling_wait(f, at + n, err) || !tome_write_all(fd, (const char *)data + at, n, name, err)) return false;
    at += n;
    tome_filling_used(f, at);
  }
  return true;
}
