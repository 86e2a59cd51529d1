/* Near misses: which known word a mistyped one was meant to be. */
#include <string.h>

#include "eval/recipe.h"

enum { LONGEST = 40 }; /* longer words are nobody's near miss */

static size_t least(size_t a, size_t b) { return a < b ? a : b; }
static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c; }

/* Edits from one word to the other, letter case aside; LONGEST where either is too long. */
static size_t distance(const char *a, const char *b) {
  const size_t n = strlen(a), m = strlen(b);
  if (n > LONGEST || m > LONGEST) return LONGEST;
  size_t row[LONGEST + 1];
  for (size_t j = 0; j <= m; j++) row[j] = j;
  for (size_t i = 1; i <= n; i++) {
    size_t corner = row[0];
    row[0] = i;
    for (size_t j = 1; j <= m; j++) {
      const size_t above = row[j], same = lower(a[i - 1]) == lower(b[j - 1]) ? 0 : 1;
      row[j] = least(corner + same, 1 + least(above, row[j - 1]));
      corner = above;
    }
  }
  return row[m];
}

void tome_near_try(tome_near *n, const char *candidate) {
  const size_t length = strlen(n->word);
  size_t d = distance(n->word, candidate);
  if (length >= 3 && !strncmp(n->word, candidate, length)) d = 1; /* cut short */
  if (length < 2 || d > 1 + least(length, strlen(candidate)) / 4 || (n->best && d >= n->distance)) return;
  n->best = candidate;
  n->distance = d;
}
