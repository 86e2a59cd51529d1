/* Runs a recipe on raw files, for the Python oracles beside it. One run answers a whole script on stdin, a line each:
 *   volume NAME DTYPE Z Y X FILE        a volume (the first is the image, the others label maps), packed, C order
 *   geometry SZ SY SX OX OY OZ D*9      of all volumes (default: 1 mm, identity)
 *   name MAP VALUE NAME                 what a label value is called
 *   fill V                              outside the image
 *   know                                take the statistics that steps may ask for
 *   steps TEXT                          the recipe
 *   threads N / memory BYTES / cache BYTES / chunk Z Y X
 *   pull OUTPUT BOX FILE                BOX as tome_box_parse, or "all"; answers with one line of JSON
 *   plan                                answers with the plan's text and a line "."
 * Every failure is answered with  error: SENTENCE  and the script goes on. */
#include <inttypes.h>

#include "eval/eval.h"
#include "ops/ops.h"
#include "stats/stats.h"
#include "test.h"

enum { MOST = 8 };

typedef struct state {
  tome_volume volumes[MOST];
  tome_voxel_source inputs[MOST], plain[MOST];
  char names[MOST][64];
  size_t count;
  tome_geometry geometry;
  double fill;
  tome_record record;
  bool known;
  tome_recipe recipe;
  tome_graph plan;
  bool planned;
  tome_run run;
  size_t memory;
  tome_cache *cache;
} state;

static bool read_voxels(void *ctx, const tome_box *box, void *out, tome_error *err) {
  tome_volume *v = ctx;
  const tome_box all = tome_box_of_shape(v->geometry.shape);
  if (!tome_box_contains(&all, box)) return tome_fail(err, TOME_USAGE, "a read outside the volume");
  const tome_tile from = tome_tile_of(&all, v->dtype, v->data), to = tome_tile_of(box, v->dtype, out);
  tome_tile_copy(&from, &to);
  return true;
}

static tome_dtype dtype_named(const char *name) {
  for (tome_dtype t = TOME_U8; t <= TOME_F64; t++)
    if (!strcmp(tome_dtype_name(t), name)) return t;
  return TOME_NONE;
}

static bool across(void *ctx, const char *label, tome_histogram *out, tome_error *err) {
  state *s = ctx; /* a store of this one case */
  *out = (tome_histogram){0};
  for (size_t i = 0; i < s->record.label_count; i++)
    if ((!label || tome_label_goes_by(&s->record.labels[i], label)) &&
        !tome_histogram_add(&s->record.arena, out, &s->record.labels[i].histogram, err))
      return false;
  return true;
}

static bool body(void *ctx, tome_box *out, tome_error *err) {
  state *s = ctx;
  return tome_body_box(&s->inputs[0], -300, &s->run, out, err);
}

static bool add_volume(state *s, const char *line, tome_error *err) {
  char name[64], type[16], path[1024];
  long long z, y, x;
  if (s->count == MOST || sscanf(line, "%63s %15s %lld %lld %lld %1023s", name, type, &z, &y, &x, path) != 6)
    return tome_fail(err, TOME_USAGE, "volume?");
  const size_t i = s->count;
  tome_volume *v = &s->volumes[i];
  v->geometry = s->geometry;
  v->geometry.shape[0] = z, v->geometry.shape[1] = y, v->geometry.shape[2] = x;
  v->dtype = dtype_named(type);
  const size_t bytes = tome_volume_voxels(v) * tome_dtype_size(v->dtype);
  v->data = malloc(bytes);
  FILE *f = fopen(path, "rb");
  if (!f || fread(v->data, 1, bytes, f) != bytes) return tome_fail(err, TOME_IO, "%s?", path);
  fclose(f);
  snprintf(s->names[i], sizeof s->names[i], "%s", name);
  s->plain[i] = s->inputs[i] = (tome_voxel_source){.name = s->names[i],
                                                   .is_label = i > 0,
                                                   .geometry = v->geometry,
                                                   .dtype = v->dtype,
                                                   .fill = i ? 0 : s->fill,
                                                   .chunk = {4, 8, 8},
                                                   .read = read_voxels,
                                                   .ctx = v};
  s->count++;
  return true;
}

