/*
 * load.c - a stacked volume into memory: decode, rescale, padding, labels, on all cores.
 *
 * The first slice never decides for the others: int16 is an attempt over all of them, given up at the first value that is not
 * a whole number of int16, and done again as float32. Slices are decoded into a thread's own buffer and rescaled from there,
 * so that each voxel of the volume is written once; a 3-D array of the right type becomes the volume itself.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "stack/loader.h"

enum { PART = 1 << 19 }; /* voxels of a 3-D array taken at a time; a multiple of 8 */

void tome_loaded_clear(tome_loaded *l) {
  tome_volume_clear(&l->volume);
  free(l->padding_mask);
  *l = (tome_loaded){0};
}

static tome_dtype goal_dtype(tome_goal goal) {
  switch (goal) {
    case TOME_GOAL_I16:
      return TOME_I16;
    case TOME_GOAL_F32:
      return TOME_F32;
    case TOME_GOAL_LABEL16:
      return TOME_U16;
    default:
      return TOME_U8;
  }
}

/* ---- setting up --- */

static void clear_loader(tome_loader *l) {
  for (int t = 0; l->workers && t < l->worker_count; t++) {
    tome_load_worker *w = &l->workers[t];
    free(w->stored);
    for (int i = 0; i < 2; i++) free(w->voxels[i]), free(w->bits[i]);
    free(w->counts);
  }
  free(l->workers);
  free(l->mask);
  free(l->data);
}

static bool check_shapes(const tome_loader *l, tome_error *err) {
  const tome_stacked *s = l->s;
  const int64_t *shape = s->geometry.shape;
  for (size_t i = 0; i < s->order_count; i++) {
    const tome_piece *p = s->order[i];
    const bool fits = l->opt->sample >= 0 && l->opt->sample < p->channels && p->shape[1] == shape[1] &&
                      p->shape[2] == shape[2] && p->shape[0] == (s->slices ? 1 : shape[0]);
    if (!fits || !tome_dtype_size(p->dtype))
      return tome_fail(err, TOME_GEOMETRY, "%s does not fit the volume it was stacked into", p->path);
  }
  return s->order_count > 0 ? true : tome_fail(err, TOME_USAGE, "a volume of no slices cannot be loaded");
}

static bool any_interpolated(const tome_stacked *s) {
  for (int64_t z = 0; s->slices && z < s->geometry.shape[0]; z++)
    if (s->slices[z].a != s->slices[z].b) return true;
  return false;
}

static bool any_padding(const tome_loader *l) {
  double lo, hi;
  for (size_t i = 0; i < l->s->order_count; i++)
    if (tome_load_padding_range(l, l->s->order[i], &lo, &hi)) return true;
  return false;
}

static size_t widest_stored(const tome_stacked *s) {
  size_t most = 0;
  for (size_t i = 0; i < s->order_count; i++) {
    const size_t size = tome_dtype_size(s->order[i]->dtype);
    if (size > most) most = size;
  }
  return most;
}

/* Buffers of one thread. */
static bool open_worker(const tome_loader *l, tome_load_worker *w, const char *what, tome_error *err) {
  const bool slices = l->s->slices, blend = !l->opt->labels && any_interpolated(l->s);
  if (slices && !(w->stored = tome_alloc(l->slice, widest_stored(l->s), what, err))) return false;
  for (int i = 0; i < 2; i++) {
    if (blend && !(w->voxels[i] = tome_alloc(l->slice, sizeof(float), what, err))) return false;
    if (slices && (l->mask || blend) && !(w->bits[i] = tome_alloc_zero((l->slice + 7) / 8, 1, what, err))) return false;
  }
  if (!l->opt->labels) return true;
  w->counts = tome_alloc_zero(256, sizeof *w->counts, what, err);
  return w->counts;
}

static bool open_loader(tome_loader *l, const char *what, tome_error *err) {
  const int64_t *shape = l->s->geometry.shape;
  size_t bytes;
  if (!check_shapes(l, err)) return false;
  if (!tome_shape_bytes(shape, 1, &bytes)) return tome_fail(err, TOME_NO_MEMORY, "%s: impossible size", what);
  l->voxels = bytes;
  l->slice = (size_t)shape[1] * (size_t)shape[2];
  l->ct = strcmp(l->s->order[0]->modality, "CT") == 0;
  if (any_padding(l) && !(l->mask = tome_alloc_zero(l->voxels / 8 + 1, 1, what, err))) return false;
  l->worker_count = tome_threads(l->run);
  l->workers = tome_alloc_zero((size_t)l->worker_count, sizeof *l->workers, what, err);
  if (!l->workers) return false;
  for (int t = 0; t < l->worker_count; t++)
    if (!open_worker(l, &l->workers[t], what, err)) return false;
  return true;
}

/* ---- one 3-D array --- */

