/* MetaImage, in one file (.mha) or with its voxels beside it (.mhd): ITK's own format. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/packed.h"
#include "format/head.h"
#include "format/meta/header.h"

extern const tome_format tome_format_meta;

static int probe(const uint8_t *head, size_t size, bool gzip, const char *name) {
  (void)name;
  return gzip ? 0 : tome_meta_score(head, size);
}

static bool describe(const char *path, tome_pieces *out, tome_error *err) {
  TOME_CLEANUP(tome_arena_clear) tome_arena arena = {0};
  tome_error why = {0};
  tome_meta m;
  const size_t before = out->count;
  if (!tome_meta_read(path, &arena, &m, &why)) return tome_pieces_pass_over_why(out, path, &why, err);
  if (!tome_place_pieces(out, &tome_format_meta, path, &m.array, &m.form, &m.place, err)) return false;
  for (size_t i = before; i < out->count; i++) {
    out->items[i].slope = m.slope;
    out->items[i].intercept = m.intercept;
  }
  return true;
}

static bool decode(const tome_piece *p, void *out, size_t out_bytes, tome_error *err) {
  TOME_CLEANUP(tome_arena_clear) tome_arena arena = {0};
  tome_meta m;
  tome_error why = {0};
  if (!tome_piece_fits(p, out_bytes, err)) return false;
  if (!tome_meta_read(p->path, &arena, &m, &why)) return tome_fail(err, why.code, "%s: %s", p->path, why.message);
  if (m.array.dtype != p->dtype) return tome_fail(err, TOME_CORRUPT, "%s: is no longer what it was", p->path);
  return tome_array_decode(&m.array, p->frame, out, out_bytes, err);
}

/* ---- out ---- */

static const char *type_name(tome_dtype t) {
  static const char *const names[] = {
      [TOME_U8] = "MET_UCHAR",  [TOME_I8] = "MET_CHAR",   [TOME_U16] = "MET_USHORT",     [TOME_I16] = "MET_SHORT",
      [TOME_U32] = "MET_UINT",  [TOME_I32] = "MET_INT",   [TOME_U64] = "MET_ULONG_LONG", [TOME_I64] = "MET_LONG_LONG",
      [TOME_F32] = "MET_FLOAT", [TOME_F64] = "MET_DOUBLE"};
  return t > TOME_NONE && (size_t)t < TOME_COUNT(names) ? names[t] : NULL;
}

/* Wide enough for any number of bytes; patched once it is known. */
enum { SIZE_DIGITS = 20, MOST_NAME = 255 };

typedef struct text {
  char at[2048];
  size_t n, size_at; /* where CompressedDataSize's digits stand, 0: nowhere */
} text;

static void put(text *t, const char *fmt, ...) TOME_PRINTF(2, 3);
static void put(text *t, const char *fmt, ...) {
  va_list args;
  va_start(args, fmt);
  const int n = vsnprintf(t->at + t->n, sizeof t->at - t->n, fmt, args);
  va_end(args);
  if (n > 0) t->n += (size_t)n;
}

/* Where each axis comes from, in MetaImage's letters: what AnatomicalOrientation is for LPS. */
static void anatomy(const tome_geometry *g, char out[4]) {
  char code[4];
  tome_geometry_code(g, code); /* z, y, x, towards */
  for (int i = 0; i < 3; i++) {
    static const char towards[] = "LRPASI", from[] = "RLAPIS";
    const char *at = strchr(towards, code[2 - i]);
    out[i] = at ? from[at - towards] : '?';
  }
  out[3] = '\0';
}

