/* An archive that is there already: which items it holds, and carrying them over into a new one without decoding a voxel. */
#include <stdlib.h>
#include <string.h>

#include "store/collection_inside.h"

enum { KEY = 32 };

struct tome_collection_past {
  hid_t file;
  char (*keys)[KEY]; /* of the rows, sorted; not terminated */
  size_t key_count;
};

static bool is_ours(hid_t file, const char *wanted) {
  char layout[16] = "";
  return H5Aexists(file, "tome_version") > 0 && H5Aexists(file, "layout") > 0 &&
         tome_h5_get_text_into(file, "layout", layout, sizeof layout, NULL) && strcmp(layout, wanted) == 0;
}

static int by_key(const void *a, const void *b) { return memcmp(a, b, KEY); }

/* Only that one field of the table is read. */
static bool read_keys(tome_collection_past *p) {
  size_t count;
  TOME_H5_ID items = tome_h5_open_array(p->file, "items", &count, NULL);
  TOME_H5_ID text = tome_h5_text_type(KEY);
  TOME_H5_ID record = H5Tcreate(H5T_COMPOUND, KEY);
  if (items < 0 || H5Tinsert(record, "key", 0, text) < 0) return false;
  p->keys = tome_alloc_zero(count, sizeof *p->keys, "items", NULL);
  if (!p->keys || H5Dread(items, record, H5S_ALL, H5S_ALL, H5P_DEFAULT, p->keys) < 0) return false;
  p->key_count = count;
  if (count) qsort(p->keys, count, sizeof *p->keys, by_key);
  return true;
}

bool tome_collection_past_row(const tome_collection_past *p, const char *key) {
  return strlen(key) == KEY && p->key_count && bsearch(key, p->keys, p->key_count, sizeof *p->keys, by_key);
}

tome_collection_past *tome_collection_past_open(const char *path, bool stacked, tome_error *err) {
  tome_collection_past *p = tome_alloc_zero(1, sizeof *p, path, err);
  if (!p) return NULL;
  TOME_H5_LOCK;
  TOME_H5_ID access = tome_h5_access(err);
  p->file = access < 0 ? H5I_INVALID_HID : H5Fopen(path, H5F_ACC_RDONLY, access);
  if (p->file >= 0 && is_ours(p->file, stacked ? "stacked" : "groups") && (!stacked || read_keys(p))) return p;
  if (p->file >= 0) H5Fclose(p->file);
  tome_fail(err, TOME_EXISTS, "%s: exists already and is no %s that tome made; --force overwrites it", path,
            stacked ? "stack of items" : "archive of cases");
  free(p->keys);
  free(p);
  return NULL;
}

void tome_collection_past_close(tome_collection_past *p) {
  if (!p) return;
  TOME_H5_LOCK;
  H5Fclose(p->file);
  free(p->keys);
  free(p);
}

/* H5Lexists wants every group on the way to exist. */
static bool has_group(hid_t file, const char *group) {
  const char *slash = strchr(group, '/');
  if (slash) {
    char *top = strndup(group, (size_t)(slash - group));
    const bool there = top && H5Lexists(file, top, H5P_DEFAULT) > 0;
    free(top);
    if (!there) return false;
  }
  return H5Lexists(file, group, H5P_DEFAULT) > 0;
}

void tome_collection_past_key(tome_collection_past *p, const char *group, char key[33]) {
  key[0] = '\0';
  TOME_H5_LOCK;
  if (!has_group(p->file, group)) return;
  TOME_H5_ID id = H5Oopen(p->file, group, H5P_DEFAULT);
  if (id < 0 || H5Aexists(id, "key") <= 0 || !tome_h5_get_text_into(id, "key", key, 33, NULL)) key[0] = '\0';
}

/* ---- carrying over ---- */

typedef struct keeping {
  hid_t from, to;
  tome_error *err;
} keeping;

static herr_t keep_one(hid_t from, const char *name, const H5L_info_t *info, void *ctx) {
  (void)info;
  const keeping *k = ctx;
  if (H5Lexists(k->to, name, H5P_DEFAULT) <= 0) {
    if (H5Ocopy(from, name, k->to, name, H5P_DEFAULT, H5P_DEFAULT) >= 0) return 0;
    tome_h5_fail(k->err, TOME_IO, "%s cannot be carried over from the archive that is there", name);
    return -1;
  }
  TOME_H5_ID old = H5Oopen(from, name, H5P_DEFAULT);
  if (H5Aexists(old, "key") > 0) return 0; /* an item: the new one counts */
  TOME_H5_ID new = H5Oopen(k->to, name, H5P_DEFAULT);
  keeping inner = {.from = old, .to = new, .err = k->err}; /* a case with numbered items */
  return H5Literate(old, H5_INDEX_NAME, H5_ITER_INC, NULL, keep_one, &inner);
}

bool tome_collection_keep(tome_collection *r, tome_collection_past *p, tome_error *err) {
  TOME_H5_LOCK;
  keeping k = {.from = p->file, .to = r->file, .err = err};
  if (H5Literate(p->file, H5_INDEX_NAME, H5_ITER_INC, NULL, keep_one, &k) < 0)
    return tome_h5_fail(err, TOME_IO, "%s: the items there already cannot be carried over", r->path);
  return tome_collection_sound(r, err);
}
