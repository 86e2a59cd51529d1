/* What goes along with the voxels: geometry, recipe, hashes and facts, as JSON; and the key by which a result is known again. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/output_inside.h"
#include "base/gzip.h"

/* ---- the key ---- */

static void add_text(tome_hasher *h, const char *text) {
  tome_hasher_add(h, text ? text : "", text ? strlen(text) + 1 : 1);
}

void tome_carry_key(const tome_output_item *item, char key[TOME_HASH_TEXT]) {
  key[0] = '\0';
  tome_hasher *h = tome_hasher_new(NULL);
  if (!h) return; /* no key: nothing will match */
  add_text(h, item->id);
  tome_hasher_add(h, &item->n, sizeof item->n);
  add_text(h, item->recipe_hash);
  add_text(h, item->voxel_hash);
  for (size_t i = 0; i < item->fact_count; i++) {
    const tome_output_fact *f = &item->facts[i];
    add_text(h, f->name);
    add_text(h, f->text);
    if (!f->text && f->count) tome_hasher_add(h, f->many, f->count * sizeof *f->many);
  }
  tome_hasher_text(h, key);
  tome_hasher_free(h);
}

/* ---- JSON ---- */

typedef struct json {
  FILE *out;
  bool filled;
} json;

static void key_of(json *j, const char *name) {
  fprintf(j->out, "%s\"%s\":", j->filled ? "," : "", name);
  j->filled = true;
}

/* One character of UTF-8 at `p`; U+FFFD for what is none. *n gets its bytes. */
static uint32_t decode(const uint8_t *p, size_t *n) {
  static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  const size_t length = *p < 0x80 ? 1 : (*p & 0xe0) == 0xc0 ? 2 : (*p & 0xf0) == 0xe0 ? 3 : (*p & 0xf8) == 0xf0 ? 4 : 0;
  *n = 1;
  if (length == 0) return 0xfffd;
  uint32_t c = length == 1 ? *p : *p & (0x7fu >> length);
  for (size_t i = 1; i < length; i++) {
    if ((p[i] & 0xc0) != 0x80) return 0xfffd;
    c = c << 6 | (p[i] & 0x3fu);
  }
  if (c < least[length] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000)) return 0xfffd;
  *n = length;
  return c;
}

static void string(json *j, const char *text) {
  size_t n;
  fputc('"', j->out);
  for (const uint8_t *p = (const uint8_t *)(text ? text : ""); *p; p += n) {
    const uint32_t c = decode(p, &n);
    if (c == '"' || c == '\\')
      fprintf(j->out, "\\%c", (char)c);
    else if (c >= 0x20 && c < 0x7f)
      fputc((int)c, j->out);
    else if (c < 0x10000)
      fprintf(j->out, "\\u%04x", c);
    else
      fprintf(j->out, "\\u%04x\\u%04x", 0xd800 + ((c - 0x10000) >> 10), 0xdc00 + ((c - 0x10000) & 0x3ff));
  }
  fputc('"', j->out);
}

static void number(json *j, double v) {
  char text[40];
  if (!isfinite(v)) {
    fputs("null", j->out);
    return;
  }
  for (int digits = 15; digits <= 17; digits++) {
    snprintf(text, sizeof text, "%.*g", digits, v);
    double back;
    if (sscanf(text, "%lf", &back) == 1 && !(back < v) && !(back > v)) break;
  }
  fputs(text, j->out);
}

static void numbers(json *j, const double *v, size_t count) {
  fputc('[', j->out);
  for (size_t i = 0; i < count; i++) {
    if (i) fputc(',', j->out);
    number(j, v[i]);
  }
  fputc(']', j->out);
}

static void rows(json *j, const double *v, size_t count, size_t width) {
  fputc('[', j->out);
  for (size_t i = 0; i < count; i++) {
    if (i) fputc(',', j->out);
    numbers(j, v + i * width, width);
  }
  fputc(']', j->out);
}

static void text_member(json *j, const char *name, const char *text) {
  key_of(j, name);
  string(j, text);
}

