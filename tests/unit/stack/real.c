/* Real series through the whole of format and stack: what each gives was read off their headers with another reader (pydicom) and is written here as numbers. */
#include <dirent.h>

#include "base/file.h"
#include "stack/stack.h"
#include "test.h"

static tome_stack_result result;
static tome_pieces pieces;

static void forget(void) {
  tome_stack_result_clear(&result);
  tome_pieces_clear(&pieces);
  pieces = (tome_pieces){0};
}

/* Describes and stacks every file under a folder of the data. */
static void stack_folder(const char *folder, const tome_stack_options *opt) {
  forget();
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", getenv("TOME_DATA"), folder);
  tome_tree tree = {0};
  tome_error err = {0};
  CHECK(tome_tree_walk(path, NULL, &tree, NULL, &err));
  const char **files = calloc(tree.count + 1, sizeof *files);
  size_t count = 0;
  for (size_t i = 0; i < tree.count; i++)
    if (!tree.entries[i].folder) files[count++] = tree.entries[i].full;
  CHECK(count > 0);
  CHECK(tome_describe_all(files, count, NULL, &pieces, &err));
  CHECK(tome_stack(&pieces, opt, NULL, &result, &err));
  CHECK_TEXT(err.message, "");
  free(files);
  tome_tree_clear(&tree);
}

static const char *note_with(const tome_stacked *v, const char *part) {
  for (size_t i = 0; i < v->note_count; i++)
    if (strstr(v->notes[i], part)) return v->notes[i];
  return "";
}

static const tome_stack_options refuse = {0};

static void check_volume(size_t i, int64_t depth, double dz, double tilt, const double origin[3]) {
  CHECK(i < result.volume_count);
  if (i >= result.volume_count) return;
  const tome_stacked *v = &result.volumes[i];
  CHECK(v->geometry.shape[0] == depth);
  CHECK_NEAR(v->geometry.spacing[0], dz, 1e-5);
  CHECK_NEAR(v->tilt_degrees, tilt, 1e-3);
  for (int k = 0; k < 3; k++) CHECK_NEAR(v->geometry.origin[k], origin[k], 1e-6);
}

static void check_fault(const char *a, const char *b, const char *c) {
  CHECK(result.volume_count == 0 && result.fault_count == 1);
  if (result.fault_count != 1) return;
  CHECK_HAS(result.faults[0].text, a);
  CHECK_HAS(result.faults[0].text, b);
  CHECK_HAS(result.faults[0].text, c);
}

static void gantry_tilt(void) { /* 14 degrees by the positions; no slice is straight above another */
  stack_folder("bad-series/gantrytilting/001", &refuse);
  check_volume(0, 4, 5, 14.0, (const double[]){-106.791015625, -256.61886606561, -61.951915066986});
  CHECK_HAS(note_with(&result.volumes[0], "tilted"), "14.00 degrees");
}

static void not_a_volume(void) {
  stack_folder("bad-series/notavolume/001", &refuse);
  check_fault("4 different images lie at one position, 61.5 mm", "--duplicate=first", "651975554192");
  const tome_stack_options first = {.duplicate = TOME_DUPLICATE_FIRST};
  stack_folder("bad-series/notavolume/001", &first);
  CHECK(result.volume_count == 1 && result.volumes[0].order[0]->instance == 23);
}

static void two_slices(void) {
  stack_folder("bad-series/slicecount/001", &refuse);
  check_volume(0, 2, 1, 0, (const double[]){-102.79415804148, -161.07467269897, 130.05125403404});
}

static void missing_slice(void) {
  stack_folder("bad-series/sliceincrement/001", &refuse);
  check_fault("1 slice is missing in a gap of 10 mm, where the step is 5 mm", "28.1075 and 38.1075",
              "instance 9 and instance 10");
  const tome_stack_options fill = {.gap = TOME_GAP_FILL};
  stack_folder("bad-series/sliceincrement/001", &fill);
  check_volume(0, 5, 5, 0, (const double[]){-123.5, -115.199997, 18.1075});
}

static void missing_slice_of_a_tilted_series(void) {
  stack_folder("bad-series/sliceincrement/002", &refuse);
  check_fault("1 slice is missing in a gap of 1.49941 mm", "the step is 0.749704 mm", "instance 3 and instance 5");
  const tome_stack_options keep = {.gap = TOME_GAP_KEEP};
  stack_folder("bad-series/sliceincrement/002", &keep);
  check_volume(0, 4, 3.112 / 3, 15.5, (const double[]){-130.744140625, -316.09603548484, -52.692148177628});
}

static void two_orientations(void) {
  stack_folder("bad-series/sliceorientation/001", &refuse);
  CHECK(result.volume_count == 2 && result.fault_count == 0);
  for (size_t i = 0; i < result.volume_count; i++) {
    const bool sagittal = result.volumes[i].geometry.direction[2][1] > 0.9;
    CHECK(result.volumes[i].geometry.shape[0] == 2);
    CHECK_NEAR(result.volumes[i].geometry.spacing[0], sagittal ? 3.3 : 4.4, 1e-4);
    CHECK_HAS(note_with(&result.volumes[i], "2 groups"), "orientation");
  }
}

