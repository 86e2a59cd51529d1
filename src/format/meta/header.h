/* What a MetaImage header says, checked. Inside src/format only. */
#ifndef TOME_FORMAT_META_HEADER_H
#define TOME_FORMAT_META_HEADER_H

#include "format/nrrd/header.h"

typedef struct tome_meta {
  tome_array array;
  tome_array_form form;
  tome_place place;
  double slope, intercept;
} tome_meta;

/* How much the first bytes look like a MetaImage header: 0 no, 100 certainly. */
int tome_meta_score(const uint8_t *head, size_t size);
/* Reads and checks the header at `path` and looks at its data files. Strings are in the arena. Messages may lack the path. */
TOME_MUST_USE bool tome_meta_read(const char *path, tome_arena *arena, tome_meta *out, tome_error *err);

#endif
