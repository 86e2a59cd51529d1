/* What `tome convert` reads: files, folders and patterns (quoted: train/\*.tif) as units. */
#include <glob.h>
#include <stdlib.h>
#include <string.h>

#include "app/convert.h"
#include "base/threads.h"

void tome_units_clear(tome_units *u) {
  tome_arena_clear(&u->arena);
  *u = (tome_units){0};
}

typedef struct paths {
  const char **items;
  size_t count, cap;
} paths;

static bool add_path(tome_units *u, paths *p, const char *path, tome_error *err) {
  const char *copy = tome_arena_dup(&u->arena, path, err);
  if (!copy || !tome_arena_grow(&u->arena, &p->items, &p->cap, p->count + 1, sizeof *p->items, err)) return false;
  p->items[p->count++] = copy;
  return true;
}

static int by_name(const void *a, const void *b) {
  return tome_natural_compare(*(const char *const *)a, *(const char *const *)b);
}

/* "series/" → "series", "v.nii.gz" → "v". */
static const char *stem(tome_units *u, const char *path, tome_error *err) {
  size_t end = strlen(path);
  while (end > 1 && path[end - 1] == '/') end--;
  size_t begin = end;
  while (begin && path[begin - 1] != '/') begin--;
  char *name = tome_arena_printf(&u->arena, err, "%.*s", (int)(end - begin), path + begin);
  if (!name) return NULL;
  char *dot = strrchr(name, '.');
  if (dot && dot != name && strcmp(dot, ".gz") == 0) {
    *dot = '\0';
    dot = strrchr(name, '.');
  }
  if (dot && dot != name && !tome_is_folder(path)) *dot = '\0';
  return name;
}

static bool add_unit(tome_units *u, const char **items, size_t count, const char *shown, const char *name,
                     tome_error *err) {
  if (!name) name = stem(u, shown, err);
  if (!name || !tome_arena_grow(&u->arena, &u->items, &u->cap, u->count + 1, sizeof *u->items, err)) return false;
  u->items[u->count++] = (tome_unit){items, count, name, shown};
  return true;
}

static bool list_folder(tome_units *u, const char *folder, const tome_run *run, paths *out, tome_error *err) {
  TOME_CLEANUP(tome_tree_clear) tome_tree tree = {0};
  if (!tome_tree_walk(folder, NULL, &tree, run, err)) return false;
  for (size_t i = 0; i < tree.count; i++)
    if (!tree.entries[i].folder && !add_path(u, out, tree.entries[i].full, err)) return false;
  return out->count || tome_fail(err, TOME_NOT_FOUND, "%s: an empty folder", folder);
}

static void free_glob(glob_t *g) { globfree(g); }

static bool list_pattern(tome_units *u, const char *pattern, paths *out, tome_error *err) {
  TOME_CLEANUP(free_glob) glob_t g = {0};
  if (!strpbrk(pattern, "*?[")) return tome_fail(err, TOME_NOT_FOUND, "%s: no such file or folder", pattern);
  if (glob(pattern, GLOB_BRACE, NULL, &g) != 0) return tome_fail(err, TOME_NOT_FOUND, "%s: matches no file", pattern);
  for (size_t i = 0; i < g.gl_pathc; i++)
    if (!tome_is_folder(g.gl_pathv[i]) && !add_path(u, out, g.gl_pathv[i], err)) return false;
  qsort(out->items, out->count, sizeof *out->items, by_name);
  return true;
}

typedef struct looking {
  const paths *of;
  bool *flat;
} looking;

static bool look_at(void *ctx, size_t i, int worker, tome_error *err) {
  (void)worker, (void)err;
  const looking *l = ctx;
  const tome_format *f = tome_format_of(l->of->items[i], NULL);
  l->flat[i] = f && f->flat;
  return true;
}

