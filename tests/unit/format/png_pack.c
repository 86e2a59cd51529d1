/* Pictures packed by hand, read back by libpng: every pixel, at sizes below, at and above one part, with any content and number of threads. */
#include "format/picture/png_pack.h"

#include <png.h>

#include "test.h"

static unsigned state = 1;
static uint8_t chance(void) {
  state = state * 1664525u + 1013904223u;
  return (uint8_t)(state >> 24);
}

enum { FLAT, NOISE, RAMP, LINES, KINDS };

static uint8_t *picture(int width, int height, int kind) {
  uint8_t *rgb = malloc(3 * (size_t)width * (size_t)height), *p = rgb;
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++)
      for (int k = 0; k < 3; k++)
        *p++ = kind == FLAT    ? 200
               : kind == NOISE ? chance()
               : kind == RAMP  ? (uint8_t)(x + 2 * y + k)
                               : (uint8_t)(y % 7 ? 0 : 255);
  return rgb;
}

static void check(int width, int height, int kind, int threads) {
  uint8_t *rgb = picture(width, height, kind), *back = malloc(3 * (size_t)width * (size_t)height);
  tome_bytes png = {0};
  tome_error err = {0};
  const tome_run run = {.threads = threads};
  CHECK(tome_png_pack(rgb, width, height, &run, &png, &err));
  png_image image = {.version = PNG_IMAGE_VERSION};
  CHECK(png_image_begin_read_from_memory(&image, png.data, png.size));
  CHECK(image.width == (unsigned)width && image.height == (unsigned)height);
  image.format = PNG_FORMAT_RGB;
  CHECK(png_image_finish_read(&image, NULL, back, 0, NULL) && image.warning_or_error == 0);
  CHECK(memcmp(rgb, back, 3 * (size_t)width * (size_t)height) == 0);
  tome_bytes_clear(&png);
  free(rgb);
  free(back);
}

static void sizes(void) {
  static const int all[][2] = {{1, 1},     {1, 300},   {300, 1},     {2, 2},      {291, 300},
                               {292, 300}, {640, 480}, {1601, 1023}, {16384, 40}, {5, 16384}};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    for (int kind = 0; kind < KINDS; kind++) check(all[i][0], all[i][1], kind, 1 + (int)i % 3);
}

static void refusals(void) {
  static const int all[][2] = {{0, 5}, {5, 0}, {-1, 5}, {16385, 1}, {1, 16385}};
  const uint8_t rgb[3] = {0};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
    tome_bytes png = {0};
    tome_error err = {0};
    CHECK(!tome_png_pack(rgb, all[i][0], all[i][1], NULL, &png, &err));
    CHECK(err.code == TOME_USAGE && !png.data);
  }
}

TEST_MAIN(sizes, refusals)
