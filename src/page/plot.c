/* Strip plots and histograms as inline SVG. Coordinates are user units of a view box: the page scales them. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "page/page.h"

enum { WIDTH = 460, LEFT = 92, RIGHT = 14, ROW = 34, TOP = 6, AXIS = 30, MOST_DOTS = 400, BINS = 48, HEIGHT = 120 };

typedef struct scale {
  double lo, hi;
  bool log;
} scale;

static double across(const scale *s, double v) {
  const double a = s->log ? log(s->lo) : s->lo, b = s->log ? log(s->hi) : s->hi, x = s->log ? log(v) : v;
  return LEFT + (WIDTH - LEFT - RIGHT) * (x - a) / (b - a);
}

/* ---- the axis ------------------------------------------------------------------------------------------- */

static void tick(tome_page *p, const scale *s, double v, double y) {
  const double x = across(s, v);
  tome_page_putf(p, "<line class=\"grid\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%.1f\"/>", x, x, TOP, y);
  tome_page_putf(p, "<text class=\"tick\" x=\"%.1f\" y=\"%.1f\">%.6g</text>", x, y + 14, fabs(v) < 1e-9 ? 0 : v);
}

/* 1, 2 or 5 times a power of ten, so that at most five or six ticks lie on the axis. */
static double step_of(double span) {
  const double rough = span / 5, base = pow(10, floor(log10(rough)));
  return base * (rough / base > 5 ? 10 : rough / base > 2 ? 5 : rough / base > 1 ? 2 : 1);
}

static void log_ticks(tome_page *p, const scale *s, double y) {
  const int decades = (int)(log10(s->hi) - log10(s->lo)) + 1;
  static const double few[] = {1, 2, 5};
  for (int e = (int)floor(log10(s->lo)); e <= (int)ceil(log10(s->hi)); e += decades > 6 ? 2 : 1)
    for (int i = 0; i < (decades > 2 ? 1 : 3); i++) {
      const double v = few[i] * pow(10, e);
      if (v >= s->lo && v <= s->hi) tick(p, s, v, y);
    }
}

static void axis(tome_page *p, const scale *s, const char *unit, double y) {
  if (s->log) {
    log_ticks(p, s, y);
  } else {
    const double step = step_of(s->hi - s->lo);
    const double first = ceil(s->lo / step - 1e-9);
    for (int i = 0; i < 12 && (first + i) * step <= s->hi + 1e-9 * step; i++) tick(p, s, (first + i) * step, y);
  }
  tome_page_putf(p, "<text class=\"unit\" x=\"%d\" y=\"%.1f\">", WIDTH - RIGHT, y + 27);
  tome_page_text(p, unit);
  tome_page_put(p, "</text>");
}

/* ---- the frame ------------------------------------------------------------------------------------------ */

/* The caller goes on with what the picture says in words, and ends it: end_label. */
static void open_figure(tome_page *p, const char *title, const char *unit, double height) {
  tome_page_put(p, "<figure class=\"plot\"><figcaption>");
  tome_page_text(p, title);
  tome_page_putf(p, "</figcaption><svg viewBox=\"0 0 %d %.0f\" role=\"img\" aria-label=\"", WIDTH, height);
  tome_page_text(p, title);
  tome_page_put(p, ", ");
  tome_page_text(p, unit);
  tome_page_put(p, ". ");
}

static void end_label(tome_page *p) { tome_page_put(p, "\">"); }

static void close_figure(tome_page *p) { tome_page_put(p, "</svg></figure>\n"); }

/* ---- strips --------------------------------------------------------------------------------------------- */

static scale scale_of(const tome_strip *rows, size_t count, bool may_log) {
  scale s = {INFINITY, -INFINITY, false};
  for (size_t r = 0; r < count; r++)
    for (size_t i = 0; i < rows[r].count; i++)
      if (isfinite(rows[r].values[i])) {
        s.lo = fmin(s.lo, rows[r].values[i]);
        s.hi = fmax(s.hi, rows[r].values[i]);
      }
  if (!(s.lo <= s.hi)) return (scale){0, 1, false};
  s.log = may_log && s.lo > 0 && s.hi > 4 * s.lo;
  if (s.log) {
    const double air = pow(s.hi / s.lo, 0.04);
    return (scale){s.lo / air, s.hi * air, true};
  }
  const double air = s.hi > s.lo ? 0.04 * (s.hi - s.lo) : fmax(0.05 * fabs(s.hi), 0.5);
  return (scale){s.lo - air, s.hi + air, false};
}

