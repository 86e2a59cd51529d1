/* Pulling from a plan with steps of the test's own: what is asked of the source, in which boxes, and that every voxel arrives
 * where it belongs, whatever the tiles. */
#include <stdatomic.h>

#include "eval/eval.h"
#include "test.h"

/* A source whose voxel (z, y, x) is a number made of its place: nothing to allocate, everything to check. */
typedef struct source {
  int64_t shape[3];
  atomic_llong voxels; /* read so far */
  atomic_int outside;  /* reads that went beyond */
  bool broken;
} source;

static int16_t place(const int64_t at[3]) { return (int16_t)(at[0] * 1009 + at[1] * 101 + at[2] * 7); }

static bool read_place(void *ctx, const tome_box *box, void *out, tome_error *err) {
  source *s = ctx;
  const tome_box all = tome_box_of_shape(s->shape);
  if (s->broken) return tome_fail(err, TOME_CORRUPT, "chunk 7 is damaged");
  if (!tome_box_contains(&all, box)) atomic_fetch_add(&s->outside, 1);
  int16_t *v = out;
  int64_t at[3];
  for (at[0] = box->lo[0]; at[0] < box->hi[0]; at[0]++)
    for (at[1] = box->lo[1]; at[1] < box->hi[1]; at[1]++)
      for (at[2] = box->lo[2]; at[2] < box->hi[2]; at[2]++) *v++ = place(at);
  atomic_fetch_add(&s->voxels, tome_box_voxels(box));
  return true;
}

/* "shift:z,y,x": cuts so many voxels off the low sides. "half": half the value, as float. "sum:r": the sum over 2r+1 voxels along each axis,
 * borders repeated; says that it is wide where r > 2. */
static const tome_param shift_rows[] = {{"by", TOME_KIND_INT, 3, 0, 100, .standard = "0", .help = "voxels"}, {0}};
typedef struct shift {
  int64_t by[3];
} shift;

static bool shift_shape(const tome_shaping *s, tome_flow *out, void *state, tome_error *err) {
  shift *t = state;
  tome_box b = tome_box_of_shape(s->in->geometry.shape);
  for (int a = 0; a < 3; a++) b.lo[a] = t->by[a] = (int64_t)tome_arg_of(s, 0)->items[a].a;
  if (tome_box_is_empty(&b)) return tome_fail_step(s, err, TOME_USAGE, "nothing is left");
  out->geometry = tome_geometry_crop(&s->in->geometry, &b);
  return true;
}

static void shift_need(const void *state, const tome_box *out, tome_box *in) {
  const shift *t = state;
  for (int a = 0; a < 3; a++) {
    in->lo[a] = out->lo[a] + t->by[a];
    in->hi[a] = out->hi[a] + t->by[a];
  }
}

static bool half_shape(const tome_shaping *s, tome_flow *out, void *state, tome_error *err) {
  (void)s;
  (void)state;
  (void)err;
  out->dtype = TOME_F32;
  return true;
}

static void half_row(const void *state, const float *in, float *out, size_t n) {
  (void)state;
  for (size_t i = 0; i < n; i++) out[i] = in[i] / 2;
}

static const tome_param sum_rows[] = {{"r", TOME_KIND_INT, 1, 0, 9, .standard = "1", .help = "radius"}, {0}};
typedef struct sum {
  int64_t r, shape[3];
} sum;

static bool sum_shape(const tome_shaping *s, tome_flow *out, void *state, tome_error *err) {
  (void)err;
  sum *t = state;
  t->r = (int64_t)tome_number_of(s, 0);
  memcpy(t->shape, s->in->geometry.shape, sizeof t->shape);
  out->dtype = TOME_F32;
  return true;
}

static void sum_need(const void *state, const tome_box *out, tome_box *in) {
  const sum *t = state;
  tome_box b = *out;
  for (int a = 0; a < 3; a++) {
    b.lo[a] -= t->r;
    b.hi[a] += t->r;
  }
  const tome_box all = tome_box_of_shape(t->shape);
  *in = tome_box_intersect(&b, &all);
}

