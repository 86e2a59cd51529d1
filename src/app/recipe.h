/* recipe.h - a recipe laid over one case of a store: the seam between src/store, which has the voxels, and src/eval, which wants them. */
#ifndef TOME_APP_RECIPE_H
#define TOME_APP_RECIPE_H

#include "app/app.h"
#include "eval/eval.h"
#include "ops/ops.h"

/* Zero-initialise. Holds all that the graph borrows. */
typedef struct tome_course {
  tome_case_file *file;
  tome_record record;
  tome_recipe recipe;
  tome_facts facts;
  tome_voxel_source *sources; /* the image, then each label map */
  size_t source_count;
  tome_graph graph;
  tome_index *index; /* opened when a step asks for the data set's statistics */
  const tome_store *store;
  const tome_run *run;
  const tome_op *const *ops;        /* NULL: the built-in steps; set before tome_course_open */
  char across_hash[TOME_HASH_TEXT]; /* of the data set's statistics that steps asked for; "" where none did */
  tome_arena arena;
} tome_course;
/* A recipe's words, the file's first, against a table of steps. */
TOME_MUST_USE bool tome_recipe_of(const tome_recipe_text *words, const tome_op *const *ops, tome_recipe *out,
                                  tome_error *err);
/* Reads the case's record and chunk addresses, parses the recipe and plans it; reads no voxel (but for steps that ask for the body). The course must stay
 * where it is: its graph points into it. */
TOME_MUST_USE bool tome_course_open(tome_course *c, const tome_store *s, const char *id, const tome_recipe_text *recipe,
                                    const tome_run *run, tome_error *err);
void tome_course_close(tome_course *c);
/* "HU" while a flow of the course still is in those; "" for labels, and once a step has given values another meaning. */
const char *tome_course_units(const tome_course *c, const tome_flow *f);
/* "t1=… flair=…": they decide, as the image's hash does, what a result is. "" where there are none. */
TOME_MUST_USE const char *tome_course_channel_hashes(const tome_course *c, tome_arena *arena, tome_error *err);
TOME_MUST_USE const char *tome_course_label_hashes(const tome_course *c, tome_arena *arena, tome_error *err);
/* Whether the words make a recipe at all; no case needed. */
TOME_MUST_USE bool tome_recipe_text_check(const tome_recipe_text *recipe, tome_error *err);

#endif
