/* convert.h - what the files of `tome convert` share: inputs.c finds what is to be read, volumes.c reads it, targets.c says where it goes, convert.c does it. */
#ifndef TOME_APP_CONVERT_H
#define TOME_APP_CONVERT_H

#include "app/app.h"
#include "app/template.h"
#include "app/values.h"

/* Files that are read together: one file, a folder of slices, or all inputs of a stack. */
typedef struct tome_unit {
  const char **paths;
  size_t count;
  const char *name;  /* what {name} stands for */
  const char *shown; /* what messages call it */
} tome_unit;

typedef struct tome_units {
  tome_unit *items;
  size_t count, cap;
  tome_arena arena;
} tome_units;
void tome_units_clear(tome_units *u);
/* Expands folders and patterns. `together`: all of it is one unit called `name`. Otherwise each file is one, and a folder of slices that know where they lie (DICOM)
 * is one. Natural order. */
TOME_MUST_USE bool tome_units_find(const char *const *inputs, size_t count, bool together, const char *name,
                                   const tome_run *run, tome_units *out, tome_error *err);

/* ---- volumes.c --- */
/* The voxels of a stacked volume as its files have them (tome_load, as stored), all samples side by side. */
TOME_MUST_USE bool tome_load_samples(const tome_stacked *s, const char *shown, const tome_run *run, tome_volume *out,
                                     tome_error *err);
/* False, with its sentence, where a file of the unit is damaged, or its only file is no image. */
TOME_MUST_USE bool tome_unit_passed(const tome_unit *u, const tome_pieces *p, tome_error *err);
/* The one picture that a unit is, colours of a palette in place of its indices: shape (1, y, x). */
TOME_MUST_USE bool tome_unit_picture(const tome_unit *u, const tome_run *run, tome_volume *out, tome_error *err);

/* ---- hdf5_file.c --- */
/* Copies the HDF5 file `path` into a draft, so that a data set can be added; refuses what is damaged, or being written. */
TOME_MUST_USE bool tome_hdf5_copy(const char *path, int draft, tome_error *err);
/* Writes a volume as one array of an HDF5 file at `path` (a draft): (z, y, x) or (z, y, x, samples), without z where it is a picture; a chunk a slice. `add`: to
 * what the file holds; `replace`: in place of what it holds by that name. */
TOME_MUST_USE bool tome_write_hdf5(const char *path, const char *array, bool add, bool replace, const tome_volume *v,
                                   const tome_write_options *o, const tome_run *run, tome_error *err);

/* Where results go. */
typedef struct tome_target {
  const tome_format *format;
  const char *array;   /* HDF5: the data set in the file */
  bool added;          /* it was named: other data sets of a file that is there stay */
  const char *pattern; /* of names; without places: the one file */
  tome_template names;
  bool many;     /* each input gets a file of its own */
  bool invented; /* the pattern was made from a folder's name: {z} may be added where slices need it */
  bool folders;  /* each volume is a folder of files */
  size_t ending; /* bytes of the extension */
  tome_arena arena;
} tome_target;
void tome_target_clear(tome_target *t);
/* `to` NULL: by the output's ending, or for a folder by a format's name in its own ("label_npy/"). Fails where nothing says the format, or it cannot be written. */
TOME_MUST_USE bool tome_target_of(const char *output, const char *to, bool labels, tome_target *out, tome_error *err);

/* ---- convert_load.c --- */
/* All samples of a stacked volume, side by side; of labels the values as the files have them, {0,255} too. `how->sample` counts for nothing. */
TOME_MUST_USE bool tome_convert_load(const tome_stacked *s, const tome_load_options *how, const tome_run *run,
                                     tome_volume *out, tome_error *err);
/* A volume whose voxels come while it is being written. */
typedef struct tome_inflow {
  tome_filling filling;
  tome_piece piece;
  void *data;
  size_t bytes;
  const char *name;
} tome_inflow;
/* Reserves the volume and starts to decode its one array; only where tome_load_is_decoding. End it before the volume is cleared. */
TOME_MUST_USE bool tome_inflow_start(const tome_stacked *s, const char *name, const tome_run *run, tome_inflow *in,
                                     tome_volume *out, tome_error *err);
void tome_inflow_end(tome_inflow *in); /* also of a zeroed one: the cleanup */
/* A drawing's structures: their values (segments keep their numbers, regions are 1, 2 …) and names, in `a`. */
TOME_MUST_USE bool tome_drawn_names(const tome_drawing *d, tome_arena *a, tome_write_name **out, tome_error *err);
/* The map of all structures, or the 0/1 mask of number `only` (from 0; SIZE_MAX: all), on `grid` (NULL: the drawing's own). TOME_VALUE where structures overlap. */
TOME_MUST_USE bool tome_drawn_load(const tome_drawing *d, const tome_write_name *names, size_t only,
                                   const tome_geometry *grid, double threshold, const tome_run *run, tome_volume *out,
                                   tome_error *err);

#endif
