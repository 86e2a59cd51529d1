/* opened.c - the few cases, and recipes over them, that were asked for last, with the chunks that were decoded for them. A case that was replaced in the store meanwhile
 * is noticed by the hashes that the index has of its voxels. */
#include <stdlib.h>
#include <string.h>

#include "view/inside.h"

enum { PATIENCE = 20, TRUSTED = 2 /* seconds before the index is asked again */ };

void view_shelf_init(view_shelf *s, tome_store *store, view_recipes *recipes, const tome_run *run) {
  pthread_mutex_init(&s->lock, NULL);
  view_timed_condition(&s->moved);
  s->store = store;
  s->recipes = recipes;
  s->run = run;
}

static void empty(view_opened *o) {
  tome_result_close(o->result);
  free(o->id);
  free(o->recipe);
  free(o->stamp);
  *o = (view_opened){0};
}

void view_shelf_clear(view_shelf *s) {
  for (size_t i = 0; i < VIEW_OPENED; i++) empty(&s->places[i]);
  pthread_cond_destroy(&s->moved);
  pthread_mutex_destroy(&s->lock);
}

/* ---- what the index says of a case's voxels ---- */

static bool take_stamp(void *user, size_t columns, const char *const *names, const tome_value *values) {
  char **out = user;
  (void)columns;
  (void)names;
  if (!values) return true;
  free(*out);
  *out = strdup(view_string(&values[0]));
  return true;
}

/* A recipe may ask for statistics of all cases: its stamp says which there are. */
static char *stamp_of(const view_shelf *s, const view_opened *o, tome_error *err) {
  static const char sql[] =
      "SELECT i.voxel_hash"
      " || ifnull((SELECT group_concat(name || voxel_hash) FROM channels WHERE case_id = i.id), '')"
      " || ifnull((SELECT group_concat(name || voxel_hash) FROM label_maps WHERE case_id = i.id), '')"
      " || CASE WHEN ?2 = '' THEN '' ELSE (SELECT count(*) || ' ' || max(rowid) FROM images) END"
      " FROM images AS i WHERE i.id = ?1";
  char *stamp = NULL;
  const char *params[] = {o->id, o->recipe};
  if (!tome_query(s->store, sql, params, 2, 10, take_stamp, &stamp, err)) {
    free(stamp);
    return NULL;
  }
  if (!stamp) view_fail(err, TOME_NOT_FOUND, "the store has no case \"%.200s\"", o->id);
  return stamp;
}

/* ---- places ---- */

static view_opened *find(view_shelf *s, const char *id, const char *recipe) {
  for (size_t i = 0; i < VIEW_OPENED; i++) {
    view_opened *o = &s->places[i];
    if (o->id && !o->stale && !strcmp(o->id, id) && !strcmp(o->recipe, recipe)) return o;
  }
  return NULL;
}

/* An empty place, or the one that was not used longest; NULL where all are in use. */
static view_opened *place(view_shelf *s) {
  view_opened *best = NULL;
  for (size_t i = 0; i < VIEW_OPENED; i++) {
    view_opened *o = &s->places[i];
    if (!o->id) return o;
    if (o->users == 0 && (!best || o->used < best->used)) best = o;
  }
  return best;
}

/* Marks a free place as this key's, being opened; false for want of memory. */
static bool claim(view_shelf *s, view_opened *o, const char *id, const char *recipe) {
  empty(o);
  o->id = strdup(id);
  o->recipe = strdup(recipe);
  if (!o->id || !o->recipe) {
    empty(o);
    return false;
  }
  o->users = 1;
  o->used = ++s->clock;
  return true;
}

void view_give_back(view_shelf *s, view_opened *o) {
  pthread_mutex_lock(&s->lock);
  if (--o->users == 0 && o->stale) empty(o);
  pthread_cond_broadcast(&s->moved);
  pthread_mutex_unlock(&s->lock);
}

/* Opens into a claimed place, lock not held: nobody else touches it until it has a result. */
static bool fill(view_shelf *s, view_opened *o, tome_error *err) {
  const tome_result_options options = {.cache_bytes = VIEW_CACHE_BYTES, .memory_bytes = VIEW_WORK_BYTES};
  VIEW_CLEANUP(view_recipe_clear) view_recipe recipe = {0};
  VIEW_AUTO_TEXT char *stamp = stamp_of(s, o, err);
  if (!stamp || (*o->recipe && !view_recipes_get(s->recipes, o->recipe, &recipe, err))) return false;
  const tome_recipe_text words = view_recipe_words(&recipe);
  tome_result *result = tome_result_open(s->store, o->id, &words, &options, s->run, err);
  if (!result) return false;
  pthread_mutex_lock(&s->lock);
  o->result = result;
  o->stamp = stamp;
  stamp = NULL;
  o->checked = view_now();
  pthread_cond_broadcast(&s->moved);
  pthread_mutex_unlock(&s->lock);
  return true;
}

static view_opened *open_new(view_shelf *s, view_opened *o, tome_error *err) {
  if (fill(s, o, err)) return o;
  pthread_mutex_lock(&s->lock);
  empty(o);
  pthread_cond_broadcast(&s->moved);
  pthread_mutex_unlock(&s->lock);
  return NULL;
}

/* Whether a place in use still is what the store has; else it is given back and nobody finds it again. */
static bool still_true(view_shelf *s, view_opened *o, tome_error *err) {
  VIEW_AUTO_TEXT char *stamp = stamp_of(s, o, err);
  if (stamp && !strcmp(stamp, o->stamp)) return true;
  pthread_mutex_lock(&s->lock);
  o->stale = true;
  pthread_mutex_unlock(&s->lock);
  view_give_back(s, o);
  return false;
}

/* One place of the key with a user more: opened already (*ready), or claimed to be opened. */
static view_opened *reserve(view_shelf *s, const char *id, const char *recipe, bool *ready, bool *check,
                            tome_error *err) {
  double since = 0;
  for (bool patient = true; patient; patient = view_wait(&s->moved, &s->lock, &since, PATIENCE)) {
    view_opened *o = find(s, id, recipe);
    if (o && !o->result) continue; /* somebody is opening it */
    if (o) {
      o->users++;
      o->used = ++s->clock;
      *ready = true;
      *check = view_now() - o->checked > TRUSTED;
      if (*check) o->checked = view_now(); /* one asks for all */
      return o;
    }
    o = place(s);
    if (o && claim(s, o, id, recipe)) return o;
    if (o) {
      view_no_memory(err);
      return NULL;
    }
    if (s->run->stop(s->run->user)) break;
  }
  view_fail(err, TOME_NO_MEMORY, "the server is busy with other cases; ask again");
  return NULL;
}

view_opened *view_take(view_shelf *s, const char *id, const char *recipe, tome_error *err) {
  for (;;) {
    bool ready = false, check = false;
    pthread_mutex_lock(&s->lock);
    view_opened *o = reserve(s, id, recipe, &ready, &check, err);
    pthread_mutex_unlock(&s->lock);
    if (!o) return NULL;
    if (!ready) return open_new(s, o, err);
    if (!check || still_true(s, o, err)) return o;
    if (err->code) return NULL;
  }
}