/* Leaves pictures out: not one of them says where it lies. */
static bool not_pictures(const paths *p, const tome_run *run, tome_arena *a, paths *out, tome_error *err) {
  looking l = {.of = p, .flat = tome_arena_alloc(a, p->count * sizeof *l.flat, err)};
  *out = (paths){.items = tome_arena_alloc(a, (p->count + 1) * sizeof *out->items, err)};
  if (!l.flat || !out->items || !tome_parallel(run, p->count, look_at, &l, err)) return false;
  for (size_t i = 0; i < p->count; i++)
    if (!l.flat[i]) out->items[out->count++] = p->items[i];
  return true;
}

/* True where the files of a folder are slices that belong together: they say where they lie. */
static bool are_slices(const paths *all, const tome_run *run, bool *out, tome_error *err) {
  TOME_CLEANUP(tome_pieces_clear) tome_pieces pieces = {0};
  TOME_CLEANUP(tome_arena_clear) tome_arena a = {0};
  paths p;
  *out = false;
  if (!not_pictures(all, run, &a, &p, err) || !tome_describe_all(p.items, p.count, run, &pieces, err)) return false;
  for (size_t i = 0; i < pieces.count; i++)
    *out |= !pieces.items[i].has_geometry && (pieces.items[i].has_position || *pieces.items[i].series_uid);
  return true;
}

/* "FILE:NAME", an array in a file that holds several: called "file_name". */
static bool add_member(tome_units *u, const char *input, const char *file, const char *member, paths *p,
                       tome_error *err) {
  const char *base = stem(u, file, err);
  char *name = base ? tome_arena_printf(&u->arena, err, "%s_%s", base, member + (*member == '/')) : NULL;
  if (!name || !add_path(u, p, input, err)) return false;
  for (char *c = name; *c; c++)
    if (*c == '/') *c = '_';
  return add_unit(u, p->items, 1, p->items[0], name, err);
}

static bool add_each(tome_units *u, const paths *p, tome_error *err) {
  for (size_t i = 0; i < p->count; i++)
    if (!add_unit(u, &p->items[i], 1, p->items[i], NULL, err)) return false;
  return true;
}

static bool add_input(tome_units *u, const char *input, const tome_run *run, tome_error *err) {
  paths p = {0};
  bool slices = false;
  char file[4096];
  const char *member;
  if (tome_split_member(input, file, sizeof file, &member)) return add_member(u, input, file, member, &p, err);
  if (!tome_file_exists(input)) return list_pattern(u, input, &p, err) && add_each(u, &p, err);
  if (!tome_is_folder(input)) return add_path(u, &p, input, err) && add_each(u, &p, err);
  if (!list_folder(u, input, run, &p, err) || !are_slices(&p, run, &slices, err)) return false;
  if (slices) return add_unit(u, p.items, p.count, input, NULL, err);
  return add_each(u, &p, err);
}

static bool add_all(tome_units *u, const char *const *inputs, size_t count, const char *name, const tome_run *run,
                    tome_error *err) {
  paths p = {0};
  char file[4096];
  const char *member;
  for (size_t i = 0; i < count; i++) {
    const char *in = inputs[i];
    const bool ok = tome_split_member(in, file, sizeof file, &member) ? add_path(u, &p, in, err)
                    : !tome_file_exists(in)                           ? list_pattern(u, in, &p, err)
                    : tome_is_folder(in)                              ? list_folder(u, in, run, &p, err)
                                                                      : add_path(u, &p, in, err);
    if (!ok) return false;
  }
  return add_unit(u, p.items, p.count, inputs[0], name, err);
}

bool tome_units_find(const char *const *inputs, size_t count, bool together, const char *name, const tome_run *run,
                     tome_units *out, tome_error *err) {
  tome_units u = {0};
  bool ok = count > 0 || tome_fail(err, TOME_USAGE, "nothing to convert: name a file or a folder");
  if (ok && together) ok = add_all(&u, inputs, count, name, run, err);
  for (size_t i = 0; ok && !together && i < count; i++) ok = add_input(&u, inputs[i], run, err);
  if (ok)
    *out = u;
  else
    tome_units_clear(&u);
  return ok;
}
