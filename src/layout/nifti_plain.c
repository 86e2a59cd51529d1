/* NIfTI files (and NRRD, MetaImage, MINC, PAR/REC: whatever is one volume a file) and their labels, told by names: case7.nii.gz with case7_seg.nii.gz or case7_liver_mask.nii.gz beside it, images/ and
 * labels/ in parallel, ct.nii.gz over segmentations/liver.nii.gz. A DICOM folder may be the image as well.
 *
 * Matching is by tokens (words.h), never by a mere prefix, so that case1 does not take the label of case10; a label that fits no
 * image, or two equally well, is passed over with a sentence instead of guessed at. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "layout/scan.h"

/* Something that labels can belong to. */
typedef struct candidate {
  size_t folder;          /* where its labels are looked for */
  size_t at;              /* the case in the plan */
  tome_tokens full, bare; /* of its name; without words like "ct" */
} candidate;

typedef struct candidates {
  candidate *items; /* by folder */
  size_t count, cap;
} candidates;

typedef struct nifti_file {
  size_t entry;
  bool label;
  bool mask; /* a label by its bytes, not by its name: of the one scan in its folder */
} nifti_file;

typedef struct matcher {
  tome_scan *scan;
  tome_plan *plan;
  nifti_file *files;
  size_t file_count, file_cap;
  candidates images;
  bool *has_nifti; /* one a folder: holds NIfTI files that do not call themselves labels */
} matcher;

tome_case_input *tome_nifti_case(tome_plan *p, tome_scan *s, size_t entry, tome_error *err) {
  const char *name = tome_scan_name(s, entry);
  const size_t folder = s->folder_of[entry];
  tome_tokens t;
  tome_tokens_of(name, tome_stem_length(name), &t);
  tome_tokens_drop(&t, tome_token_is_image);
  char *stem = tome_arena_printf(&s->arena, err, "%.*s", (int)tome_stem_length(name), name);
  if (!stem) return NULL;
  /* "ct.nii.gz" says nothing of whose it is: the folder does. */
  tome_case_input *c =
      t.count ? tome_plan_case(p, s, "nifti", stem, folder, err) : tome_plan_case_of_folder(p, s, "nifti", folder, err);
  const tome_picks one = {&entry, 1, 1};
  if (!c || !tome_plan_input(p, s, &one, tome_scan_shown(s, entry), &c->image, err)) return NULL;
  s->claimed[entry] = true;
  return c;
}

/* ---- what there is ---- */

static bool list_files(matcher *m, tome_error *err) {
  tome_scan *s = m->scan;
  m->has_nifti = tome_arena_alloc(&s->arena, s->folder_count * sizeof *m->has_nifti, err);
  if (!m->has_nifti) return false;
  for (size_t i = 0; i < s->tree->count; i++) {
    const char *name = tome_scan_name(s, i);
    const tome_name_kind kind = tome_name_kind_of(name);
    if (s->claimed[i] || s->tree->entries[i].folder ||
        (kind != TOME_NAME_NIFTI && kind != TOME_NAME_IMG && kind != TOME_NAME_HEAP))
      continue;
    if (tome_is_second_half(s, i)) {
      s->claimed[i] = true;
      continue;
    }
    if (kind == TOME_NAME_HEAP) continue;
    tome_tokens t;
    tome_tokens_of(name, tome_stem_length(name), &t);
    const nifti_file f = {i, !s->is_file && tome_tokens_any(&t, tome_token_is_label), false};
    if (!tome_arena_grow(&s->arena, &m->files, &m->file_cap, m->file_count + 1, sizeof f, err)) return false;
    m->files[m->file_count++] = f;
    if (!f.label) m->has_nifti[s->folder_of[i]] = true;
  }
  return true;
}

/* ---- folders of labels ---- */

/* Where the images of a folder of labels may be: for labels/a that is images/a for each folder images beside labels, and where
 * there is none, images itself; and what labels lies in. `exact`: not one of the two latter for a folder below labels. Calls fn
 * until it says stop. */
typedef bool (*folder_fn)(void *user, size_t folder, bool exact);
static bool each_image_folder(tome_scan *s, size_t folder, folder_fn fn, void *user, tome_error *err) {
  const size_t top = tome_labels_above(s, folder);
  if (top == TOME_NOWHERE || s->folders[top].parent == TOME_NOWHERE) return true;
  const tome_folder *over = &s->folders[s->folders[top].parent];
  const char *rest = s->folders[folder].path + strlen(s->folders[top].path);
  for (size_t i = 0; i < over->sub_count; i++) {
    const tome_folder *sibling = &s->folders[over->subs[i]];
    if (!tome_folders_parallel(s->folders[top].name, sibling->name)) continue;
    char *path = tome_arena_printf(&s->arena, err, "%s%s", sibling->path, rest);
    if (!path) return false;
    const size_t mirror = tome_scan_folder(s, path);
    if (!fn(user, mirror != TOME_NOWHERE ? mirror : over->subs[i], mirror != TOME_NOWHERE)) return true;
  }
  fn(user, s->folders[top].parent, !*rest);
  return true;
}

