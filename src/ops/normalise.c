/* normalise: values to a common scale. Statistics are those of the stored voxels, carried through the steps before: no pass over
 * the voxels, and every patch of a case gets the same scale. */
#include <math.h>
#include <string.h>

#include "ops/ops.h"

enum { METHOD, OVER, SCOPE, LO, HI };
enum { ZSCORE, MINMAX, PERCENTILE, NNUNET };
static const tome_param params[] = {
    [METHOD] = {"method", TOME_KIND_CHOICE, 1, .choices = "zscore|minmax|percentile|nnunet", .standard = "zscore",
                .help =
                    "(v-mean)/std; the range to 0 ... 1; the range between two percentiles to 0 ... 1, clipped; "
                    "nnU-Net's for CT: clipped to the percentiles of the store's foreground, then its (v-mean)/std"},
    [OVER] =
        {"over", TOME_KIND_WORD, 1,
         .help = "whose statistics: volume, foreground (all labels), or a label's name (without it: volume; for nnunet "
                 "foreground)"},
    [SCOPE] = {"scope", TOME_KIND_CHOICE, 1, .choices = "case|store",
               .help = "of this case, or of all cases of the store (without it: case; for nnunet store)"},
    [LO] = {"lo", TOME_KIND_REAL, 1, 0, 100, .standard = "0.5", .help = "lower percentile"},
    [HI] = {"hi", TOME_KIND_REAL, 1, 0, 100, .standard = "99.5", .help = "upper percentile"},
    {0},
};

typedef struct scaling {
  float lo, hi;         /* clipped to these first */
  float offset, divide; /* then (v - offset) / divide */
} scaling;

static bool know(const tome_shaping *s, tome_known *k, tome_error *err) {
  const bool nnunet = tome_choice_of(s, METHOD) == NNUNET;
  const bool store = tome_given(s, SCOPE) ? tome_choice_of(s, SCOPE) == 1 : nnunet;
  const char *over = tome_given(s, OVER) ? tome_arg_of(s, OVER)->items[0].word : nnunet ? "foreground" : "volume";
  const double ranks[2] = {tome_number_of(s, LO), tome_number_of(s, HI)};
  if (ranks[0] >= ranks[1]) return tome_fail_step(s, err, TOME_USAGE, "lo=%g is not below hi=%g", ranks[0], ranks[1]);
  const bool volume = !strcmp(over, "volume");
  if (volume && store)
    return tome_fail_step(s, err, TOME_USAGE,
                          "a store keeps statistics of its labels only; say over=foreground or a label");
  return tome_know_values(s, volume ? NULL : over, store, ranks, k, err);
}

static bool shape(const tome_shaping *s, tome_flow *out, void *state, tome_error *err) {
  scaling *c = state;
  const int method = tome_choice_of(s, METHOD);
  tome_known k;
  if (!know(s, &k, err)) return false;
  double lo = -INFINITY, hi = INFINITY, offset = k.mean, divide = fmax(k.std, 1e-8);
  if (method == NNUNET || method == PERCENTILE) {
    lo = k.low;
    hi = k.high;
  }
  if (method == MINMAX) {
    lo = k.min;
    hi = k.max;
  }
  if (method == MINMAX || method == PERCENTILE) {
    if (!(hi > lo)) return tome_fail_step(s, err, TOME_VALUE, "all values are %g: there is no range to scale", lo);
    offset = lo;
    divide = hi - lo;
  }
  *c = (scaling){(float)lo, (float)hi, (float)offset, (float)divide};
  out->dtype = TOME_F32;
  return true;
}

static void row(const void *state, const float *in, float *out, size_t n) {
  const scaling c = *(const scaling *)state;
  for (size_t i = 0; i < n; i++) {
    const float low = in[i] < c.lo ? c.lo : in[i], v = low > c.hi ? c.hi : low;
    out[i] = (v - c.offset) / c.divide;
  }
}

const tome_op tome_op_normalise = {
    .name = "normalise",
    .title = "values to a common scale, by statistics that the store has already",
    .example = "normalise:zscore,over=foreground",
    .acts = TOME_ON_IMAGE,
    .params = params,
    .state = sizeof(scaling),
    .shape = shape,
    .row = row,
};
