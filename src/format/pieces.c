/* Lists of pieces: growing them, and moving one list's items to the end of another. Drawings: letting go of them, and their notes. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "format/head.h"

void tome_pieces_clear(tome_pieces *p) {
  tome_arena_clear(&p->arena);
  *p = (tome_pieces){0};
}

/* A copy of `s` in the arena, or `before` itself where it reads the same: a series of slices has most strings in common. */
static const char *keep(tome_arena *a, const char *s, const char *before, tome_error *err) {
  if (!s || !*s) return "";
  if (before && strcmp(before, s) == 0) return before;
  return tome_arena_dup(a, s, err);
}

tome_piece *tome_pieces_add(tome_pieces *p, const tome_format *f, const char *path, tome_error *err) {
  const char *own = keep(&p->arena, path, p->count ? p->items[p->count - 1].path : NULL, err);
  if (!own) return NULL;
  if (!tome_arena_grow(&p->arena, &p->items, &p->cap, p->count + 1, sizeof *p->items, err)) return NULL;
  tome_piece *piece = &p->items[p->count++];
  *piece = (tome_piece){
      .format = f,
      .path = own,
      .name = "",
      .channels = 1,
      .slope = 1,
      .tilt_tag = NAN,
      .geometry_note = "",
      .series_uid = "",
      .study_uid = "",
      .frame_uid = "",
      .sop_uid = "",
      .sop_class = "",
      .modality = "",
      .image_type = "",
      .description = "",
      .instance = INT64_MIN,
      .acquisition = INT64_MIN,
      .temporal = INT64_MIN,
      .identity = "",
      .data_path = "",
      .note = "",
  };
  return piece;
}

static bool pass_over(tome_pieces *p, const char *path, const char *text, bool damaged, tome_error *err) {
  const char *own_path = keep(&p->arena, path, NULL, err), *own_text = keep(&p->arena, text, NULL, err);
  if (!own_path || !own_text) return false;
  if (!tome_arena_grow(&p->arena, &p->passed, &p->passed_cap, p->passed_count + 1, sizeof *p->passed, err))
    return false;
  p->passed[p->passed_count++] = (tome_passed_over){own_path, own_text, damaged, 0};
  return true;
}

/* Bytes of a valid UTF-8 character at s: 0 where there is none, or where it is a control character. */
static size_t character(const uint8_t *s) {
  const size_t n = *s < 0x80                 ? 1
                   : *s >= 0xc2 && *s < 0xe0 ? 2
                   : *s >= 0xe0 && *s < 0xf0 ? 3
                   : *s >= 0xf0 && *s < 0xf5 ? 4
                                             : 0;
  for (size_t i = 1; i < n; i++)
    if ((s[i] & 0xc0) != 0x80) return 0;
  return n == 1 && (*s < ' ' || *s == 0x7f) ? 0 : n;
}

void tome_make_printable(char *text) {
  for (uint8_t *s = (uint8_t *)text; *s;) {
    const size_t n = character(s);
    if (!n) *s = '?';
    s += n ? n : 1;
  }
}

bool tome_pieces_pass_over(tome_pieces *p, const char *path, bool damaged, tome_error *err, const char *fmt, ...) {
  char text[1024];
  va_list args;
  va_start(args, fmt);
  vsnprintf(text, sizeof text, fmt, args);
  va_end(args);
  tome_make_printable(text);
  return pass_over(p, path, text, damaged, err);
}

/* The fields that point into the list's arena and so have to move with it. */
static const size_t string_fields[] = {
    offsetof(tome_piece, path),      offsetof(tome_piece, geometry_note), offsetof(tome_piece, series_uid),
    offsetof(tome_piece, study_uid), offsetof(tome_piece, frame_uid),     offsetof(tome_piece, sop_uid),
    offsetof(tome_piece, sop_class), offsetof(tome_piece, modality),      offsetof(tome_piece, image_type),
    offsetof(tome_piece, name),      offsetof(tome_piece, identity),      offsetof(tome_piece, description),
    offsetof(tome_piece, data_path), offsetof(tome_piece, note),
};

