/* Where the patches of one case lie: the options' mode over the rules of eval/patches.h and the voxels of points.h. */
#include <math.h>
#include <string.h>

#include "app/patches.h"

static const int64_t most_patches = 10000000; /* of one case: 2 GB of positions */

/* ---- options ---- */

static bool check_numbers(const tome_patch_options *o, tome_error *err) {
  for (int a = 0; a < 3; a++)
    if (o->size[a] < 0 || o->size[a] > 65536)
      return tome_fail(err, TOME_USAGE, "a patch of %lld voxels: 1 to 65536, or the whole axis", (long long)o->size[a]);
  if (o->per_case < 0 || o->per_case > most_patches)
    return tome_fail(err, TOME_USAGE, "%lld patches a case: 1 to %lld", (long long)o->per_case,
                     (long long)most_patches);
  if (!(o->overlap >= 0 && o->overlap < 1))
    return tome_fail(err, TOME_USAGE, "windows cannot overlap by %g: from 0 to below 1", o->overlap);
  if (!(o->oversample >= 0 && o->oversample <= 1))
    return tome_fail(err, TOME_USAGE, "a share of %g patches cannot be forced: 0 to 1", o->oversample);
  if (!(o->pos >= 0 && o->neg >= 0 && isfinite(o->pos + o->neg)))
    return tome_fail(err, TOME_USAGE, "a balance of %g to %g: both must be 0 or more", o->pos, o->neg);
  return true;
}

bool tome_patch_options_check(const tome_patch_options *o, tome_error *err) {
  double sum = 0;
  if (!check_numbers(o, err)) return false;
  if (o->mode != TOME_PATCH_CLASSES) return true;
  for (size_t i = 0; i < o->class_count; i++) {
    if (!(o->classes[i].weight >= 0 && isfinite(o->classes[i].weight)))
      return tome_fail(err, TOME_USAGE, "class %s: its weight must be 0 or more", o->classes[i].name);
    sum += o->classes[i].weight;
  }
  return sum > 0 || tome_fail(err, TOME_USAGE, "classes to draw need at least one weight above 0");
}

/* ---- one case ---- */

typedef struct settling {
  const tome_patches *p;
  patch_case *c;
  tome_points *points; /* NULL where positions need none */
  int64_t shape[3], size[3];
  size_t foreground; /* class number */
  bool has_foreground, has_background;
  size_t first, classes; /* nnU-Net: the classes that may be present */
  size_t *present;       /* those that are, by number */
  size_t present_count;
  double *weights; /* of the options' classes; 0 where absent */
  size_t *numbers;
} settling;

static void free_points(tome_points **p) { tome_points_free(*p); }

static tome_box inside_of(const settling *s, const tome_box *b) {
  const tome_box all = tome_box_of_shape(s->shape);
  return tome_box_intersect(b, &all);
}

static void put(settling *s, int64_t n, const tome_box *box, const int64_t *centre, const char *what) {
  tome_patch *t = &s->c->patches[n];
  *t = (tome_patch){.id = s->c->id, .n = n, .box = *box, .inside = inside_of(s, box), .what = what};
  for (int a = 0; a < 3; a++) t->centre[a] = centre ? centre[a] : box->lo[a] + s->size[a] / 2;
}

static bool make_patches(settling *s, int64_t count, tome_error *err) {
  if (count > most_patches)
    return tome_fail(err, TOME_USAGE, "%s: %lld patches are more than the %lld that a case may have", s->c->id,
                     (long long)count, (long long)most_patches);
  s->c->patches = tome_arena_alloc(&s->c->arena, (size_t)count * sizeof *s->c->patches, err);
  if (s->c->patches) s->c->count = (size_t)count;
  return s->c->patches != NULL;
}

static bool slide(settling *s, tome_error *err) {
  const tome_patch_options *o = &s->p->opt;
  int64_t count[3], all = 1, n = 0;
  for (int a = 0; a < 3; a++) {
    count[a] = tome_window_count(o->rule, s->shape[a], s->size[a], o->overlap);
    all = all > most_patches ? all : all * count[a];
  }
  if (!make_patches(s, all, err)) return false;
  for (int64_t i = 0; i < all; i++) {
    const int64_t at[3] = {i / count[2] / count[1], i / count[2] % count[1], i % count[2]};
    tome_box b;
    for (int a = 0; a < 3; a++) {
      b.lo[a] = tome_window_start(o->rule, s->shape[a], s->size[a], o->overlap, at[a]);
      b.hi[a] = b.lo[a] + s->size[a];
    }
    put(s, n++, &b, NULL, "");
  }
  return true;
}

/* ---- what there is to draw ---- */

