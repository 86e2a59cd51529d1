/* Patches into files: computed on all cores, put in order where they share an archive. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "app/output.h"
#include "app/patches.h"

enum { MOST_FACTS = 12, MOST_VOLUMES = 256 };

typedef struct writing {
  tome_patches *p;
  tome_output *output;
  const tome_run *run;
  tome_run inner;       /* how one patch is computed */
  bool in_order;        /* an archive: patch i is put before patch i+1, so that the file does not depend on threads */
  pthread_mutex_t lock; /* guards all below */
  pthread_cond_t turn;
  size_t next, total;
  tome_error failure; /* the first one; its code 0: none */
  tome_patches_summary sum;
} writing;

/* ---- one item ---- */

typedef struct item {
  tome_output_item out;
  tome_output_fact facts[MOST_FACTS];
  tome_output_volume volumes[MOST_VOLUMES];
  void *data[MOST_VOLUMES];
  size_t bytes[MOST_VOLUMES];
  double position[3], centre[3], padding[6], pad;
  char seed[24];
} item;

static void item_clear(item *it) {
  for (size_t k = 0; k < MOST_VOLUMES; k++) free(it->data[k]);
}

static const char *rule_of(const tome_patch_options *o) {
  const bool nnunet = o->rule == TOME_RULE_NNUNET;
  switch (o->mode) {
    case TOME_PATCH_SLIDING:
      return nnunet ? "nnunet sliding" : "monai sliding";
    case TOME_PATCH_CLASSES:
      return "monai classes";
    case TOME_PATCH_CENTRE:
      return "monai centre";
    case TOME_PATCH_UNIFORM:
      return nnunet ? "nnunet uniform" : "monai uniform";
    case TOME_PATCH_BALANCE:
      break;
  }
  return nnunet ? "nnunet oversample" : "monai balance";
}

static void add_text(item *it, const char *name, const char *text) {
  it->facts[it->out.fact_count++] = (tome_output_fact){.name = name, .text = text};
}

static void add_numbers(item *it, const char *name, const double *many, size_t count) {
  it->facts[it->out.fact_count++] = (tome_output_fact){.name = name, .many = many, .count = count};
}

/* The seed is text: a double does not hold every 64-bit number. */
static void add_facts(item *it, const tome_patches *p, const patch_case *c, const tome_patch *t) {
  for (int a = 0; a < 3; a++) {
    it->position[a] = (double)t->box.lo[a];
    it->centre[a] = (double)t->centre[a];
    it->padding[a] = (double)(t->inside.lo[a] - t->box.lo[a]);
    it->padding[a + 3] = (double)(t->box.hi[a] - t->inside.hi[a]);
  }
  it->pad = c->pad;
  snprintf(it->seed, sizeof it->seed, "%llu", (unsigned long long)p->opt.seed);
  it->out.facts = it->facts;
  add_text(it, "seed", it->seed);
  add_text(it, "rule", rule_of(&p->opt));
  it->facts[0].common = it->facts[1].common = true;
  add_numbers(it, "position", it->position, 3);
  add_numbers(it, "centre", it->centre, 3);
  add_text(it, "class", t->what);
  add_numbers(it, "padding", it->padding, 6);
  add_numbers(it, "pad_value", &it->pad, 1);
  add_text(it, "channel_hashes", c->channel_hashes);
  add_text(it, "label_hashes", c->label_hashes);
  add_text(it, "dataset_hash", c->dataset_hash);
}

static void describe(item *it, const tome_patches *p, const patch_case *c, const tome_patch *t) {
  it->out = (tome_output_item){.id = c->id,
                               .n = t->n,
                               .geometry = tome_geometry_crop(&c->geometry, &t->box),
                               .volumes = it->volumes,
                               .units = c->units,
                               .recipe = c->recipe,
                               .recipe_hash = c->recipe_hash,
                               .voxel_hash = c->voxel_hash};
  add_facts(it, p, c, t);
}

static bool make_room(item *it, const patch_case *c, const tome_patch *t, tome_error *err) {
  int64_t shape[3];
  if (c->volume_count > MOST_VOLUMES)
    return tome_fail(err, TOME_UNSUPPORTED, "%s: %zu label maps in one patch; merge or keep some of them", c->id,
                     c->volume_count - 1);
  tome_box_shape(&t->box, shape);
  it->out.volume_count = c->taken ? c->taken_count : c->volume_count;
  for (size_t i = 0; i < it->out.volume_count; i++) {
    const size_t k = c->taken ? c->taken[i] : i;
    const tome_patch_volume *v = &c->volumes[k];
    if (!tome_shape_bytes(shape, tome_dtype_size(v->dtype), &it->bytes[k]))
      return tome_fail(err, TOME_NO_MEMORY, "%s: a patch of that size does not fit any memory", c->id);
    if (!(it->data[k] = tome_alloc(it->bytes[k], 1, "a patch", err))) return false;
    it->volumes[i] =
        (tome_output_volume){.name = v->name, .is_label = v->is_label, .dtype = v->dtype, .voxels = it->data[k]};
  }
  return true;
}

/* ---- all of them ---- */