typedef struct solid {
  tome_loader *l;
  const tome_piece *piece;
  char *stored;
  atomic_bool fits;
} solid;

static size_t part_size(const solid *s, size_t item) {
  const size_t rest = s->l->voxels - item * PART;
  return rest < PART ? rest : PART;
}

static bool mark_part(void *ctx, size_t item, int worker, tome_error *err) {
  (void)err;
  solid *s = ctx;
  double lo, hi;
  if (!tome_load_padding_range(s->l, s->piece, &lo, &hi)) return true;
  void *at = s->stored + item * PART * tome_dtype_size(s->piece->dtype);
  s->l->workers[worker].padding +=
      tome_padding_mark(s->piece->dtype, at, part_size(s, item), lo, hi, s->l->mask + item * (PART / 8));
  return true;
}

static bool check_part(void *ctx, size_t item, int worker, tome_error *err) {
  (void)worker, (void)err;
  solid *s = ctx;
  const tome_scale scale = {s->piece->dtype, s->piece->slope, s->piece->intercept};
  if (!tome_rescale_fits_i16(&scale, (const int16_t *)(const void *)s->stored + item * PART, part_size(s, item)))
    atomic_store(&s->fits, false);
  return true;
}

static bool convert_part(void *ctx, size_t item, int worker, tome_error *err) {
  solid *s = ctx;
  tome_loader *l = s->l;
  const size_t first = item * PART;
  return tome_load_convert(l, &l->workers[worker], s->piece, s->stored + first * tome_dtype_size(s->piece->dtype),
                           part_size(s, item), first, l->mask ? l->mask + first / 8 : NULL,
                           l->data + first * tome_dtype_size(l->dtype), err);
}

/* The array as the file has it. */
static void *decode_solid(const tome_piece *p, int sample, size_t voxels, tome_error *err) {
  const size_t element = tome_dtype_size(p->dtype);
  void *block = tome_alloc(voxels, element, p->path, err);
  if (!block) return NULL;
  tome_advise_large_pages(block, voxels * element);
  if (tome_load_decode(p, sample, voxels, block, err)) return block;
  free(block);
  return NULL;
}

/* True where the array's own memory can become the voxels': each at its own place, and no attempt that could fail halfway. */
static bool may_convert_in_place(solid *s, size_t parts, tome_error *err, bool *out) {
  const tome_loader *l = s->l;
  const tome_scale scale = {s->piece->dtype, s->piece->slope, s->piece->intercept};
  *out = l->dtype == s->piece->dtype && (l->goal == TOME_GOAL_F32 || tome_scale_is_identity(&scale));
  if (*out || l->goal != TOME_GOAL_I16 || s->piece->dtype != TOME_I16) return true;
  atomic_store(&s->fits, true);
  if (!tome_parallel(l->run, parts, check_part, s, err)) return false;
  *out = atomic_load(&s->fits);
  return true;
}

/* ---- both --- */

static bool reserve(tome_loader *l, const char *what, tome_error *err) {
  free(l->data);
  l->data = tome_alloc(l->voxels, tome_dtype_size(l->dtype), what, err);
  if (l->data) tome_advise_large_pages(l->data, l->voxels * tome_dtype_size(l->dtype));
  return l->data;
}

/* Runs one pass. True with *misfit where the goal cannot be reached. */
static bool pass(tome_loader *l, size_t items, tome_item_fn fn, void *ctx, bool *misfit, tome_error *err) {
  tome_error why = {0};
  atomic_store(&l->misfit, false);
  const bool ok = tome_parallel(l->run, items, fn, ctx, &why);
  *misfit = atomic_load(&l->misfit) && why.code != TOME_CANCELLED;
  if (ok || *misfit) return true;
  return tome_fail(err, why.code, "%s", why.message);
}

static bool load_slices(tome_loader *l, const char *what, bool *misfit, tome_error *err) {
  if (!reserve(l, what, err)) return false;
  for (int t = 0; t < l->worker_count;
       t++) { /* what an attempt before this one marked; else the mask's pages stay untouched */
    if (l->workers[t].padding) memset(l->mask, 0, l->voxels / 8 + 1);
    l->workers[t].padding = 0;
  }
  return pass(l, (size_t)l->s->geometry.shape[0], tome_load_slice, l, misfit, err);
}

static bool load_solid(tome_loader *l, solid *s, const char *what, bool *misfit, tome_error *err) {
  const size_t parts = (l->voxels + PART - 1) / PART;
  bool in_place;
  if (!may_convert_in_place(s, parts, err, &in_place)) return false;
  if (!in_place) return reserve(l, what, err) && pass(l, parts, convert_part, s, misfit, err);
  free(l->data);
  l->data = s->stored;
  const bool ok = pass(l, parts, convert_part, s, misfit, err);
  s->stored = NULL; /* now the volume's */
  return ok;
}

