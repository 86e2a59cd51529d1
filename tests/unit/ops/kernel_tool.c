/* kernel_tool - one resampling of a raw file, for comparison with other tools.
 *
 *   kernel_tool IN.raw TYPE NZ,NY,NX SZ,SY,SX OUT.raw TYPE PROFILE ORDER FILL Z Y X [edge=fill|clamp|mirror] [gauss] [clip=LO,HI]
 *               [separate] [threads=N] [box=Z0:Z1,Y0:Y1,X0:X1] [just]
 *
 * Z, Y, X: t1.5 (to a spacing), z0.5 (by a scale), n34 (to a size), k (kept). `just` gives the kernel no more than the box it needs.
 * Prints shape, spacing and shift an axis, one a line. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "ops/kernel.h"

typedef struct job {
  int64_t n[3];
  double s[3];
  tome_dtype in_type, out_type;
  tome_profile profile;
  tome_resample r;
  tome_box box;
  tome_run run;
  bool just;
} job;

static tome_dtype type_of(const char *name) {
  for (tome_dtype t = TOME_U8; t <= TOME_F64; t++)
    if (strcmp(name, tome_dtype_name(t)) == 0) return t;
  return TOME_NONE;
}

static bool parse_axis(const job *j, int a, const char *text, tome_axis *out, tome_error *err) {
  const double v = atof(text + 1);
  if (text[0] == 't') return tome_axis_to_spacing(j->profile, j->n[a], j->s[a], v, out, err);
  if (text[0] == 'z') return tome_axis_to_scale(j->profile, j->n[a], j->s[a], v, out, err);
  if (text[0] == 'n') return tome_axis_to_size(j->profile, j->n[a], j->s[a], (int64_t)v, out, err);
  *out = tome_axis_keep(j->n[a], j->s[a]);
  return true;
}

static bool parse_option(job *j, const char *text, tome_error *err) {
  static const char *const edges[] = {"edge=fill", "edge=clamp", "edge=mirror"};
  double spacing[3];
  for (int a = 0; a < 3; a++) {
    for (int e = 0; e < 3; e++)
      if (strcmp(text, edges[e]) == 0) j->r.axis[a].edge = (tome_edge)e;
    if (strcmp(text, "gauss") == 0) j->r.sigma[a] = tome_antialias_sigma(&j->r.axis[a]);
    spacing[a] = j->r.axis[a].spacing;
  }
  if (strcmp(text, "just") == 0) j->just = true;
  if (strncmp(text, "clip=", 5) == 0) sscanf(text + 5, "%lf,%lf", &j->r.lo, &j->r.hi);
  if (strncmp(text, "threads=", 8) == 0) j->run.threads = atoi(text + 8);
  if (strcmp(text, "separate") == 0) {
    const int axis = tome_nnunet_separate_axis(j->s, spacing);
    if (axis >= 0) j->r.order[axis] = 0;
  }
  if (strncmp(text, "box=", 4) != 0) return true;
  const int64_t shape[3] = {j->r.axis[0].out, j->r.axis[1].out, j->r.axis[2].out};
  return tome_box_parse(text + 4, shape, &j->box, err);
}

static bool parse(job *j, int argc, char **argv, tome_error *err) {
  long long n[3];
  if (argc < 13 || sscanf(argv[3], "%lld,%lld,%lld", &n[0], &n[1], &n[2]) != 3 ||
      sscanf(argv[4], "%lf,%lf,%lf", &j->s[0], &j->s[1], &j->s[2]) != 3 || !tome_profile_parse(argv[7], &j->profile))
    return tome_fail(err, TOME_USAGE, "arguments");
  j->in_type = type_of(argv[2]);
  j->out_type = type_of(argv[6]);
  tome_axis axis[3];
  int64_t shape[3];
  for (int a = 0; a < 3; a++) {
    j->n[a] = n[a];
    if (!parse_axis(j, a, argv[10 + a], &axis[a], err)) return false;
    shape[a] = axis[a].out;
  }
  j->r = tome_resample_init(j->profile, axis, atoi(argv[8]), atof(argv[9]));
  j->box = tome_box_of_shape(shape);
  for (int k = 13; k < argc; k++)
    if (!parse_option(j, argv[k], err)) return false;
  return true;
}

/* A packed copy of a box. */
static void *cut(const void *from, const int64_t n[3], const tome_box *b, size_t size, tome_error *err) {
  int64_t s[3];
  tome_box_shape(b, s);
  char *to = tome_alloc((size_t)tome_box_voxels(b), size, "cut", err);
  if (!to) return NULL;
  char *at = to;
  for (int64_t z = b->lo[0]; z < b->hi[0]; z++)
    for (int64_t y = b->lo[1]; y < b->hi[1]; y++, at += (size_t)s[2] * size)
      memcpy(at, (const char *)from + (size_t)((z * n[1] + y) * n[2] + b->lo[2]) * size, (size_t)s[2] * size);
  return to;
}

static bool run(const job *j, const char *in_path, const char *out_path, tome_error *err) {
  TOME_CLEANUP(tome_bytes_clear) tome_bytes in = {0};
  if (!tome_file_read(in_path, 0, &in, err)) return false;
  tome_box given = tome_box_of_shape(j->n);
  const size_t size = tome_dtype_size(j->in_type),
               bytes = (size_t)tome_box_voxels(&j->box) * tome_dtype_size(j->out_type);
  if (in.size != (size_t)tome_box_voxels(&given) * size) return tome_fail(err, TOME_USAGE, "size of %s", in_path);
  TOME_AUTO_FREE void *out = tome_alloc(bytes, 1, "out", err);
  if (!out) return false;
  TOME_AUTO_FREE void *part = NULL;
  if (j->just) {
    given = tome_resample_need(&j->r, &j->box);
    part = cut(in.data, j->n, &given, size, err);
    if (!part) return false;
  }
  if (!tome_resample_run(&j->r, part ? part : in.data, j->in_type, &given, out, j->out_type, &j->box, &j->run, err))
    return false;
  FILE *f = fopen(out_path, "wb");
  if (!f) return tome_fail_errno(err, "%s", out_path);
  const bool written = fwrite(out, 1, bytes, f) == bytes;
  return fclose(f) == 0 && written ? true : tome_fail_errno(err, "%s", out_path);
}

int main(int argc, char **argv) {
  job j = {0};
  tome_error err = {0};
  if (!parse(&j, argc, argv, &err) || !run(&j, argv[1], argv[5], &err)) {
    fprintf(stderr, "kernel_tool: %s\n", err.message);
    return 1;
  }
  for (int a = 0; a < 3; a++)
    printf("%lld %.17g %.17g\n", (long long)j.r.axis[a].out, j.r.axis[a].spacing, j.r.axis[a].shift);
  return 0;
}
