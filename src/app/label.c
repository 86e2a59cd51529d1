/* A case's labels, one at a time so that a hundred organs need no more memory than one: load, align, measure, write. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/repairs.h"
#include "base/hash.h"
#include "stats/stats.h"

/* Names the values: what the layout says; else, for a map of one value, the map's own name; else label_<value> (stats has put that). */
static bool name_values(tome_record *r, size_t first, const char *map, const tome_value_name *names, size_t count,
                        tome_error *err) {
  const bool single = r->label_count - first == 1 && r->labels[first].value == 1;
  for (size_t i = first; i < r->label_count; i++) {
    const char *name = !count && single ? map : NULL;
    for (size_t k = 0; k < count; k++)
      if (names[k].value == r->labels[i].value) name = names[k].name;
    if (name && !(r->labels[i].name = tome_arena_dup(&r->arena, name, err))) return false;
  }
  return true;
}

bool tome_put_map(tome_ingesting *in, const tome_volume *map, const char *name, const tome_value_name *names,
                  size_t name_count, const tome_loaded *image, tome_record *r, tome_case_writer *w, tome_error *err) {
  const tome_chunking c = {in->opt->codec, in->opt->level};
  const size_t first = r->label_count, bytes = tome_volume_voxels(map) * tome_dtype_size(map->dtype);
  tome_label_map row = {.name = name, .dtype = map->dtype};
  char volume[300];
  in->sum.bytes_voxels += bytes;
  tome_hash_bytes(map->data, bytes, row.voxel_hash);
  snprintf(volume, sizeof volume, "labels/%s", name);
  return tome_record_map(r, &row, err) &&
         tome_stats_labels(map, name, &image->volume, image->padding_mask, &in->quiet, r, err) &&
         name_values(r, first, name, names, name_count, err) &&
         tome_find_label_problems(map, name, image, &in->quiet, r, first, err) &&
         tome_case_writer_volume(w, volume, map, "", &c, &in->quiet, err);
}

static bool explain_shapes(const char *map, const tome_geometry *l, const tome_geometry *i, tome_error *err) {
  return tome_fail(
      err, TOME_GEOMETRY,
      "label %s: is %lldx%lldx%lld voxels, its image %lldx%lldx%lld; they are not of one grid: find the label "
      "drawn on this image, or bring it onto the image's grid first",
      map, (long long)l->shape[0], (long long)l->shape[1], (long long)l->shape[2], (long long)i->shape[0],
      (long long)i->shape[1], (long long)i->shape[2]);
}

/* Same shape, elsewhere in the patient: says where, or takes the image's word where told. */
static bool trust_or_explain(const tome_ingesting *in, const char *map, tome_volume *v, const tome_geometry *image,
                             tome_record *r, tome_error *err) {
  static const char axes[] = "zyx";
  const tome_grid_difference d = tome_geometry_compare(&v->geometry, image);
  char flips[64] = "";
  for (int a = 0; a < 3; a++)
    if (d.flipped[a])
      snprintf(flips + strlen(flips), sizeof flips - strlen(flips), "%s%c runs the other way", *flips ? ", " : "; ",
               axes[a]);
  if (in->opt->trust == TOME_TRUST_IMAGE) {
    v->geometry = *image;
    return tome_record_repair(
        r, "trust=image", err,
        "label %s: its affine was up to %.3g mm off the image's (worst axis %c%s); the image's was taken", map,
        d.corner_mm, axes[d.axis], flips);
  }
  return tome_fail(err, TOME_GEOMETRY,
                   "label %s: has its image's shape but lies elsewhere: corners up to %.3g mm apart, spacing %.3g mm, "
                   "worst axis %c%s; "
                   "--trust=image takes the image's grid if you know the voxels match",
                   map, d.corner_mm, d.spacing_mm, axes[d.axis], flips);
}

static bool onto_image(const tome_ingesting *in, const char *map, tome_volume *v, const tome_geometry *image,
                       tome_record *r, tome_error *err) {
  char how[200];
  tome_error differ = {0};
  if (tome_align_label(v, image, &in->quiet, how, sizeof how, &differ))
    return !*how || tome_record_problem(r, TOME_INFO, "label-reordered", "", err, "label %s: %s", map, how);
  if (differ.code != TOME_GEOMETRY) return tome_fail(err, differ.code, "%s", differ.message);
  if (memcmp(v->geometry.shape, image->shape, sizeof image->shape) != 0)
    return explain_shapes(map, &v->geometry, image, err);
  return trust_or_explain(in, map, v, image, r, err);
}

static bool note_repairs(const tome_stacked *s, const char *map, tome_record *r, tome_error *err) {
  for (size_t i = 0; i < s->repair_count; i++)
    if (!tome_record_repair(r, s->repairs[i].kind, err, "label %s: %s", map, s->repairs[i].text)) return false;
  return true;
}

bool tome_make_label(tome_ingesting *in, const tome_label_input *input, const tome_scanned *scan,
                     const tome_loaded *image, tome_record *r, tome_case_writer *w, tome_merging *merging,
                     tome_error *err) {
  if (scan->drawn.count) return tome_make_drawn(in, input, &scan->drawn, image, r, w, merging, err);
  TOME_CLEANUP(tome_loaded_clear) tome_loaded l = {0};
  const tome_stacked *s = &scan->stacked.volumes[0];
  const tome_load_options o = {.labels = true, .threshold = in->opt->threshold, .name = input->input.shown};
  const size_t first = r->label_count;
  if (!note_repairs(s, input->map, r, err) || !tome_load(s, &o, &in->quiet, &l, err) ||
      !tome_repair_label(in, input->map, &l.volume, r, err) ||
      !onto_image(in, input->map, &l.volume, &image->volume.geometry, r, err) ||
      !tome_repair_aligned_label(in, input->map, image, &l.volume, r, err))
    return false;
  if (in->opt->threshold > 0 &&
      !tome_record_repair(r, "threshold", err, "label %s: voxel >= %g", input->map, in->opt->threshold))
    return false;
  if (!tome_put_map(in, &l.volume, input->map, input->names, input->name_count, image, r, w, err)) return false;
  if (input->regions && !tome_record_problem(r, TOME_INFO, "label-regions", "", err,
                                             "label %s: the data set's regions are several of its values: %s",
                                             input->map, input->regions))
    return false;
  return !merging || tome_merging_paint(merging, &l.volume, input->map, r->labels + first, r->label_count - first, err);
}
