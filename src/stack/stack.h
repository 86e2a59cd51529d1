/*
 * stack.h - pieces into volumes: grouping into series, ordering along the normal, gaps, duplicates, uneven steps, tilt.
 *
 * The geometry contract (CONTRIBUTING, "never silently wrong"): each fault is refused by default with a sentence that names the
 * number and the remedy, is repaired when told, and the repair is on record.
 */
#ifndef TOME_STACK_H
#define TOME_STACK_H

#include "format/format.h"
#include "record/record.h"

typedef struct tome_stack_options {
  tome_gap gap;
  tome_duplicate duplicate;
  tome_uneven uneven;
  const char *series; /* only this SeriesInstanceUID; NULL: all */
  double spacing[3];  /* for pieces without geometry (PNG); 0: not given */
  const tome_geometry
      *like;   /* take the geometry from this image where the pieces carry none and the shape fits; NULL: no */
  bool labels; /* interpolate by nearest, not linear, in repairs */
  bool colour; /* pictures of several samples a voxel may be stacked: tome_load takes them one at a time */
} tome_stack_options;

/* Where one output slice comes from: pieces[a] and pieces[b], value = (1-w)*a + w*b. a == b: as it is. */
typedef struct tome_slice_source {
  size_t a, b; /* indices into tome_stacked.order */
  double w;
} tome_slice_source;

/* One volume that could be made, not yet decoded. Borrowed pieces: the tome_pieces must outlive it. */
typedef struct tome_stacked {
  tome_geometry geometry;
  const tome_piece **order; /* the input slices along z (or the one 3-D piece) */
  size_t order_count;
  tome_slice_source *slices; /* one an output slice; NULL for a 3-D piece */
  const char *series_uid;    /* "" where the format has none */
  double tilt_degrees;       /* 0 where straight */
  tome_repair *repairs;
  size_t repair_count, repair_cap;
  const char **notes; /* sentences: identical duplicates dropped, tilt kept, sform used … */
  size_t note_count, note_cap;
} tome_stacked;

/* A group of pieces that was refused. */
typedef struct tome_stack_fault {
  tome_code code;
  const char *series_uid;
  const char *path; /* one of its files */
  const char *text; /* what, the number, the remedy */
} tome_stack_fault;

typedef struct tome_stack_result {
  tome_stacked *volumes;
  size_t volume_count, volume_cap;
  tome_stack_fault *faults;
  size_t fault_count, fault_cap;
  tome_arena arena;
} tome_stack_result;
void tome_stack_result_clear(tome_stack_result *r);

/* Groups and orders. Faults of one group do not stop the others: they are in out->faults. Volumes come in natural order of their
 * first file; the order of `pieces` changes nothing. Reads pixels only to tell whether two images at one position are identical.
 *
 *  - A volume is one series of one orientation, matrix, pixel spacing, modality and number of channels; where images share positions, also of one
 *    temporal position, acquisition or image type, if that leaves one image a position. A single localizer among a larger series is a note.
 *  - A slice may lie 2 % of the step or 0.1 mm (whichever is more, at most 10 % of the step) from the even grid (spacing.c).
 *  - Steps that are whole multiples of one are missing slices (opt->gap); anything else is uneven (opt->uneven).
 *  - uneven=resample keeps the first and the last slice; the step is their distance divided into the whole number of steps nearest to
 *    the median one. A repair that would make more than 4 slices of each is refused.
 *  - A single slice is a volume whose z spacing is its thickness, or 1 mm.
 *  - Slices with no geometry and no series (PNG) are one stack by the numbers in their names; a number left out is a missing slice.
 *  - 3-D pieces are volumes of their own; so is each frame of a 4-D file, in order.
 *
 * False only where the run was cancelled or there is no memory. */
TOME_MUST_USE bool tome_stack(const tome_pieces *pieces, const tome_stack_options *opt, const tome_run *run,
                              tome_stack_result *out, tome_error *err);

/* How to turn stored values into voxels. */
typedef struct tome_load_options {
  bool labels;      /* integral values only, uint8 or uint16; no padding, no HU */
  double threshold; /* labels, > 0: value >= threshold becomes 1 */
  const char *name; /* for messages: the case or the file */
  int sample;       /* which one, of pieces with several a voxel */
  bool
      as_stored; /* images: any element type as the files have it, where they say nothing of a scale or of padding; else as ever */
} tome_load_options;

/* True where loading such a volume is no more than decoding its one array: its memory may be looked at while it is being filled. */
bool tome_load_is_decoding(const tome_stacked *s, const tome_load_options *opt);

typedef struct tome_loaded {
  tome_volume
      volume; /* images: TOME_U8 (only where every piece is unscaled uint8), TOME_I16 where exact, else TOME_F32; labels: TOME_U8 or TOME_U16 */
  uint64_t padding; /* voxels that were padding, now air (-1024 for CT, else the smallest value that is not padding) */
  uint8_t *padding_mask; /* one bit a voxel (bit i&7 of byte i>>3), NULL where padding == 0; malloc'd */
  bool binary_255;       /* labels: the values were {0,255} and are now {0,1} */
} tome_loaded;
void tome_loaded_clear(tome_loaded *l);

/* Decodes on all cores, rescales in double slice by slice, replaces padding, checks labels. Peak memory: the volume, plus one slice a
 * thread (2-D; three where slices are interpolated) or the stored array where its type differs (3-D).
 *
 *  - int16 comes out where every value of every slice is a whole number of int16, padding apart; interpolated slices are then rounded.
 *  - Padding is what the piece says, or in CT without such a tag the stored value -2000. Interpolation never mixes it: the nearer
 *    slice decides.
 *  - Labels that are not whole within 1e-3, negative or over 65535 are TOME_VALUE, naming value and voxel; so is an 8-bit mask of more than
 *    16 gray levels most of whose foreground is 240 or more (smoothed, JPEG), and any lossily compressed piece, unless a threshold is given.
 *  - Not polled while one file is decoded: `run->stop` is asked before each slice, or part of a 3-D array. */
TOME_MUST_USE bool tome_load(const tome_stacked *s, const tome_load_options *opt, const tome_run *run, tome_loaded *out,
                             tome_error *err);

#endif
