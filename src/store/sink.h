/* sink.h - the HDF5 file driver that case files are written through. HDF5 1.10 does not survive a write that fails: the file cannot be closed, and the process
 * crashes when it exits. So the first failure (a full disk) is noted here and hidden from HDF5, whose further writes go nowhere; the writer asks
 * and gives up. The driver also tells the kernel to begin writing to disk while chunks are still being compressed, so that the final
 * fsync finds little left to do. Lock held throughout, but by tome_sink_catch_up. */
#ifndef TOME_STORE_SINK_H
#define TOME_STORE_SINK_H

#include "store/h5.h"

/* Creates `path` anew (an existing file is emptied). `soon`: an fsync is to follow, so writing to disk begins at once. The first errno of a failed write goes to *failed, which must outlive the file. */
TOME_MUST_USE hid_t tome_sink_create(const char *path, bool soon, int *failed, tome_error *err);
/* Opens a file that is there, for more to be written into it. */
TOME_MUST_USE hid_t tome_sink_open(const char *path, int *failed, tome_error *err);

/* A chunk's bytes that HDF5 has given a place, and that are put there once its lock is free for others: copying them takes far longer than finding the place. */
typedef struct tome_sink_later {
  const void *data; /* as handed to H5Dwrite_chunk */
  int fd;
  uint64_t at;
  size_t size; /* 0: nothing was put off */
} tome_sink_later;
/* Puts off the next write of exactly later->data to the file, until NULL is given. Lock held. */
void tome_sink_put_off(hid_t file, tome_sink_later *later);
/* Writes it; 0 or the errno, which is the caller's to note, as *failed is. Lock not held; the file must still be open. */
TOME_MUST_USE int tome_sink_catch_up(const tome_sink_later *later);

#endif
