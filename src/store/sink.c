/* The driver: pwrite, and a note of the first failure. */
#include "store/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BEHIND = 8 << 20 }; /* bytes written before the kernel is asked to begin with them */

/* HDF5 knows the first member only. */
typedef struct sink_file {
  H5FD_t base;
  int fd, *failed;
  bool soon;
  haddr_t end_allocated, end, begun;
  tome_sink_later *later; /* what shall be put off */
} sink_file;

/* What H5Pset_driver carries to sink_open; HDF5 copies it byte by byte. */
typedef struct sink_access {
  bool soon;
  int *failed;
} sink_access;

/* A file that is empty stays untouched: of one that was ever cut to nothing, ext4 finds blocks for all that was written and begins with it before it lets the
 * file be closed. */
static bool is_emptied(int fd, const struct stat *st) { return st->st_size == 0 || ftruncate(fd, 0) == 0; }

static H5FD_t *sink_open(const char *name, unsigned flags, hid_t access, haddr_t most) {
  (void)most;
  const sink_access *a = H5Pget_driver_info(access);
  const bool anew = flags & H5F_ACC_CREAT;
  struct stat st;
  if (!a || !(flags & H5F_ACC_RDWR)) return NULL;
  sink_file *f = calloc(1, sizeof *f);
  if (!f) return NULL;
  f->fd = open(name, O_RDWR | (anew ? O_CREAT : 0) | O_CLOEXEC, 0666);
  f->failed = a->failed;
  f->soon = a->soon;
  if (f->fd >= 0 && fstat(f->fd, &st) == 0 && (!anew || is_emptied(f->fd, &st))) {
    if (!anew) f->end = f->begun = (haddr_t)st.st_size;
    return &f->base;
  }
  *a->failed = errno;
  if (f->fd >= 0) close(f->fd);
  free(f);
  return NULL;
}

static herr_t sink_close(H5FD_t *file) {
  sink_file *f = (sink_file *)file;
  if (close(f->fd) != 0 && !*f->failed) *f->failed = errno;
  free(f);
  return 0;
}

static herr_t sink_query(const H5FD_t *file, unsigned long *flags) {
  (void)file;
  *flags = H5FD_FEAT_AGGREGATE_METADATA | H5FD_FEAT_ACCUMULATE_METADATA | H5FD_FEAT_AGGREGATE_SMALLDATA |
           H5FD_FEAT_DEFAULT_VFD_COMPATIBLE;
  return 0;
}

static haddr_t sink_end_allocated(const H5FD_t *file, H5FD_mem_t type) {
  (void)type;
  return ((const sink_file *)file)->end_allocated;
}

static herr_t sink_set_end_allocated(H5FD_t *file, H5FD_mem_t type, haddr_t end) {
  (void)type;
  ((sink_file *)file)->end_allocated = end;
  return 0;
}

static haddr_t sink_end(const H5FD_t *file, H5FD_mem_t type) {
  (void)type;
  return ((const sink_file *)file)->end;
}

/* What was never written, or could not be, reads as zeros. */
static herr_t sink_read(H5FD_t *file, H5FD_mem_t type, hid_t transfer, haddr_t at, size_t size, void *out) {
  (void)type, (void)transfer;
  const sink_file *f = (sink_file *)file;
  memset(out, 0, size);
  for (size_t got = 0; got < size;) {
    const ssize_t n = pread(f->fd, (char *)out + got, size - got, (off_t)(at + got));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return -1;
    if (n == 0) break;
    got += (size_t)n;
  }
  return 0;
}

/* Asks for write-back of what has gathered. Advice: what it says does not matter. */
static void begin_writing_back(sink_file *f) {
  if (!f->soon || f->end < f->begun + BEHIND) return;
  (void)sync_file_range(f->fd, (off_t)f->begun, (off_t)(f->end - f->begun), SYNC_FILE_RANGE_WRITE);
  f->begun = f->end;
}

/* 0, or the errno. */
static int write_at(int fd, uint64_t at, size_t size, const void *data) {
  for (size_t put = 0; put < size;) {
    const ssize_t n = pwrite(fd, (const char *)data + put, size - put, (off_t)(at + put));
    if (n < 0 && errno != EINTR) return errno;
    if (n > 0) put += (size_t)n;
  }
  return 0;
}

