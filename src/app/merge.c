/* One map out of several structures: rows of NAME=VALUE in a stated order, later rows painted over earlier ones. Maps come one at a time, in any order:
 * each voxel remembers the highest row that painted it. */
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "app/app.h"

enum { MOST_ROWS = 255 }; /* a row's number must fit a voxel of `rank` */

typedef struct merge_row {
  const char *pattern; /* as the shell's: livertumor* */
  int32_t value;
} merge_row;

struct tome_merging {
  tome_arena arena;
  merge_row rows[MOST_ROWS];
  size_t count;
  tome_volume map; /* TOME_U8: the row's number + 1 while painting, the value at the end */
};

static bool add_row(tome_merging *m, char *row, tome_error *err) {
  char *eq = strrchr(row, '='), *end = NULL;
  errno = 0;
  const long value = eq ? strtol(eq + 1, &end, 10) : 0;
  if (!eq || eq == row || end == eq + 1 || *end || errno || value < 1 || value > 255)
    return tome_fail(err, TOME_USAGE,
                     "merge \"%s\": wanted NAME=VALUE with a value from 1 to 255, as in liver=1,livertumor*=2", row);
  if (m->count == MOST_ROWS) return tome_fail(err, TOME_USAGE, "merge: more than %d rows", MOST_ROWS);
  *eq = '\0';
  m->rows[m->count++] = (merge_row){row, (int32_t)value};
  return true;
}

static bool parse_rows(tome_merging *m, const char *text, tome_error *err) {
  char *copy = tome_arena_dup(&m->arena, text, err), *save = NULL;
  if (!copy) return false;
  for (char *row = strtok_r(copy, ",", &save); row; row = strtok_r(NULL, ",", &save))
    if (!add_row(m, row, err)) return false;
  return m->count || tome_fail(err, TOME_USAGE, "merge \"%s\": no rows; wanted NAME=VALUE,…", text);
}

bool tome_merging_check(const char *rows, tome_error *err) {
  tome_merging m = {0};
  const bool ok = parse_rows(&m, rows, err);
  tome_arena_clear(&m.arena);
  return ok;
}

tome_merging *tome_merging_new(const char *rows, const tome_geometry *g, tome_error *err) {
  tome_merging *m = tome_alloc_zero(1, sizeof *m, "merge", err);
  if (!m) return NULL;
  m->map.geometry = *g;
  m->map.dtype = TOME_U8;
  if (parse_rows(m, rows, err) && (m->map.data = tome_alloc_zero(tome_volume_voxels(&m->map), 1, "merged labels", err)))
    return m;
  tome_merging_free(m);
  return NULL;
}

void tome_merging_free(tome_merging *m) {
  if (!m) return;
  tome_volume_clear(&m->map);
  tome_arena_clear(&m->arena);
  free(m);
}

/* The last row that a name matches, + 1; 0 where none does. */
static uint8_t rank_of(const tome_merging *m, const char *name) {
  for (size_t i = m->count; i-- > 0;)
    if (fnmatch(m->rows[i].pattern, name, FNM_CASEFOLD) == 0) return (uint8_t)(i + 1);
  return 0;
}

bool tome_merging_paint(tome_merging *m, const tome_volume *map, const char *map_name, const tome_label *labels,
                        size_t label_count, tome_error *err) {
  TOME_AUTO_FREE uint8_t *rank = tome_alloc_zero(65536, 1, "merge", err);
  if (!rank) return false;
  for (size_t i = 0; i < label_count; i++) {
    const uint8_t by_name = rank_of(m, labels[i].name);
    rank[labels[i].value & 0xffff] = by_name ? by_name : rank_of(m, map_name);
  }
  const size_t n = tome_volume_voxels(map);
  uint8_t *to = m->map.data;
  const uint8_t *narrow = map->data;
  const uint16_t *wide = map->data;
  for (size_t i = 0; i < n; i++) {
    const uint8_t r = rank[map->dtype == TOME_U8 ? narrow[i] : wide[i]];
    if (r > to[i]) to[i] = r;
  }
  return true;
}

/* A value's name is the pattern that gave it, without its wildcards ("livertumor*" → "livertumor"). */
static char *plain_name(tome_arena *a, const char *pattern, tome_error *err) {
  char *name = tome_arena_dup(a, pattern, err), *to = name;
  if (!name) return NULL;
  for (const char *p = name; *p; p++)
    if (!strchr("*?[]\\", *p)) *to++ = *p;
  *to = '\0';
  return name;
}

bool tome_merging_finish(tome_merging *m, tome_arena *arena, const tome_volume **map, tome_value_name **names,
                         size_t *name_count, tome_error *err) {
  uint8_t value[256] = {0};
  tome_value_name *list = tome_arena_alloc(arena, m->count * sizeof *list, err);
  if (!list) return false;
  for (size_t i = 0; i < m->count; i++) {
    value[i + 1] = (uint8_t)m->rows[i].value;
    list[i] = (tome_value_name){m->rows[i].value, plain_name(arena, m->rows[i].pattern, err)};
    if (!list[i].name) return false;
  }
  uint8_t *v = m->map.data;
  const size_t n = tome_volume_voxels(&m->map);
  for (size_t i = 0; i < n; i++) v[i] = value[v[i]];
  *map = &m->map;
  *names = list;
  *name_count = m->count;
  return true;
}
