/* What pictures look like, for programs that draw their own: windows by tissue, colours of labels. */
#include "ops/ops.h"
#include "render/render.h"

bool tome_window_at(size_t i, tome_window_preset *out) {
  tome_window_preset p;
  if (!tome_tissue_at(i, &p.name, &p.level, &p.width)) return false;
  *out = p;
  return true;
}

uint32_t tome_colour_at(size_t i) {
  const tome_rgb c = tome_label_colour(i);
  return (uint32_t)c.r << 16 | (uint32_t)c.g << 8 | c.b;
}
