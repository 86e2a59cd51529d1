/* Checking a case file: every chunk's checksum, every volume's hash, the record. What is damaged is a finding, and the check goes on. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "store/case_file.h"

typedef struct checking {
  void (*finding)(void *user, const char *text);
  void *user;
  pthread_mutex_t lock; /* findings come from any thread, and are told one at a time */
  bool bad;             /* in the volume at hand */
} checking;

static void tell(void *ctx, const char *text) {
  checking *c = ctx;
  pthread_mutex_lock(&c->lock);
  c->bad = true;
  if (c->finding) c->finding(c->user, text);
  pthread_mutex_unlock(&c->lock);
}

/* True where the check can go on: the failure was damage, and has been told. */
static bool told(checking *c, const tome_error *e, tome_error *err) {
  if (e->code != TOME_CORRUPT && e->code != TOME_UNSUPPORTED) return tome_fail(err, e->code, "%s", e->message);
  tell(c, e->message);
  return true;
}

static void free_hasher(tome_hasher **h) { tome_hasher_free(*h); }

/* Reads the volume one layer of chunks at a time, so that memory stays small, and hashes it on the way. */
static bool hash_volume(const tome_case_file *f, const tome_stored_volume *v, checking *c, const tome_run *run,
                        char hash[TOME_HASH_TEXT], tome_error *err) {
  const tome_chunk_grid *g = &v->grid;
  const size_t plane = (size_t)g->shape[1] * (size_t)g->shape[2] * v->pipeline.element;
  TOME_AUTO_FREE uint8_t *slab = tome_alloc((size_t)g->chunk[0], plane, f->path, err);
  TOME_CLEANUP(free_hasher) tome_hasher *h = slab ? tome_hasher_new(err) : NULL;
  if (!h) return false;
  for (int64_t z = 0; z < g->shape[0]; z += g->chunk[0]) {
    const int64_t end = z + g->chunk[0] < g->shape[0] ? z + g->chunk[0] : g->shape[0];
    const tome_box box = {{z, 0, 0}, {end, g->shape[1], g->shape[2]}};
    if (!tome_volume_read(f, v, &box, NULL, slab, run, tell, c, err)) return false;
    tome_hasher_add(h, slab, (size_t)(end - z) * plane);
  }
  tome_hasher_text(h, hash);
  return true;
}

static void check_hash(const tome_case_file *f, const tome_stored_volume *v, checking *c, const char *hash) {
  tome_error e = {0};
  if (!v->info.voxel_hash[0])
    tome_fail(&e, TOME_CORRUPT, "%s: %s: has no voxel hash to compare with (was its record never written?)", f->path,
              v->name);
  else if (strcmp(hash, v->info.voxel_hash) != 0)
    tome_fail(&e, TOME_CORRUPT,
              "%s: %s: the voxels hash to %s, but were stored as %s; restore the file or ingest the case again",
              f->path, v->name, hash, v->info.voxel_hash);
  if (e.code) tell(c, e.message);
}

static bool check_volume(const tome_case_file *f, const tome_stored_volume *v, checking *c, const tome_run *run,
                         uint64_t *chunks, uint64_t *bytes, tome_error *err) {
  char hash[TOME_HASH_TEXT];
  size_t whole;
  c->bad = false;
  if (!tome_shape_bytes(v->grid.shape, v->pipeline.element, &whole) || whole > tome_alloc_limit()) {
    tome_error e = {0};
    tome_fail(&e, TOME_CORRUPT, "%s: %s: is of a size that no volume has", f->path, v->name);
    return told(c, &e, err);
  }
  if (!hash_volume(f, v, c, run, hash, err)) return false;
  if (!c->bad) check_hash(f, v, c, hash); /* where a chunk is bad the hash says nothing new */
  for (size_t i = 0; i < v->grid.chunks; i++) *chunks += v->places[i].address != UINT64_MAX;
  *bytes += v->info.stored_bytes;
  return true;
}

static bool check_record(const char *path, checking *c, tome_error *err) {
  tome_error e = {0};
  TOME_CLEANUP(tome_record_clear) tome_record record = {0};
  return tome_case_file_record(path, &record, &e) || told(c, &e, err);
}

static void close_file(tome_case_file **f) { tome_case_file_close(*f); }

bool tome_case_file_check(const char *path, const tome_run *run, void (*finding)(void *user, const char *text),
                          void *user, uint64_t *chunks, uint64_t *bytes, tome_error *err) {
  checking c = {.finding = finding, .user = user, .lock = PTHREAD_MUTEX_INITIALIZER};
  uint64_t chunks_seen = 0, bytes_seen = 0;
  tome_error e = {0};
  TOME_CLEANUP(close_file) tome_case_file *f = tome_case_file_open(path, &e);
  bool ok = f || told(&c, &e, err);
  for (size_t i = 0; ok && f && i < f->count; i++)
    ok = check_volume(f, &f->volumes[i], &c, run, &chunks_seen, &bytes_seen, err);
  if (ok && f) ok = check_record(path, &c, err);
  pthread_mutex_destroy(&c.lock);
  if (!ok) return false;
  if (chunks) *chunks = chunks_seen;
  if (bytes) *bytes = bytes_seen;
  return true;
}
