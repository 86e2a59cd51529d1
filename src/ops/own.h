/* Steps that a program brings along (tome_own_step of tome.h), as ops among the built-in ones. */
#ifndef TOME_OPS_OWN_H
#define TOME_OPS_OWN_H

#include "eval/op.h"

/* The built-in steps and `count` more, NULL-terminated, in `arena`. TOME_USAGE where one cannot be a step, with the reason. */
TOME_MUST_USE const tome_op *const *tome_own_ops(const tome_own_step *const *own, size_t count, tome_arena *arena,
                                                 tome_error *err);

#endif
