/* measure.h - intensities of many sets of voxels ("slots": the label values of a map, or the whole image as one) in
 * few passes over the image. */
#ifndef TOME_STATS_MEASURE_H
#define TOME_STATS_MEASURE_H

#include "record/record.h"
#include "stats/keys.h"
#include "stats/spans.h"
#include "stats/tally.h"

/* Counters that may be held at once, all workers together. Slots beyond it wait for another pass. */
enum { TOME_COUNTERS_AT_ONCE = 1 << 25 }; /* 256 MB */

/* What to measure, and where to put it. */
typedef struct tome_measure {
  tome_spans spans; /* z and slot ranges are set by the passes */
  const tome_volume *image;
  const tome_run *run;
  int workers;
  uint32_t slots;
  const tome_range *ranges;  /* by slot: count and range of its keys */
  const tome_box *boxes;     /* by slot; NULL: the whole volume */
  tome_arena *arena;         /* histograms live here */
  tome_intensity *hu;        /* by slot; out */
  tome_histogram *histogram; /* by slot; out */
} tome_measure;

TOME_MUST_USE bool tome_measure_integers(const tome_measure *m, tome_error *err);
TOME_MUST_USE bool tome_measure_floats(const tome_measure *m, tome_error *err);

/* The spans of slots lo ... hi-1, in the slices that hold them. */
tome_spans tome_measure_spans(const tome_measure *m, uint32_t slot_lo, uint32_t slot_hi);

#endif
