/* A folder a volume: DICOM series. What DICOM has no place for goes into a JSON beside the folder: series.json. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/origin.h"
#include "app/output_inside.h"

/* "out/v3/" → "out/v3.json" */
static const char *beside(const char *path, tome_arena *arena, tome_error *err) {
  size_t n = strlen(path);
  while (n > 1 && path[n - 1] == '/') n--;
  return tome_arena_printf(arena, err, "%.*s.json", (int)n, path);
}

static bool write_text(void *ctx, int fd, tome_error *err) {
  const char *text = ctx;
  return tome_write_all(fd, text, strlen(text), "a JSON file", err) && tome_write_all(fd, "\n", 1, "a JSON file", err);
}

static bool put_volume(tome_output *o, const tome_outgoing *g, size_t i, tome_error *err) {
  TOME_CLEANUP(tome_arena_clear) tome_arena arena = {0};
  TOME_CLEANUP(tome_folder_draft_abandon) tome_folder_draft d = {0};
  const tome_output_volume *v = &g->item->volumes[i];
  const char *json = tome_carry_json(g, v, NULL, &arena, err);
  const char *side = json ? beside(g->paths[i], &arena, err) : NULL;
  tome_write_options how;
  if (!side || !tome_origin_of(g->item, i, NULL, &arena, &how, err)) return false;
  const tome_volume volume = {.geometry = g->item->geometry, .dtype = v->dtype, .data = (void *)(uintptr_t)v->voxels};
  if (o->opt.force || !tome_file_exists(g->paths[i])) unlink(side);
  return tome_output_folder_of(side, err) && tome_folder_draft_open(g->paths[i], &d, err) &&
         o->format->write_folder(d.path, &volume, &how, err) && tome_folder_draft_place(&d, o->opt.force, err) &&
         tome_output_file(o, side, write_text, (void *)(uintptr_t)json, err);
}

static bool put(tome_output *o, const tome_outgoing *g, tome_error *err) {
  for (size_t i = g->count; i-- > 0;)
    if (!put_volume(o, g, i, err)) return false;
  return true;
}

static bool has(const tome_output *o, const tome_outgoing *g) {
  (void)o;
  TOME_CLEANUP(tome_arena_clear) tome_arena arena = {0};
  for (size_t i = 0; i < g->count; i++) {
    const char *side = beside(g->paths[i], &arena, NULL);
    if (!side || !tome_is_folder(g->paths[i]) || !tome_carry_found_json(side, g->key)) return false;
  }
  return true;
}

const tome_output_kind tome_output_kind_folder = {.has = has, .put = put};
