/* BraTS and its like: several MR sequences of one brain in one folder, told apart by a word in their names (t1, t1ce, t2, flair; t1n, t1c, t2w, t2f since 2023), and
 * the segmentation beside them. The sequences become the channels of one case. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "layout/scan.h"

/* Sequences, in the order that the channels get. */
static const char *const sequences[] = {"t1",  "t1n",   "t1w", "t1ce", "t1c", "t1gd", "t1post", "t2",
                                        "t2w", "flair", "t2f", "pd",   "adc", "dwi",  "swi",    "cbf"};
static const char *const modern[] = {"t1n", "t2w", "t2f"}; /* words of 2023 and after */
static const char *const early[] = {"t1c"};                /* among other words: of 2016 and before */
static const char *const segmentations[] = {"seg", "segmentation", "label", "labels", "gt"};

enum { NOT_A_SEQUENCE = TOME_COUNT(sequences), NAME_ROOM = 256 };

typedef struct brats_file {
  size_t entry;
  size_t sequence; /* place in `sequences`, or NOT_A_SEQUENCE */
  bool segmentation;
  char key[NAME_ROOM]; /* the name without that word: whose it is */
} brats_file;

typedef struct brats_folder {
  brats_file *files;
  size_t count, cap;
} brats_folder;

static size_t place_of(const char *word, size_t length, const char *const *words, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (strlen(words[i]) == length && strncasecmp(words[i], word, length) == 0) return i;
  return count;
}

/* Cuts a name at '_', '-', '.', ' ' and takes out the one word that says what it is. False for a name without such a word, or too long to be one. */
static bool parse(const char *name, brats_file *out) {
  const size_t length = tome_stem_length(name);
  size_t used = 0, words = 0;
  if (length >= NAME_ROOM) return false;
  for (size_t at = 0; at < length;) {
    size_t end = at;
    while (end < length && !strchr("_-. ", name[end])) end++;
    const size_t sequence = place_of(name + at, end - at, sequences, TOME_COUNT(sequences));
    const bool label =
        place_of(name + at, end - at, segmentations, TOME_COUNT(segmentations)) < TOME_COUNT(segmentations);
    if (sequence < NOT_A_SEQUENCE) out->sequence = sequence;
    if (label) out->segmentation = true;
    if (sequence < NOT_A_SEQUENCE || label) {
      words++;
    } else if (end > at) {
      if (used) out->key[used++] = name[at - 1]; /* as the data set writes it: BraTS-GLI-00000-000 */
      memcpy(out->key + used, name + at, end - at);
      used += end - at;
    }
    at = end + 1;
  }
  out->key[used] = '\0';
  return words == 1;
}

static bool list_files(tome_scan *s, size_t folder, brats_folder *out, tome_error *err) {
  const tome_folder *f = &s->folders[folder];
  for (size_t i = 0; i < f->file_count; i++) {
    const size_t entry = f->files[i];
    brats_file b = {.entry = entry, .sequence = NOT_A_SEQUENCE};
    if (s->claimed[entry] || tome_name_kind_of(tome_scan_name(s, entry)) != TOME_NAME_NIFTI ||
        !parse(tome_scan_name(s, entry), &b))
      continue;
    if (!tome_arena_grow(&s->arena, &out->files, &out->cap, out->count + 1, sizeof b, err)) return false;
    out->files[out->count++] = b;
  }
  return true;
}

static int by_key(const void *pa, const void *pb) {
  const brats_file *a = pa, *b = pb;
  const int order = strcmp(a->key, b->key);
  if (order) return order;
  if (a->sequence != b->sequence) return a->sequence < b->sequence ? -1 : 1;
  return a->entry < b->entry ? -1 : a->entry > b->entry;
}

/* Several sequences, each once, and a segmentation, or all four: registered images of one patient. Two sequences alone may well lie on grids of their own. */
static bool is_case(const brats_file *f, size_t count, bool truth) {
  size_t images = 0, labels = 0;
  for (size_t i = 0; i < count; i++) {
    if (f[i].segmentation) {
      labels++;
      continue;
    }
    images++;
    if (i && f[i].sequence == f[i - 1].sequence) return false;
  }
  return images >= (labels || truth ? 2 : 4) && labels <= 1;
}

