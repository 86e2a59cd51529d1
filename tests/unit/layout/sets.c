/* Data sets of the field, each with what people do to them: the whole plan of each, and tables of one's own. */
#include "layout/csv_read.h"
#include "trees.h"

static void tree_text(const char *path, const char *text) {
  FILE *f = tree_open(path);
  fputs(text, f);
  fclose(f);
}

static void drive(void) {
  tree_begin("DRIVE");
  tree_file("training/images/21_training.tif");
  tree_file("training/1st_manual/21_manual1.gif");
  tree_file("training/mask/21_training_mask.gif");
  tree_file("test/images/01_test.tif");
  tree_file("test/images/2_test.tif"); /* nobody has drawn it */
  tree_file("test/1st_manual/01_manual1.gif");
  tree_file("test/2nd_manual/01_manual2.gif");
  tree_file("test/mask/01_test_mask.gif");
  tree_file("test/mask/03_test_mask.gif"); /* of no image */
  CHECK_TEXT(plan_of(tree_root, NULL),
             "01_test: drive ? test/images/01_test.tif vessel=test/1st_manual/01_manual1.gif "
             "second_observer=test/2nd_manual/01_manual2.gif fov=test/mask/01_test_mask.gif\n"
             "2_test: drive ? test/images/2_test.tif\n"
             "21_training: drive ? training/images/21_training.tif vessel=training/1st_manual/21_manual1.gif "
             "fov=training/mask/21_training_mask.gif\n"
             "- test/mask/03_test_mask.gif: a mask of DRIVE whose photograph is not in images; pair them with --image "
             "and --label, or take one as an image with --image\n");
  tree_begin("repacked"); /* as PNG */
  tree_file("training/images/21_training.png");
  tree_file("training/1st_manual/21_manual1.png");
  tree_file("training/1st_manual/1_manual1.png");
  tree_file("training/mask/21_training_mask.png");
  CHECK_HAS(plan_of(tree_root, "drive"),
            "21_training: drive ? training/images/21_training.png vessel=training/1st_manual/21_manual1.png "
            "fov=training/mask/21_training_mask.png\n");
  tree_begin("short"); /* masks by their number alone; the longer name goes first */
  tree_file("training/images/21_training.tif");
  tree_file("training/mask/21_mask.gif");
  tree_file("training/images/22_training.tif");
  tree_file("training/mask/22_mask.gif");
  tree_file("training/mask/22_training_mask.gif");
  CHECK_HAS(plan_of(tree_root, NULL),
            "21_training: drive ? training/images/21_training.tif fov=training/mask/21_mask.gif\n"
            "22_training: drive ? training/images/22_training.tif fov=training/mask/22_training_mask.gif\n");
  tree_begin("other"); /* a folder called images is not DRIVE for that */
  tree_file("images/21_training.tif");
  CHECK_TEXT(plan_of(tree_root, "drive"),
             "- images/21_training.tif: passed over: pictures are taken only where they "
             "are named: with --image and --spacing, and --label\n");
}

static void retinas(void) {
  tree_begin("CHASEDB1");
  tree_file("Image_01L.jpg");
  tree_file("Image_01L_1stHO.png");
  tree_file("Image_01L_2ndHO.png");
  tree_file("Image_01R.jpg");
  tree_file("Image_01R_1stHO.png");
  tree_file("Image_02L.jpg"); /* no observer: anybody's picture */
  CHECK_TEXT(plan_of(tree_root, NULL),
             "Image_01L: chase ? Image_01L.jpg vessel=Image_01L_1stHO.png second_observer=Image_01L_2ndHO.png\n"
             "Image_01R: chase ? Image_01R.jpg vessel=Image_01R_1stHO.png\n"
             "- Image_02L.jpg: passed over: pictures are taken only where they are named: with --image and --spacing, "
             "and --label\n");
  tree_begin("STARE");
  tree_file("stare-images/im0001.ppm.gz");
  tree_file("stare-images/im0010.ppm.gz");
  tree_file("labels-ah/im0001.ah.ppm.gz");
  tree_file("labels-vk/im0001.vk.ppm.gz");
  tree_file("labels-vk/im0011.vk.ppm.gz");
  CHECK_TEXT(plan_of(tree_root, NULL),
             "im0001: stare ? stare-images/im0001.ppm.gz vessel=labels-ah/im0001.ah.ppm.gz "
             "second_observer=labels-vk/im0001.vk.ppm.gz\n"
             "im0010: stare ? stare-images/im0010.ppm.gz\n"
             "- labels-vk/im0011.vk.ppm.gz: an observer's vessels of STARE without their photograph; pair them with "
             "--image and --label, or take one as an image with --image\n");
}

