/* hu: stored values into Hounsfield units, for stores whose voxels were taken in raw. Padding becomes air before the rescale touches it. */
#include <math.h>

#include "ops/ops.h"

enum { SLOPE, INTERCEPT, PADDING, AIR };
static const tome_param params[] = {
    [SLOPE] = {"slope", TOME_KIND_REAL, 1, -1e6, 1e6, .standard = "1", .help = "HU = value * slope + intercept"},
    [INTERCEPT] = {"intercept", TOME_KIND_REAL, 1, -1e6, 1e6, .standard = "0", .help = "see slope"},
    [PADDING] = {"padding", TOME_KIND_REAL, 1, -1e6, 1e6,
                 .help = "values at or below it lie outside the patient and become air"},
    [AIR] = {"air", TOME_KIND_REAL, 1, -1e6, 1e6, .standard = "-1024", .help = "in HU"},
    {0},
};

typedef struct rescale {
  float slope, intercept, padding, air;
} rescale;

static bool shape(const tome_shaping *s, tome_flow *out, void *state, tome_error *err) {
  (void)err;
  rescale *r = state;
  r->slope = (float)tome_number_of(s, SLOPE);
  r->intercept = (float)tome_number_of(s, INTERCEPT);
  r->padding = tome_given(s, PADDING) ? (float)tome_number_of(s, PADDING) : -INFINITY;
  r->air = (float)tome_number_of(s, AIR);
  const bool same = s->in->dtype == TOME_I16 && tome_number_of(s, SLOPE) == 1 && tome_number_of(s, INTERCEPT) == 0 &&
                    tome_number_of(s, AIR) == floor(tome_number_of(s, AIR));
  if (!same) out->dtype = TOME_F32;
  return true;
}

static void row(const void *state, const float *in, float *out, size_t n) {
  const rescale *r = state;
  for (size_t i = 0; i < n; i++) out[i] = in[i] <= r->padding ? r->air : in[i] * r->slope + r->intercept;
}

const tome_op tome_op_hu = {
    .name = "hu",
    .title = "raw values into Hounsfield units; padding into air",
    .example = "hu:intercept=-1024,padding=-2000",
    .acts = TOME_ON_IMAGE,
    .params = params,
    .state = sizeof(rescale),
    .shape = shape,
    .row = row,
};
