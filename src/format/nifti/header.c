/* Header bytes to checked values. Both NIfTI versions and Analyze are read into one set of fields; nothing is believed before it is checked. */
#include "format/nifti/header.h"

#include <ctype.h>
#include <math.h>
#include <nifti2_io.h>
#include <stdio.h>
#include <string.h>

#include "format/nifti/place.h"

typedef enum variant { NOT_NIFTI, ANALYZE, NIFTI_1, NIFTI_2 } variant;

/* What the versions have in common, in native byte order. */
typedef struct fields {
  variant variant;
  bool swapped, detached;
  int64_t dim[8];
  int datatype;
  double offset, slope, intercept;
  tome_nifti_place place;
  char description[80];
} fields;

enum { SIZE_1 = 348, SIZE_2 = 540, MAGIC_1 = 344, MAGIC_2 = 4, ANALYZE_ORIGINATOR = 253 };

static uint32_t word_at(const uint8_t *p, bool swap) {
  uint32_t w;
  memcpy(&w, p, sizeof w);
  return swap ? __builtin_bswap32(w) : w;
}

static int16_t short_at(const uint8_t *p, bool swap) {
  uint16_t s;
  memcpy(&s, p, sizeof s);
  return (int16_t)(swap ? __builtin_bswap16(s) : s);
}

/* True where sizeof_hdr is `size` in either byte order; *swapped says in which. */
static bool sized(const uint8_t *head, uint32_t size, bool *swapped) {
  *swapped = word_at(head, true) == size;
  return *swapped || word_at(head, false) == size;
}

static bool plausible_dims(const uint8_t *head, bool swap) {
  const int n = short_at(head + 40, swap);
  return n >= 1 && n <= 7;
}

/* The magic decides what it is and sizeof_hdr in which byte order. */
static variant recognise(const uint8_t *head, size_t size, bool *swapped, bool *detached) {
  if (size >= SIZE_2 && sized(head, SIZE_2, swapped)) {
    *detached = memcmp(head + MAGIC_2, "ni2", 4) == 0;
    if (*detached || memcmp(head + MAGIC_2, "n+2", 4) == 0) return NIFTI_2;
  }
  if (size < SIZE_1 || !sized(head, SIZE_1, swapped)) return NOT_NIFTI;
  *detached = memcmp(head + MAGIC_1, "n+1", 4) != 0;
  if (!*detached || memcmp(head + MAGIC_1, "ni1", 4) == 0) return NIFTI_1;
  return plausible_dims(head, *swapped) ? ANALYZE : NOT_NIFTI;
}

int tome_nifti_score(const uint8_t *head, size_t size) {
  bool swapped, detached;
  switch (recognise(head, size, &swapped, &detached)) {
    case NIFTI_1:
    case NIFTI_2:
      return 100;
    case ANALYZE:
      return 80;
    default:
      break;
  }
  /* cut inside the header, or sizeof_hdr damaged: known well enough to be called broken */
  const bool begun = size >= 4 && size < SIZE_2 && (sized(head, SIZE_1, &swapped) || sized(head, SIZE_2, &swapped));
  const bool magic = size >= SIZE_1 && (memcmp(head + MAGIC_1, "n+1", 4) == 0 || memcmp(head + MAGIC_1, "ni1", 4) == 0);
  return begun || magic ? 30 : 0;
}

static void fields_of_one(const uint8_t *head, fields *f) {
  nifti_1_header h;
  memcpy(&h, head, sizeof h);
  if (f->swapped) swap_nifti_header(&h, f->variant == ANALYZE ? 0 : 1);
  for (int i = 0; i < 8; i++) f->dim[i] = h.dim[i];
  f->datatype = h.datatype;
  f->offset = (double)h.vox_offset;
  f->slope = (double)h.scl_slope;
  f->intercept = (double)h.scl_inter;
  tome_nifti_place *p = &f->place;
  for (int i = 0; i < 4; i++) p->pixdim[i] = (double)h.pixdim[i];
  memcpy(f->description, h.descrip, sizeof f->description);
  if (f->variant == ANALYZE) return;
  p->units = XYZT_TO_SPACE(h.xyzt_units);
  p->sform_code = h.sform_code;
  p->qform_code = h.qform_code;
  const float *rows[3] = {h.srow_x, h.srow_y, h.srow_z};
  for (int r = 0; r < 3; r++)
    for (int c = 0; c < 4; c++) p->sform[r][c] = (double)rows[r][c];
  const float quatern[3] = {h.quatern_b, h.quatern_c, h.quatern_d}, offset[3] = {h.qoffset_x, h.qoffset_y, h.qoffset_z};
  for (int i = 0; i < 3; i++) {
    p->quatern[i] = (double)quatern[i];
    p->qoffset[i] = (double)offset[i];
  }
}