static size_t unpaired_of(const char *only) {
  tome_plan plan = {0};
  tome_error err = {0};
  size_t n = 0;
  CHECK(tome_plan_root(tree_root, only, NULL, &plan, &err));
  for (size_t i = 0; i < plan.passed_count; i++) n += plan.passed[i].unpaired;
  tome_plan_clear(&plan);
  return n;
}

/* Labels of which no image is there count as such; other pictures of much the same names do not. */
static void without_pictures(void) {
  tree_begin("DRIVE");
  tree_file("training/images/21_training.tif");
  tree_file("training/1st_manual/21_manual1.gif");
  tree_file("training/1st_manual/22_manual1.gif");
  tree_file("training/mask/22_training_mask.gif");
  tree_file("training/mask/23_mask.gif");
  tree_file("test/1st_manual/01_manual1.gif");
  tree_file("test/2nd_manual/01_manual2.gif");
  tree_file("elsewhere/01_mask.gif");
  CHECK(unpaired_of(NULL) == 5);
  CHECK_HAS(plan_of(tree_root, NULL),
            "- test/1st_manual/01_manual1.gif and 1 more in test: a mask of DRIVE whose "
            "photograph is not in images; pair them");
  tree_begin("CHASEDB1");
  tree_file("Image_01L_1stHO.png");
  tree_file("Image_01L_2ndHO.png");
  tree_file("Image_02L.jpg");
  tree_file("Image_02L_1stHO.png");
  tree_file("Image_03L_3rdHO.png");
  CHECK(unpaired_of(NULL) == 2);
  tree_begin("STARE");
  tree_file("labels-ah/im0001.ah.ppm.gz");
  tree_file("labels-vk/im0001.vk.ppm.gz");
  tree_file("labels-vk/im0001.xy.ppm.gz");
  CHECK(unpaired_of(NULL) == 2);
  tree_begin("nerve");
  tree_file("train/1_1.tif");
  tree_file("train/1_1_mask.tif");
  tree_file("train/1_2_mask.tif");
  tree_file("masks/3_2_mask.tif");
  tree_file("masks/3_2_other.tif");
  CHECK(unpaired_of(NULL) == 2);
}

static void nerve(void) {
  tree_begin("nerve");
  tree_file("train/1_1.tif");
  tree_file("train/1_1_mask.tif");
  tree_file("train/1_10.tif");
  tree_file("train/1_10_mask.tif");
  tree_file("train/1_2.tif");
  tree_file("test/7.tif");
  CHECK_TEXT(plan_of(tree_root, NULL),
             "1_1: nerve US train/1_1.tif nerve=train/1_1_mask.tif\n"
             "1_2: nerve US train/1_2.tif\n"
             "1_10: nerve US train/1_10.tif nerve=train/1_10_mask.tif\n"
             "7: nerve US test/7.tif\n");
}

static void kits(void) {
  tree_begin("kits");
  tree_file("data/case_00000/imaging.nii.gz");
  tree_file("data/case_00000/segmentation.nii.gz");
  tree_file("data/case_00001/imaging.nii.gz");
  tree_file("data/case_00001/aggregated_MAJ_seg.nii.gz");
  tree_file("data/case_00001/aggregated_AND_seg.nii.gz");
  tree_file("data/case_00001/aggregated_OR_seg.nii.gz");
  tree_file("data/case_00001/segmentations/kidney_instance-1_annotation-1.nii.gz");
  tree_file("data/case_00001/segmentations/tumor_instance-1_annotation-2.nii.gz");
  tree_file("data/case_00210/imaging.nii.gz"); /* the test set */
  tree_file("data/case_00300/segmentation.nii.gz");
  CHECK_TEXT(plan_of(tree_root, NULL),
             "case_00000: kits CT data/case_00000/imaging.nii.gz segmentation=data/case_00000/segmentation.nii.gz{1 "
             "kidney,2 tumor,3 cyst}\n"
             "case_00001: kits CT data/case_00001/imaging.nii.gz "
             "aggregated_MAJ=data/case_00001/aggregated_MAJ_seg.nii.gz{1 kidney,2 tumor,3 cyst} "
             "aggregated_AND=data/case_00001/aggregated_AND_seg.nii.gz{1 kidney_aggregated_and,2 "
             "tumor_aggregated_and,3 cyst_aggregated_and} "
             "aggregated_OR=data/case_00001/aggregated_OR_seg.nii.gz{1 kidney_aggregated_or,2 tumor_aggregated_or,3 "
             "cyst_aggregated_or} "
             "kidney_instance-1_annotation-1=data/case_00001/segmentations/kidney_instance-1_annotation-1.nii.gz{1 "
             "kidney_annotation} "
             "tumor_instance-1_annotation-2=data/case_00001/segmentations/tumor_instance-1_annotation-2.nii.gz{1 "
             "tumor_annotation}\n"
             "case_00210: kits CT data/case_00210/imaging.nii.gz\n"
             "- data/case_00300/segmentation.nii.gz: a KiTS segmentation without its imaging.nii.gz: KiTS hands the "
             "images out separately, fetch them into the case's folder first; pair them with --image and --label, or "
             "take one as an image with --image\n");
}

