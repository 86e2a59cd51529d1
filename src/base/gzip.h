/* gzip files read as a stream (ISA-L), gzip members and zlib streams in memory (libdeflate): the one place that includes either. */
#ifndef TOME_BASE_GZIP_H
#define TOME_BASE_GZIP_H

#include "base/file.h"

/* True where the bytes begin a gzip member. */
bool tome_is_gzip(const void *data, size_t size);

/* A gzip file of any number of members, read from front to back. Each member's checksum is verified when its end is read; zeros behind
 * the last one are padding. */
typedef struct tome_gunzip tome_gunzip;
TOME_MUST_USE tome_gunzip *tome_gunzip_open(const char *path, tome_error *err);
/* The same from byte `offset` on; or one zlib stream there (its Adler-32 is verified), or a bare deflate stream (no checksum): bytes behind those are
 * left alone. */
typedef enum tome_wrap { TOME_WRAP_GZIP = 0, TOME_WRAP_ZLIB, TOME_WRAP_NONE } tome_wrap;
TOME_MUST_USE tome_gunzip *tome_gunzip_open_at(const char *path, uint64_t offset, tome_wrap wrap, tome_error *err);
void tome_gunzip_close(tome_gunzip *g);
/* Fills `out` with the next `want` bytes; *got is less only where the data ends. Damage and files cut short are TOME_CORRUPT. */
TOME_MUST_USE bool tome_gunzip_read(tome_gunzip *g, void *out, size_t want, size_t *got, tome_error *err);
/* Passes over up to `bytes`; *skipped is less only where the data ends. */
TOME_MUST_USE bool tome_gunzip_skip(tome_gunzip *g, uint64_t bytes, uint64_t *skipped, tome_error *err);

/* A part of one long deflate stream, compressed on its own (ISA-L, its level 1): parts one after the other, of which the last one ends the stream, are
 * what the body of a single gzip member or zlib stream holds, so that many cores can make one (packed.h does). *made: the bytes written, at most `room`, of which size + size/1000 + 4096 are enough. */
TOME_MUST_USE bool tome_deflate_part(const void *data, size_t size, bool last, void *out, size_t room, size_t *made,
                                     tome_error *err);
/* The checksums that go with it, continued from `sum`: begin with 0 (CRC-32 of gzip) and 1 (Adler-32 of zlib). */
uint32_t tome_add_crc32(uint32_t sum, const void *data, size_t size);
uint32_t tome_add_adler32(uint32_t sum, const void *data, size_t size);
/* The checksum of two pieces one after the other, from theirs and the bytes of the second. */
uint32_t tome_join_crc32(uint32_t first, uint32_t second, uint64_t second_size);
uint32_t tome_join_adler32(uint32_t first, uint32_t second, uint64_t second_size);

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
/* The same of a stream whose length nobody says: at most `most` bytes. */
bool tome_inflate_up_to(tome_inflater *i, const void *in, size_t size, void *out, size_t most, size_t *got);
#endif
