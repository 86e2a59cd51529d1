/* What a recipe does, one row a step: the planes through one point of the patient, all at one scale and each in its place. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "render/inside.h"

/* The part of the patient that a plane of a row shows: mm to the picture's right, and down. */
typedef struct extent {
  double left, right, top, bottom;
} extent;

/* World axis to the right and down of each plane; down is against S. */
static extent extent_of(const tome_slice *s, int plane) {
  static const int across[3] = {0, 0, 1}, down[3] = {1, 2, 2};
  const double sign = down[plane] == 2 ? -1 : 1;
  double middle[3], at[3] = {0, 0, 0};
  at[s->view.across] = (double)(s->view.columns - 1) / 2;
  at[s->view.down] = (double)(s->view.rows - 1) / 2;
  tome_geometry_to_world(&s->geometry, at, middle);
  const double x = middle[across[plane]], y = sign * middle[down[plane]];
  return (extent){x - s->view.width / 2, x + s->view.width / 2, y - s->view.height / 2, y + s->view.height / 2};
}

typedef struct layout {
  double unit, scale;
  int margin, gap, head, text, row_height, legend, height;
  extent all[3];
  int left[3];
} layout;

static void unite(const tome_step_sheet *s, layout *l) {
  for (size_t p = 0; p < s->plane_count; p++) {
    l->all[p] = (extent){INFINITY, -INFINITY, INFINITY, -INFINITY};
    for (size_t i = 0; i < s->row_count; i++) {
      const extent e = extent_of(&s->rows[i].planes[p], (int)p);
      l->all[p].left = fmin(l->all[p].left, e.left);
      l->all[p].right = fmax(l->all[p].right, e.right);
      l->all[p].top = fmin(l->all[p].top, e.top);
      l->all[p].bottom = fmax(l->all[p].bottom, e.bottom);
    }
  }
}

/* A step's name, then its arguments, broken at commas to fit. Returns the baseline of the line after. Without a canvas it only measures. */
static double draw_title(tome_canvas *c, double x, double y, double width, const char *title, double unit,
                         const tome_theme *theme) {
  const tome_type big = {17 * unit, true, theme->text}, small = {14 * unit, false, theme->text};
  char text[128];
  const char *rest = strchr(title, ':');
  snprintf(text, sizeof text, "%.*s", rest ? (int)(rest - title) : 120, title);
  if (c) tome_draw_text(c, x, y, &big, text);
  y += 22 * unit;
  for (rest = rest ? rest + 1 : ""; *rest; y += 19 * unit) {
    size_t fits = 0; /* whole arguments, one at least */
    for (size_t n = 1; n < sizeof text; n++) {
      if (rest[n - 1] && rest[n] && rest[n - 1] != ',') continue;
      snprintf(text, sizeof text, "%.*s", (int)n, rest);
      if (fits && tome_text_width(&small, text) > width) break;
      fits = n;
      if (!rest[n - 1] || !rest[n]) break;
    }
    if (!fits) fits = strnlen(rest, sizeof text - 1);
    snprintf(text, sizeof text, "%.*s", (int)fits, rest);
    if (c) tome_draw_text(c, x, y, &small, text);
    rest += strnlen(rest, fits);
  }
  return y;
}

/* Room for the longest row of numbers. */
static double text_height(const tome_step_sheet *s, const layout *l) {
  double most = 0;
  for (size_t i = 0; i < s->row_count; i++) {
    const tome_step_row *r = &s->rows[i];
    const double from = draw_title(NULL, 0, 18 * l->unit, l->text, r->title, l->unit, tome_theme_of(s->light));
    most = fmax(most, from + 20 * l->unit * (double)r->text_count);
  }
  return most;
}

static layout lay_out(const tome_step_sheet *s) {
  layout l = {.unit = tome_sheet_unit(s->width)};
  l.margin = (int)lrint(TOME_MARGIN * l.unit);
  l.gap = (int)lrint(10 * l.unit);
  l.head = (int)lrint((TOME_HEAD + 12) * l.unit);
  l.text = (int)lrint(s->width * 0.27);
  unite(s, &l);
  double width = 0, height = 0;
  for (size_t p = 0; p < s->plane_count; p++) {
    width += l.all[p].right - l.all[p].left;
    height = fmax(height, l.all[p].bottom - l.all[p].top);
  }
  const double room = s->width - 2 * l.margin - l.text - l.gap * (double)s->plane_count;
  l.scale = fmin(fmax(room, 30) / width, 0.45 * s->width / height);
  l.row_height = (int)ceil(fmax(height * l.scale, fmax(text_height(s, &l), 170 * l.unit)));
  double x = l.margin + l.text + l.gap;
  for (size_t p = 0; p < s->plane_count; p++) {
    l.left[p] = (int)lrint(x);
    x += (l.all[p].right - l.all[p].left) * l.scale + l.gap;
  }
  l.legend = tome_legend_height(s->legend, s->legend_count, s->width - 2 * l.margin, l.unit);
  l.height = l.head + (int)s->row_count * (l.row_height + l.gap) + l.legend + l.margin;
  return l;
}

static bool draw_row(tome_canvas *c, const tome_step_sheet *s, const layout *l, size_t i, tome_error *err) {
  const tome_theme *theme = tome_theme_of(s->light);
  const tome_type small = {14 * l->unit, false, theme->dim};
  const tome_step_row *r = &s->rows[i];
  const int y = l->head + (int)i * (l->row_height + l->gap);
  double line = draw_title(c, l->margin, y + rint(18 * l->unit), l->text, r->title, l->unit, theme) + 3 * l->unit;
  for (size_t k = 0; k < r->text_count; k++, line += 20 * l->unit)
    tome_draw_text(c, l->margin, rint(line), &small, r->text[k]);
  for (size_t p = 0; p < s->plane_count; p++) {
    const tome_slice *one = &r->planes[p];
    const extent e = extent_of(one, (int)p), *a = &l->all[p];
    const int width = (int)fmax(1, rint(one->view.width * l->scale));
    const int height = (int)fmax(1, rint(one->view.height * l->scale));
    const int left = l->left[p] + (int)lrint((e.left - a->left) * l->scale);
    const int top = y + (int)lrint((e.top - a->top) * l->scale);
    tome_draw_rect(c, l->left[p], y, (int)lrint((a->right - a->left) * l->scale),
                   (int)lrint((a->bottom - a->top) * l->scale), theme->frame, 1);
    if (!tome_draw_slice(c, left, top, width, height, one, fmax(1.5, 2 * l->unit), err)) return false;
    if (!s->places) continue;
    tome_draw_marks(c, left, top, width, height, &one->view, true, l->unit);
    if (i == 0) tome_draw_bar(c, left, top, width, height, width / one->view.width, l->unit);
  }
  return true;
}

bool tome_draw_steps(const tome_step_sheet *s, tome_canvas *out, tome_error *err) {
  const tome_theme *theme = tome_theme_of(s->light);
  const layout l = lay_out(s);
  TOME_CLEANUP(tome_canvas_clear) tome_canvas c = {0};
  if (!tome_canvas_new(s->width, l.height, theme->page, &c, err)) return false;
  tome_draw_head(&c, l.margin, s->title, s->text, l.unit, theme);
  for (size_t i = 0; i < s->row_count; i++)
    if (!draw_row(&c, s, &l, i, err)) return false;
  tome_draw_legend(&c, l.margin, l.height - l.margin - l.legend, s->width - 2 * l.margin, s->legend, s->legend_count,
                   l.unit, theme);
  if (!tome_canvas_check(&c, err)) return false;
  *out = c;
  c = (tome_canvas){0};
  return true;
}
