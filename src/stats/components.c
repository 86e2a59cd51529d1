/* Union-find over runs, slice by slice. */
#include "stats/components.h"

#include <stdlib.h>
#include <string.h>

enum { COMPACT_FIRST = 1 << 14 };
#define UNASSIGNED UINT32_MAX

static void layer_clear(tome_layer *l) {
  free(l->rows);
  free(l->strips);
  *l = (tome_layer){0};
}

void tome_slab_clear(tome_slab *s) {
  layer_clear(&s->first);
  layer_clear(&s->last);
  layer_clear(&s->next);
  free(s->parts);
  *s = (tome_slab){0};
}

bool tome_slab_strip(tome_slab *s, uint32_t y, size_t lo, size_t hi, uint32_t value, tome_error *err) {
  tome_layer *l = &s->next;
  if (hi > UINT32_MAX || l->strip_count >= UINT32_MAX - 1)
    return tome_fail(err, TOME_UNSUPPORTED, "label map: a slice is too large to find components in");
  if (!tome_grow(&l->strips, &l->strip_cap, l->strip_count + 1, sizeof *l->strips, err)) return false;
  if (l->row_count == 0 || l->rows[l->row_count - 1].y != y) {
    if (!tome_grow(&l->rows, &l->row_cap, l->row_count + 1, sizeof *l->rows, err)) return false;
    l->rows[l->row_count++] = (tome_strip_row){.y = y, .first = (uint32_t)l->strip_count};
  }
  l->strips[l->strip_count++] =
      (tome_strip){.lo = (uint32_t)lo, .hi = (uint32_t)hi, .value = value, .part = UNASSIGNED};
  return true;
}

static uint32_t find_root(tome_part *parts, uint32_t i) {
  while (parts[i].parent != i) i = parts[i].parent = parts[parts[i].parent].parent;
  return i;
}

static void unite(tome_part *parts, uint32_t a, uint32_t b) {
  a = find_root(parts, a);
  b = find_root(parts, b);
  if (a == b) return;
  const uint32_t root = a < b ? a : b, child = a < b ? b : a;
  parts[child].parent = root;
  parts[root].voxels += parts[child].voxels;
}

/* Joins the strips of row a with those of row b that they touch, corners included. Both are in rising x. */
static void link_rows(tome_part *parts, tome_strip *a, const tome_strip *a_end, const tome_strip *b,
                      const tome_strip *b_end) {
  for (; a < a_end; a++) {
    while (b < b_end && b->hi < a->lo) b++;
    for (const tome_strip *at = b; at < b_end && at->lo <= a->hi; at++) {
      if (at->value != a->value) continue;
      if (a->part == UNASSIGNED)
        a->part = at->part;
      else if (a->part != at->part)
        unite(parts, a->part, at->part);
    }
  }
}

static tome_strip *row_begin(const tome_layer *l, size_t row) { return l->strips + l->rows[row].first; }

static tome_strip *row_end(const tome_layer *l, size_t row) {
  return l->strips + (row + 1 < l->row_count ? l->rows[row + 1].first : l->strip_count);
}

/* Links one row to the rows y-1, y, y+1 of the slice before. *from, a row number there, only ever rises. */
static void link_row_below(tome_part *parts, const tome_layer *l, size_t row, const tome_layer *below, size_t *from) {
  const uint64_t y = l->rows[row].y;
  while (*from < below->row_count && (uint64_t)below->rows[*from].y + 1 < y) ++*from;
  for (size_t r = *from; r < below->row_count && below->rows[r].y <= y + 1; r++)
    link_rows(parts, row_begin(l, row), row_end(l, row), row_begin(below, r), row_end(below, r));
}

/* Strips that touch nothing yet become components of their own; all add their voxels. */
static bool settle_row(tome_slab *s, const tome_layer *l, size_t row, tome_error *err) {
  for (tome_strip *a = row_begin(l, row), *end = row_end(l, row); a < end; a++) {
    if (a->part == UNASSIGNED) {
      if (s->part_count >= UNASSIGNED) return tome_fail(err, TOME_UNSUPPORTED, "label map: too many components");
      if (!tome_grow(&s->parts, &s->part_cap, s->part_count + 1, sizeof *s->parts, err)) return false;
      a->part = (uint32_t)s->part_count++;
      s->parts[a->part] = (tome_part){.parent = a->part, .value = a->value};
    }
    s->parts[find_root(s->parts, a->part)].voxels += a->hi - a->lo;
  }
  return true;
}

static void tally_part(const tome_part *p, tome_component_tally *tallies) {
  tome_component_tally *t = &tallies[p->value];
  t->count++;
  if (p->voxels > t->largest) t->largest = p->voxels;
}

static void to_roots(tome_slab *s, tome_layer *l, uint32_t *number) {
  for (size_t i = 0; i < l->strip_count; i++) {
    l->strips[i].part = find_root(s->parts, l->strips[i].part);
    number[l->strips[i].part] = 1;
  }
}

