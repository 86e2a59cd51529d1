/* Zstandard in memory: the one place that includes it. */
#ifndef TOME_BASE_ZSTD_H
#define TOME_BASE_ZSTD_H

#include "base/error.h"

/* Reusable, one a thread. */
typedef struct tome_zstd tome_zstd;
TOME_MUST_USE tome_zstd *tome_zstd_new(tome_error *err);
void tome_zstd_free(tome_zstd *z);
/* One frame. Bytes written, 0 where the result does not fit into out_cap. */
size_t tome_zstd_pack(tome_zstd *z, const void *in, size_t size, void *out, size_t out_cap, int level);
/* All frames of `in` into at most `most` bytes. */
bool tome_zstd_unpack_with(tome_zstd *z, const void *in, size_t size, void *out, size_t most, size_t *got);
bool tome_zstd_unpack(const void *in, size_t size, void *out, size_t most, size_t *got);

#endif
