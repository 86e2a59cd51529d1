/* The two passes. Down: columns lie side by side, so every step is one contiguous run. Across: a few rows are transposed into that
 * shape and back, unless an output is just one or two voxels of its row. */
#include "ops/kernel_plane.h"

#include <string.h>

#include "ops/kernel_rows.h"

enum { BLOCK_CELLS = 32 << 10 };

tome_source tome_float_source(const float *data, size_t stride) { return (tome_source){data, TOME_F32, stride}; }
tome_sink tome_float_sink(float *data, size_t stride) { return (tome_sink){data, TOME_F32, stride, NULL}; }

tome_source tome_source_at(const tome_source *in, size_t element) {
  return (tome_source){(const char *)in->data + element * tome_dtype_size(in->type), in->type, in->stride};
}

tome_sink tome_sink_at(const tome_sink *out, size_t element) {
  return (tome_sink){(char *)out->data + element * tome_dtype_size(out->type), out->type, out->stride, out->rules};
}

/* Where floats can be written as they are. */
static float *plain(const tome_sink *out) { return out->rules ? NULL : out->data; }

void tome_sink_row(const tome_sink *out, size_t r, size_t at, const float *row, size_t n) {
  char *to = (char *)out->data + (r * out->stride + at) * tome_dtype_size(out->type);
  if (out->rules)
    tome_rows_store(to, out->type, row, n, out->rules);
  else
    memcpy(to, row, n * sizeof *row);
}

/* Row r from element `at`: in place where it is float, else in `room`. */
static const float *row_of(const tome_source *in, size_t r, size_t at, size_t n, float *room) {
  const tome_source from = tome_source_at(in, r * in->stride + at);
  if (in->type == TOME_F32) return from.data;
  tome_rows_load(room, from.data, in->type, n);
  return room;
}

/* ---- down ----------------------------------------------------------------------------------------------- */

size_t tome_down_width(const tome_line *l, size_t columns) {
  size_t width = (size_t)BLOCK_CELLS / (size_t)(l->rows > 0 ? l->rows : 1) / 16 * 16;
  width = width < 32 ? 32 : width > 512 ? 512 : width;
  return width < columns ? width : columns;
}

static void down_direct(const tome_line *l, const tome_source *in, const tome_sink *out, size_t from, size_t n,
                        tome_scratch *s) {
  float *room[2] = {s->rows, s->rows + n}, *sum = s->rows + 2 * n;
  const float *row[2] = {NULL, NULL};
  int32_t at[2] = {-1, -1};
  for (int64_t i = 0; i < l->count; i++) {
    const int32_t *tap = l->tap + i * l->taps;
    const float *use[2] = {NULL, NULL};
    for (int k = 0; k < l->taps; k++) { /* even rows live in one place, odd ones in the other: neighbours never clash */
      const int slot = tap[k] & 1;
      if (at[slot] != tap[k]) row[slot] = row_of(in, (size_t)tap[k], from, n, room[slot]);
      at[slot] = tap[k];
      use[k] = row[slot];
    }
    float *to = plain(out) ? plain(out) + (size_t)i * out->stride + from : sum;
    if (l->taps == 2) tome_rows_blend(to, use[0], use[1], l->weight + 2 * i, n);
    if (l->taps == 1)
      tome_sink_row(out, (size_t)i, from, use[0], n);
    else if (to == sum)
      tome_sink_row(out, (size_t)i, from, sum, n);
  }
}

static void down_block(const tome_line *l, const tome_source *in, const tome_sink *out, size_t from, size_t n,
                       tome_scratch *s) {
  double *first = s->block + (size_t)l->pad_lo * n;
  for (size_t r = 0; r < (size_t)(l->in_hi - l->in_lo); r++) {
    const tome_source row = tome_source_at(in, r * in->stride + from);
    tome_rows_widen(first + r * n, row.data, in->type, n);
  }
  const double *block = tome_line_prepare(l, s->block, s->spare, n);
  if (plain(out)) {
    tome_rows_sums(plain(out) + from, out->stride, block, n, l->tap, l->wide, l->taps, (size_t)l->count);
    return;
  }
  for (int64_t i = 0; i < l->count; i++) {
    tome_rows_sums(s->rows, n, block, n, l->tap + i * l->taps, l->wide + i * l->taps, l->taps, 1);
    tome_sink_row(out, (size_t)i, from, s->rows, n);
  }
}

void tome_down(const tome_line *l, const tome_source *in, const tome_sink *out, size_t from, size_t to,
               tome_scratch *s) {
  if (tome_line_is_direct(l)) {
    down_direct(l, in, out, from, to - from, s);
    return;
  }
  const size_t width = tome_down_width(l, to - from);
  for (size_t at = from; at < to; at += width) down_block(l, in, out, at, to - at < width ? to - at : width, s);
}

/* ---- across --------------------------------------------------------------------------------------------- */

static void across_direct(const tome_line *l, const tome_source *in, const tome_sink *out, size_t rows,
                          tome_scratch *s) {
  const size_t width = (size_t)(l->in_hi - l->in_lo), count = (size_t)l->count;
  const bool copy = tome_line_is_copy(l);
  for (size_t r = 0; r < rows; r++) {
    const float *row = row_of(in, r, 0, width, s->rows);
    float *to = plain(out) ? plain(out) + r * out->stride : s->rows + width;
    if (!copy) tome_rows_pick(to, row, l->tap, l->weight, l->taps, count);
    if (copy || !plain(out)) tome_sink_row(out, r, 0, copy ? row : to, count);
  }
}

/* `n` rows from r on, one lane each. */
static void across_block(const tome_line *l, const tome_source *in, const tome_sink *out, size_t r, size_t n,
                         tome_scratch *s) {
  const size_t width = (size_t)(l->in_hi - l->in_lo), count = (size_t)l->count;
  double *first = s->block + (size_t)l->pad_lo * n;
  for (size_t k = 0; k < n; k += 4) { /* four rows at a time: the transpose's own step */
    const size_t some = n - k < 4 ? n - k : 4;
    const float *rows = s->rows;
    if (in->type == TOME_F32)
      rows = tome_source_at(in, (r + k) * in->stride).data;
    else
      for (size_t j = 0; j < some; j++) row_of(in, r + k + j, 0, width, s->rows + j * width);
    tome_rows_turn_wide(first + k, n, rows, in->type == TOME_F32 ? in->stride : width, some, width);
  }
  const double *block = tome_line_prepare(l, s->block, s->spare, n);
  tome_rows_sums(s->rows, n, block, n, l->tap, l->wide, l->taps, count);
  if (plain(out)) {
    tome_rows_turn(plain(out) + r * out->stride, out->stride, s->rows, n, count, n);
    return;
  }
  float *back = s->rows + count * n;
  tome_rows_turn(back, count, s->rows, n, count, n);
  for (size_t k = 0; k < n; k++) tome_sink_row(out, r + k, 0, back + k * count, count);
}

void tome_across(const tome_line *l, const tome_source *in, const tome_sink *out, size_t rows, tome_scratch *s) {
  if (tome_line_is_direct(l)) {
    across_direct(l, in, out, rows, s);
    return;
  }
  for (size_t r = 0; r < rows; r += TOME_LANES)
    across_block(l, in, out, r, rows - r < TOME_LANES ? rows - r : TOME_LANES, s);
}
