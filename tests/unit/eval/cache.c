/* The chunk cache: the same voxels as without it, chunks read once while they fit, never more memory than said, many threads at once. */
#include <stdatomic.h>

#include "base/threads.h"
#include "eval/eval.h"
#include "test.h"

typedef struct source {
  int64_t shape[3];
  atomic_int reads;
} source;

static bool read_place(void *ctx, const tome_box *box, void *out, tome_error *err) {
  (void)err;
  source *s = ctx;
  atomic_fetch_add(&s->reads, 1);
  int32_t *v = out;
  for (int64_t z = box->lo[0]; z < box->hi[0]; z++)
    for (int64_t y = box->lo[1]; y < box->hi[1]; y++)
      for (int64_t x = box->lo[2]; x < box->hi[2]; x++) *v++ = (int32_t)(z * 10000 + y * 100 + x);
  return true;
}

static tome_voxel_source input_of(source *s) {
  return (tome_voxel_source){.name = "image",
                             .geometry = tome_geometry_identity(s->shape),
                             .dtype = TOME_I32,
                             .chunk = {4, 8, 8},
                             .read = read_place,
                             .ctx = s};
}

static size_t wrong_voxels(const tome_voxel_source *in, const tome_box *box) {
  TOME_AUTO_FREE int32_t *got = malloc((size_t)tome_box_voxels(box) * sizeof *got);
  TOME_AUTO_FREE int32_t *want = malloc((size_t)tome_box_voxels(box) * sizeof *want);
  source plain = {.shape = {0}};
  if (!in->read(in->ctx, box, got, NULL) || !read_place(&plain, box, want, NULL)) return 1;
  size_t wrong = 0;
  for (int64_t i = 0; i < tome_box_voxels(box); i++) wrong += got[i] != want[i];
  return wrong;
}

static void remembers(void) {
  source s = {.shape = {10, 20, 30}};
  tome_cache *c = tome_cache_new(1 << 20, NULL);
  const tome_voxel_source plain = input_of(&s);
  tome_voxel_source in;
  CHECK(tome_cache_input(c, &plain, &in, NULL));
  const tome_box all = tome_box_of_shape(s.shape), some = {{3, 7, 7}, {5, 9, 9}};
  CHECK(wrong_voxels(&in, &some) == 0);
  CHECK(atomic_load(&s.reads) == 1); /* new to all of it: in one piece, past the cache */
  CHECK(wrong_voxels(&in, &some) == 0);
  CHECK(atomic_load(&s.reads) ==
        3); /* a corner of eight chunks, the second time: a piece for each of two layers, and kept */
  CHECK(wrong_voxels(&in, &some) == 0);
  CHECK(atomic_load(&s.reads) == 3);
  CHECK(wrong_voxels(&in, &all) == 0); /* the rest: two layers of 3 x 4 chunks lack a corner of 2 x 2, one lacks all */
  CHECK(atomic_load(&s.reads) == 3 + 2 * 2 + 1);
  CHECK(wrong_voxels(&in, &all) == 0 && wrong_voxels(&in, &some) == 0);
  CHECK(atomic_load(&s.reads) == 8);
  uint64_t hits, misses;
  tome_cache_count(c, &hits, &misses);
  CHECK(misses == 8 + 8 + 28 && hits == 8 + 8 + 36 + 8);
  tome_cache_free(c);
}

/* Chunks missing in patterns of all sorts: whatever the pieces, the voxels are right, and nothing is missing afterwards. */
static void mends_gaps(void) {
  source s = {.shape = {6, 30, 38}}; /* 2 x 4 x 5 chunks */
  const tome_box all = tome_box_of_shape(s.shape);
  for (unsigned pattern = 1; pattern < 4000; pattern += 37) {
    tome_cache *c = tome_cache_new(1 << 20, NULL);
    const tome_voxel_source plain = input_of(&s);
    tome_voxel_source in;
    CHECK(tome_cache_input(c, &plain, &in, NULL));
    for (int64_t i = 0; i < 40; i++) {
      if (!((pattern * 2654435761u) >> (i % 29) & 1)) continue;
      const tome_box one = {{i / 20 * 4, i / 5 % 4 * 8, i % 5 * 8}, {i / 20 * 4 + 1, i / 5 % 4 * 8 + 1, i % 5 * 8 + 1}};
      CHECK(wrong_voxels(&in, &one) == 0 && wrong_voxels(&in, &one) == 0); /* twice: kept */
    }
    CHECK(wrong_voxels(&in, &all) == 0);
    CHECK(wrong_voxels(&in, &all) == 0);
    const int reads = atomic_load(&s.reads);
    CHECK(wrong_voxels(&in, &all) == 0 && atomic_load(&s.reads) == reads);
    tome_cache_free(c);
  }
}

/* Room for two chunks of three: the one used longest ago goes. */
static void forgets(void) {
  source s = {.shape = {4, 8, 24}};
  tome_cache *c = tome_cache_new(2 * 4 * 8 * 8 * 4, NULL);
  const tome_voxel_source plain = input_of(&s);
  tome_voxel_source in;
  CHECK(tome_cache_input(c, &plain, &in, NULL));
  const tome_box a = {{0, 0, 0}, {1, 1, 1}}, b = {{0, 0, 8}, {1, 1, 9}}, d = {{0, 0, 16}, {1, 1, 17}};
  const tome_box *order[] = {&a, &b, &d, &a, &b,
                             &a, &d, &a, &b}; /* each once, past the cache; then as it remembers them */
  const int reads[] = {1, 2, 3, 4, 5, 5, 6, 6, 7};
  for (int i = 0; i < 9; i++) {
    CHECK(wrong_voxels(&in, order[i]) == 0);
    CHECK(atomic_load(&s.reads) == reads[i]);
  }
  tome_cache_free(c);
  c = tome_cache_new(10, NULL); /* too small for any: reads through */
  CHECK(tome_cache_input(c, &plain, &in, NULL) && wrong_voxels(&in, &a) == 0 && wrong_voxels(&in, &a) == 0);
  CHECK(atomic_load(&s.reads) == 9);
  tome_cache_free(c);
}

static bool read_one(void *ctx, size_t item, int worker, tome_error *err) {
  (void)worker;
  const tome_voxel_source *in = ctx;
  const int64_t k = (int64_t)(item * 7919 % 20);
  const tome_box box = {{k % 7, k, k / 2}, {k % 7 + 3, k + 10, k / 2 + 15}};
  return wrong_voxels(in, &box) == 0 || tome_fail(err, TOME_VALUE, "wrong voxels");
}

static void threads(void) {
  source s = {.shape = {10, 30, 30}};
  tome_cache *c = tome_cache_new(9 * 4 * 8 * 8 * 4, NULL); /* small: chunks come and go under the readers */
  const tome_voxel_source plain = input_of(&s);
  tome_voxel_source in;
  CHECK(tome_cache_input(c, &plain, &in, NULL));
  const tome_run run = {.threads = 8};
  tome_error err = {0};
  CHECK(tome_parallel(&run, 500, read_one, &in, &err));
  CHECK_TEXT(err.message, "");
  tome_cache_free(c);
}

TEST_MAIN(remembers, mends_gaps, forgets, threads)
