/* One volume out of an ordered group: the geometry, and where each output slice comes from. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "stack/plan.h"

/* Degrees of tilt that rounding of positions alone can make, and of a tag that contradicts the positions. */
static const double STRAIGHT_DEGREES = 0.1, TAG_DEGREES = 0.5;
static const double DEGREES = 57.29577951308232;
/* A repair may not invent more than this many slices for each real one. */
enum { MOST_FILLED = 4 };

/* A volume of the group's slices begin … end-1, whose places on the full grid are index[begin …]. */
typedef struct slice_range {
  size_t begin, end;
  double step[3]; /* world mm from slice to slice of the output */
} slice_range;

static double in_plane(const tome_stack_job *job, const tome_piece *p, int axis) {
  return p->has_pixel_spacing ? p->pixel_spacing[axis - 1] : job->opt->spacing[axis];
}

static void scaled(const double v[3], double length, double out[3]) {
  const double norm = sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
  for (int k = 0; k < 3; k++) out[k] = v[k] / norm * length;
}

static bool world_geometry(const tome_stack_job *job, const tome_piece *first, int64_t depth, const double z_step[3],
                           tome_geometry *out, tome_error *err) {
  double step[3][3];
  const int64_t shape[3] = {depth, first->shape[1], first->shape[2]};
  memcpy(step[TOME_Z], z_step, sizeof step[TOME_Z]);
  scaled(first->along_column, in_plane(job, first, TOME_Y), step[TOME_Y]);
  scaled(first->along_row, in_plane(job, first, TOME_X), step[TOME_X]);
  if (tome_geometry_from_steps(shape, step, first->position, out, err)) return true;
  return tome_fail_prefix(err, "%s", first->path);
}

bool tome_stack_borrow_geometry(const tome_stack_options *opt, const int64_t shape[3], const tome_piece *p,
                                tome_geometry *out, tome_error *err) {
  if (opt->like && memcmp(opt->like->shape, shape, sizeof opt->like->shape) == 0) {
    *out = *opt->like;
    return true;
  }
  const double *given = opt->spacing;
  char other[120] = "";
  if (!(given[0] > 0 && given[1] > 0 && given[2] > 0)) {
    if (opt->like)
      snprintf(other, sizeof other, ", and its image is %" PRId64 "x%" PRId64 "x%" PRId64, opt->like->shape[0],
               opt->like->shape[1], opt->like->shape[2]);
    return tome_fail(err, TOME_GEOMETRY,
                     "%s: nothing says how large the voxels of this %" PRId64 "x%" PRId64 "x%" PRId64
                     " volume are%s; give --spacing z,y,x in mm",
                     p->path, shape[0], shape[1], shape[2], other);
  }
  *out = tome_geometry_identity(shape);
  memcpy(out->spacing, given, sizeof out->spacing);
  return true;
}

/* A volume with everything but its slices. */
static tome_stacked *add_volume(const tome_stack_job *job, const tome_group *g, size_t begin, size_t end,
                                tome_error *err) {
  tome_stack_result *r = job->out;
  if (!tome_arena_grow(&r->arena, &r->volumes, &r->volume_cap, r->volume_count + 1, sizeof *r->volumes, err))
    return NULL;
  tome_group own = {0}; /* lists of its own: several volumes of one group may differ in notes */
  for (size_t i = 0; i < g->note_count; i++)
    if (!tome_group_note(&own, &r->arena, err, "%s", g->notes[i])) return NULL;
  for (size_t i = 0; i < g->repair_count; i++)
    if (!tome_group_repair(&own, &r->arena, g->repairs[i].kind, err, "%s", g->repairs[i].text)) return NULL;
  tome_stacked *v = &r->volumes[r->volume_count++];
  *v = (tome_stacked){.order = g->items + begin, .order_count = end - begin, .series_uid = g->items[begin]->series_uid};
  v->repairs = own.repairs, v->repair_count = own.repair_count, v->repair_cap = own.repair_cap;
  v->notes = own.notes, v->note_count = own.note_count, v->note_cap = own.note_cap;
  return v;
}

