/* cast: to another type, rounding half to even; what does not fit is refused or clipped, never wrapped round. */
#include <math.h>
#include <string.h>

#include "ops/ops.h"

enum { TO, OUTSIDE };
enum { REFUSE, CLIP };
static const tome_dtype types[] = {TOME_F32, TOME_I16, TOME_U8, TOME_U16, TOME_I8, TOME_I32};
static const tome_param params[] = {
    [TO] = {"to", TOME_KIND_CHOICE, 1, .choices = "float32|int16|uint8|uint16|int8|int32", .standard = "float32",
            .help = "the type of the result"},
    [OUTSIDE] = {"outside", TOME_KIND_CHOICE, 1, .choices = "refuse|clip", .standard = "refuse",
                 .help = "where the case has values that the type cannot hold"},
    {0},
};

/* The case's values, as they come to this step, must fit. (What a spline overshoots beyond them is clipped.) */
static bool check(const tome_shaping *s, tome_dtype to, double lo, double hi, tome_error *err) {
  static const double ranks[2] = {0, 100};
  tome_known k;
  if (!tome_know_values(s, NULL, false, ranks, &k, err)) return false;
  if (rint(k.min) >= lo && rint(k.max) <= hi) return true;
  return tome_fail_step(s, err, TOME_VALUE,
                        "the values run from %g to %g, and %s holds %g ... %g; outside=clip clips them", k.min, k.max,
                        tome_dtype_name(to), lo, hi);
}

static bool shape(const tome_shaping *s, tome_flow *out, void *state, tome_error *err) {
  (void)state;
  const tome_dtype to = types[tome_choice_of(s, TO)];
  out->dtype = to;
  if (tome_dtype_is_float(to)) return true;
  double lo, hi, in_lo, in_hi;
  tome_dtype_range(to, &lo, &hi);
  tome_dtype_range(s->in->dtype, &in_lo, &in_hi);
  const bool fits = !tome_dtype_is_float(s->in->dtype) && in_lo >= lo && in_hi <= hi;
  return fits || tome_choice_of(s, OUTSIDE) == CLIP || check(s, to, lo, hi, err);
}

static void row(const void *state, const float *in, float *out, size_t n) {
  (void)state; /* whoever stores the row rounds it and keeps it within the type */
  if (out != in) memcpy(out, in, n * sizeof *out);
}

const tome_op tome_op_cast = {
    .name = "cast",
    .title = "another type, rounded; never wrapped round",
    .example = "cast:int16",
    .acts = TOME_ON_IMAGE,
    .params = params,
    .shape = shape,
    .row = row,
};
