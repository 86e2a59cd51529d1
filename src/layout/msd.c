/* The Medical Segmentation Decathlon: TaskNN_X/imagesTr/NAME.nii.gz with labelsTr/NAME.nii.gz, and dataset.json that says what values and frames are. */
#include <string.h>

#include "layout/dataset_json.h"

/* 4-D files hold one image a channel. */
static bool add_case(tome_scan *s, tome_plan *plan, const tome_dataset *d, size_t entry, size_t labels,
                     tome_error *err) {
  const char *name = tome_scan_name(s, entry);
  tome_case_input *c = tome_plan_case_of_file(plan, s, "msd", entry, err);
  char *stem = c ? tome_arena_printf(&s->arena, err, "%.*s", (int)tome_stem_length(name), name) : NULL;
  if (!stem) return false;
  c->modality = d->modality;
  if (d->channel_count > 1) {
    c->frame_names = d->channels;
    c->frame_name_count = d->channel_count;
  }
  return labels == TOME_NOWHERE ||
         tome_plan_label_file(plan, s, c, "segmentation", tome_scan_file(s, labels, stem, TOME_VOLUMES), d->names,
                              d->name_count, err);
}

static bool find_in(tome_scan *s, size_t folder, tome_plan *plan, tome_error *err) {
  tome_dataset d;
  if (tome_scan_named(s, folder, "dataset.json") == TOME_NOWHERE ||
      tome_scan_sub(s, folder, "imagesTr") == TOME_NOWHERE)
    return true;
  if (!tome_dataset_read(s, plan, folder, &d, err)) return false;
  for (size_t i = 0; i < TOME_SPLITS; i++) {
    const size_t images = tome_scan_sub(s, folder, tome_splits[i].images);
    const size_t labels = tome_scan_sub(s, folder, tome_splits[i].labels);
    const tome_folder *f = images == TOME_NOWHERE ? NULL : &s->folders[images];
    for (size_t k = 0; f && k < f->file_count; k++)
      if (!s->claimed[f->files[k]] && tome_name_kind_of(tome_scan_name(s, f->files[k])) == TOME_NAME_NIFTI &&
          !add_case(s, plan, &d, f->files[k], labels, err))
        return false;
  }
  return true;
}

static bool find(tome_scan *s, tome_plan *plan, tome_error *err) {
  for (size_t i = 0; !s->is_file && i < s->folder_count; i++)
    if (!find_in(s, i, plan, err)) return false;
  return true;
}

extern const tome_layout tome_layout_msd;
const tome_layout tome_layout_msd = {
    .name = "msd",
    .title = "Medical Segmentation Decathlon: a task's images and labels, named by its dataset.json",
    .tree =
        "Task03_Liver/\n"
        "  dataset.json                 names of label values and, for 4-D images, of the channels\n"
        "  imagesTr/liver_0.nii.gz      labelsTr/liver_0.nii.gz (label map segmentation)\n"
        "  imagesTs/liver_132.nii.gz    cases without labels\n",
    .find = find,
};
