/* Work on all cores: one loop over items, run by a few threads that live for the call. */
#ifndef TOME_BASE_THREADS_H
#define TOME_BASE_THREADS_H

#include "base/error.h"

/* run->threads, or the processors this process may use; at least 1. `run` may be NULL. */
int tome_threads(const tome_run *run);
/* True where the caller asked to stop. */
bool tome_stopped(const tome_run *run);
/* The failure that goes with it. */
bool tome_fail_cancelled(tome_error *err);

/* One item. `worker` is 0 … threads-1, for scratch memory of one's own. */
typedef bool (*tome_item_fn)(void *ctx, size_t item, int worker, tome_error *err);

/* Runs fn for items 0 … count-1, each once, in rising order of start, on up to `tome_threads(run)` threads (the caller's is one).
 * The first failure stops the rest and is the one returned (of several, that of the lowest item). Polls run->stop before each item.
 * Nothing outlives the call, so it is safe after fork(). */
TOME_MUST_USE bool tome_parallel(const tome_run *run, size_t count, tome_item_fn fn, void *ctx, tome_error *err);

/* Calls run->progress at most ten times a second (and always for the last, done == total). Not locked: call from one thread at a time. */
void tome_report(const tome_run *run, const tome_progress *now);

#endif
