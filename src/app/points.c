/* Drawing: blocks with bounds, ranks in them, and the voxels themselves by the recipe. */
#include "app/points.h"

#include <stdlib.h>
#include <string.h>

#include "app/points_class.h"
#include "record/label_chunks.h"

enum { TRIES = 256, SLAB = 8 }; /* draws before all blocks are counted; slices of a block where there is no lattice */

/* ---- the record's table, for case files that have none ---- */

typedef struct rows {
  tome_value_chunk *items;
  size_t count, cap;
} rows;

static void rows_clear(rows *r) { free(r->items); }

static bool add_counts(rows *r, uint32_t map, uint32_t chunk, tome_value_counts *c, tome_error *err) {
  if (!tome_grow(&r->items, &r->cap, r->count + c->seen_count + 1, sizeof *r->items, err)) return false;
  for (size_t i = 0; i < c->seen_count; i++)
    r->items[r->count++] = (tome_value_chunk){map, c->seen[i], chunk, c->count[c->seen[i]]};
  tome_value_counts_clear(c);
  return true;
}

/* Reads a label map once, chunk by chunk. */
static bool count_map(const tome_voxel_source *s, uint32_t map, tome_value_counts *c, rows *r, tome_error *err) {
  const int64_t *n = s->geometry.shape, *k = s->chunk;
  TOME_AUTO_FREE void *voxels = tome_alloc((size_t)(k[0] * k[1] * k[2]), tome_dtype_size(s->dtype), s->name, err);
  if (!voxels) return false;
  uint32_t chunk = 0;
  for (int64_t z = 0; z < n[0]; z += k[0])
    for (int64_t y = 0; y < n[1]; y += k[1])
      for (int64_t x = 0; x < n[2]; x += k[2], chunk++) {
        const tome_box cell = {{z, y, x}, {z + k[0], y + k[1], x + k[2]}}, all = tome_box_of_shape(n);
        const tome_box b = tome_box_intersect(&cell, &all);
        if (!s->read(s->ctx, &b, voxels, err)) return false;
        tome_value_counts_add(c, s->dtype, voxels, (size_t)tome_box_voxels(&b));
        if (!add_counts(r, map, chunk, c, err)) return false;
      }
  return true;
}

static bool count_maps(tome_course *course, tome_error *err) {
  TOME_CLEANUP(rows_clear) rows r = {0};
  TOME_AUTO_FREE tome_value_counts *c = tome_alloc_zero(1, sizeof *c, "label counts", err);
  TOME_AUTO_FREE const char **maps = tome_alloc_zero(course->source_count + 1, sizeof *maps, "label counts", err);
  if (!c || !maps) return false;
  for (size_t i = 0; i < course->source_count; i++) {
    maps[i] = course->sources[i].name;
    if (course->sources[i].is_label && !count_map(&course->sources[i], (uint32_t)i, c, &r, err)) return false;
  }
  if (r.count) qsort(r.items, r.count, sizeof *r.items, tome_value_chunk_compare);
  return tome_record_label_chunks(&course->record, maps, r.items, r.count, err);
}

/* ---- making it ---- */

static const tome_node *output_of(const tome_points *p, size_t i) { return p->course->graph.outputs[i]; }

static bool find_maps(tome_points *p, tome_error *err) {
  const tome_graph *g = &p->course->graph;
  p->maps = tome_arena_alloc(&p->arena, (g->count + 1) * sizeof *p->maps, err);
  p->whole = tome_arena_alloc(&p->arena, (g->count + 1) * sizeof *p->whole, err);
  if (!p->maps || !p->whole) return false;
  for (size_t i = 0; i < g->count; i++)
    if (g->outputs[i]->flow.is_label && (!p->label || !strcmp(g->outputs[i]->flow.name, p->label)))
      p->maps[p->map_count++] = i;
  return true;
}

/* All label maps of a case are cut alike, unless somebody else wrote them: then there is no lattice. */
static bool find_lattice(tome_points *p, tome_error *err) {
  const tome_voxel_source *like = NULL;
  for (size_t i = 0; i < p->course->source_count; i++) {
    const tome_voxel_source *s = &p->course->sources[i];
    if (!s->is_label) continue;
    if (like && memcmp(like->chunk, s->chunk, sizeof s->chunk) != 0) return true;
    like = s;
  }
  return !like || !p->map_count ||
         tome_lattice_make(output_of(p, p->maps[0]), like, &p->arena, &p->lattice, &p->has_lattice, err);
}

