/* tome preview --steps: what a recipe does, one row a step. Each row is a recipe of its own, the steps so far, looked at through the same point of the
 * patient; its numbers are counted over the whole volume. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/picture.h"

enum { MOST_STEPS = 40, LINES = 28 };

typedef struct steps {
  tome_store *store;
  const char *id;
  const tome_preview_options *opt;
  const tome_run *run;
  const char *words[MOST_STEPS]; /* canonical, one a step */
  size_t count;
  tome_subject subjects[MOST_STEPS + 1];
  tome_step_row rows[MOST_STEPS + 1];
  double point[3]; /* world */
  tome_arena arena;
} steps;

static void clear(steps *s) {
  for (size_t i = 0; i <= s->count && i <= MOST_STEPS; i++) tome_subject_clear(&s->subjects[i]);
  tome_arena_clear(&s->arena);
}

static void auto_result(tome_result **r) { tome_result_close(*r); }

/* The recipe's steps, each with all its arguments. */
static bool split(steps *s, tome_error *err) {
  tome_result_info info;
  TOME_CLEANUP(auto_result) tome_result *r = tome_result_open(s->store, s->id, &s->opt->recipe, NULL, s->run, err);
  if (!r || !tome_result_info_of(r, "image", &info, err)) return false;
  char *rest = tome_arena_dup(&s->arena, info.recipe, err), *save = NULL;
  if (!rest) return false;
  for (char *w = strtok_r(rest, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
    if (s->count == MOST_STEPS)
      return tome_fail(err, TOME_USAGE, "a recipe of more than %d steps: too many rows for a picture", MOST_STEPS);
    s->words[s->count++] = w;
  }
  return s->count ||
         tome_fail(err, TOME_USAGE, "--steps shows what a recipe does: give --recipe FILE or steps behind the case");
}

/* ---- numbers ---- */

static void *whole(const tome_subject *s, const char *name, tome_dtype *dtype, size_t *n, tome_error *err) {
  tome_result_info info;
  size_t bytes;
  if (!tome_result_info_of(s->result, name, &info, err)) return NULL;
  if (!tome_shape_bytes(info.geometry.shape, tome_dtype_size(info.dtype), &bytes)) {
    tome_fail(err, TOME_NO_MEMORY, "%s: %s is too large", s->id, name);
    return NULL;
  }
  *dtype = info.dtype;
  *n = bytes / tome_dtype_size(info.dtype);
  void *v = tome_alloc(bytes, 1, s->id, err);
  if (v && tome_result_read(s->result, name, NULL, v, bytes, s->run, err)) return v;
  free(v);
  return NULL;
}

static bool range_of(const tome_subject *s, double out[2], tome_error *err) {
  tome_dtype dtype;
  size_t n;
  TOME_AUTO_FREE void *v = whole(s, s->volume, &dtype, &n, err);
  if (!v) return false;
  out[0] = INFINITY;
  out[1] = -INFINITY;
  for (size_t i = 0; i < n; i++) {
    const double x = tome_shown_value(v, dtype, i);
    if (x < out[0]) out[0] = x;
    if (x > out[1]) out[1] = x;
  }
  return true;
}

static bool count_labels(tome_subject *s, tome_error *err) {
  for (size_t i = 0; i < s->shown_count; i++) {
    char name[600];
    tome_dtype dtype;
    size_t n;
    bool done = false;
    for (size_t k = 0; k < i; k++) done |= !strcmp(s->shown[k].map, s->shown[i].map);
    if (done) continue;
    snprintf(name, sizeof name, "labels/%.500s", s->shown[i].map);
    TOME_AUTO_FREE void *v = whole(s, name, &dtype, &n, err);
    if (!v) return false;
    for (size_t k = i; k < s->shown_count; k++) {
      if (strcmp(s->shown[k].map, s->shown[i].map)) continue;
      s->shown[k].voxels = 0;
      for (size_t j = 0; j < n; j++) s->shown[k].voxels += tome_shown_value(v, dtype, j) == s->shown[k].value;
    }
  }
  return true;
}

static bool add_text(steps *s, size_t row, tome_error *err) {
  tome_subject *one = &s->subjects[row];
  const char **lines = tome_arena_alloc(&s->arena, LINES * sizeof *lines, err);
  double range[2];
  size_t n = 0;
  if (!lines || !range_of(one, range, err) || !count_labels(one, err)) return false;
  const int64_t *shape = one->geometry.shape;
  const double *mm = one->geometry.spacing;
  lines[n++] = tome_arena_printf(&s->arena, err, "%lld × %lld × %lld %s", (long long)shape[0], (long long)shape[1],
                                 (long long)shape[2], tome_dtype_name(one->dtype));
  lines[n++] = tome_arena_printf(&s->arena, err, "%.4g × %.4g × %.4g mm", mm[0], mm[1], mm[2]);
  lines[n++] = tome_arena_printf(&s->arena, err, "%.6g … %.6g %s", range[0], range[1], one->units);
  const size_t all = one->shown_count, room = LINES - n, counted = all <= room ? all : room - 1;
  for (size_t i = 0; i < counted; i++)
    lines[n++] = tome_arena_printf(&s->arena, err, "%.40s: %llu voxels, %.4g ml", one->shown[i].name,
                                   (unsigned long long)one->shown[i].voxels,
                                   (double)one->shown[i].voxels * mm[0] * mm[1] * mm[2] / 1000);
  if (counted < all) lines[n++] = tome_arena_printf(&s->arena, err, "… and %zu more structures", all - counted);
  for (size_t i = 0; i < n; i++)
    if (!lines[i]) return false;
  s->rows[row].text = lines;
  s->rows[row].text_count = n;
  return true;
}

/* ---- pictures ---- */

static bool add_planes(steps *s, size_t row, tome_error *err) {
  tome_subject *one = &s->subjects[row];
  tome_slice *slices[3];
  tome_spot places[3];
  char text[128];
  double zyx[3];
  tome_geometry_to_index(&one->geometry, s->point, zyx);
  for (int p = 0; p < 3; p++) {
    const tome_view v = tome_view_of(&one->geometry, (tome_plane)p);
    const double last = (double)(one->geometry.shape[v.axis] - 1);
    const int64_t at = (int64_t)rint(fmin(fmax(zyx[v.axis], 0), last));
    slices[p] = &s->rows[row].planes[p];
    places[p] = (tome_spot){(tome_plane)p, at, slices[p]};
  }
  if (!tome_subject_slices(one, places, 3, err)) return false;
  const bool same_values = !*s->subjects[0].units || !strcmp(one->units, s->subjects[0].units);
  const char *window = same_values ? s->opt->window : NULL;
  return tome_subject_window(one, window, slices, 3, text, sizeof text, err);
}

/* A place that every row can show: the middle of what is wanted, as far as it is in the last result. */
static bool find_point(steps *s, tome_error *err) {
  TOME_CLEANUP(tome_subject_clear) tome_subject last = {0};
  const tome_recipe_text recipe = {.steps = s->words, .step_count = s->count};
  tome_box range;
  double middle[3];
  if (!tome_subject_of_case(s->store, s->id, &recipe, s->run, &last, err) ||
      !tome_subject_want(&last, s->opt->label, err))
    return false;
  tome_subject_range(&last, &range);
  for (int a = 0; a < 3; a++) middle[a] = floor((double)(range.lo[a] + range.hi[a] - 1) / 2);
  tome_geometry_to_world(&last.geometry, middle, s->point);
  return true;
}

static bool add_row(steps *s, size_t row, tome_error *err) {
  tome_subject *one = &s->subjects[row];
  const tome_recipe_text recipe = {.steps = s->words, .step_count = row};
  if (!tome_subject_of_case(s->store, s->id, &recipe, s->run, one, err) ||
      !tome_subject_channel(one, s->opt->channel, err))
    return false;
  s->rows[row].title = row ? tome_arena_printf(&s->arena, err, "%zu  %s", row, s->words[row - 1]) : "0  as stored";
  return s->rows[row].title && add_text(s, row, err) && add_planes(s, row, err);
}

static bool draw(steps *s, const char *path, tome_error *err) {
  tome_subject *first = &s->subjects[0];
  tome_legend *legend;
  tome_step_sheet sheet = {.title = s->id,
                           .rows = s->rows,
                           .row_count = s->count + 1,
                           .plane_count = first->geometry.shape[0] > 1 ? 3 : 1,
                           .width = s->opt->size ? s->opt->size : 1600,
                           .light = s->opt->light,
                           .places = tome_subject_has_places(first)};
  sheet.text = tome_arena_printf(&s->arena, err, "the recipe step by step, at %.1f, %.1f, %.1f mm (x, y, z; LPS)",
                                 s->point[0], s->point[1], s->point[2]);
  if (!sheet.text || !tome_subject_legend(first, &legend, &sheet.legend_count, err)) return false;
  sheet.legend = legend;
  TOME_CLEANUP(tome_canvas_clear) tome_canvas c = {0};
  return tome_draw_steps(&sheet, &c, err) && tome_put_picture(&c, path, s->opt->force, err);
}

bool tome_preview_steps(tome_store *store, const char *id, const char *path, const tome_preview_options *opt,
                        const tome_run *run, tome_error *err) {
  TOME_AUTO_FREE steps *s = tome_alloc_zero(1, sizeof *s, id, err);
  if (!s) return false;
  *s = (steps){.store = store, .id = id, .opt = opt, .run = run};
  bool ok = split(s, err) && find_point(s, err);
  for (size_t i = 0; ok && i <= s->count; i++) ok = add_row(s, i, err);
  ok = ok && draw(s, path, err);
  clear(s);
  return ok;
}
