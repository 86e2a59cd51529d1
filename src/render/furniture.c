/* What stands around slices: heads, legends, directions, bars of mm. */
#include <math.h>
#include <stdio.h>

#include "render/inside.h"

double tome_sheet_unit(int width) {
  const double u = width / 1600.0;
  return u < 0.6 ? 0.6 : u > 3 ? 3 : u;
}

void tome_draw_head(tome_canvas *c, int x, const char *title, const char *text, double unit, const tome_theme *theme) {
  const tome_type big = {24 * unit, true, theme->text}, small = {16 * unit, false, theme->dim};
  char fit[TOME_FIT];
  tome_text_fit(&big, title, c->width - 2 * x, fit);
  tome_draw_text(c, x, rint(30 * unit), &big, fit);
  tome_text_fit(&small, text, c->width - 2 * x, fit);
  tome_draw_text(c, x, rint(54 * unit), &small, fit);
}

/* ---- legends ---- */

enum { LEGEND_LINE = 30, SWATCH = 16, SWATCH_GAP = 9, ENTRY_GAP = 34 };

static void legend_text(const tome_legend *l, char *out, size_t size) {
  if (isfinite(l->ml))
    snprintf(out, size, "%.60s  %.*f ml", l->name, l->ml < 10 ? 2 : l->ml < 100 ? 1 : 0, l->ml);
  else
    snprintf(out, size, "%.60s", l->name);
}

/* Lays the entries out in lines; draws them where `c` is given. Returns the lines. */
static int flow(tome_canvas *c, int x, int y, int width, const tome_legend *rows, size_t count, double unit,
                const tome_theme *theme) {
  const tome_type type = {16 * unit, false, theme ? theme->text : (tome_rgb){0, 0, 0}};
  const int swatch = (int)lrint(SWATCH * unit), line = (int)lrint(LEGEND_LINE * unit);
  double at = 0;
  int lines = count ? 1 : 0;
  for (size_t i = 0; i < count; i++) {
    char all[128], text[TOME_FIT];
    legend_text(&rows[i], all, sizeof all);
    tome_text_fit(&type, all, width - swatch - SWATCH_GAP * unit, text);
    const double wide = swatch + SWATCH_GAP * unit + tome_text_width(&type, text);
    if (at > 0 && at + wide > width) {
      at = 0;
      lines++;
    }
    if (c) {
      const int left = x + (int)lrint(at), top = y + (lines - 1) * line;
      tome_draw_rect(c, left, top + (line - swatch) / 2, swatch, swatch, rows[i].colour, 1);
      tome_draw_text(c, left + swatch + SWATCH_GAP * unit, top + line / 2 + rint(6 * unit), &type, text);
    }
    at += wide + ENTRY_GAP * unit;
  }
  return lines;
}

int tome_legend_height(const tome_legend *rows, size_t count, int width, double unit) {
  return flow(NULL, 0, 0, width, rows, count, unit, NULL) * (int)lrint(LEGEND_LINE * unit);
}

void tome_draw_legend(tome_canvas *c, int x, int y, int width, const tome_legend *rows, size_t count, double unit,
                      const tome_theme *theme) {
  flow(c, x, y, width, rows, count, unit, theme);
}

/* ---- inside a slice ---- */

static const tome_rgb white = {255, 255, 255}, black = {0, 0, 0};

void tome_draw_marks(tome_canvas *c, int x, int y, int width, int height, const tome_view *v, bool all, double unit) {
  const double inset = 5 * unit, middle = y + height / 2.0 + 6 * unit;
  const tome_type t = {17 * unit, true, {255, 214, 92}};
  const char left[2] = {v->left}, right[2] = {v->right}, top[2] = {v->top}, bottom[2] = {v->bottom};
  if (width < 60 * unit || height < 60 * unit) return;
  tome_draw_text_rimmed(c, rint(x + inset), rint(middle), &t, left);
  tome_draw_text_rimmed(c, rint(x + width - inset - tome_text_width(&t, right)), rint(middle), &t, right);
  if (!all) return;
  const double centre = x + width / 2.0;
  tome_draw_text_rimmed(c, rint(centre - tome_text_width(&t, top) / 2), rint(y + inset + 13 * unit), &t, top);
  tome_draw_text_rimmed(c, rint(centre - tome_text_width(&t, bottom) / 2), rint(y + height - inset), &t, bottom);
}

/* The largest of 1, 2, 5 x 10^n mm that takes at most a third of the width. */
static double round_length(double most) {
  const double ten = pow(10, floor(log10(most)));
  return most >= 5 * ten ? 5 * ten : most >= 2 * ten ? 2 * ten : ten;
}

void tome_draw_bar(tome_canvas *c, int x, int y, int width, int height, double pixels_per_mm, double unit) {
  const double mm = round_length(width / 3.0 / pixels_per_mm);
  const int length = (int)lrint(mm * pixels_per_mm), thick = (int)fmax(2, rint(3 * unit));
  const int left = x + width - (int)lrint(12 * unit) - length, top = y + height - (int)lrint(14 * unit);
  char text[32];
  if (length < 4 || width < 60 * unit || height < 60 * unit) return;
  snprintf(text, sizeof text, mm >= 1000 ? "%.0f mm" : "%g mm", mm);
  tome_draw_rect(c, left - 1, top - 1, length + 2, thick + 2, black, 0.7);
  tome_draw_rect(c, left, top, length, thick, white, 1);
  const tome_type t = {14 * unit, false, white};
  tome_draw_text_rimmed(c, rint(left + length / 2.0 - tome_text_width(&t, text) / 2), top - rint(6 * unit), &t, text);
}
