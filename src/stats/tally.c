/* Counters of several workers. */
#include "stats/tally.h"

#include <stdlib.h>

bool tome_tally_init(tome_tally *t, size_t size, int workers, tome_error *err) {
  uint64_t **counts = tome_alloc_zero((size_t)workers, sizeof *counts, "statistics", err);
  if (!counts) return false;
  *t = (tome_tally){.size = size, .workers = workers, .counts = counts};
  return true;
}

void tome_tally_clear(tome_tally *t) {
  for (int w = 0; t->counts && w < t->workers; w++) free(t->counts[w]);
  free(t->counts);
  *t = (tome_tally){0};
}

uint64_t *tome_tally_of(tome_tally *t, int worker, tome_error *err) {
  if (!t->counts[worker]) t->counts[worker] = tome_alloc_zero(t->size, sizeof(uint64_t), "statistics", err);
  return t->counts[worker];
}

uint64_t *tome_tally_sum(tome_tally *t, tome_error *err) {
  uint64_t *sum = tome_tally_of(t, 0, err);
  if (!sum) return NULL;
  for (int w = 1; w < t->workers; w++) {
    if (!t->counts[w]) continue;
    for (size_t i = 0; i < t->size; i++) sum[i] += t->counts[w][i];
    free(t->counts[w]);
    t->counts[w] = NULL;
  }
  return sum;
}
