/* Memory: checked allocation, arenas for what lives and dies together, automatic cleanup. */
#ifndef TOME_BASE_MEM_H
#define TOME_BASE_MEM_H

#include "base/error.h"

/* One allocation may not exceed this many bytes, whatever a file's header says. Set by TOME_MAX_BYTES in the environment,
 * else 64 GiB or three quarters of the machine's memory, whichever is less. */
size_t tome_alloc_limit(void);

/* count*size bytes, not cleared; NULL with TOME_NO_MEMORY where that overflows, is over the limit, or is refused.
 * count*size 0 gives a valid pointer. `what` names the thing in the message ("volume-3: voxels"). Free with free(). */
TOME_MUST_USE void *tome_alloc(size_t count, size_t size, const char *what, tome_error *err);
/* The same, cleared. */
TOME_MUST_USE void *tome_alloc_zero(size_t count, size_t size, const char *what, tome_error *err);

/* Asks for large pages for memory that is touched once from end to end, which else spends half of the time in page faults. Advice only. */
void tome_advise_large_pages(void *data, size_t bytes);

/* Grows *array (of `size`-byte elements, *cap of them) to hold at least `want`; doubles. */
TOME_MUST_USE bool tome_grow(void *array_ptr, size_t *cap, size_t want, size_t size, tome_error *err);

/* An arena: many small things freed at once. Zero-initialise; strings in records and pieces live in one. */
typedef struct tome_arena {
  struct tome_arena_block *head;
} tome_arena;
TOME_MUST_USE void *tome_arena_alloc(tome_arena *a, size_t size, tome_error *err); /* cleared, 16-aligned */
TOME_MUST_USE char *tome_arena_dup(tome_arena *a, const char *s, tome_error *err); /* NULL s gives "" */
TOME_MUST_USE char *tome_arena_printf(tome_arena *a, tome_error *err, const char *fmt, ...) TOME_PRINTF(3, 4);
void tome_arena_clear(tome_arena *a);

/* Grows an array that lives in an arena (the old copy stays until the arena goes). *array_ptr, *cap as tome_grow. */
TOME_MUST_USE bool tome_arena_grow(tome_arena *a, void *array_ptr, size_t *cap, size_t want, size_t size,
                                   tome_error *err);

/* `TOME_AUTO_FREE char *s = …;` frees at the end of the scope. For other types: TOME_CLEANUP(fn), fn taking a pointer to the variable. */
void tome_free_ptr(void *ptr_to_ptr);
#define TOME_CLEANUP(fn) __attribute__((cleanup(fn)))
#define TOME_AUTO_FREE TOME_CLEANUP(tome_free_ptr)

#define TOME_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