static void totalsegmentator(void) {
  tree_begin("Totalsegmentator_dataset");
  tree_file("s0001/ct.nii.gz");
  tree_file("s0001/segmentations/liver.nii.gz");
  tree_file("s0001/segmentations/spleen.nii.gz");
  tree_file("s0002/mri.nii.gz");
  tree_file("s0002/segmentations/liver.nii.gz");
  tree_file("meta.csv");
  CHECK_TEXT(plan_of(tree_root, NULL),
             "s0001: totalsegmentator CT s0001/ct.nii.gz liver=s0001/segmentations/liver.nii.gz "
             "spleen=s0001/segmentations/spleen.nii.gz\n"
             "s0002: totalsegmentator MR s0002/mri.nii.gz liver=s0002/segmentations/liver.nii.gz\n"
             "- meta.csv: the subjects' table (age, sex, split) is not read\n");
}

static void msd(void) {
  tree_begin("Task03_Liver");
  tree_text("dataset.json",
            "{\"modality\": {\"0\": \"CT\"}, \"labels\": {\"0\": \"background\", \"1\": \"liver\", "
            "\"2\": \"cancer\"}, \"training\": []}");
  tree_file("imagesTr/liver_0.nii.gz");
  tree_file("imagesTr/liver_10.nii.gz");
  tree_file("labelsTr/liver_0.nii.gz");
  tree_file("imagesTs/liver_132.nii.gz");
  CHECK_TEXT(plan_of(tree_root, NULL),
             "liver_0: msd CT imagesTr/liver_0.nii.gz segmentation=labelsTr/liver_0.nii.gz{1 liver,2 cancer}\n"
             "liver_10: msd CT imagesTr/liver_10.nii.gz\n"
             "liver_132: msd CT imagesTs/liver_132.nii.gz\n");
  tree_begin("Task05_Prostate"); /* 4-D, below a root of several tasks */
  tree_text("Task05/dataset.json", "{\"modality\": {\"1\": \"ADC\", \"0\": \"T2\"}, \"labels\": {\"1\": \"PZ\"}}");
  tree_file("Task05/imagesTr/p_0.nii.gz");
  CHECK_TEXT(plan_of(tree_root, NULL), "p_0: msd MR Task05/imagesTr/p_0.nii.gz frame T2 frame ADC\n");
  tree_begin("broken");
  tree_text("dataset.json", "{\"labels\": {\"1\": \"liver\",}}");
  tree_file("imagesTr/a.nii.gz");
  tree_file("labelsTr/a.nii.gz");
  CHECK_HAS(plan_of(tree_root, NULL), "a: msd ? imagesTr/a.nii.gz segmentation=labelsTr/a.nii.gz\n");
  CHECK_HAS(plan_text,
            "dataset.json:1:26: is no JSON: a text in double quotes is expected; its channels and labels "
            "stay without names\n");
}

