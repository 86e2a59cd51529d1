/* The index behind a stream of planes: for each plane its sections' sizes in as few bits as their range needs, then a row, then a foot. */
#include "store/planes_index.h"

#include <string.h>

/* A row: where the block begins (4 bytes), the least size of a section (2), bits of what others have more (1), 0 (1). The foot: planes, log2 of the
 * section's bytes, two zeros, four letters. */
enum { ROW_BYTES = 8, FOOT_BYTES = 8, MOST_WIDTH = 16 };
static const uint8_t letters[4] = {'t', 'p', 'i', '1'};

static void put_le(uint8_t *p, uint64_t v, size_t n) {
  for (size_t i = 0; i < n; i++) p[i] = (uint8_t)(v >> (8 * i));
}

static uint32_t get_le(const uint8_t *p, size_t n) {
  uint32_t v = 0;
  for (size_t i = n; i-- > 0;) v = v << 8 | p[i];
  return v;
}

static size_t packed_bytes(size_t sections, unsigned width) { return (sections * width + 7) / 8; }

/* ---- writing ---- */

static void range_of(const uint16_t *bits, size_t n, unsigned *least, unsigned *width) {
  unsigned most = 0;
  *least = UINT16_MAX;
  for (size_t i = 0; i < n; i++) {
    if (bits[i] < *least) *least = bits[i];
    if (bits[i] > most) most = bits[i];
  }
  *width = most > *least ? 32u - (unsigned)__builtin_clz(most - *least) : 0;
}

static void pack(const uint16_t *bits, size_t n, unsigned least, unsigned width, uint8_t *out) {
  uint64_t waiting = 0;
  unsigned count = 0;
  for (size_t i = 0; i < n; i++) {
    waiting |= (uint64_t)(bits[i] - least) << count;
    for (count += width; count >= 8; count -= 8, waiting >>= 8) *out++ = (uint8_t)waiting;
  }
  if (count) *out = (uint8_t)waiting;
}

size_t tome_planes_index_write(const uint32_t *heads, const uint16_t *bits, size_t planes, size_t sections,
                               uint8_t *out, size_t room) {
  uint8_t rows[TOME_MOST_PLANES * ROW_BYTES + FOOT_BYTES] = {0};
  size_t used = 0;
  for (size_t p = 0; p < planes; p++) {
    unsigned least, width;
    range_of(bits + p * sections, sections, &least, &width);
    const size_t bytes = packed_bytes(sections, width);
    if (bytes > room - used) return 0;
    pack(bits + p * sections, sections, least, width, out + used);
    used += bytes;
    put_le(rows + p * ROW_BYTES, heads[p], 4);
    put_le(rows + p * ROW_BYTES + 4, least, 2);
    rows[p * ROW_BYTES + 6] = (uint8_t)width;
  }
  uint8_t *foot = rows + planes * ROW_BYTES;
  foot[0] = (uint8_t)planes;
  foot[1] = TOME_SECTION_LOG;
  memcpy(foot + 4, letters, sizeof letters);
  const size_t rest = planes * ROW_BYTES + FOOT_BYTES;
  if (rest > room - used) return 0;
  memcpy(out + used, rows, rest);
  return used + rest;
}

/* ---- reading ---- */

static unsigned width_of(const uint8_t *row) { return row[6]; }

bool tome_planes_index_open(const uint8_t *chunk, size_t size, size_t planes, size_t sections, tome_planes_index *out) {
  const size_t rest = planes * ROW_BYTES + FOOT_BYTES;
  if (planes == 0 || planes > TOME_MOST_PLANES || size < rest) return false;
  const uint8_t *rows = chunk + size - rest, *foot = rows + planes * ROW_BYTES;
  if (memcmp(foot + 4, letters, sizeof letters) != 0 || foot[0] != planes || foot[1] != TOME_SECTION_LOG) return false;
  size_t left = size - rest;
  tome_planes_index x = {.planes = planes, .sections = sections, .rows = rows};
  for (size_t p = planes; p-- > 0;) {
    const unsigned width = width_of(rows + p * ROW_BYTES);
    if (width > MOST_WIDTH || packed_bytes(sections, width) > left) return false;
    left -= packed_bytes(sections, width);
    x.packed[p] = chunk + left;
  }
  x.stream_bytes = left;
  *out = x;
  return true;
}

uint32_t tome_planes_index_head(const tome_planes_index *x, size_t plane) {
  return get_le(x->rows + plane * ROW_BYTES, 4);
}

void tome_planes_index_starts(const tome_planes_index *x, size_t plane, uint32_t *starts) {
  const uint8_t *row = x->rows + plane * ROW_BYTES, *packed = x->packed[plane];
  const uint32_t least = get_le(row + 4, 2), width = width_of(row), mask = (1u << width) - 1;
  uint32_t sum = 0;
  for (size_t i = 0; i < x->sections; i++) {
    starts[i] = sum;
    uint32_t word; /* the foot is behind: four bytes may be read */
    memcpy(&word, packed + i * width / 8, sizeof word);
    sum += least + (word >> (i * width % 8) & mask);
  }
  starts[x->sections] = sum;
}
