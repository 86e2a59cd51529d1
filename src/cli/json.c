/* json.c - strict JSON, written as it goes. */
#include "cli/json.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/utf8.h"

static void comma(cli_json *j) {
  if (j->after_key) {
    j->after_key = false;
    return;
  }
  uint32_t bit = 1u << j->depth;
  if (j->depth > 0 && (j->filled & bit))
    fputs(j->lines && j->depth == 1 ? ",\n  " : ", ", j->out);
  else if (j->lines && j->depth == 1)
    fputs("\n  ", j->out);
  j->filled |= bit;
}

void cli_json_open(cli_json *j, char bracket) {
  comma(j);
  if (j->depth >= 31) abort();
  j->depth++;
  j->filled &= ~(1u << j->depth);
  fputc(bracket, j->out);
}

void cli_json_close(cli_json *j, char bracket) {
  if (j->lines && j->depth == 1 && (j->filled & 2u)) fputc('\n', j->out);
  j->depth--;
  fputc(bracket, j->out);
  if (j->depth == 0) fputc('\n', j->out);
}

static void put_escaped(FILE *out, uint32_t c) {
  const char *shorts = "\"\"\\\\\bb\ff\nn\rr\tt";
  for (const char *s = shorts; *s; s += 2)
    if ((uint32_t)(unsigned char)*s == c) {
      fprintf(out, "\\%c", s[1]);
      return;
    }
  if (c >= 0x20 && c < 0x7f)
    fputc((int)c, out);
  else if (c < 0x10000)
    fprintf(out, "\\u%04" PRIx32, c);
  else
    fprintf(out, "\\u%04" PRIx32 "\\u%04" PRIx32, 0xd800 + ((c - 0x10000) >> 10), 0xdc00 + ((c - 0x10000) & 0x3ff));
}

static void put_string(FILE *out, const char *text) {
  fputc('"', out);
  while (*text) {
    uint32_t c = 0;
    size_t length = cli_utf8_char(text, &c);
    put_escaped(out, length ? c : 0xfffd);
    text += length ? length : 1;
  }
  fputc('"', out);
}

void cli_json_key(cli_json *j, const char *name) {
  comma(j);
  put_string(j->out, name);
  fputs(": ", j->out);
  j->after_key = true;
}

void cli_json_null(cli_json *j) {
  comma(j);
  fputs("null", j->out);
}

void cli_json_text(cli_json *j, const char *text) {
  if (!text) {
    cli_json_null(j);
    return;
  }
  comma(j);
  put_string(j->out, text);
}

void cli_json_int(cli_json *j, int64_t v) {
  comma(j);
  fprintf(j->out, "%" PRId64, v);
}

void cli_shortest(double v, char out[32]) {
  out[0] = '\0';
  if (!isfinite(v)) return;
  for (int digits = 15; digits <= 17; digits++) {
    snprintf(out, 32, "%.*g", digits, v);
    if (strtod(out, NULL) == v) return;
  }
}

void cli_json_real(cli_json *j, double v) {
  char text[32];
  cli_shortest(v, text);
  comma(j);
  fputs(*text ? text : "null", j->out);
}

void cli_json_bool(cli_json *j, bool v) {
  comma(j);
  fputs(v ? "true" : "false", j->out);
}

void cli_json_value(cli_json *j, const tome_value *v) {
  switch (v->kind) {
    case TOME_VALUE_NULL:
      cli_json_null(j);
      break;
    case TOME_VALUE_INT:
      cli_json_int(j, v->i);
      break;
    case TOME_VALUE_REAL:
      cli_json_real(j, v->r);
      break;
    case TOME_VALUE_TEXT:
      cli_json_text(j, v->s);
      break;
  }
}

void cli_json_put_text(cli_json *j, const char *name, const char *text) {
  cli_json_key(j, name);
  cli_json_text(j, text);
}

void cli_json_put_int(cli_json *j, const char *name, uint64_t v) {
  cli_json_key(j, name);
  cli_json_int(j, (int64_t)v);
}

void cli_json_put_real(cli_json *j, const char *name, double v) {
  cli_json_key(j, name);
  cli_json_real(j, v);
}

void cli_json_put_zyx(cli_json *j, const char *name, const double v[3]) {
  cli_json_key(j, name);
  cli_json_open(j, '[');
  for (int a = 0; a < 3; a++) cli_json_real(j, v[a]);
  cli_json_close(j, ']');
}
