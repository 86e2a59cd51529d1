/* keep: chosen labels; all others become background. */
#include <math.h>
#include <stdlib.h>

#include "ops/ops.h"
#include "ops/values.h"

enum { LABELS };
static const tome_param params[] = {
    [LABELS] = {"labels", TOME_KIND_WORD, TOME_MANY, .help = "names or values of the labels that stay"},
    {0},
};

static void set(tome_lookup *l, uint16_t value, double to) {
  (void)to;
  l->to[value] = value;
}

static bool shape(const tome_shaping *s, tome_flow *out, void *state, tome_error *err) {
  tome_lookup *l = state;
  const tome_arg *labels = tome_arg_of(s, LABELS);
  if (!labels->count) return tome_fail_step(s, err, TOME_USAGE, "wants labels, as in keep:liver");
  for (size_t i = 0; i < labels->count; i++) {
    tome_item item = labels->items[i];
    char *end;
    const double v = strtod(item.word, &end);
    item.a = *end || end == item.word ? NAN : v;
    if (!tome_each_value(s, &item, set, l, err)) return false;
  }
  out->dtype = s->in->dtype;
  return true;
}

const tome_op tome_op_keep = {
    .name = "keep",
    .title = "chosen labels; the others become background",
    .example = "keep:liver,tumor",
    .acts = TOME_ON_LABELS,
    .params = params,
    .state = sizeof(tome_lookup),
    .shape = shape,
    .row = tome_lookup_row,
};