tome_points *tome_points_new(tome_course *c, const char *label, const tome_run *run, tome_error *err) {
  tome_points *p = tome_alloc_zero(1, sizeof *p, "label points", err);
  if (!p) return NULL;
  *p = (tome_points){.course = c, .label = label, .run = run};
  if (find_maps(p, err) && find_lattice(p, err) && (tome_record_knows_chunks(&c->record) || count_maps(c, err)))
    return p;
  tome_points_free(p);
  return NULL;
}

void tome_points_free(tome_points *p) {
  if (!p) return;
  for (size_t i = 0; p->whole && i < p->course->graph.count; i++) tome_volume_clear(&p->whole[i]);
  free(p->values);
  free(p->hits);
  free(p->raw);
  free(p->background);
  tome_arena_clear(&p->arena);
  free(p);
}

size_t tome_points_maps(const tome_points *p) { return p->map_count; }

/* ---- looking at a box of the result ---- */

static bool make_room(tome_points *p, size_t voxels, tome_error *err) {
  if (p->room >= voxels) return true;
  free(p->values);
  free(p->hits);
  free(p->raw);
  p->values = tome_alloc(voxels, sizeof *p->values, "label points", err);
  p->hits = tome_alloc(voxels, 1, "label points", err);
  p->raw = tome_alloc(voxels, 8, "label points", err);
  p->room = p->values && p->hits && p->raw ? voxels : 0;
  return p->room > 0;
}

/* Computes all of a label output, for recipes whose boxes cost as much as the whole. */
static bool keep_whole(tome_points *p, size_t output, tome_error *err) {
  const tome_flow *f = &output_of(p, output)->flow;
  tome_volume *v = &p->whole[output];
  size_t bytes;
  if (v->data || p->has_lattice || !f->is_label) return true;
  if (!tome_shape_bytes(f->geometry.shape, tome_dtype_size(f->dtype), &bytes))
    return tome_fail(err, TOME_NO_MEMORY, "%s: the result is too large for any memory", p->course->record.id);
  const tome_pull_options o = {.run = p->run};
  void *data = tome_alloc(bytes, 1, "a label map", err);
  if (!data || !tome_pull(&p->course->graph, output, NULL, data, bytes, &o, err)) {
    free(data);
    return false;
  }
  *v = (tome_volume){.geometry = f->geometry, .dtype = f->dtype, .data = data};
  return true;
}

/* An output's voxels in a box, as p->values. */
static bool look(tome_points *p, size_t output, const tome_box *box, tome_error *err) {
  const tome_flow *f = &output_of(p, output)->flow;
  const size_t n = (size_t)tome_box_voxels(box), size = tome_dtype_size(f->dtype);
  if (!make_room(p, n, err) || !keep_whole(p, output, err)) return false;
  const tome_tile to = tome_tile_of(box, f->dtype, p->raw);
  if (p->whole[output].data) {
    const tome_box all = tome_box_of_shape(f->geometry.shape);
    const tome_tile from = tome_tile_of(&all, f->dtype, p->whole[output].data);
    tome_tile_copy(&from, &to);
  } else {
    const tome_run run = {.threads = 1, .stop = p->run ? p->run->stop : NULL, .user = p->run ? p->run->user : NULL};
    const tome_pull_options o = {.run = &run};
    if (!tome_pull(&p->course->graph, output, box, p->raw, n * size, &o, err)) return false;
  }
  tome_row_to_float(f->dtype, p->raw, p->values, n);
  return true;
}

static int64_t count_hits(const uint8_t *hits, size_t n) {
  int64_t count = 0;
  for (size_t i = 0; i < n; i++) count += hits[i];
  return count;
}

/* The voxel of rank `rank` among the hits in a box. */
static void hit_at(const tome_points *p, const tome_box *box, uint64_t rank, int64_t at[3]) {
  size_t i = 0;
  for (uint64_t before = 0; before < rank || !p->hits[i]; i++) before += p->hits[i];
  const int64_t ny = box->hi[1] - box->lo[1], nx = box->hi[2] - box->lo[2], k = (int64_t)i;
  at[0] = box->lo[0] + k / nx / ny;
  at[1] = box->lo[1] + k / nx % ny;
  at[2] = box->lo[2] + k % nx;
}

/* Marks the voxels of a class in a block and counts them. */
static bool count_block(tome_points *p, const class_of_voxels *c, class_block *b, tome_error *err) {
  const size_t n = (size_t)tome_box_voxels(&b->box);
  if (!make_room(p, n, err)) return false;
  memset(p->hits, 0, n);
  for (size_t k = 0; k < c->count; k++) {
    if (!look(p, c->parts[k].output, &b->box, err)) return false;
    const float value = (float)c->parts[k].value;
    for (size_t i = 0; i < n; i++) p->hits[i] |= value > 0 ? p->values[i] == value : p->values[i] > 0;
  }
  b->found = count_hits(p->hits, n);
  if ((uint64_t)b->found <= b->bound) return true;
  return tome_fail(err, TOME_CORRUPT, "%s: more voxels of %s than the table of its labels says; ingest it again",
                   p->course->record.id, c->name);
}

