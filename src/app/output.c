/* The front of all outputs: which kind a name asks for, the names of items, who has taken which name. */
#include "app/output.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "app/output_inside.h"

/* ---- which kind ---- */

static bool ends_in(const char *name, const char *ending) {
  const size_t n = strlen(name), e = strlen(ending);
  return n >= e && strcasecmp(name + n - e, ending) == 0;
}

static const struct {
  const char *ending;
  const tome_output_kind *kind;
} kinds[] = {{".npz", &tome_output_kind_npz},
             {".h5", &tome_output_kind_archive},
             {".hdf5", &tome_output_kind_archive},
             {".png", &tome_output_kind_png}};

/* Other formats of one slice a file: slices where the name has {z}. */
static const char *const of_slices[] = {".bmp", ".gif", ".tif", ".tiff"};

/* The longest of a format's usual endings (".nii .nii.gz .hdr/.img") that the name has; else from its last dot. */
static const char *ending_of(const char *name, const tome_format *f) {
  const char *best = NULL;
  for (const char *e = f->extensions; *e;) {
    char ending[32] = "";
    const size_t n = strcspn(e, " ");
    if (n < sizeof ending) memcpy(ending, e, n);
    if (ending[0] == '.' && ends_in(name, ending) && (!best || n > strlen(best))) best = name + strlen(name) - n;
    e += n + (e[n] == ' ');
  }
  return best ? best : strrchr(name, '.') ? strrchr(name, '.') : name + strlen(name);
}

static bool choose_kind(tome_output *o, tome_error *err) {
  const char *pattern = o->names.pattern, *name = tome_basename(pattern);
  for (size_t i = 0; i < TOME_COUNT(kinds) && !o->kind; i++)
    if (ends_in(name, kinds[i].ending) && strlen(name) > strlen(kinds[i].ending)) {
      o->kind = kinds[i].kind;
      o->ending = pattern + strlen(pattern) - strlen(kinds[i].ending);
    }
  for (size_t i = 0; i < TOME_COUNT(of_slices) && !o->kind && o->names.has[TOME_PLACE_Z]; i++)
    if (ends_in(name, of_slices[i])) {
      o->kind = &tome_output_kind_png;
      o->ending = pattern + strlen(pattern) - strlen(of_slices[i]);
    }
  if (o->kind && o->kind != &tome_output_kind_png) return true;
  o->format = tome_format_for_name(*name ? name : pattern);
  if (o->format && !*name) {
    o->kind = &tome_output_kind_folder;
    o->ending = pattern + strlen(pattern) - 1;
    return true;
  }
  if (!o->format)
    return tome_fail(err, TOME_USAGE,
                     "%s: no format this build writes goes by that name; .npy, .npz, .nii, .nii.gz, .nrrd, .mha, .tif, "
                     ".png, .h5, folder/ (DICOM) and .dcm (labels as DICOM SEG) do",
                     pattern);
  if (o->kind) return true;
  o->kind = &tome_output_kind_file;
  o->ending = ending_of(pattern, o->format);
  return true;
}

/* ---- templates that cannot do ---- */

static bool names_items(const tome_template *t) {
  return t->has[TOME_PLACE_ID] || t->has[TOME_PLACE_N] || t->has[TOME_PLACE_LABEL];
}

bool tome_output_wants_all(const tome_output *o) { return o->kind->together || names_items(&o->names); }

bool tome_output_takes_one(const tome_output *o) { return !o->kind->together; }

bool tome_output_takes_colours(const tome_output *o) {
  static const char *const names[] = {"npy", "png", "tiff", "bmp", "pnm"};
  for (size_t i = 0; o->format && i < TOME_COUNT(names); i++)
    if (strcmp(o->format->name, names[i]) == 0) return true;
  return false;
}

static bool check_template(const tome_output *o, tome_error *err) {
  const tome_template *t = &o->names;
  const bool *has = t->has;
  if (o->kind->archive && (names_items(t) || has[TOME_PLACE_Z]))
    return tome_fail(err, TOME_USAGE, "%s: an archive is one file for all cases: no {…} in its name", t->pattern);
  if (has[TOME_PLACE_Z] && o->kind != &tome_output_kind_png)
    return tome_fail(err, TOME_USAGE,
                     "%s: {z} is for slices in .png, .bmp, .gif and .tif; other formats hold whole volumes",
                     t->pattern);
  if (has[TOME_PLACE_LABEL] && o->kind->together)
    return tome_fail(err, TOME_USAGE, "%s: such a file holds image and labels together: no {label} in its name",
                     t->pattern);
  if (o->kind->archive) return true;
  if (o->opt.cases > 1 && !has[TOME_PLACE_ID])
    return tome_fail(err, TOME_USAGE, "%s: %lld cases would go to one file; put {id} into the name: %s{id}%s",
                     t->pattern, (long long)o->opt.cases, strchr(t->pattern, '/') ? "out/" : "", o->ending);
  if (o->opt.items > 1 && !has[TOME_PLACE_ID] && !has[TOME_PLACE_N])
    return tome_fail(err, TOME_USAGE, "%s: %lld items would go to one file; put {id} or {n} into the name", t->pattern,
                     (long long)o->opt.items);
  if (names_items(t) || has[TOME_PLACE_Z] || o->opt.force || !tome_file_exists(t->pattern)) return true;
  return tome_fail(err, TOME_EXISTS, "%s: exists already; --force overwrites it", t->pattern);
}

