/* A program's own steps: their descriptors checked, and asked in the way that built-in steps are. */
#include "ops/own.h"

#include <ctype.h>
#include <string.h>

#include "ops/ops.h"

enum { MOST_ROWS = 24, MOST_HALO = 1024 };

typedef struct own_op {
  tome_op op; /* first: shape finds the descriptor behind it */
  const tome_own_step *own;
} own_op;

typedef struct own_state {
  const tome_own_step *own;
  tome_own_call call;
  tome_geometry geometry;
  int64_t halo[3];
} own_state;

/* ---- the vtable ---- */

static bool plan(const tome_shaping *s, own_state *st, tome_error *err) {
  char why[500] = "";
  if (!st->own->plan) return true;
  if (!st->own->plan(&st->call, st->halo, why, sizeof why)) {
    why[sizeof why - 1] = '\0';
    return tome_fail_step(s, err, TOME_USAGE, "%s", *why ? why : "refuses these arguments");
  }
  for (int a = 0; a < 3; a++)
    if (st->halo[a] < 0 || st->halo[a] > MOST_HALO)
      return tome_fail_step(s, err, TOME_USAGE, "its halo along %c is %lld voxels; 0 ... %d is possible", "zyx"[a],
                            (long long)st -> halo[a], MOST_HALO);
  return true;
}

static bool shape(const tome_shaping *s, tome_flow *out, void *state, tome_error *err) {
  own_state *st = state;
  st->own = ((const own_op *)(const void *)s->step->op)->own;
  st->geometry = s->in->geometry;
  st->call = (tome_own_call){st->own->user, s->step->args, &st->geometry, s->in->name};
  if (st->own->dtype) out->dtype = st->own->dtype;
  if (st->own->tile && !st->own->keeps_statistics && !s->in->is_label) out->unknown = st->own->name;
  return plan(s, st, err);
}

static void row(const void *state, const float *in, float *out, size_t n) {
  const own_state *st = state;
  st->own->row(&st->call, in, out, n);
}

static tome_box grown(const own_state *st, const tome_box *b) {
  tome_box g;
  for (int a = 0; a < 3; a++) {
    g.lo[a] = b->lo[a] - st->halo[a];
    g.hi[a] = b->hi[a] + st->halo[a];
  }
  return g;
}

static void need(const void *state, const tome_box *out, tome_box *in) {
  const own_state *st = state;
  const tome_box all = tome_box_of_shape(st->geometry.shape), g = grown(st, out);
  *in = tome_box_intersect(&all, &g);
}

static int64_t nearest(int64_t i, int64_t lo, int64_t hi) { return i < lo ? lo : i >= hi ? hi - 1 : i; }

/* The tile as float32 in the grown box; what that has beyond the volume repeats the outermost voxels. */
static void widen(const tome_tile *in, const tome_tile *out) {
  const tome_box *b = &in->box, *g = &out->box;
  const size_t before = (size_t)(b->lo[2] - g->lo[2]), nx = (size_t)(b->hi[2] - b->lo[2]);
  const size_t after = (size_t)(g->hi[2] - b->hi[2]);
  for (int64_t z = g->lo[0]; z < g->hi[0]; z++)
    for (int64_t y = g->lo[1]; y < g->hi[1]; y++) {
      float *to = tome_tile_row(out, z, y);
      const void *from = tome_tile_row(in, nearest(z, b->lo[0], b->hi[0]), nearest(y, b->lo[1], b->hi[1]));
      tome_row_to_float(in->dtype, from, to + before, nx);
      for (size_t x = 0; x < before; x++) to[x] = to[before];
      for (size_t x = 0; x < after; x++) to[before + nx + x] = to[before + nx - 1];
    }
}

static bool compute(const void *state, const tome_tile *in, size_t count, const tome_tile *out, const tome_run *run,
                    tome_error *err) {
  (void)count;
  (void)run;
  const own_state *st = state;
  const tome_box g = grown(st, &out->box);
  const size_t n = (size_t)tome_box_voxels(&out->box);
  TOME_AUTO_FREE float *wide = tome_alloc((size_t)tome_box_voxels(&g), sizeof *wide, st->own->name, err);
  TOME_AUTO_FREE float *made = out->dtype == TOME_F32 ? NULL : tome_alloc(n, sizeof *made, st->own->name, err);
  if (!wide || (!made && out->dtype != TOME_F32)) return false;
  const tome_tile t = tome_tile_of(&g, TOME_F32, wide);
  widen(in, &t);
  float *to = made ? made : out->data;
  if (!st->own->tile(&st->call, &out->box, wide, to))
    return tome_fail(err, TOME_NO_MEMORY, "%s: could not compute a box of %zu voxels", st->own->name, n);
  if (made) tome_row_from_float(out->dtype, made, out->data, n);
  return true;
}

