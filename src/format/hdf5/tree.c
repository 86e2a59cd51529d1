/* HDF5's B-trees of version 2, and fractal heaps, where attributes and links go that outgrew an object's header. */
#include <string.h>

#include "format/hdf5/bytes.h"

enum { MOST_BLOCK = 1 << 20, NODE_HEAD = 6, CHECKSUM = 4 };

/* ---- trees ---- */

typedef struct tree {
  tome_hdf5 *h;
  uint64_t node, size;                    /* bytes of a node and of a record */
  int count_bytes;                        /* of a node's count of records */
  int total_bytes[TOME_HDF5_DEEPEST + 1]; /* of the count of all records below a node of that depth */
  tome_hdf5_record record;
  void *user;
} tree;

static int bytes_of(uint64_t most) {
  int n = 1;
  while (n < 8 && most >> (8 * n)) n++;
  return n;
}

/* How wide counts are follows from how many records fit. */
static bool plan_tree(tree *t, int depth, tome_error *err) {
  if (t->size == 0 || t->node < NODE_HEAD + CHECKSUM + t->size || t->node > MOST_BLOCK || depth > TOME_HDF5_DEEPEST)
    return tome_hdf5_broken("trees are damaged", err);
  uint64_t most = (t->node - NODE_HEAD - CHECKSUM) / t->size, all = most;
  t->count_bytes = bytes_of(most);
  t->total_bytes[0] = 0;
  for (int d = 1; d <= depth; d++) {
    const uint64_t pointer = 8 + (uint64_t)t->count_bytes + (uint64_t)t->total_bytes[d - 1];
    if (t->node < NODE_HEAD + CHECKSUM + 2 * pointer + t->size) return tome_hdf5_broken("trees are damaged", err);
    most = (t->node - NODE_HEAD - CHECKSUM - pointer) / (t->size + pointer);
    if (__builtin_mul_overflow(most + 1, all, &all) || __builtin_add_overflow(all, most, &all)) all = UINT64_MAX;
    t->total_bytes[d] = bytes_of(all);
  }
  return true;
}

static bool walk_node(tree *t, uint64_t at, uint64_t count, int depth, tome_error *err) {
  uint8_t *p;
  if (!tome_hdf5_bytes(t->h, at, t->node, &p, err)) return false;
  const uint64_t pointer = depth ? 8 + (uint64_t)t->count_bytes + (uint64_t)t->total_bytes[depth - 1] : 0;
  const uint64_t records = count * t->size, pointers = depth ? (count + 1) * pointer : 0;
  if (memcmp(p, depth ? "BTIN" : "BTLF", 4) != 0 || count > t->node / t->size ||
      NODE_HEAD + records + pointers + CHECKSUM > t->node)
    return tome_hdf5_broken("trees are damaged", err);
  for (uint64_t i = 0; i <= count; i++) {
    if (depth) {
      const uint8_t *child = p + NODE_HEAD + records + i * pointer;
      if (!walk_node(t, tome_number(child, 8), tome_number(child + 8, t->count_bytes), depth - 1, err)) return false;
    }
    if (i < count && !t->record(t->user, p + NODE_HEAD + i * t->size, (size_t)t->size, err)) return false;
  }
  return true;
}

bool tome_hdf5_walk(tome_hdf5 *h, uint64_t at, tome_hdf5_record record, void *user, tome_error *err) {
  uint8_t *p;
  if (!tome_hdf5_bytes(h, at, 38, &p, err)) return false;
  if (memcmp(p, "BTHD", 4) != 0) return tome_hdf5_broken("trees are damaged", err);
  tree t = {.h = h, .node = tome_number(p + 6, 4), .size = tome_number(p + 10, 2), .record = record, .user = user};
  const int depth = (int)tome_number(p + 12, 2);
  const uint64_t root = tome_number(p + 16, 8), count = tome_number(p + 24, 2);
  if (!plan_tree(&t, depth, err)) return false;
  return count == 0 || root == TOME_HDF5_NOWHERE || walk_node(&t, root, count, depth, err);
}

/* ---- heaps ---- */

typedef struct heap {
  uint64_t root, block; /* the first block's address, and its size */
  int rows, width;      /* of the table of blocks; rows 0: the root is the only block */
  int offset_bytes, id_bytes;
} heap;

