/* stats.h - intensities of a volume and of each label in it: ranges, percentiles, histograms, boxes, components. Pure
 * computation on memory, on all cores, in a few passes; results do not depend on the number of threads.
 *
 * Images are 8- or 16-bit integers or TOME_F32 (others: TOME_UNSUPPORTED); label maps TOME_U8 or TOME_U16.
 * `padding_mask` has one bit a voxel (bit i&7 of byte i>>3), NULL for none. Voxels that are padding, NaN or infinite are
 * in no count, range, percentile or histogram. Memory beyond the results: counters, as many as the voxels have values
 * (256 MB at most), and the runs of at most a quarter of the label map's slices. */
#ifndef TOME_STATS_H
#define TOME_STATS_H

#include "record/record.h"

/* Intensities of all voxels, with the histogram (in `arena`): of integers exact and trimmed to their range; of floats
 * 4096 bins from min to max (where all are equal, one bin of width 0; where the bins would be just 1 wide, a hair wider,
 * since width 1 means whole numbers). Percentiles are exact for both. Of no voxels: count 0, bins 0. */
TOME_MUST_USE bool tome_stats_image(const tome_volume *image, const uint8_t *padding_mask, const tome_run *run,
                                    tome_arena *arena, tome_intensity *out, tome_histogram *histogram, tome_error *err);

/* Appends one tome_label to `record` for each value > 0 of the map, in rising order: voxels, ml (by the determinant of
 * the map's grid, so right for tilted ones), box, intensities and histogram inside it, windows, 26-connected components.
 * Padding is left out of the intensities, not of the voxels. Sets value, map (copied), name = "label_<value>" for the
 * caller to mend. An empty map appends nothing. `image` must have the map's shape.
 *
 * Histograms are as above, except where a map of very many values would need more than 2^25 bins in all: then integer
 * ones, too, get bins wider than 1 (and cannot be added up); float ones get fewer bins from 1,025 values on. Everything
 * else stays exact. */
TOME_MUST_USE bool tome_stats_labels(const tome_volume *map, const char *map_name, const tome_volume *image,
                                     const uint8_t *padding_mask, const tome_run *run, tome_record *record,
                                     tome_error *err);

/* How well a label sits in the body: share of its voxels (of any value > 0) on image voxels above `body` (air
 * threshold: -300 HU), as it is and with each axis flipped. All 0 where the map is empty. For CT only. */
typedef struct tome_body_cover {
  double as_is, flipped[3]; /* 0…1, axes (z, y, x) */
} tome_body_cover;
TOME_MUST_USE bool tome_stats_cover(const tome_volume *map, const tome_volume *image, double body, const tome_run *run,
                                    tome_body_cover *out, tome_error *err);

#endif
