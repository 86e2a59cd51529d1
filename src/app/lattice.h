/* lattice.h - which box of a recipe's result the voxels of one stored chunk end up in. */
#ifndef TOME_APP_LATTICE_H
#define TOME_APP_LATTICE_H

#include "eval/graph.h"

/* Of one axis of the stored grid, per chunk along it: where its voxels lie along the result's axis, and how often one voxel occurs there at most. */
typedef struct tome_lattice_cell {
  int64_t lo, hi; /* result indices; lo == hi: none */
  int64_t most;
} tome_lattice_cell;

/* Stored axis a runs along result axis to[a]. */
typedef struct tome_lattice {
  int to[3];
  int64_t count[3]; /* chunks */
  tome_lattice_cell *cells[3];
} tome_lattice;
/* *separable false: axes mix (a shear, a step that looks at everything), or chunks do not end up in boxes; nothing is made then. In `arena`. */
TOME_MUST_USE bool tome_lattice_make(const tome_node *output, const tome_voxel_source *input, tome_arena *arena,
                                     tome_lattice *out, bool *separable, tome_error *err);
/* The block of a chunk (numbered in C order), and how often one of its voxels may occur in it. False: none of it is left. */
bool tome_lattice_block(const tome_lattice *l, size_t chunk, tome_box *block, uint64_t *most);

#endif
