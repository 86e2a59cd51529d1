/* Patches of a store: positions settled case by case on all cores, voxels computed when they are asked for. Open cases are kept in a pool, decoded
 * chunks in one cache, so memory and descriptors stay bounded whatever the store holds. */
#include "app/patches.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_OPEN = 96 };
static const size_t cache_standard = (size_t)256 << 20;

/* ---- the pool of open cases ---- */

static void close_course(patch_case *c) {
  if (!c->course) return;
  tome_course_close(c->course);
  free(c->course);
  c->course = NULL;
}

/* How many times a voxel of the result is read, about: worth remembering its chunks? */
static bool worth_caching(const tome_patches *p, const tome_course *course) {
  const tome_geometry *g = &course->graph.outputs[0]->flow.geometry;
  double patch = p->opt.per_case ? (double)p->opt.per_case : 1, all = 1;
  if (p->opt.mode == TOME_PATCH_CENTRE) return false;
  for (int a = 0; a < 3; a++) {
    all *= (double)g->shape[a];
    patch *= (double)(p->opt.size[a] ? p->opt.size[a] : g->shape[a]);
  }
  return p->opt.mode == TOME_PATCH_SLIDING || patch > 1.5 * all;
}

static bool cache_sources(tome_patches *p, tome_course *course, tome_error *err) {
  const bool image = worth_caching(p, course);
  for (size_t i = 0; i < course->source_count; i++) {
    const tome_voxel_source plain = course->sources[i];
    if ((plain.is_label || image) && !tome_cache_input(p->cache, &plain, &course->sources[i], err)) return false;
  }
  return true;
}

/* The index is not for several threads, nor for a forked child; the plan has asked it all there was to ask. */
static bool open_course(tome_patches *p, patch_case *c, tome_error *err) {
  static const tome_run one = {.threads = 1};
  tome_course *course = tome_alloc_zero(1, sizeof *course, c->id, err);
  if (!course) return false;
  c->course = course;
  if (tome_course_open(course, p->store, c->id, &p->opt.recipe, &one, err) && cache_sources(p, course, err)) {
    tome_index_close(course->index);
    course->index = NULL;
    course->run = NULL;
    return true;
  }
  close_course(c);
  return false;
}

/* Closes the case that nobody has used for the longest time. The pool's lock is held. */
static void close_oldest(tome_patches *p) {
  patch_case *oldest = NULL;
  for (size_t i = 0; i < p->case_count; i++) {
    patch_case *c = &p->cases[i];
    if (c->last && c->users == 0 && (!oldest || c->last < oldest->last)) oldest = c;
  }
  if (!oldest || pthread_mutex_trylock(&oldest->lock) != 0) return;
  if (oldest->course) p->open--;
  close_course(oldest);
  oldest->last = 0;
  pthread_mutex_unlock(&oldest->lock);
}

tome_course *tome_patches_take(tome_patches *p, patch_case *c, tome_error *err) {
  pthread_mutex_lock(&c->lock);
  const bool opens = !c->course;
  const bool ok = !opens || open_course(p, c, err);
  pthread_mutex_lock(&p->lock);
  if (ok) {
    c->users++;
    c->last = ++p->clock;
    p->open += opens;
  }
  if (p->open > MOST_OPEN) close_oldest(p);
  pthread_mutex_unlock(&p->lock);
  tome_course *course = ok ? c->course : NULL;
  pthread_mutex_unlock(&c->lock);
  return course;
}

void tome_patches_give(tome_patches *p, patch_case *c) {
  pthread_mutex_lock(&p->lock);
  c->users--;
  pthread_mutex_unlock(&p->lock);
}

/* ---- planning ---- */

typedef struct planning {
  tome_patches *p;
  const tome_run *run;
  bool *named; /* the options' classes that some case knows */
  size_t done;
  pthread_mutex_t lock; /* guards named, done and the progress */
} planning;

