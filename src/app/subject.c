/* What is to be shown: slices out of a store, a recipe's result, or files. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/convert.h"
#include "app/picture.h"
#include "eval/op.h"
#include "ops/ops.h"

void tome_subject_clear(tome_subject *s) {
  tome_result_close(s->result);
  tome_volume_clear(&s->image);
  tome_volume_clear(&s->label);
  tome_record_clear(&s->record);
  tome_arena_clear(&s->arena);
  *s = (tome_subject){0};
}

/* ---- a case ---- */

/* A box of one grid in another: the box around its corners, within the grid. */
static tome_box carry_box(const tome_geometry *from, const tome_box *b, const tome_geometry *to) {
  tome_box out = {{INT64_MAX, INT64_MAX, INT64_MAX}, {0, 0, 0}};
  if (tome_box_is_empty(b)) return (tome_box){0};
  for (int k = 0; k < 8; k++) {
    double at[3], xyz[3], zyx[3];
    for (int a = 0; a < 3; a++) at[a] = k >> a & 1 ? (double)b->hi[a] - 1 : (double)b->lo[a];
    tome_geometry_to_world(from, at, xyz);
    tome_geometry_to_index(to, xyz, zyx);
    for (int a = 0; a < 3; a++) {
      const int64_t lo = (int64_t)fmin(fmax(floor(zyx[a] + 0.25), 0), (double)to->shape[a]);
      const int64_t hi = (int64_t)fmin(fmax(ceil(zyx[a] + 0.75), 0), (double)to->shape[a]);
      if (lo < out.lo[a]) out.lo[a] = lo;
      if (hi > out.hi[a]) out.hi[a] = hi;
    }
  }
  return tome_box_is_empty(&out) ? (tome_box){0} : out;
}

static bool has_map(const tome_subject *s, const char *map) {
  const char *name;
  for (size_t i = 0; (name = tome_result_volume(s->result, i)); i++)
    if (!strncmp(name, "labels/", 7) && !strcmp(name + 7, map)) return true;
  return false;
}

static bool add_case_labels(tome_subject *s, tome_error *err) {
  const tome_record *r = &s->record;
  s->shown = tome_arena_alloc(&s->arena, (r->label_count + 1) * sizeof *s->shown, err);
  if (!s->shown) return false;
  for (size_t i = 0; i < r->label_count; i++) {
    const tome_label *l = &r->labels[i];
    if (!has_map(s, l->map)) continue;
    s->shown[s->shown_count] = (tome_shown){.map = l->map,
                                            .name = l->name,
                                            .value = l->value,
                                            .ml = l->ml,
                                            .voxels = l->voxels,
                                            .box = carry_box(&r->geometry, &l->box, &s->geometry),
                                            .own = l->window_percentile,
                                            .colour = tome_label_colour(i)};
    s->shown_count++;
  }
  return true;
}

static bool are_colours(const tome_record *r) {
  static const char *const names[3] = {"red", "green", "blue"};
  if (r->channel_count != 3) return false;
  for (int i = 0; i < 3; i++)
    if (strcmp(r->channels[i].name, names[i])) return false;
  return true;
}

static bool open_case(tome_subject *s, tome_store *store, const char *id, const tome_recipe_text *recipe,
                      tome_error *err) {
  tome_result_info info;
  /* as stored each chunk is wanted two or three times, a plane of it at a time: that costs less than keeping it whole */
  const tome_result_options once = {.cache_bytes = 1};
  s->result = tome_result_open(store, id, recipe, recipe->file || recipe->step_count ? NULL : &once, s->run, err);
  if (!s->result || !tome_read_record(store, id, &s->record, err) ||
      !tome_result_info_of(s->result, "image", &info, err))
    return false;
  s->id = s->record.id;
  s->modality = s->record.modality;
  s->units = tome_arena_dup(&s->arena, info.units, err);
  s->geometry = info.geometry;
  s->dtype = info.dtype;
  s->coloured = are_colours(&s->record) && info.dtype == TOME_U8;
  s->volume = "image";
  s->channel = s->record.channel_count > 1 ? s->record.channels[0].name : "";
  return s->units && add_case_labels(s, err);
}

