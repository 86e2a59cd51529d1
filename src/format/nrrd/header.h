/* What an NRRD header says, checked. Inside src/format only. */
#ifndef TOME_FORMAT_NRRD_HEADER_H
#define TOME_FORMAT_NRRD_HEADER_H

#include "format/array.h"

/* Where 2-D or 3-D voxels lie, as far as a header says. */
typedef struct tome_place {
  bool has_geometry;
  tome_geometry geometry;
  bool has_position, has_pixel_spacing; /* of a single slice; orientation goes with position */
  double position[3], along_row[3], along_column[3], pixel_spacing[2];
  char note[768]; /* what a person should know of it, "" where there is nothing */
} tome_place;

typedef struct tome_nrrd {
  tome_array array;
  tome_array_form form;
  tome_place place;
} tome_nrrd;

/* Reads and checks the header at `path` and looks at its data files. Strings are in the arena. Messages may lack the path. */
TOME_MUST_USE bool tome_nrrd_read(const char *path, tome_arena *arena, tome_nrrd *out, tome_error *err);

/* Adds a sentence to a note, "; " between them. */
void tome_place_note(tome_place *p, const char *fmt, ...) TOME_PRINTF(2, 3);
/* Appends the pieces of an array, all at one place. */
TOME_MUST_USE bool tome_place_pieces(tome_pieces *out, const tome_format *f, const char *path, const tome_array *a,
                                     const tome_array_form *form, const tome_place *place, tome_error *err);

#endif
