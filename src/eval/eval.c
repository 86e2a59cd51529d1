/* Pulls voxels out of a graph: cuts the box into tiles, and fills each by asking the node before for the box it needs. */
#include "eval/eval.h"

#include <stdlib.h>
#include <string.h>

#include "eval/facts.h"

enum { SLOTS = 600, SEGMENT = 2048, BLOCK = 1 << 16, SLAB = 16 << 20, ALIGN = 32 };

/* Memory for intermediate tiles: one worker's, used as a stack, kept from one tile to the next. */
typedef struct stack {
  struct {
    void *data;
    size_t bytes;
  } slot[SLOTS];
  size_t depth;
} stack;

typedef struct pull {
  const tome_node *node;
  tome_tile out;
  tome_tiling tiling;
  tome_run inner; /* how one tile is computed */
  stack **stacks; /* one a worker */
} pull;

/* What fills a tile needs to know besides the tile. */
typedef struct worker {
  stack *stack;
  const tome_run *run;
} worker;

static bool fill(worker *w, const tome_node *n, const tome_tile *out, tome_error *err);

static bool take(worker *w, const tome_box *box, tome_dtype type, tome_tile *out, tome_error *err) {
  stack *s = w->stack;
  if (s->depth == SLOTS) return tome_fail(err, TOME_UNSUPPORTED, "the recipe is too deep");
  const size_t voxels = (size_t)tome_box_voxels(box), bytes = voxels * tome_dtype_size(type);
  if (s->slot[s->depth].bytes < bytes) {
    free(s->slot[s->depth].data);
    s->slot[s->depth].data = tome_alloc(voxels, tome_dtype_size(type), "a tile", err);
    s->slot[s->depth].bytes = s->slot[s->depth].data ? bytes : 0;
    if (!s->slot[s->depth].data) return false;
  }
  *out = tome_tile_of(box, type, s->slot[s->depth++].data);
  return true;
}

static bool is_packed(const tome_tile *t) {
  const tome_tile p = tome_tile_of(&t->box, t->dtype, NULL);
  const bool one_row = t->box.hi[1] - t->box.lo[1] == 1, one_plane = t->box.hi[0] - t->box.lo[0] == 1;
  return (t->row == p.row || one_row) && (t->plane == p.plane || one_plane);
}

/* ---- inputs: read in slabs of whole chunks, on the worker's threads ---- */

typedef struct reading {
  const tome_voxel_source *input;
  const tome_tile *out;
  int64_t slab;
} reading;

static bool read_slab(void *ctx, size_t item, int number, tome_error *err) {
  (void)number;
  const reading *r = ctx;
  tome_box b = r->out->box;
  const int64_t first = b.lo[0] / r->slab + (int64_t)item; /* slabs lie as the chunks do */
  if (first * r->slab > b.lo[0]) b.lo[0] = first * r->slab;
  if ((first + 1) * r->slab < b.hi[0]) b.hi[0] = (first + 1) * r->slab;
  return r->input->read(r->input->ctx, &b, tome_tile_row(r->out, b.lo[0], b.lo[1]), err);
}

static bool fill_input(worker *w, const tome_node *n, const tome_tile *out, tome_error *err) {
  if (tome_threads(w->run) == 1) return n->input->read(n->input->ctx, &out->box, out->data, err);
  reading r = {.input = n->input, .out = out, .slab = n->input->chunk[0] > 0 ? n->input->chunk[0] : 16};
  const int64_t slabs = (out->box.hi[0] - 1) / r.slab - out->box.lo[0] / r.slab + 1;
  return tome_parallel(w->run, (size_t)slabs, read_slab, &r, err);
}

/* ---- pointwise steps: a run of them goes over a short line of voxels before the next line is touched ---- */

typedef struct line {
  const tome_node *run[TOME_MANY]; /* last step first */
  size_t count;
  const tome_tile *in, *out;
  int64_t rows, block; /* rows in all, rows an item */
} line;

static void do_segment(const line *l, const char *in, char *out, size_t n) {
  float values[SEGMENT];
  tome_row_to_float(l->in->dtype, in, values, n);
  for (size_t i = l->count; i-- > 0;) {
    const tome_node *node = l->run[i];
    node->op->row(node->state, values, values, n);
    if (i) tome_row_settle(node->flow.dtype, values, n);
  }
  tome_row_from_float(l->out->dtype, values, out, n);
}

