/* What the rows of one archive of patches hold, where cases differ in channels and label maps. */
#include <string.h>

#include "app/patches.h"

/* A volume that some cases have, and how many of them. */
typedef struct kind {
  const tome_patch_volume *volume;
  size_t cases;
} kind;

typedef struct kinds {
  kind *items;
  size_t count, cap;
} kinds;

static bool same_volume(const tome_patch_volume *a, const tome_patch_volume *b) {
  return a->is_label == b->is_label && a->dtype == b->dtype && strcmp(a->name, b->name) == 0;
}

/* Where the case has such a volume; its volume_count: nowhere. */
static size_t place_in(const patch_case *c, const tome_patch_volume *v) {
  size_t k = 0;
  while (k < c->volume_count && !same_volume(&c->volumes[k], v)) k++;
  return k;
}

static void leave_out(patch_case *c, const patch_note *note, const char *text) {
  c->count = 0;
  if (note->say) note->say(note->user, c->id, text);
}

/* ---- channels: those that most cases with labels have ---- */

static size_t channels_of(const patch_case *c) {
  size_t n = 0;
  while (n < c->volume_count && !c->volumes[n].is_label) n++;
  return n;
}

static bool same_channels(const patch_case *a, const patch_case *b) {
  const size_t n = channels_of(a);
  if (channels_of(b) != n) return false;
  for (size_t k = 0; k < n; k++)
    if (!same_volume(&a->volumes[k], &b->volumes[k])) return false;
  return true;
}

/* The first case of the group with the same channels that has most cases with labels, or most cases where none has any. NULL: out of memory. */
static const patch_case *commonest(tome_patches *p, tome_error *err) {
  struct group {
    const patch_case *first;
    size_t weight;
  } *groups = tome_arena_alloc(&p->arena, (p->case_count + 1) * sizeof *groups, err);
  size_t count = 0, best = 0;
  if (!groups) return NULL;
  for (size_t i = 0; i < p->case_count; i++) {
    if (!p->cases[i].count) continue;
    size_t g = 0;
    while (g < count && !same_channels(groups[g].first, &p->cases[i])) g++;
    if (g == count) groups[count++] = (struct group){&p->cases[i], 0};
    groups[g].weight += p->cases[i].volume_count > channels_of(&p->cases[i]) ? p->case_count + 1 : 1;
  }
  for (size_t g = 1; g < count; g++)
    if (groups[g].weight > groups[best].weight) best = g;
  return groups[best].first;
}

static const char *list_channels(tome_patches *p, const patch_case *c, tome_error *err) {
  const char *text = "";
  for (size_t k = 0; text && k < channels_of(c); k++)
    text = tome_arena_printf(&p->arena, err, "%s%s%s (%s)", text, k ? ", " : "", c->volumes[k].name,
                             tome_dtype_name(c->volumes[k].dtype));
  return text;
}

static bool keep_channels(tome_patches *p, const patch_note *note, tome_error *err) {
  const patch_case *like = commonest(p, err);
  const char *theirs = like ? list_channels(p, like, err) : NULL;
  if (!theirs) return false;
  for (size_t i = 0; i < p->case_count; i++) {
    patch_case *c = &p->cases[i];
    if (!c->count || same_channels(like, c)) continue;
    const char *own = list_channels(p, c, err);
    const char *text = !own ? NULL
                            : tome_arena_printf(&p->arena, err,
                                                "passed over: its channels are %s, and those of the archive %s; write "
                                                "such cases to an archive of their own",
                                                own, theirs);
    if (!text) return false;
    leave_out(c, note, text);
  }
  return true;
}

/* ---- label maps: the one that most have, and what all of those have ---- */

