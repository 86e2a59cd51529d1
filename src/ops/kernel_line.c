/* B-spline weights, prefilter and boundaries of one axis. A spline of order p is fitted by a recursive filter that runs once each way for
 * every pole; whole-sample mirror boundaries are started exactly, cut ends from a margin that leaves 1e-14 of what lies beyond. */
#include "ops/kernel_line.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "ops/kernel_rows.h"

enum { MARGIN_MOST = 40, BEYOND = 12, RADIUS_MOST = 512 };

static const double poles[6][TOME_POLES_MOST] = {
    {0},
    {0},
    {-0.17157287525380990239},
    {-0.26794919243112270647},
    {-0.36134122590022016, -0.013725429297339109},
    {-0.43057534709997379, -0.043096288203264284},
};

static int pole_count(int order) { return order < 2 ? 0 : order < 4 ? 1 : 2; }

int tome_spline_margin(int order) {
  static const int margin[6] = {0, 0, 18, 24, 32, 38}; /* ceil(ln 1e-14 / ln |pole|) */
  return order < 0 || order > 5 ? 0 : margin[order];
}

static int blur_radius(double sigma) {
  const double r = floor(4 * sigma + 0.5);
  return !(r > 0) ? 0 : r > RADIUS_MOST ? RADIUS_MOST : (int)r;
}

int tome_line_order(const tome_axis *a, int order) { return tome_axis_is_identity(a) || a->in == 1 ? 0 : order; }

/* ---- positions ------------------------------------------------------------------------------------------ */

static double clamped(double x, double lo, double hi) { return x > lo ? x < hi ? x : hi : lo; }

/* The first tap of output i and how far x lies into the knot interval. Positions far outside are brought near: there the spline of a repeated
 * edge is flat, and that of a mirrored one is nobody's wish. */
static int64_t first_tap(const tome_axis *a, int order, int64_t i, double *into) {
  const double last = (double)(a->in - 1), beyond = order > 1 ? BEYOND : 0;
  const double x = clamped(tome_axis_at(a, i), -beyond - (order == 0), last + beyond + (order == 0));
  const double knot = floor(order % 2 ? x : x + 0.5);
  *into = (order % 2 ? x : x + 0.5) - knot;
  return (int64_t)knot - order / 2;
}