static void nnunet(void) {
  tree_begin("Dataset001_Brain");
  tree_text(
      "dataset.json",
      "{\"channel_names\": {\"0\": \"T1\", \"1\": \"T1\"}, \"labels\": {\"background\": 0, \"edema\": 1, \"core\": "
      "2, \"whole\": [1, 2], \"enhancing\": [3]}, \"file_ending\": \".nii.gz\"}");
  tree_file("imagesTr/b_1_0000.nii.gz");
  tree_file("imagesTr/b_1_0001.nii.gz");
  tree_file("imagesTr/b_1_0002.nii.gz"); /* more than dataset.json names */
  tree_file("imagesTr/b_10_0000.nii.gz");
  tree_file("labelsTr/b_1.nii.gz");
  tree_file("imagesTs/b_2_0000.nii.gz");
  tree_file("labelsTs/b_2.nii.gz");
  CHECK_TEXT(plan_of(tree_root, NULL),
             "b_1: nnunet MR imagesTr/b_1_0000.nii.gz is T1 +T1-2=imagesTr/b_1_0001.nii.gz "
             "+channel_0002=imagesTr/b_1_0002.nii.gz segmentation=labelsTr/b_1.nii.gz{1 edema,2 core,3 enhancing}\n"
             "b_2: nnunet MR imagesTs/b_2_0000.nii.gz segmentation=labelsTs/b_2.nii.gz{1 edema,2 core,3 enhancing}\n"
             "b_10: nnunet MR imagesTr/b_10_0000.nii.gz\n");
  tree_begin("Dataset120_Roads"); /* pictures */
  tree_file("imagesTr/img-1_0000.png");
  tree_file("labelsTr/img-1.png");
  CHECK_TEXT(plan_of(tree_root, NULL), "img-1: nnunet ? imagesTr/img-1_0000.png segmentation=labelsTr/img-1.png\n");
}

static const char *table_of(const char *text) {
  tree_begin("table");
  tree_file("ct/a.nii.gz");
  tree_file("ct/b, new.nii.gz");
  tree_file("m/a.nii.gz");
  tree_file("slices/1.png");
  tree_file("slices/2.png");
  tree_text("cases.csv", text);
  return plan_of(tree_path("cases.csv"), NULL);
}

static void csv(void) {
  CHECK_TEXT(table_of("id,image,label:liver,channel:pet,spacing\r\n"
                      "p2,\"ct/b, new.nii.gz\",,,\r\n"
                      "\"p \"\"1\"\"\",ct/a.nii.gz,m/a.nii.gz,ct/a.nii.gz,\r\n"
                      "\r\n"
                      "p3,slices,slices,,\"2.5,0.7,0.7\"\r\n"),
             "p \"1\": csv ? ct/a.nii.gz is image +pet=ct/a.nii.gz liver=m/a.nii.gz\n"
             "p2: csv ? ct/b, new.nii.gz\n"
             "p3: csv ? slices(2) liver=slices(2)\n");
  CHECK_TEXT(table_of("\xEF\xBB\xBFid;image;label:liver;spacing\r\np1;ct/b, new.nii.gz;\"m/a.nii.gz\";2.5,0.7,0.7\r\n"),
             "p1: csv ? ct/b, new.nii.gz liver=m/a.nii.gz\n");
  CHECK_TEXT(table_of("id\timage\tlabel\np1\tct/b, new.nii.gz\tm/a.nii.gz\n"),
             "p1: csv ? ct/b, new.nii.gz label=m/a.nii.gz\n");
  CHECK_TEXT(
      table_of("image,age\nct/a.nii.gz,7\n"),
      "a: csv ? ct/a.nii.gz\n"
      "- cases.csv: the column \"age\" is not read; id, image, label, label:NAME, channel:NAME and spacing are\n");
  CHECK_HAS(table_of("id,image,label\np1,ct/none.nii.gz,\np2,ct/a.nii.gz,m/none.nii.gz\np4,ct/a.nii.gz,m/a.nii.gz"),
            "p4: csv ? ct/a.nii.gz label=m/a.nii.gz\n");
  CHECK_HAS(plan_text, "- cases.csv: line 2, column image: ");
  CHECK_HAS(plan_text, "- cases.csv: line 3, column label: ");
  CHECK_HAS(table_of("id,image,spacing\np1,ct/a.nii.gz,wide\np2,,\n"),
            "- cases.csv: line 2, column spacing: spacing is z,y,x in mm, or one number for all three\n");
  CHECK_HAS(plan_text, "- cases.csv: line 3, column image: a case needs an image, and the cell is empty\n");
  CHECK_HAS(table_of("id,path\np1,ct/a.nii.gz\n"), "cases.csv: line 1: has no column called image");
  CHECK_HAS(table_of("id,image\np1,ct/a.nii.gz\np1,ct/a.nii.gz\n"), "cases.csv: lines 2 and 3 have the same id p1");
  CHECK_TEXT(table_of("id,image\np1\np2,ct/a.nii.gz\np3,ct/a.nii.gz,liver\n"), /* the others go on */
             "p2: csv ? ct/a.nii.gz\n"
             "- cases.csv: line 2: has 1 cells where the header has 2; a cell with a comma in it goes in quotes\n"
             "- cases.csv: line 4: has 3 cells where the header has 2; a cell with a comma in it goes in quotes\n");
  CHECK_HAS(table_of("id,image\np1,\"ct/a.nii.gz\n"), "a quote that is not closed");
  CHECK_HAS(table_of("id,image\np1,ct/\"a\".nii.gz\n"), "line 2, cell 2: a quote amid a cell");
  CHECK_HAS(table_of("id,image\np1,\"ct/a.nii.gz\"x\n"), "line 2, cell 2: something follows the closing quote");
  CHECK_HAS(table_of(""), "cases.csv: is empty");
  CHECK_HAS(plan_of(tree_root, NULL), "- cases.csv: a table is read only where it is named itself");
}

