/* words.c - arguments of requests as text: escapes, spans, numbers. Whatever they hold, they come to a value in bounds or to a sentence. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "view/inside.h"

static int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

size_t view_unescape(char *text) {
  char *to = text;
  for (const char *from = text; *from; to++) {
    if (*from != '%') {
      *to = *from++;
      continue;
    }
    const int high = digit_of(from[1]), low = high < 0 ? -1 : digit_of(from[2]);
    const int value = low < 0 ? 0 : high * 16 + low;
    *to = value ? (char)value : '\1';
    from += low < 0 ? 1 : 3;
  }
  *to = '\0';
  return (size_t)(to - text);
}

bool view_text_is_clean(const char *text) {
  for (const char *s = text; *s; s++) {
    const unsigned char c = (unsigned char)*s;
    if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f) return false;
  }
  return true;
}

/* Digits up to `end`, or `fallback` where there are none. */
static bool bound(const char *text, size_t length, int64_t fallback, int64_t *out) {
  *out = fallback;
  if (!length) return true;
  if (length > 18 || strspn(text, "0123456789") < length) return false;
  *out = (int64_t)strtoll(text, NULL, 10);
  return true;
}

bool view_span(const char *text, char axis, int64_t most, int64_t *lo, int64_t *hi, tome_error *err) {
  if (!text) text = ":";
  const char *colon = strchr(text, ':');
  int64_t a, b;
  if (!colon || !bound(text, (size_t)(colon - text), 0, &a) || !bound(colon + 1, strlen(colon + 1), most, &b))
    return view_fail(err, TOME_USAGE, "%c=%.40s: is no span of voxels; write %c=FIRST:END, as in %c=0:%" PRId64, axis,
                     text, axis, axis, most);
  if (a >= b || b > most)
    return view_fail(err, TOME_USAGE, "%c=%.40s: is not within 0:%" PRId64 ", or holds no voxel", axis, text, most);
  *lo = a;
  *hi = b;
  return true;
}

bool view_number(const char *text, const char *name, int64_t lo, int64_t hi, int64_t fallback, int64_t *out,
                 tome_error *err) {
  int64_t v;
  if (!text || !*text) {
    *out = fallback;
    return true;
  }
  if (!bound(text, strlen(text), 0, &v) || v < lo || v > hi)
    return view_fail(err, TOME_USAGE, "%s=%.40s: is not a whole number from %" PRId64 " to %" PRId64, name, text, lo,
                     hi);
  *out = v;
  return true;
}

const char *view_type_text(tome_dtype dtype) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define ORDERED(code) "<" code
#else
#define ORDERED(code) ">" code
#endif
  static const char *const names[] = {
      [TOME_U8] = "|u1",          [TOME_I8] = "|i1",          [TOME_U16] = ORDERED("u2"), [TOME_I16] = ORDERED("i2"),
      [TOME_U32] = ORDERED("u4"), [TOME_I32] = ORDERED("i4"), [TOME_U64] = ORDERED("u8"), [TOME_I64] = ORDERED("i8"),
      [TOME_F32] = ORDERED("f4"), [TOME_F64] = ORDERED("f8")};
  return (size_t)dtype < sizeof names / sizeof *names && names[dtype] ? names[dtype] : "";
}

bool view_box_bytes(const tome_box *box, size_t element, size_t most, size_t *bytes) {
  size_t n = element;
  for (int a = 0; a < 3; a++)
    if (__builtin_mul_overflow(n, (size_t)(box->hi[a] - box->lo[a]), &n)) return false;
  *bytes = n;
  return n <= most;
}
