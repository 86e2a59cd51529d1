/* Near misses of ids: what somebody who wrote "volume-33" may have meant. */
#include <string.h>

#include "base/near.h"
#include "index/db.h"

typedef struct nearest {
  const char *word;
  size_t most;    /* worse than this is no slip; falls as better ones are found */
  size_t holding; /* ids that contain the word */
  bool found;
} nearest;

/* True where this id is the best so far. One that only contains the word counts while no slip is found. */
static bool consider(nearest *n, const char *id) {
  const size_t d = tome_near_distance(n->word, id, n->most);
  if (d <= n->most) {
    const bool better = !n->found || d < n->most;
    n->most = d;
    n->found = true;
    return better;
  }
  if (!*n->word || !strstr(id, n->word)) return false;
  n->holding++;
  return !n->found && n->holding == 1;
}

bool tome_index_nearest(tome_index *ix, const char *id, char *near, size_t size, tome_error *err) {
  tome_db_use u TOME_CLEANUP(tome_db_end) = tome_db_prepare(ix, "SELECT id FROM images ORDER BY id");
  nearest n = {.word = id, .most = tome_near_most(id)};
  char best[512] = "";
  for (bool row = false;;) {
    if (!tome_db_step(&u, &row, err)) return false;
    if (!row) break;
    const char *candidate = (const char *)sqlite3_column_text(u.statement, 0);
    if (candidate && strlen(candidate) < sizeof best && consider(&n, candidate)) strcpy(best, candidate);
  }
  if (!n.found && n.holding != 1) best[0] = 0;
  if (strlen(best) >= size) return tome_fail(err, TOME_USAGE, "%s: %s does not fit in %zu bytes", ix->path, best, size);
  strcpy(near, best);
  return true;
}
