/* Element types: sizes, names, ranges, byte order. */
#include <stdlib.h>

#include "grid/grid.h"

static const struct {
  const char *name;
  size_t size;
  double lo, hi; /* integers */
} types[] = {
    [TOME_NONE] = {"none", 0, 0, 0},
    [TOME_U8] = {"uint8", 1, 0, 255},
    [TOME_I8] = {"int8", 1, -128, 127},
    [TOME_U16] = {"uint16", 2, 0, 65535},
    [TOME_I16] = {"int16", 2, -32768, 32767},
    [TOME_U32] = {"uint32", 4, 0, 4294967295.0},
    [TOME_I32] = {"int32", 4, -2147483648.0, 2147483647.0},
    [TOME_U64] = {"uint64", 8, 0, 18446744073709551615.0},
    [TOME_I64] = {"int64", 8, -9223372036854775808.0, 9223372036854775807.0},
    [TOME_F32] = {"float32", 4, 0, 0},
    [TOME_F64] = {"float64", 8, 0, 0},
};

static tome_dtype known(tome_dtype t) { return (unsigned)t < sizeof types / sizeof *types ? t : TOME_NONE; }

size_t tome_dtype_size(tome_dtype t) { return types[known(t)].size; }
const char *tome_dtype_name(tome_dtype t) { return types[known(t)].name; }
bool tome_dtype_is_float(tome_dtype t) { return t == TOME_F32 || t == TOME_F64; }
bool tome_dtype_is_signed(tome_dtype t) { return tome_dtype_is_float(t) || types[known(t)].lo < 0; }

void tome_dtype_range(tome_dtype t, double *lo, double *hi) {
  *lo = types[known(t)].lo;
  *hi = types[known(t)].hi;
}

static void swap2(uint16_t *p, size_t n) {
  for (size_t i = 0; i < n; i++) p[i] = __builtin_bswap16(p[i]);
}
static void swap4(uint32_t *p, size_t n) {
  for (size_t i = 0; i < n; i++) p[i] = __builtin_bswap32(p[i]);
}
static void swap8(uint64_t *p, size_t n) {
  for (size_t i = 0; i < n; i++) p[i] = __builtin_bswap64(p[i]);
}

void tome_swap_bytes(void *data, size_t n, size_t size) {
  if (size == 2) swap2(data, n);
  if (size == 4) swap4(data, n);
  if (size == 8) swap8(data, n);
}

void tome_volume_clear(tome_volume *v) {
  free(v->data);
  *v = (tome_volume){0};
}

size_t tome_volume_voxels(const tome_volume *v) {
  const int64_t *s = v->geometry.shape;
  return (size_t)s[0] * (size_t)s[1] * (size_t)s[2];
}
