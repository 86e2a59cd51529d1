/* STARE: photographs of the retina, vessels by two observers (Hoover: ah, Kouznetsova: vk). */
#include <stdio.h>
#include <string.h>

#include "layout/scan.h"

/* "im0001" */
static bool is_image(const char *name) {
  const size_t stem = tome_stem_length(name);
  return TOME_PICTURES & 1u << tome_name_kind_of(name) && strncmp(name, "im", 2) == 0 && stem == 6 &&
         strspn(name + 2, "0123456789") == 4;
}

/* "im0001.ah" */
static bool is_observers(const tome_scan *s, size_t entry) {
  const char *name = tome_scan_name(s, entry);
  return strncmp(name, "im", 2) == 0 && strspn(name + 2, "0123456789") == 4 && tome_stem_length(name) == 9 &&
         (strncmp(name + 6, ".ah", 3) == 0 || strncmp(name + 6, ".vk", 3) == 0);
}

static size_t observer(const tome_scan *s, size_t entry, const char *who) {
  char stem[16];
  snprintf(stem, sizeof stem, "%.6s.%s", tome_scan_name(s, entry), who);
  return tome_scan_file_beside(s, s->folder_of[entry], stem, TOME_PICTURES);
}

static bool has_labels(const tome_scan *s, size_t entry) {
  return observer(s, entry, "ah") != TOME_NOWHERE || observer(s, entry, "vk") != TOME_NOWHERE;
}

static bool add_case(tome_scan *s, tome_plan *plan, size_t entry, tome_error *err) {
  const size_t ah = observer(s, entry, "ah"), vk = observer(s, entry, "vk");
  tome_case_input *c = tome_plan_case_of_file(plan, s, "stare", entry, err);
  return c && tome_plan_label_file(plan, s, c, "vessel", ah, NULL, 0, err) &&
         tome_plan_label_file(plan, s, c, "second_observer", vk, NULL, 0, err);
}

/* A folder of STARE: one of its photographs at least has labels. Most of the data set's have none. */
static bool find_in(tome_scan *s, const tome_folder *f, tome_plan *plan, tome_error *err) {
  bool any = false;
  for (size_t i = 0; !any && i < f->file_count; i++)
    any = !s->claimed[f->files[i]] && is_image(tome_scan_name(s, f->files[i])) && has_labels(s, f->files[i]);
  for (size_t i = 0; any && i < f->file_count; i++)
    if (!s->claimed[f->files[i]] && is_image(tome_scan_name(s, f->files[i])) && !add_case(s, plan, f->files[i], err))
      return false;
  return true;
}

static bool find(tome_scan *s, tome_plan *plan, tome_error *err) {
  for (size_t i = 0; !s->is_file && i < s->folder_count; i++)
    if (!find_in(s, &s->folders[i], plan, err)) return false;
  return tome_scan_orphan_pictures(s, is_observers, "an observer's vessels of STARE without their photograph", err);
}

extern const tome_layout tome_layout_stare;
const tome_layout tome_layout_stare = {
    .name = "stare",
    .title = "STARE: photographs of the retina, vessels by two observers",
    .tree =
        "STARE/\n"
        "  im0001.ppm          case im0001, with channels red, green, blue; .ppm.gz too, or packed anew as PNG\n"
        "  im0001.ah.ppm       label vessel (Adam Hoover)\n"
        "  im0001.vk.ppm       label second_observer (Valentina Kouznetsova)\n"
        "or in folders side by side (stare-images/ labels-ah/ labels-vk/). A pixel counts as 1 mm.\n",
    .find = find,
};
