/* A histogram as people read one: counts on a logarithmic axis, tissues marked, the labels' own counts over it, the window. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "render/inside.h"

/* Where tissues lie on the Hounsfield scale, about; for orientation. */
static const struct {
  const char *name;
  double lo, hi;
  tome_rgb colour;
} bands[] = {
    {"air", -1100, -950, {120, 150, 190}},    {"lung", -950, -500, {86, 180, 233}},
    {"fat", -190, -30, {240, 228, 66}},       {"water", -10, 10, {0, 114, 178}},
    {"soft tissue", 20, 80, {204, 121, 167}}, {"bone", 300, 2000, {230, 200, 150}},
};

typedef struct drawing {
  const tome_chart *chart;
  const tome_theme *theme;
  tome_canvas *c;
  tome_chart_plan p;
  double unit;
} drawing;

static double value_of(const drawing *d, double bin) {
  return d->chart->histogram->lo + bin * d->chart->histogram->width;
}

/* The column at which a value begins; for whole numbers, half a bin before it. */
static double column_of(const drawing *d, double value) {
  const tome_histogram *h = d->chart->histogram;
  const double bin = (value - h->lo) / h->width;
  return d->p.left + (bin - (double)d->p.first) / (double)d->p.step * d->p.width / d->p.bars;
}

static double row_of(const drawing *d, double count) {
  return d->p.bottom - (d->p.bottom - d->p.top) * log10(count + 1) / log10(pow(10, d->p.decades) + 1);
}

static uint64_t count_of(const tome_histogram *h, double lo, double hi) {
  uint64_t sum = 0;
  const double from = fmax(0, ceil((lo - h->lo) / h->width - 1e-6)),
               to = fmin((double)h->bins, ceil((hi - h->lo) / h->width - 1e-6));
  for (double i = from; i < to; i++) sum += h->counts[(size_t)i];
  return sum;
}

static uint64_t bar(const drawing *d, const tome_histogram *h, int i) {
  const double from = (double)(d->p.first + i * d->p.step);
  return count_of(h, value_of(d, from), value_of(d, from + (double)d->p.step));
}

/* Which bins are shown: all that count something; of HU, no more than from -1100 to 3100. */
static bool plan(drawing *d) {
  const tome_histogram *h = d->chart->histogram;
  int64_t first = 0, last = (int64_t)h->bins - 1;
  while (first <= last && !h->counts[first]) first++;
  while (last > first && !h->counts[last]) last--;
  if (first > last) return false;
  if (!strcmp(d->chart->units, "HU") && value_of(d, (double)(last - first)) - value_of(d, 0) > 4200) {
    const int64_t lo = (int64_t)((-1100 - h->lo) / h->width), hi = (int64_t)((3100 - h->lo) / h->width);
    if (lo > first && lo < last) first = lo;
    if (hi > first && hi < last) last = hi;
  }
  d->p.left = (int)lrint(92 * d->unit);
  d->p.top = (int)lrint(132 * d->unit);
  const int legend = tome_legend_height(NULL, 0, 1, d->unit);
  d->p.bottom = d->chart->height - (int)lrint(84 * d->unit) - legend;
  const int room = d->chart->width - d->p.left - (int)lrint(28 * d->unit);
  if (room < 20 || d->p.bottom - d->p.top < 20) return false;
  const int64_t bins = last - first + 1;
  d->p.first = first;
  d->p.step = (bins + room - 1) / room;
  d->p.bars = (int)((bins + d->p.step - 1) / d->p.step);
  d->p.width = room;
  uint64_t most = 1;
  for (int i = 0; i < d->p.bars; i++)
    if (bar(d, h, i) > most) most = bar(d, h, i);
  d->p.decades = (int)fmax(1, ceil(log10((double)most + 1)));
  return true;
}

/* ---- axes ---- */

static double nice_step(double range, double wanted) {
  const double raw = range / wanted, ten = pow(10, floor(log10(raw)));
  return raw <= ten ? ten : raw <= 2 * ten ? 2 * ten : raw <= 5 * ten ? 5 * ten : 10 * ten;
}

static int right_of(const drawing *d) { return d->p.left + d->p.width; }

/* The first column of bar i. */
static int bar_left(const drawing *d, int i) { return d->p.left + (int)((int64_t)i * d->p.width / d->p.bars); }

