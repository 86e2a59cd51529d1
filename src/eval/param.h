/* Parameters: what one row of an op's table means for parsing, printing and help. For src/eval's own use. */
#ifndef TOME_EVAL_PARAM_H
#define TOME_EVAL_PARAM_H

#include "eval/op.h"

enum { TOME_ROWS = 24 }; /* the most rows of a table */

/* Parses and checks one value. `key`: the place in `text` of a pair's '=' (which becomes its end), or NULL. Both are written to. */
TOME_MUST_USE bool tome_param_value(const tome_param *p, char *text, char *key, tome_arena *arena, tome_item *out,
                                    tome_error *err);
/* The step in canonical form. */
TOME_MUST_USE const char *tome_step_text(const tome_step *s, tome_arena *arena, tome_error *err);
/* The range of a row in words: "0 ... 5", "itk, nnunet or scipy". */
void tome_param_range(const tome_param *p, char *out, size_t size);

#endif
