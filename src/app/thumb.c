/* Thumbnails: one slice of the image and its label maps is read, brought to a few pixels and outlined. */
#include "app/thumb.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

const uint8_t tome_thumb_colours[TOME_THUMB_COLOURS][3] = {
    {230, 159, 0}, {86, 180, 233}, {240, 228, 66}, {213, 94, 0}, {204, 121, 167}, {0, 158, 115}, {0, 114, 178}};

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

static int colour_of(const tome_thumbs *t, const char *kind) {
  for (size_t i = 0; i < t->kind_count; i++)
    if (strcmp(t->kinds[i], kind) == 0) return (int)(i % TOME_THUMB_COLOURS);
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
                          .colour = colour_of(t, v[3].s),
                          .lesion = strcmp(v[3].s, "tumor") == 0,
                          .ml = v[4].r,
                          .median = v[5].kind == TOME_VALUE_REAL ? v[5].r : NAN,
                          .centre = {v[6].i, v[7].i, v[8].i}};
  return (l->id = tome_arena_dup(&t->arena, v[0].s, &k->err)) && (l->map = tome_arena_dup(&t->arena, v[1].s, &k->err));
}

static int by_id(const void *a, const void *b) {
  return strcmp(((const tome_thumb_label *)a)->id, ((const tome_thumb_label *)b)->id);
}

