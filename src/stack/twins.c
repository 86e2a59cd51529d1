/* Two images at one position: copies are dropped with a note, anything else is refused or, when told, the first is kept. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "stack/plan.h"

/* Closer than this along the normal is the same place: far below any slice step (micro-CT: 0.005 mm), far above the
 * rounding of a position's text. Also the whole-number places of named slices. */
static const double SAME_PLACE_MM = 1e-3;

size_t tome_group_run(const tome_group *g, size_t i) {
  size_t end = i + 1;
  while (end < g->count && g->place[end] - g->place[i] <= SAME_PLACE_MM) end++;
  return end;
}

/* Slice `b` may be a copy of slice `a`. */
typedef struct twin_pair {
  size_t a, b;
  bool identical;
} twin_pair;

typedef struct twin_pairs {
  const tome_group *group;
  twin_pair *items;
  size_t count, cap;
} twin_pairs;

static void clear_pairs(twin_pairs *p) { free(p->items); }

/* The same by their headers, and lying at the same point, not only in the same plane. */
static bool alike(const tome_piece *a, const tome_piece *b) {
  if (a->dtype != b->dtype || a->slope != b->slope || a->intercept != b->intercept || a->inverted != b->inverted)
    return false;
  if (memcmp(a->shape, b->shape, sizeof a->shape) != 0 || a->channels != b->channels) return false;
  for (int i = 0; a->has_position && i < 3; i++)
    if (fabs(a->position[i] - b->position[i]) > 10 * SAME_PLACE_MM) return false;
  return true;
}

static void *decode(const tome_piece *p, size_t *bytes, tome_error *err) {
  if (!tome_shape_bytes(p->shape, tome_dtype_size(p->dtype) * (size_t)p->channels, bytes)) {
    tome_fail(err, TOME_CORRUPT, "%s: impossible size", p->path);
    return NULL;
  }
  void *data = tome_alloc(*bytes, 1, p->path, err);
  if (data && p->format->decode(p, data, *bytes, err)) return data;
  free(data);
  return NULL;
}

static bool compare_pair(void *ctx, size_t item, int worker, tome_error *err) {
  (void)worker;
  twin_pairs *pairs = ctx;
  twin_pair *pair = &pairs->items[item];
  const tome_piece *pa = pairs->group->items[pair->a], *pb = pairs->group->items[pair->b];
  if (!alike(pa, pb)) return true;
  size_t bytes_a, bytes_b;
  TOME_AUTO_FREE void *a = decode(pa, &bytes_a, err);
  if (!a) return false;
  TOME_AUTO_FREE void *b = decode(pb, &bytes_b, err);
  if (!b) return false;
  pair->identical = bytes_a == bytes_b && memcmp(a, b, bytes_a) == 0;
  return true;
}

static bool same_image(const tome_piece *a, const tome_piece *b) {
  return *a->sop_uid && strcmp(a->sop_uid, b->sop_uid) == 0 && a->frame == b->frame;
}

/* Each slice against the first at its place; `copies`: against the first there of the same SOP instance UID and frame. */
static bool list_pairs(const tome_group *g, bool copies, twin_pairs *out, tome_error *err) {
  for (size_t i = 0, end; i < g->count; i = end) {
    end = tome_group_run(g, i);
    for (size_t b = i + 1; b < end; b++) {
      size_t a = i;
      while (copies && a < b && !same_image(g->items[a], g->items[b])) a++;
      if (a == b) continue;
      if (!tome_grow(&out->items, &out->cap, out->count + 1, sizeof *out->items, err)) return false;
      out->items[out->count++] = (twin_pair){.a = a, .b = b};
    }
  }
  return true;
}

/* Takes slice `b` of each marked pair out of the group; pairs come in rising order of b. */
static void drop(tome_group *g, const twin_pairs *pairs) {
  size_t kept = 0, next = 0;
  for (size_t i = 0; i < g->count; i++) {
    while (next < pairs->count && (pairs->items[next].b < i || !pairs->items[next].identical)) next++;
    if (next < pairs->count && pairs->items[next].b == i) continue;
    g->items[kept] = g->items[i];
    g->place[kept++] = g->place[i];
  }
  g->count = kept;
}

static bool drop_identical(const tome_stack_job *job, tome_group *g, bool copies, tome_error *err) {
  TOME_CLEANUP(clear_pairs) twin_pairs pairs = {.group = g};
  if (!list_pairs(g, copies, &pairs, err)) return false;
  if (pairs.count == 0) return true;
  if (!tome_parallel(job->run, pairs.count, compare_pair, &pairs, err)) return false;
  size_t dropped = 0, example = 0;
  for (size_t i = 0; i < pairs.count; i++)
    if (pairs.items[i].identical && dropped++ == 0) example = i;
  if (dropped == 0) return true;
  const char *kept_path = g->items[pairs.items[example].a]->path, *gone_path = g->items[pairs.items[example].b]->path;
  if (!tome_group_note(g, &job->out->arena, err,
                       "%zu image%s dropped: the same position and the same pixels as another (%s as %s)", dropped,
                       dropped == 1 ? "" : "s", gone_path, kept_path))
    return false;
  drop(g, &pairs);
  return true;
}

bool tome_stack_copies(const tome_stack_job *job, tome_group *g, tome_error *err) {
  return drop_identical(job, g, true, err);
}

static bool keep_first(const tome_stack_job *job, tome_group *g, size_t places, tome_error *err) {
  const size_t before = g->count;
  size_t kept = 0;
  for (size_t i = 0, end; i < before; i = end) {
    end = tome_group_run(g, i);
    g->items[kept] = g->items[i]; /* kept <= i: what the run still needs is not overwritten */
    g->place[kept++] = g->place[i];
  }
  g->count = kept;
  return tome_group_repair(g, &job->out->arena, "duplicate=first", err,
                           "%zu of %zu images dropped at %zu position%s that they shared with another image",
                           before - kept, before, places, places == 1 ? "" : "s");
}

bool tome_stack_duplicates(const tome_stack_job *job, tome_group *g, tome_error *err) {
  if (!drop_identical(job, g, false, err)) return false;
  size_t places = 0, first = 0;
  for (size_t i = 0, end; i < g->count; i = end) {
    end = tome_group_run(g, i);
    if (end - i > 1 && places++ == 0) first = i;
  }
  if (places == 0) return true;
  if (job->opt->duplicate == TOME_DUPLICATE_FIRST) return keep_first(job, g, places, err);
  return tome_fault_duplicates(g, first, places, err);
}
