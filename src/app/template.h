/* template.h - file names made from a pattern: "out/{id}/{n:04}.npy", "{id}_{label}.nii.gz", "{id}/{z:03}.png". "{{" and "}}" are braces. */
#ifndef TOME_APP_TEMPLATE_H
#define TOME_APP_TEMPLATE_H

#include "base/mem.h"

typedef enum tome_place { TOME_PLACE_ID = 0, TOME_PLACE_N, TOME_PLACE_LABEL, TOME_PLACE_Z, TOME_PLACES } tome_place;

typedef struct tome_template {
  const char *pattern;
  bool has[TOME_PLACES];
} tome_template;

/* What stands for the places. */
typedef struct tome_template_values {
  const char *id, *label; /* '/' in them becomes '_' */
  int64_t n, z;           /* z < 0: {z} is left as it stands */
} tome_template_values;

/* TOME_USAGE for a place that there is none, with a near miss. The pattern is borrowed. */
TOME_MUST_USE bool tome_template_parse(const char *pattern, tome_template *out, tome_error *err);
/* `tail` is put before the last `ending` bytes of the result: "a_seg.nii.gz". */
TOME_MUST_USE const char *tome_template_fill(const tome_template *t, const tome_template_values *v, const char *tail,
                                             size_t ending, tome_arena *arena, tome_error *err);

#endif
