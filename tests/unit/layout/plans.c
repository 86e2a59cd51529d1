/* Trees as the field's data sets have them, each compared with the whole plan that it must give, traps included. */
#include "trees.h"

static void lits_flat(void) {
  tree_begin("LITS17");
  tree_files("volume-%d.nii", 0, 2);
  tree_file("volume-10.nii");
  tree_files("segmentation-%d.nii", 0, 1);
  tree_file("segmentation-10.nii");
  tree_file("segmentation-11.nii");
  tree_file("test-volume-0.nii");
  tree_file(".DS_Store");
  tree_file("._volume-3.nii");
  CHECK_TEXT(plan_of(tree_root, NULL),
             "test-volume-0: lits CT test-volume-0.nii\n"
             "volume-0: lits CT volume-0.nii segmentation=segmentation-0.nii{1 liver,2 tumor}\n"
             "volume-1: lits CT volume-1.nii segmentation=segmentation-1.nii{1 liver,2 tumor}\n"
             "volume-2: lits CT volume-2.nii\n"
             "volume-10: lits CT volume-10.nii segmentation=segmentation-10.nii{1 liver,2 tumor}\n"
             "- segmentation-11.nii: a segmentation without a volume of its number; pair them with --image and "
             "--label, or take "
             "one as an image with --image\n");
}

static void lits_split(void) {
  tree_begin("LiTS");
  tree_files("Training Batch 1/volume-%d.nii", 0, 1);
  tree_files("Training Batch 1/segmentation-%d.nii", 0, 1);
  tree_file("ct/volume-02.nii.gz");
  tree_file("seg/segmentation-2.nii.gz");
  tree_file("volume_pt1/volume_pt1/volume-3.nii");
  tree_file("segmentations/segmentations/segmentation-3.nii");
  tree_files("lost/segmentation-%d.nii", 7, 9);
  CHECK_TEXT(plan_of(tree_root, NULL),
             "volume-0: lits CT Training Batch 1/volume-0.nii segmentation=Training Batch 1/segmentation-0.nii{1 "
             "liver,2 tumor}\n"
             "volume-1: lits CT Training Batch 1/volume-1.nii segmentation=Training Batch 1/segmentation-1.nii{1 "
             "liver,2 tumor}\n"
             "volume-02: lits CT ct/volume-02.nii.gz segmentation=seg/segmentation-2.nii.gz{1 liver,2 tumor}\n"
             "volume-3: lits CT volume_pt1/volume_pt1/volume-3.nii "
             "segmentation=segmentations/segmentations/segmentation-3.nii{1 liver,2 tumor}\n"
             "- lost/segmentation-7.nii and 2 more in lost: a segmentation without a volume of its number; pair "
             "them with "
             "--image and --label, or take one as an image with --image\n");
}