typedef struct nifti_there {
  const matcher *m;
  bool found;
} nifti_there;

static bool note_nifti(void *user, size_t folder, bool exact) {
  (void)exact;
  nifti_there *t = user;
  t->found |= t->m->has_nifti[folder];
  return !t->found;
}

static bool has_candidate(const candidates *c, size_t folder) {
  for (size_t i = 0; i < c->count; i++)
    if (c->items[i].folder == folder) return true;
  return false;
}

static bool note_dicom(void *user, size_t folder, bool exact) {
  (void)exact;
  nifti_there *t = user;
  t->found |= has_candidate(&t->m->images, folder);
  return !t->found;
}

/* A folder holds labels, whatever its files are called, where it (or one above) is called so and there are images to go with. */
static bool is_label_folder(matcher *m, size_t folder, bool *yes, tome_error *err) {
  nifti_there there = {m, false};
  if (!each_image_folder(m->scan, folder, note_nifti, &there, err)) return false;
  if (!there.found && !each_image_folder(m->scan, folder, note_dicom, &there, err)) return false;
  *yes = there.found;
  return true;
}

static bool mark_label_folders(matcher *m, tome_error *err) {
  bool yes = false;
  size_t last = TOME_NOWHERE;
  for (size_t i = 0; i < m->file_count; i++) {
    const size_t folder = m->scan->folder_of[m->files[i].entry];
    if (folder != last && !is_label_folder(m, folder, &yes, err)) return false;
    last = folder;
    m->files[i].label |= yes;
  }
  return true;
}

/* ---- masks beside one scan: their names are the structures' ---- */

static bool describe_one(const char *path, int64_t shape[3], tome_dtype *dtype, bool *one, tome_error *err) {
  tome_pieces pieces = {0};
  const bool ok = tome_describe(path, &pieces, err);
  *one = ok && pieces.count == 1;
  if (*one) {
    memcpy(shape, pieces.items[0].shape, sizeof pieces.items[0].shape);
    *dtype = pieces.items[0].dtype;
  }
  tome_pieces_clear(&pieces);
  return ok;
}

/* Files [from, to) are of one folder. Where exactly one is called a scan ("ct_cropped") and all others are bytes on the same
 * grid, while it is not, they are its masks. */
static bool mark_masks(matcher *m, size_t from, size_t to, tome_error *err) {
  size_t image = TOME_NOWHERE;
  for (size_t i = from; i < to; i++) {
    const char *name = tome_scan_name(m->scan, m->files[i].entry);
    tome_tokens t;
    tome_tokens_of(name, tome_stem_length(name), &t);
    if (m->files[i].label || !t.count || !tome_token_is_image(&t.items[0])) continue;
    if (image != TOME_NOWHERE) return true;
    image = i;
  }
  if (image == TOME_NOWHERE || to - from < 2) return true;
  int64_t shape[3], other[3];
  tome_dtype dtype = TOME_NONE, mask = TOME_NONE;
  bool one = false;
  if (!describe_one(m->scan->tree->entries[m->files[image].entry].full, shape, &dtype, &one, err)) return false;
  if (!one || dtype == TOME_U8) return true;
  for (size_t i = from; i < to; i++) {
    if (i == image || m->files[i].label) continue;
    if (!describe_one(m->scan->tree->entries[m->files[i].entry].full, other, &mask, &one, err)) return false;
    if (!one || mask != TOME_U8 || memcmp(shape, other, sizeof shape) != 0) return true;
  }
  for (size_t i = from; i < to; i++) {
    m->files[i].mask = i != image && !m->files[i].label;
    m->files[i].label = i != image;
  }
  return true;
}

static int by_folder(const tome_scan *s, const nifti_file *a, const nifti_file *b) {
  const size_t x = s->folder_of[a->entry], y = s->folder_of[b->entry];
  return x != y ? (x < y ? -1 : 1) : a->entry < b->entry ? -1 : 1;
}
static int by_folder_r(const void *a, const void *b, void *scan) { return by_folder(scan, a, b); }

static bool mark_all_masks(matcher *m, tome_error *err) {
  if (m->scan->is_file) return true;
  for (size_t i = 0, end; i < m->file_count; i = end) {
    const size_t folder = m->scan->folder_of[m->files[i].entry];
    for (end = i + 1; end < m->file_count && m->scan->folder_of[m->files[end].entry] == folder;) end++;
    if (!mark_masks(m, i, end, err)) return false;
  }
  return true;
}

