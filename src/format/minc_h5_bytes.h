/* What the two files of the HDF5 reader share. Inside src/format only. */
#ifndef TOME_FORMAT_MINC_H5_BYTES_H
#define TOME_FORMAT_MINC_H5_BYTES_H

#include "format/minc_h5.h"

/* Little-endian, 1 to 8 bytes. */
static inline uint64_t tome_number(const uint8_t *p, int bytes) {
  uint64_t v = 0;
  for (int i = bytes - 1; i >= 0; i--) v = v << 8 | p[i];
  return v;
}

/* "is an HDF5 file whose …". */
bool tome_mh5_broken(const char *what, tome_error *err);
/* A block of metadata, in the arena, with a zero behind it; within the file and the budget. */
TOME_MUST_USE bool tome_mh5_bytes(tome_mh5 *h, uint64_t at, uint64_t n, uint8_t **out, tome_error *err);
TOME_MUST_USE bool tome_mh5_pread(const tome_mh5 *h, uint64_t at, void *out, size_t n, tome_error *err);

#endif
