/* DRIVE: photographs of the retina, two observers' vessels and the field of view. */
#include <stdio.h>
#include <string.h>

#include "layout/scan.h"

enum { STEM_ROOM = 64 };

/* "21_training", "01_test": how many digits stand before the '_'; 0 for any other name. */
static size_t number_length(const char *name) {
  const size_t stem = tome_stem_length(name), digits = strspn(name, "0123456789");
  static const char *const parts[] = {"_training", "_test"};
  if (!digits || digits > 8) return 0;
  for (size_t i = 0; i < TOME_COUNT(parts); i++)
    if (stem == digits + strlen(parts[i]) && strncmp(name + digits, parts[i], strlen(parts[i])) == 0) return digits;
  return 0;
}

static bool is_of_drive(const tome_scan *s, size_t folder) {
  static const char *const beside[] = {"1st_manual", "2nd_manual", "mask"};
  const size_t parent = s->folders[folder].parent;
  if (strcmp(s->folders[folder].name, "images") != 0 || parent == TOME_NOWHERE) return false;
  for (size_t i = 0; i < TOME_COUNT(beside); i++)
    if (tome_scan_sub(s, parent, beside[i]) != TOME_NOWHERE) return true;
  return false;
}

static bool add_label(tome_scan *s, tome_plan *plan, tome_case_input *c, size_t folder, const char *map,
                      const char *stem, tome_error *err) {
  return tome_plan_label_file(plan, s, c, map, tome_scan_file_beside(s, folder, stem, TOME_PICTURES), NULL, 0, err);
}

static bool add_case(tome_scan *s, tome_plan *plan, size_t entry, size_t digits, tome_error *err) {
  const size_t folder = s->folder_of[entry];
  const char *name = tome_scan_name(s, entry);
  char stem[STEM_ROOM];
  tome_case_input *c = tome_plan_case_of_file(plan, s, "drive", entry, err);
  if (!c) return false;
  static const struct {
    const char *map, *end;
    bool whole; /* after the image's whole name, not its number alone */
  } labels[] = {{"vessel", "_manual1", false},
                {"second_observer", "_manual2", false},
                {"fov", "_mask", true},
                {"fov", "_mask", false}};
  for (size_t i = 0; i < TOME_COUNT(labels); i++) {
    const size_t length = labels[i].whole ? tome_stem_length(name) : digits;
    if (i && c->label_count && strcmp(c->labels[c->label_count - 1].map, labels[i].map) == 0) continue; /* has it */
    snprintf(stem, sizeof stem, "%.*s%s", (int)length, name, labels[i].end);
    if (!add_label(s, plan, c, folder, labels[i].map, stem, err)) return false;
  }
  return true;
}

/* Of an observer, or the field of view: "21_manual1" in 1st_manual, "21_training_mask" or "21_mask" in a folder mask beside such. */
static bool is_mask(const tome_scan *s, size_t entry) {
  static const char *const ends[] = {"_manual1", "_manual2", "_training_mask", "_test_mask", "_mask"};
  const char *name = tome_scan_name(s, entry);
  const tome_folder *f = &s->folders[s->folder_of[entry]];
  const size_t digits = strspn(name, "0123456789"), stem = tome_stem_length(name);
  const bool manual = strcmp(f->name, "1st_manual") == 0 || strcmp(f->name, "2nd_manual") == 0;
  const bool beside = f->parent != TOME_NOWHERE && (tome_scan_sub(s, f->parent, "images") != TOME_NOWHERE ||
                                                    tome_scan_sub(s, f->parent, "1st_manual") != TOME_NOWHERE);
  if (!digits || (!manual && !(strcmp(f->name, "mask") == 0 && beside))) return false;
  for (size_t i = 0; i < TOME_COUNT(ends); i++)
    if (stem == digits + strlen(ends[i]) && strncmp(name + digits, ends[i], strlen(ends[i])) == 0) return true;
  return false;
}

static bool find(tome_scan *s, tome_plan *plan, tome_error *err) {
  for (size_t i = 0; i < s->folder_count; i++) {
    if (s->is_file || !is_of_drive(s, i)) continue;
    for (size_t k = 0; k < s->folders[i].file_count; k++) {
      const size_t entry = s->folders[i].files[k];
      const size_t digits = number_length(tome_scan_name(s, entry));
      if (!digits || s->claimed[entry] || !(TOME_PICTURES & 1u << tome_name_kind_of(tome_scan_name(s, entry))))
        continue;
      if (!add_case(s, plan, entry, digits, err)) return false;
    }
  }
  return tome_scan_orphan_pictures(s, is_mask, "a mask of DRIVE whose photograph is not in images", err);
}

extern const tome_layout tome_layout_drive;
const tome_layout tome_layout_drive = {
    .name = "drive",
    .title = "DRIVE: photographs of the retina, vessels by two observers, the field of view",
    .tree =
        "DRIVE/\n"
        "  training/images/21_training.tif          case 21_training, with channels red, green, blue\n"
        "  training/1st_manual/21_manual1.gif       label vessel\n"
        "  training/mask/21_training_mask.gif       label fov; 21_mask.gif as well\n"
        "  test/images/01_test.tif  test/1st_manual/01_manual1.gif  test/2nd_manual/01_manual2.gif (second_observer)\n"
        "  test/mask/01_test_mask.gif\n"
        "Packed anew as PNG or TIFF is fine. The photographs do not say how large a pixel is: it counts as 1 mm.\n",
    .find = find,
};
