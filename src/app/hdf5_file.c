/* A volume as one array of an HDF5 file: what `tome convert` writes to file.h5:/name. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "app/convert.h"
#include "store/array_file.h"

enum { LEVEL = 4, AT_ONCE = 1 << 30 }; /* of deflate, where nobody asks; bytes copied at once */

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

/* The HDF5 library does not survive every damaged file: our own reader looks at all of it first. */
static bool sound(const char *path, tome_error *err) {
  TOME_CLEANUP(tome_pieces_clear) tome_pieces p = {0};
  const tome_format *f = tome_format_of(path, err);
  if (!f)
    return err && err->code ? false : tome_fail(err, TOME_CORRUPT, "%s: is no HDF5 file that could be added to", path);
  if (!f->elsewhere)
    return tome_fail(err, TOME_USAGE, "%s: is %s, and a data set can be added to HDF5 only", path, f->title);
  if (!f->describe(path, &p, err)) return false;
  for (size_t i = 0; i < p.passed_count; i++)
    if (p.passed[i].damaged)
      return tome_fail(err, TOME_CORRUPT, "%s: %s; nothing is added to a damaged file", path, p.passed[i].text);
  return true;
}

static void close_file(const int *fd) {
  if (*fd >= 0) close(*fd);
}

/* Shares the blocks where the file system can. */
static bool copy_all(const char *path, int from, int to, tome_error *err) {
  for (;;) {
    const ssize_t n = copy_file_range(from, NULL, to, NULL, AT_ONCE, 0);
    if (n == 0) return true;
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && (errno == EXDEV || errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP)) break;
    if (n < 0) return tome_fail_errno(err, "%s: cannot be copied", path);
  }
  char block[1 << 16];
  for (;;) {
    const ssize_t n = read(from, block, sizeof block);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return tome_fail_errno(err, "%s: cannot be read", path);
    if (n == 0) return true;
    if (!tome_write_all(to, block, (size_t)n, path, err)) return false;
  }
}

bool tome_hdf5_copy(const char *path, int draft, tome_error *err) {
  if (!sound(path, err)) return false;
  TOME_CLEANUP(close_file) const int from = open(path, O_RDONLY | O_CLOEXEC);
  if (from < 0) return tome_fail_errno(err, "%s: cannot be read", path);
  if (flock(from, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK)
    return tome_fail(err, TOME_IO, "%s: is being written by another program; try again once that is done", path);
  return copy_all(path, from, draft, err);
}

bool tome_write_hdf5(const char *path, const char *array, bool add, bool replace, const tome_volume *v,
                     const tome_write_options *o, const tome_run *run, tome_error *err) {
  const int64_t *shape = v->geometry.shape, channels = v->channels > 1 ? v->channels : 1;
  const bool picture = o->picture && shape[0] == 1;
  const int64_t all[4] = {shape[0], shape[1], shape[2], channels};
  tome_array_spec spec = {.name = array,
                          .add = add,
                          .replace = replace,
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
