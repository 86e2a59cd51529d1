/* Where HDF5's chunks lie: the tree of older files, and the five indexes of version 4. Names and numbers as in HDF5's file format specification, version 3. */
#include <string.h>

#include "format/hdf5/bytes.h"

enum { CHECKSUM = 4, MOST_PIECE = 1 << 16 };

/* One walk over an index. */
typedef struct indexing {
  tome_hdf5 *h;
  const tome_hdf5_object *o;
  uint64_t lo, hi, chunk_bytes;
  uint64_t left;                  /* chunks that the array can have, less those seen */
  uint64_t count[TOME_HDF5_DIMS]; /* chunks along each axis, as far as it may grow; UINT64_MAX without bound */
  int order[TOME_HDF5_DIMS];      /* axes, slowest first, as chunks are numbered */
  int size_bytes, entry;          /* of a filtered chunk's size; of an entry */
  tome_hdf5_each_chunk chunk;
  void *user;
} indexing;

static bool give(indexing *x, tome_hdf5_chunk *c, tome_error *err) {
  for (int i = 0; i < x->o->dims; i++)
    if (c->begin[i] >= x->o->shape[i]) return tome_hdf5_broken("chunks lie outside their array", err);
  if (x->left == 0) return tome_hdf5_broken("chunks are more than its array has", err);
  x->left--;
  if (c->begin[0] >= x->hi || c->begin[0] + x->o->chunk[0] <= x->lo) return true;
  return x->chunk(x->user, c, err);
}

/* Chunk number `n` of an index that has an entry for each, stored or not. */
static bool give_numbered(indexing *x, uint64_t n, const uint8_t *entry, tome_error *err) {
  const tome_hdf5_object *o = x->o;
  tome_hdf5_chunk c = {.address = tome_number(entry, 8), .size = x->chunk_bytes};
  if (c.address == TOME_HDF5_NOWHERE) return true;
  if (x->size_bytes) {
    c.size = tome_number(entry + 8, x->size_bytes);
    c.mask = (uint32_t)tome_number(entry + 8 + x->size_bytes, 4);
  }
  for (int i = o->dims - 1; i >= 0; i--) {
    const int axis = x->order[i];
    const uint64_t k = i ? n % x->count[axis] : n;
    if (i) n /= x->count[axis];
    if (__builtin_mul_overflow(k, (uint64_t)o->chunk[axis], &c.begin[axis])) return true;
    if (c.begin[axis] >= o->shape[axis]) return true; /* room to grow */
  }
  return give(x, &c, err);
}

/* `count` entries from `at` on, of chunks from `first` on. */
static bool give_entries(indexing *x, uint64_t at, uint64_t first, uint64_t count, tome_error *err) {
  const uint64_t step = MOST_PIECE / (uint64_t)x->entry;
  for (uint64_t i = 0; i < count; i += step) {
    const uint64_t n = count - i < step ? count - i : step;
    uint8_t *p;
    if (!tome_hdf5_bytes(x->h, at + i * (uint64_t)x->entry, n * (uint64_t)x->entry, &p, err)) return false;
    for (uint64_t k = 0; k < n; k++)
      if (!give_numbered(x, first + i + k, p + k * (uint64_t)x->entry, err)) return false;
  }
  return true;
}

/* ---- the tree of older files ---- */

static bool walk_tree(indexing *x, uint64_t at, int depth, tome_error *err) {
  uint8_t *p;
  if (depth > TOME_HDF5_DEEPEST) return tome_hdf5_broken("chunks are nested too deep", err);
  if (!tome_hdf5_bytes(x->h, at, 24, &p, err)) return false;
  if (memcmp(p, "TREE", 4) != 0 || p[4] != 1) return tome_hdf5_broken("chunks cannot be found", err);
  const int level = p[5];
  const uint64_t count = tome_number(p + 6, 2), key = 8 + 8 * ((uint64_t)x->o->dims + 1), entry = key + 8;
  if (!tome_hdf5_bytes(x->h, at + 24, count * entry, &p, err)) return false;
  for (uint64_t i = 0; i < count; i++) {
    const uint8_t *k = p + i * entry;
    tome_hdf5_chunk c = {.address = tome_number(k + key, 8), .size = tome_number(k, 4)};
    c.mask = (uint32_t)tome_number(k + 4, 4);
    for (int d = 0; d < x->o->dims; d++) c.begin[d] = tome_number(k + 8 + 8 * (size_t)d, 8);
    if (!(level ? walk_tree(x, c.address, depth + 1, err) : give(x, &c, err))) return false;
  }
  return true;
}

