/*
 * output.h - where results go: a file an item by a template ("out/{id}.npy", "out/{id}/{n}.npy"), or all of them in one HDF5 archive.
 *
 * An item is a case's result, or one patch of it: an image and its label maps on one grid, with what made them. Files appear whole or not at all; an
 * archive is a draft until the output is closed. tome_output_put may be called from several threads at once.
 */
#ifndef TOME_APP_OUTPUT_H
#define TOME_APP_OUTPUT_H

#include "app/app.h"

typedef struct tome_output_volume {
  const char *name; /* "image", or the label map's name */
  bool is_label;
  tome_dtype dtype;
  const void *voxels; /* packed, C order (z, y, x), of the item's grid */
} tome_output_volume;

/* A fact that goes along with an item: an attribute in HDF5, an entry in npz and in the JSON beside an npy. */
typedef struct tome_output_fact {
  const char *name;   /* "seed", "position" … */
  const char *text;   /* a text, or NULL: the numbers */
  const double *many; /* `count` numbers */
  size_t count;
} tome_output_fact;

typedef struct tome_output_item {
  const char *id;
  int64_t n; /* which patch of the case; -1: the case's whole result (or its one box) */
  tome_geometry geometry;
  const tome_output_volume *volumes; /* the image first */
  size_t volume_count;
  const char *units;       /* of the image: "HU" or "" */
  const char *recipe;      /* canonical text, a step a line; "" where there is none */
  const char *recipe_hash; /* "" where there is none */
  const char *voxel_hash;  /* of the stored image */
  const tome_output_fact *facts;
  size_t fact_count;
} tome_output_item;

typedef struct tome_output_options {
  bool force; /* overwrite what is there */
  bool
      stacked; /* archives: one data set of all items, first axis n (patches of one shape), in place of a group a case */
  int64_t items; /* stacked: how many will come at most (0: unknown) */
  int threads;   /* for compressing one item; 0: 1 */
} tome_output_options;

typedef struct tome_output tome_output;
/* Fails before anything is computed: unknown ending, template that would give two items one name, target exists. */
TOME_MUST_USE tome_output *tome_output_open(const char *pattern, const tome_output_options *opt, tome_error *err);
/* True where the item is there already, made by the same recipe from the same voxels with the same facts: nothing to compute. Looks at id, n, recipe_hash,
 * voxel_hash and facts only. */
bool tome_output_has(const tome_output *o, const tome_output_item *item);
TOME_MUST_USE bool tome_output_put(tome_output *o, const tome_output_item *item, tome_error *err);
/* Finishes an archive (fsync, rename). After a failure, or without this call, tome_output_close leaves no archive behind. */
TOME_MUST_USE bool tome_output_commit(tome_output *o, tome_error *err);
void tome_output_close(tome_output *o);

#endif