static bool keep_facts(patch_case *c, const tome_patches *p, const tome_course *course, tome_error *err) {
  const tome_graph *g = &course->graph;
  const tome_flow *image = &g->outputs[0]->flow;
  c->volumes = tome_arena_alloc(&c->arena, (g->count + 1) * sizeof *c->volumes, err);
  c->recipe = tome_arena_dup(&c->arena, course->recipe.text, err);
  c->units = tome_arena_dup(&c->arena, tome_course_units(course, image), err);
  c->channel_hashes = tome_course_channel_hashes(course, &c->arena, err);
  c->label_hashes = tome_course_label_hashes(course, &c->arena, err);
  c->dataset_hash = tome_arena_dup(&c->arena, course->across_hash, err);
  if (!c->volumes || !c->recipe || !c->units || !c->channel_hashes || !c->label_hashes || !c->dataset_hash)
    return false;
  for (size_t i = 0; i < g->count; i++) {
    const tome_flow *f = &g->outputs[i]->flow;
    c->volumes[i] = (tome_patch_volume){tome_arena_dup(&c->arena, f->name, err), f->is_label, f->dtype};
    if (!c->volumes[i].name) return false;
  }
  c->volume_count = g->count;
  c->geometry = image->geometry;
  c->pad_said = p->opt.pad_value != NULL;
  c->pad = p->opt.pad_value ? *p->opt.pad_value : image->fill;
  if (course->recipe.count) memcpy(c->recipe_hash, course->recipe.hash, sizeof c->recipe_hash);
  memcpy(c->voxel_hash, course->record.voxel_hash, sizeof c->voxel_hash);
  return true;
}

static void note_done(planning *g, const patch_case *c, const bool *named) {
  pthread_mutex_lock(&g->lock);
  for (size_t i = 0; i < g->p->opt.class_count; i++)
    if (named[i]) g->named[i] = true;
  const tome_progress now = {.phase = "draw", .item = c->id, .items_done = ++g->done, .items_total = g->p->case_count};
  tome_report(g->run, &now);
  pthread_mutex_unlock(&g->lock);
}

/* A case that the recipe does not fit (it crops to a label that this one lacks) does not stop the others. */
static bool pass_over(planning *g, patch_case *c, const bool *named, tome_error *err) {
  const bool misfit =
      err->code == TOME_NOT_FOUND || err->code == TOME_VALUE || err->code == TOME_USAGE || err->code == TOME_GEOMETRY;
  TOME_AUTO_FREE char *path = tome_case_path(g->p->store, c->id, NULL);
  if (!named || !misfit || !path || !tome_file_exists(path)) return false;
  if (g->p->case_count == 1) return tome_fail_prefix(err, "%s", c->id);
  c->why = tome_arena_dup(&c->arena, err->message, NULL);
  if (!c->why) return false;
  *err = (tome_error){0};
  note_done(g, c, named);
  return true;
}

static bool plan_case(void *ctx, size_t item, int worker, tome_error *err) {
  (void)worker;
  planning *g = ctx;
  patch_case *c = &g->p->cases[item];
  const tome_run inner = {.threads = g->p->case_count == 1 ? tome_threads(g->run) : 1,
                          .stop = g->run ? g->run->stop : NULL,
                          .user = g->run ? g->run->user : NULL};
  TOME_AUTO_FREE bool *named = tome_alloc_zero(g->p->opt.class_count + 1, sizeof *named, c->id, err);
  tome_course *course = named ? tome_patches_take(g->p, c, err) : NULL;
  if (!course) return pass_over(g, c, named, err);
  const bool ok = keep_facts(c, g->p, course, err) && tome_patches_settle(g->p, c, course, &inner, &c->why, named, err);
  tome_patches_give(g->p, c);
  if (ok) note_done(g, c, named);
  return ok;
}

static bool all_named(const planning *g, tome_error *err) {
  for (size_t i = 0; i < g->p->opt.class_count; i++)
    if (!g->named[i])
      return tome_fail(err, TOME_NOT_FOUND, "%s has %s label \"%s\" (tome stats lists those there are)",
                       g->p->case_count == 1 ? g->p->cases[0].id : "no case", g->p->case_count == 1 ? "no" : "a",
                       g->p->opt.classes[i].name);
  return true;
}

void tome_patches_number(tome_patches *p) {
  for (size_t i = 0; i < p->case_count; i++) p->first[i + 1] = p->first[i] + p->cases[i].count;
}

static bool number_patches(tome_patches *p, tome_error *err) {
  p->first = tome_arena_alloc(&p->arena, (p->case_count + 1) * sizeof *p->first, err);
  if (!p->first) return false;
  tome_patches_number(p);
  return p->first[p->case_count] > 0 || tome_fail(err, TOME_NOT_FOUND, "%s has nothing to draw patches from",
                                                  p->case_count == 1 ? p->cases[0].id : "no case");
}

