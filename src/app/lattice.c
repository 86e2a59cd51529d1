/* Finds out by asking `need`, slice by slice along each axis: nothing is guessed from what the steps are called. */
#include "app/lattice.h"

#include <string.h>

/* The input box that a box of the result depends on; false where that is empty. */
static bool need_of(const tome_node *n, tome_box b, tome_box *out) {
  for (; n->op; n = n->in[0]) {
    b = tome_node_need(n, &b);
    if (tome_box_is_empty(&b)) return false;
  }
  *out = b;
  return true;
}

/* Where slice i of the result's axis comes from on stored axis `from`: -1 nowhere. False where the axis does not depend on that one alone. */
static bool source_of(const tome_node *n, const tome_box *whole, int axis, int from, int64_t i, int64_t *out) {
  tome_box slice = tome_box_of_shape(n->flow.geometry.shape), s;
  slice.lo[axis] = i;
  slice.hi[axis] = i + 1;
  *out = -1;
  if (!need_of(n, slice, &s)) return true;
  for (int a = 0; a < 3; a++)
    if (a == from ? s.hi[a] - s.lo[a] != 1 : s.lo[a] != whole->lo[a] || s.hi[a] != whole->hi[a]) return false;
  *out = s.lo[from];
  return true;
}

/* Puts result index i, which shows stored index `source`, into its chunk's cell. `run`: how often that index has come in a row. False where the indices of
 * a chunk do not lie side by side. */
static bool put(tome_lattice_cell *c, int64_t i, int64_t run) {
  if (c->lo == c->hi) *c = (tome_lattice_cell){i, i, 0};
  if (c->hi != i) return false;
  c->hi = i + 1;
  if (run > c->most) c->most = run;
  return true;
}

static bool fill_axis(const tome_node *n, const tome_box *whole, int axis, int from, int64_t chunk,
                      tome_lattice_cell *cells) {
  int64_t before = -1, run = 0;
  for (int64_t i = 0; i < n->flow.geometry.shape[axis]; i++) {
    int64_t source;
    if (!source_of(n, whole, axis, from, i, &source)) return false;
    run = source == before ? run + 1 : 1;
    before = source;
    if (source >= 0 && !put(&cells[source / chunk], i, run)) return false;
  }
  return true;
}

static bool try_order(const tome_node *n, const tome_box *whole, const tome_voxel_source *in, tome_lattice *l) {
  for (int a = 0; a < 3; a++) {
    memset(l->cells[a], 0, (size_t)l->count[a] * sizeof *l->cells[a]);
    if (!fill_axis(n, whole, l->to[a], a, in->chunk[a], l->cells[a])) return false;
  }
  return true;
}

bool tome_lattice_make(const tome_node *output, const tome_voxel_source *input, tome_arena *arena, tome_lattice *out,
                       bool *separable, tome_error *err) {
  static const int orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
  tome_lattice l = {{0}, {0}, {NULL}};
  tome_box whole;
  *separable = false;
  for (int a = 0; a < 3; a++) {
    if (input->chunk[a] <= 0) return true;
    l.count[a] = (input->geometry.shape[a] - 1) / input->chunk[a] + 1;
    l.cells[a] = tome_arena_alloc(arena, (size_t)l.count[a] * sizeof *l.cells[a], err);
    if (!l.cells[a]) return false;
  }
  if (!need_of(output, tome_box_of_shape(output->flow.geometry.shape), &whole)) {
    *out = l; /* nothing of the input is left: no cell has anything */
    *separable = true;
    return true;
  }
  for (int k = 0; k < 6 && !*separable; k++) {
    memcpy(l.to, orders[k], sizeof l.to);
    *separable = try_order(output, &whole, input, &l);
  }
  *out = l;
  return true;
}

bool tome_lattice_block(const tome_lattice *l, size_t chunk, tome_box *block, uint64_t *most) {
  const size_t ny = (size_t)l->count[1], nx = (size_t)l->count[2];
  const size_t at[3] = {chunk / nx / ny, chunk / nx % ny, chunk % nx};
  *most = 1;
  for (int a = 0; a < 3; a++) {
    const tome_lattice_cell *c = &l->cells[a][at[a]];
    if (c->lo == c->hi) return false;
    block->lo[l->to[a]] = c->lo;
    block->hi[l->to[a]] = c->hi;
    *most *= (uint64_t)c->most;
  }
  return true;
}
