/* merge: several label maps into one, painted one over the other in the order said: what 3D-IRCADb's folder a structure needs. */
#include <fnmatch.h>
#include <string.h>

#include "ops/ops.h"

enum { MAP };
enum { ANY = -1, MOST_LAYERS = 512 };
static const tome_param params[] = {
    [MAP] = {"map", TOME_KIND_PAIR, TOME_MANY, 0, 65535,
             .help = "a label map or a label, * for any letters = new value; later ones paint over earlier ones"},
    {0},
};

/* Voxels of one input that have one value (or ANY but 0) get a value. */
typedef struct layer {
  size_t input;
  int32_t from;
  uint16_t to;
} layer;

typedef struct merge {
  layer *layers;
  size_t count;
} merge;

static bool add(const tome_shaping *s, merge *m, layer l, tome_error *err) {
  if (m->count == MOST_LAYERS) return tome_fail_step(s, err, TOME_USAGE, "stands for more than %d labels", MOST_LAYERS);
  m->layers[m->count++] = l;
  return true;
}

/* What one pair stands for: whole maps of that name, else single labels. */
static bool add_pair(const tome_shaping *s, const tome_item *pair, merge *m, tome_error *err) {
  const tome_record *r = s->facts->record;
  const size_t before = m->count;
  const uint16_t to = (uint16_t)pair->b;
  for (size_t i = 0; i < s->count; i++) {
    if (!fnmatch(pair->word, s->in[i].name, 0)) {
      if (!add(s, m, (layer){i, ANY, to}, err)) return false;
      continue;
    }
    for (size_t k = 0; r && k < r->label_count; k++)
      if (!strcmp(r->labels[k].map, s->in[i].name) && !fnmatch(pair->word, r->labels[k].name, 0) &&
          !add(s, m, (layer){i, r->labels[k].value, to}, err))
        return false;
  }
  return m->count > before ||
         tome_fail_step(s, err, TOME_NOT_FOUND, "the case has no label map or label \"%s\"", pair->word);
}

static bool shape(const tome_shaping *s, tome_flow *out, void *state, tome_error *err) {
  merge *m = state;
  const tome_arg *map = tome_arg_of(s, MAP);
  if (!map->count) return tome_fail_step(s, err, TOME_USAGE, "wants pairs, as in merge:liver=1,livertumor*=2");
  m->layers = tome_arena_alloc(s->arena, MOST_LAYERS * sizeof *m->layers, err);
  if (!m->layers) return false;
  out->dtype = TOME_U8;
  out->name = "labels";
  for (size_t i = 0; i < map->count; i++) {
    if (!add_pair(s, &map->items[i], m, err)) return false;
    if (map->items[i].b > 255) out->dtype = TOME_U16;
  }
  return true;
}

static bool has(const tome_tile *t, int64_t i, int32_t value) {
  const int32_t v = t->dtype == TOME_U8 ? ((const uint8_t *)t->data)[i] : ((const uint16_t *)t->data)[i];
  return value == ANY ? v != 0 : v == value;
}

static bool compute(const void *state, const tome_tile *in, size_t count, const tome_tile *out, const tome_run *run,
                    tome_error *err) {
  (void)count;
  (void)run;
  (void)err;
  const merge *m = state;
  const int64_t n = tome_box_voxels(&out->box);
  memset(out->data, 0, (size_t)n * tome_dtype_size(out->dtype));
  for (size_t k = 0; k < m->count; k++) {
    const layer *l = &m->layers[k];
    for (int64_t i = 0; i < n; i++) {
      if (!has(&in[l->input], i, l->from)) continue;
      if (out->dtype == TOME_U8)
        ((uint8_t *)out->data)[i] = (uint8_t)l->to;
      else
        ((uint16_t *)out->data)[i] = l->to;
    }
  }
  return true;
}

const tome_op tome_op_merge = {
    .name = "merge",
    .title = "several label maps into one, painted in the order said",
    .example = "merge:liver=1,livertumor*=2",
    .acts = TOME_ON_LABELS,
    .joins = true,
    .params = params,
    .state = sizeof(merge),
    .shape = shape,
    .compute = compute,
};
