/* tome archive drive: DRIVE's pictures, ground truth and masks as the six HDF5 files that the field's training scripts read. */
#include <ctype.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/pictures.h"

enum { IMAGES, TRUTH, MASKS, PARTS };
static const struct {
  const char *folder, *file;
} parts[PARTS] = {{"images", "imgs"}, {"1st_manual", "groundTruth"}, {"mask", "borderMasks"}};

struct driving;

/* One of training and test. */
typedef struct split {
  struct driving *of;
  const char *folder, *file; /* "training", "train" */
  const char *root;          /* the folder's path */
  tome_units units[PARTS];
  const char *outputs[PARTS];
  tome_pictures_job jobs[PARTS];
  tome_draft drafts[PARTS]; /* written, not placed */
  size_t before, done;      /* pictures: of the files that are finished, and of all; driving.lock */
  atomic_bool failed;
  tome_error why;
} split;

typedef struct driving {
  const tome_drive_options *opt;
  const tome_run *run;
  split splits[2];
  size_t count, pictures;
  pthread_mutex_t lock; /* one progress at a time */
  tome_arena arena;
} driving;

static void clear(driving *d) {
  for (size_t i = 0; i < d->count; i++)
    for (int k = 0; k < PARTS; k++) {
      tome_draft_abandon(&d->splits[i].drafts[k]);
      tome_units_clear(&d->splits[i].units[k]);
    }
  tome_arena_clear(&d->arena);
  pthread_mutex_destroy(&d->lock);
}

static long number_of(const tome_unit *u) { return strtol(tome_basename(u->shown), NULL, 10); }

static int by_number(const void *a, const void *b) {
  const long x = number_of(a), y = number_of(b);
  return (x > y) - (x < y);
}

/* Pictures begin with their number (21_training.tif, 21_manual1.gif, 21_training_mask.gif, 21_mask.png); anything else in the folder is none. */
static bool list_pictures(driving *d, const split *of, const char *folder, tome_units *out, tome_error *err) {
  if (!tome_is_folder(folder))
    return tome_fail(err, TOME_NOT_FOUND,
                     "%s: no such folder; DRIVE has training/ and test/, each with images, 1st_manual and mask. "
                     "--split %s leaves %s out",
                     folder, strcmp(of->folder, "test") == 0 ? "training" : "test", of->folder);
  TOME_CLEANUP(tome_tree_clear) tome_tree tree = {0};
  if (!tome_tree_walk(folder, NULL, &tree, d->run, err)) return false;
  const char **files = tome_arena_alloc(&d->arena, (tree.count + 1) * sizeof *files, err);
  size_t kept = 0;
  if (!files) return false;
  for (size_t i = 0; i < tree.count; i++)
    if (!tree.entries[i].folder && isdigit((unsigned char)*tree.entries[i].path)) files[kept++] = tree.entries[i].full;
  if (!kept) return tome_fail(err, TOME_NOT_FOUND, "%s: holds no picture whose name begins with its number", folder);
  if (!tome_units_find(files, kept, false, NULL, d->run, out, err)) return false;
  qsort(out->items, out->count, sizeof *out->items, by_number);
  for (size_t i = 1; i < out->count; i++)
    if (number_of(&out->items[i]) == number_of(&out->items[i - 1]))
      return tome_fail(err, TOME_EXISTS, "%s and %s have one number", out->items[i - 1].shown, out->items[i].shown);
  return true;
}

/* The same numbers in all three. */
static bool match(const split *s, int part, tome_error *err) {
  const tome_units *a = &s->units[IMAGES], *b = &s->units[part];
  for (size_t i = 0; i < a->count || i < b->count; i++) {
    const long x = i < a->count ? number_of(&a->items[i]) : -1, y = i < b->count ? number_of(&b->items[i]) : -1;
    if (x == y) continue;
    const bool missing = y < 0 || (x >= 0 && x < y);
    return tome_fail(err, TOME_NOT_FOUND, "%s: %zu images and %zu of %s: number %ld is not in %s", s->root, a->count,
                     b->count, parts[part].folder, missing ? x : y, missing ? parts[part].folder : "images");
  }
  return true;
}

