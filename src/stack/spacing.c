/* How evenly slices lie: pure arithmetic on their positions.
 *
 * The tolerance. A slice may lie 2 % of the step from the even grid, or 0.1 mm where that is more (positions written with
 * one decimal are off by half of that at each end), but never more than 10 % of the step. Distances are taken along the
 * normal and, from the line through the first and the last slice, within the plane: a slice pushed sideways counts as
 * much as one pushed along, and a steady tilt counts nothing. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "stack/plan.h"

static const double TOLERANCE_OF_STEP = 0.02, TOLERANCE_MM = 0.1, TOLERANCE_AT_MOST = 0.10;
/* A gap of more steps than this is no gap of a scan. */
static const double MOST_STEPS = 1e6;

static double tolerance_of(double step) {
  return fmax(TOLERANCE_OF_STEP * step, fmin(TOLERANCE_MM, TOLERANCE_AT_MOST * step));
}

static int by_value(const void *pa, const void *pb) {
  const double a = *(const double *)pa, b = *(const double *)pb;
  return (a > b) - (a < b);
}

/* The lower median of the steps; scratch has room for count - 1. With one slice in two missing it is still the step. */
static double median_step(const double *place, size_t count, double *scratch) {
  for (size_t i = 0; i + 1 < count; i++) scratch[i] = place[i + 1] - place[i];
  qsort(scratch, count - 1, sizeof *scratch, by_value);
  return scratch[(count - 2) / 2];
}

/* How far slice i lies from the line through the first and the last, within its own plane. */
static double sideways(const double (*p)[3], const double *place, size_t count, size_t i) {
  const double share = (place[i] - place[0]) / (place[count - 1] - place[0]);
  double sum = 0;
  for (int k = 0; k < 3; k++) {
    const double d = p[i][k] - p[0][k] - share * (p[count - 1][k] - p[0][k]);
    sum += d * d;
  }
  return sqrt(sum);
}

/* Numbers each slice on a grid of the median step; false where a step is no whole multiple of it. */
static bool number_slices(const double *place, size_t count, double median, int64_t *index) {
  index[0] = 0;
  for (size_t i = 0; i + 1 < count; i++) {
    const double steps = (place[i + 1] - place[i]) / median;
    if (!(steps >= 0.5 && steps <= MOST_STEPS)) return false;
    index[i + 1] = index[i] + llround(steps);
  }
  return true;
}

/* How far slice i lies from step number `at` of an even grid. */
static double off_grid(const double (*p)[3], const double *place, size_t count, size_t i, double at, double length) {
  return hypot(place[i] - place[0] - at * length, sideways(p, place, count, i));
}

static void step_of(const double (*p)[3], size_t count, double intervals, double step[3]) {
  for (int k = 0; k < 3; k++) step[k] = (p[count - 1][k] - p[0][k]) / intervals;
}

/* The even grid over the first and the last slice, and how far the others lie from it. */
static void measure_even(const double (*p)[3], const double *place, size_t count, tome_spacing *s) {
  s->mean = s->length = (place[count - 1] - place[0]) / (double)(count - 1);
  s->tolerance = tolerance_of(s->mean);
  step_of(p, count, (double)(count - 1), s->step);
  for (size_t i = 1; i + 1 < count; i++) {
    const double off = off_grid(p, place, count, i, (double)i, s->mean);
    if (off > s->worst) s->worst = off, s->worst_at = i;
    s->sideways = fmax(s->sideways, sideways(p, place, count, i));
  }
  s->even = s->worst <= s->tolerance;
}

/* Counts the holes in s->index. */
static void count_gaps(const int64_t *index, size_t count, tome_spacing *s) {
  int64_t widest = 1;
  for (size_t i = 0; i + 1 < count; i++) {
    const int64_t steps = index[i + 1] - index[i];
    s->missing += steps - 1;
    s->gaps += steps > 1;
    if (steps > widest) widest = steps, s->widest = i;
  }
}

void tome_spacing_measure(const double (*position)[3], const double *place, size_t count, int64_t *index,
                          tome_spacing *out) {
  *out = (tome_spacing){.index = index};
  measure_even(position, place, count, out);
  double *scratch = (double *)(void *)index; /* same size; numbered only afterwards */
  out->median = median_step(place, count, scratch);
  for (size_t i = 0; i < count; i++) index[i] = (int64_t)i;
  if (out->even) return;
  if (!number_slices(place, count, out->median, index)) return;
  const double intervals = (double)index[count - 1], length = (place[count - 1] - place[0]) / intervals;
  for (size_t i = 1; i + 1 < count; i++)
    if (off_grid(position, place, count, i, (double)index[i], length) > tolerance_of(length)) return;
  count_gaps(index, count, out);
  if (out->missing == 0) return;
  step_of(position, count, intervals, out->step);
  out->length = length;
}

static int64_t common_divisor(int64_t a, int64_t b) {
  while (b) {
    const int64_t r = a % b;
    a = b;
    b = r;
  }
  return a;
}

void tome_spacing_numbers(const double *number, size_t count, int64_t *index, tome_spacing *out) {
  int64_t stride = 0;
  for (size_t i = 0; i + 1 < count; i++) stride = common_divisor(stride, llround(number[i + 1] - number[i]));
  if (count == 2) stride = 1; /* two names cannot show a stride */
  *out = (tome_spacing){.index = index, .length = (double)stride, .median = (double)stride, .mean = (double)stride};
  for (size_t i = 0; i < count; i++) index[i] = llround(number[i] - number[0]) / stride;
  count_gaps(index, count, out);
  out->even = out->missing == 0;
}
