/*
 * graph.h - a recipe laid out for one case: what flows out of each step, and which box of it is needed for a box of the result.
 * Made and checked before any voxel is read; but for what steps learn of their input, under a lock, it never changes after that, so any
 * number of threads may pull from it.
 */
#ifndef TOME_EVAL_GRAPH_H
#define TOME_EVAL_GRAPH_H

#include <pthread.h>

#include "eval/recipe.h"

/* Where voxels come from. */
typedef struct tome_voxel_source {
  const char *name; /* "image", or the label map's name */
  bool is_label;
  tome_geometry geometry;
  tome_dtype dtype;
  double fill;      /* what lies outside the grid: -1024 for CT in HU, 0 for labels and the rest */
  int64_t chunk[3]; /* the shape in which voxels are cheapest read; 0: no matter */
  /* Puts the box's voxels at `out`, packed. Called from several threads at once. */
  bool (*read)(void *ctx, const tome_box *box, void *out, tome_error *err);
  void *ctx;
} tome_voxel_source;

/* What a step learns of its whole input, once, by whichever pull comes first. */
typedef struct tome_once {
  pthread_mutex_t lock; /* guards what follows, until done */
  bool done;
  void *state;
  const tome_op *op;
  struct tome_once *next; /* of the graph's */
} tome_once;

/* A step in place: what it takes in, what flows out. */
typedef struct tome_node {
  const tome_op *op; /* NULL: an input */
  const tome_step *step;
  size_t number; /* of the step in the recipe, from 1 */
  const void *state;
  tome_flow flow;
  const struct tome_node **in;
  size_t in_count;
  const tome_voxel_source *input; /* where op is NULL */
  tome_once *once;                /* where op studies its input */
} tome_node;

typedef struct tome_graph {
  const tome_node **outputs; /* the image first, then the label maps, as the inputs were; merged maps are one */
  size_t count;
  tome_once *onces;
  tome_arena arena;
} tome_graph;

/* Lays a recipe out over inputs of one grid (TOME_GEOMETRY where they differ). Nothing is read. `recipe`, `facts` and `inputs` must live as
 * long as the graph; `facts` may be NULL. A step that cannot be done fails with its number and name. */
TOME_MUST_USE bool tome_graph_make(const tome_recipe *recipe, const tome_facts *facts, const tome_voxel_source *inputs,
                                   size_t count, tome_graph *out, tome_error *err);
void tome_graph_clear(tome_graph *p);

/* The box of input `i` of a node that a non-empty box of its output depends on. */
tome_box tome_node_need(const tome_node *n, const tome_box *out);
/* Voxels of all whole chunks of an input that a box touches, and how many chunks. */
double tome_voxel_source_chunks(const tome_voxel_source *in, const tome_box *box, uint64_t *chunks);

/* The plan in words, one line a step and output: grid, spacing, type, the box needed there and, for inputs, the chunks under it. `box`: of the result;
 * NULL all of it. In `arena`. */
TOME_MUST_USE const char *tome_graph_text(const tome_graph *p, const tome_box *box, tome_arena *arena, tome_error *err);

#endif
