/* writer.h - the writer's inside, shared by writer.c (voxels) and record_write.c (everything else). */
#ifndef TOME_STORE_WRITER_H
#define TOME_STORE_WRITER_H

#include "store/case_file.h"

/* A volume that is in the file already: the record must speak of the same. */
typedef struct tome_written {
  const char *name;
  tome_dtype dtype;
  tome_geometry geometry;
} tome_written;

struct tome_case_writer {
  const char *path;
  hid_t file;
  int failed; /* errno of the first write that failed; HDF5 never hears of it (sink.h) */
  tome_written *volumes;
  size_t count, cap;
  tome_arena arena;
};

/* False, with the sentence, where a write has failed. */
TOME_MUST_USE bool tome_case_writer_sound(const tome_case_writer *w, tome_error *err);

#endif
