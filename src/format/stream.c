/* Bytes out of their encoding: raw and text are read here, gzip and zlib through base, bzip2 through bunzip.c. */
#include "format/stream.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/gzip.h"

enum { STEP = 1 << 16, LONGEST_NUMBER = 400 };

struct tome_stream {
  tome_encoding encoding;
  tome_dtype dtype;
  char *path;
  int fd;
  uint64_t offset;
  tome_gunzip *gunzip;
  tome_bunzip *bunzip;
  size_t at, have; /* text and hex: what is read and not yet taken */
  char in[STEP];
};

int tome_open_regular(const char *path, tome_error *err) {
  struct stat st;
  const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) return fd;
  if (fd < 0)
    tome_fail_errno(err, "%s: cannot be opened", path);
  else
    tome_fail(err, TOME_IO, "%s: is not a regular file", path);
  if (fd >= 0) close(fd);
  return -1;
}

static tome_wrap wrap_of(tome_encoding e) {
  return e == TOME_GZIP ? TOME_WRAP_GZIP : e == TOME_ZLIB ? TOME_WRAP_ZLIB : TOME_WRAP_NONE;
}

tome_stream *tome_stream_open(const char *path, uint64_t offset, tome_encoding encoding, tome_dtype dtype,
                              tome_error *err) {
  tome_stream *s = tome_alloc(1, sizeof *s, path, err);
  if (!s) return NULL;
  s->encoding = encoding;
  s->dtype = dtype;
  s->path = strdup(path);
  s->fd = -1;
  s->offset = offset;
  s->gunzip = NULL;
  s->bunzip = NULL;
  s->at = s->have = 0;
  bool ok = s->path || tome_fail(err, TOME_NO_MEMORY, "%s: out of memory", path);
  if (ok && (encoding == TOME_GZIP || encoding == TOME_ZLIB || encoding == TOME_DEFLATE))
    ok = (s->gunzip = tome_gunzip_open_at(path, offset, wrap_of(encoding), err)) != NULL;
  else if (ok && encoding == TOME_BZIP2)
    ok = (s->bunzip = tome_bunzip_open(path, offset, err)) != NULL;
  else if (ok)
    ok = (s->fd = tome_open_regular(path, err)) >= 0;
  if (ok) return s;
  tome_stream_close(s);
  return NULL;
}

void tome_stream_close(tome_stream *s) {
  if (!s) return;
  tome_gunzip_close(s->gunzip);
  tome_bunzip_close(s->bunzip);
  if (s->fd >= 0) close(s->fd);
  free(s->path);
  free(s);
}

static bool read_raw(tome_stream *s, void *out, size_t want, size_t *got, tome_error *err) {
  size_t done = 0;
  while (done < want) {
    const ssize_t n = pread(s->fd, (char *)out + done, want - done, (off_t)s->offset);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return tome_fail_errno(err, "%s: cannot be read", s->path);
    if (n == 0) break;
    done += (size_t)n;
    s->offset += (uint64_t)n;
  }
  *got = done;
  return true;
}

/* ---- text ---- */

/* The next character, or -1 at the end. */
static bool next_char(tome_stream *s, int *c, tome_error *err) {
  if (s->at == s->have) {
    s->at = 0;
    if (!read_raw(s, s->in, sizeof s->in, &s->have, err)) return false;
  }
  *c = s->at < s->have ? (unsigned char)s->in[s->at++] : -1;
  return true;
}

static bool is_gap(int c) { return isspace(c) || c == ','; }

/* One number's text; *any false at the end. */
static bool next_word(tome_stream *s, char word[LONGEST_NUMBER], bool *any, tome_error *err) {
  int c;
  size_t n = 0;
  do {
    if (!next_char(s, &c, err)) return false;
  } while (is_gap(c));
  while (c >= 0 && !is_gap(c)) {
    if (n + 1 == LONGEST_NUMBER || !isgraph(c))
      return tome_fail(err, TOME_CORRUPT, "%s: has something that is no number among its voxels", s->path);
    word[n++] = (char)c;
    if (!next_char(s, &c, err)) return false;
  }
  word[n] = '\0';
  *any = n > 0;
  return true;
}

static bool no_number(const tome_stream *s, const char *word, tome_error *err) {
  return tome_fail(err, TOME_CORRUPT, "%s: has \"%.40s\" among its voxels, which is no %s", s->path, word,
                   tome_dtype_name(s->dtype));
}

