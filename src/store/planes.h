/* planes.h - the byte work under every chunk: HDF5's shuffle filter (element bytes regrouped into planes), its Fletcher32 checksum,
 * and the conversion of voxels to float32. Plain C everywhere, SSE2 where the compiler has it; both give the same bytes. */
#ifndef TOME_STORE_PLANES_H
#define TOME_STORE_PLANES_H

#include "tome.h"

/* Puts `count` elements of `size` bytes at position `at` of a chunk of `n` shuffled elements: byte b of element i goes to
 * planes[b*n + at + i]. Size 1 is a copy. */
void tome_shuffle(const void *elements, size_t count, size_t size, uint8_t *planes, size_t n, size_t at);
/* The way back: `count` elements from position `at`. */
void tome_unshuffle(const uint8_t *planes, size_t n, size_t at, size_t size, void *elements, size_t count);

/* HDF5's H5_checksum_fletcher32: big-endian 16-bit words, an odd last byte is a word's upper half. */
uint32_t tome_fletcher32(const void *data, size_t size);

/* zlib's checksum. */
uint32_t tome_adler32(const void *data, size_t size);

/* True where all bytes are zero. */
bool tome_is_zero(const void *data, size_t size);

/* Voxels to float32: (clamp(v, clip_lo, clip_hi) - offset) * scale where opt->rescale, else v. Computed in float32 for types of up to 16 bits and
 * float32, in float64 for wider ones. NaN stays NaN. */
void tome_to_float(tome_dtype from, const void *in, size_t count, const tome_read_options *opt, float *out);

#endif