static bool open_heap(tome_hdf5 *h, uint64_t at, heap *out, tome_error *err) {
  uint8_t *p;
  if (!tome_hdf5_bytes(h, at, 142, &p, err)) return false;
  if (memcmp(p, "FRHP", 4) != 0 || tome_number(p + 7, 2) != 0) return tome_hdf5_broken("heaps are damaged", err);
  *out = (heap){.root = tome_number(p + 132, 8),
                .block = tome_number(p + 112, 8),
                .rows = (int)tome_number(p + 140, 2),
                .width = (int)tome_number(p + 110, 2),
                .offset_bytes = ((int)tome_number(p + 128, 2) + 7) / 8,
                .id_bytes = (int)tome_number(p + 5, 2)};
  if (out->offset_bytes < 1 || out->offset_bytes > 6 || out->id_bytes < out->offset_bytes + 2 || out->id_bytes > 8 ||
      out->block == 0 || out->block > MOST_BLOCK || out->rows > 9 || (out->rows && (out->width < 1 || out->width > 16)))
    return tome_fail(err, TOME_UNSUPPORTED, "keeps attributes or names in a way that is not read");
  return true;
}

/* Where byte `offset` of the heap lies in the file: blocks double in size from the third row of the table on. */
static bool heap_address(tome_hdf5 *h, const heap *t, uint64_t offset, uint64_t *out, tome_error *err) {
  uint8_t *p;
  if (t->rows == 0) return *out = t->root + offset, true;
  const uint64_t prefix = 13 + (uint64_t)t->offset_bytes;
  if (!tome_hdf5_bytes(h, t->root, prefix + 8 * (uint64_t)(t->rows * t->width), &p, err)) return false;
  if (memcmp(p, "FHIB", 4) != 0) return tome_hdf5_broken("heaps are damaged", err);
  for (int i = 0; i < t->rows * t->width; i++) {
    const int row = i / t->width;
    const uint64_t size = t->block << (row > 1 ? row - 1 : 0);
    if (offset < size) return *out = tome_number(p + prefix + 8 * (uint64_t)i, 8) + offset, true;
    offset -= size;
  }
  return tome_hdf5_broken("heaps are damaged", err);
}

typedef bool (*take_fn)(tome_hdf5 *h, const uint8_t *p, size_t n, tome_hdf5_object *o, tome_error *err);

typedef struct taking {
  tome_hdf5 *h;
  heap heap;
  size_t id_at; /* of a heap id in a record */
  take_fn take;
  tome_hdf5_object *o;
} taking;

static bool take_record(void *user, const uint8_t *record, size_t size, tome_error *err) {
  const taking *t = user;
  const heap *where = &t->heap;
  const uint8_t *id = record + t->id_at;
  uint64_t address = 0;
  uint8_t *message;
  if (size < t->id_at + (size_t)where->id_bytes) return tome_hdf5_broken("heaps are damaged", err);
  if (id[0] >> 4 & 3) return true; /* huge or tiny */
  const uint64_t length = tome_number(id + 1 + where->offset_bytes, where->id_bytes - 1 - where->offset_bytes);
  return heap_address(t->h, where, tome_number(id + 1, where->offset_bytes), &address, err) &&
         tome_hdf5_bytes(t->h, address, length, &message, err) && t->take(t->h, message, (size_t)length, t->o, err);
}

/* `at`: of the heap's address, behind which that of the tree of names stands. */
static bool take_heaped(tome_hdf5 *h, const uint8_t *p, size_t n, size_t at, taking *t, tome_error *err) {
  if (n < at + 16 || tome_number(p + at, 8) == TOME_HDF5_NOWHERE) return true; /* all are in the header */
  return open_heap(h, tome_number(p + at, 8), &t->heap, err) &&
         tome_hdf5_walk(h, tome_number(p + at + 8, 8), take_record, t, err);
}

bool tome_hdf5_take_attributes(tome_hdf5 *h, const uint8_t *p, size_t n, tome_hdf5_object *o, tome_error *err) {
  taking t = {.h = h, .id_at = 0, .take = tome_hdf5_take_attribute, .o = o};
  return take_heaped(h, p, n, n >= 2 && p[1] & 1 ? 4 : 2, &t, err);
}

bool tome_hdf5_take_links(tome_hdf5 *h, const uint8_t *p, size_t n, tome_hdf5_object *o, tome_error *err) {
  taking t = {.h = h, .id_at = 4, .take = tome_hdf5_take_link, .o = o};
  return take_heaped(h, p, n, n >= 2 && p[1] & 1 ? 10 : 2, &t, err);
}
