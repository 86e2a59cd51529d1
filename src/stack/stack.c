/*
 * stack.c - pieces into volumes, once, for all formats.
 *
 *   group    which pieces belong together          group.c
 *   order    along the normal, or by number        order.c, names.c
 *   phases   several volumes at one place          phases.c
 *   twins    two images at one position            twins.c
 *   spacing  even, with holes, or uneven           spacing.c
 *   build    geometry, and each slice's source     build.c
 *
 * A group that cannot be a volume becomes a fault; the others go on.
 */
#include <stdlib.h>
#include <string.h>

#include "stack/plan.h"

void tome_stack_result_clear(tome_stack_result *r) {
  tome_arena_clear(&r->arena);
  *r = (tome_stack_result){0};
}

static bool add_fault(tome_stack_result *r, const tome_piece *p, const char *series, const tome_error *why,
                      tome_error *err) {
  if (!tome_arena_grow(&r->arena, &r->faults, &r->fault_cap, r->fault_count + 1, sizeof *r->faults, err)) return false;
  const char *text = tome_arena_dup(&r->arena, why->message, err);
  if (!text) return false;
  r->faults[r->fault_count++] = (tome_stack_fault){why->code, series, p ? p->path : "", text};
  return true;
}

/* The frames of one 4-D file are volumes of their own. `siblings` is how many pieces the file has. */
static bool build_volume(const tome_stack_job *job, tome_group *g, size_t siblings, tome_error *err) {
  tome_stack_result *r = job->out;
  const tome_piece *p = g->items[0];
  if (p->channels != 1 && !job->opt->colour)
    return tome_fail(err, TOME_UNSUPPORTED, "%s has %d samples a voxel; only images of one sample make a volume",
                     p->path, p->channels);
  tome_geometry geometry = p->geometry;
  if (!p->has_geometry && !tome_stack_borrow_geometry(job->opt, p->shape, p, &geometry, err)) return false;
  if (*p->geometry_note && !tome_group_note(g, &r->arena, err, "%s", p->geometry_note)) return false;
  if (siblings > 1 && !tome_group_note(g, &r->arena, err, "the file holds %zu volumes; this is number %lld", siblings,
                                       (long long)p->frame + 1))
    return false;
  if (!tome_arena_grow(&r->arena, &r->volumes, &r->volume_cap, r->volume_count + 1, sizeof *r->volumes, err))
    return false;
  const double tilt = tome_geometry_tilt(&geometry);
  r->volumes[r->volume_count++] = (tome_stacked){.geometry = geometry,
                                                 .order = g->items,
                                                 .order_count = 1,
                                                 .series_uid = p->series_uid,
                                                 .tilt_degrees = tilt >= 0.1 ? tilt : 0,
                                                 .notes = g->notes,
                                                 .note_count = g->note_count,
                                                 .note_cap = g->note_cap};
  return true;
}

/* Says what a viewer would show otherwise than the voxels are. */
static bool note_inverted(const tome_stack_job *job, tome_group *g, tome_error *err) {
  if (!g->items[0]->inverted) return true;
  return tome_group_note(g, &job->out->arena, err,
                         "the images are MONOCHROME1: viewers show them inverted; the values are kept as stored");
}

/* Passes on what the formats noted of their files: the first one's words, and of how many more there are any. */
static bool note_files(const tome_stack_job *job, tome_group *g, tome_error *err) {
  const tome_piece *first = NULL;
  size_t more = 0;
  for (size_t i = 0; i < g->count; i++) {
    if (!*g->items[i]->note) continue;
    if (first)
      more++;
    else
      first = g->items[i];
  }
  if (!first) return true;
  const char *name = tome_basename(first->path);
  if (!more) return tome_group_note(g, &job->out->arena, err, "%s: %s", name, first->note);
  return tome_group_note(g, &job->out->arena, err, "%s: %s (and %zu more slices with such a note)", name, first->note,
                         more);
}

/* Turns what a step refused into a fault. False where everything must stop. */
static bool settle(const tome_stack_job *job, const tome_group *g, size_t volumes_before, bool ok,
                   const tome_error *why, tome_error *err) {
  if (ok) return true;
  if (why->code == TOME_CANCELLED) return tome_fail_cancelled(err);
  job->out->volume_count = volumes_before; /* half a split group is no group */
  return add_fault(job->out, g->items[0], g->items[0]->series_uid, why, err);
}

