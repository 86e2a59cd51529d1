/* The bytes of a DICOM file in small windows, so that reading a header costs one read, and skipping the pixels none. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "format/dicom/scan.h"

enum { WINDOW = 32768, MOST = 4096 }; /* most classic headers fit into one window */

bool tome_dicom_open(const char *path, tome_dicom_source *out, tome_error *err) {
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return tome_fail_errno(err, "%s: cannot be opened", path);
  struct stat st;
  if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
    close(fd);
    return tome_fail(err, TOME_IO, "%s: is not a regular file", path);
  }
  *out = (tome_dicom_source){.fd = fd, .size = (uint64_t)st.st_size};
  return true;
}

tome_dicom_source tome_dicom_memory(const void *data, size_t size) {
  return (tome_dicom_source){.fd = -1, .memory = data, .size = size};
}

void tome_dicom_close(tome_dicom_source *s) {
  if (s->fd >= 0) close(s->fd);
  tome_bytes_clear(&s->inflated);
  free(s->window);
  *s = (tome_dicom_source){.fd = -1};
}

static bool read_fully(int fd, uint64_t at, uint8_t *out, size_t size) {
  while (size > 0) {
    const ssize_t n = pread(fd, out, size, (off_t)at);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    out += n;
    at += (uint64_t)n;
    size -= (size_t)n;
  }
  return true;
}

static bool there(const tome_dicom_source *s, uint64_t at, uint64_t size) {
  return at <= s->size && size <= s->size - at;
}

/* Fills the window from `at` on. */
static bool slide(tome_dicom_source *s, uint64_t at) {
  const uint64_t rest = s->size - at;
  s->window_size = 0;
  if (!s->window && !(s->window = malloc(WINDOW))) return false;
  const size_t n = rest < WINDOW ? (size_t)rest : WINDOW;
  if (!read_fully(s->fd, at, s->window, n)) return false;
  s->window_at = at;
  s->window_size = n;
  return true;
}

const uint8_t *tome_dicom_peek(tome_dicom_source *s, uint64_t at, size_t want) {
  if (want > MOST || !there(s, at, want)) return NULL;
  if (s->fd < 0) return s->memory + at;
  const bool held = s->window_size && at >= s->window_at && at + want <= s->window_at + s->window_size;
  if (!held && !slide(s, at)) return NULL;
  return s->window + (at - s->window_at);
}

bool tome_dicom_read(tome_dicom_source *s, uint64_t at, void *out, size_t size) {
  if (!there(s, at, size)) return false;
  const bool held = s->window_size && at >= s->window_at && at + size <= s->window_at + s->window_size;
  if (s->fd < 0 || held) {
    if (size) memcpy(out, s->fd < 0 ? s->memory + at : s->window + (at - s->window_at), size);
    return true;
  }
  return read_fully(s->fd, at, out, size);
}
