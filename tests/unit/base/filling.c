/* Memory that is used while it is being filled: users see final bytes only, a failure on either side ends both, and what is packed on the way is the same to
 * the byte as what is packed afterwards. */
#include "base/filling.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#include "base/packed.h"
#include "test.h"

enum { SIZE = 21 << 20, STEP = 300001, HEAD = 352 };
static uint8_t source[SIZE], filled[SIZE], head[HEAD];

typedef struct slow {
  tome_filling *f;
  size_t fails_at; /* 0: never */
  bool told;       /* fails without a word */
  atomic_size_t done;
} slow;

static void pause_a_little(void) {
  const struct timespec t = {.tv_nsec = 200000};
  nanosleep(&t, NULL);
}

static bool fill(void *ctx, tome_error *err) {
  slow *s = ctx;
  for (size_t at = 0; at < SIZE;) {
    const size_t n = SIZE - at < STEP ? SIZE - at : STEP;
    if (s->fails_at && at >= s->fails_at) return s->told ? tome_fail(err, TOME_CORRUPT, "in.gz: is damaged") : false;
    memcpy(filled + at, source + at, n);
    at += n;
    atomic_store(&s->done, at);
    if (!tome_filling_reach(s->f, at, err)) return false;
    if (at / STEP % 8 == 0) pause_a_little();
  }
  return true;
}

static void prepare(void) {
  uint32_t x = 7;
  for (size_t i = 0; i < SIZE; i++) {
    x = x * 1664525u + 1013904223u;
    source[i] = (uint8_t)(i % 2 ? (i >> 16 & 3) : i / 100000 % 3 ? x >> 27 : 0);
  }
  memset(filled, 0xee, SIZE);
}

static void bytes_are_final(void) {
  prepare();
  tome_filling f;
  slow s = {.f = &f};
  tome_filling_start(&f, fill, &s, NULL);
  for (size_t at = 1; at < SIZE; at += SIZE / 37) {
    CHECK(tome_filling_wait(&f, at, NULL));
    CHECK(!memcmp(filled, source, at));
  }
  CHECK(tome_filling_whole(&f, NULL));
  CHECK(!memcmp(filled, source, SIZE));
  tome_filling_end(&f);
  tome_filling_end(&f);
  CHECK(tome_filling_wait(NULL, 5, NULL) && tome_filling_reach(NULL, 5, NULL) && tome_filling_whole(NULL, NULL));
}

static void filler_fails(void) {
  prepare();
  for (int told = 0; told < 2; told++) {
    tome_filling f;
    slow s = {.f = &f, .fails_at = SIZE / 2, .told = told};
    tome_error e = {0}, again = {0};
    tome_filling_start(&f, fill, &s, NULL);
    CHECK(tome_filling_wait(&f, 1000, NULL) || s.done >= SIZE / 2);
    CHECK(!tome_filling_wait(&f, SIZE, &e));
    CHECK(e.code == (told ? TOME_CORRUPT : TOME_IO));
    if (told) CHECK_TEXT(e.message, "in.gz: is damaged");
    CHECK(!tome_filling_whole(&f, &again) && again.code == e.code);
    tome_filling_end(&f);
  }
}

static void users_give_up(void) {
  prepare();
  tome_filling f;
  slow s = {.f = &f};
  tome_filling_start(&f, fill, &s, NULL);
  CHECK(tome_filling_wait(&f, 1, NULL));
  tome_filling_end(&f);
  const size_t done = s.done;
  CHECK(done > 0 && done < SIZE); /* with its pauses it takes far longer than this did */
  pause_a_little();
  CHECK(s.done == done);
}

static atomic_int asked;
static bool stop_after_some(void *user) {
  (void)user;
  return atomic_fetch_add(&asked, 1) > 9;
}

