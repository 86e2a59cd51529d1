/* Tiles and rows: boxes of voxels in memory, and their values on the way to float32 and back. */
#include <math.h>
#include <string.h>

#include "eval/facts.h"

tome_tile tome_tile_of(const tome_box *box, tome_dtype dtype, void *data) {
  int64_t shape[3];
  tome_box_shape(box, shape);
  return (tome_tile){.box = *box, .dtype = dtype, .plane = shape[1] * shape[2], .row = shape[2], .data = data};
}

void tome_tile_copy(const tome_tile *from, const tome_tile *to) {
  const tome_box b = tome_box_intersect(&from->box, &to->box);
  if (tome_box_is_empty(&b)) return;
  const size_t size = tome_dtype_size(to->dtype), bytes = (size_t)(b.hi[2] - b.lo[2]) * size;
  for (int64_t z = b.lo[0]; z < b.hi[0]; z++)
    for (int64_t y = b.lo[1]; y < b.hi[1]; y++)
      memcpy((char *)tome_tile_row(to, z, y) + (size_t)(b.lo[2] - to->box.lo[2]) * size,
             (const char *)tome_tile_row(from, z, y) + (size_t)(b.lo[2] - from->box.lo[2]) * size, bytes);
}

static void repeat(char *to, const char *value, size_t size, int64_t n) {
  for (int64_t i = 0; i < n; i++) memcpy(to + (size_t)i * size, value, size);
}

void tome_tile_fill(const tome_tile *t, const tome_box *box, double value) {
  const tome_box b = tome_box_intersect(&t->box, box);
  if (tome_box_is_empty(&b)) return;
  const float f = (float)value;
  char one[8];
  tome_row_from_float(t->dtype, &f, one, 1);
  const size_t size = tome_dtype_size(t->dtype), offset = (size_t)(b.lo[2] - t->box.lo[2]) * size;
  const size_t bytes = (size_t)(b.hi[2] - b.lo[2]) * size;
  const char *first = (const char *)tome_tile_row(t, b.lo[0], b.lo[1]) + offset;
  repeat((char *)tome_tile_row(t, b.lo[0], b.lo[1]) + offset, one, size, b.hi[2] - b.lo[2]);
  for (int64_t z = b.lo[0]; z < b.hi[0]; z++)
    for (int64_t y = b.lo[1]; y < b.hi[1]; y++) {
      char *row = (char *)tome_tile_row(t, z, y) + offset;
      if (row != first) memcpy(row, first, bytes);
    }
}

#define TO_FLOAT(type)                                   \
  do {                                                   \
    const type *v = in;                                  \
    for (size_t i = 0; i < n; i++) out[i] = (float)v[i]; \
  } while (0)

void tome_row_to_float(tome_dtype from, const void *in, float *out, size_t n) {
  switch (from) {
    case TOME_U8:
      TO_FLOAT(uint8_t);
      break;
    case TOME_I8:
      TO_FLOAT(int8_t);
      break;
    case TOME_U16:
      TO_FLOAT(uint16_t);
      break;
    case TOME_I16:
      TO_FLOAT(int16_t);
      break;
    case TOME_U32:
      TO_FLOAT(uint32_t);
      break;
    case TOME_I32:
      TO_FLOAT(int32_t);
      break;
    case TOME_U64:
      TO_FLOAT(uint64_t);
      break;
    case TOME_I64:
      TO_FLOAT(int64_t);
      break;
    case TOME_F64:
      TO_FLOAT(double);
      break;
    case TOME_F32:
      memmove(out, in, n * sizeof *out);
      break;
    case TOME_NONE:
      break;
  }
}

/* Saturating before the conversion; NaN fails the first comparison and ends as 0. Adding and taking away 1.5 * 2^23 rounds half to even where
 * |v| < 2^22, which holds for the narrow types. */
#define FROM_FLOAT_NARROW(type, lowest, highest)                               \
  do {                                                                         \
    type *v = out;                                                             \
    for (size_t i = 0; i < n; i++) {                                           \
      const float x = in[i] == in[i] ? in[i] : 0.0f;                           \
      const float c = x < (lowest) ? (lowest) : x > (highest) ? (highest) : x; \
      v[i] = (type)(int32_t)((c + 12582912.0f) - 12582912.0f);                 \
    }                                                                          \
  } while (0)

static void from_float_wide(tome_dtype to, const float *in, void *out, size_t n) {
  double lo, hi;
  tome_dtype_range(to, &lo, &hi);
  for (size_t i = 0; i < n; i++) {
    const double x = isnan(in[i]) ? 0 : rint((double)in[i]);
    const double c = x < lo ? lo : x > hi ? hi : x;
    switch (to) {
      case TOME_U32:
        ((uint32_t *)out)[i] = (uint32_t)c;
        break;
      case TOME_I32:
        ((int32_t *)out)[i] = (int32_t)c;
        break;
      case TOME_U64:
        ((uint64_t *)out)[i] = c >= 0x1p64 ? UINT64_MAX : (uint64_t)c;
        break;
      case TOME_I64:
        ((int64_t *)out)[i] = c >= 0x1p63 ? INT64_MAX : (int64_t)c;
        break;
      default:
        break;
    }
  }
}

void tome_row_from_float(tome_dtype to, const float *in, void *out, size_t n) {
  switch (to) {
    case TOME_U8:
      FROM_FLOAT_NARROW(uint8_t, 0.0f, 255.0f);
      break;
    case TOME_I8:
      FROM_FLOAT_NARROW(int8_t, -128.0f, 127.0f);
      break;
    case TOME_U16:
      FROM_FLOAT_NARROW(uint16_t, 0.0f, 65535.0f);
      break;
    case TOME_I16:
      FROM_FLOAT_NARROW(int16_t, -32768.0f, 32767.0f);
      break;
    case TOME_F32:
      memmove(out, in, n * sizeof *in);
      break;
    case TOME_F64:
      for (size_t i = 0; i < n; i++) ((double *)out)[i] = (double)in[i];
      break;
    case TOME_NONE:
      break;
    default:
      from_float_wide(to, in, out, n);
  }
}

void tome_row_settle(tome_dtype type, float *values, size_t n) {
  enum { PART = 512 };
  char stored[PART * 8];
  if (type == TOME_F32 || type == TOME_F64) return;
  for (size_t i = 0; i < n; i += PART) {
    const size_t part = n - i < PART ? n - i : PART;
    tome_row_from_float(type, values + i, stored, part);
    tome_row_to_float(type, stored, values + i, part);
  }
}
