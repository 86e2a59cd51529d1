/* A recipe's result, read by the box: for programs and data loaders. Chunks read once are kept, one cache a process: a cache that another thread of
 * the parent was changing when it forked is of no use to the child, which begins its own. */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/recipe.h"
#include "base/near.h"
#include "ops/own.h"

/* The chunks that one process remembers. */
typedef struct memory {
  pid_t process;
  struct memory *before; /* the parent's: left alone, since its lock may be held by nobody any more */
  tome_cache *cache;
  tome_voxel_source *cached; /* one a source */
} memory;

/* A source in the graph's eyes: the stored volume, through this process's memory of it. */
typedef struct door {
  struct tome_result *result;
  size_t number;
} door;

struct tome_result {
  tome_course course;
  tome_voxel_source *stored; /* the sources as the store gives them */
  door *doors;
  const char **names; /* "image", "labels/…", then NULL */
  size_t cache_bytes, memory_bytes;
  _Atomic(memory *) memory;
};

/* ---- what is remembered ---- */

static void memory_free(memory *m) {
  if (!m) return;
  tome_cache_free(m->cache);
  free(m->cached);
  free(m);
}

static void auto_memory(memory **m) { memory_free(*m); }

static memory *memory_new(const tome_result *r, memory *before, tome_error *err) {
  TOME_CLEANUP(auto_memory) memory *m = tome_alloc_zero(1, sizeof *m, "a chunk cache", err);
  if (!m) return NULL;
  const size_t count = r->course.source_count;
  m->process = getpid();
  m->before = before;
  m->cache = tome_cache_new(r->cache_bytes, err);
  m->cached = tome_alloc_zero(count, sizeof *m->cached, "a chunk cache", err);
  if (!m->cache || !m->cached) return NULL;
  for (size_t i = 0; i < count; i++)
    if (!tome_cache_input(m->cache, &r->stored[i], &m->cached[i], err)) return NULL;
  memory *made = m;
  m = NULL;
  return made;
}

/* This process's memory; the first reader after a fork makes it. */
static const memory *memory_of(tome_result *r, tome_error *err) {
  memory *now = atomic_load(&r->memory);
  if (now && now->process == getpid()) return now;
  memory *fresh = memory_new(r, now, err);
  if (!fresh) return NULL;
  if (atomic_compare_exchange_strong(&r->memory, &now, fresh)) return fresh;
  memory_free(fresh); /* another thread was faster */
  return now;
}

static bool read_door(void *ctx, const tome_box *box, void *out, tome_error *err) {
  const door *d = ctx;
  const memory *m = memory_of(d->result, err);
  if (!m) return false;
  const tome_voxel_source *s = &m->cached[d->number];
  return s->read(s->ctx, box, out, err);
}

/* Puts doors in place of the sources that the graph holds. No cache where not even a chunk would fit. */
static bool put_doors(tome_result *r, tome_error *err) {
  tome_course *c = &r->course;
  r->stored = tome_arena_alloc(&c->arena, c->source_count * sizeof *r->stored, err);
  r->doors = tome_arena_alloc(&c->arena, c->source_count * sizeof *r->doors, err);
  if (!r->stored || !r->doors) return false;
  memcpy(r->stored, c->sources, c->source_count * sizeof *r->stored);
  if (r->cache_bytes <= 1) return true;
  for (size_t i = 0; i < c->source_count; i++) {
    r->doors[i] = (door){r, i};
    c->sources[i].read = read_door;
    c->sources[i].ctx = &r->doors[i];
  }
  return true;
}

/* ---- opening ---- */

static bool name_volumes(tome_result *r, tome_error *err) {
  const tome_graph *g = &r->course.graph;
  tome_arena *a = &r->course.arena;
  r->names = tome_arena_alloc(a, (g->count + 1) * sizeof *r->names, err);
  if (!r->names) return false;
  for (size_t i = 0; i < g->count; i++) {
    const tome_flow *f = &g->outputs[i]->flow;
    r->names[i] = f->is_label ? tome_arena_printf(a, err, "labels/%s", f->name) : f->name;
    if (!r->names[i]) return false;
  }
  return true;
}

static bool open_result(tome_result *r, const tome_store *store, const char *id, const tome_recipe_text *recipe,
                        const tome_result_options *opt, const tome_run *run, tome_error *err) {
  static const tome_recipe_text as_stored = {0};
  tome_course *c = &r->course;
  r->cache_bytes = opt->cache_bytes ? (size_t)opt->cache_bytes : (size_t)128 << 20;
  r->memory_bytes = (size_t)opt->memory_bytes;
  c->ops = tome_own_ops(opt->own, opt->own_count, &c->arena, err);
  if (!c->ops || !tome_course_open(c, store, id, recipe ? recipe : &as_stored, run, err) || !put_doors(r, err) ||
      !name_volumes(r, err))
    return false;
  tome_index_close(c->index); /* was for planning; SQLite must not cross a fork */
  c->index = NULL;
  c->run = NULL;
  c->store = NULL;
  return true;
}

