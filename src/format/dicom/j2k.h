/* JPEG 2000 code streams, raw or in JP2, through OpenJPEG. */
#ifndef TOME_FORMAT_J2K_H
#define TOME_FORMAT_J2K_H

#include "base/file.h"

/* What the image must be: anything else is refused before a sample is decoded. */
typedef struct tome_j2k_want {
  uint32_t rows, columns, channels;
  unsigned most_bits; /* of a sample */
} tome_j2k_want;

/* What it was. */
typedef struct tome_j2k_got {
  unsigned bits; /* precision of the samples, the same in all channels */
  bool is_signed;
} tome_j2k_got;

/* Decodes into `out`: rows*columns*channels samples, channels interleaved. A code stream that is cut short is TOME_CORRUPT. `path` is for
 * messages. */
TOME_MUST_USE bool tome_j2k_decode(const void *data, size_t size, const tome_j2k_want *want, int32_t *out,
                                   tome_j2k_got *got, const char *path, tome_error *err);

/* One channel to be encoded: 16-bit cells, row after row, of which the lower `bits` count. */
typedef struct tome_j2k_plane {
  uint32_t rows, columns;
  unsigned bits;
  bool is_signed;
  const uint16_t *cells;
} tome_j2k_plane;
/* A lossless (5-3) code stream without JP2 around it. `name` is for messages. */
TOME_MUST_USE bool tome_j2k_encode(const tome_j2k_plane *plane, tome_bytes *out, const char *name, tome_error *err);

#endif
