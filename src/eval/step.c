/* One step from its text: an op and its arguments, parsed and checked by the rows of the op's table. */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eval/param.h"
#include "eval/recipe.h"

/* A step in hand. Values without a key go to row `at`, and on to the next free one once it is full. */
typedef struct parser {
  const tome_op *op;
  tome_arena *arena;
  size_t rows;
  tome_item *items[TOME_ROWS];
  size_t counts[TOME_ROWS];
  bool keyed[TOME_ROWS]; /* its key was written */
  size_t at;
} parser;

/* Cuts the next piece off a text at an unquoted `stop`, dropping quotes; *text goes behind the stop, or becomes NULL at the end. `key` gets
 * the place of the piece's first unquoted '=', or NULL. */
static char *cut_piece(char **text, char stop, char **key) {
  char *start = *text, *to = start, *from = start;
  bool quoted = false;
  *key = NULL;
  for (; *from && (quoted || *from != stop); from++) {
    if (*from == '"') {
      quoted = !quoted;
      continue;
    }
    if (*from == '=' && !quoted && !*key) *key = to;
    *to++ = *from;
  }
  *text = *from ? from + 1 : NULL;
  *to = '\0';
  return start;
}

static const tome_op *find_op(const tome_op *const *ops, const char *name, tome_error *err) {
  tome_near near = {.word = name};
  for (; *ops; ops++) {
    if (!strcmp((*ops)->name, name)) return *ops;
    tome_near_try(&near, (*ops)->name);
  }
  if (near.best) tome_fail(err, TOME_USAGE, "there is no step \"%s\"; did you mean %s?", name, near.best);
  tome_fail(err, TOME_USAGE, "there is no step \"%s\"; `tome ops` lists them all", name);
  return NULL;
}

static size_t count_rows(const tome_op *op) {
  size_t n = 0;
  while (op->params && n < TOME_ROWS && op->params[n].name) n++;
  return n;
}

static bool find_row(const parser *p, const char *key, size_t *row) {
  for (size_t i = 0; i < p->rows; i++)
    if (!strcmp(p->op->params[i].name, key)) {
      *row = i;
      return true;
    }
  return false;
}

static bool fail_unknown_key(const parser *p, const char *key, tome_error *err) {
  char all[400] = "";
  tome_near near = {.word = key};
  for (size_t i = 0; i < p->rows; i++) {
    tome_near_try(&near, p->op->params[i].name);
    const size_t used = strlen(all);
    snprintf(all + used, sizeof all - used, "%s%s", i ? ", " : "", p->op->params[i].name);
  }
  if (near.best)
    return tome_fail(err, TOME_USAGE, "%s: there is no parameter \"%s\"; did you mean %s?", p->op->name, key,
                     near.best);
  return tome_fail(err, TOME_USAGE, "%s: there is no parameter \"%s\"; it takes %s", p->op->name, key,
                   p->rows ? all : "none");
}

static bool add_value(parser *p, size_t row, char *value, char *key, tome_error *err) {
  const tome_param *param = &p->op->params[row];
  if (p->counts[row] >= (size_t)param->most)
    return tome_fail(err, TOME_USAGE, "%s: %s takes %d value%s; \"%s\" is one too many", p->op->name, param->name,
                     param->most, param->most == 1 ? "" : "s", value);
  if (!p->items[row]) p->items[row] = tome_arena_alloc(p->arena, (size_t)param->most * sizeof(tome_item), err);
  if (!p->items[row]) return false;
  if (!tome_param_value(param, value, key, p->arena, &p->items[row][p->counts[row]], err))
    return tome_fail_prefix(err, "%s", p->op->name);
  p->counts[row]++;
  return true;
}

/* A value without a key of its own. */
static bool add_next(parser *p, char *value, char *key, tome_error *err) {
  while (p->at < p->rows && p->counts[p->at] >= (size_t)p->op->params[p->at].most) p->at++;
  if (p->at >= p->rows) {
    if (key) *key = '\0';
    return tome_fail(err, TOME_USAGE, "%s: \"%s\" is one value too many", p->op->name, value);
  }
  return add_value(p, p->at, value, key, err);
}

static bool add_piece(parser *p, char *piece, char *equals, tome_error *err) {
  if (!equals) return add_next(p, piece, NULL, err);
  size_t row = 0;
  *equals = '\0';
  if (find_row(p, piece, &row)) {
    if (p->keyed[row] || p->counts[row])
      return tome_fail(err, TOME_USAGE, "%s: %s is given twice", p->op->name, p->op->params[row].name);
    p->at = row;
    p->keyed[row] = true;
    char *inner = p->op->params[row].kind == TOME_KIND_PAIR ? strchr(equals + 1, '=') : NULL;
    return add_value(p, row, equals + 1, inner, err);
  }
  if (p->at >= p->rows || p->op->params[p->at].kind != TOME_KIND_PAIR) return fail_unknown_key(p, piece, err);
  return add_next(p, piece, equals, err);
}

static bool add_defaults(parser *p, tome_error *err) {
  for (size_t i = 0; i < p->rows; i++) {
    if (p->counts[i] || !p->op->params[i].standard) continue;
    char *text = tome_arena_dup(p->arena, p->op->params[i].standard, err);
    if (!text) return false;
    for (char *key, *value; text && *text;) {
      value = cut_piece(&text, ',', &key);
      if (!add_value(p, i, value, key, err)) return false;
    }
  }
  return true;
}

/* One value for all three axes, where three are wanted. */
static bool spread(parser *p, tome_error *err) {
  for (size_t i = 0; i < p->rows; i++) {
    if (p->op->params[i].most != 3 || p->counts[i] == 0) continue;
    if (p->counts[i] == 1 && p->op->params[i].kind != TOME_KIND_SPAN) {
      p->items[i][2] = p->items[i][1] = p->items[i][0];
      p->counts[i] = 3;
    }
    if (p->counts[i] != 3)
      return tome_fail(err, TOME_USAGE, "%s: %s takes one value, or three (z,y,x); here are %zu", p->op->name,
                       p->op->params[i].name, p->counts[i]);
  }
  return true;
}

static bool finish(parser *p, tome_step *out, tome_error *err) {
  tome_arg *args = tome_arena_alloc(p->arena, (p->rows + 1) * sizeof *args, err);
  if (!args) return false;
  for (size_t i = 0; i < p->rows; i++) args[i] = (tome_arg){p->items[i], p->counts[i]};
  tome_step s = {.op = p->op, .args = args};
  s.text = tome_step_text(&s, p->arena, err);
  if (!s.text) return false;
  *out = s;
  return true;
}

bool tome_step_parse(const tome_op *const *ops, const char *text, tome_arena *arena, tome_step *out, tome_error *err) {
  char *copy = tome_arena_dup(arena, text, err), *key;
  if (!copy) return false;
  const char *name = cut_piece(&copy, ':', &key);
  parser p = {.op = find_op(ops, name, err), .arena = arena};
  if (!p.op) return false;
  p.rows = count_rows(p.op);
  while (copy && *copy) {
    char *piece = cut_piece(&copy, ',', &key);
    if (!add_piece(&p, piece, key, err)) return false;
  }
  return add_defaults(&p, err) && spread(&p, err) && finish(&p, out, err);
}