static bool know(state *s, tome_error *err) {
  s->record.id = "case";
  s->record.geometry = s->volumes[0].geometry;
  if (!tome_stats_image(&s->volumes[0], NULL, NULL, &s->record.arena, &s->record.intensity, &s->record.histogram, err))
    return false;
  for (size_t i = 1; i < s->count; i++)
    if (!tome_stats_labels(&s->volumes[i], s->names[i], &s->volumes[0], NULL, NULL, &s->record, err)) return false;
  s->known = true;
  return true;
}

static bool name_label(state *s, const char *line, tome_error *err) {
  char map[64], name[64];
  int value;
  if (sscanf(line, "%63s %d %63s", map, &value, name) != 3) return tome_fail(err, TOME_USAGE, "name?");
  for (size_t i = 0; i < s->record.label_count; i++)
    if (!strcmp(s->record.labels[i].map, map) && s->record.labels[i].value == value)
      s->record.labels[i].name = tome_arena_dup(&s->record.arena, name, err);
  return true;
}

static bool set_geometry(state *s, const char *line, tome_error *err) {
  double n[15];
  char *end = (char *)(uintptr_t)line;
  for (int i = 0; i < 15; i++) n[i] = strtod(end, &end);
  memcpy(s->geometry.spacing, n, 3 * sizeof *n);
  memcpy(s->geometry.origin, n + 3, 3 * sizeof *n);
  memcpy(s->geometry.direction, n + 6, 9 * sizeof *n);
  return *end == '\0' || tome_fail(err, TOME_USAGE, "geometry?");
}

static bool set_steps(state *s, const char *text, tome_error *err) {
  static tome_facts facts;
  facts =
      (tome_facts){.record = s->known ? &s->record : NULL, .across = s->known ? across : NULL, .body = body, .ctx = s};
  tome_graph_clear(&s->plan);
  tome_recipe_clear(&s->recipe);
  s->planned = false;
  if (!tome_recipe_parse_text(tome_ops, text, &s->recipe, err)) return false;
  if (!tome_graph_make(&s->recipe, &facts, s->inputs, s->count, &s->plan, err)) return false;
  s->planned = true;
  printf("{\"text\": \"%s\", \"hash\": \"%s\", \"outputs\": %zu}\n", s->recipe.text, s->recipe.hash, s->plan.count);
  return true;
}

static bool set_cache(state *s, size_t bytes, tome_error *err) {
  tome_cache_free(s->cache);
  s->cache = bytes ? tome_cache_new(bytes, err) : NULL;
  for (size_t i = 0; i < s->count; i++) {
    if (!s->cache)
      s->inputs[i] = s->plain[i];
    else if (!tome_cache_input(s->cache, &s->plain[i], &s->inputs[i], err))
      return false;
  }
  return true;
}

static bool set_chunk(state *s, const char *line, tome_error *err) {
  long long c[3];
  if (sscanf(line, "%lld %lld %lld", &c[0], &c[1], &c[2]) != 3) return tome_fail(err, TOME_USAGE, "chunk?");
  for (size_t i = 0; i < s->count; i++)
    for (int a = 0; a < 3; a++) s->plain[i].chunk[a] = s->inputs[i].chunk[a] = c[a];
  return true;
}

static void answer(const tome_flow *f, const tome_box *b) {
  const tome_geometry g = tome_geometry_crop(&f->geometry, b);
  printf("{\"name\": \"%s\", \"dtype\": \"%s\", \"fill\": %.9g, \"whole\": [%lld, %lld, %lld], ", f->name,
         tome_dtype_name(f->dtype), f->fill, (long long)f->geometry.shape[0], (long long)f->geometry.shape[1],
         (long long)f->geometry.shape[2]);
  printf("\"shape\": [%lld, %lld, %lld], ", (long long)g.shape[0], (long long)g.shape[1], (long long)g.shape[2]);
  printf("\"spacing\": [%.17g, %.17g, %.17g], ", g.spacing[0], g.spacing[1], g.spacing[2]);
  printf("\"origin\": [%.17g, %.17g, %.17g], \"direction\": [", g.origin[0], g.origin[1], g.origin[2]);
  for (int a = 0; a < 3; a++)
    printf("%s[%.17g, %.17g, %.17g]", a ? ", " : "", g.direction[a][0], g.direction[a][1], g.direction[a][2]);
  printf("]}\n");
}

