/* A volume as a NumPy archive: "image" (or "labels"), and where it lies as "spacing", "origin", "direction" and "affine", as src/app writes results. */
#include <stdio.h>
#include <string.h>

#include "base/zip_write.h"
#include "format/head.h"
#include "format/numpy/npz.h"

static bool put(tome_zip_writer *zip, const char *entry, tome_dtype type, int dims, const int64_t *dim,
                const void *data, size_t bytes, bool stored, tome_error *err) {
  char descr[8];
  uint8_t head[NPY_HEADER];
  tome_npy_descr(type, descr);
  const size_t size = tome_npy_header_write(descr, dims, dim, head);
  const tome_zip_part parts[2] = {{head, size}, {data, bytes}};
  return tome_zip_writer_add(zip, entry, parts, 2, stored, NULL, err);
}

static bool put_reals(tome_zip_writer *zip, const char *entry, int dims, int64_t n, const double *v, tome_error *err) {
  const int64_t dim[2] = {n, n};
  const size_t count = (size_t)(dims == 2 ? n * n : n);
  return put(zip, entry, TOME_F64, dims, dim, v, count * sizeof *v, false, err);
}

static bool put_geometry(tome_zip_writer *zip, const tome_geometry *g, tome_error *err) {
  double affine[4][4];
  tome_geometry_to_ras_affine(g, affine);
  return put_reals(zip, "spacing.npy", 1, 3, g->spacing, err) && put_reals(zip, "origin.npy", 1, 3, g->origin, err) &&
         put_reals(zip, "direction.npy", 2, 3, &g->direction[0][0], err) &&
         put_reals(zip, "affine.npy", 2, 4, &affine[0][0], err);
}

static bool put_all(tome_zip_writer *zip, const tome_volume *v, const tome_write_options *o, size_t bytes,
                    tome_error *err) {
  const int64_t *shape = v->geometry.shape, channels = v->channels > 1 ? v->channels : 1;
  const int64_t dim[4] = {shape[0], shape[1], shape[2], channels};
  const int first = o->picture && shape[0] == 1 ? 1 : 0;
  const char *entry = o->is_label ? "labels.npy" : "image.npy";
  return put(zip, entry, v->dtype, (channels > 1 ? 4 : 3) - first, dim + first, v->data, bytes, o->level < 0, err) &&
         (first || o->unplaced || put_geometry(zip, &v->geometry, err)) && tome_zip_writer_finish(zip, err);
}

bool tome_npz_write(int fd, const char *name, const tome_volume *v, const tome_write_options *opt, tome_error *err) {
  static const tome_write_options plain = {0};
  const size_t element = tome_dtype_size(v->dtype) * (size_t)(v->channels > 1 ? v->channels : 1);
  size_t bytes;
  if (!tome_shape_bytes(v->geometry.shape, element, &bytes))
    return tome_fail(err, TOME_USAGE, "%s: a volume without voxels cannot be written", name);
  tome_zip_writer *zip = tome_zip_writer_new(fd, name, err);
  const bool ok = zip && put_all(zip, v, opt ? opt : &plain, bytes, err);
  tome_zip_writer_free(zip);
  return ok;
}
