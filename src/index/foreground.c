/* The data set's foreground: the histograms of labels, kept as blobs, summed over all cases. Two passes: the range
 * first, then the counts. */
#include <math.h>
#include <string.h>

#include "index/db.h"

/* Which rows of `histograms`: labels only, and of those what ?1 says. */
#define OF_LABELS " FROM histograms WHERE value > 0"
#define OF_NAME " FROM histograms WHERE value > 0 AND (name = ?1 OR kind = ?1)"

enum { MOST_BINS = 1 << 24, FLOAT_BINS = 4096 };

static tome_db_use select_labels(tome_index *ix, const char *all, const char *named, const char *label) {
  tome_db_use u = tome_db_prepare(ix, label ? named : all);
  if (label) tome_bind_text(&u, label);
  return u;
}

/* What there is to sum: where the values lie, whether all of them are integers' counts. */
typedef struct extent {
  double lo, hi;
  bool exact;
  uint64_t cases;
} extent;

#define EXTENT "SELECT min(lo), max(lo + bins * width), min(width = 1 AND lo = round(lo)), count(DISTINCT case_id)"

static bool find_extent(tome_index *ix, const char *label, extent *out, tome_error *err) {
  tome_db_use u TOME_CLEANUP(tome_db_end) = select_labels(ix, EXTENT OF_LABELS, EXTENT OF_NAME, label);
  bool row = false;
  if (!tome_db_step(&u, &row, err)) return false;
  out->lo = sqlite3_column_double(u.statement, 0);
  out->hi = sqlite3_column_double(u.statement, 1);
  out->exact = sqlite3_column_int(u.statement, 2) != 0;
  out->cases = (uint64_t)sqlite3_column_int64(u.statement, 3);
  return true;
}

/* Bins that hold every value: one an integer, or, for a narrow range of fractions, 4096 equal ones. */
static bool lay_out(const tome_index *ix, const extent *e, tome_arena *arena, tome_histogram *sum, tome_error *err) {
  const bool fine = !e->exact && e->hi - e->lo < FLOAT_BINS && e->hi > e->lo;
  const double lo = fine ? e->lo : floor(e->lo);
  const double width = fine ? (e->hi - e->lo) / FLOAT_BINS : 1;
  const double bins = fine ? FLOAT_BINS : ceil(e->hi) - lo;
  if (!(bins >= 1 && bins <= MOST_BINS))
    return tome_fail(err, TOME_UNSUPPORTED,
                     "%s: the labels' voxels reach from %g to %g, too far for one histogram; ask for one label",
                     ix->path, e->lo, e->hi);
  uint64_t *counts = tome_arena_alloc(arena, (size_t)bins * sizeof *counts, err);
  if (!counts) return false;
  *sum = (tome_histogram){.lo = lo, .width = width, .bins = (size_t)bins, .counts = counts};
  return true;
}

static uint64_t count_at(const uint8_t *blob, size_t i, size_t bytes) {
  uint64_t n = 0;
  for (size_t b = 0; b < bytes; b++) n |= (uint64_t)blob[i * bytes + b] << (8 * b);
  return n;
}

static void add_exact(tome_histogram *sum, size_t first, const uint8_t *blob, size_t bins, size_t bytes) {
  uint64_t *to = sum->counts + first;
  if (bytes == 1)
    for (size_t i = 0; i < bins; i++) to[i] += blob[i];
  else if (bytes == 2)
    for (size_t i = 0; i < bins; i++) to[i] += (uint64_t)blob[2 * i] | (uint64_t)blob[2 * i + 1] << 8;
  else
    for (size_t i = 0; i < bins; i++) to[i] += count_at(blob, i, bytes);
}