/* From positions (or names) to volumes; `phases` gets the groups that the series turned out to hold. */
static bool order_group(const tome_stack_job *job, tome_group *g, tome_groups *phases, tome_error *err) {
  const double *given = job->opt->spacing;
  const bool told = given[0] > 0 && given[1] > 0 && given[2] > 0;
  if (g->kind == TOME_GROUP_SLICES && g->count == 1 && !g->items[0]->has_position && told) {
    g->kind = TOME_GROUP_NAMED;
    if (!tome_group_note(g, &job->out->arena, err, "the image does not say where it lies; the spacing is as given"))
      return false;
  }
  if (!note_inverted(job, g, err) || !note_files(job, g, err)) return false;
  if (g->kind == TOME_GROUP_NAMED) {
    if (!tome_stack_order_names(job, g, err)) return false;
    tome_group *same = tome_groups_add(phases, &job->out->arena, g->kind, err);
    if (same) *same = *g;
    return same;
  }
  return tome_stack_order(job, g, err) && tome_stack_copies(job, g, err) && tome_stack_phases(job, g, phases, err);
}

static bool stack_slices(const tome_stack_job *job, tome_group *g, tome_error *err) {
  tome_groups phases = {0};
  tome_error why = {0};
  size_t before = job->out->volume_count;
  if (!settle(job, g, before, order_group(job, g, &phases, &why), &why, err)) return false;
  for (size_t i = 0; i < phases.count; i++) {
    tome_group *phase = &phases.items[i];
    tome_error wrong = {0};
    before = job->out->volume_count;
    const bool ok = tome_stack_duplicates(job, phase, &wrong) && tome_stack_build(job, phase, &wrong);
    if (!settle(job, phase, before, ok, &wrong, err)) return false;
  }
  return true;
}

/* How many groups from `i` on are of one file. */
static size_t same_file(const tome_groups *g, size_t i) {
  size_t end = i + 1;
  const char *path = g->items[i].items[0]->path;
  while (end < g->count && strcmp(g->items[end].items[0]->path, path) == 0) end++;
  return end - i;
}

static bool stack_groups(const tome_stack_job *job, tome_groups *groups, tome_error *err) {
  size_t siblings = 0;
  for (size_t i = 0; i < groups->count; i++) {
    tome_group *g = &groups->items[i];
    if (tome_stopped(job->run)) return tome_fail_cancelled(err);
    if (g->kind != TOME_GROUP_VOLUME) {
      if (!stack_slices(job, g, err)) return false;
      continue;
    }
    const bool next_of_same = i > 0 && strcmp(groups->items[i - 1].items[0]->path, g->items[0]->path) == 0;
    if (!next_of_same) siblings = same_file(groups, i);
    tome_error why = {0};
    const size_t before = job->out->volume_count;
    if (!settle(job, g, before, build_volume(job, g, siblings, &why), &why, err)) return false;
  }
  return true;
}

/* The pieces of the series asked for, or all of them. free() it. */
static const tome_piece **choose(const tome_pieces *pieces, const char *series, size_t *count, tome_error *err) {
  const tome_piece **chosen = tome_alloc(pieces->count, sizeof *chosen, "list of slices", err);
  *count = 0;
  for (size_t i = 0; chosen && i < pieces->count; i++)
    if (!series || strcmp(pieces->items[i].series_uid, series) == 0) chosen[(*count)++] = &pieces->items[i];
  return chosen;
}

static bool stack_into(const tome_stack_job *job, const tome_pieces *pieces, tome_error *err) {
  size_t count;
  TOME_AUTO_FREE const tome_piece **chosen = choose(pieces, job->opt->series, &count, err);
  if (!chosen) return false;
  if (count == 0 && job->opt->series) {
    tome_error why = {0};
    tome_fault_series(pieces, job->opt->series, &why);
    const char *wanted = tome_arena_dup(&job->out->arena, job->opt->series, err);
    return wanted && add_fault(job->out, pieces->count ? &pieces->items[0] : NULL, wanted, &why, err);
  }
  tome_groups groups = {0};
  return tome_stack_group(job, chosen, count, &groups, err) && stack_groups(job, &groups, err);
}

bool tome_stack(const tome_pieces *pieces, const tome_stack_options *opt, const tome_run *run, tome_stack_result *out,
                tome_error *err) {
  static const tome_stack_options defaults = {0};
  tome_stack_result made = {0};
  const tome_stack_job job = {.opt = opt ? opt : &defaults, .run = run, .out = &made};
  if (!stack_into(&job, pieces, err)) {
    tome_stack_result_clear(&made);
    return false;
  }
  *out = made;
  return true;
}
