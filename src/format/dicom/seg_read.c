/* A segment's frames onto an image's grid: each frame's pixels are voxels of one plane of it, in whatever order. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "format/dicom/seg.h"
#include "format/head.h"

/* Pixel (row, column) of a frame is voxel first + row*down + column*right, indices (z, y, x). */
typedef struct placing {
  int64_t first[3], down[3], right[3];
} placing;

typedef struct laying {
  const tome_drawing *d;
  const tome_seg *seg;
  const tome_geometry *grid;
  int64_t number;           /* of the segment */
  double threshold;         /* of stored values */
  uint8_t *pixels;          /* one frame, as bytes: in or not */
  void *cells;              /* one frame as stored */
  tome_dicom_source source; /* the inflated data set, where it was deflated */
  uint8_t *mask;
} laying;

static void laying_clear(laying *l) {
  free(l->pixels);
  free(l->cells);
  tome_dicom_close(&l->source);
}

/* ---- where --- */

static const double FITS = 0.1; /* voxels: as near as two grids must be to count as one */

static bool misfit(const laying *l, size_t frame, const char *what, double off, tome_error *err) {
  return tome_fail(err, TOME_GEOMETRY,
                   "%s: frame %zu does not lie on the image's grid: its %s is %.3g voxels off; it was drawn on another "
                   "image: name that one",
                   l->d->path, frame + 1, what, off);
}

/* Rounds an index vector; the distance from whole numbers in *off. */
static void whole(const double v[3], double scale, int64_t out[3], double *off) {
  for (int a = 0; a < 3; a++) {
    const double bounded = fmax(-1e9, fmin(1e9, v[a]));
    out[a] = (int64_t)llround(bounded);
    *off = fmax(*off, fabs(v[a] - (double)out[a]) * scale);
  }
}

static void index_step(const tome_geometry *g, const double from[3], const double along[3], double length,
                       const double first[3], double out[3]) {
  const double to[3] = {from[0] + along[0] * length, from[1] + along[1] * length, from[2] + along[2] * length};
  tome_geometry_to_index(g, to, out);
  for (int a = 0; a < 3; a++) out[a] -= first[a];
}

static bool place_frame(const laying *l, size_t i, placing *out, tome_error *err) {
  const tome_seg_frame *f = &l->seg->frames[i];
  double first[3], down[3], right[3], start = 0, far = 0;
  tome_geometry_to_index(l->grid, f->position, first);
  index_step(l->grid, f->position, f->along_column, f->spacing[0], first, down);
  index_step(l->grid, f->position, f->along_row, f->spacing[1], first, right);
  whole(first, 1, out->first, &start);
  whole(down, (double)(l->seg->rows - 1), out->down, &far);
  whole(right, (double)(l->seg->columns - 1), out->right, &far);
  if (!(start <= FITS)) return misfit(l, i, "first pixel", start, err);
  if (!(far <= FITS)) return misfit(l, i, "far corner", far, err);
  int64_t used = 0;
  for (int a = 0; a < 3; a++) used += llabs(out->down[a]) + llabs(out->right[a]);
  return used == 2 || misfit(l, i, "pixel spacing", fabs((double)used - 2), err);
}

/* ---- what --- */

static bool read_bytes(laying *l, uint64_t at, void *out, size_t size, tome_error *err) {
  if (!l->seg->deflated) return tome_read_at(l->d->path, at, out, size, err);
  tome_dicom_layout layout;
  if (l->source.fd < 0 && !l->source.memory)
    if (!tome_dicom_open(l->d->path, &l->source, err) || !tome_dicom_scan(&l->source, l->d->path, &layout, err))
      return false;
  return tome_dicom_read(&l->source, at, out, size) ||
         tome_fail(err, TOME_CORRUPT, "%s: its pixel data are cut short", l->d->path);
}

static bool read_bits(laying *l, size_t i, tome_error *err) {
  const size_t n = (size_t)l->seg->rows * (size_t)l->seg->columns;
  const uint64_t bit = (uint64_t)i * n, byte = bit >> 3;
  const size_t size = (size_t)(((bit + n + 7) >> 3) - byte);
  uint8_t *cells = l->cells;
  if (!read_bytes(l, l->seg->pixels + byte, cells, size, err)) return false;
  for (size_t k = 0, at = (size_t)(bit & 7); k < n; k++, at++) l->pixels[k] = cells[at >> 3] >> (at & 7) & 1;
  return true;
}