static double value_of(const tome_tile *t, const int64_t at[3]) {
  const char *row = tome_tile_row(t, at[0], at[1]);
  const int64_t x = at[2] - t->box.lo[2];
  return t->dtype == TOME_I16 ? ((const int16_t *)(const void *)row)[x] : (double)((const float *)(const void *)row)[x];
}

static bool sum_compute(const void *state, const tome_tile *in, size_t count, const tome_tile *out, const tome_run *run,
                        tome_error *err) {
  (void)count;
  (void)run;
  (void)err;
  const sum *t = state;
  float *v = out->data;
  int64_t at[3];
  for (at[0] = out->box.lo[0]; at[0] < out->box.hi[0]; at[0]++)
    for (at[1] = out->box.lo[1]; at[1] < out->box.hi[1]; at[1]++)
      for (at[2] = out->box.lo[2]; at[2] < out->box.hi[2]; at[2]++) {
        double total = 0;
        for (int a = 0; a < 3; a++)
          for (int64_t k = -t->r; k <= t->r; k++) {
            int64_t there[3] = {at[0], at[1], at[2]};
            there[a] += k;
            if (there[a] < 0) there[a] = 0;
            if (there[a] >= t->shape[a]) there[a] = t->shape[a] - 1;
            total += value_of(in, there);
          }
        *v++ = (float)total;
      }
  return true;
}

static bool sum_wide(const void *state) { return ((const sum *)state)->r > 2; }

/* "highest": what lacks to the highest value of all, which it has to look for. */
static const tome_param no_rows[] = {{0}};
typedef struct highest {
  float *most; /* what it learns */
  int64_t seen;
  int studies;
} highest;
static atomic_int forgotten;

static bool highest_shape(const tome_shaping *s, tome_flow *out, void *state, tome_error *err) {
  (void)s, (void)state, (void)err;
  out->dtype = TOME_F32;
  return true;
}

static bool highest_study(void *state, const tome_tile *slab, tome_error *err) {
  highest *h = state;
  if (!slab) return ++h->studies == 1;
  if (!h->most) h->most = tome_alloc_zero(1, sizeof *h->most, "highest", err);
  if (!h->most) return false;
  CHECK(slab->box.lo[0] == h->seen && slab->box.lo[1] == 0 && slab->box.lo[2] == 0);
  h->seen = slab->box.hi[0];
  int64_t at[3];
  for (at[0] = slab->box.lo[0]; at[0] < slab->box.hi[0]; at[0]++)
    for (at[1] = 0; at[1] < slab->box.hi[1]; at[1]++)
      for (at[2] = 0; at[2] < slab->box.hi[2]; at[2]++)
        if (value_of(slab, at) > (double)*h->most) *h->most = (float)value_of(slab, at);
  return true;
}

static void highest_forget(void *state) {
  highest *h = state;
  free(h->most);
  *h = (highest){0};
  atomic_fetch_add(&forgotten, 1);
}

static bool highest_compute(const void *state, const tome_tile *in, size_t count, const tome_tile *out,
                            const tome_run *run, tome_error *err) {
  (void)count, (void)run, (void)err;
  const highest *h = state;
  float *v = out->data;
  int64_t at[3];
  for (at[0] = out->box.lo[0]; at[0] < out->box.hi[0]; at[0]++)
    for (at[1] = out->box.lo[1]; at[1] < out->box.hi[1]; at[1]++)
      for (at[2] = out->box.lo[2]; at[2] < out->box.hi[2]; at[2]++) *v++ = *h->most - (float)value_of(in, at);
  return true;
}

static const tome_op op_highest = {.name = "highest",
                                   .acts = TOME_ON_IMAGE,
                                   .params = no_rows,
                                   .state = sizeof(highest),
                                   .shape = highest_shape,
                                   .study = highest_study,
                                   .forget = highest_forget,
                                   .compute = highest_compute};

