/* The driver: pread for metadata, a note for chunks. */
#include "store/driver.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* HDF5 knows the first member only. */
typedef struct driver_file {
  H5FD_t base;
  int fd;
  dev_t device;
  ino_t inode;
  haddr_t end_allocated, end;
  bool noting; /* raw data asked for is noted, not read */
  haddr_t noted_address;
  size_t noted_bytes;
} driver_file;

static H5FD_t *driver_open(const char *name, unsigned flags, hid_t access, haddr_t most) {
  (void)access, (void)most;
  struct stat st;
  if (flags & H5F_ACC_RDWR) return NULL;
  const int fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  driver_file *f = fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) ? NULL : calloc(1, sizeof *f);
  if (!f) {
    if (fd >= 0) close(fd);
    return NULL;
  }
  f->fd = fd;
  f->device = st.st_dev;
  f->inode = st.st_ino;
  f->end = (haddr_t)st.st_size;
  return &f->base;
}

static herr_t driver_close(H5FD_t *file) {
  driver_file *f = (driver_file *)file;
  close(f->fd);
  free(f);
  return 0;
}

static int driver_compare(const H5FD_t *a, const H5FD_t *b) {
  const driver_file *x = (const driver_file *)a, *y = (const driver_file *)b;
  if (x->device != y->device) return x->device < y->device ? -1 : 1;
  return x->inode < y->inode ? -1 : x->inode > y->inode;
}

static herr_t driver_query(const H5FD_t *file, unsigned long *flags) {
  (void)file;
  *flags = H5FD_FEAT_DEFAULT_VFD_COMPATIBLE;
  return 0;
}

static haddr_t driver_end_allocated(const H5FD_t *file, H5FD_mem_t type) {
  (void)type;
  return ((const driver_file *)file)->end_allocated;
}

static herr_t driver_set_end_allocated(H5FD_t *file, H5FD_mem_t type, haddr_t end) {
  (void)type;
  ((driver_file *)file)->end_allocated = end;
  return 0;
}

static haddr_t driver_end(const H5FD_t *file, H5FD_mem_t type) {
  (void)type;
  return ((const driver_file *)file)->end;
}

static herr_t driver_handle(H5FD_t *file, hid_t access, void **handle) {
  (void)access;
  *handle = file;
  return 0;
}

static herr_t driver_read(H5FD_t *file, H5FD_mem_t type, hid_t transfer, haddr_t at, size_t size, void *out) {
  (void)transfer;
  driver_file *f = (driver_file *)file;
  if (f->noting && type == H5FD_MEM_DRAW) {
    f->noted_address = at;
    f->noted_bytes = size;
    return 0;
  }
  if (at > f->end || size > f->end - at) return -1;
  for (size_t got = 0; got < size;) {
    const ssize_t n = pread(f->fd, (char *)out + got, size - got, (off_t)(at + got));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return -1;
    got += (size_t)n;
  }
  return 0;
}

static herr_t driver_write(H5FD_t *file, H5FD_mem_t type, hid_t transfer, haddr_t at, size_t size, const void *data) {
  (void)file, (void)type, (void)transfer, (void)at, (void)size, (void)data;
  return -1;
}

static const H5FD_class_t driver = {
    .name = "tome_reading",
    .maxaddr = (haddr_t)INT64_MAX,
    .fc_degree = H5F_CLOSE_STRONG,
    .open = driver_open,
    .close = driver_close,
    .cmp = driver_compare,
    .query = driver_query,
    .get_eoa = driver_end_allocated,
    .set_eoa = driver_set_end_allocated,
    .get_eof = driver_end,
    .get_handle = driver_handle,
    .read = driver_read,
    .write = driver_write,
    .fl_map = H5FD_FLMAP_DICHOTOMY,
};

/* Registered once and kept: as it closes a file, HDF5 (1.10) lets go of the driver before it asks it to close, and so would read a class that is freed.
 * Under HDF5's lock, as everything here. */
static hid_t registered(void) {
  static hid_t id = H5I_INVALID_HID;
  if (H5Iget_type(id) != H5I_VFL) id = H5FDregister(&driver);
  return id;
}

hid_t tome_driver_open(const char *path, tome_error *err) {
  TOME_H5_ID access = tome_h5_access(err);
  if (access < 0) return H5I_INVALID_HID;
  const hid_t id = registered();
  if (id < 0 || H5Pset_driver(access, id, NULL) < 0) {
    tome_h5_fail(err, TOME_NO_MEMORY, "HDF5 takes no file driver");
    return H5I_INVALID_HID;
  }
  const hid_t file = H5Fopen(path, H5F_ACC_RDONLY, access);
  if (file < 0) tome_h5_fail(err, TOME_CORRUPT, "%s: cannot be opened as a case file (damaged or cut short?)", path);
  return file;
}

static driver_file *of(hid_t file) {
  void *handle = NULL;
  return H5Fget_vfd_handle(file, H5P_DEFAULT, &handle) < 0 ? NULL : handle;
}

bool tome_driver_descriptor(hid_t file, int *fd, uint64_t *size, tome_error *err) {
  const driver_file *f = of(file);
  if (!f) return tome_h5_fail(err, TOME_IO, "has no file descriptor");
  const int copy = fcntl(f->fd, F_DUPFD_CLOEXEC, 0);
  if (copy < 0) return tome_fail_errno(err, "no further file can be opened");
  *fd = copy;
  *size = f->end;
  return true;
}

static herr_t note_absence(unsigned n, const H5E_error2_t *e, void *absent) {
  if (n == 0) *(bool *)absent = e->maj_num == H5E_DATASET && e->min_num == H5E_CANTGET;
  return 0;
}

/* HDF5 calls it a failure to ask for the size of a chunk that is not stored: "chunk storage is not allocated". */
static bool is_absent(void) {
  bool absent = false;
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, note_absence, &absent);
  return absent;
}

bool tome_driver_chunk(hid_t file, hid_t set, const hsize_t at[3], tome_chunk_place *out, tome_error *err) {
  driver_file *f = of(file);
  hsize_t bytes = 0;
  *out = (tome_chunk_place){.address = UINT64_MAX};
  const herr_t sized = f ? H5Dget_chunk_storage_size(set, at, &bytes) : -1;
  if (sized < 0 && !is_absent()) return tome_h5_fail(err, TOME_CORRUPT, "the chunk index cannot be read");
  if (sized < 0 || bytes == 0) return true;
  char unused;
  uint32_t mask = 0;
  f->noting = true;
  f->noted_bytes = 0;
  const herr_t status = H5Dread_chunk(set, H5P_DEFAULT, at, &mask, &unused);
  f->noting = false;
  if (status < 0 || f->noted_bytes != bytes || bytes > UINT32_MAX)
    return tome_h5_fail(err, TOME_CORRUPT, "the chunk index cannot be read");
  *out = (tome_chunk_place){.address = f->noted_address, .bytes = (uint32_t)bytes, .mask = mask};
  return true;
}
