/* A file's bytes from some place on, as they come out of their encoding: what NRRD and MetaImage, whose headers name one, read voxels through.
 * Inside src/format only. */
#ifndef TOME_FORMAT_STREAM_H
#define TOME_FORMAT_STREAM_H

#include "format/format.h"

typedef enum tome_encoding {
  TOME_RAW = 0,
  TOME_GZIP,
  TOME_ZLIB,
  TOME_DEFLATE, /* bare */
  TOME_BZIP2,
  TOME_TEXT, /* numbers between blanks or commas; out come elements of a type, native order */
  TOME_HEX   /* two digits a byte */
} tome_encoding;

typedef struct tome_stream tome_stream;

/* Opens a regular file (nothing else: no pipe, no device) at byte `offset`. `dtype` is for TOME_TEXT. */
TOME_MUST_USE tome_stream *tome_stream_open(const char *path, uint64_t offset, tome_encoding encoding, tome_dtype dtype,
                                            tome_error *err);
void tome_stream_close(tome_stream *s);
/* Fills `out`; *got is less only where the data ends. TOME_TEXT: `want` is whole elements. */
TOME_MUST_USE bool tome_stream_read(tome_stream *s, void *out, size_t want, size_t *got, tome_error *err);
/* Passes over up to `bytes` of what would be read; *skipped is less only where the data ends. */
TOME_MUST_USE bool tome_stream_skip(tome_stream *s, uint64_t bytes, uint64_t *skipped, tome_error *err);

/* bzip2, behind tome_stream (bunzip.c). */
typedef struct tome_bunzip tome_bunzip;
TOME_MUST_USE tome_bunzip *tome_bunzip_open(const char *path, uint64_t offset, tome_error *err);
void tome_bunzip_close(tome_bunzip *b);
TOME_MUST_USE bool tome_bunzip_read(tome_bunzip *b, void *out, size_t want, size_t *got, tome_error *err);

/* A whole stream in memory, into at most `most` bytes. */
bool tome_bunzip_whole(const void *in, size_t size, void *out, size_t most, size_t *got);

/* A regular file, opened for reading without waiting for anybody; -1 with err set. */
TOME_MUST_USE int tome_open_regular(const char *path, tome_error *err);

#endif
