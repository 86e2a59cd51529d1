/* The three ways to run a plan. */
#include <string.h>

#include "ops/kernel_plan.h"
#include "ops/kernel_rows.h"

enum { Z = TOME_Z, Y = TOME_Y, X = TOME_X, CHUNKS_A_THREAD = 3, ALONE = 8, COPIED = 8 };

/* ---- spline along z: through an intermediate volume ------------------------------------------------------ */

static bool plane_to_volume(void *ctx, size_t z, int worker, tome_error *err) {
  const tome_passes *p = ctx;
  const tome_source in = tome_passes_in(p, z);
  const tome_sink to = tome_float_sink(p->volume + z * tome_passes_volume_plane(p), p->count[X]);
  tome_passes_plane(p, &in, &to, &p->scratch[worker]);
  (void)err;
  return true;
}

static bool volume_row_to_out(void *ctx, size_t y, int worker, tome_error *err) {
  const tome_passes *p = ctx;
  const tome_source in = tome_float_source(p->volume + y * p->count[X], tome_passes_volume_plane(p));
  tome_sink out = tome_sink_at(&p->out, y * p->out.stride);
  out.stride = p->out_slice;
  tome_down(&p->line[Z], &in, &out, 0, p->count[X], &p->scratch[worker]);
  (void)err;
  return true;
}

static bool in_row_to_volume(void *ctx, size_t y, int worker, tome_error *err) {
  const tome_passes *p = ctx;
  tome_source in = tome_source_at(&p->in, y * p->in.stride);
  in.stride = p->in_slice;
  const tome_sink to = tome_float_sink(p->volume + y * p->n[X], tome_passes_volume_plane(p));
  tome_down(&p->line[Z], &in, &to, 0, p->n[X], &p->scratch[worker]);
  (void)err;
  return true;
}

static bool volume_to_plane(void *ctx, size_t z, int worker, tome_error *err) {
  const tome_passes *p = ctx;
  const tome_source in = tome_float_source(p->volume + z * tome_passes_volume_plane(p), p->n[X]);
  const tome_sink out = tome_passes_out(p, z);
  tome_passes_plane(p, &in, &out, &p->scratch[worker]);
  (void)err;
  return true;
}

bool tome_passes_through_volume(tome_passes *p, const tome_run *run, tome_error *err) {
  if (p->z_first)
    return tome_parallel(run, p->n[Y], in_row_to_volume, p, err) &&
           tome_parallel(run, p->count[Z], volume_to_plane, p, err);
  return tome_parallel(run, p->n[Z], plane_to_volume, p, err) &&
         tome_parallel(run, p->count[Y], volume_row_to_out, p, err);
}

/* ---- one or two slices along z: streamed ----------------------------------------------------------------- */

typedef struct stream {
  tome_passes *p;
  size_t chunk; /* outputs an item: neighbours share slices, which are then computed once */
} stream;

static void copy_slice(const tome_passes *p, size_t from, size_t to) {
  const size_t size = tome_dtype_size(p->out.type);
  char *base = p->out.data;
  for (size_t y = 0; y < p->count[Y]; y++)
    memcpy(base + (to * p->out_slice + y * p->out.stride) * size,
           base + (from * p->out_slice + y * p->out.stride) * size, p->count[X] * size);
}

/* The resampled plane of slice z, kept while its neighbours are in use. */
static const float *plane_of(const tome_passes *p, int32_t z, tome_scratch *s) {
  const int slot = z & 1;
  if (s->slice_at[slot] != z) {
    const tome_source in = tome_passes_in(p, (size_t)z);
    const tome_sink to = tome_float_sink(s->slice[slot], p->count[X]);
    tome_passes_plane(p, &in, &to, s);
    s->slice_at[slot] = z;
  }
  return s->slice[slot];
}

static void blend_last(const tome_passes *p, size_t z, tome_scratch *s) {
  const int32_t *tap = p->line[Z].tap + 2 * z;
  const float *a = plane_of(p, tap[0], s), *b = plane_of(p, tap[1], s);
  const tome_sink out = tome_passes_out(p, z);
  const size_t n = p->count[X];
  for (size_t y = 0; y < p->count[Y]; y++) {
    tome_rows_blend(s->rows, a + y * n, b + y * n, p->line[Z].weight + 2 * z, n);
    tome_sink_row(&out, y, 0, s->rows, n);
  }
}

