/* api_result.c - what a recipe would make of a case, before a voxel is computed. */
#include <string.h>

#include "view/inside.h"

static void put_lines(void *user, const char *lines) {
  cli_json *j = user;
  for (const char *s = lines; *s;) {
    const size_t n = strcspn(s, "\n");
    VIEW_AUTO_TEXT char *one = strndup(s, n);
    if (n) cli_json_text(j, one);
    s += n + (s[n] != '\0');
  }
}

static void put_words(cli_json *j, const view_recipe *recipe) {
  cli_json_put_text(j, "name", recipe->name);
  cli_json_put_text(j, "text", recipe->text);
  cli_json_key(j, "words");
  cli_json_open(j, '[');
  for (size_t i = 0; i < recipe->step_count; i++) cli_json_text(j, recipe->steps[i]);
  cli_json_close(j, ']');
}

/* All values that the type can have, where those are few; else it is not known. */
static void put_range(cli_json *j, tome_dtype dtype) {
  cli_json_key(j, "range");
  if (dtype != TOME_U8) {
    cli_json_null(j);
    return;
  }
  cli_json_open(j, '[');
  cli_json_int(j, 0);
  cli_json_int(j, 255);
  cli_json_close(j, ']');
}

static bool put_result(cli_json *j, view_server *v, const view_opened *o, const view_recipe *recipe, tome_error *err) {
  const tome_recipe_text words = view_recipe_words(recipe);
  tome_result_info info;
  if (!tome_result_info_of(o->result, tome_result_volume(o->result, 0), &info, err)) return false;
  cli_json_put_text(j, "recipe", recipe->id);
  cli_json_put_text(j, "canonical", info.recipe);
  put_words(j, recipe);
  put_range(j, info.dtype);
  if (!view_put_volumes(j, o->result, err)) return false;
  cli_json_key(j, "steps");
  cli_json_open(j, '[');
  const bool ok = tome_explain(v->store, o->id, &words, NULL, put_lines, j, err);
  cli_json_close(j, ']');
  return ok;
}

bool view_api_result(const view_request *r, view_reply *out, tome_error *err) {
  view_server *v = view_server_of(r);
  const char *id = view_need(r, "id", err), *key = view_need(r, "recipe", err);
  VIEW_CLEANUP(view_recipe_clear) view_recipe recipe = {0};
  VIEW_CLEANUP(view_text_clear) view_text t = {0};
  if (!id || !key || !view_recipes_get(&v->recipes, key, &recipe, err) || !view_text_open(&t, err)) return false;
  view_opened *o = view_take(&v->shelf, id, key, err);
  if (!o) return false;
  cli_json_open(&t.json, '{');
  cli_json_put_text(&t.json, "id", id);
  const bool ok = put_result(&t.json, v, o, &recipe, err);
  view_give_back(&v->shelf, o);
  cli_json_close(&t.json, '}');
  return ok && view_text_reply(&t, out, err);
}
