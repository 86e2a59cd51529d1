/* Reading gzip files as a stream, through ISA-L: as fast as libdeflate, which can only inflate whole files into whole buffers. A volume of a .nii.gz is
 * then in memory once, without its compressed twin beside it, and a header costs no more than itself. */
#include <errno.h>
#include <fcntl.h>
#include <isa-l/igzip_lib.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/gzip.h"

enum { STEP = 1 << 18, MOST_AT_ONCE = 1 << 30 };

struct tome_gunzip {
  struct inflate_state state;
  char *path;
  int fd;
  bool in_member; /* a member has begun and not ended */
  bool ended;     /* nothing but padding is left */
  bool any;       /* at least one member was there */
  tome_wrap wrap;
  uint8_t in[STEP];
};

bool tome_is_gzip(const void *data, size_t size) {
  const uint8_t *p = data;
  return size >= 18 && p[0] == 0x1f && p[1] == 0x8b && p[2] == 8;
}

tome_gunzip *tome_gunzip_open(const char *path, tome_error *err) {
  return tome_gunzip_open_at(path, 0, TOME_WRAP_GZIP, err);
}

tome_gunzip *tome_gunzip_open_at(const char *path, uint64_t offset, tome_wrap wrap, tome_error *err) {
  tome_gunzip *g = tome_alloc(1, sizeof *g, path, err);
  if (!g) return NULL;
  isal_inflate_init(&g->state);
  g->in_member = g->ended = g->any = false;
  g->wrap = wrap;
  g->path = strdup(path);
  g->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  struct stat st;
  if (!g->path || g->fd < 0)
    tome_fail_errno(err, "%s: cannot be opened", path);
  else if (fstat(g->fd, &st) != 0 || !S_ISREG(st.st_mode))
    tome_fail(err, TOME_IO, "%s: is not a regular file", path);
  else if (offset > INT64_MAX || lseek(g->fd, (off_t)offset, SEEK_SET) < 0)
    tome_fail_errno(err, "%s: has no byte %llu", path, (unsigned long long)offset);
  else
    return g;
  tome_gunzip_close(g);
  return NULL;
}

void tome_gunzip_close(tome_gunzip *g) {
  if (!g) return;
  if (g->fd >= 0) close(g->fd);
  free(g->path);
  free(g);
}

/* Moves what is left of the input to the front and reads more behind it. *more: something came. */
static bool refill(tome_gunzip *g, bool *more, tome_error *err) {
  struct inflate_state *s = &g->state;
  if (s->avail_in) memmove(g->in, s->next_in, s->avail_in);
  s->next_in = g->in;
  for (;;) {
    const ssize_t n = read(g->fd, g->in + s->avail_in, STEP - s->avail_in);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return tome_fail_errno(err, "%s: cannot be read", g->path);
    s->avail_in += (uint32_t)n;
    *more = n > 0;
    return true;
  }
}

/* A member begins with the bytes in hand. `check`: the wrapping, whose checksum is verified at the end. */
static void begin(tome_gunzip *g, uint32_t check) {
  struct inflate_state *s = &g->state;
  const uint32_t left = s->avail_in;
  uint8_t *at = s->next_in;
  isal_inflate_init(s);
  s->crc_flag = check;
  s->next_in = at;
  s->avail_in = left;
  g->in_member = g->any = true;
}

/* A zlib stream, or a bare one, is one: what follows it is somebody else's. */
static bool begin_single(tome_gunzip *g, tome_error *err) {
  const struct inflate_state *s = &g->state;
  if (g->any) {
    g->ended = true;
    return true;
  }
  const uint8_t *p = s->next_in;
  if (g->wrap == TOME_WRAP_NONE) {
    begin(g, ISAL_DEFLATE);
    return true;
  }
  if (s->avail_in < 2 || (p[0] & 15) != 8 || (p[0] << 8 | p[1]) % 31 != 0)
    return tome_fail(err, TOME_CORRUPT, "%s: its compressed data is no zlib stream", g->path);
  begin(g, ISAL_ZLIB);
  return true;
}

/* At a member's end: begins the next one, or sees that the file is over. Zeros behind the last member are padding (tapes, some writers). */
static bool next_member(tome_gunzip *g, tome_error *err) {
  struct inflate_state *s = &g->state;
  bool more = true;
  while (s->avail_in < 18 && more)
    if (!refill(g, &more, err)) return false;
  if (g->wrap != TOME_WRAP_GZIP) return begin_single(g, err);
  if (tome_is_gzip(s->next_in, s->avail_in)) {
    begin(g, ISAL_GZIP);
    return true;
  }
  for (more = true; more || s->avail_in;) {
    for (uint32_t i = 0; i < s->avail_in; i++)
      if (s->next_in[i] || !g->any)
        return tome_fail(err, TOME_CORRUPT, "%s: bytes behind the gzip data are not gzip", g->path);
    s->avail_in = 0;
    if (!refill(g, &more, err)) return false;
  }
  g->ended = true;
  return g->any || tome_fail(err, TOME_CORRUPT, "%s: is not gzip data", g->path);
}

static const char *kind(const tome_gunzip *g) { return g->wrap == TOME_WRAP_GZIP ? "gzip" : "compressed"; }

/* One call of the library: as much as input and room allow. */
static bool step(tome_gunzip *g, tome_error *err) {
  struct inflate_state *s = &g->state;
  bool more = true;
  if (!s->avail_in && !refill(g, &more, err)) return false;
  const uint32_t in_before = s->avail_in, room_before = s->avail_out;
  const int r = isal_inflate(s);
  const bool moved = s->avail_in != in_before || s->avail_out != room_before;
  if (r == ISAL_DECOMP_OK && s->block_state == ISAL_BLOCK_FINISH) {
    g->in_member = false;
    return true;
  }
  if (r == ISAL_DECOMP_OK && (moved || more)) return true;
  if (r == ISAL_DECOMP_OK || r == ISAL_END_INPUT)
    return tome_fail(err, TOME_CORRUPT, "%s: the %s data is cut short; fetch the file again", g->path, kind(g));
  return tome_fail(err, TOME_CORRUPT, "%s: the %s data is damaged; fetch the file again", g->path, kind(g));
}

bool tome_gunzip_read(tome_gunzip *g, void *out, size_t want, size_t *got, tome_error *err) {
  size_t done = 0;
  while (done < want && !g->ended) {
    if (!g->in_member) {
      if (!next_member(g, err)) return false;
      continue;
    }
    const uint32_t room = (uint32_t)(want - done < MOST_AT_ONCE ? want - done : MOST_AT_ONCE);
    g->state.next_out = (uint8_t *)out + done;
    g->state.avail_out = room;
    if (!step(g, err)) return false;
    done += room - g->state.avail_out;
  }
  *got = done;
  return true;
}

bool tome_gunzip_skip(tome_gunzip *g, uint64_t bytes, uint64_t *skipped, tome_error *err) {
  TOME_AUTO_FREE uint8_t *scrap = tome_alloc(STEP, 1, g->path, err);
  uint64_t done = 0;
  if (!scrap) return false;
  while (done < bytes) {
    size_t got;
    if (!tome_gunzip_read(g, scrap, bytes - done < STEP ? (size_t)(bytes - done) : STEP, &got, err)) return false;
    if (!got) break;
    done += got;
  }
  *skipped = done;
  return true;
}
