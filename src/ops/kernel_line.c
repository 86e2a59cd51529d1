/* B-spline weights, prefilter and boundaries of one axis. A spline of order p is fitted by a recursive filter that runs once each way for
 * every pole. The axis is divided into segments of TOME_SEGMENT samples, counted from its first; within a segment the filter remembers so
 * many segments before it and nothing further. So a coefficient is the same sums of the same samples whatever box is asked for, to the last
 * bit, and reads a bounded piece of the axis. Edges of the volume are exact: mirrored about the outermost sample, or that sample for ever. */
#include "ops/kernel_line.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "ops/kernel_rows.h"

enum { BEYOND = 12, RADIUS_MOST = 512 };

static const double poles[6][TOME_POLES_MOST] = {
    {0},
    {0},
    {-0.17157287525380990239},
    {-0.26794919243112270647},
    {-0.36134122590022016, -0.013725429297339109},
    {-0.43057534709997379, -0.043096288203264284},
};

static int pole_count(int order) { return order < 2 ? 0 : order < 4 ? 1 : 2; }

/* Segments that each pole remembers: what lies further out counts less than 2e-9 of the samples there, a thirtieth of what float32 can tell. */
static const int memory[6][TOME_POLES_MOST] = {{0}, {0}, {2}, {2}, {3, 1}, {3, 1}};

static int64_t margin_of(int order) { return TOME_SEGMENT * (int64_t)(memory[order][0] + memory[order][1]); }

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

int64_t tome_mirrored(int64_t k, int64_t n) {
  if (n == 1) return 0;
  const int64_t period = 2 * (n - 1);
  k = (k < 0 ? -k : k) % period;
  return k < n ? k : period - k;
}

double tome_spline_gain(int order) {
  double gain = 1;
  for (int p = 0; p < pole_count(order); p++) gain *= (1 - poles[order][p]) * (1 - 1 / poles[order][p]);
  return gain;
}

static int64_t within(int64_t k, int64_t n) { return k < 0 ? 0 : k < n ? k : n - 1; }

/* The samples whose coefficients the outputs lo ... hi-1 sum: first and last. */
static void taps_of(const tome_axis *a, int order, int64_t lo, int64_t hi, int64_t *first, int64_t *last) {
  double into;
  const int64_t n = a->in, from = first_tap(a, order, lo, &into), to = first_tap(a, order, hi - 1, &into) + order;
  const bool reflected = order > 1 && a->edge != TOME_EDGE_CLAMP;
  *first = reflected && to >= n && from > 2 * n - 2 - to ? 2 * n - 2 - to : from;
  *last = reflected && from < 0 && to < -from ? -from : to;
  *first = within(*first, n);
  *last = within(*last, n);
}

void tome_line_need(const tome_axis *a, int order, double sigma, int64_t lo, int64_t hi, int64_t *in_lo,
                    int64_t *in_hi) {
  int64_t first, last;
  order = tome_line_order(a, order);
  taps_of(a, order, lo, hi, &first, &last);
  const int64_t radius = order ? blur_radius(sigma) : 0;
  tome_spline_reach(order, &first, &last);
  *in_lo = within(first - radius, a->in);
  *in_hi = within(last + radius, a->in) + 1;
}

void tome_spline_reach(int order, int64_t *first, int64_t *last) {
  if (order < 2) return;
  *first = *first / TOME_SEGMENT * TOME_SEGMENT - margin_of(order); /* whole segments, and those that they remember */
  *last = (*last / TOME_SEGMENT + 1) * TOME_SEGMENT - 1 + margin_of(order);
}

/* ---- tables --------------------------------------------------------------------------------------------- */

static int64_t tap_row(const tome_line *l, const tome_axis *a, int64_t k) {
  if (l->poles == 0) return within(k, l->n) - l->in_lo;
  return (a->edge == TOME_EDGE_CLAMP ? k + l->pad_lo : tome_mirrored(k, l->n)) - l->in_lo;
}

