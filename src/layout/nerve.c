/* Kaggle's ultrasound nerve segmentation: the brachial plexus in frames of ultrasound, N_M.tif (patient, frame) and N_M_mask.tif. */
#include <stdio.h>
#include <string.h>

#include "layout/scan.h"

static bool is_tiff(const char *name) {
  const char *end = tome_extension(name);
  return strcmp(end, ".tif") == 0 || strcmp(end, ".tiff") == 0;
}

/* Bytes of "12_7" at the beginning of a TIFF's name; 0 for any other name. */
static size_t frame_length(const char *name) {
  const size_t patient = strspn(name, "0123456789");
  if (!is_tiff(name) || !patient || name[patient] != '_') return 0;
  const size_t frame = strspn(name + patient + 1, "0123456789");
  return frame && frame + patient < 20 ? patient + 1 + frame : 0;
}

/* "12_7.tif" */
static bool is_frame(const char *name) { return frame_length(name) && tome_stem_length(name) == frame_length(name); }

/* "12_7_mask.tif" */
static bool is_mask(const tome_scan *s, size_t entry) {
  const char *name = tome_scan_name(s, entry);
  const size_t n = frame_length(name);
  return n && tome_stem_length(name) == n + 5 && strncmp(name + n, "_mask", 5) == 0;
}

/* "12.tif" of test/ */
static bool is_test(const char *name) {
  const size_t digits = strspn(name, "0123456789");
  return is_tiff(name) && digits && tome_stem_length(name) == digits;
}

static size_t mask_of(const tome_scan *s, size_t entry) {
  const char *name = tome_scan_name(s, entry);
  char stem[64];
  snprintf(stem, sizeof stem, "%.*s_mask", (int)tome_stem_length(name), name);
  return tome_scan_file(s, s->folder_of[entry], stem, TOME_PICTURES);
}

static bool holds_masks(const tome_scan *s, size_t folder) {
  const tome_folder *f = &s->folders[folder];
  for (size_t i = 0; i < f->file_count; i++)
    if (is_frame(tome_scan_name(s, f->files[i])) && mask_of(s, f->files[i]) != TOME_NOWHERE) return true;
  return false;
}

static bool take_folder(tome_scan *s, size_t folder, bool (*is)(const char *), tome_plan *plan, tome_error *err) {
  const tome_folder *f = &s->folders[folder];
  for (size_t i = 0; i < f->file_count; i++) {
    const size_t entry = f->files[i];
    if (s->claimed[entry] || !is(tome_scan_name(s, entry))) continue;
    const size_t mask = mask_of(s, entry);
    tome_case_input *c = tome_plan_case_of_file(plan, s, "nerve", entry, err);
    if (!c || !tome_plan_label_file(plan, s, c, "nerve", mask, NULL, 0, err)) return false;
    c->modality = "US";
  }
  return true;
}

static bool find(tome_scan *s, tome_plan *plan, tome_error *err) {
  for (size_t i = 0; !s->is_file && i < s->folder_count; i++) {
    if (!holds_masks(s, i)) continue;
    const size_t parent = s->folders[i].parent;
    const size_t test = parent == TOME_NOWHERE ? TOME_NOWHERE : tome_scan_sub(s, parent, "test");
    if (!take_folder(s, i, is_frame, plan, err) ||
        (test != TOME_NOWHERE && test != i && !take_folder(s, test, is_test, plan, err)))
      return false;
  }
  return tome_scan_orphan_pictures(s, is_mask, "a mask of the ultrasound nerve without its frame", err);
}

extern const tome_layout tome_layout_nerve;
const tome_layout tome_layout_nerve = {
    .name = "nerve",
    .title = "Kaggle's ultrasound nerve segmentation: frames and their masks",
    .tree =
        "ultrasound-nerve/\n"
        "  train/1_1.tif            case 1_1: patient 1, frame 1\n"
        "  train/1_1_mask.tif       label nerve; an empty mask is kept, and noted\n"
        "  test/1.tif               cases without labels\n"
        "A pixel counts as 1 mm: the frames do not say.\n",
    .find = find,
};
