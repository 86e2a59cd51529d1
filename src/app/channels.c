/* A case's further images: files, frames of one file, or the colours of a picture. The first is the case's `image`; each of the others is loaded, measured
 * and written after it, one at a time. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/channels.h"
#include "app/repairs.h"
#include "base/hash.h"
#include "stats/stats.h"

static const char *const sample_names[5][4] = {
    {0}, {0}, {"gray", "alpha"}, {"red", "green", "blue"}, {"red", "green", "blue", "alpha"}};

static bool add(tome_channel_list *l, tome_arena *arena, const char *name, const tome_stacked *v, int sample,
                tome_error *err) {
  if (!tome_arena_grow(arena, &l->items, &l->cap, l->count + 1, sizeof *l->items, err)) return false;
  l->items[l->count++] = (tome_channel_source){name, v, sample};
  return true;
}

/* The samples of one volume's pieces. */
static bool add_samples(tome_channel_list *l, tome_arena *arena, const tome_stacked *v, tome_error *err) {
  const int n = v->order[0]->channels;
  if (n > 4)
    return tome_fail(err, TOME_UNSUPPORTED, "%s has %d samples a pixel; gray, RGB and RGBA pictures (1 to 4) are read",
                     v->order[0]->path, n);
  for (int k = 0; n > 1 && k < n; k++)
    if (!add(l, arena, sample_names[n][k], v, k, err)) return false;
  return true;
}

static bool scan_one(tome_ingesting *in, const tome_channel_input *c, const tome_geometry *like, tome_scanned *s,
                     tome_error *err) {
  if (!tome_scan_input(in, &c->input, NULL, s, err)) return false;
  for (size_t k = 0; k < s->pieces.passed_count; k++)
    if (s->pieces.passed[k].damaged)
      return tome_fail(err, TOME_CORRUPT, "channel %s: %s", c->name, s->pieces.passed[k].text);
  if (s->stacked.fault_count)
    return tome_fail(err, s->stacked.faults[0].code, "channel %s: %s", c->name, s->stacked.faults[0].text);
  if (s->stacked.volume_count != 1 || s->stacked.volumes[0].order[0]->channels != 1)
    return tome_fail(err, TOME_GEOMETRY, "channel %s: %s holds %zu volumes where one is wanted", c->name,
                     c->input.shown, s->stacked.volume_count);
  const tome_geometry *g = &s->stacked.volumes[0].geometry;
  if (memcmp(g->shape, like->shape, sizeof g->shape) == 0) return true;
  return tome_fail(err, TOME_GEOMETRY,
                   "channel %s: is %lldx%lldx%lld voxels, the first channel %lldx%lldx%lld; register them onto one "
                   "grid first, or take "
                   "each as a case of its own with --layout nifti",
                   c->name, (long long)g->shape[0], (long long)g->shape[1], (long long)g->shape[2],
                   (long long)like->shape[0], (long long)like->shape[1], (long long)like->shape[2]);
}

bool tome_channels_list(tome_ingesting *in, const tome_case_input *ci, const tome_scanned *image,
                        const tome_stacked *first, tome_arena *arena, tome_channel_list *out, tome_error *err) {
  if (ci->frame_name_count) {
    if (image->stacked.volume_count != ci->frame_name_count)
      return tome_fail(err, TOME_GEOMETRY, "%s holds %zu images where %zu channels are expected", ci->image.shown,
                       image->stacked.volume_count, ci->frame_name_count);
    for (size_t i = 0; i < ci->frame_name_count; i++)
      if (!add(out, arena, ci->frame_names[i], &image->stacked.volumes[i], 0, err)) return false;
    return true;
  }
  if (!ci->channel_count) return add_samples(out, arena, first, err);
  out->scans = tome_arena_alloc(arena, ci->channel_count * sizeof *out->scans, err);
  if (!out->scans || !add(out, arena, ci->image_name, first, 0, err)) return false;
  for (size_t i = 0; i < ci->channel_count; i++) {
    out->scans[i] = (tome_scanned){0};
    out->scan_count++;
    if (!scan_one(in, &ci->channels[i], &first->geometry, &out->scans[i], err) ||
        !add(out, arena, ci->channels[i].name, &out->scans[i].stacked.volumes[0], 0, err))
      return false;
  }
  return true;
}

