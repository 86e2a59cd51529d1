/* HDF5 files of anybody's making: each array of numbers of two dimensions or more is a piece (or several) that carries its name; "file.h5:/path" picks one.
 * Attributes as Tome's own files have them (schema/store.md) say where it lies. What is written is src/store's. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format/hdf5/reader.h"
#include "format/head.h"
#include "format/numpy/npy_header.h"

extern const tome_format tome_format_hdf5;

static int probe(const uint8_t *head, size_t size, bool gzip, const char *name) {
  (void)name;
  return !gzip && tome_hdf5_begin(head, size) != TOME_HDF5_NOWHERE ? 50 : 0;
}

/* Which axes are what: as in .npy files. */
static bool roles_of(const tome_hdf5_object *o, tome_array *a, tome_array_form *f, tome_error *err) {
  tome_npy_header h = {.dtype = o->type.dtype, .half = o->type.half, .dims = o->dims};
  for (int i = 0; i < o->dims; i++) {
    if (o->shape[i] > INT64_MAX) return tome_fail(err, TOME_CORRUPT, "has an impossible size");
    h.dim[i] = (int64_t)o->shape[i];
  }
  return tome_npy_array(&h, a, f, err);
}

/* ---- where it lies ---- */

static bool all_finite(const double *v, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (!isfinite(v[i])) return false;
  return true;
}

static bool by_spacing(const tome_hdf5_object *o, const int64_t shape[3], tome_geometry *g) {
  double spacing[3], origin[3] = {0}, direction[9] = {0, 0, 1, 0, 1, 0, 1, 0, 0}, step[3][3];
  if (tome_hdf5_numbers(tome_hdf5_attribute_of(o, "spacing"), spacing, 3) != 3) return false;
  const tome_hdf5_attribute *where = tome_hdf5_attribute_of(o, "origin"), *to = tome_hdf5_attribute_of(o, "direction");
  if ((where && tome_hdf5_numbers(where, origin, 3) != 3) || (to && tome_hdf5_numbers(to, direction, 9) != 9))
    return false;
  if (!all_finite(spacing, 3) || !all_finite(origin, 3) || !all_finite(direction, 9)) return false;
  for (int i = 0; i < 3; i++) {
    if (!(spacing[i] > 0)) return false;
    for (int k = 0; k < 3; k++) step[i][k] = spacing[i] * direction[3 * i + k];
  }
  if (!tome_geometry_from_steps(shape, step, origin, g, NULL)) return false;
  if (fabs(g->spacing[0] - spacing[0]) < 1e-9 && fabs(g->spacing[1] - spacing[1]) < 1e-9 &&
      fabs(g->spacing[2] - spacing[2]) < 1e-9) { /* as written, to the last bit */
    memcpy(g->spacing, spacing, sizeof spacing);
    memcpy(g->direction, direction, sizeof direction);
  }
  return true;
}

static bool by_affine(const tome_hdf5_object *o, const int64_t shape[3], tome_geometry *g) {
  double m[4][4];
  return tome_hdf5_numbers(tome_hdf5_attribute_of(o, "affine"), &m[0][0], 16) == 16 && all_finite(&m[0][0], 16) &&
         tome_geometry_from_ras_affine(shape, (const double(*)[4])m, g, NULL);
}

static bool is_hu(const tome_hdf5_object *o) {
  char units[8];
  tome_hdf5_text(tome_hdf5_attribute_of(o, "units"), units, sizeof units);
  return strcmp(units, "HU") == 0;
}

/* ---- describe ---- */

typedef struct describing {
  const char *path;
  tome_hdf5 *h;
  tome_pieces *out;
  size_t before;
  char others[400]; /* what is no array, for a file that holds none */
} describing;

static bool add_array(describing *d, const char *name, const tome_hdf5_object *o, const tome_array *a,
                      const tome_array_form *f, tome_error *err) {
  const size_t before = d->out->count;
  const char *own = tome_arena_dup(&d->out->arena, name, err);
  tome_geometry g;
  const bool placed = by_spacing(o, f->shape, &g) || by_affine(o, f->shape, &g);
  for (int64_t i = 0; own && i < f->frames; i++) {
    const int64_t number = d->out->count > d->before ? d->out->items[d->out->count - 1].frame + 1 : 0;
    tome_piece *p = tome_pieces_add(d->out, &tome_format_hdf5, d->path, err);
    if (!p) {
      d->out->count = before;
      return false;
    }
    p->name = own;
    p->frame = number;
    p->flags = (uint32_t)i;
    memcpy(p->shape, f->shape, sizeof p->shape);
    p->channels = (int)f->channels;
    p->dtype = a->half ? TOME_F32 : a->dtype;
    p->length = a->half ? TOME_HALVES : 0;
    p->solid = a->dims > 2;
    p->has_geometry = placed;
    if (placed) p->geometry = g;
    if (is_hu(o)) p->modality = "CT";
    if (d->h->matlab)
      p->note = "MATLAB's axes stand in reverse order: (rows, columns, slices) is read as (slices, columns, rows)";
  }
  return own != NULL;
}

static void remember_other(describing *d, const char *name, const tome_hdf5_object *o) {
  const size_t n = strlen(d->others);
  const char *what = o->type.class == TOME_HDF5_NUMBER ? "numbers" : o->type.what ? o->type.what : "nothing readable";
  if (n + 80 < sizeof d->others)
    snprintf(d->others + n, sizeof d->others - n, "%s%.40s (%s, %d-D)", n ? ", " : "", name, what, o->dims);
  tome_make_printable(d->others);
}

