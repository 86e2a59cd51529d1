/* HDF5's filters undone: those of HDF5 itself and of h5py, and the registered ones that hdf5plugin writes and a library here undoes. Output never exceeds its
 * buffer. */
#include <stdio.h>
#include <string.h>

#include "base/gzip.h"
#include "base/zstd.h"
#include "format/hdf5/bytes.h"
#include "format/stream.h"

enum {
  DEFLATE = 1,
  SHUFFLE = 2,
  FLETCHER = 3,
  SZIP = 4,
  SCALE_OFFSET = 6,
  BZIP2 = 307,
  LZF = 32000,
  BLOSC = 32001,
  LZ4 = 32004,
  BITSHUFFLE = 32008,
  ZSTD = 32015,
  CHECKSUM = 4
};

static const int undone[] = {DEFLATE, SHUFFLE, FLETCHER, SZIP, SCALE_OFFSET, BZIP2, LZF, BLOSC, LZ4, BITSHUFFLE, ZSTD};

static const struct {
  int id;
  const char *text;
} others[] = {
    {5, "is packed by n-bit (filter 5), which is not read; h5repack -f NONE makes it readable"},
    {32013, "is compressed by zfp (filter 32013), which is not read; h5repack -f GZIP=4 makes it readable"},
    {32017, "is compressed by SZ (filter 32017), which is not read; h5repack -f GZIP=4 makes it readable"},
    {32026, "is compressed by Blosc2 (filter 32026), which is not read; h5repack -f GZIP=4 makes it readable"},
};

bool tome_hdf5_undoes(int filter) {
  for (size_t i = 0; i < TOME_COUNT(undone); i++)
    if (undone[i] == filter) return true;
  return false;
}

const char *tome_hdf5_filter_text(int filter) {
  for (size_t i = 0; i < TOME_COUNT(others); i++)
    if (others[i].id == filter) return others[i].text;
  return "went through a filter that is not known; h5repack -f NONE makes it readable where the filter's plugin is";
}

static void unshuffle(const uint8_t *in, uint8_t *out, size_t bytes, size_t element) {
  const size_t n = bytes / element;
  for (size_t k = 0; k < element; k++)
    for (size_t i = 0; i < n; i++) out[i * element + k] = in[k * n + i];
  memcpy(out + n * element, in + n * element, bytes - n * element);
}

/* H5_checksum_fletcher32: big-endian 16-bit words, an odd last byte is a word's upper half. */
static uint32_t fletcher32(const uint8_t *p, size_t size) {
  uint32_t a = 0, b = 0;
  size_t words = size / 2;
  while (words) {
    const size_t n = words < 360 ? words : 360; /* so many do not overflow */
    words -= n;
    for (size_t i = 0; i < n; i++, p += 2) b += a += (uint32_t)p[0] << 8 | p[1];
    a = (a & 0xffff) + (a >> 16);
    b = (b & 0xffff) + (b >> 16);
  }
  if (size % 2) {
    b += a += (uint32_t)*p << 8;
    a = (a & 0xffff) + (a >> 16);
    b = (b & 0xffff) + (b >> 16);
  }
  a = (a & 0xffff) + (a >> 16);
  b = (b & 0xffff) + (b >> 16);
  return b << 16 | a;
}

/* Files of HDF5 1.6.2 and older on little-endian machines have each half's bytes in the other order; HDF5 reads both. */
static bool check_sum(const uint8_t *data, size_t *size) {
  if (*size < CHECKSUM) return false;
  *size -= CHECKSUM;
  const uint32_t said = (uint32_t)tome_number(data + *size, 4), is = fletcher32(data, *size);
  return said == is || said == ((is & 0x00ff00ff) << 8 | (is >> 8 & 0x00ff00ff));
}

/* Copies `n` bytes from `back` bytes before `at`; they may overlap, byte by byte. */
static bool repeat(uint8_t *out, size_t *at, size_t back, size_t n, size_t most) {
  if (back > *at || n > most - *at) return false;
  for (size_t i = 0; i < n; i++) out[*at + i] = out[*at + i - back];
  *at += n;
  return true;
}

/* LibLZF's stream: a byte below 32 begins that many literals and one more; else three bits of length and thirteen of distance. */
static bool unpack_lzf(const uint8_t *in, size_t size, uint8_t *out, size_t most, size_t *got) {
  size_t at = 0;
  for (size_t i = 0; i < size;) {
    const unsigned code = in[i++];
    if (code < 32) {
      const size_t n = code + 1;
      if (n > size - i || n > most - at) return false;
      memcpy(out + at, in + i, n);
      i += n;
      at += n;
      continue;
    }
    size_t n = code >> 5;
    if (n == 7) {
      if (i == size) return false;
      n += in[i++];
    }
    if (i == size) return false;
    const size_t back = ((size_t)(code & 31) << 8 | in[i++]) + 1;
    if (!repeat(out, &at, back, n + 2, most)) return false;
  }
  *got = at;
  return true;
}

