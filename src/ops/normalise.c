/* normalise: values to a common scale. Statistics are those of the stored voxels, carried through the steps before: no pass over
 * the voxels, and every patch of a case gets the same scale. */
#include <math.h>
#include <string.h>

#include "ops/ops.h"

enum { METHOD, OVER, SCOPE, LO, HI, MEAN, STD };
enum { ZSCORE, MINMAX, PERCENTILE, NNUNET };
static const tome_param params[] = {
    [METHOD] = {"method", TOME_KIND_CHOICE, 1, .choices = "zscore|minmax|percentile|nnunet", .standard = "zscore",
                .help =
                    "(v-mean)/std; the range to 0 ... 1; the range between two percentiles to 0 ... 1, clipped; "
                    "nnU-Net's for CT: clipped to the percentiles of the store's foreground, then its (v-mean)/std"},
    [OVER] =
        {"over", TOME_KIND_WORD, 1,
         .help =
             "whose statistics: volume, foreground (all labels), a label's name, or nonzero (MR: all voxels but those "
             "that are 0, which stay 0); without it volume, for nnunet foreground"},
    [SCOPE] = {"scope", TOME_KIND_CHOICE, 1, .choices = "case|store",
               .help = "of this case, or of all cases of the store (without it: case; for nnunet store)"},
    [LO] = {"lo", TOME_KIND_REAL, 1, 0, 100, .standard = "0.5", .help = "lower percentile"},
    [HI] = {"hi", TOME_KIND_REAL, 1, 0, 100, .standard = "99.5", .help = "upper percentile"},
    [MEAN] = {"mean", TOME_KIND_REAL, 1, -1e30, 1e30, .help = "zscore by this mean, and no statistics; with std"},
    [STD] = {"std", TOME_KIND_REAL, 1, 1e-30, 1e30, .help = "zscore by this standard deviation; with mean"},
    {0},
};

typedef struct scaling {
  float lo, hi;         /* clipped to these first */
  float offset, divide; /* then (v - offset) / divide */
  bool spare_zero;      /* 0 is no value but the absence of one: it stays */
} scaling;

static bool over_nonzero(const tome_shaping *s) {
  return tome_given(s, OVER) && !strcmp(tome_arg_of(s, OVER)->items[0].word, "nonzero");
}

/* Numbers instead of statistics. */
static bool take_numbers(const tome_shaping *s, tome_known *k, tome_error *err) {
  if (!tome_given(s, MEAN) || !tome_given(s, STD))
    return tome_fail_step(s, err, TOME_USAGE, "mean and std go together: mean=101,std=76.9");
  if (tome_choice_of(s, METHOD) != ZSCORE || tome_given(s, SCOPE) || (tome_given(s, OVER) && !over_nonzero(s)))
    return tome_fail_step(s, err, TOME_USAGE,
                          "mean and std are all that zscore needs: another method, over or scope says nothing then");
  *k = (tome_known){.mean = tome_number_of(s, MEAN), .std = tome_number_of(s, STD)};
  return true;
}

static bool know(const tome_shaping *s, tome_known *k, tome_error *err) {
  if (tome_given(s, MEAN) || tome_given(s, STD)) return take_numbers(s, k, err);
  const bool nnunet = tome_choice_of(s, METHOD) == NNUNET;
  const bool store = tome_given(s, SCOPE) ? tome_choice_of(s, SCOPE) == 1 : nnunet;
  const char *over = tome_given(s, OVER) ? tome_arg_of(s, OVER)->items[0].word : nnunet ? "foreground" : "volume";
  const double ranks[2] = {tome_number_of(s, LO), tome_number_of(s, HI)};
  if (ranks[0] >= ranks[1]) return tome_fail_step(s, err, TOME_USAGE, "lo=%g is not below hi=%g", ranks[0], ranks[1]);
  const bool volume = !strcmp(over, "volume") || !strcmp(over, "nonzero");
  if (volume && store)
    return tome_fail_step(s, err, TOME_USAGE,
                          "a store keeps statistics of its labels only; say over=foreground or a label");
  return tome_know_values(s, strcmp(over, "volume") ? over : NULL, store, ranks, k, err);
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
  *c = (scaling){(float)lo, (float)hi, (float)offset, (float)divide, over_nonzero(s)};
  out->dtype = TOME_F32;
  return true;
}

static void row_but_zero(const scaling *c, const float *in, float *out, size_t n) {
  for (size_t i = 0; i < n; i++) {
    const float low = in[i] < c->lo ? c->lo : in[i], v = low > c->hi ? c->hi : low;
    out[i] = in[i] == 0 ? 0 : (v - c->offset) / c->divide;
  }
}

static void row(const void *state, const float *in, float *out, size_t n) {
  const scaling c = *(const scaling *)state;
  if (c.spare_zero) {
    row_but_zero(&c, in, out, n);
    return;
  }
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
