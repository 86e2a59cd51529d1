/* writer.h - the writer's inside, shared by writer.c (voxels) and record_write.c (everything else). */
#ifndef TOME_STORE_WRITER_H
#define TOME_STORE_WRITER_H

#include <pthread.h>

#include "record/label_chunks.h"
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
  bool plain; /* nobody asks where label values lie: they are not counted */
  int failed; /* errno of the first write that failed; HDF5 never hears of it (sink.h) */
  tome_written *volumes;
  size_t count, cap;
  tome_value_chunk *value_chunks; /* of the label maps so far; `map` is a place in `volumes` */
  size_t value_chunk_count, value_chunk_cap;
  pthread_mutex_t lock; /* guards the three above while a map is written */
  tome_arena arena;
};

/* A writer of volumes in a group of another file, which stays the caller's; `path` is what messages call it and must live as long. */
void tome_case_writer_begin_in(tome_case_writer *w, const char *path, hid_t group);
void tome_case_writer_end_in(tome_case_writer *w);
/* False, with the sentence, where a write has failed. */
TOME_MUST_USE bool tome_case_writer_sound(const tome_case_writer *w, tome_error *err);
/* The attributes spacing, origin, direction and affine; lock held. */
TOME_MUST_USE bool tome_h5_put_geometry(hid_t set, const tome_geometry *g, tome_error *err);

#endif