/* ---- blocks ---- */

static bool sum_bounds(const tome_points *p, const class_of_voxels *c, uint64_t *sums, size_t chunks, tome_error *err) {
  const tome_record *r = &p->course->record;
  int32_t label = -1;
  bool counts = false;
  for (size_t i = 0; i < r->label_chunk_count; i++) {
    const tome_label_chunk *row = &r->label_chunks[i];
    if (row->label != label) {
      label = row->label;
      counts = tome_points_counts(p, c, r->labels[label].map, r->labels[label].value);
    }
    if ((size_t)row->chunk >= chunks)
      return tome_fail(err, TOME_CORRUPT, "%s: stats/label_chunks names chunk %d of %zu", r->id, (int)row->chunk,
                       chunks);
    if (counts) sums[row->chunk] += (uint64_t)row->voxels;
  }
  return true;
}

static bool add_block(tome_points *p, class_of_voxels *c, size_t *cap, const tome_box *box, uint64_t bound,
                      tome_error *err) {
  if (!tome_arena_grow(&p->arena, &c->blocks, cap, c->block_count + 1, sizeof *c->blocks, err)) return false;
  c->blocks[c->block_count++] = (class_block){*box, bound, c->total, -1};
  c->total += bound;
  return true;
}

static bool block_chunks(tome_points *p, class_of_voxels *c, size_t *cap, tome_error *err) {
  const int64_t *n = p->lattice.count;
  const size_t chunks = (size_t)(n[0] * n[1] * n[2]);
  TOME_AUTO_FREE uint64_t *sums = tome_alloc_zero(chunks, sizeof *sums, "label points", err);
  if (!sums || !sum_bounds(p, c, sums, chunks, err)) return false;
  for (size_t i = 0; i < chunks; i++) {
    tome_box box;
    uint64_t most;
    if (sums[i] && tome_lattice_block(&p->lattice, i, &box, &most) && !add_block(p, c, cap, &box, sums[i] * most, err))
      return false;
  }
  return true;
}

/* Slabs of the whole result, counted. */
static bool block_slabs(tome_points *p, class_of_voxels *c, size_t *cap, tome_error *err) {
  const tome_box all = tome_box_of_shape(p->course->graph.outputs[0]->flow.geometry.shape);
  for (int64_t z = 0; z < all.hi[0]; z += SLAB) {
    class_block b = {.box = all, .bound = UINT64_MAX};
    b.box.lo[0] = z;
    if (z + SLAB < all.hi[0]) b.box.hi[0] = z + SLAB;
    if (!count_block(p, c, &b, err)) return false;
    if (b.found && !add_block(p, c, cap, &b.box, (uint64_t)b.found, err)) return false;
  }
  return true;
}

static bool make_blocks(tome_points *p, class_of_voxels *c, tome_error *err) {
  if (c->blocks) return true;
  size_t cap = 0;
  if (!tome_arena_grow(&p->arena, &c->blocks, &cap, 1, sizeof *c->blocks, err)) return false;
  if (!c->count) return true;
  return p->has_lattice ? block_chunks(p, c, &cap, err) : block_slabs(p, c, &cap, err);
}

bool tome_points_present(tome_points *p, size_t number, bool *out, tome_error *err) {
  class_of_voxels *c = &p->classes[number];
  *out = false;
  if (!make_blocks(p, c, err)) return false;
  for (size_t i = 0; i < c->block_count && !*out; i++) {
    class_block *b = &c->blocks[i];
    if (b->found < 0 && !count_block(p, c, b, err)) return false;
    *out = b->found > 0;
  }
  return true;
}

/* ---- a draw ---- */

static class_block *block_of(const class_of_voxels *c, uint64_t r) {
  size_t lo = 0, hi = c->block_count;
  while (hi - lo > 1) {
    const size_t middle = (lo + hi) / 2;
    *(c->blocks[middle].before <= r ? &lo : &hi) = middle;
  }
  return &c->blocks[lo];
}

/* The voxel of rank `rank` among all of a class, every block counted: for classes that the recipe has thinned out. */
static bool draw_counted(tome_points *p, class_of_voxels *c, tome_draws *d, int64_t at[3], tome_error *err) {
  uint64_t total = 0;
  for (size_t i = 0; i < c->block_count; i++) {
    if (c->blocks[i].found < 0 && !count_block(p, c, &c->blocks[i], err)) return false;
    total += (uint64_t)c->blocks[i].found;
  }
  if (!total) return tome_fail(err, TOME_NOT_FOUND, "%s: the result has no voxel of %s", p->course->record.id, c->name);
  uint64_t r = tome_draw_below(d, total);
  size_t i = 0;
  for (; r >= (uint64_t)c->blocks[i].found; i++) r -= (uint64_t)c->blocks[i].found;
  if (!count_block(p, c, &c->blocks[i], err)) return false;
  hit_at(p, &c->blocks[i].box, r, at);
  return true;
}