/* Slices begin … end-1, `positions` of the output between them: at[i] is where input slice begin+i lies on the output's grid. */
static bool lay_slices(tome_arena *a, tome_stacked *v, const double *at, size_t depth, bool nearest, tome_error *err) {
  v->slices = tome_arena_alloc(a, depth * sizeof *v->slices, err);
  if (!v->slices) return false;
  size_t i = 0;
  for (size_t z = 0; z < depth; z++) {
    while (i + 1 < v->order_count && at[i + 1] <= (double)z + 1e-6) i++;
    const size_t next = i + 1 < v->order_count ? i + 1 : i;
    double w = next > i ? ((double)z - at[i]) / (at[next] - at[i]) : 0;
    if (nearest) w = w <= 0.5 ? 0 : 1;
    if (w < 1e-6)
      v->slices[z] = (tome_slice_source){i, i, 0};
    else if (w > 1 - 1e-6)
      v->slices[z] = (tome_slice_source){next, next, 0};
    else
      v->slices[z] = (tome_slice_source){i, next, w};
  }
  return true;
}

/* Makes one volume of a range: depth output slices, input slice begin+i at grid place at[i]. */
static bool build_range(const tome_stack_job *job, tome_group *g, const slice_range *r, const double *at, size_t depth,
                        tome_error *err) {
  const tome_piece *first = g->items[r->begin];
  tome_geometry geometry;
  if (g->kind == TOME_GROUP_SLICES) {
    if (!world_geometry(job, first, (int64_t)depth, r->step, &geometry, err)) return false;
  } else {
    const int64_t shape[3] = {(int64_t)depth, first->shape[1], first->shape[2]};
    if (!tome_stack_borrow_geometry(job->opt, shape, first, &geometry, err)) return false;
  }
  tome_stacked *v = add_volume(job, g, r->begin, r->end, err);
  if (!v) return false;
  v->geometry = geometry;
  if (g->kind == TOME_GROUP_SLICES) {
    v->tilt_degrees = tome_geometry_tilt(&geometry);
    if (!(v->tilt_degrees >= STRAIGHT_DEGREES)) v->tilt_degrees = 0;
  }
  return lay_slices(&job->out->arena, v, at, depth, job->opt->labels, err);
}

/* What the positions say of a tilt, and whether the tag agrees. */
static bool note_tilt(const tome_stack_job *job, tome_group *g, const tome_spacing *s, tome_error *err) {
  const double norm = sqrt(s->step[0] * s->step[0] + s->step[1] * s->step[1] + s->step[2] * s->step[2]);
  const double tilt = acos(fmin(1, fmax(-1, s->length / norm))) * DEGREES, tag = g->items[0]->tilt_tag;
  const bool tilted = tilt >= STRAIGHT_DEGREES;
  const bool contradicts = isfinite(tag) && fabs(fabs(tag) - tilt) > TAG_DEGREES;
  char says[96] = "";
  if (contradicts) snprintf(says, sizeof says, "; the tilt tag (0018,1120) says %.4g degrees, which was not used", tag);
  if (tilted)
    return tome_group_note(g, &job->out->arena, err,
                           "the slices are tilted %.2f degrees by their positions%s; kept in the affine", tilt, says);
  if (!contradicts) return true;
  return tome_group_note(g, &job->out->arena, err, "the slices are not tilted by their positions%s", says);
}

/* input slice i of the range lies at its own number */
static double *whole_places(tome_arena *a, const int64_t *index, size_t count, tome_error *err) {
  double *at = tome_arena_alloc(a, count * sizeof *at, err);
  for (size_t i = 0; at && i < count; i++) at[i] = index ? (double)(index[i] - index[0]) : (double)i;
  return at;
}