static bool add_split(driving *d, const char *folder, const char *file, tome_error *err) {
  split *s = &d->splits[d->count++];
  s->of = d;
  s->folder = folder;
  s->file = file;
  for (int k = 0; k < PARTS; k++) s->drafts[k].fd = -1;
  s->root = tome_join(&d->arena, d->opt->root, folder, err);
  for (int k = 0; s->root && k < PARTS; k++) {
    const char *in = tome_join(&d->arena, s->root, parts[k].folder, err);
    char name[64];
    snprintf(name, sizeof name, "DRIVE_dataset_%s_%s.hdf5", parts[k].file, file);
    s->outputs[k] = in ? tome_join(&d->arena, d->opt->output, name, err) : NULL;
    if (!s->outputs[k] || !list_pictures(d, s, in, &s->units[k], err) || !match(s, k, err) ||
        !tome_pictures_room(s->outputs[k], d->opt->force, err))
      return false;
    d->pictures += s->units[k].count;
  }
  return s->root != NULL;
}

/* ---- both at once --------------------------------------------------------------------------------------- */

/* A split stops where the run does, or one before it has failed: whose failure is told does not depend on which was quicker. */
static bool split_stopped(void *user) {
  split *s = user;
  for (split *t = s->of->splits; t < s; t++)
    if (atomic_load(&t->failed)) return true;
  return tome_stopped(s->of->run);
}

/* Progress in pictures of all files. */
static void split_progress(void *user, const tome_progress *now) {
  split *s = user;
  driving *d = s->of;
  tome_progress all = *now;
  pthread_mutex_lock(&d->lock);
  s->done = s->before + (size_t)now->items_done;
  all.items_done = 0;
  all.items_total = d->pictures;
  for (size_t i = 0; i < d->count; i++) all.items_done += d->splits[i].done;
  d->run->progress(d->run->user, &all);
  pthread_mutex_unlock(&d->lock);
}

static bool write_part(const driving *d, split *s, int k, int64_t size[2], const tome_run *run, tome_error *err) {
  tome_pictures_job *job = &s->jobs[k];
  *job = (tome_pictures_job){.units = s->units[k].items,
                             .count = s->units[k].count,
                             .output = s->outputs[k],
                             .dataset = "image",
                             .values = {.gray = k != IMAGES, .dtype = d->opt->dtype ? d->opt->dtype : TOME_U8},
                             .level = d->opt->level,
                             .force = d->opt->force,
                             .sync = d->opt->sync,
                             .full_range = k != IMAGES,
                             .channels = k == IMAGES ? 3 : 1,
                             .size = {size[0], size[1]},
                             .like = k == IMAGES ? NULL : s->units[IMAGES].items[0].shown};
  if (!tome_pictures_write(job, &s->drafts[k], run, err)) return false;
  memcpy(size, job->size, sizeof job->size);
  s->before += job->count;
  return true;
}

/* An item of tome_parallel. A file is copied into the page cache by one thread at a time, so that two files at once go twice as fast. */
static bool write_split(void *ctx, size_t i, int worker, tome_error *err) {
  (void)worker, (void)err;
  driving *d = ctx;
  split *s = &d->splits[i];
  const int threads = tome_threads(d->run) / (int)d->count;
  const tome_run run = {.threads = threads > 1 ? threads : 1,
                        .stop = split_stopped,
                        .progress = d->run && d->run->progress ? split_progress : NULL,
                        .user = s};
  int64_t size[2] = {0, 0};
  bool ok = true;
  for (int k = 0; k < PARTS && ok; k++) ok = write_part(d, s, k, size, &run, &s->why);
  if (!ok) atomic_store(&s->failed, true);
  return true;
}

/* All files are good: they appear. */
static bool place_split(split *s, void (*on_event)(void *user, const tome_event *event), void *user, tome_error *err) {
  for (int k = 0; k < PARTS; k++) {
    const tome_pictures_job *job = &s->jobs[k];
    const tome_event e = {TOME_EVENT_ADDED, job->dataset, job->output, job->text};
    if (!tome_pictures_place(job, &s->drafts[k], err)) return false;
    if (on_event) on_event(user, &e);
  }
  return true;
}

bool tome_archive_drive(const tome_drive_options *opt, const tome_run *run,
                        void (*on_event)(void *user, const tome_event *event), void *user, tome_error *err) {
  TOME_CLEANUP(clear) driving d = {.opt = opt, .run = run, .lock = PTHREAD_MUTEX_INITIALIZER};
  if (opt->split != TOME_DRIVE_TEST && !add_split(&d, "training", "train", err)) return false;
  if (opt->split != TOME_DRIVE_TRAINING && !add_split(&d, "test", "test", err)) return false;
  if (!tome_parallel(run, d.count, write_split, &d, err)) return false;
  for (size_t i = 0; i < d.count; i++)
    if (atomic_load(&d.splits[i].failed)) return tome_fail(err, d.splits[i].why.code, "%s", d.splits[i].why.message);
  for (size_t i = 0; i < d.count; i++)
    if (!place_split(&d.splits[i], on_event, user, err)) return false;
  return true;
}
