/* Near misses: "did you mean spacing?" */
#ifndef TOME_BASE_NEAR_H
#define TOME_BASE_NEAR_H

#include <stddef.h>

/* Levenshtein distance of two words, ASCII case ignored; `most`+1 where it is larger than `most` or a word longer than 255 bytes. */
size_t tome_near_distance(const char *a, const char *b, size_t most);
/* The largest distance at which a word still counts as a slip of `word`. */
size_t tome_near_most(const char *word);

/* The word of a list that a mistyped one was meant to be; `best` stays NULL where none is near. Feed candidates one by one; they must outlive the search. */
typedef struct tome_near {
  const char *word, *best;
  size_t distance;
} tome_near;
void tome_near_try(tome_near *n, const char *candidate);

#endif