static herr_t sink_write(H5FD_t *file, H5FD_mem_t type, hid_t transfer, haddr_t at, size_t size, const void *data) {
  (void)type, (void)transfer;
  sink_file *f = (sink_file *)file;
  if (f->later && f->later->data == data)
    *f->later = (tome_sink_later){.data = data, .fd = f->fd, .at = at, .size = size};
  else if (!*f->failed)
    *f->failed = write_at(f->fd, at, size, data);
  if (!*f->failed) begin_writing_back(f); /* with what was written before: this may be still to come */
  if (at + size > f->end) f->end = at + size;
  return 0;
}

/* HDF5 writes the allocated end into the file and wants the file to be that long. */
static herr_t sink_truncate(H5FD_t *file, hid_t transfer, hbool_t closing) {
  (void)transfer, (void)closing;
  sink_file *f = (sink_file *)file;
  if (!*f->failed && ftruncate(f->fd, (off_t)f->end_allocated) != 0) *f->failed = errno;
  f->end = f->end_allocated;
  return 0;
}

/* H5Fget_vfd_handle: the driver's own. */
static herr_t sink_handle(H5FD_t *file, hid_t access, void **handle) {
  (void)access;
  *handle = file;
  return 0;
}

static const H5FD_class_t driver = {
    .name = "tome_writing",
    .maxaddr = (haddr_t)INT64_MAX,
    .fc_degree = H5F_CLOSE_STRONG,
    .fapl_size = sizeof(sink_access),
    .open = sink_open,
    .close = sink_close,
    .query = sink_query,
    .get_eoa = sink_end_allocated,
    .set_eoa = sink_set_end_allocated,
    .get_eof = sink_end,
    .get_handle = sink_handle,
    .read = sink_read,
    .write = sink_write,
    .truncate = sink_truncate,
    .fl_map = H5FD_FLMAP_DICHOTOMY,
};

void tome_sink_put_off(hid_t file, tome_sink_later *later) {
  void *f;
  if (H5Fget_vfd_handle(file, H5P_DEFAULT, &f) >= 0) ((sink_file *)f)->later = later;
}

int tome_sink_catch_up(const tome_sink_later *later) {
  return later->size ? write_at(later->fd, later->at, later->size, later->data) : 0;
}

/* Registered once and kept, for the reason that driver.c gives: HDF5 reads the class once more after letting go of it. Under HDF5's lock. */
static hid_t registered(void) {
  static hid_t id = H5I_INVALID_HID;
  if (H5Iget_type(id) != H5I_VFL) id = H5FDregister(&driver);
  return id;
}

/* An access list with the driver. */
static hid_t through_sink(const sink_access *to, tome_error *err) {
  const hid_t access = tome_h5_access(err);
  if (access < 0) return H5I_INVALID_HID;
  const hid_t id = registered();
  if (id >= 0 && H5Pset_driver(access, id, to) >= 0) return access;
  H5Pclose(access);
  tome_h5_fail(err, TOME_NO_MEMORY, "HDF5 takes no file driver");
  return H5I_INVALID_HID;
}

static hid_t opened(hid_t file, const char *path, const int *failed, const char *what, tome_error *err) {
  if (file >= 0) return file;
  if (*failed) {
    errno = *failed;
    tome_fail_errno(err, "%s: cannot be %s", path, what);
  }
  tome_h5_fail(err, TOME_IO, "%s: cannot be %s", path, what);
  return H5I_INVALID_HID;
}

hid_t tome_sink_create(const char *path, bool soon, int *failed, tome_error *err) {
  const sink_access to = {soon, failed};
  *failed = 0;
  TOME_H5_ID access = through_sink(&to, err);
  if (access < 0) return H5I_INVALID_HID;
  TOME_H5_ID how = H5Pcreate(H5P_FILE_CREATE);
  H5Pset_obj_track_times(how, 0); /* the same voxels make the same file */
  return opened(H5Fcreate(path, H5F_ACC_TRUNC, how, access), path, failed, "made", err);
}

hid_t tome_sink_open(const char *path, int *failed, tome_error *err) {
  const sink_access to = {false, failed};
  *failed = 0;
  TOME_H5_ID access = through_sink(&to, err);
  if (access < 0) return H5I_INVALID_HID;
  return opened(H5Fopen(path, H5F_ACC_RDWR, access), path, failed, "opened by HDF5", err);
}
