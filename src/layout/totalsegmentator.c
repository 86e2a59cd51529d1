/* TotalSegmentator: a folder a subject, one mask an organ. */
#include <string.h>

#include "layout/scan.h"

static bool add_masks(tome_scan *s, size_t folder, tome_plan *plan, tome_case_input *c, tome_error *err) {
  const tome_folder *f = &s->folders[folder];
  for (size_t i = 0; i < f->file_count; i++) {
    const char *name = tome_scan_name(s, f->files[i]);
    if (tome_name_kind_of(name) != TOME_NAME_NIFTI) continue;
    char *organ = tome_arena_printf(&s->arena, err, "%.*s", (int)tome_stem_length(name), name);
    if (!organ || !tome_plan_label_file(plan, s, c, organ, f->files[i], NULL, 0, err)) return false;
  }
  return true;
}

static bool find_in(tome_scan *s, size_t folder, tome_plan *plan, tome_error *err) {
  const size_t masks = tome_scan_sub(s, folder, "segmentations");
  const size_t ct = tome_scan_file(s, folder, "ct", TOME_VOLUMES), mr = tome_scan_file(s, folder, "mri", TOME_VOLUMES);
  const size_t image = ct != TOME_NOWHERE ? ct : mr;
  if (masks == TOME_NOWHERE || image == TOME_NOWHERE || s->claimed[image]) return true;
  tome_case_input *c = tome_plan_case_of_folder(plan, s, "totalsegmentator", folder, err);
  if (!c || !tome_plan_image_file(plan, s, c, image, err)) return false;
  c->modality = image == ct ? "CT" : "MR";
  return add_masks(s, masks, plan, c, err);
}

/* Age, sex and the split of the subjects: of no use to a store, and not to be called an unknown file. */
static bool pass_table(tome_scan *s, tome_plan *plan, tome_error *err) {
  const size_t entry = tome_scan_named(s, 0, "meta.csv");
  if (entry == TOME_NOWHERE || s->claimed[entry]) return true;
  s->claimed[entry] = true;
  return tome_plan_pass_over(plan, s->tree->entries[entry].full, err,
                             "%s: the subjects' table (age, sex, split) is not read", tome_scan_shown(s, entry));
}

static bool find(tome_scan *s, tome_plan *plan, tome_error *err) {
  const size_t before = plan->case_count;
  for (size_t i = 0; !s->is_file && i < s->folder_count; i++)
    if (!find_in(s, i, plan, err)) return false;
  return plan->case_count == before || pass_table(s, plan, err);
}

extern const tome_layout tome_layout_totalsegmentator;
const tome_layout tome_layout_totalsegmentator = {
    .name = "totalsegmentator",
    .title = "TotalSegmentator: CT or MR of a subject, one mask an organ",
    .tree =
        "Totalsegmentator_dataset/\n"
        "  s0001/ct.nii.gz                         case s0001; mri.nii.gz in the MR data set\n"
        "  s0001/segmentations/liver.nii.gz        a label map each: liver, spleen, …\n"
        "  s0001/segmentations/spleen.nii.gz …\n"
        "  meta.csv                                not read\n",
    .find = find,
};