tome_output *tome_output_open(const char *pattern, const tome_output_options *opt, tome_error *err) {
  tome_output *o = tome_alloc_zero(1, sizeof *o, pattern, err);
  if (!o) return NULL;
  if (opt) o->opt = *opt;
  pthread_mutex_init(&o->lock, NULL);
  const char *copy = tome_arena_dup(&o->arena, pattern, err);
  if (copy && tome_template_parse(copy, &o->names, err) && choose_kind(o, err) && check_template(o, err) &&
      (!o->kind->open || o->kind->open(o, err)))
    return o;
  tome_output_close(o);
  return NULL;
}

tome_run tome_output_run(const tome_output *o) {
  return (tome_run){.threads = o->opt.threads > 0 ? o->opt.threads : 1};
}

bool tome_output_commit(tome_output *o, tome_error *err) { return !o->kind->commit || o->kind->commit(o, err); }

bool tome_output_broken(const tome_output *o) { return o->kind->broken && o->kind->broken(o); }

void tome_output_close(tome_output *o) {
  if (!o) return;
  if (o->kind && o->kind->close) o->kind->close(o);
  pthread_mutex_destroy(&o->lock);
  free(o->taken);
  tome_arena_clear(&o->arena);
  free(o);
}

/* ---- names ---- */

const char *tome_output_name(const tome_output *o, const tome_output_item *item, size_t volume, int64_t z,
                             tome_arena *arena, tome_error *err) {
  const char *label = item->volume_count ? item->volumes[volume].name : "image";
  const tome_template_values v = {.id = item->id, .label = label, .n = item->n, .z = z};
  const bool beside = volume > 0 && !o->kind->together && !o->names.has[TOME_PLACE_LABEL];
  const char *tail = beside ? tome_arena_printf(arena, err, "_%s", label) : "";
  return tail ? tome_template_fill(&o->names, &v, tail, strlen(o->ending), arena, err) : NULL;
}

const char *tome_output_path(const tome_output *o, const tome_output_item *item, size_t volume, tome_arena *arena,
                             tome_error *err) {
  return tome_output_name(o, item, volume, -1, arena, err);
}

static void outgoing_clear(tome_outgoing *g) { tome_arena_clear(&g->arena); }

static bool outgoing_make(const tome_output *o, const tome_output_item *item, tome_outgoing *g, tome_error *err) {
  const size_t volumes = item->volume_count ? item->volume_count : 1;
  g->item = item;
  g->count = !o->kind->together && tome_output_wants_all(o) ? volumes : 1;
  tome_carry_key(item, g->key);
  g->paths = tome_arena_alloc(&g->arena, g->count * sizeof *g->paths, err);
  for (size_t i = 0; g->paths && i < g->count; i++)
    if (!(g->paths[i] = tome_output_name(o, item, i, 0, &g->arena, err))) return false;
  return g->paths != NULL;
}

/* ---- who has which name: two items of one run never share one ---- */

typedef struct tome_taken {
  char name[TOME_HASH_TEXT], owner[TOME_HASH_TEXT];
} taken;

static taken *slot_of(tome_output *o, const char *name) {
  size_t at = 0;
  for (int i = 0; i < 12; i++) at = at * 16 + (size_t)(name[i] > '9' ? name[i] - 'a' + 10 : name[i] - '0');
  for (at &= o->taken_cap - 1; *o->taken[at].name && strcmp(o->taken[at].name, name) != 0;)
    at = (at + 1) & (o->taken_cap - 1);
  return &o->taken[at];
}