void tome_channels_clear(tome_channel_list *l) {
  for (size_t i = 0; i < l->scan_count; i++) tome_scanned_clear(&l->scans[i]);
}

/* ---- one of them ---------------------------------------------------------------------------------------- */

static bool measure(const tome_ingesting *in, const tome_loaded *l, tome_record *r, tome_channel *c, tome_error *err) {
  c->dtype = l->volume.dtype;
  tome_hash_bytes(l->volume.data, tome_volume_voxels(&l->volume) * tome_dtype_size(c->dtype), c->voxel_hash);
  return tome_stats_image(&l->volume, l->padding_mask, &in->quiet, &r->arena, &c->intensity, &c->histogram, err);
}

/* Brings it onto the first channel's grid. */
static bool align(const tome_ingesting *in, const char *name, const tome_geometry *grid, tome_volume *v, tome_record *r,
                  tome_error *err) {
  char how[200];
  tome_error differ = {0};
  if (tome_align_label(v, grid, &in->quiet, how, sizeof how, &differ))
    return !*how || tome_record_problem(r, TOME_INFO, "channel-reordered", "", err, "channel %s: %s", name, how);
  if (differ.code != TOME_GEOMETRY) return tome_fail(err, differ.code, "%s", differ.message);
  const tome_grid_difference d = tome_geometry_compare(&v->geometry, grid);
  if (in->opt->trust != TOME_TRUST_IMAGE)
    return tome_fail(err, TOME_GEOMETRY,
                     "channel %s: has the first channel's shape but lies elsewhere: corners up to %.3g mm apart; "
                     "--trust=image takes the first channel's grid if you know the voxels match",
                     name, d.corner_mm);
  v->geometry = *grid;
  return tome_record_repair(r, "trust=image", err,
                            "channel %s: its affine was up to %.3g mm off the first channel's, whose was taken", name,
                            d.corner_mm);
}

/* An alpha that says the same of every pixel says nothing. */
static bool says_nothing(const tome_channel *c) {
  return strcmp(c->name, "alpha") == 0 && c->intensity.count && c->intensity.min == c->intensity.max;
}

bool tome_channels_make(tome_ingesting *in, const tome_channel_source *source, const tome_geometry *grid,
                        const char *shown, tome_record *r, tome_case_writer *w, tome_error *err) {
  TOME_CLEANUP(tome_loaded_clear) tome_loaded l = {0};
  const tome_load_options o = {.name = shown, .sample = source->sample};
  const tome_chunking chunking = {in->opt->codec, in->opt->level};
  char volume[300];
  if (!tome_load(source->stacked, &o, &in->quiet, &l, err) || !tome_repair_image(in, source->name, &l, r, err) ||
      !align(in, source->name, grid, &l.volume, r, err))
    return false;
  tome_channel *c = tome_record_channel(r, source->name, err);
  if (!c || !measure(in, &l, r, c, err)) return false;
  if (says_nothing(c)) {
    const double alpha = c->intensity.min;
    r->channel_count--;
    return tome_record_problem(r, TOME_INFO, "alpha-dropped", "", err, "alpha is %g everywhere and was left out",
                               alpha);
  }
  in->sum.bytes_voxels += tome_volume_voxels(&l.volume) * tome_dtype_size(l.volume.dtype);
  snprintf(volume, sizeof volume, "channels/%s", source->name);
  return tome_case_writer_volume(w, volume, &l.volume, r->units, &chunking, &in->quiet, err);
}

bool tome_channels_first(const char *name, tome_record *r, tome_error *err) {
  tome_channel *c = tome_record_channel(r, name, err);
  if (!c) return false;
  c->dtype = r->dtype;
  memcpy(c->voxel_hash, r->voxel_hash, sizeof c->voxel_hash);
  c->intensity = r->intensity;
  c->histogram = r->histogram;
  return true;
}
