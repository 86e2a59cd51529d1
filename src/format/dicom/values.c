/* From voxels to the 16-bit values that CT and MR images store: exactly, or scaled where that was asked for, or not at all. */
#include <math.h>
#include <string.h>

#include "format/dicom/write.h"

typedef struct range {
  double lo, hi;
  bool whole, finite;
} range;

#define RANGE_INTEGER(T)                                \
  {                                                     \
    const T *v = data;                                  \
    T lo = v[0], hi = v[0];                             \
    for (size_t i = 1; i < n; i++) {                    \
      lo = v[i] < lo ? v[i] : lo;                       \
      hi = v[i] > hi ? v[i] : hi;                       \
    }                                                   \
    return (range){(double)lo, (double)hi, true, true}; \
  }

#define RANGE_FLOAT(T)                                  \
  {                                                     \
    const T *v = data;                                  \
    range r = {(double)v[0], (double)v[0], true, true}; \
    for (size_t i = 0; i < n; i++) {                    \
      const double x = (double)v[i];                    \
      r.lo = x < r.lo ? x : r.lo;                       \
      r.hi = x > r.hi ? x : r.hi;                       \
      r.finite &= isfinite(x) != 0;                     \
      r.whole &= x == nearbyint(x);                     \
    }                                                   \
    return r;                                           \
  }

static range range_of(tome_dtype type, const void *data, size_t n) {
  switch (type) {
    case TOME_U8:
      RANGE_INTEGER(uint8_t)
    case TOME_I8:
      RANGE_INTEGER(int8_t)
    case TOME_U16:
      RANGE_INTEGER(uint16_t)
    case TOME_I16:
      RANGE_INTEGER(int16_t)
    case TOME_U32:
      RANGE_INTEGER(uint32_t)
    case TOME_I32:
      RANGE_INTEGER(int32_t)
    case TOME_U64:
      RANGE_INTEGER(uint64_t)
    case TOME_I64:
      RANGE_INTEGER(int64_t)
    case TOME_F32:
      RANGE_FLOAT(float)
    case TOME_F64:
      RANGE_FLOAT(double)
    case TOME_NONE:
      break;
  }
  return (range){0, 0, false, false};
}

enum { MOST = 65535 };

/* CT is stored as scanners do: without sign, -1024 below. Where HU go lower, the offset does; never a sign, because a stored -2000 in signed CT
 * means padding to many readers. */
static bool fit_ct(const range *r, tome_dicom_values *out) {
  static const double intercepts[] = {-1024, -8192, -32768};
  for (size_t i = 0; i < TOME_COUNT(intercepts); i++) {
    if (r->lo < intercepts[i] || r->hi - intercepts[i] > MOST) continue;
    out->intercept = intercepts[i];
    out->bits = r->hi - out->intercept <= 4095 ? 12 : 16;
    return true;
  }
  return false;
}

/* Others are stored as they are where they fit; else with an offset. */
static bool fit_plain(const range *r, tome_dicom_values *out) {
  out->bits = r->lo >= 0 && r->hi <= 4095 ? 12 : 16;
  if (r->lo >= 0 && r->hi <= MOST) return true;
  out->is_signed = true;
  if (r->lo >= -32768 && r->hi <= 32767) return true;
  out->is_signed = false;
  out->intercept = r->lo;
  return r->hi - r->lo <= MOST;
}

bool tome_dicom_values_of(const tome_volume *v, bool ct, bool may_scale, const char *name, tome_dicom_values *out,
                          tome_error *err) {
  const range r = range_of(v->dtype, v->data, tome_volume_voxels(v));
  tome_dicom_values how = {.slope = 1, .lo = r.lo, .hi = r.hi};
  if (!r.finite)
    return tome_fail(err, TOME_VALUE, "%s: the volume holds values that are not finite, which DICOM cannot store",
                     name);
  const bool exact =
      r.whole && fabs(r.lo) < 1e9 && fabs(r.hi) < 1e9 && ((ct && fit_ct(&r, &how)) || fit_plain(&r, &how));
  if (!exact && !may_scale)
    return tome_fail(err, TOME_VALUE,
                     "%s: the values go from %.9g to %.9g%s, and DICOM stores whole numbers of 16 bits; scaled to them "
                     "(--to-16-bits) they would be up to %.3g off; or round or window them first",
                     name, r.lo, r.hi, r.whole ? "" : " with fractions", (r.hi - r.lo) / MOST / 2);
  if (!exact)
    how = (tome_dicom_values){.slope = r.hi > r.lo ? (r.hi - r.lo) / MOST : 1,
                              .intercept = r.lo,
                              .scaled = true,
                              .bits = 16,
                              .lo = r.lo,
                              .hi = r.hi};
  *out = how;
  return true;
}

#define STORE(T)                                                                                \
  {                                                                                             \
    const T *v = from;                                                                          \
    for (size_t i = 0; i < n; i++) out[i] = cell(((double)v[i] - how->intercept) / how->slope); \
    return;                                                                                     \
  }

/* The bits of the nearest cell: in range by how the offset was chosen, but for the last digit of a scaled one. */
static uint16_t cell(double v) {
  const double r = nearbyint(v);
  return (uint16_t)(int32_t)(r < -32768 ? -32768 : r > MOST ? MOST : r);
}

void tome_dicom_store(const tome_volume *volume, int64_t z, const tome_dicom_values *how, uint16_t *out) {
  const size_t n = (size_t)volume->geometry.shape[1] * (size_t)volume->geometry.shape[2];
  const void *from = (const char *)volume->data + (size_t)z * n * tome_dtype_size(volume->dtype);
  if (volume->dtype == TOME_I16) { /* what CT is: no need to go through double */
    const int16_t *v = from;
    const int32_t below = (int32_t)how->intercept;
    for (size_t i = 0; how->slope == 1 && i < n; i++) out[i] = (uint16_t)(v[i] - below);
    if (how->slope == 1) return;
  }
  switch (volume->dtype) {
    case TOME_U8:
      STORE(uint8_t)
    case TOME_I8:
      STORE(int8_t)
    case TOME_U16:
      STORE(uint16_t)
    case TOME_I16:
      STORE(int16_t)
    case TOME_U32:
      STORE(uint32_t)
    case TOME_I32:
      STORE(int32_t)
    case TOME_U64:
      STORE(uint64_t)
    case TOME_I64:
      STORE(int64_t)
    case TOME_F32:
      STORE(float)
    case TOME_F64:
      STORE(double)
    case TOME_NONE:
      break;
  }
}
