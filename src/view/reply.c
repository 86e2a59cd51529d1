/* reply.c - failures and JSON as replies. */
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "view/inside.h"

bool view_fail(tome_error *err, tome_code code, const char *fmt, ...) {
  if (err->code != TOME_OK) return false;
  va_list args;
  va_start(args, fmt);
  vsnprintf(err->message, sizeof err->message, fmt, args);
  va_end(args);
  err->code = code;
  return false;
}

bool view_no_memory(tome_error *err) { return view_fail(err, TOME_NO_MEMORY, "out of memory"); }

void view_free_text(char **text) { free(*text); }

void view_reply_clear(view_reply *r) {
  free(r->data);
  *r = (view_reply){0};
}

bool view_text_open(view_text *t, tome_error *err) {
  t->json = (cli_json){.out = open_memstream(&t->text, &t->size)};
  return t->json.out || view_no_memory(err);
}

void view_text_clear(view_text *t) {
  if (t->json.out) fclose(t->json.out);
  free(t->text);
  *t = (view_text){0};
}

bool view_text_reply(view_text *t, view_reply *out, tome_error *err) {
  FILE *f = t->json.out;
  t->json.out = NULL;
  if (fclose(f) != 0) return view_no_memory(err);
  out->type = "application/json";
  out->data = t->text;
  out->size = t->size;
  t->text = NULL;
  return true;
}

void view_json_whole(cli_json *j, const char *name, const int64_t v[3]) {
  cli_json_key(j, name);
  cli_json_open(j, '[');
  for (int a = 0; a < 3; a++) cli_json_int(j, v[a]);
  cli_json_close(j, ']');
}

/* Rows x, y, z, 1; columns z, y, x, 1: times (z, y, x, 1) it gives the voxel's place in the world. */
void view_json_affine(cli_json *j, const tome_geometry *g) {
  cli_json_key(j, "affine");
  cli_json_open(j, '[');
  for (int row = 0; row < 4; row++) {
    cli_json_open(j, '[');
    for (int a = 0; a < 3; a++) cli_json_real(j, row < 3 ? g->spacing[a] * g->direction[a][row] : 0);
    cli_json_real(j, row < 3 ? g->origin[row] : 1);
    cli_json_close(j, ']');
  }
  cli_json_close(j, ']');
}

void view_json_names(cli_json *j, const char *name, const char *list) {
  cli_json_key(j, name);
  cli_json_open(j, '[');
  for (const char *s = list; *s;) {
    const size_t n = strcspn(s, "\x1f");
    VIEW_AUTO_TEXT char *one = strndup(s, n);
    cli_json_text(j, one);
    s += n + (s[n] != '\0');
  }
  cli_json_close(j, ']');
}

double view_real(const tome_value *v) {
  if (v->kind == TOME_VALUE_INT) return (double)v->i;
  return v->kind == TOME_VALUE_REAL ? v->r : NAN;
}

const char *view_string(const tome_value *v) { return v->kind == TOME_VALUE_TEXT ? v->s : ""; }

static unsigned status_of(tome_code code) {
  switch (code) {
    case TOME_USAGE:
      return 400;
    case TOME_NOT_FOUND:
      return 404;
    case TOME_GEOMETRY:
    case TOME_VALUE:
    case TOME_UNSUPPORTED:
      return 422;
    case TOME_CANCELLED:
    case TOME_NO_MEMORY:
      return 503;
    default:
      return 500;
  }
}

void view_reply_error(view_reply *out, const tome_error *err) {
  static const char no_words[] = "{\"error\": \"out of memory\"}\n";
  const unsigned status = out->status ? out->status : status_of(err->code);
  view_reply_clear(out);
  VIEW_CLEANUP(view_text_clear) view_text t = {0};
  tome_error none = {0};
  bool ok = view_text_open(&t, &none);
  if (ok) {
    cli_json_open(&t.json, '{');
    cli_json_put_text(&t.json, "error", err->message);
    cli_json_close(&t.json, '}');
    ok = view_text_reply(&t, out, &none);
  }
  if (!ok) *out = (view_reply){.type = "application/json", .still = no_words, .size = sizeof no_words - 1};
  out->status = status;
}

bool view_query(const view_request *r, const char *sql, const char *param, tome_row_fn row, void *user,
                tome_error *err) {
  const char *params[] = {param};
  return tome_query(view_server_of(r)->store, sql, params, param ? 1 : 0, 10, row, user, err);
}
