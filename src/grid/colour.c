/* Palettes, luma and alpha, sample by sample. */
#include "grid/colour.h"

#include <stdlib.h>
#include <string.h>

enum { RED = 19595, GREEN = 38470, BLUE = 7471, HALF = 0x8000, SHIFT = 16 };

/* ---- palettes --- */

static bool is_gray(const uint8_t c[4]) { return c[0] == c[1] && c[1] == c[2] && c[3] == 255; }

static bool is_black(const uint8_t c[4]) { return is_gray(c) && c[0] == 0; }

bool tome_palette_is_gray_values(const tome_palette *p) {
  for (int i = 0; i < p->count; i++)
    if (!is_gray(p->colour[i]) || p->colour[i][0] != i) return false;
  return p->count > 0;
}

/* Entry i of an even falling ramp, about: some writers have (252, 254, 252) for white. */
static bool falls(const tome_palette *p, int count, int i) {
  enum { NEAR = 8 };
  const int want = 255 * (count - 1 - i) / (count - 1);
  for (int k = 0; k < 3; k++)
    if (abs(p->colour[i][k] - want) > NEAR) return false;
  return p->colour[i][3] == 255;
}

bool tome_palette_turn(tome_palette *p) {
  int count = p->count;
  while (count > 2 && is_black(p->colour[count - 1]) && is_black(p->colour[count - 2])) count--;
  if (count != 2 && count != 4 && count != 16 && count != 256) return false;
  for (int i = 0; i < count; i++)
    if (!falls(p, count, i)) return false;
  for (int i = 0; i < count / 2; i++) {
    uint8_t swap[4];
    memcpy(swap, p->colour[i], sizeof swap);
    memcpy(p->colour[i], p->colour[count - 1 - i], sizeof swap);
    memcpy(p->colour[count - 1 - i], swap, sizeof swap);
  }
  p->count = count;
  return p->turned = true;
}

void tome_palette_turn_indices(const tome_palette *p, uint8_t *index, size_t n) {
  uint8_t table[256] = {0}; /* what lies behind the palette is black, and so is entry 0 now */
  for (int i = 0; i < p->count; i++) table[i] = (uint8_t)(p->count - 1 - i);
  for (size_t i = 0; i < n; i++) index[i] = table[index[i]];
}

int tome_palette_channels(const tome_palette *p) {
  bool gray = true, opaque = true;
  for (int i = 0; i < p->count; i++) {
    const uint8_t *c = p->colour[i];
    gray = gray && c[0] == c[1] && c[1] == c[2];
    opaque = opaque && c[3] == 255;
  }
  return !opaque ? 4 : gray ? 1 : 3;
}

void tome_palette_expand(const tome_palette *p, uint8_t *data, size_t n) {
  uint8_t table[256][4];
  const size_t channels = (size_t)tome_palette_channels(p);
  for (int i = 0; i < 256; i++) memcpy(table[i], i < p->count ? p->colour[i] : (const uint8_t[4]){0, 0, 0, 255}, 4);
  for (size_t i = n; i-- > 0;)
    memcpy(data + i * channels, table[data[i]], channels); /* from the end: none is overtaken */
}

/* ---- gray --- */

static void gray_u8(const uint8_t *in, size_t step, size_t n, uint8_t *out) {
  for (size_t i = 0; i < n; i++, in += step)
    out[i] = (uint8_t)((uint32_t)(in[0] * RED + in[1] * GREEN + in[2] * BLUE + HALF) >> SHIFT);
}

static void gray_u16(const uint16_t *in, size_t step, size_t n, uint16_t *out) {
  for (size_t i = 0; i < n; i++, in += step)
    out[i] = (uint16_t)(((uint32_t)in[0] * RED + (uint32_t)in[1] * GREEN + (uint32_t)in[2] * BLUE + HALF) >> SHIFT);
}

static double weigh(double r, double g, double b) { return (r * RED + g * GREEN + b * BLUE) / (1 << SHIFT); }

static void gray_f32(const float *in, size_t step, size_t n, float *out) {
  for (size_t i = 0; i < n; i++, in += step) out[i] = (float)weigh((double)in[0], (double)in[1], (double)in[2]);
}

static void gray_f64(const double *in, size_t step, size_t n, double *out) {
  for (size_t i = 0; i < n; i++, in += step) out[i] = weigh(in[0], in[1], in[2]);
}

/* The first `keep` of `channels` samples; `out` may be `in`. */
static void keep_first(size_t element, size_t channels, size_t keep, const uint8_t *in, size_t n, uint8_t *out) {
  for (size_t i = 0; i < n; i++) memmove(out + i * keep * element, in + i * channels * element, keep * element);
}

bool tome_colour_to_gray(tome_dtype dtype, int channels, const void *in, size_t n, void *out, tome_error *err) {
  if (channels < 1 || channels > 4)
    return tome_fail(err, TOME_UNSUPPORTED, "%d samples a voxel are no picture that could be made gray", channels);
  const size_t step = (size_t)channels;
  if (step < 3)
    keep_first(tome_dtype_size(dtype), step, 1, in, n, out);
  else if (dtype == TOME_U8)
    gray_u8(in, step, n, out);
  else if (dtype == TOME_U16)
    gray_u16(in, step, n, out);
  else if (dtype == TOME_F32)
    gray_f32(in, step, n, out);
  else if (dtype == TOME_F64)
    gray_f64(in, step, n, out);
  else
    return tome_fail(err, TOME_UNSUPPORTED,
                     "colours of type %s cannot be made gray; uint8, uint16, float32 and float64 can",
                     tome_dtype_name(dtype));
  return true;
}

/* ---- alpha --- */

bool tome_alpha_is_constant(tome_dtype dtype, int channels, const void *data, size_t n) {
  const size_t element = tome_dtype_size(dtype), step = element * (size_t)channels;
  const uint8_t *last = (const uint8_t *)data + step - element;
  for (size_t i = 1; i < n; i++)
    if (memcmp(last, last + i * step, element) != 0) return false;
  return true;
}

void tome_alpha_drop(tome_dtype dtype, int channels, void *data, size_t n) {
  keep_first(tome_dtype_size(dtype), (size_t)channels, (size_t)channels - 1, data, n, data);
}
