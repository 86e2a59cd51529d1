/* A recipe over one case: the store's volumes as sources of voxels, its statistics as facts. */
#include "app/recipe.h"

#include <stdlib.h>
#include <string.h>

/* ---- voxels --------------------------------------------------------------------------------------------- */

typedef struct volume {
  const tome_case_file *file;
  const char *name; /* "image", "labels/…" */
  size_t element;
} volume;

/* The evaluator reads slabs on threads of its own: one thread each here. */
static bool read_box(void *ctx, const tome_box *box, void *out, tome_error *err) {
  const volume *v = ctx;
  const tome_run one = {.threads = 1};
  return tome_case_file_read(v->file, v->name, box, NULL, out, (size_t)tome_box_voxels(box) * v->element, &one, err);
}

static bool add_source(tome_course *c, const char *name, tome_error *err) {
  tome_volume_info info;
  volume *v = tome_arena_alloc(&c->arena, sizeof *v, err);
  const bool label = strncmp(name, "labels/", 7) == 0;
  if (!v || !tome_case_file_info(c->file, name, &info, err)) return false;
  *v = (volume){c->file, name, tome_dtype_size(info.dtype)};
  tome_voxel_source *s = &c->sources[c->source_count++];
  *s = (tome_voxel_source){.name = label ? name + 7 : name,
                           .is_label = label,
                           .geometry = info.geometry,
                           .dtype = info.dtype,
                           .fill = strcmp(info.units, "HU") == 0 ? -1024 : 0, /* air, not 0: 0 HU is water */
                           .read = read_box,
                           .ctx = v};
  memcpy(s->chunk, info.chunk, sizeof s->chunk);
  return true;
}

static bool add_sources(tome_course *c, tome_error *err) {
  size_t count = 0;
  while (tome_case_file_volume(c->file, count)) count++;
  c->sources = tome_arena_alloc(&c->arena, (count + 1) * sizeof *c->sources, err);
  if (!c->sources) return false;
  for (size_t i = 0; i < count; i++)
    if (!add_source(c, tome_case_file_volume(c->file, i), err)) return false;
  return true;
}

/* ---- facts ---------------------------------------------------------------------------------------------- */

/* What the store as a whole says changes with every case that comes in: results that rest on it say so. */
static void note_across(tome_course *c, const tome_histogram *h) {
  tome_hasher *sum = tome_hasher_new(NULL);
  if (!sum) return;
  tome_hasher_add(sum, c->across_hash, strlen(c->across_hash));
  tome_hasher_add(sum, &h->lo, sizeof h->lo);
  tome_hasher_add(sum, &h->width, sizeof h->width);
  tome_hasher_add(sum, h->counts, h->bins * sizeof *h->counts);
  tome_hasher_text(sum, c->across_hash);
  tome_hasher_free(sum);
}

static bool across_store(void *ctx, const char *label, tome_histogram *out, tome_error *err) {
  tome_course *c = ctx;
  uint64_t cases;
  if (!c->index) c->index = tome_index_open(c->store->index, false, err);
  if (!c->index || !tome_index_foreground(c->index, label, &c->arena, out, &cases, err)) return false;
  note_across(c, out);
  return true;
}

static bool body_of(void *ctx, tome_box *out, tome_error *err) {
  const tome_course *c = ctx;
  return tome_body_box(&c->sources[0], -300, c->run, out, err);
}

/* ---- the recipe ----------------------------------------------------------------------------------------- */

static bool join(tome_arena *a, const char **text, const char *more, size_t size, tome_error *err) {
  *text = tome_arena_printf(a, err, "%s%s%.*s", *text, **text ? "\n" : "", (int)size, more);
  return *text != NULL;
}

/* The file's steps, then those of the command line, as one text: each of the latter is a line of its own. */
bool tome_recipe_of(const tome_recipe_text *r, const tome_op *const *ops, tome_recipe *out, tome_error *err) {
  enum { RECIPE_MOST = 1 << 20 };
  if (!r->file) return tome_recipe_parse(ops, r->steps, r->step_count, out, err);
  TOME_CLEANUP(tome_bytes_clear) tome_bytes b = {0};
  TOME_CLEANUP(tome_arena_clear) tome_arena arena = {0};
  const char *text = "";
  if (!tome_file_read(r->file, RECIPE_MOST, &b, err)) return false;
  if (memchr(b.data, 0, b.size)) return tome_fail(err, TOME_USAGE, "%s: is no recipe: it holds NUL bytes", r->file);
  if (!join(&arena, &text, (const char *)b.data, b.size, err)) return false;
  for (size_t i = 0; i < r->step_count; i++)
    if (!join(&arena, &text, r->steps[i], strlen(r->steps[i]), err)) return false;
  return tome_recipe_parse_text(ops, text, out, err) || tome_fail_prefix(err, "%s", r->file);
}