static void fields_of_two(const uint8_t *head, fields *f) {
  nifti_2_header h;
  memcpy(&h, head, sizeof h);
  if (f->swapped) swap_nifti_header(&h, 2);
  memcpy(f->dim, h.dim, sizeof f->dim);
  f->datatype = h.datatype;
  f->offset = (double)h.vox_offset;
  f->slope = h.scl_slope;
  f->intercept = h.scl_inter;
  memcpy(f->description, h.descrip, sizeof f->description);
  tome_nifti_place *p = &f->place;
  p->units = XYZT_TO_SPACE(h.xyzt_units);
  p->sform_code = h.sform_code;
  p->qform_code = h.qform_code;
  memcpy(p->pixdim, h.pixdim, sizeof p->pixdim);
  memcpy(p->sform[0], h.srow_x, sizeof h.srow_x);
  memcpy(p->sform[1], h.srow_y, sizeof h.srow_y);
  memcpy(p->sform[2], h.srow_z, sizeof h.srow_z);
  memcpy(p->quatern, (const double[]){h.quatern_b, h.quatern_c, h.quatern_d}, sizeof p->quatern);
  memcpy(p->qoffset, (const double[]){h.qoffset_x, h.qoffset_y, h.qoffset_z}, sizeof p->qoffset);
}

/* SPM's use of Analyze: the originator field is a voxel, and where no slope is given the two ranges imply one. */
static void add_spm_fields(const uint8_t *head, fields *f) {
  f->place.analyze = true;
  for (int i = 0; i < 3; i++) f->place.spm_origin[i] = short_at(head + ANALYZE_ORIGINATOR + 2 * i, f->swapped);
  if (!isfinite(f->intercept)) f->intercept = 0;
  if (isfinite(f->slope) && f->slope != 0) return;
  nifti_1_header h;
  memcpy(&h, head, sizeof h);
  if (f->swapped) swap_nifti_header(&h, 0);
  const double stored = (double)h.glmax - (double)h.glmin, scaled = (double)h.cal_max - (double)h.cal_min;
  if (stored == 0 || scaled == 0 || !isfinite(scaled)) return;
  f->slope = scaled / stored;
  f->intercept = (double)h.cal_min - f->slope * (double)h.glmin;
}

static bool read_fields(const uint8_t *head, size_t size, fields *f, tome_error *err) {
  f->variant = recognise(head, size, &f->swapped, &f->detached);
  if (f->variant == NOT_NIFTI) {
    if (size < SIZE_2) return tome_fail(err, TOME_CORRUPT, "is cut short in its header, after %zu bytes", size);
    return tome_fail(err, TOME_CORRUPT, "begins as NIfTI, but its header size is %u, not 348 or 540",
                     word_at(head, false));
  }
  if (f->variant == NIFTI_2)
    fields_of_two(head, f);
  else
    fields_of_one(head, f);
  if (f->variant == ANALYZE) add_spm_fields(head, f);
  return true;
}

static const struct datatype {
  int code;
  tome_dtype dtype; /* TOME_NONE: known, but not taken */
  int channels;
  const char *name;
} datatypes[] = {
    {DT_UINT8, TOME_U8, 1, "uint8"},
    {DT_INT8, TOME_I8, 1, "int8"},
    {DT_UINT16, TOME_U16, 1, "uint16"},
    {DT_INT16, TOME_I16, 1, "int16"},
    {DT_UINT32, TOME_U32, 1, "uint32"},
    {DT_INT32, TOME_I32, 1, "int32"},
    {DT_UINT64, TOME_U64, 1, "uint64"},
    {DT_INT64, TOME_I64, 1, "int64"},
    {DT_FLOAT32, TOME_F32, 1, "float32"},
    {DT_FLOAT64, TOME_F64, 1, "float64"},
    {DT_RGB24, TOME_U8, 3, "RGB"},
    {DT_RGBA32, TOME_U8, 4, "RGBA"},
    {DT_BINARY, TOME_NONE, 1, "1-bit"},
    {DT_FLOAT128, TOME_NONE, 1, "float128"},
    {DT_COMPLEX64, TOME_NONE, 2, "complex64"},
    {DT_COMPLEX128, TOME_NONE, 2, "complex128"},
    {DT_COMPLEX256, TOME_NONE, 2, "complex256"},
};

int16_t tome_nifti_datatype(tome_dtype t, int channels) {
  for (size_t i = 0; i < sizeof datatypes / sizeof *datatypes; i++)
    if (datatypes[i].dtype == t && datatypes[i].channels == channels) return (int16_t)datatypes[i].code;
  return DT_UNKNOWN;
}

