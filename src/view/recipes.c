/* recipes.c - the recipes that this server knows: those of the command line, and the last ones that the page sent. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "view/inside.h"

bool view_recipes_init(view_recipes *r, tome_error *err) {
  pthread_mutex_init(&r->lock, NULL);
  r->list = calloc(VIEW_RECIPES, sizeof *r->list);
  return r->list || view_no_memory(err);
}

void view_recipe_clear(view_recipe *r) {
  free(r->name);
  free(r->text);
  for (size_t i = 0; i < r->step_count; i++) free(r->steps[i]);
  free(r->steps);
  *r = (view_recipe){0};
}

void view_recipes_clear(view_recipes *r) {
  for (size_t i = 0; i < r->count; i++) view_recipe_clear(&r->list[i]);
  free(r->list);
  pthread_mutex_destroy(&r->lock);
}

tome_recipe_text view_recipe_words(const view_recipe *r) {
  return (tome_recipe_text){.steps = (const char *const *)r->steps, .step_count = r->step_count};
}

/* ---- a text taken apart ---- */

typedef struct parting {
  view_recipe *recipe;
  bool failed;
} parting;

static void take_step(void *user, const char *step) {
  parting *p = user;
  view_recipe *r = p->recipe;
  char **more = p->failed ? NULL : reallocarray(r->steps, r->step_count + 1, sizeof *more);
  if (more) r->steps = more;
  if (!more || !(more[r->step_count] = strdup(step)))
    p->failed = true;
  else
    r->step_count++;
}

static void take_hash(void *user, const char *canonical, const char *hash) {
  view_recipe *r = user;
  (void)canonical;
  snprintf(r->id, sizeof r->id, "%s", hash);
}

static bool make(view_recipe *r, const char *name, const char *text, tome_error *err) {
  parting p = {.recipe = r};
  r->name = strdup(name);
  r->text = strdup(text);
  if (!r->name || !r->text || !tome_recipe_split(text, take_step, &p, err) || p.failed) return view_no_memory(err);
  const tome_recipe_text words = view_recipe_words(r);
  if (!words.step_count) return view_fail(err, TOME_USAGE, "the recipe has no step; tome ops lists what there is");
  return tome_recipe_check(&words, NULL, take_hash, r, err);
}

/* ---- the list ---- */

static view_recipe *find(view_recipes *r, const char *id) {
  for (size_t i = 0; i < r->count; i++)
    if (!strcmp(r->list[i].id, id)) return &r->list[i];
  return NULL;
}

/* A place for one more; NULL where all are taken by those that stay. */
static view_recipe *place(view_recipes *r) {
  view_recipe *oldest = NULL;
  if (r->count < VIEW_RECIPES) return &r->list[r->count++];
  for (size_t i = 0; i < r->count; i++)
    if (!r->list[i].stays && (!oldest || r->list[i].used < oldest->used)) oldest = &r->list[i];
  if (oldest) view_recipe_clear(oldest);
  return oldest;
}

bool view_recipes_add(view_recipes *r, const char *name, const char *text, bool stays, char id[33], tome_error *err) {
  VIEW_CLEANUP(view_recipe_clear) view_recipe fresh = {.stays = stays};
  if (!make(&fresh, name, text, err)) return false;
  pthread_mutex_lock(&r->lock);
  view_recipe *known = find(r, fresh.id);
  memcpy(id, fresh.id, sizeof fresh.id);
  if (!known && (known = place(r))) {
    *known = fresh;
    fresh = (view_recipe){0};
  }
  if (known) known->used = ++r->clock;
  pthread_mutex_unlock(&r->lock);
  return known || view_fail(err, TOME_USAGE, "at most %d recipes at a time", VIEW_RECIPES);
}

bool view_recipes_add_file(view_recipes *r, const char *path, tome_error *err) {
  char id[33];
  FILE *f = fopen(path, "re");
  if (!f) return view_fail(err, TOME_IO, "%s: cannot be opened: %s", path, strerror(errno));
  VIEW_AUTO_TEXT char *text = malloc(VIEW_RECIPE_BYTES + 1);
  const size_t n = text ? fread(text, 1, VIEW_RECIPE_BYTES + 1, f) : 0;
  const bool broken = ferror(f);
  fclose(f);
  if (!text) return view_no_memory(err);
  if (broken) return view_fail(err, TOME_IO, "%s: cannot be read", path);
  if (n > VIEW_RECIPE_BYTES) return view_fail(err, TOME_USAGE, "%s: is longer than 64 KiB, which no recipe is", path);
  if (memchr(text, 0, n)) return view_fail(err, TOME_USAGE, "%s: is no recipe: it holds NUL bytes", path);
  text[n] = '\0';
  const char *slash = strrchr(path, '/');
  tome_error why = {0};
  return view_recipes_add(r, slash ? slash + 1 : path, text, true, id, &why) ||
         view_fail(err, why.code, "%s: %s", path, why.message);
}

bool view_recipes_get(view_recipes *r, const char *id, view_recipe *out, tome_error *err) {
  VIEW_AUTO_TEXT char *name = NULL, *text = NULL;
  pthread_mutex_lock(&r->lock);
  view_recipe *known = find(r, id);
  if (known) {
    known->used = ++r->clock;
    name = strdup(known->name);
    text = strdup(known->text);
  }
  pthread_mutex_unlock(&r->lock);
  if (!known) return view_fail(err, TOME_NOT_FOUND, "there is no such recipe here, or no longer: send it again");
  VIEW_CLEANUP(view_recipe_clear) view_recipe copy = {0};
  if (!name || !text) return view_no_memory(err);
  if (!make(&copy, name, text, err)) return false;
  *out = copy;
  copy = (view_recipe){0};
  return true;
}

void view_recipes_json(view_recipes *r, cli_json *j) {
  pthread_mutex_lock(&r->lock);
  cli_json_open(j, '[');
  for (size_t i = 0; i < r->count; i++) {
    cli_json_open(j, '{');
    cli_json_put_text(j, "id", r->list[i].id);
    cli_json_put_text(j, "name", r->list[i].name);
    cli_json_put_text(j, "text", r->list[i].text);
    cli_json_close(j, '}');
  }
  cli_json_close(j, ']');
  pthread_mutex_unlock(&r->lock);
}

bool view_api_recipe(const view_request *r, view_reply *out, tome_error *err) {
  size_t size;
  char id[33];
  const char *text = view_body(r, &size);
  if (memchr(text, 0, size)) return view_fail(err, TOME_USAGE, "the recipe holds NUL bytes");
  if (!view_recipes_add(&view_server_of(r)->recipes, "", text, false, id, err)) return false;
  VIEW_CLEANUP(view_text_clear) view_text t = {0};
  if (!view_text_open(&t, err)) return false;
  cli_json_open(&t.json, '{');
  cli_json_put_text(&t.json, "id", id);
  cli_json_close(&t.json, '}');
  return view_text_reply(&t, out, err);
}
