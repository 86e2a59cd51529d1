/* One case out: voxel for voxel as stored, or through a recipe. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/export.h"
#include "app/pick.h"

enum { MOST_FACTS = 7 };

/* Everything of the case in hand. */
typedef struct going {
  tome_exporting *x;
  const char *id;
  tome_course course;
  tome_pick pick; /* --label's, or the image */
  bool all;       /* every volume, not one */
  tome_box box;
  size_t colours[4];           /* outputs that are the samples of the first volume, side by side … */
  size_t colour_count;         /* … 0: it is one alone */
  size_t *outputs;             /* which output of the graph each volume is */
  tome_volume *pulled;         /* by output */
  tome_output_volume *volumes; /* as they are written */
  size_t count;
  tome_output_fact facts[MOST_FACTS];
  double bounds[6];
  tome_output_item item;
  uint64_t bytes; /* of all volumes */
  tome_arena arena;
} going;

static void going_clear(going *g) {
  for (size_t i = 0; g->pulled && i < g->course.graph.count; i++) tome_volume_clear(&g->pulled[i]);
  tome_course_close(&g->course);
  tome_arena_clear(&g->arena);
}

/* ---- which volumes ---- */

static bool add_volume(going *g, size_t output, const char *name, tome_error *err) {
  const tome_flow *f = &g->course.graph.outputs[output]->flow;
  const tome_geometry box = tome_geometry_crop(&f->geometry, &g->box);
  size_t bytes;
  if (!tome_shape_bytes(box.shape, tome_dtype_size(f->dtype), &bytes))
    return tome_fail(err, TOME_NO_MEMORY, "%s: the result is too large for any memory", g->id);
  g->bytes += bytes;
  g->outputs[g->count] = output;
  g->volumes[g->count++] = (tome_output_volume){.name = name,
                                                .is_label = f->is_label,
                                                .map = f->is_label ? f->name : NULL,
                                                .value = g->pick.structure,
                                                .dtype = g->pick.structure ? TOME_U8 : f->dtype};
  return true;
}

/* A photograph goes out as one: where the case's channels are red, green, blue (and alpha) and the file can hold them, side by side. */
static void choose_colours(going *g) {
  static const char *const names[] = {"red", "green", "blue", "alpha"};
  const tome_record *r = &g->course.record;
  const tome_graph *graph = &g->course.graph;
  const size_t n = r->channel_count;
  if (!tome_output_takes_colours(g->x->output) || n < 3 || n > 4) return;
  size_t found = 0;
  for (size_t i = 0; i < graph->count && found < n; i++) {
    const tome_flow *f = &graph->outputs[i]->flow;
    const tome_channel *c = f->is_label ? NULL : tome_record_find_channel(r, f->name);
    if (!c || strcmp(c->name, names[found]) != 0 || f->dtype != graph->outputs[g->outputs[0]]->flow.dtype) continue;
    g->colours[found++] = i;
  }
  if (found < n || g->colours[0] != g->outputs[0]) return;
  g->colour_count = n;
  g->volumes[0].channels = (int)n;
  g->bytes *= n + 1; /* one sample at a time is brought in */
}

static bool is_colour(const going *g, size_t output) {
  for (size_t i = 0; i < g->colour_count; i++)
    if (g->colours[i] == output) return true;
  return false;
}

static bool choose_volumes(going *g, tome_error *err) {
  const char *label = g->x->opt->label;
  const tome_graph *graph = &g->course.graph;
  if (!tome_pick_volume(&g->course, label, &g->pick, err)) return false;
  const size_t one = g->pick.output;
  const int64_t *shape = graph->outputs[one]->flow.geometry.shape;
  g->box = tome_box_of_shape(shape);
  if (g->x->opt->box && !tome_box_parse(g->x->opt->box, shape, &g->box, err)) return false;
  g->all = !label && tome_output_wants_all(g->x->output);
  g->outputs = tome_arena_alloc(&g->arena, graph->count * sizeof *g->outputs, err);
  g->volumes = tome_arena_alloc(&g->arena, graph->count * sizeof *g->volumes, err);
  g->pulled = tome_arena_alloc(&g->arena, graph->count * sizeof *g->pulled, err);
  if (!g->outputs || !g->volumes || !g->pulled || !add_volume(g, one, label ? label : "image", err)) return false;
  if (!label) choose_colours(g);
  for (size_t i = 0; g->all && i < graph->count; i++)
    if (i != one && !is_colour(g, i) && !add_volume(g, i, graph->outputs[i]->flow.name, err)) return false;
  return true;
}

