/* largest: of each label only its largest piece (26-connected); the rest becomes background. The one step that has to see the whole
 * label map for any box of it: once a graph; what it keeps of that are the stretches that go. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ops/ops.h"
#include "ops/values.h"

enum { LABELS };
enum { STRETCHES_MOST = 1 << 26 }; /* 1.5 GB while they are sorted out */
static const tome_param params[] = {
    [LABELS] = {"labels", TOME_KIND_WORD, TOME_MANY, .help = "names or values (without it: each label)"},
    {0},
};

/* Voxels of one value next to one another in a row. */
typedef struct stretch {
  int32_t x0, x1;
  uint32_t parent; /* union-find; a root is its own parent */
  uint16_t value;
} stretch;

/* All of them, rows in order. `starts`: the first of each row; of the rows seen so far. */
typedef struct pieces {
  stretch *at;
  size_t count, cap;
  size_t *starts, starts_cap;
} pieces;

typedef struct largest {
  tome_lookup chosen; /* 1 for the values that are thinned out */
  int64_t shape[3];
  pieces pieces; /* in the end only those that go */
} largest;

static void choose(tome_lookup *l, uint16_t value, double to) {
  (void)to;
  l->to[value] = value > 0;
}

static bool shape(const tome_shaping *s, tome_flow *out, void *state, tome_error *err) {
  (void)out;
  largest *l = state;
  const tome_arg *labels = tome_arg_of(s, LABELS);
  memcpy(l->shape, s->in->geometry.shape, sizeof l->shape);
  if (!labels->count)
    for (int v = 1; v < TOME_LABEL_VALUES; v++) l->chosen.to[v] = 1;
  for (size_t i = 0; i < labels->count; i++) {
    tome_item item = labels->items[i];
    char *end;
    const double v = strtod(item.word, &end);
    item.a = *end || end == item.word ? NAN : v;
    if (!tome_each_value(s, &item, choose, &l->chosen, err)) return false;
  }
  return true;
}

static uint16_t value_at(const tome_tile *t, const void *row, int64_t i) {
  return t->dtype == TOME_U8 ? ((const uint8_t *)row)[i] : ((const uint16_t *)row)[i];
}

static bool add_row(largest *l, const tome_tile *t, int64_t z, int64_t y, tome_error *err) {
  pieces *p = &l->pieces;
  const void *row = tome_tile_row(t, z, y);
  const int64_t n = t->box.hi[2];
  for (int64_t x = 0, end; x < n; x = end) {
    const uint16_t v = value_at(t, row, x);
    for (end = x + 1; end < n && value_at(t, row, end) == v; end++) continue;
    if (!l->chosen.to[v]) continue;
    if (p->count == STRETCHES_MOST)
      return tome_fail(err, TOME_NO_MEMORY, "largest: the labels are in more than %d stretches: noise", STRETCHES_MOST);
    if (!tome_grow(&p->at, &p->cap, p->count + 1, sizeof *p->at, err)) return false;
    p->at[p->count] = (stretch){(int32_t)x, (int32_t)end, (uint32_t)p->count, v};
    p->count++;
  }
  return true;
}

static size_t root_of(pieces *p, size_t i) {
  while (p->at[i].parent != i) i = p->at[i].parent = p->at[p->at[i].parent].parent;
  return i;
}

/* The earlier root stays, so that of two equal pieces the first in the volume is kept. */
static void join(pieces *p, size_t a, size_t b) {
  a = root_of(p, a);
  b = root_of(p, b);
  if (a < b)
    p->at[b].parent = (uint32_t)a;
  else
    p->at[a].parent = (uint32_t)b;
}

static void join_touching(pieces *p, size_t a, size_t b) {
  const stretch *s = &p->at[a], *t = &p->at[b];
  if (s->x0 <= t->x1 && t->x0 <= s->x1 && s->value == t->value) join(p, a, b); /* <=: over corners too */
}

/* Joins stretches [a, a_end) of one row with those of another that they touch. */
static void join_rows(pieces *p, size_t a, size_t a_end, size_t b, size_t b_end) {
  while (a < a_end && b < b_end) {
    join_touching(p, a, b);
    if (p->at[a].x1 < p->at[b].x1) {
      a++;
      continue;
    }
    /* Where both end at one place, the next of either may begin there and touch the other. */
    if (p->at[a].x1 == p->at[b].x1 && a + 1 < a_end) join_touching(p, a + 1, b);
    b++;
  }
}