bool tome_recipe_text_check(const tome_recipe_text *recipe, tome_error *err) {
  TOME_CLEANUP(tome_recipe_clear) tome_recipe r = {0};
  return tome_recipe_of(recipe, tome_ops, &r, err);
}

bool tome_recipe_split(const char *text, void (*step)(void *user, const char *step), void *user, tome_error *err) {
  const char *word;
  for (size_t length; tome_recipe_next(&text, &word, &length);) {
    TOME_AUTO_FREE char *one = strndup(word, length);
    if (!one) return tome_fail(err, TOME_NO_MEMORY, "out of memory for a step of %zu bytes", length);
    step(user, one);
  }
  return true;
}

static bool open_case(tome_course *c, const char *id, tome_error *err) {
  TOME_AUTO_FREE char *path = tome_case_path(c->store, id, err);
  if (!path) return false;
  if (!tome_file_exists(path)) return tome_fail_no_case(c->store, id, err);
  c->file = tome_case_file_open(path, err);
  return c->file && tome_case_file_record(path, &c->record, err) && add_sources(c, err);
}

bool tome_course_open(tome_course *c, const tome_store *s, const char *id, const tome_recipe_text *recipe,
                      const tome_run *run, tome_error *err) {
  c->store = s;
  c->run = run;
  c->facts = (tome_facts){.record = &c->record, .across = across_store, .body = body_of, .ctx = c};
  return tome_recipe_of(recipe, c->ops ? c->ops : tome_ops, &c->recipe, err) &&
         open_case(c, id, err) && /* the words first: a bad recipe costs nothing */
         tome_graph_make(&c->recipe, &c->facts, c->sources, c->source_count, &c->graph, err);
}

void tome_course_close(tome_course *c) {
  tome_graph_clear(&c->graph);
  tome_recipe_clear(&c->recipe);
  tome_record_clear(&c->record);
  tome_case_file_close(c->file);
  tome_index_close(c->index);
  tome_arena_clear(&c->arena);
}

/* Bounds do not change what a value means, other pointwise steps do. */
const char *tome_course_units(const tome_course *c, const tome_flow *f) {
  for (const tome_past *p = f->values; p; p = p->before)
    if (p->op != &tome_op_hu && p->op != &tome_op_clip) return "";
  return f->is_label || f->unknown ? "" : c->record.units;
}

static const char *one_more(const char *text, const char *name, const char *hash, tome_arena *a, tome_error *err) {
  return tome_arena_printf(a, err, "%s%s%s=%s", text, *text ? " " : "", name, hash);
}

const char *tome_course_channel_hashes(const tome_course *c, tome_arena *arena, tome_error *err) {
  const char *text = "";
  for (size_t i = 0; i < c->record.channel_count && text; i++)
    text = one_more(text, c->record.channels[i].name, c->record.channels[i].voxel_hash, arena, err);
  return text;
}

const char *tome_course_label_hashes(const tome_course *c, tome_arena *arena, tome_error *err) {
  const char *text = "";
  for (size_t i = 0; i < c->record.map_count && text; i++)
    text = one_more(text, c->record.maps[i].name, c->record.maps[i].voxel_hash, arena, err);
  return text;
}

/* ---- what it would do, and what there is ------------------------------------------------------------------ */

bool tome_explain(tome_store *store, const char *id, const tome_recipe_text *recipe, const char *box,
                  void (*text)(void *user, const char *lines), void *user, tome_error *err) {
  TOME_CLEANUP(tome_course_close) tome_course c = {0};
  tome_box b;
  if (!tome_course_open(&c, store, id, recipe, NULL, err)) return false;
  if (box && !tome_box_parse(box, c.graph.outputs[0]->flow.geometry.shape, &b, err)) return false;
  const char *lines = tome_graph_text(&c.graph, box ? &b : NULL, &c.arena, err);
  if (lines) text(user, lines);
  return lines != NULL;
}

bool tome_each_op(void (*op)(void *user, const tome_op_info *info), void *user, tome_error *err) {
  TOME_CLEANUP(tome_arena_clear) tome_arena arena = {0};
  for (const tome_op *const *o = tome_ops; *o; o++) {
    const char *help = tome_op_help(*o, &arena, err);
    if (!help) return false;
    const tome_op_info info = {(*o)->name, (*o)->title, (*o)->example, help};
    op(user, &info);
  }
  return true;
}
