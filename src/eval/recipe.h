/*
 * recipe.h - a recipe is a list of steps: `orient:LPS resample:spacing=1,order=3 window:tumor`. The same words on the command
 * line, in a recipe file (one step a line, # comments) and in C.
 *
 * A step is  name  or  name:value,value,key=value,… . Values without a key go to the parameters in the order of the step's
 * table; a parameter that takes several takes the values that follow. "Quotes" keep blanks, commas and = together.
 */
#ifndef TOME_EVAL_RECIPE_H
#define TOME_EVAL_RECIPE_H

#include "base/hash.h"
#include "base/near.h"
#include "eval/op.h"

typedef struct tome_recipe {
  tome_step *steps;
  size_t count, cap;
  const char *text;          /* canonical: steps with all arguments, a blank between; parses to the same recipe */
  char hash[TOME_HASH_TEXT]; /* XXH3-128 of text */
  tome_arena arena;
} tome_recipe;

/* Parses steps, one a string, against a NULL-terminated table of ops. TOME_USAGE with the step's number, its name, the
 * parameter, the range and a near miss. No steps is a recipe too: as stored. */
TOME_MUST_USE bool tome_recipe_parse(const tome_op *const *ops, const char *const *steps, size_t count,
                                     tome_recipe *out, tome_error *err);
/* The same from one text: steps apart by blanks or line ends, # to the end of the line is a comment. */
TOME_MUST_USE bool tome_recipe_parse_text(const tome_op *const *ops, const char *text, tome_recipe *out,
                                          tome_error *err);
/* The next step of such a text, from where it begins to an unquoted blank; moves `at` behind it. False at the end. */
bool tome_recipe_next(const char **at, const char **word, size_t *length);
void tome_recipe_clear(tome_recipe *r);

/* What `tome ops` shows of one op: its parameters with ranges, defaults, help and an example, several lines. In `arena`. */
TOME_MUST_USE const char *tome_op_help(const tome_op *op, tome_arena *arena, tome_error *err);

/* One step: "resample:spacing=1". The step and its arguments live in `arena`. */
TOME_MUST_USE bool tome_step_parse(const tome_op *const *ops, const char *text, tome_arena *arena, tome_step *out,
                                   tome_error *err);

#endif
