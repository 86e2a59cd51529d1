/* Names into label values of the result: stored values followed through the recipe's pointwise and joining steps, one voxel each. */
#include <stdlib.h>
#include <string.h>

#include "app/points_class.h"
#include "base/near.h"

/* ---- one voxel through a label's steps ---- */

static double value_at(const tome_node *n, const char *map, int32_t value);

static double through_row(const tome_node *n, double v) {
  char room[8];
  float x = (float)v;
  n->op->row(n->state, &x, &x, 1);
  tome_row_from_float(n->flow.dtype, &x, room, 1);
  tome_row_to_float(n->flow.dtype, room, &x, 1);
  return (double)x;
}

static double through_join(const tome_node *n, const char *map, int32_t value) {
  enum { MOST_MAPS = 1024 };
  static const tome_box one = {{0, 0, 0}, {1, 1, 1}};
  const tome_run run = {.threads = 1};
  double room[MOST_MAPS], out = 0;
  tome_tile in[MOST_MAPS];
  if (n->in_count > MOST_MAPS) return 0;
  for (size_t i = 0; i < n->in_count; i++) {
    const float v = (float)value_at(n->in[i], map, value);
    in[i] = tome_tile_of(&one, n->in[i]->flow.dtype, &room[i]);
    tome_row_from_float(in[i].dtype, &v, in[i].data, 1);
  }
  const tome_tile to = tome_tile_of(&one, n->flow.dtype, &out);
  float v = 0;
  if (n->op->compute(n->state, in, n->in_count, &to, &run, NULL)) tome_row_to_float(to.dtype, to.data, &v, 1);
  return (double)v;
}

/* Steps that are neither pointwise nor joining only ever move label values, or drop them. */
static double value_at(const tome_node *n, const char *map, int32_t value) {
  if (!n->op) return strcmp(n->input->name, map) == 0 ? value : 0;
  if (n->op->row) return through_row(n, value_at(n->in[0], map, value));
  if (n->op->joins) return through_join(n, map, value);
  return value_at(n->in[0], map, value);
}

int32_t tome_points_value(const tome_node *output, const char *map, int32_t value) {
  return (int32_t)value_at(output, map, value);
}

bool tome_points_counts(const tome_points *p, const class_of_voxels *c, const char *map, int32_t value) {
  for (size_t i = 0; i < c->count; i++) {
    const int32_t v = tome_points_value(p->course->graph.outputs[c->parts[i].output], map, value);
    if (v > 0 && (c->parts[i].value == 0 || v == c->parts[i].value)) return true;
  }
  return false;
}

/* ---- names ---- */

static bool add_part(tome_points *p, class_of_voxels *c, size_t output, int32_t value, tome_error *err) {
  for (size_t i = 0; i < c->count; i++)
    if (c->parts[i].output == output && c->parts[i].value == value) return true;
  if (!tome_arena_grow(&p->arena, &c->parts, &c->cap, c->count + 1, sizeof *c->parts, err)) return false;
  c->parts[c->count++] = (class_part){output, value};
  return true;
}

static class_of_voxels *add_class(tome_points *p, const char *name, tome_error *err) {
  const char *copy = tome_arena_dup(&p->arena, name, err);
  if (!copy || !tome_arena_grow(&p->arena, &p->classes, &p->class_cap, p->class_count + 1, sizeof *p->classes, err))
    return NULL;
  class_of_voxels *c = &p->classes[p->class_count++];
  *c = (class_of_voxels){.name = copy};
  return c;
}

/* All values in the result of the labels that go by a name. */
static bool add_named(tome_points *p, class_of_voxels *c, bool *known, tome_error *err) {
  const tome_record *r = &p->course->record;
  for (size_t k = 0; k < r->label_count; k++) {
    if (!tome_label_goes_by(&r->labels[k], c->name)) continue;
    *known = true;
    for (size_t i = 0; i < p->map_count; i++) {
      const int32_t v = tome_points_value(p->course->graph.outputs[p->maps[i]], r->labels[k].map, r->labels[k].value);
      if (v > 0 && !add_part(p, c, p->maps[i], v, err)) return false;
    }
  }
  return true;
}

static bool add_value_in_all(tome_points *p, class_of_voxels *c, int32_t value, tome_error *err) {
  for (size_t i = 0; i < p->map_count; i++)
    if (!add_part(p, c, p->maps[i], value, err)) return false;
  return true;
}

bool tome_points_class(tome_points *p, const char *name, size_t *number, bool *known, tome_error *err) {
  class_of_voxels *c = add_class(p, name ? name : "foreground", err);
  if (!c) return false;
  *known = !name;
  *number = p->class_count - 1;
  if (!name) return add_value_in_all(p, c, 0, err);
  if (!add_named(p, c, known, err)) return false;
  if (*known) return true;
  char *end;
  const long value = strtol(name, &end, 10);
  if (*end || end == name || value < 1 || value > 65535) return true;
  *known = true;
  return add_value_in_all(p, c, (int32_t)value, err);
}

/* A class that has just this part already? */
static bool has_class(const tome_points *p, size_t first, size_t output, int32_t value) {
  for (size_t i = first; i < p->class_count; i++)
    if (p->classes[i].parts[0].output == output && p->classes[i].parts[0].value == value) return true;
  return false;
}

bool tome_points_all_classes(tome_points *p, size_t *first, size_t *count, tome_error *err) {
  const tome_record *r = &p->course->record;
  *first = p->class_count;
  for (size_t i = 0; i < p->map_count; i++)
    for (size_t k = 0; k < r->label_count; k++) {
      const int32_t v = tome_points_value(p->course->graph.outputs[p->maps[i]], r->labels[k].map, r->labels[k].value);
      if (v <= 0 || has_class(p, *first, p->maps[i], v)) continue;
      class_of_voxels *c = add_class(p, r->labels[k].name, err);
      if (!c || !add_part(p, c, p->maps[i], v, err)) return false;
    }
  *count = p->class_count - *first;
  return true;
}

const char *tome_points_name(const tome_points *p, size_t number) { return p->classes[number].name; }
