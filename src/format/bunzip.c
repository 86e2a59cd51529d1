/* bzip2 streams, one after the other, read from some place of a file on: the one file that sees <bzlib.h>. */
#include <bzlib.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "format/stream.h"

enum { STEP = 1 << 16, MOST_AT_ONCE = 1 << 30 };

struct tome_bunzip {
  bz_stream z;
  char *path;
  int fd;
  bool open; /* a stream has begun and not ended */
  bool any, ended;
  uint64_t offset;
  char in[STEP];
};

tome_bunzip *tome_bunzip_open(const char *path, uint64_t offset, tome_error *err) {
  tome_bunzip *b = tome_alloc_zero(1, sizeof *b, path, err);
  if (!b) return NULL;
  b->fd = tome_open_regular(path, err);
  b->offset = offset;
  b->path = strdup(path);
  if (b->fd >= 0 && b->path) return b;
  if (b->fd >= 0) tome_fail(err, TOME_NO_MEMORY, "%s: out of memory", path);
  tome_bunzip_close(b);
  return NULL;
}

void tome_bunzip_close(tome_bunzip *b) {
  if (!b) return;
  if (b->open) BZ2_bzDecompressEnd(&b->z);
  if (b->fd >= 0) close(b->fd);
  free(b->path);
  free(b);
}

/* More input behind what is left of it. */
static bool refill(tome_bunzip *b, bool *more, tome_error *err) {
  if (b->z.avail_in) memmove(b->in, b->z.next_in, b->z.avail_in);
  b->z.next_in = b->in;
  for (;;) {
    const ssize_t n = pread(b->fd, b->in + b->z.avail_in, STEP - b->z.avail_in, (off_t)b->offset);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return tome_fail_errno(err, "%s: cannot be read", b->path);
    b->offset += (uint64_t)n;
    b->z.avail_in += (unsigned)n;
    *more = n > 0;
    return true;
  }
}

/* Between streams: the next one, or the end where there is none. */
static bool next_stream(tome_bunzip *b, tome_error *err) {
  bool more = true;
  while (b->z.avail_in < 4 && more)
    if (!refill(b, &more, err)) return false;
  if (b->z.avail_in < 4 || memcmp(b->z.next_in, "BZh", 3) != 0) {
    b->ended = true;
    return b->any || tome_fail(err, TOME_CORRUPT, "%s: its compressed data is not bzip2", b->path);
  }
  char *at = b->z.next_in;
  const unsigned left = b->z.avail_in;
  b->z = (bz_stream){0};
  if (BZ2_bzDecompressInit(&b->z, 0, 0) != BZ_OK) return tome_fail(err, TOME_NO_MEMORY, "%s: out of memory", b->path);
  b->z.next_in = at;
  b->z.avail_in = left;
  b->open = b->any = true;
  return true;
}

static bool step(tome_bunzip *b, tome_error *err) {
  bool more = true;
  if (!b->z.avail_in && !refill(b, &more, err)) return false;
  const unsigned in_before = b->z.avail_in, room_before = b->z.avail_out;
  const int r = BZ2_bzDecompress(&b->z);
  if (r == BZ_STREAM_END) {
    BZ2_bzDecompressEnd(&b->z);
    b->open = false;
    return true;
  }
  const bool moved = b->z.avail_in != in_before || b->z.avail_out != room_before;
  if (r == BZ_OK && (moved || more)) return true;
  if (r == BZ_OK) return tome_fail(err, TOME_CORRUPT, "%s: the bzip2 data is cut short; fetch the file again", b->path);
  return tome_fail(err, r == BZ_MEM_ERROR ? TOME_NO_MEMORY : TOME_CORRUPT,
                   "%s: the bzip2 data is damaged; fetch the file again", b->path);
}

bool tome_bunzip_read(tome_bunzip *b, void *out, size_t want, size_t *got, tome_error *err) {
  size_t done = 0;
  while (done < want && !b->ended) {
    if (!b->open) {
      if (!next_stream(b, err)) return false;
      continue;
    }
    const unsigned room = (unsigned)(want - done < MOST_AT_ONCE ? want - done : MOST_AT_ONCE);
    b->z.next_out = (char *)out + done;
    b->z.avail_out = room;
    if (!step(b, err)) return false;
    done += room - b->z.avail_out;
  }
  *got = done;
  return true;
}

bool tome_bunzip_whole(const void *in, size_t size, void *out, size_t most, size_t *got) {
  unsigned n = most < MOST_AT_ONCE ? (unsigned)most : MOST_AT_ONCE;
  if (size > MOST_AT_ONCE) return false;
  const bool ok = BZ2_bzBuffToBuffDecompress(out, &n, (char *)(uintptr_t)in, (unsigned)size, 0, 0) == BZ_OK;
  *got = ok ? n : 0;
  return ok;
}