static const tome_op op_shift = {
    .name = "shift", .params = shift_rows, .state = sizeof(shift), .shape = shift_shape, .need = shift_need};
static const tome_op op_half = {.name = "half", .acts = TOME_ON_IMAGE, .shape = half_shape, .row = half_row};
static const tome_op op_sum = {.name = "sum",
                               .params = sum_rows,
                               .state = sizeof(sum),
                               .shape = sum_shape,
                               .need = sum_need,
                               .compute = sum_compute,
                               .wide = sum_wide};
static const tome_op *const ops[] = {&op_shift, &op_half, &op_sum, &op_highest, NULL};

typedef struct rig {
  source source;
  tome_voxel_source input;
  tome_recipe recipe;
  tome_graph plan;
} rig;

static void clear_rig(rig *g) {
  tome_graph_clear(&g->plan);
  tome_recipe_clear(&g->recipe);
}

static void make_rig(rig *g, const char *steps, int64_t z, int64_t y, int64_t x) {
  *g = (rig){.source = {.shape = {z, y, x}}};
  g->input = (tome_voxel_source){.name = "image",
                                 .geometry = tome_geometry_identity(g->source.shape),
                                 .dtype = TOME_I16,
                                 .chunk = {16, 64, 64},
                                 .read = read_place,
                                 .ctx = &g->source};
  tome_error err = {0};
  CHECK(tome_recipe_parse_text(ops, steps, &g->recipe, &err));
  CHECK(tome_graph_make(&g->recipe, NULL, &g->input, 1, &g->plan, &err));
  CHECK_TEXT(err.message, "");
}

static void *pull(rig *g, const tome_box *box, int threads, size_t memory, size_t *bytes) {
  const tome_flow *f = &g->plan.outputs[0]->flow;
  const tome_run run = {.threads = threads};
  const tome_pull_options o = {.run = &run, .memory = memory};
  tome_error err = {0};
  *bytes = (size_t)tome_box_voxels(box) * tome_dtype_size(f->dtype);
  void *out = malloc(*bytes);
  CHECK(tome_pull(&g->plan, 0, box, out, *bytes, &o, &err));
  CHECK_TEXT(err.message, "");
  return out;
}

/* A recipe that only cuts keeps the type, reads the box and nothing else, straight into the result. */
static void only_cut(void) {
  TOME_CLEANUP(clear_rig) rig g;
  make_rig(&g, "shift:3,4,5 shift:1,0,2", 20, 30, 40);
  const tome_box box = {{2, 3, 4}, {9, 20, 30}};
  size_t bytes;
  TOME_AUTO_FREE int16_t *out = pull(&g, &box, 2, 0, &bytes);
  CHECK(g.plan.outputs[0]->flow.dtype == TOME_I16);
  CHECK(atomic_load(&g.source.voxels) == tome_box_voxels(&box));
  CHECK(atomic_load(&g.source.outside) == 0);
  const int16_t *v = out;
  size_t wrong = 0;
  for (int64_t z = 2; z < 9; z++)
    for (int64_t y = 3; y < 20; y++)
      for (int64_t x = 4; x < 30; x++) wrong += *v++ != place((int64_t[]){z + 4, y + 4, x + 7});
  CHECK(wrong == 0);
}

/* Any tiles and threads give the same; the source is never asked for what it does not have. */
static void any_tiles(void) {
  static const char *const recipes[] = {"half", "sum:1 half shift:2", "half half sum:2 shift:0,3,1 sum:1", "sum:4 half",
                                        "shift:1 sum:3 half sum:1"};
  for (size_t i = 0; i < TOME_COUNT(recipes); i++) {
    TOME_CLEANUP(clear_rig) rig g;
    make_rig(&g, recipes[i], 17, 40, 33);
    const tome_box all = tome_box_of_shape(g.plan.outputs[0]->flow.geometry.shape);
    size_t bytes, same;
    TOME_AUTO_FREE void *whole = pull(&g, &all, 1, (size_t)1 << 30, &bytes);
    static const size_t memory[] = {1, 5000, 60000, 1 << 20};
    for (int threads = 1; threads <= 5; threads += 2)
      for (size_t m = 0; m < TOME_COUNT(memory); m++) {
        TOME_AUTO_FREE void *again = pull(&g, &all, threads, memory[m], &same);
        CHECK(same == bytes && memcmp(whole, again, bytes) == 0);
      }
    CHECK(atomic_load(&g.source.outside) == 0);
  }
}

