/* inspect.h - inside `tome info`: inspect.c finds volumes and what their headers say, inspect_values.c counts their values. */
#ifndef TOME_APP_INSPECT_H
#define TOME_APP_INSPECT_H

#include "app/convert.h"

/* Reads the volume, one sample at a time, into one row of facts each (in `arena`). */
TOME_MUST_USE bool tome_inspect_values(const tome_stacked *s, const char *shown, const tome_run *run, tome_arena *arena,
                                       tome_volume_facts *out, tome_error *err);

#endif
