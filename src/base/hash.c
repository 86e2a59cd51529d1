/* XXH3-128: the one place that includes xxhash. */
#include "base/hash.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/mem.h"

struct tome_hasher {
  XXH3_state_t *state;
};

static void hex(XXH128_hash_t h, char out[TOME_HASH_TEXT]) {
  snprintf(out, TOME_HASH_TEXT, "%016llx%016llx", (unsigned long long)h.high64, (unsigned long long)h.low64);
}

void tome_hash_bytes(const void *data, size_t size, char out[TOME_HASH_TEXT]) { hex(XXH3_128bits(data, size), out); }

tome_hasher *tome_hasher_new(tome_error *err) {
  tome_hasher *h = tome_alloc(1, sizeof *h, "hash", err);
  if (!h) return NULL;
  h->state = XXH3_createState();
  if (!h->state) {
    free(h);
    tome_fail(err, TOME_NO_MEMORY, "hash: out of memory");
    return NULL;
  }
  XXH3_128bits_reset(h->state);
  return h;
}

void tome_hasher_free(tome_hasher *h) {
  if (!h) return;
  XXH3_freeState(h->state);
  free(h);
}

void tome_hasher_add(tome_hasher *h, const void *data, size_t size) { XXH3_128bits_update(h->state, data, size); }

void tome_hasher_text(const tome_hasher *h, char out[TOME_HASH_TEXT]) { hex(XXH3_128bits_digest(h->state), out); }

static bool hash_fd(int fd, const char *path, tome_hasher *h, uint64_t *total, tome_error *err) {
  enum { STEP = 1 << 18 };
  TOME_AUTO_FREE uint8_t *buffer = tome_alloc(STEP, 1, "hash", err);
  if (!buffer) return false;
  for (;;) {
    const ssize_t n = read(fd, buffer, STEP);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return tome_fail_errno(err, "%s: cannot be read", path);
    if (n == 0) return true;
    tome_hasher_add(h, buffer, (size_t)n);
    *total += (uint64_t)n;
  }
}

bool tome_hash_file(const char *path, char out[TOME_HASH_TEXT], uint64_t *bytes, tome_error *err) {
  const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return tome_fail_errno(err, "%s: cannot be opened", path);
  tome_hasher *h = tome_hasher_new(err);
  uint64_t total = 0;
  const bool ok = h && hash_fd(fd, path, h, &total, err);
  if (ok) {
    tome_hasher_text(h, out);
    if (bytes) *bytes = total;
  }
  tome_hasher_free(h);
  close(fd);
  return ok;
}
