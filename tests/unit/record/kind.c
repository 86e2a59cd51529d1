/* The rule of kind.c, by the names that data sets really use. */
#include "record/record.h"
#include "test.h"

static void check_kind(const char *name, const char *want) {
  char kind[64];
  tome_label_kind(name, kind, sizeof kind);
  CHECK_TEXT(kind, want);
}

static void tumors(void) {
  static const char *const names[] = {
      "tumor",         "Tumour",           "livertumor",     "livertumor1",
      "livertumors03", "liver tumor 12",   "Kidney-Lesions", "lung_cancer",
      "metastasis",    "brain metastases", "Metastase_2",    "enhancing_tumor",
      "neoplasm",      "pancreas.Cancer",  "smalltumor2",    "non-enhancing tumor core",
      "GTV (tumour)",  "LiverTumorROI",
  };
  for (size_t i = 0; i < TOME_COUNT(names); i++) check_kind(names[i], "tumor");
}

static void not_tumors(void) {
  check_kind("peritumoral_edema", "peritumoral_edema");
  check_kind("peritumoral tumor", "tumor"); /* the second word counts */
  check_kind("metastasectomie", "metastasectomie");
  check_kind("pancreas", "pancreas");
}

static void plain_names(void) {
  check_kind("liver", "liver");
  check_kind("Liver", "liver");
  check_kind("  LIVER  ", "liver");
  check_kind("Left  Kidney", "left_kidney");
  check_kind("portal-vein (main)", "portal_vein_main");
  check_kind("a--__..b", "a_b");
  check_kind("", "");
  check_kind("...", "");
  check_kind("Leber-gefä\xC3\x9F", "leber_gefä\xC3\x9F");
}

static void numbers(void) {
  check_kind("liver1", "liver");
  check_kind("cyst_2", "cyst");
  check_kind("Cyst 12", "cyst");
  check_kind("rib_left_11", "rib_left");
  check_kind("vertebrae_L1", "vertebrae_l1");
  check_kind("vertebrae_T12", "vertebrae_t12");
  check_kind("C7", "c7");
  check_kind("label_7", "label_7");
  check_kind("soft_label_7", "soft_label");
  check_kind("42", "42");
}

static void cut_to_fit(void) {
  char kind[8] = "unmoved";
  tome_label_kind("portal vein", kind, 0);
  CHECK_TEXT(kind, "unmoved");
  tome_label_kind("portal vein", kind, 1);
  CHECK_TEXT(kind, "");
  tome_label_kind("portal vein", kind, 8);
  CHECK_TEXT(kind, "portal"); /* no '_' left hanging */
  tome_label_kind("liver tumor", kind, 4);
  CHECK_TEXT(kind, "tum");
  tome_label_kind("ab\xC3\x9F", kind, 4);
  CHECK_TEXT(kind, "ab"); /* no half of a character */
  tome_label_kind("ab\xC3\x9F", kind, 5);
  CHECK_TEXT(kind, "ab\xC3\x9F");
  char name[1001];
  memset(name, 'x', 1000);
  name[1000] = '\0';
  char big[2000];
  tome_label_kind(name, big, sizeof big);
  CHECK(strlen(big) == 255);
  tome_label_kind(NULL, big, sizeof big);
  CHECK_TEXT(big, "");
}

TEST_MAIN(tumors, not_tumors, plain_names, numbers, cut_to_fit)
