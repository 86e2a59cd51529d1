/* near.c - near misses: which known word a mistyped one was meant to be. */
#include "cli/args.h"

#include <ctype.h>
#include <string.h>

enum { LONGEST = 40 }; /* words beyond this are nobody's near miss */

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

size_t cli_distance(const char *a, const char *b) {
  size_t la = strlen(a), lb = strlen(b);
  if (la > LONGEST || lb > LONGEST) return LONGEST;
  size_t rows[3][LONGEST + 1]; /* before last, last, current */
  for (size_t j = 0; j <= lb; j++) rows[1][j] = j;
  memset(rows[0], 0, sizeof rows[0]);
  for (size_t i = 1; i <= la; i++) {
    size_t *now = rows[2];
    now[0] = i;
    for (size_t j = 1; j <= lb; j++) {
      bool same = tolower((unsigned char)a[i - 1]) == tolower((unsigned char)b[j - 1]);
      now[j] = least(rows[1][j - 1] + (same ? 0 : 1), 1 + least(rows[1][j], now[j - 1]));
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) now[j] = least(now[j], rows[0][j - 2] + 1);
    }
    memcpy(rows[0], rows[1], sizeof rows[0]);
    memcpy(rows[1], rows[2], sizeof rows[1]);
  }
  return rows[1][lb];
}

void cli_near_try(cli_near *near, const char *candidate) {
  size_t length = strlen(near->word), distance = cli_distance(near->word, candidate);
  if (length >= 3 && strncmp(near->word, candidate, length) == 0) distance = 1; /* cut short: "--dup" */
  size_t limit = 1 + least(length, strlen(candidate)) / 4;
  if (length < 2 || distance > limit || (near->best && distance >= near->distance)) return;
  near->best = candidate;
  near->distance = distance;
}