static bool open_points(settling *s, tome_course *course, const tome_run *run, const char **why, tome_error *err) {
  s->points = tome_points_new(course, s->p->opt.label, run, err);
  if (!s->points) return false;
  if (tome_points_maps(s->points)) return true;
  *why = s->p->opt.label ? tome_arena_printf(&s->c->arena, err, "has no label map \"%s\" to draw from", s->p->opt.label)
                         : "has no label map to draw from; patches by position (uniform, centre, sliding) need none";
  return *why != NULL;
}

static bool know_balance(settling *s, const char **why, tome_error *err) {
  const tome_patch_options *o = &s->p->opt;
  bool known;
  tome_draws d = tome_draws_of(o->seed, s->c->id, UINT64_MAX);
  int64_t at[3];
  if (!tome_points_class(s->points, NULL, &s->foreground, &known, err) ||
      !tome_points_present(s->points, s->foreground, &s->has_foreground, err))
    return false;
  const bool only_foreground = (o->pos > 0 || o->neg > 0) && o->neg == 0;
  if (!only_foreground && !tome_points_background(s->points, o->image_threshold, &d, at, &s->has_background, err))
    return false;
  if (!s->has_foreground && !s->has_background)
    *why =
        only_foreground ? "its result has no label voxel to draw" : "its result has neither foreground nor background";
  else if (!s->has_foreground)
    *why = "its result has no label voxel: all its patches are around background";
  return true;
}

static bool know_present(settling *s, const char **why, tome_error *err) {
  if (!tome_points_all_classes(s->points, &s->first, &s->classes, err)) return false;
  s->present = tome_arena_alloc(&s->c->arena, (s->classes + 1) * sizeof *s->present, err);
  if (!s->present) return false;
  for (size_t i = 0; i < s->classes; i++) {
    bool there;
    if (!tome_points_present(s->points, s->first + i, &there, err)) return false;
    if (there) s->present[s->present_count++] = s->first + i;
  }
  if (!s->present_count) *why = "its result has no label voxel: all its patches lie anywhere";
  return true;
}

static bool is_background(const char *name) { return !strcmp(name, "background") || !strcmp(name, "0"); }

static bool know_class(settling *s, size_t k, bool *known, bool *there, tome_error *err) {
  const tome_patch_options *o = &s->p->opt;
  tome_draws d = tome_draws_of(o->seed, s->c->id, UINT64_MAX);
  int64_t at[3];
  if (is_background(o->classes[k].name)) {
    *known = true;
    return tome_points_background(s->points, o->image_threshold, &d, at, there, err);
  }
  return tome_points_class(s->points, o->classes[k].name, &s->numbers[k], known, err) &&
         tome_points_present(s->points, s->numbers[k], there, err);
}

static bool know_classes(settling *s, const char **why, bool *named, tome_error *err) {
  const tome_patch_options *o = &s->p->opt;
  double sum = 0;
  s->weights = tome_arena_alloc(&s->c->arena, o->class_count * sizeof *s->weights, err);
  s->numbers = tome_arena_alloc(&s->c->arena, o->class_count * sizeof *s->numbers, err);
  if (!s->weights || !s->numbers) return false;
  const char *missing = "";
  for (size_t k = 0; k < o->class_count; k++) {
    bool known = false, there = false;
    if (!know_class(s, k, &known, &there, err)) return false;
    if (known) named[k] = true;
    s->weights[k] = there ? o->classes[k].weight : 0;
    sum += s->weights[k];
    if (there || o->classes[k].weight == 0) continue;
    missing = tome_arena_printf(&s->c->arena, err, "%s%s%s", missing, *missing ? ", " : "", o->classes[k].name);
    if (!missing) return false;
  }
  if (*missing)
    *why = tome_arena_printf(&s->c->arena, err, "its result has no voxel of %s%s", missing,
                             sum > 0 ? ": it is left out" : "");
  s->has_foreground = sum > 0;
  return !*missing || *why;
}

/* ---- draws ---- */

static bool draw_background(settling *s, tome_draws *d, int64_t at[3], tome_error *err) {
  bool found;
  return tome_points_background(s->points, s->p->opt.image_threshold, d, at, &found, err);
}

static bool draw_balanced(settling *s, int64_t n, tome_draws *d, tome_error *err) {
  const tome_patch_options *o = &s->p->opt;
  const double pos = o->pos + o->neg > 0 ? o->pos : 1, neg = o->pos + o->neg > 0 ? o->neg : 1;
  const bool wanted = tome_draw_unit(d) < pos / (pos + neg);
  const bool foreground = s->has_foreground && (wanted || !s->has_background);
  int64_t at[3];
  if (!(foreground ? tome_points_draw(s->points, s->foreground, d, at, err) : draw_background(s, d, at, err)))
    return false;
  const tome_box b = tome_patch_around(TOME_RULE_MONAI, s->shape, s->size, at);
  put(s, n, &b, at, foreground ? "foreground" : "background");
  return true;
}

