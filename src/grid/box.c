/* Half-open boxes of voxels. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "grid/grid.h"

tome_box tome_box_of_shape(const int64_t shape[3]) { return (tome_box){{0, 0, 0}, {shape[0], shape[1], shape[2]}}; }

bool tome_box_is_empty(const tome_box *b) {
  return b->hi[0] <= b->lo[0] || b->hi[1] <= b->lo[1] || b->hi[2] <= b->lo[2];
}

tome_box tome_box_intersect(const tome_box *a, const tome_box *b) {
  tome_box r;
  for (int i = 0; i < 3; i++) {
    r.lo[i] = a->lo[i] > b->lo[i] ? a->lo[i] : b->lo[i];
    r.hi[i] = a->hi[i] < b->hi[i] ? a->hi[i] : b->hi[i];
  }
  return r;
}

bool tome_box_contains(const tome_box *outer, const tome_box *inner) {
  for (int i = 0; i < 3; i++)
    if (inner->lo[i] < outer->lo[i] || inner->hi[i] > outer->hi[i]) return false;
  return true;
}

void tome_box_shape(const tome_box *b, int64_t shape[3]) {
  for (int i = 0; i < 3; i++) shape[i] = b->hi[i] > b->lo[i] ? b->hi[i] - b->lo[i] : 0;
}

int64_t tome_box_voxels(const tome_box *b) {
  int64_t s[3], n;
  tome_box_shape(b, s);
  if (__builtin_mul_overflow(s[0], s[1], &n) || __builtin_mul_overflow(n, s[2], &n)) return INT64_MAX;
  return n;
}

bool tome_shape_bytes(const int64_t shape[3], size_t element, size_t *bytes) {
  size_t n = element;
  for (int i = 0; i < 3; i++)
    if (shape[i] < 1 || __builtin_mul_overflow(n, (size_t)shape[i], &n)) return false;
  if (n > (size_t)INT64_MAX) return false;
  *bytes = n;
  return true;
}

/* One bound: digits, perhaps signed, or nothing for `otherwise`. Negative counts from the end. */
static bool parse_bound(const char **p, int64_t extent, int64_t otherwise, int64_t *out) {
  if (**p != '-' && **p != '+' && (**p < '0' || **p > '9')) {
    *out = otherwise;
    return true;
  }
  char *end;
  errno = 0;
  const long long v = strtoll(*p, &end, 10);
  if (errno || end == *p) return false;
  *p = end;
  *out = v < 0 ? v + extent : v;
  return true;
}

bool tome_box_parse(const char *text, const int64_t shape[3], tome_box *out, tome_error *err) {
  static const char axis[] = "zyx";
  tome_box b;
  const char *p = text;
  for (int i = 0; i < 3; i++) {
    if (!parse_bound(&p, shape[i], 0, &b.lo[i]) || *p++ != ':' || !parse_bound(&p, shape[i], shape[i], &b.hi[i]) ||
        *p != (i < 2 ? ',' : '\0'))
      return tome_fail(err, TOME_USAGE, "box \"%s\": wanted z0:z1,y0:y1,x0:x1, as in 0:16,100:228,:", text);
    p++;
    if (b.lo[i] >= b.hi[i])
      return tome_fail(err, TOME_USAGE, "box \"%s\": %c from %lld to %lld is empty", text, axis[i], (long long)b.lo[i],
                       (long long)b.hi[i]);
    if (b.lo[i] < 0 || b.hi[i] > shape[i])
      return tome_fail(err, TOME_USAGE, "box \"%s\": %c runs from %lld to %lld, but the volume from 0 to %lld", text,
                       axis[i], (long long)b.lo[i], (long long)b.hi[i], (long long)shape[i]);
  }
  *out = b;
  return true;
}
