/* h5.h - HDF5 held with tongs: one lock, ids that close themselves, failures as one sentence, attributes and tables in one call each.
 * Every function here expects the lock to be held by the caller. */
#ifndef TOME_STORE_H5_H
#define TOME_STORE_H5_H

#include <hdf5.h>

#include "base/mem.h"

/* HDF5 has one lock of its own, and global state: ours goes around every use of it, and is held across fork() so that a child finds HDF5 whole.
 *   TOME_H5_LOCK;   holds it to the end of the scope. Also silences HDF5's own printing on this thread. */
bool tome_h5_lock(void);
void tome_h5_unlock(const bool *held);
#define TOME_H5_LOCK                                                \
  TOME_CLEANUP(tome_h5_unlock) const bool h5_held = tome_h5_lock(); \
  (void)h5_held

/* An id of any kind that is closed at the end of the scope; H5I_INVALID_HID is fine. */
void tome_h5_close(const hid_t *id);
#define TOME_H5_ID TOME_CLEANUP(tome_h5_close) hid_t

/* Fails with the text and HDF5's innermost own words after it. */
bool tome_h5_fail(tome_error *err, tome_code code, const char *fmt, ...) TOME_PRINTF(3, 4);

/* File access the way Tome wants it: no flock of HDF5's own (drafts are locked already), nothing left open on close; and for writing,
 * the format of HDF5 1.10, whose metadata carries checksums throughout. */
TOME_MUST_USE hid_t tome_h5_access(tome_error *err);

hid_t tome_h5_type(tome_dtype dtype); /* a predefined little-endian type: not to be closed */
tome_dtype tome_h5_dtype(hid_t type); /* TOME_NONE where Tome has no such type */
hid_t tome_h5_text_type(size_t size); /* fixed, zero-padded UTF-8; to be closed */

/* Attributes. Text is fixed-length UTF-8 (no global heap: it has no checksums). NULL is "". */
TOME_MUST_USE bool tome_h5_put_text(hid_t at, const char *name, const char *text, tome_error *err);
TOME_MUST_USE bool tome_h5_put_texts(hid_t at, const char *name, const char *const *texts, size_t count,
                                     tome_error *err);
/* `rank` 0: a scalar. `dims` as HDF5's. */
TOME_MUST_USE bool tome_h5_put_numbers(hid_t at, const char *name, hid_t type, int rank, const hsize_t *dims,
                                       const void *values, tome_error *err);
/* Absent or of another kind: TOME_CORRUPT. The text is in the arena. */
TOME_MUST_USE bool tome_h5_get_text(hid_t at, const char *name, tome_arena *arena, const char **out, tome_error *err);
/* The same into a buffer: a longer text is TOME_CORRUPT. */
TOME_MUST_USE bool tome_h5_get_text_into(hid_t at, const char *name, char *out, size_t size, tome_error *err);
TOME_MUST_USE bool tome_h5_get_numbers(hid_t at, const char *name, hid_t type, size_t count, void *out,
                                       tome_error *err);

/* Whether the data sets of records are small or empty decides how they are laid out, always with a checksum over them. */
TOME_MUST_USE bool tome_h5_put_array(hid_t at, const char *name, hid_t type, size_t count, size_t element,
                                     const void *values, tome_error *err);
/* Opens a 1-D data set (or a scalar) and says how many elements it has. */
TOME_MUST_USE hid_t tome_h5_open_array(hid_t at, const char *name, size_t *count, tome_error *err);

#endif
