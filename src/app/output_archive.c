/* One HDF5 archive for all items: a group a case, or stacked rows. A draft until it is committed. An archive that is there already keeps what it holds:
 * what matches is not computed again, new items join it, and those that were made otherwise are replaced where the caller forces it. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/output_inside.h"
#include "store/collection.h"

typedef struct archive {
  tome_draft draft;
  tome_collection *result;
  tome_collection_past *past;
  bool any; /* something was put; o->lock */
} archive;

static bool open_past(tome_output *o, archive *a, tome_error *err) {
  const char *path = o->names.pattern;
  tome_error why = {0};
  if (!tome_file_exists(path)) return true;
  if (o->opt.stacked && o->opt.force) return true;
  a->past = tome_collection_past_open(path, o->opt.stacked, &why);
  return a->past || o->opt.force || tome_fail(err, why.code, "%s", why.message);
}

static bool open_new(const char *path, archive *a, bool stacked, tome_error *err) {
  const char *slash = strrchr(path, '/');
  TOME_AUTO_FREE char *folder = slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
  if (!folder) return tome_fail(err, TOME_NO_MEMORY, "%s: out of memory", path);
  if (!tome_is_folder(folder) && !tome_make_folders(folder, err)) return false;
  tome_draft_sweep(folder); /* what a run that was killed has left */
  if (!tome_draft_open(path, &a->draft, err)) return false;
  a->result = tome_collection_new(a->draft.path, stacked, err);
  return a->result != NULL;
}

static bool open_archive(tome_output *o, tome_error *err) {
  archive *a = o->state = tome_alloc_zero(1, sizeof *a, o->names.pattern, err);
  if (!a) return false;
  a->draft.fd = -1;
  return open_past(o, a, err) && open_new(o->names.pattern, a, o->opt.stacked, err);
}

static void close_archive(tome_output *o) {
  archive *a = o->state;
  if (!a) return;
  tome_collection_free(a->result);
  tome_collection_past_close(a->past);
  tome_draft_abandon(&a->draft);
  free(a);
}

/* ---- items ---- */

static const char *group_of(const tome_output_item *item, tome_arena *arena, tome_error *err) {
  return item->n < 0 ? item->id : tome_arena_printf(arena, err, "%s/%lld", item->id, (long long)item->n);
}

static bool past_key(const archive *a, const tome_outgoing *g, char key[33]) {
  TOME_CLEANUP(tome_arena_clear) tome_arena arena = {0};
  const char *group = group_of(g->item, &arena, NULL);
  key[0] = '\0';
  if (a->past && group) tome_collection_past_key(a->past, group, key);
  return *key != '\0';
}

/* Rows are known by their key alone. */
static bool has(const tome_output *o, const tome_outgoing *g) {
  char key[33];
  const archive *a = o->state;
  if (o->opt.stacked) return a->past && tome_collection_past_row(a->past, g->key);
  return past_key(o->state, g, key) && strcmp(key, g->key) == 0;
}

static bool check(const tome_output *o, const tome_outgoing *g, tome_error *err) {
  char key[33];
  const archive *a = o->state;
  if (o->opt.stacked && a->past)
    return tome_fail(err, TOME_EXISTS, "%s: exists already and does not hold this item of %s; --force writes it anew",
                     o->names.pattern, g->item->id);
  if (!past_key(o->state, g, key) || o->opt.force || strcmp(key, g->key) == 0) return true;
  return tome_fail(err, TOME_EXISTS,
                   "%s: %s is in it already and was made in another way or from other voxels; --force replaces it",
                   o->names.pattern, g->item->id);
}

enum { OWN_FACTS = 2 };

