/* Boxes: Python's slice rules, refusals that name the axis, overflow; element types as NumPy names them. */
#include "grid/grid.h"
#include "test.h"

static void parsing(void) {
  const int64_t shape[3] = {60, 512, 400};
  tome_box b;
  tome_error e = {0};
  CHECK(tome_box_parse("0:16,100:228,:", shape, &b, &e));
  CHECK(b.lo[0] == 0 && b.hi[0] == 16 && b.lo[1] == 100 && b.hi[1] == 228 && b.lo[2] == 0 && b.hi[2] == 400);
  CHECK(tome_box_parse("-10:,:-1,5:6", shape, &b, &e));
  CHECK(b.lo[0] == 50 && b.hi[0] == 60 && b.hi[1] == 511 && b.lo[2] == 5);
  static const char *const bad[] = {
      "",         "1:2,3:4", "0:61,:,:", "5:5,:,:", ":,:,:,", "a:b,:,:", "0:1,0:1,0:1 ", "9999999999999999999:,:,:",
      ":,-600:,:"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    tome_error x = {0};
    CHECK(!tome_box_parse(bad[i], shape, &b, &x));
    CHECK(x.code == TOME_USAGE && *x.message);
  }
  e = (tome_error){0};
  CHECK(!tome_box_parse("0:61,:,:", shape, &b, &e));
  CHECK_HAS(e.message, "z runs from 0 to 61");
}

static void algebra(void) {
  const tome_box a = {{0, 0, 0}, {10, 10, 10}}, b = {{5, -3, 9}, {20, 4, 30}}, far = {{50, 0, 0}, {60, 1, 1}};
  const tome_box i = tome_box_intersect(&a, &b), none = tome_box_intersect(&a, &far);
  CHECK(i.lo[0] == 5 && i.hi[0] == 10 && i.lo[1] == 0 && i.hi[1] == 4 && i.lo[2] == 9 && i.hi[2] == 10);
  CHECK(tome_box_voxels(&i) == 5 * 4 * 1);
  CHECK(tome_box_is_empty(&none) && tome_box_voxels(&none) == 0);
  CHECK(tome_box_contains(&a, &i) && !tome_box_contains(&i, &a));
  const tome_box huge = {{0, 0, 0}, {INT64_MAX, INT64_MAX, 2}};
  CHECK(tome_box_voxels(&huge) == INT64_MAX);
  size_t bytes;
  CHECK(!tome_shape_bytes((const int64_t[3]){INT64_MAX, 2, 1}, 2, &bytes));
  CHECK(!tome_shape_bytes((const int64_t[3]){0, 2, 1}, 2, &bytes));
  CHECK(tome_shape_bytes((const int64_t[3]){3, 5, 7}, 4, &bytes) && bytes == 420);
}

static void types(void) {
  CHECK_TEXT(tome_dtype_name(TOME_I16), "int16");
  CHECK(tome_dtype_size(TOME_F64) == 8 && tome_dtype_size(TOME_NONE) == 0 && tome_dtype_size((tome_dtype)99) == 0);
  uint32_t v[2] = {0x01020304u, 0xaabbccddu};
  tome_swap_bytes(v, 2, 4);
  CHECK(v[0] == 0x04030201u && v[1] == 0xddccbbaau);
}

TEST_MAIN(parsing, algebra, types)