/* Tiles cover the box, once. Memory bounds them. Cheap recipes are cut where chunks are. */
static void tilings(void) {
  TOME_CLEANUP(clear_rig) rig g;
  make_rig(&g, "sum:1 half", 100, 200, 300);
  const tome_node *n = g.plan.outputs[0];
  const tome_box boxes[] = {{{0, 0, 0}, {100, 200, 300}}, {{7, 11, 13}, {8, 200, 14}}, {{5, 5, 5}, {6, 6, 6}}};
  for (size_t b = 0; b < TOME_COUNT(boxes); b++)
    for (int threads = 1; threads < 9; threads += 3)
      for (size_t memory = 200000; memory < 1u << 30; memory *= 20) {
        const tome_tiling t = tome_tiling_of(n, &boxes[b], threads, memory);
        int64_t voxels = 0;
        for (size_t i = 0; i < (size_t)(t.count[0] * t.count[1] * t.count[2]); i++) {
          const tome_box tile = tome_tiling_box(&t, i);
          CHECK(tome_box_contains(&boxes[b], &tile) && !tome_box_is_empty(&tile));
          voxels += tome_box_voxels(&tile);
        }
        CHECK(voxels == tome_box_voxels(&boxes[b]));
        CHECK(t.workers == threads && t.threads == 1);
      }
  TOME_CLEANUP(clear_rig) rig p;
  make_rig(&p, "half", 100, 200, 300);
  const tome_tiling slabs = tome_tiling_of(p.plan.outputs[0], &boxes[0], 2, (size_t)1 << 30);
  CHECK(slabs.count[1] == 1 && slabs.count[2] == 1 && slabs.count[0] > 1 && slabs.step[0] % 16 == 0);
  TOME_CLEANUP(clear_rig) rig w;
  make_rig(&w, "sum:3", 100, 200, 300);
  const tome_tiling one = tome_tiling_of(w.plan.outputs[0], &boxes[0], 2, (size_t)1 << 30);
  CHECK(one.workers == 1 && one.threads == 2 && one.count[0] * one.count[1] * one.count[2] == 1);
}

/* A step that studies its input does so once a graph, whoever asks and how often; then its boxes cost what boxes cost. */
typedef struct askers {
  rig *g;
  const float *whole;
  atomic_int wrong;
} askers;

static bool ask(void *ctx, size_t item, int worker, tome_error *err) {
  (void)worker;
  askers *a = ctx;
  const int64_t z = (int64_t)item % 30;
  const tome_box box = {{z, 3, 4}, {z + 1, 4, 9}};
  float out[5];
  const tome_run run = {.threads = 1};
  const tome_pull_options o = {.run = &run};
  if (!tome_pull(&a->g->plan, 0, &box, out, sizeof out, &o, err)) return false;
  if (memcmp(out, a->whole + (z * 40 + 3) * 50 + 4, sizeof out) != 0) atomic_fetch_add(&a->wrong, 1);
  return true;
}

