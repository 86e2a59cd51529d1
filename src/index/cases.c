/* Cases by id, source and voxels: finding, removing. */
#include <string.h>

#include "index/db.h"

static bool run_with_id(tome_index *ix, const char *sql, const char *id, tome_error *err) {
  tome_db_use u = tome_db_prepare(ix, sql);
  tome_bind_text(&u, id);
  return tome_db_run(&u, err);
}

bool tome_case_delete(tome_index *ix, const char *id, bool *found, tome_error *err) {
  /* the other tables follow by ON DELETE CASCADE; problems do not, as they also hold refusals, which belong to no
   * case */
  if (!run_with_id(ix, "DELETE FROM images WHERE id = ?", id, err)) return false;
  *found = sqlite3_changes(ix->db) > 0;
  return run_with_id(ix, "DELETE FROM problems WHERE case_id = ? AND refused = 0", id, err);
}

static bool fail_unknown(tome_index *ix, const char *id, tome_error *err) {
  char near[512];
  if (!tome_index_nearest(ix, id, near, sizeof near, NULL)) near[0] = 0;
  if (near[0]) return tome_fail(err, TOME_NOT_FOUND, "no case %s in the index; did you mean %s?", id, near);
  return tome_fail(err, TOME_NOT_FOUND, "no case %s in the index", id);
}

static bool remove_locked(tome_index *ix, const char *id, tome_error *err) {
  bool found = false, gone = false;
  if (!tome_case_delete(ix, id, &found, err)) return false;
  if (!found) return fail_unknown(ix, id, err);
  if (!tome_view_drop_kinds(ix, &gone, err)) return false;
  return !gone || tome_view_make(ix, err);
}

bool tome_index_remove(tome_index *ix, const char *id, tome_error *err) {
  if (!tome_db_enter(ix, err)) return false;
  return tome_db_leave(ix, remove_locked(ix, id, err), err);
}

static bool clear_locked(tome_index *ix, tome_error *err) {
  /* children first: without foreign keys to follow SQLite empties a table at once */
  return tome_db_exec(ix,
                      "DELETE FROM histograms; DELETE FROM structures; DELETE FROM windows; DELETE FROM labels;"
                      "DELETE FROM label_maps; DELETE FROM channels; DELETE FROM sources; DELETE FROM repairs; DELETE "
                      "FROM intensity;"
                      "DELETE FROM images; DELETE FROM kinds; DELETE FROM problems WHERE refused = 0",
                      err) &&
         tome_view_make(ix, err);
}

bool tome_index_clear(tome_index *ix, tome_error *err) {
  if (!tome_db_enter(ix, err)) return false;
  return tome_db_leave(ix, clear_locked(ix, err), err);
}

bool tome_index_by_source(tome_index *ix, const char *source_hash, char *id, size_t size, tome_error *err) {
  tome_db_use u =
      tome_db_prepare(ix, "SELECT id FROM images WHERE source_hash = ? AND source_hash <> '' ORDER BY id LIMIT 1");
  tome_bind_text(&u, source_hash);
  return tome_db_one_text(&u, id, size, err);
}

bool tome_index_by_series(tome_index *ix, const tome_record *r, const char *input, char *id, size_t size,
                          tome_error *err) {
  tome_db_use u = tome_db_prepare(ix,
                                  "SELECT id FROM images WHERE series_uid = ?1 AND series_uid <> '' AND id <> ?2 "
                                  "AND id <> ?3 AND substr(id, 1, length(?3) + 1) <> ?3 || '.' "
                                  "AND voxel_hash <> ?4 ORDER BY id LIMIT 1");
  tome_bind_text(&u, r->series_uid);
  tome_bind_text(&u, r->id);
  tome_bind_text(&u, input);
  tome_bind_text(&u, r->voxel_hash);
  return tome_db_one_text(&u, id, size, err);
}

bool tome_index_by_voxels(tome_index *ix, const char *voxel_hash, const char *other_than, char *id, size_t size,
                          tome_error *err) {
  tome_db_use u = tome_db_prepare(
      ix, "SELECT id FROM images WHERE voxel_hash = ? AND voxel_hash <> '' AND id IS NOT ? ORDER BY id LIMIT 1");
  tome_bind_text(&u, voxel_hash);
  tome_bind_text(&u, other_than);
  return tome_db_one_text(&u, id, size, err);
}
