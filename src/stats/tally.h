/* tally.h - counters that each worker keeps for itself, added up at the end: no locks, no shared cache lines, and
 * the same sum whoever counted. */
#ifndef TOME_STATS_TALLY_H
#define TOME_STATS_TALLY_H

#include "base/mem.h"

typedef struct tome_tally {
  size_t size; /* counters a worker */
  int workers;
  uint64_t **counts; /* by worker; NULL until it counts */
} tome_tally;

TOME_MUST_USE bool tome_tally_init(tome_tally *t, size_t size, int workers, tome_error *err);
void tome_tally_clear(tome_tally *t);
/* The counters of one worker, 0 at first; called by that worker only. NULL where memory is out. */
TOME_MUST_USE uint64_t *tome_tally_of(tome_tally *t, int worker, tome_error *err);
/* Adds all up, when they are done. The result is borrowed. */
TOME_MUST_USE uint64_t *tome_tally_sum(tome_tally *t, tome_error *err);

#endif