/* A patch that is stopped before it begins never has its turn: so whoever waits looks up now and then. */
static void wait_a_little(writing *w) {
  struct timespec until;
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_nsec += 50000000;
  until.tv_sec += until.tv_nsec / 1000000000;
  until.tv_nsec %= 1000000000;
  pthread_cond_timedwait(&w->turn, &w->lock, &until);
}

static bool wait_turn(writing *w, size_t i, tome_error *err) {
  if (!w->in_order) return true;
  bool stopped = false;
  pthread_mutex_lock(&w->lock);
  while (w->next != i && !w->failure.code && !(stopped = tome_stopped(&w->inner))) wait_a_little(w);
  const tome_error failure = w->failure;
  pthread_mutex_unlock(&w->lock);
  if (failure.code) return tome_fail(err, failure.code, "%s", failure.message);
  return !stopped || tome_fail_cancelled(err);
}

static void end_turn(writing *w, const char *id, const tome_error *failure, bool kept) {
  const bool ok = !failure->code;
  pthread_mutex_lock(&w->lock);
  w->next++;
  if (!ok && !w->failure.code) w->failure = *failure;
  w->sum.written += ok && !kept;
  w->sum.kept += ok && kept;
  const tome_progress now = {.phase = "patches", .item = id, .items_done = w->next, .items_total = w->total};
  if (ok) tome_report(w->run, &now);
  pthread_cond_broadcast(&w->turn);
  pthread_mutex_unlock(&w->lock);
}

static bool write_item(writing *w, item *it, size_t i, bool *kept, tome_error *err) {
  patch_case *c = tome_patches_case(w->p, i);
  const tome_patch *t = tome_patches_at(w->p, i);
  describe(it, w->p, c, t);
  *kept = tome_output_has(w->output, &it->out);
  return (*kept || (make_room(it, c, t, err) && tome_output_fits(w->output, &it->out, err) &&
                    tome_patches_read(w->p, i, it->data, it->bytes, c->volume_count, &w->inner, err))) &&
         wait_turn(w, i, err) && (*kept || tome_output_put(w->output, &it->out, err));
}

static bool write_patch(void *ctx, size_t i, int worker, tome_error *err) {
  (void)worker;
  writing *w = ctx;
  tome_error e = {0};
  TOME_AUTO_FREE item *it = tome_alloc_zero(1, sizeof *it, "a patch", &e);
  bool kept = false;
  const bool ok = it && write_item(w, it, i, &kept, &e);
  if (it) item_clear(it);
  end_turn(w, tome_patches_at(w->p, i)->id, &e, kept);
  return ok || tome_fail(err, e.code, "%s", e.message);
}

static bool ends_with(const char *s, const char *end) {
  const size_t n = strlen(s), m = strlen(end);
  return n >= m && strcasecmp(s + n - m, end) == 0;
}

/* Rows of one data set: only patches of one shape can be. */
static bool of_one_shape(const tome_patches *p) {
  int64_t first[3], shape[3];
  tome_box_shape(&tome_patches_at(p, 0)->box, first);
  for (size_t i = 0; i < p->case_count; i++) {
    if (!p->cases[i].count) continue;
    tome_box_shape(&p->cases[i].patches[0].box, shape);
    if (memcmp(first, shape, sizeof shape) != 0) return false;
  }
  return true;
}

static bool write_all(writing *w, tome_error *err) {
  pthread_mutex_init(&w->lock, NULL);
  pthread_cond_init(&w->turn, NULL);
  const tome_run outer = {.threads = tome_threads(w->run), .stop = w->inner.stop, .user = w->inner.user};
  const bool ok = tome_parallel(&outer, w->total, write_patch, w, err);
  pthread_cond_destroy(&w->turn);
  pthread_mutex_destroy(&w->lock);
  return ok;
}

bool tome_patches_write(tome_patches *p, const char *pattern, bool force, const tome_run *run,
                        void (*note)(void *user, const char *id, const char *text), void *user,
                        tome_patches_summary *out, tome_error *err) {
  const int threads = tome_threads(run);
  const bool archive = ends_with(pattern, ".h5") || ends_with(pattern, ".hdf5"), stacked = of_one_shape(p);
  if (archive && stacked && !tome_patches_make_alike(p, &(patch_note){note, user}, err)) return false;
  const size_t total = tome_patches_count(p);
  const tome_output_options o = {.force = force,
                                 .stacked = stacked,
                                 .items = (int64_t)total,
                                 .threads = archive || (size_t)threads > total ? threads : 1};
  writing w = {.p = p, .run = run, .in_order = archive, .total = total};
  for (size_t i = 0; i < p->case_count; i++) w.sum.passed_over += !p->cases[i].count;
  w.inner = (tome_run){.threads = (size_t)threads > total ? threads / (int)total : 1,
                       .stop = run ? run->stop : NULL,
                       .user = run ? run->user : NULL};
  w.output = tome_output_open(pattern, &o, err);
  if (!w.output) return false;
  const bool ok = write_all(&w, err) && tome_output_commit(w.output, err);
  tome_output_close(w.output);
  if (ok && out) *out = w.sum;
  return ok;
}
