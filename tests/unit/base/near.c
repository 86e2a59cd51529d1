/* Near misses: distances worked out by hand, and what counts as a slip. */
#include "base/near.h"

#include "test.h"

static const char *nearest(const char *word) {
  static const char *const known[] = {"spacing", "shape", "scale", "order", "profile"};
  tome_near n = {.word = word};
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) tome_near_try(&n, known[i]);
  return n.best;
}

static void distances(void) {
  CHECK(tome_near_distance("kitten", "sitting", 9) == 3);
  CHECK(tome_near_distance("tumour_ml", "tumor_ml", 9) == 1);
  CHECK(tome_near_distance("Liver", "lIVER", 9) == 0);
  CHECK(tome_near_distance("", "abc", 9) == 3);
  CHECK(tome_near_distance("kitten", "sitting", 2) == 3); /* most + 1: no more than that is worked out */
  char longest[300];
  memset(longest, 'x', sizeof longest - 1);
  longest[sizeof longest - 1] = '\0';
  CHECK(tome_near_distance(longest, "x", 5) == 6);
}

static void slips(void) {
  CHECK_TEXT(nearest("spaceing"), "spacing");
  CHECK_TEXT(nearest("ordre"), "order");
  CHECK_TEXT(nearest("prof"), "profile"); /* cut short */
  CHECK(nearest("threshold") == NULL);
  CHECK(nearest("") == NULL);
  CHECK(nearest("s") == NULL);
}

TEST_MAIN(distances, slips)
