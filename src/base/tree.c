/* A folder walked once into a flat list in natural order. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/threads.h"

enum { DEEPEST = 32 }; /* folders below the root; also what ends a loop of links */

typedef struct walk {
  tome_tree *tree;
  const tome_run *run;
  const char *marker;
  dev_t dev[DEEPEST + 1]; /* the folders above, to see loops of symbolic links */
  ino_t ino[DEEPEST + 1];
} walk;

void tome_tree_clear(tome_tree *t) {
  tome_arena_clear(&t->arena);
  *t = (tome_tree){0};
}

static int by_name(const void *a, const void *b) { return tome_natural_compare(*(char *const *)a, *(char *const *)b); }

/* What desktops leave behind beside other people's files; of a Mac's, "._v.nii" and ".DS_Store" are hidden anyway. */
static bool is_litter(const char *name) {
  static const char *const names[] = {"Thumbs.db", "ehthumbs.db", "desktop.ini", "__MACOSX", "Icon\r"};
  for (size_t i = 0; i < TOME_COUNT(names); i++)
    if (strcasecmp(name, names[i]) == 0) return true;
  return false;
}

/* The names in a folder, hidden ones and litter left out, in natural order; in `a`. */
static bool names_in(const char *path, tome_arena *a, char ***names, size_t *count, tome_error *err) {
  DIR *dir = opendir(path);
  if (!dir) return tome_fail_errno(err, "%s: the folder cannot be read", path);
  size_t cap = 0;
  bool ok = true;
  *names = NULL;
  *count = 0;
  for (const struct dirent *e; ok && (e = readdir(dir));) {
    if (e->d_name[0] == '.' || is_litter(e->d_name)) continue;
    ok = tome_arena_grow(a, names, &cap, *count + 1, sizeof **names, err) &&
         ((*names)[*count] = tome_arena_dup(a, e->d_name, err)) != NULL;
    if (ok) ++*count;
  }
  closedir(dir);
  if (ok && *count) qsort(*names, *count, sizeof **names, by_name);
  return ok;
}

static bool add_entry(tome_tree *t, const char *path, const char *full, bool folder, uint64_t size, tome_error *err) {
  if (!tome_arena_grow(&t->arena, &t->entries, &t->cap, t->count + 1, sizeof *t->entries, err)) return false;
  t->entries[t->count++] = (tome_entry){(char *)(uintptr_t)path, (char *)(uintptr_t)full, folder, size};
  return true;
}

static bool loops(const walk *w, const struct stat *st, int depth) {
  for (int i = 0; i < depth; i++)
    if (w->dev[i] == st->st_dev && w->ino[i] == st->st_ino) return true;
  return false;
}

static bool is_marked(const walk *w, const char *folder) {
  char path[4096];
  return w->marker && snprintf(path, sizeof path, "%s/%s", folder, w->marker) < (int)sizeof path &&
         tome_file_exists(path);
}

static bool walk_folder(walk *w, const char *full, const char *path, int depth, tome_error *err);

static bool walk_one(walk *w, const char *full, const char *path, int depth, tome_error *err) {
  struct stat st;
  if (stat(full, &st) != 0) return true; /* a dangling link, or gone meanwhile */
  if (S_ISREG(st.st_mode)) return add_entry(w->tree, path, full, false, (uint64_t)st.st_size, err);
  if (!S_ISDIR(st.st_mode) || depth >= DEEPEST || loops(w, &st, depth)) return true;
  if (is_marked(w, full)) return true;
  w->dev[depth] = st.st_dev;
  w->ino[depth] = st.st_ino;
  return add_entry(w->tree, path, full, true, 0, err) && walk_folder(w, full, path, depth + 1, err);
}

static bool walk_folder(walk *w, const char *full, const char *path, int depth, tome_error *err) {
  if (tome_stopped(w->run)) return tome_fail_cancelled(err);
  char **names = NULL;
  size_t count = 0;
  tome_error unread = {0};
  if (!names_in(full, &w->tree->arena, &names, &count, &unread)) {
    if (depth > 1 && unread.code != TOME_NO_MEMORY)
      return true; /* an unreadable folder below the root is passed over */
    return tome_fail(err, unread.code, "%s", unread.message);
  }
  for (size_t i = 0; i < count; i++) {
    char *sub_full = tome_join(&w->tree->arena, full, names[i], err);
    char *sub = *path ? tome_join(&w->tree->arena, path, names[i], err) : names[i];
    if (!sub_full || !sub || !walk_one(w, sub_full, sub, depth, err)) return false;
  }
  return true;
}

bool tome_tree_walk(const char *root, const char *marker, tome_tree *out, const tome_run *run, tome_error *err) {
  tome_tree t = {0};
  walk w = {.tree = &t, .run = run, .marker = marker};
  struct stat st;
  if (stat(root, &st) != 0) return tome_fail_errno(err, "%s: cannot be read", root);
  w.dev[0] = st.st_dev;
  w.ino[0] = st.st_ino;
  t.root = tome_arena_dup(&t.arena, root, err);
  bool ok = t.root != NULL;
  if (ok && S_ISDIR(st.st_mode))
    ok = walk_folder(&w, t.root, "", 1, err);
  else if (ok)
    ok = add_entry(&t, "", t.root, false, (uint64_t)st.st_size, err);
  if (!ok) {
    tome_tree_clear(&t);
    return false;
  }
  *out = t;
  return true;
}
