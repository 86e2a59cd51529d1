/* KiTS, of 2019, 2021 and 2023: CT of kidneys and their tumours, a folder a case; since 2021 with the strokes of each annotator and how they were put
 * together. */
#include <string.h>

#include "layout/scan.h"

static const tome_value_name structures[] = {{1, "kidney"}, {2, "tumor"}, {3, "cyst"}};
/* Other readings of the same kidneys have names of their own, so that kidney_ml and tumor_ml are of one reading. */
static const tome_value_name all_agree[] = {
    {1, "kidney_aggregated_and"}, {2, "tumor_aggregated_and"}, {3, "cyst_aggregated_and"}};
static const tome_value_name any_says[] = {
    {1, "kidney_aggregated_or"}, {2, "tumor_aggregated_or"}, {3, "cyst_aggregated_or"}};

/* "case_00000" */
static bool is_case_folder(const char *name) {
  return strncmp(name, "case_", 5) == 0 && name[5] && strspn(name + 5, "0123456789") == strlen(name + 5);
}

/* Beside the image: segmentation, aggregated_MAJ_seg, aggregated_AND_seg, aggregated_OR_seg. */
static bool add_whole(tome_scan *s, size_t folder, tome_plan *plan, tome_case_input *c, tome_error *err) {
  static const struct {
    const char *stem, *map;
    const tome_value_name *names; /* three */
  } maps[] = {{"segmentation", "segmentation", structures},
              {"aggregated_MAJ_seg", "aggregated_MAJ", structures},
              {"aggregated_AND_seg", "aggregated_AND", all_agree},
              {"aggregated_OR_seg", "aggregated_OR", any_says}};
  for (size_t i = 0; i < TOME_COUNT(maps); i++)
    if (!tome_plan_label_file(plan, s, c, maps[i].map, tome_scan_file(s, folder, maps[i].stem, TOME_VOLUMES),
                              maps[i].names, TOME_COUNT(structures), err))
      return false;
  return true;
}

/* Strokes are masks of 0 and 1; what of is their file's first word. */
static const tome_value_name *stroke_name(const char *file) {
  static const tome_value_name known[] = {{1, "kidney_annotation"}, {1, "tumor_annotation"},  {1, "cyst_annotation"},
                                          {1, "ureter_annotation"}, {1, "artery_annotation"}, {1, "vein_annotation"}};
  for (size_t i = 0; i < TOME_COUNT(known); i++)
    if (strncmp(file, known[i].name, strcspn(known[i].name, "_") + 1) == 0) return &known[i];
  return NULL;
}

/* In a folder: kidney_instance-1_annotation-2, one annotator's one kidney; a map each, called so. */
static bool add_strokes(tome_scan *s, size_t folder, tome_plan *plan, tome_case_input *c, tome_error *err) {
  if (folder == TOME_NOWHERE) return true;
  const tome_folder *f = &s->folders[folder];
  for (size_t i = 0; i < f->file_count; i++) {
    const char *name = tome_scan_name(s, f->files[i]);
    if (tome_name_kind_of(name) != TOME_NAME_NIFTI || !strstr(name, "_instance-")) continue;
    char *map = tome_arena_printf(&s->arena, err, "%.*s", (int)tome_stem_length(name), name);
    const tome_value_name *of = stroke_name(name);
    if (!map || !tome_plan_label_file(plan, s, c, map, f->files[i], of, of != NULL, err)) return false;
  }
  return true;
}

/* KiTS hands out labels by git and images by another way: a clone alone holds labels only. */
static bool pass_labels(tome_scan *s, size_t folder, tome_error *err) {
  static const char why[] =
      "a KiTS segmentation without its imaging.nii.gz: KiTS hands the images out separately, "
      "fetch them into the case's folder first";
  const size_t entry = tome_scan_file(s, folder, "segmentation", TOME_VOLUMES);
  return entry == TOME_NOWHERE || s->claimed[entry] || tome_scan_orphan(s, entry, why, err);
}

static bool find_in(tome_scan *s, size_t folder, tome_plan *plan, tome_error *err) {
  const size_t image = tome_scan_file(s, folder, "imaging", TOME_VOLUMES);
  if (image == TOME_NOWHERE) return pass_labels(s, folder, err);
  if (s->claimed[image]) return true;
  tome_case_input *c = tome_plan_case_of_folder(plan, s, "kits", folder, err);
  if (!c || !tome_plan_image_file(plan, s, c, image, err)) return false;
  c->modality = "CT";
  return add_whole(s, folder, plan, c, err) &&
         add_strokes(s, tome_scan_sub(s, folder, "segmentations"), plan, c, err) &&
         add_strokes(s, tome_scan_sub(s, folder, "instances"), plan, c, err);
}

static bool find(tome_scan *s, tome_plan *plan, tome_error *err) {
  for (size_t i = 0; !s->is_file && i < s->folder_count; i++)
    if (is_case_folder(s->folders[i].name) && !find_in(s, i, plan, err)) return false;
  return true;
}

extern const tome_layout tome_layout_kits;
const tome_layout tome_layout_kits = {
    .name = "kits",
    .title = "KiTS19, KiTS21, KiTS23: CT of kidneys, their tumours and cysts",
    .tree =
        "kits19/data/\n"
        "  case_00000/imaging.nii.gz\n"
        "  case_00000/segmentation.nii.gz                1 kidney, 2 tumor, 3 cyst\n"
        "and since 2021\n"
        "  case_00000/aggregated_MAJ_seg.nii.gz …        maps aggregated_MAJ, aggregated_AND, aggregated_OR\n"
        "  case_00000/segmentations/kidney_instance-1_annotation-1.nii.gz …      a map each (instances/ too)\n"
        "The files list slices along x, and say so in their affine: nothing is lost. --repair kits19-axes stores the "
        "slices first.\n",
    .find = find,
};
