/* MINC 1 and MINC 2: read only. Stored integers whose scale is one for all slices stay integers; where image-min and image-max differ from slice to slice,
 * the real values come out as float64. */
#include <stdlib.h>
#include <string.h>

#include "format/head.h"
#include "format/minc/header.h"

extern const tome_format tome_format_minc;

static int probe(const uint8_t *head, size_t size, bool gzip, const char *name) {
  if (size < 8) return 0;
  const bool minc = tome_ends_in(name, ".mnc") || tome_ends_in(name, ".mnc.gz") || tome_ends_in(name, ".mnc2");
  if (memcmp(head, "CDF", 3) == 0 && (head[3] == 1 || head[3] == 2)) return minc ? 100 : 60;
  if (gzip || memcmp(head, "\x89HDF\r\n\x1a\n", 8) != 0) return 0;
  return minc ? 100 : memmem(head, size, "minc-2.0", 9) ? 90 : 0;
}

static bool describe(const char *path, tome_pieces *out, tome_error *err) {
  TOME_CLEANUP(tome_arena_clear) tome_arena arena = {0};
  TOME_CLEANUP(tome_minc_close) tome_minc m;
  tome_error why = {0};
  uint8_t head[32];
  size_t got;
  m.h5.fd = -1;
  if (tome_file_head(path, head, sizeof head, &got, &why) && got > 2 && head[0] == 0x1f)
    return tome_pieces_pass_over(out, path, false, err, "is MINC compressed as a whole; gunzip it first");
  if (!tome_minc_open(path, &arena, &m, &why)) return tome_pieces_pass_over_why(out, path, &why, err);
  const size_t before = out->count;
  const char *note = tome_arena_dup(&out->arena, m.note, err);
  for (int64_t i = 0; note && i < m.form.frames; i++) {
    tome_piece *p = tome_pieces_add(out, &tome_format_minc, path, err);
    if (!p) {
      out->count = before;
      return false;
    }
    p->frame = i;
    if (m.form.frames > 1) p->temporal = i;
    memcpy(p->shape, m.form.shape, sizeof p->shape);
    p->channels = (int)m.form.channels;
    p->dtype = m.one_scale ? m.dtype : TOME_F64;
    p->slope = m.one_scale ? m.slope : 1;
    p->intercept = m.one_scale ? m.intercept : 0;
    p->has_geometry = true;
    p->geometry = m.geometry;
    p->geometry_note = note;
  }
  return note != NULL;
}

/* ---- decode ---- */

#define CLAMP(type)                                                           \
  do {                                                                        \
    type *v = values;                                                         \
    const type a = (type)m->valid[0], b = (type)m->valid[1];                  \
    for (size_t i = 0; i < n; i++) v[i] = v[i] < a ? a : v[i] > b ? b : v[i]; \
  } while (0)

static void clamp(const tome_minc *m, void *values, size_t n) {
  double lo, hi;
  tome_dtype_range(m->dtype, &lo, &hi);
  if (!m->scales || (m->valid[0] <= lo && m->valid[1] >= hi)) return;
  switch (m->dtype) {
    case TOME_U8:
      CLAMP(uint8_t);
      break;
    case TOME_I8:
      CLAMP(int8_t);
      break;
    case TOME_U16:
      CLAMP(uint16_t);
      break;
    case TOME_I16:
      CLAMP(int16_t);
      break;
    case TOME_U32:
      CLAMP(uint32_t);
      break;
    case TOME_I32:
      CLAMP(int32_t);
      break;
    default: /* MINC has no longer ones */
      break;
  }
}

/* Real values of elements that begin with element `first` of the image. */
static void scale(const tome_minc *m, const void *stored, size_t first, size_t n, double *out) {
  size_t all = 1;
  for (int i = 0; i < m->dims; i++) all *= (size_t)m->shape[i];
  const size_t slab = all / m->scales, element = tome_dtype_size(m->dtype);
  for (size_t i = 0; i < n;) {
    const size_t k = (first + i) / slab, left = slab - (first + i) % slab, step = left < n - i ? left : n - i;
    const double slope = (m->most[k] - m->least[k]) / (m->valid[1] - m->valid[0]),
                 base = m->least[k] - m->valid[0] * slope;
    tome_to_doubles(m->dtype, (const char *)stored + i * element, step, out + i);
    for (size_t j = i; j < i + step; j++) out[j] = out[j] * slope + base;
    i += step;
  }
}

