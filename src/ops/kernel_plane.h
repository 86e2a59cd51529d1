/* Passes of one line over many: down the rows of a plane (or the slices of a volume) and across them. Private to the kernel. */
#ifndef TOME_OPS_KERNEL_PLANE_H
#define TOME_OPS_KERNEL_PLANE_H

#include "ops/kernel_line.h"

/* Rows of voxels to read: row r begins r*stride elements in. */
typedef struct tome_source {
  const void *data;
  tome_dtype type;
  size_t stride;
} tome_source;

/* Rows to write. `rules` (clipping, rounding) NULL: floats as they are. */
typedef struct tome_sink {
  void *data;
  tome_dtype type;
  size_t stride;
  const tome_resample *rules;
} tome_sink;

/* One worker's memory. */
typedef struct tome_scratch {
  double *block, *spare; /* rows of a line, some columns wide */
  float *rows;           /* three rows of the widest kind, or a few lanes of one line's outputs */
  float *middle;         /* the plane between its two passes */
  float *slice[2];       /* slices of the streaming pass along z */
  int64_t slice_at[2];
} tome_scratch;

enum { TOME_LANES = 32 }; /* rows that the pass across takes at once */

/* Columns that the pass down takes at once, so that a block stays in the second-level cache. */
size_t tome_down_width(const tome_line *l, size_t columns);
/* Output i of line `l` from column `from` … `to`-1 of the source's rows 0 (sample in_lo), 1, …, into row i of the sink. */
void tome_down(const tome_line *l, const tome_source *in, const tome_sink *out, size_t from, size_t to,
               tome_scratch *s);
/* For `rows` rows: output i from the elements of the row, into element i. */
void tome_across(const tome_line *l, const tome_source *in, const tome_sink *out, size_t rows, tome_scratch *s);

/* One row's floats to the sink's row r from element `at` on. */
void tome_sink_row(const tome_sink *out, size_t r, size_t at, const float *row, size_t n);
/* Packed floats. */
tome_source tome_float_source(const float *data, size_t stride);
tome_sink tome_float_sink(float *data, size_t stride);
/* From another element on. */
tome_source tome_source_at(const tome_source *in, size_t element);
tome_sink tome_sink_at(const tome_sink *out, size_t element);

#endif
