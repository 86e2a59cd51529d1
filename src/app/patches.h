/* patches.h - what patches_plan.c (positions), patches.c (voxels) and patches_write.c (files) share. */
#ifndef TOME_APP_PATCHES_H
#define TOME_APP_PATCHES_H

#include <pthread.h>

#include "app/points.h"

/* One case. Its course is open while somebody reads from it, and for a while after. */
typedef struct patch_case {
  const char *id;
  pthread_mutex_t lock; /* held while the course is opened or closed */
  tome_course *course;  /* NULL: closed */
  int users;            /* guarded by the pool's lock, as is last */
  uint64_t last;
  tome_patch_volume *volumes; /* what flows out; known from the plan on */
  size_t volume_count;
  tome_geometry geometry; /* of the result */
  char recipe_hash[33], voxel_hash[33];
  const char *recipe, *units;
  const char *channel_hashes, *label_hashes, *dataset_hash; /* what voxels depend on besides voxel_hash; "" for none */
  double pad;    /* the image's value beyond it; other channels have their own, */
  bool pad_said; /* but where somebody said so */
  tome_patch *patches;
  size_t count;
  const char *why; /* what a person should know of its patches, or NULL */
  size_t *taken;   /* the volumes that are written, in the archive's order; NULL: all */
  size_t taken_count;
  tome_arena arena; /* of the texts and patches */
} patch_case;

struct tome_patches {
  tome_store *store;
  tome_patch_options opt; /* texts in the arena */
  double threshold, pad_value;
  patch_case *cases;
  size_t case_count;
  size_t *first; /* number of each case's first patch; one more at the end: of all */
  tome_cache *cache;
  pthread_mutex_t lock; /* the pool's */
  size_t open;
  uint64_t clock;
  tome_arena arena;
};

/* ---- patches.c: the pool ---- */
/* The case's course, open until it is given back. */
TOME_MUST_USE tome_course *tome_patches_take(tome_patches *p, patch_case *c, tome_error *err);
void tome_patches_give(tome_patches *p, patch_case *c);
/* Which case patch i is of. */
patch_case *tome_patches_case(const tome_patches *p, size_t i);
/* Counts patches anew after cases' own counts have changed. */
void tome_patches_number(tome_patches *p);

/* ---- patches_plan.c ---- */
TOME_MUST_USE bool tome_patch_options_check(const tome_patch_options *o, tome_error *err);
/* Settles a case's patches. `*why` (in the case's arena): what a person should know; a case without patches has one. `named[k]` is set where the
 * case knows class k. */
TOME_MUST_USE bool tome_patches_settle(tome_patches *p, patch_case *c, tome_course *course, const tome_run *run,
                                       const char **why, bool *named, tome_error *err);

/* ---- patches_alike.c ---- */
typedef struct patch_note {
  void (*say)(void *user, const char *id, const char *text); /* may be NULL */
  void *user;
} patch_note;
/* Settles what the rows of one archive hold (tome_patches_write says how): the cases' `taken` are set, those that do not fit lose their patches. */
TOME_MUST_USE bool tome_patches_make_alike(tome_patches *p, const patch_note *note, tome_error *err);

#endif
