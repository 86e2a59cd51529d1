/* survival.h - what becomes of each label value on its way through a recipe's geometry: a lesion of two voxels may not be there at 5 mm. */
#ifndef TOME_APP_SURVIVAL_H
#define TOME_APP_SURVIVAL_H

#include "app/recipe.h"

/* Label values of one map of the case before and after. Where the recipe has steps that act on label values, they are left out: those change what
 * the values mean on purpose. `map` NULL: of all maps. `pulled` are the outputs of c->graph, c->graph.count of them. The rows are in `arena`. */
TOME_MUST_USE bool tome_survival_of(const tome_course *c, const char *map, const tome_volume *pulled,
                                    const tome_pull_options *pull, tome_arena *arena, tome_survival **rows,
                                    size_t *count, tome_error *err);

#endif
