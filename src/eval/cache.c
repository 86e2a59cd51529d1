/* A cache of chunks: an input that remembers. Chunks in use are never freed under a reader: each is counted while it is copied from.
 *
 * A chunk is kept from the second time on that it is asked for. So a box that nobody has touched before is read in one piece, straight to where it is wanted,
 * and what is read once only pushes nothing out. */
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
  int64_t count[3]; /* chunks */
  uint8_t *seen;    /* by chunk: asked for before */
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
    free(i->seen);
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

/* A box that is asked for: the chunks under it, those that are there counted as in use. */
typedef struct request {
  cached_input *of;
  tome_tile out;
  tome_box chunks; /* in chunk units */
  chunk **found;   /* in C order over them; NULL: not there */
} request;

static size_t place_in(const tome_box *b, const int64_t at[3]) {
  const int64_t ny = b->hi[1] - b->lo[1], nx = b->hi[2] - b->lo[2];
  return (size_t)(((at[0] - b->lo[0]) * ny + (at[1] - b->lo[1])) * nx + (at[2] - b->lo[2]));
}

/* Finds what is there. False where no chunk is, nor has been asked for before. */
static bool look_up(request *q) {
  tome_cache *c = q->of->cache;
  const tome_box all = tome_box_of_shape(q->of->count);
  bool known = false;
  int64_t at[3];
  pthread_mutex_lock(&c->lock);
  for (at[0] = q->chunks.lo[0]; at[0] < q->chunks.hi[0]; at[0]++)
    for (at[1] = q->chunks.lo[1]; at[1] < q->chunks.hi[1]; at[1]++)
      for (at[2] = q->chunks.lo[2]; at[2] < q->chunks.hi[2]; at[2]++) {
        chunk *k = q->found[place_in(&q->chunks, at)] = find(c, q->of, at);
        uint8_t *seen = &q->of->seen[place_in(&all, at)];
        known = known || k || *seen;
        *seen = 1;
        *(k ? &c->hits : &c->misses) += 1;
        if (!k) continue;
        k->users++;
        unlink_use(c, k);
        link_newest(c, k);
      }
  pthread_mutex_unlock(&c->lock);
  return known;
}