/* The order+1 uniform B-splines that are not zero, `t` into the knot interval (de Boor's recurrence). */
static void spline_weights(int order, double t, double w[TOME_TAPS_MOST]) {
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

static int64_t mirrored(int64_t k, int64_t n) {
  if (n == 1) return 0;
  const int64_t period = 2 * (n - 1);
  k = (k < 0 ? -k : k) % period;
  return k < n ? k : period - k;
}

static int64_t within(int64_t k, int64_t n) { return k < 0 ? 0 : k < n ? k : n - 1; }

void tome_line_need(const tome_axis *a, int order, double sigma, int64_t lo, int64_t hi, int64_t *in_lo,
                    int64_t *in_hi) {
  double into;
  order = tome_line_order(a, order);
  const int64_t n = a->in, first = first_tap(a, order, lo, &into), last = first_tap(a, order, hi - 1, &into) + order;
  const int64_t margin = tome_spline_margin(order) + (order ? blur_radius(sigma) : 0);
  int64_t from = first - margin, to = last + 1 + margin;
  if (first < 0 && to < margin - first) to = margin - first; /* taps before the edge are reflected into the volume */
  if (last >= n && from > 2 * n - 2 - last - margin) from = 2 * n - 2 - last - margin;
  *in_lo = within(from, n);
  *in_hi = within(to - 1, n) + 1;
}

/* ---- tables --------------------------------------------------------------------------------------------- */

static int64_t tap_row(const tome_line *l, const tome_axis *a, int64_t k) {
  if (l->poles == 0) return within(k, l->n) - l->in_lo;
  return (a->edge == TOME_EDGE_CLAMP ? k + l->pad_lo : mirrored(k, l->n)) - l->in_lo;
}

static void fill_taps(tome_line *l, const tome_axis *a, int64_t lo) {
  double gain = 1;
  for (int p = 0; p < l->poles; p++) gain *= (1 - l->pole[p]) * (1 - 1 / l->pole[p]);
  for (int64_t i = 0; i < l->count; i++) {
    double into, w[TOME_TAPS_MOST];
    const int64_t first = first_tap(a, l->order, lo + i, &into);
    spline_weights(l->order, into, w);
    for (int k = 0; k < l->taps; k++) {
      l->tap[i * l->taps + k] = (int32_t)tap_row(l, a, first + k);
      l->weight[i * l->taps + k] = (float)w[k];
      l->wide[i * l->taps + k] = gain * w[k];
    }
  }
}

static void fill_blur(tome_line *l, double sigma) {
  double sum = 0;
  for (int k = -l->radius; k <= l->radius; k++) sum += exp(-0.5 * k * k / (sigma * sigma));
  for (int k = -l->radius; k <= l->radius; k++) l->blur[k + l->radius] = exp(-0.5 * k * k / (sigma * sigma)) / sum;
}

/* A repeated edge is laid out in rows as far as taps reach. With two poles the second one's input is not flat there, so a margin more. */
static void set_ends(tome_line *l, const tome_axis *a, int64_t lo, int64_t hi) {
  const bool edge_lo = l->in_lo == 0, edge_hi = l->in_hi == l->n;
  l->mirror_lo = l->poles > 0 && edge_lo && a->edge != TOME_EDGE_CLAMP;
  l->mirror_hi = l->poles > 0 && edge_hi && a->edge != TOME_EDGE_CLAMP;
  l->mirror_blur = a->edge != TOME_EDGE_CLAMP;
  if (l->poles == 0 || a->edge != TOME_EDGE_CLAMP) return;
  double into;
  const int64_t first = first_tap(a, l->order, lo, &into), last = first_tap(a, l->order, hi - 1, &into) + l->order;
  const int more = l->poles > 1 ? tome_spline_margin(l->order) : 0;
  l->pad_lo = edge_lo ? (int)(first < 0 ? -first : 0) + more : 0;
  l->pad_hi = edge_hi ? (int)(last >= l->n ? last - l->n + 1 : 0) + more : 0;
}

bool tome_line_init(tome_line *l, const tome_axis *a, int order, double sigma, int64_t lo, int64_t hi,
                    tome_error *err) {
  *l = (tome_line){.order = tome_line_order(a, order), .n = a->in, .count = hi - lo};
  l->taps = l->order + 1;
  l->poles = pole_count(l->order);
  for (int p = 0; p < l->poles; p++) l->pole[p] = poles[l->order][p];
  l->radius = l->order ? blur_radius(sigma) : 0;
  tome_line_need(a, order, sigma, lo, hi, &l->in_lo, &l->in_hi);
  set_ends(l, a, lo, hi);
  l->rows = l->pad_lo + (l->in_hi - l->in_lo) + l->pad_hi;
  const size_t cells = (size_t)l->count * (size_t)l->taps;
  l->tap = tome_alloc(cells, sizeof *l->tap, "resample: positions", err);
  l->weight = tome_alloc(cells, sizeof *l->weight, "resample: weights", err);
  l->blur = tome_alloc(2 * (size_t)l->radius + 1, sizeof *l->blur, "resample: Gaussian", err);
  l->wide = tome_alloc(cells, sizeof *l->wide, "resample: weights", err);
  if (!l->tap || !l->weight || !l->blur || !l->wide) {
    tome_line_clear(l);
    return false;
  }
  fill_taps(l, a, lo);
  if (l->radius) fill_blur(l, sigma);
  return true;
}

void tome_line_clear(tome_line *l) {
  free(l->tap);
  free(l->weight);
  free(l->wide);
  free(l->blur);
  *l = (tome_line){0};
}

bool tome_line_is_direct(const tome_line *l) { return l->poles == 0 && l->radius == 0; }

bool tome_line_is_copy(const tome_line *l) {
  if (l->taps != 1 || l->count != l->in_hi - l->in_lo) return false;
  for (int64_t i = 0; i < l->count; i++)
    if (l->tap[i] != i) return false;
  return true;
}

/* ---- blur and prefilter ---------------------------------------------------------------------------------- */

/* Over the samples alone: an edge that goes on for ever is that of the blurred line, as in skimage. Where samples were cut off inside the volume
 * the last one stands for them: within the margin. */
static void blur_rows(const tome_line *l, const double *from, double *to, size_t width) {
  const double *row[2 * RADIUS_MOST + 1];
  const int64_t count = l->in_hi - l->in_lo;
  from += (size_t)l->pad_lo * width;
  to += (size_t)l->pad_lo * width;
  for (int64_t r = 0; r < count; r++) {
    for (int k = -l->radius; k <= l->radius; k++) {
      const int64_t at = l->in_lo + r + k, sample = l->mirror_blur ? mirrored(at, l->n) : at;
      row[k + l->radius] = from + (size_t)within(sample - l->in_lo, count) * width;
    }
    tome_rows_sum(to + (size_t)r * width, row, l->blur, 2 * l->radius + 1, width);
  }
}

static void pad_rows(const tome_line *l, double *block, size_t width) {
  const double *first = block + (size_t)l->pad_lo * width, *last = first + (size_t)(l->in_hi - l->in_lo - 1) * width;
  double *after = block + (size_t)(l->rows - l->pad_hi) * width;
  for (size_t r = 0; r < (size_t)l->pad_lo; r++) memcpy(block + r * width, first, width * sizeof *block);
  for (size_t r = 0; r < (size_t)l->pad_hi; r++) memcpy(after + r * width, last, width * sizeof *block);
}

/* c[0] of a whole-sample mirrored line: the periodic sum of z^k x[k], as far as it counts. */
static void start_mirrored(const tome_line *l, const double *block, size_t width, double z, double *first) {
  double weight[2 * MARGIN_MOST];
  const double *row[2 * MARGIN_MOST];
  int count = (int)ceil(log(1e-16) / log(fabs(z)));
  if (count > 2 * MARGIN_MOST) count = 2 * MARGIN_MOST;
  if (count > l->rows) count = (int)l->rows;
  const double around = pow(z, (double)(2 * l->n - 2));
  for (int k = 0; k < count; k++) {
    const double back = k == 0 || k == l->n - 1 ? 0 : pow(z, (double)(2 * l->n - 2 - k));
    weight[k] = (pow(z, k) + back) / (1 - around);
    row[k] = block + (size_t)k * width;
  }
  tome_rows_sum(first, row, weight, count, width);
}

/* The last row after the forward pass: its mirror image gone back over, or, over an edge that goes on for ever (`edge` its samples), the rest of
 * both passes in closed form. */
static void turn_around(const tome_line *l, double *last, const double *before, const double *edge, size_t width,
                        double z) {
  if (l->mirror_hi) {
    const double a = z / (z * z - 1);
    for (size_t j = 0; j < width; j++) last[j] = a * (last[j] + z * before[j]);
    return;
  }
  const double steady = 1 / (1 - z), a = -z / (1 - z), b = -z / (1 - z * z);
  for (size_t j = 0; j < width; j++) {
    const double s = steady * edge[j];
    last[j] = a * s + b * (last[j] - s);
  }
}

static void filter_pole(const tome_line *l, double *block, double *spare, size_t width, double z) {
  const size_t rows = (size_t)l->rows;
  double *last = block + (rows - 1) * width, *edge = spare, *first = spare + width;
  memcpy(edge, last, width * sizeof *edge);
  if (l->mirror_lo)
    start_mirrored(l, block, width, z, first);
  else
    for (size_t j = 0; j < width; j++) first[j] = block[j] / (1 - z);
  memcpy(block, first, width * sizeof *block);
  tome_rows_forward(block, rows, width, z);
  turn_around(l, last, rows > 1 ? last - width : last, edge, width, z);
  tome_rows_backward(block, rows, width, z);
}

double *tome_line_prepare(const tome_line *l, double *block, double *spare, size_t width) {
  if (l->radius) {
    double *blurred = spare;
    blur_rows(l, block, blurred, width);
    spare = block;
    block = blurred;
  }
  pad_rows(l, block, width);
  for (int p = 0; p < l->poles; p++) filter_pole(l, block, spare, width, l->pole[p]);
  return block;
}
