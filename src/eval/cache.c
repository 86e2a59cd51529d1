/* A cache of chunks: an input that remembers. Chunks in use are never freed under a reader: each is counted while it is copied from. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "eval/eval.h"

enum { BUCKETS = 1024 };

typedef struct cached_input cached_input;

typedef struct chunk {
  struct chunk *next;          /* in its bucket */
  struct chunk *newer, *older; /* by use */
  const cached_input *of;
  int64_t at[3];
  int users; /* readers copying from it; plus one while it is in the table */
  tome_tile tile;
} chunk;

struct cached_input {
  tome_cache *cache;
  cached_input *next;
  tome_voxel_source in;
};

struct tome_cache {
  pthread_mutex_t lock; /* guards all below */
  size_t bytes, most;
  uint64_t hits, misses;
  chunk *bucket[BUCKETS];
  chunk *newest, *oldest;
  cached_input *inputs;
};

tome_cache *tome_cache_new(size_t bytes, tome_error *err) {
  tome_cache *c = tome_alloc_zero(1, sizeof *c, "a chunk cache", err);
  if (!c) return NULL;
  c->most = bytes;
  pthread_mutex_init(&c->lock, NULL);
  return c;
}

static size_t chunk_bytes(const chunk *k) {
  return (size_t)tome_box_voxels(&k->tile.box) * tome_dtype_size(k->tile.dtype);
}

static void release(chunk *k) {
  if (--k->users > 0) return;
  free(k->tile.data);
  free(k);
}

void tome_cache_free(tome_cache *c) {
  if (!c) return;
  for (chunk *k = c->newest, *older; k; k = older) {
    older = k->older;
    release(k);
  }
  for (cached_input *i = c->inputs, *next; i; i = next) {
    next = i->next;
    free(i);
  }
  pthread_mutex_destroy(&c->lock);
  free(c);
}

static size_t bucket_of(const cached_input *of, const int64_t at[3]) {
  uint64_t h = (uint64_t)(uintptr_t)of;
  for (int a = 0; a < 3; a++) h = (h ^ (uint64_t)at[a]) * 0x9E3779B97F4A7C15u;
  return (size_t)(h >> 40) % BUCKETS;
}

static void unlink_use(tome_cache *c, chunk *k) {
  *(k->newer ? &k->newer->older : &c->newest) = k->older;
  *(k->older ? &k->older->newer : &c->oldest) = k->newer;
}

static void link_newest(tome_cache *c, chunk *k) {
  k->newer = NULL;
  k->older = c->newest;
  *(c->newest ? &c->newest->newer : &c->oldest) = k;
  c->newest = k;
}

static void drop_oldest(tome_cache *c) {
  chunk *k = c->oldest, **from = &c->bucket[bucket_of(k->of, k->at)];
  while (*from != k) from = &(*from)->next;
  *from = k->next;
  unlink_use(c, k);
  c->bytes -= chunk_bytes(k);
  release(k);
}

static chunk *find(tome_cache *c, const cached_input *of, const int64_t at[3]) {
  chunk *k = c->bucket[bucket_of(of, at)];
  while (k && (k->of != of || memcmp(k->at, at, sizeof k->at) != 0)) k = k->next;
  return k;
}

/* The chunk, counted as in use, if it is there. */
static chunk *look_up(tome_cache *c, const cached_input *of, const int64_t at[3]) {
  pthread_mutex_lock(&c->lock);
  chunk *k = find(c, of, at);
  if (k) {
    k->users++;
    unlink_use(c, k);
    link_newest(c, k);
  }
  *(k ? &c->hits : &c->misses) += 1;
  pthread_mutex_unlock(&c->lock);
  return k;
}

/* Puts a chunk just read into the table, unless another thread was faster or it is too large. */
static void keep(tome_cache *c, chunk *k) {
  pthread_mutex_lock(&c->lock);
  if (chunk_bytes(k) <= c->most && !find(c, k->of, k->at)) {
    while (c->bytes + chunk_bytes(k) > c->most) drop_oldest(c);
    chunk **bucket = &c->bucket[bucket_of(k->of, k->at)];
    k->next = *bucket;
    *bucket = k;
    link_newest(c, k);
    c->bytes += chunk_bytes(k);
    k->users++;
  }
  pthread_mutex_unlock(&c->lock);
}

static chunk *load(const cached_input *of, const int64_t at[3], tome_error *err) {
  tome_box b;
  for (int a = 0; a < 3; a++) {
    b.lo[a] = at[a] * of->in.chunk[a];
    b.hi[a] = b.lo[a] + of->in.chunk[a];
    if (b.hi[a] > of->in.geometry.shape[a]) b.hi[a] = of->in.geometry.shape[a];
  }
  chunk *k = tome_alloc_zero(1, sizeof *k, "a chunk", err);
  if (!k) return NULL;
  *k = (chunk){.of = of, .at = {at[0], at[1], at[2]}, .users = 1};
  void *data = tome_alloc((size_t)tome_box_voxels(&b), tome_dtype_size(of->in.dtype), "a chunk", err);
  k->tile = tome_tile_of(&b, of->in.dtype, data);
  if (data && of->in.read(of->in.ctx, &b, data, err)) return k;
  release(k);
  return NULL;
}

static bool copy_chunk(cached_input *of, const int64_t at[3], const tome_tile *out, tome_error *err) {
  chunk *k = look_up(of->cache, of, at);
  const bool found = k;
  if (!k && !(k = load(of, at, err))) return false;
  tome_tile_copy(&k->tile, out);
  if (!found) keep(of->cache, k);
  pthread_mutex_lock(&of->cache->lock);
  release(k);
  pthread_mutex_unlock(&of->cache->lock);
  return true;
}

static bool read_cached(void *ctx, const tome_box *box, void *data, tome_error *err) {
  cached_input *of = ctx;
  const tome_tile out = tome_tile_of(box, of->in.dtype, data);
  const int64_t *c = of->in.chunk;
  int64_t at[3];
  for (at[0] = box->lo[0] / c[0]; at[0] * c[0] < box->hi[0]; at[0]++)
    for (at[1] = box->lo[1] / c[1]; at[1] * c[1] < box->hi[1]; at[1]++)
      for (at[2] = box->lo[2] / c[2]; at[2] * c[2] < box->hi[2]; at[2]++)
        if (!copy_chunk(of, at, &out, err)) return false;
  return true;
}

bool tome_cache_input(tome_cache *c, const tome_voxel_source *in, tome_voxel_source *out, tome_error *err) {
  cached_input *i = tome_alloc_zero(1, sizeof *i, "a cached input", err);
  if (!i) return false;
  *i = (cached_input){.cache = c, .in = *in};
  for (int a = 0; a < 3; a++)
    if (i->in.chunk[a] <= 0) i->in.chunk[a] = 64;
  pthread_mutex_lock(&c->lock);
  i->next = c->inputs;
  c->inputs = i;
  pthread_mutex_unlock(&c->lock);
  *out = i->in;
  out->read = read_cached;
  out->ctx = i;
  return true;
}

void tome_cache_count(tome_cache *c, uint64_t *hits, uint64_t *misses) {
  pthread_mutex_lock(&c->lock);
  *hits = c->hits;
  *misses = c->misses;
  pthread_mutex_unlock(&c->lock);
}
