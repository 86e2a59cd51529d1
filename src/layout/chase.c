/* CHASE_DB1: photographs of children's retinas, vessels by two observers. */
#include <stdio.h>
#include <string.h>

#include "layout/scan.h"

/* "Image_01L" */
static bool is_image(const char *name) {
  const size_t stem = tome_stem_length(name);
  if (!(TOME_PICTURES & 1u << tome_name_kind_of(name)) || strncmp(name, "Image_", 6) != 0) return false;
  const size_t digits = strspn(name + 6, "0123456789");
  return digits && digits < 8 && stem == 6 + digits + 1 && (name[6 + digits] == 'L' || name[6 + digits] == 'R');
}

static size_t observer(const tome_scan *s, size_t entry, const char *end) {
  const char *name = tome_scan_name(s, entry);
  char stem[64];
  snprintf(stem, sizeof stem, "%.*s%s", (int)tome_stem_length(name), name, end);
  return tome_scan_file_beside(s, s->folder_of[entry], stem, TOME_PICTURES);
}

static bool add_case(tome_scan *s, tome_plan *plan, size_t entry, tome_error *err) {
  const size_t first = observer(s, entry, "_1stHO"), second = observer(s, entry, "_2ndHO");
  if (first == TOME_NOWHERE && second == TOME_NOWHERE) return true; /* another's Image_01L */
  tome_case_input *c = tome_plan_case_of_file(plan, s, "chase", entry, err);
  return c && tome_plan_label_file(plan, s, c, "vessel", first, NULL, 0, err) &&
         tome_plan_label_file(plan, s, c, "vessel_2", second, NULL, 0, err);
}

static bool find(tome_scan *s, tome_plan *plan, tome_error *err) {
  for (size_t i = 0; !s->is_file && i < s->tree->count; i++)
    if (!s->claimed[i] && !s->tree->entries[i].folder && is_image(tome_scan_name(s, i)) && !add_case(s, plan, i, err))
      return false;
  return true;
}

extern const tome_layout tome_layout_chase;
const tome_layout tome_layout_chase = {
    .name = "chase",
    .title = "CHASE_DB1: photographs of the retina, vessels by two observers",
    .tree =
        "CHASEDB1/\n"
        "  Image_01L.jpg            case Image_01L, with channels red, green, blue\n"
        "  Image_01L_1stHO.png      label vessel\n"
        "  Image_01L_2ndHO.png      label vessel_2\n"
        "or images and labels in folders side by side. A pixel counts as 1 mm: the photographs do not say.\n",
    .find = find,
};
