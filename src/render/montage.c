/* A montage: a head, a grid of slices, two reformatted planes beside it, a legend. */
#include <math.h>

#include "base/threads.h"
#include "render/inside.h"

typedef struct layout {
  double unit;
  int margin, gap, head;
  int columns, rows, tile_width, tile_height; /* of the grid */
  int side_left, side_top, side_width, body_height;
  bool below;        /* the sides stand under the grid, one beside the other: those of thin volumes */
  double side_scale; /* pixels a mm */
  int legend, height;
} layout;

/* Pixels a mm at which the sides fit beside the grid. */
static double beside(const tome_sheet *s, const layout *l, double *used) {
  double width = 0, height = 0;
  for (size_t i = 0; i < s->side_count; i++) {
    width = fmax(width, s->sides[i].slice.view.width);
    height += s->sides[i].slice.view.height;
  }
  const int room = l->body_height - l->gap * (int)(s->side_count - 1);
  const double scale = fmin(l->side_width / width, fmax(room, 60) / height);
  *used = scale * height;
  return scale;
}

static void lay_below(const tome_sheet *s, layout *l) {
  double width = 0, height = 0;
  for (size_t i = 0; i < s->side_count; i++) {
    width += s->sides[i].slice.view.width;
    height = fmax(height, s->sides[i].slice.view.height);
  }
  const double room = s->width - 2 * l->margin - l->gap * (double)(s->side_count - 1);
  l->below = true;
  l->side_scale = fmin(room / width, 0.4 * s->width / height);
  l->side_left = l->margin;
  l->side_top = l->head + l->body_height + l->gap;
  l->body_height += l->gap + (int)ceil(height * l->side_scale);
}

static int columns_of(size_t tiles) {
  int n = 1;
  while ((size_t)(n * n) < tiles) n++;
  return n;
}

/* The grid, `width` pixels wide at most. */
static void lay_grid(const tome_sheet *s, layout *l, int width) {
  const tome_view *v = &s->tiles[0].slice.view;
  l->columns = columns_of(s->tile_count);
  l->rows = (int)((s->tile_count + (size_t)l->columns - 1) / (size_t)l->columns);
  l->tile_width = (int)fmax(1, (width - (l->columns - 1) * l->gap) / (double)l->columns);
  tome_view_fit(v, l->tile_width, (int)fmax(1, 1.4 * s->width / l->rows), &l->tile_width, &l->tile_height);
  l->body_height = l->rows * (l->tile_height + l->gap) - l->gap;
}

static layout lay_out(const tome_sheet *s) {
  layout l = {.unit = tome_sheet_unit(s->width)};
  double used = 0;
  l.margin = (int)lrint(TOME_MARGIN * l.unit);
  l.gap = (int)lrint(8 * l.unit);
  l.head = l.side_top = (int)lrint((TOME_HEAD + 12) * l.unit);
  const int room = s->width - 2 * l.margin;
  l.side_width = s->side_count ? (int)lrint(room * 0.27) : 0;
  lay_grid(s, &l, room - l.side_width - (s->side_count ? 2 * l.gap : 0));
  l.side_left = l.margin + l.columns * (l.tile_width + l.gap) + l.gap;
  if (s->side_count && l.body_height < l.side_width) l.body_height = l.side_width;
  if (s->side_count) l.side_scale = beside(s, &l, &used);
  if (s->side_count && used < 0.5 * l.body_height) {
    lay_grid(s, &l, room);
    lay_below(s, &l);
  }
  l.legend = tome_legend_height(s->legend, s->legend_count, room, l.unit);
  l.height = l.head + l.body_height + (l.legend ? l.gap + l.legend : 0) + l.margin;
  return l;
}

static void draw_ticks(tome_canvas *c, int x, int y, int width, int height, const tome_panel *p, double unit) {
  const tome_rgb colour = {255, 255, 255};
  const int length = (int)lrint(7 * unit);
  for (size_t i = 0; i < p->tick_count; i++) {
    const int right = x + (int)(p->ticks[i] * width), down = y + (int)(p->ticks[i] * height);
    if (p->ticks_across) {
      tome_draw_rect(c, right, y, 1, length, colour, 0.75);
      tome_draw_rect(c, right, y + height - length, 1, length, colour, 0.75);
    } else {
      tome_draw_rect(c, x, down, length, 1, colour, 0.75);
      tome_draw_rect(c, x + width - length, down, length, 1, colour, 0.75);
    }
  }
}

