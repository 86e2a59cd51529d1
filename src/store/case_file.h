/* case_file.h - what the writer and the readers of case files share: the chunk grid and the names of things. */
#ifndef TOME_STORE_CASE_FILE_H
#define TOME_STORE_CASE_FILE_H

#include "base/threads.h"
#include "store/codec.h"
#include "store/h5.h"
#include "store/store.h"

enum { TOME_SCHEMA = 1, TOME_FILTER_ZSTD = 32015, TOME_FILTER_LZ4 = 32004 };

/* A volume cut into chunks, those at the far edges reaching beyond it. Chunks are numbered in C order. */
typedef struct tome_chunk_grid {
  int64_t shape[3], chunk[3], count[3]; /* voxels, voxels, chunks */
  size_t chunks, chunk_voxels;
} tome_chunk_grid;

/* False where the chunks are too many or too large to be believed. */
TOME_MUST_USE bool tome_chunk_grid_make(const int64_t shape[3], const int64_t chunk[3], size_t element,
                                        tome_chunk_grid *out);
/* The chunk shape that Tome writes: see schema/store.md. */
void tome_chunk_shape(const int64_t shape[3], int64_t chunk[3]);
/* Where chunk i lies in the volume; its far end may lie outside. */
tome_box tome_chunk_box(const tome_chunk_grid *g, size_t i);

/* One chunk as the file holds it. */
typedef struct tome_chunk_place {
  uint64_t address; /* UINT64_MAX: not stored, all voxels 0 */
  uint32_t bytes, mask;
} tome_chunk_place;

typedef struct tome_stored_volume {
  char *name; /* "image", "labels/liver" */
  tome_volume_info info;
  tome_pipeline pipeline;
  tome_chunk_grid grid;
  tome_chunk_place *places;
  uint32_t most_bytes; /* of one stored chunk */
} tome_stored_volume;

struct tome_case_file {
  char *path;
  int fd;
  uint64_t size;
  tome_stored_volume *volumes;
  size_t count, cap;
};

/* NULL with TOME_NOT_FOUND, naming the volumes there are. */
const tome_stored_volume *tome_case_file_find(const tome_case_file *f, const char *volume, tome_error *err);

/* Opens a case file with HDF5 for reading; lock held. Checks that it is one, of a schema that this build reads. */
TOME_MUST_USE hid_t tome_case_h5_open(const char *path, tome_error *err);
/* The label maps of a file, in the order they were written. The names are in the arena. */
typedef struct tome_names {
  const char **items;
  size_t count, cap;
} tome_names;
TOME_MUST_USE bool tome_case_map_names(hid_t file, tome_arena *arena, tome_names *out, tome_error *err);
/* The channels of a file, the first of which is the image; none where there is one image only. */
TOME_MUST_USE bool tome_case_channel_names(hid_t file, tome_arena *arena, tome_names *out, tome_error *err);
/* Reads the geometry attributes of a volume; lock held. */
TOME_MUST_USE bool tome_case_get_geometry(hid_t set, const int64_t shape[3], tome_geometry *out, tome_error *err);

/* tome_case_file_read of a box that lies inside, without its checks. Where `damaged` is given, a chunk that is corrupt is told to it (from any
 * thread) and its voxels are left as they were; otherwise it fails the call. */
TOME_MUST_USE bool tome_volume_read(const tome_case_file *f, const tome_stored_volume *v, const tome_box *box,
                                    const tome_read_options *opt, void *out, const tome_run *run,
                                    void (*damaged)(void *user, const char *text), void *user, tome_error *err);
/* The record in an open file; lock held. */
TOME_MUST_USE bool tome_record_read(hid_t file, tome_record *out, tome_error *err);

#endif
