/* Label values by what people call them, and tables from old values to new. */
#include "ops/values.h"

#include <math.h>
#include <string.h>

#include "eval/facts.h"

bool tome_each_value(const tome_shaping *s, const tome_item *item,
                     void (*use)(tome_lookup *l, uint16_t value, double to), tome_lookup *l, tome_error *err) {
  if (!isnan(item->a)) {
    if (item->a < 0 || item->a >= TOME_LABEL_VALUES || item->a != floor(item->a))
      return tome_fail_step(s, err, TOME_USAGE, "%s is no label value: those are whole numbers 0 ... 65535",
                            item->word);
    use(l, (uint16_t)item->a, item->b);
    return true;
  }
  const tome_record *r = s->facts->record;
  size_t found = 0;
  for (size_t i = 0; r && i < r->label_count; i++) {
    const tome_label *label = &r->labels[i];
    if (!tome_label_goes_by(label, item->word)) continue;
    found++;
    if (!strcmp(label->map, s->in->name) && label->value >= 0 && label->value < TOME_LABEL_VALUES)
      use(l, (uint16_t)label->value, item->b);
  }
  return found || tome_fail_no_label(s, item->word, err);
}

tome_dtype tome_lookup_dtype(const tome_lookup *l, tome_dtype in) {
  const size_t values = in == TOME_U8 ? 256 : TOME_LABEL_VALUES;
  for (size_t i = 0; i < values; i++)
    if (l->to[i] > 255) return TOME_U16;
  return TOME_U8;
}

void tome_lookup_row(const void *state, const float *in, float *out, size_t n) {
  const tome_lookup *l = state;
  for (size_t i = 0; i < n; i++) out[i] = (float)l->to[(uint16_t)(int32_t)in[i]];
}
