/* What a MINC file says of its image, of either version, checked. Inside src/format only. */
#ifndef TOME_FORMAT_MINC_HEADER_H
#define TOME_FORMAT_MINC_HEADER_H

#include "format/array.h"
#include "format/hdf5/reader.h"
#include "format/minc/cdf.h"

typedef struct tome_minc {
  tome_arena *arena;
  const char *path;
  bool is_h5;
  tome_hdf5 h5;
  tome_hdf5_object image; /* MINC 2 */
  uint64_t begin, bytes;  /* MINC 1: of the voxels in the file */

  tome_dtype dtype; /* as stored */
  bool swapped;     /* MINC 1 */
  int dims;
  uint64_t shape[TOME_HDF5_DIMS]; /* slowest first, as the file's C order */
  char names[TOME_HDF5_DIMS][32];
  tome_array array; /* the axes' roles; no files */
  tome_array_form form;

  double valid[2];      /* stored values are clamped to these */
  double *least, *most; /* image-min, image-max: one a scaled slab, slowest first */
  size_t scales;        /* how many; 0: floating point, not scaled */
  bool one_scale;       /* all alike: slope and intercept say it */
  double slope, intercept;
  tome_geometry geometry;
  char note[256];
} tome_minc;

/* Opens and checks. tome_minc_close it, also after a failure. Messages may lack the path. */
TOME_MUST_USE bool tome_minc_open(const char *path, tome_arena *arena, tome_minc *out, tome_error *err);
void tome_minc_close(tome_minc *m);
/* Stored values of rows [lo, hi) of the slowest axis, native byte order. */
TOME_MUST_USE bool tome_minc_read(tome_minc *m, uint64_t lo, uint64_t hi, void *out, size_t out_bytes, tome_error *err);

#endif
