/* MINC 1 (netCDF) and MINC 2 (HDF5): one model of dimensions, valid range and scales, from two containers. World coordinates are RAS in the file and LPS
 * here: start and step along each dimension's direction cosines. */
#include "format/minc/header.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "format/head.h"

enum { MOST_SCALES = 1 << 20 };

/* A variable of either container. */
typedef struct variable {
  const tome_cdf_variable *cdf;
  tome_hdf5_object h5;
  bool there, is_h5;
} variable;

/* ---- one face for both containers ---- */

static bool find_variable(tome_minc *m, const tome_cdf *cdf, const char *folder, const char *name, variable *out,
                          tome_error *err) {
  char path[128];
  *out = (variable){.is_h5 = m->is_h5};
  if (!m->is_h5) {
    out->cdf = tome_cdf_variable_of(cdf, name);
    out->there = out->cdf != NULL;
    return true;
  }
  snprintf(path, sizeof path, "minc-2.0/%s/%s", folder, name);
  return tome_hdf5_find(&m->h5, path, &out->h5, &out->there, err);
}

static size_t numbers(const variable *v, const char *name, double *out, size_t most) {
  return v->is_h5 ? tome_hdf5_numbers(tome_hdf5_attribute_of(&v->h5, name), out, most)
                  : tome_cdf_numbers(tome_cdf_attribute_of(v->cdf, name), out, most);
}

static void text(const variable *v, const char *name, char *out, size_t size) {
  if (v->is_h5)
    tome_hdf5_text(tome_hdf5_attribute_of(&v->h5, name), out, size);
  else
    tome_cdf_text(tome_cdf_attribute_of(v->cdf, name), out, size);
}

/* ---- the image's shape and type ---- */

static tome_dtype cdf_dtype(const tome_cdf_variable *v) {
  char sign[16];
  tome_cdf_text(tome_cdf_attribute_of(v, "signtype"), sign, sizeof sign);
  const bool is_signed = *sign ? strncmp(sign, "signed", 6) == 0 : v->type != CDF_BYTE;
  switch (v->type) {
    case CDF_BYTE:
    case CDF_CHAR:
      return is_signed ? TOME_I8 : TOME_U8;
    case CDF_SHORT:
      return is_signed ? TOME_I16 : TOME_U16;
    case CDF_INT:
      return is_signed ? TOME_I32 : TOME_U32;
    case CDF_FLOAT:
      return TOME_F32;
    default:
      return TOME_F64;
  }
}

static bool take_cdf_image(tome_minc *m, const variable *v, tome_error *err) {
  uint64_t size;
  if (v->cdf->record) return tome_fail(err, TOME_UNSUPPORTED, "has an image of unlimited size");
  m->dtype = cdf_dtype(v->cdf);
  m->swapped = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;
  m->dims = v->cdf->dims;
  m->begin = v->cdf->begin;
  m->bytes = v->cdf->bytes;
  for (int i = 0; i < m->dims; i++) {
    m->shape[i] = v->cdf->shape[i];
    snprintf(m->names[i], sizeof m->names[i], "%s", v->cdf->dim_names[i]);
  }
  if (!tome_file_size(m->path, &size, err)) return false;
  if (m->begin <= size && m->bytes <= size - m->begin) return true;
  return tome_fail(err, TOME_CORRUPT, "is cut short: its voxels end at byte %llu of %llu; fetch the file again",
                   (unsigned long long)(m->begin + m->bytes), (unsigned long long)size);
}

static bool take_h5_image(tome_minc *m, const variable *v, tome_error *err) {
  const tome_hdf5_object *o = &v->h5;
  if (o->unread) return tome_fail(err, TOME_UNSUPPORTED, "has an image that %s", o->unread);
  char order[256], *name = order;
  uint64_t bytes = 1;
  if (!o->has_type || !o->has_space || !o->has_layout || o->type.class != TOME_HDF5_NUMBER)
    return tome_fail(err, TOME_UNSUPPORTED, "has an image whose voxels are no plain numbers");
  m->image = *o;
  m->dtype = o->type.dtype;
  m->dims = o->dims;
  text(v, "dimorder", order, sizeof order);
  for (int i = 0; i < m->dims; i++) {
    const size_t n = strcspn(name, ",");
    m->shape[i] = o->shape[i];
    snprintf(m->names[i], sizeof m->names[i], "%.*s", (int)(n < 31 ? n : 31), name);
    name += n + (name[n] == ',');
    if (__builtin_mul_overflow(bytes, o->shape[i], &bytes))
      return tome_fail(err, TOME_CORRUPT, "has an impossible size");
  }
  const uint64_t held = o->layout == TOME_HDF5_CHUNKED ? m->h5.size : o->length / o->type.size;
  if (o->layout == TOME_HDF5_CHUNKED ? tome_could_inflate(held, bytes) : bytes <= held) return true;
  return tome_fail(err, TOME_CORRUPT, "has an image of %llu voxels, more than its %llu bytes can hold",
                   (unsigned long long)bytes, (unsigned long long)m->h5.size);
}

