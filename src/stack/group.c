/* Which pieces belong together: one series, further split where orientation, matrix, pixel spacing, channels or modality
 * differ (a localizer, a secondary capture, an exam summary filed under the same series). */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stack/plan.h"

/* Decimal strings of DICOM round direction cosines at the 6th to 16th digit, sloppy writers at the 4th. 5e-4 is a
 * quarter of a voxel across 512 of them; slices that truly turn do so by degrees. */
static const double ORIENTATION_TOLERANCE = 5e-4;
/* Relative: a twentieth of a voxel across 512 of them. */
static const double SPACING_TOLERANCE = 1e-4;

int tome_piece_compare(const tome_piece *a, const tome_piece *b) {
  const int by_name = tome_natural_compare(a->path, b->path);
  if (by_name) return by_name;
  const int by_bytes = strcmp(a->path, b->path); /* "01" and "1" count the same */
  if (by_bytes) return by_bytes;
  return (a->frame > b->frame) - (a->frame < b->frame);
}

static int by_series(const void *pa, const void *pb) {
  const tome_piece *a = *(const tome_piece *const *)pa, *b = *(const tome_piece *const *)pb;
  const int series = strcmp(a->series_uid, b->series_uid);
  return series ? series : tome_piece_compare(a, b);
}

static int by_first_piece(const void *pa, const void *pb) {
  const tome_group *a = pa, *b = pb;
  return tome_piece_compare(a->items[0], b->items[0]);
}

tome_group *tome_groups_add(tome_groups *g, tome_arena *a, tome_group_kind kind, tome_error *err) {
  if (!tome_arena_grow(a, &g->items, &g->cap, g->count + 1, sizeof *g->items, err)) return NULL;
  tome_group *added = &g->items[g->count++];
  *added = (tome_group){.kind = kind};
  return added;
}

bool tome_group_push(tome_group *g, tome_arena *a, const tome_piece *p, tome_error *err) {
  if (!tome_arena_grow(a, &g->items, &g->cap, g->count + 1, sizeof *g->items, err)) return false;
  g->items[g->count++] = p;
  return true;
}

bool tome_group_note(tome_group *g, tome_arena *a, tome_error *err, const char *fmt, ...) {
  char text[1024];
  va_list args;
  va_start(args, fmt);
  vsnprintf(text, sizeof text, fmt, args);
  va_end(args);
  if (!tome_arena_grow(a, &g->notes, &g->note_cap, g->note_count + 1, sizeof *g->notes, err)) return false;
  const char *kept = tome_arena_dup(a, text, err);
  if (kept) g->notes[g->note_count++] = kept;
  return kept;
}

bool tome_group_repair(tome_group *g, tome_arena *a, const char *kind, tome_error *err, const char *fmt, ...) {
  char text[1024];
  va_list args;
  va_start(args, fmt);
  vsnprintf(text, sizeof text, fmt, args);
  va_end(args);
  if (!tome_arena_grow(a, &g->repairs, &g->repair_cap, g->repair_count + 1, sizeof *g->repairs, err)) return false;
  const char *kept = tome_arena_dup(a, text, err);
  if (kept) g->repairs[g->repair_count++] = (tome_repair){.kind = kind, .text = kept};
  return kept;
}

static tome_group_kind kind_of(const tome_piece *p) {
  if (p->has_geometry || p->shape[0] > 1) return TOME_GROUP_VOLUME;
  const bool nameless = !*p->series_uid && !*p->sop_uid && !*p->sop_class && !p->has_position && !p->has_orientation;
  return nameless ? TOME_GROUP_NAMED : TOME_GROUP_SLICES;
}

/* Where two slices of one series cannot be of one volume: the first reason found, or NULL. */
static const char *difference(const tome_piece *a, const tome_piece *b) {
  if (strcmp(a->modality, b->modality) != 0) return "modality";
  if (a->channels != b->channels) return "samples per pixel";
  if (a->shape[1] != b->shape[1] || a->shape[2] != b->shape[2]) return "matrix size";
  if (a->has_position != b->has_position) return "presence of a position";
  if (a->has_orientation != b->has_orientation) return "orientation";
  for (int i = 0; a->has_orientation && i < 3; i++) {
    if (!(fabs(a->along_row[i] - b->along_row[i]) <= ORIENTATION_TOLERANCE) ||
        !(fabs(a->along_column[i] - b->along_column[i]) <= ORIENTATION_TOLERANCE))
      return "orientation";
  }
  if (a->has_pixel_spacing != b->has_pixel_spacing) return "pixel spacing";
  for (int i = 0; a->has_pixel_spacing && i < 2; i++) {
    if (!(fabs(a->pixel_spacing[i] - b->pixel_spacing[i]) <= SPACING_TOLERANCE * fabs(a->pixel_spacing[i])))
      return "pixel spacing";
  }
  return NULL;
}

