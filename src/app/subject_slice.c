/* Slices of what is shown, and the window that they are looked at through. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/picture.h"
#include "base/threads.h"
#include "ops/ops.h"
#include "record/percentile.h"

/* ---- voxels ---- */

/* A box of a volume in memory, packed. */
static void crop(const tome_volume *v, const tome_box *b, void *out) {
  const int64_t *n = v->geometry.shape;
  const size_t voxel = tome_dtype_size(v->dtype) * (size_t)(v->channels > 1 ? v->channels : 1);
  const size_t row = (size_t)(b->hi[2] - b->lo[2]) * voxel;
  char *to = out;
  for (int64_t z = b->lo[0]; z < b->hi[0]; z++)
    for (int64_t y = b->lo[1]; y < b->hi[1]; y++, to += row)
      memcpy(to, (const char *)v->data + (size_t)((z * n[1] + y) * n[2] + b->lo[2]) * voxel, row);
}

/* A box of one volume that is to be read. */
typedef struct fetch {
  const char *name;
  tome_box box;
  void *to;
  size_t bytes;
} fetch;

/* All that some slices need: laid out first, then read on all cores. */
typedef struct fetching {
  tome_subject *s;
  tome_run run;
  fetch *all;
  size_t count, cap;
} fetching;

static void fetching_clear(fetching *f) { free(f->all); }

static void *room(tome_subject *s, const tome_box *b, size_t voxel, tome_error *err) {
  return tome_arena_alloc(&s->arena, (size_t)tome_box_voxels(b) * voxel, err);
}

static void *add(fetching *f, const char *name, const tome_box *b, tome_dtype *dtype, tome_error *err) {
  tome_result_info info;
  if (!tome_result_info_of(f->s->result, name, &info, err)) return NULL;
  const size_t voxel = tome_dtype_size(info.dtype);
  void *to = room(f->s, b, voxel, err);
  if (!to || !tome_grow(&f->all, &f->cap, f->count + 1, sizeof *f->all, err)) return NULL;
  f->all[f->count++] = (fetch){name, *b, to, (size_t)tome_box_voxels(b) * voxel};
  *dtype = info.dtype;
  return to;
}

static bool fetch_one(void *ctx, size_t i, int worker, tome_error *err) {
  (void)worker;
  const fetching *f = ctx;
  const fetch *one = &f->all[i];
  return tome_result_read(f->s->result, one->name, &one->box, one->to, one->bytes, &f->run, err);
}

/* Where there are enough of them each is read by one thread, else one after the other by all. */
static bool fetch_all(fetching *f, tome_error *err) {
  tome_run quiet = f->s->run ? *f->s->run : (tome_run){0};
  quiet.progress = NULL;
  f->run = quiet;
  const bool enough = f->count >= 2 * (size_t)tome_threads(&quiet);
  if (enough)
    f->run.threads = 1;
  else
    quiet.threads = 1;
  return tome_parallel(&quiet, f->count, fetch_one, f, err);
}

/* ---- what a slice needs ---- */

static const void *ask_image(fetching *f, const tome_box *b, tome_slice *out, tome_error *err) {
  tome_subject *s = f->s;
  if (s->result && !s->coloured) return add(f, s->volume, b, &out->dtype, err);
  void *to = room(s, b, tome_dtype_size(s->dtype) * (s->coloured ? 3 : 1), err);
  if (to && !s->result) crop(&s->image, b, to);
  return to; /* of a store's colours to be filled later */
}

static bool ask_colours(fetching *f, const tome_box *b, const uint8_t *out[3], tome_error *err) {
  static const char *const names[3] = {"image", "channels/green", "channels/blue"};
  for (int k = 0; k < 3; k++) {
    tome_dtype dtype;
    if (!(out[k] = add(f, names[k], b, &dtype, err))) return false;
    if (dtype != TOME_U8) return tome_fail(err, TOME_UNSUPPORTED, "%s: its colours are no uint8", f->s->id);
  }
  return true;
}

static const void *ask_map(fetching *f, const char *map, const tome_box *b, tome_dtype *dtype, tome_error *err) {
  tome_subject *s = f->s;
  if (s->result) {
    const char *name = tome_arena_printf(&s->arena, err, "labels/%s", map);
    return name ? add(f, name, b, dtype, err) : NULL;
  }
  void *out = room(s, b, tome_dtype_size(s->label.dtype), err);
  *dtype = s->label.dtype;
  if (out) crop(&s->label, b, out);
  return out;
}

/* One layer a structure; each map is read once. */
static bool ask_layers(fetching *f, const tome_box *b, tome_slice *out, tome_error *err) {
  tome_subject *s = f->s;
  tome_layer *layers = tome_arena_alloc(&s->arena, (s->shown_count + 1) * sizeof *layers, err);
  if (!layers) return false;
  for (size_t i = 0; i < s->shown_count; i++) {
    const tome_shown *l = &s->shown[i];
    tome_layer *to = &layers[i];
    *to = (tome_layer){.value = l->value, .colour = l->colour};
    for (size_t k = 0; k < i && !to->voxels; k++)
      if (!strcmp(s->shown[k].map, l->map)) {
        to->voxels = layers[k].voxels;
        to->dtype = layers[k].dtype;
      }
    if (!to->voxels && !(to->voxels = ask_map(f, l->map, b, &to->dtype, err))) return false;
  }
  out->layers = layers;
  out->layer_count = s->shown_count;
  return true;
}