static void brats(void) {
  tree_begin("BraTS2020");
  tree_file("BraTS20_Training_001/BraTS20_Training_001_t1.nii.gz");
  tree_file("BraTS20_Training_001/BraTS20_Training_001_t1ce.nii.gz");
  tree_file("BraTS20_Training_001/BraTS20_Training_001_t2.nii.gz");
  tree_file("BraTS20_Training_001/BraTS20_Training_001_flair.nii.gz");
  tree_file("BraTS20_Training_001/BraTS20_Training_001_seg.nii.gz");
  CHECK_TEXT(plan_of(tree_root, NULL),
             "BraTS20_Training_001: brats MR BraTS20_Training_001/BraTS20_Training_001_t1.nii.gz is t1 "
             "+t1ce=BraTS20_Training_001/BraTS20_Training_001_t1ce.nii.gz "
             "+t2=BraTS20_Training_001/BraTS20_Training_001_t2.nii.gz "
             "+flair=BraTS20_Training_001/BraTS20_Training_001_flair.nii.gz "
             "segmentation=BraTS20_Training_001/BraTS20_Training_001_seg.nii.gz{1 "
             "necrosis_or_nonenhancing_tumor,2 edema,4 enhancing_tumor}\n");
  tree_begin("BraTS2023");
  tree_file("BraTS-GLI-00000-000-t2f.nii.gz");
  tree_file("BraTS-GLI-00000-000-t1n.nii.gz");
  tree_file("BraTS-GLI-00000-000-seg.nii.gz");
  tree_file("BraTS-GLI-00002-000-t1c.nii.gz");
  tree_file("BraTS-GLI-00002-000-t1n.nii.gz");
  tree_file("BraTS-GLI-00002-000-t2f.nii.gz");
  tree_file("BraTS-GLI-00002-000-t2w.nii.gz");
  CHECK_TEXT(plan_of(tree_root, NULL),
             "BraTS-GLI-00000-000: brats MR BraTS-GLI-00000-000-t1n.nii.gz is t1n "
             "+t2f=BraTS-GLI-00000-000-t2f.nii.gz segmentation=BraTS-GLI-00000-000-seg.nii.gz{1 necrosis,2 edema,3 "
             "enhancing_tumor,4 resection_cavity}\n"
             "BraTS-GLI-00002-000: brats MR BraTS-GLI-00002-000-t1n.nii.gz is t1n "
             "+t1c=BraTS-GLI-00002-000-t1c.nii.gz +t2w=BraTS-GLI-00002-000-t2w.nii.gz "
             "+t2f=BraTS-GLI-00002-000-t2f.nii.gz\n");
  tree_begin("BraTS2015"); /* the folder says the year where names do not */
  for (int i = 0; i < 5; i++)
    tree_file(
        (const char *const[]){"p1_T1.nii.gz", "p1_T1c.nii.gz", "p1_T2.nii.gz", "p1_Flair.nii.gz", "p1_seg.nii.gz"}[i]);
  CHECK_HAS(plan_of(tree_root, NULL), "{1 necrosis,2 edema,3 nonenhancing_tumor,4 enhancing_tumor}");
  tree_begin("BraTS2015b"); /* and the name of a case comes before it */
  for (int i = 0; i < 3; i++)
    tree_file((const char *const[]){"Brats18_CBICA_AAM_1_t1ce.nii.gz", "Brats18_CBICA_AAM_1_t2.nii.gz",
                                    "Brats18_CBICA_AAM_1_seg.nii.gz"}[i]);
  CHECK_HAS(plan_of(tree_root, NULL), "{1 necrosis_or_nonenhancing_tumor,2 edema,4 enhancing_tumor}");
  tree_begin("children"); /* what values mean differs between editions */
  for (int i = 0; i < 3; i++)
    tree_file((const char *const[]){"BraTS-PED-00002-000-t1c.nii.gz", "BraTS-PED-00002-000-t2f.nii.gz",
                                    "BraTS-PED-00002-000-seg.nii.gz"}[i]);
  CHECK_HAS(plan_of(tree_root, NULL), "segmentation=BraTS-PED-00002-000-seg.nii.gz\n");
  tree_begin("pat7"); /* the folder is the only name */
  tree_file("pat7/T1c_norm.nii.gz");
  tree_file("pat7/Flair_norm.nii.gz");
  tree_file("pat7/OTMultiClass.nii.gz");
  tree_file("pat7/brainmask.nii.gz");
  CHECK_TEXT(plan_of(tree_root, "brats"),
             "pat7: brats MR pat7/T1c_norm.nii.gz is t1c +flair=pat7/Flair_norm.nii.gz "
             "segmentation=pat7/OTMultiClass.nii.gz{1 necrosis,2 edema,3 nonenhancing_tumor,4 enhancing_tumor} "
             "brainmask=pat7/brainmask.nii.gz\n");
  tree_begin("one"); /* one sequence alone is a plain NIfTI case */
  tree_file("p1_t1.nii.gz");
  tree_file("p1_seg.nii.gz");
  CHECK_HAS(plan_of(tree_root, NULL), "p1_t1: nifti");
}

/* Two sets under one root: the nearer segmentation wins, and both volumes are told apart by their folders. */
static void lits_twice(void) {
  tree_begin("both");
  tree_file("a/volume-1.nii");
  tree_file("b/volume-1.nii");
  tree_file("b/segmentation-1.nii");
  CHECK_TEXT(plan_of(tree_root, NULL),
             "a_volume-1: lits CT a/volume-1.nii\n"
             "b_volume-1: lits CT b/volume-1.nii segmentation=b/segmentation-1.nii{1 liver,2 tumor}\n");
  tree_begin("tie");
  tree_file("a/volume-1.nii");
  tree_file("b/volume-1.nii");
  tree_file("c/segmentation-1.nii");
  CHECK_HAS(plan_of(tree_root, NULL), "- c/segmentation-1.nii: several volumes of its number are equally near;");
}

