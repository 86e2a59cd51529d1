/* DICOM's run-length coding: a frame as one PackBits segment a byte plane. dcmtk's own decoder reads outside damaged segments. */
#ifndef TOME_FORMAT_DICOM_RLE_H
#define TOME_FORMAT_DICOM_RLE_H

#include "base/error.h"

/* Decodes into `out`: pixels*samples values of `bytes` (1 … 8) bytes each, little endian, samples interleaved. Fails with TOME_CORRUPT where the
 * segments are too few, lie outside the data, or end before the last pixel. `path` is for messages. */
TOME_MUST_USE bool tome_rle_decode(const uint8_t *data, size_t size, size_t pixels, size_t samples, size_t bytes,
                                   void *out, const char *path, tome_error *err);

#endif