static void blend_first(const tome_passes *p, size_t z, tome_scratch *s) {
  const tome_line *l = &p->line[Z];
  const tome_source a = tome_passes_in(p, (size_t)l->tap[2 * z]), b = tome_passes_in(p, (size_t)l->tap[2 * z + 1]);
  const size_t n = p->n[X];
  for (size_t y = 0; y < p->n[Y]; y++) {
    tome_rows_load(s->rows, tome_source_at(&a, y * a.stride).data, a.type, n);
    tome_rows_load(s->rows + n, tome_source_at(&b, y * b.stride).data, b.type, n);
    tome_rows_blend(s->slice[0] + y * n, s->rows, s->rows + n, l->weight + 2 * z, n);
  }
  const tome_source in = tome_float_source(s->slice[0], n);
  const tome_sink out = tome_passes_out(p, z);
  tome_passes_plane(p, &in, &out, s);
}

static void stream_slice(const tome_passes *p, size_t z, bool first, tome_scratch *s) {
  const tome_line *l = &p->line[Z];
  if (l->taps == 2) {
    if (p->z_first)
      blend_first(p, z, s);
    else
      blend_last(p, z, s);
  } else if (!first && l->tap[z] == l->tap[z - 1]) {
    copy_slice(p, z - 1, z);
  } else {
    const tome_source in = tome_passes_in(p, (size_t)l->tap[z]);
    const tome_sink out = tome_passes_out(p, z);
    tome_passes_plane(p, &in, &out, s);
  }
}

static bool stream_chunk(void *ctx, size_t item, int worker, tome_error *err) {
  const stream *st = ctx;
  const tome_passes *p = st->p;
  tome_scratch *s = &p->scratch[worker];
  s->slice_at[0] = s->slice_at[1] = -1;
  const size_t from = item * st->chunk, to = from + st->chunk < p->count[Z] ? from + st->chunk : p->count[Z];
  for (size_t z = from; z < to; z++) stream_slice(p, z, z == from, s);
  (void)err;
  return true;
}

bool tome_passes_stream(tome_passes *p, const tome_run *run, tome_error *err) {
  const int threads = tome_threads(run);
  const size_t items =
      threads > 1 ? (size_t)threads * CHUNKS_A_THREAD : ALONE; /* even alone, to be stopped now and then */
  stream st = {p, (p->count[Z] + items - 1) / items};
  return tome_parallel(run, (p->count[Z] + st.chunk - 1) / st.chunk, stream_chunk, &st, err);
}

/* ---- nearest alone: voxels are copied -------------------------------------------------------------------- */

#define PICK(name, type)                                                                         \
  static void name(void *restrict dst, const void *restrict src, const int32_t *tap, size_t n) { \
    type *to = dst;                                                                              \
    const type *from = src;                                                                      \
    for (size_t i = 0; i < n; i++) to[i] = from[tap[i]];                                         \
  }
PICK(pick1, uint8_t)
PICK(pick2, uint16_t)
PICK(pick4, uint32_t)
PICK(pick8, uint64_t)

static void copy_row(const tome_passes *p, void *dst, const void *src, size_t size) {
  const tome_line *x = &p->line[X];
  if (tome_line_is_copy(x))
    memcpy(dst, src, p->count[X] * size);
  else if (size == 1)
    pick1(dst, src, x->tap, p->count[X]);
  else if (size == 2)
    pick2(dst, src, x->tap, p->count[X]);
  else if (size == 4)
    pick4(dst, src, x->tap, p->count[X]);
  else
    pick8(dst, src, x->tap, p->count[X]);
}

static void copy_plane(const tome_passes *p, size_t z) {
  const size_t size = tome_dtype_size(p->in.type);
  const tome_source in = tome_passes_in(p, (size_t)p->line[Z].tap[z]);
  const tome_sink out = tome_passes_out(p, z);
  const int32_t *tap = p->line[Y].tap;
  for (size_t y = 0; y < p->count[Y]; y++) {
    char *to = (char *)out.data + y * out.stride * size;
    if (y > 0 && tap[y] == tap[y - 1])
      memcpy(to, to - out.stride * size, p->count[X] * size);
    else
      copy_row(p, to, tome_source_at(&in, (size_t)tap[y] * in.stride).data, size);
  }
}

static bool copy_chunk(void *ctx, size_t item, int worker, tome_error *err) {
  const stream *st = ctx;
  const size_t from = item * st->chunk, end = from + st->chunk, to = end < st->p->count[Z] ? end : st->p->count[Z];
  const int32_t *tap = st->p->line[Z].tap;
  for (size_t z = from; z < to; z++) {
    if (z > from && tap[z] == tap[z - 1])
      copy_slice(st->p, z - 1, z);
    else
      copy_plane(st->p, z);
  }
  (void)worker, (void)err;
  return true;
}

bool tome_passes_copy(tome_passes *p, const tome_run *run, tome_error *err) {
  stream st = {p, COPIED};
  return tome_parallel(run, (p->count[Z] + st.chunk - 1) / st.chunk, copy_chunk, &st, err);
}
