/* The lists of a record: each grows in the record's arena, and the strings put into it are copied there. */
#include "record/record.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *tome_severity_name(tome_severity s) {
  static const char *const names[] = {"info", "warning", "error"};
  return (size_t)s < TOME_COUNT(names) ? names[s] : "error";
}

void tome_record_clear(tome_record *r) {
  if (!r) return;
  tome_arena_clear(&r->arena);
  memset(r, 0, sizeof *r);
}

/* printf into the arena; NULL on failure. */
TOME_PRINTF(2, 0) static char *arena_vprintf(tome_arena *a, const char *fmt, va_list args, tome_error *err) {
  va_list again;
  va_copy(again, args);
  const int n = vsnprintf(NULL, 0, fmt, args);
  char *text = tome_arena_alloc(a, (size_t)(n < 0 ? 0 : n) + 1, err);
  if (text) vsnprintf(text, (size_t)(n < 0 ? 0 : n) + 1, fmt, again);
  va_end(again);
  return text;
}

bool tome_record_problem(tome_record *r, tome_severity severity, const char *code, const char *remedy, tome_error *err,
                         const char *fmt, ...) {
  va_list args;
  va_start(args, fmt);
  const char *text = arena_vprintf(&r->arena, fmt, args, err);
  va_end(args);
  tome_problem p = {.severity = severity, .text = text};
  if (!text || !(p.code = tome_arena_dup(&r->arena, code, err)) ||
      !(p.remedy = tome_arena_dup(&r->arena, remedy, err)) ||
      !tome_arena_grow(&r->arena, &r->problems, &r->problem_cap, r->problem_count + 1, sizeof p, err))
    return false;
  r->problems[r->problem_count++] = p;
  return true;
}

bool tome_record_repair(tome_record *r, const char *kind, tome_error *err, const char *fmt, ...) {
  va_list args;
  va_start(args, fmt);
  const char *text = arena_vprintf(&r->arena, fmt, args, err);
  va_end(args);
  tome_repair p = {.text = text};
  if (!text || !(p.kind = tome_arena_dup(&r->arena, kind, err)) ||
      !tome_arena_grow(&r->arena, &r->repairs, &r->repair_cap, r->repair_count + 1, sizeof p, err))
    return false;
  r->repairs[r->repair_count++] = p;
  return true;
}

bool tome_record_source(tome_record *r, const tome_source *s, tome_error *err) {
  tome_source copy = *s;
  if (!(copy.role = tome_arena_dup(&r->arena, s->role, err)) ||
      !(copy.path = tome_arena_dup(&r->arena, s->path, err)) ||
      !(copy.sop_uid = tome_arena_dup(&r->arena, s->sop_uid, err)) ||
      !tome_arena_grow(&r->arena, &r->sources, &r->source_cap, r->source_count + 1, sizeof copy, err))
    return false;
  r->sources[r->source_count++] = copy;
  return true;
}

bool tome_record_map(tome_record *r, const tome_label_map *m, tome_error *err) {
  tome_label_map copy = *m;
  if (!(copy.name = tome_arena_dup(&r->arena, m->name, err)) ||
      !tome_arena_grow(&r->arena, &r->maps, &r->map_cap, r->map_count + 1, sizeof copy, err))
    return false;
  r->maps[r->map_count++] = copy;
  return true;
}

tome_channel *tome_record_channel(tome_record *r, const char *name, tome_error *err) {
  const char *copy = tome_arena_dup(&r->arena, name, err);
  if (!copy ||
      !tome_arena_grow(&r->arena, &r->channels, &r->channel_cap, r->channel_count + 1, sizeof *r->channels, err))
    return NULL;
  tome_channel *c = &r->channels[r->channel_count++];
  *c = (tome_channel){.name = copy};
  return c;
}

const tome_channel *tome_record_find_channel(const tome_record *r, const char *volume) {
  static const char folder[] = "channels/";
  if (r->channel_count && strcmp(volume, "image") == 0) return &r->channels[0];
  if (strncmp(volume, folder, sizeof folder - 1) != 0) return NULL;
  for (size_t i = 0; i < r->channel_count; i++)
    if (strcmp(r->channels[i].name, volume + sizeof folder - 1) == 0) return &r->channels[i];
  return NULL;
}

tome_label *tome_record_label(tome_record *r, tome_error *err) {
  if (!tome_arena_grow(&r->arena, &r->labels, &r->label_cap, r->label_count + 1, sizeof *r->labels, err)) return NULL;
  tome_label *label = &r->labels[r->label_count++];
  *label = (tome_label){.map = "", .name = ""};
  return label;
}
