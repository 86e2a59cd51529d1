/* What the files of the HDF5 reader share. Inside src/format only. */
#ifndef TOME_FORMAT_HDF5_BYTES_H
#define TOME_FORMAT_HDF5_BYTES_H

#include "format/hdf5/reader.h"

/* Little-endian, 1 to 8 bytes. */
static inline uint64_t tome_number(const uint8_t *p, int bytes) {
  uint64_t v = 0;
  for (int i = bytes - 1; i >= 0; i--) v = v << 8 | p[i];
  return v;
}

static inline uint64_t tome_big_number(const uint8_t *p, int bytes) {
  uint64_t v = 0;
  for (int i = 0; i < bytes; i++) v = v << 8 | p[i];
  return v;
}

/* "is an HDF5 file whose …". */
bool tome_hdf5_broken(const char *what, tome_error *err);
/* A block of metadata, in the arena, with a zero behind it; within the file and the budget. */
TOME_MUST_USE bool tome_hdf5_bytes(tome_hdf5 *h, uint64_t at, uint64_t n, uint8_t **out, tome_error *err);
TOME_MUST_USE bool tome_hdf5_pread(const tome_hdf5 *h, uint64_t at, void *out, size_t n, tome_error *err);

enum { TOME_HDF5_DEEPEST = 16 };

/* ---- hdf5/header.c --- */
TOME_MUST_USE bool tome_hdf5_take_attribute(tome_hdf5 *h, const uint8_t *p, size_t n, tome_hdf5_object *o,
                                            tome_error *err);
/* ---- hdf5/group.c --- */
TOME_MUST_USE bool tome_hdf5_take_link(tome_hdf5 *h, const uint8_t *p, size_t n, tome_hdf5_object *o, tome_error *err);
/* ---- hdf5/tree.c: trees of records (B-trees of version 2), and heaps of messages that outgrew an object's header --- */
typedef bool (*tome_hdf5_record)(void *user, const uint8_t *record, size_t size, tome_error *err);
TOME_MUST_USE bool tome_hdf5_walk(tome_hdf5 *h, uint64_t at, tome_hdf5_record record, void *user, tome_error *err);
TOME_MUST_USE bool tome_hdf5_take_attributes(tome_hdf5 *h, const uint8_t *p, size_t n, tome_hdf5_object *o,
                                             tome_error *err);
TOME_MUST_USE bool tome_hdf5_take_links(tome_hdf5 *h, const uint8_t *p, size_t n, tome_hdf5_object *o, tome_error *err);
/* ---- hdf5/index.c --- */
/* One chunk: its first element, where it lies in the file, its bytes there, and which filters were left out. */
typedef struct tome_hdf5_chunk {
  uint64_t begin[TOME_HDF5_DIMS];
  uint64_t address, size;
  uint32_t mask;
} tome_hdf5_chunk;
typedef bool (*tome_hdf5_each_chunk)(void *user, const tome_hdf5_chunk *c, tome_error *err);
/* Calls `chunk` for each stored chunk that holds rows of [lo, hi), at most as often as the array has chunks. */
TOME_MUST_USE bool tome_hdf5_chunks(tome_hdf5 *h, const tome_hdf5_object *o, uint64_t chunk_bytes, uint64_t lo,
                                    uint64_t hi, tome_hdf5_each_chunk chunk, void *user, tome_error *err);
/* ---- hdf5/filters.c --- */
bool tome_hdf5_undoes(int filter);
const char *tome_hdf5_filter_text(int filter); /* "is compressed by szip (filter 4), which …" */
typedef struct tome_hdf5_undoing {
  const tome_hdf5_object *o;
  size_t chunk_bytes;
  size_t
      room; /* of each of the two: more than a chunk, since a checksum or a filter's head may be inside a compressed chunk */
  uint8_t *chunk, *scratch, *spare;
  struct tome_inflater *inflater;
} tome_hdf5_undoing;
/* Undoes the filters of `packed` (which is changed) into u->chunk, last one first. `skipped`: bits of those that were not applied. */
TOME_MUST_USE bool tome_hdf5_undo(tome_hdf5_undoing *u, uint8_t *packed, size_t size, uint32_t skipped,
                                  tome_error *err);

/* Blocks of LZ4: exactly `bytes`. */
bool tome_hdf5_unlz4(const uint8_t *in, size_t size, uint8_t *out, size_t bytes);
/* ---- hdf5/scale_offset.c: a chunk into `out` --- */
bool tome_hdf5_unscale(const tome_hdf5_undoing *u, const tome_hdf5_values *v, const uint8_t *in, size_t size,
                       uint8_t *out);
/* ---- hdf5/packers.c: false where the bytes are damaged --- */
bool tome_hdf5_unszip(const tome_hdf5_undoing *u, const tome_hdf5_values *v, const uint8_t *in, size_t size,
                      uint8_t *out);
bool tome_hdf5_unblosc(const uint8_t *in, size_t size, uint8_t *out, size_t most, size_t *got);
/* `scratch` has room for `most` bytes. */
bool tome_hdf5_unbitshuffle(const tome_hdf5_values *v, const uint8_t *in, size_t size, uint8_t *scratch, uint8_t *out,
                            size_t most, size_t *got);

#endif