static void ircad_tree(const char *patient) {
  char pattern[256];
  static const char *const parts[] = {"PATIENT_DICOM", "MASKS_DICOM/liver", "MASKS_DICOM/livertumor1",
                                      "LABELLED_DICOM"};
  for (size_t i = 0; i < TOME_COUNT(parts); i++) {
    snprintf(pattern, sizeof pattern, "%s%s%s/image_%%d", patient, *patient ? "/" : "", parts[i]);
    tree_files(pattern, 8, 11);
  }
}

static void ircad(void) {
  tree_begin("3Dircadb1");
  ircad_tree("3Dircadb1.2");
  ircad_tree("3Dircadb1.17");
  tree_file("3Dircadb1.17/MESHES_VTK/liver.vtk");
  tree_file("3Dircadb1.17/PATIENT_DICOM/notes.txt");
  tree_file("3Dircadb1.5/PATIENT_DICOM.zip");
  mkdir(tree_path("3Dircadb1.6"), 0777);
  mkdir(tree_path("3Dircadb1.6/PATIENT_DICOM"), 0777);
  CHECK_TEXT(plan_of(tree_root, NULL),
             "3Dircadb1.2: ircad CT 3Dircadb1.2/PATIENT_DICOM(4) liver=3Dircadb1.2/MASKS_DICOM/liver(4) "
             "livertumor1=3Dircadb1.2/MASKS_DICOM/livertumor1(4)\n"
             "3Dircadb1.17: ircad CT 3Dircadb1.17/PATIENT_DICOM(4) liver=3Dircadb1.17/MASKS_DICOM/liver(4) "
             "livertumor1=3Dircadb1.17/MASKS_DICOM/livertumor1(4)\n"
             "- 3Dircadb1.17/LABELLED_DICOM: 4 files passed over: the masks drawn into one picture; the structures of "
             "MASKS_DICOM "
             "are taken\n"
             "- 3Dircadb1.17/MESHES_VTK: 1 files passed over: surfaces made from the masks\n"
             "- 3Dircadb1.2/LABELLED_DICOM: 4 files passed over: the masks drawn into one picture; the structures of "
             "MASKS_DICOM "
             "are taken\n"
             "- 3Dircadb1.6/PATIENT_DICOM: holds no DICOM files; unpack PATIENT_DICOM.zip into it first\n"
             "- 3Dircadb1.5/PATIENT_DICOM.zip: passed over: archives are not opened: unpack them first\n"
             "- 3Dircadb1.17/PATIENT_DICOM/notes.txt: passed over: no images that this build reads\n");
}

/* The root may be the patient itself; names sort by number; archives unpack into a folder of their own name. */
static void ircad_patient(void) {
  tree_begin("ircad-17");
  ircad_tree("");
  char root[8192];
  snprintf(root, sizeof root, "%s/", tree_root); /* a trailing slash is usual */
  tome_plan plan = {0};
  CHECK(tome_plan_root(root, NULL, NULL, &plan, NULL));
  CHECK(plan.case_count == 1);
  if (plan.case_count == 1) {
    const tome_case_input *c = &plan.cases[0];
    CHECK_TEXT(c->id, "ircad-17");
    CHECK_TEXT(c->image.paths[0] + c->image.root_length, "PATIENT_DICOM/image_8");
    CHECK_TEXT(c->image.paths[3] + c->image.root_length, "PATIENT_DICOM/image_11");
  }
  tome_plan_clear(&plan);
  tree_begin("nested");
  tree_files("p1/PATIENT_DICOM/PATIENT_DICOM/image_%d", 0, 2);
  tree_files("p1/MASKS_DICOM/MASKS_DICOM/liver/image_%d", 0, 2);
  CHECK_TEXT(plan_of(tree_root, NULL), "p1: ircad CT p1/PATIENT_DICOM(3) liver=p1/MASKS_DICOM/MASKS_DICOM/liver(3)\n");
}

