/* pick.h - what --label means: which volume of a recipe's result, and which value in it. */
#ifndef TOME_APP_PICK_H
#define TOME_APP_PICK_H

#include "app/recipe.h"

typedef struct tome_pick {
  size_t output; /* of the course's graph */
  bool is_label;
  const char *map;   /* the stored label map it comes from; NULL: none, or several that a step has merged */
  int32_t structure; /* > 0: only the structure that has this value in that map, as stored … */
  int32_t value;     /* … and this one in the result */
} tome_pick;

/* `label`: NULL the image; else a label map of the result, a channel of it, or a structure: by its name, or by map and name ("segmentation/tumor"). Fails where
 * there is no such thing, and where the recipe has mixed the structure with others. */
TOME_MUST_USE bool tome_pick_volume(const tome_course *c, const char *label, tome_pick *out, tome_error *err);

#endif