static void the_run_is_stopped(void) {
  prepare();
  const tome_run run = {.stop = stop_after_some};
  tome_filling f;
  slow s = {.f = &f};
  tome_error e = {0};
  tome_filling_start(&f, fill, &s, &run);
  CHECK(!tome_filling_wait(&f, SIZE, &e) && e.code == TOME_CANCELLED);
  tome_filling_end(&f);
  CHECK(s.done < SIZE);
}

/* The bytes of the file written; 0 where that failed. */
static size_t pack(const tome_packing *p, int fd, uint8_t *out, tome_error *err) {
  if (ftruncate(fd, 0) != 0 || lseek(fd, 0, SEEK_SET) != 0 || !tome_write_packed(fd, "x.gz", p, NULL, err)) return 0;
  const size_t n = (size_t)lseek(fd, 0, SEEK_END);
  return pread(fd, out, n, 0) == (ssize_t)n ? n : 0;
}

static void packed_on_the_way(void) {
  prepare();
  const int fd = open(test_tmp("filling"), O_RDWR | O_CREAT | O_TRUNC, 0600);
  uint8_t *whole = malloc(SIZE + SIZE / 8), *flowing = malloc(SIZE + SIZE / 8);
  for (int level = 1; level <= 6; level += 5)
    for (size_t heads = 0; heads <= HEAD; heads += HEAD)
      for (size_t less = 0; less <= (5 << 20) + 1; less += (5 << 20) + 1) {
        tome_packing p = {
            .level = level, .head = head, .head_size = heads, .data = source, .size = SIZE - less, .element = 2};
        const size_t n = pack(&p, fd, whole, NULL);
        memset(filled, 0xee, SIZE);
        tome_filling f;
        slow s = {.f = &f};
        p.data = filled;
        p.filling = &f;
        tome_filling_start(&f, fill, &s, NULL);
        const size_t m = pack(&p, fd, flowing, NULL);
        tome_filling_end(&f);
        CHECK(n > 0 && n == m && !memcmp(whole, flowing, n));
      }
  free(whole);
  free(flowing);
  close(fd);
}

static void packing_hears_of_failure(void) {
  prepare();
  const int fd = open(test_tmp("filling-bad"), O_RDWR | O_CREAT | O_TRUNC, 0600), full = open("/dev/full", O_WRONLY);
  uint8_t *room = malloc(SIZE + SIZE / 8);
  tome_filling f;
  slow s = {.f = &f, .fails_at = SIZE - STEP, .told = true};
  const tome_packing p = {.level = 1, .data = filled, .size = SIZE, .element = 2, .filling = &f};
  tome_error e = {0}, no_room = {0};
  tome_filling_start(&f, fill, &s, NULL);
  CHECK(!pack(&p, fd, room, &e) && e.code == TOME_CORRUPT);
  CHECK_TEXT(e.message, "in.gz: is damaged");
  tome_filling_end(&f);
  s.fails_at = 0;
  tome_filling_start(&f, fill, &s, NULL);
  CHECK(full < 0 || !tome_write_packed(full, "full.gz", &p, NULL, &no_room));
  if (full >= 0) CHECK_HAS(no_room.message, "full.gz");
  tome_filling_end(&f); /* the filler ends, whoever failed */
  free(room);
  close(fd);
  if (full >= 0) close(full);
}

static void plain_on_the_way(void) {
  prepare();
  const int fd = open(test_tmp("filling-raw"), O_RDWR | O_CREAT | O_TRUNC, 0600);
  uint8_t *back = malloc(SIZE);
  tome_filling f;
  slow s = {.f = &f};
  tome_filling_start(&f, fill, &s, NULL);
  CHECK(tome_filling_write(&f, fd, filled, SIZE, "x.raw", NULL));
  tome_filling_end(&f);
  CHECK(pread(fd, back, SIZE, 0) == SIZE && lseek(fd, 0, SEEK_END) == SIZE && !memcmp(back, source, SIZE));
  free(back);
  close(fd);
}

TEST_MAIN(bytes_are_final, filler_fails, users_give_up, the_run_is_stopped, packed_on_the_way, packing_hears_of_failure,
          plain_on_the_way)