static bool build_whole(const tome_stack_job *job, tome_group *g, const double step[3], const double *at, size_t depth,
                        tome_error *err) {
  slice_range r = {.end = g->count};
  memcpy(r.step, step, sizeof r.step);
  return build_range(job, g, &r, at, depth, err);
}

static bool build_as_they_are(const tome_stack_job *job, tome_group *g, const double step[3], tome_error *err) {
  const double *at = whole_places(&job->out->arena, NULL, g->count, err);
  return at && build_whole(job, g, step, at, g->count, err);
}

/* One volume a run of slices without a gap. */
static bool build_split(const tome_stack_job *job, tome_group *g, const tome_spacing *s, tome_error *err) {
  for (size_t i = 0, end, part = 1; i < g->count; i = end, part++) {
    for (end = i + 1; end < g->count && s->index[end] - s->index[end - 1] == 1;) end++;
    slice_range r = {.begin = i, .end = end};
    const double *at = whole_places(&job->out->arena, NULL, end - i, err);
    if (!at) return false;
    memcpy(r.step, s->step, sizeof r.step);
    for (int k = 0; end - i > 1 && k < 3; k++)
      r.step[k] = (g->items[end - 1]->position[k] - g->items[i]->position[k]) / (double)(end - 1 - i);
    if (!build_range(job, g, &r, at, end - i, err)) return false;
    tome_geometry *made = &job->out->volumes[job->out->volume_count - 1].geometry;
    if (g->kind == TOME_GROUP_NAMED) made->origin[2] += (double)s->index[i] * made->spacing[TOME_Z];
  }
  return true;
}

static bool too_many(const tome_group *g, double depth, const char *remedy, tome_error *err) {
  return tome_fail(err, TOME_GEOMETRY, "%.0f slices would have to be made of %zu, more than %d for each; %s", depth,
                   g->count, MOST_FILLED, remedy);
}

static bool build_filled(const tome_stack_job *job, tome_group *g, const tome_spacing *s, tome_error *err) {
  const double depth = (double)s->index[g->count - 1] + 1;
  if (depth > (double)g->count * MOST_FILLED) return too_many(g, depth, "use --gap=split or --gap=keep", err);
  const double *at = whole_places(&job->out->arena, s->index, g->count, err);
  return at && build_whole(job, g, s->step, at, (size_t)depth, err);
}

static void mean_step(const tome_group *g, double step[3]) {
  for (int k = 0; k < 3; k++)
    step[k] = (g->items[g->count - 1]->position[k] - g->items[0]->position[k]) / (double)(g->count - 1);
}

static bool build_gap(const tome_stack_job *job, tome_group *g, const tome_spacing *s, tome_error *err) {
  tome_arena *a = &job->out->arena;
  char words[800];
  double step[3];
  tome_gap_words(g, s, words, sizeof words);
  mean_step(g, step);
  switch (job->opt->gap) {
    case TOME_GAP_FILL:
      return tome_group_repair(g, a, "gap=fill", err, "%s: made %s from the slices on either side", words,
                               job->opt->labels ? "by nearest neighbour" : "by linear interpolation") &&
             build_filled(job, g, s, err);
    case TOME_GAP_SPLIT:
      return tome_group_repair(g, a, "gap=split", err, "%s: each of the %zu runs is a volume of its own", words,
                               s->gaps + 1) &&
             build_split(job, g, s, err);
    case TOME_GAP_KEEP:
      return tome_group_repair(g, a, "gap=keep", err, "%s: the slices were taken as evenly spaced", words) &&
             build_as_they_are(job, g, step, err);
    case TOME_GAP_REFUSE:
    default:
      return tome_fault_gap(g, s, err);
  }
}