/* Sums by numpy over pydicom's pixels: PixelPaddingValue -1500, no rescale. */
static void check_ct_voxels(const tome_loaded *l) {
  const int16_t *v = l->volume.data;
  const size_t n = (size_t)28 * 512 * 512;
  int64_t sum = 0, least = 0, most = 0, wrong = 0;
  for (size_t i = 0; i < n; i++) {
    if (l->padding_mask && (l->padding_mask[i >> 3] >> (i & 7) & 1)) {
      wrong += v[i] != -1024;
      continue;
    }
    sum += v[i];
    least = v[i] < least ? v[i] : least;
    most = v[i] > most ? v[i] : most;
  }
  CHECK(l->padding == 1741040 && wrong == 0);
  CHECK(sum == -2245552922 && least == -1023 && most == 2121);
}

static void tilt_and_uneven_steps(void) {
  stack_folder("ct-tilt-uneven", &refuse);
  check_fault("21.6 mm (405 % of the mean step of 5.337 mm)", "instance 15", "steps go from 1.081 to 6.999 mm");
  tome_stack_options opt = {.uneven = TOME_UNEVEN_RESAMPLE};
  const double origin[3] = {-125, -123.5404569, 5.8360586};
  stack_folder("ct-tilt-uneven", &opt);
  check_volume(0, 37, 151.94 / 36, 18.5, origin);
  opt.uneven = TOME_UNEVEN_KEEP;
  stack_folder("ct-tilt-uneven", &opt);
  check_volume(0, 28, 151.94 / 27, 18.5, origin);
  CHECK(!strstr(note_with(&result.volumes[0], "tilted"), "tag")); /* it says 18.5 as well */
  tome_loaded l = {0};
  tome_error err = {0};
  CHECK(tome_load(&result.volumes[0], &(tome_load_options){.name = "ct"}, NULL, &l, &err));
  CHECK_TEXT(err.message, "");
  CHECK(l.volume.dtype == TOME_I16);
  if (l.volume.data) check_ct_voxels(&l);
  tome_loaded_clear(&l);
}

static void straight_series(void) {
  stack_folder("ircad-17/PATIENT_DICOM", &refuse);
  CHECK(result.fault_count == 0);
  check_volume(0, 59, 1.6, 0, (const double[]){0, 0, 96.0000014305115});
  stack_folder("sts-001/dicom/image", &refuse);
  CHECK(result.fault_count == 0);
  check_volume(0, 59, 3.27, 0, (const double[]){-23.437615999999, -86.914145999999, -881.32});
  stack_folder("ct-j2k/series", &refuse);
  CHECK(result.fault_count == 0);
  check_volume(0, 20, 2, 0, (const double[]){-249.51171875, -437.51171875, -804.5});
}

/* Compressed slices of intercept -1024 in their places, against numpy over pydicom's pixels. */
static void jpeg_2000_voxels(void) {
  stack_folder("ct-j2k/series", &refuse);
  CHECK(result.volume_count == 1);
  tome_loaded l = {0};
  tome_error err = {0};
  if (result.volume_count != 1 || !tome_load(&result.volumes[0], NULL, NULL, &l, &err)) {
    CHECK_TEXT(err.message, "");
    return;
  }
  const int16_t *v = l.volume.data;
  int64_t sum = 0;
  for (size_t i = 0; i < (size_t)20 * 512 * 512; i++) sum += v[i];
  CHECK(l.volume.dtype == TOME_I16 && l.padding == 0 && sum == -3272217339);
  CHECK(v[(3 * 512 + 200) * 512 + 250] == 76 && v[(17 * 512 + 255) * 512 + 131] == 95);
  tome_loaded_clear(&l);
}

static void liver_mask(void) { /* 1,495,112 voxels of {0,255} */
  stack_folder("ircad-17/MASKS_DICOM/liver", &(tome_stack_options){.labels = true});
  check_volume(0, 59, 1.6, 0, (const double[]){0, 0, 96.0000014305115});
  if (result.volume_count != 1) return;
  tome_loaded l = {0};
  tome_error err = {0};
  CHECK(tome_load(&result.volumes[0], &(tome_load_options){.labels = true, .name = "liver"}, NULL, &l, &err));
  CHECK_TEXT(err.message, "");
  if (!l.volume.data) return;
  CHECK(l.volume.dtype == TOME_U8 && l.binary_255);
  uint64_t ones = 0, others = 0;
  for (size_t i = 0; i < (size_t)59 * 512 * 512; i++) {
    const uint8_t v = ((const uint8_t *)l.volume.data)[i];
    ones += v == 1, others += v > 1;
  }
  CHECK(ones == 1495112 && others == 0);
  tome_loaded_clear(&l);
}

static void pictures(void) {
  stack_folder("png-stack/label", &(tome_stack_options){.labels = true, .spacing = {50, 4, 4}});
  check_volume(0, 30, 50, 0, (const double[]){0, 0, 0});
  if (result.volume_count != 1) return;
  CHECK_TEXT(tome_basename(result.volumes[0].order[10]->path), "10.png");
}

static void run_all(void) {
  if (!test_data("bad-series/notavolume/001/001.dcm")) TEST_SKIP("the real data is not here");
  gantry_tilt(), not_a_volume(), two_slices(), missing_slice(), missing_slice_of_a_tilted_series(), two_orientations();
  tilt_and_uneven_steps(), straight_series(), jpeg_2000_voxels(), liver_mask(), pictures();
  forget();
}

TEST_MAIN(run_all)