static void draw_decades(const drawing *d) {
  static const char *const names[] = {"1", "10", "100", "1 000", "10 000", "100 000", "1 M", "10 M", "100 M", "1 G"};
  const tome_type t = {14 * d->unit, false, d->theme->dim};
  for (int i = 0; i <= d->p.decades; i++) {
    const int y = (int)lrint(row_of(d, pow(10, i)));
    tome_draw_rect(d->c, d->p.left, y, right_of(d) - d->p.left, 1, d->theme->rule, 1);
    char text[16];
    snprintf(text, sizeof text, "1e%d", i);
    tome_draw_text_end(d->c, d->p.left - 10 * d->unit, y + 5 * d->unit, &t,
                       i < (int)TOME_COUNT(names) ? names[i] : text);
  }
}

static void draw_values(const drawing *d) {
  const tome_type t = {14 * d->unit, false, d->theme->dim}, title = {16 * d->unit, false, d->theme->text};
  const double lo = value_of(d, (double)d->p.first), hi = value_of(d, (double)(d->p.first + d->p.bars * d->p.step));
  const double step = nice_step(hi - lo, 12), middle = d->chart->histogram->width == 1 ? 0.5 : 0;
  char text[80];
  tome_draw_rect(d->c, d->p.left, d->p.bottom, right_of(d) - d->p.left, 1, d->theme->dim, 1);
  for (double v = ceil(lo / step) * step; v < hi; v += step) {
    const int x = (int)column_of(d, v + middle);
    tome_draw_rect(d->c, x, d->p.bottom, 1, (int)lrint(6 * d->unit), d->theme->dim, 1);
    snprintf(text, sizeof text, "%g", fabs(v) < step / 1e6 ? 0 : v);
    if (text[0] == '-') snprintf(text, sizeof text, "\u2212%g", -v);
    tome_draw_text_middle(d->c, x, d->p.bottom + 22 * d->unit, &t, text);
  }
  tome_draw_text_middle(d->c, (d->p.left + right_of(d)) / 2.0, d->p.bottom + 48 * d->unit, &title,
                        *d->chart->units ? d->chart->units : "value");
  snprintf(text, sizeof text, "voxels per %g%s%s", (double)d->p.step * d->chart->histogram->width,
           *d->chart->units ? " " : "", d->chart->units);
  const double length = tome_text_width(&title, text);
  tome_draw_text_up(d->c, 24 * d->unit, (d->p.top + d->p.bottom + length) / 2, &title, text);
}

/* A strip of tissues above the plot; names alternate between two lines, so that narrow ones do not touch. */
static void draw_bands(const drawing *d) {
  const int y = d->p.top - (int)lrint(12 * d->unit), thick = (int)lrint(7 * d->unit);
  double taken[2] = {0, 0};
  for (size_t i = 0; i < TOME_COUNT(bands); i++) {
    const double x0 = fmax(column_of(d, bands[i].lo), d->p.left), x1 = fmin(column_of(d, bands[i].hi), right_of(d));
    if (x1 - x0 < 1) continue;
    const tome_type t = {13 * d->unit, false, d->theme->text};
    const double half = tome_text_width(&t, bands[i].name) / 2, middle = fmax((x0 + x1) / 2, d->p.left + half);
    const int line = taken[0] < middle - half ? 0 : 1;
    tome_draw_rect(d->c, (int)x0, y, (int)(x1 - x0), thick, bands[i].colour, 1);
    tome_draw_rect(d->c, (int)x0, d->p.top, (int)(x1 - x0), d->p.bottom - d->p.top, bands[i].colour, 0.07);
    if (line == 1 && taken[1] >= middle - half) continue;
    tome_draw_text_middle(d->c, middle, y - (5 + 15 * line) * d->unit, &t, bands[i].name);
    taken[line] = middle + half + 8 * d->unit;
  }
}

/* ---- counts ---- */

static void draw_bars(const drawing *d) {
  const tome_rgb gray = d->chart->light ? (tome_rgb){170, 177, 186} : (tome_rgb){104, 112, 123};
  for (int i = 0; i < d->p.bars; i++) {
    const uint64_t n = bar(d, d->chart->histogram, i);
    const int y = (int)lrint(row_of(d, (double)n));
    if (n) tome_draw_rect(d->c, bar_left(d, i), y, bar_left(d, i + 1) - bar_left(d, i), d->p.bottom - y, gray, 1);
  }
}