bool tome_subject_of_case(tome_store *store, const char *id, const tome_recipe_text *recipe, const tome_run *run,
                          tome_subject *out, tome_error *err) {
  tome_subject s = {.run = run};
  if (open_case(&s, store, id, recipe, err)) {
    *out = s;
    return true;
  }
  tome_subject_clear(&s);
  return false;
}

bool tome_subject_channel(tome_subject *s, const char *channel, tome_error *err) {
  const tome_record *r = &s->record;
  tome_result_info info;
  char list[300] = "";
  if (!channel) return true;
  if (!s->result)
    return tome_fail(err, TOME_USAGE, "--channel chooses among those of a case in a store: ingest the files first");
  for (size_t i = 0; i < r->channel_count; i++) {
    if (strcmp(r->channels[i].name, channel)) continue;
    s->channel = r->channels[i].name;
    s->coloured = false;
    s->volume = i ? tome_arena_printf(&s->arena, err, "channels/%s", channel) : "image";
    if (!s->volume || !tome_result_info_of(s->result, s->volume, &info, err)) return false;
    s->dtype = info.dtype;
    s->units = tome_arena_dup(&s->arena, info.units, err);
    return s->units != NULL;
  }
  for (size_t i = 0; i < r->channel_count && strlen(list) < 200; i++)
    snprintf(list + strlen(list), sizeof list - strlen(list), "%s%.64s", i ? ", " : "", r->channels[i].name);
  return tome_fail(err, TOME_NOT_FOUND, "%s has no channel \"%s\"; it has %s", s->id, channel,
                   *list ? list : "one image only");
}

/* ---- files ---- */

static bool load_sample(const tome_stacked *v, const char *name, bool labels, int sample, const tome_run *run,
                        tome_volume *out, tome_error *err) {
  const tome_load_options how = {.name = name, .labels = labels, .sample = sample};
  TOME_CLEANUP(tome_loaded_clear) tome_loaded l = {0};
  if (!tome_load(v, &how, run, &l, err)) return false;
  *out = l.volume;
  l.volume.data = NULL;
  return true;
}

/* Three samples a voxel, side by side, of uint8; anything else as its first sample. */
static bool load_image(const tome_stacked *v, const char *name, const tome_run *run, tome_volume *out,
                       tome_error *err) {
  TOME_CLEANUP(tome_volume_clear) tome_volume first = {0};
  if (!load_sample(v, name, false, 0, run, &first, err)) return false;
  const size_t n = tome_volume_voxels(&first);
  uint8_t *rgb = v->order[0]->channels >= 3 && first.dtype == TOME_U8 ? tome_alloc(n, 3, name, err) : NULL;
  for (int k = 0; rgb && k < 3; k++) {
    TOME_CLEANUP(tome_volume_clear) tome_volume one = {0};
    if (!load_sample(v, name, false, k, run, &one, err) || one.dtype != TOME_U8) {
      free(rgb);
      return false;
    }
    for (size_t i = 0; i < n; i++) rgb[3 * i + (size_t)k] = ((uint8_t *)one.data)[i];
  }
  *out = first;
  if (rgb) *out = (tome_volume){first.geometry, TOME_U8, 3, rgb};
  if (!rgb) first.data = NULL;
  return true;
}