static bool is_space(const char *name) {
  return strcmp(name, "xspace") == 0 || strcmp(name, "yspace") == 0 || strcmp(name, "zspace") == 0;
}

static bool set_roles(tome_minc *m, tome_error *err) {
  tome_array *a = &m->array;
  *a = (tome_array){.dtype = m->dtype, .dims = m->dims, .channel = -1};
  int found = 0;
  unsigned seen = 0;
  for (int i = 0; i < m->dims; i++) {
    const int axis = m->dims - 1 - i; /* fastest first */
    if (m->shape[i] > INT64_MAX) return tome_fail(err, TOME_CORRUPT, "has an impossible size");
    a->size[axis] = (int64_t)m->shape[i];
    if (is_space(m->names[i])) {
      seen |= 1u << (m->names[i][0] - 'x');
      if (found < 3) a->space[found] = axis;
      found++;
    } else if (strcmp(m->names[i], "vector_dimension") == 0) {
      a->channel = axis;
    }
  }
  if (found != 3 || seen != 7)
    return tome_fail(err, TOME_UNSUPPORTED, "has %d dimensions of space; xspace, yspace and zspace are read together",
                     found);
  return tome_array_form_of(a, &m->form, err);
}

/* ---- scales ---- */

/* image-min or image-max: one number for the whole, or one for each slab of the slowest dimensions. */
static bool read_scales(tome_minc *m, variable *v, double **out, size_t *count, tome_error *err) {
  const int dims = v->is_h5 ? v->h5.dims : v->cdf->dims;
  const uint64_t *shape = v->is_h5 ? v->h5.shape : v->cdf->shape;
  uint64_t n = 1;
  if (dims > m->dims) return tome_fail(err, TOME_CORRUPT, "has scales of %d dimensions", dims);
  for (int i = 0; i < dims; i++) {
    if (shape[i] != m->shape[i])
      return tome_fail(err, TOME_UNSUPPORTED, "has scales that do not follow the slowest dimensions");
    n *= shape[i];
    if (n > MOST_SCALES || n == 0) return tome_fail(err, TOME_UNSUPPORTED, "has more than %d scales", MOST_SCALES);
  }
  const tome_dtype t = v->is_h5 ? v->h5.type.dtype : cdf_dtype(v->cdf);
  const size_t element = tome_dtype_size(t), bytes = (size_t)n * element;
  void *raw = tome_arena_alloc(m->arena, bytes + 1, err);
  *out = tome_arena_alloc(m->arena, ((size_t)n + 1) * sizeof **out, err);
  if (!raw || !*out || !element) return element || tome_fail(err, TOME_UNSUPPORTED, "has scales that are no numbers");
  if (v->is_h5) {
    if (!tome_hdf5_read(&m->h5, &v->h5, 0, dims ? shape[0] : 1, raw, bytes, err)) return false;
  } else {
    if (v->cdf->record || v->cdf->bytes != bytes || !tome_read_at(m->path, v->cdf->begin, raw, bytes, err))
      return tome_fail(err, TOME_CORRUPT, "has scales that are cut short");
    if (m->swapped) tome_swap_bytes(raw, (size_t)n, element);
  }
  tome_to_doubles(t, raw, (size_t)n, *out);
  *count = (size_t)n;
  for (uint64_t i = 0; i < n; i++)
    if (!isfinite((*out)[i])) return tome_fail(err, TOME_CORRUPT, "has a scale that is no number");
  return true;
}

static bool set_valid_range(tome_minc *m, const variable *image, tome_error *err) {
  double lo, hi, v[2];
  tome_dtype_range(m->dtype, &lo, &hi);
  m->valid[0] = lo;
  m->valid[1] = hi;
  if (numbers(image, "valid_range", v, 2) == 2) {
    m->valid[0] = v[0];
    m->valid[1] = v[1];
  } else if (!m->is_h5) {
    numbers(image, "valid_min", &m->valid[0], 1);
    numbers(image, "valid_max", &m->valid[1], 1);
  }
  if (m->valid[0] >= lo && m->valid[1] <= hi && m->valid[0] < m->valid[1]) return true;
  return tome_fail(err, TOME_CORRUPT, "has the valid range %g to %g, which its %s voxels do not", m->valid[0],
                   m->valid[1], tome_dtype_name(m->dtype));
}