/* ---- fixed arrays: an entry a chunk, in pages where there are many ---- */

static bool walk_fixed(indexing *x, tome_error *err) {
  uint8_t *p;
  if (!tome_hdf5_bytes(x->h, x->o->address, 28, &p, err)) return false;
  const int bits = p[7];
  const uint64_t count = tome_number(p + 8, 8), block = tome_number(p + 16, 8);
  if (memcmp(p, "FAHD", 4) != 0 || p[6] != x->entry || bits > 20)
    return tome_hdf5_broken("chunks cannot be found", err);
  if (block == TOME_HDF5_NOWHERE) return true;
  if (count / 64 > x->h->size) return tome_hdf5_broken("chunks are more than it can hold", err);
  const uint64_t page = UINT64_C(1) << bits, pages = (count + page - 1) / page, map = (pages + 7) / 8;
  if (!tome_hdf5_bytes(x->h, block, 14, &p, err)) return false;
  if (memcmp(p, "FADB", 4) != 0) return tome_hdf5_broken("chunks cannot be found", err);
  if (count <= page) return give_entries(x, block + 14, 0, count, err);
  uint8_t *there;
  if (!tome_hdf5_bytes(x->h, block + 14, map, &there, err)) return false;
  for (uint64_t i = 0; i < pages; i++) {
    const uint64_t at = block + 14 + map + CHECKSUM + i * (page * (uint64_t)x->entry + CHECKSUM);
    const uint64_t n = i + 1 < pages ? page : count - i * page;
    if (there[i / 8] >> (7 - i % 8) & 1 && !give_entries(x, at, i * page, n, err)) return false;
  }
  return true;
}

/* ---- extensible arrays: entries in the index block, then in blocks that grow, then in blocks of such blocks ---- */

typedef struct extensible {
  indexing *x;
  uint64_t most_bits, first, least, pointers, page; /* parameters of the header */
  uint64_t prefix;                                  /* bytes before a block's contents */
  uint64_t next;                                    /* number of the next chunk */
} extensible;

/* A block of `n` entries; `there`: which of its pages are, from bit page0 on; NULL: it has none. */
static bool walk_block(extensible *e, uint64_t at, uint64_t n, const uint8_t *there, uint64_t page0, tome_error *err) {
  uint8_t *p;
  const uint64_t first = e->next;
  e->next += n;
  if (at == TOME_HDF5_NOWHERE) return true;
  if (!tome_hdf5_bytes(e->x->h, at, e->prefix, &p, err)) return false;
  if (memcmp(p, "EADB", 4) != 0) return tome_hdf5_broken("chunks cannot be found", err);
  if (!there) return give_entries(e->x, at + e->prefix, first, n, err);
  const uint64_t bytes = e->page * (uint64_t)e->x->entry + CHECKSUM;
  for (uint64_t i = 0; i < n / e->page; i++) {
    const uint64_t bit = page0 + i;
    if (there[bit / 8] >> (7 - bit % 8) & 1 &&
        !give_entries(e->x, at + e->prefix + CHECKSUM + i * bytes, first + i * e->page, e->page, err))
      return false;
  }
  return true;
}

/* Super block u has 2^(u/2) blocks of 2^((u+1)/2) * least entries. */
static uint64_t blocks_of(uint64_t u) { return UINT64_C(1) << (u / 2); }
static uint64_t entries_of(const extensible *e, uint64_t u) { return e->least << ((u + 1) / 2); }