static void make_header(const tome_volume *v, const char *voxels, bool packed, text *t) {
  const tome_geometry *g = &v->geometry;
  const bool big = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;
  char code[4];
  anatomy(g, code);
  put(t, "ObjectType = Image\nNDims = 3\nBinaryData = True\nBinaryDataByteOrderMSB = %s\n", big ? "True" : "False");
  put(t, "CompressedData = %s\n", packed ? "True" : "False");
  if (packed) {
    put(t, "CompressedDataSize = ");
    t->size_at = t->n;
    put(t, "%*s\n", SIZE_DIGITS, "");
  }
  put(t, "TransformMatrix =");
  for (int axis = 2; axis >= 0; axis--)
    for (int k = 0; k < 3; k++) put(t, " %.17g", g->direction[axis][k]);
  put(t, "\nOffset = %.17g %.17g %.17g\nCenterOfRotation = 0 0 0\n", g->origin[0], g->origin[1], g->origin[2]);
  put(t, "AnatomicalOrientation = %s\n", code);
  put(t, "ElementSpacing = %.17g %.17g %.17g\n", g->spacing[2], g->spacing[1], g->spacing[0]);
  put(t, "DimSize = %lld %lld %lld\n", (long long)g->shape[2], (long long)g->shape[1], (long long)g->shape[0]);
  if (v->channels > 1) put(t, "ElementNumberOfChannels = %d\n", v->channels);
  put(t, "ElementType = %s\nElementDataFile = %s\n", type_name(v->dtype), voxels ? voxels : "LOCAL");
}

static bool patch_size(int fd, const char *name, off_t at, uint64_t size, tome_error *err) {
  char digits[SIZE_DIGITS + 1];
  snprintf(digits, sizeof digits, "%-*llu", SIZE_DIGITS, (unsigned long long)size);
  return pwrite(fd, digits, SIZE_DIGITS, at) == SIZE_DIGITS || tome_fail_errno(err, "%s: cannot be written", name);
}

static bool write_meta(int fd, const char *name, const tome_volume *v, const tome_write_options *opt, tome_error *err) {
  const size_t element = tome_dtype_size(v->dtype) * (size_t)(v->channels > 1 ? v->channels : 1);
  size_t bytes;
  if (!type_name(v->dtype) || !tome_shape_bytes(v->geometry.shape, element, &bytes))
    return tome_fail(err, TOME_USAGE, "%s: a volume without voxels cannot be written", name);
  const bool packed = opt && opt->level > 0;
  const char *voxels = opt ? opt->voxels_name : NULL;
  const int to = voxels ? opt->voxels_fd : fd;
  text t = {.n = 0};
  uint64_t size;
  if (voxels && strlen(voxels) > MOST_NAME) return tome_fail(err, TOME_USAGE, "%s: its name is too long", name);
  make_header(v, voxels, packed, &t);
  if (!tome_write_all(fd, t.at, t.n, name, err)) return false;
  if (!packed) return tome_filling_write(opt ? opt->filling : NULL, to, v->data, bytes, voxels ? voxels : name, err);
  const tome_packing packing = {.wrapping = TOME_WRAP_ZLIB,
                                .level = opt->level,
                                .data = v->data,
                                .size = bytes,
                                .element = tome_dtype_size(v->dtype),
                                .filling = opt->filling};
  return tome_write_packed(to, voxels ? voxels : name, &packing, &size, err) &&
         patch_size(fd, name, (off_t)t.size_at, size, err);
}

static const char *apart(const char *name, const tome_write_options *opt) {
  if (!tome_ends_in(name, ".mhd")) return NULL;
  return opt->level > 0 ? ".zraw" : ".raw";
}

static bool wants_name(const char *name) { return tome_ends_in(name, ".mha") || tome_ends_in(name, ".mhd"); }

const tome_format tome_format_meta = {
    .name = "metaimage",
    .title = "MetaImage",
    .extensions = ".mha .mhd",
    .keeps =
        "voxels and element type, shape, spacing, origin, direction with shear, samples of a voxel, further axes as "
        "volumes; one file or header and "
        "data (one file, LIST, numbered), binary in both byte orders, zlib, text; written as .mha, or as .mhd with "
        ".raw "
        "(.zraw), plain unless a compression level is asked for",
    .loses = "centre of rotation, modality, the spacing of further axes",
    .probe = probe,
    .describe = describe,
    .decode = decode,
    .grid = true,
    .usual_ending = ".mha",
    .write = write_meta,
    .patient = true,
    .apart = apart,
    .wants_name = wants_name,
};
