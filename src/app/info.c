/* What this build knows: the tables of formats and layouts, as plain data. */
#include "app/app.h"

bool tome_format_at(size_t i, tome_format_info *out) {
  for (size_t k = 0; k <= i; k++)
    if (!tome_formats[k]) return false;
  const tome_format *f = tome_formats[i];
  *out = (tome_format_info){f->name,  f->title, f->extensions, f->decode != NULL, f->write || f->elsewhere,
                            f->keeps, f->loses};
  return true;
}

bool tome_layout_at(size_t i, tome_layout_info *out) {
  for (size_t k = 0; k <= i; k++)
    if (!tome_layouts[k]) return false;
  *out = (tome_layout_info){tome_layouts[i]->name, tome_layouts[i]->title, tome_layouts[i]->tree};
  return true;
}