static bool set_scales(tome_minc *m, const tome_cdf *cdf, const variable *image, tome_error *err) {
  variable least, most;
  size_t mosts;
  m->slope = 1;
  m->one_scale = true;
  if (tome_dtype_is_float(m->dtype)) return true;
  if (!set_valid_range(m, image, err) || !find_variable(m, cdf, "image/0", "image-min", &least, err) ||
      !find_variable(m, cdf, "image/0", "image-max", &most, err))
    return false;
  if (!least.there || !most.there)
    return tome_fail(err, TOME_CORRUPT, "does not say what its values mean: image-min or image-max is missing");
  if (!read_scales(m, &least, &m->least, &m->scales, err) || !read_scales(m, &most, &m->most, &mosts, err))
    return false;
  if (m->scales != mosts) return tome_fail(err, TOME_CORRUPT, "has %zu image-min and %zu image-max", m->scales, mosts);
  for (size_t i = 1; i < m->scales; i++)
    m->one_scale = m->one_scale && m->least[i] == m->least[0] && m->most[i] == m->most[0];
  m->slope = (m->most[0] - m->least[0]) / (m->valid[1] - m->valid[0]);
  m->intercept = m->least[0] - m->valid[0] * m->slope;
  if (m->slope == 0) m->one_scale = false; /* a slope of 0 means none elsewhere */
  return true;
}

/* ---- place ---- */

/* One dimension's step in RAS; its start is added to the origin. */
static bool read_dimension(tome_minc *m, const tome_cdf *cdf, const char *name, double step[3], double origin[3],
                           tome_error *err) {
  variable v;
  char spacing[16];
  double start = 0, by = 1, cosines[3] = {name[0] == 'x', name[0] == 'y', name[0] == 'z'}, given[3];
  if (!find_variable(m, cdf, "dimensions", name, &v, err)) return false;
  if (v.there) {
    text(&v, "spacing", spacing, sizeof spacing);
    if (*spacing && strncmp(spacing, "regular", 7) != 0)
      return tome_fail(err, TOME_UNSUPPORTED, "has the spacing \"%.12s\" along %s; regular spacing is read", spacing,
                       name);
    numbers(&v, "start", &start, 1);
    if (numbers(&v, "step", &by, 1) == 0)
      snprintf(m->note, sizeof m->note, "no step is stated along %s; 1 mm is taken", name);
    if (numbers(&v, "direction_cosines", given, 3) == 3) memcpy(cosines, given, sizeof cosines);
  }
  for (int k = 0; k < 3; k++) {
    step[k] = cosines[k] * by;
    origin[k] += cosines[k] * start;
  }
  return true;
}

static bool set_geometry(tome_minc *m, const tome_cdf *cdf, tome_error *err) {
  double step[3][3], origin[3] = {0};
  for (int axis = 0, i = 0; i < m->dims; i++) {
    if (!is_space(m->names[i])) continue;
    if (!read_dimension(m, cdf, m->names[i], step[axis++], origin, err)) return false;
  }
  for (int k = 0; k < 2; k++) { /* RAS to LPS */
    origin[k] = -origin[k];
    for (int axis = 0; axis < 3; axis++) step[axis][k] = -step[axis][k];
  }
  return tome_geometry_from_steps(m->form.shape, step, origin, &m->geometry, err);
}

/* ---- all of it ---- */

bool tome_minc_open(const char *path, tome_arena *arena, tome_minc *out, tome_error *err) {
  tome_minc *m = out;
  uint8_t magic[8];
  size_t got;
  tome_cdf cdf = {.path = path};
  variable image;
  *m = (tome_minc){.arena = arena, .path = path, .h5 = {.fd = -1}};
  if (!tome_file_head(path, magic, sizeof magic, &got, err)) return false;
  m->is_h5 = got == sizeof magic && magic[0] == 0x89;
  if (!(m->is_h5 ? tome_hdf5_open(path, arena, &m->h5, err) : tome_cdf_read(path, arena, &cdf, err))) {
    m->h5.fd = -1;
    return false;
  }
  if (!find_variable(m, &cdf, "image/0", "image", &image, err)) return false;
  if (!image.there) return tome_fail(err, TOME_UNSUPPORTED, "is %s without MINC's image", m->is_h5 ? "HDF5" : "netCDF");
  return (m->is_h5 ? take_h5_image(m, &image, err) : take_cdf_image(m, &image, err)) && set_roles(m, err) &&
         set_scales(m, &cdf, &image, err) && set_geometry(m, &cdf, err);
}

void tome_minc_close(tome_minc *m) {
  if (m->h5.fd >= 0) close(m->h5.fd);
  m->h5.fd = -1;
}

bool tome_minc_read(tome_minc *m, uint64_t lo, uint64_t hi, void *out, size_t out_bytes, tome_error *err) {
  if (m->is_h5) return tome_hdf5_read(&m->h5, &m->image, lo, hi, out, out_bytes, err);
  const uint64_t row = m->bytes / m->shape[0];
  if (!tome_read_at(m->path, m->begin + lo * row, out, out_bytes, err)) return false;
  if (m->swapped) tome_swap_bytes(out, out_bytes / tome_dtype_size(m->dtype), tome_dtype_size(m->dtype));
  return true;
}
