/* As much of HDF5's file format as MINC 2 needs, read by hand: groups by name, attributes, arrays that are contiguous, compact or chunked with deflate. The
 * HDF5 library belongs to src/store, and does not promise to survive damaged files; here every address is checked against the file and the work is
 * bounded. Inside src/format only. */
#ifndef TOME_FORMAT_MINC_H5_H
#define TOME_FORMAT_MINC_H5_H

#include "format/format.h"

enum { TOME_MH5_DIMS = 8, TOME_MH5_FILTERS = 4 };

typedef struct tome_mh5 {
  int fd;
  uint64_t size;   /* of the file */
  uint64_t budget; /* bytes of metadata that may still be read: ends loops */
  uint64_t root;   /* header of the root group */
  const char *path;
  tome_arena *arena;
} tome_mh5;

typedef enum tome_mh5_class { TOME_MH5_NUMBER, TOME_MH5_TEXT, TOME_MH5_OTHER } tome_mh5_class;

typedef struct tome_mh5_type {
  tome_mh5_class class;
  tome_dtype dtype; /* of numbers */
  bool swapped;
  size_t size;
} tome_mh5_type;

typedef struct tome_mh5_attribute {
  const char *name;
  tome_mh5_type type;
  uint64_t count;
  const uint8_t *data; /* count*type.size bytes */
} tome_mh5_attribute;

/* Everything an object's header says. */
typedef struct tome_mh5_object {
  tome_mh5_attribute *attributes;
  size_t attribute_count, attribute_cap;
  uint64_t symbols, heap; /* of an old-style group, 0: none */
  struct tome_mh5_link {
    const char *name;
    uint64_t address;
  } * links; /* of a new-style one */
  size_t link_count, link_cap;
  bool has_type, has_space, has_layout;
  tome_mh5_type type;
  int dims;
  uint64_t shape[TOME_MH5_DIMS];
  enum { TOME_MH5_COMPACT, TOME_MH5_CONTIGUOUS, TOME_MH5_CHUNKED } layout;
  uint64_t address, length; /* of contiguous data; the chunks' tree */
  const uint8_t *compact;
  uint32_t chunk[TOME_MH5_DIMS];
  int filters[TOME_MH5_FILTERS], filter_count; /* in the order they were applied on writing */
} tome_mh5_object;

TOME_MUST_USE bool tome_mh5_open(const char *path, tome_arena *arena, tome_mh5 *out, tome_error *err);
void tome_mh5_close(tome_mh5 *h);
TOME_MUST_USE bool tome_mh5_read_object(tome_mh5 *h, uint64_t address, tome_mh5_object *out, tome_error *err);
/* The object at "a/b/c" below the root. *found false (and no failure) where it is not there. */
TOME_MUST_USE bool tome_mh5_find(tome_mh5 *h, const char *path, tome_mh5_object *out, bool *found, tome_error *err);
/* Elements of rows [lo, hi) of the first axis (0, 1 for a scalar), native byte order, C order. `out` has exactly their bytes. */
TOME_MUST_USE bool tome_mh5_read(tome_mh5 *h, const tome_mh5_object *o, uint64_t lo, uint64_t hi, void *out,
                                 size_t out_bytes, tome_error *err);

const tome_mh5_attribute *tome_mh5_attribute_of(const tome_mh5_object *o, const char *name);

/* Turns n elements of any number type, native order, into doubles. */
void tome_to_doubles(tome_dtype t, const void *in, size_t n, double *out);
/* Up to `most` numbers of an attribute; how many there were. */
size_t tome_mh5_numbers(const tome_mh5_attribute *a, double *out, size_t most);
/* Fixed-length text, cut to size. */
void tome_mh5_text(const tome_mh5_attribute *a, char *out, size_t size);

#endif
