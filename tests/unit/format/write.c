/* Writing and reading back: geometry to float precision for NIfTI-1, exactly as decoded voxels, and a full disk is a sentence. nibabel and NumPy read the same
 * files in nifti_oracle.py and npy_oracle.py. */
#include <fcntl.h>
#include <unistd.h>

#include "format/format.h"
#include "test.h"

static tome_volume make_volume(const tome_geometry *g, tome_dtype dtype) {
  size_t bytes = 0;
  CHECK(tome_shape_bytes(g->shape, tome_dtype_size(dtype), &bytes));
  tome_volume v = {.geometry = *g, .dtype = dtype, .data = malloc(bytes)};
  uint32_t state = 12345;
  for (size_t i = 0; i < bytes; i++) {
    state = state * 1664525u + 1013904223u;
    ((uint8_t *)v.data)[i] = (uint8_t)(state >> 24 & 0x3f); /* keeps floats finite */
  }
  return v;
}

/* Written as `name`, described and decoded again. */
static void there_and_back(const tome_volume *v, const char *name, double tolerance) {
  const char *path = test_tmp(name);
  tome_error err = {0};
  const tome_format *f = tome_format_for_name(name);
  const int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
  CHECK(f && fd >= 0 && f->write(fd, name, v, &(tome_write_options){.description = "phantom"}, &err));
  CHECK_TEXT(err.message, "");
  close(fd);
  tome_pieces list = {0};
  CHECK(tome_describe(path, &list, &err) && list.count == 1);
  if (list.count == 1) {
    const tome_piece *p = &list.items[0];
    const size_t bytes = tome_volume_voxels(v) * tome_dtype_size(v->dtype);
    void *back = malloc(bytes);
    CHECK(p->dtype == v->dtype && p->format == f && p->slope == 1 && p->intercept == 0);
    CHECK(p->format->decode(p, back, bytes, &err) && memcmp(back, v->data, bytes) == 0);
    free(back);
    if (p->has_geometry) {
      const tome_grid_difference d = tome_geometry_compare(&p->geometry, &v->geometry);
      CHECK(!d.shape && d.corner_mm <= tolerance && d.spacing_mm <= tolerance);
      CHECK_TEXT(p->geometry_note, "");
      CHECK_TEXT(p->description, "phantom");
    }
  }
  tome_pieces_clear(&list);
  unlink(path);
}

static const double straight[3][3] = {{0, 0, 1.6}, {0, -0.7421875, 0}, {0.7421875, 0, 0}};
static const double sheared[3][3] = {{0, 1.3, 3.8}, {0, 0.48, 0}, {0.48, 0, 0}};
static const double oblique[3][3] = {{0.9, -1.1, 2.2}, {0.1, 0.6, 0.2590909090909091}, {-0.5, 0.04, 0.224545454545454}};

static void geometry_survives(void) {
  const double origin[3] = {-171.70000457763672, 93.25, -1024.3};
  const int64_t shape[3] = {5, 6, 7};
  const double(*const steps[])[3] = {straight, sheared, oblique};
  for (int s = 0; s < 3; s++)
    for (int t = TOME_U8; t <= TOME_F64; t++) {
      tome_geometry g;
      CHECK(tome_geometry_from_steps(shape, steps[s], origin, &g, NULL));
      tome_volume v = make_volume(&g, (tome_dtype)t);
      there_and_back(&v, "write.nii", 2e-4); /* 1024.3 as a float is off by 5e-5 */
      there_and_back(&v, "write.nii.gz", 2e-4);
      there_and_back(&v, "write.npy", 0);
      tome_volume_clear(&v);
    }
}

static void long_axes_need_version_two(void) {
  const int64_t shape[3] = {1, 2, 33000};
  const double origin[3] = {0.1, 0.2, 0.3};
  tome_geometry g;
  CHECK(tome_geometry_from_steps(shape, oblique, origin, &g, NULL));
  tome_volume v = make_volume(&g, TOME_I16);
  there_and_back(&v, "long.nii", 1e-9);
  there_and_back(&v, "long.nii.gz", 1e-9);
  tome_volume_clear(&v);
}

static void big_volumes_are_many_members(void) {
  const int64_t shape[3] = {70, 300, 301};
  const tome_geometry g = tome_geometry_identity(shape);
  tome_volume v = make_volume(&g, TOME_I16);
  there_and_back(&v, "big.nii.gz", 0);
  tome_volume_clear(&v);
}

static void a_full_disk_is_a_sentence(void) {
  const int64_t shape[3] = {9, 64, 64};
  const tome_geometry g = tome_geometry_identity(shape);
  tome_volume v = make_volume(&g, TOME_F32);
  const int64_t flat[3] = {1, 64, 64};
  const tome_geometry one = tome_geometry_identity(flat);
  tome_volume picture = make_volume(&one, TOME_U8);
  static const char *const names[] = {"v.nii", "v.nii.gz", "v.npy", "v.tif", "v.gif", "v.bmp"};
  for (int i = 0; i < 6; i++) {
    tome_error err = {0};
    const tome_volume *source = i < 4 ? &v : &picture;
    const int fd = open("/dev/full", O_WRONLY);
    if (fd < 0) TEST_SKIP("no /dev/full");
    CHECK(!tome_format_for_name(names[i])->write(fd, names[i], source, NULL, &err));
    CHECK(err.code == TOME_IO);
    CHECK_HAS(err.message, "No space left");
    close(fd);
  }
  tome_volume_clear(&v);
  tome_volume_clear(&picture);
}

TEST_MAIN(geometry_survives, long_axes_need_version_two, big_volumes_are_many_members, a_full_disk_is_a_sentence)
