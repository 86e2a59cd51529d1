/* make.h - case files for the tests to look at: volumes from a seed, a record that fits them. */
#ifndef TOME_TEST_STORE_MAKE_H
#define TOME_TEST_STORE_MAKE_H

#include "base/hash.h"
#include "store/store.h"
#include "test.h"

/* xorshift: the same numbers everywhere. */
static inline uint32_t next_random(uint64_t *state) {
  *state ^= *state << 13;
  *state ^= *state >> 7;
  *state ^= *state << 17;
  return (uint32_t)(*state >> 16);
}

static inline double random_real(uint64_t *state) { return (double)next_random(state) / 4294967296.0 * 200 - 100; }

/* An oblique, sheared grid: nothing about it is round. */
static inline tome_geometry make_geometry(const int64_t shape[3], uint64_t *state) {
  tome_geometry g = tome_geometry_identity(shape);
  for (int a = 0; a < 3; a++) {
    g.spacing[a] = 0.3 + fabs(random_real(state)) / 50;
    g.origin[a] = random_real(state) * 3;
    double length = 0;
    for (int k = 0; k < 3; k++) {
      g.direction[a][k] += random_real(state) / 1000;
      length += g.direction[a][k] * g.direction[a][k];
    }
    for (int k = 0; k < 3; k++) g.direction[a][k] /= sqrt(length);
  }
  return g;
}

/* Something like an image: a slope with noise, in int16 steps of its own; every fourth 32^3 corner empty. */
static inline tome_volume make_volume(const int64_t shape[3], tome_dtype dtype, uint64_t seed) {
  uint64_t state = seed * 2654435761u + 88172645463325252u;
  tome_volume v = {.geometry = make_geometry(shape, &state), .dtype = dtype};
  const size_t n = tome_volume_voxels(&v), element = tome_dtype_size(dtype);
  v.data = calloc(n, element);
  for (size_t i = 0; i < n; i++) {
    const int16_t value = (int16_t)((int)(i / 7 % 400) + (int)(next_random(&state) % 64) - 100);
    const size_t x = i % (size_t)shape[2], z = i / (size_t)shape[2] / (size_t)shape[1];
    if (z / 32 % 2 == 1 && x / 32 % 2 == 1) continue;
    uint8_t *to = (uint8_t *)v.data + i * element;
    for (size_t b = 0; b < element && b < 2; b++) to[b] = (uint8_t)(value >> (8 * b));
  }
  return v;
}

static inline void hash_volume(const tome_volume *v, char hash[TOME_HASH_TEXT]) {
  tome_hash_bytes(v->data, tome_volume_voxels(v) * tome_dtype_size(v->dtype), hash);
}

/* A minimal record for an image and maybe one label map. */
static inline tome_record make_record(const tome_volume *image, const tome_volume *map, tome_error *err) {
  tome_record r = {.id = "case-1",
                   .layout = "lits",
                   .modality = "CT",
                   .units = "HU",
                   .orientation = "SPL",
                   .geometry = image->geometry,
                   .dtype = image->dtype};
  hash_volume(image, r.voxel_hash);
  if (map) {
    tome_label_map m = {.name = "segmentation", .dtype = map->dtype};
    hash_volume(map, m.voxel_hash);
    CHECK(tome_record_map(&r, &m, err));
  }
  return r;
}

/* Writes both; true where all went well. */
static inline bool write_case(const char *path, const tome_volume *image, const tome_volume *map, tome_codec codec,
                              int threads, tome_error *err) {
  const tome_chunking chunking = {.codec = codec};
  const tome_run run = {.threads = threads};
  tome_record r = make_record(image, map, err);
  tome_case_writer *w = tome_case_writer_new(path, err);
  bool ok = w && tome_case_writer_volume(w, "image", image, "HU", &chunking, &run, err) &&
            (!map || tome_case_writer_volume(w, "labels/segmentation", map, "", &chunking, &run, err)) &&
            tome_case_writer_record(w, &r, NULL, err);
  if (ok)
    ok = tome_case_writer_finish(w, err);
  else
    tome_case_writer_free(w);
  tome_record_clear(&r);
  if (!ok) fprintf(stderr, "write_case: %s\n", err->message);
  return ok;
}

#endif
