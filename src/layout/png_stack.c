/* A folder of PNG label slices beside the volume that they belong to: a NIfTI file, a DICOM folder, or another PNG stack. Runs
 * last, and adds its label maps to cases that are planned already. */
#include <string.h>

#include "layout/scan.h"

/* What a label stack could belong to. */
typedef struct hosts {
  bool mirrored; /* masks/case7 for images/case7: the folder is the case, not the structure */
  size_t count;  /* how many there are */
  size_t entry;  /* the one: a NIfTI file, or TOME_NOWHERE for a folder's … */
  size_t folder; /* … DICOM or PNG files */
} hosts;

static bool has_digit(const char *name) { return strpbrk(name, "0123456789") != NULL; }

static size_t count_slices(const tome_scan *s, size_t folder) {
  const tome_folder *f = &s->folders[folder];
  size_t n = 0;
  for (size_t i = 0; i < f->file_count; i++) {
    const char *name = tome_scan_name(s, f->files[i]);
    n += !s->claimed[f->files[i]] && tome_name_kind_of(name) == TOME_NAME_PNG && has_digit(name);
  }
  return n;
}

/* True where a case of this scan has its image in that folder; it is then in the plan already. */
static tome_case_input *case_in(const tome_scan *s, const tome_plan *p, size_t folder) {
  for (size_t i = s->first_case; i < p->case_count; i++) {
    tome_case_input *c = &p->cases[i];
    const char *kind = c->image.path_count ? c->image.paths[0] + c->image.root_length : "";
    const tome_name_kind name = tome_name_kind_of(tome_basename(kind));
    if (name == TOME_NAME_NIFTI || name == TOME_NAME_IMG) continue;
    if (tome_scan_folder_over(s, kind) == folder) return c;
  }
  return NULL;
}

/* True where a file could be DICOM by its name, and the dicom layout has not been asked: enough to say that a folder is worth a
 * look. */
static bool may_hold_dicom(const tome_scan *s, size_t folder) {
  if (!s->alone) return false;
  const tome_folder *f = &s->folders[folder];
  for (size_t i = 0; i < f->file_count; i++) {
    const tome_name_kind kind = tome_name_kind_of(tome_scan_name(s, f->files[i]));
    if (!s->claimed[f->files[i]] && (kind == TOME_NAME_DICOM || kind == TOME_NAME_BARE || kind == TOME_NAME_ODD))
      return true;
  }
  return false;
}

static void offer_folder(hosts *h, const tome_scan *s, const tome_plan *p, size_t folder) {
  if (!case_in(s, p, folder) && !count_slices(s, folder) && !may_hold_dicom(s, folder)) return;
  h->count++;
  h->entry = TOME_NOWHERE;
  h->folder = folder;
}

/* NIfTI files of a folder that are images: planned as one, or (where png-stack runs alone) not called a label. `stem` NULL: any. */
static void offer_files(hosts *h, const tome_scan *s, const tome_plan *p, size_t folder, const char *stem) {
  const tome_folder *f = &s->folders[folder];
  for (size_t i = 0; i < f->file_count; i++) {
    const size_t e = f->files[i];
    const char *name = tome_scan_name(s, e);
    const size_t n = tome_stem_length(name);
    if (tome_name_kind_of(name) != TOME_NAME_NIFTI || (stem && (strlen(stem) != n || strncmp(stem, name, n) != 0)))
      continue;
    tome_tokens t;
    tome_tokens_of(name, n, &t);
    if (s->claimed[e] ? !tome_plan_find(p, s->tree->entries[e].full) : tome_tokens_any(&t, tome_token_is_label))
      continue;
    h->count++;
    h->entry = e;
    h->folder = folder;
  }
}

/* True where a folder below the labels bears the name of one beside them: they are cases then, not structures. */
static bool folders_are_cases(const tome_scan *s, size_t top) {
  const tome_folder *f = &s->folders[top];
  for (size_t i = 0; i < f->sub_count; i++)
    if (tome_scan_sub(s, f->parent, s->folders[f->subs[i]].name) != TOME_NOWHERE) return true;
  return false;
}

/* labels/a: images/a, images/a.nii.gz; else what stands beside labels: one volume, one folder of slices. */
static bool find_hosts(tome_scan *s, const tome_plan *p, size_t folder, hosts *h, tome_error *err) {
  const size_t top = tome_labels_above(s, folder), parent = s->folders[top].parent;
  const tome_folder *over = &s->folders[parent];
  const char *rest = s->folders[folder].path + strlen(s->folders[top].path);
  for (size_t i = 0; *rest && i < over->sub_count; i++) {
    const tome_folder *sibling = &s->folders[over->subs[i]];
    if (!tome_folders_parallel(s->folders[top].name, sibling->name)) continue;
    char *path = tome_arena_printf(&s->arena, err, "%s%s", sibling->path, rest);
    if (!path) return false;
    const size_t mirror = tome_scan_folder(s, path);
    if (mirror != TOME_NOWHERE) offer_folder(h, s, p, mirror);
    offer_files(h, s, p, tome_scan_folder_over(s, path), s->folders[folder].name);
  }
  if (*rest && !h->count && tome_scan_sub(s, parent, s->folders[folder].name) != TOME_NOWHERE)
    offer_folder(h, s, p, tome_scan_sub(s, parent, s->folders[folder].name));
  h->mirrored = h->count > 0;
  if (h->mirrored || (*rest && folders_are_cases(s, top))) return true;
  offer_files(h, s, p, parent, NULL);
  if (case_in(s, p, parent) || may_hold_dicom(s, parent)) offer_folder(h, s, p, parent);
  for (size_t i = 0; i < over->sub_count; i++)
    if (!tome_folder_of_labels(s->folders[over->subs[i]].name)) offer_folder(h, s, p, over->subs[i]);
  return true;
}

