/* Rebuilding what is derived, and removing a case. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/app.h"

/* An index that cannot be opened (damaged, or of a newer version) is no loss: it is derived. */
static tome_index *open_or_replace(const tome_store *s, tome_error *err) {
  tome_error damaged = {0};
  tome_index *ix = tome_store_index(s, &damaged);
  if (ix) return ix;
  static const char *const parts[] = {"", "-wal", "-shm"};
  for (size_t i = 0; i < TOME_COUNT(parts); i++) {
    char path[4096];
    snprintf(path, sizeof path, "%s%s", s->index, parts[i]);
    unlink(path);
  }
  return tome_store_index(s, err);
}

static bool put_all(const tome_store *s, tome_index *ix, const char **ids, size_t count, const tome_run *run,
                    tome_error *err) {
  tome_progress p = {.phase = "reindex", .items_total = count};
  for (size_t i = 0; i < count; i++) {
    TOME_CLEANUP(tome_record_clear) tome_record r = {0};
    p.item = ids[i];
    tome_report(run, &p);
    if (tome_stopped(run)) return tome_fail_cancelled(err);
    if (!tome_read_record(s, ids[i], &r, err)) return tome_fail_prefix(err, "case %s", ids[i]);
    if (!tome_index_put(ix, &r, err)) return false;
    p.items_done++;
  }
  tome_report(run, &p);
  return true;
}

bool tome_reindex(tome_store *s, const tome_run *run, uint64_t *cases, tome_error *err) {
  TOME_CLEANUP(tome_arena_clear) tome_arena arena = {0};
  TOME_AUTO_INDEX tome_index *ix = open_or_replace(s, err);
  const char **ids;
  size_t count;
  if (!ix || !tome_list_ids(s, &arena, &ids, &count, err) || !tome_index_begin(ix, err)) return false;
  if (!tome_index_clear(ix, err) || !put_all(s, ix, ids, count, run, err) || !tome_refusal_reindex(s, ix, err) ||
      !tome_index_commit(ix, err)) {
    tome_index_rollback(ix);
    return false;
  }
  if (!tome_update_archive(s, err)) return false;
  if (cases) *cases = count;
  return true;
}

/* The index row goes first: a crash between the two leaves a case that the next ingest indexes again, not a row without a file. */
bool tome_remove(tome_store *s, const char *id, tome_error *err) {
  TOME_AUTO_FREE char *path = tome_case_path(s, id, err);
  if (!path) return false;
  if (!tome_file_exists(path)) return tome_fail_no_case(s, id, err);
  TOME_AUTO_INDEX tome_index *ix = tome_store_index(s, err);
  if (!ix) return false;
  tome_error e = {0};
  if (!tome_index_remove(ix, id, &e) && e.code != TOME_NOT_FOUND) return tome_fail(err, e.code, "%s", e.message);
  if (unlink(path) != 0) return tome_fail_errno(err, "%s: cannot be removed", path);
  return tome_update_archive(s, err);
}
