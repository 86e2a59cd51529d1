/* gzip members and zlib streams in memory, through libdeflate; parts of one stream, which it cannot make, through ISA-L. */
#include "base/gzip.h"

#include <isa-l/igzip_lib.h>
#include <libdeflate.h>
#include <stdlib.h>

bool tome_gzip(const void *data, size_t size, int level, tome_bytes *out, tome_error *err) {
  struct libdeflate_compressor *c = libdeflate_alloc_compressor(level);
  if (!c) return tome_fail(err, TOME_NO_MEMORY, "gzip: no compressor of level %d", level);
  const size_t bound = libdeflate_gzip_compress_bound(c, size);
  uint8_t *p = tome_alloc(bound, 1, "gzip", err);
  const size_t n = p ? libdeflate_gzip_compress(c, data, size, p, bound) : 0;
  libdeflate_free_compressor(c);
  if (!n) {
    free(p);
    return p ? tome_fail(err, TOME_NO_MEMORY, "gzip: does not fit its own bound") : false;
  }
  *out = (tome_bytes){p, n};
  return true;
}

bool tome_deflate_part(const void *data, size_t size, bool last, tome_bytes *out, tome_error *err) {
  if (size > UINT32_MAX / 2) return tome_fail(err, TOME_USAGE, "deflate: a part of %zu bytes is too long", size);
  const size_t bound = size + size / 1000 + 4096; /* at worst stored, in blocks of 64 KiB with 5 bytes each */
  uint8_t *packed = tome_alloc(bound, 1, "deflate", err);
  TOME_AUTO_FREE uint8_t *work = tome_alloc(ISAL_DEF_LVL1_DEFAULT, 1, "deflate", err);
  if (!packed || !work) {
    free(packed);
    return false;
  }
  struct isal_zstream z;
  isal_deflate_stateless_init(&z);
  z.level = 1;
  z.level_buf = work;
  z.level_buf_size = ISAL_DEF_LVL1_DEFAULT;
  z.gzip_flag = IGZIP_DEFLATE;
  z.flush = FULL_FLUSH; /* ends at a whole byte, refers to nothing before */
  z.end_of_stream = last;
  z.next_in = (uint8_t *)(uintptr_t)data;
  z.avail_in = (uint32_t)size;
  z.next_out = packed;
  z.avail_out = (uint32_t)bound;
  if (isal_deflate_stateless(&z) != COMP_OK || z.avail_in) {
    free(packed);
    return tome_fail(err, TOME_NO_MEMORY, "deflate: does not fit its own bound");
  }
  *out = (tome_bytes){packed, z.total_out};
  return true;
}

uint32_t tome_add_crc32(uint32_t sum, const void *data, size_t size) { return libdeflate_crc32(sum, data, size); }

uint32_t tome_add_adler32(uint32_t sum, const void *data, size_t size) { return libdeflate_adler32(sum, data, size); }

struct tome_deflater {
  struct libdeflate_compressor *c;
};
struct tome_inflater {
  struct libdeflate_decompressor *d;
};

tome_deflater *tome_deflater_new(int level, tome_error *err) {
  tome_deflater *d = tome_alloc(1, sizeof *d, "deflate", err);
  if (!d) return NULL;
  d->c = libdeflate_alloc_compressor(level);
  if (d->c) return d;
  free(d);
  tome_fail(err, TOME_USAGE, "deflate: no compressor of level %d; 1 to 12 there are", level);
  return NULL;
}

void tome_deflater_free(tome_deflater *d) {
  if (!d) return;
  libdeflate_free_compressor(d->c);
  free(d);
}

size_t tome_deflate_bound(size_t size) { return libdeflate_zlib_compress_bound(NULL, size); }

size_t tome_deflate(tome_deflater *d, const void *in, size_t size, void *out, size_t out_cap) {
  return libdeflate_zlib_compress(d->c, in, size, out, out_cap);
}

tome_inflater *tome_inflater_new(tome_error *err) {
  tome_inflater *i = tome_alloc(1, sizeof *i, "inflate", err);
  if (!i) return NULL;
  i->d = libdeflate_alloc_decompressor();
  if (i->d) return i;
  free(i);
  tome_fail(err, TOME_NO_MEMORY, "inflate: out of memory");
  return NULL;
}

void tome_inflater_free(tome_inflater *i) {
  if (!i) return;
  libdeflate_free_decompressor(i->d);
  free(i);
}

bool tome_inflate(tome_inflater *i, const void *in, size_t size, void *out, size_t out_bytes) {
  return libdeflate_zlib_decompress(i->d, in, size, out, out_bytes, NULL) == LIBDEFLATE_SUCCESS;
}

bool tome_inflate_up_to(tome_inflater *i, const void *in, size_t size, void *out, size_t most, size_t *got) {
  return libdeflate_zlib_decompress(i->d, in, size, out, most, got) == LIBDEFLATE_SUCCESS;
}
