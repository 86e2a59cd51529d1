/* Several images at every position may be several volumes in one series: phases of a perfusion study, repeated
 * acquisitions, the in-phase and out-of-phase images of one scan. */
#include <stdlib.h>
#include <string.h>

#include "stack/plan.h"

typedef struct phase_key {
  const char *words;
  int (*compare)(const tome_piece *a, const tome_piece *b);
} phase_key;

static int compare_numbers(int64_t a, int64_t b) { return (a > b) - (a < b); }
static int by_temporal(const tome_piece *a, const tome_piece *b) { return compare_numbers(a->temporal, b->temporal); }
static int by_acquisition(const tome_piece *a, const tome_piece *b) {
  return compare_numbers(a->acquisition, b->acquisition);
}
static int by_image_type(const tome_piece *a, const tome_piece *b) { return strcmp(a->image_type, b->image_type); }

static const phase_key keys[] = {
    {"temporal position", by_temporal}, {"acquisition number", by_acquisition}, {"image type", by_image_type}};

/* The most images that share one place. */
static size_t most_at_one_place(const tome_group *g) {
  size_t most = 0;
  for (size_t i = 0, end; i < g->count; i = end) {
    end = tome_group_run(g, i);
    if (end - i > most) most = end - i;
  }
  return most;
}

typedef struct phased {
  const tome_piece *piece;
  double place;
  size_t at; /* in the group: keeps its order within a phase */
} phased;

static int by_phase(const void *pa, const void *pb, void *ctx) {
  const phased *a = pa, *b = pb;
  const phase_key *key = ctx;
  const int by_key = key->compare(a->piece, b->piece);
  return by_key ? by_key : (a->at > b->at) - (a->at < b->at);
}

/* The group's slices, phase by phase; free() it. */
static phased *sort_by_phase(const tome_group *g, const phase_key *key, tome_error *err) {
  phased *all = tome_alloc(g->count, sizeof *all, "phases", err);
  if (!all) return NULL;
  for (size_t i = 0; i < g->count; i++) all[i] = (phased){g->items[i], g->place[i], i};
  phase_key own = *key;
  qsort_r(all, g->count, sizeof *all, by_phase, &own);
  return all;
}

static size_t count_phases(const phased *all, size_t count, const phase_key *key) {
  size_t phases = 1;
  for (size_t i = 1; i < count; i++) phases += key->compare(all[i - 1].piece, all[i].piece) != 0;
  return phases;
}

/* A group of its own for one phase: `slices` in order, with what was noted of `g`. */
static bool make_phase(const tome_group *g, const phased *slices, size_t count, tome_arena *a, tome_group *out,
                       tome_error *err) {
  *out = (tome_group){.kind = g->kind};
  memcpy(out->normal, g->normal, sizeof out->normal);
  out->place = tome_arena_alloc(a, count * sizeof *out->place, err);
  if (!out->place) return false;
  for (size_t i = 0; i < count; i++) {
    if (!tome_group_push(out, a, slices[i].piece, err)) return false;
    out->place[i] = slices[i].place;
  }
  for (size_t i = 0; i < g->note_count; i++)
    if (!tome_group_note(out, a, err, "%s", g->notes[i])) return false;
  for (size_t i = 0; i < g->repair_count; i++)
    if (!tome_group_repair(out, a, g->repairs[i].kind, err, "%s", g->repairs[i].text)) return false;
  return true;
}

/* A split is believed where it explains the crowding: as many parts as images share the most crowded place, each with
 * one image a place and at least two places. Otherwise (one stray duplicate in a step-and-shoot scan with its many
 * acquisition numbers) the images are duplicates. */
static bool split_by(const tome_stack_job *job, const tome_group *g, const phase_key *key, size_t crowd,
                     tome_groups *out, bool *done, tome_error *err) {
  tome_arena *a = &job->out->arena;
  TOME_AUTO_FREE phased *all = sort_by_phase(g, key, err);
  if (!all) return false;
  if (count_phases(all, g->count, key) != crowd) return true;
  const size_t before = out->count;
  for (size_t i = 0, end; i < g->count; i = end) {
    for (end = i + 1; end < g->count && key->compare(all[i].piece, all[end].piece) == 0;) end++;
    tome_group *part = tome_groups_add(out, a, g->kind, err);
    if (!part || !make_phase(g, all + i, end - i, a, part, err)) return false;
    if (part->count < 2 || most_at_one_place(part) > 1) {
      out->count = before;
      return true;
    }
    if (!tome_group_note(part, a, err,
                         "the series holds %zu volumes at the same positions, told apart by %s; this is number %zu",
                         crowd, key->words, out->count - before))
      return false;
  }
  *done = true;
  return true;
}

bool tome_stack_phases(const tome_stack_job *job, tome_group *g, tome_groups *out, tome_error *err) {
  const size_t crowd = most_at_one_place(g);
  bool done = false;
  for (size_t k = 0; crowd > 1 && !done && k < TOME_COUNT(keys); k++)
    if (!split_by(job, g, &keys[k], crowd, out, &done, err)) return false;
  if (done) return true;
  tome_group *same = tome_groups_add(out, &job->out->arena, g->kind, err);
  if (same) *same = *g;
  return same;
}
