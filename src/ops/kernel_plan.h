/* One box of a resampling made ready: its three lines, the order of the passes, the memory they use. Private to the kernel. */
#ifndef TOME_OPS_KERNEL_PLAN_H
#define TOME_OPS_KERNEL_PLAN_H

#include "ops/kernel_plane.h"

typedef struct tome_passes {
  const tome_resample *r;
  tome_line line[3];
  bool z_first, y_first;
  size_t n[3];     /* samples read an axis */
  size_t count[3]; /* outputs an axis, those that are not fill */
  tome_source in;  /* at the first sample read; stride between rows */
  size_t in_slice; /* elements between slices */
  tome_sink out;   /* at the first output; stride between rows */
  size_t out_slice;
  float *volume; /* between the plane's passes and a spline's along z */
  tome_scratch *scratch;
} tome_passes;

/* For the outputs of `inner` (none of them fill). A zeroed plan can be cleared. */
TOME_MUST_USE bool tome_passes_init(tome_passes *p, const tome_resample *r, const tome_box *inner, tome_error *err);
void tome_passes_clear(tome_passes *p);
/* Scratch for each worker, and the intermediate volume where there is one. */
TOME_MUST_USE bool tome_passes_alloc(tome_passes *p, int threads, tome_error *err);
size_t tome_passes_bytes(const tome_passes *p, int threads);
/* Floats of one slice of the intermediate volume, and how many slices it has (0: none is needed). */
size_t tome_passes_volume_plane(const tome_passes *p);
size_t tome_passes_volume_slices(const tome_passes *p);

/* Slice z of what is read and of what is written. */
tome_source tome_passes_in(const tome_passes *p, size_t z);
tome_sink tome_passes_out(const tome_passes *p, size_t z);
/* One slice: n[Y] rows of n[X] samples to count[Y] rows of count[X] outputs. */
void tome_passes_plane(const tome_passes *p, const tome_source *in, const tome_sink *out, tome_scratch *s);

/* The ways to run one (kernel_run.c): z summed of one or two slices as they come; a spline along z through an intermediate volume; voxels copied. */
TOME_MUST_USE bool tome_passes_stream(tome_passes *p, const tome_run *run, tome_error *err);
TOME_MUST_USE bool tome_passes_through_volume(tome_passes *p, const tome_run *run, tome_error *err);
TOME_MUST_USE bool tome_passes_copy(tome_passes *p, const tome_run *run, tome_error *err);

#endif
