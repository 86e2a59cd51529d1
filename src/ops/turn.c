/* Axes put in another order and turned round. */
#include "ops/turn.h"

#include <string.h>

#include "base/threads.h"

void tome_turn_shape(tome_turn *t, const tome_geometry *in, tome_geometry *out) {
  tome_geometry g = *in;
  double first[3] = {0, 0, 0}; /* input index of output voxel (0, 0, 0) */
  memcpy(t->shape, in->shape, sizeof t->shape);
  for (int a = 0; a < 3; a++) {
    const int f = t->from[a];
    g.shape[a] = in->shape[f];
    g.spacing[a] = in->spacing[f];
    for (int i = 0; i < 3; i++) g.direction[a][i] = (t->back[a] ? -1 : 1) * in->direction[f][i] + 0.0;
    if (t->back[a]) first[f] = (double)(in->shape[f] - 1);
  }
  tome_geometry_to_world(in, first, g.origin);
  *out = g;
}

void tome_turn_need(const void *state, const tome_box *out, tome_box *in) {
  const tome_turn *t = state;
  tome_box b;
  for (int a = 0; a < 3; a++) {
    const int f = t->from[a];
    b.lo[f] = t->back[a] ? t->shape[f] - out->hi[a] : out->lo[a];
    b.hi[f] = t->back[a] ? t->shape[f] - out->lo[a] : out->hi[a];
  }
  *in = b;
}

/* One output tile as walks through the input: from the voxel of its first corner, by so many elements an axis. */
typedef struct walk {
  const char *first;
  ptrdiff_t step[3];
  char *out;
  int64_t n[3];
} walk;

/* Output voxels [y0,y1) x [x0,x1) of one slice. */
#define MOVE(type)                                                                                    \
  static void move_##type(const walk *w, int64_t z, int64_t y0, int64_t y1, int64_t x0, int64_t x1) { \
    for (int64_t y = y0; y < y1; y++) {                                                               \
      const type *in = (const type *)(const void *)w->first + z * w->step[0] + y * w->step[1];        \
      type *out = (type *)(void *)w->out + (z * w->n[1] + y) * w->n[2];                               \
      const ptrdiff_t s = w->step[2];                                                                 \
      if (s == 1)                                                                                     \
        memcpy(out + x0, in + x0, (size_t)(x1 - x0) * sizeof *out);                                   \
      else                                                                                            \
        for (int64_t x = x0; x < x1; x++) out[x] = in[x * s];                                         \
    }                                                                                                 \
  }
MOVE(uint8_t)
MOVE(uint16_t)
MOVE(uint32_t)
MOVE(uint64_t)

/* In squares, so that neither side strides through memory for long. */
static void move_slice(const walk *w, size_t size, int64_t z) {
  enum { SQUARE = 64 };
  const int64_t across = w->step[2] == 1 || w->step[2] == -1 ? w->n[2] : SQUARE;
  for (int64_t y = 0; y < w->n[1]; y += SQUARE)
    for (int64_t x = 0; x < w->n[2]; x += across) {
      const int64_t y1 = y + SQUARE < w->n[1] ? y + SQUARE : w->n[1], x1 = x + across < w->n[2] ? x + across : w->n[2];
      switch (size) {
        case 1:
          move_uint8_t(w, z, y, y1, x, x1);
          break;
        case 2:
          move_uint16_t(w, z, y, y1, x, x1);
          break;
        case 4:
          move_uint32_t(w, z, y, y1, x, x1);
          break;
        default:
          move_uint64_t(w, z, y, y1, x, x1);
      }
    }
}

typedef struct slices {
  walk w;
  size_t size;
} slices;

static bool move_one(void *ctx, size_t item, int worker, tome_error *err) {
  (void)worker;
  (void)err;
  const slices *s = ctx;
  move_slice(&s->w, s->size, (int64_t)item);
  return true;
}

bool tome_turn_compute(const void *state, const tome_tile *in, size_t count, const tome_tile *out, const tome_run *run,
                       tome_error *err) {
  (void)count;
  const tome_turn *t = state;
  const ptrdiff_t steps[3] = {in->plane, in->row, 1};
  slices s = {.w = {.out = out->data}, .size = tome_dtype_size(out->dtype)};
  ptrdiff_t first = 0;
  tome_box_shape(&out->box, s.w.n);
  for (int a = 0; a < 3; a++) {
    const int f = t->from[a];
    s.w.step[a] = t->back[a] ? -steps[f] : steps[f];
    if (t->back[a]) first += (in->box.hi[f] - 1 - in->box.lo[f]) * steps[f];
  }
  s.w.first = (const char *)in->data + (size_t)first * s.size;
  return tome_parallel(run, (size_t)s.w.n[0], move_one, &s, err);
}
