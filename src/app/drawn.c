/* Labels out of a drawing (DICOM SEG, RTSTRUCT): each structure is rasterised onto the image's grid; they share one map unless they overlap. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/repairs.h"
#include "layout/scan.h"

typedef struct drawn_job {
  tome_ingesting *in;
  const tome_label_input *input;
  const tome_drawing *d;
  const tome_loaded *image;
  tome_record *r;
  tome_case_writer *w;
  tome_merging *merging;
  size_t voxels;
  uint8_t *mask;           /* one structure */
  tome_volume map;         /* all of them */
  tome_value_name *values; /* one a structure; in the record's arena */
} drawn_job;

static void job_clear(drawn_job *j) {
  free(j->mask);
  tome_volume_clear(&j->map);
}

/* ---- names and values --- */

static bool is_seg(const tome_drawing *d) { return strcmp(d->kind, "SEG") == 0; }

/* A segment keeps its number where that can be a label's value and no other segment has it; regions are numbered from 1. */
static bool keeps_numbers(const tome_drawing *d) {
  uint8_t seen[(UINT16_MAX + 1) / 8] = {0};
  for (size_t i = 0; i < d->count; i++) {
    const int64_t n = d->items[i].number;
    if (n < 1 || n > UINT16_MAX || seen[n >> 3] & 1 << (n & 7)) return false;
    seen[n >> 3] |= (uint8_t)(1 << (n & 7));
  }
  return is_seg(d);
}

static bool name_structures(drawn_job *j, tome_error *err) {
  tome_arena *a = &j->r->arena;
  const bool numbered = keeps_numbers(j->d);
  j->values = tome_arena_alloc(a, j->d->count * sizeof *j->values, err);
  for (size_t i = 0; j->values && i < j->d->count; i++) {
    const tome_structure *s = &j->d->items[i];
    tome_value_name *v = &j->values[i];
    v->value = numbered ? (int32_t)s->number : (int32_t)i + 1;
    v->name = *s->name
                  ? tome_arena_dup(a, s->name, err)
                  : tome_arena_printf(a, err, "%s_%lld", is_seg(j->d) ? "segment" : "region", (long long)s->number);
    if (!v->name) return false;
  }
  return j->values;
}

static bool has_map(const tome_record *r, const char *name) {
  for (size_t i = 0; i < r->map_count; i++)
    if (strcmp(r->maps[i].name, name) == 0) return true;
  return false;
}

/* `name`, made safe for a file and unique within the case. */
static const char *map_name(const drawn_job *j, const char *name, tome_error *err) {
  tome_arena *a = &j->r->arena;
  const char *safe = tome_safe_name(a, name, err), *unique = safe;
  for (int n = 2; unique && has_map(j->r, unique); n++) unique = tome_arena_printf(a, err, "%s-%d", safe, n);
  return unique;
}

static const char *shared_name(const drawn_job *j, tome_error *err) {
  const char *name = j->input->map;
  if (!name) name = j->d->count == 1 ? j->values[0].name : is_seg(j->d) ? "segmentation" : "structures";
  return map_name(j, name, err);
}

static const char *own_name(const drawn_job *j, size_t i, tome_error *err) {
  if (!j->input->map) return map_name(j, j->values[i].name, err);
  const char *both = tome_arena_printf(&j->r->arena, err, "%s-%s", j->input->map, j->values[i].name);
  return both ? map_name(j, both, err) : NULL;
}

/* ---- voxels --- */

static bool draw(drawn_job *j, size_t i, tome_error *err) {
  if (tome_stopped(&j->in->quiet)) return tome_fail_cancelled(err);
  memset(j->mask, 0, j->voxels);
  return j->d->format->rasterise(j->d, i, &j->image->volume.geometry, j->in->opt->threshold, j->mask, err);
}

