/* Words in names: tables of them, and how a name is cut into tokens. */
#include "layout/words.h"

#include <string.h>
#include <strings.h>

typedef struct extension {
  const char *text;
  tome_name_kind kind;
} extension;

/* Longer ones first where one ends another. */
static const extension image_extensions[] = {
    {".nii.gz", TOME_NAME_NIFTI},   {".hdr.gz", TOME_NAME_NIFTI},   {".img.gz", TOME_NAME_IMG},
    {".nii", TOME_NAME_NIFTI},      {".hdr", TOME_NAME_NIFTI},      {".img", TOME_NAME_IMG},
    {".png", TOME_NAME_PNG},        {".dcm", TOME_NAME_DICOM},      {".dicom", TOME_NAME_DICOM},
    {".ima", TOME_NAME_DICOM},      {".seg.nrrd", TOME_NAME_NIFTI}, {".nrrd", TOME_NAME_NIFTI},
    {".nhdr", TOME_NAME_NIFTI},     {".mha", TOME_NAME_NIFTI},      {".mhd", TOME_NAME_NIFTI},
    {".mnc", TOME_NAME_NIFTI},      {".par", TOME_NAME_NIFTI},      {".rec", TOME_NAME_HEAP},
    {".raw", TOME_NAME_HEAP},       {".zraw", TOME_NAME_HEAP},      {".npy", TOME_NAME_ODD},
    {".npz", TOME_NAME_ODD},        {".tif", TOME_NAME_PICTURE},    {".tiff", TOME_NAME_PICTURE},
    {".gif", TOME_NAME_PICTURE},    {".bmp", TOME_NAME_PICTURE},    {".jpg", TOME_NAME_PICTURE},
    {".jpeg", TOME_NAME_PICTURE},   {".ppm.gz", TOME_NAME_PICTURE}, {".pgm.gz", TOME_NAME_PICTURE},
    {".pbm.gz", TOME_NAME_PICTURE}, {".ppm", TOME_NAME_PICTURE},    {".pgm", TOME_NAME_PICTURE},
    {".pbm", TOME_NAME_PICTURE},    {".pnm", TOME_NAME_PICTURE},
};

static const char *const archives[] = {".zip", ".tar", ".tgz", ".7z", ".rar", ".tar.gz", ".tar.bz2", ".tar.xz", ".txz"};

/* Never opened: nothing here reads them, and a data set may hold thousands. */
static const char *const others[] = {
    ".txt",  ".md",   ".json",   ".csv",  ".tsv",  ".xml",  ".html", ".htm",    ".pdf",    ".doc",  ".docx", ".xls",
    ".xlsx", ".ppt",  ".pptx",   ".rtf",  ".log",  ".ini",  ".cfg",  ".yaml",   ".yml",    ".toml", ".py",   ".ipynb",
    ".m",    ".r",    ".sh",     ".bat",  ".exe",  ".dll",  ".inf",  ".ico",    ".js",     ".css",  ".c",    ".h",
    ".cpp",  ".jar",  ".class",  ".webp", ".svg",  ".eps",  ".mp4",  ".avi",    ".mov",    ".wav",  ".vtk",  ".stl",
    ".obj",  ".ply",  ".vtp",    ".db",   ".lnk",  ".bak",  ".tmp",  ".pkl",    ".pickle", ".mat",  ".pt",   ".pth",
    ".h5",   ".hdf5", ".sqlite", ".bval", ".bvec", ".sha1", ".md5",  ".sha256",
};

static const char *const label_words[] = {"seg",      "segs",  "segmentation", "segmentations",
                                          "mask",     "masks", "label",        "labels",
                                          "labelmap", "gt",    "annotation",   "annotations"};
static const char *const label_folders[] = {"labelsTr", "labelsTs", "ground", "groundtruth", "contours"};
static const char *const image_words[] = {"ct",   "cta", "cect",   "mr",      "mri",  "image", "images",  "img",
                                          "imgs", "vol", "volume", "volumes", "scan", "scans", "imaging", "orig"};
