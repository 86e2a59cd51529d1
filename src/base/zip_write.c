/* A ZIP archive: for each entry a local header and its data, then the central directory. Data is cut into blocks that are deflated side by side;
 * each ends on a whole byte (a full flush), so that they can stand one behind the other as one stream. */
#include "base/zip_write.h"

#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/threads.h"

enum {
  BLOCK = 1 << 20,
  BATCH = 16,
  LEVEL = 3,
  LOCAL_BYTES = 30,
  CENTRAL_BYTES = 46,
  EXTRA_HEAD = 4,
  ZIP64_ID = 1,
  OLD_READER = 20,   /* "version needed": deflate */
  ZIP64_READER = 45, /* and ZIP64 */
  UTF8_NAME = 0x800,
  DEFLATED = 8,
  DATE_1980 = 0x21
};
#define MOST_32 UINT64_C(0xffffffff)
#define MAYBE_64 UINT64_C(0xf0000000) /* from here on deflate could make it more than 32 bits hold */

typedef struct entry {
  const char *name;
  uint64_t size, packed, offset;
  uint32_t crc;
  bool stored, wide; /* wide: its local header has 64-bit sizes */
} entry;

struct tome_zip_writer {
  int fd;
  const char *path;
  uint64_t at;
  entry *entries;
  size_t count, cap;
  tome_arena arena;
};

/* ---- bytes, little endian ---- */

typedef struct record {
  uint8_t bytes[128];
  size_t size;
} record;

static void put(record *r, uint64_t v, int bytes) {
  for (int i = 0; i < bytes; i++) r->bytes[r->size++] = (uint8_t)(v >> (8 * i));
}

static uint64_t narrow(uint64_t v) { return v < MOST_32 ? v : MOST_32; }

/* What local and central headers share: from the version needed to the length of the name. */
static void put_common(record *r, const entry *e, bool wide, uint64_t packed, uint64_t size) {
  put(r, wide ? ZIP64_READER : OLD_READER, 2);
  put(r, UTF8_NAME, 2);
  put(r, e->stored ? 0 : DEFLATED, 2);
  put(r, 0, 2); /* midnight */
  put(r, DATE_1980, 2);
  put(r, e->crc, 4);
  put(r, packed, 4);
  put(r, size, 4);
  put(r, strlen(e->name), 2);
}

static record local_header(const entry *e) {
  record r = {.size = 0};
  put(&r, 0x04034b50, 4);
  put_common(&r, e, e->wide, e->wide ? MOST_32 : e->packed, e->wide ? MOST_32 : e->size);
  put(&r, e->wide ? EXTRA_HEAD + 16 : 0, 2);
  return r;
}

static record local_extra(const entry *e) {
  record r = {.size = 0};
  if (!e->wide) return r;
  put(&r, ZIP64_ID, 2);
  put(&r, 16, 2);
  put(&r, e->size, 8);
  put(&r, e->packed, 8);
  return r;
}

/* Only what does not fit into 32 bits is in the extra field, in this order. */
static record central_extra(const entry *e) {
  record r = {.size = EXTRA_HEAD};
  if (e->size >= MOST_32) put(&r, e->size, 8);
  if (e->packed >= MOST_32) put(&r, e->packed, 8);
  if (e->offset >= MOST_32) put(&r, e->offset, 8);
  const size_t length = r.size - EXTRA_HEAD;
  r.size = 0;
  if (!length) return r;
  put(&r, ZIP64_ID, 2);
  put(&r, length, 2);
  r.size += length;
  return r;
}

static record central_header(const entry *e, size_t extra) {
  record r = {.size = 0};
  put(&r, 0x02014b50, 4);
  put(&r, ZIP64_READER, 2); /* made by */
  put_common(&r, e, e->wide || extra > 0, narrow(e->packed), narrow(e->size));
  put(&r, extra, 2);
  put(&r, 0, 2); /* comment */
  put(&r, 0, 2); /* disk */
  put(&r, 0, 2); /* attributes … */
  put(&r, 0, 4);
  put(&r, narrow(e->offset), 4);
  return r;
}

/* ---- writing ---- */

static bool write_bytes(tome_zip_writer *z, const void *data, size_t size, tome_error *err) {
  if (!tome_write_all(z->fd, data, size, z->path, err)) return false;
  z->at += size;
  return true;
}

static bool write_local(tome_zip_writer *z, const entry *e, tome_error *err) {
  const record head = local_header(e), extra = local_extra(e);
  return write_bytes(z, head.bytes, head.size, err) && write_bytes(z, e->name, strlen(e->name), err) &&
         write_bytes(z, extra.bytes, extra.size, err);
}

