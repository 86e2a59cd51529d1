/* A gallery: several cases on one page, a slice of each in a cell of its own, named beneath. */
#include <math.h>

#include "render/inside.h"

typedef struct layout {
  double unit;
  int margin, gap, head, caption, legend;
  int columns, rows, cell_width, cell_height, height;
} layout;

enum { NARROWEST = 200, CAPTION = 26 }; /* in units */

static int rows_of(const tome_gallery *g, int columns) {
  return (int)((g->count + (size_t)columns - 1) / (size_t)columns);
}

/* As few columns as keep the page from being taller than wide, unless cells would be too narrow to see anything. */
static layout lay_out(const tome_gallery *g) {
  layout l = {.unit = tome_sheet_unit(g->width), .columns = 1};
  l.margin = (int)lrint(TOME_MARGIN * l.unit);
  l.gap = (int)lrint(10 * l.unit);
  l.head = (int)lrint((TOME_HEAD + 12) * l.unit);
  l.caption = (int)lrint(CAPTION * l.unit);
  const int room = g->width - 2 * l.margin;
  const double aspect = fmin(fmax(g->aspect, 0.6), 2);
  for (;; l.columns++) {
    l.cell_width = (room + l.gap) / l.columns - l.gap;
    if (l.cell_width < 1) l.cell_width = 1;
    l.cell_height = (int)fmax(1, rint(l.cell_width / aspect));
    l.rows = rows_of(g, l.columns);
    const double tall = (double)l.rows * (l.cell_height + l.caption + l.gap);
    if (tall <= 0.75 * room || (size_t)l.columns >= g->count ||
        (room + l.gap) / (l.columns + 1) - l.gap < NARROWEST * l.unit)
      break;
  }
  l.legend = tome_legend_height(g->legend, g->legend_count, room, l.unit);
  l.height = l.head + l.rows * (l.cell_height + l.caption + l.gap) + l.legend + l.margin;
  return l;
}

bool tome_gallery_begin(const tome_gallery *g, tome_canvas *out, tome_error *err) {
  const tome_theme *theme = tome_theme_of(g->light);
  const layout l = lay_out(g);
  TOME_CLEANUP(tome_canvas_clear) tome_canvas c = {0};
  if (!tome_canvas_new(g->width, l.height, theme->page, &c, err)) return false;
  tome_draw_head(&c, l.margin, g->title, g->text, l.unit, theme);
  tome_draw_legend(&c, l.margin, l.height - l.margin - l.legend, g->width - 2 * l.margin, g->legend, g->legend_count,
                   l.unit, theme);
  if (!tome_canvas_check(&c, err)) return false;
  *out = c;
  c = (tome_canvas){0};
  return true;
}

void tome_gallery_cell(const tome_gallery *g, size_t i, int *x, int *y, int *width, int *height) {
  const layout l = lay_out(g);
  *x = l.margin + (int)(i % (size_t)l.columns) * (l.cell_width + l.gap);
  *y = l.head + (int)(i / (size_t)l.columns) * (l.cell_height + l.caption + l.gap);
  *width = l.cell_width;
  *height = l.cell_height;
}

bool tome_gallery_put(tome_canvas *c, const tome_gallery *g, size_t i, const tome_slice *s, bool places,
                      const char *caption, tome_error *err) {
  const tome_theme *theme = tome_theme_of(g->light);
  const double unit = tome_sheet_unit(g->width);
  const tome_type type = {15 * unit, false, theme->text};
  int x, y, cell_width, cell_height, width, height;
  char text[TOME_FIT];
  tome_gallery_cell(g, i, &x, &y, &cell_width, &cell_height);
  tome_view_fit(&s->view, cell_width, cell_height, &width, &height);
  const int left = x + (cell_width - width) / 2, top = y + (cell_height - height) / 2;
  if (!tome_draw_slice(c, left, top, width, height, s, fmax(1.2, 1.6 * unit), err)) return false;
  if (places) tome_draw_marks(c, left, top, width, height, &s->view, false, unit);
  tome_text_fit(&type, caption, cell_width, text);
  tome_draw_text(c, x, y + cell_height + rint(18 * unit), &type, text);
  return true;
}
