/* tome preview of several cases: one slice of each, side by side, structures of one kind in one colour. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/picture.h"
#include "base/threads.h"

enum { MOST_CASES = 256, MOST_KINDS = 60 };

typedef struct known_kind {
  const char *name;
  size_t cases, last; /* how many have it; 1 + the number of the last of them */
  size_t met;         /* as the how-manieth kind */
} known_kind;

typedef struct gallery {
  tome_store *store;
  const char *const *ids;
  const tome_preview_options *opt;
  tome_run run; /* of one case */
  tome_subject *subjects;
  bool *lacks; /* the label that is asked for */
  tome_gallery page;
  tome_canvas canvas;
  known_kind kinds[MOST_KINDS];
  size_t kind_count;
  tome_legend legend[MOST_KINDS];
  tome_arena arena;
} gallery;

static void gallery_clear(gallery *g) {
  for (size_t i = 0; g->subjects && i < g->page.count; i++) tome_subject_clear(&g->subjects[i]);
  tome_canvas_clear(&g->canvas);
  tome_arena_clear(&g->arena);
}

static bool open_one(void *ctx, size_t i, int worker, tome_error *err) {
  (void)worker;
  gallery *g = ctx;
  tome_error none = {0};
  tome_subject *s = &g->subjects[i];
  if (!tome_subject_of_case(g->store, g->ids[i], &g->opt->recipe, &g->run, s, err) ||
      !tome_subject_channel(s, g->opt->channel, err))
    return false;
  g->lacks[i] = !tome_subject_want(s, g->opt->label, &none);
  return !g->lacks[i] || tome_subject_want(s, NULL, err);
}

static size_t find_kind(const gallery *g, const tome_shown *l) {
  char kind[64];
  size_t at = 0;
  tome_label_kind(l->name, kind, sizeof kind);
  while (at < g->kind_count && strcmp(g->kinds[at].name, kind)) at++;
  return at;
}

/* Counts the cases that have a kind, each once. */
static bool count_kinds(gallery *g, const tome_subject *s, size_t number, tome_error *err) {
  for (size_t k = 0; k < s->shown_count; k++) {
    const size_t at = find_kind(g, &s->shown[k]);
    if (!s->shown[k].voxels || at == MOST_KINDS) continue;
    if (at == g->kind_count) {
      char name[64];
      tome_label_kind(s->shown[k].name, name, sizeof name);
      g->kinds[at] = (known_kind){.name = tome_arena_dup(&g->arena, name, err), .met = at};
      if (!g->kinds[at].name) return false;
      g->kind_count++;
    }
    g->kinds[at].cases += g->kinds[at].last != number + 1;
    g->kinds[at].last = number + 1;
  }
  return true;
}

static int by_cases(const void *a, const void *b) {
  const known_kind *x = a, *y = b;
  return x->cases != y->cases ? (x->cases < y->cases) - (x->cases > y->cases) : (x->met > y->met) - (x->met < y->met);
}

/* One colour a kind of structure, those first that most cases have: "Liver" is "liver", all lesions are "tumor". */
static bool unify_colours(gallery *g, tome_error *err) {
  for (size_t i = 0; i < g->page.count; i++)
    if (!count_kinds(g, &g->subjects[i], i, err)) return false;
  qsort(g->kinds, g->kind_count, sizeof *g->kinds, by_cases);
  for (size_t i = 0; i < g->page.count; i++)
    for (size_t k = 0; k < g->subjects[i].shown_count; k++)
      g->subjects[i].shown[k].colour = tome_label_colour(find_kind(g, &g->subjects[i].shown[k]));
  for (size_t k = 0; k < g->kind_count; k++) g->legend[k] = (tome_legend){g->kinds[k].name, NAN, tome_label_colour(k)};
  g->page.legend = g->legend;
  g->page.legend_count = g->kind_count;
  return true;
}

/* The slice that is worth a look: through the structure asked for, else through a lesion, else through the middle of all structures. */
static int64_t worth_seeing(const gallery *g, tome_subject *s, const tome_view *v) {
  tome_error none = {0};
  tome_box range;
  if (g->opt->label || !tome_subject_want(s, "tumor", &none) || !tome_subject_range(s, &range)) {
    tome_error ignored = {0};
    if (!g->opt->label && !tome_subject_want(s, NULL, &ignored)) return 0;
    tome_subject_range(s, &range);
  }
  return (range.lo[v->axis] + range.hi[v->axis] - 1) / 2;
}