/* Puts a slice into the first group of its series (from `begin` on) that it fits, or into a new one. */
static bool place_slice(const tome_stack_job *job, const tome_piece *p, size_t begin, const char **why,
                        tome_groups *out, tome_error *err) {
  tome_arena *a = &job->out->arena;
  for (size_t i = begin; i < out->count; i++) {
    const char *other = difference(out->items[i].items[0], p);
    if (!other) return tome_group_push(&out->items[i], a, p, err);
    if (!*why) *why = other;
  }
  tome_group *g = tome_groups_add(out, a, TOME_GROUP_SLICES, err);
  return g && tome_group_push(g, a, p, err);
}

/* Passes over single localizers that were filed with a real volume (`groups` are all those of one series) and says in each
 * remaining group what became of the series. A localizer series of its own is left alone: somebody may want it. */
static bool tidy_series(const tome_stack_job *job, tome_group *groups, size_t *count, const char *why,
                        tome_error *err) {
  tome_arena *a = &job->out->arena;
  size_t largest = 0, kept = 0;
  for (size_t i = 1; i < *count; i++)
    if (groups[i].count > groups[largest].count) largest = i;
  tome_group main_one = groups[largest];
  for (size_t i = 0; i < *count; i++) {
    const tome_piece *first = groups[i].items[0];
    const bool scout = groups[i].count == 1 && main_one.count > 1 && strstr(first->image_type, "LOCALIZER");
    if (!scout) {
      if (i == largest) largest = kept;
      groups[kept++] = groups[i];
    } else if (!tome_group_note(&main_one, a, err, "a localizer of the same series was passed over: %s", first->path)) {
      return false;
    }
  }
  groups[largest] = main_one;
  *count = kept;
  for (size_t i = 0; kept > 1 && i < kept; i++) {
    if (!tome_group_note(&groups[i], a, err,
                         "the series holds %zu groups of images that differ in %s; this one has %zu", kept, why,
                         groups[i].count))
      return false;
  }
  return true;
}

/* Slices of one series. */
static bool group_series(const tome_stack_job *job, const tome_piece **pieces, size_t count, tome_groups *out,
                         tome_error *err) {
  const size_t begin = out->count;
  const char *why = NULL;
  for (size_t i = 0; i < count; i++) {
    if (kind_of(pieces[i]) == TOME_GROUP_SLICES && !place_slice(job, pieces[i], begin, &why, out, err)) return false;
  }
  size_t made = out->count - begin;
  if (made > 1 && !tidy_series(job, out->items + begin, &made, why, err)) return false;
  out->count = begin + made;
  return true;
}

/* 3-D pieces each on their own; nameless slices all together. */
static bool group_others(const tome_stack_job *job, const tome_piece **pieces, size_t count, tome_groups *out,
                         tome_error *err) {
  tome_arena *a = &job->out->arena;
  tome_group named = {.kind = TOME_GROUP_NAMED};
  for (size_t i = 0; i < count; i++) {
    const tome_group_kind kind = kind_of(pieces[i]);
    if (kind == TOME_GROUP_NAMED && !tome_group_push(&named, a, pieces[i], err)) return false;
    if (kind != TOME_GROUP_VOLUME) continue;
    tome_group *g = tome_groups_add(out, a, kind, err);
    if (!g || !tome_group_push(g, a, pieces[i], err)) return false;
  }
  if (named.count == 0) return true;
  tome_group *g = tome_groups_add(out, a, TOME_GROUP_NAMED, err);
  if (g) *g = named;
  return g;
}

bool tome_stack_group(const tome_stack_job *job, const tome_piece **pieces, size_t count, tome_groups *out,
                      tome_error *err) {
  if (count) qsort(pieces, count, sizeof *pieces, by_series);
  for (size_t i = 0, end; i < count; i = end) {
    for (end = i + 1; end < count && strcmp(pieces[i]->series_uid, pieces[end]->series_uid) == 0;) end++;
    if (!group_series(job, pieces + i, end - i, out, err)) return false;
  }
  if (!group_others(job, pieces, count, out, err)) return false;
  if (out->count) qsort(out->items, out->count, sizeof *out->items, by_first_piece);
  return true;
}
