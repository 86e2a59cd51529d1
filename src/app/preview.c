/* tome preview: a case or files as one picture. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/picture.h"
#include "format/png_pack.h"

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
         tome_write_all(d.fd, png.data, png.size, tome_basename(path), err) && tome_draft_commit(&d, force, err);
}

/* ---- which slices ---- */

typedef struct montage {
  tome_subject *s;
  const tome_preview_options *opt;
  tome_panel *panels; /* tiles, then sides */
  size_t tiles, sides;
  double *ticks[2];
} montage;

static bool add_panel(montage *m, tome_panel *p, tome_plane plane, int64_t i, tome_error *err) {
  static const char axes[] = "zyx";
  if (!tome_subject_slice(m->s, plane, i, &p->slice, err)) return false;
  const char *one = "";
  if (m->s->geometry.shape[p->slice.view.axis] > 1)
    one = tome_arena_printf(&m->s->arena, err, "%c %lld", axes[p->slice.view.axis], (long long)i);
  p->caption = one;
  return one != NULL;
}

static bool add_tiles(montage *m, const tome_box *range, bool labelled, tome_error *err) {
  tome_subject *s = m->s;
  const tome_view v = tome_view_of(&s->geometry, TOME_AXIAL);
  const int64_t lo = range->lo[v.axis], n = range->hi[v.axis] - lo, most = m->opt->slices ? m->opt->slices : 12;
  char code[4];
  tome_geometry_code(&s->geometry, code);
  const bool upward = code[v.axis] == 'S'; /* from the feet up, as radiologists page the other way: first the head */
  const int64_t count = n < most ? n : most;
  for (int64_t k = 0; k < count; k++) {
    const int64_t at = lo + (int64_t)(((double)(upward ? count - 1 - k : k) + 0.5) * (double)n / (double)count);
    if (!add_panel(m, &m->panels[m->tiles], TOME_AXIAL, at, err)) return false;
    m->tiles++;
  }
  if (labelled && s->geometry.shape[v.axis] == 1) { /* a picture: once as it is, once outlined */
    m->panels[1] = m->panels[0];
    m->panels[0].slice.layer_count = 0;
    m->tiles = 2;
  }
  return true;
}

/* Where the axial slices cut the other planes, as shares of their height. */
static bool add_ticks(montage *m, tome_panel *side, tome_error *err) {
  const tome_view axial = tome_view_of(&m->s->geometry, TOME_AXIAL), *v = &side->slice.view;
  double *ticks = tome_arena_alloc(&m->s->arena, m->tiles * sizeof *ticks, err);
  if (!ticks) return false;
  for (size_t i = 0; i < m->tiles; i++) {
    double world[3], zyx[3];
    const double corner[3] = {0, 0, 0};
    tome_geometry_to_world(&m->panels[i].slice.geometry, corner, world);
    tome_geometry_to_index(&m->s->geometry, world, zyx);
    const double share = (zyx[axial.axis] + 0.5) / (double)v->rows;
    ticks[i] = v->flip_down ? 1 - share : share;
  }
  side->ticks = ticks;
  side->tick_count = m->tiles;
  return true;
}

static bool add_sides(montage *m, const tome_box *range, tome_error *err) {
  static const tome_plane planes[2] = {TOME_CORONAL, TOME_SAGITTAL};
  for (int k = 0; k < 2; k++) {
    const tome_view v = tome_view_of(&m->s->geometry, planes[k]);
    tome_panel *p = &m->panels[m->tiles + m->sides];
    if (!add_panel(m, p, planes[k], (range->lo[v.axis] + range->hi[v.axis]) / 2, err) || !add_ticks(m, p, err))
      return false;
    m->sides++;
  }
  return true;
}

static bool draw(montage *m, const char *path, tome_error *err) {
  tome_subject *s = m->s;
  tome_slice *slices[104];
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
  tome_box range;
  montage m = {.s = s, .opt = opt};
  if (!tome_subject_want(s, opt->label, err)) return false;
  const bool labelled = tome_subject_range(s, &range);
  m.panels = tome_arena_alloc(&s->arena, 104 * sizeof *m.panels, err);
  if (!m.panels || !add_tiles(&m, &range, labelled, err)) return false;
  const tome_view v = tome_view_of(&s->geometry, TOME_AXIAL);
  if (s->geometry.shape[v.axis] > 1 && !add_sides(&m, &range, err)) return false;
  return draw(&m, path, err);
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