static bool put_whole(const tome_stream *s, const char *word, void *out, tome_error *err) {
  char *end;
  errno = 0;
  const bool is_signed = tome_dtype_is_signed(s->dtype);
  const int64_t i = is_signed ? strtoll(word, &end, 10) : 0;
  const uint64_t u = is_signed ? 0 : strtoull(word, &end, 10);
  double lo, hi;
  tome_dtype_range(s->dtype, &lo, &hi);
  const bool fits = is_signed ? (double)i >= lo && (double)i <= hi : (double)u <= hi && *word != '-';
  if (errno || *end || !fits) return no_number(s, word, err);
  const size_t size = tome_dtype_size(s->dtype);
  const uint64_t bits = is_signed ? (uint64_t)i : u;
  const uint8_t b1 = (uint8_t)bits;
  const uint16_t b2 = (uint16_t)bits;
  const uint32_t b4 = (uint32_t)bits;
  memcpy(out,
         size == 1   ? (const void *)&b1
         : size == 2 ? (const void *)&b2
         : size == 4 ? (const void *)&b4
                     : &bits,
         size);
  return true;
}

static bool put_number(const tome_stream *s, const char *word, void *out, tome_error *err) {
  if (!tome_dtype_is_float(s->dtype)) return put_whole(s, word, out, err);
  char *end;
  const double v = strtod(word, &end);
  const float f = (float)v;
  if (*end || end == word) return no_number(s, word, err);
  memcpy(out, s->dtype == TOME_F32 ? (const void *)&f : &v, tome_dtype_size(s->dtype));
  return true;
}

static bool read_text(tome_stream *s, void *out, size_t want, size_t *got, tome_error *err) {
  const size_t size = tome_dtype_size(s->dtype);
  char word[LONGEST_NUMBER];
  size_t done = 0;
  for (bool any = true; done + size <= want; done += size) {
    if (!next_word(s, word, &any, err)) return false;
    if (!any) break;
    if (!put_number(s, word, (char *)out + done, err)) return false;
  }
  *got = done;
  return true;
}

static bool read_hex(tome_stream *s, void *out, size_t want, size_t *got, tome_error *err) {
  int c, high = -1;
  for (*got = 0; *got < want;) {
    if (!next_char(s, &c, err)) return false;
    if (c < 0) break;
    if (isspace(c)) continue;
    if (!isxdigit(c)) return tome_fail(err, TOME_CORRUPT, "%s: has a character that is no hexadecimal digit", s->path);
    const int digit = isdigit(c) ? c - '0' : tolower(c) - 'a' + 10;
    if (high < 0) {
      high = digit;
      continue;
    }
    ((uint8_t *)out)[(*got)++] = (uint8_t)(high << 4 | digit);
    high = -1;
  }
  return true;
}

/* ---- both ---- */

bool tome_stream_read(tome_stream *s, void *out, size_t want, size_t *got, tome_error *err) {
  switch (s->encoding) {
    case TOME_GZIP:
    case TOME_ZLIB:
    case TOME_DEFLATE:
      return tome_gunzip_read(s->gunzip, out, want, got, err);
    case TOME_BZIP2:
      return tome_bunzip_read(s->bunzip, out, want, got, err);
    case TOME_TEXT:
      return read_text(s, out, want, got, err);
    case TOME_HEX:
      return read_hex(s, out, want, got, err);
    default:
      return read_raw(s, out, want, got, err);
  }
}

/* Past the end nothing can be skipped, whatever was asked. */
static bool skip_raw(tome_stream *s, uint64_t bytes, uint64_t *skipped, tome_error *err) {
  struct stat st;
  if (fstat(s->fd, &st) != 0) return tome_fail_errno(err, "%s: cannot be read", s->path);
  const uint64_t size = (uint64_t)st.st_size, left = size > s->offset ? size - s->offset : 0;
  *skipped = bytes < left ? bytes : left;
  s->offset += *skipped;
  return true;
}

bool tome_stream_skip(tome_stream *s, uint64_t bytes, uint64_t *skipped, tome_error *err) {
  if (s->encoding == TOME_RAW) return skip_raw(s, bytes, skipped, err);
  TOME_AUTO_FREE uint8_t *scrap = tome_alloc(STEP, 1, s->path, err);
  if (!scrap) return false;
  for (*skipped = 0; *skipped < bytes;) {
    size_t got;
    const uint64_t left = bytes - *skipped;
    if (!tome_stream_read(s, scrap, left < STEP ? (size_t)left : STEP, &got, err)) return false;
    if (!got) break;
    *skipped += got;
  }
  return true;
}
