/* Near misses: which known word a mistyped one was meant to be. */
#include "base/near.h"

#include <string.h>

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

void tome_near_try(tome_near *n, const char *candidate) {
  const size_t length = strlen(n->word);
  const size_t shorter = length < strlen(candidate) ? length : strlen(candidate), most = 1 + shorter / 4;
  size_t d = tome_near_distance(n->word, candidate, most);
  if (length >= 3 && !strncmp(n->word, candidate, length)) d = 1; /* cut short */
  if (length < 2 || d > most || (n->best && d >= n->distance)) return;
  n->best = candidate;
  n->distance = d;
}
