/* 3D-IRCADb: a patient's folder with PATIENT_DICOM and one folder of DICOM masks a structure. Masks may overlap (a tumour lies in its
 * liver), so every structure stays a label map of its own. */
#include <string.h>

#include "layout/scan.h"

enum { SLICES = 1u << TOME_NAME_BARE | 1u << TOME_NAME_ODD | 1u << TOME_NAME_DICOM };

/* Every folder below MASKS_DICOM that holds files itself is a structure. */
static bool add_structures(tome_scan *s, size_t folder, tome_plan *plan, size_t at, bool top, tome_error *err) {
  const tome_folder *f = &s->folders[folder];
  if (!top) {
    tome_picks picks = {0};
    if (!tome_scan_take(s, folder, SLICES, false, &picks, err)) return false;
    if (picks.count) {
      if (!tome_plan_label(plan, &plan->cases[at], f->name, s, &picks, f->path, err)) return false;
    } else if (!f->file_count && !f->sub_count) {
      if (!tome_plan_pass_over(plan, f->full, err, "%s: the structure's folder is empty", f->path)) return false;
    }
  }
  for (size_t i = 0; i < f->sub_count; i++)
    if (!add_structures(s, f->subs[i], plan, at, false, err)) return false;
  return true;
}

/* Things made from the masks: claimed, so that they are not taken for scans. */
static bool pass_derived(tome_scan *s, size_t patient, const char *name, const char *what, tome_plan *plan,
                         tome_error *err) {
  const size_t folder = tome_scan_sub(s, patient, name);
  if (folder == TOME_NOWHERE) return true;
  tome_picks picks = {0};
  if (!tome_scan_take(s, folder, ~0u, true, &picks, err)) return false;
  if (!picks.count) return true;
  return tome_plan_pass_over(plan, s->tree->entries[picks.items[0]].full, err, "%s: %zu files passed over: %s",
                             s->folders[folder].path, picks.count, what);
}

static bool add_patient(tome_scan *s, size_t image, tome_plan *plan, tome_error *err) {
  const size_t patient = s->folders[image].parent;
  tome_picks picks = {0};
  if (!tome_scan_take(s, image, SLICES, true, &picks, err)) return false;
  if (!picks.count)
    return tome_plan_pass_over(plan, s->folders[image].full, err,
                               "%s: holds no DICOM files; unpack PATIENT_DICOM.zip into it first",
                               s->folders[image].path);
  tome_case_input *c = tome_plan_case(plan, s, "ircad", s->folders[patient].name, s->folders[patient].parent, err);
  if (!c || !tome_plan_input(plan, s, &picks, s->folders[image].path, &c->image, err)) return false;
  c->modality = "CT";
  const size_t masks = tome_scan_sub(s, patient, "MASKS_DICOM");
  if (masks != TOME_NOWHERE && !add_structures(s, masks, plan, plan->case_count - 1, true, err)) return false;
  return pass_derived(s, patient, "LABELLED_DICOM",
                      "the masks drawn into one picture; the structures of MASKS_DICOM are taken", plan, err) &&
         pass_derived(s, patient, "MESHES_VTK", "surfaces made from the masks", plan, err);
}

static bool find(tome_scan *s, tome_plan *plan, tome_error *err) {
  for (size_t i = 1; i < s->folder_count; i++) {
    const size_t parent = s->folders[i].parent;
    if (strcmp(s->folders[i].name, "PATIENT_DICOM") != 0) continue;
    /* Unpacked into a folder of the same name: the outer one has done it. */
    if (strcmp(s->folders[parent].name, "PATIENT_DICOM") == 0 && parent) continue;
    if (!add_patient(s, i, plan, err)) return false;
  }
  return true;
}

extern const tome_layout tome_layout_ircad;
const tome_layout tome_layout_ircad = {
    .name = "ircad",
    .title = "3D-IRCADb: a CT and one folder of DICOM masks a structure",
    .tree =
        "3Dircadb1.17/\n"
        "  PATIENT_DICOM/image_0 image_1 …\n"
        "  MASKS_DICOM/liver/image_0 …       one label map a structure; they may overlap\n"
        "  MASKS_DICOM/livertumor1/image_0 …\n"
        "  LABELLED_DICOM/ MESHES_VTK/        passed over: made from the masks\n"
        "The case is named after the patient's folder.\n",
    .find = find,
};
