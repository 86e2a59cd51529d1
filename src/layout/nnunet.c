/* nnU-Net's raw folders, of version 1 (TaskNNN_X) and 2 (DatasetNNN_X): a file a channel (NAME_0000, NAME_0001 …), labels beside, dataset.json. */
#include <stdio.h>
#include <string.h>

#include "layout/dataset_json.h"

enum { KINDS = TOME_VOLUMES | TOME_PICTURES, STEM_ROOM = 300, MOST_CHANNELS = 100 };

/* "case7_0000.nii.gz": length of "case7"; 0 for other names. */
static size_t first_channel(const char *name) {
  static const char end[] = "_0000";
  const size_t stem = tome_stem_length(name), n = sizeof end - 1;
  const bool is = KINDS & 1u << tome_name_kind_of(name) && stem > n && stem < STEM_ROOM - 8;
  return is && strncmp(name + stem - n, end, n) == 0 ? stem - n : 0;
}

static const char *channel_name(tome_plan *plan, const tome_dataset *d, int number, tome_error *err) {
  if ((size_t)number < d->channel_count) return d->channels[number];
  return tome_arena_printf(&plan->arena, err, "channel_%04d", number);
}

static bool add_channels(tome_scan *s, tome_plan *plan, const tome_dataset *d, tome_case_input *c, size_t folder,
                         const char *name, tome_error *err) {
  char stem[STEM_ROOM];
  for (int n = 1; n < MOST_CHANNELS; n++) {
    snprintf(stem, sizeof stem, "%s_%04d", name, n);
    const size_t entry = tome_scan_file(s, folder, stem, KINDS);
    if (entry == TOME_NOWHERE) return true;
    if (n == 1 && !(c->image_name = channel_name(plan, d, 0, err))) return false;
    const char *channel = channel_name(plan, d, n, err);
    if (!channel || !tome_plan_channel_file(plan, s, c, channel, entry, err)) return false;
  }
  return true;
}

static bool add_case(tome_scan *s, tome_plan *plan, const tome_dataset *d, size_t entry, size_t length, size_t labels,
                     tome_error *err) {
  const size_t folder = s->folder_of[entry];
  char *name = tome_arena_printf(&s->arena, err, "%.*s", (int)length, tome_scan_name(s, entry));
  tome_case_input *c = name ? tome_plan_case(plan, s, "nnunet", name, folder, err) : NULL;
  if (!c || !tome_plan_image_file(plan, s, c, entry, err)) return false;
  c->modality = d->modality;
  if (!add_channels(s, plan, d, c, folder, name, err)) return false;
  if (labels != TOME_NOWHERE &&
      !tome_plan_label_file(plan, s, c, "segmentation", tome_scan_file(s, labels, name, KINDS), d->names, d->name_count,
                            err))
    return false;
  if (c->label_count) c->labels[c->label_count - 1].regions = d->regions;
  return true;
}

static bool has_channels(const tome_scan *s, size_t folder) {
  for (size_t i = 0; folder != TOME_NOWHERE && i < s->folders[folder].file_count; i++)
    if (first_channel(tome_scan_name(s, s->folders[folder].files[i]))) return true;
  return false;
}

static bool find_in(tome_scan *s, size_t folder, tome_plan *plan, tome_error *err) {
  tome_dataset d;
  bool any = false;
  for (size_t i = 0; i < TOME_SPLITS; i++) any |= has_channels(s, tome_scan_sub(s, folder, tome_splits[i].images));
  if (!any) return true;
  if (!tome_dataset_read(s, plan, folder, &d, err)) return false;
  for (size_t i = 0; i < TOME_SPLITS; i++) {
    const size_t images = tome_scan_sub(s, folder, tome_splits[i].images);
    const size_t labels = tome_scan_sub(s, folder, tome_splits[i].labels);
    const tome_folder *f = images == TOME_NOWHERE ? NULL : &s->folders[images];
    for (size_t k = 0; f && k < f->file_count; k++) {
      const size_t length = s->claimed[f->files[k]] ? 0 : first_channel(tome_scan_name(s, f->files[k]));
      if (length && !add_case(s, plan, &d, f->files[k], length, labels, err)) return false;
    }
  }
  return true;
}

static bool find(tome_scan *s, tome_plan *plan, tome_error *err) {
  for (size_t i = 0; !s->is_file && i < s->folder_count; i++)
    if (!find_in(s, i, plan, err)) return false;
  return true;
}

extern const tome_layout tome_layout_nnunet;
const tome_layout tome_layout_nnunet = {
    .name = "nnunet",
    .title = "nnU-Net raw: a file a channel, named by dataset.json",
    .tree =
        "Dataset001_Brain/\n"
        "  dataset.json                              channel_names and labels; version 1's modality too\n"
        "  imagesTr/case7_0000.nii.gz _0001.nii.gz   channels of case7; .nrrd .mha .png .tif as well\n"
        "  labelsTr/case7.nii.gz                     label map segmentation\n"
        "  imagesTs/case9_0000.nii.gz                labelsTs/ too, where there is one\n",
    .find = find,
};