static bool ask(fetching *f, const tome_spot *p, const uint8_t *colours[3], tome_error *err) {
  tome_subject *s = f->s;
  tome_slice one = {.view = tome_view_of(&s->geometry, p->plane), .dtype = s->dtype, .channels = s->coloured ? 3 : 1};
  const tome_box b = tome_view_box(&one.view, &s->geometry, p->at);
  one.geometry = tome_geometry_crop(&s->geometry, &b);
  if (!(one.voxels = ask_image(f, &b, &one, err)) || !ask_layers(f, &b, &one, err)) return false;
  if (s->result && s->coloured && !ask_colours(f, &b, colours, err)) return false;
  *p->out = one;
  return true;
}

static void mix_colours(const tome_slice *s, const uint8_t *const from[3]) {
  uint8_t *rgb = (uint8_t *)(uintptr_t)s->voxels;
  const size_t n = (size_t)s->view.columns * (size_t)s->view.rows;
  for (size_t i = 0; i < n; i++)
    for (size_t k = 0; k < 3; k++) rgb[3 * i + k] = from[k][i];
}

bool tome_subject_slices(tome_subject *s, const tome_spot *places, size_t count, tome_error *err) {
  TOME_CLEANUP(fetching_clear) fetching f = {.s = s};
  const uint8_t *(*colours)[3] = tome_arena_alloc(&s->arena, (count + 1) * sizeof *colours, err);
  if (!colours) return false;
  for (size_t i = 0; i < count; i++)
    if (!ask(&f, &places[i], colours[i], err)) return false;
  if (!fetch_all(&f, err)) return false;
  for (size_t i = 0; s->result && s->coloured && i < count; i++) mix_colours(places[i].out, colours[i]);
  return true;
}

/* ---- windows ---- */

double tome_shown_value(const void *voxels, tome_dtype dtype, size_t i) {
  switch (dtype) {
    case TOME_U8:
      return ((const uint8_t *)voxels)[i];
    case TOME_I8:
      return ((const int8_t *)voxels)[i];
    case TOME_U16:
      return ((const uint16_t *)voxels)[i];
    case TOME_I16:
      return ((const int16_t *)voxels)[i];
    case TOME_U32:
      return ((const uint32_t *)voxels)[i];
    case TOME_I32:
      return ((const int32_t *)voxels)[i];
    case TOME_U64:
      return (double)((const uint64_t *)voxels)[i];
    case TOME_I64:
      return (double)((const int64_t *)voxels)[i];
    case TOME_F32:
      return ((const float *)voxels)[i];
    case TOME_F64:
      return ((const double *)voxels)[i];
    case TOME_NONE:
      break;
  }
  return NAN;
}

