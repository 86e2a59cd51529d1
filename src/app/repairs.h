/* repairs.h - known faults of data sets that circulate, mended by name where the user asks for it; each use is recorded in the case. */
#ifndef TOME_APP_REPAIRS_H
#define TOME_APP_REPAIRS_H

#include "app/app.h"

/* TOME_USAGE where one of opt->repairs is unknown, lacks its value, or lacks an option that it needs. */
TOME_MUST_USE bool tome_repairs_check(const tome_ingest_options *opt, tome_error *err);
/* On an image or channel just loaded; `name` is "image" or the channel's. Records what was done. */
TOME_MUST_USE bool tome_repair_image(const tome_ingesting *in, const char *name, tome_loaded *image, tome_record *r,
                                     tome_error *err);
/* On a label map, before and after it is brought onto its image's grid. */
TOME_MUST_USE bool tome_repair_label(const tome_ingesting *in, const char *map, tome_volume *v, tome_record *r,
                                     tome_error *err);
TOME_MUST_USE bool tome_repair_aligned_label(tome_ingesting *in, const char *map, const tome_loaded *image,
                                             tome_volume *v, tome_record *r, tome_error *err);
/* Soft tissue of a CT is above this; a label of which so many percent are on it is the right way round. */
enum { TOME_BODY_HU = -300, TOME_IN_BODY_PERCENT = 70 };

/* True for a grid of 1 mm in all directions at origin 0, which no scanner makes: the geometry was lost. */
bool tome_geometry_is_lost(const tome_geometry *g);
/* True where the axis of slices runs nearer to the patient's left-right or front-back axis than to head-foot, while another array axis runs along that. */
bool tome_slices_are_elsewhere(const tome_geometry *g);

#endif
