/* HDF5's file format, read by hand: groups and their members, attributes, arrays of numbers that are compact, contiguous or chunked, found through any of
 * the format's five indexes. The HDF5 library belongs to src/store, and does not promise to survive damaged files; here every address is checked
 * against the file and the work is bounded. What is not covered is refused by name: tome_hdf5_object's `unread`. Inside src/format only. */
#ifndef TOME_FORMAT_HDF5_READER_H
#define TOME_FORMAT_HDF5_READER_H

#include "format/format.h"

enum { TOME_HDF5_DIMS = 8, TOME_HDF5_FILTERS = 8, TOME_HDF5_VALUES = 20 };

typedef struct tome_hdf5 {
  int fd;
  uint64_t base;   /* bytes before the signature (a user block): addresses count from there */
  uint64_t size;   /* of the file behind them */
  uint64_t budget; /* bytes of metadata that may still be read: ends loops */
  bool matlab;     /* MATLAB's (7.3) */
  uint64_t root;   /* header of the root group */
  const char *path;
  tome_arena *arena;
} tome_hdf5;

typedef enum tome_hdf5_class { TOME_HDF5_NUMBER, TOME_HDF5_TEXT, TOME_HDF5_OTHER } tome_hdf5_class;

typedef struct tome_hdf5_type {
  tome_hdf5_class class;
  tome_dtype dtype; /* of numbers */
  bool swapped;
  bool half; /* float16, of which dtype (uint16) is the bits; no number to those who do not ask */
  size_t size;
  const char *what; /* of others: "records" … */
} tome_hdf5_type;

static const uint64_t TOME_HDF5_NOWHERE = UINT64_MAX;

/* How chunks are found; 1 to 5 as the format numbers them. */
typedef enum tome_hdf5_index {
  TOME_HDF5_TREE1 = 0,
  TOME_HDF5_SINGLE,
  TOME_HDF5_IMPLICIT,
  TOME_HDF5_FIXED,
  TOME_HDF5_EXTENSIBLE,
  TOME_HDF5_TREE2
} tome_hdf5_index;

typedef struct tome_hdf5_attribute {
  const char *name;
  tome_hdf5_type type;
  uint64_t count;
  const uint8_t *data; /* count*type.size bytes */
} tome_hdf5_attribute;

/* Parameters of a filter. */
typedef struct tome_hdf5_values {
  size_t count;
  uint32_t at[TOME_HDF5_VALUES];
} tome_hdf5_values;

/* Everything an object's header says. */
typedef struct tome_hdf5_object {
  tome_hdf5_attribute *attributes;
  size_t attribute_count, attribute_cap;
  uint64_t symbols, heap; /* of an old-style group, 0: none */
  struct tome_hdf5_link {
    const char *name;
    uint64_t address;
  } * links; /* of a new-style one */
  size_t link_count, link_cap;
  bool has_type, has_space, has_layout;
  tome_hdf5_type type;
  int dims;
  uint64_t shape[TOME_HDF5_DIMS], most[TOME_HDF5_DIMS]; /* most: UINT64_MAX is without bound */
  enum { TOME_HDF5_COMPACT, TOME_HDF5_CONTIGUOUS, TOME_HDF5_CHUNKED } layout;
  uint64_t address, length; /* of contiguous data; the chunks' tree */
  const uint8_t *compact;
  uint32_t chunk[TOME_HDF5_DIMS];
  int filters[TOME_HDF5_FILTERS], filter_count; /* in the order they were applied on writing */
  tome_hdf5_values values[TOME_HDF5_FILTERS];   /* of each */
  tome_hdf5_index index;
  uint8_t index_bits[8]; /* parameters of the index */
  uint64_t single_bytes; /* of a single filtered chunk */
  uint32_t single_mask;
  uint8_t fill[8]; /* as stored; fill_bytes 0: zeros */
  size_t fill_bytes;
  const char *unread; /* why the array cannot be read, though nothing is wrong with it: "is …"; NULL: it can */
} tome_hdf5_object;

/* Where the signature stands in the first bytes of a file: 0, or behind a user block of 512, 1024 … bytes; TOME_HDF5_NOWHERE: nowhere. */
uint64_t tome_hdf5_begin(const uint8_t *head, size_t size);
TOME_MUST_USE bool tome_hdf5_open(const char *path, tome_arena *arena, tome_hdf5 *out, tome_error *err);
void tome_hdf5_close(tome_hdf5 *h);
TOME_MUST_USE bool tome_hdf5_read_object(tome_hdf5 *h, uint64_t address, tome_hdf5_object *out, tome_error *err);
/* The object at "a/b/c" below the root. *found false (and no failure) where it is not there. */
TOME_MUST_USE bool tome_hdf5_find(tome_hdf5 *h, const char *path, tome_hdf5_object *out, bool *found, tome_error *err);
/* Calls `member` for each object below the root that is an array, by its path without a leading '/', in natural order. Soft and external links are not
 * followed. An object that cannot be read is told with `why`; `o` is then NULL. */
TOME_MUST_USE bool tome_hdf5_each(tome_hdf5 *h,
                                  bool (*member)(void *user, const char *path, const tome_hdf5_object *o,
                                                 const tome_error *why, tome_error *err),
                                  void *user, tome_error *err);
/* Elements of rows [lo, hi) of the first axis (0, 1 for a scalar), native byte order, C order. `out` has exactly their bytes. */
TOME_MUST_USE bool tome_hdf5_read(tome_hdf5 *h, const tome_hdf5_object *o, uint64_t lo, uint64_t hi, void *out,
                                  size_t out_bytes, tome_error *err);

/* Whether a file of this size can hold the array: shape, chunks and extent fit together. */
TOME_MUST_USE bool tome_hdf5_could_hold(const tome_hdf5 *h, const tome_hdf5_object *o, tome_error *err);

const tome_hdf5_attribute *tome_hdf5_attribute_of(const tome_hdf5_object *o, const char *name);

/* Turns n elements of any number type, native order, into doubles. */
void tome_to_doubles(tome_dtype t, const void *in, size_t n, double *out);
/* Up to `most` numbers of an attribute; how many there were. */
size_t tome_hdf5_numbers(const tome_hdf5_attribute *a, double *out, size_t most);
/* Fixed-length text, cut to size. */
void tome_hdf5_text(const tome_hdf5_attribute *a, char *out, size_t size);

#endif