/* Where a panel stands. */
typedef struct place {
  const tome_panel *panel;
  int x, y, width, height;
  bool chief; /* has a bar and all four letters */
} place;

static void place_panels(const tome_sheet *s, const layout *l, place *out) {
  for (size_t i = 0; i < s->tile_count; i++)
    *out++ = (place){&s->tiles[i],
                     l->margin + (int)i % l->columns * (l->tile_width + l->gap),
                     l->head + (int)i / l->columns * (l->tile_height + l->gap),
                     l->tile_width,
                     l->tile_height,
                     i == 0};
  int x = l->side_left, y = l->side_top;
  for (size_t i = 0; i < s->side_count; i++) {
    const tome_view *v = &s->sides[i].slice.view;
    const int width = (int)fmax(1, rint(v->width * l->side_scale)),
              height = (int)fmax(1, rint(v->height * l->side_scale));
    *out++ = (place){&s->sides[i], x, y, width, height, true};
    if (l->below)
      x += width + l->gap;
    else
      y += height + l->gap;
  }
}

static void furnish(tome_canvas *c, const tome_sheet *s, const place *p, double unit) {
  const tome_type t = {14 * unit, false, {255, 255, 255}};
  const tome_view *v = &p->panel->slice.view;
  draw_ticks(c, p->x, p->y, p->width, p->height, p->panel, unit);
  if (s->places) tome_draw_marks(c, p->x, p->y, p->width, p->height, v, p->chief, unit);
  if (s->places && p->chief) tome_draw_bar(c, p->x, p->y, p->width, p->height, p->width / v->width, unit);
  if (*p->panel->caption && p->width > 60 * unit)
    tome_draw_text_rimmed(c, p->x + rint(7 * unit), p->y + rint(18 * unit), &t, p->panel->caption);
}

typedef struct drawing {
  tome_canvas *c;
  const tome_sheet *sheet;
  const place *places;
  double unit;
} drawing;

/* Panels do not overlap, and their letters stand within them: they are drawn side by side. */
static bool draw_one(void *ctx, size_t i, int worker, tome_error *err) {
  (void)worker;
  const drawing *d = ctx;
  const place *p = &d->places[i];
  const double line = fmax(1.5, 2 * d->unit);
  if (!tome_draw_slice(d->c, p->x, p->y, p->width, p->height, &p->panel->slice, line, err)) return false;
  furnish(d->c, d->sheet, p, d->unit);
  return true;
}

static bool draw_panels(tome_canvas *c, const tome_sheet *s, const layout *l, tome_error *err) {
  const size_t count = s->tile_count + s->side_count;
  TOME_AUTO_FREE place *places = tome_alloc(count, sizeof *places, "a picture", err);
  if (!places) return false;
  place_panels(s, l, places);
  drawing d = {c, s, places, l->unit};
  return tome_parallel(NULL, count, draw_one, &d, err);
}

bool tome_draw_montage(const tome_sheet *s, tome_canvas *out, tome_error *err) {
  const tome_theme *theme = tome_theme_of(s->light);
  const layout l = lay_out(s);
  TOME_CLEANUP(tome_canvas_clear) tome_canvas c = {0};
  if (!tome_canvas_new(s->width, l.height, theme->page, &c, err)) return false;
  tome_draw_head(&c, l.margin, s->title, s->text, l.unit, theme);
  if (!draw_panels(&c, s, &l, err)) return false;
  tome_draw_legend(&c, l.margin, l.head + l.body_height + l.gap, s->width - 2 * l.margin, s->legend, s->legend_count,
                   l.unit, theme);
  if (!tome_canvas_check(&c, err)) return false;
  *out = c;
  c = (tome_canvas){0};
  return true;
}