/* ---- labels --------------------------------------------------------------------------------------------- */

/* What the values mean has changed: since 2017 the necrotic and the not enhancing core are one, since 2023 what enhances is 3, and 4 the cavity that surgery
 * left (2024). */
typedef struct edition {
  const tome_value_name *names;
  size_t count;
} edition;
static const tome_value_name names_2012[] = {
    {1, "necrosis"}, {2, "edema"}, {3, "nonenhancing_tumor"}, {4, "enhancing_tumor"}};
static const tome_value_name names_2017[] = {
    {1, "necrosis_or_nonenhancing_tumor"}, {2, "edema"}, {4, "enhancing_tumor"}};
static const tome_value_name names_2023[] = {
    {1, "necrosis"}, {2, "edema"}, {3, "enhancing_tumor"}, {4, "resection_cavity"}};
static const edition of_2012 = {names_2012, TOME_COUNT(names_2012)}, of_2017 = {names_2017, TOME_COUNT(names_2017)},
                     of_2023 = {names_2023, TOME_COUNT(names_2023)}, unknown = {NULL, 0};

/* The year behind the last "BraTS" of a text ("BraTS20_Training_001", "brats_2013_pat0005_1"); 0 without one. */
static int year_in(const char *text) {
  int year = 0;
  for (const char *at = text; (at = strcasestr(at, "brats"));) {
    at += strlen("brats");
    const char *number = at + strspn(at, "_- ");
    const size_t digits = strspn(number, "0123456789");
    const int v = digits == 2 || digits == 4 ? atoi(number) : 0;
    if (digits == 2 && v >= 12) year = 2000 + v;
    if (v >= 2012 && v < 2100) year = v;
  }
  return year;
}

static bool has_word(const brats_file *f, size_t count, const char *const *words, size_t word_count) {
  for (size_t i = 0; i < count; i++)
    if (f[i].sequence < NOT_A_SEQUENCE &&
        place_of(sequences[f[i].sequence], strlen(sequences[f[i].sequence]), words, word_count) < word_count)
      return true;
  return false;
}

/* By the name of the case, else by its folders', else by the words for its sequences. Children's tumours have had several meanings. */
static edition edition_of(const tome_case_input *c, const brats_file *f, size_t count) {
  const int named = year_in(c->name), year = named ? named : year_in(c->folder);
  if (strcasestr(c->name, "-PED-")) return unknown;
  if (year && year < 2017) return of_2012;
  if (year >= 2023 || has_word(f, count, modern, TOME_COUNT(modern))) return of_2023;
  return !year && has_word(f, count, early, TOME_COUNT(early)) ? of_2012 : of_2017;
}

static bool add_label(tome_scan *s, tome_plan *plan, tome_case_input *c, size_t entry, const char *map, edition values,
                      tome_error *err) {
  const tome_picks one = {&entry, 1, 1};
  if (!tome_plan_label(plan, c, map, s, &one, tome_scan_shown(s, entry), err)) return false;
  s->claimed[entry] = true;
  c->labels[c->label_count - 1].names = values.names;
  c->labels[c->label_count - 1].name_count = values.count;
  return true;
}

static bool contains(const char *name, const char *word) { return strcasestr(name, word) != NULL; }

/* The truth of 2012 to 2015 is called "OTMultiClass". */
static bool is_truth(const char *name) { return strncmp(name, "OT", 2) == 0; }

/* In a folder of one case: masks and the truth under names of their own. */
static bool add_others(tome_scan *s, tome_plan *plan, tome_case_input *c, size_t folder, tome_error *err) {
  const tome_folder *f = &s->folders[folder];
  for (size_t i = 0; i < f->file_count; i++) {
    const size_t entry = f->files[i];
    const char *name = tome_scan_name(s, entry);
    if (s->claimed[entry] || tome_name_kind_of(name) != TOME_NAME_NIFTI) continue;
    const bool truth = is_truth(name);
    if (!truth && !contains(name, "mask") && !contains(name, "seg")) continue;
    char *stem = tome_arena_printf(&s->arena, err, "%.*s", (int)tome_stem_length(name), name);
    if (!stem || !add_label(s, plan, c, entry, truth ? "segmentation" : stem, truth ? of_2012 : unknown, err))
      return false;
  }
  return true;
}

