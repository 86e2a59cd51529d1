/* Does a label lie on the body? A label that was mirrored on its way covers air where it should cover tissue. */
#include <stdlib.h>

#include "stats/keys.h"
#include "stats/spans.h"
#include "stats/stats.h"

/* One worker's counts: label voxels, those on body as it is, and with each axis flipped. */
typedef struct counts {
  uint64_t voxels, as_is, flipped[3];
} counts;

typedef struct cover {
  const tome_volume *map, *image;
  double body;
  tome_above_fn above;
  counts *by_worker;
} cover;

static size_t voxel_at(const int64_t shape[3], int64_t z, int64_t y, size_t x) {
  return ((size_t)z * (size_t)shape[1] + (size_t)y) * (size_t)shape[2] + x;
}

static void cover_row(const cover *c, size_t size, int64_t z, int64_t y, counts *to) {
  const int64_t *shape = c->map->geometry.shape;
  const size_t nx = (size_t)shape[2];
  const uint8_t *row = (const uint8_t *)c->map->data + voxel_at(shape, z, y, 0) * size;
  const void *image = c->image->data;
  tome_span span = {0};
  while (tome_next_span(row, size, nx, &span)) {
    const size_t n = span.hi - span.lo;
    to->voxels += n;
    to->as_is += c->above(image, voxel_at(shape, z, y, span.lo), n, c->body);
    to->flipped[TOME_Z] += c->above(image, voxel_at(shape, shape[0] - 1 - z, y, span.lo), n, c->body);
    to->flipped[TOME_Y] += c->above(image, voxel_at(shape, z, shape[1] - 1 - y, span.lo), n, c->body);
    to->flipped[TOME_X] += c->above(image, voxel_at(shape, z, y, nx - span.hi), n, c->body);
  }
}

static bool cover_slice(void *ctx, size_t z, int worker, tome_error *err) {
  const cover *c = ctx;
  (void)err;
  counts sum = {0};
  for (int64_t y = 0; y < c->map->geometry.shape[1]; y++)
    cover_row(c, c->map->dtype == TOME_U8 ? 1 : 2, (int64_t)z, y, &sum);
  counts *to = &c->by_worker[worker];
  to->voxels += sum.voxels;
  to->as_is += sum.as_is;
  for (int a = 0; a < 3; a++) to->flipped[a] += sum.flipped[a];
  return true;
}

static bool check_cover(const tome_volume *map, const tome_volume *image, tome_error *err) {
  size_t bytes;
  if (map->dtype != TOME_U8 && map->dtype != TOME_U16)
    return tome_fail(err, TOME_USAGE, "a label map is uint8 or uint16, not %s", tome_dtype_name(map->dtype));
  if (!tome_above_of(image->dtype))
    return tome_fail(err, TOME_UNSUPPORTED, "no statistics of %s voxels; store them as int16 or float32",
                     tome_dtype_name(image->dtype));
  for (int a = 0; a < 3; a++)
    if (map->geometry.shape[a] != image->geometry.shape[a])
      return tome_fail(err, TOME_USAGE, "label map and image differ in shape along axis %d", a);
  return tome_shape_bytes(map->geometry.shape, 4, &bytes) ||
         tome_fail(err, TOME_USAGE, "a volume without voxels, or with too many");
}

bool tome_stats_cover(const tome_volume *map, const tome_volume *image, double body, const tome_run *run,
                      tome_body_cover *out, tome_error *err) {
  if (!check_cover(map, image, err)) return false;
  const tome_run fixed = {.threads = tome_threads(run), .stop = run ? run->stop : NULL, .user = run ? run->user : NULL};
  TOME_AUTO_FREE counts *by_worker = tome_alloc_zero((size_t)fixed.threads, sizeof *by_worker, "statistics", err);
  if (!by_worker) return false;
  cover c = {.map = map, .image = image, .body = body, .above = tome_above_of(image->dtype), .by_worker = by_worker};
  if (!tome_parallel(&fixed, (size_t)map->geometry.shape[0], cover_slice, &c, err)) return false;
  counts sum = {0};
  for (int w = 0; w < fixed.threads; w++) {
    sum.voxels += by_worker[w].voxels;
    sum.as_is += by_worker[w].as_is;
    for (int a = 0; a < 3; a++) sum.flipped[a] += by_worker[w].flipped[a];
  }
  const double n = sum.voxels ? (double)sum.voxels : 1;
  *out = (tome_body_cover){.as_is = (double)sum.as_is / n};
  for (int a = 0; a < 3; a++) out->flipped[a] = (double)sum.flipped[a] / n;
  return true;
}