/* Writes the local header again, now that sizes and checksum are known. */
static bool rewrite_local(tome_zip_writer *z, const entry *e, tome_error *err) {
  const uint64_t end = z->at;
  if (lseek(z->fd, (off_t)e->offset, SEEK_SET) < 0) return tome_fail_errno(err, "%s: cannot be written", z->path);
  if (!write_local(z, e, err)) return false;
  if (lseek(z->fd, (off_t)end, SEEK_SET) < 0) return tome_fail_errno(err, "%s: cannot be written", z->path);
  z->at = end;
  return true;
}

/* ---- deflating ---- */

typedef struct packing {
  const tome_zip_part *parts;
  size_t count;
  size_t part, at;            /* where the next batch begins */
  const uint8_t *from[BATCH]; /* the blocks of this batch */
  size_t size[BATCH];
  bool last[BATCH];
  tome_bytes packed[BATCH];
} packing;

/* The next block; false where there is none left. The last one of all is marked. */
static bool next_block(packing *p, size_t slot) {
  while (p->part < p->count && p->at == p->parts[p->part].size) {
    p->part++;
    p->at = 0;
  }
  if (p->part == p->count) return false;
  const tome_zip_part *part = &p->parts[p->part];
  p->from[slot] = (const uint8_t *)part->data + p->at;
  p->size[slot] = part->size - p->at < BLOCK ? part->size - p->at : BLOCK;
  p->at += p->size[slot];
  size_t rest = part->size - p->at;
  for (size_t i = p->part + 1; i < p->count && !rest; i++) rest = p->parts[i].size;
  p->last[slot] = rest == 0;
  return true;
}

static bool pack_block(void *ctx, size_t i, int worker, tome_error *err) {
  (void)worker;
  packing *p = ctx;
  const size_t room = p->size[i] + p->size[i] / 32 + 4096;
  TOME_AUTO_FREE uint8_t *scratch = tome_alloc(ISAL_DEF_LVL3_DEFAULT, 1, "zip", err);
  uint8_t *out = scratch ? tome_alloc(room, 1, "zip", err) : NULL;
  TOME_AUTO_FREE struct isal_zstream *s = out ? tome_alloc_zero(1, sizeof *s, "zip", err) : NULL;
  p->packed[i].data = out; /* the batch frees it */
  if (!s) return false;
  isal_deflate_stateless_init(s);
  s->level = LEVEL;
  s->level_buf = scratch;
  s->level_buf_size = ISAL_DEF_LVL3_DEFAULT;
  s->flush = FULL_FLUSH;
  s->end_of_stream = p->last[i];
  s->next_in = (uint8_t *)(uintptr_t)p->from[i];
  s->avail_in = (uint32_t)p->size[i];
  s->next_out = out;
  s->avail_out = (uint32_t)room;
  if (isal_deflate_stateless(s) != COMP_OK || s->avail_in)
    return tome_fail(err, TOME_IO, "zip: a block cannot be deflated");
  p->packed[i].size = s->total_out;
  return true;
}

static bool write_batch(tome_zip_writer *z, packing *p, size_t count, const tome_run *run, tome_error *err) {
  bool ok = tome_parallel(run, count, pack_block, p, err);
  for (size_t i = 0; i < count; i++) {
    ok = ok && write_bytes(z, p->packed[i].data, p->packed[i].size, err);
    tome_bytes_clear(&p->packed[i]);
  }
  return ok;
}

static bool write_deflated(tome_zip_writer *z, const tome_zip_part *parts, size_t count, const tome_run *run,
                           tome_error *err) {
  static const uint8_t nothing[2] = {3, 0}; /* one empty block */
  packing p = {.parts = parts, .count = count};
  bool any = false;
  for (;;) {
    size_t n = 0;
    while (n < BATCH && next_block(&p, n)) n++;
    if (n == 0) return any || write_bytes(z, nothing, sizeof nothing, err);
    any = true;
    if (!write_batch(z, &p, n, run, err)) return false;
  }
}

static bool write_stored(tome_zip_writer *z, const tome_zip_part *parts, size_t count, tome_error *err) {
  for (size_t i = 0; i < count; i++)
    if (!write_bytes(z, parts[i].data, parts[i].size, err)) return false;
  return true;
}

