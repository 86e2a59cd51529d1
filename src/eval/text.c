/* Steps back into text: the canonical form that outputs carry, and the help that `tome ops` shows. Both from the rows of
 * the op's table, so that they cannot disagree with what is parsed. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eval/param.h"
#include "eval/recipe.h"

/* The fewest digits that read back as the same number. */
static const char *number_text(double v, tome_arena *arena, tome_error *err) {
  char text[40];
  for (int digits = 6; digits <= 17; digits++) {
    snprintf(text, sizeof text, "%.*g", digits, v);
    if (strtod(text, NULL) == v) break;
  }
  return tome_arena_dup(arena, text, err);
}

static const char *word_text(const char *word, tome_arena *arena, tome_error *err) {
  if (!word[strcspn(word, " \t,=:#")]) return word;
  return tome_arena_printf(arena, err, "\"%s\"", word);
}

static const char *bound_text(double v, tome_arena *arena, tome_error *err) {
  return isnan(v) ? "" : number_text(v, arena, err);
}

static const char *item_text(const tome_param *p, const tome_item *v, tome_arena *arena, tome_error *err) {
  if (v->choice >= 0) return v->word;
  const char *a, *b;
  switch (p->kind) {
    case TOME_KIND_SPAN:
      a = bound_text(v->a, arena, err);
      b = bound_text(v->b, arena, err);
      return a && b ? tome_arena_printf(arena, err, "%s:%s", a, b) : NULL;
    case TOME_KIND_PAIR:
      a = isnan(v->a) ? word_text(v->word, arena, err) : number_text(v->a, arena, err);
      b = number_text(v->b, arena, err);
      return a && b ? tome_arena_printf(arena, err, "%s=%s", a, b) : NULL;
    case TOME_KIND_WORD:
      return word_text(v->word, arena, err);
    case TOME_KIND_LENGTH:
      a = number_text(v->a, arena, err);
      return a && v->mm ? tome_arena_printf(arena, err, "%smm", a) : a;
    default:
      return number_text(v->a, arena, err);
  }
}

static bool same_text(const char *const *texts, size_t n) {
  for (size_t i = 1; i < n; i++)
    if (strcmp(texts[0], texts[i]) != 0) return false;
  return true;
}

static char *argument_text(const tome_param *p, const tome_arg *arg, tome_arena *arena, tome_error *err) {
  const char *items[TOME_MANY] = {0};
  size_t n = arg->count;
  for (size_t i = 0; i < n; i++)
    if (!(items[i] = item_text(p, &arg->items[i], arena, err))) return NULL;
  if (p->most == 3 && p->kind != TOME_KIND_SPAN && same_text(items, n)) n = 1;
  char *text = tome_arena_printf(arena, err, "%s=%s", p->name, n ? items[0] : "");
  for (size_t i = 1; i < n && text; i++) text = tome_arena_printf(arena, err, "%s,%s", text, items[i]);
  return text;
}

const char *tome_step_text(const tome_step *s, tome_arena *arena, tome_error *err) {
  char *text = tome_arena_dup(arena, s->op->name, err);
  char mark = ':';
  for (size_t i = 0; text && s->op->params && s->op->params[i].name; i++) {
    if (!s->args[i].count) continue;
    const char *argument = argument_text(&s->op->params[i], &s->args[i], arena, err);
    if (!argument) return NULL;
    text = tome_arena_printf(arena, err, "%s%c%s", text, mark, argument);
    mark = ',';
  }
  return text;
}

static const char *kind_text(const tome_param *p, char *room, size_t size) {
  static const char *const three = ", for each of z,y,x or for all";
  char range[300], words[200] = "";
  tome_param_range(p, range, sizeof range);
  if (p->choices && p->kind != TOME_KIND_CHOICE) snprintf(words, sizeof words, ", or %s", p->choices);
  const char *each = p->most == 3 ? three : "";
  switch (p->kind) {
    case TOME_KIND_INT:
      snprintf(room, size, "a whole number, %s%s%s", range, words, each);
      break;
    case TOME_KIND_REAL:
    case TOME_KIND_MM:
      snprintf(room, size, "%s%s%s", range, words, each);
      break;
    case TOME_KIND_LENGTH:
      snprintf(room, size, "voxels, or with \"mm\"; %s%s%s", range, words, each);
      break;
    case TOME_KIND_CHOICE:
      snprintf(room, size, "%s%s", range, p->most > 3 ? ", one or several" : "");
      break;
    case TOME_KIND_WORD:
      snprintf(room, size, p->most > 1 ? "words" : "a word");
      break;
    case TOME_KIND_SPAN:
      snprintf(room, size, "z0:z1,y0:y1,x0:x1; a bound left out is the volume's own");
      break;
    case TOME_KIND_PAIR:
      snprintf(room, size, "pairs old=new");
      break;
  }
  return room;
}

const char *tome_op_help(const tome_op *op, tome_arena *arena, tome_error *err) {
  static const char *const acts[] = {"image and labels", "image", "labels"};
  char *text = tome_arena_printf(arena, err, "%s: %s\n  acts on %s; for example %s\n", op->name, op->title,
                                 acts[op->acts], op->example);
  for (const tome_param *p = op->params; text && p && p->name; p++) {
    char room[600];
    text = tome_arena_printf(arena, err, "%s  %-10s %s (%s%s%s)\n", text, p->name, p->help,
                             kind_text(p, room, sizeof room), p->standard ? "; default " : "",
                             p->standard ? p->standard : "");
  }
  return text;
}
