/* Where a volume comes from: an image that goes out as DICOM is a new series of the same study, in the same frame of reference; a label map names its values
 * and, where its voxels are still those of the stored slices, the images they were drawn on. */
#include "app/origin.h"

#include <stdlib.h>
#include <string.h>

/* What the values of a map are called. */
static bool name_values(const tome_record *r, const tome_output_volume *v, tome_arena *arena, tome_write_options *o,
                        tome_error *err) {
  tome_write_name *names = tome_arena_alloc(arena, (r->label_count + 1) * sizeof *names, err);
  if (!names) return false;
  for (size_t i = 0; i < r->label_count; i++) {
    const tome_label *l = &r->labels[i];
    if (strcmp(l->map, v->map) != 0 || (v->value && l->value != v->value)) continue;
    names[o->name_count++] = (tome_write_name){v->value ? 1 : l->value, l->name};
  }
  o->names = names;
  return true;
}

/* The SOP instance UIDs of the image's slices, where each z has one. */
static bool name_slices(const tome_record *r, int64_t depth, tome_arena *arena, tome_write_options *o,
                        tome_error *err) {
  const char **uids = tome_arena_alloc(arena, (size_t)depth * sizeof *uids, err);
  size_t n = 0;
  if (!uids) return false;
  for (size_t i = 0; i < r->source_count; i++) {
    const tome_source *s = &r->sources[i];
    if (strcmp(s->role, "image") != 0 || !*s->sop_uid) continue;
    if (n < (size_t)depth) uids[n] = s->sop_uid;
    n++;
  }
  if (n == (size_t)depth) o->sop_uids = uids;
  return true;
}

static const char *sop_class_of(const char *modality) {
  if (strcmp(modality, "CT") == 0) return "1.2.840.10008.5.1.4.1.1.2";
  return strcmp(modality, "MR") == 0 ? "1.2.840.10008.5.1.4.1.1.4" : NULL;
}

/* The item is the stored volume, slice for slice. */
static bool is_as_stored(const tome_output_item *item) {
  return !*item->recipe_hash && memcmp(&item->geometry, &item->record->geometry, sizeof item->geometry) == 0;
}

bool tome_origin_of(const tome_output_item *item, size_t i, const char *json, tome_arena *arena,
                    tome_write_options *out, tome_error *err) {
  const tome_output_volume *v = &item->volumes[i];
  const tome_record *r = item->record;
  const bool recipe = item->recipe_hash && *item->recipe_hash;
  tome_write_options o = {
      .units = v->is_label ? "" : item->units, .comment = json, .id = item->id, .is_label = v->is_label};
  o.description = recipe ? tome_arena_printf(arena, err, "tome recipe %s", item->recipe_hash) : "";
  if (!o.description) return false;
  if (r) {
    o.modality = r->modality;
    o.study_uid = r->study_uid;
    o.frame_uid = r->frame_uid;
    if (v->is_label) {
      o.series_uid = r->series_uid;
      o.sop_class = sop_class_of(r->modality);
      if (v->map && !name_values(r, v, arena, &o, err)) return false;
      if (is_as_stored(item) && !name_slices(r, item->geometry.shape[0], arena, &o, err)) return false;
    }
  }
  *out = o;
  return true;
}
