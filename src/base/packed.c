/* One deflate stream from many cores: parts that end at whole bytes, written in their order as they come, by whoever finished the one whose turn it is;
 * the checksum of all joined from theirs. */
#include "base/packed.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/deflate_voxels.h"
#include "base/threads.h"

enum { PART = 2 << 20, RING = 16, MOST_WORKERS = 64 };

/* A finished part that waits for its turn. */
typedef struct slot {
  uint8_t *room;
  size_t cap, size, plain; /* bytes compressed, and before that */
  uint32_t sum;
  bool full;
} slot;

typedef struct pack {
  const tome_packing *p;
  int fd, level;
  const char *name;
  size_t parts;
  tome_voxel_deflater *deflaters[MOST_WORKERS];
  pthread_mutex_t lock; /* guards what follows, and `full` of the slots */
  pthread_cond_t moved;
  slot ring[RING];
  size_t next; /* to be written */
  bool writing, failed;
  uint32_t sum;
  uint64_t written;
} pack;

static void pack_clear(pack *k) {
  for (size_t i = 0; i < RING; i++) free(k->ring[i].room);
  for (size_t i = 0; i < MOST_WORKERS; i++) tome_voxel_deflater_free(k->deflaters[i]);
  pthread_cond_destroy(&k->moved);
  pthread_mutex_destroy(&k->lock);
}

typedef struct bytes {
  const uint8_t *at;
  size_t size, element;
} bytes;

/* Bytes of the data up to the part's end. */
static size_t end_of_part(const tome_packing *p, size_t part) {
  const size_t end = (part + (p->head_size == 0)) * PART;
  return end < p->size ? end : p->size;
}

/* Waits until the part's bytes are there; the head always is. */
static bool wait_for_bytes(const pack *k, size_t part, tome_error *err) {
  return tome_filling_wait(k->p->filling, end_of_part(k->p, part), err);
}

/* The head is a part of its own where there is one. */
static bytes part_of(const tome_packing *p, size_t part) {
  const size_t heads = p->head_size > 0;
  if (part < heads) return (bytes){p->head, p->head_size, 1};
  if (p->size == 0) return (bytes){(const uint8_t *)"", 0, p->element}; /* `data` may be no address at all */
  const size_t at = (part - heads) * PART, left = p->size - at;
  return (bytes){(const uint8_t *)p->data + at, left < PART ? left : PART, p->element};
}

/* ---- one part ---- */

static bool compress(pack *k, size_t item, int worker, slot *s, tome_error *err) {
  const bytes b = part_of(k->p, item);
  const bool last = item + 1 == k->parts;
  const size_t room = tome_voxel_deflate_bound(PART > b.size ? PART : b.size, k->level);
  if (s->cap < room) {
    free(s->room);
    s->room = tome_alloc(room, 1, k->name, err);
    s->cap = s->room ? room : 0;
  }
  if (!k->deflaters[worker]) k->deflaters[worker] = tome_voxel_deflater_new(err);
  if (!s->room || !k->deflaters[worker]) return false;
  if (k->level == TOME_LEAST_LEVEL) {
    if (!tome_deflate_part(b.at, b.size, last, s->room, s->cap, &s->size, err)) return false;
  } else {
    s->size = tome_voxel_deflate(k->deflaters[worker], b.at, b.size, b.element, k->level, last, s->room, s->cap);
  }
  s->plain = b.size;
  s->sum = k->p->wrapping == TOME_WRAP_GZIP ? tome_add_crc32(0, b.at, b.size) : tome_add_adler32(1, b.at, b.size);
  return true;
}

/* ---- in order ---- */

/* Waits until the part may use its slot; false where another one has failed. */
static bool wait_for_slot(pack *k, size_t item) {
  pthread_mutex_lock(&k->lock);
  while (!k->failed && item >= k->next + RING) pthread_cond_wait(&k->moved, &k->lock);
  const bool go = !k->failed;
  pthread_mutex_unlock(&k->lock);
  return go;
}

