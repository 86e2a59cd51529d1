/* Writing and reading back: geometry to float precision for NIfTI-1, exactly as decoded voxels, and a full disk is a sentence. nibabel and NumPy read the same
 * files in nifti_oracle.py and npy_oracle.py. */
#include <fcntl.h>
#include <sys/stat.h>
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

/* Runs Python with a file as argument 1. */
static int python(const char *path, const char *program) {
  char command[9000];
  snprintf(command, sizeof command, "/usr/bin/python3 -c \"%s\" '%s'", program, path);
  return system(command);
}

static bool write_file(const char *path, const tome_volume *v, const tome_write_options *how) {
  tome_error err = {0};
  const tome_format *f = tome_format_for_name(path);
  const int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
  const bool ok = f && fd >= 0 && f->write(fd, path, v, how, &err);
  CHECK_TEXT(err.message, "");
  close(fd);
  return ok;
}

/* A comment of any length: voxels begin where nibabel looks for them, and the text is there. */
static void nifti_comments(void) {
  static char text[70001];
  const size_t lengths[] = {0, 1, 7, 8, 9, 23, 24, 25, 1000, 70000};
  const tome_geometry g = tome_geometry_identity((const int64_t[]){3, 4, 5});
  tome_volume v = make_volume(&g, TOME_I16);
  mkdir(test_tmp("comments"), 0777);
  for (int i = 0; i < 60; i++) ((int16_t *)v.data)[i] = (int16_t)(i * 7);
  for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
    memset(text, 'x', lengths[i]);
    text[lengths[i]] = '\0';
    for (int gz = 0; gz < 2; gz++) {
      char name[64];
      snprintf(name, sizeof name, "comments/%zu.nii%s", lengths[i], gz ? ".gz" : "");
      CHECK(write_file(test_tmp(name), &v, &(tome_write_options){.comment = text}));
    }
  }
  CHECK(python(test_tmp("comments"),
               "import sys, numpy, nibabel, pathlib\n"
               "files = list(pathlib.Path(sys.argv[1]).iterdir())\n"
               "assert len(files) == 20\n"
               "for f in files:\n"
               "  n, i = int(f.name.split('.')[0]), nibabel.load(str(f))\n"
               "  e = i.header.extensions\n"
               "  assert numpy.array_equal(numpy.asarray(i.dataobj).T.ravel(), numpy.arange(60) * 7), f\n"
               "  assert len(e) == (n > 0) and all(len(bytes(x.get_content()).rstrip(bytes(1))) == n for x in e), f\n"
               "  f.unlink()\n") == 0);
  tome_volume_clear(&v);
}

static void png_samples(void) {
  mkdir(test_tmp("samples"), 0777);
  const struct {
    tome_dtype dtype;
    int channels;
    const char *mode;
  } kinds[] = {{TOME_U8, 1, "L"}, {TOME_U8, 2, "LA"}, {TOME_U8, 3, "RGB"}, {TOME_U8, 4, "RGBA"}, {TOME_U16, 1, "I16"}};
  for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
    const tome_geometry g = tome_geometry_identity((const int64_t[]){1, 9, 13});
    const size_t samples = 9 * 13 * (size_t)kinds[k].channels;
    tome_volume v = {
        .geometry = g, .dtype = kinds[k].dtype, .channels = kinds[k].channels, .data = malloc(2 * samples)};
    for (size_t i = 0; i < samples; i++)
      if (v.dtype == TOME_U8)
        ((uint8_t *)v.data)[i] = (uint8_t)(i % 251);
      else
        ((uint16_t *)v.data)[i] = (uint16_t)(i * 523 % 65521);
    char name[64];
    snprintf(name, sizeof name, "samples/%s.png", kinds[k].mode);
    CHECK(write_file(test_tmp(name), &v, &(tome_write_options){.comment = "{}"}));
    free(v.data);
  }
  CHECK(python(
            test_tmp("samples"),
            "import sys, numpy, pathlib\n"
            "from PIL import Image\n"
            "files = list(pathlib.Path(sys.argv[1]).iterdir())\n"
            "assert len(files) == 5\n"
            "for f in files:\n"
            "  i = Image.open(f)\n"
            "  a = numpy.asarray(i).ravel()\n"
            "  n = numpy.arange(117 * (1 if f.stem[0] in 'I' else len(f.stem)))\n"
            "  assert i.size == (13, 9) and i.text['Comment'] == '{}' and i.mode in (f.stem, f.stem[:1]), (f, i.mode)\n"
            "  assert numpy.array_equal(a, n * 523 % 65521 if i.mode[0] == 'I' else n % 251), f\n"
            "  f.unlink()\n") == 0);
}

static void png_refuses(void) {
  tome_error err = {0};
  const tome_format *f = tome_format_for_name("x.png");
  tome_volume v = {.geometry = tome_geometry_identity((const int64_t[]){2, 3, 3}), .dtype = TOME_U8};
  CHECK(f && !f->write(-1, "x.png", &v, NULL, &err));
  CHECK_HAS(err.message, "{z}");
  err = (tome_error){0};
  v.geometry.shape[0] = 1;
  v.dtype = TOME_F32;
  CHECK(!f->write(-1, "x.png", &v, NULL, &err));
  CHECK_HAS(err.message, "float32");
  err = (tome_error){0};
  v.dtype = TOME_U8;
  v.data = calloc(3, 3);
  const int fd = open("/dev/full", O_WRONLY);
  CHECK(!f->write(fd, "x.png", &v, NULL, &err) && err.code == TOME_IO);
  CHECK_HAS(err.message, "No space left");
  close(fd);
  free(v.data);
}

TEST_MAIN(geometry_survives, long_axes_need_version_two, big_volumes_are_many_members, a_full_disk_is_a_sentence,
          nifti_comments, png_samples, png_refuses)