static const char *const image_folders[] = {"imagesTr", "imagesTs", "dicom", "dcm"};
static const char *const common_words[] = {"ct",    "mr",    "mri",        "dicom",        "dicoms", "dcm",
                                           "nifti", "nii",   "data",       "series",       "volume", "volumes",
                                           "scan",  "scans", "dicom_anon", "patient_dicom"};
static const char *const empty_words[] = {"image", "images", "img", "imgs"};

static bool ends_with(const char *name, const char *end) {
  const size_t n = strlen(name), m = strlen(end);
  return n > m && strcasecmp(name + n - m, end) == 0;
}

static bool listed(const char *const *words, size_t count, const char *text, size_t length) {
  for (size_t i = 0; i < count; i++)
    if (strlen(words[i]) == length && strncasecmp(words[i], text, length) == 0) return true;
  return false;
}
#define LISTED(words, text, length) listed((words), TOME_COUNT(words), (text), (length))

static bool ends_with_any(const char *const *ends, size_t count, const char *name) {
  for (size_t i = 0; i < count; i++)
    if (ends_with(name, ends[i])) return true;
  return false;
}

/* ".1234" and ".16573-2" end a UID or a number, ".nrrd" is an extension. */
const char *tome_extension(const char *name) {
  const char *dot = strrchr(name, '.');
  if (!dot || dot == name || strlen(dot) > 8 || !dot[1]) return name + strlen(name);
  bool letter = false;
  for (const char *c = dot + 1; *c; c++) {
    if (*c >= '0' && *c <= '9') continue;
    if (!((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z'))) return name + strlen(name);
    letter = true;
  }
  return letter ? dot : name + strlen(name);
}

tome_name_kind tome_name_kind_of(const char *name) {
  if (strcasecmp(name, "DICOMDIR") == 0) return TOME_NAME_DICOMDIR;
  for (size_t i = 0; i < TOME_COUNT(image_extensions); i++)
    if (ends_with(name, image_extensions[i].text)) return image_extensions[i].kind;
  if (ends_with_any(archives, TOME_COUNT(archives), name)) return TOME_NAME_ARCHIVE;
  if (ends_with_any(others, TOME_COUNT(others), name)) return TOME_NAME_OTHER;
  if (strcasecmp(name, "LICENSE") == 0 || strcasecmp(name, "README") == 0) return TOME_NAME_OTHER;
  return *tome_extension(name) ? TOME_NAME_ODD : TOME_NAME_BARE;
}

size_t tome_stem_length(const char *name) {
  for (size_t i = 0; i < TOME_COUNT(image_extensions); i++)
    if (ends_with(name, image_extensions[i].text)) return strlen(name) - strlen(image_extensions[i].text);
  return strlen(name);
}

/* ---- tokens ---- */

static bool is_separator(char c) { return strchr("_-. (),+", c) != NULL && c; }
static bool is_digit(char c) { return c >= '0' && c <= '9'; }

void tome_tokens_of(const char *name, size_t length, tome_tokens *out) {
  out->count = 0;
  bool apart = false;
  for (size_t i = 0; i < length;) {
    if (is_separator(name[i])) {
      apart = true;
      i++;
      continue;
    }
    size_t end = i + 1;
    while (end < length && !is_separator(name[end]) && !(is_digit(name[end]) && !is_digit(name[end - 1]))) end++;
    if (out->count == TOME_TOKENS - 1) end = length;
    out->items[out->count++] = (tome_token){name + i, end - i, apart};
    apart = false;
    i = end;
  }
}

bool tome_token_is_label(const tome_token *t) { return LISTED(label_words, t->at, t->length); }
bool tome_token_is_image(const tome_token *t) { return LISTED(image_words, t->at, t->length); }

static bool is_labels_token(const tome_token *t) {
  return tome_token_is_label(t) || LISTED(label_folders, t->at, t->length);
}
static bool is_images_token(const tome_token *t) {
  return tome_token_is_image(t) || LISTED(image_folders, t->at, t->length);
}

void tome_tokens_drop(tome_tokens *t, bool (*is)(const tome_token *)) {
  size_t kept = 0;
  for (size_t i = 0; i < t->count; i++)
    if (!is(&t->items[i])) t->items[kept++] = t->items[i];
  t->count = kept;
}

bool tome_tokens_any(const tome_tokens *t, bool (*is)(const tome_token *)) {
  for (size_t i = 0; i < t->count; i++)
    if (is(&t->items[i])) return true;
  return false;
}

static bool has_letter(const tome_token *t) {
  for (size_t i = 0; i < t->length; i++)
    if (!is_digit(t->at[i])) return true;
  return false;
}
bool tome_tokens_have_letter(const tome_tokens *t) { return tome_tokens_any(t, has_letter); }

char *tome_tokens_text(const tome_tokens *t, tome_arena *a, tome_error *err) {
  size_t room = 1;
  for (size_t i = 0; i < t->count; i++) room += t->items[i].length + 1;
  char *text = tome_arena_alloc(a, room, err);
  if (!text) return NULL;
  char *to = text;
  for (size_t i = 0; i < t->count; i++) {
    if (i && t->items[i].apart) *to++ = t->items[i].at[-1];
    memcpy(to, t->items[i].at, t->items[i].length);
    to += t->items[i].length;
  }
  return text;
}

static bool same_token(const tome_token *a, const tome_token *b) {
  return a->length == b->length && memcmp(a->at, b->at, a->length) == 0;
}

static bool same_run(const tome_token *a, const tome_token *b, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (!same_token(&a[i], &b[i])) return false;
  return true;
}

size_t tome_tokens_fit(const tome_tokens *label, const tome_tokens *key, tome_tokens *rest) {
  if (key->count > label->count) return 0;
  const size_t left = label->count - key->count;
  const tome_token *from = NULL; /* what is left over */
  if (same_run(label->items, key->items, key->count))
    from = label->items + key->count;
  else if (same_run(label->items + left, key->items, key->count))
    from = label->items;
  if (!from) return 0;
  /* "case10" is not the structure 0 of case1: what is left over is set apart by a separator. */
  if (left && key->count && !label->items[from == label->items ? left : key->count].apart) return 0;
  rest->count = left;
  if (left) memcpy(rest->items, from, left * sizeof *from);
  tome_tokens_drop(rest, tome_token_is_image);
  if (rest->count && !tome_tokens_have_letter(rest)) return 0;
  return 2 * key->count + 1 + (rest->count == 0);
}

/* ---- folders ---- */

static bool any_token(const char *name, bool (*is)(const tome_token *)) {
  tome_tokens t;
  tome_tokens_of(name, strlen(name), &t);
  return tome_tokens_any(&t, is);
}

bool tome_folder_of_labels(const char *name) { return any_token(name, is_labels_token); }

bool tome_folders_parallel(const char *labels, const char *images) {
  tome_tokens l, i;
  if (tome_folder_of_labels(images)) return false;
  tome_tokens_of(labels, strlen(labels), &l);
  tome_tokens_of(images, strlen(images), &i);
  if (!tome_tokens_any(&i, is_images_token)) return false;
  tome_tokens_drop(&l, is_labels_token);
  tome_tokens_drop(&i, is_images_token);
  return !i.count || (i.count == l.count && same_run(i.items, l.items, i.count));
}

bool tome_name_is_common(const char *name) {
  return LISTED(common_words, name, strlen(name)) || LISTED(label_words, name, strlen(name));
}
bool tome_name_is_empty_word(const char *name) { return LISTED(empty_words, name, strlen(name)); }
