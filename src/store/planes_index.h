/* planes_index.h - where to begin in the middle of a stream of planes. A box that cuts a chunk needs some of its slices and rows only; a plane of literals
 * and runs can be read from any code whose place is known. So planes are written in sections of TOME_SECTION bytes, no run reaches over the end of one,
 * and behind the zlib stream, where every inflater has stopped, stands how many bits each takes. Layout: schema/store.md. */
#ifndef TOME_STORE_PLANES_INDEX_H
#define TOME_STORE_PLANES_INDEX_H

#include "base/mem.h"

enum {
  TOME_SECTION_LOG = 8,
  TOME_SECTION = 1 << TOME_SECTION_LOG,
  TOME_MOST_PLANES = 8,
  TOME_MOST_INDEXED = 1 << 20 /* bytes of a plane: longer ones have no index */
};

static inline size_t tome_sections(size_t plane_bytes) { return (plane_bytes + TOME_SECTION - 1) >> TOME_SECTION_LOG; }

/* Writes the index of `planes` planes: `heads`, where each one's block begins in the stream, and `bits`, how many each of its `sections` sections takes, plane
 * after plane. 0 where that does not fit into `room` bytes. */
size_t tome_planes_index_write(const uint32_t *heads, const uint16_t *bits, size_t planes, size_t sections,
                               uint8_t *out, size_t room);

typedef struct tome_planes_index {
  size_t stream_bytes; /* of the zlib stream before it */
  size_t planes, sections;
  const uint8_t *rows, *packed[TOME_MOST_PLANES];
} tome_planes_index;

/* False where `size` bytes of a chunk do not end in an index of so many planes of so many sections. What it says of places is not examined. */
bool tome_planes_index_open(const uint8_t *chunk, size_t size, size_t planes, size_t sections, tome_planes_index *out);
uint32_t tome_planes_index_head(const tome_planes_index *x, size_t plane);
/* Bits before each section of a plane, counted from its first: sections + 1 of them, never falling. */
void tome_planes_index_starts(const tome_planes_index *x, size_t plane, uint32_t *starts);

#endif