static void let_go(request *q) {
  const size_t n = (size_t)tome_box_voxels(&q->chunks);
  pthread_mutex_lock(&q->of->cache->lock);
  for (size_t i = 0; i < n; i++)
    if (q->found[i]) release(q->found[i]);
  pthread_mutex_unlock(&q->of->cache->lock);
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

/* The voxels of a box of chunks. */
static tome_box voxels_of(const cached_input *of, const tome_box *chunks) {
  tome_box b;
  for (int a = 0; a < 3; a++) {
    b.lo[a] = chunks->lo[a] * of->in.chunk[a];
    b.hi[a] = chunks->hi[a] * of->in.chunk[a];
    if (b.hi[a] > of->in.geometry.shape[a]) b.hi[a] = of->in.geometry.shape[a];
  }
  return b;
}

/* A chunk cut from a tile that holds it, for the next time; none where it is larger than all the cache. */
static bool keep_from(const cached_input *of, const tome_tile *from, const int64_t at[3], tome_error *err) {
  const tome_box one = {{at[0], at[1], at[2]}, {at[0] + 1, at[1] + 1, at[2] + 1}}, b = voxels_of(of, &one);
  const size_t size = tome_dtype_size(of->in.dtype);
  if ((size_t)tome_box_voxels(&b) * size > of->cache->most) return true;
  chunk *k = tome_alloc_zero(1, sizeof *k, "a chunk", err);
  if (!k) return false;
  *k = (chunk){.of = of, .at = {at[0], at[1], at[2]}, .users = 1};
  k->tile = tome_tile_of(&b, of->in.dtype, tome_alloc((size_t)tome_box_voxels(&b), size, "a chunk", err));
  const bool ok = k->tile.data;
  if (ok) {
    tome_tile_copy(from, &k->tile);
    keep(of->cache, k);
  }
  pthread_mutex_lock(&of->cache->lock);
  release(k);
  pthread_mutex_unlock(&of->cache->lock);
  return ok;
}

/* Reads a box of chunks in one piece, and keeps those of them that were not there. */
static bool load(request *q, const tome_box *chunks, tome_error *err) {
  const cached_input *of = q->of;
  const tome_box b = voxels_of(of, chunks);
  TOME_AUTO_FREE void *data = tome_alloc((size_t)tome_box_voxels(&b), tome_dtype_size(of->in.dtype), "chunks", err);
  if (!data || !of->in.read(of->in.ctx, &b, data, err)) return false;
  const tome_tile t = tome_tile_of(&b, of->in.dtype, data);
  tome_tile_copy(&t, &q->out);
  int64_t at[3];
  for (at[0] = chunks->lo[0]; at[0] < chunks->hi[0]; at[0]++)
    for (at[1] = chunks->lo[1]; at[1] < chunks->hi[1]; at[1]++)
      for (at[2] = chunks->lo[2]; at[2] < chunks->hi[2]; at[2]++)
        if (!q->found[place_in(&q->chunks, at)] && !keep_from(of, &t, at, err)) return false;
  return true;
}

static bool is_missing(const request *q, const int64_t at[3]) { return !q->found[place_in(&q->chunks, at)]; }

/* The missing chunks of one row, from `*x` on, as a box; false where there are none. */
static bool next_run(const request *q, int64_t z, int64_t y, int64_t *x, tome_box *run) {
  const int64_t end = q->chunks.hi[2];
  while (*x < end && !is_missing(q, (const int64_t[3]){z, y, *x})) ++*x;
  if (*x == end) return false;
  *run = (tome_box){{z, y, *x}, {z + 1, y + 1, *x}};
  while (*x < end && is_missing(q, (const int64_t[3]){z, y, *x})) ++*x;
  run->hi[2] = *x;
  return true;
}

/* The rows y ... of one layer of chunks whose missing ones are just those of `run`: read with it. */
static bool same_run(const request *q, const tome_box *run, int64_t y) {
  int64_t x = q->chunks.lo[2];
  tome_box other;
  if (y >= q->chunks.hi[1] || !next_run(q, run->lo[0], y, &x, &other)) return false;
  if (other.lo[2] != run->lo[2] || other.hi[2] != run->hi[2]) return false;
  return !next_run(q, run->lo[0], y, &x, &other);
}

/* What is missing of one layer, in as few pieces as a glance can find: rows with the same stretch missing are one. */
static bool load_layer(request *q, int64_t z, tome_error *err) {
  for (int64_t y = q->chunks.lo[1]; y < q->chunks.hi[1]; y++) {
    tome_box run;
    int64_t last = y;
    for (int64_t x = q->chunks.lo[2]; next_run(q, z, y, &x, &run);) {
      if (same_run(q, &run, y))
        while (same_run(q, &run, last + 1)) last++;
      run.hi[1] = last + 1;
      if (!load(q, &run, err)) return false;
    }
    y = last;
  }
  return true;
}

static bool fill(request *q, tome_error *err) {
  const size_t n = (size_t)tome_box_voxels(&q->chunks);
  for (size_t i = 0; i < n; i++)
    if (q->found[i]) tome_tile_copy(&q->found[i]->tile, &q->out);
  for (int64_t z = q->chunks.lo[0]; z < q->chunks.hi[0]; z++)
    if (!load_layer(q, z, err)) return false;
  return true;
}

static bool read_cached(void *ctx, const tome_box *box, void *data, tome_error *err) {
  cached_input *of = ctx;
  request q = {.of = of, .out = tome_tile_of(box, of->in.dtype, data)};
  for (int a = 0; a < 3; a++) {
    q.chunks.lo[a] = box->lo[a] / of->in.chunk[a];
    q.chunks.hi[a] = (box->hi[a] - 1) / of->in.chunk[a] + 1;
  }
  TOME_AUTO_FREE chunk **found = tome_alloc_zero((size_t)tome_box_voxels(&q.chunks), sizeof *found, "chunks", err);
  if (!found) return false;
  q.found = found;
  const bool ok = look_up(&q) ? fill(&q, err) : of->in.read(of->in.ctx, box, data, err);
  let_go(&q);
  return ok;
}

bool tome_cache_input(tome_cache *c, const tome_voxel_source *in, tome_voxel_source *out, tome_error *err) {
  cached_input *i = tome_alloc_zero(1, sizeof *i, "a cached input", err);
  if (!i) return false;
  *i = (cached_input){.cache = c, .in = *in};
  for (int a = 0; a < 3; a++) {
    if (i->in.chunk[a] <= 0) i->in.chunk[a] = 64;
    i->count[a] = (in->geometry.shape[a] - 1) / i->in.chunk[a] + 1;
  }
  const tome_box all = tome_box_of_shape(i->count);
  i->seen = tome_alloc_zero((size_t)tome_box_voxels(&all), 1, "a cached input", err);
  if (!i->seen) {
    free(i);
    return false;
  }
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
