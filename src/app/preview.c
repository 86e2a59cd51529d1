/* tome preview: a case or files as one picture. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/picture.h"
#include "format/picture/png_pack.h"

static const char *ends_with_png(const char *path) {
  const size_t n = strlen(path);
  return n > 4 && !strcasecmp(path + n - 4, ".png") ? path : NULL;
}

bool tome_preview_check(const tome_preview_options *o, const char *path, tome_error *err) {
  if (!ends_with_png(path)) return tome_fail(err, TOME_USAGE, "%s: pictures are written as PNG; call it .png", path);
  if (o->size && (o->size < 64 || o->size > 8192))
    return tome_fail(err, TOME_USAGE, "a picture %d pixels wide: 64 to 8192 can be drawn", o->size);
  if (o->slices < 0 || o->slices > 100)
    return tome_fail(err, TOME_USAGE, "%d slices: 1 to 100 can be shown", o->slices);
  return o->force || !tome_file_exists(path) ||
         tome_fail(err, TOME_EXISTS, "%s: exists already; --force overwrites it", path);
}

bool tome_put_picture(const tome_canvas *c, const char *path, bool force, tome_error *err) {
  TOME_CLEANUP(tome_draft_abandon) tome_draft d = {.fd = -1};
  TOME_CLEANUP(tome_bytes_clear) tome_bytes png = {0};
  return tome_png_pack(c->rgb, c->width, c->height, NULL, &png, err) && tome_draft_open(path, &d, err) &&
         tome_write_all(d.fd, png.data, png.size, tome_basename(path), err) && tome_draft_place(&d, force, err);
}

/* ---- which slices ---- */

enum { MOST_TILES = 100, SIDES = 2 };

typedef struct montage {
  tome_subject *s;
  const tome_preview_options *opt;
  tome_plane plane;   /* of the tiles */
  tome_panel *panels; /* tiles, then sides */
  tome_spot *at;      /* of each panel */
  size_t tiles, sides;
} montage;

static bool add_panel(montage *m, tome_plane plane, int64_t i, tome_error *err) {
  static const char axes[] = "zyx";
  const size_t k = m->tiles + m->sides;
  const int axis = tome_view_of(&m->s->geometry, plane).axis;
  m->at[k] = (tome_spot){plane, i, &m->panels[k].slice};
  m->panels[k].caption = "";
  return m->s->geometry.shape[axis] == 1 ||
         (m->panels[k].caption = tome_arena_printf(&m->s->arena, err, "%c %lld", axes[axis], (long long)i));
}

/* From the head down, from the front to the back, from right to left. */
static bool runs_backward(const tome_geometry *g, int axis) {
  char code[4];
  tome_geometry_code(g, code);
  return code[axis] == 'S' || code[axis] == 'A' || code[axis] == 'R';
}

static bool add_tiles(montage *m, const tome_box *range, tome_error *err) {
  const tome_geometry *g = &m->s->geometry;
  const int axis = tome_view_of(g, m->plane).axis;
  const int64_t lo = range->lo[axis], n = range->hi[axis] - lo, most = m->opt->slices ? m->opt->slices : 12;
  const bool backward = runs_backward(g, axis);
  const int64_t count = n < most ? n : most;
  for (int64_t k = 0; k < count; k++, m->tiles++) {
    const int64_t at = lo + (int64_t)(((double)(backward ? count - 1 - k : k) + 0.5) * (double)n / (double)count);
    if (!add_panel(m, m->plane, at, err)) return false;
  }
  return true;
}

static bool add_sides(montage *m, const tome_box *range, tome_error *err) {
  for (int p = TOME_AXIAL; p <= TOME_SAGITTAL; p++) {
    if (p == (int)m->plane) continue;
    const int axis = tome_view_of(&m->s->geometry, (tome_plane)p).axis;
    if (!add_panel(m, (tome_plane)p, (range->lo[axis] + range->hi[axis]) / 2, err)) return false;
    m->sides++;
  }
  return true;
}

