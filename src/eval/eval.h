/*
 * eval.h - pulls voxels out of a graph, by the box. What is needed where is worked out first (graph.h); then only that is read and
 * computed, in tiles, on all cores, within a bound of memory.
 */
#ifndef TOME_EVAL_EVAL_H
#define TOME_EVAL_EVAL_H

#include "base/threads.h"
#include "eval/graph.h"

/* Zero-initialise for the defaults. */
typedef struct tome_pull_options {
  const tome_run *run; /* threads, stop; NULL: all processors */
  /* bytes for intermediate voxels, all threads together; 0: 512 MiB. More where one tile's margins alone need more */
  size_t memory;
} tome_pull_options;

/* Computes a box of an output (NULL: all of it) into caller's memory: packed, C order, of the output's flow.dtype. `out_bytes` must be exactly the box's
 * size. Whatever the box, the tiles and the threads, a voxel's value is the same, to the last bit. `opt` may be NULL. On failure the
 * contents of `out` are undefined. Different threads may pull from one graph at the same time. */
TOME_MUST_USE bool tome_pull(const tome_graph *graph, size_t output, const tome_box *box, void *out, size_t out_bytes,
                             const tome_pull_options *opt, tome_error *err);

/* How a pull is cut into tiles; for tests and for printing. Tiles of `step` voxels, the last ones shorter. */
typedef struct tome_tiling {
  tome_box box;
  int64_t step[3], count[3]; /* voxels a tile, tiles; each axis */
  int workers;               /* tiles computed at the same time */
  int threads;               /* each with so many threads of its own */
} tome_tiling;
tome_tiling tome_tiling_of(const tome_node *n, const tome_box *box, int threads, size_t memory);
tome_box tome_tiling_box(const tome_tiling *t, size_t tile);

/* The box of all voxels above a value (-300 HU: the body and what it lies on). Reads the whole image, once; for tome_facts.body, where a recipe asks.
 * TOME_VALUE where there are none. */
TOME_MUST_USE bool tome_body_box(const tome_voxel_source *image, double above, const tome_run *run, tome_box *out,
                                 tome_error *err);

/* ---- a cache of chunks: an input that remembers. Pays where boxes overlap: patches ---- */

typedef struct tome_cache tome_cache;
/* Keeps up to `bytes` of chunks of the inputs put through it, the least recently used going first; each from the second time on that it is asked for. */
TOME_MUST_USE tome_cache *tome_cache_new(size_t bytes, tome_error *err);
void tome_cache_free(tome_cache *c);
/* `in` through the cache. The cache, and what `in` points to, must outlive the result. Each result is an input of its own:
 * make it once a volume, not once a graph. */
TOME_MUST_USE bool tome_cache_input(tome_cache *c, const tome_voxel_source *in, tome_voxel_source *out,
                                    tome_error *err);
/* Chunks found and not found so far. */
void tome_cache_count(tome_cache *c, uint64_t *hits, uint64_t *misses);

#endif
