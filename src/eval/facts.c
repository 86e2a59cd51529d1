/* Looking up what the record knows of labels: by name, and where they lie in a grid that has been turned, cut and resampled since. */
#include "eval/facts.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "eval/graph.h"

bool tome_fail_step(const tome_shaping *s, tome_error *err, tome_code code, const char *fmt, ...) {
  char text[700];
  va_list args;
  va_start(args, fmt);
  vsnprintf(text, sizeof text, fmt, args);
  va_end(args);
  return tome_fail(err, code, "%.200s: %s", s->step->op->name, text);
}

bool tome_fail_no_label(const tome_shaping *s, const char *label, tome_error *err) {
  const tome_record *r = s->facts->record;
  char known[400] = "";
  tome_near near = {.word = label};
  for (size_t i = 0; r && i < r->label_count; i++) {
    const size_t used = strlen(known);
    snprintf(known + used, sizeof known - used, "%s%s", i ? ", " : "", r->labels[i].name);
    tome_near_try(&near, r->labels[i].name);
  }
  if (near.best)
    return tome_fail_step(s, err, TOME_NOT_FOUND, "the case has no label \"%s\"; did you mean %s?", label, near.best);
  return tome_fail_step(s, err, TOME_NOT_FOUND, "the case has no label \"%s\"; it has %s", label,
                        *known ? known : "none");
}

bool tome_label_goes_by(const tome_label *l, const char *name) {
  if (!strcmp(l->name, name)) return true;
  const size_t n = strlen(l->map);
  if (!strncmp(name, l->map, n) && name[n] == '/' && !strcmp(name + n + 1, l->name)) return true;
  char have[128], want[128];
  tome_label_kind(l->name, have, sizeof have);
  tome_label_kind(name, want, sizeof want);
  return !strcmp(have, want);
}

static void join(tome_box *sum, const tome_box *b) {
  if (tome_box_is_empty(b)) return;
  if (tome_box_is_empty(sum)) {
    *sum = *b;
    return;
  }
  for (int a = 0; a < 3; a++) {
    if (b->lo[a] < sum->lo[a]) sum->lo[a] = b->lo[a];
    if (b->hi[a] > sum->hi[a]) sum->hi[a] = b->hi[a];
  }
}

static bool stored_box(const tome_shaping *s, const char *label, tome_box *out, tome_error *err) {
  const tome_facts *f = s->facts;
  const tome_record *r = f->record;
  if (!r) return tome_fail_step(s, err, TOME_USAGE, "needs to know where %s is, and nothing is known here", label);
  const bool any = !strcmp(label, "any");
  tome_box sum = {0};
  size_t found = 0;
  for (size_t i = 0; i < r->label_count; i++)
    if (any || tome_label_goes_by(&r->labels[i], label)) {
      join(&sum, &r->labels[i].box);
      found++;
    }
  if (!found && !strcmp(label, "body")) {
    if (!f->body) return tome_fail_step(s, err, TOME_USAGE, "nothing here can say where the body is");
    return f->body(f->ctx, out, err);
  }
  if (!found) return tome_fail_no_label(s, label, err);
  if (tome_box_is_empty(&sum)) return tome_fail_step(s, err, TOME_VALUE, "%s has no voxels in this case", label);
  *out = sum;
  return true;
}

/* The lowest and highest index along each axis of `to` that the voxels of a box of `from` reach to, borders included. */
static void reach(const tome_geometry *from, const tome_box *b, const tome_geometry *to, double lo[3], double hi[3]) {
  for (int a = 0; a < 3; a++) {
    lo[a] = INFINITY;
    hi[a] = -INFINITY;
  }
  for (int corner = 0; corner < 8; corner++) {
    double index[3], world[3], there[3];
    for (int a = 0; a < 3; a++) index[a] = (double)(corner >> a & 1 ? b->hi[a] : b->lo[a]) - 0.5;
    tome_geometry_to_world(from, index, world);
    tome_geometry_to_index(to, world, there);
    for (int a = 0; a < 3; a++) {
      lo[a] = fmin(lo[a], there[a]);
      hi[a] = fmax(hi[a], there[a]);
    }
  }
}

/* Does any voxel of a box come from the stored box? Followed back through the steps, all of which move voxels of a label map whole. Where a
 * step turns the axes the box behind is but a bound, so it is halved until there is no doubt. */
static bool comes_from(const tome_node *end, const tome_box *box, const tome_box *stored) {
  tome_box b = *box, low = *box, high = *box;
  for (const tome_node *n = end; n->op; n = n->in[0]) {
    b = tome_node_need(n, &b);
    if (tome_box_is_empty(&b)) return false;
  }
  const tome_box both = tome_box_intersect(&b, stored);
  if (tome_box_is_empty(&both)) return false;
  int axis = 0;
  for (int a = 1; a < 3; a++)
    if (box->hi[a] - box->lo[a] > box->hi[axis] - box->lo[axis]) axis = a;
  if (box->hi[axis] - box->lo[axis] == 1 || tome_box_contains(stored, &b)) return true;
  low.hi[axis] = high.lo[axis] = (box->lo[axis] + box->hi[axis]) / 2;
  return comes_from(end, &low, stored) || comes_from(end, &high, stored);
}

static bool slice_comes_from(const tome_node *n, int axis, int64_t at, const tome_box *stored) {
  tome_box b = tome_box_of_shape(n->flow.geometry.shape);
  b.lo[axis] = at;
  b.hi[axis] = at + 1;
  return comes_from(n, &b, stored);
}

bool tome_know_box(const tome_shaping *s, const char *label, tome_box *out, tome_error *err) {
  tome_box stored, b;
  if (!stored_box(s, label, &stored, err)) return false;
  const tome_geometry *g = &s->in[0].geometry;
  double lo[3], hi[3];
  reach(&s->facts->record->geometry, &stored, g, lo, hi);
  for (int a = 0; a < 3; a++) {
    const int64_t n = g->shape[a];
    for (b.lo[a] = 0; b.lo[a] < n && !slice_comes_from(s->grid, a, b.lo[a], &stored);) b.lo[a]++;
    for (b.hi[a] = n; b.hi[a] > b.lo[a] && !slice_comes_from(s->grid, a, b.hi[a] - 1, &stored);) b.hi[a]--;
    if (b.lo[a] < b.hi[a]) continue;
    if (!(hi[a] > -0.5 && lo[a] < (double)n - 0.5))
      return tome_fail_step(s, err, TOME_VALUE, "%s lies outside what the steps before have kept", label);
    const double middle = floor((lo[a] + hi[a]) / 2 + 0.5); /* thinner than a voxel */
    b.lo[a] = middle < 0 ? 0 : middle > (double)(n - 1) ? n - 1 : (int64_t)middle;
    b.hi[a] = b.lo[a] + 1;
  }
  *out = b;
  return true;
}
