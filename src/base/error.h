/* Failing in one statement, and the sentence that goes with it. */
#ifndef TOME_BASE_ERROR_H
#define TOME_BASE_ERROR_H

#include "tome.h"

/* Records the failure (the first one wins) and returns false, so that failing is one statement:
 *   return tome_fail(err, TOME_CORRUPT, "%s: slice %d is cut short", path, z);
 * `err` may be NULL. */
bool tome_fail(tome_error *err, tome_code code, const char *fmt, ...) TOME_PRINTF(3, 4);

/* The same with errno's text appended: "…: No space left on device". TOME_IO, or TOME_NOT_FOUND for ENOENT. */
bool tome_fail_errno(tome_error *err, const char *fmt, ...) TOME_PRINTF(2, 3);

/* Puts "prefix: " before the message of a failure already recorded, to say which file or case it belongs to.
 * Returns false. Does nothing where nothing was recorded. */
bool tome_fail_prefix(tome_error *err, const char *fmt, ...) TOME_PRINTF(2, 3);

#endif
