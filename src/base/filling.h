/* Memory that one thread fills from front to back while others already use what has come: a volume is being inflated from one file while it is being
 * packed into the next. */
#ifndef TOME_BASE_FILLING_H
#define TOME_BASE_FILLING_H

#include <pthread.h>

#include "base/threads.h"

/* Fills the memory, calling tome_filling_reach as it goes. */
typedef bool (*tome_filler)(void *ctx, tome_error *err);

typedef struct tome_filling {
  const tome_run *run; /* may be NULL */
  tome_filler fill;
  void *ctx;
  pthread_t thread;
  bool started, threaded;
  pthread_mutex_t lock; /* guards what follows */
  pthread_cond_t moved;
  size_t ready;         /* bytes from the front that are final */
  size_t used;          /* of them, those that nobody needs any more */
  char *memory;         /* whose used pages go back to the system; NULL: all stay */
  bool ended, given_up; /* the filler has returned; nobody wants the rest */
  tome_error why;       /* its failure; code 0: none */
} tome_filling;

/* Starts `fill` on a thread of its own (where the system gives none: here and now). Always to be ended. */
void tome_filling_start(tome_filling *f, tome_filler fill, void *ctx, const tome_run *run);
/* The filler's: the first `bytes` bytes will not change any more. False where it is to stop: the run was, or nobody wants the rest. NULL f: true. */
TOME_MUST_USE bool tome_filling_reach(tome_filling *f, size_t bytes, tome_error *err);
/* The users': waits until the first `bytes` bytes are there. False, with the filler's sentence, where it failed. NULL f: true, they are. */
TOME_MUST_USE bool tome_filling_wait(tome_filling *f, size_t bytes, tome_error *err);
/* The same until the filler has returned: only then is what stands behind the last byte (a checksum) seen to be right. */
TOME_MUST_USE bool tome_filling_whole(tome_filling *f, tome_error *err);
/* The user's, who reads `memory` once from front to back: pages behind tome_filling_used go back to the system (they read as zeros then), and the filler
 * waits where it is far ahead, so that a volume needs little memory, and the same little again and again. */
void tome_filling_consume(tome_filling *f, void *memory);
void tome_filling_used(tome_filling *f, size_t bytes);
/* Has the filler stop at its next call where it still runs, and waits for it. Fine on a zeroed or an ended one: the cleanup. */
void tome_filling_end(tome_filling *f);

/* Writes `size` bytes of such memory to `fd`, of which `name` is for messages, as they come; consumes them. */
TOME_MUST_USE bool tome_filling_write(tome_filling *f, int fd, const void *data, size_t size, const char *name,
                                      tome_error *err);

#endif
