/* Label values counted chunk by chunk, and the record's table of them. */
#include "record/label_chunks.h"

#include <string.h>

/* Labels lie in runs: one look-up a run, not a voxel. */
#define COUNT_RUNS(type)                                                    \
  static void count_##type(tome_value_counts *c, const type *v, size_t n) { \
    for (size_t i = 0, end; i < n; i = end) {                               \
      end = i + 1;                                                          \
      while (end < n && v[end] == v[i]) end++;                              \
      if (v[i] == 0) continue;                                              \
      if (c->count[v[i]] == 0) c->seen[c->seen_count++] = v[i];             \
      c->count[v[i]] += (uint32_t)(end - i);                                \
    }                                                                       \
  }
COUNT_RUNS(uint8_t)
COUNT_RUNS(uint16_t)

void tome_value_counts_add(tome_value_counts *c, tome_dtype dtype, const void *voxels, size_t n) {
  if (dtype == TOME_U8) count_uint8_t(c, voxels, n);
  if (dtype == TOME_U16) count_uint16_t(c, voxels, n);
}

void tome_value_counts_clear(tome_value_counts *c) {
  for (size_t i = 0; i < c->seen_count; i++) c->count[c->seen[i]] = 0;
  c->seen_count = 0;
}

static int by_number(uint32_t a, uint32_t b) { return (a > b) - (a < b); }

int tome_value_chunk_compare(const void *a, const void *b) {
  const tome_value_chunk *p = a, *q = b;
  if (p->map != q->map) return by_number(p->map, q->map);
  return p->value != q->value ? by_number(p->value, q->value) : by_number(p->chunk, q->chunk);
}

/* The record's label of that map and value; label_count where there is none. */
static size_t label_of(const tome_record *r, const char *map, uint32_t value) {
  size_t i = 0;
  while (i < r->label_count && (r->labels[i].value != (int32_t)value || strcmp(r->labels[i].map, map) != 0)) i++;
  return i;
}

bool tome_record_label_chunks(tome_record *r, const char *const *maps, const tome_value_chunk *rows, size_t count,
                              tome_error *err) {
  tome_label_chunk *out = tome_arena_alloc(&r->arena, (count + 1) * sizeof *out, err);
  if (!out) return false;
  size_t n = 0, label = r->label_count;
  for (size_t i = 0; i < count; i++) {
    const tome_value_chunk *row = &rows[i];
    if (i == 0 || row->map != row[-1].map || row->value != row[-1].value)
      label = label_of(r, maps[row->map], row->value);
    if (label < r->label_count)
      out[n++] = (tome_label_chunk){(int32_t)label, (int32_t)row->chunk, (int32_t)row->voxels};
  }
  r->label_chunks = out;
  r->label_chunk_count = n;
  return true;
}

bool tome_record_knows_chunks(const tome_record *r) {
  if (!r->label_chunks) return false;
  size_t at = 0;
  for (size_t i = 0; i < r->label_count; i++) {
    uint64_t voxels = 0;
    for (; at < r->label_chunk_count && r->label_chunks[at].label == (int32_t)i; at++) {
      if (r->label_chunks[at].voxels < 1 || r->label_chunks[at].chunk < 0) return false;
      voxels += (uint64_t)r->label_chunks[at].voxels;
    }
    if (voxels != r->labels[i].voxels) return false;
  }
  return at == r->label_chunk_count;
}
