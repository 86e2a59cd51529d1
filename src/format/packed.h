/* Voxels out as one gzip member or one zlib stream, made on all cores. Inside src/format only. */
#ifndef TOME_FORMAT_PACKED_H
#define TOME_FORMAT_PACKED_H

#include "base/gzip.h"

/* Writes `size` bytes compressed. One stream, not several: pynrrd and MetaIO read no further than the first. *written (may be NULL): bytes on disk. */
TOME_MUST_USE bool tome_write_packed(int fd, const char *name, tome_wrap wrapping, const void *data, size_t size,
                                     uint64_t *written, tome_error *err);

#endif
