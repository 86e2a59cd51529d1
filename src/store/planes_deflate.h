/* planes_deflate.h - deflate for shuffled voxels, both ways. A plane of low bytes is noise: Huffman codes and runs say all there is to say of it, matches
 * find nothing. So each plane becomes one block of literals and runs (matches of distance 1), with codes of at most 11 bits. That is plain zlib to
 * everybody else; it is made several times faster than by searching for matches. An index behind the stream (planes_index.h) says where in it
 * each section of 256 bytes begins: only those that are wanted are read, and four at once, in step, since what costs time in reading literals is
 * waiting for one code before the next can be looked up. */
#ifndef TOME_STORE_PLANES_DEFLATE_H
#define TOME_STORE_PLANES_DEFLATE_H

#include "base/huffman.h"
#include "base/mem.h"

enum {
  TOME_CODE_BITS = 11, /* longest code of literals and runs that is written here, and read by tome_planes_inflate */
  TOME_PLANES_IN_SLACK = 128, /* readable bytes after the input */
  TOME_PLANES_OUT_SLACK = 64  /* writable bytes after each plane of the output */
};

/* ---- writing ---- */
typedef struct tome_planes_deflater tome_planes_deflater;
TOME_MUST_USE tome_planes_deflater *tome_planes_deflater_new(size_t plane_bytes, tome_error *err);
void tome_planes_deflater_free(tome_planes_deflater *d);
/* A zlib stream of `planes` planes (at most 8), one after the other, of plane_bytes each, and its index. 0 where it does not fit into `room` bytes. */
size_t tome_planes_deflate(tome_planes_deflater *d, const uint8_t *in, size_t planes, uint8_t *out, size_t room);

/* ---- reading ---- */
/* What is wanted of a plane: `count` pieces of `length` bytes, one every `step` bytes from `first` on. Count 0: all of it. */
typedef struct tome_span {
  size_t first, length, step, count;
} tome_span;

typedef struct tome_planes_stream {
  const uint8_t *in; /* `size` bytes, index and all, and TOME_PLANES_IN_SLACK more that may be read */
  size_t size;
  tome_span wanted; /* of each plane */
  uint8_t *out;     /* the planes, TOME_PLANES_OUT_SLACK apart: what was not asked for may be written to as well */
  bool done;        /* set: all that was wanted is there */
} tome_planes_stream;

typedef struct tome_planes_inflater tome_planes_inflater;
/* For up to `most` streams at a time, each of `planes` planes of plane_bytes. */
TOME_MUST_USE tome_planes_inflater *tome_planes_inflater_new(size_t planes, size_t plane_bytes, size_t most,
                                                             tome_error *err);
void tome_planes_inflater_free(tome_planes_inflater *i);
/* Reads the wanted sections of streams of the kind written above. One without an index, one of any other kind, and a broken one is left with `done` false: a
 * general inflater has the word then. Does not look at the Adler-32: the caller has verified a checksum of the input. */
void tome_planes_inflate(tome_planes_inflater *i, tome_planes_stream *streams, size_t count);

#endif
