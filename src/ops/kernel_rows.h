/* The loops of the resampling kernel that do the arithmetic: over contiguous runs of floats, for the compiler to vectorise. Results do not depend
 * on the processor: sums are taken in one order and never fused. Private to the kernel. */
#ifndef TOME_OPS_KERNEL_ROWS_H
#define TOME_OPS_KERNEL_ROWS_H

#include "ops/kernel.h"

/* True for types that can be loaded / stored. */
bool tome_rows_can_load(tome_dtype t);
bool tome_rows_can_store(tome_dtype t);

/* n elements at src into floats. */
void tome_rows_load(float *dst, const void *src, tome_dtype type, size_t n);
/* Floats to elements, clipped to lo … hi, rounded and clipped to the type's range where it is an integer type; NaN becomes 0 there. */
void tome_rows_store(void *dst, tome_dtype type, const float *src, size_t n, const tome_resample *r);
/* n elements of value v, rounded and clipped to the type. Any type. */
void tome_rows_fill(void *dst, tome_dtype type, double v, size_t n, tome_rounding rounding);

/* dst[j] = weight[0] * a[j] + weight[1] * b[j]; dst is neither. */
void tome_rows_blend(float *dst, const float *a, const float *b, const float *weight, size_t width);
/* The same along one row: dst[i] = sum over k of weight[i*taps+k] * row[tap[i*taps+k]]; taps 1 or 2. */
void tome_rows_pick(float *dst, const float *row, const int32_t *tap, const float *weight, int taps, size_t count);

/* Splines work on blocks [rows][width] of doubles: the prefilter's gain would take float32 past 1e-3 HU. */

/* n elements at src into doubles. */
void tome_rows_widen(double *dst, const void *src, tome_dtype type, size_t n);
/* dst[j] = sum of weight[k] * row[k][j]; dst is none of the rows. */
void tome_rows_sum(double *dst, const double *const *row, const double *weight, int count, size_t width);
/* Output i, for each: dst[i*stride + j] = sum over k of weight[i*taps+k] * block[tap[i*taps+k]*width + j]. */
void tome_rows_sums(float *dst, size_t stride, const double *block, size_t width, const int32_t *tap,
                    const double *weight, int taps, size_t count);
/* A recursion that forgets. The block's rows are segments: [0, first), then TOME_SEGMENT rows each up to `last`, then the rest. Without any cut first is
 * `rows` and last 0. */
enum { TOME_SEGMENT = 8, TOME_MEMORY_MOST = 3 };
typedef struct tome_segments {
  double pole, across; /* pole^TOME_SEGMENT */
  int memory;          /* segments before its own that a row takes into account */
  size_t rows, first, last;
} tome_segments;
/* Down a block, from row 0 as it is: row r += pole * row r-1; and up, from the last row as it is: row r = pole * (row r+1 - row r). */
void tome_rows_forward(double *block, size_t width, const tome_segments *g);
void tome_rows_backward(double *block, size_t width, const tome_segments *g);

/* Transposes, widening or not: dst[c*dst_stride + r] = src[r*src_stride + c]. */
void tome_rows_turn_wide(double *dst, size_t dst_stride, const float *src, size_t src_stride, size_t rows,
                         size_t columns);
void tome_rows_turn(float *dst, size_t dst_stride, const float *src, size_t src_stride, size_t rows, size_t columns);

#endif
