/* driver.h - a read-only HDF5 file driver that can tell where chunks lie. HDF5 1.10 has no public call that gives the address of one chunk without
 * walking all of them (H5Dget_chunk_info_by_coord does walk: 0.2 ms each among 2304). But H5Dread_chunk looks the chunk up in the index and then asks
 * the file driver for its bytes: this driver notes what it is asked for instead of reading it. Lock held throughout. */
#ifndef TOME_STORE_DRIVER_H
#define TOME_STORE_DRIVER_H

#include "store/case_file.h"

/* Opens an HDF5 file for reading through the driver; no HDF5 locks on it. */
TOME_MUST_USE hid_t tome_driver_open(const char *path, tome_error *err);
/* A descriptor of the very file that HDF5 reads, for the caller to close, and its size. */
TOME_MUST_USE bool tome_driver_descriptor(hid_t file, int *fd, uint64_t *size, tome_error *err);
/* Where the chunk that starts at voxel `at` lies; `set` is in `file`. */
TOME_MUST_USE bool tome_driver_chunk(hid_t file, hid_t set, const hsize_t at[3], tome_chunk_place *out,
                                     tome_error *err);

#endif
