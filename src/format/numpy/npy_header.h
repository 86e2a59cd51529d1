/* The header of a NumPy .npy file: read inside src/format, written there and by whoever makes an .npz. */
#ifndef TOME_FORMAT_NPY_HEADER_H
#define TOME_FORMAT_NPY_HEADER_H

#include "format/array.h"

enum { NPY_PREFIX = 12, NPY_MOST_HEADER = 65535, NPY_MOST_DIMS = 32 };

typedef struct tome_npy_header {
  uint64_t offset; /* of the first element */
  tome_dtype dtype;
  bool swapped, fortran, half; /* half: float16, of which dtype (uint16) is the bits */
  int dims;
  int64_t dim[NPY_MOST_DIMS];
} tome_npy_header;

/* Where the dictionary begins and how long it is, from the first `size` bytes of the file. Messages name no file. */
TOME_MUST_USE bool tome_npy_extent(const uint8_t *head, size_t size, size_t *begin, size_t *length, tome_error *err);

/* The dictionary itself: a Python literal with the keys descr, fortran_order and shape, in any order. out->offset is left alone. */
TOME_MUST_USE bool tome_npy_parse(const char *text, size_t size, tome_npy_header *out, tome_error *err);

/* Which axes are what: (y, x), (z, y, x), with samples of a voxel last where there are four axes or more and the last has at most 4, and volumes first.
 * Fills all but the files. Fails for other ranks and empty arrays. */
TOME_MUST_USE bool tome_npy_array(const tome_npy_header *h, tome_array *a, tome_array_form *form, tome_error *err);

/* NumPy's descr of a native element type: "<i2", "|u1". Writes at most 8 bytes. */
void tome_npy_descr(tome_dtype t, char out[8]);

enum { NPY_HEADER = 256 };
/* All bytes before the first element, version 1.0, their number a multiple of 64. `descr` NumPy's ("<i2", "<U12"); dims 0 … 4. */
size_t tome_npy_header_write(const char *descr, int dims, const int64_t *dim, uint8_t out[NPY_HEADER]);

#endif
