/* What a NIfTI-1, NIfTI-2 or Analyze 7.5 header says, checked. Inside src/format only. */
#ifndef TOME_FORMAT_NIFTI_HEADER_H
#define TOME_FORMAT_NIFTI_HEADER_H

#include "base/error.h"
#include "grid/grid.h"

enum { NIFTI_MOST_VOLUMES = 65535 };

typedef struct tome_nifti_header {
  bool swapped;  /* the other byte order */
  bool detached; /* voxels in a file of their own (.img) */
  int64_t shape[3];
  int64_t volumes; /* along dimensions 4 to 7 */
  tome_dtype dtype;
  int channels;
  size_t volume_bytes;
  uint64_t data_bytes; /* of all volumes */
  double slope, intercept;
  uint64_t offset; /* of the first voxel in its file */
  tome_geometry geometry;
  char note[256]; /* on the geometry, "" where there is nothing to say */
  char description[80];
} tome_nifti_header;

/* How much the first bytes look like one of the three: 0 no, 100 certainly. */
int tome_nifti_score(const uint8_t *head, size_t size);

/* TOME_CORRUPT where the header contradicts itself, TOME_UNSUPPORTED for voxels that Tome has no type for. Messages name no file. */
TOME_MUST_USE bool tome_nifti_parse(const uint8_t *head, size_t size, tome_nifti_header *out, tome_error *err);

/* The code (NIfTI's `datatype`) of voxels of so many samples: every tome_dtype of one sample has one, so have uint8 RGB and RGBA; DT_UNKNOWN (0) where there is none. */
int16_t tome_nifti_datatype(tome_dtype t, int channels);

#endif