static bool stack_case(tome_scan *s, tome_plan *plan, size_t folder, tome_case_input **out, tome_error *err) {
  tome_picks picks = {0};
  *out = NULL;
  if (!tome_scan_take(s, folder, 1u << TOME_NAME_PNG, false, &picks, err)) return false;
  if (!picks.count) return true;
  tome_case_input *c = tome_plan_case_of_folder(plan, s, "png-stack", folder, err);
  if (!c || !tome_plan_input(plan, s, &picks, tome_scan_shown_folder(s, folder), &c->image, err)) return false;
  *out = c;
  return true;
}

/* The host's case, made now where no layout has made it. NULL without an error where the host is no image after all. */
static tome_case_input *host_case(tome_scan *s, tome_plan *plan, const hosts *h, tome_error *err) {
  if (h->entry != TOME_NOWHERE) {
    tome_case_input *c = tome_plan_find(plan, s->tree->entries[h->entry].full);
    return c ? c : tome_nifti_case(plan, s, h->entry, err);
  }
  tome_error failed = {0};
  tome_case_input *c = case_in(s, plan, h->folder);
  if (!c && count_slices(s, h->folder)) {
    if (!stack_case(s, plan, h->folder, &c, &failed)) c = NULL;
  } else if (!c) {
    c = tome_dicom_case(plan, s, h->folder, &failed);
  }
  if (failed.code) tome_fail(err, failed.code, "%s", failed.message);
  return c;
}

static bool pass_stack(tome_scan *s, tome_plan *plan, size_t folder, const char *why, tome_error *err) {
  tome_picks picks = {0};
  if (!tome_scan_take(s, folder, 1u << TOME_NAME_PNG, false, &picks, err)) return false;
  if (!picks.count) return true;
  return tome_plan_pass_over(plan, s->tree->entries[picks.items[0]].full, err,
                             "%s: %zu PNG files %s; name the volume with --image and this folder with --label",
                             tome_scan_shown_folder(s, folder), picks.count, why);
}

static bool place_stack(tome_scan *s, tome_plan *plan, size_t folder, tome_error *err) {
  hosts h = {0};
  if (!find_hosts(s, plan, folder, &h, err)) return false;
  if (h.count > 1) return pass_stack(s, plan, folder, "that could label several volumes beside them", err);
  tome_error failed = {0};
  tome_case_input *c = h.count ? host_case(s, plan, &h, &failed) : NULL;
  if (failed.code) return tome_fail(err, failed.code, "%s", failed.message);
  if (!c) return pass_stack(s, plan, folder, "called labels, with no volume beside them", err);
  tome_picks picks = {0};
  if (!tome_scan_take(s, folder, 1u << TOME_NAME_PNG, false, &picks, err)) return false;
  const char *map = s->folders[h.mirrored ? tome_labels_above(s, folder) : folder].name;
  if (!tome_plan_label(plan, c, map, s, &picks, tome_scan_shown_folder(s, folder), err)) return false;
  c->all_series = false;
  return true;
}

/* One PNG or other picture file as the root: an image of one slice, or of as many as it has pages. */
static bool find_single(tome_scan *s, tome_plan *plan, tome_error *err) {
  size_t entry = 0;
  const char *name = tome_scan_name(s, entry);
  const tome_name_kind kind = tome_name_kind_of(name);
  if (s->claimed[entry] || (kind != TOME_NAME_PNG && kind != TOME_NAME_PICTURE)) return true;
  char *stem = tome_arena_printf(&s->arena, err, "%.*s", (int)tome_stem_length(name), name);
  tome_case_input *c = stem ? tome_plan_case(plan, s, "png-stack", stem, s->folder_of[entry], err) : NULL;
  s->claimed[entry] = true;
  return c && tome_plan_input(plan, s, &(tome_picks){&entry, 1, 1}, name, &c->image, err);
}

static bool find(tome_scan *s, tome_plan *plan, tome_error *err) {
  if (s->is_file) return find_single(s, plan, err);
  for (size_t i = 1; i < s->folder_count; i++) {
    const size_t top = tome_labels_above(s, i);
    if (top == TOME_NOWHERE || s->folders[top].parent == TOME_NOWHERE || !count_slices(s, i)) continue;
    if (!place_stack(s, plan, i, err)) return false;
  }
  return true;
}

extern const tome_layout tome_layout_png_stack;
const tome_layout tome_layout_png_stack = {
    .name = "png-stack",
    .title = "PNG label slices beside the volume that they belong to",
    .tree =
        "case7/\n"
        "  ct.nii.gz                        or a folder of DICOM, or of PNG slices (image/0.png 1.png …)\n"
        "  label/0.png 1.png … 10.png       numbered; also masks/, liver_mask/: the map is named after the folder\n"
        "or in parallel folders:\n"
        "  images/case7.nii.gz              masks/case7/0.png 1.png …\n",
    .find = find,
};