bool tome_points_draw(tome_points *p, size_t number, tome_draws *d, int64_t centre[3], tome_error *err) {
  class_of_voxels *c = &p->classes[number];
  if (!make_blocks(p, c, err)) return false;
  for (int t = 0; t < TRIES && c->total; t++) {
    if (tome_stopped(p->run)) return tome_fail_cancelled(err);
    const uint64_t r = tome_draw_below(d, c->total);
    class_block *b = block_of(c, r);
    const uint64_t rank = r - b->before;
    if (b->found >= 0 && rank >= (uint64_t)b->found) continue; /* known not to be there */
    if (!count_block(p, c, b, err)) return false;
    if (rank >= (uint64_t)b->found) continue;
    hit_at(p, &b->box, rank, centre);
    return true;
  }
  return draw_counted(p, c, d, centre, err);
}

/* ---- background ---- */

/* Marks the background in a box. */
static bool mark_background(tome_points *p, const tome_box *box, const double *threshold, tome_error *err) {
  const size_t n = (size_t)tome_box_voxels(box);
  if (!make_room(p, n, err)) return false;
  memset(p->hits, 1, n);
  for (size_t k = 0; k < p->map_count; k++) {
    if (!look(p, p->maps[k], box, err)) return false;
    for (size_t i = 0; i < n; i++) p->hits[i] &= !(p->values[i] > 0);
  }
  if (!threshold) return true;
  if (!look(p, 0, box, err)) return false;
  for (size_t i = 0; i < n; i++) p->hits[i] &= (double)p->values[i] > *threshold;
  return true;
}

static tome_box slab_of(const tome_points *p, uint64_t slab) {
  tome_box b = tome_box_of_shape(p->course->graph.outputs[0]->flow.geometry.shape);
  b.lo[0] = (int64_t)slab * SLAB;
  if (b.lo[0] + SLAB < b.hi[0]) b.hi[0] = b.lo[0] + SLAB;
  return b;
}

static bool count_background(tome_points *p, const double *threshold, tome_error *err) {
  if (p->background) return true;
  p->backgrounds = (uint64_t)(p->course->graph.outputs[0]->flow.geometry.shape[0] - 1) / SLAB + 1;
  TOME_AUTO_FREE uint64_t *counts = tome_alloc(p->backgrounds, sizeof *counts, "label points", err);
  if (!counts) return false;
  for (uint64_t s = 0; s < p->backgrounds; s++) {
    const tome_box b = slab_of(p, s);
    if (!mark_background(p, &b, threshold, err)) return false;
    counts[s] = (uint64_t)count_hits(p->hits, (size_t)tome_box_voxels(&b));
  }
  p->background = counts;
  counts = NULL;
  return true;
}

static bool background_counted(tome_points *p, const double *threshold, tome_draws *d, int64_t at[3], bool *found,
                               tome_error *err) {
  uint64_t total = 0, s = 0;
  if (!count_background(p, threshold, err)) return false;
  for (uint64_t i = 0; i < p->backgrounds; i++) total += p->background[i];
  *found = total > 0;
  if (!total) return true;
  uint64_t r = tome_draw_below(d, total);
  for (; r >= p->background[s]; s++) r -= p->background[s];
  const tome_box b = slab_of(p, s);
  if (!mark_background(p, &b, threshold, err)) return false;
  hit_at(p, &b, r, at);
  return true;
}

/* Most voxels are background: any voxel is drawn until one is. */
bool tome_points_background(tome_points *p, const double *threshold, tome_draws *d, int64_t centre[3], bool *found,
                            tome_error *err) {
  const int64_t *n = p->course->graph.outputs[0]->flow.geometry.shape;
  for (int t = 0; t < TRIES; t++) {
    if (tome_stopped(p->run)) return tome_fail_cancelled(err);
    tome_box b;
    for (int a = 0; a < 3; a++) {
      b.lo[a] = (int64_t)tome_draw_below(d, (uint64_t)n[a]);
      b.hi[a] = b.lo[a] + 1;
    }
    if (!mark_background(p, &b, threshold, err)) return false;
    if (!p->hits[0]) continue;
    memcpy(centre, b.lo, sizeof b.lo);
    return *found = true;
  }
  return background_counted(p, threshold, d, centre, found, err);
}