static bool do_pull(state *s, const char *line, tome_error *err) {
  size_t output;
  char where[200], path[1024];
  if (!s->planned) return tome_fail(err, TOME_USAGE, "no plan");
  if (sscanf(line, "%zu %199s %1023s", &output, where, path) != 3 || output >= s->plan.count)
    return tome_fail(err, TOME_USAGE, "pull?");
  const tome_flow *f = &s->plan.outputs[output]->flow;
  tome_box b = tome_box_of_shape(f->geometry.shape);
  if (strcmp(where, "all") != 0 && !tome_box_parse(where, f->geometry.shape, &b, err)) return false;
  const size_t bytes = (size_t)tome_box_voxels(&b) * tome_dtype_size(f->dtype);
  TOME_AUTO_FREE void *out = tome_alloc(bytes, 1, "the result", err);
  const tome_pull_options o = {.run = &s->run, .memory = s->memory};
  if (!out || !tome_pull(&s->plan, output, &b, out, bytes, &o, err)) return false;
  FILE *to = fopen(path, "wb");
  if (!to || fwrite(out, 1, bytes, to) != bytes) return tome_fail(err, TOME_IO, "%s?", path);
  fclose(to);
  answer(f, &b);
  return true;
}

static bool print_plan(state *s, tome_error *err) {
  TOME_CLEANUP(tome_arena_clear) tome_arena a = {0};
  const char *text = s->planned ? tome_graph_text(&s->plan, NULL, &a, err) : NULL;
  if (!text) return tome_fail(err, TOME_USAGE, "no plan");
  printf("%s.\n", text);
  return true;
}

static bool obey(state *s, char *line, tome_error *err) {
  line[strcspn(line, "\n")] = '\0';
  char *rest = line + strcspn(line, " ");
  if (*rest) *rest++ = '\0';
  if (!strcmp(line, "volume")) return add_volume(s, rest, err);
  if (!strcmp(line, "geometry")) return set_geometry(s, rest, err);
  if (!strcmp(line, "name")) return name_label(s, rest, err);
  if (!strcmp(line, "know")) return know(s, err);
  if (!strcmp(line, "steps")) return set_steps(s, rest, err);
  if (!strcmp(line, "pull")) return do_pull(s, rest, err);
  if (!strcmp(line, "plan")) return print_plan(s, err);
  if (!strcmp(line, "cache")) return set_cache(s, strtoull(rest, NULL, 10), err);
  if (!strcmp(line, "chunk")) return set_chunk(s, rest, err);
  if (!strcmp(line, "fill")) return s->fill = atof(rest), true;
  if (!strcmp(line, "threads")) return s->run.threads = atoi(rest), true;
  if (!strcmp(line, "memory")) return s->memory = strtoull(rest, NULL, 10), true;
  return tome_fail(err, TOME_USAGE, "%s?", line);
}

int main(void) {
  static state s;
  char line[8192];
  s.geometry = tome_geometry_identity((int64_t[]){1, 1, 1});
  while (fgets(line, sizeof line, stdin)) {
    tome_error err = {0};
    if (!obey(&s, line, &err)) printf("error: %s\n", err.message);
    fflush(stdout);
  }
  tome_graph_clear(&s.plan);
  tome_recipe_clear(&s.recipe);
  tome_record_clear(&s.record);
  tome_cache_free(s.cache);
  for (size_t i = 0; i < s.count; i++) tome_volume_clear(&s.volumes[i]);
  return 0;
}