static void dicom_folders(void) {
  tree_begin("archive");
  tree_files("patient1/CT/IM%04d", 1, 3);
  tree_files("patient2/CT/%d.dcm", 1, 2);
  tree_file("patient2/CT/README.txt");
  tree_files("patient3/thorax/a/CT.1.2.840.%d", 1, 2);
  tree_files("patient4/thorax/a/x%d", 1, 2);
  tree_files("patient4/thorax/a/notes%d.weird", 1, 2);
  tree_file("DICOMDIR");
  tree_files("texts/%d.txt", 1, 500);
  tree_files("unknown/data%d.weird", 1, 3);
  CHECK_TEXT(
      plan_of(tree_root, NULL),
      "patient1_CT: dicom ? patient1/CT(3) all\n"
      "patient2_CT: dicom ? patient2/CT(2) all\n"
      "patient3_thorax_a: dicom ? patient3/thorax/a(2) all\n"
      "patient4_thorax_a: dicom ? patient4/thorax/a(2) all\n"
      "- DICOMDIR: a table of contents; the files that it lists are read themselves\n"
      "- 501 .txt files passed over (the first is patient2/CT/README.txt): no images that this build reads\n"
      "- 5 .weird files passed over (the first is patient4/thorax/a/notes1.weird): not recognised by their bytes\n");
}

/* A folder may mix bare DICOM names with files that are something else without saying so. */
static void dicom_mixed(void) {
  tree_begin("mixed");
  FILE *f = tree_open("s/AAA");
  fputs("not an image", f);
  fclose(f);
  tree_files("s/IM%d", 1, 2);
  tree_file("s/odd.seg");
  CHECK_TEXT(plan_of(tree_root, NULL), "s: dicom ? s(4) all\n");
  tree_begin("none");
  f = tree_open("s/AAA");
  fputs("not an image", f);
  fclose(f);
  CHECK_TEXT(plan_of(tree_root, NULL), "- s/AAA: passed over: not recognised by their bytes\n");
}

static void nifti_pairs(void) {
  tree_begin("pairs");
  tree_files("case%d.nii", 1, 2);
  tree_file("case10.nii");
  tree_file("case1_seg.nii");
  tree_file("case10_seg.nii");
  tree_file("case10_liver_mask.nii");
  tree_file("case10.mask.nii");
  tree_file("mask_case2.nii");
  tree_file("case3-label.nii");
  tree_file("air.hdr");
  tree_file("air.img");
  tree_file("air_label.hdr");
  tree_file("air_label.img");
  tree_file("Müller 1.nii.gz");
  tree_file("Müller 1 seg.nii.gz");
  CHECK_TEXT(plan_of(tree_root, NULL),
             "Müller 1: nifti ? Müller 1.nii.gz segmentation=Müller 1 seg.nii.gz\n"
             "air: nifti ? air.hdr label=air_label.hdr\n"
             "case1: nifti ? case1.nii segmentation=case1_seg.nii\n"
             "case2: nifti ? case2.nii mask=mask_case2.nii\n"
             "case10: nifti ? case10.nii mask=case10.mask.nii liver=case10_liver_mask.nii segmentation=case10_seg.nii\n"
             "- case3-label.nii: called a label, but no image of its name is beside it; pair them with --image and "
             "--label, or "
             "take one as an image with --image\n");
}

/* Other formats whose file is a volume pair by the same words; voxels beside their header are no case of their own. */
static void other_volumes(void) {
  tree_begin("mixed");
  tree_file("images/case1.nrrd");
  tree_file("labels/case1.seg.nrrd");
  tree_file("images/case2.mhd");
  tree_file("images/case2.raw");
  tree_file("labels/case2.mha");
  tree_file("brain/T1.PAR");
  tree_file("brain/T1.REC");
  tree_file("brain/T1_mask.mnc");
  tree_file("brain/T2.nhdr");
  tree_file("brain/T2.zraw");
  tree_file("brain/lonely.raw");
  CHECK_TEXT(
      plan_of(tree_root, NULL),
      "T1: nifti ? brain/T1.PAR mask=brain/T1_mask.mnc\n"
      "T2: nifti ? brain/T2.nhdr\n"
      "case1: nifti ? images/case1.nrrd label=labels/case1.seg.nrrd\n"
      "case2: nifti ? images/case2.mhd label=labels/case2.mha\n"
      "- brain/lonely.raw: passed over: bare voxels are read through the header that names them (.mhd, .nhdr, .par)\n");
}

