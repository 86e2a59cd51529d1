/* HDF5's filters that a library undoes: szip (libaec), Blosc, Zstandard, bzip2; and bitshuffle. */
#include <blosc.h>
#include <string.h>
#include <szlib.h>

#include "base/zstd.h"
#include "format/hdf5/bytes.h"
#include "format/stream.h"

/* ---- szip: the whole size (4 bytes, little-endian), then libaec's stream --- */

enum { SZIP_MASK, SZIP_BLOCK, SZIP_BITS, SZIP_LINE, SZIP_PARAMETERS };

static bool szip_sound(const tome_hdf5_undoing *u, const tome_hdf5_values *v) {
  if (v->count < SZIP_PARAMETERS) return false;
  const uint32_t block = v->at[SZIP_BLOCK], line = v->at[SZIP_LINE], bits = v->at[SZIP_BITS];
  return block >= 2 && block <= SZ_MAX_PIXELS_PER_BLOCK && block % 2 == 0 && line >= 1 &&
         line <= SZ_MAX_PIXELS_PER_SCANLINE && bits == 8 * u->o->type.size;
}

bool tome_hdf5_unszip(const tome_hdf5_undoing *u, const tome_hdf5_values *v, const uint8_t *in, size_t size,
                      uint8_t *out) {
  if (size < 4 || !szip_sound(u, v) || tome_number(in, 4) != u->chunk_bytes) return false;
  SZ_com_t how = {.options_mask = (int)v->at[SZIP_MASK],
                  .bits_per_pixel = (int)v->at[SZIP_BITS],
                  .pixels_per_block = (int)v->at[SZIP_BLOCK],
                  .pixels_per_scanline = (int)v->at[SZIP_LINE]};
  size_t got = u->chunk_bytes;
  return SZ_BufftoBuffDecompress(out, &got, in + 4, size - 4, &how) == SZ_OK && got == u->chunk_bytes;
}

/* ---- Blosc ---- */

bool tome_hdf5_unblosc(const uint8_t *in, size_t size, uint8_t *out, size_t most, size_t *got) {
  if (blosc_cbuffer_validate(in, size, got) < 0 || *got > most) return false;
  const int n = blosc_decompress_ctx(in, out, most, 1);
  return n >= 0 && (size_t)n == *got;
}

/* ---- bitshuffle: blocks of elements whose bits stand together, bit 0 of all of them first; what fills no eight elements is left as it is --- */

enum { BS_ELEMENT = 2, BS_BLOCK, BS_CODEC, BS_NONE = 0, BS_LZ4 = 2, BS_ZSTD = 3, BS_TARGET = 8192, BS_LEAST = 128 };

/* `n` elements, a multiple of 8. */
static void unshuffle_bits(const uint8_t *in, uint8_t *out, size_t n, size_t element) {
  memset(out, 0, n * element);
  const size_t plane = n / 8;
  for (size_t bit = 0; bit < 8 * element; bit++)
    for (size_t i = 0; i < n; i++)
      out[i * element + bit / 8] |= (uint8_t)((in[bit * plane + i / 8] >> i % 8 & 1) << bit % 8);
}

static bool next_block(int codec, const uint8_t **in, size_t *size, uint8_t *out, size_t bytes) {
  if (codec == BS_NONE) {
    if (*size < bytes) return false;
    memcpy(out, *in, bytes);
    *in += bytes;
    *size -= bytes;
    return true;
  }
  if (*size < 4) return false;
  const size_t packed = (size_t)tome_big_number(*in, 4);
  size_t got;
  if (packed > *size - 4) return false;
  const bool ok = codec == BS_LZ4 ? tome_hdf5_unlz4(*in + 4, packed, out, bytes)
                                  : tome_zstd_unpack(*in + 4, packed, out, bytes, &got) && got == bytes;
  *in += 4 + packed;
  *size -= 4 + packed;
  return ok;
}

bool tome_hdf5_unbitshuffle(const tome_hdf5_values *v, const uint8_t *in, size_t size, uint8_t *scratch, uint8_t *out,
                            size_t most, size_t *got) {
  const size_t element = v->count > BS_ELEMENT ? v->at[BS_ELEMENT] : 0;
  const int codec = v->count > BS_CODEC ? (int)v->at[BS_CODEC] : BS_NONE;
  size_t block = v->count > BS_BLOCK ? v->at[BS_BLOCK] : 0, bytes = size;
  if (element == 0 || element > 8 || block % 8 || (codec != BS_NONE && codec != BS_LZ4 && codec != BS_ZSTD))
    return false;
  if (codec != BS_NONE) { /* the whole size (8 bytes) and a block's (4), big-endian */
    if (size < 12 || tome_big_number(in, 8) > most) return false;
    bytes = (size_t)tome_big_number(in, 8);
    block = (size_t)tome_big_number(in + 8, 4) / element;
    in += 12;
    size -= 12;
  } else if (block == 0) {
    block = BS_TARGET / element / 8 * 8;
    if (block < BS_LEAST) block = BS_LEAST;
  }
  if (bytes > most || block == 0 || block % 8) return false;
  const size_t count = bytes / element, tail = bytes - count / 8 * 8 * element;
  for (size_t at = 0; at < count / 8 * 8;) {
    const size_t left = count / 8 * 8 - at, n = left < block ? left : block;
    if (!next_block(codec, &in, &size, scratch, n * element)) return false;
    unshuffle_bits(scratch, out + at * element, n, element);
    at += n;
  }
  if (size != tail) return false;
  memcpy(out + bytes - tail, in, tail);
  *got = bytes;
  return true;
}
