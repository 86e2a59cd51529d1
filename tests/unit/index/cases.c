/* Cases in the index: transactions, finding, refusing, float images. What is in the file is checked through tome_index_query; that this tells
 * the truth is checked by index.py with another reader. */
#include "test.h"

#include <unistd.h>

#include "fixture.h"
#include "index/index.h"

static const fixture_label lits[] = {{"segmentation", "liver", 1, 100, 500}, {"segmentation", "tumor", 2, 60, 70}};

static const char *fresh_path(void) {
  static char path[4096];
  snprintf(path, sizeof path, "%s", test_tmp("index_cases.sqlite"));
  char other[4200];
  static const char *const tails[] = {"", "-wal", "-shm"};
  for (size_t i = 0; i < TOME_COUNT(tails); i++) {
    snprintf(other, sizeof other, "%s%s", path, tails[i]);
    unlink(other);
  }
  return path;
}

static bool put(tome_index *ix, const char *id, uint32_t seed, tome_error *err) {
  tome_record r TOME_CLEANUP(tome_record_clear) = {0};
  return fixture_case(&r, id, seed, lits, 2, 2) && tome_index_put(ix, &r, err);
}

/* Rows as "a|b\nc|d\n" in a static buffer. */
static char answer[1 << 16];
static bool add_row(void *user, size_t columns, const char *const *names, const tome_value *values) {
  (void)user, (void)names;
  for (size_t i = 0; values && i < columns; i++) {
    const size_t n = strlen(answer);
    char *to = answer + n;
    const size_t room = sizeof answer - n;
    const char *tail = i + 1 < columns ? "|" : "\n";
    if (values[i].kind == TOME_VALUE_INT) snprintf(to, room, "%lld%s", (long long)values[i].i, tail);
    if (values[i].kind == TOME_VALUE_REAL) snprintf(to, room, "%.9g%s", values[i].r, tail);
    if (values[i].kind == TOME_VALUE_TEXT) snprintf(to, room, "%s%s", values[i].s, tail);
    if (values[i].kind == TOME_VALUE_NULL) snprintf(to, room, "NULL%s", tail);
  }
  return true;
}

static const char *ask(const char *path, const char *sql) {
  tome_error err = {0};
  answer[0] = 0;
  if (!tome_index_query(path, sql, NULL, 0, 0, add_row, NULL, &err)) snprintf(answer, sizeof answer, "%s", err.message);
  return answer;
}

static void test_opening(void) {
  const char *path = fresh_path();
  tome_error err = {0};
  CHECK(!tome_index_open(path, false, &err));
  CHECK(err.code == TOME_NOT_FOUND);
  CHECK(access(path, F_OK) != 0);
  tome_index *ix = tome_index_open(path, true, NULL);
  CHECK(ix != NULL);
  tome_index_close(ix);
  ix = tome_index_open(path, false, NULL);
  CHECK(ix != NULL);
  tome_index_close(ix);
  tome_index_close(NULL);
}

static void test_transactions(void) {
  const char *path = fresh_path();
  tome_index *ix = tome_index_open(path, true, NULL);
  CHECK(put(ix, "a", 1, NULL));
  CHECK(tome_index_begin(ix, NULL));
  CHECK(!tome_index_begin(ix, NULL));
  CHECK(put(ix, "b", 2, NULL));
  CHECK(tome_index_remove(ix, "a", NULL));
  CHECK_TEXT(ask(path, "SELECT id FROM cases"), "a\n"); /* readers see nothing of it yet */
  tome_index_rollback(ix);
  CHECK_TEXT(ask(path, "SELECT id FROM cases"), "a\n");
  CHECK(tome_index_begin(ix, NULL));
  CHECK(put(ix, "c", 3, NULL));
  CHECK(tome_index_commit(ix, NULL));
  CHECK(!tome_index_commit(ix, NULL));
  CHECK_TEXT(ask(path, "SELECT id FROM cases ORDER BY id"), "a\nc\n");
  CHECK(tome_index_begin(ix, NULL));
  CHECK(put(ix, "never", 4, NULL));
  tome_index_close(ix); /* rolls back */
  CHECK_TEXT(ask(path, "SELECT id FROM cases ORDER BY id"), "a\nc\n");
}

/* Two label rows of one value contradict each other: the put fails whole, and the others of the transaction stay. */
static void test_failed_put_leaves_nothing(void) {
  const char *path = fresh_path();
  static const fixture_label twice[] = {{"m", "liver", 1, 100, 50}, {"m", "spleen", 1, 60, 70}};
  tome_index *ix = tome_index_open(path, true, NULL);
  CHECK(put(ix, "old", 1, NULL));
  tome_record bad TOME_CLEANUP(tome_record_clear) = {0};
  CHECK(fixture_case(&bad, "old", 9, twice, 2, 2));
  for (int begun = 0; begun < 2; begun++) {
    tome_error err = {0};
    if (begun) CHECK(tome_index_begin(ix, NULL));
    if (begun) CHECK(put(ix, "new", 2, NULL));
    CHECK(!tome_index_put(ix, &bad, &err));
    CHECK(err.code == TOME_USAGE);
    CHECK_HAS(err.message, "old: ");
    if (begun) CHECK(tome_index_commit(ix, NULL));
    CHECK_TEXT(ask(path, "SELECT labels, problems FROM cases WHERE id = 'old'"), "liver,tumor|1\n");
    CHECK_TEXT(ask(path, "SELECT count(*) FROM kinds"), "2\n");
  }
  CHECK_TEXT(ask(path, "SELECT id FROM cases ORDER BY id"), "new\nold\n");
  tome_record nameless = {0};
  CHECK(!tome_index_put(ix, &nameless, NULL));
  tome_index_close(ix);
}