static bool load_file(tome_subject *s, const char *path, bool label, tome_volume *out, tome_error *err) {
  TOME_CLEANUP(tome_units_clear) tome_units u = {0};
  TOME_CLEANUP(tome_pieces_clear) tome_pieces pieces = {0};
  TOME_CLEANUP(tome_stack_result_clear) tome_stack_result r = {0};
  const tome_stack_options how = {
      .like = label ? &s->geometry : NULL, .spacing = {1, 1, 1}, .labels = label, .colour = !label};
  if (!tome_units_find(&path, 1, true, NULL, s->run, &u, err) ||
      !tome_describe_all(u.items[0].paths, u.items[0].count, s->run, &pieces, err))
    return false;
  if (!label) tome_pieces_as_pictures(&pieces);
  if (!tome_stack(&pieces, &how, s->run, &r, err)) return false;
  if (r.fault_count && !r.volume_count) return tome_fail(err, r.faults[0].code, "%s", r.faults[0].text);
  if (!r.volume_count)
    return tome_fail(err, TOME_UNSUPPORTED, "%s", pieces.passed_count ? pieces.passed[0].text : "no image is in it");
  const tome_stacked *v = &r.volumes[0]; /* of several, the one with the most voxels */
  for (size_t i = 1; i < r.volume_count; i++) {
    const tome_box a = tome_box_of_shape(v->geometry.shape), b = tome_box_of_shape(r.volumes[i].geometry.shape);
    if (tome_box_voxels(&b) > tome_box_voxels(&a)) v = &r.volumes[i];
  }
  if (label) return load_sample(v, path, true, 0, s->run, out, err);
  s->modality = tome_arena_dup(&s->arena, v->order[0]->modality, err);
  s->id = tome_arena_dup(&s->arena, u.items[0].name, err);
  return s->modality && s->id && load_image(v, path, s->run, out, err);
}

enum { VALUES = 65536 };

/* The voxels and the box of each value of the label map. */
static void census(const tome_volume *v, uint64_t *count, tome_box *box) {
  const int64_t *n = v->geometry.shape;
  size_t i = 0;
  for (int64_t z = 0; z < n[0]; z++)
    for (int64_t y = 0; y < n[1]; y++)
      for (int64_t x = 0; x < n[2]; x++, i++) {
        const unsigned k = v->dtype == TOME_U8 ? ((uint8_t *)v->data)[i] : ((uint16_t *)v->data)[i];
        const int64_t at[3] = {z, y, x};
        if (!k) continue;
        for (int a = 0; a < 3; a++) {
          if (!count[k] || at[a] < box[k].lo[a]) box[k].lo[a] = at[a];
          if (!count[k] || at[a] >= box[k].hi[a]) box[k].hi[a] = at[a] + 1;
        }
        count[k]++;
      }
}

static bool add_file_labels(tome_subject *s, tome_error *err) {
  TOME_AUTO_FREE uint64_t *count = tome_alloc_zero(VALUES, sizeof *count, s->id, err);
  TOME_AUTO_FREE tome_box *box = tome_alloc_zero(VALUES, sizeof *box, s->id, err);
  size_t values = 0;
  if (!count || !box) return false;
  census(&s->label, count, box);
  for (int k = 1; k < VALUES; k++) values += count[k] > 0;
  s->shown = tome_arena_alloc(&s->arena, (values + 1) * sizeof *s->shown, err);
  if (!s->shown) return false;
  const double ml = s->geometry.spacing[0] * s->geometry.spacing[1] * s->geometry.spacing[2] / 1000;
  for (int k = 1; k < VALUES; k++) {
    if (!count[k]) continue;
    tome_shown *l = &s->shown[s->shown_count];
    *l =
        (tome_shown){.map = "segmentation", .value = k, .voxels = count[k], .ml = ml * (double)count[k], .box = box[k]};
    l->colour = tome_label_colour(s->shown_count++);
    if (!(l->name = tome_arena_printf(&s->arena, err, "label_%d", k))) return false;
  }
  return true;
}

static bool open_files(tome_subject *s, const char *image, const char *label, tome_error *err) {
  char text[512];
  if (!load_file(s, image, false, &s->image, err)) return false;
  s->geometry = s->image.geometry;
  s->dtype = s->image.dtype;
  s->coloured = s->image.channels == 3;
  s->units = strcmp(s->modality, "CT") ? "" : "HU";
  s->channel = "";
  if (!label) return true;
  if (!load_file(s, label, true, &s->label, err)) return false;
  return (tome_align_label(&s->label, &s->geometry, s->run, text, sizeof text, err) ||
          tome_fail_prefix(err, "%s", label)) &&
         add_file_labels(s, err);
}

