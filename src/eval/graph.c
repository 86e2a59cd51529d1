/* A recipe laid out for one case: a chain of nodes for each volume, all through the same geometry. */
#include "eval/graph.h"

#include <stdio.h>
#include <string.h>

typedef struct maker {
  const tome_facts *facts;
  tome_graph *graph;
  const tome_node *grid; /* the grid alone, through all steps that act on it, as a label map would go */
  const tome_step *step;
  size_t number;
} maker;

void tome_graph_clear(tome_graph *p) {
  for (tome_once *o = p->onces; o; o = o->next) {
    o->op->forget(o->state);
    pthread_mutex_destroy(&o->lock);
  }
  tome_arena_clear(&p->arena);
  *p = (tome_graph){0};
}

static tome_node *new_node(maker *m, const tome_node **in, size_t count, tome_error *err) {
  tome_arena *a = &m->graph->arena;
  tome_node *n = tome_arena_alloc(a, sizeof *n, err);
  if (!n) return NULL;
  *n = (tome_node){.step = m->step, .number = m->number, .in_count = count};
  n->in = tome_arena_alloc(a, (count + 1) * sizeof *n->in, err);
  if (!n->in) return NULL;
  for (size_t i = 0; i < count; i++) n->in[i] = in[i];
  return n;
}

/* A pointwise step changes what lies outside the grid as it does the voxels, and is remembered in the flow's past. */
static bool remember(maker *m, tome_node *n, tome_error *err) {
  float fill = (float)n->flow.fill;
  n->op->row(n->state, &fill, &fill, 1);
  char stored[8];
  tome_row_from_float(n->flow.dtype, &fill, stored, 1);
  tome_row_to_float(n->flow.dtype, stored, &fill, 1);
  n->flow.fill = (double)fill;
  tome_past *past = tome_arena_alloc(&m->graph->arena, sizeof *past, err);
  if (!past) return false;
  *past = (tome_past){.op = n->op, .state = n->state, .dtype = n->flow.dtype, .before = n->flow.values};
  n->flow.values = past;
  return true;
}

/* Room for what the step will learn. */
static bool add_once(maker *m, tome_node *n, void *state, tome_error *err) {
  tome_once *o = tome_arena_alloc(&m->graph->arena, sizeof *o, err);
  if (!o) return false;
  *o = (tome_once){.op = n->op, .state = state, .next = m->graph->onces};
  pthread_mutex_init(&o->lock, NULL);
  n->once = m->graph->onces = o;
  return true;
}

static bool shape_node(maker *m, tome_node *n, tome_error *err) {
  tome_arena *a = &m->graph->arena;
  n->op = m->step->op;
  tome_flow *in = tome_arena_alloc(a, n->in_count * sizeof *in, err);
  void *state = tome_arena_alloc(a, n->op->state ? n->op->state : 1, err);
  if (!in || !state) return false;
  for (size_t i = 0; i < n->in_count; i++) in[i] = n->in[i]->flow;
  n->flow = in[0];
  n->state = state;
  const tome_shaping s = {
      .step = m->step, .facts = m->facts, .in = in, .count = n->in_count, .arena = a, .grid = m->grid};
  size_t bytes;
  if (!n->op->shape(&s, &n->flow, state, err)) return false;
  if (!tome_shape_bytes(n->flow.geometry.shape, 8, &bytes))
    return tome_fail_step(&s, err, TOME_USAGE, "the result would be larger than any memory");
  if (n->op->study && !add_once(m, n, state, err)) return false;
  return !n->op->row || remember(m, n, err);
}

static bool add_node(maker *m, const tome_node **slot, const tome_node **in, size_t count, tome_error *err) {
  tome_node *n = new_node(m, in, count, err);
  if (!n || !shape_node(m, n, err)) return tome_fail_prefix(err, "step %zu", m->number);
  *slot = n;
  return true;
}

static bool takes_part(const tome_op *op, const tome_flow *f) {
  return op->acts == TOME_ON_GRID || (op->acts == TOME_ON_LABELS) == f->is_label;
}

/* All label maps into one, in the place of the first. */
static bool join_labels(maker *m, tome_error *err) {
  tome_graph *p = m->graph;
  const tome_node **labels = tome_arena_alloc(&p->arena, (p->count + 1) * sizeof *labels, err);
  if (!labels) return false;
  size_t n = 0, kept = 0;
  for (size_t i = 0; i < p->count; i++)
    if (p->outputs[i]->flow.is_label)
      labels[n++] = p->outputs[i];
    else
      p->outputs[kept++] = p->outputs[i];
  p->count = kept;
  if (!n) return true;
  return add_node(m, &p->outputs[p->count++], labels, n, err);
}

static bool add_step(maker *m, tome_error *err) {
  if (m->step->op->joins) return join_labels(m, err);
  tome_graph *p = m->graph;
  const tome_node *grid = m->grid; /* before the step, for all that go through it */
  if (m->step->op->acts == TOME_ON_GRID && !add_node(m, &grid, (const tome_node *[]){grid}, 1, err)) return false;
  for (size_t i = 0; i < p->count; i++)
    if (takes_part(m->step->op, &p->outputs[i]->flow) &&
        !add_node(m, &p->outputs[i], (const tome_node *[]){p->outputs[i]}, 1, err))
      return false;
  m->grid = grid;
  return true;
}