static void studied_once(void) {
  atomic_store(&forgotten, 0);
  {
    TOME_CLEANUP(clear_rig) rig g, other;
    make_rig(&g, "half highest half", 30, 40, 50);
    make_rig(&other, "half highest half", 30, 40, 50);
    const tome_box all = tome_box_of_shape(g.source.shape);
    size_t bytes;
    TOME_AUTO_FREE float *whole = pull(&other, &all, 2, 0, &bytes);
    int16_t most = 0;
    int64_t at[3];
    for (at[0] = 0; at[0] < 30; at[0]++)
      for (at[1] = 0; at[1] < 40; at[1]++)
        for (at[2] = 0; at[2] < 50; at[2]++) most = place(at) > most ? place(at) : most;
    CHECK_NEAR((double)whole[0], most / 4.0, 1e-6); /* voxel (0, 0, 0) is 0 */
    askers a = {.g = &g, .whole = whole};
    const tome_run run = {.threads = 4};
    CHECK(tome_parallel(&run, 200, ask, &a, NULL));
    CHECK(atomic_load(&g.source.voxels) == 30 * 40 * 50 + 200 * 5);
    CHECK(atomic_load(&a.wrong) == 0 && atomic_load(&forgotten) == 0);
  }
  CHECK(atomic_load(&forgotten) == 2);
  TOME_CLEANUP(clear_rig) rig g;
  make_rig(&g, "highest", 30, 40, 50);
  float one[1];
  const tome_box box = {{0, 0, 0}, {1, 1, 1}};
  g.source.broken = true;
  CHECK(!tome_pull(&g.plan, 0, &box, one, sizeof one, NULL, NULL));
  g.source.broken = false; /* a failure is not remembered */
  CHECK(tome_pull(&g.plan, 0, &box, one, sizeof one, NULL, NULL));
  CHECK(atomic_load(&forgotten) == 3);
}

static bool stop_now(void *user) {
  (void)user;
  return true;
}

static void failures(void) {
  TOME_CLEANUP(clear_rig) rig g;
  make_rig(&g, "sum:1 half", 10, 10, 10);
  static float out[1000];
  tome_error err = {0};
  const tome_box beyond = {{0, 0, 0}, {11, 1, 1}}, empty = {{3, 3, 3}, {3, 4, 4}};
  CHECK(!tome_pull(&g.plan, 1, NULL, out, sizeof out, NULL, &err));
  CHECK(err.code == TOME_USAGE);
  CHECK(!tome_pull(&g.plan, 0, &beyond, out, 44, NULL, NULL));
  CHECK(!tome_pull(&g.plan, 0, &empty, out, 0, NULL, NULL));
  CHECK(!tome_pull(&g.plan, 0, NULL, out, sizeof out - 4, NULL, NULL));
  const tome_run run = {.stop = stop_now};
  const tome_pull_options o = {.run = &run};
  err = (tome_error){0};
  CHECK(!tome_pull(&g.plan, 0, NULL, out, sizeof out, &o, &err));
  CHECK(err.code == TOME_CANCELLED);
  g.source.broken = true;
  err = (tome_error){0};
  CHECK(!tome_pull(&g.plan, 0, NULL, out, sizeof out, NULL, &err));
  CHECK_TEXT(err.message, "chunk 7 is damaged");
  CHECK(err.code == TOME_CORRUPT);
}

/* The plan in words, without a read. */
static void words(void) {
  TOME_CLEANUP(clear_rig) rig g;
  make_rig(&g, "sum:1 half shift:2,0,0", 40, 50, 60);
  const tome_box box = {{0, 0, 0}, {4, 5, 6}};
  TOME_CLEANUP(tome_arena_clear) tome_arena a = {0};
  const char *text = tome_graph_text(&g.plan, &box, &a, NULL);
  CHECK_TEXT(text,
             "image\n"
             "  stored       40x50x60 at 1x1x1 mm, axes to S,P,L, int16: 1:7,0:6,0:7, 1 chunk\n"
             "  sum          40x50x60 at 1x1x1 mm, axes to S,P,L, float32: 2:6,0:5,0:6\n"
             "  half         40x50x60 at 1x1x1 mm, axes to S,P,L, float32: 2:6,0:5,0:6\n"
             "  shift        38x50x60 at 1x1x1 mm, axes to S,P,L, float32: 0:4,0:5,0:6\n");
  CHECK(atomic_load(&g.source.voxels) == 0);
}

TEST_MAIN(only_cut, any_tiles, tilings, failures, studied_once, words)