/* ---- what goes along ---- */

static bool add_text(going *g, const char *name, const char *text) {
  if (!text) return false;
  if (*text) g->facts[g->item.fact_count++] = (tome_output_fact){.name = name, .text = text};
  return true;
}

static bool describe(going *g, tome_error *err) {
  const tome_course *c = &g->course;
  g->item = (tome_output_item){.id = g->id,
                               .n = -1,
                               .geometry = tome_geometry_crop(&c->graph.outputs[g->outputs[0]]->flow.geometry, &g->box),
                               .volumes = g->volumes,
                               .volume_count = g->count,
                               .units = tome_course_units(c, &c->graph.outputs[g->outputs[0]]->flow),
                               .recipe = c->recipe.count ? c->recipe.text : "",
                               .recipe_hash = c->recipe.count ? c->recipe.hash : "",
                               .voxel_hash = c->record.voxel_hash,
                               .record = &c->record,
                               .facts = g->facts};
  if (g->x->opt->box) {
    for (int a = 0; a < 3; a++) {
      g->bounds[2 * a] = (double)g->box.lo[a];
      g->bounds[2 * a + 1] = (double)g->box.hi[a];
    }
    g->facts[g->item.fact_count++] = (tome_output_fact){.name = "box", .many = g->bounds, .count = 6};
  }
  return add_text(g, "channels",
                  !g->colour_count       ? ""
                  : g->colour_count == 3 ? "red green blue"
                                         : "red green blue alpha") &&
         add_text(g, "label", g->x->opt->label ? g->x->opt->label : "") &&
         add_text(g, "channel_hashes", tome_course_channel_hashes(c, &g->arena, err)) &&
         add_text(g, "label_hashes", tome_course_label_hashes(c, &g->arena, err)) &&
         add_text(g, "dataset_hash", c->across_hash);
}

/* ---- voxels ---- */

/* Waits until the results of this case fit beside those in hand. One case alone always goes ahead. */
static bool take_room(tome_exporting *x, uint64_t bytes, tome_error *err) {
  pthread_mutex_lock(&x->lock);
  while (x->in_use && x->in_use + bytes > x->budget && !tome_stopped(x->run)) pthread_cond_wait(&x->room, &x->lock);
  x->in_use += bytes;
  pthread_mutex_unlock(&x->lock);
  return !tome_stopped(x->run) || tome_fail_cancelled(err);
}

static void give_room(tome_exporting *x, uint64_t bytes) {
  pthread_mutex_lock(&x->lock);
  x->in_use -= bytes;
  pthread_cond_broadcast(&x->room);
  pthread_mutex_unlock(&x->lock);
}

static bool pull_one(going *g, size_t i, tome_error *err) {
  const tome_graph *graph = &g->course.graph;
  const size_t output = g->outputs[i];
  tome_volume *v = &g->pulled[output];
  size_t bytes;
  v->geometry = g->item.geometry;
  v->dtype = graph->outputs[output]->flow.dtype;
  if (!tome_shape_bytes(v->geometry.shape, tome_dtype_size(v->dtype), &bytes))
    return tome_fail(err, TOME_NO_MEMORY, "%s: the result is too large for any memory", g->id);
  v->data = tome_alloc(bytes, 1, g->id, err);
  const tome_pull_options o = {.run = &g->x->inner, .memory = g->x->pull_memory};
  if (!v->data || !tome_pull(graph, output, &g->box, v->data, bytes, &o, err)) return false;
  g->volumes[i].voxels = v->data;
  return true;
}

