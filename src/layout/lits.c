/* LiTS: volume-N.nii beside segmentation-N.nii, in one folder or in two (ct/ and seg/, volume_pt1/ … and segmentations/). */
#include <stdlib.h>
#include <string.h>

#include "layout/scan.h"

typedef struct lits_file {
  size_t entry;
  bool test, segmentation;
  const char *digits; /* of the number, leading zeros left out */
  size_t digit_count;
  size_t partner; /* a volume's segmentation: index into the same list, or TOME_NOWHERE */
  size_t steps;   /* folders walked from one to the other */
} lits_file;

typedef struct lits_list {
  lits_file *items;
  size_t count, cap;
} lits_list;

static bool skip(const char **at, const char *word) {
  const size_t n = strlen(word);
  if (strncmp(*at, word, n) != 0) return false;
  *at += n;
  return true;
}

/* "volume-3.nii", "test-segmentation-03.nii.gz". */
static bool parse(const char *name, lits_file *out) {
  const char *at = name;
  *out = (lits_file){.test = skip(&at, "test-"), .partner = TOME_NOWHERE};
  if (skip(&at, "segmentation-"))
    out->segmentation = true;
  else if (!skip(&at, "volume-"))
    return false;
  const char *first = at;
  while (*at >= '0' && *at <= '9') at++;
  if (at == first || (strcmp(at, ".nii") != 0 && strcmp(at, ".nii.gz") != 0)) return false;
  while (*first == '0' && first + 1 < at) first++;
  out->digits = first;
  out->digit_count = (size_t)(at - first);
  return true;
}

static int by_number(const void *x, const void *y) {
  const lits_file *a = x, *b = y;
  if (a->test != b->test) return a->test ? 1 : -1;
  if (a->digit_count != b->digit_count) return a->digit_count < b->digit_count ? -1 : 1;
  const int order = strncmp(a->digits, b->digits, a->digit_count);
  if (order) return order;
  if (a->segmentation != b->segmentation) return a->segmentation ? 1 : -1;
  return a->entry < b->entry ? -1 : 1;
}

static bool same_number(const lits_file *a, const lits_file *b) {
  return a->test == b->test && a->digit_count == b->digit_count && strncmp(a->digits, b->digits, a->digit_count) == 0;
}

/* Folders from one to the other, up and down: 0 the same, 2 siblings, 4 volumes/volumes and segmentations/segmentations. */
static size_t steps_between(const tome_scan *s, size_t a, size_t b) {
  size_t steps = 0;
  for (; a != b; steps++) {
    const bool from_a = b == 0 || (a != 0 && strlen(s->folders[a].path) >= strlen(s->folders[b].path));
    size_t *deeper = from_a ? &a : &b;
    *deeper = s->folders[*deeper].parent;
  }
  return steps;
}

/* A segmentation goes to the nearest volume of its number; two equally near are left to the person. */
static bool give(lits_file *volumes, size_t count, lits_file *seg, size_t index, tome_scan *s, tome_error *err) {
  lits_file *best = NULL;
  size_t least = SIZE_MAX, ties = 0;
  static const char nearer[] = "the volume of its number has a nearer segmentation";
  for (size_t i = 0; i < count; i++) {
    const size_t steps = steps_between(s, s->folder_of[volumes[i].entry], s->folder_of[seg->entry]);
    ties = steps == least ? ties + 1 : steps < least ? 0 : ties;
    if (steps < least) best = &volumes[i], least = steps;
  }
  if (!best) return tome_scan_orphan(s, seg->entry, "a segmentation without a volume of its number", err);
  if (ties) return tome_scan_orphan(s, seg->entry, "several volumes of its number are equally near", err);
  if (best->partner != TOME_NOWHERE && best->steps <= least) return tome_scan_orphan(s, seg->entry, nearer, err);
  if (best->partner != TOME_NOWHERE &&
      !tome_scan_orphan(s, seg[(ptrdiff_t)best->partner - (ptrdiff_t)index].entry, nearer, err))
    return false;
  best->partner = index;
  best->steps = least;
  return true;
}

static const tome_value_name structures[] = {{1, "liver"}, {2, "tumor"}};

static bool add_case(tome_scan *s, const lits_list *all, const lits_file *v, tome_plan *plan, tome_error *err) {
  const char *name = tome_scan_name(s, v->entry);
  char *stem = tome_arena_printf(&s->arena, err, "%.*s", (int)tome_stem_length(name), name);
  tome_case_input *c = stem ? tome_plan_case(plan, s, "lits", stem, s->folder_of[v->entry], err) : NULL;
  if (!c) return false;
  c->modality = "CT";
  size_t entry = v->entry;
  const tome_picks image = {&entry, 1, 1};
  if (!tome_plan_input(plan, s, &image, tome_scan_shown(s, entry), &c->image, err)) return false;
  if (v->partner == TOME_NOWHERE) return true;
  size_t seg = all->items[v->partner].entry;
  const tome_picks label = {&seg, 1, 1};
  if (!tome_plan_label(plan, c, "segmentation", s, &label, tome_scan_shown(s, seg), err)) return false;
  c->labels[0].names = structures;
  c->labels[0].name_count = TOME_COUNT(structures);
  return true;
}

static bool list_files(tome_scan *s, lits_list *out, tome_error *err) {
  for (size_t i = 0; i < s->tree->count; i++) {
    lits_file f;
    if (s->claimed[i] || s->tree->entries[i].folder || !parse(tome_scan_name(s, i), &f)) continue;
    f.entry = i;
    if (!tome_arena_grow(&s->arena, &out->items, &out->cap, out->count + 1, sizeof f, err)) return false;
    out->items[out->count++] = f;
    s->claimed[i] = true;
  }
  return true;
}

/* Files of one number: volumes first, then segmentations. */
static bool pair_number(tome_scan *s, lits_list *all, size_t from, size_t to, tome_error *err) {
  size_t volumes = 0;
  while (from + volumes < to && !all->items[from + volumes].segmentation) volumes++;
  for (size_t i = from + volumes; i < to; i++)
    if (!give(&all->items[from], volumes, &all->items[i], i, s, err)) return false;
  return true;
}

static bool find(tome_scan *s, tome_plan *plan, tome_error *err) {
  lits_list all = {0};
  if (!list_files(s, &all, err)) return false;
  if (!all.count) return true;
  qsort(all.items, all.count, sizeof *all.items, by_number);
  for (size_t i = 0, end; i < all.count; i = end) {
    for (end = i + 1; end < all.count && same_number(&all.items[i], &all.items[end]);) end++;
    if (!pair_number(s, &all, i, end, err)) return false;
  }
  for (size_t i = 0; i < all.count; i++)
    if (!all.items[i].segmentation && !add_case(s, &all, &all.items[i], plan, err)) return false;
  return true;
}

extern const tome_layout tome_layout_lits;
const tome_layout tome_layout_lits = {
    .name = "lits",
    .title = "LiTS: numbered CT volumes and their liver and tumour segmentations",
    .tree =
        "LITS17/\n"
        "  volume-0.nii   segmentation-0.nii       .nii or .nii.gz; 0 background, 1 liver, 2 tumor\n"
        "  volume-1.nii   segmentation-1.nii\n"
        "or in two folders, paired by number, the nearest first:\n"
        "  ct/volume-0.nii            seg/segmentation-0.nii\n"
        "  volume_pt1/volume-0.nii    segmentations/segmentation-0.nii\n"
        "A volume without a segmentation (the test set) is a case too.\n",
    .find = find,
};