static void geometry_members(json *j, const tome_geometry *g) {
  double affine[4][4];
  tome_geometry_to_ras_affine(g, affine);
  key_of(j, "shape");
  numbers(j, (const double[]){(double)g->shape[0], (double)g->shape[1], (double)g->shape[2]}, 3);
  key_of(j, "spacing");
  numbers(j, g->spacing, 3);
  key_of(j, "origin");
  numbers(j, g->origin, 3);
  key_of(j, "direction");
  rows(j, &g->direction[0][0], 3, 3);
  key_of(j, "affine");
  rows(j, &affine[0][0], 4, 4);
}

static void facts_member(json *j, const tome_output_item *item) {
  key_of(j, "facts");
  fputc('{', j->out);
  json inner = {.out = j->out};
  for (size_t i = 0; i < item->fact_count; i++) {
    const tome_output_fact *f = &item->facts[i];
    fputs(inner.filled ? "," : "", j->out);
    inner.filled = true;
    string(&inner, f->name);
    fputc(':', j->out);
    if (f->text)
      string(&inner, f->text);
    else if (f->count == 1)
      number(&inner, *f->many);
    else
      numbers(&inner, f->many, f->count);
  }
  fputc('}', j->out);
}

static void write_json(FILE *out, const tome_outgoing *g, const tome_output_volume *volume, const char *more) {
  const tome_output_item *item = g->item;
  json j = {.out = out};
  fputc('{', out);
  text_member(&j, "tome", TOME_VERSION);
  text_member(&j, "key", g->key); /* early: it is looked for among the first bytes of a file */
  if (more) fprintf(out, ",%s", more);
  text_member(&j, "id", item->id);
  if (item->n >= 0) {
    key_of(&j, "n");
    number(&j, (double)item->n);
  }
  if (volume) {
    text_member(&j, "volume", volume->name);
    text_member(&j, "dtype", tome_dtype_name(volume->dtype));
    text_member(&j, "units", volume->is_label ? "" : item->units);
  }
  geometry_members(&j, &item->geometry);
  text_member(&j, "recipe", item->recipe);
  text_member(&j, "recipe_hash", item->recipe_hash);
  text_member(&j, "voxel_hash", item->voxel_hash);
  facts_member(&j, item);
  fputc('}', out);
}

const char *tome_carry_json(const tome_outgoing *g, const tome_output_volume *volume, const char *more,
                            tome_arena *arena, tome_error *err) {
  char *text = NULL;
  size_t size;
  FILE *out = open_memstream(&text, &size);
  if (!out) {
    tome_fail(err, TOME_NO_MEMORY, "%s: out of memory", g->item->id);
    return NULL;
  }
  write_json(out, g, volume, more);
  const bool ok = fclose(out) == 0;
  const char *copy = NULL;
  if (ok)
    copy = tome_arena_dup(arena, text, err);
  else
    tome_fail(err, TOME_NO_MEMORY, "%s: out of memory", g->item->id);
  free(text);
  return copy;
}

/* ---- known again ---- */

enum { LOOK_AT = 8192 };

size_t tome_carry_head(const char *path, void *out, size_t size) {
  size_t got = 0;
  if (!tome_file_head(path, out, size, &got, NULL)) return 0;
  if (!tome_is_gzip(out, got)) return got;
  tome_gunzip *g = tome_gunzip_open(path, NULL);
  if (!g || !tome_gunzip_read(g, out, size, &got, NULL)) got = 0;
  tome_gunzip_close(g);
  return got;
}

bool tome_carry_found(const char *path, const void *key, size_t size) {
  uint8_t head[LOOK_AT];
  const size_t got = tome_carry_head(path, head, sizeof head);
  return got && memmem(head, got, key, size) != NULL;
}

bool tome_carry_found_json(const char *path, const char *key) {
  char member[64];
  if (!*key) return false;
  const int n = snprintf(member, sizeof member, "\"key\":\"%s\"", key);
  return tome_carry_found(path, member, (size_t)n);
}
