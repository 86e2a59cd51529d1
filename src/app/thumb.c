/* Thumbnails: one slice of the image and its label maps is read and drawn. */
#include "app/thumb.h"

#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/picture.h"
#include "format/picture/png_pack.h"
#include "ops/ops.h"

/* ---- what the index knows of labels --------------------------------------------------------------------- */

typedef struct taking {
  tome_thumbs *t;
  tome_error err;
} taking;

static bool take_kind(void *user, size_t columns, const char *const *names, const tome_value *v) {
  taking *k = user;
  tome_thumbs *t = k->t;
  (void)columns;
  (void)names;
  if (!v) return true;
  return tome_grow(&t->kinds, &t->kind_cap, t->kind_count + 1, sizeof *t->kinds, &k->err) &&
         (t->kinds[t->kind_count++] = tome_arena_dup(&t->arena, v[0].s, &k->err));
}

static size_t kind_of(const tome_thumbs *t, const char *kind) {
  for (size_t i = 0; i < t->kind_count; i++)
    if (strcmp(t->kinds[i], kind) == 0) return i;
  return 0;
}

static bool take_label(void *user, size_t columns, const char *const *names, const tome_value *v) {
  taking *k = user;
  tome_thumbs *t = k->t;
  (void)columns;
  (void)names;
  if (!v) return true;
  if (!tome_grow(&t->labels, &t->label_cap, t->label_count + 1, sizeof *t->labels, &k->err)) return false;
  tome_thumb_label *l = &t->labels[t->label_count++];
  *l = (tome_thumb_label){.value = (int32_t)v[2].i,
                          .colour = tome_label_colour(kind_of(t, v[3].s)),
                          .lesion = strcmp(v[3].s, "tumor") == 0,
                          .ml = v[4].r,
                          .median = v[5].kind == TOME_VALUE_REAL ? v[5].r : NAN,
                          .centre = {v[6].i, v[7].i, v[8].i}};
  return (l->id = tome_arena_dup(&t->arena, v[0].s, &k->err)) && (l->map = tome_arena_dup(&t->arena, v[1].s, &k->err));
}

/* By case; lesions last, so that they are drawn over what they lie in. */
static int by_case(const void *a, const void *b) {
  const tome_thumb_label *l = a, *m = b;
  const int ids = strcmp(l->id, m->id);
  if (ids || l->lesion != m->lesion) return ids ? ids : l->lesion - m->lesion;
  const int maps = strcmp(l->map, m->map);
  return maps ? maps : (l->value > m->value) - (l->value < m->value);
}

static int by_id(const void *a, const void *b) {
  return strcmp(((const tome_thumb_label *)a)->id, ((const tome_thumb_label *)b)->id);
}

#define LABELS                                                                                                     \
  "SELECT case_id, map, value, kind, ml, hu_p50, (box_z0 + box_z1) / 2, (box_y0 + box_y1) / 2, (box_x0 + box_x1) " \
  "/ 2 FROM labels WHERE voxels > 0"

/* Of one case, or all (NULL). */
static bool open_thumbs(tome_store *s, const char *id, int side, double line, tome_thumbs *out, tome_error *err) {
  TOME_CLEANUP(tome_thumbs_clear) tome_thumbs t = {.store = s, .side = side, .line = line};
  taking k = {.t = &t};
  if (!tome_index_query(s->index, "SELECT kind FROM structures GROUP BY kind ORDER BY count(*) DESC, kind", NULL, 0,
                        600, take_kind, &k, err) ||
      !tome_index_query(s->index, id ? LABELS " AND case_id = ?1" : LABELS, &id, id ? 1 : 0, 600, take_label, &k, err))
    return false;
  if (k.err.code) return tome_fail(err, k.err.code, "%s", k.err.message);
  if (t.label_count) qsort(t.labels, t.label_count, sizeof *t.labels, by_case);
  *out = t;
  t = (tome_thumbs){0};
  return true;
}

bool tome_thumbs_open(tome_store *s, int side, double line, tome_thumbs *out, tome_error *err) {
  return open_thumbs(s, NULL, side, line, out, err);
}