static bool walk_super(extensible *e, uint64_t at, uint64_t u, tome_error *err) {
  uint8_t *p, *map = NULL;
  const uint64_t blocks = blocks_of(u), n = entries_of(e, u), pages = n > e->page ? n / e->page : 0;
  const uint64_t map_bytes = pages ? blocks * ((pages + 7) / 8) : 0;
  if (at == TOME_HDF5_NOWHERE) return e->next += blocks * n, true;
  if (!tome_hdf5_bytes(e->x->h, at, e->prefix + map_bytes + blocks * 8, &p, err)) return false;
  if (memcmp(p, "EASB", 4) != 0) return tome_hdf5_broken("chunks cannot be found", err);
  if (pages) map = p + e->prefix;
  for (uint64_t i = 0; i < blocks; i++) {
    const uint64_t block = tome_number(p + e->prefix + map_bytes + i * 8, 8);
    if (!walk_block(e, block, n, map, i * pages, err)) return false;
  }
  return true;
}

static bool open_extensible(indexing *x, extensible *e, uint64_t *block, tome_error *err) {
  uint8_t *p;
  if (!tome_hdf5_bytes(x->h, x->o->address, 72, &p, err)) return false;
  if (memcmp(p, "EAHD", 4) != 0 || p[6] != x->entry) return tome_hdf5_broken("chunks cannot be found", err);
  *e = (extensible){.x = x, .most_bits = p[7], .first = p[8], .least = p[9], .pointers = p[10]};
  if (p[11] > 20 || e->most_bits > 64 || e->least == 0 || e->least & (e->least - 1) || e->pointers < 2 ||
      e->pointers & (e->pointers - 1))
    return tome_hdf5_broken("chunks cannot be found", err);
  e->page = UINT64_C(1) << p[11];
  e->prefix = 14 + (e->most_bits + 7) / 8;
  *block = tome_number(p + 60, 8);
  return true;
}

static bool walk_extensible(indexing *x, tome_error *err) {
  extensible e = {0};
  uint64_t at = 0;
  uint8_t *p;
  if (!open_extensible(x, &e, &at, err)) return false;
  if (at == TOME_HDF5_NOWHERE) return true;
  const uint64_t direct = 2 * (e.pointers - 1);
  const uint64_t low = (uint64_t)__builtin_ctzll(e.least), in_direct = 2 * (uint64_t)__builtin_ctzll(e.pointers);
  const uint64_t supers = 1 + (e.most_bits > low ? e.most_bits - low : 0);
  const uint64_t above = supers > in_direct ? supers - in_direct : 0;
  const uint64_t entries = e.first * (uint64_t)x->entry, begin = at + 14;
  if (!tome_hdf5_bytes(x->h, at, 14 + entries + 8 * (direct + above), &p, err)) return false;
  if (memcmp(p, "EAIB", 4) != 0) return tome_hdf5_broken("chunks cannot be found", err);
  if (!give_entries(x, begin, 0, e.first, err)) return false;
  e.next = e.first;
  const uint8_t *pointer = p + 14 + entries;
  for (uint64_t u = 0, i = 0; u < in_direct && i < direct; u++)
    for (uint64_t k = 0; k < blocks_of(u) && i < direct; k++, i++, pointer += 8)
      if (!walk_block(&e, tome_number(pointer, 8), entries_of(&e, u), NULL, 0, err)) return false;
  for (uint64_t u = in_direct; u < supers && u < 60; u++, pointer += 8)
    if (!walk_super(&e, tome_number(pointer, 8), u, err)) return false;
  return true;
}

/* ---- trees of version 2 ---- */

