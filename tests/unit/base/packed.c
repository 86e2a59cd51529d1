/* Files compressed on all cores: one member or stream to zlib, with its checksum and length; the same bytes on one core as on all; a disk that is full is told,
 * and hangs nobody. */
#include "base/packed.h"

#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "test.h"

enum { N = 41 << 20, HEAD = 352 };
static uint8_t data[N], head[HEAD];

static void fill(void) {
  uint32_t x = 7;
  head[0] = 92;
  for (size_t i = 0; i < N; i++) {
    x = x * 1664525u + 1013904223u;
    data[i] = (uint8_t)(i % 2 ? (i >> 16 & 3) : i / 100000 % 3 ? x >> 27 : 0);
  }
}

/* The file's bytes; NULL and the error where it could not be written. */
static uint8_t *written(const tome_packing *p, size_t *size, tome_error *e) {
  const char *path = test_tmp("packed");
  const int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
  uint64_t said = 0;
  const bool ok = tome_write_packed(fd, path, p, &said, e);
  *size = (size_t)lseek(fd, 0, SEEK_END);
  CHECK(!ok || said == *size);
  uint8_t *bytes = malloc(*size + 1);
  CHECK(pread(fd, bytes, *size, 0) == (ssize_t)*size);
  close(fd);
  if (ok) return bytes;
  free(bytes);
  return NULL;
}

/* One stream, and nothing behind it. */
static bool holds(const uint8_t *packed, size_t size, const tome_packing *p) {
  const size_t all = p->head_size + p->size;
  uint8_t *out = malloc(all + 1);
  z_stream z = {
      .next_in = (Bytef *)(uintptr_t)packed, .avail_in = (uInt)size, .next_out = out, .avail_out = (uInt)all + 1};
  inflateInit2(&z, p->wrapping == TOME_WRAP_GZIP ? 31 : 15);
  bool ok = inflate(&z, Z_FINISH) == Z_STREAM_END && z.avail_in == 0 && z.total_out == all;
  ok = ok && (!p->head_size || !memcmp(out, p->head, p->head_size));
  ok = ok && (!p->size || !memcmp(out + p->head_size, p->data, p->size));
  inflateEnd(&z);
  free(out);
  return ok;
}

static void one_stream(void) {
  fill();
  static const size_t sizes[] = {0, 1, 3, 100, (2 << 20) - 1, 2 << 20, (2 << 20) + 1, N};
  for (size_t i = 0; i < TOME_COUNT(sizes); i++)
    for (int level = -1; level <= 12; level += sizes[i] > 100 ? 7 : 1)
      for (int way = 0; way < 4; way += sizes[i] == N ? 3 : 1) {
        const tome_packing p = {.wrapping = way & 1 ? TOME_WRAP_ZLIB : TOME_WRAP_GZIP,
                                .level = level,
                                .head = head,
                                .head_size = way & 2 ? HEAD : 0,
                                .data = data,
                                .size = sizes[i],
                                .element = 1u << i % 4};
        size_t size;
        tome_error e = {0};
        uint8_t *bytes = written(&p, &size, &e);
        CHECK(bytes && holds(bytes, size, &p));
        free(bytes);
      }
}

static void any_number_of_cores(void) {
  fill();
  const tome_packing p = {.level = 6, .head = head, .head_size = HEAD, .data = data, .size = N, .element = 2};
  size_t size, again;
  cpu_set_t all, one;
  uint8_t *bytes = written(&p, &size, NULL);
  sched_getaffinity(0, sizeof all, &all);
  CPU_ZERO(&one);
  for (size_t c = 0; c < CPU_SETSIZE && !CPU_COUNT(&one); c++)
    if (CPU_ISSET(c, &all)) CPU_SET(c, &one);
  sched_setaffinity(0, sizeof one, &one);
  uint8_t *alone = written(&p, &again, NULL);
  sched_setaffinity(0, sizeof all, &all);
  CHECK(bytes && alone && size == again && !memcmp(bytes, alone, size));
  free(bytes);
  free(alone);
}

static void full_disk(void) {
  const int fd = open("/dev/full", O_WRONLY);
  if (fd < 0) return;
  for (int level = 1; level <= 6; level += 5) {
    const tome_packing p = {.level = level, .head = head, .head_size = HEAD, .data = data, .size = N, .element = 2};
    tome_error e = {0};
    CHECK(!tome_write_packed(fd, "full.gz", &p, NULL, &e));
    CHECK_HAS(e.message, "full.gz");
  }
  close(fd);
}

TEST_MAIN(one_stream, any_number_of_cores, full_disk)
