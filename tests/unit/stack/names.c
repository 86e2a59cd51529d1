/* Pictures that know nothing but their names: order by number, missing and repeated numbers, sizes, and where spacing comes from. */
#include "synthetic.h"

static const tome_stack_options told = {.spacing = {2, 0.5, 0.25}};

static void add_named(tome_pieces *list, const char *fmt, const int *numbers, size_t count) {
  for (size_t i = 0; i < count; i++) {
    char path[64];
    snprintf(path, sizeof path, fmt, numbers[i]);
    add_picture(list, path, numbers[i]);
  }
}

static void numbers_order_names(void) {
  tome_pieces list = {0};
  const int n[] = {10, 9, 100, 1, 2, 11, 3, 8, 4, 7, 5, 6};
  add_named(&list, "p/mask_%d.v2.png", n, TOME_COUNT(n) - 0);
  list.items[2].path = "p/mask_12.v2.png";
  tome_stack_result r = stack(&list, &told);
  CHECK(r.volume_count == 1 && r.fault_count == 0);
  const tome_geometry *g = &r.volumes[0].geometry;
  CHECK(g->shape[0] == 12 && g->shape[1] == 2 && g->shape[2] == 3);
  CHECK_NEAR(g->spacing[0], 2, 0);
  CHECK_NEAR(g->spacing[1], 0.5, 0);
  CHECK_NEAR(g->spacing[2], 0.25, 0);
  CHECK_NEAR(g->origin[0], 0, 0);
  CHECK_TEXT(r.volumes[0].order[1]->path, "p/mask_2.v2.png");
  CHECK_TEXT(r.volumes[0].order[11]->path, "p/mask_12.v2.png");
  CHECK_TEXT(r.volumes[0].series_uid, "");
  finish(&list, &r);
}

static void missing_number_is_a_gap(void) {
  tome_pieces list = {0};
  const int n[] = {0, 1, 2, 3, 7, 8, 10};
  add_named(&list, "p/%d.png", n, TOME_COUNT(n));
  shuffle(&list, 4);
  tome_stack_options opt = told;
  tome_stack_result r = stack(&list, &opt);
  CHECK(r.volume_count == 0 && r.fault_count == 1 && r.faults[0].code == TOME_GEOMETRY);
  CHECK_HAS(r.faults[0].text, "numbers 4-6, 9 are missing between 0.png and 10.png");
  CHECK_HAS(r.faults[0].text, "--gap=fill");
  tome_stack_result_clear(&r);

  opt.gap = TOME_GAP_FILL;
  r = stack(&list, &opt);
  CHECK(r.volume_count == 1 && r.volumes[0].geometry.shape[0] == 11);
  CHECK(r.volumes[0].slices[5].a == 3 && r.volumes[0].slices[5].b == 4);
  CHECK_NEAR(r.volumes[0].slices[5].w, 0.5, 1e-9);
  CHECK_HAS(r.volumes[0].repairs[0].text, "numbers 4-6, 9 are missing");
  tome_stack_result_clear(&r);

  opt.gap = TOME_GAP_SPLIT;
  r = stack(&list, &opt);
  CHECK(r.volume_count == 3 && r.volumes[1].geometry.shape[0] == 2);
  CHECK_NEAR(r.volumes[1].geometry.origin[2], 14, 0); /* number 7, 2 mm each */
  tome_stack_result_clear(&r);

  opt.gap = TOME_GAP_KEEP;
  r = stack(&list, &opt);
  CHECK(r.volume_count == 1 && r.volumes[0].geometry.shape[0] == 7);
  CHECK_TEXT(r.volumes[0].repairs[0].kind, "gap=keep");
  finish(&list, &r);
}

static void stride_is_no_gap(void) {
  tome_pieces list = {0};
  const int n[] = {5, 10, 15, 20};
  add_named(&list, "p/%03d.png", n, TOME_COUNT(n));
  tome_stack_result r = stack(&list, &told);
  CHECK(r.volume_count == 1 && r.fault_count == 0);
  CHECK_HAS(find_note(&r.volumes[0], "go by"), "by 5");
  finish(&list, &r);

  const int missing[] = {5, 10, 20, 25};
  add_named(&list, "p/%03d.png", missing, TOME_COUNT(missing));
  r = stack(&list, &told);
  CHECK(r.fault_count == 1);
  CHECK_HAS(r.faults[0].text, "number 15 is missing");
  finish(&list, &r);

  const int two[] = {1, 3};
  add_named(&list, "p/%d.png", two, 2);
  r = stack(&list, &told);
  CHECK(r.fault_count == 1);
  CHECK_HAS(r.faults[0].text, "number 2 is missing");
  finish(&list, &r);
}

static void the_last_number_that_varies_counts(void) {
  tome_pieces list = {0};
  const char *names[] = {"p/case7_1_of_4.png", "p/case7_2_of_4.png", "p/case7_4_of_4.png"};
  for (int i = 0; i < 3; i++) add_picture(&list, names[i], i);
  tome_stack_result r = stack(&list, &told);
  CHECK(r.fault_count == 1);
  CHECK_HAS(r.faults[0].text, "number 3 is missing");
  finish(&list, &r);
}