/* One more row, joined with its neighbours before it. */
static bool study_row(largest *l, const tome_tile *t, int64_t z, int64_t y, tome_error *err) {
  pieces *p = &l->pieces;
  const int64_t ny = l->shape[1], r = z * ny + y, near[4][2] = {{z, y - 1}, {z - 1, y - 1}, {z - 1, y}, {z - 1, y + 1}};
  if (!tome_grow(&p->starts, &p->starts_cap, (size_t)r + 2, sizeof *p->starts, err)) return false;
  p->starts[r] = p->count;
  if (!add_row(l, t, z, y, err)) return false;
  p->starts[r + 1] = p->count;
  for (int k = 0; k < 4; k++) {
    if (near[k][0] < 0 || near[k][1] < 0 || near[k][1] >= ny) continue;
    const int64_t other = near[k][0] * ny + near[k][1];
    join_rows(p, p->starts[r], p->starts[r + 1], p->starts[other], p->starts[other + 1]);
  }
  return true;
}

/* The root of each value's largest piece. */
static bool find_largest(pieces *p, size_t *best, tome_error *err) {
  TOME_AUTO_FREE uint64_t *voxels = tome_alloc_zero(p->count, sizeof *voxels, "pieces of labels", err);
  if (!voxels) return false;
  for (size_t v = 0; v < TOME_LABEL_VALUES; v++) best[v] = SIZE_MAX;
  for (size_t i = 0; i < p->count; i++) voxels[root_of(p, i)] += (uint64_t)(p->at[i].x1 - p->at[i].x0);
  for (size_t i = 0; i < p->count; i++) {
    size_t *b = &best[p->at[i].value];
    if (voxels[i] && (*b == SIZE_MAX || voxels[i] > voxels[*b])) *b = i;
  }
  return true;
}

/* Leaves the stretches that go. */
static bool finish(largest *l, tome_error *err) {
  pieces *p = &l->pieces;
  TOME_AUTO_FREE size_t *best = tome_alloc(TOME_LABEL_VALUES, sizeof *best, "labels", err);
  if (!best || !find_largest(p, best, err)) return false;
  for (size_t i = 0; i < p->count; i++) p->at[i].parent = (uint32_t)root_of(p, i); /* before any is overwritten */
  const size_t rows = (size_t)(l->shape[0] * l->shape[1]);
  size_t kept = 0, i = 0;
  for (size_t r = 0; r < rows; r++) {
    const size_t end = p->starts[r + 1];
    p->starts[r] = kept;
    for (; i < end; i++)
      if (p->at[i].parent != best[p->at[i].value]) p->at[kept++] = p->at[i];
  }
  p->starts[rows] = p->count = kept;
  stretch *less = realloc(p->at, (kept + 1) * sizeof *less);
  if (less) p->at = less;
  return true;
}

static bool study(void *state, const tome_tile *slab, tome_error *err) {
  largest *l = state;
  if (!slab) return finish(l, err);
  for (int64_t z = slab->box.lo[0]; z < slab->box.hi[0]; z++)
    for (int64_t y = 0; y < l->shape[1]; y++)
      if (!study_row(l, slab, z, y, err)) return false;
  return true;
}

static void forget(void *state) {
  pieces *p = &((largest *)state)->pieces;
  free(p->at);
  free(p->starts);
  *p = (pieces){0};
}

static bool compute(const void *state, const tome_tile *in, size_t count, const tome_tile *out, const tome_run *run,
                    tome_error *err) {
  (void)count;
  (void)run;
  (void)err;
  const largest *l = state;
  const pieces *p = &l->pieces;
  tome_tile_copy(in, out);
  for (int64_t z = out->box.lo[0]; z < out->box.hi[0]; z++)
    for (int64_t y = out->box.lo[1]; y < out->box.hi[1]; y++) {
      const int64_t r = z * l->shape[1] + y;
      for (size_t i = p->starts[r]; i < p->starts[r + 1]; i++) {
        const tome_box gone = {{z, y, p->at[i].x0}, {z + 1, y + 1, p->at[i].x1}};
        tome_tile_fill(out, &gone, 0);
      }
    }
  return true;
}

const tome_op tome_op_largest = {
    .name = "largest",
    .title = "of each label only its largest piece (26-connected)",
    .example = "largest:liver",
    .acts = TOME_ON_LABELS,
    .params = params,
    .state = sizeof(largest),
    .shape = shape,
    .study = study,
    .forget = forget,
    .compute = compute,
};
