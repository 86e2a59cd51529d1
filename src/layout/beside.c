/* Files found by name: in a folder, or in the folders beside it. Names may be many (a folder of ten thousand pictures), so they are searched for, not gone
 * through. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "layout/scan.h"

enum { NAME_ROOM = 300 };

/* The first file of a folder that does not come before `name`. */
static size_t lower_bound(const tome_scan *s, const tome_folder *f, const char *name) {
  size_t lo = 0, hi = f->file_count;
  while (lo < hi) {
    const size_t mid = lo + (hi - lo) / 2;
    if (tome_natural_compare(tome_scan_name(s, f->files[mid]), name) < 0)
      lo = mid + 1;
    else
      hi = mid;
  }
  return lo;
}

size_t tome_scan_file(const tome_scan *s, size_t folder, const char *stem, unsigned kinds) {
  const tome_folder *f = &s->folders[folder];
  const size_t n = strlen(stem);
  char last[NAME_ROOM + 1];
  if (n >= NAME_ROOM) return TOME_NOWHERE;
  snprintf(last, sizeof last, "%s\x7f", stem);
  for (size_t i = lower_bound(s, f, stem); i < f->file_count; i++) {
    const char *name = tome_scan_name(s, f->files[i]);
    if (tome_natural_compare(name, last) > 0) break;
    if (strncmp(name, stem, n) == 0 && name[n] == '.' && tome_stem_length(name) == n &&
        kinds & 1u << tome_name_kind_of(name))
      return f->files[i];
  }
  return TOME_NOWHERE;
}

size_t tome_scan_file_beside(const tome_scan *s, size_t folder, const char *stem, unsigned kinds) {
  size_t found = tome_scan_file(s, folder, stem, kinds);
  const size_t parent = s->folders[folder].parent;
  if (found != TOME_NOWHERE || parent == TOME_NOWHERE) return found;
  const tome_folder *over = &s->folders[parent];
  for (size_t i = 0; found == TOME_NOWHERE && i < over->sub_count; i++)
    if (over->subs[i] != folder) found = tome_scan_file(s, over->subs[i], stem, kinds);
  return found;
}

size_t tome_scan_named(const tome_scan *s, size_t folder, const char *name) {
  const tome_folder *f = &s->folders[folder];
  for (size_t i = lower_bound(s, f, name); i < f->file_count; i++) {
    const char *other = tome_scan_name(s, f->files[i]);
    if (strcmp(other, name) == 0) return f->files[i];
    if (tome_natural_compare(other, name) > 0) break;
  }
  return TOME_NOWHERE;
}

/* ---- cases of one file, and labels of one ---- */

static tome_picks one_pick(size_t *entry) { return (tome_picks){entry, 1, 1}; }

bool tome_plan_image_file(tome_plan *p, tome_scan *s, tome_case_input *c, size_t entry, tome_error *err) {
  const tome_picks one = one_pick(&entry);
  s->claimed[entry] = true;
  if (!tome_plan_input(p, s, &one, tome_scan_shown(s, entry), &c->image, err)) return false;
  const tome_name_kind kind = tome_name_kind_of(tome_scan_name(s, entry));
  if (kind == TOME_NAME_PNG || kind == TOME_NAME_PICTURE)
    for (int a = 0; a < 3; a++) c->image.spacing[a] = 1;
  return true;
}

bool tome_plan_channel_file(tome_plan *p, tome_scan *s, tome_case_input *c, const char *name, size_t entry,
                            tome_error *err) {
  const tome_picks one = one_pick(&entry);
  s->claimed[entry] = true;
  if (!tome_plan_channel(p, c, name, s, &one, tome_scan_shown(s, entry), err)) return false;
  memcpy(c->channels[c->channel_count - 1].input.spacing, c->image.spacing, sizeof c->image.spacing);
  return true;
}

bool tome_plan_label_file(tome_plan *p, tome_scan *s, tome_case_input *c, const char *map, size_t entry,
                          const tome_value_name *names, size_t name_count, tome_error *err) {
  if (entry == TOME_NOWHERE || s->claimed[entry]) return true;
  const tome_picks one = one_pick(&entry);
  s->claimed[entry] = true;
  if (!tome_plan_label(p, c, map, s, &one, tome_scan_shown(s, entry), err)) return false;
  tome_label_input *l = &c->labels[c->label_count - 1];
  memcpy(l->input.spacing, c->image.spacing, sizeof c->image.spacing);
  l->names = names;
  l->name_count = name_count;
  return true;
}

tome_case_input *tome_plan_case_of_file(tome_plan *p, tome_scan *s, const char *layout, size_t entry, tome_error *err) {
  const char *name = tome_scan_name(s, entry);
  char *stem = tome_arena_printf(&s->arena, err, "%.*s", (int)tome_stem_length(name), name);
  tome_case_input *c = stem ? tome_plan_case(p, s, layout, stem, s->folder_of[entry], err) : NULL;
  return c && tome_plan_image_file(p, s, c, entry, err) ? c : NULL;
}