static void test_refusals(void) {
  const char *path = fresh_path();
  static const char rows[] =
      "SELECT case_id, path, code, text, severity, refused FROM problems WHERE key IS NOT NULL ORDER BY key";
  tome_index *ix = tome_index_open(path, true, NULL);
  CHECK(put(ix, "volume-3", 1, NULL));
  CHECK(tome_index_refuse(ix, "k1", "volume-3", "ct/a.nii", "missing-slices", "2 slices are missing", NULL));
  CHECK(tome_index_refuse(ix, "k2", NULL, "ct/b.nii", "corrupt", "cut short", NULL));
  CHECK(tome_index_refuse(ix, "k1", "volume-3", "ct/a.nii", "uneven", "3 gaps", NULL));
  CHECK(!tome_index_refuse(ix, "", NULL, "x", "y", "z", NULL));
  CHECK_TEXT(ask(path, rows), "volume-3|ct/a.nii|uneven|3 gaps|error|1\nNULL|ct/b.nii|corrupt|cut short|error|1\n");
  CHECK_TEXT(ask(path, "SELECT problems FROM cases"), "1\n"); /* of the stored case only, without what is merely info */
  CHECK(put(ix, "volume-3", 2, NULL));
  CHECK(tome_index_remove(ix, "volume-3", NULL));
  CHECK(tome_index_clear(ix, NULL));
  CHECK_TEXT(ask(path, "SELECT count(*) FROM problems"), "2\n");
  CHECK(tome_index_unrefuse(ix, "k1", NULL));
  CHECK(tome_index_unrefuse(ix, "never there", NULL));
  CHECK_TEXT(ask(path, rows), "NULL|ct/b.nii|corrupt|cut short|error|1\n");
  tome_index_close(ix);
}

static void test_finding(void) {
  tome_index *ix = tome_index_open(fresh_path(), true, NULL);
  tome_record r TOME_CLEANUP(tome_record_clear) = {0};
  char id[64];
  CHECK(fixture_case(&r, "volume-30", 5, lits, 2, 1));
  CHECK(tome_index_put(ix, &r, NULL));
  CHECK(put(ix, "volume-4", 6, NULL));
  CHECK(tome_index_by_source(ix, r.source_hash, id, sizeof id, NULL));
  CHECK_TEXT(id, "volume-30");
  CHECK(tome_index_by_source(ix, "unheard of", id, sizeof id, NULL));
  CHECK_TEXT(id, "");
  CHECK(tome_index_by_source(ix, "", id, sizeof id, NULL));
  CHECK_TEXT(id, "");
  CHECK(tome_index_by_voxels(ix, r.voxel_hash, NULL, id, sizeof id, NULL));
  CHECK_TEXT(id, "volume-30");
  CHECK(tome_index_by_voxels(ix, r.voxel_hash, "volume-30", id, sizeof id, NULL));
  CHECK_TEXT(id, "");
  r.id = "twin";
  CHECK(tome_index_put(ix, &r, NULL));
  CHECK(tome_index_by_voxels(ix, r.voxel_hash, "volume-30", id, sizeof id, NULL));
  CHECK_TEXT(id, "twin");
  tome_error err = {0};
  char small[4] = "abc";
  CHECK(!tome_index_by_voxels(ix, r.voxel_hash, "twin", small, sizeof small, &err));
  CHECK_TEXT(small, "abc");
  tome_index_close(ix);
}

static void test_nearest(void) {
  tome_index *ix = tome_index_open(fresh_path(), true, NULL);
  static const char *const ids[] = {"3Dircadb1.17", "3Dircadb1.1", "volume-3",
                                    "volume-30",    "case_00042",  "21_training"};
  for (uint32_t i = 0; i < TOME_COUNT(ids); i++) CHECK(put(ix, ids[i], i, NULL));
  static const struct {
    const char *asked, *near;
  } want[] = {{"volume-33", "volume-3"},
              {"Volume_30", "volume-30"},
              {"case_0042", "case_00042"},
              {"3dircadb1.17", "3Dircadb1.17"},
              {"training", "21_training"},
              {"ircad", ""},
              {"xyz", ""},
              {"", ""},
              {"00042", "case_00042"},
              {"caes_00042", "case_00042"}};
  for (size_t i = 0; i < TOME_COUNT(want); i++) {
    char near[64];
    CHECK(tome_index_nearest(ix, want[i].asked, near, sizeof near, NULL));
    CHECK_TEXT(near, want[i].near);
  }
  tome_error err = {0};
  CHECK(!tome_index_remove(ix, "volume-31", &err));
  CHECK(err.code == TOME_NOT_FOUND);
  CHECK_HAS(err.message, "did you mean volume-3");
  tome_index_close(ix);
}