/* Each bin goes whole to the one that its centre falls in; the values of integer bins are their centres. */
static void add_by_centre(tome_histogram *sum, double lo, double width, const uint8_t *blob, size_t bins,
                          size_t bytes) {
  const double half = width == 1.0 && lo == floor(lo) ? 0 : width / 2;
  for (size_t i = 0; i < bins; i++) {
    double at = (lo + (double)i * width + half - sum->lo) / sum->width;
    if (sum->width == 1.0) at = round(at);
    const double last = (double)(sum->bins - 1);
    at = at < 0 ? 0 : at > last ? last : floor(at);
    sum->counts[(size_t)at] += count_at(blob, i, bytes);
  }
}

/* One row: lo, width, bins, counts. The file may come from anybody: its numbers are checked before they index
 * anything. */
static bool add_row(const tome_index *ix, sqlite3_stmt *s, bool exact, tome_histogram *sum, tome_error *err) {
  const double lo = sqlite3_column_double(s, 0), width = sqlite3_column_double(s, 1);
  const int64_t bins = sqlite3_column_int64(s, 2);
  const uint8_t *blob = sqlite3_column_blob(s, 3);
  const int64_t size = sqlite3_column_bytes(s, 3);
  const int64_t bytes = bins > 0 ? size / bins : 0;
  const double first = lo - sum->lo;
  const bool numbers = sqlite3_column_type(s, 0) == SQLITE_FLOAT && sqlite3_column_type(s, 1) == SQLITE_FLOAT;
  const bool whole = bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8;
  if (!numbers || !blob || !whole || bytes * bins != size || !(width > 0) ||
      (exact && !(first >= 0 && first + (double)bins <= (double)sum->bins)))
    return tome_fail(err, TOME_CORRUPT, "%s: a histogram of %lld bins in %lld bytes; run tome reindex", ix->path,
                     (long long)bins, (long long)size);
  if (exact)
    add_exact(sum, (size_t)first, blob, (size_t)bins, (size_t)bytes);
  else
    add_by_centre(sum, lo, width, blob, (size_t)bins, (size_t)bytes);
  return true;
}

static bool add_rows(tome_index *ix, const char *label, bool exact, tome_histogram *sum, tome_error *err) {
  tome_db_use u TOME_CLEANUP(tome_db_end) =
      select_labels(ix, "SELECT lo, width, bins, counts" OF_LABELS, "SELECT lo, width, bins, counts" OF_NAME, label);
  for (bool row = false;;) {
    if (!tome_db_step(&u, &row, err)) return false;
    if (!row) return true;
    if (!add_row(ix, u.statement, exact, sum, err)) return false;
  }
}

/* Both passes see one state of the file: a put between them could lie outside the bins. */
static bool sum_rows(tome_index *ix, const char *label, tome_arena *arena, tome_histogram *sum, uint64_t *cases,
                     tome_error *err) {
  extent e;
  tome_histogram total = {0};
  if (!find_extent(ix, label, &e, err)) return false;
  if (e.cases && (!lay_out(ix, &e, arena, &total, err) || !add_rows(ix, label, e.exact, &total, err))) return false;
  *sum = total;
  *cases = e.cases;
  return true;
}

/* By name or kind as written, else by the kind that the word speaks of ("tumour"). */
static bool sum_named(tome_index *ix, const char *label, tome_arena *arena, tome_histogram *sum, uint64_t *cases,
                      tome_error *err) {
  if (!sum_rows(ix, label, arena, sum, cases, err)) return false;
  if (!label || *cases) return true;
  char kind[TOME_KIND_TEXT];
  tome_kind_of(label, kind);
  return sum_rows(ix, kind, arena, sum, cases, err);
}

bool tome_index_foreground(tome_index *ix, const char *label, tome_arena *arena, tome_histogram *sum, uint64_t *cases,
                           tome_error *err) {
  tome_histogram total;
  uint64_t found;
  const bool begin = sqlite3_get_autocommit(ix->db) != 0;
  if (begin && !tome_db_exec(ix, "BEGIN", err)) return false;
  const bool ok = sum_named(ix, label, arena, &total, &found, err);
  if (begin && !tome_db_exec(ix, "COMMIT", ok ? err : NULL)) return false;
  if (!ok) return false;
  *sum = total;
  *cases = found;
  return true;
}