static bool set_type(const fields *f, tome_nifti_header *h, tome_error *err) {
  for (size_t i = 0; i < sizeof datatypes / sizeof *datatypes; i++) {
    const struct datatype *d = &datatypes[i];
    if (d->code != f->datatype) continue;
    if (d->dtype == TOME_NONE)
      return tome_fail(err, TOME_UNSUPPORTED, "has %s voxels; whole numbers and real ones up to 64 bits are read",
                       d->name);
    h->dtype = d->dtype;
    h->channels = d->channels;
    return true;
  }
  return tome_fail(err, TOME_CORRUPT, "has the datatype code %d, which NIfTI does not define", f->datatype);
}

static bool set_shape(const fields *f, tome_nifti_header *h, tome_error *err) {
  const int64_t n = f->dim[0];
  if (n < 1 || n > 7)
    return tome_fail(err, TOME_CORRUPT, "has dim[0] %lld; 1 to 7 dimensions are possible", (long long)n);
  int64_t dim[8] = {n, 1, 1, 1, 1, 1, 1, 1};
  for (int i = 1; i <= n; i++) {
    dim[i] = f->dim[i];
    if (dim[i] < 1) return tome_fail(err, TOME_CORRUPT, "has dim[%d] %lld; sizes are at least 1", i, (long long)dim[i]);
  }
  int64_t volumes = 1;
  for (int i = 4; i <= 7; i++)
    if (__builtin_mul_overflow(volumes, dim[i], &volumes) || volumes > NIFTI_MOST_VOLUMES)
      return tome_fail(err, TOME_UNSUPPORTED, "has more than %d volumes", NIFTI_MOST_VOLUMES);
  const int64_t shape[3] = {dim[3], dim[2], dim[1]};
  uint64_t all;
  if (!tome_shape_bytes(shape, tome_dtype_size(h->dtype) * (size_t)h->channels, &h->volume_bytes) ||
      __builtin_mul_overflow((uint64_t)h->volume_bytes, (uint64_t)volumes, &all) || all > INT64_MAX / 2)
    return tome_fail(err, TOME_CORRUPT, "has a grid of %lld x %lld x %lld voxels, more than any file holds",
                     (long long)dim[3], (long long)dim[2], (long long)dim[1]);
  memcpy(h->shape, shape, sizeof shape);
  h->volumes = volumes;
  h->data_bytes = all;
  return true;
}

/* 0 means "right behind the header", which for a single file has four bytes of extension flags. */
static bool set_offset(const fields *f, tome_nifti_header *h, tome_error *err) {
  const double size = f->variant == NIFTI_2 ? SIZE_2 : SIZE_1;
  const double least = f->detached ? 0 : size;
  double o = f->offset;
  if (!f->detached && o == 0) o = size + 4;
  if (!isfinite(o) || o < least || o > 0x1p62 || o != floor(o))
    return tome_fail(err, TOME_CORRUPT, "says that its voxels begin at byte %g, which is not possible", f->offset);
  h->offset = (uint64_t)o;
  return true;
}

static bool set_scale(const fields *f, tome_nifti_header *h, tome_error *err) {
  h->slope = 1;
  h->intercept = 0;
  if (h->channels > 1 || !isfinite(f->slope) || f->slope == 0) return true;
  if (!isfinite(f->intercept))
    return tome_fail(err, TOME_CORRUPT, "has scl_slope %g with an scl_inter that is no number", f->slope);
  h->slope = f->slope;
  h->intercept = f->intercept;
  return true;
}

static void set_description(const fields *f, tome_nifti_header *h) {
  size_t n = strnlen(f->description, sizeof h->description - 1);
  for (size_t i = 0; i < n; i++)
    h->description[i] = isprint((unsigned char)f->description[i]) ? f->description[i] : ' ';
  while (n > 0 && h->description[n - 1] == ' ') n--;
  h->description[n] = '\0';
}

bool tome_nifti_parse(const uint8_t *head, size_t size, tome_nifti_header *out, tome_error *err) {
  fields f = {.variant = NOT_NIFTI};
  if (!read_fields(head, size, &f, err)) return false;
  tome_nifti_header h = {.swapped = f.swapped, .detached = f.detached};
  if (!set_type(&f, &h, err) || !set_shape(&f, &h, err) || !set_offset(&f, &h, err) || !set_scale(&f, &h, err))
    return false;
  if (!tome_nifti_geometry(&f.place, h.shape, &h.geometry, h.note, sizeof h.note, err)) return false;
  set_description(&f, &h);
  *out = h;
  return true;
}
