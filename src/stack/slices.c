/* One slice from its file to its place in the volume. */
#include <stdlib.h>
#include <string.h>

#include "stack/loader.h"

/* Outside the field of view, as scanners wrote it before PixelPaddingValue: no tissue is as thin. */
static const double OLD_CT_PADDING = -2000;
static const double AIR_HU = -1024;

bool tome_load_padding_range(const tome_loader *l, const tome_piece *p, double *lo, double *hi) {
  if (l->opt->labels) return false;
  if (p->has_padding) {
    *lo = p->padding_lo < p->padding_hi ? p->padding_lo : p->padding_hi;
    *hi = p->padding_lo < p->padding_hi ? p->padding_hi : p->padding_lo;
    return true;
  }
  *lo = *hi = OLD_CT_PADDING;
  return l->ct && (p->dtype == TOME_I16 || p->dtype == TOME_I32) && OLD_CT_PADDING * p->slope + p->intercept < AIR_HU;
}

static tome_scale scale_of(const tome_piece *p) { return (tome_scale){p->dtype, p->slope, p->intercept}; }

bool tome_load_verbatim(const tome_loader *l, const tome_piece *p) {
  const tome_scale scale = scale_of(p);
  return !l->opt->labels && p->dtype == l->dtype && tome_scale_is_identity(&scale);
}

static bool misfit(tome_loader *l) {
  atomic_store(&l->misfit, true);
  return false;
}

bool tome_load_convert(tome_loader *l, tome_load_worker *w, const tome_piece *p, const void *stored, size_t n,
                       size_t first, const uint8_t *bits, void *out, tome_error *err) {
  const tome_scale scale = scale_of(p);
  if (l->opt->labels) return tome_load_labels(l, w, p, stored, n, first, out, err);
  if (tome_load_verbatim(l, p)) {
    if (stored != out) memcpy(out, stored, n * tome_dtype_size(l->dtype));
  } else if (l->goal == TOME_GOAL_I16 && stored == out) {
    tome_rescale_i16_in_place(&scale, out, n); /* load.c has seen that they fit */
  } else if (l->goal == TOME_GOAL_I16) {
    if (!tome_rescale_i16(&scale, stored, out, n)) return misfit(l);
  } else {
    tome_rescale_f32(&scale, stored, out, n);
  }
  if (bits && l->ct) tome_padding_write(l->dtype, out, n, bits, AIR_HU);
  return true;
}

static bool decode(const tome_loader *l, const tome_piece *p, void *out, tome_error *err) {
  tome_error why = {0};
  if (tome_load_decode(p, l->opt->sample, l->slice, out, &why)) return true;
  const bool named = strstr(why.message, tome_basename(p->path));
  if (!why.code) return tome_fail(err, TOME_CORRUPT, "%s cannot be decoded", p->path);
  return tome_fail(err, why.code, "%s%s%s", named ? "" : p->path, named ? "" : ": ", why.message);
}

/* One piece as voxels at `out`, its padding marked in `bits` (cleared here). *padded: how many. */
static bool load_piece(tome_loader *l, tome_load_worker *w, const tome_piece *p, size_t z, uint8_t *bits,
                       size_t *padded, void *out, tome_error *err) {
  double lo, hi;
  void *stored = tome_load_verbatim(l, p) ? out : w->stored;
  if (!decode(l, p, stored, err)) return false;
  *padded = 0;
  if (l->mask) memset(bits, 0, (l->slice + 7) / 8);
  if (l->mask && tome_load_padding_range(l, p, &lo, &hi))
    *padded = tome_padding_mark(p->dtype, stored, l->slice, lo, hi, bits);
  return tome_load_convert(l, w, p, stored, l->slice, z * l->slice, *padded ? bits : NULL, out, err);
}

static bool interpolate(tome_loader *l, tome_load_worker *w, size_t z, size_t *padded, void *out, tome_error *err) {
  const tome_slice_source *src = &l->s->slices[z];
  const tome_piece *a = l->s->order[src->a], *b = l->s->order[src->b];
  size_t of_a, of_b;
  if (!load_piece(l, w, a, z, w->bits[0], &of_a, w->voxels[0], err)) return false;
  if (!load_piece(l, w, b, z, w->bits[1], &of_b, w->voxels[1], err)) return false;
  *padded = tome_padding_blend(l->dtype, w->voxels[0], w->voxels[1], src->w, w->bits[0], w->bits[1], out, l->slice);
  if (*padded && l->ct) tome_padding_write(l->dtype, out, l->slice, w->bits[0], AIR_HU);
  return true;
}

bool tome_load_slice(void *ctx, size_t z, int worker, tome_error *err) {
  tome_loader *l = ctx;
  tome_load_worker *w = &l->workers[worker];
  const tome_slice_source *src = &l->s->slices[z];
  char *out = l->data + z * l->slice * tome_dtype_size(l->dtype);
  size_t padded = 0;
  bool ok;
  if (src->a != src->b && !l->opt->labels)
    ok = interpolate(l, w, z, &padded, out, err);
  else
    ok = load_piece(l, w, l->s->order[src->w <= 0.5 ? src->a : src->b], z, w->bits[0], &padded, out, err);
  if (!ok) return false;
  if (padded) tome_padding_merge(l->mask, z * l->slice, w->bits[0], l->slice);
  w->padding += padded;
  return true;
}
