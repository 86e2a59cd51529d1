/* How a pull is cut into tiles. Nothing is guessed from what the steps are: candidates are planned with need, and the one that reads
 * least wins: slabs along z for most recipes, along another axis where the recipe turns the volume. */
#include <math.h>

#include "eval/eval.h"

enum { SMALL = 1 << 16, ALIGN = 16, MOST_PLANNED = 256, NEAR = 4 << 20 };

/* What a tile costs. */
typedef struct cost {
  double bytes; /* of memory while it is computed, the result aside */
  double read;  /* voxels of the chunks touched */
} cost;

static void add_cost(const tome_node *n, const tome_box *box, int threads, cost *c) {
  if (tome_box_is_empty(box)) return;
  if (!n->op) {
    c->read += tome_voxel_source_chunks(n->input, box, NULL);
    return;
  }
  const tome_box need = tome_node_need(n, box);
  if (n->op->scratch) c->bytes += (double)n->op->scratch(n->state, box, threads);
  for (size_t i = 0; i < n->in_count; i++) {
    if (n->op->compute || n->op->row)
      c->bytes += (double)tome_box_voxels(&need) * (double)tome_dtype_size(n->in[i]->flow.dtype);
    add_cost(n->in[i], &need, threads, c);
  }
}

static bool is_wide(const tome_node *n) {
  if (n->op && n->op->wide && n->op->wide(n->state)) return true;
  for (size_t i = 0; i < n->in_count; i++)
    if (is_wide(n->in[i])) return true;
  return false;
}

static size_t tile_count(const tome_tiling *t) { return (size_t)(t->count[0] * t->count[1] * t->count[2]); }

static void set_step(tome_tiling *t, int axis, int64_t step) {
  t->step[axis] = step;
  t->count[axis] = (t->box.hi[axis] - t->box.lo[axis] + step - 1) / step;
}

tome_box tome_tiling_box(const tome_tiling *t, size_t tile) {
  const int64_t i = (int64_t)tile;
  const int64_t at[3] = {i / (t->count[1] * t->count[2]), i / t->count[2] % t->count[1], i % t->count[2]};
  tome_box b;
  for (int a = 0; a < 3; a++) {
    b.lo[a] = t->box.lo[a] + at[a] * t->step[a];
    b.hi[a] = b.lo[a] + t->step[a] < t->box.hi[a] ? b.lo[a] + t->step[a] : t->box.hi[a];
  }
  return b;
}

/* The dearest tile's bytes and all tiles' reading; of very many, a sample. */
static cost plan_cost(const tome_node *n, const tome_tiling *t) {
  cost sum = {0, 0};
  const size_t tiles = tile_count(t), stride = (tiles + MOST_PLANNED - 1) / MOST_PLANNED;
  size_t planned = 0;
  for (size_t i = 0; i < tiles; i += stride, planned++) {
    cost one = {0, 0};
    const tome_box b = tome_tiling_box(t, i);
    add_cost(n, &b, t->threads, &one);
    sum.read += one.read;
    sum.bytes = fmax(sum.bytes, one.bytes);
  }
  sum.read *= (double)tiles / (double)planned;
  return sum;
}

/* One more cut: each axis halved, to a multiple of ALIGN where that is possible; the first that reads least, within a tenth: the
 * first axis gives tiles that lie in one piece in the result. */
static bool cut(const tome_node *n, tome_tiling *t, cost *now) {
  tome_tiling best = *t;
  cost least = {0, INFINITY};
  for (int a = 0; a < 3; a++) {
    const int64_t half = (t->step[a] + 1) / 2, aligned = (half + ALIGN - 1) / ALIGN * ALIGN;
    const int64_t steps[2] = {aligned, half};
    for (int k = 0; k < 2; k++) {
      if (steps[k] >= t->step[a]) continue;
      tome_tiling tried = *t;
      set_step(&tried, a, steps[k]);
      const cost c = plan_cost(n, &tried);
      if (isfinite(least.read) && c.read >= least.read * 0.9) continue;
      least = c;
      best = tried;
    }
  }
  if (!isfinite(least.read)) return false;
  *t = best;
  *now = least;
  return true;
}

tome_tiling tome_tiling_of(const tome_node *n, const tome_box *box, int threads, size_t memory) {
  tome_tiling t = {.box = *box, .workers = threads, .threads = 1};
  for (int a = 0; a < 3; a++) set_step(&t, a, box->hi[a] - box->lo[a]);
  const bool wide = is_wide(n);
  if (wide) {
    t.workers = 1;
    t.threads = threads;
  }
  const int64_t voxels = tome_box_voxels(box);
  cost now = plan_cost(n, &t);
  while (tile_count(&t) < (size_t)voxels) {
    const int64_t tiles = (int64_t)tile_count(&t), workers = t.workers;
    const bool fits = now.bytes * (double)workers <= (double)memory;
    const bool busy = tiles >= workers || voxels / tiles < 2 * SMALL;
    /* Tiles whose voxels stay near in the cache, and more of them than workers, to even out the load. */
    const bool handy = tiles >= 8 * workers && now.bytes <= NEAR;
    const bool enough = wide || handy || voxels / tiles < 2 * SMALL;
    if (fits && enough) break;
    tome_tiling next = t;
    const cost before = now;
    if (!cut(n, &next, &now) || (fits && busy && now.read > 1.02 * before.read)) break;
    if (!fits && now.bytes > 0.95 * before.bytes) break; /* all margin: smaller tiles would not need less */
    t = next;
  }
  return t;
}
