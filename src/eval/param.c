/* What one row of an op's table means: values parsed and checked against it. */
#include "eval/param.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eval/recipe.h"

/* Calls fn for each word of "a|b|c" until it says stop; the number of that word, or -1. */
static int find_choice(const char *choices, const char *word, tome_near *near) {
  if (!choices) return -1;
  int i = 0;
  for (const char *at = choices;; i++) {
    const size_t n = strcspn(at, "|");
    char one[64];
    snprintf(one, sizeof one, "%.*s", (int)n, at);
    if (!strcmp(one, word)) return i;
    tome_near_try(near, one);
    if (near->best == one) near->best = at; /* outlives `one`; ends at '|' */
    if (!at[n]) return -1;
    at += n + 1;
  }
}

static void say_number(double v, char *out, size_t size) {
  if (fabs(v) >= 1e9)
    snprintf(out, size, v < 0 ? "any" : "up");
  else
    snprintf(out, size, "%.10g", v);
}

void tome_param_range(const tome_param *p, char *out, size_t size) {
  if (p->kind == TOME_KIND_CHOICE) {
    size_t used = 0;
    for (const char *at = p->choices; used + 1 < size; at++) {
      if (!*at) break;
      if (*at == '|') {
        const bool last = !strchr(at + 1, '|');
        used += (size_t)snprintf(out + used, size - used, last ? " or " : ", ");
      } else {
        out[used++] = *at;
        out[used] = '\0';
      }
    }
    return;
  }
  char lo[40], hi[40];
  say_number(p->lo, lo, sizeof lo);
  say_number(p->hi, hi, sizeof hi);
  if (p->lo <= -1e9 && p->hi >= 1e9)
    snprintf(out, size, "any number");
  else if (p->hi >= 1e9)
    snprintf(out, size, "%s or more", lo);
  else
    snprintf(out, size, "%s ... %s", lo, hi);
}

static bool fail_value(const tome_param *p, const char *text, tome_error *err) {
  char range[300], words[120] = "";
  tome_param_range(p, range, sizeof range);
  if (p->choices && p->kind != TOME_KIND_CHOICE) snprintf(words, sizeof words, ", or %s", p->choices);
  for (char *w = words; *w; w++)
    if (*w == '|') *w = ' ';
  const char *what = p->kind == TOME_KIND_INT ? "a whole number, " : "";
  return tome_fail(err, TOME_USAGE, "%s=%s: wanted %s%s%s", p->name, text, what, range, words);
}

static bool parse_number(const char *text, double *out, const char **end) {
  char *stop;
  errno = 0;
  const double v = strtod(text, &stop);
  if (stop == text || !isfinite(v) || strpbrk(text, "xX")) return false;
  *out = v;
  *end = stop;
  return true;
}

static bool number_value(const tome_param *p, const char *text, tome_item *out, tome_error *err) {
  const char *end = text;
  double v;
  if (!parse_number(text, &v, &end)) return fail_value(p, text, err);
  if ((p->kind == TOME_KIND_LENGTH || p->kind == TOME_KIND_MM) && !strcmp(end, "mm")) {
    out->mm = true;
    end += 2;
  }
  const bool whole = p->kind == TOME_KIND_INT || (p->kind == TOME_KIND_LENGTH && !out->mm);
  if (*end || v < p->lo || v > p->hi || (whole && v != floor(v))) return fail_value(p, text, err);
  out->a = v + 0.0; /* no negative zero */
  return true;
}

static bool bound(const char *text, double *out) {
  const char *end;
  *out = NAN;
  return !*text || (parse_number(text, out, &end) && !*end && *out == floor(*out) && fabs(*out) < 1e9);
}

static bool span_value(const tome_param *p, char *text, tome_item *out, tome_error *err) {
  char *colon = strchr(text, ':');
  if (colon) {
    *colon = '\0';
    const bool good = bound(text, &out->a) && bound(colon + 1, &out->b);
    *colon = ':';
    if (good) return true;
  }
  return tome_fail(err, TOME_USAGE, "%s=%s: wanted first:last, as in 40:136", p->name, text);
}

static bool pair_value(const tome_param *p, char *text, char *key, tome_item *out, tome_error *err) {
  if (!key) return tome_fail(err, TOME_USAGE, "%s: \"%s\" lacks its '=': wanted pairs as in 255=0,2=1", p->name, text);
  *key = '\0';
  const char *end;
  if (!*text || !parse_number(key + 1, &out->b, &end) || *end || out->b < p->lo || out->b > p->hi ||
      out->b != floor(out->b))
    return tome_fail(err, TOME_USAGE, "%s: %s=%s: wanted a whole number %g ... %g behind the '='", p->name, text,
                     key + 1, p->lo, p->hi);
  if (!parse_number(text, &out->a, &end) || *end) out->a = NAN;
  return true;
}

static bool choice_value(const tome_param *p, const char *text, tome_item *out, tome_error *err) {
  tome_near near = {.word = text};
  out->choice = find_choice(p->choices, text, &near);
  if (out->choice >= 0) return true;
  if (p->kind != TOME_KIND_CHOICE) return false;
  if (near.best)
    return tome_fail(err, TOME_USAGE, "%s=%s: did you mean %.*s?", p->name, text, (int)strcspn(near.best, "|"),
                     near.best);
  return fail_value(p, text, err);
}

bool tome_param_value(const tome_param *p, char *text, char *key, tome_arena *arena, tome_item *out, tome_error *err) {
  tome_item v = {.a = NAN, .b = NAN, .choice = -1};
  bool ok = false;
  if (p->kind == TOME_KIND_CHOICE || (p->choices && p->kind != TOME_KIND_WORD)) ok = choice_value(p, text, &v, err);
  if (p->kind == TOME_KIND_CHOICE && !ok) return false;
  if (!ok) switch (p->kind) {
      case TOME_KIND_INT:
      case TOME_KIND_REAL:
      case TOME_KIND_LENGTH:
      case TOME_KIND_MM:
        ok = number_value(p, text, &v, err);
        break;
      case TOME_KIND_SPAN:
        ok = span_value(p, text, &v, err);
        break;
      case TOME_KIND_PAIR:
        ok = pair_value(p, text, key, &v, err);
        break;
      case TOME_KIND_WORD:
        ok = *text || tome_fail(err, TOME_USAGE, "%s: wanted a word after it", p->name);
        break;
      case TOME_KIND_CHOICE:
        break;
    }
  if (!ok) return false;
  v.word = tome_arena_dup(arena, text, err);
  if (!v.word) return false;
  *out = v;
  return true;
}