/* Where the tiles cut a side, as shares of its height or width. */
static bool add_ticks(montage *m, tome_panel *side, tome_error *err) {
  const tome_view *v = &side->slice.view;
  const int axis = tome_view_of(&m->s->geometry, m->plane).axis;
  double *ticks = tome_arena_alloc(&m->s->arena, m->tiles * sizeof *ticks, err);
  if (!ticks) return false;
  side->ticks_across = v->across == axis;
  for (size_t i = 0; i < m->tiles; i++) {
    const double share = ((double)m->at[i].at + 0.5) / (double)m->s->geometry.shape[axis];
    ticks[i] = (side->ticks_across ? v->flip_across : v->flip_down) ? 1 - share : share;
  }
  side->ticks = ticks;
  side->tick_count = m->tiles;
  return true;
}

/* A picture of one slice is shown twice where it has labels: once as it is, once outlined. */
static void show_twice(montage *m) {
  m->panels[1] = m->panels[0];
  m->panels[0].slice.layer_count = 0;
  m->tiles = 2;
}

static bool add_panels(montage *m, tome_error *err) {
  const tome_geometry *g = &m->s->geometry;
  tome_box range;
  m->plane = tome_plane_of(g);
  const bool labelled = tome_subject_range(m->s, &range), flat = g->shape[tome_view_of(g, m->plane).axis] == 1;
  m->panels = tome_arena_alloc(&m->s->arena, (MOST_TILES + SIDES) * sizeof *m->panels, err);
  m->at = tome_arena_alloc(&m->s->arena, (MOST_TILES + SIDES) * sizeof *m->at, err);
  if (!m->panels || !m->at || !add_tiles(m, &range, err) || (!flat && !add_sides(m, &range, err)) ||
      !tome_subject_slices(m->s, m->at, m->tiles + m->sides, err))
    return false;
  for (size_t i = 0; i < m->sides; i++)
    if (!add_ticks(m, &m->panels[m->tiles + i], err)) return false;
  if (flat && labelled) show_twice(m);
  return true;
}

static bool draw(montage *m, const char *path, tome_error *err) {
  tome_subject *s = m->s;
  tome_slice *slices[MOST_TILES + SIDES];
  char window[128];
  size_t n = 0;
  tome_legend *legend;
  tome_sheet sheet = {.title = s->id,
                      .tiles = m->panels,
                      .tile_count = m->tiles,
                      .sides = m->panels + m->tiles,
                      .side_count = m->sides,
                      .width = m->opt->size ? m->opt->size : 1600,
                      .light = m->opt->light,
                      .places = tome_subject_has_places(s)};
  for (size_t i = 0; i < m->tiles + m->sides; i++) slices[n++] = &m->panels[i].slice;
  if (!tome_subject_window(s, m->opt->window, slices, n, window, sizeof window, err) ||
      !tome_subject_legend(s, &legend, &sheet.legend_count, err) || !(sheet.text = tome_subject_text(s, window, err)))
    return false;
  sheet.legend = legend;
  TOME_CLEANUP(tome_canvas_clear) tome_canvas c = {0};
  return tome_draw_montage(&sheet, &c, err) && tome_put_picture(&c, path, m->opt->force, err);
}

static bool preview(tome_subject *s, const char *path, const tome_preview_options *opt, tome_error *err) {
  montage m = {.s = s, .opt = opt};
  return tome_subject_channel(s, opt->channel, err) && tome_subject_want(s, opt->label, err) && add_panels(&m, err) &&
         draw(&m, path, err);
}

static const tome_preview_options standard = {0};

bool tome_preview(tome_store *store, const char *id, const char *path, const tome_preview_options *opt,
                  const tome_run *run, tome_error *err) {
  TOME_CLEANUP(tome_subject_clear) tome_subject s = {0};
  if (!opt) opt = &standard;
  if (!tome_preview_check(opt, path, err)) return false;
  if (opt->steps) return tome_preview_steps(store, id, path, opt, run, err);
  return tome_subject_of_case(store, id, &opt->recipe, run, &s, err) && preview(&s, path, opt, err);
}

bool tome_preview_files(const char *image, const char *label, const char *path, const tome_preview_options *opt,
                        const tome_run *run, tome_error *err) {
  TOME_CLEANUP(tome_subject_clear) tome_subject s = {0};
  if (!opt) opt = &standard;
  if (opt->steps || opt->recipe.file || opt->recipe.step_count)
    return tome_fail(err, TOME_USAGE, "a recipe is previewed on a case of a store: ingest the files first");
  return tome_preview_check(opt, path, err) && tome_subject_of_files(image, label, run, &s, err) &&
         preview(&s, path, opt, err);
}