static bool take_record(void *user, const uint8_t *record, size_t size, tome_error *err) {
  indexing *x = user;
  const tome_hdf5_object *o = x->o;
  if (size != (size_t)x->entry + 8 * (size_t)o->dims) return tome_hdf5_broken("chunks cannot be found", err);
  tome_hdf5_chunk c = {.address = tome_number(record, 8), .size = x->chunk_bytes};
  if (x->size_bytes) {
    c.size = tome_number(record + 8, x->size_bytes);
    c.mask = (uint32_t)tome_number(record + 8 + x->size_bytes, 4);
  }
  for (int i = 0; i < o->dims; i++)
    if (__builtin_mul_overflow(tome_number(record + x->entry + 8 * (size_t)i, 8), (uint64_t)o->chunk[i], &c.begin[i]))
      return tome_hdf5_broken("chunks lie outside their array", err);
  return give(x, &c, err);
}

/* ---- all ---- */

static bool walk_implicit(indexing *x, tome_error *err) {
  const uint64_t count = x->left;
  for (uint64_t n = 0; n < count; n++) {
    uint8_t entry[8];
    const uint64_t at = x->o->address + n * x->chunk_bytes;
    if (at >= x->h->size) return tome_hdf5_broken("chunks lie outside the file", err);
    for (int i = 0; i < 8; i++) entry[i] = (uint8_t)(at >> (8 * i));
    if (!give_numbered(x, n, entry, err)) return false;
  }
  return true;
}

static bool walk_index(indexing *x, tome_error *err) {
  const tome_hdf5_object *o = x->o;
  switch (o->index) {
    case TOME_HDF5_TREE1:
      return walk_tree(x, o->address, 0, err);
    case TOME_HDF5_SINGLE:
      return give(x,
                  &(tome_hdf5_chunk){.address = o->address,
                                     .size = o->single_bytes ? o->single_bytes : x->chunk_bytes,
                                     .mask = o->single_mask},
                  err);
    case TOME_HDF5_IMPLICIT:
      return walk_implicit(x, err);
    case TOME_HDF5_FIXED:
      return walk_fixed(x, err);
    case TOME_HDF5_EXTENSIBLE:
      return walk_extensible(x, err);
    case TOME_HDF5_TREE2:
      return tome_hdf5_walk(x->h, o->address, take_record, x, err);
  }
  return tome_hdf5_broken("chunks cannot be found", err);
}

/* The axis that grows without bound is numbered slowest in an extensible array. */
static void set_order(indexing *x) {
  int n = 0;
  for (int i = 0; i < x->o->dims; i++)
    if (x->o->index == TOME_HDF5_EXTENSIBLE && x->count[i] == UINT64_MAX && !n) x->order[n++] = i;
  const int grows = n ? x->order[0] : -1;
  for (int i = 0; i < x->o->dims; i++)
    if (i != grows) x->order[n++] = i;
}

bool tome_hdf5_chunks(tome_hdf5 *h, const tome_hdf5_object *o, uint64_t chunk_bytes, uint64_t lo, uint64_t hi,
                      tome_hdf5_each_chunk chunk, void *user, tome_error *err) {
  indexing x = {
      .h = h, .o = o, .lo = lo, .hi = hi, .chunk_bytes = chunk_bytes, .left = 1, .chunk = chunk, .user = user};
  for (int i = 0; i < o->dims; i++) {
    const uint64_t most = o->most[i] > o->shape[i] ? o->most[i] : o->shape[i];
    x.count[i] = o->most[i] == UINT64_MAX ? UINT64_MAX : (most - 1) / o->chunk[i] + 1;
    if (__builtin_mul_overflow(x.left, (o->shape[i] - 1) / o->chunk[i] + 1, &x.left))
      return tome_hdf5_broken("chunks have impossible sizes", err);
  }
  set_order(&x);
  if (o->filter_count) x.size_bytes = chunk_bytes ? 1 + (63 - __builtin_clzll(chunk_bytes) + 8) / 8 : 1;
  if (x.size_bytes > 8) x.size_bytes = 8;
  x.entry = 8 + (x.size_bytes ? x.size_bytes + 4 : 0);
  return o->address == TOME_HDF5_NOWHERE || walk_index(&x, err);
}
