/* Errors keep the first failure; arenas and growing arrays keep what was put into them; sizes that overflow are refused. */
#include "base/error.h"

#include <errno.h>

#include "base/mem.h"
#include "test.h"

static void first_failure_wins(void) {
  tome_error e = {0};
  CHECK(!tome_fail(&e, TOME_CORRUPT, "slice %d", 7));
  CHECK(!tome_fail(&e, TOME_IO, "later"));
  CHECK(e.code == TOME_CORRUPT);
  CHECK_TEXT(e.message, "slice 7");
  CHECK(!tome_fail_prefix(&e, "case %s", "v-3"));
  CHECK_TEXT(e.message, "case v-3: slice 7");
  CHECK(!tome_fail(NULL, TOME_IO, "nobody listens"));
}

static void errno_is_told(void) {
  tome_error e = {0};
  errno = ENOSPC;
  CHECK(!tome_fail_errno(&e, "a.h5: cannot be written"));
  CHECK_TEXT(e.message, "a.h5: cannot be written: No space left on device");
  CHECK(e.code == TOME_IO);
}

static void long_messages_are_cut(void) {
  tome_error e = {0};
  char text[4000];
  memset(text, 'x', sizeof text - 1);
  text[sizeof text - 1] = '\0';
  tome_fail(&e, TOME_IO, "%s", text);
  tome_fail_prefix(&e, "%s", text);
  CHECK(strlen(e.message) < sizeof e.message);
}

static void sizes_are_checked(void) {
  tome_error e = {0};
  CHECK(!tome_alloc(SIZE_MAX / 2, 4, "v", &e));
  CHECK(e.code == TOME_NO_MEMORY);
  setenv("TOME_MAX_BYTES", "1000", 1);
  e = (tome_error){0};
  CHECK(!tome_alloc(1001, 1, "a.nii", &e));
  CHECK_HAS(e.message, "a.nii");
  CHECK_HAS(e.message, "TOME_MAX_BYTES");
  unsetenv("TOME_MAX_BYTES");
  void *p = tome_alloc(0, 8, "nothing", &e);
  CHECK(p != NULL);
  free(p);
}

static void arenas_keep_what_they_hold(void) {
  tome_arena a = {0};
  tome_error e = {0};
  char *kept[2000];
  int *list = NULL;
  size_t cap = 0;
  for (int i = 0; i < 2000; i++) {
    kept[i] = tome_arena_printf(&a, &e, "label_%d", i);
    CHECK(((uintptr_t)tome_arena_alloc(&a, 24, &e) & 15) == 0);
    CHECK(tome_arena_grow(&a, &list, &cap, (size_t)i + 1, sizeof *list, &e));
    list[i] = i;
  }
  bool same = true;
  for (int i = 0; i < 2000; i++) same = same && list[i] == i && atoi(kept[i] + 6) == i;
  CHECK(same);
  char *big = tome_arena_alloc(&a, 1 << 20, &e);
  CHECK(big && big[0] == 0 && big[(1 << 20) - 1] == 0);
  CHECK_TEXT(tome_arena_dup(&a, NULL, &e), "");
  tome_arena_clear(&a);
}

TEST_MAIN(first_failure_wins, errno_is_told, long_messages_are_cut, sizes_are_checked, arenas_keep_what_they_hold)
