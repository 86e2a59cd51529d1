/* CHASE_DB1: photographs of children's retinas, vessels by two observers. */
#include <stdio.h>
#include <string.h>

#include "layout/scan.h"

/* Bytes of "Image_01L" at a name's beginning; 0 for any other name. */
static size_t head_length(const char *name) {
  if (strncmp(name, "Image_", 6) != 0) return 0;
  const size_t digits = strspn(name + 6, "0123456789");
  return digits && digits < 8 && (name[6 + digits] == 'L' || name[6 + digits] == 'R') ? 6 + digits + 1 : 0;
}

static bool is_image(const char *name) {
  return TOME_PICTURES & 1u << tome_name_kind_of(name) && head_length(name) &&
         tome_stem_length(name) == head_length(name);
}

/* "Image_01L_1stHO" */
static bool is_observers(const tome_scan *s, size_t entry) {
  const char *name = tome_scan_name(s, entry);
  const size_t n = head_length(name);
  return n && tome_stem_length(name) == n + 6 &&
         (strncmp(name + n, "_1stHO", 6) == 0 || strncmp(name + n, "_2ndHO", 6) == 0);
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
         tome_plan_label_file(plan, s, c, "second_observer", second, NULL, 0, err);
}

static bool find(tome_scan *s, tome_plan *plan, tome_error *err) {
  for (size_t i = 0; !s->is_file && i < s->tree->count; i++)
    if (!s->claimed[i] && !s->tree->entries[i].folder && is_image(tome_scan_name(s, i)) && !add_case(s, plan, i, err))
      return false;
  return tome_scan_orphan_pictures(s, is_observers, "an observer's vessels of CHASE_DB1 without their photograph", err);
}

extern const tome_layout tome_layout_chase;
const tome_layout tome_layout_chase = {
    .name = "chase",
    .title = "CHASE_DB1: photographs of the retina, vessels by two observers",
    .tree =
        "CHASEDB1/\n"
        "  Image_01L.jpg            case Image_01L, with channels red, green, blue\n"
        "  Image_01L_1stHO.png      label vessel\n"
        "  Image_01L_2ndHO.png      label second_observer\n"
        "or images and labels in folders side by side. A pixel counts as 1 mm: the photographs do not say.\n",
    .find = find,
};