static bool add_member(void *user, const char *name, const tome_hdf5_object *o, const tome_error *why,
                       tome_error *err) {
  describing *d = user;
  tome_array a;
  tome_array_form f;
  tome_error own = {0};
  char shown[200];
  snprintf(shown, sizeof shown, "%s", name);
  tome_make_printable(shown);
  if (why) return tome_pieces_pass_over(d->out, d->path, true, err, "its data set %s %s", shown, why->message);
  if (!o->has_type || !o->has_space || (o->type.class != TOME_HDF5_NUMBER && !o->type.half) || o->dims < 2)
    return remember_other(d, name, o), true;
  if (o->unread) return tome_pieces_pass_over(d->out, d->path, false, err, "its data set %s %s", shown, o->unread);
  if (tome_hdf5_could_hold(d->h, o, &own) && roles_of(o, &a, &f, &own)) return add_array(d, name, o, &a, &f, err);
  if (own.code == TOME_NO_MEMORY) return tome_fail(err, own.code, "%s", own.message);
  return tome_pieces_pass_over(d->out, d->path, own.code != TOME_UNSUPPORTED, err, "its data set %s %s", shown,
                               own.message);
}

static void close_file(tome_hdf5 *h) { tome_hdf5_close(h); }

static bool describe(const char *path, tome_pieces *out, tome_error *err) {
  TOME_CLEANUP(tome_arena_clear) tome_arena arena = {0};
  TOME_CLEANUP(close_file) tome_hdf5 h = {.fd = -1};
  TOME_CLEANUP(tome_pieces_clear) tome_pieces list = {0};
  tome_error why = {0};
  describing d = {.path = path, .h = &h, .out = &list};
  if (!tome_hdf5_open(path, &arena, &h, &why)) {
    h.fd = -1;
    return tome_pieces_pass_over_why(out, path, &why, err);
  }
  if (!tome_hdf5_each(&h, add_member, &d, &why)) return tome_pieces_pass_over_why(out, path, &why, err);
  if (!list.count && !list.passed_count)
    return tome_pieces_pass_over(out, path, false, err, "is HDF5 without an array of 2 or more dimensions%s%s",
                                 *d.others ? "; it holds " : "", d.others);
  return tome_pieces_join(out, &list, err);
}

/* ---- decode ---- */

static bool read_piece(tome_hdf5 *h, const tome_piece *p, void *out, size_t out_bytes, tome_error *err) {
  tome_hdf5_object o;
  tome_array a;
  tome_array_form f;
  bool found;
  if (!tome_hdf5_find(h, p->name, &o, &found, err)) return false;
  if (!found || !roles_of(&o, &a, &f, err) || f.piece_bytes != out_bytes || a.dtype != p->dtype ||
      (int64_t)p->flags >= f.frames)
    return tome_fail(err, TOME_CORRUPT, "is no longer what it was");
  const bool volumes = o.dims > 3 + (a.channel >= 0);
  const uint64_t lo = volumes ? p->flags : 0, hi = volumes ? lo + 1 : o.shape[0];
  return tome_hdf5_read(h, &o, lo, hi, out, out_bytes, err);
}

static bool decode(const tome_piece *p, void *out, size_t out_bytes, tome_error *err) {
  if (p->length == TOME_HALVES) return tome_decode_halves(p, decode, out, out_bytes, err);
  TOME_CLEANUP(tome_arena_clear) tome_arena arena = {0};
  TOME_CLEANUP(close_file) tome_hdf5 h = {.fd = -1};
  tome_error why = {0};
  if (!tome_piece_fits(p, out_bytes, err)) return false;
  if (!tome_hdf5_open(p->path, &arena, &h, &why)) {
    h.fd = -1;
    return tome_fail(err, why.code, "%s: %s", p->path, why.message);
  }
  return read_piece(&h, p, out, out_bytes, &why) ||
         tome_fail(err, why.code, "%s:/%s: %s", p->path, p->name, why.message);
}

static bool wants_name(const char *name) { return tome_ends_in(name, ".h5") || tome_ends_in(name, ".hdf5"); }

const tome_format tome_format_hdf5 = {
    .name = "hdf5",
    .title = "HDF5 arrays",
    .extensions = ".h5 .hdf5",
    .keeps =
        "voxels and element type of each array of 2 to 5 dimensions, its name (file.h5:/path picks one), all integers, "
        "float16 (as float32), float32, float64 and NumPy's bool, both byte orders; spacing, origin, direction or "
        "affine where attributes of "
        "those names say them, as in Tome's own files; compact, contiguous and chunked, gzip, szip, lzf, lz4, "
        "zstd, bzip2, Blosc, bitshuffle, scale-offset, shuffle, Fletcher32; user blocks (MATLAB 7.3, whose axes stand "
        "in "
        "reverse order)",
    .loses =
        "other attributes; n-bit, zfp and other filters, virtual and external data sets, soft and external "
        "links, texts and records are refused or passed over by name",
    .probe = probe,
    .describe = describe,
    .decode = decode,
    .usual_ending = ".h5",
    .wants_name = wants_name,
    .elsewhere = true,
};
