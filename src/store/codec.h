/* codec.h - one chunk through HDF5's filter pipeline and back, without HDF5: [shuffle] [deflate | zstd | lz4] [Fletcher32]. Knows
 * bytes only. A coder holds one thread's scratch memory. */
#ifndef TOME_STORE_CODEC_H
#define TOME_STORE_CODEC_H

#include "base/error.h"
#include "store/planes_deflate.h"

/* What a data set's filters are, in their one accepted order. */
typedef struct tome_pipeline {
  size_t element; /* bytes */
  bool shuffle, checksum;
  tome_codec codec;
  int level;
} tome_pipeline;

/* The level used where nobody asked for one: measured, see schema/store.md. 0 for deflate: the writer of planes_deflate.h for shuffled voxels, libdeflate's
 * level 6 for others (labels). */
int tome_codec_level(tome_codec codec, int asked);
const char *tome_codec_name(tome_codec codec);
/* TOME_USAGE where the codec or the level is none that exists. */
TOME_MUST_USE bool tome_codec_check(tome_codec codec, int level, tome_error *err);

/* Bits of HDF5's filter mask, by position in the pipeline: a set bit means that this chunk skipped that filter. */
unsigned tome_pipeline_bit_codec(const tome_pipeline *p);

/* ---- compressing ---- */
typedef struct tome_encoder tome_encoder;
TOME_MUST_USE tome_encoder *tome_encoder_new(const tome_pipeline *p, size_t raw_bytes, tome_error *err);
void tome_encoder_free(tome_encoder *e);
/* Where the caller puts the chunk: raw_bytes, shuffled already where the pipeline shuffles. */
uint8_t *tome_encoder_raw(tome_encoder *e);
/* Compresses and checksums it. *out is borrowed until the next call; *mask says which filters were skipped (data that would grow
 * is stored as it is). */
void tome_encode(tome_encoder *e, const uint8_t **out, size_t *size, uint32_t *mask);

/* ---- decompressing: several chunks at a time, since four can be inflated in step ---- */
enum { TOME_DECODE_SLACK = 128 }; /* bytes that may be read behind a chunk; what they are does not matter */

typedef struct tome_packed_chunk {
  const uint8_t *data; /* as stored, and TOME_DECODE_SLACK bytes more */
  size_t size;
  uint32_t mask;
  tome_span wanted;    /* elements; the others may be left as they are. Count 0: all */
  size_t plane_stride; /* out: elements from one plane of shuffled bytes in `raw` to the next */
  const uint8_t *
      raw; /* out: raw_bytes, borrowed from the decoder or from `data` until the next call; NULL where the chunk is broken … */
  const char *why; /* … and this says how ("does not match its checksum") */
} tome_packed_chunk;

typedef struct tome_decoder tome_decoder;
TOME_MUST_USE tome_decoder *tome_decoder_new(const tome_pipeline *p, size_t raw_bytes, size_t most_chunks,
                                             tome_error *err);
void tome_decoder_free(tome_decoder *d);
/* Verifies checksums and inflates `count` chunks, at most most_chunks. */
void tome_decode(tome_decoder *d, tome_packed_chunk *chunks, size_t count);

#endif
