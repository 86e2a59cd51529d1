/* largest: of each label only its largest piece (26-connected); the rest becomes background. The one step that has to see the whole
 * label map for any box of it. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ops/ops.h"
#include "ops/values.h"

enum { LABELS };
static const tome_param params[] = {
    [LABELS] = {"labels", TOME_KIND_WORD, TOME_MANY, .help = "names or values (without it: each label)"},
    {0},
};

typedef struct largest {
  tome_lookup chosen; /* 1 for the values that are thinned out */
  int64_t shape[3];
} largest;

/* Voxels of one value next to one another in a row. */
typedef struct stretch {
  int64_t z, y, x0, x1;
  size_t parent;   /* union-find; a root is its own parent */
  uint64_t voxels; /* of a root: in all its piece */
  uint16_t value;
} stretch;

typedef struct pieces {
  stretch *at;
  size_t count, cap;
} pieces;

static void clear_pieces(pieces *p) { free(p->at); }

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

static void need(const void *state, const tome_box *out, tome_box *in) {
  (void)out;
  *in = tome_box_of_shape(((const largest *)state)->shape);
}

static uint16_t value_at(const tome_tile *t, const void *row, int64_t i) {
  return t->dtype == TOME_U8 ? ((const uint8_t *)row)[i] : ((const uint16_t *)row)[i];
}

static bool add_row(const largest *l, const tome_tile *t, int64_t z, int64_t y, pieces *p, tome_error *err) {
  const void *row = tome_tile_row(t, z, y);
  const int64_t n = t->box.hi[2];
  for (int64_t x = 0, end; x < n; x = end) {
    const uint16_t v = value_at(t, row, x);
    for (end = x + 1; end < n && value_at(t, row, end) == v; end++) continue;
    if (!l->chosen.to[v]) continue;
    if (!tome_grow(&p->at, &p->cap, p->count + 1, sizeof *p->at, err)) return false;
    p->at[p->count] = (stretch){z, y, x, end, p->count, (uint64_t)(end - x), v};
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
  if (a == b) return;
  const size_t stays = a < b ? a : b, goes = a < b ? b : a;
  p->at[goes].parent = stays;
  p->at[stays].voxels += p->at[goes].voxels;
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

/* Stretches of all rows, joined. starts[row] is the first stretch of a row. */
static bool find_pieces(const largest *l, const tome_tile *t, pieces *p, tome_error *err) {
  const int64_t nz = t->box.hi[0], ny = t->box.hi[1];
  TOME_AUTO_FREE size_t *starts = tome_alloc((size_t)(nz * ny) + 1, sizeof *starts, "rows of labels", err);
  if (!starts) return false;
  for (int64_t r = 0; r < nz * ny; r++) {
    starts[r] = p->count;
    if (!add_row(l, t, r / ny, r % ny, p, err)) return false;
    starts[r + 1] = p->count;
    const int64_t z = r / ny, y = r % ny;
    const int64_t near[4][2] = {{z, y - 1}, {z - 1, y - 1}, {z - 1, y}, {z - 1, y + 1}};
    for (int k = 0; k < 4; k++) {
      if (near[k][0] < 0 || near[k][1] < 0 || near[k][1] >= ny) continue;
      const int64_t other = near[k][0] * ny + near[k][1];
      join_rows(p, starts[r], starts[r + 1], starts[other], starts[other + 1]);
    }
  }
  return true;
}

/* The root of each value's largest piece. */
static bool find_largest(pieces *p, size_t **out, tome_error *err) {
  size_t *best = tome_alloc(TOME_LABEL_VALUES, sizeof *best, "labels", err);
  if (!best) return false;
  for (size_t v = 0; v < TOME_LABEL_VALUES; v++) best[v] = SIZE_MAX;
  for (size_t i = 0; i < p->count; i++) {
    size_t *b = &best[p->at[i].value];
    if (p->at[i].parent == i && (*b == SIZE_MAX || p->at[i].voxels > p->at[*b].voxels)) *b = i;
  }
  *out = best;
  return true;
}

static void erase(const tome_tile *out, const stretch *s) {
  const tome_box gone = {{s->z, s->y, s->x0}, {s->z + 1, s->y + 1, s->x1}};
  tome_tile_fill(out, &gone, 0);
}

static bool compute(const void *state, const tome_tile *in, size_t count, const tome_tile *out, const tome_run *run,
                    tome_error *err) {
  (void)count;
  (void)run;
  TOME_CLEANUP(clear_pieces) pieces p = {0};
  TOME_AUTO_FREE size_t *best = NULL;
  if (!find_pieces(state, in, &p, err) || !find_largest(&p, &best, err)) return false;
  tome_tile_copy(in, out);
  for (size_t i = 0; i < p.count; i++)
    if (root_of(&p, i) != best[p.at[i].value]) erase(out, &p.at[i]);
  return true;
}

static bool wide(const void *state) {
  (void)state;
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
    .need = need,
    .compute = compute,
    .wide = wide,
};
