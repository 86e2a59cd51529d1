/* percentile.h - the one definition of a percentile here: NumPy's default, linear between the two nearest of the
 * sorted values. */
#ifndef TOME_PERCENTILE_H
#define TOME_PERCENTILE_H

#include <stdint.h>

/* Where a percentile falls among n sorted values: between number `below` and `above`, `share` of the way. */
typedef struct tome_rank {
  uint64_t below, above;
  double share;
} tome_rank;

/* The rank (0 ... 100) among n >= 1 values. The order of operations is NumPy's: it decides the last bit. */
static inline tome_rank tome_rank_of(double rank, uint64_t n) {
  const double at = (double)(n - 1) * (rank / 100.0);
  uint64_t below = (uint64_t)at;
  if (below > n - 1) below = n - 1;
  return (tome_rank){.below = below, .above = below < n - 1 ? below + 1 : below, .share = at - (double)below};
}

/* Between the values of those numbers; from the nearer end, as NumPy does, so that equal ends give just that. */
static inline double tome_rank_between(const tome_rank *r, double below, double above) {
  const double step = above - below;
  return r->share < 0.5 ? below + step * r->share : above - step * (1.0 - r->share);
}

#endif
