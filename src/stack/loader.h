/* loader.h - what load.c, slices.c and labels.c share while one volume is loaded. Not for other modules. */
#ifndef TOME_STACK_LOADER_H
#define TOME_STACK_LOADER_H

#include <stdatomic.h>

#include "base/threads.h"
#include "stack/rescale.h"
#include "stack/stack.h"

/* What the voxels are to become. The integer ones are attempts: where a value does not fit, all is done again as the next. */
typedef enum tome_goal {
  TOME_GOAL_U8,        /* images of unscaled uint8 */
  TOME_GOAL_AS_STORED, /* opt->as_stored, where all pieces are of one type, unscaled and without padding */
  TOME_GOAL_I16,       /* images, where every value is a whole number of int16 */
  TOME_GOAL_F32,       /* images, anything */
  TOME_GOAL_LABEL8,    /* labels up to 255 */
  TOME_GOAL_LABEL16,   /* labels up to 65535 */
  TOME_GOAL_THRESHOLD  /* labels: value >= threshold */
} tome_goal;

enum { TOME_LABEL_VALUES = 65536 };

/* One thread's own. */
typedef struct tome_load_worker {
  void *stored;     /* one slice as decoded (slices only) */
  void *voxels[2];  /* two slices as voxels, for interpolation */
  uint8_t *bits[2]; /* padding of a slice, or of a part of a 3-D array */
  uint64_t padding; /* voxels counted */
  uint64_t *counts; /* labels up to 255: voxels of each value */
} tome_load_worker;

typedef struct tome_loader {
  const tome_stacked *s;
  const tome_load_options *opt;
  const tome_run *run;
  tome_goal goal;
  tome_dtype dtype; /* of the voxels, by goal */
  size_t voxels;    /* in all */
  size_t slice;     /* in one z */
  char *data;       /* the voxels in the making */
  uint8_t *mask;    /* padding of the whole volume; NULL where no piece has any */
  bool ct;
  atomic_bool misfit; /* the goal cannot be reached: not a failure */
  tome_load_worker *workers;
  int worker_count;
} tome_loader;

/* sample.c: the stored values of a piece of `voxels` voxels; where it has several samples a voxel, those of number `sample`. */
TOME_MUST_USE bool tome_load_decode(const tome_piece *p, int sample, size_t voxels, void *out, tome_error *err);

/* slices.c: one output slice z, from its one or two pieces. For tome_parallel. */
bool tome_load_slice(void *ctx, size_t z, int worker, tome_error *err);
/* Stored values into voxels at `out`, which is where voxel `first` of the volume goes. `bits` marks padding (NULL: none).
 * `stored` may be `out` where the types are equal. False with `misfit` set, or with err. */
TOME_MUST_USE bool tome_load_convert(tome_loader *l, tome_load_worker *w, const tome_piece *p, const void *stored,
                                     size_t n, size_t first, const uint8_t *bits, void *out, tome_error *err);
/* Range of stored values of this piece that are padding; false: none. */
bool tome_load_padding_range(const tome_loader *l, const tome_piece *p, double *lo, double *hi);
/* True where this piece's stored values are the voxels. */
bool tome_load_verbatim(const tome_loader *l, const tome_piece *p);

/* labels.c: the same for the label goals, with their checks. */
TOME_MUST_USE bool tome_load_labels(tome_loader *l, tome_load_worker *w, const tome_piece *p, const void *stored,
                                    size_t n, size_t first, void *out, tome_error *err);
/* Before anything is loaded: labels whose values a lossy code has changed are refused, unless there is a threshold. */
TOME_MUST_USE bool tome_load_refuse_lossy(const tome_loader *l, tome_error *err);
/* Once all is loaded: makes {0,255} {0,1}; refuses gray masks. */
TOME_MUST_USE bool tome_load_finish_labels(tome_loader *l, bool *binary_255, tome_error *err);

#endif
