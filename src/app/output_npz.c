/* NumPy archives: image, labels/<map>, geometry, recipe, hashes and facts, each an entry that np.load gives without pickle. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/output_inside.h"
#include "base/zip_write.h"
#include "format/numpy/npy_header.h"

typedef struct writing {
  tome_zip_writer *zip;
  tome_run run;
  const tome_outgoing *g;
  const char *path;
} writing;

static bool put_array(const writing *w, const char *name, const char *descr, int dims, const int64_t *dim,
                      const void *data, size_t bytes, bool stored, tome_error *err) {
  TOME_CLEANUP(tome_arena_clear) tome_arena arena = {0};
  uint8_t head[NPY_HEADER];
  const size_t size = tome_npy_header_write(descr, dims, dim, head);
  const char *entry = tome_arena_printf(&arena, err, "%s.npy", name);
  const tome_zip_part parts[2] = {{head, size}, {data, bytes}};
  return entry && tome_zip_writer_add(w->zip, entry, parts, 2, stored, &w->run, err);
}

static bool put_reals(const writing *w, const char *name, int dims, const int64_t *dim, const double *v,
                      tome_error *err) {
  size_t count = 1;
  for (int i = 0; i < dims; i++) count *= (size_t)dim[i];
  char descr[8];
  tome_npy_descr(TOME_F64, descr);
  return put_array(w, name, descr, dims, dim, v, count * sizeof *v, false, err);
}

/* UTF-8 as NumPy's text: four bytes a character. What is no UTF-8 becomes U+FFFD. *count gets the characters. */
static uint32_t *wide_text(const char *text, size_t *count, tome_error *err) {
  uint32_t *out = tome_alloc(strlen(text) + 1, sizeof *out, "text", err);
  size_t n = 0;
  for (const uint8_t *p = (const uint8_t *)text; out && *p;) {
    const int more = *p < 0x80 ? 0 : *p >= 0xf0 ? 3 : *p >= 0xe0 ? 2 : *p >= 0xc0 ? 1 : -1;
    uint32_t c = more <= 0 ? *p : *p & (0x3fu >> more);
    int got = 0;
    while (got < more && (p[got + 1] & 0xc0) == 0x80) c = c << 6 | (p[++got] & 0x3fu);
    out[n++] = got == more && c <= 0x10ffff ? c : 0xfffd;
    p += got + 1;
  }
  *count = n;
  return out;
}

static bool put_text(const writing *w, const char *name, const char *text, bool stored, tome_error *err) {
  size_t count;
  char descr[24];
  TOME_AUTO_FREE uint32_t *wide = wide_text(text ? text : "", &count, err);
  if (!wide) return false;
  if (count == 0) wide[count++] = 0; /* "<U0" is none that NumPy keeps */
  snprintf(descr, sizeof descr, "%cU%zu", __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? '<' : '>', count);
  return put_array(w, name, descr, 0, NULL, wide, count * sizeof *wide, stored, err);
}

static bool put_volumes(const writing *w, tome_error *err) {
  const tome_output_item *item = w->g->item;
  for (size_t i = 0; i < item->volume_count; i++) {
    const tome_output_volume *v = &item->volumes[i];
    TOME_CLEANUP(tome_arena_clear) tome_arena arena = {0};
    const char *name = v->is_label ? tome_arena_printf(&arena, err, "labels/%s", v->name) : v->name;
    char descr[8];
    size_t bytes;
    if (!name) return false;
    if (!tome_shape_bytes(item->geometry.shape, tome_dtype_size(v->dtype), &bytes))
      return tome_fail(err, TOME_USAGE, "%s: a volume without voxels cannot be written", w->path);
    tome_npy_descr(v->dtype, descr);
    if (!put_array(w, name, descr, 3, item->geometry.shape, v->voxels, bytes, false, err)) return false;
  }
  return true;
}

static bool put_geometry(const writing *w, tome_error *err) {
  const tome_geometry *g = &w->g->item->geometry;
  const int64_t three[2] = {3, 3}, four[2] = {4, 4};
  double affine[4][4];
  tome_geometry_to_ras_affine(g, affine);
  return put_reals(w, "spacing", 1, three, g->spacing, err) && put_reals(w, "origin", 1, three, g->origin, err) &&
         put_reals(w, "direction", 2, three, &g->direction[0][0], err) &&
         put_reals(w, "affine", 2, four, &affine[0][0], err);
}

static bool put_facts(const writing *w, tome_error *err) {
  const tome_output_item *item = w->g->item;
  const double n = (double)item->n;
  if (!put_text(w, "id", item->id, false, err) || !put_text(w, "units", item->units, false, err) ||
      !put_text(w, "recipe", item->recipe, false, err) || !put_text(w, "recipe_hash", item->recipe_hash, false, err) ||
      !put_text(w, "voxel_hash", item->voxel_hash, false, err) ||
      (item->n >= 0 && !put_reals(w, "n", 0, NULL, &n, err)))
    return false;
  for (size_t i = 0; i < item->fact_count; i++) {
    const tome_output_fact *f = &item->facts[i];
    const int64_t count = (int64_t)f->count;
    if (!(f->text ? put_text(w, f->name, f->text, false, err)
                  : put_reals(w, f->name, f->count == 1 ? 0 : 1, &count, f->many, err)))
      return false;
  }
  return true;
}

/* The key first and not compressed, where it is found again without reading the rest. */
static bool write_npz(void *ctx, int fd, tome_error *err) {
  writing *w = ctx;
  w->zip = tome_zip_writer_new(fd, w->path, err);
  const bool ok = w->zip && put_text(w, "key", w->g->key, true, err) && put_geometry(w, err) && put_facts(w, err) &&
                  put_volumes(w, err) && tome_zip_writer_finish(w->zip, err);
  tome_zip_writer_free(w->zip);
  return ok;
}

static bool put(tome_output *o, const tome_outgoing *g, tome_error *err) {
  writing w = {.run = tome_output_run(o), .g = g, .path = g->paths[0]};
  return tome_output_file(o, g->paths[0], write_npz, &w, err);
}

static bool has(const tome_output *o, const tome_outgoing *g) {
  (void)o;
  size_t count;
  TOME_AUTO_FREE uint32_t *wide = wide_text(g->key, &count, NULL);
  return wide && tome_carry_found(g->paths[0], wide, count * sizeof *wide);
}

const tome_output_kind tome_output_kind_npz = {.together = true, .has = has, .put = put};