/* The samples of all colours, side by side, in place of the first colour's. */
static bool pull_colours(going *g, tome_error *err) {
  const size_t n = g->colour_count, element = tome_dtype_size(g->volumes[0].dtype);
  tome_volume *all = &g->pulled[g->outputs[0]];
  const size_t voxels = tome_volume_voxels(all);
  TOME_AUTO_FREE char *side_by_side = tome_alloc(voxels, element * n, g->id, err);
  if (!side_by_side) return false;
  for (size_t k = 0; k < n; k++) {
    const tome_pull_options o = {.run = &g->x->inner, .memory = g->x->pull_memory};
    const char *from = all->data;
    if (k && !tome_pull(&g->course.graph, g->colours[k], &g->box, all->data, voxels * element, &o, err)) return false;
    for (size_t i = 0; i < voxels; i++) memcpy(side_by_side + (i * n + k) * element, from + i * element, element);
  }
  free(all->data);
  g->volumes[0].voxels = all->data = side_by_side;
  side_by_side = NULL;
  return true;
}

static void only_value(tome_volume *v, int32_t value) {
  const size_t n = tome_volume_voxels(v);
  uint8_t *to = v->data;
  const uint8_t *narrow = v->data;
  const uint16_t *wide = v->data;
  for (size_t i = 0; i < n; i++)
    to[i] = (v->dtype == TOME_U8 ? narrow[i] : wide[i]) == value; /* in place: never ahead of what is read */
  v->dtype = TOME_U8;
}

/* Only what is written is counted: a label map that nobody asked for is not read for it. */
static bool count_survival(going *g, tome_export_event *e, tome_error *err) {
  if (g->x->opt->box || (!g->all && !g->pick.is_label)) return true;
  const tome_pull_options o = {.run = &g->x->inner, .memory = g->x->pull_memory};
  tome_survival *rows;
  size_t count, kept = 0;
  if (!tome_survival_of(&g->course, g->pick.map, g->pulled, &o, &g->arena, &rows, &count, err)) return false;
  for (size_t i = 0; i < count; i++)
    if (!g->pick.structure || rows[i].value == g->pick.structure) rows[kept++] = rows[i];
  e->survival = rows;
  e->survival_count = kept;
  return true;
}

static bool compute(going *g, tome_export_event *e, tome_error *err) {
  for (size_t i = 0; i < g->count; i++)
    if (!pull_one(g, i, err)) return false;
  if (g->colour_count && !pull_colours(g, err)) return false;
  if (!count_survival(g, e, err)) return false;
  if (g->pick.structure) only_value(&g->pulled[g->outputs[0]], g->pick.value);
  return tome_output_put(g->x->output, &g->item, err);
}

/* ---- the case ---- */

static bool name_files(going *g, tome_export_event *e, tome_error *err) {
  tome_export_volume *v = tome_arena_alloc(&g->arena, g->count * sizeof *v, err);
  for (size_t i = 0; v && i < g->count; i++) {
    const tome_output_volume *from = &g->volumes[i];
    v[i] = (tome_export_volume){.name = from->name, .is_label = from->is_label, .dtype = from->dtype};
    v[i].path = tome_output_path(g->x->output, &g->item, i, &g->arena, err);
    if (!v[i].path) return false;
  }
  *e = (tome_export_event){.id = g->id,
                           .text = "",
                           .geometry = &g->item.geometry,
                           .volumes = v,
                           .volume_count = g->count,
                           .recipe = g->item.recipe,
                           .recipe_hash = g->item.recipe_hash,
                           .voxel_hash = g->item.voxel_hash};
  return v != NULL;
}

static bool plan(going *g, tome_error *err) {
  return tome_course_open(&g->course, g->x->store, g->id, &g->x->opt->recipe, &g->x->inner, err) &&
         choose_volumes(g, err) && describe(g, err);
}

bool tome_export_case(tome_exporting *x, const char *id, tome_error *err) {
  TOME_CLEANUP(going_clear) going g = {.x = x, .id = id};
  tome_export_event e;
  if (!plan(&g, err) || !name_files(&g, &e, err)) return false;
  if (tome_output_has(x->output, &g.item)) {
    e.kind = TOME_EXPORT_SKIPPED;
    tome_export_tell(x, &e);
    return true;
  }
  if (!tome_output_fits(x->output, &g.item, err)) return false;
  bool ok = take_room(x, g.bytes, err);
  ok = ok && compute(&g, &e, err);
  give_room(x, g.bytes);
  if (!ok) return false;
  pthread_mutex_lock(&x->lock);
  x->sum.bytes_voxels += g.bytes;
  pthread_mutex_unlock(&x->lock);
  e.kind = TOME_EXPORT_WRITTEN;
  tome_export_tell(x, &e);
  return true;
}
