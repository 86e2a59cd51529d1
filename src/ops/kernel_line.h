/* One axis of a resampling made ready for a run of outputs: which samples it reads, which rows each output sums and by how much.
 * Private to the kernel. */
#ifndef TOME_OPS_KERNEL_LINE_H
#define TOME_OPS_KERNEL_LINE_H

#include "ops/kernel.h"

enum { TOME_TAPS_MOST = 6, TOME_POLES_MOST = 2 };

/* Narrows lo..hi to the outputs that are not fill (kernel_axis.c). */
void tome_axis_inside(const tome_axis *a, int64_t *lo, int64_t *hi);

/* Samples are loaded into rows: `pad_lo` copies of the first, samples in_lo … in_hi-1, `pad_hi` copies of the last; then blurred, prefiltered
 * and summed. */
typedef struct tome_line {
  int order, taps, poles;
  int64_t n;             /* voxels of the whole input axis */
  int64_t in_lo, in_hi;  /* samples read */
  int pad_lo, pad_hi;    /* the edge goes on for ever: so many more rows of it */
  int64_t rows;          /* pad_lo + (in_hi - in_lo) + pad_hi */
  bool edge_lo, edge_hi; /* the samples read begin, end at the volume's own edge */
  bool mirror;           /* the volume is mirrored there; else the edge goes on for ever */
  double pole[TOME_POLES_MOST];
  int radius;    /* of the Gaussian; 0 for none */
  double *blur;  /* 2*radius+1 weights */
  int64_t count; /* outputs */
  int32_t *tap;  /* count*taps row numbers */
  float *weight; /* count*taps, of orders 0 and 1 */
  double *wide;  /* the same for blocks, the prefilter's gain in them */
} tome_line;

/* For outputs lo … hi-1 (none of them fill, at least one). Order 1 with a kept axis, one voxel, and so on, are reduced to what they are. */
TOME_MUST_USE bool tome_line_init(tome_line *l, const tome_axis *a, int order, double sigma, int64_t lo, int64_t hi,
                                  tome_error *err);
void tome_line_clear(tome_line *l);
/* The samples it would read, without the tables. */
void tome_line_need(const tome_axis *a, int order, double sigma, int64_t lo, int64_t hi, int64_t *in_lo,
                    int64_t *in_hi);
/* The order that is left on this axis: 0 where it is kept as it is or has one voxel. */
int tome_line_order(const tome_axis *a, int order);

/* Splines on their own. The order+1 uniform B-splines that are not zero, `t` into the knot interval (de Boor's recurrence). */
static inline void tome_spline_weights(int order, double t, double w[TOME_TAPS_MOST]) {
  w[0] = 1;
  for (int d = 1; d <= order; d++) {
    double carried = 0;
    for (int k = 0; k < d; k++) {
      const double right = k + 1 - t, left = t + d - 1 - k, share = w[k] / d;
      w[k] = carried + right * share;
      carried = left * share;
    }
    w[d] = carried;
  }
}
/* What the prefilter leaves to be multiplied by; an index brought into the volume by mirrors about its outermost samples. */
double tome_spline_gain(int order);
int64_t tome_mirrored(int64_t k, int64_t n);
/* From the coefficients first ... last to the samples that they are fitted to, perhaps beyond the volume. */
void tome_spline_reach(int order, int64_t *first, int64_t *last);
/* A line that only prefilters samples in_lo ... in_hi-1 of n, mirrored at the edges. Nothing to clear. */
tome_line tome_line_fit(int order, int64_t n, int64_t in_lo, int64_t in_hi);

/* True where outputs are sums of one or two samples as they are. */
bool tome_line_is_direct(const tome_line *l);
/* True where output i is sample in_lo + i. */
bool tome_line_is_copy(const tome_line *l);

/* Blurs a block [rows][width] whose samples are loaded from row pad_lo on (through `spare`, of the same size, only where
 * radius > 0; at least 2*width doubles otherwise), fills its padding and prefilters. Returns the block that the taps refer to: `block` or `spare`. */
double *tome_line_prepare(const tome_line *l, double *block, double *spare, size_t width);

#endif
