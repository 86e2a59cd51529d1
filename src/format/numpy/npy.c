/* NumPy's .npy: an array and nothing else. 2-D arrays are (y, x), 3-D ones (z, y, x); there is no spacing. For
 * more axes see tome_npy_array. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format/head.h"
#include "format/numpy/npy_header.h"

extern const tome_format tome_format_npy;

enum { SWAPPED = 1, FORTRAN = 2, MANY = 4 }; /* tome_piece.flags */

static int probe(const uint8_t *head, size_t size, bool gzip, const char *name) {
  (void)name;
  return !gzip && size >= 6 && memcmp(head, "\x93NUMPY", 6) == 0 ? 100 : 0;
}

static bool read_header(const char *path, tome_npy_header *h, tome_error *err) {
  uint8_t prefix[NPY_PREFIX];
  size_t got, begin, length;
  if (!tome_file_head(path, prefix, sizeof prefix, &got, err) || !tome_npy_extent(prefix, got, &begin, &length, err))
    return false;
  TOME_AUTO_FREE char *text = tome_alloc(length, 1, path, err);
  if (!text || !tome_read_at(path, begin, text, length, err)) return false;
  h->offset = begin + length;
  return tome_npy_parse(text, length, h, err);
}

/* The array, all of it in the file. `path` stays borrowed: it becomes the array's list of files. */
static bool read_array(const char *const *path, tome_array *a, tome_array_form *form, tome_error *err) {
  tome_npy_header h = {0};
  uint64_t size;
  if (!read_header(*path, &h, err) || !tome_npy_array(&h, a, form, err) || !tome_file_size(*path, &size, err))
    return false;
  a->files = (const char **)(uintptr_t)path;
  a->file_count = 1;
  a->offset = h.offset;
  if (size >= h.offset && size - h.offset >= form->bytes) return true;
  return tome_fail(err, TOME_CORRUPT, "is cut short: %llu bytes of elements are expected after byte %llu of %llu",
                   (unsigned long long)form->bytes, (unsigned long long)h.offset, (unsigned long long)size);
}

static bool is_fortran(const tome_array *a) { return a->dims > 1 && a->space[TOME_X] > a->space[TOME_Y]; }

static bool describe(const char *path, tome_pieces *out, tome_error *err) {
  tome_error why = {0};
  tome_array a;
  tome_array_form form;
  if (!read_array(&path, &a, &form, &why)) return tome_pieces_pass_over_why(out, path, &why, err);
  const size_t before = out->count;
  for (int64_t i = 0; i < form.frames; i++) {
    tome_piece *p = tome_pieces_add(out, &tome_format_npy, path, err);
    if (!p) {
      out->count = before;
      return false;
    }
    memcpy(p->shape, form.shape, sizeof p->shape);
    p->channels = (int)form.channels;
    p->dtype = a.half ? TOME_F32 : a.dtype;
    p->length = a.half ? TOME_HALVES : 0;
    p->solid = a.dims > 2;
    p->frame = i;
    if (form.frames > 1) p->temporal = i;
    p->offset = a.offset;
    p->flags = (a.swapped ? SWAPPED : 0u) | (is_fortran(&a) ? FORTRAN : 0u) | (a.dims > 3 ? MANY : 0u);
  }
  return true;
}

/* A slab of an array whose first index runs fastest in the file, scattered to where C order wants it: from[x][y][z] to out[z][y][x0 + x]. Slabs
 * are a cache line of x wide, so that each line of `out` is written while it is warm. */
static void scatter(const uint8_t *from, uint8_t *out, const int64_t shape[3], int64_t x0, int64_t width,
                    size_t element) {
  const size_t nz = (size_t)shape[0], ny = (size_t)shape[1], nx = (size_t)shape[2];
  for (size_t z = 0; z < nz; z++)
    for (size_t y = 0; y < ny; y++) {
      uint8_t *row = out + ((z * ny + y) * nx + (size_t)x0) * element;
      for (size_t x = 0; x < (size_t)width; x++)
        memcpy(row + x * element, from + ((x * ny + y) * nz + z) * element, element);
    }
}