static bool draw_oversampled(settling *s, int64_t n, tome_draws *d, tome_error *err) {
  const tome_patch_options *o = &s->p->opt;
  const double share = o->oversample > 0 ? o->oversample : 0.33;
  if (!s->present_count || !tome_patch_forced(n, (int64_t)s->c->count, share)) {
    const tome_box b = tome_patch_anywhere(TOME_RULE_NNUNET, s->shape, s->size, d);
    put(s, n, &b, NULL, "");
    return true;
  }
  int64_t at[3];
  const size_t number = s->present[tome_draw_below(d, s->present_count)];
  if (!tome_points_draw(s->points, number, d, at, err)) return false;
  const tome_box b = tome_patch_around(TOME_RULE_NNUNET, s->shape, s->size, at);
  const char *name = tome_arena_dup(&s->c->arena, tome_points_name(s->points, number), err);
  put(s, n, &b, at, name);
  return name != NULL;
}

static bool draw_class(settling *s, int64_t n, tome_draws *d, tome_error *err) {
  const tome_patch_options *o = &s->p->opt;
  const size_t k = tome_draw_weighted(d, s->weights, o->class_count);
  int64_t at[3];
  if (!(is_background(o->classes[k].name) ? draw_background(s, d, at, err)
                                          : tome_points_draw(s->points, s->numbers[k], d, at, err)))
    return false;
  const tome_box b = tome_patch_around(TOME_RULE_MONAI, s->shape, s->size, at);
  put(s, n, &b, at, o->classes[k].name);
  return true;
}

static bool draw_one(settling *s, int64_t n, tome_error *err) {
  const tome_patch_options *o = &s->p->opt;
  tome_draws d = tome_draws_of(o->seed, s->c->id, (uint64_t)n);
  if (o->mode == TOME_PATCH_CLASSES) return draw_class(s, n, &d, err);
  if (o->mode == TOME_PATCH_BALANCE)
    return o->rule == TOME_RULE_NNUNET ? draw_oversampled(s, n, &d, err) : draw_balanced(s, n, &d, err);
  const tome_box b = tome_patch_anywhere(o->rule, s->shape, s->size, &d);
  put(s, n, &b, NULL, "");
  return true;
}

/* What the case can give; *able false: nothing. */
static bool prepare(settling *s, tome_course *course, const tome_run *run, const char **why, bool *named, bool *able,
                    tome_error *err) {
  const tome_patch_options *o = &s->p->opt;
  *able = true;
  if (o->mode != TOME_PATCH_BALANCE && o->mode != TOME_PATCH_CLASSES) return true;
  *able = false;
  if (!open_points(s, course, run, why, err)) return false;
  if (*why) return true;
  if (o->mode == TOME_PATCH_CLASSES) {
    if (!know_classes(s, why, named, err)) return false;
    *able = s->has_foreground;
  } else if (o->rule == TOME_RULE_NNUNET) {
    *able = true;
    return know_present(s, why, err);
  } else {
    if (!know_balance(s, why, err)) return false;
    *able = s->has_foreground || s->has_background;
  }
  return true;
}

static void take_sizes(settling *s, const tome_course *course) {
  memcpy(s->shape, course->graph.outputs[0]->flow.geometry.shape, sizeof s->shape);
  for (int a = 0; a < 3; a++) s->size[a] = s->p->opt.size[a] ? s->p->opt.size[a] : s->shape[a];
}

bool tome_patches_settle(tome_patches *p, patch_case *c, tome_course *course, const tome_run *run, const char **why,
                         bool *named, tome_error *err) {
  TOME_CLEANUP(free_points) tome_points *points = NULL;
  settling s = {.p = p, .c = c};
  const tome_patch_options *o = &p->opt;
  bool able;
  take_sizes(&s, course);
  if (o->mode == TOME_PATCH_SLIDING) return slide(&s, err);
  const bool ready = prepare(&s, course, run, why, named, &able, err);
  points = s.points;
  if (!ready || !able) return ready;
  if (!make_patches(&s, o->mode != TOME_PATCH_CENTRE && o->per_case ? o->per_case : 1, err)) return false;
  if (o->mode == TOME_PATCH_CENTRE) {
    const tome_box b = tome_patch_central(s.shape, s.size);
    put(&s, 0, &b, NULL, "");
    return true;
  }
  for (size_t n = 0; n < c->count; n++)
    if (!draw_one(&s, (int64_t)n, err)) return false;
  return true;
}
