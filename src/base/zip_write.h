/* zip_write.h - a ZIP archive written front to back: entries deflated on all cores (raw deflate through ISA-L), ZIP64 where sizes, offsets or counts
 * ask for it, no dates (all are 1980-01-01, so that equal contents give equal archives). */
#ifndef TOME_BASE_ZIP_WRITE_H
#define TOME_BASE_ZIP_WRITE_H

#include "base/file.h"

typedef struct tome_zip_writer tome_zip_writer;

/* An entry's bytes come in parts, one behind the other. */
typedef struct tome_zip_part {
  const void *data;
  size_t size;
} tome_zip_part;

/* Writes at the file's present offset (where it may stand behind other bytes). `path` names the file in messages; `fd` stays the caller's. */
TOME_MUST_USE tome_zip_writer *tome_zip_writer_new(int fd, const char *path, tome_error *err);
void tome_zip_writer_free(tome_zip_writer *z); /* NULL is fine */
/* One entry, a file's path inside the archive (UTF-8). `stored`: not compressed. TOME_USAGE where the name was used already. */
TOME_MUST_USE bool tome_zip_writer_add(tome_zip_writer *z, const char *name, const tome_zip_part *parts, size_t count,
                                       bool stored, const tome_run *run, tome_error *err);
/* The central directory. Nothing may be added after it. */
TOME_MUST_USE bool tome_zip_writer_finish(tome_zip_writer *z, tome_error *err);

#endif
