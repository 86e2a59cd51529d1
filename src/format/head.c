/* First bytes, exact reads and the small questions that every format asks of a file. */
#include "format/head.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/gzip.h"

static void close_gunzip(tome_gunzip **g) { tome_gunzip_close(*g); }

bool tome_head_read(const char *path, tome_head *out, tome_error *err) {
  tome_head h = {.gzip = false};
  if (!tome_file_head(path, h.bytes, sizeof h.bytes, &h.size, err)) return false;
  if (tome_is_gzip(h.bytes, h.size)) {
    TOME_CLEANUP(close_gunzip) tome_gunzip *g = tome_gunzip_open(path, err);
    if (!g || !tome_gunzip_read(g, h.bytes, sizeof h.bytes, &h.size, err)) return false;
    h.gzip = true;
  }
  *out = h;
  return true;
}

static void close_fd(const int *fd) {
  if (*fd >= 0) close(*fd);
}

bool tome_read_at(const char *path, uint64_t offset, void *out, size_t size, tome_error *err) {
  TOME_CLEANUP(close_fd) const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return tome_fail_errno(err, "%s: cannot be opened", path);
  for (size_t got = 0; got < size;) {
    const ssize_t n = pread(fd, (uint8_t *)out + got, size - got, (off_t)(offset + got));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return tome_fail_errno(err, "%s: cannot be read", path);
    if (n == 0)
      return tome_fail(err, TOME_CORRUPT, "%s: is cut short: %zu bytes are missing; fetch the file again", path,
                       size - got);
    got += (size_t)n;
  }
  return true;
}

bool tome_could_inflate(uint64_t packed, uint64_t bytes) { return bytes / 1032 <= packed; }

bool tome_pieces_pass_over_why(tome_pieces *p, const char *path, const tome_error *why, tome_error *err) {
  if (why->code == TOME_NO_MEMORY) return tome_fail(err, why->code, "%s", why->message);
  const size_t n = strlen(path);
  const bool named = strncmp(why->message, path, n) == 0 && strncmp(why->message + n, ": ", 2) == 0;
  const char *text = named ? why->message + n + 2 : why->message;
  return tome_pieces_pass_over(p, path, why->code != TOME_UNSUPPORTED, err, "%s", text);
}

bool tome_ends_in(const char *name, const char *ending) {
  const size_t n = strlen(name), e = strlen(ending);
  return n >= e && strcasecmp(name + n - e, ending) == 0;
}

size_t tome_piece_bytes(const tome_piece *p) {
  size_t bytes = 0; /* describe has checked that it does not overflow */
  return tome_shape_bytes(p->shape, tome_dtype_size(p->dtype) * (size_t)p->channels, &bytes) ? bytes : 0;
}

bool tome_piece_fits(const tome_piece *p, size_t out_bytes, tome_error *err) {
  const size_t bytes = tome_piece_bytes(p);
  if (bytes && bytes == out_bytes) return true;
  return tome_fail(err, TOME_USAGE, "%s: decodes to %zu bytes, not to the %zu asked for", p->path, bytes, out_bytes);
}