/* Recipe and hash, then the item's own facts, in `arena`. */
static tome_collection_fact *facts_of(const tome_output_item *item, tome_arena *arena, tome_error *err) {
  tome_collection_fact *f = tome_arena_alloc(arena, (item->fact_count + OWN_FACTS) * sizeof *f, err);
  if (!f) return NULL;
  f[0] = (tome_collection_fact){.name = "recipe", .text = item->recipe ? item->recipe : ""};
  f[1] = (tome_collection_fact){.name = "recipe_hash", .text = item->recipe_hash ? item->recipe_hash : ""};
  for (size_t i = 0; i < item->fact_count; i++) {
    const tome_output_fact *from = &item->facts[i];
    f[OWN_FACTS + i] = (tome_collection_fact){from->name, from->text, from->many, from->count == 1 ? 0 : from->count};
    if (!from->text && !from->count) f[OWN_FACTS + i].text = ""; /* no numbers: HDF5 has no empty arrays */
  }
  return f;
}

static tome_collection_volume *volumes_of(const tome_output_item *item, tome_arena *arena, tome_error *err) {
  tome_collection_volume *v = tome_arena_alloc(arena, (item->volume_count + 1) * sizeof *v, err);
  for (size_t i = 0; v && i < item->volume_count; i++) {
    const tome_output_volume *from = &item->volumes[i];
    const char *path = from->is_label ? tome_arena_printf(arena, err, "labels/%s", from->name) : from->name;
    if (!path) return NULL;
    v[i] = (tome_collection_volume){path, from->dtype, from->voxels};
  }
  return v;
}

/* Stacked: the recipe is the root's, and what all items have in common is told there too. Written with the first item. */
static bool put_root(tome_output *o, const tome_output_item *item, const tome_collection_fact *facts, tome_error *err) {
  archive *a = o->state;
  pthread_mutex_lock(&o->lock);
  bool ok = true;
  if (o->opt.stacked && !a->any) {
    ok = tome_collection_texts(a->result, facts, OWN_FACTS, err);
    for (size_t i = 0; i < item->fact_count && ok; i++)
      if (item->facts[i].common) ok = tome_collection_texts(a->result, &facts[OWN_FACTS + i], 1, err);
  }
  a->any = true;
  pthread_mutex_unlock(&o->lock);
  return ok;
}

static bool put(tome_output *o, const tome_outgoing *g, tome_error *err) {
  TOME_CLEANUP(tome_arena_clear) tome_arena arena = {0};
  const archive *a = o->state;
  const tome_output_item *item = g->item;
  const tome_collection_fact *facts = facts_of(item, &arena, err);
  const size_t skip = o->opt.stacked ? OWN_FACTS : 0;
  tome_collection_item out = {.id = item->id,
                              .n = item->n,
                              .row = item->row,
                              .units = item->units,
                              .key = g->key,
                              .voxel_hash = item->voxel_hash,
                              .geometry = &item->geometry,
                              .volume_count = item->volume_count,
                              .fact_count = item->fact_count + OWN_FACTS - skip};
  out.group = group_of(item, &arena, err);
  out.volumes = volumes_of(item, &arena, err);
  if (!facts || !out.group || !out.volumes || !put_root(o, item, facts, err)) return false;
  out.facts = facts + skip;
  const tome_run run = tome_output_run(o);
  return tome_collection_put(a->result, &out, &run, err) || tome_fail_prefix(err, "%s", o->names.pattern);
}

static bool commit(tome_output *o, tome_error *err) {
  archive *a = o->state;
  tome_collection *r = a->result;
  if (tome_collection_count(r) == 0) return true; /* what was there stays as it is; the draft goes */
  const bool replace = o->opt.force || a->past;
  if (a->past && !tome_collection_keep(r, a->past, err)) return false;
  a->result = NULL;
  return (tome_collection_finish(r, err) || tome_fail_prefix(err, "%s", o->names.pattern)) &&
         tome_draft_place(&a->draft, replace, err);
}

static bool broken(const tome_output *o) {
  const archive *a = o->state;
  return tome_collection_broken(a->result);
}

const tome_output_kind tome_output_kind_archive = {.together = true,
                                                   .archive = true,
                                                   .open = open_archive,
                                                   .check = check,
                                                   .has = has,
                                                   .put = put,
                                                   .commit = commit,
                                                   .broken = broken,
                                                   .close = close_archive};