/* Every prefix, and 20,000 mutations, each in memory of exactly its size: parsed or refused, and all rows of one width. */
static void csv_noise(void) {
  static const char seed[] = "id,image,label:liver\r\np1,\"ct/a, b.nii\",\"x\"\"y\"\n\n\"p\n2\",b,c\r\np3,,\n";
  const size_t n = sizeof seed - 1;
  unsigned state = 5;
  size_t good = 0;
  for (size_t i = 0; i < 20000 + n; i++) {
    const size_t size = i <= n ? i : n;
    char *text = malloc(size + 1), *exact = malloc(size ? size : 1);
    memcpy(text, seed, size);
    for (int k = 0; i > n && k < 1 + (int)(i % 4); k++) {
      state = state * 1664525u + 1013904223u;
      text[(state >> 8) % size] = "\",\r\na0"[(state >> 24) % 6];
    }
    memcpy(exact, text, size);
    tome_arena arena = {0};
    tome_csv table = {0};
    tome_error err = {0};
    const bool ok = tome_csv_parse(exact, size, "x.csv", &arena, &table, &err);
    good += ok;
    CHECK(ok || err.code == TOME_CORRUPT);
    for (size_t r = 1; r < table.count; r++)
      CHECK(table.rows[r].count == table.rows[0].count && table.rows[r].line > table.rows[r - 1].line);
    if (i == n) {
      CHECK(ok && table.count == 4 && table.rows[3].line == 6);
      CHECK_TEXT(table.rows[1].cells[1], "ct/a, b.nii");
      CHECK_TEXT(table.rows[1].cells[2], "x\"y");
      CHECK_TEXT(table.rows[2].cells[0], "p\n2");
      CHECK_TEXT(table.rows[3].cells[2], "");
    }
    tome_arena_clear(&arena);
    free(exact);
    free(text);
  }
  CHECK(good > 100 && good < 20000);
}

static void said_channels(void) {
  tree_begin("said");
  tree_file("t1.nii.gz");
  tree_file("t2.nii.gz");
  char image[8200], other[8200];
  snprintf(image, sizeof image, "%s", tree_path("t1.nii.gz"));
  snprintf(other, sizeof other, "%s", tree_path("t2.nii.gz"));
  const tome_named_path channels[] = {{"t2", other}, {"t2", other}};
  tome_said_case said = {.id = "p", .image = image, .image_name = "t1", .channels = channels, .channel_count = 1};
  tome_plan plan = {0};
  tome_error err = {0};
  CHECK(tome_plan_one(&said, &plan, &err));
  CHECK_TEXT(tell_plan(&plan), "p: explicit ? t1.nii.gz is t1 +t2=t2.nii.gz\n");
  tome_plan_clear(&plan);
  said.channel_count = 2;
  CHECK(!tome_plan_one(&said, &plan, &err));
  CHECK_HAS(err.message, "two channels are called t2");
  tome_plan_clear(&plan);
}

TEST_MAIN(drive, retinas, without_pictures, nerve, kits, totalsegmentator, msd, nnunet, csv, csv_noise, said_channels)