static bool do_rows(void *ctx, size_t item, int number, tome_error *err) {
  (void)number;
  (void)err;
  const line *l = ctx;
  const tome_box *b = &l->out->box;
  const int64_t ny = b->hi[1] - b->lo[1];
  const size_t nx = (size_t)(b->hi[2] - b->lo[2]);
  const size_t in_size = tome_dtype_size(l->in->dtype), out_size = tome_dtype_size(l->out->dtype);
  int64_t last = ((int64_t)item + 1) * l->block;
  if (last > l->rows) last = l->rows;
  for (int64_t r = (int64_t)item * l->block; r < last; r++) {
    const int64_t z = b->lo[0] + r / ny, y = b->lo[1] + r % ny;
    const char *in = tome_tile_row(l->in, z, y);
    char *out = tome_tile_row(l->out, z, y);
    for (size_t x = 0; x < nx; x += SEGMENT)
      do_segment(l, in + x * in_size, out + x * out_size, nx - x < SEGMENT ? nx - x : SEGMENT);
  }
  return true;
}

static bool fill_rows(worker *w, const tome_node *n, const tome_tile *out, tome_error *err) {
  line l = {.out = out};
  while (n->op && n->op->row && l.count < TOME_MANY) {
    l.run[l.count++] = n;
    n = n->in[0];
  }
  const size_t depth = w->stack->depth;
  tome_tile in = *out; /* in place, where one type flows in and out */
  if (n->flow.dtype != out->dtype && !take(w, &out->box, n->flow.dtype, &in, err)) return false;
  if (!fill(w, n, &in, err)) return false;
  l.in = &in;
  const int64_t nx = out->box.hi[2] - out->box.lo[2];
  l.rows = (out->box.hi[0] - out->box.lo[0]) * (out->box.hi[1] - out->box.lo[1]);
  l.block = BLOCK / nx + 1;
  const bool ok = tome_parallel(w->run, (size_t)((l.rows + l.block - 1) / l.block), do_rows, &l, err);
  w->stack->depth = depth;
  return ok;
}

/* ---- steps that move or mix voxels ---- */

static bool fill_compute(worker *w, const tome_node *n, const tome_tile *out, tome_error *err) {
  const tome_box need = tome_node_need(n, &out->box);
  const size_t depth = w->stack->depth;
  TOME_AUTO_FREE tome_tile *in = tome_alloc_zero(n->in_count, sizeof *in, "tiles", err);
  if (!in) return false;
  for (size_t i = 0; i < n->in_count; i++) {
    if (tome_box_is_empty(&need))
      in[i] = (tome_tile){.box = need, .dtype = n->in[i]->flow.dtype};
    else if (!take(w, &need, n->in[i]->flow.dtype, &in[i], err) || !fill(w, n->in[i], &in[i], err))
      return false;
  }
  const bool ok = n->op->compute(n->state, in, n->in_count, out, w->run, err);
  w->stack->depth = depth;
  return ok;
}

/* The voxels are those of the needed box: the same memory, by other indices. */
static bool fill_moved(worker *w, const tome_node *n, const tome_tile *out, tome_error *err) {
  tome_tile in = *out;
  in.box = tome_node_need(n, &out->box);
  return fill(w, n->in[0], &in, err);
}

static bool fill(worker *w, const tome_node *n, const tome_tile *out, tome_error *err) {
  if (tome_stopped(w->run)) return tome_fail_cancelled(err);
  if (n->op && n->op->row) return fill_rows(w, n, out, err);
  if (n->op && !n->op->compute) return fill_moved(w, n, out, err);
  if (is_packed(out)) return n->op ? fill_compute(w, n, out, err) : fill_input(w, n, out, err);
  tome_tile packed;
  const size_t depth = w->stack->depth;
  if (!take(w, &out->box, out->dtype, &packed, err) || !fill(w, n, &packed, err)) return false;
  tome_tile_copy(&packed, out);
  w->stack->depth = depth;
  return true;
}

/* ---- a pull ---- */

static bool pull_tile(void *ctx, size_t item, int number, tome_error *err) {
  pull *p = ctx;
  if (!p->stacks[number]) p->stacks[number] = tome_alloc_zero(1, sizeof(stack), "tiles", err);
  if (!p->stacks[number]) return false;
  worker w = {.stack = p->stacks[number], .run = &p->inner};
  w.stack->depth = 0;
  tome_tile t = p->out;
  t.box = tome_tiling_box(&p->tiling, item);
  const int64_t *origin = p->out.box.lo, *lo = t.box.lo;
  const int64_t offset = (lo[0] - origin[0]) * t.plane + (lo[1] - origin[1]) * t.row + (lo[2] - origin[2]);
  t.data = (char *)p->out.data + (size_t)offset * tome_dtype_size(t.dtype);
  return fill(&w, p->node, &t, err);
}