static const char **string_at(tome_piece *p, size_t field) { return (const char **)((char *)p + field); }

/* The same for palettes, which the slices of a stack share. */
static bool keep_palette(tome_arena *a, const tome_palette **palette, const tome_palette *before, tome_error *err) {
  if (!*palette) return true;
  if (before && memcmp(before, *palette, sizeof *before) == 0) {
    *palette = before;
    return true;
  }
  tome_palette *own = tome_arena_alloc(a, sizeof *own, err);
  if (own) *own = **palette;
  *palette = own;
  return own;
}

static bool same_list(const tome_piece *a, const tome_piece *b) {
  if (a->more_count != b->more_count) return false;
  for (size_t i = 0; i < a->more_count; i++)
    if (strcmp(a->more_paths[i], b->more_paths[i]) != 0) return false;
  return true;
}

/* And for the names of detached files, which the frames of one header share. */
static bool keep_more(tome_arena *a, tome_piece *p, const tome_piece *before, tome_error *err) {
  if (!p->more_count) return true;
  if (before && same_list(before, p)) {
    p->more_paths = before->more_paths;
    return true;
  }
  const char **own = tome_arena_alloc(a, p->more_count * sizeof *own, err);
  for (size_t i = 0; own && i < p->more_count; i++)
    if (!(own[i] = tome_arena_dup(a, p->more_paths[i], err))) return false;
  p->more_paths = own;
  return own;
}

void tome_pieces_as_pictures(tome_pieces *p) {
  for (size_t i = 0; i < p->count; i++) {
    tome_piece *piece = &p->items[i];
    if (!piece->palette || piece->coloured) continue;
    piece->channels = tome_palette_channels(piece->palette);
    piece->coloured = true;
  }
}

static bool move_piece(tome_pieces *to, const tome_piece *piece, tome_error *err) {
  if (!tome_arena_grow(&to->arena, &to->items, &to->cap, to->count + 1, sizeof *to->items, err)) return false;
  tome_piece copy = *piece, *before = to->count ? &to->items[to->count - 1] : NULL;
  for (size_t i = 0; i < TOME_COUNT(string_fields); i++) {
    const char **s = string_at(&copy, string_fields[i]);
    *s = keep(&to->arena, *s, before ? *string_at(before, string_fields[i]) : NULL, err);
    if (!*s) return false;
  }
  if (!keep_palette(&to->arena, &copy.palette, before ? before->palette : NULL, err) ||
      !keep_more(&to->arena, &copy, before, err))
    return false;
  to->items[to->count++] = copy;
  return true;
}

bool tome_pieces_join(tome_pieces *to, tome_pieces *from, tome_error *err) {
  const size_t count = to->count, passed = to->passed_count;
  bool ok = true;
  for (size_t i = 0; ok && i < from->count; i++) ok = move_piece(to, &from->items[i], err);
  for (size_t i = 0; ok && i < from->passed_count; i++)
    ok = pass_over(to, from->passed[i].path, from->passed[i].text, from->passed[i].damaged, err);
  if (!ok) { /* what was appended is forgotten; its memory goes with the arena */
    to->count = count;
    to->passed_count = passed;
    return false;
  }
  tome_pieces_clear(from);
  return true;
}

void tome_drawing_clear(tome_drawing *d) {
  tome_arena_clear(&d->arena);
  *d = (tome_drawing){0};
}

bool tome_drawing_note(tome_drawing *d, tome_error *err, const char *fmt, ...) {
  char text[1024];
  va_list args;
  va_start(args, fmt);
  vsnprintf(text, sizeof text, fmt, args);
  va_end(args);
  if (!tome_arena_grow(&d->arena, &d->notes, &d->note_cap, d->note_count + 1, sizeof *d->notes, err)) return false;
  const char *own = tome_arena_dup(&d->arena, text, err);
  if (own) d->notes[d->note_count++] = own;
  return own;
}
