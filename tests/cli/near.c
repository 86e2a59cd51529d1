/* Near misses: slips of the finger are understood, other words are not guessed at. */
#include "cli/args.h"

#include "test.h"

static const char *nearest(const char *word) {
  static const char *const known[] = {"ls",     "show",    "stats",    "ingest", "init",
                                      "verify", "reindex", "problems", "query"};
  cli_near n = {.word = word};
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) cli_near_try(&n, known[i]);
  return n.best ? n.best : "nothing";
}

/* Values worked out by hand (optimal string alignment). */
static void distances(void) {
  CHECK(cli_distance("", "") == 0);
  CHECK(cli_distance("", "abc") == 3);
  CHECK(cli_distance("kitten", "sitting") == 3);
  CHECK(cli_distance("ca", "ac") == 1);
  CHECK(cli_distance("ca", "abc") == 3);
  CHECK(cli_distance("Show", "show") == 0);
  for (const char *a = "verify"; *a; a++) CHECK(cli_distance(a, "reindex") == cli_distance("reindex", a));
}

static void slips(void) {
  CHECK_TEXT(nearest("sohw"), "show");
  CHECK_TEXT(nearest("stat"), "stats");
  CHECK_TEXT(nearest("ingets"), "ingest");
  CHECK_TEXT(nearest("verfy"), "verify");
  CHECK_TEXT(nearest("reindexx"), "reindex");
  CHECK_TEXT(nearest("prob"), "problems");
  CHECK_TEXT(nearest("INGEST"), "ingest");
}

static void no_guesses(void) {
  CHECK_TEXT(nearest("frobnicate"), "nothing");
  CHECK_TEXT(nearest("x"), "nothing");
  CHECK_TEXT(nearest(""), "nothing");
  char longest[200];
  memset(longest, 'a', sizeof longest);
  longest[199] = '\0';
  CHECK_TEXT(nearest(longest), "nothing");
}

TEST_MAIN(distances, slips, no_guesses)