bool tome_thumbs_open(tome_store *s, int side, int line, tome_thumbs *out, tome_error *err) {
  TOME_CLEANUP(tome_thumbs_clear) tome_thumbs t = {.store = s, .side = side, .line = line};
  taking k = {.t = &t};
  if (!tome_index_query(s->index, "SELECT kind FROM structures GROUP BY kind ORDER BY count(*) DESC, kind", NULL, 0,
                        600, take_kind, &k, err) ||
      !tome_index_query(s->index,
                        "SELECT case_id, map, value, kind, ml, hu_p50, (box_z0 + box_z1) / 2, (box_y0 + box_y1) / 2, "
                        "(box_x0 + box_x1) / 2 FROM labels WHERE voxels > 0",
                        NULL, 0, 600, take_label, &k, err))
    return false;
  if (k.err.code) return tome_fail(err, k.err.code, "%s", k.err.message);
  if (t.label_count) qsort(t.labels, t.label_count, sizeof *t.labels, by_id);
  *out = t;
  t = (tome_thumbs){0};
  return true;
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

/* ---- the plane ------------------------------------------------------------------------------------------ */

/* Which slice, and how it lies on the picture: as radiologists hang it, patient's right on the left, front or head up. */
typedef struct plane {
  int across, down, right; /* index axes */
  bool flip_down, flip_right;
  int64_t at;     /* slice along `across` */
  int64_t nx, ny; /* voxels along right, down */
  int width, height;
} plane;

/* Across the slices as they were taken where these are thick or few (a slab), else axial. */
static int axis_across(const tome_geometry *g, const char *code) {
  if (g->shape[0] == 1) return 0;
  int coarse = 0, thin = 0, axial = 0;
  double mm[3];
  for (int a = 0; a < 3; a++) {
    mm[a] = (double)g->shape[a] * g->spacing[a];
    if (g->spacing[a] > g->spacing[coarse]) coarse = a;
    if (mm[a] < mm[thin]) thin = a;
    if (code[a] == 'S' || code[a] == 'I') axial = a;
  }
  if (mm[thin] < 0.25 * fmin(mm[(thin + 1) % 3], mm[(thin + 2) % 3])) return thin;
  const double other = fmax(g->spacing[(coarse + 1) % 3], g->spacing[(coarse + 2) % 3]);
  return g->spacing[coarse] > 1.5 * other && g->shape[coarse] > 1 ? coarse : axial;
}

static void hang(plane *p, const char *code) {
  int a = p->across == 0 ? 1 : 0, b = p->across == 2 ? 1 : 2;
  const bool b_is_vertical =
      code[b] == 'S' || code[b] == 'I' || ((code[b] == 'A' || code[b] == 'P') && (code[a] == 'L' || code[a] == 'R'));
  p->down = b_is_vertical ? b : a;
  p->right = b_is_vertical ? a : b;
  p->flip_down = code[p->down] == 'S' || code[p->down] == 'A';
  p->flip_right = code[p->right] == 'R' || code[p->right] == 'A';
}

static plane plane_of(const tome_geometry *g, const tome_thumb_label *shown, int side) {
  plane p = {.down = 1, .right = 2};
  char code[4];
  tome_geometry_code(g, code);
  p.across = axis_across(g, code);
  if (g->shape[0] > 1) hang(&p, code); /* a photograph hangs as it is */
  p.at = shown ? shown->centre[p.across] : g->shape[p.across] / 2;
  if (p.at >= g->shape[p.across]) p.at = g->shape[p.across] - 1;
  p.nx = g->shape[p.right];
  p.ny = g->shape[p.down];
  const double w = (double)p.nx * g->spacing[p.right], h = (double)p.ny * g->spacing[p.down];
  const double scale = side / fmax(w, h);
  p.width = (int)fmax(1, round(w * scale));
  p.height = (int)fmax(1, round(h * scale));
  return p;
}

static tome_box slice_box(const plane *p, const tome_geometry *g) {
  tome_box b = tome_box_of_shape(g->shape);
  b.lo[p->across] = p->at;
  b.hi[p->across] = p->at + 1;
  return b;
}

/* Voxels [lo, hi) under pixel i of `pixels`, of n; at least one. */
static void under(int i, int pixels, int64_t n, bool flip, int64_t *lo, int64_t *hi) {
  if (flip) i = pixels - 1 - i;
  *lo = (int64_t)i * n / pixels;
  *hi = ((int64_t)i + 1) * n / pixels;
  if (*hi <= *lo) *hi = *lo + 1;
}

/* Where voxel (row, column) of the plane lies in the slice as read: C order of the axes that are left. */
static size_t place(const plane *p, int64_t row, int64_t column) {
  return (size_t)(p->down < p->right ? row * p->nx + column : column * p->ny + row);
}

/* ---- pixels --------------------------------------------------------------------------------------------- */

typedef struct drawing {
  const tome_thumbs *thumbs;
  tome_case *c;
  const tome_thumb_label *labels;
  size_t label_count;
  plane plane;
  uint8_t *rgb; /* height × width × 3 */
  const tome_run *run;
} drawing;

static void drawing_clear(drawing *d) {
  tome_case_close(d->c);
  free(d->rgb);
}

static void *read_slice(const drawing *d, const char *volume, tome_dtype as, tome_dtype *dtype, tome_error *err) {
  tome_volume_info info;
  if (!tome_case_info(d->c, volume, &info, err)) return NULL;
  const tome_box box = slice_box(&d->plane, &info.geometry);
  *dtype = as ? as : info.dtype;
  const size_t bytes = (size_t)tome_box_voxels(&box) * tome_dtype_size(*dtype);
  TOME_AUTO_FREE void *data = tome_alloc(bytes, 1, volume, err);
  const tome_read_options opt = {.dtype = as};
  if (!data || !tome_read(d->c, volume, &box, &opt, data, bytes, d->run, err)) return NULL;
  void *result = data;
  data = NULL;
  return result;
}

/* The slice's mean under each pixel, windowed, into channels first … last of the picture. */
static void shade(const drawing *d, const float *slice, double lo, double hi, int first, int last) {
  const plane *p = &d->plane;
  for (int y = 0; y < p->height; y++) {
    int64_t y0, y1, x0, x1;
    under(y, p->height, p->ny, p->flip_down, &y0, &y1);
    for (int x = 0; x < p->width; x++) {
      under(x, p->width, p->nx, p->flip_right, &x0, &x1);
      double sum = 0;
      for (int64_t r = y0; r < y1; r++)
        for (int64_t c = x0; c < x1; c++) sum += (double)slice[place(p, r, c)];
      const double v = 255 * (sum / (double)((y1 - y0) * (x1 - x0)) - lo) / (hi - lo);
      const uint8_t shown = !(v > 0) ? 0 : v > 255 ? 255 : (uint8_t)(v + 0.5);
      for (int c = first; c <= last; c++) d->rgb[3 * ((size_t)y * (size_t)p->width + (size_t)x) + (size_t)c] = shown;
    }
  }
}

static int by_value(const void *a, const void *b) {
  const float x = *(const float *)a, y = *(const float *)b;
  return (x > y) - (x < y);
}

static bool own_range(const float *slice, size_t n, double *lo, double *hi, tome_error *err) {
  enum { SAMPLES = 4096 }; /* a window for the eye needs no more */
  const size_t step = n / SAMPLES + 1;
  TOME_AUTO_FREE float *sorted = tome_alloc(n / step + 1, sizeof *sorted, "slice", err);
  if (!sorted) return false;
  size_t kept = 0;
  for (size_t i = 0; i < n; i += step)
    if (isfinite(slice[i])) sorted[kept++] = slice[i];
  qsort(sorted, kept, sizeof *sorted, by_value);
  *lo = kept ? (double)sorted[kept / 200] : 0;
  *hi = kept ? (double)sorted[kept - 1 - kept / 200] : 1;
  if (!(*hi > *lo)) *hi = *lo + 1;
  return true;
}

/* The window of a slice: of CT, soft tissue (or lung, where the structure shown is full of air); else, and where that would show nothing, its own 0.5 to 99.5
 * percentiles. */
static bool window_of(const drawing *d, const tome_volume_info *info, const float *slice, double *lo, double *hi,
                      tome_error *err) {
  if (!own_range(slice, (size_t)(d->plane.nx * d->plane.ny), lo, hi, err)) return false;
  const tome_thumb_label *shown = worth_seeing(d->labels, d->label_count);
  const bool airy = shown && shown->median < -300;
  const double least = airy ? -1350 : -160, most = airy ? 150 : 240;
  if (strcmp(info->units, "HU") != 0 || *hi < least || *lo > most) return true;
  *lo = least;
  *hi = most;
  return true;
}

static bool draw_image(const drawing *d, const tome_volume_info *info, tome_error *err) {
  static const char *const colours[] = {"image", "channels/green", "channels/blue"};
  tome_volume_info other;
  tome_error none = {0};
  const bool colour = info->dtype == TOME_U8 && tome_case_info(d->c, colours[1], &other, &none) &&
                      tome_case_info(d->c, colours[2], &other, &none);
  for (int i = 0; i < (colour ? 3 : 1); i++) {
    tome_dtype dtype;
    TOME_AUTO_FREE float *slice = read_slice(d, colours[i], TOME_F32, &dtype, err);
    double lo = 0, hi = 255;
    if (!slice || (!colour && !window_of(d, info, slice, &lo, &hi, err))) return false;
    shade(d, slice, lo, hi, i, colour ? i : 2);
  }
  return true;
}

/* ---- outlines ------------------------------------------------------------------------------------------- */

static unsigned label_at(const void *data, tome_dtype t, size_t i) {
  return t == TOME_U8 ? ((const uint8_t *)data)[i] : ((const uint16_t *)data)[i];
}

/* The highest value under a pixel: a small structure is not lost between pixels. */
static unsigned label_under(const plane *p, const void *data, tome_dtype t, int x, int y) {
  int64_t y0, y1, x0, x1;
  if (x < 0 || y < 0 || x >= p->width || y >= p->height) return 0;
  under(y, p->height, p->ny, p->flip_down, &y0, &y1);
  under(x, p->width, p->nx, p->flip_right, &x0, &x1);
  unsigned most = 0;
  for (int64_t r = y0; r < y1; r++)
    for (int64_t c = x0; c < x1; c++) {
      const unsigned v = label_at(data, t, place(p, r, c));
      if (v > most) most = v;
    }
  return most;
}

static const uint8_t *colour_in(const drawing *d, const char *map, unsigned value) {
  for (size_t i = 0; i < d->label_count; i++)
    if (d->labels[i].value == (int32_t)value && strcmp(d->labels[i].map, map) == 0)
      return tome_thumb_colours[d->labels[i].colour];
  return tome_thumb_colours[0];
}

/* Whether another value, or the picture's end, is within `line` pixels. */
static bool on_border(const plane *p, const uint16_t *small, int x, int y, int line) {
  const int w = p->width, h = p->height;
  const unsigned v = small[y * w + x];
  for (int k = 1; k <= line; k++)
    if (x < k || y < k || x >= w - k || y >= h - k || small[y * w + x - k] != v || small[y * w + x + k] != v ||
        small[(y - k) * w + x] != v || small[(y + k) * w + x] != v)
      return true;
  return false;
}

static bool draw_outline(const drawing *d, const char *volume, tome_error *err) {
  const plane *p = &d->plane;
  tome_dtype t;
  TOME_AUTO_FREE void *slice = read_slice(d, volume, TOME_NONE, &t, err);
  TOME_AUTO_FREE uint16_t *small = tome_alloc((size_t)p->width * (size_t)p->height, sizeof *small, volume, err);
  if (!slice || !small) return false;
  const int w = p->width, h = p->height;
  for (int y = 0; y < h; y++)
    for (int x = 0; x < w; x++) small[y * w + x] = (uint16_t)label_under(p, slice, t, x, y);
  for (int y = 0; y < h; y++)
    for (int x = 0; x < w; x++) {
      const unsigned v = small[y * w + x];
      const bool edge = v && on_border(p, small, x, y, d->thumbs->line);
      if (edge)
        memcpy(d->rgb + 3 * ((size_t)y * (size_t)w + (size_t)x), colour_in(d, volume + strlen("labels/"), v), 3);
    }
  return true;
}

/* ---- a PNG ---------------------------------------------------------------------------------------------- */

static const tome_format *png_format(void) {
  for (size_t i = 0; tome_formats[i]; i++)
    if (strcmp(tome_formats[i]->name, "png") == 0) return tome_formats[i];
  return NULL;
}

static void close_fd(int *fd) {
  if (*fd >= 0) close(*fd);
}

static bool encode(const drawing *d, const char *id, tome_bytes *png, tome_error *err) {
  TOME_CLEANUP(close_fd) int fd = memfd_create("thumbnail", MFD_CLOEXEC);
  if (fd < 0) return tome_fail_errno(err, "%s: no memory for its picture", id);
  const int64_t shape[3] = {1, d->plane.height, d->plane.width};
  const tome_volume v = {.geometry = tome_geometry_identity(shape), .dtype = TOME_U8, .channels = 3, .data = d->rgb};
  const tome_write_options opt = {.picture = true, .level = 3};
  const tome_format *f = png_format();
  if (!f->write(fd, id, &v, &opt, err)) return false;
  const off_t size = lseek(fd, 0, SEEK_END);
  TOME_CLEANUP(tome_bytes_clear) tome_bytes out = {.data = tome_alloc((size_t)size, 1, id, err), .size = (size_t)size};
  if (!out.data) return false;
  if (pread(fd, out.data, out.size, 0) != (ssize_t)out.size) return tome_fail_errno(err, "%s: its picture", id);
  *png = out;
  out = (tome_bytes){0};
  return true;
}

bool tome_thumbs_png(const tome_thumbs *t, const char *id, tome_bytes *png, tome_error *err) {
  const tome_run one = {.threads = 1};
  TOME_CLEANUP(drawing_clear) drawing d = {.thumbs = t, .run = &one, .c = tome_case_open(t->store, id, err)};
  tome_volume_info info;
  if (!d.c || !tome_case_info(d.c, "image", &info, err)) return false;
  d.labels = labels_of(t, id, &d.label_count);
  d.plane = plane_of(&info.geometry, worth_seeing(d.labels, d.label_count), t->side);
  d.rgb = tome_alloc_zero((size_t)d.plane.width * (size_t)d.plane.height, 3, id, err);
  if (!d.rgb || !draw_image(&d, &info, err)) return false;
  for (size_t i = 0; tome_case_volume(d.c, i); i++) {
    const char *volume = tome_case_volume(d.c, i);
    if (strncmp(volume, "labels/", 7) == 0 && !draw_outline(&d, volume, err)) return false;
  }
  return encode(&d, id, png, err);
}

bool tome_thumb_save(const char *path, const tome_bytes *png, tome_error *err) {
  TOME_CLEANUP(close_fd) int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd < 0) return tome_fail_errno(err, "%s: cannot be written", path);
  return tome_write_all(fd, png->data, png->size, path, err);
}