static void fill_taps(tome_line *l, const tome_axis *a, int64_t lo) {
  const double gain = tome_spline_gain(l->order);
  for (int64_t i = 0; i < l->count; i++) {
    double into, w[TOME_TAPS_MOST];
    const int64_t first = first_tap(a, l->order, lo + i, &into);
    tome_spline_weights(l->order, into, w);
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

/* A repeated edge is laid out in rows as far as any output's taps reach. With two poles the second one's input is not flat there, so a margin more. */
static void set_ends(tome_line *l, const tome_axis *a) {
  l->edge_lo = l->in_lo == 0;
  l->edge_hi = l->in_hi == l->n;
  l->mirror = a->edge != TOME_EDGE_CLAMP;
  if (l->poles == 0 || l->mirror) return;
  double into;
  const int64_t first = first_tap(a, l->order, 0, &into), last = first_tap(a, l->order, a->out - 1, &into) + l->order;
  const int more = l->poles > 1 ? (int)margin_of(l->order) : 0;
  l->pad_lo = l->edge_lo ? (int)(first < 0 ? -first : 0) + more : 0;
  l->pad_hi = l->edge_hi ? (int)(last >= l->n ? last - l->n + 1 : 0) + more : 0;
}

bool tome_line_init(tome_line *l, const tome_axis *a, int order, double sigma, int64_t lo, int64_t hi,
                    tome_error *err) {
  *l = (tome_line){.order = tome_line_order(a, order), .n = a->in, .count = hi - lo};
  l->taps = l->order + 1;
  l->poles = pole_count(l->order);
  for (int p = 0; p < l->poles; p++) l->pole[p] = poles[l->order][p];
  l->radius = l->order ? blur_radius(sigma) : 0;
  tome_line_need(a, order, sigma, lo, hi, &l->in_lo, &l->in_hi);
  set_ends(l, a);
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
 * the last one stands for them: nobody uses what comes of it. */
static void blur_rows(const tome_line *l, const double *from, double *to, size_t width) {
  const double *row[2 * RADIUS_MOST + 1];
  const int64_t count = l->in_hi - l->in_lo;
  from += (size_t)l->pad_lo * width;
  to += (size_t)l->pad_lo * width;
  for (int64_t r = 0; r < count; r++) {
    for (int k = -l->radius; k <= l->radius; k++) {
      const int64_t at = l->in_lo + r + k, sample = l->mirror ? tome_mirrored(at, l->n) : at;
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

/* The row from which a pole runs down, at the volume's edge: the periodic sum of z^k x[k] of a mirrored line, as far as it counts; of an edge
 * that goes on for ever, its own sum. */
static void start_down(const tome_line *l, const tome_segments *g, double *block, double *spare, size_t width) {
  double weight[TOME_SEGMENT * (TOME_MEMORY_MOST + 1)];
  const double *row[TOME_SEGMENT * (TOME_MEMORY_MOST + 1)], z = g->pole;
  if (!l->mirror) {
    for (size_t j = 0; j < width; j++) block[j] /= 1 - z;
    return;
  }
  const int within_reach = TOME_SEGMENT * (g->memory + 1), count = l->n < within_reach ? (int)l->n : within_reach;
  const double around = pow(z, (double)(2 * l->n - 2));
  for (int k = 0; k < count; k++) {
    const double back = k == 0 || k == l->n - 1 ? 0 : pow(z, (double)(2 * l->n - 2 - k));
    weight[k] = (pow(z, k) + back) / (1 - around);
    row[k] = block + (size_t)k * width;
  }
  tome_rows_sum(spare, row, weight, count, width);
  memcpy(block, spare, width * sizeof *block);
}

/* The last row after the way down: at a mirrored edge its mirror image gone back over; at one that goes on for ever (`edge` its samples) the rest
 * of both ways in closed form; where samples were cut off inside the volume, nothing is remembered. */
static void turn_around(const tome_line *l, double z, double *last, const double *edge, size_t width) {
  const double *before = last - width;
  if (!l->edge_hi) {
    for (size_t j = 0; j < width; j++) last[j] = -z * last[j];
  } else if (l->mirror) {
    const double a = z / (z * z - 1);
    for (size_t j = 0; j < width; j++) last[j] = a * (last[j] + z * before[j]);
  } else {
    const double steady = 1 / (1 - z), a = -z / (1 - z), b = -z / (1 - z * z);
    for (size_t j = 0; j < width; j++) {
      const double s = steady * edge[j];
      last[j] = a * s + b * (last[j] - s);
    }
  }
}

/* Over samples lo ... hi-1 (repeated edges among them), which are the block's rows from `block` on. */
static void filter_pole(const tome_line *l, int p, int64_t lo, int64_t hi, double *block, double *spare, size_t width) {
  tome_segments g = {.pole = l->pole[p], .memory = memory[l->order][p], .rows = (size_t)(hi - lo)};
  const int64_t end = hi < l->n ? hi : l->n, last_cut = (end - 1) / TOME_SEGMENT * TOME_SEGMENT;
  const int64_t first_cut = lo < TOME_SEGMENT ? TOME_SEGMENT : (lo / TOME_SEGMENT + 1) * TOME_SEGMENT;
  g.first = first_cut <= last_cut ? (size_t)(first_cut - lo) : g.rows;
  g.last = first_cut <= last_cut ? (size_t)(last_cut - lo) : 0;
  g.across = pow(g.pole, TOME_SEGMENT);
  double *last = block + (g.rows - 1) * width;
  if (l->edge_lo) start_down(l, &g, block, spare, width);
  memcpy(spare, last, width * sizeof *spare);
  tome_rows_forward(block, width, &g);
  turn_around(l, g.pole, last, spare, width);
  tome_rows_backward(block, width, &g);
}

tome_line tome_line_fit(int order, int64_t n, int64_t in_lo, int64_t in_hi) {
  tome_line l = {.order = order, .poles = n > 1 ? pole_count(order) : 0, .n = n, .in_lo = in_lo, .in_hi = in_hi};
  l.rows = in_hi - in_lo;
  l.edge_lo = in_lo == 0;
  l.edge_hi = in_hi == n;
  l.mirror = true;
  for (int p = 0; p < l.poles; p++) l.pole[p] = poles[order][p];
  return l;
}

double *tome_line_prepare(const tome_line *l, double *block, double *spare, size_t width) {
  if (l->radius) {
    double *blurred = spare;
    blur_rows(l, block, blurred, width);
    spare = block;
    block = blurred;
  }
  pad_rows(l, block, width);
  const int64_t base = l->in_lo - l->pad_lo;
  int64_t lo = base + (l->edge_lo ? 0 : l->radius), hi = l->in_hi + l->pad_hi - (l->edge_hi ? 0 : l->radius);
  for (int p = 0; p < l->poles; p++) {
    filter_pole(l, p, lo, hi, block + (size_t)(lo - base) * width, spare, width);
    if (!l->edge_lo) lo += TOME_SEGMENT * memory[l->order][p]; /* beyond, not everything was remembered */
    if (!l->edge_hi) hi -= TOME_SEGMENT * memory[l->order][p];
  }
  return block;
}
