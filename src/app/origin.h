/* origin.h - what is said of a volume beside its voxels, for formats that have a place for it. */
#ifndef TOME_APP_ORIGIN_H
#define TOME_APP_ORIGIN_H

#include "app/output.h"

/* Options for writing volume `i` of an item; they point into the item's record and into `arena`. */
TOME_MUST_USE bool tome_origin_of(const tome_output_item *item, size_t i, const char *json, tome_arena *arena,
                                  tome_write_options *out, tome_error *err);

#endif
