/* Checked allocation and arenas. */
#include "base/mem.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

size_t tome_alloc_limit(void) {
  const char *set = getenv("TOME_MAX_BYTES");
  if (set && *set) return (size_t)strtoull(set, NULL, 10);
  const long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
  const size_t most = (size_t)64 << 30;
  if (pages <= 0 || page <= 0) return most;
  const size_t physical = (size_t)pages * (size_t)page / 4 * 3;
  return physical < most ? physical : most;
}

/* No machine is too small for so many: nobody is asked how much memory there is, which takes longer than to get them. */
enum { SMALL = 4 << 20 };

static bool check_size(size_t count, size_t size, size_t *bytes, const char *what, tome_error *err) {
  if (__builtin_mul_overflow(count, size, bytes))
    return tome_fail(err, TOME_NO_MEMORY, "%s: %zu elements of %zu bytes do not fit in memory", what, count, size);
  const char *set = getenv("TOME_MAX_BYTES");
  if (*bytes <= SMALL && (!set || !*set)) return *bytes += *bytes == 0, true;
  if (*bytes > tome_alloc_limit())
    return tome_fail(err, TOME_NO_MEMORY,
                     "%s: needs %zu bytes, over the limit of %zu; set TOME_MAX_BYTES to allow more", what, *bytes,
                     tome_alloc_limit());
  if (*bytes == 0) *bytes = 1;
  return true;
}

void *tome_alloc(size_t count, size_t size, const char *what, tome_error *err) {
  size_t bytes;
  if (!check_size(count, size, &bytes, what, err)) return NULL;
  void *p = malloc(bytes);
  if (!p) tome_fail(err, TOME_NO_MEMORY, "%s: out of memory (%zu bytes)", what, bytes);
  return p;
}

void *tome_alloc_zero(size_t count, size_t size, const char *what, tome_error *err) {
  size_t bytes;
  if (!check_size(count, size, &bytes, what, err)) return NULL;
  void *p = calloc(1, bytes);
  if (!p) tome_fail(err, TOME_NO_MEMORY, "%s: out of memory (%zu bytes)", what, bytes);
  return p;
}

void tome_advise_large_pages(void *data, size_t bytes) {
  enum { LARGE = 2 << 20 };
  const size_t skip = (LARGE - (uintptr_t)data % LARGE) % LARGE;
  if (bytes >= skip + LARGE) (void)madvise((char *)data + skip, (bytes - skip) / LARGE * LARGE, MADV_HUGEPAGE);
}

/* The capacity to grow to: doubled, at least `want`. */
static size_t grown(size_t cap, size_t want) {
  size_t next = cap ? cap * 2 : 16;
  return next < want ? want : next;
}

bool tome_grow(void *array_ptr, size_t *cap, size_t want, size_t size, tome_error *err) {
  if (want <= *cap) return true;
  const size_t next = grown(*cap, want);
  size_t bytes;
  if (!check_size(next, size, &bytes, "list", err)) return false;
  void *old;
  memcpy(&old, array_ptr, sizeof old);
  void *p = realloc(old, bytes);
  if (!p) return tome_fail(err, TOME_NO_MEMORY, "list: out of memory (%zu bytes)", bytes);
  memcpy(array_ptr, &p, sizeof p);
  *cap = next;
  return true;
}

struct tome_arena_block {
  struct tome_arena_block *next;
  size_t used, size;
  alignas(16) unsigned char bytes[];
};

void *tome_arena_alloc(tome_arena *a, size_t size, tome_error *err) {
  const size_t need = (size + 15) & ~(size_t)15;
  struct tome_arena_block *b = a->head;
  if (!b || b->size - b->used < need) {
    const size_t room = need > 4096 ? need : 4096;
    b = tome_alloc(1, sizeof *b + room, "arena", err);
    if (!b) return NULL;
    b->next = a->head;
    b->used = 0;
    b->size = room;
    a->head = b;
  }
  void *p = b->bytes + b->used;
  b->used += need;
  memset(p, 0, size);
  return p;
}

char *tome_arena_dup(tome_arena *a, const char *s, tome_error *err) {
  const size_t n = s ? strlen(s) : 0;
  char *p = tome_arena_alloc(a, n + 1, err);
  if (p && n) memcpy(p, s, n);
  return p;
}

char *tome_arena_printf(tome_arena *a, tome_error *err, const char *fmt, ...) {
  va_list args;
  va_start(args, fmt);
  const int n = vsnprintf(NULL, 0, fmt, args);
  va_end(args);
  char *p = tome_arena_alloc(a, (size_t)(n < 0 ? 0 : n) + 1, err);
  if (!p) return NULL;
  va_start(args, fmt);
  vsnprintf(p, (size_t)(n < 0 ? 0 : n) + 1, fmt, args);
  va_end(args);
  return p;
}

void tome_arena_clear(tome_arena *a) {
  for (struct tome_arena_block *b = a->head, *next; b; b = next) {
    next = b->next;
    free(b);
  }
  a->head = NULL;
}

bool tome_arena_grow(tome_arena *a, void *array_ptr, size_t *cap, size_t want, size_t size, tome_error *err) {
  if (want <= *cap) return true;
  const size_t next = grown(*cap, want);
  size_t bytes;
  if (!check_size(next, size, &bytes, "list", err)) return false;
  void *p = tome_arena_alloc(a, bytes, err);
  if (!p) return false;
  void *old;
  memcpy(&old, array_ptr, sizeof old);
  if (*cap) memcpy(p, old, *cap * size);
  memcpy(array_ptr, &p, sizeof p);
  *cap = next;
  return true;
}

void tome_free_ptr(void *ptr_to_ptr) {
  void *p;
  memcpy(&p, ptr_to_ptr, sizeof p);
  free(p);
}
