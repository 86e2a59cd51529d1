/* Near misses: what somebody who wrote "volume-33" or "tumour_ml" may have meant. */
#include <string.h>

#include "index/db.h"

enum { LONGEST = 255 };

static unsigned char lower(char c) { return (unsigned char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c); }

static size_t least(size_t a, size_t b, size_t c) {
  const size_t ab = a < b ? a : b;
  return ab < c ? ab : c;
}

size_t tome_near_distance(const char *a, const char *b, size_t most) {
  const size_t n = strlen(a), m = strlen(b);
  if (n > LONGEST || m > LONGEST || (n > m ? n - m : m - n) > most) return most + 1;
  size_t row[LONGEST + 1]; /* distances of the first i bytes of a from each beginning of b */
  for (size_t j = 0; j <= m; j++) row[j] = j;
  for (size_t i = 1; i <= n; i++) {
    size_t corner = row[0], best = row[0] = i;
    for (size_t j = 1; j <= m; j++) {
      const size_t above = row[j];
      row[j] = least(above + 1, row[j - 1] + 1, corner + (lower(a[i - 1]) != lower(b[j - 1])));
      corner = above;
      if (row[j] < best) best = row[j];
    }
    if (best > most) return most + 1;
  }
  return row[m] <= most ? row[m] : most + 1;
}

size_t tome_near_most(const char *word) {
  const size_t third = strlen(word) / 3;
  return third < 1 ? 1 : third > 8 ? 8 : third;
}

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