/* One label of a float image: values from `lo` to `hi`, counted in `bins` bins. */
static void add_float_label(tome_record *r, const char *name, int32_t value, double lo, double hi, size_t bins) {
  tome_label *l = tome_record_label(r, NULL);
  l->map = "m";
  l->name = name;
  l->value = value;
  l->voxels = bins;
  l->box = (tome_box){{1, 1, 1}, {4, 4, 4}};
  l->histogram = (tome_histogram){.lo = lo, .width = (hi - lo) / (double)bins, .bins = bins};
  l->histogram.counts = tome_arena_alloc(&r->arena, bins * sizeof(uint64_t), NULL);
  for (size_t i = 0; i < bins; i++) l->histogram.counts[i] = 1;
  tome_intensity_of(&l->histogram, &l->hu);
  l->window_minmax = tome_window_minmax(&l->hu);
  l->window_percentile = tome_window_percentile(&l->hu);
}

/* Two lesions of a float image: moments pool exactly, percentiles are unknown and say so. */
static void test_float_structures(void) {
  const char *path = fresh_path();
  tome_index *ix = tome_index_open(path, true, NULL);
  tome_record r TOME_CLEANUP(tome_record_clear) = {0};
  CHECK(fixture_case(&r, "f", 1, NULL, 0, 1));
  add_float_label(&r, "lesion1", 1, 0, 1, 4); /* 0.125 0.375 0.625 0.875 */
  add_float_label(&r, "lesion2", 2, 2, 5, 2); /* 2.75 4.25 */
  CHECK(tome_index_put(ix, &r, NULL));
  char want[128];
  const double mean = 9.0 / 6,
               square = (0.125 * 0.125 + 0.375 * 0.375 + 0.625 * 0.625 + 0.875 * 0.875 + 2.75 * 2.75 + 4.25 * 4.25) / 6;
  snprintf(want, sizeof want, "0|5|%.9g|%.9g|NULL|NULL|2.5|5\n", mean, sqrt(square - mean * mean));
  CHECK_TEXT(ask(path,
                 "SELECT tumor_hu_min, tumor_hu_max, tumor_hu_mean, tumor_hu_std, hu_p50_, tumor_level, minmax_level, "
                 "minmax_width"
                 " FROM cases, (SELECT hu_p50 AS hu_p50_, minmax_level, minmax_width FROM structures)"),
             want);
  tome_arena arena TOME_CLEANUP(tome_arena_clear) = {0};
  tome_histogram sum;
  tome_intensity hu;
  uint64_t cases = 0;
  CHECK(tome_index_foreground(ix, "lesion", &arena, &sum, &cases, NULL));
  tome_intensity_of(&sum, &hu);
  CHECK(cases == 1 && hu.count == 6);
  CHECK_NEAR(hu.mean, mean, 4.0 / 4096);
  CHECK_NEAR(hu.percentile[TOME_P50], 0.75, 2.0 / 4096);
  tome_index_close(ix);
}

/* Integer and float cases together: integers stay exact, bins of floats go to the nearest integer. */
static void test_mixed_foreground(void) {
  tome_index *ix = tome_index_open(fresh_path(), true, NULL);
  tome_record r TOME_CLEANUP(tome_record_clear) = {0}, f TOME_CLEANUP(tome_record_clear) = {0};
  static const fixture_label wide[] = {{"s", "bone", 1, 3000, 10}, {"s", "air", 2, -3000, 10}};
  CHECK(fixture_case(&r, "r", 1, wide, 2, 1) && fixture_case(&f, "f", 2, NULL, 0, 1));
  add_float_label(&f, "bone", 1, 99.75, 100.25, 5); /* all of it is 100, to the nearest */
  CHECK(tome_index_put(ix, &r, NULL) && tome_index_put(ix, &f, NULL));
  tome_arena arena TOME_CLEANUP(tome_arena_clear) = {0};
  tome_histogram sum;
  uint64_t cases, at_100 = 0, all = 0;
  CHECK(tome_index_foreground(ix, NULL, &arena, &sum, &cases, NULL));
  CHECK(cases == 2 && sum.width == 1.0);
  for (size_t i = 0; i < sum.bins; i++) {
    all += sum.counts[i];
    if (sum.lo + (double)i == 100) at_100 = sum.counts[i];
  }
  CHECK(all == 25);
  CHECK(at_100 == 5);
  const tome_histogram *h = &r.labels[0].histogram;
  for (size_t i = 0; i < h->bins; i++) CHECK(sum.counts[(size_t)(h->lo - sum.lo) + i] == h->counts[i]);
  tome_index_close(ix);
}

TEST_MAIN(test_opening, test_transactions, test_failed_put_leaves_nothing, test_refusals, test_finding, test_nearest,
          test_float_structures, test_mixed_foreground)