/* Rows [lo, hi) as the piece has them: clamped, and scaled where its scale is not one. */
static bool read_rows(tome_minc *m, uint64_t lo, uint64_t hi, void *out, size_t elements, tome_error *err) {
  const size_t row = elements / (size_t)(hi - lo), bytes = elements * tome_dtype_size(m->dtype);
  if (m->one_scale) {
    if (!tome_minc_read(m, lo, hi, out, bytes, err)) return false;
    clamp(m, out, elements);
    return true;
  }
  TOME_AUTO_FREE void *stored = tome_alloc(bytes, 1, m->path, err);
  if (!stored || !tome_minc_read(m, lo, hi, stored, bytes, err)) return false;
  clamp(m, stored, elements);
  scale(m, stored, (size_t)lo * row, elements, out);
  return true;
}

/* Space in order, samples behind it, volumes (if any) by the slowest axis. */
static bool is_plain(const tome_minc *m) {
  const tome_array *a = &m->array;
  const int fastest = a->channel >= 0;
  if (a->channel > 0 || a->space[TOME_X] != fastest) return false;
  return m->dims == 3 + fastest || (m->dims == 4 + fastest && a->space[TOME_Z] == m->dims - 2);
}

static bool decode_open(tome_minc *m, const tome_piece *p, void *out, tome_error *err) {
  m->array.dtype = p->dtype;
  const bool volumes = m->dims > 3 + (m->array.channel >= 0);
  if (is_plain(m)) {
    const uint64_t lo = volumes ? (uint64_t)p->frame : 0, hi = volumes ? lo + 1 : m->shape[0];
    return read_rows(m, lo, hi, out, tome_piece_bytes(p) / tome_dtype_size(p->dtype), err);
  }
  tome_array_form form;
  if (!tome_array_form_of(&m->array, &form, err)) return false;
  TOME_AUTO_FREE void *all = tome_alloc((size_t)form.bytes, 1, p->path, err);
  if (!all || !read_rows(m, 0, m->shape[0], all, (size_t)form.bytes / tome_dtype_size(p->dtype), err)) return false;
  tome_array_pick(&m->array, &form, all, p->frame, out);
  return true;
}

static bool decode(const tome_piece *p, void *out, size_t out_bytes, tome_error *err) {
  TOME_CLEANUP(tome_arena_clear) tome_arena arena = {0};
  TOME_CLEANUP(tome_minc_close) tome_minc m;
  tome_error why = {0};
  m.h5.fd = -1;
  if (!tome_piece_fits(p, out_bytes, err)) return false;
  bool ok = tome_minc_open(p->path, &arena, &m, &why);
  if (ok && (memcmp(m.form.shape, p->shape, sizeof p->shape) != 0 || p->frame >= m.form.frames ||
             m.form.channels != p->channels || p->dtype != (m.one_scale ? m.dtype : TOME_F64)))
    ok = tome_fail(&why, TOME_CORRUPT, "is no longer what it was");
  ok = ok && decode_open(&m, p, out, &why);
  return ok || tome_fail(err, why.code, "%s: %s", p->path, why.message);
}

const tome_format tome_format_minc = {
    .name = "minc",
    .title = "MINC 1 and MINC 2",
    .extensions = ".mnc",
    .keeps =
        "real values (valid range, image-min and image-max of each slice), start, step and direction cosines, samples "
        "of a voxel, time as volumes, any "
        "order of dimensions",
    .loses =
        "labels' names, history, acquisition; irregular spacing, whole-file compression and resolutions below the "
        "first are not read",
    .probe = probe,
    .describe = describe,
    .decode = decode,
};
