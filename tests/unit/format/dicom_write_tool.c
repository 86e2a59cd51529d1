/* Writes DICOM for the Python tests: one command a line on stdin, one line of answer each: "ok", or the error's sentence.
 *   write<TAB>TARGET<TAB>RAW<TAB>DTYPE<TAB>Z,Y,X<TAB>GEOMETRY<TAB>OPTIONS
 * GEOMETRY: 15 numbers (spacing, origin, direction of z, y, x). OPTIONS: key=value, separated by ';'. A TARGET that ends in '/' is a folder, made
 * by the caller. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "format/dicom/dicom.h"

enum { MOST = 512 };

typedef struct order {
  tome_volume v;
  tome_write_options o;
  tome_write_name names[MOST];
  const char *uids[MOST];
} order;

static bool numbers(char *text, double *out, size_t n) {
  for (size_t i = 0; i < n; i++) {
    out[i] = strtod(text, &text);
    text += *text == ',';
  }
  return *text == '\0';
}

static bool read_geometry(char *shape, char *text, tome_geometry *g) {
  double s[3], v[15];
  if (!numbers(shape, s, 3) || !numbers(text, v, 15)) return false;
  for (int i = 0; i < 3; i++) g->shape[i] = (int64_t)s[i];
  memcpy(g->spacing, v, sizeof g->spacing);
  memcpy(g->origin, v + 3, sizeof g->origin);
  memcpy(g->direction, v + 6, sizeof g->direction);
  return true;
}

static tome_dtype dtype_of(const char *name) {
  for (tome_dtype t = TOME_U8; t <= TOME_F64; t++)
    if (strcmp(tome_dtype_name(t), name) == 0) return t;
  return TOME_NONE;
}

static void option(order *x, const char *key, char *value) {
  const struct {
    const char *key, **to;
  } texts[] = {{"units", &x->o.units},
               {"modality", &x->o.modality},
               {"codec", &x->o.codec},
               {"study", &x->o.study_uid},
               {"series", &x->o.series_uid},
               {"frame", &x->o.frame_uid},
               {"sop_class", &x->o.sop_class},
               {"id", &x->o.id},
               {"description", &x->o.description}};
  for (size_t i = 0; i < TOME_COUNT(texts); i++)
    if (strcmp(key, texts[i].key) == 0) *texts[i].to = value;
  if (strcmp(key, "label") == 0) x->o.is_label = true;
  if (strcmp(key, "scale") == 0) x->o.to_16_bits = true;
  if (strncmp(key, "name", 4) == 0 && x->o.name_count < MOST)
    x->names[x->o.name_count++] = (tome_write_name){atoi(key + 4), value};
  if (strncmp(key, "sop", 3) == 0 && key[3] >= '0' && key[3] <= '9' && atoi(key + 3) < MOST) {
    x->uids[atoi(key + 3)] = value;
    x->o.sop_uids = x->uids;
  }
}

static void options(order *x, char *text) {
  char *save = NULL;
  x->o.names = x->names;
  for (char *t = strtok_r(text, ";", &save); t; t = strtok_r(NULL, ";", &save)) {
    char *equals = strchr(t, '=');
    if (!equals) continue;
    *equals = '\0';
    option(x, t, equals + 1);
  }
}

static bool put(const char *target, const order *x, tome_error *err) {
  if (target[strlen(target) - 1] == '/') return tome_format_dicom.write_folder(target, &x->v, &x->o, err);
  const int fd = open(target, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd < 0) return tome_fail_errno(err, "%s", target);
  const bool ok = tome_format_dicom.write(fd, target, &x->v, &x->o, err);
  close(fd);
  return ok;
}

static bool run(char *word[7], tome_error *err) {
  static order x;
  x = (order){.v.dtype = dtype_of(word[3])};
  TOME_CLEANUP(tome_bytes_clear) tome_bytes raw = {0};
  if (!read_geometry(word[4], word[5], &x.v.geometry)) return tome_fail(err, TOME_USAGE, "bad geometry");
  options(&x, word[6]);
  if (!tome_file_read(word[2], 0, &raw, err)) return false;
  if (raw.size != tome_volume_voxels(&x.v) * tome_dtype_size(x.v.dtype)) return tome_fail(err, TOME_USAGE, "bad size");
  x.v.data = raw.data;
  return put(word[1], &x, err);
}

int main(void) {
  static char line[1 << 16];
  while (fgets(line, sizeof line, stdin)) {
    line[strcspn(line, "\n")] = '\0';
    char *word[7], *save = line;
    for (int i = 0; i < 7; i++) word[i] = strsep(&save, "\t");
    if (!word[5]) return 2;
    static char none[1];
    if (!word[6]) word[6] = none;
    tome_error err = {0};
    puts(run(word, &err) ? "ok" : err.message[0] ? err.message : "failed without a message");
    fflush(stdout);
  }
  return 0;
}
