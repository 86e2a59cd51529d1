/* A walked tree with its folders made explicit. */
#include "layout/scan.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

bool tome_picks_add(tome_scan *s, tome_picks *p, size_t entry, tome_error *err) {
  if (!tome_arena_grow(&s->arena, &p->items, &p->cap, p->count + 1, sizeof *p->items, err)) return false;
  p->items[p->count++] = entry;
  return true;
}

const char *tome_scan_name(const tome_scan *s, size_t entry) { return tome_basename(s->tree->entries[entry].full); }

const char *tome_scan_shown(const tome_scan *s, size_t entry) {
  const tome_entry *e = &s->tree->entries[entry];
  return *e->path ? e->path : tome_basename(e->full);
}

const char *tome_scan_shown_folder(const tome_scan *s, size_t folder) {
  const tome_folder *f = &s->folders[folder];
  return *f->path ? f->path : f->name;
}

static int by_path(const void *a, const void *b) {
  return strcmp(((const tome_folder *)a)->path, ((const tome_folder *)b)->path);
}

size_t tome_scan_folder(const tome_scan *s, const char *path) {
  const tome_folder key = {.path = path};
  const tome_folder *f = bsearch(&key, s->folders, s->folder_count, sizeof key, by_path);
  return f ? (size_t)(f - s->folders) : TOME_NOWHERE;
}

size_t tome_scan_sub(const tome_scan *s, size_t folder, const char *name) {
  const tome_folder *f = &s->folders[folder];
  for (size_t i = 0; i < f->sub_count; i++)
    if (strcmp(s->folders[f->subs[i]].name, name) == 0) return f->subs[i];
  return TOME_NOWHERE;
}

/* Compares a folder's path with the first n bytes of another. */
static int compare_path(const char *path, const char *other, size_t n) {
  const int order = strncmp(path, other, n);
  return order ? order : path[n] != '\0';
}

size_t tome_scan_folder_over(const tome_scan *s, const char *path) {
  const char *slash = strrchr(path, '/');
  const size_t n = slash ? (size_t)(slash - path) : 0;
  size_t lo = 0, hi = s->folder_count;
  while (lo < hi) { /* the first one not before it */
    const size_t mid = lo + (hi - lo) / 2;
    if (compare_path(s->folders[mid].path, path, n) < 0)
      lo = mid + 1;
    else
      hi = mid;
  }
  /* It is always in the list: the walk went through it. */
  return lo < s->folder_count && compare_path(s->folders[lo].path, path, n) == 0 ? lo : 0;
}

/* The root's own name and where it lies, from its real path: "." has a name too. */
static bool name_root(tome_scan *s, const char **name, tome_error *err) {
  TOME_AUTO_FREE char *real = realpath(s->tree->root, NULL);
  char *path = tome_arena_dup(&s->arena, real ? real : s->tree->root, err);
  if (!path) return false;
  if (s->is_file && strrchr(path, '/')) *strrchr(path, '/') = '\0';
  *name = tome_basename(path);
  if (!(*name = tome_arena_dup(&s->arena, *name, err))) return false;
  char *slash = strrchr(path, '/');
  if (slash) *slash = '\0';
  s->outside = slash ? path : "";
  return true;
}

static bool list_folders(tome_scan *s, tome_error *err) {
  const tome_tree *t = s->tree;
  size_t count = 1;
  for (size_t i = 0; i < t->count; i++) count += t->entries[i].folder;
  if (count > SIZE_MAX / sizeof *s->folders ||
      !(s->folders = tome_arena_alloc(&s->arena, count * sizeof *s->folders, err)))
    return false;
  s->folders[0] = (tome_folder){.path = "", .full = t->root};
  s->folder_count = 1;
  for (size_t i = 0; i < t->count; i++)
    if (t->entries[i].folder)
      s->folders[s->folder_count++] = (tome_folder){.path = t->entries[i].path, .full = t->entries[i].full};
  qsort(s->folders, s->folder_count, sizeof *s->folders, by_path); /* the root's "" stays first */
  if (!name_root(s, &s->folders[0].name, err)) return false;
  s->folders[0].parent = TOME_NOWHERE;
  for (size_t i = 1; i < s->folder_count; i++) {
    s->folders[i].name = tome_basename(s->folders[i].path);
    s->folders[i].parent = tome_scan_folder_over(s, s->folders[i].path);
  }
  for (size_t i = 0; i < t->count; i++) s->folder_of[i] = tome_scan_folder_over(s, t->entries[i].path);
  return true;
}

