/*
 * store.h - the only place that sees <hdf5.h>: case files, their chunks, the archive of links. Layout: schema/store.md.
 *
 * HDF5's own lock and zlib are bypassed: chunk addresses come from HDF5 once at open, raw chunks are read with pread and inflated on all
 * cores; writes are compressed on all cores and go through direct chunk write.
 * Opening, creating and reading metadata take one lock of ours around HDF5; reading voxels takes none.
 */
#ifndef TOME_STORE_H
#define TOME_STORE_H

#include "record/record.h"

/* ---- writing one case file --- */

typedef struct tome_case_writer tome_case_writer;
typedef struct tome_chunking {
  tome_codec codec;
  int level; /* 0: the measured default (schema/store.md) */
} tome_chunking;

/* Begins a case file in `path` (a draft: see tome_draft). */
TOME_MUST_USE tome_case_writer *tome_case_writer_new(const char *path, tome_error *err);
/* "image", "channels/<name>" or "labels/<name>". Chunks are compressed on all cores. */
TOME_MUST_USE bool tome_case_writer_volume(tome_case_writer *w, const char *name, const tome_volume *v,
                                           const char *units, const tome_chunking *chunking, const tome_run *run,
                                           tome_error *err);
/* The image is the first of several channels, and this is its name: "channels/<name>" becomes another name for it. After the image, before the other channels. */
TOME_MUST_USE bool tome_case_writer_name_image(tome_case_writer *w, const char *name, tome_error *err);
/* Everything of the record, as attributes and small data sets beside the voxels; `identity` (may be NULL) only where asked for. Labels' and image's voxel hashes
 * must be filled in. */
TOME_MUST_USE bool tome_case_writer_record(tome_case_writer *w, const tome_record *r, const char *identity,
                                           tome_error *err);
/* Flushes and closes the HDF5 file (the caller fsyncs and renames). Frees w in any case. */
TOME_MUST_USE bool tome_case_writer_finish(tome_case_writer *w, tome_error *err);
void tome_case_writer_free(tome_case_writer *w); /* abandons; NULL is fine */

/* ---- reading one --- */

typedef struct tome_case_file tome_case_file;
/* Opens, checks the schema version, reads every volume's chunk addresses. HDF5's handle is closed again before it returns: what stays open is a plain file
 * descriptor, so it survives fork and needs no lock. */
TOME_MUST_USE tome_case_file *tome_case_file_open(const char *path, tome_error *err);
void tome_case_file_close(tome_case_file *f);
/* "image", then "channels/…" (all but the first, which is the image), then "labels/…"; NULL past the last. */
const char *tome_case_file_volume(const tome_case_file *f, size_t i);
TOME_MUST_USE bool tome_case_file_info(const tome_case_file *f, const char *volume, tome_volume_info *out,
                                       tome_error *err);
/* tome_read of tome.h. */
TOME_MUST_USE bool tome_case_file_read(const tome_case_file *f, const char *volume, const tome_box *box,
                                       const tome_read_options *opt, void *out, size_t out_bytes, const tome_run *run,
                                       tome_error *err);
/* Fills `out` (zeroed) with all that tome_case_writer_record wrote. */
TOME_MUST_USE bool tome_case_file_record(const char *path, tome_record *out, tome_error *err);
/* Only whether the file opens as a case file of a schema that is known, and the hash of its image's voxels: several times as fast. */
TOME_MUST_USE bool tome_case_file_voxel_hash(const char *path, char out[33], tome_error *err);
/* Reads every chunk, checks its checksum, recomputes voxel hashes. A bad one is a sentence to `finding`; false only where
 * it could not go on. */
TOME_MUST_USE bool tome_case_file_check(const char *path, const tome_run *run,
                                        void (*finding)(void *user, const char *text), void *user, uint64_t *chunks,
                                        uint64_t *bytes, tome_error *err);

/* ---- the archive: one external link a case --- */
/* Writes a file of links at `path` (a draft): link name ids[i] → "cases/<id>.h5", "/". */
TOME_MUST_USE bool tome_archive_write(const char *path, const char *const *ids, size_t count, tome_error *err);

#endif
