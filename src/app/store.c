/* The store's handle: a folder with cases/, refused/, index.sqlite and archive.h5. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/app.h"

const char *tome_version(void) { return TOME_VERSION; }

static bool set_paths(tome_store *s, const char *path) {
  s->path = strdup(path);
  if (asprintf(&s->cases, "%s/cases", path) < 0) s->cases = NULL;
  if (asprintf(&s->refused, "%s/refused", path) < 0) s->refused = NULL;
  if (asprintf(&s->index, "%s/index.sqlite", path) < 0) s->index = NULL;
  if (asprintf(&s->archive, "%s/archive.h5", path) < 0) s->archive = NULL;
  return s->path && s->cases && s->refused && s->index && s->archive;
}

static tome_store *store_new(const char *path, tome_error *err) {
  if (!*path) { /* "" + "/cases" would be a store in the root folder */
    tome_fail(err, TOME_USAGE, "a store needs a path; this one is empty");
    return NULL;
  }
  tome_store *s = tome_alloc_zero(1, sizeof *s, path, err);
  if (!s || set_paths(s, path)) return s;
  tome_close(s);
  tome_fail(err, TOME_NO_MEMORY, "%s: out of memory", path);
  return NULL;
}

void tome_close(tome_store *s) {
  if (!s) return;
  free(s->path);
  free(s->cases);
  free(s->refused);
  free(s->index);
  free(s->archive);
  free(s);
}

static void auto_close(tome_store **s) { tome_close(*s); }

const char *tome_path(const tome_store *s) { return s->path; }

void tome_auto_index(tome_index **ix) { tome_index_close(*ix); }

static bool is_empty_folder(const char *path) {
  DIR *d = opendir(path);
  if (!d) return false;
  bool empty = true;
  for (const struct dirent *e; empty && (e = readdir(d));) empty = !strcmp(e->d_name, ".") || !strcmp(e->d_name, "..");
  closedir(d);
  return empty;
}

bool tome_create(const char *path, tome_error *err) {
  if (tome_file_exists(path) && !is_empty_folder(path))
    return tome_fail(err, TOME_EXISTS, "%s: exists already and is not an empty folder", path);
  TOME_CLEANUP(auto_close) tome_store *s = store_new(path, err);
  if (!s || !tome_make_folders(s->cases, err) || !tome_make_folders(s->refused, err)) return false;
  TOME_AUTO_INDEX tome_index *ix = tome_store_index(s, err);
  return ix && tome_update_archive(s, err);
}

tome_store *tome_open(const char *path, tome_error *err) {
  tome_store *s = store_new(path, err);
  if (!s || tome_is_folder(s->cases)) return s;
  if (access(s->cases, X_OK) != 0 && errno == EACCES)
    tome_fail_errno(err, "%s: cannot be opened", path);
  else if (tome_file_exists(path))
    tome_fail(err, TOME_NOT_FOUND, "%s: is not a Tome store (it has no folder \"cases\")", path);
  else
    tome_fail(err, TOME_NOT_FOUND, "%s: no such store; tome init makes one", path);
  tome_close(s);
  return NULL;
}

tome_index *tome_store_index(const tome_store *s, tome_error *err) { return tome_index_open(s->index, true, err); }

/* ---- reading -------------------------------------------------------------------------------------------- */

struct tome_case {
  tome_case_file *file;
};

tome_case *tome_case_open(tome_store *s, const char *id, tome_error *err) {
  TOME_AUTO_FREE char *path = tome_case_path(s, id, err);
  if (!path) return NULL;
  if (!tome_file_exists(path)) {
    tome_fail_no_case(s, id, err);
    return NULL;
  }
  tome_case *c = tome_alloc_zero(1, sizeof *c, id, err);
  if (c && (c->file = tome_case_file_open(path, err))) return c;
  free(c);
  return NULL;
}

void tome_case_close(tome_case *c) {
  if (!c) return;
  tome_case_file_close(c->file);
  free(c);
}

const char *tome_case_volume(const tome_case *c, size_t i) { return tome_case_file_volume(c->file, i); }

bool tome_case_info(const tome_case *c, const char *volume, tome_volume_info *out, tome_error *err) {
  return tome_case_file_info(c->file, volume, out, err);
}

bool tome_read(const tome_case *c, const char *volume, const tome_box *box, const tome_read_options *opt, void *out,
               size_t out_bytes, const tome_run *run, tome_error *err) {
  return tome_case_file_read(c->file, volume, box, opt, out, out_bytes, run, err);
}
