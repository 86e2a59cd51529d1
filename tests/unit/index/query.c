/* What a query may and may not do, and how it says so. */
#include "test.h"

#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "fixture.h"
#include "index/index.h"

static char path[4096];

static void make_index(void) {
  static const fixture_label lits[] = {{"segmentation", "liver", 1, 100, 500}, {"segmentation", "tumor", 2, 60, 7000}};
  snprintf(path, sizeof path, "%s", test_tmp("index_query.sqlite"));
  unlink(path);
  tome_index *ix = tome_index_open(path, true, NULL);
  CHECK(ix != NULL);
  for (uint32_t i = 0; i < 3; i++) {
    char id[32];
    snprintf(id, sizeof id, "volume-%u", i);
    tome_record r TOME_CLEANUP(tome_record_clear) = {0};
    CHECK(fixture_case(&r, id, i, lits, 2, 1));
    CHECK(tome_index_put(ix, &r, NULL));
  }
  tome_index_close(ix);
}

typedef struct rows {
  size_t rows, columns, names_given, most;
  char first[64], name[64];
  tome_value_kind kind;
} rows;

static bool count_row(void *user, size_t columns, const char *const *names, const tome_value *values) {
  rows *r = user;
  r->columns = columns;
  if (!values) {
    r->names_given++;
    snprintf(r->name, sizeof r->name, "%s", names[0]);
    return true;
  }
  if (r->rows++ == 0) {
    r->kind = values[0].kind;
    snprintf(r->first, sizeof r->first, "%s", values[0].kind == TOME_VALUE_TEXT ? values[0].s : "");
  }
  return !r->most || r->rows < r->most;
}

static tome_code ask(const char *sql, rows *r, tome_error *err) {
  *err = (tome_error){0};
  *r = (rows){0};
  return tome_index_query(path, sql, NULL, 0, 0, count_row, r, err) ? TOME_OK : err->code;
}

static void test_rows(void) {
  tome_error err;
  rows r;
  CHECK(ask("SELECT id, tumor_hu_min, tumor_hu_max FROM cases WHERE tumor_ml > 5 ORDER BY tumor_ml DESC", &r, &err) ==
        TOME_OK);
  CHECK(r.rows == 3 && r.columns == 3 && r.names_given == 1);
  CHECK_TEXT(r.name, "id");
  CHECK(ask("SELECT id FROM cases WHERE id = 'nobody'", &r, &err) == TOME_OK);
  CHECK(r.rows == 0 && r.names_given == 1);
  CHECK(ask(" -- all\nSELECT counts FROM histograms ; ; -- end\n /* really */ ", &r, &err) == TOME_OK);
  CHECK(r.rows == 9 && r.kind == TOME_VALUE_TEXT);
  CHECK_HAS(r.first, " bytes>");
  r = (rows){.most = 2};
  CHECK(tome_index_query(path, "SELECT id FROM cases", NULL, 0, 0, count_row, &r, NULL));
  CHECK(r.rows == 2);
  CHECK(tome_index_query(path, "SELECT id FROM cases", NULL, 0, 0, NULL, NULL, NULL));
  CHECK(ask("SELECT name FROM pragma_table_info('cases') WHERE name LIKE 'tumor%'", &r, &err) == TOME_OK);
  CHECK(r.rows == 11);
  CHECK(ask("EXPLAIN QUERY PLAN SELECT id FROM cases", &r, &err) == TOME_OK);
  CHECK(ask("WITH big AS (SELECT id FROM cases) SELECT count(*) FROM big", &r, &err) == TOME_OK);
  CHECK(r.kind == TOME_VALUE_INT);
}

static void test_parameters(void) {
  const char *one[] = {"volume-1"}, *two[] = {"volume-1", "7"};
  rows r = {0};
  tome_error err = {0};
  CHECK(tome_index_query(path, "SELECT id FROM cases WHERE id = ?1", one, 1, 0, count_row, &r, NULL));
  CHECK(r.rows == 1);
  CHECK_TEXT(r.first, "volume-1");
  CHECK(!tome_index_query(path, "SELECT id FROM cases WHERE id = ?1", two, 2, 0, count_row, &r, &err));
  CHECK(err.code == TOME_USAGE);
  CHECK_HAS(err.message, "1 parameters");
  CHECK(!tome_index_query(path, "SELECT ?", NULL, 0, 0, count_row, &r, NULL));
}

