/* HDF5's headers: superblock, object headers, groups, attributes. See minc_h5.h for why. */
#include "format/minc_h5.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "format/minc_h5_bytes.h"
#include "format/stream.h"

enum { MOST_METADATA = 64 << 20, MOST_BLOCK = 1 << 20, MOST_BLOCKS = 256, DEEPEST = 16 };

bool tome_mh5_broken(const char *what, tome_error *err) {
  return tome_fail(err, TOME_CORRUPT, "is an HDF5 file whose %s", what);
}

bool tome_mh5_bytes(tome_mh5 *h, uint64_t at, uint64_t n, uint8_t **out, tome_error *err) {
  if (at > h->size || n > h->size - at || n > MOST_BLOCK) return tome_mh5_broken("structure points outside it", err);
  if (n + 64 > h->budget) return tome_mh5_broken("structure goes in circles", err);
  h->budget -= n + 64;
  uint8_t *p = tome_arena_alloc(h->arena, (size_t)n + 1, err);
  if (!p || !tome_mh5_pread(h, at, p, (size_t)n, err)) return false;
  *out = p;
  return true;
}

bool tome_mh5_pread(const tome_mh5 *h, uint64_t at, void *out, size_t n, tome_error *err) {
  for (size_t done = 0; done < n;) {
    const ssize_t got = pread(h->fd, (char *)out + done, n - done, (off_t)(at + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return tome_fail_errno(err, "cannot be read");
    if (got == 0) return tome_fail(err, TOME_CORRUPT, "is cut short; fetch the file again");
    done += (size_t)got;
  }
  return true;
}

/* Version 0 and 1 hold the root's entry, 2 and 3 its header's address. Offsets of 8 bytes, which is what is written. */
bool tome_mh5_open(const char *path, tome_arena *arena, tome_mh5 *out, tome_error *err) {
  static const uint8_t magic[8] = {0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'};
  tome_mh5 h = {.path = path, .arena = arena, .budget = MOST_METADATA};
  uint8_t *p;
  if (!tome_file_size(path, &h.size, err)) return false;
  h.fd = tome_open_regular(path, err);
  if (h.fd < 0) return false;
  bool ok = tome_mh5_bytes(&h, 0, 96, &p, err);
  if (ok && memcmp(p, magic, sizeof magic) != 0) ok = tome_fail(err, TOME_CORRUPT, "is no HDF5 file");
  if (ok) {
    const int version = p[8];
    const int sizes = version < 2 ? 13 : 9;
    uint64_t end = 0;
    if (version > 3 || p[sizes] != 8 || p[sizes + 1] != 8)
      ok = tome_fail(err, TOME_UNSUPPORTED, "is HDF5 with a superblock of version %d, or of other than 64 bits",
                     version);
    else
      end = tome_number(p + (version == 0 ? 40 : version == 1 ? 44 : 28), 8);
    if (ok && end > h.size)
      ok = tome_fail(err, TOME_CORRUPT, "is cut short: it ends at byte %llu of %llu; fetch the file again",
                     (unsigned long long)h.size, (unsigned long long)end);
    if (ok) h.root = version < 2 ? tome_number(p + (version == 1 ? 28 : 24) + 40, 8) : tome_number(p + 36, 8);
  }
  if (ok) return *out = h, true;
  close(h.fd);
  return false;
}

void tome_mh5_close(tome_mh5 *h) {
  if (h->fd > 0) close(h->fd);
  h->fd = -1;
}

/* ---- messages ---- */

static bool read_type(const uint8_t *p, size_t n, tome_mh5_type *t) {
  if (n < 8) return false;
  const int class = p[0] & 15;
  *t = (tome_mh5_type){.class = TOME_MH5_OTHER, .size = (size_t)tome_number(p + 4, 4)};
  if (t->size == 0 || t->size > MOST_BLOCK) return false;
  t->swapped = (p[1] & 1) != (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);
  if (class == 3) t->class = TOME_MH5_TEXT;
  if (class == 0) {
    static const tome_dtype types[2][9] = {{[1] = TOME_U8, [2] = TOME_U16, [4] = TOME_U32, [8] = TOME_U64},
                                           {[1] = TOME_I8, [2] = TOME_I16, [4] = TOME_I32, [8] = TOME_I64}};
    t->dtype = t->size <= 8 ? types[p[1] >> 3 & 1][t->size] : TOME_NONE;
  }
  if (class == 1) t->dtype = t->size == 4 ? TOME_F32 : t->size == 8 ? TOME_F64 : TOME_NONE;
  if (t->dtype != TOME_NONE) t->class = TOME_MH5_NUMBER;
  return true;
}

static bool read_space(const uint8_t *p, size_t n, int *dims, uint64_t *shape) {
  if (n < 4 || (p[0] != 1 && p[0] != 2) || p[1] > TOME_MH5_DIMS) return false;
  const size_t begin = p[0] == 1 ? 8 : 4;
  if (n < begin + 8 * (size_t)p[1]) return false;
  *dims = p[1];
  for (int i = 0; i < *dims; i++) shape[i] = tome_number(p + begin + 8 * (size_t)i, 8);
  return !(p[0] == 2 && p[3] == 2); /* null */
}

/* Attributes of shared types and of anything odd are left out: MINC has none. */
static bool take_attribute(tome_mh5 *h, const uint8_t *p, size_t n, tome_mh5_object *o, tome_error *err) {
  if (n < 9 || p[0] < 1 || p[0] > 3 || (p[0] > 1 && p[1] & 3)) return true;
  size_t sizes[3] = {(size_t)tome_number(p + 2, 2), (size_t)tome_number(p + 4, 2), (size_t)tome_number(p + 6, 2)},
         at[4];
  at[0] = p[0] == 3 ? 9 : 8;
  for (int i = 0; i < 3; i++) at[i + 1] = at[i] + (p[0] == 1 ? (sizes[i] + 7) / 8 * 8 : sizes[i]);
  tome_mh5_attribute a = {.count = 1};
  uint64_t shape[TOME_MH5_DIMS], bytes;
  int dims;
  if (at[3] > n || sizes[0] == 0 || !read_type(p + at[1], sizes[1], &a.type) ||
      !read_space(p + at[2], sizes[2], &dims, shape))
    return true;
  for (int i = 0; i < dims; i++)
    if (__builtin_mul_overflow(a.count, shape[i], &a.count)) return true;
  if (__builtin_mul_overflow(a.count, (uint64_t)a.type.size, &bytes) || bytes > n - at[3]) return true;
  a.name = tome_arena_printf(h->arena, err, "%.*s", (int)sizes[0], (const char *)p + at[0]);
  a.data = p + at[3];
  if (!a.name ||
      !tome_arena_grow(h->arena, &o->attributes, &o->attribute_cap, o->attribute_count + 1, sizeof *o->attributes, err))
    return false;
  o->attributes[o->attribute_count++] = a;
  return true;
}

/* ---- attributes that outgrew the header: a heap of them, and a tree of where each lies in it ---- */

typedef struct heap {
  uint64_t root, block; /* the first block's address, and its size */
  int rows, width;      /* of the table of blocks; rows 0: the root is the only block */
  int offset_bytes, id_bytes;
} heap;

static bool open_heap(tome_mh5 *h, uint64_t at, heap *out, tome_error *err) {
  uint8_t *p;
  if (!tome_mh5_bytes(h, at, 142, &p, err)) return false;
  if (memcmp(p, "FRHP", 4) != 0 || tome_number(p + 7, 2) != 0) return tome_mh5_broken("attributes cannot be read", err);
  *out = (heap){.root = tome_number(p + 132, 8),
                .block = tome_number(p + 112, 8),
                .rows = (int)tome_number(p + 140, 2),
                .width = (int)tome_number(p + 110, 2),
                .offset_bytes = ((int)tome_number(p + 128, 2) + 7) / 8,
                .id_bytes = (int)tome_number(p + 5, 2)};
  if (out->offset_bytes < 1 || out->offset_bytes > 6 || out->id_bytes != 8 || out->block == 0 ||
      out->block > MOST_BLOCK || out->rows > 8 || (out->rows && (out->width < 1 || out->width > 16)))
    return tome_fail(err, TOME_UNSUPPORTED, "keeps its attributes in a way that is not read");
  return true;
}

/* Where byte `offset` of the heap lies in the file: blocks double in size from the third row of the table on. */
static bool heap_address(tome_mh5 *h, const heap *t, uint64_t offset, uint64_t *out, tome_error *err) {
  uint8_t *p;
  if (t->rows == 0) return *out = t->root + offset, true;
  const uint64_t prefix = 13 + (uint64_t)t->offset_bytes;
  if (!tome_mh5_bytes(h, t->root, prefix + 8 * (uint64_t)(t->rows * t->width), &p, err)) return false;
  if (memcmp(p, "FHIB", 4) != 0) return tome_mh5_broken("attributes cannot be read", err);
  for (int i = 0; i < t->rows * t->width; i++) {
    const int row = i / t->width;
    const uint64_t size = t->block << (row > 1 ? row - 1 : 0);
    if (offset < size) return *out = tome_number(p + prefix + 8 * (uint64_t)i, 8) + offset, true;
    offset -= size;
  }
  return tome_mh5_broken("attributes cannot be read", err);
}

static bool take_heaped(tome_mh5 *h, const uint8_t *p, size_t n, tome_mh5_object *o, tome_error *err) {
  const size_t at = n >= 2 && p[1] & 1 ? 4 : 2;
  if (n < at + 16 || tome_number(p + at, 8) == UINT64_MAX) return true; /* all are in the header */
  heap t = {.rows = 0};
  uint8_t *tree, *records;
  if (!open_heap(h, tome_number(p + at, 8), &t, err) || !tome_mh5_bytes(h, tome_number(p + at + 8, 8), 38, &tree, err))
    return false;
  const uint64_t size = tome_number(tree + 10, 2), count = tome_number(tree + 24, 2);
  if (memcmp(tree, "BTHD", 4) != 0 || tree[5] != 8 || size < 17)
    return tome_mh5_broken("attributes cannot be read", err);
  if (tome_number(tree + 12, 2) != 0)
    return tome_fail(err, TOME_UNSUPPORTED, "has an object with more attributes than are read");
  if (!tome_mh5_bytes(h, tome_number(tree + 16, 8), 6 + count * size, &records, err)) return false;
  for (uint64_t i = 0; i < count; i++) {
    const uint8_t *id = records + 6 + i * size;
    uint64_t address = 0;
    uint8_t *message;
    if (id[0] >> 4 & 3) continue; /* huge or tiny */
    const uint64_t length = tome_number(id + 1 + t.offset_bytes, t.id_bytes - 1 - t.offset_bytes);
    if (!heap_address(h, &t, tome_number(id + 1, t.offset_bytes), &address, err) ||
        !tome_mh5_bytes(h, address, length, &message, err) || !take_attribute(h, message, (size_t)length, o, err))
      return false;
  }
  return true;
}

static bool take_link(tome_mh5 *h, const uint8_t *p, size_t n, tome_mh5_object *o, tome_error *err) {
  if (n < 2 || p[0] != 1) return true;
  const int flags = p[1];
  const size_t width = (size_t)1 << (flags & 3);
  size_t at = 2;
  if (flags & 8 && (at >= n || p[at++] != 0)) return true; /* soft or external */
  if (flags & 4) at += 8;
  if (flags & 16) at++;
  if (at + width > n) return true;
  const uint64_t length = tome_number(p + at, (int)width);
  at += width;
  if (length > n - at || n - at - length < 8) return true;
  struct tome_mh5_link link = {tome_arena_printf(h->arena, err, "%.*s", (int)length, (const char *)p + at),
                               tome_number(p + at + length, 8)};
  if (!link.name || !tome_arena_grow(h->arena, &o->links, &o->link_cap, o->link_count + 1, sizeof link, err))
    return false;
  o->links[o->link_count++] = link;
  return true;
}

static bool take_layout(const uint8_t *p, size_t n, tome_mh5_object *o, tome_error *err) {
  if (n < 2 || (p[0] != 3 && !(p[0] == 4 && p[1] < 2)))
    return tome_fail(err, TOME_UNSUPPORTED, "has an array laid out in version %d; 3 is read", n ? p[0] : 0);
  o->has_layout = true;
  o->layout = p[1] == 0 ? TOME_MH5_COMPACT : p[1] == 1 ? TOME_MH5_CONTIGUOUS : TOME_MH5_CHUNKED;
  if (p[1] == 0 && n >= 4) {
    o->length = tome_number(p + 2, 2);
    o->compact = p + 4;
    return o->length <= n - 4 || tome_mh5_broken("array is cut short", err);
  }
  if (p[1] == 1 && n >= 18) {
    o->address = tome_number(p + 2, 8);
    o->length = tome_number(p + 10, 8);
    return true;
  }
  if (p[1] != 2 || n < 11 || p[2] < 2 || p[2] > TOME_MH5_DIMS || n < 11 + 4 * (size_t)p[2])
    return tome_mh5_broken("array has an unreadable layout", err);
  o->address = tome_number(p + 3, 8);
  for (int i = 0; i + 1 < p[2]; i++) o->chunk[i] = (uint32_t)tome_number(p + 11 + 4 * (size_t)i, 4);
  o->length = (uint64_t)p[2] - 1; /* dimensions of the chunks, until they are compared with the array's */
  return true;
}

static bool take_filters(const uint8_t *p, size_t n, tome_mh5_object *o, tome_error *err) {
  if (n < 2 || p[1] > TOME_MH5_FILTERS)
    return tome_fail(err, TOME_UNSUPPORTED, "has an array with more filters than are read");
  size_t at = p[0] == 1 ? 8 : 2;
  for (int i = 0; i < p[1]; i++) {
    if (at + 8 > n) return tome_mh5_broken("array has unreadable filters", err);
    const int id = (int)tome_number(p + at, 2);
    const bool named = p[0] == 1 || id >= 256;
    const size_t name = named ? (size_t)tome_number(p + at + 2, 2) : 0, flags_at = at + (named ? 4 : 2);
    if (flags_at + 4 > n) return tome_mh5_broken("array has unreadable filters", err);
    const size_t values = (size_t)tome_number(p + flags_at + 2, 2);
    if (id < 1 || id > 3)
      return tome_fail(err, TOME_UNSUPPORTED,
                       "has an array with HDF5's filter %d; deflate, shuffle and Fletcher32 are read", id);
    o->filters[o->filter_count++] = id;
    at = flags_at + 4 + (p[0] == 1 ? (name + 7) / 8 * 8 : name) + 4 * (values + (p[0] == 1 && values % 2));
  }
  return true;
}

static bool take_message(tome_mh5 *h, int type, int flags, const uint8_t *p, size_t n, tome_mh5_object *o,
                         tome_error *err) {
  if (flags & 2) return true; /* shared: elsewhere */
  switch (type) {
    case 0x01:
      o->has_space = read_space(p, n, &o->dims, o->shape);
      return true;
    case 0x03:
      o->has_type = read_type(p, n, &o->type);
      return true;
    case 0x06:
      return take_link(h, p, n, o, err);
    case 0x08:
      return take_layout(p, n, o, err);
    case 0x0b:
      return take_filters(p, n, o, err);
    case 0x0c:
      return take_attribute(h, p, n, o, err);
    case 0x15:
      return take_heaped(h, p, n, o, err);
    case 0x11:
      if (n >= 16) o->symbols = tome_number(p, 8), o->heap = tome_number(p + 8, 8);
      return true;
    default:
      return true;
  }
}

/* ---- object headers ---- */

/* Blocks of one object's header that are still to be read. */
typedef struct blocks {
  struct {
    uint64_t at, size;
  } todo[MOST_BLOCKS];
  int count, next;
  int version, flags;
} blocks;

static bool add_block(blocks *b, uint64_t at, uint64_t size, tome_error *err) {
  if (b->count == MOST_BLOCKS) return tome_mh5_broken("structure goes in circles", err);
  b->todo[b->count].at = at;
  b->todo[b->count++].size = size;
  return true;
}

static bool read_messages(tome_mh5 *h, blocks *b, const uint8_t *p, size_t n, tome_mh5_object *o, tome_error *err) {
  const size_t prefix = b->version == 1 ? 8 : b->flags & 4 ? 6 : 4;
  for (size_t at = 0; at + prefix <= n;) {
    const int type = b->version == 1 ? (int)tome_number(p + at, 2) : p[at];
    const size_t size = (size_t)tome_number(p + at + (b->version == 1 ? 2 : 1), 2);
    const int flags = p[at + (b->version == 1 ? 4 : 3)];
    at += prefix;
    if (size > n - at) return b->version == 2 || tome_mh5_broken("object headers are cut short", err);
    if (type == 0x10) {
      if (size < 16 || !add_block(b, tome_number(p + at, 8), tome_number(p + at + 8, 8), err)) return false;
    } else if (!take_message(h, type, flags, p + at, size, o, err)) {
      return false;
    }
    at += size;
  }
  return true;
}

static bool open_header(tome_mh5 *h, uint64_t address, blocks *b, tome_error *err) {
  uint8_t *p;
  if (!tome_mh5_bytes(h, address, 16, &p, err)) return false;
  if (memcmp(p, "OHDR", 4) != 0) {
    if (p[0] != 1) return tome_mh5_broken("object headers are damaged", err);
    b->version = 1;
    return add_block(b, address + 16, tome_number(p + 8, 4), err);
  }
  b->version = 2;
  b->flags = p[5];
  const int width = 1 << (p[5] & 3);
  const uint64_t at = address + 6 + (p[5] & 0x20 ? 16 : 0) + (p[5] & 0x10 ? 4 : 0);
  return tome_mh5_bytes(h, at, (uint64_t)width, &p, err) &&
         add_block(b, at + (uint64_t)width, tome_number(p, width), err);
}

bool tome_mh5_read_object(tome_mh5 *h, uint64_t address, tome_mh5_object *out, tome_error *err) {
  tome_mh5_object o = {.attribute_count = 0};
  blocks b = {.count = 0};
  if (!open_header(h, address, &b, err)) return false;
  for (; b.next < b.count; b.next++) {
    uint8_t *p;
    uint64_t n = b.todo[b.next].size;
    if (!tome_mh5_bytes(h, b.todo[b.next].at, n, &p, err)) return false;
    if (b.version == 2 && b.next > 0) { /* signature before, checksum behind */
      if (n < 8 || memcmp(p, "OCHK", 4) != 0) return tome_mh5_broken("object headers are damaged", err);
      p += 4;
      n -= 8;
    }
    if (!read_messages(h, &b, p, (size_t)n, &o, err)) return false;
  }
  *out = o;
  return true;
}

/* ---- groups ---- */

/* Looks for a name in a node of symbols. */
static bool search_symbols(tome_mh5 *h, uint64_t at, const char *name, const uint8_t *names, uint64_t size,
                           uint64_t *found, tome_error *err) {
  uint8_t *p;
  if (!tome_mh5_bytes(h, at, 8, &p, err)) return false;
  if (memcmp(p, "SNOD", 4) != 0) return tome_mh5_broken("groups are damaged", err);
  const uint64_t count = tome_number(p + 6, 2);
  if (!tome_mh5_bytes(h, at + 8, count * 40, &p, err)) return false;
  for (uint64_t i = 0; i < count; i++) {
    const uint64_t offset = tome_number(p + i * 40, 8);
    if (offset < size && strcmp((const char *)names + offset, name) == 0) *found = tome_number(p + i * 40 + 8, 8);
  }
  return true;
}

static bool search_tree(tome_mh5 *h, uint64_t at, int depth, const char *name, const uint8_t *names, uint64_t size,
                        uint64_t *found, tome_error *err) {
  uint8_t *p;
  if (depth > DEEPEST) return tome_mh5_broken("groups are nested too deep", err);
  if (!tome_mh5_bytes(h, at, 24, &p, err)) return false;
  if (memcmp(p, "TREE", 4) != 0 || p[4] != 0) return tome_mh5_broken("groups are damaged", err);
  const int level = p[5];
  const uint64_t count = tome_number(p + 6, 2);
  if (!tome_mh5_bytes(h, at + 24, count * 16 + 8, &p, err)) return false;
  for (uint64_t i = 0; i < count && !*found; i++) {
    const uint64_t child = tome_number(p + i * 16 + 8, 8);
    if (!(level ? search_tree(h, child, depth + 1, name, names, size, found, err)
                : search_symbols(h, child, name, names, size, found, err)))
      return false;
  }
  return true;
}

static bool find_child(tome_mh5 *h, const tome_mh5_object *group, const char *name, uint64_t *found, tome_error *err) {
  *found = 0;
  for (size_t i = 0; i < group->link_count; i++)
    if (strcmp(group->links[i].name, name) == 0) *found = group->links[i].address;
  if (*found || !group->symbols) return true;
  uint8_t *p, *names;
  if (!tome_mh5_bytes(h, group->heap, 32, &p, err)) return false;
  if (memcmp(p, "HEAP", 4) != 0) return tome_mh5_broken("groups are damaged", err);
  const uint64_t size = tome_number(p + 8, 8);
  return tome_mh5_bytes(h, tome_number(p + 24, 8), size, &names, err) &&
         search_tree(h, group->symbols, 0, name, names, size, found, err);
}

bool tome_mh5_find(tome_mh5 *h, const char *path, tome_mh5_object *out, bool *found, tome_error *err) {
  tome_mh5_object o;
  if (!tome_mh5_read_object(h, h->root, &o, err)) return false;
  while (*path) {
    char name[256];
    uint64_t child;
    const size_t n = strcspn(path, "/");
    if (n >= sizeof name) return tome_fail(err, TOME_USAGE, "has no such long name");
    memcpy(name, path, n);
    name[n] = '\0';
    path += n + (path[n] == '/');
    if (!find_child(h, &o, name, &child, err)) return false;
    if (!child) return *found = false, true;
    if (!tome_mh5_read_object(h, child, &o, err)) return false;
  }
  *out = o;
  return *found = true;
}

/* ---- attributes ---- */

const tome_mh5_attribute *tome_mh5_attribute_of(const tome_mh5_object *o, const char *name) {
  for (size_t i = 0; i < o->attribute_count; i++)
    if (strcmp(o->attributes[i].name, name) == 0) return &o->attributes[i];
  return NULL;
}

size_t tome_mh5_numbers(const tome_mh5_attribute *a, double *out, size_t most) {
  if (!a || a->type.class != TOME_MH5_NUMBER) return 0;
  const size_t n = a->count < most ? (size_t)a->count : most;
  for (size_t i = 0; i < n; i++) {
    uint64_t element = 0;
    memcpy(&element, a->data + i * a->type.size, a->type.size);
    if (a->type.swapped) tome_swap_bytes(&element, 1, a->type.size);
    tome_to_doubles(a->type.dtype, &element, 1, &out[i]);
  }
  return n;
}

void tome_mh5_text(const tome_mh5_attribute *a, char *out, size_t size) {
  size_t n = 0;
  if (a && a->type.class == TOME_MH5_TEXT && a->count) n = a->type.size < size - 1 ? a->type.size : size - 1;
  if (n) memcpy(out, a->data, n);
  out[n] = '\0';
}