static int by_value(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double quantile(const double *sorted, size_t n, double q) {
  const double at = q * (double)(n - 1);
  const size_t i = (size_t)at;
  return i + 1 < n ? sorted[i] + (at - (double)i) * (sorted[i + 1] - sorted[i]) : sorted[n - 1];
}

/* Quartiles as a bar behind the dots, the median as a line. */
static void quartiles(tome_page *p, const scale *s, const double *sorted, size_t n, double y) {
  const double a = across(s, quantile(sorted, n, 0.25)), m = across(s, quantile(sorted, n, 0.5)),
               b = across(s, quantile(sorted, n, 0.75));
  tome_page_putf(p, "<rect class=\"iqr\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"20\"/>", a, y - 10,
                 fmax(b - a, 1));
  tome_page_putf(p, "<line class=\"median\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>", m, m, y - 12, y + 12);
}

/* Up and down by turns, so that equal values stay apart: golden ratio, no chance in it. */
static void dots(tome_page *p, const scale *s, const tome_strip *r, double y) {
  for (size_t i = 0; i < r->count; i++) {
    if (!isfinite(r->values[i])) continue;
    const double turn = 0.6180339887 * (double)(i + 1), jitter = 14 * (turn - floor(turn)) - 7;
    tome_page_putf(p, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"2.6\"><title>", across(s, r->values[i]), y + jitter);
    tome_page_text(p, r->ids[i]);
    tome_page_putf(p, ": %.6g</title></circle>", r->values[i]);
  }
}

static void density(tome_page *p, const scale *s, const double *sorted, size_t n, double y) {
  size_t counts[BINS] = {0}, most = 1;
  const double span = WIDTH - LEFT - RIGHT;
  for (size_t i = 0; i < n; i++) {
    int b = (int)((across(s, sorted[i]) - LEFT) * BINS / span);
    b = b < 0 ? 0 : b >= BINS ? BINS - 1 : b;
    if (++counts[b] > most) most = counts[b];
  }
  for (int b = 0; b < BINS; b++) {
    const double h = 26 * (double)counts[b] / (double)most;
    if (counts[b])
      tome_page_putf(
          p, "<rect class=\"bar\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"><title>%zu</title></rect>",
          LEFT + b * span / BINS, y + 13 - h, span / BINS - 0.5, fmax(h, 1), counts[b]);
  }
}

/* A name in the margin: cut where it is too long for it, and then in full to whoever points at it. */
static void put_name(tome_page *p, const char *name, double y) {
  enum { MOST = 12 };
  char cut[4 * MOST + 1] = "";
  size_t bytes = 0;
  for (int i = 0; i < MOST && name[bytes]; i++) do
      bytes++;
    while (((unsigned char)name[bytes] & 0xc0) == 0x80 && bytes < sizeof cut - 1);
  snprintf(cut, sizeof cut, "%.*s", (int)bytes, name);
  tome_page_putf(p, "<text class=\"name\" x=\"%d\" y=\"%.1f\">", LEFT - 8, y + 4);
  tome_page_text(p, cut);
  tome_page_put(p, name[bytes] ? "…<title>" : "<title>");
  tome_page_text(p, name);
  tome_page_put(p, "</title></text>");
}

/* The finite values of a row in order; to be freed. */
static double *in_order(tome_page *p, const tome_strip *r, size_t *n) {
  double *sorted = tome_alloc(r->count + 1, sizeof *sorted, r->name, &p->err);
  *n = 0;
  for (size_t i = 0; sorted && i < r->count; i++)
    if (isfinite(r->values[i])) sorted[(*n)++] = r->values[i];
  if (*n) qsort(sorted, *n, sizeof *sorted, by_value);
  return sorted;
}

/* "z: 0.7 to 5, median 1.5, of 12. " */
static void say_strip(tome_page *p, const tome_strip *r, const double *sorted, size_t n) {
  tome_page_text(p, r->name);
  if (n)
    tome_page_putf(p, ": %.6g to %.6g, median %.6g, of %zu. ", sorted[0], sorted[n - 1], quantile(sorted, n, 0.5), n);
  else
    tome_page_put(p, ": none. ");
}

static void strip(tome_page *p, const scale *s, const tome_strip *r, const double *sorted, size_t n, double y) {
  put_name(p, r->name, y);
  if (!n) return;
  if (n > MOST_DOTS) {
    density(p, s, sorted, n, y);
  } else {
    quartiles(p, s, sorted, n, y);
    dots(p, s, r, y);
  }
}

void tome_page_strips(tome_page *p, const char *title, const char *unit, bool may_log, const tome_strip *rows,
                      size_t count) {
  const scale s = scale_of(rows, count, may_log);
  const double bottom = TOP + ROW * (double)count;
  open_figure(p, title, unit, bottom + AXIS);
  for (size_t r = 0; r < count; r++) {
    size_t n;
    TOME_AUTO_FREE double *sorted = in_order(p, &rows[r], &n);
    say_strip(p, &rows[r], sorted, n);
  }
  end_label(p);
  axis(p, &s, unit, bottom);
  for (size_t r = 0; r < count; r++) {
    size_t n;
    TOME_AUTO_FREE double *sorted = in_order(p, &rows[r], &n);
    strip(p, &s, &rows[r], sorted, n, TOP + ROW * ((double)r + 0.5));
  }
  close_figure(p);
}

/* ---- a histogram ---------------------------------------------------------------------------------------- */

enum { COLUMNS = 180 };

/* Columns of as many bins each: else they would rise and fall by how many bins fall into them. `first` is the first bin shown, `shown` their number. */
typedef struct gathered {
  size_t first, shown, each, columns;
  double column[COLUMNS], most;
} gathered;

static gathered gather(const scale *s, double lo, double width, const uint64_t *counts, size_t bins) {
  gathered g = {.first = (size_t)fmax(0, floor((s->lo - lo) / width + 1e-9))};
  const size_t end = (size_t)fmin((double)bins, ceil((s->hi - lo) / width - 1e-9));
  g.shown = end > g.first ? end - g.first : 0;
  g.each = (g.shown + COLUMNS - 1) / COLUMNS;
  if (!g.shown) return g;
  g.columns = g.shown / g.each; /* bins that fill no column are left out */
  for (size_t i = 0; i < g.columns * g.each; i++) g.column[i / g.each] += (double)counts[g.first + i];
  for (size_t c = 0; c < g.columns; c++) g.most = fmax(g.most, g.column[c] = log1p(g.column[c]));
  return g;
}

void tome_page_histogram(tome_page *p, const char *title, const char *unit, double lo, double width,
                         const uint64_t *counts, size_t bins, double from, double to) {
  const double air = fmax(0.35 * (to - from), width); /* the long tails of metal and air are left out */
  const scale s = {fmax(lo, from - air), fmin(lo + (double)bins * width, to + air), false};
  if (!bins || !(s.hi > s.lo)) return;
  const gathered g = gather(&s, lo, width, counts, bins);
  const double bottom = TOP + HEIGHT;
  open_figure(p, title, unit, bottom + AXIS);
  tome_page_putf(p, "Shown from %.6g to %.6g; shaded from %.6g to %.6g.", s.lo, s.hi, from, to);
  end_label(p);
  tome_page_putf(p, "<rect class=\"window\" x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\"/>",
                 across(&s, fmax(from, s.lo)), TOP, across(&s, fmin(to, s.hi)) - across(&s, fmax(from, s.lo)), HEIGHT);
  axis(p, &s, unit, bottom);
  const double start = lo + (double)g.first * width, step = (double)g.each * width;
  tome_page_putf(p, "<path class=\"area\" d=\"M%.1f %.1f", fmax(across(&s, start), LEFT), bottom);
  for (size_t c = 0; c < g.columns; c++)
    tome_page_putf(p, "V%.1fH%.1f", bottom - (g.most > 0 ? HEIGHT * g.column[c] / g.most : 0),
                   fmin(across(&s, start + step * (double)(c + 1)), WIDTH - RIGHT));
  tome_page_putf(p, "V%.1fZ\"/><text class=\"name\" x=\"%d\" y=\"%d\">log count</text>", bottom, LEFT - 8, TOP + 12);
  close_figure(p);
}
