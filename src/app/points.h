/*
 * points.h - draws voxels of a class out of a recipe's result, each as likely as any other, by decoding a few chunks of the label map.
 *
 * The record says how many voxels of each label lie in each chunk of its map. A chunk's voxels end up in one box of the result (a block), by axes
 * and factors that the graph's `need` tells; so a block holds at most so many voxels of the class: its bound. A number below the sum of
 * all bounds picks a block and a rank in it; where the block, computed by the recipe itself, has no voxel of that rank, another number is
 * drawn. That is exactly uniform, whatever the recipe dropped, cut off, merged or thinned out. Recipes that shear or look at the whole map
 * (largest) have no such blocks: their label result is computed once, and counted.
 */
#ifndef TOME_APP_POINTS_H
#define TOME_APP_POINTS_H

#include "app/recipe.h"
#include "eval/patches.h"

/* One case's; for one thread at a time. */
typedef struct tome_points tome_points;
/* `label`: the only label map to look at, or NULL. The course must outlive it. */
TOME_MUST_USE tome_points *tome_points_new(tome_course *c, const char *label, const tome_run *run, tome_error *err);
void tome_points_free(tome_points *p);
/* Label maps in the result (that may be looked at). */
size_t tome_points_maps(const tome_points *p);

/* A class: all voxels > 0 (name NULL), or of what goes by a name. *known: the case has something of that name (or the name is a number). */
TOME_MUST_USE bool tome_points_class(tome_points *p, const char *name, size_t *number, bool *known, tome_error *err);
/* Makes a class of each label value that the result may have; their numbers are *first … *first + *count - 1. */
TOME_MUST_USE bool tome_points_all_classes(tome_points *p, size_t *first, size_t *count, tome_error *err);
const char *tome_points_name(const tome_points *p, size_t number);
/* Does the result hold a voxel of it? */
TOME_MUST_USE bool tome_points_present(tome_points *p, size_t number, bool *out, tome_error *err);
/* One of its voxels. TOME_NOT_FOUND where it has none. */
TOME_MUST_USE bool tome_points_draw(tome_points *p, size_t number, tome_draws *d, int64_t centre[3], tome_error *err);
/* A voxel that is 0 in all label maps, and whose image value is above `threshold` where that is not NULL. *found false: there is none. */
TOME_MUST_USE bool tome_points_background(tome_points *p, const double *threshold, tome_draws *d, int64_t centre[3],
                                          bool *found, tome_error *err);

#endif