static bool read_fortran(const tome_piece *p, uint8_t *out, tome_error *err) {
  const size_t element = tome_dtype_size(p->dtype);
  const size_t column = (size_t)p->shape[0] * (size_t)p->shape[1] * element; /* all z, y of one x */
  const int64_t step = (int64_t)(64 / element);
  TOME_AUTO_FREE uint8_t *slab = tome_alloc(column, (size_t)(step < p->shape[2] ? step : p->shape[2]), p->path, err);
  if (!slab) return false;
  for (int64_t x = 0; x < p->shape[2]; x += step) {
    const int64_t width = p->shape[2] - x < step ? p->shape[2] - x : step;
    if (!tome_read_at(p->path, p->offset + (uint64_t)x * column, slab, (size_t)width * column, err)) return false;
    scatter(slab, out, p->shape, x, width, element);
  }
  return true;
}

/* More than three axes: by the general way. */
static bool decode_many(const tome_piece *p, void *out, size_t out_bytes, tome_error *err) {
  tome_error why = {0};
  tome_array a;
  tome_array_form form;
  if (!read_array(&p->path, &a, &form, &why)) return tome_fail(err, why.code, "%s: %s", p->path, why.message);
  if (a.dtype != p->dtype) return tome_fail(err, TOME_CORRUPT, "%s: is no longer what it was", p->path);
  return tome_array_decode(&a, p->frame, out, out_bytes, err);
}

static bool decode(const tome_piece *p, void *out, size_t out_bytes, tome_error *err) {
  if (p->length == TOME_HALVES) return tome_decode_halves(p, decode, out, out_bytes, err);
  if (!tome_piece_fits(p, out_bytes, err)) return false;
  if (p->flags & MANY) return decode_many(p, out, out_bytes, err);
  const bool ok =
      p->flags & FORTRAN ? read_fortran(p, out, err) : tome_read_at(p->path, p->offset, out, out_bytes, err);
  const size_t element = tome_dtype_size(p->dtype);
  if (ok && p->flags & SWAPPED) tome_swap_bytes(out, out_bytes / element, element);
  return ok;
}

static bool write(int fd, const char *name, const tome_volume *v, const tome_write_options *opt, tome_error *err) {
  char descr[8];
  uint8_t header[NPY_HEADER];
  size_t bytes;
  const int64_t *shape = v->geometry.shape, channels = v->channels > 1 ? v->channels : 1;
  const int64_t dim[4] = {shape[0], shape[1], shape[2], channels};
  const int first = opt && opt->picture && shape[0] == 1 ? 1 : 0;
  if (!tome_shape_bytes(shape, tome_dtype_size(v->dtype) * (size_t)channels, &bytes))
    return tome_fail(err, TOME_USAGE, "%s: a volume without voxels cannot be written", name);
  tome_npy_descr(v->dtype, descr);
  const size_t size = tome_npy_header_write(descr, (channels > 1 ? 4 : 3) - first, dim + first, header);
  return tome_write_both(fd, header, size, v->data, bytes, name, err);
}

static bool wants_name(const char *name) { return tome_ends_in(name, ".npy"); }

const tome_format tome_format_npy = {
    .name = "npy",
    .title = "NumPy arrays",
    .extensions = ".npy",
    .keeps =
        "voxels and element type, 2-D and 3-D, (z, y, x, 1 to 4 samples) and (volume, z, y, x), C and Fortran order, "
        "both byte orders; bool as uint8, float16 as float32",
    .loses = "spacing, origin and direction: an array has none",
    .probe = probe,
    .describe = describe,
    .decode = decode,
    .usual_ending = ".npy",
    .write = write,
    .wants_name = wants_name,
};
