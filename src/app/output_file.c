/* One array a file: npy, NIfTI and whatever else src/format writes. What the format cannot hold goes into a JSON beside it: x.npy.json. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/origin.h"
#include "app/output_inside.h"

/* ---- any file ---- */

bool tome_output_folder_of(const char *path, tome_error *err) {
  const char *slash = strrchr(path, '/');
  if (!slash || slash == path) return true;
  TOME_AUTO_FREE char *folder = strndup(path, (size_t)(slash - path));
  if (!folder) return tome_fail(err, TOME_NO_MEMORY, "%s: out of memory", path);
  if (tome_is_folder(folder)) return true;
  return tome_make_folders(folder, err);
}

bool tome_output_file(const tome_output *o, const char *path, tome_file_writer write, void *ctx, tome_error *err) {
  TOME_CLEANUP(tome_draft_abandon) tome_draft d = {.fd = -1};
  return tome_output_folder_of(path, err) && tome_draft_open(path, &d, err) && write(ctx, d.fd, err) &&
         tome_draft_place(&d, o->opt.force, err);
}

/* ---- a volume ---- */

typedef struct writing {
  const tome_output *o;
  const char *path;
  tome_volume volume;
  tome_write_options how;
} writing;

static bool write_text(void *ctx, int fd, tome_error *err) {
  const char *text = ctx;
  return tome_write_all(fd, text, strlen(text), "a JSON file", err) && tome_write_all(fd, "\n", 1, "a JSON file", err);
}

static bool keeps_text(const tome_output *o) { return o->format->keeps_comment; }

static const char *beside(const char *path, tome_arena *arena, tome_error *err) {
  return tome_arena_printf(arena, err, "%s.json", path);
}

/* The JSON goes first and comes last: a file that matches its JSON is whole. */
static bool put_volume(tome_output *o, const tome_outgoing *g, size_t i, tome_error *err) {
  TOME_CLEANUP(tome_arena_clear) tome_arena arena = {0};
  const tome_output_volume *v = &g->item->volumes[i];
  const char *path = g->paths[i];
  const char *json = tome_carry_json(g, v, NULL, &arena, err);
  const char *side = json ? beside(path, &arena, err) : NULL;
  if (!side) return false;
  writing w = {.o = o,
               .path = path,
               .volume = {.geometry = g->item->geometry,
                          .dtype = v->dtype,
                          .channels = v->channels,
                          .data = (void *)(uintptr_t)v->voxels}};
  if (!tome_origin_of(g->item, i, json, &arena, &w.how, err)) return false;
  if (!keeps_text(o) && (o->opt.force || !tome_file_exists(path))) unlink(side);
  return tome_output_folder_of(path, err) && tome_write_files(o->format, path, &w.volume, &w.how, o->opt.force, err) &&
         (keeps_text(o) || tome_output_file(o, side, write_text, (void *)(uintptr_t)json, err));
}

/* Takes back the files that this item has written so far. */
static void take_back(const tome_output *o, const tome_outgoing *g, size_t from) {
  TOME_CLEANUP(tome_arena_clear) tome_arena arena = {0};
  for (size_t i = from; i < g->count && !o->opt.force; i++) {
    const char *side = beside(g->paths[i], &arena, NULL);
    if (side && !keeps_text(o)) unlink(side);
    unlink(g->paths[i]);
  }
}

/* The image last: where it is there, so are its label maps. */
static bool put(tome_output *o, const tome_outgoing *g, tome_error *err) {
  for (size_t i = g->count; i-- > 0;)
    if (!put_volume(o, g, i, err)) {
      take_back(o, g, i + 1);
      return false;
    }
  return true;
}

static bool has(const tome_output *o, const tome_outgoing *g) {
  TOME_CLEANUP(tome_arena_clear) tome_arena arena = {0};
  for (size_t i = 0; i < g->count; i++) {
    const char *where = keeps_text(o) ? g->paths[i] : beside(g->paths[i], &arena, NULL);
    if (!where || !tome_file_exists(g->paths[i]) || !tome_carry_found_json(where, g->key)) return false;
  }
  return true;
}

const tome_output_kind tome_output_kind_file = {.has = has, .put = put};
