/* A volume as one array of an HDF5 file: what `tome convert` writes to file.h5:/name. */
#include <string.h>

#include "app/convert.h"
#include "store/array_file.h"

enum { LEVEL = 4 }; /* of deflate, where nobody asks */

typedef struct putting {
  tome_array_file *file;
  const tome_volume *v;
  size_t row_bytes;
} putting;

static bool put_row(void *ctx, size_t row, int worker, tome_error *err) {
  (void)worker;
  const putting *p = ctx;
  return tome_array_file_put(p->file, (int64_t)row, (const char *)p->v->data + row * p->row_bytes, err);
}

bool tome_write_hdf5(const char *path, const char *array, const tome_volume *v, const tome_write_options *o,
                     const tome_run *run, tome_error *err) {
  const int64_t *shape = v->geometry.shape, channels = v->channels > 1 ? v->channels : 1;
  const bool picture = o->picture && shape[0] == 1;
  const int64_t all[4] = {shape[0], shape[1], shape[2], channels};
  tome_array_spec spec = {.name = array,
                          .dtype = v->dtype,
                          .dims = (channels > 1 ? 4 : 3) - picture,
                          .whole = picture,
                          .level = o->level < 0 ? 0
                                   : o->level   ? o->level
                                                : LEVEL,
                          .checksum = true,
                          .geometry = picture || o->unplaced ? NULL : &v->geometry,
                          .units = o->units};
  memcpy(spec.shape, all + picture, (size_t)spec.dims * sizeof *all);
  putting p = {.file = tome_array_file_new(path, &spec, err), .v = v};
  if (!p.file) return false;
  p.row_bytes = (size_t)(shape[1] * shape[2] * channels) * tome_dtype_size(v->dtype);
  if (tome_parallel(run, picture ? 1 : (size_t)shape[0], put_row, &p, err)) return tome_array_file_finish(p.file, err);
  tome_array_file_free(p.file);
  return false;
}