static bool plan(tome_patches *p, const tome_run *run, void (*note)(void *, const char *, const char *), void *user,
                 tome_error *err) {
  TOME_AUTO_FREE bool *named = tome_alloc_zero(p->opt.class_count + 1, sizeof *named, "classes", err);
  planning g = {.p = p, .run = run, .named = named, .lock = PTHREAD_MUTEX_INITIALIZER};
  const bool ok = named && tome_parallel(run, p->case_count, plan_case, &g, err);
  pthread_mutex_destroy(&g.lock);
  if (!ok || !all_named(&g, err)) return false;
  const patch_case *one = &p->cases[0];
  bool any = false;
  for (size_t i = 0; i < p->case_count; i++) any = any || p->cases[i].count;
  if (!any && one->why) return tome_fail(err, TOME_NOT_FOUND, "%s: %s", one->id, one->why);
  for (size_t i = 0; i < p->case_count && note; i++)
    if (p->cases[i].why) note(user, p->cases[i].id, p->cases[i].why);
  return number_patches(p, err);
}

/* ---- options and cases, kept ---- */

static bool keep_recipe(tome_patches *p, const tome_recipe_text *r, tome_error *err) {
  const char **steps = tome_arena_alloc(&p->arena, (r->step_count + 1) * sizeof *steps, err);
  if (!steps) return false;
  for (size_t i = 0; i < r->step_count; i++)
    if (!(steps[i] = tome_arena_dup(&p->arena, r->steps[i], err))) return false;
  p->opt.recipe.steps = steps;
  return !r->file || (p->opt.recipe.file = tome_arena_dup(&p->arena, r->file, err));
}

static bool keep_options(tome_patches *p, const tome_patch_options *o, tome_error *err) {
  p->opt = *o;
  tome_class_weight *classes = tome_arena_alloc(&p->arena, (o->class_count + 1) * sizeof *classes, err);
  if (!classes || !keep_recipe(p, &o->recipe, err)) return false;
  for (size_t i = 0; i < o->class_count; i++) {
    classes[i] = (tome_class_weight){tome_arena_dup(&p->arena, o->classes[i].name, err), o->classes[i].weight};
    if (!classes[i].name) return false;
  }
  p->opt.classes = classes;
  if (o->mode != TOME_PATCH_CLASSES) p->opt.class_count = 0;
  if (o->label && !(p->opt.label = tome_arena_dup(&p->arena, o->label, err))) return false;
  if (o->image_threshold) p->threshold = *o->image_threshold, p->opt.image_threshold = &p->threshold;
  if (o->pad_value) p->pad_value = *o->pad_value, p->opt.pad_value = &p->pad_value;
  return true;
}

static bool keep_cases(tome_patches *p, const char *const *ids, size_t count, tome_error *err) {
  const char **all;
  if (!ids) {
    if (!tome_list_ids(p->store, &p->arena, &all, &count, err)) return false;
    ids = all;
  }
  if (!count) return tome_fail(err, TOME_NOT_FOUND, "%s: there are no cases to take patches of", p->store->path);
  p->cases = tome_alloc_zero(count, sizeof *p->cases, "patches", err);
  if (!p->cases) return false;
  for (; p->case_count < count; p->case_count++) {
    patch_case *c = &p->cases[p->case_count];
    pthread_mutex_init(&c->lock, NULL);
    if (!(c->id = tome_arena_dup(&p->arena, ids[p->case_count], err))) return false;
  }
  return true;
}

tome_patches *tome_patches_plan(tome_store *store, const char *const *ids, size_t id_count,
                                const tome_patch_options *opt, const tome_run *run,
                                void (*note)(void *user, const char *id, const char *text), void *user,
                                tome_error *err) {
  if (!tome_patch_options_check(opt, err) || !tome_recipe_text_check(&opt->recipe, err)) return NULL;
  tome_patches *p = tome_alloc_zero(1, sizeof *p, "patches", err);
  if (!p) return NULL;
  p->store = store;
  pthread_mutex_init(&p->lock, NULL);
  if (keep_options(p, opt, err) && keep_cases(p, ids, id_count, err) &&
      (p->cache = tome_cache_new(opt->cache_bytes ? opt->cache_bytes : cache_standard, err)) &&
      plan(p, run, note, user, err))
    return p;
  tome_patches_close(p);
  return NULL;
}