static bool count_maps(tome_patches *p, kinds *out, tome_error *err) {
  for (size_t i = 0; i < p->case_count; i++) {
    const patch_case *c = &p->cases[i];
    for (size_t k = channels_of(c); c->count && k < c->volume_count; k++) {
      size_t at = 0;
      while (at < out->count && !same_volume(out->items[at].volume, &c->volumes[k])) at++;
      if (at == out->count) {
        if (!tome_arena_grow(&p->arena, &out->items, &out->cap, at + 1, sizeof *out->items, err)) return false;
        out->items[out->count++] = (kind){&c->volumes[k], 0};
      }
      out->items[at].cases++;
    }
  }
  return true;
}

/* The map that every row must have: the options' own, or the one that most cases have. NULL: no case has any. */
static const tome_patch_volume *anchor_of(const tome_patches *p, const kinds *maps) {
  const kind *best = NULL;
  for (size_t i = 0; i < maps->count; i++) {
    const kind *m = &maps->items[i];
    if (p->opt.label && strcmp(m->volume->name, p->opt.label) != 0) continue;
    if (!best || m->cases > best->cases) best = m;
  }
  return best ? best->volume : NULL;
}

static bool keep_labelled(tome_patches *p, const tome_patch_volume *anchor, const patch_note *note, tome_error *err) {
  for (size_t i = 0; i < p->case_count; i++) {
    patch_case *c = &p->cases[i];
    if (!c->count || place_in(c, anchor) < c->volume_count) continue;
    const char *text = tome_arena_printf(&p->arena, err,
                                         "passed over: has no label map %s (%s), which the archive holds; write such "
                                         "cases to an archive of their own",
                                         anchor->name, tome_dtype_name(anchor->dtype));
    if (!text) return false;
    leave_out(c, note, text);
  }
  return true;
}

static size_t cases_left(const tome_patches *p) {
  size_t n = 0;
  for (size_t i = 0; i < p->case_count; i++) n += p->cases[i].count > 0;
  return n;
}

static bool say_left_out(tome_patches *p, const kinds *maps, size_t cases, const patch_note *note, tome_error *err) {
  for (size_t i = 0; note->say && i < maps->count; i++) {
    const kind *m = &maps->items[i];
    if (m->cases == cases) continue;
    const char *text = tome_arena_printf(&p->arena, err,
                                         "holds no label map %s (%s), which %zu of its %zu cases have; an archive of "
                                         "those alone has it in",
                                         m->volume->name, tome_dtype_name(m->volume->dtype), m->cases, cases);
    if (!text) return false;
    note->say(note->user, "archive", text);
  }
  return true;
}

/* The volumes of a case that go into a row: its channels, and the maps that all have, in one order for all cases. */
static bool take_volumes(tome_patches *p, patch_case *c, const kinds *maps, size_t cases, tome_error *err) {
  const size_t channels = channels_of(c);
  c->taken = tome_arena_alloc(&p->arena, (channels + maps->count + 1) * sizeof *c->taken, err);
  if (!c->taken) return false;
  for (size_t k = 0; k < channels; k++) c->taken[c->taken_count++] = k;
  for (size_t i = 0; i < maps->count; i++)
    if (maps->items[i].cases == cases) c->taken[c->taken_count++] = place_in(c, maps->items[i].volume);
  return true;
}

static bool keep_anchored(tome_patches *p, const patch_note *note, tome_error *err) {
  kinds maps = {0};
  if (!count_maps(p, &maps, err)) return false;
  const tome_patch_volume *anchor = anchor_of(p, &maps);
  return !anchor || keep_labelled(p, anchor, note, err);
}

bool tome_patches_make_alike(tome_patches *p, const patch_note *note, tome_error *err) {
  kinds maps = {0};
  if (p->opt.label && !keep_anchored(p, note, err)) return false; /* what was asked for comes before what is common */
  if (!keep_channels(p, note, err) || !keep_anchored(p, note, err) || !count_maps(p, &maps, err)) return false;
  const size_t cases = cases_left(p);
  for (size_t i = 0; i < p->case_count; i++) {
    p->cases[i].taken_count = 0;
    if (p->cases[i].count && !take_volumes(p, &p->cases[i], &maps, cases, err)) return false;
  }
  tome_patches_number(p);
  return say_left_out(p, &maps, cases, note, err);
}
