/* An NRRD header's words: its fields, and what they say of where voxels lie. Inside src/format only. */
#ifndef TOME_FORMAT_NRRD_PLACE_H
#define TOME_FORMAT_NRRD_PLACE_H

#include "format/nrrd/header.h"

typedef enum tome_nrrd_field {
  NRRD_TYPE,
  NRRD_DIMENSION,
  NRRD_SIZES,
  NRRD_ENCODING,
  NRRD_ENDIAN,
  NRRD_SPACINGS,
  NRRD_KINDS,
  NRRD_SPACE,
  NRRD_SPACE_DIMENSION,
  NRRD_SPACE_ORIGIN,
  NRRD_SPACE_DIRECTIONS,
  NRRD_SPACE_UNITS,
  NRRD_MEASUREMENT_FRAME,
  NRRD_DATA_FILE,
  NRRD_LINE_SKIP,
  NRRD_BYTE_SKIP,
  NRRD_AXIS_MINS,
  NRRD_AXIS_MAXS,
  NRRD_CENTERS,
  NRRD_FIELDS
} tome_nrrd_field;

typedef struct tome_nrrd_words {
  char *value[NRRD_FIELDS]; /* NULL where the header lacks it */
} tome_nrrd_words;

/* Decides from directions and kinds which axes are space and which are samples. */
TOME_MUST_USE bool tome_nrrd_roles(const tome_nrrd_words *w, tome_array *a, tome_error *err);
/* Once roles are known: geometry in LPS mm. */
TOME_MUST_USE bool tome_nrrd_place(const tome_nrrd_words *w, const tome_array *a, tome_place *out, tome_error *err);

#endif