/* ---- candidates ---- */

static bool add_candidate(matcher *m, size_t folder, size_t at, const char *name, size_t length, tome_error *err) {
  candidates *c = &m->images;
  if (!tome_arena_grow(&m->scan->arena, &c->items, &c->cap, c->count + 1, sizeof *c->items, err)) return false;
  candidate *n = &c->items[c->count++];
  n->folder = folder;
  n->at = at;
  tome_tokens_of(name, length, &n->full);
  n->bare = n->full;
  tome_tokens_drop(&n->bare, tome_token_is_image);
  return true;
}

/* DICOM folders planned before: their labels lie beside the folder, or in it. */
static bool add_dicom_candidates(matcher *m, tome_error *err) {
  const tome_scan *s = m->scan;
  for (size_t i = s->first_case; i < m->plan->case_count; i++) {
    const tome_case_input *c = &m->plan->cases[i];
    if (strcmp(c->layout, "dicom") != 0 || s->is_file) continue;
    const size_t folder = tome_scan_folder_over(s, c->image.paths[0] + c->image.root_length);
    if (!add_candidate(m, folder, i, "", 0, err)) return false;
    const tome_folder *f = &s->folders[folder];
    if (f->parent != TOME_NOWHERE && !add_candidate(m, f->parent, i, f->name, strlen(f->name), err)) return false;
  }
  return true;
}

static bool add_images(matcher *m, tome_error *err) {
  for (size_t i = 0; i < m->file_count; i++) {
    const size_t e = m->files[i].entry;
    if (m->files[i].label) continue;
    const char *name = tome_scan_name(m->scan, e);
    if (!tome_nifti_case(m->plan, m->scan, e, err) ||
        !add_candidate(m, m->scan->folder_of[e], m->plan->case_count - 1, name, tome_stem_length(name), err))
      return false;
  }
  return true;
}

static int by_candidate_folder(const void *x, const void *y) {
  const candidate *a = x, *b = y;
  return a->folder != b->folder ? (a->folder < b->folder ? -1 : 1) : a->at < b->at ? -1 : a->at > b->at;
}

/* ---- matching ---- */

typedef struct match {
  const matcher *m;
  const tome_tokens *label, *nested; /* of the file's name, of its folder's and its own; without label words */
  const tome_tokens *mask;           /* of a mask: its whole name, which is the structure's */
  size_t best;                       /* score */
  bool tied;
  size_t at;        /* the case */
  tome_tokens rest; /* the structure's name */
} match;

static const candidate *first_in(const candidates *c, size_t folder) {
  size_t lo = 0, hi = c->count;
  while (lo < hi) {
    const size_t mid = lo + (hi - lo) / 2;
    if (c->items[mid].folder < folder)
      lo = mid + 1;
    else
      hi = mid;
  }
  return c->items + lo;
}

static void offer(match *x, size_t score, size_t at, const tome_tokens *rest) {
  if (!score || score < x->best) return;
  if (score == x->best) {
    x->tied |= at != x->at;
    return;
  }
  x->best = score;
  x->tied = false;
  x->at = at;
  x->rest = *rest;
}

/* Compares a label with all images of a folder. A label called nothing but "seg" goes to the only image there. For a folder below
 * the labels' (masks/liver/case7, masks/case7/liver) the case must be named, by the file or by the folder and it. */
static bool match_in(void *user, size_t folder, bool exact) {
  match *x = user;
  const candidates *c = &x->m->images;
  const candidate *first = first_in(c, folder), *end = c->items + c->count, *i = first;
  tome_tokens rest;
  if (x->mask && first < end && first->folder == folder) offer(x, SIZE_MAX, first->at, x->mask);
  for (; i < end && i->folder == folder; i++) {
    if (exact || i->full.count) offer(x, tome_tokens_fit(x->label, &i->full, &rest), i->at, &rest);
    if (exact || i->bare.count) offer(x, tome_tokens_fit(x->label, &i->bare, &rest), i->at, &rest);
    if (!exact && i->bare.count) offer(x, tome_tokens_fit(x->nested, &i->bare, &rest), i->at, &rest);
  }
  if (exact && !x->best && i - first == 1 && !x->label->count) offer(x, 1, first->at, x->label);
  return !x->best;
}

/* "segmentation" for case7_seg, "mask" for case7_mask; NULL where no label word is among the tokens. */
static const char *map_in(const tome_tokens *t) {
  static const struct {
    const char *begins, *map;
  } maps[] = {
      {"seg", "segmentation"}, {"mask", "mask"}, {"label", "label"}, {"gt", "ground_truth"}, {"annot", "annotation"}};
  for (size_t i = 0; i < t->count; i++)
    for (size_t k = 0; tome_token_is_label(&t->items[i]) && k < TOME_COUNT(maps); k++)
      if (strncasecmp(t->items[i].at, maps[k].begins, strlen(maps[k].begins)) == 0) return maps[k].map;
  return NULL;
}

