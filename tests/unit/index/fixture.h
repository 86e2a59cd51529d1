/* fixture.h - made-up cases whose every field differs, so that a column in the wrong place shows. */
#ifndef TOME_TEST_INDEX_FIXTURE_H
#define TOME_TEST_INDEX_FIXTURE_H

#include <stdio.h>
#include <string.h>

#include "record/record.h"

typedef struct fixture_label {
  const char *map, *name;
  int32_t value;
  int centre; /* HU about which its voxels lie */
  size_t voxels;
} fixture_label;

static inline uint32_t fixture_random(uint32_t *state) {
  *state = *state * 1664525u + 1013904223u;
  return *state >> 8;
}

/* An exact histogram of `voxels` integers within 40 of `centre`. */
static inline bool fixture_histogram(tome_arena *a, uint32_t *seed, int centre, size_t voxels, tome_histogram *h) {
  *h = (tome_histogram){.lo = centre - 40, .width = 1, .bins = 81};
  h->counts = tome_arena_alloc(a, h->bins * sizeof *h->counts, NULL);
  if (!h->counts) return false;
  for (size_t i = 0; i < voxels; i++) h->counts[fixture_random(seed) % 41 + fixture_random(seed) % 41]++;
  while (h->bins > 1 && !h->counts[h->bins - 1]) h->bins--;
  return true;
}

static inline void fixture_geometry(uint32_t *seed, tome_geometry *g) {
  for (int a = 0; a < 3; a++) {
    g->shape[a] = 40 + fixture_random(seed) % 400;
    g->spacing[a] = 0.5 + fixture_random(seed) % 1000 / 250.0;
    g->origin[a] = fixture_random(seed) % 1000 / 3.0 - 150;
    for (int c = 0; c < 3; c++) g->direction[a][c] = fixture_random(seed) % 1000 / 999.0;
  }
}

static inline bool fixture_add_label(tome_record *r, uint32_t *seed, const fixture_label *f) {
  tome_label *l = tome_record_label(r, NULL);
  if (!l) return false;
  l->map = tome_arena_dup(&r->arena, f->map, NULL);
  l->name = tome_arena_dup(&r->arena, f->name, NULL);
  l->value = f->value;
  l->voxels = f->voxels;
  l->ml = (double)f->voxels * 0.001 + fixture_random(seed) % 100 * 1e-6;
  for (int a = 0; a < 3 && f->voxels; a++) {
    l->box.lo[a] = fixture_random(seed) % 20;
    l->box.hi[a] = l->box.lo[a] + 1 + fixture_random(seed) % 20;
  }
  if (!fixture_histogram(&r->arena, seed, f->centre, f->voxels, &l->histogram)) return false;
  tome_intensity_of(&l->histogram, &l->hu);
  l->window_minmax = tome_window_minmax(&l->hu);
  l->window_percentile = tome_window_percentile(&l->hu);
  l->components = 1 + fixture_random(seed) % 5;
  l->largest = f->voxels / 2;
  return true;
}

static inline void fixture_hash(uint32_t *seed, char out[33]) {
  for (int i = 0; i < 32; i += 8) snprintf(out + i, 9, "%08x", fixture_random(seed) * 2654435761u);
}

static inline bool fixture_add_source(tome_record *r, uint32_t *seed, size_t number) {
  char path[64], uid[64];
  snprintf(path, sizeof path, "%s/slice_%zu.dcm", r->id, number);
  snprintf(uid, sizeof uid, "1.2.826.%u.%zu", fixture_random(seed), number);
  tome_source s = {
      .role = number ? "image" : "segmentation", .path = path, .bytes = fixture_random(seed), .sop_uid = uid};
  fixture_hash(seed, s.hash);
  return tome_record_source(r, &s, NULL);
}

/* A case with these labels, `sources` files, two problems and a repair. `r` zeroed; all of it follows from id and seed. */
static inline bool fixture_case(tome_record *r, const char *id, uint32_t seed, const fixture_label *labels,
                                size_t count, size_t sources) {
  uint32_t s = seed;
  r->id = tome_arena_dup(&r->arena, id, NULL);
  r->layout = "lits";
  r->modality = seed % 2 ? "CT" : "MR";
  r->units = "HU";
  r->series_uid = tome_arena_printf(&r->arena, NULL, "1.2.3.%u", fixture_random(&s));
  r->study_uid = tome_arena_printf(&r->arena, NULL, "1.2.4.%u", fixture_random(&s));
  r->frame_uid = tome_arena_printf(&r->arena, NULL, "1.2.5.%u", fixture_random(&s));
  r->orientation = "SPL";
  fixture_geometry(&s, &r->geometry);
  r->dtype = TOME_I16;
  fixture_hash(&s, r->voxel_hash);
  fixture_hash(&s, r->source_hash);
  r->stored_bytes = 1000000 + fixture_random(&s);
  r->padding = fixture_random(&s);
  r->tilt_degrees = fixture_random(&s) % 200 / 10.0;
  if (!fixture_histogram(&r->arena, &s, (int)(fixture_random(&s) % 2000) - 500, 5000, &r->histogram)) return false;
  tome_intensity_of(&r->histogram, &r->intensity);
  tome_label_map m = {.name = "segmentation", .dtype = TOME_U8};
  fixture_hash(&s, m.voxel_hash);
  bool ok = tome_record_map(r, &m, NULL);
  for (size_t i = 0; ok && i < count; i++) ok = fixture_add_label(r, &s, &labels[i]);
  for (size_t i = 0; ok && i < sources; i++) ok = fixture_add_source(r, &s, i);
  return ok && tome_record_repair(r, "gap=fill", NULL, "%u slices filled", fixture_random(&s) % 9) &&
         tome_record_problem(r, TOME_WARNING, "empty-label", "look at it", NULL, "label %u is empty",
                             fixture_random(&s) % 9) &&
         tome_record_problem(r, TOME_INFO, "duplicate-voxels", "", NULL, "equal to another case's");
}

#endif
