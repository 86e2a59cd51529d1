/* test.h - the little that a test program needs. A program is a list of TEST functions run by TEST_MAIN; CHECK goes on after a failure, so that
 * one run shows all of them. Exit status: 0 all good, 1 something failed, 77 skipped (ctest shows it as such). */
#ifndef TOME_TEST_H
#define TOME_TEST_H

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int test_failures, test_checks;

#define CHECK(cond) \
  ((void)(test_checks++, (cond) ? 0 : (test_failures++, fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond))))
#define CHECK_NEAR(got, want, tol) test_near((double)(got), (double)(want), (double)(tol), __FILE__, __LINE__, #got)
#define CHECK_TEXT(got, want) test_text((got), (want), __FILE__, __LINE__, #got)
/* Passes where `got` holds `part` somewhere. */
#define CHECK_HAS(got, part) test_has((got), (part), __FILE__, __LINE__, #got)
#define TEST_SKIP(why)                       \
  do {                                       \
    fprintf(stderr, "skipped: %s\n", (why)); \
    exit(77);                                \
  } while (0)

static inline void test_near(double got, double want, double tol, const char *file, int line, const char *what) {
  test_checks++;
  if (fabs(got - want) <= tol || (isnan(got) && isnan(want))) return;
  test_failures++;
  fprintf(stderr, "%s:%d: %s is %.10g, wanted %.10g (within %g)\n", file, line, what, got, want, tol);
}

static inline void test_text(const char *got, const char *want, const char *file, int line, const char *what) {
  test_checks++;
  if (got && want && strcmp(got, want) == 0) return;
  test_failures++;
  fprintf(stderr, "%s:%d: %s is \"%s\", wanted \"%s\"\n", file, line, what, got ? got : "(null)",
          want ? want : "(null)");
}

static inline void test_has(const char *got, const char *part, const char *file, int line, const char *what) {
  test_checks++;
  if (got && strstr(got, part)) return;
  test_failures++;
  fprintf(stderr, "%s:%d: %s is \"%s\", which lacks \"%s\"\n", file, line, what, got ? got : "(null)", part);
}

/* A path of the real data ($TOME_DATA), or NULL where that folder is absent. In a static buffer. */
static inline const char *test_data(const char *name) {
  static char path[4096];
  const char *root = getenv("TOME_DATA");
  if (!root) return NULL;
  snprintf(path, sizeof path, "%s/%s", root, name);
  FILE *f = fopen(path, "rb");
  if (!f) return NULL;
  fclose(f);
  return path;
}

/* A path for the test to write to ($TOME_TMP, else /tmp). In a static buffer. */
static inline const char *test_tmp(const char *name) {
  static char path[4096];
  const char *root = getenv("TOME_TMP");
  snprintf(path, sizeof path, "%s/%s", root ? root : "/tmp", name);
  return path;
}

#define TEST_MAIN(...)                                                     \
  int main(void) {                                                         \
    void (*const tests[])(void) = {__VA_ARGS__};                           \
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) tests[i]();  \
    fprintf(stderr, "%d checks, %d failed\n", test_checks, test_failures); \
    return test_failures ? 1 : 0;                                          \
  }

#endif
