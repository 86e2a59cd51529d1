/* Voxels out as one gzip member or one zlib stream, made on all cores: the one way in which files are compressed with deflate here. */
#ifndef TOME_BASE_PACKED_H
#define TOME_BASE_PACKED_H

#include "base/filling.h"
#include "base/gzip.h"

enum { TOME_LEAST_LEVEL = 1, TOME_USUAL_LEVEL = 6, TOME_MOST_LEVEL = 9 };

/* What is to be compressed: `head_size` bytes `head` (may be 0 and NULL), then `size` bytes `data` of samples of `element` bytes.
 *
 * Level 1 is the fastest: ISA-L's. 2 to 6 are one and the same here, about as small as zlib's level 6 makes scans: nothing is to be had between. 7
 * is 1 or 2 % smaller, 8 and 9 search deeper (deflate_voxels.h). Levels beyond the ends count as those. */
typedef struct tome_packing {
  tome_wrap wrapping; /* gzip or zlib */
  int level;
  const void *head;
  size_t head_size;
  const void *data;
  size_t size, element;
  tome_filling *
      filling; /* the data are still on their way: each part waits for its own, and they are gone afterwards; NULL: they are there, and stay */
} tome_packing;

/* Writes it to `fd`, of which `name` is for messages. One stream, not several: pynrrd and MetaIO read no further than the first. The bytes depend on
 * the input alone, not on the number of cores. *written (may be NULL): bytes on disk. */
TOME_MUST_USE bool tome_write_packed(int fd, const char *name, const tome_packing *p, uint64_t *written,
                                     tome_error *err);

#endif