/* Onto an even grid from the first slice to the last, of the whole number of steps that comes nearest to the median. */
static bool build_resampled(const tome_stack_job *job, tome_group *g, const tome_spacing *s, tome_error *err) {
  if (s->sideways > s->tolerance)
    return tome_fail(
        err, TOME_GEOMETRY,
        "slices are shifted sideways by up to %.3g mm, which --uneven=resample cannot mend; --uneven=keep takes "
        "them as they are",
        s->sideways);
  const double span = g->place[g->count - 1] - g->place[0], intervals = fmax(1, round(span / s->median));
  if (intervals >= (double)g->count * MOST_FILLED) return too_many(g, intervals + 1, "use --uneven=keep", err);
  tome_arena *a = &job->out->arena;
  double step[3], *at = tome_arena_alloc(a, g->count * sizeof *at, err);
  if (!at) return false;
  for (size_t i = 0; i < g->count; i++) at[i] = (g->place[i] - g->place[0]) / span * intervals;
  mean_step(g, step);
  for (int k = 0; k < 3; k++) step[k] *= (double)(g->count - 1) / intervals;
  const size_t depth = (size_t)intervals + 1;
  return tome_group_repair(
             g, a, "uneven=resample", err,
             "%zu slices up to %.3g mm (%.3g %% of the mean step) off an even grid became %zu slices every "
             "%.6g mm along the normal, %s",
             g->count, s->worst, 100 * s->worst / s->mean, depth, span / intervals,
             job->opt->labels ? "by nearest neighbour" : "by linear interpolation") &&
         build_whole(job, g, step, at, depth, err);
}

static bool build_uneven(const tome_stack_job *job, tome_group *g, const tome_spacing *s, tome_error *err) {
  if (job->opt->uneven == TOME_UNEVEN_RESAMPLE) return build_resampled(job, g, s, err);
  if (job->opt->uneven != TOME_UNEVEN_KEEP) return tome_fault_uneven(g, s, err);
  return tome_group_repair(
             g, &job->out->arena, "uneven=keep", err,
             "%zu slices up to %.3g mm (%.3g %% of the step) off an even grid were taken as spaced every %.6g mm",
             g->count, s->worst, 100 * s->worst / s->mean, s->mean) &&
         build_as_they_are(job, g, s->step, err);
}

static bool build_single(const tome_stack_job *job, tome_group *g, tome_error *err) {
  const tome_piece *p = g->items[0];
  const double thickness = p->slice_thickness > 0 && isfinite(p->slice_thickness) ? p->slice_thickness : 1;
  double step[3];
  scaled(g->normal, thickness, step);
  if (!tome_group_note(g, &job->out->arena, err, "a single slice: its thickness, %.6g mm%s, stands for the slice step",
                       thickness, p->slice_thickness > 0 ? "" : " (assumed)"))
    return false;
  return build_as_they_are(job, g, step, err);
}

bool tome_stack_build(const tome_stack_job *job, tome_group *g, tome_error *err) {
  tome_arena *a = &job->out->arena;
  static const double none[3] = {0, 0, 0};
  const bool named = g->kind == TOME_GROUP_NAMED;
  if (g->count == 1 && !named) return build_single(job, g, err);
  if (g->count == 1 || (named && !g->numbered)) return build_as_they_are(job, g, none, err);
  int64_t *index = tome_arena_alloc(a, g->count * sizeof *index, err);
  TOME_AUTO_FREE double(*position)[3] = tome_alloc(g->count, sizeof *position, "slice positions", err);
  if (!index || !position) return false;
  for (size_t i = 0; i < g->count; i++) memcpy(position[i], g->items[i]->position, sizeof position[i]);
  tome_spacing s;
  if (named)
    tome_spacing_numbers(g->place, g->count, index, &s);
  else
    tome_spacing_measure((const double(*)[3])position, g->place, g->count, index, &s);
  if (!named && !note_tilt(job, g, &s, err)) return false;
  if (named && s.length > 1 &&
      !tome_group_note(g, a, err, "the numbers in the names go by %.0f; taken as neighbouring slices", s.length))
    return false;
  if (s.even) return build_as_they_are(job, g, s.step, err);
  return s.missing ? build_gap(job, g, &s, err) : build_uneven(job, g, &s, err);
}
