/* An array of numbers of any rank in one or several files, as NRRD and MetaImage headers describe it: which axes are space, which are samples of a voxel,
 * and how the bytes are wrapped. Turns it into 3-D pieces, one for each index of the axes left over. Inside src/format only. */
#ifndef TOME_FORMAT_ARRAY_H
#define TOME_FORMAT_ARRAY_H

#include "format/stream.h"

enum { TOME_ARRAY_DIMS = 16, TOME_ARRAY_FILES = 100000, TOME_ARRAY_FRAMES = 65535 };

typedef struct tome_array {
  tome_dtype dtype;
  bool half;     /* float16, of which dtype (uint16) is the bits */
  bool embedded; /* other things may lie behind the data in its file */
  bool swapped;  /* bytes of an element are in the other order */
  tome_encoding encoding;
  int dims;
  int64_t size[TOME_ARRAY_DIMS]; /* fastest axis first */
  int space[3];                  /* which axis is z, y, x; -1: none (an extent of 1) */
  int channel;                   /* which axis is the samples of a voxel, -1: none */

  const char **files; /* each holds an equal part of the bytes, in order; at least one; in the caller's arena */
  size_t file_count, file_cap;
  uint64_t offset;    /* where the data of each begins (attached data: behind the header) */
  uint64_t line_skip; /* lines from there on */
  int64_t byte_skip;  /* then bytes: of the file, or of what it inflates to; -1-n: data and n bytes more end the file */
} tome_array;

/* (z, y, x) and samples of one piece, and how many pieces there are. */
typedef struct tome_array_form {
  int64_t shape[3], channels, frames;
  size_t piece_bytes;
  uint64_t bytes; /* of all */
} tome_array_form;

/* Checks sizes and files (existence, lengths as far as the encoding lets one know). Messages name no header. */
TOME_MUST_USE bool tome_array_check(const tome_array *a, tome_array_form *form, tome_error *err);

/* One file name more. */
TOME_MUST_USE bool tome_array_add_file(tome_array *a, tome_arena *arena, const char *header_path, const char *name,
                                       tome_error *err);
/* Names by a pattern with one %d, %3d or %03d (anything else in it is refused), for min, min+step, … max. */
TOME_MUST_USE bool tome_array_add_pattern(tome_array *a, tome_arena *arena, const char *header_path,
                                          const char *pattern, long min, long max, long step, tome_error *err);

/* Its form by the sizes alone. */
TOME_MUST_USE bool tome_array_form_of(const tome_array *a, tome_array_form *form, tome_error *err);
/* Picks one piece out of the whole array in memory, whatever the order of its axes, byte order included. */
void tome_array_pick(const tome_array *a, const tome_array_form *f, const void *all, int64_t frame, void *out);

/* float16, which Tome has no element type for, becomes float32, which holds all of it. Such a piece has `length` TOME_HALVES; decode is called again for its
 * bits, as uint16 (length 0), and they are widened in place. */
enum { TOME_HALVES = 1 };
TOME_MUST_USE bool tome_decode_halves(const tome_piece *p,
                                      bool (*decode)(const tome_piece *, void *, size_t, tome_error *), void *out,
                                      size_t out_bytes, tome_error *err);

/* The voxels of one piece, C order (z, y, x, sample), native byte order. */
TOME_MUST_USE bool tome_array_decode(const tome_array *a, int64_t frame, void *out, size_t out_bytes, tome_error *err);

#endif
