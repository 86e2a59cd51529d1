/* Failing in one statement. */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool tome_fail(tome_error *err, tome_code code, const char *fmt, ...) {
  if (!err || err->code != TOME_OK) return false;
  va_list args;
  va_start(args, fmt);
  vsnprintf(err->message, sizeof err->message, fmt, args);
  va_end(args);
  err->code = code;
  return false;
}

bool tome_fail_errno(tome_error *err, const char *fmt, ...) {
  const int saved = errno;
  if (!err || err->code != TOME_OK) return false;
  va_list args;
  va_start(args, fmt);
  vsnprintf(err->message, sizeof err->message, fmt, args);
  va_end(args);
  char why[128] = "";
  const char *text = strerror_r(saved, why, sizeof why); /* GNU's: may not use the buffer */
  const size_t used = strlen(err->message);
  snprintf(err->message + used, sizeof err->message - used, ": %s", text);
  err->code = saved == ENOENT ? TOME_NOT_FOUND : TOME_IO;
  return false;
}

bool tome_fail_prefix(tome_error *err, const char *fmt, ...) {
  if (!err || err->code == TOME_OK) return false;
  char prefix[sizeof err->message];
  va_list args;
  va_start(args, fmt);
  vsnprintf(prefix, sizeof prefix, fmt, args);
  va_end(args);
  char joined[2 * sizeof err->message + 4];
  snprintf(joined, sizeof joined, "%s: %s", prefix, err->message);
  joined[sizeof err->message - 1] = '\0';
  memcpy(err->message, joined, sizeof err->message);
  return false;
}
