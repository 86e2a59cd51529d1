/* gzip members and zlib streams in memory, through libdeflate; parts of one stream, which it cannot make, through ISA-L. */
#include "base/gzip.h"

#include <isa-l/igzip_lib.h>
#include <libdeflate.h>
#include <stdlib.h>

bool tome_deflate_part(const void *data, size_t size, bool last, void *out, size_t room, size_t *made,
                       tome_error *err) {
  if (size > UINT32_MAX / 2) return tome_fail(err, TOME_USAGE, "deflate: a part of %zu bytes is too long", size);
  TOME_AUTO_FREE uint8_t *work = tome_alloc(ISAL_DEF_LVL1_DEFAULT, 1, "deflate", err);
  if (!work) return false;
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
  z.next_out = out;
  z.avail_out = room < UINT32_MAX ? (uint32_t)room : UINT32_MAX;
  if (isal_deflate_stateless(&z) != COMP_OK || z.avail_in)
    return tome_fail(err, TOME_NO_MEMORY, "deflate: does not fit its own bound");
  *made = z.total_out;
  return true;
}

uint32_t tome_add_crc32(uint32_t sum, const void *data, size_t size) { return libdeflate_crc32(sum, data, size); }

uint32_t tome_add_adler32(uint32_t sum, const void *data, size_t size) { return libdeflate_adler32(sum, data, size); }

/* The product of two polynomials modulo that of CRC-32; bit 31 is the constant term. */
static uint32_t crc_product(uint32_t a, uint32_t b) {
  uint32_t product = 0;
  for (int term = 31; term >= 0; term--) {
    product ^= b & (0u - (a >> term & 1));
    b = b >> 1 ^ (0xedb88320u & (0u - (b & 1))); /* times x */
  }
  return product;
}

/* A CRC is a remainder, with ones added before and after; those of two pieces meet and cancel, so what is left is to move the first one up
 * by the bytes of the second. */
uint32_t tome_join_crc32(uint32_t first, uint32_t second, uint64_t second_size) {
  uint32_t power = 1u << 23; /* x^8 */
  for (; second_size; second_size >>= 1) {
    if (second_size & 1) first = crc_product(first, power);
    power = crc_product(power, power);
  }
  return first ^ second;
}

/* Its low half is 1 and the sum of all bytes, its high half the sum of all low halves so far. */
uint32_t tome_join_adler32(uint32_t first, uint32_t second, uint64_t second_size) {
  const uint32_t modulus = 65521, before = (first & 0xffff) + modulus - 1;
  const uint32_t low = (before + (second & 0xffff)) % modulus;
  const uint64_t high = (first >> 16) + (second >> 16) + (second_size % modulus) * (before % modulus);
  return (uint32_t)(high % modulus) << 16 | low;
}

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
