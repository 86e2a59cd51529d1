/* words.h - what the names of files and folders say: kinds by extension, and the words by which people tell labels from
 * images ("case7_liver_mask.nii.gz" is of case7, a label, and called liver). */
#ifndef TOME_LAYOUT_WORDS_H
#define TOME_LAYOUT_WORDS_H

#include "base/mem.h"

typedef enum tome_name_kind {
  TOME_NAME_BARE = 0, /* no extension to speak of: usual for DICOM */
  TOME_NAME_ODD,      /* an extension that says nothing: only its bytes tell */
  TOME_NAME_DICOM,
  TOME_NAME_NIFTI, /* or another format whose file is a volume with its place: NRRD, MetaImage, MINC, PAR/REC */
  TOME_NAME_IMG,   /* the second half of a .hdr/.img pair */
  TOME_NAME_HEAP,  /* voxels without a header: .raw of .mhd and .nhdr, .rec of .par */
  TOME_NAME_PNG,
  TOME_NAME_PICTURE, /* .tif, .gif, .jpg, .bmp: mostly previews and figures; images only where the user or a layout says so */
  TOME_NAME_DICOMDIR,
  TOME_NAME_ARCHIVE,
  TOME_NAME_OTHER /* certainly no volume: .txt, .json, .mp4 … */
} tome_name_kind;
tome_name_kind tome_name_kind_of(const char *name);
/* Bytes of `name` before the extension of an image format ("v.nii.gz": 1), all of it where there is none. */
size_t tome_stem_length(const char *name);
/* The extension with its dot ("" where there is none), for grouping files nobody knows. Points into name. */
const char *tome_extension(const char *name);

/* A name cut at '_', '-', ' ', '.', and between a letter and a digit ("img0001": img, 0001). Points into the name. */
typedef struct tome_token {
  const char *at;
  size_t length;
  bool apart; /* a separator stood before it */
} tome_token;
enum { TOME_TOKENS = 24 }; /* what comes after stays in the last one */
typedef struct tome_tokens {
  tome_token items[TOME_TOKENS];
  size_t count;
} tome_tokens;
void tome_tokens_of(const char *name, size_t length, tome_tokens *out);
/* "seg", "mask", "label" …;  "ct", "image", "volume" … Case does not matter. */
bool tome_token_is_label(const tome_token *t);
bool tome_token_is_image(const tome_token *t);
/* Takes out those for which `is` holds. */
void tome_tokens_drop(tome_tokens *t, bool (*is)(const tome_token *));
bool tome_tokens_any(const tome_tokens *t, bool (*is)(const tome_token *));
bool tome_tokens_have_letter(const tome_tokens *t);
/* The tokens joined as they were in the name. NULL: out of memory. */
TOME_MUST_USE char *tome_tokens_text(const tome_tokens *t, tome_arena *a, tome_error *err);

/* How a label's tokens (label words taken out) fit an image's: 0 not at all, else more for a longer fit. *rest is what is left
 * over: the structure's name. An empty key fits everything that has a letter, least of all. */
size_t tome_tokens_fit(const tome_tokens *label, const tome_tokens *key, tome_tokens *rest);

/* Folders of labels: labels, labelsTr, masks, liver_mask, Ground … */
bool tome_folder_of_labels(const char *name);
/* True where `images` goes with `labels`: images, ct, volumes; or, of the same part, images_train with labels_train. */
bool tome_folders_parallel(const char *labels, const char *images);

/* Says where a folder's name says nothing of whose scan it is: "CT", "DICOM", "series" (kept, behind its parent's name) … */
bool tome_name_is_common(const char *name);
/* … or nothing at all: "image", "images". */
bool tome_name_is_empty_word(const char *name);

#endif
