/* What is planned from real data, where it is there. */
#include "trees.h"

/* The folder's real name stands in the ids, whatever path leads to it. */
static const char *real(const char *name) {
  const char *path = test_data(name);
  return path ? plan_of(path, NULL) : "";
}

static void lits(void) {
  CHECK_TEXT(real("lits"),
             "volume-0: lits CT volume-0.nii.gz segmentation=segmentation-0.nii.gz{1 liver,2 tumor}\n"
             "volume-1: lits CT volume-1.nii.gz segmentation=segmentation-1.nii.gz{1 liver,2 tumor}\n");
}

static void ircad(void) {
  CHECK_TEXT(
      real("ircad-17"),
      "ircad-17: ircad CT PATIENT_DICOM(59) liver=MASKS_DICOM/liver(59) livertumor1=MASKS_DICOM/livertumor1(59)\n");
}

static void png_stack(void) { CHECK_TEXT(real("png-stack"), "png-stack: png-stack ? image(30) label=label(30)\n"); }

static void nifti_ct(void) {
  const char *plan = real("nifti-ct");
  CHECK_HAS(plan, "ct_cropped: nifti ? aorta/ct_cropped.nii.gz T710_renal=aorta/T710_renal.nii.gz ");
  CHECK_HAS(plan, " vertebrae_T12=aorta/vertebrae_T12.nii.gz\n");
  CHECK_HAS(plan, "example_ct: nifti ? example_ct.nii.gz segmentation=example_seg.nii.gz\n");
  size_t maps = 0, lines = 0;
  for (const char *c = plan; *c; c++) maps += *c == '=', lines += *c == '\n';
  CHECK(maps == 19 && lines == 2);
}

static void radiotherapy(void) {
  CHECK_TEXT(real("sts-001"),
             "sts-001_dicom: dicom ? dicom/image(59) all\n"
             "sts-001_nifti: nifti ? nifti/image/image.nii.gz mask=nifti/mask/mask.nii.gz\n"
             "+ RTSTRUCT dicom/mask/RS.dcm\n");
  CHECK_TEXT(real("rtstruct"),
             "phantom: nifti ? nifti/image/phantom.nii.gz mask=nifti/mask/mask.nii.gz\n"
             "rtstruct_dicom: dicom ? dicom/image(60) all\n"
             "+ RTSTRUCT dicom/mask/DCM_RS_00060.dcm\n"
             "- 2 .md files passed over (the first is LICENSE.md): no images that this build reads\n");
}

static void jpeg2000(void) {
  CHECK_TEXT(
      real("ct-j2k"),
      "ct-j2k_series: dicom ? series(20) all\n"
      "- example_seg_dicom.nii.gz: called a label, but no image of its name is beside it; pair them with --image and "
      "--label, or take one as an image with --image\n");
}

static void edges(void) {
  const char *plan = real("nifti-edge");
  CHECK_HAS(plan, "air: nifti ? air.hdr.gz\n");
  CHECK_HAS(
      plan,
      "avg152T1_LR_nifti: nifti ? avg152T1_LR_nifti.nii\navg152T1_LR_nifti-2: nifti ? avg152T1_LR_nifti.nii.gz\n");
  CHECK_HAS(plan, "not-nifti: nifti ? not-nifti.nii\n");
}

static void all(void) {
  if (!test_data("lits")) TEST_SKIP("no real data in $TOME_DATA");
  lits();
  ircad();
  png_stack();
  nifti_ct();
  radiotherapy();
  jpeg2000();
  edges();
}

TEST_MAIN(all)