static void renumber(tome_layer *l, const uint32_t *number) {
  for (size_t i = 0; i < l->strip_count; i++) l->strips[i].part = number[l->strips[i].part];
}

/* Tallies and drops the components that no strip of the two layers belongs to; the rest is numbered anew. */
static bool compact(tome_slab *s, tome_component_tally *tallies, tome_error *err) {
  TOME_AUTO_FREE uint32_t *number = tome_alloc_zero(s->part_count, sizeof *number, "components", err);
  if (!number) return false;
  to_roots(s, &s->first, number);
  to_roots(s, &s->last, number);
  uint32_t kept = 0;
  for (size_t i = 0; i < s->part_count; i++) {
    const tome_part p = s->parts[i];
    if (p.parent != i) continue;
    if (!number[i]) {
      tally_part(&p, tallies);
      continue;
    }
    number[i] = kept;
    s->parts[kept] = (tome_part){.parent = kept, .value = p.value, .voxels = p.voxels};
    kept++;
  }
  renumber(&s->first, number);
  renumber(&s->last, number);
  s->part_count = kept;
  s->compact_at = 2 * (size_t)kept + COMPACT_FIRST;
  return true;
}

static bool copy_layer(tome_layer *to, const tome_layer *from, tome_error *err) {
  if (!tome_grow(&to->rows, &to->row_cap, from->row_count, sizeof *to->rows, err) ||
      !tome_grow(&to->strips, &to->strip_cap, from->strip_count, sizeof *to->strips, err))
    return false;
  if (from->row_count) memcpy(to->rows, from->rows, from->row_count * sizeof *to->rows);
  if (from->strip_count) memcpy(to->strips, from->strips, from->strip_count * sizeof *to->strips);
  to->row_count = from->row_count;
  to->strip_count = from->strip_count;
  return true;
}

bool tome_slab_slice_end(tome_slab *s, tome_component_tally *tallies, tome_error *err) {
  tome_layer *l = &s->next;
  size_t from = 0;
  for (size_t row = 0; row < l->row_count; row++) {
    link_row_below(s->parts, l, row, &s->last, &from);
    if (row > 0 && l->rows[row - 1].y + 1 == l->rows[row].y)
      link_rows(s->parts, row_begin(l, row), row_end(l, row), row_begin(l, row - 1), row_end(l, row - 1));
    if (!settle_row(s, l, row, err)) return false;
  }
  if (!s->has_first && !copy_layer(&s->first, l, err)) return false;
  s->has_first = true;
  const tome_layer spare = s->last;
  s->last = s->next;
  s->next = spare;
  s->next.row_count = s->next.strip_count = 0;
  return s->part_count <= s->compact_at || compact(s, tallies, err);
}

static void trim(void *array_ptr, size_t *cap, size_t count, size_t size) {
  void *p;
  memcpy(&p, array_ptr, sizeof p);
  void *smaller = realloc(p, (count ? count : 1) * size);
  if (!smaller) return;
  memcpy(array_ptr, &smaller, sizeof smaller);
  *cap = count ? count : 1;
}

bool tome_slab_end(tome_slab *s, tome_component_tally *tallies, tome_error *err) {
  layer_clear(&s->next);
  if (!compact(s, tallies, err)) return false;
  trim(&s->first.strips, &s->first.strip_cap, s->first.strip_count, sizeof *s->first.strips);
  trim(&s->last.strips, &s->last.strip_cap, s->last.strip_count, sizeof *s->last.strips);
  trim(&s->parts, &s->part_cap, s->part_count, sizeof *s->parts);
  return true;
}

/* Puts a slab's parts behind those of the slabs before; its strips follow. */
static void append_parts(tome_part *all, uint32_t base, tome_slab *s) {
  for (size_t i = 0; i < s->part_count; i++) {
    all[base + i] = s->parts[i];
    all[base + i].parent += base;
  }
  for (size_t i = 0; i < s->first.strip_count; i++) s->first.strips[i].part += base;
  for (size_t i = 0; i < s->last.strip_count; i++) s->last.strips[i].part += base;
}

bool tome_slabs_join(tome_slab *slabs, size_t count, tome_component_tally *tallies, tome_error *err) {
  size_t total = 0;
  for (size_t i = 0; i < count; i++) total += slabs[i].part_count;
  if (total >= UNASSIGNED) return tome_fail(err, TOME_UNSUPPORTED, "label map: too many components");
  TOME_AUTO_FREE tome_part *all = tome_alloc(total, sizeof *all, "components", err);
  if (!all) return false;
  uint32_t base = 0;
  for (size_t i = 0; i < count; i++) {
    append_parts(all, base, &slabs[i]);
    base += (uint32_t)slabs[i].part_count;
    size_t from = 0;
    for (size_t row = 0; i > 0 && row < slabs[i].first.row_count; row++)
      link_row_below(all, &slabs[i].first, row, &slabs[i - 1].last, &from);
  }
  for (size_t i = 0; i < total; i++)
    if (all[i].parent == i) tally_part(&all[i], tallies);
  return true;
}
