/* Slices, a picture each: "out/{id}/{z:03}.png", .bmp, .gif, .tif. Samples are the voxels as they are; but for TIFF, signed ones have an offset added, which
 * the file's text states: voxel = sample + offset. Label maps are indices, 8 bits where they fit. A format without a place for text has it in a JSON beside
 * the picture (1.bmp.json). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/output_inside.h"
#include "base/threads.h"

/* One volume on its way into slices. */
typedef struct slicing {
  const tome_output *o;
  const tome_outgoing *g;
  size_t number; /* of the volume in the item */
  const tome_output_volume *volume;
  tome_dtype dtype; /* of the samples */
  int offset;
  size_t pixels;
  bool *written; /* by slice */
} slicing;

typedef struct slice {
  const slicing *s;
  const char *path, *json;
  void *samples;
} slice;

static const char *remedy(tome_dtype t) {
  return tome_dtype_is_float(t) ? "end the recipe with window:…,scale=uint8 or cast:int16"
                                : "end the recipe with cast:int16";
}

/* TIFF has every type of voxel: nothing needs to become another. */
static bool holds_all(const tome_output *o) { return strcmp(o->format->name, "tiff") == 0; }

/* Where the text of a slice is. */
static const char *text_of(const tome_output *o, const char *path, tome_arena *arena, tome_error *err) {
  return o->format->keeps_comment ? path : tome_arena_printf(arena, err, "%s.json", path);
}

static bool check(const tome_output *o, const tome_outgoing *g, tome_error *err) {
  const int64_t slices = g->item->geometry.shape[0];
  if (slices > 1 && !o->names.has[TOME_PLACE_Z])
    return tome_fail(err, TOME_USAGE, "%s: is %lld slices, and a %s holds one; put {z} into the name: %.*s_{z:03}%s",
                     g->item->id, (long long)slices, o->ending, (int)(o->ending - o->names.pattern), o->names.pattern,
                     o->ending);
  for (size_t i = 0; i < g->count && i < g->item->volume_count; i++) {
    const tome_dtype t = g->item->volumes[i].dtype;
    if (tome_dtype_size(t) > 2 && !holds_all(o))
      return tome_fail(err, TOME_USAGE, "%s: %s is %s, and a %s holds 8 or 16 bits; %s", g->item->id,
                       g->item->volumes[i].name, tome_dtype_name(t), o->ending, remedy(t));
  }
  return true;
}

static bool fits_byte(const tome_output_volume *v, size_t voxels) {
  const uint16_t *from = v->voxels;
  uint16_t any = 0;
  for (size_t i = 0; i < voxels; i++) any |= from[i];
  return any < 256;
}

/* Which samples the voxels become. */
static void plan(slicing *s, size_t voxels) {
  const tome_output_volume *v = s->volume;
  s->dtype = tome_dtype_size(v->dtype) == 1 ? TOME_U8 : TOME_U16;
  s->offset = v->dtype == TOME_I16 ? -32768 : v->dtype == TOME_I8 ? -128 : 0;
  if (holds_all(s->o)) s->dtype = v->dtype, s->offset = 0;
  if (v->is_label && v->dtype == TOME_U16 && fits_byte(v, voxels)) s->dtype = TOME_U8;
}

static void fill(const slicing *s, int64_t z, void *samples) {
  const size_t from = (size_t)z * s->pixels;
  const uint8_t *narrow = s->volume->voxels;
  const uint16_t *wide = s->volume->voxels;
  uint8_t *bytes = samples;
  uint16_t *words = samples;
  const size_t element = tome_dtype_size(s->volume->dtype);
  const bool is_wide = element == 2;
  if (s->dtype == s->volume->dtype) {
    memcpy(samples, narrow + from * element, s->pixels * element);
    return;
  }
  for (size_t i = 0; i < s->pixels; i++)
    if (!is_wide)
      bytes[i] = (uint8_t)(narrow[from + i] ^ (s->offset ? 0x80 : 0)); /* adding half the range turns the top bit */
    else if (s->dtype == TOME_U8)
      bytes[i] = (uint8_t)wide[from + i];
    else
      words[i] = (uint16_t)(wide[from + i] ^ (s->offset ? 0x8000 : 0));
}

static bool write_slice(void *ctx, int fd, tome_error *err) {
  const slice *one = ctx;
  const slicing *s = one->s;
  tome_volume v = {.geometry = s->g->item->geometry, .dtype = s->dtype, .data = one->samples};
  v.geometry.shape[0] = 1;
  v.channels = s->volume->channels;
  const tome_write_options how = {.comment = one->json};
  return s->o->format->write(fd, tome_basename(one->path), &v, &how, err);
}

static bool write_text(void *ctx, int fd, tome_error *err) {
  const slice *one = ctx;
  return tome_write_all(fd, one->json, strlen(one->json), one->path, err) &&
         tome_write_all(fd, "\n", 1, one->path, err);
}

