/* HDF5's headers: superblock, object headers, attributes. See hdf5/reader.h for why. */
#include "format/hdf5/reader.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "format/hdf5/bytes.h"
#include "format/stream.h"

enum {
  FIRST_USER_BLOCK = 512,
  MOST_USER_BLOCK = 2048,
  MOST_METADATA = 256 << 20,
  MOST_BLOCK = 1 << 20,
  MOST_BLOCKS = 256
};

bool tome_hdf5_broken(const char *what, tome_error *err) {
  return tome_fail(err, TOME_CORRUPT, "is an HDF5 file whose %s", what);
}

bool tome_hdf5_bytes(tome_hdf5 *h, uint64_t at, uint64_t n, uint8_t **out, tome_error *err) {
  if (at > h->size || n > h->size - at || n > MOST_BLOCK) return tome_hdf5_broken("structure points outside it", err);
  if (n + 64 > h->budget) return tome_hdf5_broken("structure goes in circles", err);
  h->budget -= n + 64;
  uint8_t *p = tome_arena_alloc(h->arena, (size_t)n + 1, err);
  if (!p || !tome_hdf5_pread(h, at, p, (size_t)n, err)) return false;
  *out = p;
  return true;
}

bool tome_hdf5_pread(const tome_hdf5 *h, uint64_t at, void *out, size_t n, tome_error *err) {
  for (size_t done = 0; done < n;) {
    const ssize_t got = pread(h->fd, (char *)out + done, n - done, (off_t)(h->base + at + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return tome_fail_errno(err, "cannot be read");
    if (got == 0) return tome_fail(err, TOME_CORRUPT, "is cut short; fetch the file again");
    done += (size_t)got;
  }
  return true;
}

uint64_t tome_hdf5_begin(const uint8_t *head, size_t size) {
  static const uint8_t magic[8] = {0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'};
  for (size_t at = 0; at + sizeof magic <= size; at = at ? 2 * at : FIRST_USER_BLOCK)
    if (memcmp(head + at, magic, sizeof magic) == 0) return at;
  return TOME_HDF5_NOWHERE;
}

/* Version 0 and 1 hold the root's entry, 2 and 3 its header's address. Offsets of 8 bytes, which is what is written. */
static bool read_superblock(tome_hdf5 *h, tome_error *err) {
  uint8_t head[MOST_USER_BLOCK + 8], *p;
  const size_t n = h->size < sizeof head ? (size_t)h->size : sizeof head;
  if (!tome_hdf5_pread(h, 0, head, n, err)) return false;
  h->base = tome_hdf5_begin(head, n);
  if (h->base == TOME_HDF5_NOWHERE) return tome_fail(err, TOME_CORRUPT, "is no HDF5 file");
  const uint64_t all = h->size;
  h->size -= h->base;
  if (!tome_hdf5_bytes(h, 0, 96, &p, err)) return false;
  const int version = p[8], sizes = version < 2 ? 13 : 9;
  if (version > 3 || p[sizes] != 8 || p[sizes + 1] != 8)
    return tome_fail(err, TOME_UNSUPPORTED, "is HDF5 with a superblock of version %d, or of other than 64 bits",
                     version);
  const uint64_t end = tome_number(p + (version == 0 ? 40 : version == 1 ? 44 : 28), 8);
  if (end > all)
    return tome_fail(err, TOME_CORRUPT, "is cut short: it ends at byte %llu of %llu; fetch the file again",
                     (unsigned long long)all, (unsigned long long)end);
  h->root = version < 2 ? tome_number(p + (version == 1 ? 28 : 24) + 40, 8) : tome_number(p + 36, 8);
  h->matlab = h->base && memcmp(head, "MATLAB", 6) == 0;
  return true;
}

bool tome_hdf5_open(const char *path, tome_arena *arena, tome_hdf5 *out, tome_error *err) {
  tome_hdf5 h = {.path = path, .arena = arena, .budget = MOST_METADATA};
  if (!tome_file_size(path, &h.size, err)) return false;
  h.fd = tome_open_regular(path, err);
  if (h.fd < 0) return false;
  if (read_superblock(&h, err)) return *out = h, true;
  close(h.fd);
  return false;
}

void tome_hdf5_close(tome_hdf5 *h) {
  if (h->fd > 0) close(h->fd);
  h->fd = -1;
}

/* ---- messages ---- */

static bool read_type(const uint8_t *p, size_t n, tome_hdf5_type *t) {
  if (n < 8) return false;
  const int class = p[0] & 15;
  static const char *const kinds[] = {"integers of an odd size",
                                      "floating point of an odd size",
                                      "times",
                                      "texts",
                                      "bit fields",
                                      "opaque bytes",
                                      "records",
                                      "references",
                                      "names",
                                      "texts or lists of varying length",
                                      "arrays"};
  *t = (tome_hdf5_type){
      .class = TOME_HDF5_OTHER, .size = (size_t)tome_number(p + 4, 4), .what = class < 11 ? kinds[class] : "unknown"};
  if (t->size == 0 || t->size > MOST_BLOCK) return false;
  t->swapped = (p[1] & 1) != (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);
  if (class == 3) t->class = TOME_HDF5_TEXT;
  if (class == 8 && n >= 16 &&
      (p[8] & 15) == 0) { /* an enumeration of numbers, as NumPy's bool is written: the numbers */
    tome_hdf5_type base;
    if (read_type(p + 8, n - 8, &base) && base.size == t->size) *t = base;
    if (t->dtype == TOME_I8 && tome_number(p + 1, 2) == 2) t->dtype = TOME_U8; /* FALSE and TRUE */
    return true;
  }
  const bool whole = n >= 12 && tome_number(p + 8, 2) == 0 && tome_number(p + 10, 2) == 8 * t->size;
  if (class == 0 && whole) {
    static const tome_dtype types[2][9] = {{[1] = TOME_U8, [2] = TOME_U16, [4] = TOME_U32, [8] = TOME_U64},
                                           {[1] = TOME_I8, [2] = TOME_I16, [4] = TOME_I32, [8] = TOME_I64}};
    t->dtype = t->size <= 8 ? types[p[1] >> 3 & 1][t->size] : TOME_NONE;
  }
  if (class == 1 && whole && !(p[1] & 0x40)) t->dtype = t->size == 4 ? TOME_F32 : t->size == 8 ? TOME_F64 : TOME_NONE;
  if (t->dtype != TOME_NONE) t->class = TOME_HDF5_NUMBER;
  if (class == 1 && whole && t->size == 2 && n >= 16 && p[13] == 5 && p[15] == 10) { /* exponent, fraction */
    t->half = true;
    t->dtype = TOME_U16;
    t->what = "float16";
  }
  return true;
}

/* `most` (may be NULL): how far each dimension may grow. */
static bool read_space(const uint8_t *p, size_t n, int *dims, uint64_t *shape, uint64_t *most) {
  if (n < 4 || (p[0] != 1 && p[0] != 2) || p[1] > TOME_HDF5_DIMS) return false;
  const size_t begin = p[0] == 1 ? 8 : 4;
  if (n < begin + 8 * (size_t)p[1]) return false;
  *dims = p[1];
  for (int i = 0; i < *dims; i++) shape[i] = tome_number(p + begin + 8 * (size_t)i, 8);
  const size_t more = begin + 8 * (size_t)*dims;
  const bool grows = p[2] & 1 && n >= more + 8 * (size_t)*dims;
  for (int i = 0; most && i < *dims; i++) most[i] = grows ? tome_number(p + more + 8 * (size_t)i, 8) : shape[i];
  return !(p[0] == 2 && p[3] == 2); /* null */
}

/* Attributes of shared types and of anything odd are left out. */
bool tome_hdf5_take_attribute(tome_hdf5 *h, const uint8_t *p, size_t n, tome_hdf5_object *o, tome_error *err) {
  if (n < 9 || p[0] < 1 || p[0] > 3 || (p[0] > 1 && p[1] & 3)) return true;
  size_t sizes[3] = {(size_t)tome_number(p + 2, 2), (size_t)tome_number(p + 4, 2), (size_t)tome_number(p + 6, 2)},
         at[4];
  at[0] = p[0] == 3 ? 9 : 8;
  for (int i = 0; i < 3; i++) at[i + 1] = at[i] + (p[0] == 1 ? (sizes[i] + 7) / 8 * 8 : sizes[i]);
  tome_hdf5_attribute a = {.count = 1};
  uint64_t shape[TOME_HDF5_DIMS], bytes;
  int dims;
  if (at[3] > n || sizes[0] == 0 || !read_type(p + at[1], sizes[1], &a.type) ||
      !read_space(p + at[2], sizes[2], &dims, shape, NULL))
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

/* Layout of version 4: what HDF5 1.10 writes where it need not be read by older ones. */
static bool take_new_chunks(const uint8_t *p, size_t n, tome_hdf5_object *o, tome_error *err) {
  if (n < 6 || p[3] < 2 || p[3] > TOME_HDF5_DIMS || p[4] < 1 || p[4] > 8)
    return tome_hdf5_broken("array has an unreadable layout", err);
  const size_t dims = p[3], width = p[4], at = 5 + dims * width;
  if (p[2] & 1) o->unread = "leaves the chunks at its edges unfiltered";
  if (n < at + 1) return tome_hdf5_broken("array has an unreadable layout", err);
  for (size_t i = 0; i + 1 < dims; i++) {
    const uint64_t size = tome_number(p + 5 + i * width, (int)width);
    if (size > UINT32_MAX) return tome_hdf5_broken("array has an unreadable layout", err);
    o->chunk[i] = (uint32_t)size;
  }
  o->length = dims - 1;
  o->index = (tome_hdf5_index)p[at];
  static const size_t more[] = {
      [TOME_HDF5_IMPLICIT] = 0, [TOME_HDF5_FIXED] = 1, [TOME_HDF5_EXTENSIBLE] = 5, [TOME_HDF5_TREE2] = 6};
  size_t k = at + 1;
  if (o->index < TOME_HDF5_SINGLE || o->index > TOME_HDF5_TREE2)
    return tome_hdf5_broken("array has an unreadable layout", err);
  const bool filtered = o->index == TOME_HDF5_SINGLE && p[2] & 2;
  if (n < k + (filtered ? 12 : 0) + (o->index == TOME_HDF5_SINGLE ? 0 : more[o->index]) + 8)
    return tome_hdf5_broken("array has an unreadable layout", err);
  if (filtered) {
    o->single_bytes = tome_number(p + k, 8);
    o->single_mask = (uint32_t)tome_number(p + k + 8, 4);
    k += 12;
  } else if (o->index != TOME_HDF5_SINGLE) {
    memcpy(o->index_bits, p + k, more[o->index]);
    k += more[o->index];
  }
  o->address = tome_number(p + k, 8);
  return true;
}

static bool take_layout(const uint8_t *p, size_t n, tome_hdf5_object *o, tome_error *err) {
  if (n < 2 || (p[0] != 3 && p[0] != 4))
    return tome_fail(err, TOME_UNSUPPORTED, "has an array laid out in version %d; 3 and 4 are read", n ? p[0] : 0);
  o->has_layout = true;
  o->layout = p[1] == 0 ? TOME_HDF5_COMPACT : p[1] == 1 ? TOME_HDF5_CONTIGUOUS : TOME_HDF5_CHUNKED;
  if (p[1] == 0 && n >= 4) {
    o->length = tome_number(p + 2, 2);
    o->compact = p + 4;
    return o->length <= n - 4 || tome_hdf5_broken("array is cut short", err);
  }
  if (p[1] == 1 && n >= 18) {
    o->address = tome_number(p + 2, 8);
    o->length = tome_number(p + 10, 8);
    return true;
  }
  if (p[1] == 3) {
    o->unread = "is a virtual data set, whose values lie in others; read those";
    return true;
  }
  if (p[0] == 4 && p[1] == 2) return take_new_chunks(p, n, o, err);
  if (p[1] != 2 || n < 11 || p[2] < 2 || p[2] > TOME_HDF5_DIMS || n < 11 + 4 * (size_t)p[2])
    return tome_hdf5_broken("array has an unreadable layout", err);
  o->address = tome_number(p + 3, 8);
  for (int i = 0; i + 1 < p[2]; i++) o->chunk[i] = (uint32_t)tome_number(p + 11 + 4 * (size_t)i, 4);
  o->length = (uint64_t)p[2] - 1; /* dimensions of the chunks, until they are compared with the array's */
  return true;
}

/* What stands where nothing was written: version 2 and 3; 1 is of HDF5 older than 1.6.3. */
static void take_fill(const uint8_t *p, size_t n, tome_hdf5_object *o) {
  const bool given = n >= 8 && p[0] < 3 ? p[3] != 0 : n >= 6 && p[0] == 3 && p[1] & 0x20;
  const size_t at = n >= 8 && p[0] < 3 ? 8 : 6;
  if (!given) return;
  const size_t size = (size_t)tome_number(p + at - 4, 4);
  if (size == 0 || size > sizeof o->fill || size > n - at) return;
  memcpy(o->fill, p + at, size);
  o->fill_bytes = size;
}

static bool take_filters(const uint8_t *p, size_t n, tome_hdf5_object *o, tome_error *err) {
  if (n < 2 || p[1] > TOME_HDF5_FILTERS)
    return tome_fail(err, TOME_UNSUPPORTED, "has an array with more filters than are read");
  if (o->filter_count) return tome_hdf5_broken("array has its filters listed twice", err);
  size_t at = p[0] == 1 ? 8 : 2;
  for (int i = 0; i < p[1]; i++) {
    if (at + 6 > n) return tome_hdf5_broken("array has unreadable filters", err);
    const int id = (int)tome_number(p + at, 2);
    const bool named = p[0] == 1 || id >= 256;
    const size_t name = named ? (size_t)tome_number(p + at + 2, 2) : 0, flags_at = at + (named ? 4 : 2);
    if (flags_at + 4 > n) return tome_hdf5_broken("array has unreadable filters", err);
    const size_t values = (size_t)tome_number(p + flags_at + 2, 2);
    if (!tome_hdf5_undoes(id)) o->unread = tome_hdf5_filter_text(id);
    at = flags_at + 4 + (p[0] == 1 ? (name + 7) / 8 * 8 : name);
    if (at > n || values > (n - at) / 4) return tome_hdf5_broken("array has unreadable filters", err);
    tome_hdf5_values *v = &o->values[o->filter_count];
    v->count = values < TOME_HDF5_VALUES ? values : TOME_HDF5_VALUES;
    for (size_t k = 0; k < v->count; k++) v->at[k] = (uint32_t)tome_number(p + at + 4 * k, 4);
    o->filters[o->filter_count++] = id;
    at += 4 * (values + (p[0] == 1 && values % 2));
  }
  return true;
}

static bool take_message(tome_hdf5 *h, int type, int flags, const uint8_t *p, size_t n, tome_hdf5_object *o,
                         tome_error *err) {
  if (flags & 2) { /* shared: elsewhere */
    if (type == 0x03) o->type.what = "of a named type";
    return true;
  }
  switch (type) {
    case 0x01:
      o->has_space = read_space(p, n, &o->dims, o->shape, o->most);
      return true;
    case 0x03:
      o->has_type = read_type(p, n, &o->type);
      return true;
    case 0x02:
      return tome_hdf5_take_links(h, p, n, o, err);
    case 0x05:
      take_fill(p, n, o);
      return true;
    case 0x07:
      o->unread = "lies in other files";
      return true;
    case 0x06:
      return tome_hdf5_take_link(h, p, n, o, err);
    case 0x08:
      return take_layout(p, n, o, err);
    case 0x0b:
      return take_filters(p, n, o, err);
    case 0x0c:
      return tome_hdf5_take_attribute(h, p, n, o, err);
    case 0x15:
      return tome_hdf5_take_attributes(h, p, n, o, err);
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
  if (b->count == MOST_BLOCKS) return tome_hdf5_broken("structure goes in circles", err);
  b->todo[b->count].at = at;
  b->todo[b->count++].size = size;
  return true;
}

static bool read_messages(tome_hdf5 *h, blocks *b, const uint8_t *p, size_t n, tome_hdf5_object *o, tome_error *err) {
  const size_t prefix = b->version == 1 ? 8 : b->flags & 4 ? 6 : 4;
  for (size_t at = 0; at + prefix <= n;) {
    const int type = b->version == 1 ? (int)tome_number(p + at, 2) : p[at];
    const size_t size = (size_t)tome_number(p + at + (b->version == 1 ? 2 : 1), 2);
    const int flags = p[at + (b->version == 1 ? 4 : 3)];
    at += prefix;
    if (size > n - at) return b->version == 2 || tome_hdf5_broken("object headers are cut short", err);
    if (type == 0x10) {
      if (size < 16 || !add_block(b, tome_number(p + at, 8), tome_number(p + at + 8, 8), err)) return false;
    } else if (!take_message(h, type, flags, p + at, size, o, err)) {
      return false;
    }
    at += size;
  }
  return true;
}

static bool open_header(tome_hdf5 *h, uint64_t address, blocks *b, tome_error *err) {
  uint8_t *p;
  if (!tome_hdf5_bytes(h, address, 16, &p, err)) return false;
  if (memcmp(p, "OHDR", 4) != 0) {
    if (p[0] != 1) return tome_hdf5_broken("object headers are damaged", err);
    b->version = 1;
    return add_block(b, address + 16, tome_number(p + 8, 4), err);
  }
  b->version = 2;
  b->flags = p[5];
  const int width = 1 << (p[5] & 3);
  const uint64_t at = address + 6 + (p[5] & 0x20 ? 16 : 0) + (p[5] & 0x10 ? 4 : 0);
  return tome_hdf5_bytes(h, at, (uint64_t)width, &p, err) &&
         add_block(b, at + (uint64_t)width, tome_number(p, width), err);
}

bool tome_hdf5_read_object(tome_hdf5 *h, uint64_t address, tome_hdf5_object *out, tome_error *err) {
  tome_hdf5_object o = {.attribute_count = 0};
  blocks b = {.count = 0};
  if (!open_header(h, address, &b, err)) return false;
  for (; b.next < b.count; b.next++) {
    uint8_t *p;
    uint64_t n = b.todo[b.next].size;
    if (!tome_hdf5_bytes(h, b.todo[b.next].at, n, &p, err)) return false;
    if (b.version == 2 && b.next > 0) { /* signature before, checksum behind */
      if (n < 8 || memcmp(p, "OCHK", 4) != 0) return tome_hdf5_broken("object headers are damaged", err);
      p += 4;
      n -= 8;
    }
    if (!read_messages(h, &b, p, (size_t)n, &o, err)) return false;
  }
  *out = o;
  return true;
}

/* ---- attributes ---- */

const tome_hdf5_attribute *tome_hdf5_attribute_of(const tome_hdf5_object *o, const char *name) {
  for (size_t i = 0; i < o->attribute_count; i++)
    if (strcmp(o->attributes[i].name, name) == 0) return &o->attributes[i];
  return NULL;
}

size_t tome_hdf5_numbers(const tome_hdf5_attribute *a, double *out, size_t most) {
  if (!a || a->type.class != TOME_HDF5_NUMBER) return 0;
  const size_t n = a->count < most ? (size_t)a->count : most;
  for (size_t i = 0; i < n; i++) {
    uint64_t element = 0;
    memcpy(&element, a->data + i * a->type.size, a->type.size);
    if (a->type.swapped) tome_swap_bytes(&element, 1, a->type.size);
    tome_to_doubles(a->type.dtype, &element, 1, &out[i]);
  }
  return n;
}

void tome_hdf5_text(const tome_hdf5_attribute *a, char *out, size_t size) {
  size_t n = 0;
  if (a && a->type.class == TOME_HDF5_TEXT && a->count) n = a->type.size < size - 1 ? a->type.size : size - 1;
  if (n) memcpy(out, a->data, n);
  out[n] = '\0';
}