static void draw_layer(const drawing *d, const tome_chart_layer *l) {
  double before = d->p.bottom;
  for (int i = 0; i < d->p.bars; i++) {
    const uint64_t n = bar(d, l->histogram, i);
    const double y = n ? row_of(d, (double)n) : d->p.bottom, x = bar_left(d, i), wide = bar_left(d, i + 1) - x;
    tome_draw_rect(d->c, (int)x, (int)lrint(y), (int)wide, d->p.bottom - (int)lrint(y), l->colour, 0.16);
    if (before < d->p.bottom || y < d->p.bottom) {
      const double line = fmax(1.2, 1.6 * d->unit);
      if (i > 0 && before != y) tome_draw_line(d->c, x, before, x, y, line, l->colour);
      tome_draw_line(d->c, x, y, x + wide, y, line, l->colour);
    }
    before = y;
  }
}

static void draw_window(const drawing *d) {
  const tome_window *w = &d->chart->window;
  const tome_type t = {14 * d->unit, true, d->theme->text};
  const double edges[2] = {w->level - w->width / 2, w->level + w->width / 2};
  if (!(w->width > 0)) return;
  for (int k = 0; k < 2; k++) {
    const double x = column_of(d, edges[k]);
    if (x < d->p.left || x > right_of(d)) continue;
    for (int y = d->p.top; y < d->p.bottom; y += (int)fmax(4, rint(9 * d->unit)))
      tome_draw_rect(d->c, (int)x, y, 1, (int)fmax(2, rint(5 * d->unit)), d->theme->text, 1);
  }
  const double x0 = fmax(column_of(d, edges[0]), d->p.left), x1 = fmin(column_of(d, edges[1]), right_of(d));
  if (x1 <= x0) return;
  tome_draw_rect(d->c, (int)x0, d->p.top, (int)(x1 - x0), d->p.bottom - d->p.top, d->theme->text, 0.06);
  char text[128];
  snprintf(text, sizeof text, "%.60s%s%g / %g", d->chart->window_name, *d->chart->window_name ? "  " : "", w->level,
           w->width);
  const double wide = tome_text_width(&t, text);
  const double x = fmin(fmax((x0 + x1) / 2, d->p.left + wide / 2), right_of(d) - wide / 2);
  tome_draw_text_middle(d->c, x, d->p.top + 18 * d->unit, &t, text);
}

/* Names at the upper right, in the plot. */
static void draw_names(const drawing *d) {
  const tome_type t = {15 * d->unit, false, d->theme->text};
  const int swatch = (int)lrint(14 * d->unit), line = (int)lrint(24 * d->unit);
  for (size_t i = 0; i < d->chart->layer_count; i++) {
    const int y = d->p.top + (int)lrint(30 * d->unit) + (int)i * line;
    if (y + line > d->p.bottom) break;
    const double end = right_of(d) - 10 * d->unit;
    char name[TOME_FIT];
    tome_text_fit(&t, d->chart->layers[i].name, d->p.width / 2.0, name);
    const double x = end - tome_text_width(&t, name);
    tome_draw_text(d->c, rint(x), y + rint(12 * d->unit), &t, name);
    tome_draw_rect(d->c, (int)lrint(x - 9 * d->unit) - swatch, y, swatch, swatch, d->chart->layers[i].colour, 1);
  }
}

bool tome_draw_chart(const tome_chart *chart, tome_canvas *out, tome_chart_plan *planned, tome_error *err) {
  TOME_CLEANUP(tome_canvas_clear) tome_canvas c = {0};
  drawing d = {.chart = chart, .theme = tome_theme_of(chart->light), .c = &c, .unit = tome_sheet_unit(chart->width)};
  if (!tome_canvas_new(chart->width, chart->height, d.theme->page, &c, err)) return false;
  tome_draw_head(&c, (int)lrint(TOME_MARGIN * d.unit), chart->title, chart->text, d.unit, d.theme);
  if (!plan(&d)) {
    const tome_type t = {18 * d.unit, false, d.theme->dim};
    tome_draw_text_middle(&c, chart->width / 2.0, chart->height / 2.0, &t, "no voxel is counted");
  } else {
    if (!strcmp(chart->units, "HU")) draw_bands(&d);
    draw_decades(&d);
    draw_bars(&d);
    for (size_t i = 0; i < chart->layer_count; i++) draw_layer(&d, &chart->layers[i]);
    draw_window(&d);
    draw_values(&d);
    draw_names(&d);
  }
  if (!tome_canvas_check(&c, err)) return false;
  if (planned) *planned = d.p;
  *out = c;
  c = (tome_canvas){0};
  return true;
}
