/* The list of members of a zip file, ZIP64 included. Inside src/format only. */
#ifndef TOME_FORMAT_ZIP_H
#define TOME_FORMAT_ZIP_H

#include "format/stream.h"

typedef struct tome_zip_member {
  const char *name;
  uint64_t begin; /* of its data in the file */
  uint64_t packed, size;
  uint32_t crc;
  tome_encoding encoding; /* TOME_RAW or TOME_DEFLATE */
  const char *refused;    /* why it cannot be read, NULL where it can */
} tome_zip_member;

bool tome_is_zip(const uint8_t *head, size_t size);
/* Members whose names end in `ending`, in the order of the directory, in the arena. Messages may lack the path. */
TOME_MUST_USE bool tome_zip_list(const char *path, const char *ending, tome_arena *arena, tome_zip_member **out,
                                 size_t *count, tome_error *err);

#endif
