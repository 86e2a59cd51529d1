/* Even-odd filling: each edge marks, in the rows it crosses, the first pixel to its right; running along a row, each mark turns in to out. */
#include "format/dicom/polygon.h"

#include <math.h>
#include <string.h>

static int64_t clamp(double v, int64_t lo, int64_t hi) {
  return v <= (double)lo ? lo : v >= (double)hi ? hi : (int64_t)v;
}

/* Rows y with lower <= y < upper are crossed, so that a vertex between two edges counts once. The crossing is computed from the upper end
 * whichever way the edge runs: a keyhole's two coincident edges then cancel exactly. */
static void mark_edge(const double a[2], const double b[2], int64_t rows, int64_t columns, uint8_t *crossings) {
  const double *top = a[0] <= b[0] ? a : b, *end = a[0] <= b[0] ? b : a;
  if (!(end[0] > top[0])) return;
  const double slope = (end[1] - top[1]) / (end[0] - top[0]);
  const int64_t from = clamp(ceil(top[0]), 0, rows), to = clamp(ceil(end[0]), 0, rows);
  for (int64_t y = from; y < to; y++) {
    const int64_t x = clamp(ceil(top[1] + ((double)y - top[0]) * slope), 0, columns);
    if (x < columns) crossings[y * columns + x] ^= 1;
  }
}

void tome_polygon_turn(const double (*points)[2], size_t count, int64_t rows, int64_t columns, uint8_t *crossings,
                       uint8_t *plane) {
  double lo = INFINITY, hi = -INFINITY;
  for (size_t i = 0; i < count; i++) {
    mark_edge(points[i], points[i + 1 < count ? i + 1 : 0], rows, columns, crossings);
    lo = fmin(lo, points[i][0]);
    hi = fmax(hi, points[i][0]);
  }
  for (int64_t y = clamp(ceil(lo), 0, rows), end = clamp(ceil(hi), 0, rows); y < end; y++) {
    uint8_t in = 0, *row = crossings + y * columns, *out = plane + y * columns;
    for (int64_t x = 0; x < columns; x++) {
      in ^= row[x];
      out[x] ^= in;
    }
    memset(row, 0, (size_t)columns);
  }
}
