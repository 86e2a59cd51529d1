/* One volume back out to a file, voxel for voxel. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/app.h"

typedef struct chosen {
  char volume[300]; /* "image", "labels/segmentation" */
  int32_t value;    /* > 0: only this value, as a 0/1 mask */
} chosen;

/* A label is named by its map ("segmentation"), by a structure ("tumor"), or by both where that is needed ("segmentation/tumor"). */
static bool choose(const tome_record *r, const char *label, chosen *out, tome_error *err) {
  size_t found = 0;
  for (size_t i = 0; i < r->map_count; i++)
    if (!strcmp(r->maps[i].name, label)) {
      snprintf(out->volume, sizeof out->volume, "labels/%s", label);
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
    snprintf(out->volume, sizeof out->volume, "labels/%s", l->map);
    out->value = l->value;
  }
  if (found == 1) return true;
  if (found)
    return tome_fail(err, TOME_USAGE, "%s: %zu label maps hold a \"%s\"; say which: %s", r->id, found, label, known);
  return tome_fail(err, TOME_NOT_FOUND, "%s: has no label \"%s\"; it has %s", r->id, label, *known ? known : "none");
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

static bool read_volume(const tome_case_file *f, const chosen *c, const char *box, const tome_run *run,
                        tome_volume *out, char units[16], tome_error *err) {
  tome_volume_info info;
  if (!tome_case_file_info(f, c->volume, &info, err)) return false;
  tome_box b = tome_box_of_shape(info.geometry.shape);
  if (box && !tome_box_parse(box, info.geometry.shape, &b, err)) return false;
  tome_volume v = {.geometry = tome_geometry_crop(&info.geometry, &b), .dtype = info.dtype};
  const size_t voxels = tome_volume_voxels(&v), bytes = voxels * tome_dtype_size(v.dtype);
  v.data = tome_alloc(voxels, tome_dtype_size(v.dtype), c->volume, err);
  if (!v.data || !tome_case_file_read(f, c->volume, &b, NULL, v.data, bytes, run, err)) {
    tome_volume_clear(&v);
    return false;
  }
  memcpy(units, info.units, 16);
  *out = v;
  return true;
}

static bool write_volume(const tome_format *format, const char *path, const tome_volume *v, const char *units,
                         bool force, tome_error *err) {
  TOME_CLEANUP(tome_draft_abandon) tome_draft d = {.fd = -1};
  const tome_write_options o = {.units = units, .description = ""};
  return tome_draft_open(path, &d, err) && format->write(d.fd, tome_basename(path), v, &o, err) &&
         tome_draft_commit(&d, force, err);
}

static void auto_file(tome_case_file **f) { tome_case_file_close(*f); }

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
  TOME_AUTO_FREE char *case_path = tome_case_path(store, id, err);
  if (!case_path) return false;
  if (!tome_file_exists(case_path)) return tome_fail_no_case(store, id, err);
  TOME_CLEANUP(auto_file) tome_case_file *f = tome_case_file_open(case_path, err);
  TOME_CLEANUP(tome_record_clear) tome_record r = {0};
  TOME_CLEANUP(tome_volume_clear) tome_volume v = {0};
  chosen c = {.volume = "image"};
  char units[16];
  if (!f || !tome_case_file_record(case_path, &r, err) || (opt->label && !choose(&r, opt->label, &c, err)) ||
      !read_volume(f, &c, opt->box, run, &v, units, err))
    return false;
  if (c.value) only_value(&v, c.value);
  return write_volume(format, path, &v, units, opt->force, err);
}