/* Text beside the picture goes first and comes last: a picture that matches its text is whole. */
static bool put_text_and(const slicing *s, slice *one, tome_arena *arena, tome_error *err) {
  const char *text = text_of(s->o, one->path, arena, err);
  if (!text) return false;
  const bool beside = text != one->path;
  if (beside && (s->o->opt.force || !tome_file_exists(one->path))) unlink(text);
  return tome_output_file(s->o, one->path, write_slice, one, err) &&
         (!beside || tome_output_file(s->o, text, write_text, one, err));
}

static bool put_slice(void *ctx, size_t z, int worker, tome_error *err) {
  (void)worker;
  const slicing *s = ctx;
  TOME_CLEANUP(tome_arena_clear) tome_arena arena = {0};
  char more[100];
  snprintf(more, sizeof more, "\"slices\":%lld,\"z\":%zu,\"offset\":%d", (long long)s->g->item->geometry.shape[0], z,
           s->offset);
  TOME_AUTO_FREE void *samples = tome_alloc(s->pixels, s->o->format->keeps_comment ? 2 : 8, s->g->item->id, err);
  slice one = {.s = s, .samples = samples};
  one.path = samples ? tome_output_name(s->o, s->g->item, s->number, (int64_t)z, &arena, err) : NULL;
  one.json = one.path ? tome_carry_json(s->g, s->volume, more, &arena, err) : NULL;
  if (!one.json) return false;
  fill(s, (int64_t)z, samples);
  return s->written[z] = put_text_and(s, &one, &arena, err);
}

static bool put_later_slice(void *ctx, size_t i, int worker, tome_error *err) {
  return put_slice(ctx, i + 1, worker, err);
}

/* Takes back what this item has written of a volume; `written` NULL: all of it. */
static void take_back(const tome_output *o, const tome_outgoing *g, size_t volume, const bool *written) {
  TOME_CLEANUP(tome_arena_clear) tome_arena arena = {0};
  for (int64_t z = 0; z < g->item->geometry.shape[0] && !o->opt.force; z++) {
    const char *path = !written || written[z] ? tome_output_name(o, g->item, volume, z, &arena, NULL) : NULL;
    const char *text = path ? text_of(o, path, &arena, NULL) : NULL;
    if (text && text != path) unlink(text);
    if (path) unlink(path);
  }
}

/* The first slice last: where it is there, all are. */
static bool put_volume(const tome_output *o, const tome_outgoing *g, size_t volume, tome_error *err) {
  const int64_t *shape = g->item->geometry.shape;
  const size_t slices = (size_t)shape[0];
  const int colours = g->item->volumes[volume].channels;
  const tome_run run = tome_output_run(o);
  TOME_AUTO_FREE bool *written = tome_alloc_zero(slices, sizeof *written, g->item->id, err);
  slicing s = {.o = o,
               .g = g,
               .number = volume,
               .volume = &g->item->volumes[volume],
               .pixels = (size_t)(shape[1] * shape[2]) * (size_t)(colours > 1 ? colours : 1),
               .written = written};
  if (!written) return false;
  plan(&s, s.pixels * slices);
  if (tome_parallel(&run, slices - 1, put_later_slice, &s, err) && put_slice(&s, 0, 0, err)) return true;
  take_back(o, g, volume, written);
  return false;
}

static bool put(tome_output *o, const tome_outgoing *g, tome_error *err) {
  for (size_t i = g->count; i-- > 0;)
    if (!put_volume(o, g, i, err)) {
      for (size_t done = i + 1; done < g->count; done++) take_back(o, g, done, NULL);
      return false;
    }
  return true;
}

/* How many slices the first one speaks of; 0 where it is not of this key. */
static int64_t slices_of(const char *path, const char *key) {
  char head[4096] = "", member[64];
  const size_t got = tome_carry_head(path, head, sizeof head - 1);
  snprintf(member, sizeof member, "\"key\":\"%s\",\"slices\":", key);
  const char *at = memmem(head, got, member, strlen(member));
  return at ? strtoll(at + strlen(member), NULL, 10) : 0;
}

static bool has(const tome_output *o, const tome_outgoing *g) {
  TOME_CLEANUP(tome_arena_clear) tome_arena arena = {0};
  for (size_t i = 0; i < g->count; i++) {
    const char *first = text_of(o, g->paths[i], &arena, NULL);
    const int64_t slices = first && tome_file_exists(g->paths[i]) ? slices_of(first, g->key) : 0;
    if (slices < 1) return false;
    for (int64_t z = 1; z < slices; z++) {
      const char *path = tome_output_name(o, g->item, i, z, &arena, NULL);
      const char *text = path ? text_of(o, path, &arena, NULL) : NULL;
      if (!text || !tome_file_exists(path) || !tome_carry_found_json(text, g->key)) return false;
    }
  }
  return true;
}

const tome_output_kind tome_output_kind_png = {.check = check, .has = has, .put = put};