static void nifti_folders(void) {
  tree_begin("folders");
  tree_files("images/%03d.nii", 1, 2);
  tree_file("labels/001.nii");
  tree_file("labels/003.nii");
  tree_file("masks/liver/002.nii");
  tree_file("imagesTr/liver_0.nii.gz");
  tree_file("labelsTr/liver_0.nii.gz");
  tree_file("btcv/img/img0001.nii");
  tree_file("btcv/label/label0001.nii");
  tree_file("lone/image/phantom.nii");
  tree_file("lone/mask/mask.nii");
  CHECK_TEXT(plan_of(tree_root, NULL),
             "001: nifti ? images/001.nii label=labels/001.nii\n"
             "002: nifti ? images/002.nii liver=masks/liver/002.nii\n"
             "img0001: nifti ? btcv/img/img0001.nii label=btcv/label/label0001.nii\n"
             "liver_0: nifti ? imagesTr/liver_0.nii.gz label=labelsTr/liver_0.nii.gz\n"
             "phantom: nifti ? lone/image/phantom.nii mask=lone/mask/mask.nii\n"
             "- labels/003.nii: called a label, but no image of its name is beside it; pair them with --image and "
             "--label, or take "
             "one as an image with --image\n");
}

/* Below a folder of labels a case must be named: a set of labels without images takes no other set's image. */
static void nifti_nested(void) {
  tree_begin("nested_labels");
  tree_files("ct-dirty/In/%d.dcm", 1, 2);
  tree_file("kits-labels/case_0/segmentation.nii.gz");
  tree_file("kits-labels/case_1/segmentation.nii.gz");
  tree_file("a/images/p1.nii");
  tree_file("a/images/p2.nii");
  tree_file("a/masks/p1/liver.nii");
  tree_file("a/masks/p1/mask.nii");
  tree_file("a/masks/p3/liver.nii");
  tree_file("b/images_train/q.nii");
  tree_file("b/labels_train/q.nii");
  tree_file("b/images_test/r.nii");
  CHECK_TEXT(
      plan_of(tree_root, NULL),
      "In: dicom ? ct-dirty/In(2) all\n"
      "p1: nifti ? a/images/p1.nii liver=a/masks/p1/liver.nii mask=a/masks/p1/mask.nii\n"
      "p2: nifti ? a/images/p2.nii\n"
      "q: nifti ? b/images_train/q.nii label=b/labels_train/q.nii\n"
      "r: nifti ? b/images_test/r.nii\n"
      "- kits-labels/case_0/segmentation.nii.gz and 1 more in kits-labels: a KiTS segmentation without its "
      "imaging.nii.gz: KiTS hands the images out separately, fetch them into the case's folder first; pair them with "
      "--image and --label, or take one as an image with --image\n"
      "- a/masks/p3/liver.nii: called a label, but no image of its name is beside it; pair them with --image and "
      "--label, "
      "or take one as an image with --image\n");
}

static void nifti_structures(void) {
  tree_begin("total");
  tree_file("s0001/ct.nii.gz");
  tree_file("s0001/segmentations/liver.nii.gz");
  tree_file("s0001/segmentations/vertebrae_T12.nii.gz");
  tree_file("s0002/ct.nii.gz");
  tree_file("s0002/segmentations/liver.nii.gz");
  tree_file("s0003/imaging.nii.gz");
  tree_file("s0003/segmentation.nii.gz");
  tree_file("two/a.nii");
  tree_file("two/b.nii");
  tree_file("two/seg.nii");
  CHECK_TEXT(plan_of(tree_root, NULL),
             "a: nifti ? two/a.nii\n"
             "b: nifti ? two/b.nii\n"
             "s0001: totalsegmentator CT s0001/ct.nii.gz liver=s0001/segmentations/liver.nii.gz "
             "vertebrae_T12=s0001/segmentations/vertebrae_T12.nii.gz\n"
             "s0002: totalsegmentator CT s0002/ct.nii.gz liver=s0002/segmentations/liver.nii.gz\n"
             "s0003: nifti ? s0003/imaging.nii.gz segmentation=s0003/segmentation.nii.gz\n"
             "- two/seg.nii: called a label, but no image of its name is beside it; pair them with --image and "
             "--label, or take "
             "one as an image with --image\n");
}

/* Labels in NIfTI for an image in DICOM. */
static void dicom_with_nifti_labels(void) {
  tree_begin("export");
  tree_files("p1/CT/%d.dcm", 1, 2);
  tree_file("p1/seg.nii.gz");
  tree_files("p2/%d.dcm", 1, 2);
  tree_file("p2/liver_mask.nii.gz");
  tree_files("p3/DICOM/%d.dcm", 1, 2);
  tree_file("p3/masks/tumor.nii.gz");
  CHECK_TEXT(plan_of(tree_root, NULL),
             "p1_CT: dicom ? p1/CT(2) segmentation=p1/seg.nii.gz\n"
             "p2: dicom ? p2(2) liver=p2/liver_mask.nii.gz\n"
             "p3_DICOM: dicom ? p3/DICOM(2) tumor=p3/masks/tumor.nii.gz\n");
}

