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

static bool is_folder_name(const char *path) {
  const size_t n = strlen(path);
  return n && path[n - 1] == '/';
}

/* A volume that is a folder of files (DICOM). */
static bool write_folder(const tome_format *format, const char *path, const tome_volume *v, const tome_write_options *o,
                         bool force, tome_error *err) {
  TOME_CLEANUP(tome_folder_draft_abandon) tome_folder_draft d = {0};
  return tome_folder_draft_open(path, &d, err) && format->write_folder(d.path, v, o, err) &&
         tome_folder_draft_commit(&d, force, err);
}

static bool write_volume(const tome_format *format, const char *path, const tome_volume *v, const tome_write_options *o,
                         bool force, tome_error *err) {
  if (format->write_folder && is_folder_name(path)) return write_folder(format, path, v, o, force, err);
  TOME_CLEANUP(tome_draft_abandon) tome_draft d = {.fd = -1};
  return tome_draft_open(path, &d, err) && format->write(d.fd, tome_basename(path), v, o, err) &&
         tome_draft_commit(&d, force, err);
}

/* What the map's values are called. free() it. */
static tome_write_name *name_values(const tome_record *r, const chosen *which, size_t *count, tome_error *err) {
  tome_write_name *names = tome_alloc(r->label_count + 1, sizeof *names, r->id, err);
  *count = 0;
  for (size_t i = 0; names && i < r->label_count; i++) {
    const tome_label *l = &r->labels[i];
    if (strcmp(l->map, which->map) != 0 || (which->value && l->value != which->value)) continue;
    names[(*count)++] = (tome_write_name){which->value ? 1 : l->value, l->name};
  }
  return names;
}

/* The SOP instance UIDs of the image's slices, where each z has one: what a label refers to. NULL where not, or without memory. free() it. */
static const char **slice_uids(const tome_record *r, int64_t depth) {
  const char **uids = calloc((size_t)depth, sizeof *uids);
  size_t n = 0;
  for (size_t i = 0; uids && i < r->source_count; i++) {
    const tome_source *s = &r->sources[i];
    if (strcmp(s->role, "image") != 0 || !*s->sop_uid) continue;
    if (n < (size_t)depth) uids[n] = s->sop_uid;
    n++;
  }
  if (uids && n == (size_t)depth) return uids;
  free(uids);
  return NULL;
}

static const char *sop_class_of(const char *modality) {
  if (strcmp(modality, "CT") == 0) return "1.2.840.10008.5.1.4.1.1.2";
  return strcmp(modality, "MR") == 0 ? "1.2.840.10008.5.1.4.1.1.4" : NULL;
}

/* Where v comes from, for formats that say so. An image that went out is a new series of the same study, in the same frame of reference. */
static bool write_result(const tome_course *c, const tome_format *format, const char *path, const tome_volume *v,
                         const chosen *which, const tome_export_options *opt, tome_error *err) {
  const tome_record *r = &c->record;
  char description[80];
  snprintf(description, sizeof description, "%s%s", c->recipe.count ? "tome recipe " : "",
           c->recipe.count ? c->recipe.hash : "");
  tome_write_options o = {.units = which->map ? "" : r->units,
                          .description = description,
                          .id = r->id,
                          .modality = r->modality,
                          .study_uid = r->study_uid,
                          .frame_uid = r->frame_uid,
                          .is_label = which->map != NULL};
  if (!o.is_label) return write_volume(format, path, v, &o, opt->force, err);
  TOME_AUTO_FREE tome_write_name *names = name_values(r, which, &o.name_count, err);
  TOME_AUTO_FREE const char **uids = c->recipe.count || opt->box ? NULL : slice_uids(r, v->geometry.shape[0]);
  if (!names) return false;
  o.names = names;
  o.series_uid = r->series_uid;
  o.sop_uids = uids;
  o.sop_class = sop_class_of(r->modality);
  return write_volume(format, path, v, &o, opt->force, err);
}

bool tome_export(tome_store *store, const char *id, const char *path, const tome_export_options *opt,
                 const tome_run *run, tome_error *err) {
  static const tome_export_options defaults = {0};
  if (!opt) opt = &defaults;
  const tome_format *format = tome_format_for_name(path);
  if (!format)
    return tome_fail(err, TOME_USAGE,
                     "%s: no format this build writes goes by that name; .npy, .nii, .nii.gz and .dcm do, and "
                     "folder/ for a DICOM series",
                     path);
  if (!opt->force && !is_folder_name(path) && tome_file_exists(path))
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
  return write_result(&c, format, path, &v, &which, opt, err);
}
