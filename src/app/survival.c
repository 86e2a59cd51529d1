/* Label values counted before (the record knows) and after (in the voxels pulled, or pulled once more where the recipe renames values). */
#include "app/survival.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { VALUES = 1 << 16 };

/* Volume of one voxel in ml; a sheared grid's is less than the product of its spacings. */
static double voxel_ml(const tome_geometry *g) {
  const double(*d)[3] = g->direction;
  const double det = d[0][0] * (d[1][1] * d[2][2] - d[1][2] * d[2][1]) -
                     d[0][1] * (d[1][0] * d[2][2] - d[1][2] * d[2][0]) +
                     d[0][2] * (d[1][0] * d[2][1] - d[1][1] * d[2][0]);
  return fabs(det) * g->spacing[0] * g->spacing[1] * g->spacing[2] / 1000;
}

static bool acts_on(const tome_recipe *r, tome_acts what) {
  for (size_t i = 0; i < r->count; i++)
    if (r->steps[i].op->acts == what) return true;
  return false;
}

static void count_values(const tome_volume *v, uint64_t counts[VALUES]) {
  const size_t n = tome_volume_voxels(v);
  const uint8_t *narrow = v->data;
  const uint16_t *wide = v->data;
  memset(counts, 0, VALUES * sizeof *counts);
  if (v->dtype == TOME_U8)
    for (size_t i = 0; i < n; i++) counts[narrow[i]]++;
  else
    for (size_t i = 0; i < n; i++) counts[wide[i]]++;
}

static void add_rows(const tome_record *r, const char *map, const uint64_t *counts, const tome_geometry *after,
                     tome_survival *rows, size_t *count) {
  const double ml = after ? voxel_ml(after) : 0, before_ml = voxel_ml(&r->geometry);
  for (size_t i = 0; i < r->label_count; i++) {
    const tome_label *l = &r->labels[i];
    if (strcmp(l->map, map) != 0 || l->voxels == 0 || l->value < 0 || l->value >= VALUES) continue;
    tome_survival *s = &rows[(*count)++];
    *s = (tome_survival){.map = l->map, .name = l->name, .value = l->value, .voxels_before = l->voxels};
    s->ml_before = (double)l->voxels * before_ml;
    s->voxels_after = counts ? counts[l->value] : l->voxels;
    s->ml_after = counts ? (double)s->voxels_after * ml : s->ml_before;
    s->fate = s->voxels_after == 0               ? TOME_FATE_VANISHED
              : s->ml_after < 0.5 * s->ml_before ? TOME_FATE_SHRUNK
                                                 : TOME_FATE_KEPT;
  }
}

/* One map's values, from what was pulled or by pulling it here. */
static bool count_map(const tome_graph *g, size_t output, const tome_volume *pulled, const tome_pull_options *pull,
                      uint64_t *counts, tome_error *err) {
  if (pulled && pulled->data) {
    count_values(pulled, counts);
    return true;
  }
  const tome_flow *f = &g->outputs[output]->flow;
  size_t bytes;
  if (!tome_shape_bytes(f->geometry.shape, tome_dtype_size(f->dtype), &bytes))
    return tome_fail(err, TOME_NO_MEMORY, "%s: the result is too large for any memory", f->name);
  TOME_CLEANUP(tome_volume_clear)
  tome_volume v = {.geometry = f->geometry, .dtype = f->dtype, .data = tome_alloc(bytes, 1, f->name, err)};
  if (!v.data || !tome_pull(g, output, NULL, v.data, bytes, pull, err)) return false;
  count_values(&v, counts);
  return true;
}

static bool count_graph(const tome_course *c, const tome_graph *g, const char *map, const tome_volume *pulled,
                        const tome_pull_options *pull, tome_survival *rows, size_t *count, tome_error *err) {
  TOME_AUTO_FREE uint64_t *counts = tome_alloc(VALUES, sizeof *counts, "label counts", err);
  if (!counts) return false;
  for (size_t i = 0; i < g->count; i++) {
    const tome_flow *f = &g->outputs[i]->flow;
    if (!f->is_label || (map && strcmp(f->name, map) != 0)) continue;
    if (!count_map(g, i, pulled ? &pulled[i] : NULL, pull, counts, err)) return false;
    add_rows(&c->record, f->name, counts, &f->geometry, rows, count);
  }
  return true;
}

/* The recipe without what acts on labels by their values. */
static bool without_label_steps(const tome_recipe *from, tome_arena *arena, tome_recipe *out, tome_error *err) {
  *out = (tome_recipe){.text = ""};
  out->steps = tome_arena_alloc(arena, (from->count + 1) * sizeof *out->steps, err);
  for (size_t i = 0; out->steps && i < from->count; i++)
    if (from->steps[i].op->acts != TOME_ON_LABELS) out->steps[out->count++] = from->steps[i];
  return out->steps != NULL;
}

bool tome_survival_of(const tome_course *c, const char *map, const tome_volume *pulled, const tome_pull_options *pull,
                      tome_arena *arena, tome_survival **rows, size_t *count, tome_error *err) {
  tome_survival *list = tome_arena_alloc(arena, (c->record.label_count + 1) * sizeof *list, err);
  size_t n = 0;
  bool ok = list != NULL;
  if (ok && !acts_on(&c->recipe, TOME_ON_GRID)) { /* nothing moves */
    for (size_t i = 0; i < c->record.map_count; i++)
      if (!map || !strcmp(map, c->record.maps[i].name))
        add_rows(&c->record, c->record.maps[i].name, NULL, NULL, list, &n);
  } else if (ok && !acts_on(&c->recipe, TOME_ON_LABELS)) {
    ok = count_graph(c, &c->graph, map, pulled, pull, list, &n, err);
  } else if (ok) {
    TOME_CLEANUP(tome_graph_clear) tome_graph g = {0};
    tome_recipe plain;
    ok = without_label_steps(&c->recipe, arena, &plain, err) &&
         tome_graph_make(&plain, &c->facts, c->sources, c->source_count, &g, err) &&
         count_graph(c, &g, map, NULL, pull, list, &n, err);
  }
  if (!ok) return false;
  *rows = list;
  *count = n;
  return true;
}
