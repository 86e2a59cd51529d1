/* NRRD out: attached or detached, LPS, little or big endian as the machine is, gzip unless told otherwise. */
#include "format/nrrd/write.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/packed.h"

static const char *type_name(tome_dtype t) {
  static const char *const names[] = {
      [TOME_U8] = "uint8",  [TOME_I8] = "int8",    [TOME_U16] = "uint16", [TOME_I16] = "int16", [TOME_U32] = "uint32",
      [TOME_I32] = "int32", [TOME_U64] = "uint64", [TOME_I64] = "int64",  [TOME_F32] = "float", [TOME_F64] = "double"};
  return t > TOME_NONE && (size_t)t < TOME_COUNT(names) ? names[t] : "";
}

static const char *kind_name(const tome_volume *v) {
  if (v->dtype != TOME_U8 || v->channels > 4) return "vector";
  return v->channels == 3 ? "RGB-color" : v->channels == 4 ? "RGBA-color" : "vector";
}

enum { MOST_NAME = 255 };

typedef struct text {
  char at[2048];
  size_t n;
} text;

static void put(text *t, const char *fmt, ...) TOME_PRINTF(2, 3);
static void put(text *t, const char *fmt, ...) {
  va_list args;
  va_start(args, fmt);
  const int n = vsnprintf(t->at + t->n, sizeof t->at - t->n, fmt, args);
  va_end(args);
  if (n > 0) t->n += (size_t)n;
}

static void make_header(const tome_volume *v, const char *voxels, bool raw, text *t) {
  const tome_geometry *g = &v->geometry;
  const bool many = v->channels > 1;
  put(t, "NRRD0004\n# Complete NRRD file format specification at:\n# http://teem.sourceforge.net/nrrd/format.html\n");
  put(t, "type: %s\ndimension: %d\nspace: left-posterior-superior\nsizes:", type_name(v->dtype), many ? 4 : 3);
  if (many) put(t, " %d", v->channels);
  put(t, " %lld %lld %lld\nspace directions:", (long long)g->shape[2], (long long)g->shape[1], (long long)g->shape[0]);
  if (many) put(t, " none");
  for (int axis = 2; axis >= 0; axis--) {
    double step[3];
    tome_geometry_step(g, axis, step);
    put(t, " (%.17g,%.17g,%.17g)", step[0], step[1], step[2]);
  }
  put(t, "\nkinds:%s%s domain domain domain\n", many ? " " : "", many ? kind_name(v) : "");
  put(t, "endian: %s\nencoding: %s\n", __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? "little" : "big",
      raw ? "raw" : "gzip");
  put(t, "space origin: (%.17g,%.17g,%.17g)\n", g->origin[0], g->origin[1], g->origin[2]);
  if (voxels)
    put(t, "data file: %s\n", voxels);
  else
    put(t, "\n"); /* voxels follow */
}

bool tome_nrrd_write(int fd, const char *name, const tome_volume *v, const tome_write_options *opt, tome_error *err) {
  const size_t element = tome_dtype_size(v->dtype) * (size_t)(v->channels > 1 ? v->channels : 1);
  size_t bytes;
  if (!*type_name(v->dtype) || !tome_shape_bytes(v->geometry.shape, element, &bytes))
    return tome_fail(err, TOME_USAGE, "%s: a volume without voxels cannot be written", name);
  const bool raw = opt && opt->level < 0;
  const char *voxels = opt ? opt->voxels_name : NULL, *into = voxels ? voxels : name;
  const int to = voxels ? opt->voxels_fd : fd;
  text t = {.n = 0};
  if (voxels && strlen(voxels) > MOST_NAME) return tome_fail(err, TOME_USAGE, "%s: its name is too long", name);
  make_header(v, voxels, raw, &t);
  if (!tome_write_all(fd, t.at, t.n, name, err)) return false;
  tome_filling *filling = opt ? opt->filling : NULL;
  if (raw) return tome_filling_write(filling, to, v->data, bytes, into, err);
  const tome_packing packing = {.wrapping = TOME_WRAP_GZIP,
                                .level = opt ? opt->level : 0,
                                .data = v->data,
                                .size = bytes,
                                .element = tome_dtype_size(v->dtype),
                                .filling = filling};
  return tome_write_packed(to, into, &packing, NULL, err);
}
