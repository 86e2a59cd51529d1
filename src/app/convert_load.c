/* What `tome convert` reads, as one volume in memory: stacked pieces with all their colours, label maps, and drawings (DICOM SEG, RTSTRUCT) on a grid. */
#include <stdlib.h>
#include <string.h>

#include "app/convert.h"

/* ---- colours -------------------------------------------------------------------------------------------- */

typedef struct decoding {
  const tome_stacked *s;
  char *out;
  size_t slice_bytes;
} decoding;

static bool decode_slice(void *ctx, size_t item, int worker, tome_error *err) {
  (void)worker;
  const decoding *d = ctx;
  const tome_piece *p = d->s->order[d->s->slices[item].a];
  return p->format->decode(p, d->out + item * d->slice_bytes, d->slice_bytes, err);
}

/* True where decoding is all there is to do. */
static bool as_they_are(const tome_stacked *s) {
  for (size_t i = 0; i < s->order_count; i++) {
    const tome_piece *p = s->order[i], *first = s->order[0];
    if (p->dtype != first->dtype || p->channels != first->channels || p->slope != 1 || p->intercept != 0 ||
        p->has_padding)
      return false;
  }
  for (int64_t z = 0; s->slices && z < s->geometry.shape[0]; z++)
    if (s->slices[z].a != s->slices[z].b) return false;
  return true;
}

static bool decode_all(const tome_stacked *s, const tome_run *run, tome_volume *v, tome_error *err) {
  const int64_t *shape = s->geometry.shape;
  const size_t voxel = tome_dtype_size(v->dtype) * (size_t)v->channels;
  if (!s->slices) {
    const tome_piece *p = s->order[0];
    return p->format->decode(p, v->data, tome_volume_voxels(v) * voxel, err);
  }
  decoding d = {s, v->data, (size_t)(shape[1] * shape[2]) * voxel};
  return tome_parallel(run, (size_t)shape[0], decode_slice, &d, err);
}

/* A sample at a time: what has to be rescaled or interpolated. */
static bool load_each(const tome_stacked *s, const tome_load_options *how, const tome_run *run, tome_volume *all,
                      tome_error *err) {
  const size_t channels = (size_t)all->channels;
  for (size_t k = 0; k < channels; k++) {
    TOME_CLEANUP(tome_loaded_clear) tome_loaded one = {0};
    tome_load_options o = *how;
    o.sample = (int)k;
    if (!tome_load(s, &o, run, &one, err)) return false;
    const size_t element = tome_dtype_size(one.volume.dtype), n = tome_volume_voxels(&one.volume);
    if (k == 0) {
      all->dtype = one.volume.dtype;
      if (!(all->data = tome_alloc(n, element * channels, how->name, err))) return false;
    }
    if (one.volume.dtype != all->dtype)
      return tome_fail(err, TOME_UNSUPPORTED, "%s: its colours are of different types once rescaled", how->name);
    for (size_t i = 0; i < n; i++)
      memcpy((char *)all->data + (i * channels + k) * element, (const char *)one.volume.data + i * element, element);
  }
  return true;
}

static bool load_colours(const tome_stacked *s, const tome_load_options *how, const tome_run *run, tome_volume *out,
                         tome_error *err) {
  TOME_CLEANUP(tome_volume_clear)
  tome_volume v = {.geometry = s->geometry, .dtype = s->order[0]->dtype, .channels = s->order[0]->channels};
  if (as_they_are(s)) {
    v.data = tome_alloc(tome_volume_voxels(&v), tome_dtype_size(v.dtype) * (size_t)v.channels, how->name, err);
    if (!v.data || !decode_all(s, run, &v, err)) return false;
  } else if (!load_each(s, how, run, &v, err)) {
    return false;
  }
  *out = v;
  v.data = NULL;
  return true;
}

/* ---- labels --------------------------------------------------------------------------------------------- */

/* {0,255} as the file has it: what it becomes is for --remap to say. */
static void whiten(tome_volume *v) {
  uint8_t *p = v->data;
  for (size_t i = 0, n = tome_volume_voxels(v); i < n; i++) p[i] = p[i] ? UINT8_MAX : 0;
}

bool tome_convert_load(const tome_stacked *s, const tome_load_options *how, const tome_run *run, tome_volume *out,
                       tome_error *err) {
  const int channels = s->order[0]->channels;
  if (channels > 1 && how->labels)
    return tome_fail(err, TOME_VALUE,
                     "%s: has %d samples a pixel, and labels are one number each; without --labels its colours are "
                     "converted as they are",
                     how->name, channels);
  if (channels > 1) return load_colours(s, how, run, out, err);
  TOME_CLEANUP(tome_loaded_clear) tome_loaded l = {0};
  if (!tome_load(s, how, run, &l, err)) return false;
  if (l.binary_255 && !(how->threshold > 0)) whiten(&l.volume);
  *out = l.volume;
  l.volume.data = NULL;
  return true;
}

/* ---- voxels that come while they are written ------------------------------------------------------------ */

static bool decode_inflow(void *ctx, tome_error *err) {
  const tome_inflow *in = ctx;
  return in->piece.format->decode(&in->piece, in->data, in->bytes, err) || tome_fail_prefix(err, "%s", in->name);
}