static void clear_solid(solid *s) { free(s->stored); }

/* Tries goals in turn. */
static bool load_all(tome_loader *l, const tome_goal *goals, size_t goal_count, const char *what, tome_error *err) {
  TOME_CLEANUP(clear_solid) solid s = {.l = l, .piece = l->s->order[0]};
  if (!l->s->slices) {
    if (!(s.stored = decode_solid(s.piece, l->opt->sample, l->voxels, err))) return tome_fail_prefix(err, "%s", what);
    if (l->mask && !tome_parallel(l->run, (l->voxels + PART - 1) / PART, mark_part, &s, err)) return false;
  }
  for (size_t i = 0; i < goal_count; i++) {
    bool misfit = false;
    l->goal = goals[i];
    l->dtype = goals[i] == TOME_GOAL_AS_STORED ? l->s->order[0]->dtype : goal_dtype(goals[i]);
    for (int t = 0; l->opt->labels && t < l->worker_count; t++) memset(l->workers[t].counts, 0, 256 * sizeof(uint64_t));
    if (!(l->s->slices ? load_slices(l, what, &misfit, err) : load_solid(l, &s, what, &misfit, err))) return false;
    if (!misfit) return true;
  }
  return tome_fail(err, TOME_VALUE, "%s: the voxels fit no type", what); /* the last goal fits everything */
}

static bool all_plain_bytes(const tome_stacked *s) {
  for (size_t i = 0; i < s->order_count; i++) {
    const tome_piece *p = s->order[i];
    if (p->dtype != TOME_U8 || p->slope != 1 || p->intercept != 0 || strcmp(p->modality, "CT") == 0) return false;
  }
  return true;
}

static bool all_of_one_type(const tome_loader *l) {
  const tome_stacked *s = l->s;
  if (l->mask || any_interpolated(s)) return false;
  for (size_t i = 0; i < s->order_count; i++) {
    const tome_piece *p = s->order[i];
    if (p->dtype != s->order[0]->dtype || p->slope != 1 || p->intercept != 0) return false;
  }
  return true;
}

bool tome_load_is_decoding(const tome_stacked *s, const tome_load_options *opt) {
  if (s->slices || s->order_count != 1 || !opt->as_stored || opt->labels) return false;
  const tome_loader l = {.s = s, .opt = opt, .ct = strcmp(s->order[0]->modality, "CT") == 0};
  return s->order[0]->channels == 1 && check_shapes(&l, NULL) && !any_padding(&l) && all_of_one_type(&l);
}

/* What to try, in order. */
static size_t choose_goals(const tome_loader *l, tome_goal goals[2]) {
  const bool labels = l->opt->labels;
  if (labels && l->opt->threshold > 0) return goals[0] = TOME_GOAL_THRESHOLD, 1;
  if (!labels && l->opt->as_stored && all_of_one_type(l)) return goals[0] = TOME_GOAL_AS_STORED, 1;
  if (!labels && all_plain_bytes(l->s)) return goals[0] = TOME_GOAL_U8, 1;
  goals[0] = labels ? TOME_GOAL_LABEL8 : TOME_GOAL_I16;
  goals[1] = labels ? TOME_GOAL_LABEL16 : TOME_GOAL_F32;
  return 2;
}

/* Padding of what is not CT becomes the smallest value of the rest. */
static void settle_padding(tome_loader *l, uint64_t *padding) {
  *padding = 0;
  for (int t = 0; t < l->worker_count; t++) *padding += l->workers[t].padding;
  if (*padding == 0 || l->ct) return;
  const double least = tome_padding_smallest(l->dtype, l->data, l->voxels, l->mask);
  tome_padding_write(l->dtype, l->data, l->voxels, l->mask, isfinite(least) ? least : 0);
}

bool tome_load(const tome_stacked *s, const tome_load_options *opt, const tome_run *run, tome_loaded *out,
               tome_error *err) {
  static const tome_load_options defaults = {0};
  TOME_CLEANUP(clear_loader) tome_loader l = {.s = s, .opt = opt ? opt : &defaults, .run = run};
  const char *what = l.opt->name ? l.opt->name : s->order_count ? s->order[0]->path : "volume";
  tome_goal goals[2];
  tome_loaded made = {0};
  if (!tome_load_refuse_lossy(&l, err) || !open_loader(&l, what, err)) return false;
  if (!load_all(&l, goals, choose_goals(&l, goals), what, err)) return false;
  if (l.opt->labels && !tome_load_finish_labels(&l, &made.binary_255, err)) return false;
  settle_padding(&l, &made.padding);
  made.volume = (tome_volume){.geometry = s->geometry, .dtype = l.dtype, .data = l.data};
  l.data = NULL;
  if (made.padding) {
    made.padding_mask = l.mask;
    l.mask = NULL;
  }
  *out = made;
  return true;
}