tome_result *tome_result_open(tome_store *store, const char *id, const tome_recipe_text *recipe,
                              const tome_result_options *opt, const tome_run *run, tome_error *err) {
  static const tome_result_options defaults = {0};
  tome_result *r = tome_alloc_zero(1, sizeof *r, id, err);
  if (r && open_result(r, store, id, recipe, opt ? opt : &defaults, run, err)) return r;
  tome_result_close(r);
  return NULL;
}

void tome_result_close(tome_result *r) {
  if (!r) return;
  for (memory *m = atomic_load(&r->memory), *before; m; m = before) {
    before = m->before;
    if (m->process == getpid()) memory_free(m);
  }
  tome_course_close(&r->course);
  free(r);
}

/* ---- asking ---- */

const char *tome_result_volume(const tome_result *r, size_t i) {
  return i < r->course.graph.count ? r->names[i] : NULL;
}

static bool find_volume(const tome_result *r, const char *volume, size_t *out, tome_error *err) {
  tome_near near = {.word = volume};
  for (size_t i = 0; i < r->course.graph.count; i++) {
    if (!strcmp(r->names[i], volume)) {
      *out = i;
      return true;
    }
    tome_near_try(&near, r->names[i]);
  }
  const char *id = r->course.record.id;
  if (near.best)
    return tome_fail(err, TOME_NOT_FOUND, "%s: the result has no volume \"%s\"; did you mean %s?", id, volume,
                     near.best);
  return tome_fail(err, TOME_NOT_FOUND, "%s: the result has no volume \"%s\"; tome_result_volume names those it has",
                   id, volume);
}

static const char *stored_hash(const tome_record *r, const tome_voxel_source *s) {
  const tome_channel *channel = s->is_label ? NULL : tome_record_find_channel(r, s->name);
  if (channel) return channel->voxel_hash;
  for (size_t i = 0; s->is_label && i < r->map_count; i++)
    if (!strcmp(r->maps[i].name, s->name)) return r->maps[i].voxel_hash;
  return r->voxel_hash;
}

/* The hashes of all stored volumes behind a node, one after the other. */
static bool gather_hashes(const tome_result *r, const tome_node *n, tome_arena *a, const char **text, tome_error *err) {
  if (n->input) *text = tome_arena_printf(a, err, "%s%s", *text, stored_hash(&r->course.record, n->input));
  for (size_t i = 0; *text && i < n->in_count; i++)
    if (!gather_hashes(r, n->in[i], a, text, err)) return false;
  return *text != NULL;
}

static bool hash_of(const tome_result *r, const tome_node *n, char out[TOME_HASH_TEXT], tome_error *err) {
  TOME_CLEANUP(tome_arena_clear) tome_arena a = {0};
  const char *text = "";
  if (!gather_hashes(r, n, &a, &text, err)) return false;
  if (strlen(text) < TOME_HASH_TEXT)
    memcpy(out, text, strlen(text) + 1);
  else
    tome_hash_bytes(text, strlen(text), out);
  return true;
}

bool tome_result_info_of(const tome_result *r, const char *volume, tome_result_info *out, tome_error *err) {
  size_t i = 0;
  if (!find_volume(r, volume, &i, err)) return false;
  const tome_course *c = &r->course;
  const tome_flow *f = &c->graph.outputs[i]->flow;
  tome_result_info info = {.geometry = f->geometry,
                           .dtype = f->dtype,
                           .is_label = f->is_label,
                           .fill = f->fill,
                           .recipe = c->recipe.text,
                           .recipe_hash = c->recipe.hash};
  const char *units = tome_course_units(c, f);
  if (strlen(units) < sizeof info.units) memcpy(info.units, units, strlen(units));
  if (!hash_of(r, c->graph.outputs[i], info.voxel_hash, err)) return false;
  *out = info;
  return true;
}

bool tome_result_read(const tome_result *r, const char *volume, const tome_box *box, void *out, size_t out_bytes,
                      const tome_run *run, tome_error *err) {
  size_t i = 0;
  const tome_pull_options o = {.run = run, .memory = r->memory_bytes};
  return find_volume(r, volume, &i, err) && (tome_pull(&r->course.graph, i, box, out, out_bytes, &o, err) ||
                                             tome_fail_prefix(err, "%s", r->course.record.id));
}

/* ---- words alone ---- */

bool tome_recipe_check(const tome_recipe_text *recipe, const tome_result_options *opt,
                       void (*text)(void *user, const char *canonical, const char *hash), void *user, tome_error *err) {
  TOME_CLEANUP(tome_arena_clear) tome_arena arena = {0};
  TOME_CLEANUP(tome_recipe_clear) tome_recipe r = {0};
  const tome_op *const *ops = tome_own_ops(opt ? opt->own : NULL, opt ? opt->own_count : 0, &arena, err);
  if (!ops || !tome_recipe_of(recipe, ops, &r, err)) return false;
  if (text) text(user, r.text, r.hash);
  return true;
}