static bool more_room(tome_output *o, tome_error *err) {
  if (2 * (o->taken_count + 1) <= o->taken_cap) return true;
  taken *old = o->taken;
  const size_t count = o->taken_cap, cap = count ? 2 * count : 256;
  taken *new = tome_alloc_zero(cap, sizeof *new, "names", err);
  if (!new) return false;
  o->taken = new;
  o->taken_cap = cap;
  for (size_t i = 0; i < count; i++)
    if (*old[i].name) *slot_of(o, old[i].name) = old[i];
  free(old);
  return true;
}

static bool take_name(tome_output *o, const char *path, const char *owner, tome_error *err) {
  taken t;
  tome_hash_bytes(path, strlen(path), t.name);
  memcpy(t.owner, owner, sizeof t.owner);
  if (!more_room(o, err)) return false;
  taken *slot = slot_of(o, t.name);
  if (!*slot->name) {
    o->taken_count++;
    *slot = t;
  }
  return strcmp(slot->owner, owner) == 0 ||
         tome_fail(err, TOME_USAGE, "%s: another item goes to that name; tell them apart with {id}, {n} and {label}",
                   path);
}

static bool take_names(tome_output *o, const tome_outgoing *g, tome_error *err) {
  if (o->kind->archive) return true; /* groups are told apart there */
  char owner[TOME_HASH_TEXT];
  tome_hasher *h = tome_hasher_new(err);
  if (!h) return false;
  tome_hasher_add(h, g->item->id, strlen(g->item->id));
  tome_hasher_add(h, &g->item->n, sizeof g->item->n);
  tome_hasher_text(h, owner);
  tome_hasher_free(h);
  bool ok = true;
  pthread_mutex_lock(&o->lock);
  for (size_t i = 0; i < g->count && ok; i++) {
    char own[TOME_HASH_TEXT]; /* two maps of one item are two owners */
    memcpy(own, owner, sizeof own);
    own[31] = (char)('a' + i % 26);
    own[30] = (char)('a' + i / 26 % 26);
    ok = take_name(o, g->paths[i], own, err);
  }
  pthread_mutex_unlock(&o->lock);
  return ok;
}

/* Sweeps a folder of what killed runs have left in it, the first time that something goes there. */
static void sweep_once(tome_output *o, const char *path) {
  size_t end = strlen(path);
  while (end && path[end - 1] == '/') end--; /* a folder's own draft lies beside it */
  while (end && path[end - 1] != '/') end--;
  TOME_AUTO_FREE char *folder = end ? strndup(path, end) : strdup(".");
  if (!folder || !tome_is_folder(folder)) return;
  taken t = {.owner = "folder"};
  tome_hash_bytes(folder, strlen(folder), t.name);
  pthread_mutex_lock(&o->lock);
  taken *slot = more_room(o, NULL) ? slot_of(o, t.name) : NULL;
  const bool first = slot && !*slot->name;
  if (first) {
    o->taken_count++;
    *slot = t;
  }
  if (first) tome_draft_sweep(folder);
  pthread_mutex_unlock(&o->lock);
}

/* ---- items ---- */

static bool check_free(const tome_output *o, const tome_outgoing *g, tome_error *err) {
  if (o->opt.force || o->kind->archive) return true;
  for (size_t i = 0; i < g->count; i++)
    if (tome_file_exists(g->paths[i]))
      return tome_fail(err, TOME_EXISTS,
                       "%s: exists already and was made in another way or from other voxels; --force overwrites it",
                       g->paths[i]);
  return true;
}

bool tome_output_fits(tome_output *o, const tome_output_item *item, tome_error *err) {
  TOME_CLEANUP(outgoing_clear) tome_outgoing g = {0};
  return outgoing_make(o, item, &g, err) && take_names(o, &g, err) && (!o->kind->check || o->kind->check(o, &g, err)) &&
         check_free(o, &g, err);
}

bool tome_output_has(const tome_output *o, const tome_output_item *item) {
  TOME_CLEANUP(outgoing_clear) tome_outgoing g = {0};
  if (!o->kind->archive && !names_items(&o->names)) return false; /* one file said outright is refused or overwritten */
  return outgoing_make(o, item, &g, NULL) && *g.key && o->kind->has(o, &g);
}

bool tome_output_put(tome_output *o, const tome_output_item *item, tome_error *err) {
  TOME_CLEANUP(outgoing_clear) tome_outgoing g = {0};
  if (!item->volume_count) return tome_fail(err, TOME_USAGE, "%s: has no volume to write", item->id);
  if (!outgoing_make(o, item, &g, err) || !take_names(o, &g, err) || (o->kind->check && !o->kind->check(o, &g, err)))
    return false;
  for (size_t i = 0; i < g.count && !o->kind->archive; i++) sweep_once(o, g.paths[i]);
  return o->kind->put(o, &g, err);
}