static void png_stacks(void) {
  tree_begin("stacks");
  tree_files("a/image/%d.png", 9, 10);
  tree_files("a/label/%d.png", 9, 10);
  tree_file("b/ct.nii.gz");
  tree_files("b/masks/slice%d.png", 1, 3);
  tree_files("c/DICOM_anon/i%04d.dcm", 1, 3);
  tree_files("c/Ground/liver_GT_%03d.png", 0, 2);
  tree_file("d/images/case1.nii.gz");
  tree_file("d/images/case2.nii.gz");
  tree_files("d/masks/case1/%d.png", 0, 2);
  tree_file("e/x.nii");
  tree_file("e/y.nii");
  tree_files("e/masks/%d.png", 0, 2);
  tree_files("screenshots/%d.png", 0, 2);
  const char *plan = plan_of(tree_root, NULL);
  CHECK_HAS(plan, "a: png-stack ? a/image(2) label=a/label(2)\n");
  CHECK_HAS(plan, "b: nifti ? b/ct.nii.gz masks=b/masks(3)\n");
  CHECK_HAS(plan, "c_DICOM_anon: dicom ? c/DICOM_anon(3) Ground=c/Ground(3)\n");
  CHECK_HAS(plan, "case1: nifti ? d/images/case1.nii.gz masks=d/masks/case1(3)\n");
  CHECK_HAS(plan, "case2: nifti ? d/images/case2.nii.gz\n");
  CHECK_HAS(plan, "- e/masks: 3 PNG files that could label several volumes beside them;");
  CHECK_HAS(plan, "- 3 .png files passed over (the first is screenshots/0.png): no layout pairs them with a volume");
}

/* Folders of slices below masks/ are structures, unless they are called as the scans are. */
static void png_nested(void) {
  tree_begin("nested_slices");
  tree_files("a/scan/%d.dcm", 1, 2);
  tree_files("a/masks/liver/%d.png", 1, 2);
  tree_files("a/masks/tumor1/%d.png", 1, 2);
  tree_files("b/case1/%d.dcm", 1, 2);
  tree_files("b/masks/case1/%d.png", 1, 2);
  tree_files("b/masks/case2/%d.png", 1, 2);
  CHECK_TEXT(
      plan_of(tree_root, NULL),
      "a_scan: dicom ? a/scan(2) liver=a/masks/liver(2) tumor1=a/masks/tumor1(2)\n"
      "case1: dicom ? b/case1(2) masks=b/masks/case1(2)\n"
      "- b/masks/case2: 2 PNG files called labels, with no volume beside them; name the volume with --image and this "
      "folder with --label\n");
}

/* Asked for by name, png-stack makes the cases that its labels need by itself. */
static void png_alone(void) {
  tree_begin("alone");
  tree_file("b/ct.nii.gz");
  tree_files("b/masks/slice%d.png", 1, 3);
  tree_files("c/series/%d", 1, 3);
  tree_files("c/label/%d.png", 1, 3);
  CHECK_TEXT(plan_of(tree_root, "png-stack"),
             "b: nifti ? b/ct.nii.gz masks=b/masks(3)\n"
             "c_series: dicom ? c/series(3) label=c/label(3)\n");
}

static void two_layouts(void) {
  tree_begin("everything");
  tree_files("lits/volume-%d.nii", 0, 1);
  tree_files("lits/segmentation-%d.nii", 0, 0);
  ircad_tree("ircad/3Dircadb1.1");
  tree_file("other/scan7.nii.gz");
  const char *plan = plan_of(tree_root, NULL);
  CHECK_HAS(plan, "3Dircadb1.1: ircad CT");
  CHECK_HAS(plan, "scan7: nifti ? other/scan7.nii.gz\n");
  CHECK_HAS(plan, "volume-1: lits CT lits/volume-1.nii\n");
  CHECK_TEXT(plan_of(tree_root, "lits"),
             "volume-0: lits CT lits/volume-0.nii segmentation=lits/segmentation-0.nii{1 liver,2 tumor}\n"
             "volume-1: lits CT lits/volume-1.nii\n"
             "- 16 files without extension passed over (the first is ircad/3Dircadb1.1/LABELLED_DICOM/image_8): not "
             "part of the "
             "layout asked for\n"
             "- other/scan7.nii.gz: passed over: not part of the layout asked for\n");
}

