/* Names: kinds, stems and tokens, and how labels fit images by them. */
#include "layout/words.h"

#include "layout/scan.h"
#include "test.h"

static void kinds(void) {
  CHECK(tome_name_kind_of("volume-3.nii.gz") == TOME_NAME_NIFTI);
  CHECK(tome_name_kind_of("V.NII") == TOME_NAME_NIFTI);
  CHECK(tome_name_kind_of("air.img.gz") == TOME_NAME_IMG);
  CHECK(tome_name_kind_of("image_60") == TOME_NAME_BARE);
  CHECK(tome_name_kind_of("CT.1.3.12.2.1107.5.1.4.60064.30000022120808113428000016573") == TOME_NAME_BARE);
  CHECK(tome_name_kind_of("IM-0001-0001 2.dcm") == TOME_NAME_DICOM);
  CHECK(tome_name_kind_of("DICOMDIR") == TOME_NAME_DICOMDIR);
  CHECK(tome_name_kind_of("label.seg") == TOME_NAME_ODD);
  CHECK(tome_name_kind_of("PATIENT_DICOM.zip") == TOME_NAME_ARCHIVE);
  CHECK(tome_name_kind_of("README") == TOME_NAME_OTHER);
  CHECK(tome_name_kind_of(".nii") == TOME_NAME_BARE);
  CHECK(tome_name_kind_of("") == TOME_NAME_BARE);
  CHECK(tome_stem_length("v.1.nii.gz") == 3);
  CHECK(tome_stem_length("image_60") == 8);
  CHECK_TEXT(tome_extension("a.TXT"), ".TXT");
  CHECK_TEXT(tome_extension("3Dircadb1.17"), "");
}

static const char *joined(const tome_tokens *t, tome_arena *a) {
  const char *text = tome_tokens_text(t, a, NULL);
  return text ? text : "";
}

/* Score of the fit, 0 where none; `rest` gets the structure's name. */
static size_t fit(const char *label, const char *image, char rest[64]) {
  tome_tokens l, i, r = {.count = 0};
  tome_arena arena = {0};
  tome_tokens_of(label, strlen(label), &l);
  tome_tokens_of(image, strlen(image), &i);
  tome_tokens_drop(&l, tome_token_is_label);
  const size_t score = tome_tokens_fit(&l, &i, &r);
  snprintf(rest, 64, "%s", score ? joined(&r, &arena) : "(none)");
  tome_arena_clear(&arena);
  return score;
}

static void fits(void) {
  char rest[64];
  CHECK(fit("case7_seg", "case7", rest) > 0);
  CHECK_TEXT(rest, "");
  CHECK(fit("case7_liver_tumor_mask", "case7", rest) > 0);
  CHECK_TEXT(rest, "liver_tumor");
  CHECK(fit("mask_case7", "case7", rest) > 0);
  CHECK_TEXT(rest, "");
  CHECK(fit("liver-mask-case7", "case7", rest) > 0);
  CHECK_TEXT(rest, "liver");
  CHECK(fit("vertebrae_T12_seg", "", rest) > 0);
  CHECK_TEXT(rest, "vertebrae_T12");
  CHECK(fit("case10_seg", "case1", rest) == 0);
  CHECK(fit("case1_2_seg", "case1", rest) == 0); /* "2" is no structure: it is the next case */
  CHECK(fit("label0001", "img0001", rest) == 0);
  CHECK(fit("label0001", "0001", rest) > 0);
  CHECK(fit("case1_2_seg", "case1_2", rest) > fit("case1_2_seg", "case1", rest));
}

static void folders(void) {
  CHECK(tome_folder_of_labels("labelsTr"));
  CHECK(tome_folder_of_labels("liver_mask"));
  CHECK(tome_folder_of_labels("Ground"));
  CHECK(!tome_folder_of_labels("gastric"));
  CHECK(!tome_folder_of_labels("images"));
  CHECK(tome_folders_parallel("labelsTr", "imagesTr"));
  CHECK(tome_folders_parallel("labels_train", "images_train"));
  CHECK(!tome_folders_parallel("labels_train", "images_test"));
  CHECK(tome_folders_parallel("liver_masks", "ct"));
  CHECK(!tome_folders_parallel("masks", "ct-12bit-dirty"));
  CHECK(!tome_folders_parallel("masks", "image_masks"));
}

static void check_safe(const char *name, const char *want) {
  tome_arena a = {0};
  CHECK_TEXT(tome_safe_name(&a, name, NULL), want);
  tome_arena_clear(&a);
}

static void safe_names(void) {
  check_safe("3Dircadb1.17", "3Dircadb1.17");
  check_safe(".hidden", "_hidden");
  check_safe("..", "_.");
  check_safe("a/b\\c\n", "a_b_c_");
  check_safe("", "case");
  check_safe("Müller 東京", "Müller 東京");
  check_safe("bad\xff\xc3", "bad__");
  char long_name[1001], want[201];
  for (size_t i = 0; i < 1000; i += 2) memcpy(long_name + i, "é", 2);
  long_name[1000] = '\0';
  memcpy(want, long_name, 200);
  want[200] = '\0';
  check_safe(long_name, want);
  memmove(long_name + 1, long_name, 998); /* an odd beginning: the cut falls inside a letter */
  long_name[0] = 'x';
  long_name[999] = '\0';
  memcpy(want, long_name, 199);
  want[199] = '\0';
  check_safe(long_name, want);
}

/* More tokens than there is room for, and none. */
static void extremes(void) {
  char name[400];
  for (size_t i = 0; i < sizeof name - 1; i++) name[i] = i % 2 ? '_' : 'a';
  name[sizeof name - 1] = '\0';
  tome_tokens t;
  tome_arena a = {0};
  tome_tokens_of(name, strlen(name), &t);
  CHECK(t.count == TOME_TOKENS);
  CHECK_TEXT(joined(&t, &a), name);
  tome_tokens_of("___", 3, &t);
  CHECK(t.count == 0);
  CHECK_TEXT(joined(&t, &a), "");
  tome_arena_clear(&a);
}

TEST_MAIN(kinds, fits, folders, safe_names, extremes)
