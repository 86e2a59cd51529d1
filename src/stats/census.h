/* census.h - the first pass over a label map: which values there are, how many voxels, where, in how many pieces,
 * and over which intensities. */
#ifndef TOME_STATS_CENSUS_H
#define TOME_STATS_CENSUS_H

#include "stats/components.h"
#include "stats/keys.h"

/* One label value. */
typedef struct tome_census {
  uint64_t voxels;
  tome_box box;     /* means nothing where voxels is 0 */
  tome_range range; /* of the image, inside it, without padding */
} tome_census;

enum { TOME_VALUES = 1 << 16 };

/* By label value; malloc'd both, TOME_VALUES of each. */
typedef struct tome_census_table {
  tome_census *values;
  tome_component_tally *components;
} tome_census_table;

void tome_census_table_clear(tome_census_table *t);
/* `map` is TOME_U8 or TOME_U16, `image` of its shape and of a type that is measured. */
TOME_MUST_USE bool tome_census_take(const tome_volume *map, const tome_volume *image, const uint8_t *padding,
                                    const tome_run *run, int workers, tome_census_table *out, tome_error *err);

#endif
