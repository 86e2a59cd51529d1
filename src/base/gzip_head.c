/* The first bytes of a gzip stream, through zlib: libdeflate cannot stop half way. */
#include <limits.h>
#include <zlib.h>

#include "base/gzip.h"

bool tome_gunzip_head(const void *data, size_t size, void *out, size_t want, size_t *got, const char *name,
                      tome_error *err) {
  z_stream z = {.next_in = (Bytef *)(uintptr_t)data,
                .avail_in = size < UINT_MAX ? (uInt)size : UINT_MAX,
                .next_out = out,
                .avail_out = want < UINT_MAX ? (uInt)want : UINT_MAX};
  if (inflateInit2(&z, 16 + MAX_WBITS) != Z_OK) return tome_fail(err, TOME_NO_MEMORY, "%s: out of memory", name);
  const uInt room = z.avail_out;
  const int r = inflate(&z, Z_SYNC_FLUSH);
  const size_t made = room - z.avail_out;
  inflateEnd(&z);
  /* Z_BUF_ERROR: the input given ended first, which for a head is no fault */
  if (r != Z_OK && r != Z_STREAM_END && r != Z_BUF_ERROR && made < want)
    return tome_fail(err, TOME_CORRUPT, "%s: the gzip data is damaged (its first %zu bytes do not inflate)", name,
                     size);
  *got = made;
  return true;
}
