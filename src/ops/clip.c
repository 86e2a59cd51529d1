/* clip: values below and above two bounds become the bounds. Whole bounds keep the stored type. */
#include <math.h>

#include "ops/ops.h"

enum { LO, HI };
static const tome_param params[] = {
    [LO] = {"lo", TOME_KIND_REAL, 1, -1e9, 1e9, .help = "lowest value of the result"},
    [HI] = {"hi", TOME_KIND_REAL, 1, -1e9, 1e9, .help = "highest value of the result"},
    {0},
};

typedef struct bounds {
  float lo, hi;
} bounds;

static bool shape(const tome_shaping *s, tome_flow *out, void *state, tome_error *err) {
  bounds *b = state;
  if (!tome_given(s, LO) || !tome_given(s, HI))
    return tome_fail_step(s, err, TOME_USAGE, "wants lo,hi, as in clip:-200,250");
  const double lo = tome_number_of(s, LO), hi = tome_number_of(s, HI);
  if (lo > hi) return tome_fail_step(s, err, TOME_USAGE, "lo=%g is above hi=%g", lo, hi);
  *b = (bounds){(float)lo, (float)hi};
  double least, most;
  tome_dtype_range(s->in->dtype, &least, &most);
  const bool whole = lo == floor(lo) && hi == floor(hi) && lo >= least && hi <= most;
  if (!whole && !tome_dtype_is_float(s->in->dtype)) out->dtype = TOME_F32;
  return true;
}

static void row(const void *state, const float *in, float *out, size_t n) {
  const bounds b = *(const bounds *)state;
  for (size_t i = 0; i < n; i++) {
    const float v = in[i] < b.lo ? b.lo : in[i];
    out[i] = v > b.hi ? b.hi : v;
  }
}

const tome_op tome_op_clip = {
    .name = "clip",
    .title = "values below and above become the bounds",
    .example = "clip:-200,250",
    .acts = TOME_ON_IMAGE,
    .params = params,
    .state = sizeof(bounds),
    .shape = shape,
    .row = row,
};
