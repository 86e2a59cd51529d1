/* What an ingest refused: one small text file each in refused/, so that the index stays derived. Four lines: id, path, code, text. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/app.h"
#include "base/hash.h"

enum { REFUSAL_MOST = 8192 };

const char *tome_code_name(tome_code code) {
  static const char *const names[] = {[TOME_OK] = "ok",
                                      [TOME_CANCELLED] = "cancelled",
                                      [TOME_NO_MEMORY] = "memory",
                                      [TOME_IO] = "unreadable",
                                      [TOME_CORRUPT] = "damaged",
                                      [TOME_UNSUPPORTED] = "unsupported",
                                      [TOME_USAGE] = "usage",
                                      [TOME_NOT_FOUND] = "not-found",
                                      [TOME_EXISTS] = "exists",
                                      [TOME_GEOMETRY] = "geometry",
                                      [TOME_VALUE] = "value"};
  return (unsigned)code < TOME_COUNT(names) ? names[code] : "other";
}

/* One file a case id: its name is the id's hash, since an id that was refused may be no good as a name. */
static char *refusal_path(const tome_store *s, const char *id, char key[TOME_HASH_TEXT], tome_error *err) {
  char *path;
  tome_hash_bytes(id, strlen(id), key);
  if (asprintf(&path, "%s/%s.txt", s->refused, key) >= 0) return path;
  tome_fail(err, TOME_NO_MEMORY, "%s: out of memory", id);
  return NULL;
}

static void one_line(char *text) {
  for (; *text; text++)
    if (*text == '\n' || *text == '\r') *text = ' ';
}

static bool write_refusal(const tome_store *s, const char *path, const tome_refusal *r, tome_error *err) {
  char fields[4][REFUSAL_MOST / 4], all[REFUSAL_MOST + 8];
  const char *const from[4] = {r->id, r->path, r->code, r->text};
  for (int i = 0; i < 4; i++) {
    snprintf(fields[i], sizeof fields[i], "%s", from[i]);
    one_line(fields[i]);
  }
  const int n = snprintf(all, sizeof all, "%s\n%s\n%s\n%s\n", fields[0], fields[1], fields[2], fields[3]);
  TOME_CLEANUP(tome_draft_abandon) tome_draft d = {.fd = -1};
  return tome_make_folders(s->refused, err) && tome_draft_open(path, &d, err) &&
         tome_write_all(d.fd, all, (size_t)n, path, err) && tome_draft_commit(&d, true, err);
}

bool tome_refusal_keep(const tome_store *s, tome_index *ix, const tome_refusal *r, tome_error *err) {
  char key[TOME_HASH_TEXT];
  TOME_AUTO_FREE char *path = refusal_path(s, r->id, key, err);
  return path && write_refusal(s, path, r, err) && tome_index_refuse(ix, key, r->id, r->path, r->code, r->text, err);
}

bool tome_refusal_drop(const tome_store *s, tome_index *ix, const char *id, tome_error *err) {
  char key[TOME_HASH_TEXT];
  TOME_AUTO_FREE char *path = refusal_path(s, id, key, err);
  if (!path) return false;
  if (!tome_file_exists(path)) return true;
  unlink(path);
  return tome_index_unrefuse(ix, key, err);
}

/* Puts the four lines of one file back into the index; a file that has not four is passed over. */
static bool reindex_one(tome_index *ix, const char *path, const char *key, tome_error *err) {
  char text[REFUSAL_MOST + 1], *line[4], *p = text;
  size_t got;
  tome_error unread = {0};
  if (!tome_file_head(path, text, REFUSAL_MOST, &got, &unread)) return true;
  text[got] = '\0';
  for (int i = 0; i < 4; i++) {
    char *end = strchr(p, '\n');
    if (!end) return true;
    *end = '\0';
    line[i] = p;
    p = end + 1;
  }
  return tome_index_refuse(ix, key, line[0], line[1], line[2], line[3], err);
}

bool tome_refusal_reindex(const tome_store *s, tome_index *ix, tome_error *err) {
  DIR *dir = opendir(s->refused);
  if (!dir) return true; /* no folder, no refusals */
  bool ok = true;
  for (const struct dirent *e; ok && (e = readdir(dir));) {
    const size_t n = strlen(e->d_name);
    if (n != TOME_HASH_TEXT - 1 + 4 || strcmp(e->d_name + n - 4, ".txt") != 0) continue;
    char key[TOME_HASH_TEXT], path[4096];
    snprintf(key, sizeof key, "%.32s", e->d_name);
    snprintf(path, sizeof path, "%s/%s", s->refused, e->d_name);
    ok = reindex_one(ix, path, key, err);
  }
  closedir(dir);
  return ok;
}
