/* How a volume is cut into chunks. */
#include <string.h>

#include "store/case_file.h"

enum {
  CHUNK_EDGE = 32, /* measured: schema/store.md */
  CHUNK_VOXELS = 32 * 32 * 32,
  MOST_CHUNKS = 1 << 22, /* a volume of 2048x2048x1024 has 131,072 */
};
static const uint64_t most_chunk_bytes = (uint64_t)256 << 20;

/* Cubes, so that no direction of patch is favoured; where an axis is too short for that the others make up for it, in-plane first. */
void tome_chunk_shape(const int64_t shape[3], int64_t chunk[3]) {
  int64_t voxels = 1;
  for (int a = 0; a < 3; a++) {
    chunk[a] = shape[a] < CHUNK_EDGE ? shape[a] : CHUNK_EDGE;
    voxels *= chunk[a];
  }
  for (bool grew = true; grew;) {
    grew = false;
    for (int a = 2; a >= 0; a--) {
      const int64_t wider = chunk[a] * 2 < shape[a] ? chunk[a] * 2 : shape[a];
      if (wider == chunk[a] || voxels / chunk[a] * wider > CHUNK_VOXELS) continue;
      voxels = voxels / chunk[a] * wider;
      chunk[a] = wider;
      grew = true;
    }
  }
}

bool tome_chunk_grid_make(const int64_t shape[3], const int64_t chunk[3], size_t element, tome_chunk_grid *out) {
  tome_chunk_grid g = {.chunks = 1, .chunk_voxels = 1};
  size_t bytes;
  if (!tome_shape_bytes(shape, element, &bytes) || !tome_shape_bytes(chunk, element, &bytes) ||
      bytes > most_chunk_bytes)
    return false;
  g.chunk_voxels = bytes / element;
  for (int a = 0; a < 3; a++) {
    g.shape[a] = shape[a];
    g.chunk[a] = chunk[a];
    g.count[a] = (shape[a] - 1) / chunk[a] + 1;
    if (g.count[a] > MOST_CHUNKS || (g.chunks *= (size_t)g.count[a]) > MOST_CHUNKS) return false;
  }
  *out = g;
  return true;
}

tome_box tome_chunk_box(const tome_chunk_grid *g, size_t i) {
  const size_t ny = (size_t)g->count[1], nx = (size_t)g->count[2];
  const int64_t at[3] = {(int64_t)(i / nx / ny), (int64_t)(i / nx % ny), (int64_t)(i % nx)};
  tome_box b;
  for (int a = 0; a < 3; a++) {
    b.lo[a] = at[a] * g->chunk[a];
    b.hi[a] = b.lo[a] + g->chunk[a];
  }
  return b;
}
