/* Sources that were not taken in: rows of `problems` with a key of their own. */
#include "index/db.h"

static bool refuse_locked(tome_index *ix, const char *key, const char *id, const char *path, const char *code,
                          const char *text, tome_error *err) {
  tome_db_use u = tome_db_prepare(
      ix,
      "INSERT INTO problems (key, case_id, path, code, text, severity, remedy, refused) VALUES (?, ?, ?, ?, ?, "
      "'error', '', 1) "
      "ON CONFLICT (key) DO UPDATE SET case_id = excluded.case_id, path = excluded.path, code = excluded.code, "
      "text = excluded.text");
  tome_bind_text(&u, key);
  tome_bind_text(&u, id && *id ? id : NULL);
  tome_bind_text(&u, path ? path : "");
  tome_bind_text(&u, code ? code : "");
  tome_bind_text(&u, text ? text : "");
  return tome_db_run(&u, err);
}

bool tome_index_refuse(tome_index *ix, const char *key, const char *id, const char *path, const char *code,
                       const char *text, tome_error *err) {
  if (!key || !*key) return tome_fail(err, TOME_USAGE, "%s: a refusal needs a key", ix->path);
  if (!tome_db_enter(ix, err)) return false;
  return tome_db_leave(ix, refuse_locked(ix, key, id, path, code, text, err), err);
}

bool tome_index_unrefuse(tome_index *ix, const char *key, tome_error *err) {
  /* a look first: taking the write lock for every source of every ingest would make ingests wait for each other */
  int64_t there = 0;
  tome_db_use look = tome_db_prepare(ix, "SELECT count(*) FROM problems WHERE key = ?");
  tome_bind_text(&look, key);
  if (!tome_db_one_int(&look, &there, err)) return false;
  if (!there) return true;
  if (!tome_db_enter(ix, err)) return false;
  tome_db_use u = tome_db_prepare(ix, "DELETE FROM problems WHERE key = ?");
  tome_bind_text(&u, key);
  return tome_db_leave(ix, tome_db_run(&u, err), err);
}