/* ---- a case --------------------------------------------------------------------------------------------- */

static bool add_image(tome_scan *s, tome_plan *plan, tome_case_input *c, const brats_file *f, tome_error *err) {
  size_t entry = f->entry;
  const tome_picks one = {&entry, 1, 1};
  s->claimed[entry] = true;
  if (c->image_name) return tome_plan_channel(plan, c, sequences[f->sequence], s, &one, tome_scan_shown(s, entry), err);
  c->image_name = sequences[f->sequence];
  return tome_plan_input(plan, s, &one, tome_scan_shown(s, entry), &c->image, err);
}

static bool add_case(tome_scan *s, tome_plan *plan, size_t folder, const brats_file *f, size_t count, bool alone,
                     tome_error *err) {
  const bool named = strpbrk(f[0].key, "0123456789");
  tome_case_input *c = named ? tome_plan_case(plan, s, "brats", f[0].key, folder, err)
                             : tome_plan_case_of_folder(plan, s, "brats", folder, err);
  if (!c) return false;
  c->modality = "MR";
  for (size_t i = 0; i < count; i++)
    if (!f[i].segmentation && !add_image(s, plan, c, &f[i], err)) return false;
  for (size_t i = 0; i < count; i++)
    if (f[i].segmentation && !add_label(s, plan, c, f[i].entry, "segmentation", edition_of(c, f, count), err))
      return false;
  return !alone || add_others(s, plan, c, folder, err);
}

static bool holds_truth(const tome_scan *s, size_t folder) {
  const tome_folder *f = &s->folders[folder];
  for (size_t i = 0; i < f->file_count; i++)
    if (is_truth(tome_scan_name(s, f->files[i]))) return true;
  return false;
}

static bool find_in(tome_scan *s, size_t folder, tome_plan *plan, tome_error *err) {
  brats_folder all = {0};
  if (!list_files(s, folder, &all, err)) return false;
  if (all.count < 2) return true;
  qsort(all.files, all.count, sizeof *all.files, by_key);
  for (size_t i = 0, end; i < all.count; i = end) {
    for (end = i + 1; end < all.count && strcmp(all.files[i].key, all.files[end].key) == 0;) end++;
    const bool alone = end - i == all.count;
    if (is_case(&all.files[i], end - i, alone && holds_truth(s, folder)) &&
        !add_case(s, plan, folder, &all.files[i], end - i, alone, err))
      return false;
  }
  return true;
}

static bool find(tome_scan *s, tome_plan *plan, tome_error *err) {
  for (size_t i = 0; i < s->folder_count; i++)
    if (!find_in(s, i, plan, err)) return false;
  return true;
}

extern const tome_layout tome_layout_brats;
const tome_layout tome_layout_brats = {
    .name = "brats",
    .title = "BraTS: several MR sequences of one brain, and its tumour",
    .tree =
        "BraTS20_Training_001/\n"
        "  BraTS20_Training_001_t1.nii.gz  …_t1ce.nii.gz  …_t2.nii.gz  …_flair.nii.gz     or t1n, t1c, t2w, t2f\n"
        "  BraTS20_Training_001_seg.nii.gz     2017 to 2021: 1 necrosis_or_nonenhancing_tumor, 2 edema, 4 "
        "enhancing_tumor;\n"
        "                                      since 2023: 1 necrosis, 2 edema, 3 enhancing_tumor, 4 "
        "resection_cavity;\n"
        "                                      to 2016: 1 necrosis, 2 edema, 3 nonenhancing_tumor, 4 enhancing_tumor\n"
        "The sequences are the channels of one case. All in one folder is fine, as are folders that are the only "
        "name.\n",
    .find = find,
};