static size_t scratch(const void *state, const tome_box *out, int threads) {
  (void)threads;
  const tome_box g = grown(state, out);
  return (size_t)(tome_box_voxels(&g) + tome_box_voxels(out)) * sizeof(float);
}

/* ---- descriptors ---- */

static bool is_name(const char *name) {
  if (!name || !isalpha((unsigned char)*name)) return false;
  for (const char *c = name; *c; c++)
    if (!isalnum((unsigned char)*c) && *c != '_' && *c != '-') return false;
  return strlen(name) <= 60;
}

static bool is_row(const tome_param *p) {
  return is_name(p->name) && (int)p->kind >= 0 && p->kind <= TOME_KIND_PAIR && p->most >= 1 && p->most <= TOME_MANY &&
         (p->kind != TOME_KIND_CHOICE || (p->choices && *p->choices));
}

static bool check_rows(const tome_own_step *own, tome_error *err) {
  for (size_t i = 0; own->params && own->params[i].name; i++) {
    if (i == MOST_ROWS) return tome_fail(err, TOME_USAGE, "%s: has more than %d parameters", own->name, MOST_ROWS);
    if (!is_row(&own->params[i]))
      return tome_fail(err, TOME_USAGE,
                       "%s: row %zu of its parameters wants a name, a kind, most from 1 to %d, and choices where it is "
                       "a choice",
                       own->name, i + 1, TOME_MANY);
  }
  return true;
}

static bool check(const tome_own_step *own, const tome_op *const *before, tome_error *err) {
  if (!own || !is_name(own->name))
    return tome_fail(err, TOME_USAGE,
                     "a step's name is made of letters, digits, '_' and '-', a letter first; here is \"%s\"",
                     own && own->name ? own->name : "");
  for (; *before; before++)
    if (!strcmp((*before)->name, own->name))
      return tome_fail(err, TOME_USAGE, "%s: there is a step of that name already", own->name);
  if (!own->row == !own->tile)
    return tome_fail(err, TOME_USAGE, "%s: a step has either row or tile, one of the two", own->name);
  if ((int)own->dtype < 0 || own->dtype > TOME_F64)
    return tome_fail(err, TOME_USAGE, "%s: %d is no element type", own->name, (int)own->dtype);
  if (own->labels && own->dtype && own->dtype != TOME_U8 && own->dtype != TOME_U16)
    return tome_fail(err, TOME_USAGE, "%s: label maps are uint8 or uint16, not %s", own->name,
                     tome_dtype_name(own->dtype));
  return check_rows(own, err);
}

static void fill_op(const tome_own_step *own, own_op *out) {
  *out = (own_op){.own = own,
                  .op = {.name = own->name,
                         .title = own->title ? own->title : "",
                         .example = own->name,
                         .acts = own->labels ? TOME_ON_LABELS : TOME_ON_IMAGE,
                         .params = own->params,
                         .state = sizeof(own_state),
                         .shape = shape}};
  if (own->row) {
    out->op.row = row;
    return;
  }
  out->op.need = need;
  out->op.compute = compute;
  out->op.scratch = scratch;
}

const tome_op *const *tome_own_ops(const tome_own_step *const *own, size_t count, tome_arena *arena, tome_error *err) {
  size_t built_in = 0;
  while (tome_ops[built_in]) built_in++;
  const tome_op **all = tome_arena_alloc(arena, (built_in + count + 1) * sizeof *all, err);
  if (!all) return NULL;
  memcpy(all, tome_ops, built_in * sizeof *all);
  for (size_t i = 0; i < count; i++) {
    own_op *o = tome_arena_alloc(arena, sizeof *o, err);
    if (!o || !check(own[i], all, err)) return NULL;
    fill_op(own[i], o);
    all[built_in + i] = &o->op;
  }
  return all;
}
