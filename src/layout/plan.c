/* Building a plan: cases, label maps and sentences, all copied into the plan's arena. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "layout/scan.h"

void tome_plan_clear(tome_plan *p) {
  tome_arena_clear(&p->arena);
  *p = (tome_plan){0};
}

/* "LITS/Training Batch 1": the root's own name and the path below it. */
static char *where(tome_plan *p, const tome_scan *s, size_t folder, tome_error *err) {
  if (folder == TOME_NOWHERE) return tome_arena_dup(&p->arena, "", err);
  if (!folder) return tome_arena_dup(&p->arena, s->folders[0].name, err);
  return tome_join(&p->arena, s->folders[0].name, s->folders[folder].path, err);
}

tome_case_input *tome_plan_case(tome_plan *p, const tome_scan *s, const char *layout, const char *name, size_t folder,
                                tome_error *err) {
  if (!tome_arena_grow(&p->arena, &p->cases, &p->case_cap, p->case_count + 1, sizeof *p->cases, err)) return NULL;
  tome_case_input *c = &p->cases[p->case_count];
  *c = (tome_case_input){.layout = layout, .name = tome_arena_dup(&p->arena, name, err)};
  if (!c->name || !(c->folder = where(p, s, folder, err))) return NULL;
  c->id = c->name;
  p->case_count++;
  return c;
}

/* The last part of `*path` (of length *n) that says something; *n becomes what stands before it. */
static const char *last_part(const char *path, size_t *n, size_t *length) {
  size_t end = *n;
  while (end && path[end - 1] == '/') end--;
  size_t begin = end;
  while (begin && path[begin - 1] != '/') begin--;
  *length = end - begin;
  *n = begin;
  return path + begin;
}

enum { MOST_PARTS = 4, NAME_ROOM = 1024 };

/* Walks up an absolute path: leaves out trailing words like "images", and goes on while the name in hand is a common one.
 * `*above` gets the length of what the name does not use. */
static bool folder_name(const char *path, char name[NAME_ROOM], size_t *above) {
  size_t n = strlen(path), parts = 0;
  name[0] = '\0';
  while (parts < MOST_PARTS) {
    size_t length = 0;
    const char *at = last_part(path, &n, &length);
    char part[NAME_ROOM], joined[NAME_ROOM];
    if (!length || length >= sizeof part) break;
    memcpy(part, at, length);
    part[length] = '\0';
    if (!parts && tome_name_is_empty_word(part)) continue;
    const int used = snprintf(joined, sizeof joined, parts ? "%s_%s" : "%s%s", part, name);
    if (used < 0 || (size_t)used >= sizeof joined) break;
    memcpy(name, joined, (size_t)used + 1);
    parts++;
    if (!tome_name_is_common(part)) break;
  }
  *above = n;
  return parts > 0;
}

tome_case_input *tome_plan_case_of_folder(tome_plan *p, const tome_scan *s, const char *layout, size_t folder,
                                          tome_error *err) {
  char *inside = where(p, s, folder, err);
  char *path = inside ? tome_join(&p->arena, s->outside, inside, err) : NULL;
  if (!path) return NULL;
  char name[NAME_ROOM];
  size_t above = 0;
  if (!folder_name(path, name, &above)) snprintf(name, sizeof name, "case");
  tome_case_input *c = tome_plan_case(p, s, layout, name, TOME_NOWHERE, err);
  if (!c) return NULL;
  /* What stands above the name, from the root's own name on, tells equal names apart. */
  const size_t skip = strlen(path) - strlen(inside);
  while (above && path[above - 1] == '/') above--;
  path[above] = '\0';
  c->folder = above > skip ? path + skip : "";
  return c;
}

bool tome_plan_input(tome_plan *p, const tome_scan *s, const tome_picks *picks, const char *shown, tome_input *out,
                     tome_error *err) {
  tome_input in = {.path_count = picks->count, .shown = tome_arena_dup(&p->arena, shown, err)};
  in.paths = tome_arena_alloc(&p->arena, (picks->count + 1) * sizeof *in.paths, err);
  if (!in.paths || !in.shown) return false;
  for (size_t i = 0; i < picks->count; i++) {
    const tome_entry *e = &s->tree->entries[picks->items[i]];
    in.paths[i] = tome_arena_dup(&p->arena, e->full, err);
    if (!in.paths[i]) return false;
    in.root_length = strlen(e->full) - strlen(*e->path ? e->path : tome_basename(e->full));
  }
  *out = in;
  return true;
}

static bool has_map(const tome_case_input *c, const char *map) {
  for (size_t i = 0; i < c->label_count; i++)
    if (strcmp(c->labels[i].map, map) == 0) return true;
  return false;
}

bool tome_plan_label(tome_plan *p, tome_case_input *c, const char *map, const tome_scan *s, const tome_picks *picks,
                     const char *shown, tome_error *err) {
  const char *safe = tome_safe_name(&p->arena, map, err);
  const char *name = safe;
  for (int n = 2; name && has_map(c, name); n++) name = tome_arena_printf(&p->arena, err, "%s-%d", safe, n);
  if (!name || !tome_arena_grow(&p->arena, &c->labels, &c->label_cap, c->label_count + 1, sizeof *c->labels, err))
    return false;
  tome_label_input label = {.map = name};
  if (!tome_plan_input(p, s, picks, shown, &label.input, err)) return false;
  c->labels[c->label_count++] = label;
  return true;
}

bool tome_plan_channel(tome_plan *p, tome_case_input *c, const char *name, const tome_scan *s, const tome_picks *picks,
                       const char *shown, tome_error *err) {
  tome_channel_input channel = {.name = tome_safe_name(&p->arena, name, err)};
  if (!channel.name ||
      !tome_arena_grow(&p->arena, &c->channels, &c->channel_cap, c->channel_count + 1, sizeof *c->channels, err) ||
      !tome_plan_input(p, s, picks, shown, &channel.input, err))
    return false;
  c->channels[c->channel_count++] = channel;
  return true;
}

bool tome_plan_pass_over(tome_plan *p, const char *path, tome_error *err, const char *fmt, ...) {
  char text[1000];
  va_list args;
  va_start(args, fmt);
  vsnprintf(text, sizeof text, fmt, args);
  va_end(args);
  if (!tome_arena_grow(&p->arena, &p->passed, &p->passed_cap, p->passed_count + 1, sizeof *p->passed, err))
    return false;
  tome_passed_over over = {tome_arena_dup(&p->arena, path, err), tome_arena_dup(&p->arena, text, err), false, 0};
  if (!over.path || !over.text) return false;
  p->passed[p->passed_count++] = over;
  return true;
}

tome_case_input *tome_plan_find(const tome_plan *p, const char *path) {
  for (size_t i = 0; i < p->case_count; i++)
    if (p->cases[i].image.path_count && strcmp(p->cases[i].image.paths[0], path) == 0) return &p->cases[i];
  return NULL;
}
