/* Voxels into pixels: values of any type as floats in the order of the picture, and resampling one axis after the other. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "render/inside.h"

/* ---- weights ---- */

void tome_taps_clear(tome_taps *t) {
  free(t->first);
  free(t->memory);
  *t = (tome_taps){0};
}

/* The weights of pixel i, before they are made to add up to 1: a triangle as wide as a voxel or a pixel, whichever is larger. */
static void weigh(tome_taps *t, int i, double scale, int64_t voxels) {
  const double reach = scale > 1 ? scale : 1, centre = (i + 0.5) * scale - 0.5;
  int64_t lo = (int64_t)floor(centre - reach) + 1, hi = (int64_t)ceil(centre + reach) - 1;
  if (lo < 0) lo = 0;
  if (hi >= voxels) hi = voxels - 1;
  if (hi < lo) hi = lo;
  float *w = t->weight + (size_t)i * (size_t)t->most;
  double sum = 0;
  t->first[i] = (int)lo;
  t->count[i] = (int)(hi - lo + 1);
  for (int k = 0; k < t->count[i]; k++) sum += w[k] = (float)fmax(0, 1 - fabs((double)(lo + k) - centre) / reach);
  for (int k = 0; k < t->count[i]; k++) w[k] = sum > 0 ? (float)(w[k] / sum) : 1 / (float)t->count[i];
}

bool tome_taps_make(int64_t voxels, int pixels, tome_taps *out, tome_error *err) {
  const double scale = (double)voxels / pixels;
  tome_taps t = {.pixels = pixels, .most = (int)(2 * ceil(scale > 1 ? scale : 1)) + 1, .cells = (int)voxels};
  t.first = tome_alloc(2 * (size_t)pixels, sizeof *t.first, "a picture", err);
  t.weight = t.memory =
      t.first ? tome_alloc((size_t)pixels * (size_t)t.most, sizeof *t.weight, "a picture", err) : NULL;
  if (!t.memory) {
    free(t.first);
    return false;
  }
  t.count = t.first + pixels;
  for (int i = 0; i < pixels; i++) weigh(&t, i, scale, voxels);
  *out = t;
  return true;
}

static void across_rows(const float *from, int64_t columns, int64_t rows, const tome_taps *t, float *out) {
  for (int64_t y = 0; y < rows; y++)
    for (int i = 0; i < t->pixels; i++) {
      const float *v = from + y * columns + t->first[i], *w = t->weight + (size_t)i * (size_t)t->most;
      float sum = 0;
      for (int k = 0; k < t->count[i]; k++) sum += w[k] * v[k];
      out[y * t->pixels + i] = sum;
    }
}

static void down_columns(const float *from, int64_t width, const tome_taps *t, float *out) {
  for (int j = 0; j < t->pixels; j++) {
    const float *w = t->weight + (size_t)j * (size_t)t->most;
    float *row = out + j * width;
    memset(row, 0, (size_t)width * sizeof *row);
    for (int k = 0; k < t->count[j]; k++) {
      const float *v = from + (t->first[j] + k) * width;
      for (int64_t i = 0; i < width; i++) row[i] += w[k] * v[i];
    }
  }
}

bool tome_resample(const float *from, const tome_taps *across, const tome_taps *down, float *out, tome_error *err) {
  const int64_t columns = across->cells, rows = down->cells;
  const bool down_first = down->pixels < rows; /* the rows left are the fewer, and going down is the quicker way */
  const size_t between = down_first ? (size_t)down->pixels * (size_t)columns : (size_t)rows * (size_t)across->pixels;
  TOME_AUTO_FREE float *half = tome_alloc(between, sizeof *half, "a picture", err);
  if (!half) return false;
  if (down_first) {
    down_columns(from, columns, down, half);
    across_rows(half, columns, down->pixels, across, out);
  } else {
    across_rows(from, columns, rows, across, half);
    down_columns(half, across->pixels, down, out);
  }
  return true;
}

/* ---- values ---- */

/* Where the voxels of the picture lie in the slice's array: the first, and the steps to the right and down, in voxels. */
typedef struct strides {
  int64_t first, across, down;
} strides;

static strides strides_of(const tome_slice *s) {
  const int64_t *n = s->geometry.shape;
  const int64_t step[3] = {n[1] * n[2], n[2], 1};
  strides t = {0, step[s->view.across], step[s->view.down]};
  if (s->view.flip_across) {
    t.first += (s->view.columns - 1) * t.across;
    t.across = -t.across;
  }
  if (s->view.flip_down) {
    t.first += (s->view.rows - 1) * t.down;
    t.down = -t.down;
  }
  return t;
}

#define GATHER(type)                                                                     \
  do {                                                                                   \
    const type *from = s->voxels;                                                        \
    for (int64_t y = 0; y < s->view.rows; y++)                                           \
      for (int64_t x = 0; x < s->view.columns; x++)                                      \
        *out++ = (float)from[(t.first + y * t.down + x * t.across) * channels + sample]; \
  } while (0)

void tome_plane_floats(const tome_slice *s, int sample, float *out) {
  const strides t = strides_of(s);
  const int channels = s->channels > 1 ? s->channels : 1;
  switch (s->dtype) {
    case TOME_U8:
      GATHER(uint8_t);
      break;
    case TOME_I8:
      GATHER(int8_t);
      break;
    case TOME_U16:
      GATHER(uint16_t);
      break;
    case TOME_I16:
      GATHER(int16_t);
      break;
    case TOME_U32:
      GATHER(uint32_t);
      break;
    case TOME_I32:
      GATHER(int32_t);
      break;
    case TOME_U64:
      GATHER(uint64_t);
      break;
    case TOME_I64:
      GATHER(int64_t);
      break;
    case TOME_F32:
      GATHER(float);
      break;
    case TOME_F64:
      GATHER(double);
      break;
    case TOME_NONE:
      break;
  }
}

#define NUMBERS(type)                                                                                             \
  do {                                                                                                            \
    const type *from = l->voxels;                                                                                 \
    for (int64_t y = 0; y < s->view.rows; y++)                                                                    \
      for (int64_t x = 0; x < s->view.columns; x++) *out++ = (uint32_t)from[t.first + y * t.down + x * t.across]; \
  } while (0)

void tome_plane_values(const tome_slice *s, const tome_layer *l, uint32_t *out) {
  const strides t = strides_of(s);
  switch (tome_dtype_is_float(l->dtype) ? 0 : tome_dtype_size(l->dtype)) {
    case 1:
      NUMBERS(uint8_t);
      break;
    case 2:
      NUMBERS(uint16_t);
      break;
    case 4:
      NUMBERS(uint32_t);
      break;
    case 8:
      NUMBERS(uint64_t);
      break;
    default:
      memset(out, 0, (size_t)(s->view.columns * s->view.rows) * sizeof *out);
      break;
  }
}