static bool is_in(const laying *l, uint32_t v) {
  return l->seg->kind == TOME_SEG_LABELMAP ? (int64_t)v == l->number : (double)v >= l->threshold;
}

static bool read_cells(laying *l, size_t i, tome_error *err) {
  const size_t n = (size_t)l->seg->rows * (size_t)l->seg->columns, size = tome_dtype_size(l->seg->like.dtype);
  tome_piece p = l->seg->like;
  p.frame = (int64_t)i;
  p.offset = l->seg->frames[i].offset;
  p.length = l->seg->frames[i].length;
  if (!tome_dicom_decode(&p, l->cells, n * size, err)) return false;
  for (size_t k = 0; k < n; k++)
    l->pixels[k] = is_in(l, size == 1 ? ((const uint8_t *)l->cells)[k] : ((const uint16_t *)l->cells)[k]);
  return true;
}

/* ---- both --- */

static bool outside(const laying *l, size_t i, const int64_t v[3], tome_error *err) {
  return tome_fail(err, TOME_GEOMETRY,
                   "%s: frame %zu reaches out of the image, to voxel (%" PRId64 ", %" PRId64 ", %" PRId64
                   "); it was drawn on another image, or on more of this one",
                   l->d->path, i + 1, v[0], v[1], v[2]);
}

static bool lay_frame(laying *l, size_t i, tome_error *err) {
  placing p;
  const int64_t *shape = l->grid->shape;
  if (!place_frame(l, i, &p, err) || !(l->seg->bits ? read_bits(l, i, err) : read_cells(l, i, err))) return false;
  const uint8_t *in = l->pixels;
  for (int64_t r = 0; r < l->seg->rows; r++)
    for (int64_t c = 0; c < l->seg->columns; c++, in++) {
      if (!*in) continue;
      int64_t v[3];
      for (int a = 0; a < 3; a++) v[a] = p.first[a] + r * p.down[a] + c * p.right[a];
      for (int a = 0; a < 3; a++)
        if (v[a] < 0 || v[a] >= shape[a]) return outside(l, i, v, err);
      l->mask[(v[0] * shape[1] + v[1]) * shape[2] + v[2]] = 1;
    }
  return true;
}

static bool check_threshold(const tome_drawing *d, double threshold, tome_error *err) {
  if (!d->fractional || (threshold > 0 && threshold <= 1)) return true;
  if (threshold > 0)
    return tome_fail(err, TOME_USAGE,
                     "%s: holds fractions between 0 and 1, and none reaches the threshold %g; give one up to 1",
                     d->path, threshold);
  return tome_fail(err, TOME_VALUE,
                   "%s: is a FRACTIONAL segmentation: its values are fractions between 0 and 1, not labels; "
                   "--threshold=0.5 takes what is half or more",
                   d->path);
}

bool tome_dicom_rasterise_seg(const tome_drawing *d, size_t i, const tome_geometry *grid, double threshold,
                              uint8_t *mask, tome_error *err) {
  const tome_seg *seg = d->state;
  if (!check_threshold(d, threshold, err)) return false;
  TOME_CLEANUP(laying_clear)
  laying l = {.d = d, .seg = seg, .grid = grid, .number = d->items[i].number, .source = {.fd = -1}, .mask = mask};
  const size_t n = (size_t)seg->rows * (size_t)seg->columns;
  /* a fraction is exact where its product with the most is: 0.5 of 255 begins at 128 */
  l.threshold = seg->kind == TOME_SEG_FRACTIONAL ? threshold * seg->most : 1;
  l.pixels = tome_alloc(n, 1, d->path, err);
  l.cells = tome_alloc(n + 2, 2, d->path, err);
  if (!l.pixels || !l.cells) return false;
  for (size_t f = 0; f < seg->frame_count; f++)
    if ((seg->kind == TOME_SEG_LABELMAP || seg->frames[f].segment == l.number) && !lay_frame(&l, f, err)) return false;
  return true;
}