bool tome_inflow_start(const tome_stacked *s, const char *name, const tome_run *run, tome_inflow *in, tome_volume *out,
                       tome_error *err) {
  tome_volume v = {.geometry = s->geometry, .dtype = s->order[0]->dtype};
  size_t bytes;
  if (!tome_shape_bytes(v.geometry.shape, tome_dtype_size(v.dtype), &bytes))
    return tome_fail(err, TOME_NO_MEMORY, "%s: impossible size", name);
  if (!(v.data = tome_alloc(bytes, 1, name, err))) return false;
  tome_advise_large_pages(v.data, bytes);
  *out = v;
  *in = (tome_inflow){.piece = *s->order[0], .data = v.data, .bytes = bytes, .name = name};
  in->piece.filling = &in->filling;
  tome_filling_start(&in->filling, decode_inflow, in, run);
  return true;
}

void tome_inflow_end(tome_inflow *in) { tome_filling_end(&in->filling); }

/* ---- drawings ------------------------------------------------------------------------------------------- */

/* A segment keeps its number where each has one of its own from 1 to 65535; regions are numbered from 1. */
static bool keeps_numbers(const tome_drawing *d) {
  for (size_t i = 0; i < d->count; i++) {
    if (d->items[i].number < 1 || d->items[i].number > UINT16_MAX) return false;
    for (size_t k = 0; k < i; k++)
      if (d->items[k].number == d->items[i].number) return false;
  }
  return strcmp(d->kind, "SEG") == 0;
}

static bool name_all(const tome_drawing *d, tome_arena *a, tome_write_name *names, tome_error *err) {
  const bool numbered = keeps_numbers(d);
  for (size_t i = 0; i < d->count; i++) {
    const tome_structure *s = &d->items[i];
    names[i].value = numbered ? (int32_t)s->number : (int32_t)i + 1;
    names[i].name =
        *s->name ? tome_arena_dup(a, s->name, err) : tome_arena_printf(a, err, "structure_%lld", (long long)s->number);
    if (!names[i].name) return false;
  }
  return true;
}

bool tome_drawn_names(const tome_drawing *d, tome_arena *a, tome_write_name **out, tome_error *err) {
  *out = tome_arena_alloc(a, (d->count + 1) * sizeof **out, err);
  return *out && name_all(d, a, *out, err);
}

static bool fail_overlap(const tome_drawing *d, const tome_write_name *names, size_t i, uint16_t value,
                         tome_error *err) {
  const char *other = "";
  for (size_t k = 0; k < i; k++)
    if (names[k].value == value) other = names[k].name;
  return tome_fail(err, TOME_VALUE,
                   "%s: \"%s\" and \"%s\" overlap, and a voxel of one map has one value; put {label} into the output's "
                   "name for a file each: seg_{label}.nii.gz",
                   d->path, other, names[i].name);
}

/* Structures first … end-1 into one map. */
static bool paint(const tome_drawing *d, const tome_write_name *names, size_t first, size_t end, double threshold,
                  tome_volume *v, const tome_run *run, tome_error *err) {
  const size_t n = tome_volume_voxels(v);
  TOME_AUTO_FREE uint8_t *mask = tome_alloc(n, 1, d->path, err);
  uint16_t *map = v->data;
  for (size_t i = first; mask && i < end; i++) {
    const uint16_t value = end - first == 1 && names == NULL ? 1 : (uint16_t)names[i].value;
    if (tome_stopped(run)) return tome_fail_cancelled(err);
    memset(mask, 0, n);
    if (!d->format->rasterise(d, i, &v->geometry, threshold, mask, err)) return false;
    for (size_t k = 0; k < n; k++) {
      if (!mask[k]) continue;
      if (map[k]) return fail_overlap(d, names, i, map[k], err);
      map[k] = value;
    }
  }
  return mask;
}

bool tome_drawn_load(const tome_drawing *d, const tome_write_name *names, size_t only, const tome_geometry *grid,
                     double threshold, const tome_run *run, tome_volume *out, tome_error *err) {
  if (!grid && d->has_geometry) grid = &d->geometry;
  if (!grid)
    return tome_fail(err, TOME_GEOMETRY,
                     "%s: a %s without a grid of its own; give the image that it was drawn on: --like series/", d->path,
                     d->kind);
  TOME_CLEANUP(tome_volume_clear) tome_volume v = {.geometry = *grid, .dtype = TOME_U16};
  bool small = true;
  v.data = tome_alloc_zero(tome_volume_voxels(&v), sizeof(uint16_t), d->path, err);
  const bool one = only < d->count;
  if (!v.data || !paint(d, one ? NULL : names, one ? only : 0, one ? only + 1 : d->count, threshold, &v, run, err))
    return false;
  const tome_value_steps cast = {.dtype = TOME_U8};
  for (size_t i = 0; !one && i < d->count; i++) small &= names[i].value <= UINT8_MAX;
  if (small && !tome_values_apply(&v, &cast, d->path, run, err)) return false;
  *out = v;
  v.data = NULL;
  return true;
}
