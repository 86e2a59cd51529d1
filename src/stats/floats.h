/* floats.h - how the passes over float voxels share what they know of a slot. */
#ifndef TOME_STATS_FLOATS_H
#define TOME_STATS_FLOATS_H

#include "stats/measure.h"

enum { TOME_WANTED = 2 * TOME_PERCENTILES };

/* One value that a percentile needs: number `left` (from 0) of those whose key starts with `prefix`. */
typedef struct tome_wanted {
  uint64_t left;
  uint32_t prefix;
} tome_wanted;

/* One slot. */
typedef struct tome_float_slot {
  double min;
  double scale;                    /* whole number of v in the sums: (v - min) * scale */
  double width;                    /* of a bin */
  uint32_t bins;                   /* 0: nothing finite in it */
  tome_wanted wanted[TOME_WANTED]; /* below and above for each percentile */
  uint32_t prefix[TOME_WANTED];    /* the different ones of `wanted`, rising */
  uint32_t prefixes;               /* 0: nothing finite in it */
  size_t start;                    /* its first counter in the pass at hand */
} tome_float_slot;

/* Bins, mean and std of slots lo ... hi-1: into m->histogram and m->hu. */
TOME_MUST_USE bool tome_float_bins(const tome_measure *m, tome_float_slot *slots, uint32_t lo, uint32_t hi,
                                   tome_error *err);

/* Of slots lo ... hi-1, makes all `wanted` prefixes longer by `bits`, those above bit `shift` of the key. */
TOME_MUST_USE bool tome_float_refine(const tome_measure *m, tome_float_slot *slots, uint32_t lo, uint32_t hi, int shift,
                                     int bits, tome_error *err);

/* How many voxels from i on (up to n) are taken at once, all with the very same bits. Background comes in long runs;
 * a run shorter than four is not worth a branch that goes either way. */
static inline size_t tome_same_bits(const float *v, size_t i, size_t n) {
  uint64_t a, b;
  if (i + 4 > n) return 1;
  memcpy(&a, v + i, sizeof a);
  memcpy(&b, v + i + 2, sizeof b);
  if (a != b || (uint32_t)a != (uint32_t)(a >> 32)) return 1;
  size_t end = i + 4;
  while (end < n && memcmp(&v[end], &v[i], sizeof *v) == 0) end++;
  return end - i;
}

#endif