static void take_sum(pack *k, const slot *s) {
  k->sum = k->p->wrapping == TOME_WRAP_GZIP ? tome_join_crc32(k->sum, s->sum, s->plain)
                                            : tome_join_adler32(k->sum, s->sum, s->plain);
  k->written += s->size;
}

/* Writes all parts whose turn it is, unless somebody is at it. Called with the lock held. */
static bool write_ready(pack *k, tome_error *err) {
  bool ok = true;
  if (k->writing) return true;
  k->writing = true;
  for (slot *s = &k->ring[k->next % RING]; ok && s->full; s = &k->ring[k->next % RING]) {
    pthread_mutex_unlock(&k->lock);
    ok = tome_write_all(k->fd, s->room, s->size, k->name, err);
    tome_filling_used(k->p->filling, end_of_part(k->p, k->next));
    pthread_mutex_lock(&k->lock);
    take_sum(k, s);
    s->full = false;
    k->next++;
    pthread_cond_broadcast(&k->moved);
  }
  k->writing = false;
  return ok;
}

static bool pack_one(void *ctx, size_t item, int worker, tome_error *err) {
  pack *k = ctx;
  slot *s = &k->ring[item % RING];
  if (!wait_for_slot(k, item)) return true; /* the failure is another's to tell */
  bool ok = wait_for_bytes(k, item, err) && compress(k, item, worker, s, err);
  pthread_mutex_lock(&k->lock);
  if (ok) {
    s->full = true;
    ok = write_ready(k, err);
  }
  if (!ok) {
    k->failed = true;
    pthread_cond_broadcast(&k->moved);
  }
  pthread_mutex_unlock(&k->lock);
  return ok;
}

/* The checksum in the order its wrapping wants: gzip's is little-endian with the length behind, zlib's big-endian. */
static size_t trailer(const pack *k, uint8_t out[8]) {
  const bool gzip = k->p->wrapping == TOME_WRAP_GZIP;
  const uint64_t size = k->p->head_size + k->p->size;
  for (int i = 0; i < 4; i++) {
    out[i] = (uint8_t)(k->sum >> (gzip ? 8 * i : 24 - 8 * i));
    out[4 + i] = (uint8_t)(size >> 8 * i);
  }
  return gzip ? 8 : 4;
}

static size_t parts_of(const tome_packing *p) {
  const size_t parts = (p->head_size > 0) + p->size / PART + (p->size % PART != 0);
  return parts ? parts : 1;
}

bool tome_write_packed(int fd, const char *name, const tome_packing *p, uint64_t *written, tome_error *err) {
  static const uint8_t gzip[10] = {0x1f, 0x8b, 8, [9] = 255}, zlib[2] = {0x78, 0x01};
  const bool is_gzip = p->wrapping == TOME_WRAP_GZIP;
  const size_t opening = is_gzip ? sizeof gzip : sizeof zlib;
  if (!tome_write_all(fd, is_gzip ? gzip : zlib, opening, name, err)) return false;
  const int most = p->level < TOME_MOST_LEVEL ? p->level : TOME_MOST_LEVEL;
  TOME_CLEANUP(pack_clear)
  pack k = {.p = p,
            .fd = fd,
            .level = most > TOME_LEAST_LEVEL ? most : TOME_LEAST_LEVEL,
            .name = name,
            .parts = parts_of(p),
            .lock = PTHREAD_MUTEX_INITIALIZER,
            .moved = PTHREAD_COND_INITIALIZER,
            .sum = is_gzip ? 0 : 1};
  tome_filling_consume(p->filling, (void *)(uintptr_t)p->data);
  if (!tome_parallel(NULL, k.parts, pack_one, &k, err)) return false;
  uint8_t end[8];
  const size_t n = trailer(&k, end);
  if (written) *written = opening + k.written + n;
  return tome_write_all(fd, end, n, name, err);
}