void tome_patches_close(tome_patches *p) {
  if (!p) return;
  for (size_t i = 0; i < p->case_count; i++) {
    close_course(&p->cases[i]);
    pthread_mutex_destroy(&p->cases[i].lock);
    tome_arena_clear(&p->cases[i].arena);
  }
  tome_cache_free(p->cache);
  pthread_mutex_destroy(&p->lock);
  free(p->cases);
  tome_arena_clear(&p->arena);
  free(p);
}

/* ---- asking ---- */

size_t tome_patches_count(const tome_patches *p) { return p->first[p->case_count]; }

patch_case *tome_patches_case(const tome_patches *p, size_t i) {
  size_t lo = 0, hi = p->case_count;
  while (hi - lo > 1) {
    const size_t middle = (lo + hi) / 2;
    *(p->first[middle] <= i ? &lo : &hi) = middle;
  }
  return &p->cases[lo];
}

static const tome_patch *patch_of(const tome_patches *p, const patch_case *c, size_t i) {
  return &c->patches[i - p->first[c - p->cases]];
}

const tome_patch *tome_patches_at(const tome_patches *p, size_t i) {
  return i < tome_patches_count(p) ? patch_of(p, tome_patches_case(p, i), i) : NULL;
}

const tome_patch_volume *tome_patches_volume(const tome_patches *p, size_t i, size_t k) {
  if (i >= tome_patches_count(p)) return NULL;
  const patch_case *c = tome_patches_case(p, i);
  return k < c->volume_count ? &c->volumes[k] : NULL;
}

/* ---- voxels ---- */

/* A patch that reaches beyond the result: filled, then what there is put in its place. */
static bool pull_padded(const tome_course *course, size_t output, const tome_patch *t, double pad, void *out,
                        const tome_pull_options *o, tome_error *err) {
  const tome_dtype type = course->graph.outputs[output]->flow.dtype;
  const tome_tile to = tome_tile_of(&t->box, type, out);
  tome_tile_fill(&to, &t->box, pad);
  if (tome_box_is_empty(&t->inside)) return true;
  const size_t bytes = (size_t)tome_box_voxels(&t->inside) * tome_dtype_size(type);
  TOME_AUTO_FREE void *part = tome_alloc(bytes, 1, "a patch", err);
  if (!part || !tome_pull(&course->graph, output, &t->inside, part, bytes, o, err)) return false;
  const tome_tile from = tome_tile_of(&t->inside, type, part);
  tome_tile_copy(&from, &to);
  return true;
}

static bool pull_one(const patch_case *c, const tome_course *course, size_t output, const tome_patch *t, void *out,
                     size_t bytes, const tome_run *run, tome_error *err) {
  const tome_pull_options o = {.run = run};
  const tome_flow *f = &course->graph.outputs[output]->flow;
  int64_t shape[3];
  size_t want;
  tome_box_shape(&t->box, shape);
  if (!tome_shape_bytes(shape, tome_dtype_size(c->volumes[output].dtype), &want) || want != bytes)
    return tome_fail(err, TOME_USAGE, "%s: patch %lld of %s is not %zu bytes of %s", c->id, (long long)t->n,
                     c->volumes[output].name, bytes, tome_dtype_name(c->volumes[output].dtype));
  if (memcmp(&t->box, &t->inside, sizeof t->box) == 0)
    return tome_pull(&course->graph, output, &t->box, out, bytes, &o, err);
  return pull_padded(course, output, t, f->is_label ? 0 : c->pad_said ? c->pad : f->fill, out, &o, err);
}

bool tome_patches_read(tome_patches *p, size_t i, void *const *out, const size_t *bytes, size_t count,
                       const tome_run *run, tome_error *err) {
  if (i >= tome_patches_count(p))
    return tome_fail(err, TOME_USAGE, "there are %zu patches, numbered from 0: none is %zu", tome_patches_count(p), i);
  patch_case *c = tome_patches_case(p, i);
  if (count > c->volume_count)
    return tome_fail(err, TOME_USAGE, "%s: its result has %zu volumes, not %zu", c->id, c->volume_count, count);
  tome_course *course = tome_patches_take(p, c, err);
  if (!course) return false;
  const tome_patch *t = patch_of(p, c, i);
  bool ok = true;
  for (size_t k = 0; k < count && ok; k++) ok = !out[k] || pull_one(c, course, k, t, out[k], bytes[k], run, err);
  tome_patches_give(p, c);
  return ok;
}