/* Two roots into one plan: one name, two cases, told apart by the roots' names. */
static void two_roots(void) {
  tree_begin("roots");
  tree_file("train/volume-1.nii");
  tree_file("test/volume-1.nii");
  tome_plan plan = {0};
  CHECK(tome_plan_root(tree_path("train"), NULL, NULL, &plan, NULL));
  CHECK_TEXT(plan.cases[0].id, "volume-1");
  CHECK(tome_plan_root(tree_path("test"), NULL, NULL, &plan, NULL));
  CHECK_TEXT(tell_plan(&plan), "test_volume-1: lits CT volume-1.nii\ntrain_volume-1: lits CT volume-1.nii\n");
  tome_plan_clear(&plan);
}

static void namesakes(void) {
  tree_begin("names");
  tree_file("x.nii");
  tree_file("x.nii.gz");
  tree_file("a/y.nii");
  tree_file("b/y.nii");
  tree_file("b/a_y.nii"); /* what a/y becomes */
  CHECK_TEXT(plan_of(tree_root, NULL),
             "b_a_y: nifti ? b/a_y.nii\n"
             "b_y: nifti ? b/y.nii\n"
             "names_a_y: nifti ? a/y.nii\n"
             "x: nifti ? x.nii\n"
             "x-2: nifti ? x.nii.gz\n");
}

static void links(void) {
  tree_begin("links");
  tree_file("p/volume-1.nii");
  CHECK(symlink("..", tree_path("p/up")) == 0);
  CHECK(symlink("nowhere", tree_path("p/volume-2.nii")) == 0);
  CHECK_TEXT(plan_of(tree_root, NULL), "volume-1: lits CT p/volume-1.nii\n");
}

static void single_files(void) {
  tree_begin("single");
  tree_file("deep/v_seg.nii");
  tree_file("deep/IM1");
  tree_file("deep/3.png");
  tree_file("deep/volume-4.nii");
  tree_file("deep/a.txt");
  CHECK_TEXT(plan_of(tree_path("deep/v_seg.nii"), NULL), "v_seg: nifti ? v_seg.nii\n");
  CHECK_TEXT(plan_of(tree_path("deep/IM1"), NULL), "IM1: dicom ? IM1 all\n");
  CHECK_TEXT(plan_of(tree_path("deep/3.png"), NULL), "3: png-stack ? 3.png\n");
  CHECK_TEXT(plan_of(tree_path("deep/volume-4.nii"), NULL), "volume-4: lits CT volume-4.nii\n");
  CHECK_TEXT(plan_of(tree_path("deep/a.txt"), NULL), "- a.txt: passed over: no images that this build reads\n");
}

static void failures(void) {
  tome_plan plan = {0};
  tome_error err = {0};
  tree_begin("empty");
  CHECK(!tome_plan_root(tree_path("absent"), NULL, NULL, &plan, &err));
  CHECK(err.code == TOME_NOT_FOUND);
  err = (tome_error){0};
  CHECK(!tome_plan_root(tree_root, "lit", NULL, &plan, &err));
  CHECK(err.code == TOME_USAGE);
  CHECK_HAS(err.message, "lit: no such layout; did you mean lits? There are: csv, nnunet, msd, kits, ");
  err = (tome_error){0};
  CHECK(!tome_plan_root(tree_root, "photographs", NULL, &plan, &err));
  CHECK_HAS(err.message, "photographs: no such layout; there are: csv, nnunet, msd, kits, ");
  CHECK(plan.case_count == 0 && plan.passed_count == 0);
  CHECK_HAS(plan_of(tree_root, NULL), "an empty folder\n");
}

static bool stop_at_once(void *user) { return user == NULL; }

static void cancelled(void) {
  tree_begin("stop");
  tree_file("a/1");
  const tome_run run = {.stop = stop_at_once};
  tome_plan plan = {0};
  tome_error err = {0};
  CHECK(!tome_plan_root(tree_root, NULL, &run, &plan, &err));
  CHECK(err.code == TOME_CANCELLED);
  tome_plan_clear(&plan);
}

