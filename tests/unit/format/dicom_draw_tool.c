/* Answers the Python tests of SEG and RTSTRUCT: one command a line on stdin, one JSON line of answer each.
 *   outline<TAB>PATH                                          what the drawing holds
 *   mask<TAB>PATH<TAB>I<TAB>THRESHOLD<TAB>Z,Y,X<TAB>GEOMETRY<TAB>OUT   structure I on that grid, a byte a voxel, into OUT; I -1: each in turn, the last stays
 * GEOMETRY: 15 numbers (spacing, origin, direction of z, y, x), or "own". What fails leaves its sentence in "error". */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format/dicom/dicom.h"

static void put_text(const char *name, const char *s) {
  printf("\"%s\":\"", name);
  for (; *s; s++) {
    const unsigned char c = (unsigned char)*s;
    if (c == '"' || c == '\\') putchar('\\');
    if (c < ' ')
      printf("\\u%04x", (unsigned)c);
    else
      putchar(c);
  }
  putchar('"');
}

static void put_geometry(const tome_drawing *d) {
  const tome_geometry *g = &d->geometry;
  if (!d->has_geometry) {
    printf(",\"geometry\":null");
    return;
  }
  printf(",\"geometry\":{\"shape\":[%lld,%lld,%lld],\"flat\":[", (long long)g->shape[0], (long long)g->shape[1],
         (long long)g->shape[2]);
  for (int i = 0; i < 15; i++) {
    const double v = i < 3 ? g->spacing[i] : i < 6 ? g->origin[i - 3] : g->direction[(i - 6) / 3][(i - 6) % 3];
    printf("%s%.17g", i ? "," : "", v);
  }
  printf("]}");
}

static void put_outline(const tome_drawing *d) {
  printf("\"fractional\":%s,", d->fractional ? "true" : "false");
  put_text("kind", d->kind ? d->kind : "");
  putchar(',');
  put_text("series_uid", d->series_uid ? d->series_uid : "");
  putchar(',');
  put_text("frame_uid", d->frame_uid ? d->frame_uid : "");
  put_geometry(d);
  printf(",\"items\":[");
  for (size_t i = 0; i < d->count; i++) {
    printf("%s{\"number\":%lld,", i ? "," : "", (long long)d->items[i].number);
    put_text("name", d->items[i].name);
    if (d->items[i].has_colour)
      printf(",\"colour\":[%d,%d,%d]", d->items[i].colour[0], d->items[i].colour[1], d->items[i].colour[2]);
    putchar('}');
  }
  printf("],\"notes\":[");
  for (size_t i = 0; i < d->note_count; i++) {
    printf("%s{", i ? "," : "");
    put_text("text", d->notes[i]);
    putchar('}');
  }
  printf("],");
}

static bool numbers(char *text, double *out, size_t n) {
  for (size_t i = 0; i < n; i++) {
    out[i] = strtod(text, &text);
    text += *text == ',';
  }
  return *text == '\0';
}

static bool read_grid(const tome_drawing *d, char *shape, char *text, tome_geometry *g, tome_error *err) {
  double s[3], v[15];
  if (strcmp(text, "own") == 0) {
    *g = d->geometry;
    return d->has_geometry || tome_fail(err, TOME_USAGE, "no grid of its own");
  }
  if (!numbers(shape, s, 3) || !numbers(text, v, 15)) return tome_fail(err, TOME_USAGE, "bad geometry");
  for (int i = 0; i < 3; i++) g->shape[i] = (int64_t)s[i];
  memcpy(g->spacing, v, sizeof g->spacing);
  memcpy(g->origin, v + 3, sizeof g->origin);
  memcpy(g->direction, v + 6, sizeof g->direction);
  return true;
}

static bool draw(const tome_drawing *d, char *word[7], tome_error *err) {
  const long which = atol(word[2]);
  tome_geometry g;
  size_t bytes;
  if (!read_grid(d, word[4], word[5], &g, err)) return false;
  if (!tome_shape_bytes(g.shape, 1, &bytes)) return tome_fail(err, TOME_USAGE, "impossible size");
  if (which >= (long)d->count) return tome_fail(err, TOME_USAGE, "no such structure");
  TOME_AUTO_FREE uint8_t *mask = tome_alloc_zero(bytes, 1, "mask", err);
  if (!mask) return false;
  for (size_t i = which < 0 ? 0 : (size_t)which; i < (which < 0 ? d->count : (size_t)which + 1); i++)
    if (!d->format->rasterise(d, i, &g, atof(word[3]), mask, err)) return false;
  FILE *out = fopen(word[6], "wb");
  if (!out) return tome_fail_errno(err, "%s", word[6]);
  fwrite(mask, 1, bytes, out);
  return fclose(out) == 0;
}

static void answer(char *word[7]) {
  TOME_CLEANUP(tome_drawing_clear) tome_drawing d = {0};
  tome_error err = {0};
  putchar('{');
  const tome_format *f = tome_drawing_of(word[1], &err);
  bool ok = f ? f->outline(word[1], &d, &err) : tome_fail(&err, TOME_UNSUPPORTED, "no drawing");
  if (ok && strcmp(word[0], "mask") == 0 && word[6]) ok = draw(&d, word, &err);
  put_outline(&d);
  put_text("error", ok ? "" : err.message[0] ? err.message : "failed without a message");
  puts("}");
}

int main(void) {
  static char line[1 << 14];
  while (fgets(line, sizeof line, stdin)) {
    line[strcspn(line, "\n")] = '\0';
    char *word[7] = {0}, *save = line;
    for (int i = 0; i < 7; i++) word[i] = strsep(&save, "\t");
    if (!word[1]) return 2;
    answer(word);
    fflush(stdout);
  }
  return 0;
}