void tome_thumbs_clear(tome_thumbs *t) {
  free(t->kinds);
  free(t->labels);
  tome_arena_clear(&t->arena);
  *t = (tome_thumbs){0};
}

/* The labels of one case. */
static const tome_thumb_label *labels_of(const tome_thumbs *t, const char *id, size_t *count) {
  const tome_thumb_label key = {.id = id};
  *count = 0;
  const tome_thumb_label *hit = t->label_count ? bsearch(&key, t->labels, t->label_count, sizeof key, by_id) : NULL;
  if (!hit) return NULL;
  while (hit > t->labels && strcmp(hit[-1].id, id) == 0) hit--;
  while (hit + *count < t->labels + t->label_count && strcmp(hit[*count].id, id) == 0) ++*count;
  return hit;
}

static const tome_thumb_label *worth_seeing(const tome_thumb_label *l, size_t n) {
  const tome_thumb_label *best = NULL;
  for (size_t i = 0; i < n; i++)
    if (!best || l[i].lesion > best->lesion || (l[i].lesion == best->lesion && l[i].ml > best->ml)) best = &l[i];
  return best;
}

/* ---- the slice ------------------------------------------------------------------------------------------ */

typedef struct drawing {
  const tome_thumbs *thumbs;
  tome_case *c;
  const tome_thumb_label *labels;
  size_t label_count;
  tome_box box;
  tome_slice slice;
  tome_run run;
  tome_arena arena;
} drawing;

static void drawing_clear(drawing *d) {
  tome_case_close(d->c);
  tome_arena_clear(&d->arena);
}

static const void *read_box(drawing *d, const char *volume, tome_dtype *dtype, tome_error *err) {
  tome_volume_info info;
  if (!tome_case_info(d->c, volume, &info, err)) return NULL;
  const size_t bytes = (size_t)tome_box_voxels(&d->box) * tome_dtype_size(info.dtype);
  void *data = tome_arena_alloc(&d->arena, bytes, err);
  *dtype = info.dtype;
  return data && tome_read(d->c, volume, &d->box, NULL, data, bytes, &d->run, err) ? data : NULL;
}

static bool are_colours(const drawing *d, const tome_volume_info *info) {
  tome_volume_info other;
  tome_error none = {0};
  return info->dtype == TOME_U8 && tome_case_info(d->c, "channels/green", &other, &none) &&
         tome_case_info(d->c, "channels/blue", &other, &none);
}

static const void *read_colours(drawing *d, tome_error *err) {
  static const char *const names[3] = {"image", "channels/green", "channels/blue"};
  const size_t n = (size_t)tome_box_voxels(&d->box);
  uint8_t *rgb = tome_arena_alloc(&d->arena, 3 * n, err);
  for (size_t k = 0; rgb && k < 3; k++) {
    tome_dtype dtype;
    const uint8_t *one = read_box(d, names[k], &dtype, err);
    if (!one || dtype != TOME_U8) return NULL;
    for (size_t i = 0; i < n; i++) rgb[3 * i + k] = one[i];
  }
  return rgb;
}

/* One layer a label; each map is read once. */
static bool read_layers(drawing *d, tome_error *err) {
  tome_layer *layers = tome_arena_alloc(&d->arena, (d->label_count + 1) * sizeof *layers, err);
  if (!layers) return false;
  for (size_t i = 0; i < d->label_count; i++) {
    const tome_thumb_label *l = &d->labels[i];
    tome_layer *to = &layers[i];
    *to = (tome_layer){.value = l->value, .colour = l->colour};
    for (size_t k = 0; k < i && !to->voxels; k++)
      if (!strcmp(d->labels[k].map, l->map)) {
        to->voxels = layers[k].voxels;
        to->dtype = layers[k].dtype;
      }
    if (to->voxels) continue;
    const char *name = tome_arena_printf(&d->arena, err, "labels/%s", l->map);
    if (!name || !(to->voxels = read_box(d, name, &to->dtype, err))) return false;
  }
  d->slice.layers = layers;
  d->slice.layer_count = d->label_count;
  return true;
}

