/* crop: a part of the volume: the slices that hold an organ, the box around it, the body, or a box said outright. */
#include <math.h>
#include <string.h>

#include "ops/ops.h"

enum { MASK, TO, MARGIN, BOX };
static const tome_param params[] = {
    [MASK] = {"mask", TOME_KIND_WORD, 1, .help = "a label's name; any: all labels; body: the patient"},
    [TO] = {"to", TOME_KIND_CHOICE, 1, .choices = "slices|box",
            .help = "the mask's slices along z, or its bounding box (without it: slices; of the body, the box)"},
    [MARGIN] = {"margin", TOME_KIND_LENGTH, 3, 0, 1e5, .standard = "0",
                .help = "more on either side, as far as the volume goes"},
    [BOX] = {"box", TOME_KIND_SPAN, 3, .help = "the box itself; negative bounds count from the end"},
    {0},
};

typedef struct crop {
  tome_box box; /* of the input */
} crop;

static bool box_said(const tome_shaping *s, tome_box *out, tome_error *err) {
  const tome_item *span = tome_arg_of(s, BOX)->items;
  const int64_t *shape = s->in->geometry.shape;
  for (int a = 0; a < 3; a++) {
    const double n = (double)shape[a];
    double lo = isnan(span[a].a) ? 0 : span[a].a, hi = isnan(span[a].b) ? n : span[a].b;
    if (lo < 0) lo += n;
    if (hi < 0) hi += n;
    if (lo < 0 || hi > n || lo >= hi)
      return tome_fail_step(s, err, TOME_USAGE, "box=%s,%s,%s: %c runs from 0 to %lld here", span[0].word, span[1].word,
                            span[2].word, "zyx"[a], (long long)shape[a]);
    out->lo[a] = (int64_t)lo;
    out->hi[a] = (int64_t)hi;
  }
  return true;
}

static int64_t margin_voxels(const tome_item *m, double spacing) {
  return (int64_t)(m->mm ? ceil(m->a / spacing - 1e-9) : m->a);
}

static bool box_of_mask(const tome_shaping *s, tome_box *out, tome_error *err) {
  const char *mask = tome_arg_of(s, MASK)->items[0].word;
  const tome_item *margin = tome_arg_of(s, MARGIN)->items;
  const tome_geometry *g = &s->in->geometry;
  const bool slices = tome_given(s, TO) ? tome_choice_of(s, TO) == 0 : strcmp(mask, "body") != 0;
  if (!tome_know_box(s, mask, out, err)) return false;
  for (int a = 0; a < 3; a++) {
    const int64_t m = slices && a != TOME_Z ? g->shape[a] : margin_voxels(&margin[a], g->spacing[a]);
    out->lo[a] = out->lo[a] > m ? out->lo[a] - m : 0;
    out->hi[a] = out->hi[a] + m < g->shape[a] ? out->hi[a] + m : g->shape[a];
  }
  return true;
}

static bool shape(const tome_shaping *s, tome_flow *out, void *state, tome_error *err) {
  crop *c = state;
  if (tome_given(s, MASK) == tome_given(s, BOX))
    return tome_fail_step(s, err, TOME_USAGE, "wants either a mask or a box, as in crop:liver or crop:box=10:20,:,:");
  if (!(tome_given(s, BOX) ? box_said(s, &c->box, err) : box_of_mask(s, &c->box, err))) return false;
  out->geometry = tome_geometry_crop(&s->in->geometry, &c->box);
  return true;
}

static void need(const void *state, const tome_box *out, tome_box *in) {
  const crop *c = state;
  for (int a = 0; a < 3; a++) {
    in->lo[a] = out->lo[a] + c->box.lo[a];
    in->hi[a] = out->hi[a] + c->box.lo[a];
  }
}

const tome_op tome_op_crop = {
    .name = "crop",
    .title = "a part: a label's slices, its bounding box, the body, or a box",
    .example = "crop:mask=liver,margin=4",
    .acts = TOME_ON_GRID,
    .params = params,
    .state = sizeof(crop),
    .shape = shape,
    .need = need,
};
