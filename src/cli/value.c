/* value.c - one option's value: checked against its kind, range and choices, refused with a sentence that says what would do. */
#include "cli/args.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/say.h"

/* Reads one number that fills text up to `end`, within the option's range. */
static bool number_in(const cli_option *o, const char *text, const char *end, double *out) {
  char copy[64], *stop = NULL;
  size_t length = (size_t)(end - text);
  if (length == 0 || length >= sizeof copy || strspn(text, "+-.0123456789eE") < length) return false;
  memcpy(copy, text, length);
  copy[length] = '\0';
  double v = strtod(copy, &stop);
  if (stop != copy + length || !isfinite(v) || v < o->lo || v > o->hi) return false;
  if (o->kind == CLI_INT && v != floor(v)) return false;
  *out = v;
  return true;
}

static bool parse_number(const cli_option *o, const char *text, double number[3], tome_error *err) {
  if (number_in(o, text, text + strlen(text), number)) return true;
  return cli_fail(err, "--%s takes a %s from %.15g to %.15g, not \"%s\"", o->name,
                  o->kind == CLI_INT ? "whole number" : "number", o->lo, o->hi, text);
}

static bool parse_zyx(const cli_option *o, const char *text, double number[3], tome_error *err) {
  double v[3];
  int n = 0;
  const char *at = text;
  for (; n < 3; n++) {
    const char *end = at + strcspn(at, ",");
    if (!number_in(o, at, end, &v[n])) break;
    if (*end == '\0') {
      at = NULL;
      n++;
      break;
    }
    at = end + 1;
  }
  if (at || (n != 1 && n != 3))
    return cli_fail(err, "--%s takes three numbers z,y,x from %.15g to %.15g, or one for all three, not \"%s\"",
                    o->name, o->lo, o->hi, text);
  for (int a = 0; a < 3; a++) number[a] = v[n == 1 ? 0 : a];
  return true;
}

/* The words of `choices` as "a, b or c". */
static void spell_choices(const char *choices, char *out, size_t size) {
  size_t at = 0;
  for (const char *w = choices; *w && at + 1 < size;) {
    size_t length = strcspn(w, " ");
    const char *next = w + length + (w[length] == ' ');
    const char *before = w == choices ? "" : *next ? ", " : " or ";
    int wrote = snprintf(out + at, size - at, "%s%.*s", before, (int)length, w);
    at += wrote > 0 ? (size_t)wrote : 0;
    w = next;
  }
}

static bool parse_choice(const cli_option *o, const char *text, double number[3], tome_error *err) {
  char words[16][32];
  int count = 0;
  for (const char *w = o->choices; *w && count < 16;) {
    size_t length = strcspn(w, " ");
    snprintf(words[count++], sizeof words[0], "%.*s", (int)length, w);
    w += length + (w[length] == ' ');
  }
  cli_near near = {.word = text};
  for (int i = 0; i < count; i++) {
    if (strcmp(words[i], text) == 0) {
      number[0] = i;
      return true;
    }
    cli_near_try(&near, words[i]);
  }
  char spelt[256];
  spell_choices(o->choices, spelt, sizeof spelt);
  if (near.best) return cli_fail(err, "--%s takes %s, not \"%s\": did you mean %s?", o->name, spelt, text, near.best);
  return cli_fail(err, "--%s takes %s, not \"%s\"", o->name, spelt, text);
}

bool cli_value_parse(const cli_option *o, const char *text, double number[3], tome_error *err) {
  const char *equals;
  switch (o->kind) {
    case CLI_FLAG:
      return cli_fail(err, "--%s is a switch and takes no value (got \"%s\")", o->name, text);
    case CLI_TEXT:
      return *text ? true : cli_fail(err, "--%s needs a value %s that is not empty", o->name, o->arg);
    case CLI_INT:
    case CLI_REAL:
      return parse_number(o, text, number, err);
    case CLI_ZYX:
      return parse_zyx(o, text, number, err);
    case CLI_CHOICE:
      return parse_choice(o, text, number, err);
    case CLI_PAIR:
      equals = strchr(text, '=');
      if (equals && equals != text && equals[1]) return true;
      return cli_fail(err, "--%s takes %s, for example liver=masks/liver.nii.gz, not \"%s\"", o->name, o->arg, text);
  }
  return false;
}