/* A label map's name where the file's own names no structure: what it calls itself, the folder's (labels/liver/case7.nii.gz, unless
 * the images have the same folders), or the word of the folder of labels. */
static const char *map_of(const tome_scan *s, const tome_tokens *all, size_t folder, const char *image) {
  const char *map = map_in(all);
  if (map) return map;
  const size_t top = tome_labels_above(s, folder);
  if (top == TOME_NOWHERE) return "label";
  const char *inner = s->folders[folder].path + strlen(s->folders[top].path);
  if (*inner && !strstr(image, inner)) return s->folders[folder].name;
  tome_tokens t;
  tome_tokens_of(s->folders[top].name, strlen(s->folders[top].name), &t);
  map = map_in(&t);
  return map ? map : "label";
}

static bool attach(matcher *m, const match *x, size_t entry, const tome_tokens *all, tome_error *err) {
  tome_scan *s = m->scan;
  tome_case_input *c = &m->plan->cases[x->at];
  const char *map =
      x->rest.count ? tome_tokens_text(&x->rest, &s->arena, err) : map_of(s, all, s->folder_of[entry], c->image.shown);
  const tome_picks one = {&entry, 1, 1};
  if (!map || !tome_plan_label(m->plan, c, map, s, &one, tome_scan_shown(s, entry), err)) return false;
  c->all_series = false;
  s->claimed[entry] = true;
  return true;
}

static bool place_label(matcher *m, const nifti_file *f, tome_error *err) {
  tome_scan *s = m->scan;
  const size_t entry = f->entry, folder = s->folder_of[entry];
  const char *name = tome_scan_name(s, entry);
  const int stem = (int)tome_stem_length(name);
  char *both = tome_arena_printf(&s->arena, err, "%s_%.*s", s->folders[folder].name, stem, name);
  if (!both) return false;
  tome_tokens all, label, nested;
  tome_tokens_of(name, (size_t)stem, &all);
  tome_tokens_of(both, strlen(both), &nested);
  label = all;
  tome_tokens_drop(&label, tome_token_is_label);
  tome_tokens_drop(&nested, tome_token_is_label);
  match x = {.m = m, .label = &label, .nested = &nested, .mask = f->mask ? &all : NULL};
  if (match_in(&x, folder, true) && !each_image_folder(s, folder, match_in, &x, err)) return false;
  if (!x.best) return tome_scan_orphan(s, entry, "called a label, but no image of its name is beside it", err);
  if (x.tied) return tome_scan_orphan(s, entry, "called a label, and fits several images equally well", err);
  return attach(m, &x, entry, &all, err);
}

static bool find(tome_scan *s, tome_plan *plan, tome_error *err) {
  matcher m = {.scan = s, .plan = plan};
  if (!list_files(&m, err)) return false;
  if (!m.file_count) return true;
  qsort_r(m.files, m.file_count, sizeof *m.files, by_folder_r, s);
  if (!add_dicom_candidates(&m, err) || !mark_label_folders(&m, err) || !mark_all_masks(&m, err) ||
      !add_images(&m, err))
    return false;
  if (m.images.count) qsort(m.images.items, m.images.count, sizeof *m.images.items, by_candidate_folder);
  for (size_t i = 0; i < m.file_count; i++)
    if (m.files[i].label && !place_label(&m, &m.files[i], err)) return false;
  return true;
}

extern const tome_layout tome_layout_nifti;
const tome_layout tome_layout_nifti = {
    .name = "nifti",
    .title = "NIfTI, NRRD, MetaImage, MINC or PAR/REC volumes, with their labels where names pair them",
    .tree =
        "study/\n"
        "  case7.nii.gz\n"
        "  case7_seg.nii.gz  case7-label.nii  mask_case7.nii.gz     any of seg, mask, label, gt\n"
        "  case7_liver_mask.nii.gz                                 the structure is called liver\n"
        "or in parallel folders:\n"
        "  images/case7.nii.gz      labels/case7.nii.gz            also masks/, segmentations/, imagesTr/ labelsTr/\n"
        "or one mask a structure:\n"
        "  s0001/ct.nii.gz          s0001/segmentations/liver.nii.gz spleen.nii.gz …\n"
        "  aorta/ct_cropped.nii.gz  aorta/celiac_trunk.nii.gz …    all other files bytes on the same grid\n"
        "and the same with .nrrd .seg.nrrd .nhdr .mha .mhd .mnc .par, mixed as they come\n"
        "A volume without labels is a case too. A folder of DICOM may stand for the image.\n",
    .find = find,
};
