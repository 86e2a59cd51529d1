/* Recipes: lists of steps from words or from a text, with the canonical form and hash that every output carries. */
#include "eval/recipe.h"

#include <string.h>

enum { MOST_STEPS = 256 };

void tome_recipe_clear(tome_recipe *r) {
  tome_arena_clear(&r->arena);
  *r = (tome_recipe){0};
}

static bool add_step(tome_recipe *r, const tome_op *const *ops, const char *text, tome_error *err) {
  if (r->count == MOST_STEPS) return tome_fail(err, TOME_USAGE, "a recipe has at most %d steps", MOST_STEPS);
  tome_step step;
  if (!tome_step_parse(ops, text, &r->arena, &step, err)) return tome_fail_prefix(err, "step %zu", r->count + 1);
  if (!tome_arena_grow(&r->arena, &r->steps, &r->cap, r->count + 1, sizeof *r->steps, err)) return false;
  r->steps[r->count++] = step;
  return true;
}

static bool finish(tome_recipe *r, tome_error *err) {
  char *text = tome_arena_dup(&r->arena, "", err);
  for (size_t i = 0; i < r->count && text; i++)
    text = tome_arena_printf(&r->arena, err, "%s%s%s", text, i ? " " : "", r->steps[i].text);
  if (!text) return false;
  r->text = text;
  tome_hash_bytes(text, strlen(text), r->hash);
  return true;
}

bool tome_recipe_parse(const tome_op *const *ops, const char *const *steps, size_t count, tome_recipe *out,
                       tome_error *err) {
  TOME_CLEANUP(tome_recipe_clear) tome_recipe r = {0};
  for (size_t i = 0; i < count; i++)
    if (!add_step(&r, ops, steps[i], err)) return false;
  if (!finish(&r, err)) return false;
  *out = r;
  r = (tome_recipe){0}; /* handed over */
  return true;
}

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

bool tome_recipe_next(const char **at, const char **word, size_t *length) {
  const char *p = *at;
  while (is_blank(*p) || *p == '#')
    if (*p == '#')
      p += strcspn(p, "\n");
    else
      p++;
  *word = p;
  for (bool quoted = false; *p && (quoted || !is_blank(*p)); p++) {
    if (*p == '\n') break; /* a quote left open does not swallow the file */
    if (*p == '"') quoted = !quoted;
  }
  *length = (size_t)(p - *word);
  *at = p;
  return *length > 0;
}

bool tome_recipe_parse_text(const tome_op *const *ops, const char *text, tome_recipe *out, tome_error *err) {
  TOME_CLEANUP(tome_recipe_clear) tome_recipe r = {0};
  const char *word;
  for (size_t length; tome_recipe_next(&text, &word, &length);) {
    const char *step = tome_arena_printf(&r.arena, err, "%.*s", (int)length, word);
    if (!step || !add_step(&r, ops, step, err)) return false;
  }
  if (!finish(&r, err)) return false;
  *out = r;
  r = (tome_recipe){0};
  return true;
}
