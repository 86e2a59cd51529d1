/* Answers the Python tests of the DICOM reader: one command a line on stdin, one JSON line of answer each.
 *   describe<TAB>PATH           every field of every piece, and what was passed over
 *   decode<TAB>PATH<TAB>OUT     the same, and the stored values of all pieces one after the other into OUT
 * A piece that cannot be decoded leaves its sentence in "error". */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format/dicom/dicom.h"

static void put_text(const char *name, const char *s) {
  printf("\"%s\":\"", name);
  for (; *s; s++) {
    const unsigned char c = (unsigned char)*s;
    if (c == '"' || c == '\\') putchar('\\');
    if (c < ' ' || c > '~')
      printf("\\u%04x", (unsigned)c);
    else
      putchar(c);
  }
  putchar('"');
}

static void put_numbers(const char *name, bool there, const double *v, int n) {
  printf(",\"%s\":", name);
  if (!there) {
    printf("null");
    return;
  }
  for (int i = 0; i < n; i++) printf("%s%.17g", i ? "," : "[", v[i]);
  putchar(']');
}

static void put_integer(const char *name, int64_t v) {
  if (v == INT64_MIN)
    printf(",\"%s\":null", name);
  else
    printf(",\"%s\":%lld", name, (long long)v);
}

static void put_texts(const tome_piece *p) {
  const char *const texts[][2] = {
      {"series_uid", p->series_uid}, {"study_uid", p->study_uid},     {"frame_uid", p->frame_uid},
      {"sop_uid", p->sop_uid},       {"sop_class", p->sop_class},     {"modality", p->modality},
      {"image_type", p->image_type}, {"description", p->description}, {"identity", p->identity},
  };
  for (size_t i = 0; i < TOME_COUNT(texts); i++) {
    putchar(',');
    put_text(texts[i][0], texts[i][1]);
  }
}

static void put_piece(const tome_piece *p) {
  printf("{\"frame\":%lld,\"shape\":[%lld,%lld,%lld],\"channels\":%d,\"dtype\":\"%s\"", (long long)p->frame,
         (long long)p->shape[0], (long long)p->shape[1], (long long)p->shape[2], p->channels,
         tome_dtype_name(p->dtype));
  const double padding[2] = {p->padding_lo, p->padding_hi}, scale[2] = {p->slope, p->intercept};
  put_numbers("scale", true, scale, 2);
  put_numbers("padding", p->has_padding, padding, 2);
  put_numbers("position", p->has_position, p->position, 3);
  put_numbers("along_row", p->has_orientation, p->along_row, 3);
  put_numbers("along_column", p->has_orientation, p->along_column, 3);
  put_numbers("pixel_spacing", p->has_pixel_spacing, p->pixel_spacing, 2);
  put_numbers("thickness", true, &p->slice_thickness, 1);
  put_numbers("tilt", !isnan(p->tilt_tag), &p->tilt_tag, 1);
  put_integer("instance", p->instance);
  put_integer("acquisition", p->acquisition);
  put_integer("temporal", p->temporal);
  printf(",\"inverted\":%s", p->inverted ? "true" : "false");
  put_texts(p);
  putchar('}');
}

static bool decode_all(const tome_pieces *list, const char *path, tome_error *err) {
  FILE *out = fopen(path, "wb");
  if (!out) return tome_fail_errno(err, "%s", path);
  bool ok = true;
  for (size_t i = 0; i < list->count && ok; i++) {
    const tome_piece *p = &list->items[i];
    size_t bytes = 0;
    ok = tome_shape_bytes(p->shape, tome_dtype_size(p->dtype) * (size_t)p->channels, &bytes);
    TOME_AUTO_FREE void *values = ok ? tome_alloc(bytes, 1, p->path, err) : NULL;
    ok = values && tome_format_dicom.decode(p, values, bytes, err);
    if (ok) fwrite(values, 1, bytes, out);
  }
  return fclose(out) == 0 && ok;
}

static void answer(const char *verb, const char *path, const char *out) {
  TOME_CLEANUP(tome_pieces_clear) tome_pieces list = {0};
  tome_error err = {0};
  bool ok = tome_format_dicom.describe(path, &list, &err);
  if (ok && out && strcmp(verb, "decode") == 0) ok = decode_all(&list, out, &err);
  uint8_t head[4096];
  size_t got = 0;
  const bool read = tome_file_head(path, head, sizeof head, &got, NULL);
  printf("{\"probe\":%d,\"pieces\":[", read ? tome_format_dicom.probe(head, got, false, path) : -1);
  for (size_t i = 0; i < list.count; i++) {
    if (i) putchar(',');
    put_piece(&list.items[i]);
  }
  printf("],\"passed\":[");
  for (size_t i = 0; i < list.passed_count; i++) {
    printf("%s{\"damaged\":%s,", i ? "," : "", list.passed[i].damaged ? "true" : "false");
    put_text("text", list.passed[i].text);
    putchar('}');
  }
  printf("],");
  put_text("error", ok ? "" : err.message[0] ? err.message : "failed without a message");
  puts("}");
}

int main(void) {
  char line[16384];
  while (fgets(line, sizeof line, stdin)) {
    line[strcspn(line, "\n")] = '\0';
    char *save = NULL, *verb = strtok_r(line, "\t", &save), *path = strtok_r(NULL, "\t", &save);
    const char *out = strtok_r(NULL, "\t", &save);
    if (!verb || !path) return 2;
    answer(verb, path, out);
    fflush(stdout);
  }
  return 0;
}