static int by_value(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static size_t voxels_of(const tome_slice *s) { return (size_t)s->view.columns * (size_t)s->view.rows; }

/* The finite voxels of the slices, or an even sample of them; to be freed. */
static double *sample(tome_slice *const *slices, size_t count, size_t *n, tome_error *err) {
  enum { ENOUGH = 20000 }; /* a window for the eye needs no more */
  size_t all = 0, k = 0, before = 0;
  for (size_t i = 0; i < count; i++) all += voxels_of(slices[i]);
  const size_t step = (all / ENOUGH + 1) | 1; /* odd: it does not keep to one column */
  double *v = tome_alloc(all / step + 1, sizeof *v, "a picture's values", err);
  *n = 0;
  for (size_t i = 0; v && i < all; i += step) {
    while (i - before >= voxels_of(slices[k])) before += voxels_of(slices[k++]);
    if (isfinite(v[*n] = tome_shown_value(slices[k]->voxels, slices[k]->dtype, i - before))) ++*n;
  }
  return v;
}

/* The places of the percentiles 0.5 and 99.5 among n sorted values. */
static void ends(size_t n, size_t at[2]) {
  at[0] = (size_t)(0.005 * (double)(n - 1));
  at[1] = (size_t)ceil(0.995 * (double)(n - 1));
}

/* Whether some of lo … hi lies between the percentiles 0.5 and 99.5: counted, as sorting takes far longer. */
static bool shows(const double *v, size_t n, double lo, double hi) {
  size_t at[2], below = 0, under = 0;
  if (!n) return false;
  ends(n, at);
  for (size_t i = 0; i < n; i++) {
    below += v[i] <= lo;
    under += v[i] < hi;
  }
  return below <= at[1] && under > at[0];
}

/* Percentiles 0.5 and 99.5, of unsorted values; the first and last where they are one, 0 and 1 where there is none. */
static void percentiles(double *v, size_t n, double out[2]) {
  size_t at[2];
  out[0] = 0;
  out[1] = 1;
  if (!n) return;
  ends(n, at);
  qsort(v, n, sizeof *v, by_value);
  const bool apart = v[at[1]] > v[at[0]];
  out[0] = v[apart ? at[0] : 0];
  out[1] = v[apart ? at[1] : n - 1];
}

bool tome_window_auto(const char *units, bool photograph, tome_slice *const *slices, size_t count, tome_window *out,
                      const char **name, tome_error *err) {
  static const tome_window abdomen = {40, 400};
  const double darkest = abdomen.level - abdomen.width / 2, brightest = abdomen.level + abdomen.width / 2;
  double range[2];
  size_t n;
  *name = "";
  if (photograph) {
    *out = (tome_window){127.5, 255};
    return true;
  }
  TOME_AUTO_FREE double *v = sample(slices, count, &n, err);
  if (!v) return false;
  bool ct = !strcmp(units, "HU") && shows(v, n, darkest, brightest);
  if (!ct) {
    percentiles(v, n, range);
    const bool unsaid = range[0] <= -500 && range[0] >= -3100 && range[1] >= 100 && slices[0]->dtype == TOME_I16;
    ct = (!strcmp(units, "HU") && range[1] > darkest && range[0] < brightest) || unsaid;
  }
  if (ct) { /* a CT that shows something */
    *out = abdomen;
    *name = "abdomen";
    return true;
  }
  *out = (tome_window){(range[0] + range[1]) / 2, range[1] > range[0] ? range[1] - range[0] : 1};
  return true;
}

static bool parse_numbers(const char *text, tome_window *w) {
  char *end;
  w->level = strtod(text, &end);
  if (end == text || *end != ',') return false;
  const char *second = end + 1;
  w->width = strtod(second, &end);
  return end != second && !*end && isfinite(w->level) && isfinite(w->width) && w->width > 0;
}

/* Percentiles 0.5 and 99.5 of the image's values within a structure of a file; of an even sample where it has very many voxels. */
static bool measure(const tome_subject *s, const tome_shown *l, tome_window *out, tome_error *err) {
  enum { ENOUGH = 1 << 22 };
  const size_t n = tome_volume_voxels(&s->label), step = (size_t)(l->voxels / ENOUGH) + 1;
  size_t met = 0, kept = 0;
  TOME_AUTO_FREE double *v = tome_alloc((size_t)l->voxels / step + 1, sizeof *v, s->id, err);
  if (!v) return false;
  for (size_t i = 0; i < n; i++)
    if (tome_shown_value(s->label.data, s->label.dtype, i) == l->value && met++ % step == 0 &&
        isfinite(v[kept] = tome_shown_value(s->image.data, s->image.dtype, i)))
      kept++;
  *out = (tome_window){0};
  if (!kept) return true;
  qsort(v, kept, sizeof *v, by_value);
  const tome_rank lo = tome_rank_of(0.5, kept), hi = tome_rank_of(99.5, kept);
  const double lower = tome_rank_between(&lo, v[lo.below], v[lo.above]);
  const double upper = tome_rank_between(&hi, v[hi.below], v[hi.above]);
  *out = (tome_window){(lower + upper) / 2, upper - lower};
  return true;
}

/* The range of a structure's own values; width 0 where there is none of that name, or its values are not known: those of what a recipe makes are others. */
static bool of_structure(const tome_subject *s, const char **name, tome_window *out, tome_error *err) {
  *out = (tome_window){0};
  for (size_t i = 0; i < s->shown_count && !(out->width > 0); i++) {
    const tome_shown *l = &s->shown[i];
    if (!tome_shown_goes_by(s, l, *name)) continue;
    if (s->result && strcmp(s->units, s->record.units) == 0 && !strcmp(s->volume, "image")) *out = l->own;
    if (!s->result && !s->coloured && !measure(s, l, out, err)) return false;
    if (!s->result) *name = l->name; /* which may have been a number */
  }
  return true;
}

bool tome_subject_window(const tome_subject *s, const char *window, tome_slice *const *slices, size_t count, char *text,
                         size_t size, tome_error *err) {
  tome_window w = {0, 0};
  const char *name = window;
  if (!window || !strcmp(window, "auto")) {
    const bool photograph = s->coloured || (s->dtype == TOME_U8 && s->geometry.shape[0] == 1);
    if (!tome_window_auto(s->units, photograph, slices, count, &w, &name, err)) return false;
  } else if (parse_numbers(window, &w)) {
    name = "";
  } else if (!tome_tissue_window(window, &w.level, &w.width)) {
    if (!of_structure(s, &name, &w, err)) return false;
    if (!(w.width > 0))
      return tome_fail(
          err, TOME_USAGE,
          "window \"%s\": is neither LEVEL,WIDTH (40,400) nor auto, nor a tissue (liver, lung, bone, soft …), "
          "nor a label of %s whose values are known",
          window, s->id);
  }
  for (size_t i = 0; i < count; i++) slices[i]->window = w;
  if (s->coloured)
    *text = '\0';
  else
    snprintf(text, size, "window %.60s%s%.5g / %.5g", name, *name ? " " : "", w.level, w.width);
  return true;
}
