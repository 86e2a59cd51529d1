/* HDF5's groups: the members of old ones (a tree of symbols) and of new ones (links), by name or all of them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format/hdf5/bytes.h"

enum { MOST_OBJECTS = 100000, MOST_PATH = 1024 };

static bool add_link(tome_hdf5 *h, const char *name, size_t length, uint64_t address, tome_hdf5_object *o,
                     tome_error *err) {
  struct tome_hdf5_link link = {tome_arena_printf(h->arena, err, "%.*s", (int)length, name), address};
  if (!link.name || !tome_arena_grow(h->arena, &o->links, &o->link_cap, o->link_count + 1, sizeof link, err))
    return false;
  o->links[o->link_count++] = link;
  return true;
}

bool tome_hdf5_take_link(tome_hdf5 *h, const uint8_t *p, size_t n, tome_hdf5_object *o, tome_error *err) {
  if (n < 2 || p[0] != 1) return true;
  const int flags = p[1];
  const size_t width = (size_t)1 << (flags & 3);
  size_t at = 2;
  if (flags & 8 && (at >= n || p[at++] != 0)) return true; /* soft or external */
  if (flags & 4) at += 8;
  if (flags & 16) at++;
  if (at + width > n) return true;
  const uint64_t length = tome_number(p + at, (int)width);
  at += width;
  if (length > n - at || n - at - length < 8) return true;
  return add_link(h, (const char *)p + at, (size_t)length, tome_number(p + at + length, 8), o, err);
}

/* ---- old groups ---- */

typedef struct symbols {
  tome_hdf5 *h;
  const uint8_t *names; /* ends in a zero */
  uint64_t size;
  tome_hdf5_object *o;
} symbols;

static bool take_symbols(symbols *s, uint64_t at, tome_error *err) {
  uint8_t *p;
  if (!tome_hdf5_bytes(s->h, at, 8, &p, err)) return false;
  if (memcmp(p, "SNOD", 4) != 0) return tome_hdf5_broken("groups are damaged", err);
  const uint64_t count = tome_number(p + 6, 2);
  if (!tome_hdf5_bytes(s->h, at + 8, count * 40, &p, err)) return false;
  for (uint64_t i = 0; i < count; i++) {
    const uint8_t *entry = p + i * 40;
    const uint64_t offset = tome_number(entry, 8);
    if (offset >= s->size || tome_number(entry + 16, 4) == 2) continue; /* 2: a soft link */
    const char *name = (const char *)s->names + offset;
    if (!add_link(s->h, name, strnlen(name, (size_t)(s->size - offset)), tome_number(entry + 8, 8), s->o, err))
      return false;
  }
  return true;
}

static bool take_tree(symbols *s, uint64_t at, int depth, tome_error *err) {
  uint8_t *p;
  if (depth > TOME_HDF5_DEEPEST) return tome_hdf5_broken("groups are nested too deep", err);
  if (!tome_hdf5_bytes(s->h, at, 24, &p, err)) return false;
  if (memcmp(p, "TREE", 4) != 0 || p[4] != 0) return tome_hdf5_broken("groups are damaged", err);
  const int level = p[5];
  const uint64_t count = tome_number(p + 6, 2);
  if (!tome_hdf5_bytes(s->h, at + 24, count * 16 + 8, &p, err)) return false;
  for (uint64_t i = 0; i < count; i++) {
    const uint64_t child = tome_number(p + i * 16 + 8, 8);
    if (!(level ? take_tree(s, child, depth + 1, err) : take_symbols(s, child, err))) return false;
  }
  return true;
}

/* Turns the symbols of an old group into links. */
static bool open_group(tome_hdf5 *h, tome_hdf5_object *o, tome_error *err) {
  uint8_t *p, *names;
  if (!o->symbols) return true;
  if (!tome_hdf5_bytes(h, o->heap, 32, &p, err)) return false;
  if (memcmp(p, "HEAP", 4) != 0) return tome_hdf5_broken("groups are damaged", err);
  const uint64_t size = tome_number(p + 8, 8), root = o->symbols;
  if (!tome_hdf5_bytes(h, tome_number(p + 24, 8), size, &names, err)) return false;
  symbols s = {h, names, size, o};
  o->symbols = 0;
  return take_tree(&s, root, 0, err);
}

/* ---- one by its name ---- */

bool tome_hdf5_find(tome_hdf5 *h, const char *path, tome_hdf5_object *out, bool *found, tome_error *err) {
  tome_hdf5_object o;
  if (!tome_hdf5_read_object(h, h->root, &o, err)) return false;
  while (*path == '/') path++;
  while (*path) {
    const size_t n = strcspn(path, "/");
    uint64_t child = 0;
    if (!open_group(h, &o, err)) return false;
    for (size_t i = 0; i < o.link_count && !child; i++)
      if (strncmp(o.links[i].name, path, n) == 0 && !o.links[i].name[n]) child = o.links[i].address;
    path += n;
    while (*path == '/') path++;
    if (!child) return *found = false, true;
    if (!tome_hdf5_read_object(h, child, &o, err)) return false;
  }
  *out = o;
  return *found = true;
}

/* ---- all ---- */

typedef struct walk {
  tome_hdf5 *h;
  bool (*member)(void *user, const char *path, const tome_hdf5_object *o, const tome_error *why, tome_error *err);
  void *user;
  size_t objects;
} walk;

static int by_name(const void *a, const void *b) {
  return tome_natural_compare(((const struct tome_hdf5_link *)a)->name, ((const struct tome_hdf5_link *)b)->name);
}

static bool visit(walk *w, uint64_t address, const char *path, int depth, tome_error *err);

static bool visit_group(walk *w, tome_hdf5_object *o, const char *path, int depth, tome_error *err) {
  qsort(o->links, o->link_count, sizeof *o->links, by_name);
  for (size_t i = 0; i < o->link_count; i++) {
    char child[MOST_PATH];
    const int n = snprintf(child, sizeof child, "%s%s%s", path, *path ? "/" : "", o->links[i].name);
    if (n >= MOST_PATH) continue;
    if (!visit(w, o->links[i].address, child, depth + 1, err)) return false;
  }
  return true;
}

/* Groups may be their own members: the depth and the number of objects end that. */
static bool visit(walk *w, uint64_t address, const char *path, int depth, tome_error *err) {
  tome_hdf5_object o;
  tome_error why = {0};
  if (depth > TOME_HDF5_DEEPEST || ++w->objects > MOST_OBJECTS) return true;
  if (!tome_hdf5_read_object(w->h, address, &o, &why) || !open_group(w->h, &o, &why)) {
    if (why.code == TOME_NO_MEMORY || !depth) return tome_fail(err, why.code, "%s", why.message);
    return w->member(w->user, path, NULL, &why, err);
  }
  if (o.has_layout) return w->member(w->user, path, &o, NULL, err);
  return !o.link_count || visit_group(w, &o, path, depth, err);
}

bool tome_hdf5_each(tome_hdf5 *h,
                    bool (*member)(void *user, const char *path, const tome_hdf5_object *o, const tome_error *why,
                                   tome_error *err),
                    void *user, tome_error *err) {
  walk w = {h, member, user, 0};
  return visit(&w, h->root, "", 0, err);
}