/* Room for what each folder holds, then what it holds: entries come in natural order, so the lists do too. */
static bool fill_folders(tome_scan *s, tome_error *err) {
  const tome_tree *t = s->tree;
  for (size_t i = 0; i < t->count; i++) {
    tome_folder *f = &s->folders[s->folder_of[i]];
    ++*(t->entries[i].folder ? &f->sub_count : &f->file_count);
  }
  for (size_t i = 0; i < s->folder_count; i++) {
    tome_folder *f = &s->folders[i];
    f->files = tome_arena_alloc(&s->arena, (f->file_count + 1) * sizeof *f->files, err);
    f->subs = tome_arena_alloc(&s->arena, (f->sub_count + 1) * sizeof *f->subs, err);
    if (!f->files || !f->subs) return false;
    f->file_count = f->sub_count = 0;
  }
  for (size_t i = 0; i < t->count; i++) {
    tome_folder *f = &s->folders[s->folder_of[i]];
    if (t->entries[i].folder)
      f->subs[f->sub_count++] = tome_scan_folder(s, t->entries[i].path);
    else
      f->files[f->file_count++] = i;
  }
  return true;
}

bool tome_scan_open(const tome_tree *tree, const tome_run *run, tome_scan *out, tome_error *err) {
  tome_scan s = {.tree = tree, .run = run, .is_file = tree->count == 1 && !*tree->entries[0].path};
  s.claimed = tome_arena_alloc(&s.arena, (tree->count + 1) * sizeof *s.claimed, err);
  s.folder_of = s.claimed ? tome_arena_alloc(&s.arena, (tree->count + 1) * sizeof *s.folder_of, err) : NULL;
  if (!s.folder_of || !list_folders(&s, err) || !fill_folders(&s, err)) {
    tome_arena_clear(&s.arena);
    return false;
  }
  *out = s;
  return true;
}

void tome_scan_close(tome_scan *s) {
  tome_arena_clear(&s->arena);
  *s = (tome_scan){0};
}

bool tome_scan_take(tome_scan *s, size_t folder, unsigned kinds, bool deep, tome_picks *out, tome_error *err) {
  const tome_folder *f = &s->folders[folder];
  for (size_t i = 0; i < f->file_count; i++) {
    const size_t e = f->files[i];
    if (s->claimed[e] || !(kinds & (1u << tome_name_kind_of(tome_scan_name(s, e))))) continue;
    if (!tome_picks_add(s, out, e, err)) return false;
    s->claimed[e] = true;
  }
  for (size_t i = 0; deep && i < f->sub_count; i++)
    if (!tome_scan_take(s, f->subs[i], kinds, true, out, err)) return false;
  return true;
}

bool tome_scan_orphan(tome_scan *s, size_t entry, const char *why, tome_error *err) {
  if (!tome_arena_grow(&s->arena, &s->orphans, &s->orphan_cap, s->orphan_count + 1, sizeof *s->orphans, err))
    return false;
  s->orphans[s->orphan_count++] = (tome_orphan){entry, why};
  s->claimed[entry] = true;
  return true;
}

bool tome_scan_orphan_pictures(tome_scan *s, bool (*is)(const tome_scan *s, size_t entry), const char *why,
                               tome_error *err) {
  for (size_t i = 0; !s->is_file && i < s->tree->count; i++)
    if (!s->claimed[i] && !s->tree->entries[i].folder &&
        TOME_PICTURES & 1u << tome_name_kind_of(tome_scan_name(s, i)) && is(s, i) && !tome_scan_orphan(s, i, why, err))
      return false;
  return true;
}

const char *tome_scan_probe(tome_scan *s, size_t entry, tome_error *err) {
  tome_error unread = {0};
  const tome_format *f = tome_format_of(s->tree->entries[entry].full, &unread);
  if (f) return f->name;
  if (unread.code != TOME_NO_MEMORY) return "";
  tome_fail(err, unread.code, "%s", unread.message);
  return NULL;
}

size_t tome_labels_above(const tome_scan *s, size_t folder) {
  for (; folder != TOME_NOWHERE; folder = s->folders[folder].parent)
    if (tome_folder_of_labels(s->folders[folder].name)) return folder;
  return TOME_NOWHERE;
}

bool tome_is_second_half(const tome_scan *s, size_t entry) {
  static const char *const headers[2][3] = {{".hdr", ".hdr.gz", ".hdr"}, {".mhd", ".nhdr", ".par"}};
  const char *name = tome_scan_name(s, entry);
  const tome_name_kind kind = tome_name_kind_of(name);
  if (kind != TOME_NAME_IMG && kind != TOME_NAME_HEAP) return false;
  const tome_folder *f = &s->folders[s->folder_of[entry]];
  const size_t n = tome_stem_length(name);
  for (size_t i = 0; i < f->file_count; i++) {
    const char *other = tome_scan_name(s, f->files[i]);
    for (size_t k = 0; k < 3 && strncmp(other, name, n) == 0; k++)
      if (strcasecmp(other + n, headers[kind == TOME_NAME_HEAP][k]) == 0) return true;
  }
  return false;
}