static void free_stacks(stack **stacks, size_t count) {
  for (size_t i = 0; i < count; i++) {
    for (size_t k = 0; stacks[i] && k < SLOTS; k++) free(stacks[i]->slot[k].data);
    free(stacks[i]);
  }
}

static bool check_box(const tome_node *n, const tome_box *box, size_t out_bytes, tome_error *err) {
  const tome_box all = tome_box_of_shape(n->flow.geometry.shape);
  if (tome_box_is_empty(box) || !tome_box_contains(&all, box))
    return tome_fail(err, TOME_USAGE, "the box lies outside the result's %lldx%lldx%lld voxels", (long long)all.hi[0],
                     (long long)all.hi[1], (long long)all.hi[2]);
  int64_t shape[3];
  size_t bytes;
  tome_box_shape(box, shape);
  if (!tome_shape_bytes(shape, tome_dtype_size(n->flow.dtype), &bytes) || bytes != out_bytes)
    return tome_fail(err, TOME_USAGE, "the box is not %zu bytes of %s", out_bytes, tome_dtype_name(n->flow.dtype));
  return true;
}

static bool pull_box(const tome_node *n, const tome_box *box, void *out, const tome_pull_options *opt,
                     tome_error *err) {
  const int threads = tome_threads(opt->run);
  pull p = {.node = n, .out = tome_tile_of(box, n->flow.dtype, out)};
  p.tiling = tome_tiling_of(n, box, threads, opt->memory ? opt->memory : (size_t)512 << 20);
  tome_run outer = {.threads = p.tiling.workers};
  if (opt->run) outer.stop = opt->run->stop, outer.user = opt->run->user;
  p.inner = outer;
  p.inner.threads = p.tiling.threads;
  TOME_AUTO_FREE stack **stacks = tome_alloc_zero((size_t)threads, sizeof *stacks, "tiles", err);
  if (!stacks) return false;
  p.stacks = stacks;
  const size_t tiles = (size_t)(p.tiling.count[0] * p.tiling.count[1] * p.tiling.count[2]);
  const bool ok = tome_parallel(&outer, tiles, pull_tile, &p, err);
  free_stacks(stacks, (size_t)threads);
  return ok;
}

/* ---- steps that look at all of their input first ---------------------------------------------------------- */

static bool show_all(const tome_node *n, const tome_pull_options *opt, tome_error *err) {
  const tome_flow *in = &n->in[0]->flow;
  tome_box b = tome_box_of_shape(in->geometry.shape);
  const int64_t slices = b.hi[0], plane = b.hi[1] * b.hi[2], fit = SLAB / plane;
  const int64_t some = fit < 1 ? 1 : fit < ALIGN ? fit : fit / ALIGN * ALIGN; /* whole chunks, where that is possible */
  TOME_AUTO_FREE void *slab =
      tome_alloc((size_t)((some < slices ? some : slices) * plane), tome_dtype_size(in->dtype), "a slab", err);
  if (!slab) return false;
  for (; b.lo[0] < slices; b.lo[0] = b.hi[0]) {
    b.hi[0] = b.lo[0] + some < slices ? b.lo[0] + some : slices;
    const tome_tile t = tome_tile_of(&b, in->dtype, slab);
    if (!pull_box(n->in[0], &b, slab, opt, err) || !n->op->study(n->once->state, &t, err)) return false;
  }
  return n->op->study(n->once->state, NULL, err);
}

/* The inputs' own steps first. */
static bool study(const tome_node *n, const tome_pull_options *opt, tome_error *err) {
  for (size_t i = 0; i < n->in_count; i++)
    if (!study(n->in[i], opt, err)) return false;
  if (!n->once) return true;
  pthread_mutex_lock(&n->once->lock);
  if (!n->once->done) {
    n->once->done = show_all(n, opt, err);
    if (!n->once->done) n->op->forget(n->once->state);
  }
  const bool ok = n->once->done;
  pthread_mutex_unlock(&n->once->lock);
  return ok;
}

bool tome_pull(const tome_graph *graph, size_t output, const tome_box *box, void *out, size_t out_bytes,
               const tome_pull_options *opt, tome_error *err) {
  static const tome_pull_options defaults = {0};
  if (!opt) opt = &defaults;
  if (output >= graph->count) return tome_fail(err, TOME_USAGE, "the recipe gives %zu outputs", graph->count);
  const tome_node *n = graph->outputs[output];
  const tome_box all = tome_box_of_shape(n->flow.geometry.shape);
  if (!box) box = &all;
  if (!check_box(n, box, out_bytes, err)) return false;
  return study(n, opt, err) && pull_box(n, box, out, opt, err);
}
