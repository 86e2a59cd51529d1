/* Reads everything there is and says what does not agree. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/app.h"

typedef struct verifying {
  tome_store *store;
  const tome_run *run;
  tome_finding_fn finding;
  void *user;
  tome_verify_summary sum;
  const char *id;
} verifying;

static void find(verifying *v, bool error, const char *id, const char *text) {
  if (error)
    v->sum.errors++;
  else
    v->sum.notes++;
  if (v->finding) v->finding(v->user, error ? "error" : "note", id, text);
}

static void chunk_finding(void *user, const char *text) {
  verifying *v = user;
  find(v, true, v->id, text);
}

typedef struct row {
  bool found;
  char voxel_hash[33];
} row;

static bool take_row(void *user, size_t columns, const char *const *names, const tome_value *values) {
  row *r = user;
  (void)columns;
  (void)names;
  if (!values) return true;
  r->found = true;
  snprintf(r->voxel_hash, sizeof r->voxel_hash, "%s", values[0].s ? values[0].s : "");
  return true;
}

/* The case's row in the index against its file. */
static bool check_row(verifying *v, const char *id, const tome_record *r, tome_error *err) {
  row x = {0};
  tome_error e = {0};
  if (!tome_index_query(v->store->index, "SELECT voxel_hash FROM cases WHERE id = ?1", &id, 1, 60, take_row, &x, &e)) {
    if (e.code == TOME_CANCELLED) return tome_fail(err, e.code, "%s", e.message);
    find(v, true, id, e.message);
  } else if (!x.found) {
    find(v, false, id,
         "is not in the index yet (an ingest was interrupted); the next ingest or tome reindex puts it there");
  } else if (strcmp(x.voxel_hash, r->voxel_hash) != 0) {
    find(v, true, id, "the index speaks of other voxels than the case file; tome reindex mends it");
  }
  return true;
}

static bool verify_case(verifying *v, const char *id, tome_error *err) {
  TOME_AUTO_FREE char *path = tome_case_path(v->store, id, err);
  if (!path) return false;
  TOME_CLEANUP(tome_record_clear) tome_record r = {0};
  tome_run quiet = v->run ? *v->run : (tome_run){0};
  tome_error e = {0};
  uint64_t chunks = 0, bytes = 0;
  quiet.progress = NULL;
  v->id = id;
  const bool read =
      tome_case_file_check(path, &quiet, chunk_finding, v, &chunks, &bytes, &e) && tome_case_file_record(path, &r, &e);
  v->sum.cases++;
  v->sum.chunks += chunks;
  v->sum.bytes += bytes;
  if (e.code == TOME_CANCELLED) return tome_fail(err, e.code, "%s", e.message);
  if (!read) {
    find(v, true, id, e.message);
    return true;
  }
  return check_row(v, id, &r, err);
}

/* Rows of the index whose file is gone. */
typedef struct orphans {
  verifying *v;
  tome_error err;
} orphans;

static bool take_orphan(void *user, size_t columns, const char *const *names, const tome_value *values) {
  orphans *o = user;
  (void)columns;
  (void)names;
  if (!values) return true;
  TOME_AUTO_FREE char *path = tome_case_path(o->v->store, values[0].s, &o->err);
  if (path && !tome_file_exists(path))
    find(o->v, true, values[0].s, "is in the index but its case file is gone; tome reindex forgets it");
  return true;
}

static bool verify_index(verifying *v, tome_error *err) {
  orphans o = {.v = v};
  tome_error e = {0};
  if (!tome_file_exists(v->store->index)) {
    find(v, true, "", "index.sqlite is gone; tome reindex makes it anew");
    return true;
  }
  if (tome_index_query(v->store->index, "SELECT id FROM cases", NULL, 0, 600, take_orphan, &o, &e)) return true;
  if (e.code == TOME_CANCELLED) return tome_fail(err, e.code, "%s", e.message);
  find(v, true, "", e.message);
  return true;
}

bool tome_verify(tome_store *store, const tome_run *run, tome_finding_fn finding, void *user, tome_verify_summary *out,
                 tome_error *err) {
  verifying v = {.store = store, .run = run, .finding = finding, .user = user};
  TOME_CLEANUP(tome_arena_clear) tome_arena arena = {0};
  const char **ids;
  size_t count;
  if (!tome_list_ids(store, &arena, &ids, &count, err) || !verify_index(&v, err)) return false;
  tome_progress p = {.phase = "verify", .item = "", .items_total = count};
  for (size_t i = 0; i < count; i++) {
    p.item = ids[i];
    tome_report(run, &p);
    if (tome_stopped(run)) return tome_fail_cancelled(err);
    if (!verify_case(&v, ids[i], err)) return false;
    p.items_done++;
    p.bytes_done = v.sum.bytes;
  }
  tome_report(run, &p);
  *out = v.sum;
  return true;
}
