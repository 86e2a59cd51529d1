/* Answers the Python tests: one command a line on stdin, one JSON line of answer each.
 *   describe<TAB>PATH           pieces and what was passed over
 *   decode<TAB>PATH<TAB>OUT     the same, and the voxels of all pieces one after the other into OUT
 *   picture<TAB>PATH<TAB>OUT    as decode, the file being offered as an image: palettes give colours
 *   write<TAB>PATH<TAB>OUT      reads the first piece of PATH and writes it as a volume to OUT, in the format of OUT's name
 *   memory                      peak resident bytes and seconds of work so far */
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "format/format.h"

static void put_text(const char *s) {
  putchar('"');
  for (; *s; s++) {
    if (*s == '"' || *s == '\\') putchar('\\');
    if ((unsigned char)*s < ' ')
      printf("\\u%04x", (unsigned)*s);
    else
      putchar(*s);
  }
  putchar('"');
}

static void put_affine(const tome_geometry *g) {
  double a[4][4];
  tome_geometry_to_ras_affine(g, a);
  printf(",\"affine\":[");
  for (int r = 0; r < 4; r++) printf("%s[%.17g,%.17g,%.17g,%.17g]", r ? "," : "", a[r][0], a[r][1], a[r][2], a[r][3]);
  printf("]");
}

static void put_piece(const tome_piece *p) {
  printf("{\"format\":\"%s\",\"frame\":%lld,\"shape\":[%lld,%lld,%lld],\"channels\":%d,\"dtype\":\"%s\"",
         p->format->name, (long long)p->frame, (long long)p->shape[0], (long long)p->shape[1], (long long)p->shape[2],
         p->channels, tome_dtype_name(p->dtype));
  printf(",\"slope\":%.17g,\"intercept\":%.17g,\"temporal\":%s", p->slope, p->intercept,
         p->temporal == INT64_MIN ? "false" : "true");
  printf(",\"name\":");
  put_text(p->name);
  printf(",\"located\":%s,\"note\":", p->has_position || p->has_pixel_spacing ? "true" : "false");
  put_text(p->geometry_note);
  printf(",\"palette\":%d,\"lossy\":%s,\"inverted\":%s,\"remark\":", p->palette ? p->palette->count : 0,
         p->lossy ? "true" : "false", p->inverted ? "true" : "false");
  put_text(p->note);
  if (p->has_geometry) put_affine(&p->geometry);
  printf("}");
}

static size_t piece_bytes(const tome_piece *p) {
  size_t bytes = 0;
  return tome_shape_bytes(p->shape, tome_dtype_size(p->dtype) * (size_t)p->channels, &bytes) ? bytes : 0;
}

static bool decode(const tome_piece *p, FILE *out, tome_error *err) {
  const size_t bytes = piece_bytes(p);
  TOME_AUTO_FREE void *voxels = tome_alloc(bytes, 1, p->path, err);
  if (!voxels || !p->format->decode(p, voxels, bytes, err)) return false;
  return fwrite(voxels, 1, bytes, out) == bytes || tome_fail_errno(err, "%s", p->path);
}

static bool decode_all(const tome_pieces *list, const char *path, tome_error *err) {
  FILE *out = fopen(path, "wb");
  if (!out) return tome_fail_errno(err, "%s", path);
  bool ok = true;
  for (size_t i = 0; ok && i < list->count; i++) ok = decode(&list->items[i], out, err);
  return fclose(out) == 0 && ok;
}

static bool write_first(const tome_pieces *list, const char *path, tome_error *err) {
  const tome_format *f = tome_format_for_name(path);
  if (!f || !list->count) return tome_fail(err, TOME_USAGE, "nothing to write, or no format for %s", path);
  const tome_piece *p = &list->items[0];
  TOME_CLEANUP(tome_volume_clear)
  tome_volume v = {.geometry = p->geometry, .dtype = p->dtype, .channels = p->channels, .data = malloc(piece_bytes(p))};
  if (!p->has_geometry) v.geometry = tome_geometry_identity(p->shape);
  if (!v.data || !p->format->decode(p, v.data, piece_bytes(p), err)) return false;
  TOME_CLEANUP(tome_draft_abandon) tome_draft d = {.fd = -1};
  if (!tome_draft_open(path, &d, err)) return false;
  const tome_write_options opt = {.description = "a test"};
  return f->write(d.fd, tome_basename(path), &v, &opt, err) && tome_draft_place(&d, true, err);
}

static void put_list(const tome_pieces *list) {
  printf("\"pieces\":[");
  for (size_t i = 0; i < list->count; i++) {
    if (i) putchar(',');
    put_piece(&list->items[i]);
  }
  printf("],\"passed\":[");
  for (size_t i = 0; i < list->passed_count; i++) {
    printf("%s{\"damaged\":%s,\"text\":", i ? "," : "", list->passed[i].damaged ? "true" : "false");
    put_text(list->passed[i].text);
    putchar('}');
  }
  putchar(']');
}

static void answer(const char *verb, const char *path, const char *out) {
  tome_error err = {0};
  TOME_CLEANUP(tome_pieces_clear) tome_pieces list = {0};
  bool ok = tome_describe(path, &list, &err);
  const bool picture = strcmp(verb, "picture") == 0;
  if (ok && picture) tome_pieces_as_pictures(&list);
  if (ok && (picture || strcmp(verb, "decode") == 0)) ok = decode_all(&list, out, &err);
  if (ok && strcmp(verb, "write") == 0) ok = write_first(&list, out, &err);
  putchar('{');
  put_list(&list);
  printf(",\"error\":");
  put_text(ok ? "" : err.message[0] ? err.message : "failed without a message");
  puts("}");
}

int main(void) {
  char line[16384];
  while (fgets(line, sizeof line, stdin)) {
    line[strcspn(line, "\n")] = '\0';
    char *save = NULL, *verb = strtok_r(line, "\t", &save), *path = strtok_r(NULL, "\t", &save);
    const char *out = strtok_r(NULL, "\t", &save);
    struct rusage use;
    getrusage(RUSAGE_SELF, &use);
    if (!verb || !path)
      printf("{\"peak\":%lld,\"worked\":%.6f}\n", (long long)use.ru_maxrss * 1024,
             (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
                 1e-6 * (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec));
    else
      answer(verb, path, out ? out : "/dev/null");
    fflush(stdout);
  }
  return 0;
}