/* Paints a structure into the shared map; false where it meets another one. */
static bool paint(drawn_job *j, size_t i) {
  uint8_t *narrow = j->map.data;
  uint16_t *wide = j->map.data;
  const uint16_t value = (uint16_t)j->values[i].value;
  for (size_t k = 0; k < j->voxels; k++) {
    if (!j->mask[k]) continue;
    if (j->map.dtype == TOME_U8) {
      if (narrow[k]) return false;
      narrow[k] = (uint8_t)value;
    } else {
      if (wide[k]) return false;
      wide[k] = value;
    }
  }
  return true;
}

static bool paint_all(drawn_job *j, bool *overlap, tome_error *err) {
  int32_t most = 0;
  for (size_t i = 0; i < j->d->count; i++) most = j->values[i].value > most ? j->values[i].value : most;
  j->map.geometry = j->image->volume.geometry;
  j->map.dtype = most > UINT8_MAX ? TOME_U16 : TOME_U8;
  j->map.data = tome_alloc_zero(j->voxels, tome_dtype_size(j->map.dtype), j->input->input.shown, err);
  if (!j->map.data) return false;
  for (size_t i = 0; !*overlap && i < j->d->count; i++) {
    if (!draw(j, i, err)) return false;
    *overlap = !paint(j, i);
  }
  return true;
}

static bool put(drawn_job *j, tome_volume *v, const char *name, const tome_value_name *values, size_t count,
                tome_error *err) {
  const size_t first = j->r->label_count;
  if (!name || !tome_repair_aligned_label(j->in, name, j->image, v, j->r, err) ||
      !tome_put_map(j->in, v, name, values, count, j->image, j->r, j->w, err))
    return false;
  return !j->merging || tome_merging_paint(j->merging, v, name, j->r->labels + first, j->r->label_count - first, err);
}

/* Structures that overlap: a 0/1 map each. */
static bool put_each(drawn_job *j, tome_error *err) {
  if (!tome_record_problem(j->r, TOME_INFO, "labels-overlap", "", err,
                           "%s: its %zu structures overlap; each is a label map of its own", j->input->input.shown,
                           j->d->count))
    return false;
  for (size_t i = 0; i < j->d->count; i++) {
    const tome_value_name one = {1, j->values[i].name};
    tome_volume v = {.geometry = j->image->volume.geometry, .dtype = TOME_U8, .data = j->mask};
    const bool ok = draw(j, i, err) && put(j, &v, own_name(j, i, err), &one, 1, err);
    j->mask = v.data; /* a repair lists the voxels anew */
    if (!ok) return false;
  }
  return true;
}

static bool note(drawn_job *j, tome_error *err) {
  for (size_t i = 0; i < j->d->note_count; i++)
    if (!tome_record_problem(j->r, TOME_INFO, "label-note", "", err, "%s: %s", j->input->input.shown, j->d->notes[i]))
      return false;
  return !j->d->fractional ||
         tome_record_repair(j->r, "threshold", err, "%s: fraction >= %g", j->input->input.shown, j->in->opt->threshold);
}

static bool make(drawn_job *j, tome_error *err) {
  bool overlap = false;
  j->voxels = tome_volume_voxels(&j->image->volume);
  j->mask = tome_alloc(j->voxels, 1, j->input->input.shown, err);
  if (!j->mask || !name_structures(j, err) || !paint_all(j, &overlap, err) || !note(j, err)) return false;
  if (!overlap) return put(j, &j->map, shared_name(j, err), j->values, j->d->count, err);
  tome_volume_clear(&j->map);
  return put_each(j, err);
}

bool tome_make_drawn(tome_ingesting *in, const tome_label_input *input, const tome_drawing *d, const tome_loaded *image,
                     tome_record *r, tome_case_writer *w, tome_merging *merging, tome_error *err) {
  TOME_CLEANUP(job_clear)
  drawn_job j = {.in = in, .input = input, .d = d, .image = image, .r = r, .w = w, .merging = merging};
  return make(&j, err);
}
