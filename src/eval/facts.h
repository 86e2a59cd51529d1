/* Looking up what the record knows, on behalf of steps. For src/eval's own use; steps see op.h. */
#ifndef TOME_EVAL_FACTS_H
#define TOME_EVAL_FACTS_H

#include "eval/op.h"

/* Fails for want of a label, naming those there are and a near miss. Returns false. */
bool tome_fail_no_label(const tome_shaping *s, const char *label, tome_error *err);
/* Rounds and saturates float32 values to what a type can hold. Nothing to do for float types. */
void tome_row_settle(tome_dtype type, float *values, size_t n);

#endif