static const char *one(const char *id, const char *image, const tome_named_path *labels, size_t count) {
  tome_plan plan = {0};
  tome_error err = {0};
  if (tome_plan_one(&(tome_said_case){.id = id, .image = image, .labels = labels, .label_count = count}, &plan, &err))
    tell_plan(&plan);
  else
    snprintf(plan_text, sizeof plan_text, "error %d: %s", (int)err.code, err.message);
  tome_plan_clear(&plan);
  return plan_text;
}

static void outright(void) {
  tree_begin("one");
  tree_files("head/%d.dcm", 1, 12);
  tree_files("head/sub/%d.dcm", 1, 2);
  tree_files("head/sub/sub/%d.dcm", 1, 2);
  tree_file("head/README.txt");
  tree_files("bone/%d.png", 1, 14);
  tree_file("v.nii.gz");
  tree_file("air.hdr");
  mkdir(tree_path("void"), 0777);
  char image[8192], label[8192], none[8192];
  snprintf(image, sizeof image, "%s", tree_path("head"));
  snprintf(label, sizeof label, "%s", tree_path("bone"));
  snprintf(none, sizeof none, "%s", tree_path("nothing"));
  const tome_named_path labels[] = {{"bone", label}, {"skull", label}}, twice[] = {{"a", label}, {"a", label}};
  const tome_named_path slash[] = {{"a/b", label}}, lost[] = {{"a", none}}, nameless[] = {{"", label}};
  CHECK_TEXT(one(NULL, image, NULL, 0), "head: explicit ? head(14) all\n");
  CHECK_TEXT(one("X 1", image, labels, 2), "X 1: explicit ? head(14) bone=bone(14) skull=bone(14)\n");
  CHECK_TEXT(one(NULL, tree_path("v.nii.gz"), NULL, 0), "v: explicit ? v.nii.gz\n");
  CHECK_HAS(one(NULL, image, twice, 2), "two labels are called a");
  CHECK_HAS(one(NULL, image, slash, 1), "\"a_b\" would be");
  CHECK_HAS(one(NULL, image, nameless, 1), "NAME=PATH");
  CHECK_HAS(one("a/b", image, NULL, 0), "no id for a case; \"a_b\" would be");
  CHECK_HAS(one(NULL, image, lost, 1), "nothing");
  CHECK_HAS(one(NULL, tree_path("void"), NULL, 0), "no images in this folder");
  CHECK_HAS(one(NULL, NULL, labels, 1), "--image");
  tome_plan plan = {0};
  CHECK(tome_plan_one(&(tome_said_case){.image = image}, &plan, NULL));
  CHECK_TEXT(plan.cases[0].image.paths[9] + plan.cases[0].image.root_length, "head/10.dcm");
  CHECK(tome_plan_one(&(tome_said_case){.image = tree_path("v.nii.gz")}, &plan, NULL)); /* into the same plan */
  CHECK(plan.case_count == 2);
  CHECK_TEXT(plan.cases[1].image.paths[0] + plan.cases[1].image.root_length, "v.nii.gz");
  tome_plan_clear(&plan);
}

/* Many cases take no quadratic time: 1,000 patients with two labels each, planned in well under the test's patience. */
static void many(void) {
  tree_begin("many");
  for (int i = 0; i < 1000; i++) {
    char path[64];
    snprintf(path, sizeof path, "images/c%d.nii", i);
    tree_file(path);
    snprintf(path, sizeof path, "labels/c%d.nii", i);
    tree_file(path);
  }
  tome_plan plan = {0};
  CHECK(tome_plan_root(tree_root, NULL, NULL, &plan, NULL));
  CHECK(plan.case_count == 1000 && plan.passed_count == 0);
  size_t labelled = 0;
  for (size_t i = 0; i < plan.case_count; i++) {
    char want[64];
    snprintf(want, sizeof want, "labels/c%zu.nii", i); /* natural order: i is the number */
    labelled += plan.cases[i].label_count == 1 && strcmp(plan.cases[i].labels[0].input.shown, want) == 0;
  }
  CHECK(labelled == 1000);
  tome_plan_clear(&plan);
}

TEST_MAIN(lits_flat, lits_split, brats, lits_twice, ircad, ircad_patient, dicom_folders, dicom_mixed, nifti_pairs,
          other_volumes, nifti_folders, nifti_nested, nifti_structures, dicom_with_nifti_labels, png_stacks, png_nested,
          png_alone, two_layouts, two_roots, namesakes, links, single_files, failures, cancelled, outright, many)
