/* Colour arithmetic against values worked out by hand and by PIL: palettes, luma, alpha. */
#include "grid/colour.h"
#include "test.h"

static tome_palette ramp(int count, int from, int to) {
  tome_palette p = {.count = count};
  for (int i = 0; i < count; i++) {
    const uint8_t g = (uint8_t)(from + (to - from) * i / (count - 1));
    memcpy(p.colour[i], (const uint8_t[4]){g, g, g, 255}, 4);
  }
  return p;
}

static void gray_values_are_no_palette(void) {
  tome_palette p = ramp(256, 0, 255);
  CHECK(tome_palette_is_gray_values(&p) && !tome_palette_turn(&p) && tome_palette_channels(&p) == 1);
  p.colour[7][3] = 254;
  CHECK(!tome_palette_is_gray_values(&p) && tome_palette_channels(&p) == 4);
  p = ramp(2, 0, 255);
  CHECK(!tome_palette_is_gray_values(&p) && tome_palette_channels(&p) == 1);
  p.colour[1][2] = 254;
  CHECK(tome_palette_channels(&p) == 3);
  CHECK(!tome_palette_is_gray_values(&(tome_palette){.count = 0}));
}

/* Falling ramps of whole bit depths are turned, nothing else. */
static void white_first_is_turned(void) {
  for (int count = 2; count <= 256; count++) {
    tome_palette p = ramp(count, 255, 0);
    const bool whole = count == 2 || count == 4 || count == 16 || count == 256;
    CHECK(tome_palette_turn(&p) == whole && p.turned == whole);
    CHECK(p.colour[0][0] == (whole ? 0 : 255));
  }
  tome_palette p = ramp(2, 252, 4);
  CHECK(tome_palette_turn(&p));
  p = ramp(2, 200, 0);
  CHECK(!tome_palette_turn(&p));
  p = ramp(2, 0, 255);
  CHECK(!tome_palette_turn(&p));
  p = ramp(2, 255, 0);
  p.colour[0][3] = 0;
  CHECK(!tome_palette_turn(&p)); /* white that is transparent is background */
}

static void filling_is_cut_off(void) {
  tome_palette p = {.count = 256};
  for (int i = 0; i < 256; i++) p.colour[i][3] = 255;
  memset(p.colour[0], 255, 3);
  CHECK(tome_palette_turn(&p) && p.count == 2);
  uint8_t index[] = {0, 1, 2, 255};
  tome_palette_turn_indices(&p, index, 4);
  CHECK(index[0] == 1 && index[1] == 0 && index[2] == 0 && index[3] == 0);
}

static void indices_become_colours_in_place(void) {
  tome_palette p = {.count = 3, .colour = {{1, 2, 3, 255}, {4, 5, 6, 255}, {7, 8, 9, 255}}};
  uint8_t data[12] = {2, 0, 1, 3};
  tome_palette_expand(&p, data, 4);
  CHECK(memcmp(data, "\7\10\11\1\2\3\4\5\6\0\0\0", 12) == 0); /* behind the palette is black */
  p.colour[1][3] = 9;
  uint8_t clear[8] = {1, 0};
  tome_palette_expand(&p, clear, 2);
  CHECK(memcmp(clear, "\4\5\6\11\1\2\3\377", 8) == 0);
}

/* PIL 9.4: Image.new("RGB", (1, 1), c).convert("L"). */
static void luma_is_that_of_pil(void) {
  static const uint8_t rgb[][3] = {{255, 0, 0}, {0, 255, 0},    {0, 0, 255}, {255, 255, 255},
                                   {1, 2, 3},   {200, 100, 50}, {12, 34, 56}};
  static const uint8_t want[] = {76, 150, 29, 255, 2, 124, 30};
  uint8_t got[7];
  CHECK(tome_colour_to_gray(TOME_U8, 3, rgb, 7, got, NULL) && memcmp(got, want, 7) == 0);
  uint8_t same[21];
  memcpy(same, rgb, sizeof same);
  CHECK(tome_colour_to_gray(TOME_U8, 3, same, 7, same, NULL) && memcmp(same, want, 7) == 0);
}

static void deep_luma_is_not_cut(void) {
  static const uint16_t deep[][4] = {{65535, 65535, 65535, 0}, {65535, 0, 0, 5}, {257, 514, 771, 9}, {0, 0, 0, 0}};
  uint16_t got[4];
  CHECK(tome_colour_to_gray(TOME_U16, 4, deep, 4, got, NULL));
  CHECK(got[0] == 65535 && got[1] == (65535u * 19595u + 32768u) >> 16 && got[3] == 0);
  CHECK_NEAR(got[2], 0.299 * 257 + 0.587 * 514 + 0.114 * 771, 0.51);
  const float f[3] = {0.25f, 0.5f, 1.0f};
  const double d[3] = {-1000, 0, 3};
  float gf = 0;
  double gd = 0;
  CHECK(tome_colour_to_gray(TOME_F32, 3, f, 1, &gf, NULL) && tome_colour_to_gray(TOME_F64, 3, d, 1, &gd, NULL));
  CHECK_NEAR(gf, (0.25 * 19595 + 0.5 * 38470 + 7471) / 65536, 1e-7);
  CHECK_NEAR(gd, (-1000.0 * 19595 + 3 * 7471) / 65536, 1e-9);
  tome_error err = {0};
  CHECK(!tome_colour_to_gray(TOME_I32, 3, d, 1, &gd, &err) && err.code == TOME_UNSUPPORTED);
  CHECK(!tome_colour_to_gray(TOME_U8, 5, d, 1, &gd, NULL));
}

static void alpha_that_says_nothing(void) {
  uint16_t pairs[] = {10, 65535, 20, 65535, 30, 65535};
  CHECK(tome_alpha_is_constant(TOME_U16, 2, pairs, 3));
  pairs[5] = 65534;
  CHECK(!tome_alpha_is_constant(TOME_U16, 2, pairs, 3));
  tome_alpha_drop(TOME_U16, 2, pairs, 3);
  CHECK(pairs[0] == 10 && pairs[1] == 20 && pairs[2] == 30);
  uint8_t rgba[] = {1, 2, 3, 9, 4, 5, 6, 9}, gray[2];
  CHECK(tome_alpha_is_constant(TOME_U8, 4, rgba, 2));
  tome_alpha_drop(TOME_U8, 4, rgba, 2);
  CHECK(memcmp(rgba, "\1\2\3\4\5\6", 6) == 0);
  CHECK(tome_colour_to_gray(TOME_U8, 2, "\5\0\6\1", 2, gray, NULL) && gray[0] == 5 && gray[1] == 6);
}

TEST_MAIN(gray_values_are_no_palette, white_first_is_turned, filling_is_cut_off, indices_become_colours_in_place,
          luma_is_that_of_pil, deep_luma_is_not_cut, alpha_that_says_nothing)
