/* planes_deflate.h - deflate for shuffled voxels, both ways. A plane of low bytes is noise: Huffman codes and runs say all there is to say of it, matches
 * find nothing. So each plane becomes one block of literals and runs (matches of distance 1), with codes of at most 11 bits. That is plain zlib to
 * everybody else; it is made several times faster than by searching for matches. And since what costs time in reading literals is waiting for one code
 * before the next can be looked up, two chunks are read at once, in step. */
#ifndef TOME_STORE_PLANES_DEFLATE_H
#define TOME_STORE_PLANES_DEFLATE_H

#include "base/mem.h"

enum {
  TOME_CODE_BITS = 11, /* longest code of literals and runs that is written here, and read by tome_planes_inflate */
  TOME_PLANES_IN_SLACK = 128, /* readable bytes after the input */
  TOME_PLANES_OUT_SLACK = 64  /* writable bytes after the output */
};

/* ---- writing ---- */
typedef struct tome_planes_deflater tome_planes_deflater;
TOME_MUST_USE tome_planes_deflater *tome_planes_deflater_new(size_t plane_bytes, tome_error *err);
void tome_planes_deflater_free(tome_planes_deflater *d);
/* A zlib stream of `planes` planes, one after the other, of plane_bytes each. 0 where it does not fit into `room` bytes. */
size_t tome_planes_deflate(tome_planes_deflater *d, const uint8_t *in, size_t planes, uint8_t *out, size_t room);

/* ---- reading ---- */
typedef struct tome_planes_stream {
  const uint8_t *in; /* `size` bytes and TOME_PLANES_IN_SLACK more that may be read */
  size_t size;
  uint8_t *out; /* `out_bytes` and TOME_PLANES_OUT_SLACK more that may be written */
  size_t out_bytes;
  bool done; /* set: inflated to exactly out_bytes */
} tome_planes_stream;

typedef struct tome_planes_inflater tome_planes_inflater;
TOME_MUST_USE tome_planes_inflater *tome_planes_inflater_new(tome_error *err);
void tome_planes_inflater_free(tome_planes_inflater *i);
/* Inflates streams of the kind written above, two at a time in step. A stream of any other kind, or a broken one, is left with `done` false: a
 * general inflater has the word then. Does not look at the Adler-32: the caller has verified a checksum of the input. */
void tome_planes_inflate(tome_planes_inflater *i, tome_planes_stream *streams, size_t count);

/* ---- shared: Huffman codes ---- */
/* Lengths of an optimal-enough prefix code for `n` symbols with these frequencies, none longer than `most` bits; 0 for those that do not occur. At
 * least two must occur. The code is complete. */
void tome_code_lengths(const uint32_t *frequency, size_t n, unsigned most, uint8_t *lengths);
/* The canonical code of those lengths, each reversed (deflate packs codes from the top bit). False where the lengths are not a complete code. */
bool tome_code_words(const uint8_t *lengths, size_t n, uint16_t *words);

#endif
