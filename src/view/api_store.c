/* api_store.c - what the page needs to know before it knows a case. */
#include <string.h>

#include "view/inside.h"

static void put_presets(cli_json *j) {
  tome_window_preset p;
  cli_json_key(j, "presets");
  cli_json_open(j, '[');
  for (size_t i = 0; tome_window_at(i, &p); i++) {
    cli_json_open(j, '{');
    cli_json_put_text(j, "name", p.name);
    cli_json_put_real(j, "level", p.level);
    cli_json_put_real(j, "width", p.width);
    cli_json_close(j, '}');
  }
  cli_json_close(j, ']');
}

static void put_palette(cli_json *j) {
  enum { COLOURS = 21 }; /* then they come round again */
  cli_json_key(j, "palette");
  cli_json_open(j, '[');
  for (size_t i = 0; i < COLOURS; i++) {
    char text[8];
    snprintf(text, sizeof text, "#%06x", tome_colour_at(i) & 0xffffffu);
    cli_json_text(j, text);
  }
  cli_json_close(j, ']');
}

static void put_op(void *user, const tome_op_info *info) {
  cli_json *j = user;
  cli_json_open(j, '{');
  cli_json_put_text(j, "name", info->name);
  cli_json_put_text(j, "title", info->title);
  cli_json_put_text(j, "example", info->example);
  cli_json_put_text(j, "help", info->help);
  cli_json_close(j, '}');
}

typedef struct facts {
  int64_t cases;
  char units[32];
} facts;

static bool take_facts(void *user, size_t columns, const char *const *names, const tome_value *values) {
  facts *f = user;
  (void)columns;
  (void)names;
  if (!values) return true;
  f->cases = values[0].i;
  snprintf(f->units, sizeof f->units, "%s", view_string(&values[1]));
  return true;
}

/* The folder's name, whatever slashes follow it. */
static void put_name(cli_json *j, const char *path) {
  size_t end = strlen(path);
  while (end > 1 && path[end - 1] == '/') end--;
  size_t begin = end;
  while (begin > 0 && path[begin - 1] != '/') begin--;
  VIEW_AUTO_TEXT char *name = strndup(path + begin, end - begin);
  cli_json_put_text(j, "name", name);
}

bool view_api_store(const view_request *r, view_reply *out, tome_error *err) {
  view_server *v = view_server_of(r);
  facts f = {0};
  /* units: those of all cases, where they are the same */
  static const char sql[] =
      "SELECT count(*), CASE WHEN min(units) = max(units) THEN min(units) ELSE '' END FROM images";
  if (!view_query(r, sql, NULL, take_facts, &f, err)) return false;
  VIEW_CLEANUP(view_text_clear) view_text t = {0};
  if (!view_text_open(&t, err)) return false;
  cli_json *j = &t.json;
  cli_json_open(j, '{');
  put_name(j, tome_path(v->store));
  cli_json_put_text(j, "path", tome_path(v->store));
  cli_json_put_text(j, "version", tome_version());
  cli_json_put_int(j, "cases", (uint64_t)f.cases);
  cli_json_put_text(j, "units", f.units);
  put_presets(j);
  put_palette(j);
  cli_json_key(j, "recipes");
  view_recipes_json(&v->recipes, j);
  cli_json_key(j, "ops");
  cli_json_open(j, '[');
  if (!tome_each_op(put_op, j, err)) return false;
  cli_json_close(j, ']');
  cli_json_close(j, '}');
  return view_text_reply(&t, out, err);
}