static bool long_length(const uint8_t *in, size_t size, size_t *i, size_t *n) {
  if (*n != 15) return true;
  for (;;) {
    if (*i == size) return false;
    *n += in[*i];
    if (in[(*i)++] != 255) return true;
  }
}

bool tome_hdf5_unlz4(const uint8_t *in, size_t size, uint8_t *out, size_t bytes) {
  size_t at = 0;
  for (size_t i = 0; i < size;) {
    const unsigned token = in[i++];
    size_t n = token >> 4, more = token & 15;
    if (!long_length(in, size, &i, &n) || n > size - i || n > bytes - at) return false;
    memcpy(out + at, in + i, n);
    i += n;
    at += n;
    if (i == size) break; /* the last sequence is literals alone */
    if (size - i < 2) return false;
    const size_t back = (size_t)tome_number(in + i, 2);
    i += 2;
    if (!long_length(in, size, &i, &more) || back == 0 || !repeat(out, &at, back, more + 4, bytes)) return false;
  }
  return at == bytes;
}

/* The registered filter's frame: bytes in all (8) and of a block (4), then each block behind its length (4), all big-endian; a block as long as its data
 * is stored. */
static bool unpack_lz4(const uint8_t *in, size_t size, uint8_t *out, size_t most, size_t *got) {
  if (size < 12) return false;
  const uint64_t all = tome_big_number(in, 8), block = tome_big_number(in + 8, 4);
  size_t i = 12;
  if (all > most || block == 0) return false;
  for (uint64_t at = 0; at < all;) {
    const size_t bytes = (size_t)(all - at < block ? all - at : block);
    if (size - i < 4) return false;
    const size_t packed = (size_t)tome_big_number(in + i, 4);
    i += 4;
    if (packed > size - i) return false;
    if (packed == bytes)
      memcpy(out + at, in + i, bytes);
    else if (!tome_hdf5_unlz4(in + i, packed, out + at, bytes))
      return false;
    i += packed;
    at += bytes;
  }
  *got = (size_t)all;
  return true;
}

/* How long the result is: a chunk, and a checksum where one was put on before the compression. 0: it cannot be said, since a filter before it packed the chunk,
 * too. */
static size_t expected(const tome_hdf5_undoing *u, int filter, uint32_t skipped) {
  size_t n = u->chunk_bytes;
  for (int i = 0; i < filter; i++) {
    if (skipped >> i & 1 || u->o->filters[i] == SHUFFLE) continue;
    if (u->o->filters[i] != FLETCHER) return 0;
    n += CHECKSUM;
  }
  return n;
}

static bool undo_own(tome_hdf5_undoing *u, int filter, const uint8_t *from, size_t *size, uint8_t *to) {
  const tome_hdf5_values *v = &u->o->values[filter];
  const size_t n = *size;
  *size = u->chunk_bytes;
  return u->o->filters[filter] == SZIP ? tome_hdf5_unszip(u, v, from, n, to) : tome_hdf5_unscale(u, v, from, n, to);
}

static bool undo_one(tome_hdf5_undoing *u, int filter, const uint8_t *from, size_t *size, uint8_t *to, size_t want) {
  const size_t most = want ? want : u->room;
  switch (u->o->filters[filter]) {
    case DEFLATE:
      return tome_inflate_up_to(u->inflater, from, *size, to, most, size);
    case LZF:
      return unpack_lzf(from, *size, to, most, size);
    case LZ4:
      return unpack_lz4(from, *size, to, most, size);
    case BZIP2:
      return tome_bunzip_whole(from, *size, to, most, size);
    case ZSTD:
      return tome_zstd_unpack(from, *size, to, most, size);
    case BLOSC:
      return tome_hdf5_unblosc(from, *size, to, most, size);
    case BITSHUFFLE:
      return tome_hdf5_unbitshuffle(&u->o->values[filter], from, *size, u->spare, to, most, size);
    case SHUFFLE:
      if (*size > most) return false;
      unshuffle(from, to, *size, u->o->type.size);
      return true;
    default:
      return undo_own(u, filter, from, size, to);
  }
}

bool tome_hdf5_undo(tome_hdf5_undoing *u, uint8_t *packed, size_t size, uint32_t skipped, tome_error *err) {
  const uint8_t *now = packed;
  for (int i = u->o->filter_count - 1; i >= 0; i--) {
    if (skipped >> i & 1) continue;
    if (u->o->filters[i] == FLETCHER) {
      if (!check_sum(now, &size))
        return tome_hdf5_broken("chunks do not have their checksum; fetch the file again", err);
      continue;
    }
    uint8_t *to = now == u->chunk ? u->scratch : u->chunk;
    const size_t want = expected(u, i, skipped);
    if (!undo_one(u, i, now, &size, to, want) || (want && size != want))
      return tome_hdf5_broken("compressed chunks are damaged; fetch the file again", err);
    now = to;
  }
  if (size != u->chunk_bytes) return tome_hdf5_broken("chunks are cut short", err);
  if (now != u->chunk) memcpy(u->chunk, now, size);
  return true;
}
