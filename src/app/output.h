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
  const char *map; /* the label map it is or comes from; NULL: not known, or an image */
  int32_t value;   /* > 0: only this value of the map, as a 0/1 mask */
  tome_dtype dtype;
  int channels;       /* samples a voxel, side by side (RGB); 0 means 1. More where tome_output_takes_colours only */
  const void *voxels; /* packed, C order (z, y, x), of the item's grid */
} tome_output_volume;

/* A fact that goes along with an item: an attribute in HDF5, an entry in npz and in the JSON beside an npy. */
typedef struct tome_output_fact {
  const char *name;   /* "seed", "position" … */
  const char *text;   /* a text, or NULL: the numbers */
  const double *many; /* `count` numbers; one alone is kept as a scalar */
  size_t count;
  bool common; /* the same for all items (texts only): stacked archives tell it of themselves too */
} tome_output_fact;

typedef struct tome_output_item {
  const char *id;
  int64_t n; /* which patch of the case; -1: the case's whole result (or its one box) */
  tome_geometry geometry;
  const tome_output_volume *volumes; /* the image first */
  size_t volume_count;
  const char *units;         /* of the image: "HU" or "" */
  const char *recipe;        /* canonical text, a step a line; "" where there is none */
  const char *recipe_hash;   /* "" where there is none */
  const char *voxel_hash;    /* of the stored image */
  const tome_record *record; /* of the case, for formats that say where a volume comes from (DICOM); NULL: not known */
  const tome_output_fact *facts;
  size_t fact_count;
  int64_t
      row; /* stacked archives: its row, from 1, where that shall not depend on the order of puts; 0: the next one */
} tome_output_item;

typedef struct tome_output_options {
  bool force; /* overwrite what is there */
  bool
      stacked; /* archives: one data set of all items, first axis n (patches of one shape), in place of a group a case; means nothing elsewhere */
  int64_t items; /* stacked: how many will come at most (0: unknown) */
  int threads;   /* for compressing one item; 0: 1 */
  int64_t cases; /* how many cases items come from (0: unknown): more than one need {id} in a template */
} tome_output_options;

typedef struct tome_output tome_output;
/* Fails before anything is computed: unknown ending, template that would give two items one name, target exists. */
TOME_MUST_USE tome_output *tome_output_open(const char *pattern, const tome_output_options *opt, tome_error *err);
/* True where the item is there already, made by the same recipe from the same voxels with the same facts: nothing to compute. Looks at id, n, recipe_hash,
 * voxel_hash and facts only. */
bool tome_output_has(const tome_output *o, const tome_output_item *item);
/* Whether such an item can be written there: element types, {z}, a name that another item has taken, a file that is there already and not to be
 * overwritten. Before anything is computed: looks at all but the voxels, which may be NULL. Asking is not needed before putting. */
TOME_MUST_USE bool tome_output_fits(tome_output *o, const tome_output_item *item, tome_error *err);
/* What is written of an item: all of its volumes, or (a template that has neither {id} nor {n} nor {label}, which names one file) only the first. */
bool tome_output_wants_all(const tome_output *o);
/* Whether one volume alone can go there: not into npz and archives, which hold image and label maps together. */
bool tome_output_takes_one(const tome_output *o);
/* Whether an image of several samples a voxel (RGB) can go there: into .npy and the pictures that hold colours. */
bool tome_output_takes_colours(const tome_output *o);
/* The file that a volume of the item goes to (of PNG slices: the template with {z} left in it; of archives: the archive), in `arena`. */
TOME_MUST_USE const char *tome_output_path(const tome_output *o, const tome_output_item *item, size_t volume,
                                           tome_arena *arena, tome_error *err);
/* True where no later item could be written either (an archive on a full disk). */
bool tome_output_broken(const tome_output *o);
TOME_MUST_USE bool tome_output_put(tome_output *o, const tome_output_item *item, tome_error *err);
/* Finishes an archive (rename). After a failure, or without this call, tome_output_close leaves no archive behind. */
TOME_MUST_USE bool tome_output_commit(tome_output *o, tome_error *err);
void tome_output_close(tome_output *o);

#endif