static bool check_grids(const tome_graph *p, const char *when, tome_error *err) {
  for (size_t i = 1; i < p->count; i++) {
    const tome_flow *a = &p->outputs[0]->flow, *b = &p->outputs[i]->flow;
    const tome_grid_difference d = tome_geometry_compare(&a->geometry, &b->geometry);
    if (!tome_geometry_same(&d, &a->geometry))
      return tome_fail(err, TOME_GEOMETRY, "%s and %s are not on one grid %s: corners up to %.3g mm apart", a->name,
                       b->name, when, d.corner_mm);
  }
  return true;
}

static bool add_inputs(maker *m, const tome_voxel_source *inputs, size_t count, tome_error *err) {
  tome_graph *p = m->graph;
  p->outputs = tome_arena_alloc(&p->arena, (count + 1) * sizeof *p->outputs, err);
  if (!p->outputs) return false;
  for (size_t i = 0; i < count; i++) {
    tome_node *n = new_node(m, NULL, 0, err);
    if (!n) return false;
    const tome_voxel_source *in = n->input = &inputs[i];
    n->flow = (tome_flow){in->geometry, in->dtype, in->fill, in->is_label, in->name, NULL, NULL};
    p->outputs[p->count++] = n;
  }
  tome_node *grid = new_node(m, NULL, 0, err);
  if (!grid) return false;
  grid->flow = (tome_flow){inputs[0].geometry, TOME_U8, 0, true, "grid", NULL, NULL};
  m->grid = grid;
  return check_grids(p, "in the case", err);
}

bool tome_graph_make(const tome_recipe *recipe, const tome_facts *facts, const tome_voxel_source *inputs, size_t count,
                     tome_graph *out, tome_error *err) {
  static const tome_facts nothing = {0};
  TOME_CLEANUP(tome_graph_clear) tome_graph p = {0};
  maker m = {.facts = facts ? facts : &nothing, .graph = &p};
  if (!count) return tome_fail(err, TOME_USAGE, "a recipe needs a volume to start from");
  if (!add_inputs(&m, inputs, count, err)) return false;
  for (size_t i = 0; i < recipe->count; i++) {
    m.step = &recipe->steps[i];
    m.number = i + 1;
    if (!add_step(&m, err)) return false;
  }
  if (!check_grids(&p, "after the recipe", err)) return false;
  *out = p;
  p = (tome_graph){0};
  return true;
}

tome_box tome_node_need(const tome_node *n, const tome_box *out) {
  if (!n->op || !n->op->need) return *out;
  tome_box in;
  n->op->need(n->state, out, &in);
  return in;
}

double tome_voxel_source_chunks(const tome_voxel_source *in, const tome_box *box, uint64_t *chunks) {
  double voxels = 1;
  uint64_t count = 1;
  for (int a = 0; a < 3; a++) {
    const int64_t c = in->chunk[a] > 0 ? in->chunk[a] : 1;
    if (box->hi[a] <= box->lo[a]) {
      count = 0;
      voxels = 0;
      break;
    }
    const int64_t n = (box->hi[a] - 1) / c - box->lo[a] / c + 1;
    count *= (uint64_t)n;
    voxels *= (double)n * (double)c;
  }
  if (chunks) *chunks = count;
  return voxels;
}

/* ---- in words ---- */

static const char *box_text(const tome_box *b, char room[140]) {
  if (tome_box_is_empty(b)) return "nothing";
  snprintf(room, 140, "%lld:%lld,%lld:%lld,%lld:%lld", (long long)b->lo[0], (long long)b->hi[0], (long long)b->lo[1],
           (long long)b->hi[1], (long long)b->lo[2], (long long)b->hi[2]);
  return room;
}

/* The chain behind a node, its inputs first. */
static char *node_text(const tome_node *n, const tome_box *box, char *text, tome_arena *arena, tome_error *err) {
  const bool nothing = tome_box_is_empty(box);
  const tome_box need = nothing ? *box : tome_node_need(n, box);
  for (size_t i = 0; i < n->in_count && text; i++) text = node_text(n->in[i], &need, text, arena, err);
  if (!text) return NULL;
  const tome_geometry *g = &n->flow.geometry;
  char room[140], chunks[60] = "", code[4];
  uint64_t count;
  if (n->input && n->input->chunk[0] > 0) {
    tome_voxel_source_chunks(n->input, box, &count);
    snprintf(chunks, sizeof chunks, ", %llu chunk%s", (unsigned long long)count, count == 1 ? "" : "s");
  }
  tome_geometry_code(g, code);
  return tome_arena_printf(arena, err, "%s  %-12s %lldx%lldx%lld at %.6gx%.6gx%.6g mm, axes to %c,%c,%c, %s: %s%s\n",
                           text, n->op ? n->op->name : "stored", (long long)g->shape[0], (long long)g->shape[1],
                           (long long)g->shape[2], g->spacing[0], g->spacing[1], g->spacing[2], code[0], code[1],
                           code[2], tome_dtype_name(n->flow.dtype), box_text(box, room),
                           n->once ? " (of all of it, looked at once)" : chunks);
}

const char *tome_graph_text(const tome_graph *p, const tome_box *box, tome_arena *arena, tome_error *err) {
  char *text = tome_arena_dup(arena, "", err);
  for (size_t i = 0; i < p->count && text; i++) {
    const tome_node *n = p->outputs[i];
    const tome_box all = tome_box_of_shape(n->flow.geometry.shape);
    text = tome_arena_printf(arena, err, "%s%s\n", text, n->flow.name);
    if (text) text = node_text(n, box ? box : &all, text, arena, err);
  }
  return text;
}