static void repeated_number_is_a_duplicate(void) {
  tome_pieces list = {0};
  add_picture(&list, "p/1.png", 1), add_picture(&list, "p/2.png", 2), add_picture(&list, "p/02.png", 9);
  tome_stack_result r = stack(&list, &told);
  CHECK(r.fault_count == 1);
  CHECK_HAS(r.faults[0].text, "number 2: p/02.png and p/2.png");
  finish(&list, &r);
  add_picture(&list, "p/1.png", 1), add_picture(&list, "p/2.png", 2), add_picture(&list, "p/02.png", 2);
  r = stack(&list, &told);
  CHECK(r.volume_count == 1 && r.volumes[0].geometry.shape[0] == 2);
  finish(&list, &r);
}

static void names_without_pattern_stack_as_they_sort(void) {
  tome_pieces list = {0};
  add_picture(&list, "p/top.png", 1), add_picture(&list, "p/bottom.png", 2), add_picture(&list, "p/middle9.png", 3);
  tome_stack_result r = stack(&list, &told);
  CHECK(r.volume_count == 1);
  CHECK_TEXT(r.volumes[0].order[0]->path, "p/bottom.png");
  CHECK_HAS(find_note(&r.volumes[0], "no number"), "order of their names");
  finish(&list, &r);
}

static void endless_digits_are_no_number(void) {
  tome_pieces list = {0};
  add_picture(&list, "p/1234567890123456789012345.png", 1), add_picture(&list, "p/1234567890123456789012399.png", 2);
  tome_stack_result r = stack(&list, &told);
  CHECK(r.volume_count == 1 && r.fault_count == 0);
  finish(&list, &r);
}

static void sizes_must_agree(void) {
  tome_pieces list = {0};
  add_picture(&list, "p/1.png", 1), add_picture(&list, "p/2.png", 2);
  list.items[1].shape[2] = 30;
  tome_stack_result r = stack(&list, &told);
  CHECK(r.fault_count == 1);
  CHECK_HAS(r.faults[0].text, "p/1.png is 2 by 3 pixels, p/2.png is 2 by 30");
  finish(&list, &r);
}

static void spacing_comes_from_the_image_or_is_asked_for(void) {
  tome_pieces list = {0};
  const int n[] = {1, 2, 3};
  add_named(&list, "p/%d.png", n, 3);
  tome_stack_options opt = {0};
  tome_stack_result r = stack(&list, &opt);
  CHECK(r.fault_count == 1);
  CHECK_HAS(r.faults[0].text, "3x2x3 volume are; give --spacing z,y,x");
  tome_stack_result_clear(&r);

  const int64_t shape[3] = {3, 2, 3};
  tome_geometry like = tome_geometry_identity(shape);
  like.spacing[0] = 4, like.origin[1] = -33;
  opt.like = &like;
  r = stack(&list, &opt);
  CHECK(r.volume_count == 1 && memcmp(&r.volumes[0].geometry, &like, sizeof like) == 0);
  tome_stack_result_clear(&r);

  like.shape[0] = 4;
  r = stack(&list, &opt);
  CHECK(r.fault_count == 1);
  CHECK_HAS(r.faults[0].text, "its image is 4x2x3");
  finish(&list, &r);
}

static void pages_of_one_file_are_slices(void) {
  tome_pieces list = {0};
  for (int i = 0; i < 5; i++) add_picture(&list, "p/stack.tif", i)->frame = i;
  shuffle(&list, 3);
  tome_stack_result r = stack(&list, &told);
  CHECK(r.volume_count == 1 && r.volumes[0].geometry.shape[0] == 5);
  for (int i = 0; i < 5; i++) CHECK(r.volumes[0].order[i]->frame == i);
  finish(&list, &r);
}

static void one_picture_is_a_volume(void) {
  tome_pieces list = {0};
  add_picture(&list, "p/21_training.png", 1);
  tome_stack_result r = stack(&list, &told);
  CHECK(r.volume_count == 1 && r.volumes[0].geometry.shape[0] == 1);
  finish(&list, &r);
}

static void colour_is_refused(void) {
  tome_pieces list = {0};
  add_picture(&list, "p/1.png", 1)->channels = 3;
  tome_stack_result r = stack(&list, &told);
  CHECK(r.fault_count == 1 && r.faults[0].code == TOME_UNSUPPORTED);
  finish(&list, &r);
}

TEST_MAIN(numbers_order_names, missing_number_is_a_gap, stride_is_no_gap, the_last_number_that_varies_counts,
          repeated_number_is_a_duplicate, names_without_pattern_stack_as_they_sort, endless_digits_are_no_number,
          sizes_must_agree, spacing_comes_from_the_image_or_is_asked_for, pages_of_one_file_are_slices,
          one_picture_is_a_volume, colour_is_refused)