bool tome_subject_of_files(const char *image, const char *label, const tome_run *run, tome_subject *out,
                           tome_error *err) {
  tome_subject s = {.run = run};
  if (open_files(&s, image, label, err)) {
    *out = s;
    return true;
  }
  tome_subject_clear(&s);
  return false;
}

/* ---- what is wanted of it ---- */

bool tome_shown_goes_by(const tome_subject *s, const tome_shown *l, const char *name) {
  char kind[64], value[16];
  tome_label_kind(l->name, kind, sizeof kind);
  snprintf(value, sizeof value, "%d", l->value);
  return !strcmp(l->name, name) || !strcmp(kind, name) || (!s->result && !strcmp(value, name));
}

bool tome_subject_want(tome_subject *s, const char *label, tome_error *err) {
  bool any = false;
  for (size_t i = 0; i < s->shown_count; i++)
    any |= s->shown[i].wanted = !label || tome_shown_goes_by(s, &s->shown[i], label) || !strcmp(s->shown[i].map, label);
  if (any || !label) return true;
  char list[300] = "";
  for (size_t i = 0; i < s->shown_count && strlen(list) < 200; i++)
    snprintf(list + strlen(list), sizeof list - strlen(list), "%s%.64s", i ? ", " : "", s->shown[i].name);
  return tome_fail(err, TOME_NOT_FOUND, "%s has no label \"%s\"; it has %s", s->id, label, *list ? list : "none");
}

bool tome_subject_range(const tome_subject *s, tome_box *out) {
  bool any = false;
  for (size_t i = 0; i < s->shown_count; i++) {
    const tome_shown *l = &s->shown[i];
    if (!l->wanted || !l->voxels || tome_box_is_empty(&l->box)) continue;
    for (int a = 0; a < 3; a++) {
      if (!any || l->box.lo[a] < out->lo[a]) out->lo[a] = l->box.lo[a];
      if (!any || l->box.hi[a] > out->hi[a]) out->hi[a] = l->box.hi[a];
    }
    any = true;
  }
  if (!any) *out = tome_box_of_shape(s->geometry.shape);
  return any;
}

bool tome_subject_has_places(const tome_subject *s) {
  return !s->coloured && (s->geometry.shape[0] > 1 || *s->units || *s->modality);
}

bool tome_subject_legend(tome_subject *s, tome_legend **out, size_t *count, tome_error *err) {
  *count = 0;
  *out = tome_arena_alloc(&s->arena, (s->shown_count + 1) * sizeof **out, err);
  if (!*out) return false;
  for (size_t i = 0; i < s->shown_count; i++)
    if (s->shown[i].voxels)
      (*out)[(*count)++] =
          (tome_legend){s->shown[i].name, tome_subject_has_places(s) ? s->shown[i].ml : NAN, s->shown[i].colour};
  return true;
}

const char *tome_subject_text(tome_subject *s, const char *window, tome_error *err) {
  const int64_t *n = s->geometry.shape;
  const double *mm = s->geometry.spacing;
  const bool named = *s->channel && !s->coloured;
  const char *grid =
      tome_arena_printf(&s->arena, err, "%lld × %lld × %lld", (long long)n[0], (long long)n[1], (long long)n[2]);
  const char *spacing =
      !grid ? NULL
      : tome_subject_has_places(s)
          ? tome_arena_printf(&s->arena, err, "  ·  %.4g × %.4g × %.4g mm (z, y, x)", mm[0], mm[1], mm[2])
          : " voxels (z, y, x)";
  return !spacing ? NULL
                  : tome_arena_printf(&s->arena, err, "%s%s%s%s%s%s%s%s", grid, spacing, *s->modality ? "  ·  " : "",
                                      s->modality, named ? "  ·  channel " : "", named ? s->channel : "",
                                      *window ? "  ·  " : "", window);
}