static void test_writing_is_refused(void) {
  static const struct {
    const char *sql, *said;
  } cases[] = {
      {"INSERT INTO kinds VALUES ('x')", "INSERT"},
      {"UPDATE images SET modality = 'X'", "UPDATE"},
      {"DELETE FROM images", "DELETE"},
      {"UPDATE sqlite_master SET sql = ''", "may not be modified"},
      {"DROP TABLE images", "DELETE"}, /* SQLite asks for the row of the schema first */
      {"CREATE TABLE x (y)", "INSERT"},
      {"CREATE TEMP TABLE x AS SELECT 1", "INSERT"},
      {"ALTER TABLE images ADD COLUMN x", "ALTER"},
      {"ATTACH '/tmp/x.db' AS x", "ATTACH"},
      {"DETACH main", "DETACH"},
      {"PRAGMA user_version = 7", "PRAGMA user_version"},
      {"PRAGMA journal_mode = DELETE", "PRAGMA journal_mode"},
      {"PRAGMA writable_schema = 1", "PRAGMA writable_schema"},
      {"SELECT * FROM pragma_journal_mode", "journal_mode"},
      {"VACUUM", ""},
      {"VACUUM INTO '/tmp/tome_index_vacuum.db'", ""},
      {"BEGIN", "transaction"},
      {"SAVEPOINT x", "SAVEPOINT"},
      {"REINDEX", "REINDEX"},
      {"ANALYZE", ""},
      {"SELECT load_extension('x')", "load_extension"},
      {"SELECT writefile('/tmp/x', 'y')", "no such function"},
      {"SELECT readfile('/etc/passwd')", "no such function"},
      {"SELECT fts3_tokenizer('simple')", "fts3_tokenizer"},
      {"EXPLAIN DELETE FROM images", "DELETE"},
      {"WITH x AS (SELECT 1) INSERT INTO kinds SELECT * FROM x", "INSERT"},
  };
  for (size_t i = 0; i < TOME_COUNT(cases); i++) {
    rows r;
    tome_error err;
    const tome_code code = ask(cases[i].sql, &r, &err);
    CHECK(code == TOME_USAGE || code == TOME_IO);
    CHECK_HAS(err.message, cases[i].said);
    CHECK(r.rows == 0);
    if (code == TOME_OK) fprintf(stderr, "  let through: %s\n", cases[i].sql);
  }
  CHECK(access("/tmp/tome_index_vacuum.db", F_OK) != 0);
  rows r;
  tome_error err;
  CHECK(ask("SELECT id FROM cases", &r, &err) == TOME_OK);
  CHECK(r.rows == 3);
}

static void test_one_statement(void) {
  static const char *const bad[] = {
      "SELECT 1; SELECT 2", "SELECT 1; DELETE FROM images", "SELECT 1; nonsense", "SELECT 1;;;SELECT 2 --", "", "  ;",
      "-- nothing"};
  for (size_t i = 0; i < TOME_COUNT(bad); i++) {
    rows r;
    tome_error err;
    CHECK(ask(bad[i], &r, &err) == TOME_USAGE);
    CHECK_HAS(err.message, i < 4 ? "one statement at a time" : "empty");
    CHECK(r.rows == 0 && r.names_given == 0);
  }
}

static void test_near_misses(void) {
  static const struct {
    const char *sql, *said;
  } cases[] = {
      {"SELECT tumour_ml FROM cases", "no such column: tumour_ml; did you mean tumor_ml?"},
      {"SELECT c.spacing FROM cases AS c", "no such column: c.spacing; did you mean spacing_z?"},
      {"SELECT id FROM cases WHERE modalty = 'CT'", "did you mean modality?"},
      {"SELECT voxls FROM labels", "did you mean voxels?"},
      {"SELECT largest_compnent FROM labels", "did you mean largest_component?"},
      {"SELECT qqqqqqqqqq FROM cases", "pragma_table_info('cases')"},
      {"SELECT * FROM case_", "did you mean cases?"},
      {"SELECT * FROM label", "no such table: label; did you mean labels?"},
      {"SELECT * FROM zzzzzzzzzzzzz", "the view to ask is cases"},
      {"SELEC id FROM cases", "syntax error"},
      {"SELECT id FROM", "incomplete input"},
  };
  for (size_t i = 0; i < TOME_COUNT(cases); i++) {
    rows r;
    tome_error err;
    CHECK(ask(cases[i].sql, &r, &err) == TOME_USAGE);
    CHECK_HAS(err.message, cases[i].said);
  }
}

static double seconds_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void test_time_limit(void) {
  static const char *const endless[] = {
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 1000000000) SELECT count(*) FROM n AS a, n "
      "AS b WHERE a.i = -b.i",
      "SELECT count(*) FROM histograms a, histograms b, histograms c, histograms d, histograms e, histograms f, "
      "histograms g, labels h"};
  for (size_t i = 0; i < TOME_COUNT(endless); i++) {
    tome_error err = {0};
    const double start = seconds_now();
    CHECK(!tome_index_query(path, endless[i], NULL, 0, 0.2, NULL, NULL, &err));
    CHECK(err.code == TOME_CANCELLED);
    CHECK_HAS(err.message, "0.2 s");
    CHECK(seconds_now() - start < 10);
  }
}

static void test_size_limits(void) {
  static const char *const huge[] = {"SELECT length(zeroblob(1000000000))",
                                     "SELECT length(printf('%.*c', 100000000, 'x'))",
                                     "SELECT 'x' LIKE printf('%.*c', 100000, '%')"};
  for (size_t i = 0; i < TOME_COUNT(huge); i++) {
    rows r;
    tome_error err;
    CHECK(ask(huge[i], &r, &err) != TOME_OK || (i == 1 && r.rows == 1));
    if (i != 1) CHECK_HAS(err.message, i ? "pattern" : "too big");
  }
}

static void test_absent(void) {
  tome_error err = {0};
  CHECK(!tome_index_query("/nonexistent/index.sqlite", "SELECT 1", NULL, 0, 0, NULL, NULL, &err));
  CHECK(err.code == TOME_NOT_FOUND);
}

TEST_MAIN(make_index, test_rows, test_parameters, test_writing_is_refused, test_one_statement, test_near_misses,
          test_time_limit, test_size_limits, test_absent)