/* The window that previews choose too; but of CT the lungs', where the structure shown is full of air. */
static bool set_window(drawing *d, const char *units, bool flat, const tome_thumb_label *shown, tome_error *err) {
  tome_slice *one = &d->slice;
  const char *ignored;
  const bool photograph = one->channels == 3 || (one->dtype == TOME_U8 && flat);
  if (!strcmp(units, "HU") && shown && shown->median < -300 &&
      tome_tissue_window("lung", &one->window.level, &one->window.width))
    return true;
  return tome_window_auto(units, photograph, &one, 1, &one->window, &ignored, err);
}

static bool read_slice(drawing *d, const char *id, tome_error *err) {
  tome_volume_info info;
  if (!(d->c = tome_case_open(d->thumbs->store, id, err)) || !tome_case_info(d->c, "image", &info, err)) return false;
  const tome_geometry *g = &info.geometry;
  d->labels = labels_of(d->thumbs, id, &d->label_count);
  const tome_thumb_label *shown = worth_seeing(d->labels, d->label_count);
  tome_slice *s = &d->slice;
  *s = (tome_slice){
      .view = tome_view_of(g, tome_plane_of(g)), .dtype = info.dtype, .channels = are_colours(d, &info) ? 3 : 1};
  const int64_t last = g->shape[s->view.axis] - 1, at = shown ? shown->centre[s->view.axis] : (last + 1) / 2;
  d->box = tome_view_box(&s->view, g, at < 0 ? 0 : at > last ? last : at);
  s->geometry = tome_geometry_crop(g, &d->box);
  s->voxels = s->channels == 3 ? read_colours(d, err) : read_box(d, "image", &s->dtype, err);
  return s->voxels && read_layers(d, err) && set_window(d, info.units, g->shape[0] == 1, shown, err);
}

static bool draw(const tome_thumbs *t, const char *id, int width, int height, tome_canvas *out, tome_error *err) {
  TOME_CLEANUP(drawing_clear) drawing d = {.thumbs = t, .run = {.threads = 1}};
  TOME_CLEANUP(tome_canvas_clear) tome_canvas c = {0};
  int w, h;
  if (!read_slice(&d, id, err)) return false;
  tome_view_fit(&d.slice.view, width, height, &w, &h);
  if (!tome_canvas_new(w, h, (tome_rgb){0, 0, 0}, &c, err) ||
      !tome_draw_slice(&c, 0, 0, w, h, &d.slice, t->line, err) || !tome_canvas_check(&c, err))
    return false;
  *out = c;
  c = (tome_canvas){0};
  return true;
}

/* ---- out ------------------------------------------------------------------------------------------------ */

bool tome_thumbs_png(const tome_thumbs *t, const char *id, tome_bytes *png, tome_error *err) {
  const tome_run one = {.threads = 1};
  TOME_CLEANUP(tome_canvas_clear) tome_canvas c = {0};
  return draw(t, id, t->side, t->side, &c, err) && tome_png_pack(c.rgb, c.width, c.height, &one, png, err);
}

static void close_fd(int *fd) {
  if (*fd >= 0) close(*fd);
}

bool tome_thumb_save(const char *path, const tome_bytes *png, tome_error *err) {
  TOME_CLEANUP(close_fd) int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd < 0) return tome_fail_errno(err, "%s: cannot be written", path);
  return tome_write_all(fd, png->data, png->size, path, err);
}

bool tome_thumbnail(tome_store *store, const char *id, int *width, int *height, uint8_t *rgb, tome_error *err) {
  TOME_CLEANUP(tome_thumbs_clear) tome_thumbs t = {0};
  TOME_CLEANUP(tome_canvas_clear) tome_canvas c = {0};
  if (!open_thumbs(store, id, 0, 1, &t, err) || !draw(&t, id, *width, *height, &c, err)) return false;
  memcpy(rgb, c.rgb, 3 * (size_t)c.width * (size_t)c.height);
  *width = c.width;
  *height = c.height;
  return true;
}
