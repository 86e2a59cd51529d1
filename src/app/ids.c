/* The cases there are, by their files: the truth that index and archive follow. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "app/app.h"

/* An id is a file's name: nothing in it may lead elsewhere. */
static bool valid_id(const char *id) { return id && *id && *id != '.' && strlen(id) <= 200 && !strchr(id, '/'); }

char *tome_case_path(const tome_store *s, const char *id, tome_error *err) {
  char *path = NULL;
  if (!valid_id(id))
    tome_fail(err, TOME_USAGE, "\"%s\" cannot be a case id: 1 to 200 bytes, no '/', no leading '.'", id ? id : "");
  else if (asprintf(&path, "%s/%s.h5", s->cases, id) < 0)
    path = NULL;
  if (!path) tome_fail(err, TOME_NO_MEMORY, "%s: out of memory", id ? id : "");
  return path;
}

bool tome_fail_no_case(const tome_store *s, const char *id, tome_error *err) {
  char near[256] = "";
  tome_error ignored = {0};
  TOME_AUTO_INDEX tome_index *ix = tome_index_open(s->index, false, &ignored);
  if (ix && !tome_index_nearest(ix, id, near, sizeof near, &ignored)) near[0] = '\0';
  if (*near) return tome_fail(err, TOME_NOT_FOUND, "%s: has no case \"%s\"; did you mean \"%s\"?", s->path, id, near);
  return tome_fail(err, TOME_NOT_FOUND, "%s: has no case \"%s\"; tome ls lists them", s->path, id);
}

static int by_name(const void *a, const void *b) { return tome_natural_compare(*(char *const *)a, *(char *const *)b); }

bool tome_list_ids(const tome_store *s, tome_arena *arena, const char ***ids, size_t *count, tome_error *err) {
  DIR *dir = opendir(s->cases);
  if (!dir) return tome_fail_errno(err, "%s: cannot be read", s->cases);
  const char **list = NULL;
  size_t n = 0, cap = 0;
  bool ok = true;
  for (const struct dirent *e; ok && (e = readdir(dir));) {
    const size_t len = strlen(e->d_name);
    if (e->d_name[0] == '.' || len < 4 || strcmp(e->d_name + len - 3, ".h5") != 0) continue;
    char *id = tome_arena_dup(arena, e->d_name, err);
    ok = id && tome_arena_grow(arena, &list, &cap, n + 1, sizeof *list, err);
    if (!ok) break;
    id[len - 3] = '\0';
    list[n++] = id;
  }
  closedir(dir);
  if (!ok) return false;
  if (n) qsort(list, n, sizeof *list, by_name);
  *ids = list;
  *count = n;
  return true;
}

/* The archive is written from a listing: two writers must not interleave listing and renaming, or the later, poorer list could win. */
static bool lock_cases(const tome_store *s, int *fd, tome_error *err) {
  *fd = open(s->cases, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (*fd >= 0 && flock(*fd, LOCK_EX) == 0) return true;
  return tome_fail_errno(err, "%s: cannot be locked", s->cases);
}

static bool write_archive(const tome_store *s, tome_error *err) {
  TOME_CLEANUP(tome_arena_clear) tome_arena arena = {0};
  TOME_CLEANUP(tome_draft_abandon) tome_draft draft = {.fd = -1};
  const char **ids;
  size_t count;
  return tome_list_ids(s, &arena, &ids, &count, err) && tome_draft_open(s->archive, &draft, err) &&
         tome_archive_write(draft.path, ids, count, err) && tome_draft_commit(&draft, true, err);
}

bool tome_update_archive(const tome_store *s, tome_error *err) {
  int fd = -1;
  const bool ok = lock_cases(s, &fd, err) && write_archive(s, err);
  if (fd >= 0) close(fd);
  return ok;
}

bool tome_read_record(const tome_store *s, const char *id, tome_record *out, tome_error *err) {
  TOME_AUTO_FREE char *path = tome_case_path(s, id, err);
  if (!path) return false;
  tome_record r = {0};
  if (tome_case_file_record(path, &r, err) && tome_file_size(path, &r.stored_bytes, err) &&
      (r.id = tome_arena_dup(&r.arena, id, err))) { /* the file's name decides: a renamed file is a renamed case */
    *out = r;
    return true;
  }
  tome_record_clear(&r);
  return false;
}

/* ---- reconciling ---------------------------------------------------------------------------------------- */

typedef struct indexed {
  tome_arena arena;
  const char **ids;
  size_t count, cap;
  tome_error err;
} indexed;

static bool take_id(void *user, size_t columns, const char *const *names, const tome_value *values) {
  indexed *x = user;
  (void)columns;
  (void)names;
  if (!values) return true;
  if (!tome_arena_grow(&x->arena, &x->ids, &x->cap, x->count + 1, sizeof *x->ids, &x->err)) return false;
  char *id = tome_arena_dup(&x->arena, values[0].s, &x->err);
  if (!id) return false;
  x->ids[x->count++] = id;
  return true;
}

static bool put_missing(const tome_store *s, tome_index *ix, const char *id, tome_error *err) {
  TOME_CLEANUP(tome_record_clear) tome_record r = {0};
  tome_error damaged = {0};
  if (!tome_read_record(s, id, &r, &damaged)) return true; /* verify tells of it; it must not stop an ingest */
  return tome_index_put(ix, &r, err);
}

static bool drop_extra(tome_index *ix, const char *id, tome_error *err) {
  tome_error e = {0};
  if (tome_index_remove(ix, id, &e) || e.code == TOME_NOT_FOUND) return true;
  return tome_fail(err, e.code, "%s", e.message);
}

/* Both lists sorted by tome_natural_compare: one merge pass. */
static bool reconcile_lists(const tome_store *s, tome_index *ix, const char **files, size_t nf, const char **rows,
                            size_t nr, tome_error *err) {
  size_t f = 0, r = 0;
  while (f < nf || r < nr) {
    const int c = f == nf ? 1 : r == nr ? -1 : tome_natural_compare(files[f], rows[r]);
    if (c < 0 && !put_missing(s, ix, files[f], err)) return false;
    if (c > 0 && !drop_extra(ix, rows[r], err)) return false;
    f += c <= 0;
    r += c >= 0;
  }
  return true;
}

bool tome_reconcile(const tome_store *s, tome_index *ix, tome_error *err) {
  TOME_CLEANUP(tome_arena_clear) tome_arena arena = {0};
  const char **files;
  size_t count;
  indexed x = {0};
  bool ok =
      tome_index_query(s->index, "SELECT id FROM cases", NULL, 0, 600, take_id, &x, err) &&
      (x.err.code == TOME_OK || tome_fail(err, x.err.code, "%s", x.err.message)) &&
      /* files second: what another ingest adds meanwhile is then seen as missing and put again, which is harmless */
      tome_list_ids(s, &arena, &files, &count, err);
  if (ok && x.count) qsort(x.ids, x.count, sizeof *x.ids, by_name);
  ok = ok && reconcile_lists(s, ix, files, count, x.ids, x.count, err);
  tome_arena_clear(&x.arena);
  return ok;
}
