/* Label values by what people call them. */
#ifndef TOME_OPS_VALUES_H
#define TOME_OPS_VALUES_H

#include "eval/op.h"

enum { TOME_LABEL_VALUES = 65536 };

/* A value for every value of a label map. */
typedef struct tome_lookup {
  uint16_t to[TOME_LABEL_VALUES];
} tome_lookup;

/* Calls `use` with each value that a word or number stands for in the map that flows in: a number, or a label's name. Fails where the
 * case has no such label in any map. */
TOME_MUST_USE bool tome_each_value(const tome_shaping *s, const tome_item *item,
                                   void (*use)(tome_lookup *l, uint16_t value, double to), tome_lookup *l,
                                   tome_error *err);
/* The narrowest type for the values that `l` gives to those of `in`. */
tome_dtype tome_lookup_dtype(const tome_lookup *l, tome_dtype in);
/* tome_op.row */
void tome_lookup_row(const void *state, const float *in, float *out, size_t n);

#endif
