/* One volume out to a file: voxel for voxel as stored, or through a recipe. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/recipe.h"

typedef struct chosen {
  const char *map; /* the label map's name; NULL: the image */
  int32_t value;   /* > 0: only this value, as a 0/1 mask */
} chosen;

/* A label is named by its map ("segmentation"), by a structure ("tumor"), or by both where that is needed ("segmentation/tumor"). */
static bool choose(const tome_record *r, const char *label, chosen *out, tome_error *err) {
  size_t found = 0;
  for (size_t i = 0; i < r->map_count; i++)
    if (!strcmp(r->maps[i].name, label)) {
      out->map = r->maps[i].name;
      return true;
    }
  char known[400] = "";
  for (size_t i = 0; i < r->label_count; i++) {
    const tome_label *l = &r->labels[i];
    char both[300];
    snprintf(both, sizeof both, "%s/%s", l->map, l->name);
    snprintf(known + strlen(known), sizeof known - strlen(known), "%s%s", *known ? ", " : "", both);
    if (strcmp(l->name, label) != 0 && strcmp(both, label) != 0) continue;
    found++;
    out->map = l->map;
    out->value = l->value;
  }
  if (found == 1) return true;
  if (found)
    return tome_fail(err, TOME_USAGE, "%s: %zu label maps hold a \"%s\"; say which: %s", r->id, found, label, known);
  return tome_fail(err, TOME_NOT_FOUND, "%s: has no label \"%s\"; it has %s", r->id, label, *known ? known : "none");
}

/* The recipe's output of that map. Steps that make new maps (merge) leave others out. */
static bool find_output(const tome_graph *g, const char *map, size_t *out, tome_error *err) {
  for (size_t i = 0; i < g->count; i++) {
    const tome_flow *f = &g->outputs[i]->flow;
    if (map ? f->is_label && !strcmp(f->name, map) : !f->is_label) {
      *out = i;
      return true;
    }
  }
  return tome_fail(err, TOME_NOT_FOUND, "the recipe leaves no label map \"%s\"", map ? map : "image");
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

static bool pull_volume(const tome_course *c, size_t output, const char *box, tome_volume *out, tome_error *err) {
  const tome_flow *f = &c->graph.outputs[output]->flow;
  tome_box b = tome_box_of_shape(f->geometry.shape);
  if (box && !tome_box_parse(box, f->geometry.shape, &b, err)) return false;
  tome_volume v = {.geometry = tome_geometry_crop(&f->geometry, &b), .dtype = f->dtype};
  size_t bytes;
  if (!tome_shape_bytes(v.geometry.shape, tome_dtype_size(v.dtype), &bytes))
    return tome_fail(err, TOME_NO_MEMORY, "%s: the result is too large for any memory", c->record.id);
  const tome_pull_options o = {.run = c->run};
  v.data = tome_alloc(bytes, 1, c->record.id, err);
  if (!v.data || !tome_pull(&c->graph, output, &b, v.data, bytes, &o, err)) {
    tome_volume_clear(&v);
    return false;
  }
  *out = v;
  return true;
}

static bool write_volume(const tome_format *format, const char *path, const tome_volume *v, const tome_write_options *o,
                         bool force, tome_error *err) {
  TOME_CLEANUP(tome_draft_abandon) tome_draft d = {.fd = -1};
  return tome_draft_open(path, &d, err) && format->write(d.fd, tome_basename(path), v, o, err) &&
         tome_draft_commit(&d, force, err);
}

bool tome_export(tome_store *store, const char *id, const char *path, const tome_export_options *opt,
                 const tome_run *run, tome_error *err) {
  static const tome_export_options defaults = {0};
  if (!opt) opt = &defaults;
  const tome_format *format = tome_format_for_name(path);
  if (!format)
    return tome_fail(err, TOME_USAGE, "%s: no format this build writes goes by that name; .npy, .nii and .nii.gz do",
                     path);
  if (!opt->force && tome_file_exists(path))
    return tome_fail(err, TOME_EXISTS, "%s: exists already; --force overwrites it", path);
  TOME_CLEANUP(tome_course_close) tome_course c = {0};
  TOME_CLEANUP(tome_volume_clear) tome_volume v = {0};
  chosen which = {0};
  size_t output = 0;
  if (!tome_course_open(&c, store, id, &opt->recipe, run, err) ||
      (opt->label && !choose(&c.record, opt->label, &which, err)) || !find_output(&c.graph, which.map, &output, err) ||
      !pull_volume(&c, output, opt->box, &v, err))
    return false;
  if (which.value) only_value(&v, which.value);
  char description[80];
  snprintf(description, sizeof description, "%s%s", c.recipe.count ? "tome recipe " : "",
           c.recipe.count ? c.recipe.hash : "");
  const tome_write_options o = {.units = which.map ? "" : c.record.units, .description = description};
  return write_volume(format, path, &v, &o, opt->force, err);
}