static void measure(entry *e, const tome_zip_part *parts, size_t count) {
  for (size_t i = 0; i < count; i++) {
    e->crc = crc32_gzip_refl(e->crc, parts[i].data, parts[i].size);
    e->size += parts[i].size;
  }
  e->wide = e->size >= MAYBE_64;
}

static bool check_name(const tome_zip_writer *z, const char *name, tome_error *err) {
  if (!*name || strlen(name) > 60000)
    return tome_fail(err, TOME_USAGE, "%s: an entry cannot be called \"%.60s\"", z->path, name);
  for (size_t i = 0; i < z->count; i++)
    if (!strcmp(z->entries[i].name, name))
      return tome_fail(err, TOME_USAGE, "%s: two things would be called \"%s\"", z->path, name);
  return true;
}

bool tome_zip_writer_add(tome_zip_writer *z, const char *name, const tome_zip_part *parts, size_t count, bool stored,
                         const tome_run *run, tome_error *err) {
  if (!check_name(z, name, err)) return false;
  entry e = {.name = tome_arena_dup(&z->arena, name, err), .offset = z->at, .stored = stored};
  if (!e.name || !tome_arena_grow(&z->arena, &z->entries, &z->cap, z->count + 1, sizeof e, err)) return false;
  measure(&e, parts, count);
  if (!write_local(z, &e, err)) return false;
  const uint64_t begin = z->at;
  if (!(stored ? write_stored(z, parts, count, err) : write_deflated(z, parts, count, run, err))) return false;
  e.packed = z->at - begin;
  if (!rewrite_local(z, &e, err)) return false;
  z->entries[z->count++] = e;
  return true;
}

/* ---- the directory ---- */

static record end_64(const tome_zip_writer *z, uint64_t begin, uint64_t size) {
  record r = {.size = 0};
  const uint64_t here = begin + size;
  put(&r, 0x06064b50, 4);
  put(&r, 44, 8); /* bytes that follow in this record */
  put(&r, ZIP64_READER, 2);
  put(&r, ZIP64_READER, 2);
  put(&r, 0, 4); /* disks */
  put(&r, 0, 4);
  put(&r, z->count, 8);
  put(&r, z->count, 8);
  put(&r, size, 8);
  put(&r, begin, 8);
  put(&r, 0x07064b50, 4); /* the locator */
  put(&r, 0, 4);
  put(&r, here, 8);
  put(&r, 1, 4);
  return r;
}

static record end_of(const tome_zip_writer *z, uint64_t begin, uint64_t size) {
  const uint64_t count = z->count < 0xffff ? z->count : 0xffff;
  record r = {.size = 0};
  put(&r, 0x06054b50, 4);
  put(&r, 0, 2);
  put(&r, 0, 2);
  put(&r, count, 2);
  put(&r, count, 2);
  put(&r, narrow(size), 4);
  put(&r, narrow(begin), 4);
  put(&r, 0, 2); /* comment */
  return r;
}

bool tome_zip_writer_finish(tome_zip_writer *z, tome_error *err) {
  const uint64_t begin = z->at;
  for (size_t i = 0; i < z->count; i++) {
    const entry *e = &z->entries[i];
    const record extra = central_extra(e), head = central_header(e, extra.size);
    if (!write_bytes(z, head.bytes, head.size, err) || !write_bytes(z, e->name, strlen(e->name), err) ||
        !write_bytes(z, extra.bytes, extra.size, err))
      return false;
  }
  const uint64_t size = z->at - begin;
  const bool wide = z->count >= 0xffff || size >= MOST_32 || begin >= MOST_32;
  const record far = end_64(z, begin, size), near = end_of(z, begin, size);
  return (!wide || write_bytes(z, far.bytes, far.size, err)) && write_bytes(z, near.bytes, near.size, err);
}

tome_zip_writer *tome_zip_writer_new(int fd, const char *path, tome_error *err) {
  tome_zip_writer *z = tome_alloc_zero(1, sizeof *z, path, err);
  if (!z) return NULL;
  const off_t at = lseek(fd, 0, SEEK_CUR);
  z->fd = fd;
  z->at = at > 0 ? (uint64_t)at : 0;
  z->path = tome_arena_dup(&z->arena, path, err);
  if (z->path && at < 0) tome_fail_errno(err, "%s: is no file that can be written back and forth", path);
  if (z->path && at >= 0) return z;
  tome_zip_writer_free(z);
  return NULL;
}

void tome_zip_writer_free(tome_zip_writer *z) {
  if (!z) return;
  tome_arena_clear(&z->arena);
  free(z);
}
