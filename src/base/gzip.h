/* gzip and zlib streams through libdeflate: the one place that includes it. */
#ifndef TOME_BASE_GZIP_H
#define TOME_BASE_GZIP_H

#include "base/file.h"

/* True where the bytes begin a gzip member. */
bool tome_is_gzip(const void *data, size_t size);

/* Inflates all members of a gzip file in memory. The length trailer is a hint, never trusted; output may not exceed
 * `most` (0: the allocation limit). `name` is for messages. Trailing zero padding after the last member is allowed. */
TOME_MUST_USE bool tome_gunzip(const void *data, size_t size, size_t most, const char *name, tome_bytes *out,
                               tome_error *err);
/* Only the first `want` bytes of the output (a header), from as much of the input as that takes: bounded work. */
TOME_MUST_USE bool tome_gunzip_head(const void *data, size_t size, void *out, size_t want, size_t *got,
                                    const char *name, tome_error *err);
/* Inflates into caller's memory where the exact size is known: fails where the stream holds less or more. */
TOME_MUST_USE bool tome_gunzip_into(const void *data, size_t size, void *out, size_t out_bytes, const char *name,
                                    tome_error *err);

/* One gzip member. level 1–12. */
TOME_MUST_USE bool tome_gzip(const void *data, size_t size, int level, tome_bytes *out, tome_error *err);

/* zlib streams (HDF5's deflate filter): reusable, one a thread. */
typedef struct tome_deflater tome_deflater;
typedef struct tome_inflater tome_inflater;
TOME_MUST_USE tome_deflater *tome_deflater_new(int level, tome_error *err);
void tome_deflater_free(tome_deflater *d);
size_t tome_deflate_bound(size_t size);
/* Bytes written, 0 where the result does not fit into out_cap. */
size_t tome_deflate(tome_deflater *d, const void *in, size_t size, void *out, size_t out_cap);
TOME_MUST_USE tome_inflater *tome_inflater_new(tome_error *err);
void tome_inflater_free(tome_inflater *i);
/* True where the stream inflates to exactly out_bytes and its Adler-32 is right. */
bool tome_inflate(tome_inflater *i, const void *in, size_t size, void *out, size_t out_bytes);

#endif