static bool draw_one(void *ctx, size_t i, int worker, tome_error *err) {
  (void)worker;
  gallery *g = ctx;
  tome_subject *s = &g->subjects[i];
  tome_slice one, *slices[1] = {&one};
  char ignored[128];
  const tome_plane plane = tome_plane_of(&s->geometry);
  const tome_view v = tome_view_of(&s->geometry, plane);
  const tome_spot at = {plane, worth_seeing(g, s, &v), &one};
  return tome_subject_slices(s, &at, 1, err) &&
         tome_subject_window(s, g->opt->window, slices, 1, ignored, sizeof ignored, err) &&
         tome_gallery_put(&g->canvas, &g->page, i, &one, tome_subject_has_places(s), s->id, err);
}

static int by_number(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* The aspect that half of them are narrower than. */
static double usual_aspect(const gallery *g) {
  double all[MOST_CASES];
  for (size_t i = 0; i < g->page.count; i++) {
    const tome_geometry *grid = &g->subjects[i].geometry;
    const tome_view v = tome_view_of(grid, tome_plane_of(grid));
    all[i] = v.width / v.height;
  }
  qsort(all, g->page.count, sizeof *all, by_number);
  return all[g->page.count / 2];
}

static bool describe(gallery *g, tome_error *err) {
  const tome_subject *s = &g->subjects[0];
  const char *window = g->opt->window ? g->opt->window : "auto", *channel = g->opt->channel;
  g->page.aspect = usual_aspect(g);
  g->page.title = tome_basename(tome_path(g->store));
  g->page.text = tome_arena_printf(&g->arena, err, "%zu case%s%s%s%s%s", g->page.count,
                                   g->page.count == 1 ? ", a slice of it" : "s, a slice of each",
                                   s->coloured ? "" : "  ·  window ", s->coloured ? "" : window,
                                   channel ? "  ·  channel " : "", channel ? channel : "");
  return g->page.text != NULL;
}

static bool check(const gallery *g, tome_error *err) {
  if (g->opt->steps) return tome_fail(err, TOME_USAGE, "--steps shows one case: name one");
  if (g->page.count < 1 || g->page.count > MOST_CASES)
    return tome_fail(err, TOME_USAGE, "%zu cases: 1 to %d fit one picture", g->page.count, MOST_CASES);
  return true;
}

static bool some_have_it(const gallery *g, tome_error *err) {
  for (size_t i = 0; i < g->page.count; i++)
    if (!g->lacks[i]) return true;
  return tome_fail(err, TOME_NOT_FOUND, "none of the %zu cases has a label \"%s\"", g->page.count, g->opt->label);
}

bool tome_preview_gallery(tome_store *store, const char *const *ids, size_t count, const char *path,
                          const tome_preview_options *opt, const tome_run *run, tome_error *err) {
  static const tome_preview_options standard = {0};
  const tome_preview_options *o = opt ? opt : &standard;
  TOME_CLEANUP(gallery_clear)
  gallery g = {.store = store, .ids = ids, .opt = o, .run = run ? *run : (tome_run){0}};
  g.page = (tome_gallery){.count = count, .width = o->size ? o->size : 1600, .light = o->light};
  tome_run all = g.run;
  all.progress = NULL;
  g.run.progress = NULL;
  g.run.threads = 1;
  if (!check(&g, err) || !tome_preview_check(o, path, err)) return false;
  tome_subject *subjects = tome_arena_alloc(&g.arena, count * sizeof *subjects, err);
  g.lacks = subjects ? tome_arena_alloc(&g.arena, count * sizeof *g.lacks, err) : NULL;
  if (!g.lacks) return false;
  g.subjects = subjects;
  if (!tome_parallel(&all, count, open_one, &g, err) || !some_have_it(&g, err)) return false;
  return unify_colours(&g, err) && describe(&g, err) && tome_gallery_begin(&g.page, &g.canvas, err) &&
         tome_parallel(&all, count, draw_one, &g, err) && tome_canvas_check(&g.canvas, err) &&
         tome_put_picture(&g.canvas, path, o->force, err);
}
