/* remap: label values into others: {0,255} masks into {0,1}, a tumour into its organ. All at once, so that 1=2,2=1 swaps. */
#include "ops/ops.h"
#include "ops/values.h"

enum { MAP, OTHER };
enum { KEEP, ZERO };
static const tome_param params[] = {
    [MAP] = {"map", TOME_KIND_PAIR, TOME_MANY, 0, 65535, .help = "old value or label's name = new value"},
    [OTHER] = {"other", TOME_KIND_CHOICE, 1, .choices = "keep|zero", .standard = "keep",
               .help = "what happens to values not named"},
    {0},
};

static void set(tome_lookup *l, uint16_t value, double to) { l->to[value] = (uint16_t)to; }

static bool shape(const tome_shaping *s, tome_flow *out, void *state, tome_error *err) {
  tome_lookup *l = state;
  const tome_arg *map = tome_arg_of(s, MAP);
  if (!map->count) return tome_fail_step(s, err, TOME_USAGE, "wants pairs, as in remap:255=1");
  if (tome_choice_of(s, OTHER) == KEEP)
    for (int i = 0; i < TOME_LABEL_VALUES; i++) l->to[i] = (uint16_t)i;
  for (size_t i = 0; i < map->count; i++)
    if (!tome_each_value(s, &map->items[i], set, l, err)) return false;
  out->dtype = tome_lookup_dtype(l, s->in->dtype);
  return true;
}

const tome_op tome_op_remap = {
    .name = "remap",
    .title = "label values into others",
    .example = "remap:255=1,tumor=1",
    .acts = TOME_ON_LABELS,
    .params = params,
    .state = sizeof(tome_lookup),
    .shape = shape,
    .row = tome_lookup_row,
};
