/* The geometry contract, row by row, on series made to order: each fault is refused with its number and its remedy, each repair does
 * what it says and is on record, and the order in which files are found changes nothing. */
#include "synthetic.h"

static const double rise14[2] = {0.970295726276,
                                 -0.2419218955997}; /* cos, -sin of 14 degrees, as a scanner wrote them */

/* ---- straight series --- */

static void scrambled_series_comes_in_order(void) {
  tome_pieces list = {0};
  for (int i = 0; i < 12; i++) add_slice(&list, 100 - 2.5 * i, i + 1); /* instance numbers run down, z up */
  shuffle(&list, 7);
  tome_stack_result r = stack(&list, NULL);
  CHECK(r.volume_count == 1 && r.fault_count == 0);
  const tome_stacked *v = &r.volumes[0];
  CHECK(v->geometry.shape[0] == 12 && v->geometry.shape[1] == 2 && v->geometry.shape[2] == 3);
  CHECK_NEAR(v->geometry.spacing[0], 2.5, 1e-12);
  CHECK_NEAR(v->geometry.spacing[1], 0.5, 1e-12);
  CHECK_NEAR(v->geometry.spacing[2], 0.75, 1e-12);
  CHECK_NEAR(v->geometry.origin[2], 72.5, 1e-12);
  CHECK_NEAR(v->geometry.direction[0][2], 1, 1e-12);
  CHECK_NEAR(v->geometry.direction[1][1], 1, 1e-12);
  CHECK_NEAR(v->geometry.direction[2][0], 1, 1e-12);
  CHECK_NEAR(v->tilt_degrees, 0, 0);
  CHECK_TEXT(v->series_uid, "1.2.3");
  for (size_t z = 0; z < 12; z++) {
    CHECK(v->order[z]->instance == 12 - (int64_t)z);
    CHECK(v->slices[z].a == z && v->slices[z].b == z);
  }
  CHECK(v->repair_count == 0);
  finish(&list, &r);
}

static void sagittal_series_runs_along_its_normal(void) {
  tome_pieces list = {0};
  for (int i = 0; i < 5; i++) { /* rows along +y, columns along -z: the normal is y × -z = -x */
    tome_piece *p = add_slice(&list, 50, i);
    p->position[0] = 3.0 * i, p->position[1] = -7;
    p->along_row[0] = 0, p->along_row[1] = 1;
    p->along_column[1] = 0, p->along_column[2] = -1;
  }
  tome_stack_result r = stack(&list, NULL);
  CHECK(r.volume_count == 1);
  const tome_geometry *g = &r.volumes[0].geometry;
  CHECK_NEAR(g->origin[0], 12, 1e-12);
  CHECK_NEAR(g->direction[0][0], -1, 1e-12);
  CHECK_NEAR(g->direction[1][2], -1, 1e-12);
  CHECK_NEAR(g->direction[2][1], 1, 1e-12);
  CHECK(r.volumes[0].order[0]->instance == 4);
  finish(&list, &r);
}

static void rounding_of_position_text_passes(void) {
  tome_pieces list = {0};
  for (int i = 0; i < 40; i++) add_slice(&list, floor(0.625 * i * 10 + 0.5) / 10, i); /* one decimal */
  for (int i = 0; i < 40; i++) list.items[i].along_row[1] = i % 2 ? 1e-6 : -1e-6;
  tome_stack_result r = stack(&list, NULL);
  CHECK(r.volume_count == 1 && r.fault_count == 0);
  CHECK_NEAR(r.volumes[0].geometry.spacing[0], 0.625, 0.002);
  finish(&list, &r);
}

static void thickness_and_first_pair_do_not_set_the_step(void) {
  tome_pieces list = {0};
  const double z[] = {0, 1.01, 2, 3, 4};
  for (int i = 0; i < 5; i++) add_slice(&list, z[i], i)->slice_thickness = 5;
  tome_stack_result r = stack(&list, NULL);
  CHECK_NEAR(r.volumes[0].geometry.spacing[0], 1, 1e-12);
  finish(&list, &r);
}

/* ---- tilt --- */

static void add_tilted(tome_pieces *list, int count, double step, double tag) {
  for (int i = 0; i < count; i++) {
    tome_piece *p = add_slice(list, -61.951915066986 + step * i, i + 1);
    p->along_column[1] = rise14[0], p->along_column[2] = rise14[1];
    p->tilt_tag = tag;
  }
}

static void tilt_is_kept_and_noted(void) {
  tome_pieces list = {0};
  add_tilted(&list, 6, 5, 0); /* the tag says 0, the positions 14 degrees */
  tome_stack_result r = stack(&list, NULL);
  CHECK(r.volume_count == 1 && r.fault_count == 0);
  const tome_stacked *v = &r.volumes[0];
  CHECK_NEAR(v->tilt_degrees, 14, 1e-4);
  CHECK_NEAR(v->geometry.spacing[0], 5, 1e-9); /* the step vector itself, not its share along the normal (4.851) */
  CHECK_NEAR(v->geometry.direction[0][2], 1, 1e-12);
  CHECK_NEAR(v->geometry.direction[1][2], -0.2419218955997, 1e-9);
  CHECK_HAS(find_note(v, "tilted"), "14.00 degrees");
  CHECK_HAS(find_note(v, "tilted"), "says 0 degrees");
  finish(&list, &r);

  add_tilted(&list, 6, 5, -14);
  r = stack(&list, NULL);
  CHECK(!strstr(find_note(&r.volumes[0], "tilted"), "tag"));
  finish(&list, &r);
}

static void tilt_tag_without_tilt_is_noted(void) {
  tome_pieces list = {0};
  for (int i = 0; i < 4; i++) add_slice(&list, 2 * i, i)->tilt_tag = 18.5;
  tome_stack_result r = stack(&list, NULL);
  CHECK_NEAR(r.volumes[0].tilt_degrees, 0, 0);
  CHECK_HAS(find_note(&r.volumes[0], "not tilted"), "18.5 degrees");
  finish(&list, &r);
}

/* ---- missing slices --- */

/* 3 mm apart; 5, 6 and 11 of 20 are missing. */
static void add_gapped(tome_pieces *list) {
  for (int i = 0; i < 20; i++)
    if (i != 5 && i != 6 && i != 11) add_slice(list, 30 + 3 * i, i + 1);
  shuffle(list, 3);
}

static void gap_is_refused(void) {
  tome_pieces list = {0};
  add_gapped(&list);
  tome_stack_result r = stack(&list, NULL);
  CHECK(r.volume_count == 0 && r.fault_count == 1);
  const tome_stack_fault *f = &r.faults[0];
  CHECK(f->code == TOME_GEOMETRY);
  CHECK_TEXT(f->series_uid, "1.2.3");
  CHECK_HAS(f->text, "3 slices are missing in 2 gaps, 2 of them in a gap of 9 mm, where the step is 3 mm");
  CHECK_HAS(f->text, "between 42 and 51 mm along the normal (instance 5 and instance 8)");
  CHECK_HAS(f->text, "--gap=fill");
  CHECK_HAS(f->text, "--gap=split");
  CHECK_HAS(f->text, "--gap=keep");
  finish(&list, &r);
}

static void gap_is_filled(void) {
  tome_pieces list = {0};
  add_gapped(&list);
  tome_stack_options opt = {.gap = TOME_GAP_FILL};
  tome_stack_result r = stack(&list, &opt);
  CHECK(r.volume_count == 1 && r.fault_count == 0);
  const tome_stacked *v = &r.volumes[0];
  CHECK(v->geometry.shape[0] == 20);
  CHECK_NEAR(v->geometry.spacing[0], 3, 1e-12);
  CHECK(v->order_count == 17);
  for (size_t z = 0; z < 20; z++) {
    const tome_slice_source *s = &v->slices[z];
    const double a = (double)v->order[s->a]->instance - 1, b = (double)v->order[s->b]->instance - 1;
    CHECK_NEAR((1 - s->w) * a + s->w * b, (double)z, 1e-9); /* the place it stands for */
    CHECK((s->a == s->b) == (z != 5 && z != 6 && z != 11));
  }
  CHECK_NEAR(v->slices[5].w, 1.0 / 3, 1e-9);
  CHECK(v->repair_count == 1);
  CHECK_TEXT(v->repairs[0].kind, "gap=fill");
  CHECK_HAS(v->repairs[0].text, "3 slices are missing");
  CHECK_HAS(v->repairs[0].text, "linear");
  tome_stack_result_clear(&r);

  opt.labels = true;
  r = stack(&list, &opt);
  for (size_t z = 0; z < 20; z++) CHECK(r.volumes[0].slices[z].a == r.volumes[0].slices[z].b);
  CHECK(r.volumes[0].order[r.volumes[0].slices[5].a]->instance == 5);
  CHECK(r.volumes[0].order[r.volumes[0].slices[6].a]->instance == 8);
  CHECK_HAS(r.volumes[0].repairs[0].text, "nearest");
  finish(&list, &r);
}

static void gap_is_split_or_kept(void) {
  tome_pieces list = {0};
  add_gapped(&list);
  tome_stack_options opt = {.gap = TOME_GAP_SPLIT};
  tome_stack_result r = stack(&list, &opt);
  CHECK(r.volume_count == 3 && r.fault_count == 0);
  const int64_t depth[] = {5, 4, 8};
  const double origin[] = {30, 51, 66};
  for (size_t i = 0; i < r.volume_count; i++) {
    CHECK(r.volumes[i].geometry.shape[0] == depth[i]);
    CHECK_NEAR(r.volumes[i].geometry.origin[2], origin[i], 1e-12);
    CHECK_NEAR(r.volumes[i].geometry.spacing[0], 3, 1e-12);
    CHECK_TEXT(r.volumes[i].repairs[0].kind, "gap=split");
    CHECK((int64_t)r.volumes[i].order_count == depth[i]);
  }
  tome_stack_result_clear(&r);

  opt.gap = TOME_GAP_KEEP;
  r = stack(&list, &opt);
  CHECK(r.volume_count == 1 && r.volumes[0].geometry.shape[0] == 17);
  CHECK_NEAR(r.volumes[0].geometry.spacing[0], 57.0 / 16, 1e-12);
  CHECK_TEXT(r.volumes[0].repairs[0].kind, "gap=keep");
  finish(&list, &r);
}

static void single_slice_runs_keep_the_step(void) {
  tome_pieces list = {0};
  const double z[] = {0, 2, 4, 8, 12, 14};
  for (int i = 0; i < 6; i++) add_slice(&list, z[i], i);
  const tome_stack_options opt = {.gap = TOME_GAP_SPLIT};
  tome_stack_result r = stack(&list, &opt);
  CHECK(r.volume_count == 3);
  CHECK(r.volumes[1].geometry.shape[0] == 1);
  CHECK_NEAR(r.volumes[1].geometry.spacing[0], 2, 1e-12);
  CHECK_NEAR(r.volumes[1].geometry.origin[2], 8, 1e-12);
  finish(&list, &r);
}

static void endless_gap_is_not_filled(void) {
  tome_pieces list = {0};
  for (int i = 0; i < 5; i++) add_slice(&list, i < 4 ? i : 900000, i);
  const tome_stack_options opt = {.gap = TOME_GAP_FILL};
  tome_stack_result r = stack(&list, &opt);
  CHECK(r.volume_count == 0 && r.fault_count == 1);
  CHECK_HAS(r.faults[0].text, "--gap=split");
  finish(&list, &r);
}

static void tilted_gap_keeps_the_tilt(void) {
  tome_pieces list = {0};
  add_tilted(&list, 8, 0.778, NAN);
  list.items[3] = list.items[7]; /* the 4th is gone */
  list.count = 7;
  tome_stack_result r = stack(&list, NULL);
  CHECK(r.fault_count == 1);
  CHECK_HAS(r.faults[0].text, "1 slice is missing in a gap of 1.50978 mm, where the step is 0.75489 mm");
  tome_stack_result_clear(&r);
  const tome_stack_options opt = {.gap = TOME_GAP_FILL};
  r = stack(&list, &opt);
  CHECK_NEAR(r.volumes[0].tilt_degrees, 14, 1e-4);
  CHECK_NEAR(r.volumes[0].geometry.spacing[0], 0.778, 1e-9);
  CHECK(r.volumes[0].geometry.shape[0] == 8);
  finish(&list, &r);
}

/* ---- uneven spacing --- */

static void uneven_is_refused_resampled_or_kept(void) {
  tome_pieces list = {0};
  const double z[] = {0, 2, 4, 6, 9, 12, 15.1}; /* mean 15.1/6; the 4th lies 7.55 - 6 = 1.55 mm short */
  for (int i = 0; i < 7; i++) add_slice(&list, z[i], i + 1);
  shuffle(&list, 5);
  tome_stack_result r = stack(&list, NULL);
  CHECK(r.volume_count == 0 && r.fault_count == 1);
  CHECK_HAS(r.faults[0].text, "1.55 mm (61.6 % of the mean step of 2.517 mm)");
  CHECK_HAS(r.faults[0].text, "instance 4");
  CHECK_HAS(r.faults[0].text, "steps go from 2 to 3.1 mm");
  CHECK_HAS(r.faults[0].text, "--uneven=resample");
  CHECK_HAS(r.faults[0].text, "--uneven=keep");
  tome_stack_result_clear(&r);

  tome_stack_options opt = {.uneven = TOME_UNEVEN_RESAMPLE}; /* lower median 2 → 15.1/2 = 7.55 → 8 steps of 1.8875 */
  r = stack(&list, &opt);
  CHECK(r.volume_count == 1);
  const tome_stacked *v = &r.volumes[0];
  CHECK(v->geometry.shape[0] == 9);
  CHECK_NEAR(v->geometry.spacing[0], 1.8875, 1e-12);
  for (size_t i = 0; i < 9; i++) {
    const tome_slice_source *s = &v->slices[i];
    CHECK_NEAR((1 - s->w) * v->order[s->a]->position[2] + s->w * v->order[s->b]->position[2], 1.8875 * (double)i, 1e-6);
  }
  CHECK(v->slices[8].a == 6 && v->slices[8].b == 6);
  CHECK_TEXT(v->repairs[0].kind, "uneven=resample");
  CHECK_HAS(v->repairs[0].text, "1.55 mm");
  tome_stack_result_clear(&r);

  opt.uneven = TOME_UNEVEN_KEEP;
  r = stack(&list, &opt);
  CHECK(r.volumes[0].geometry.shape[0] == 7);
  CHECK_NEAR(r.volumes[0].geometry.spacing[0], 15.1 / 6, 1e-12);
  CHECK_TEXT(r.volumes[0].repairs[0].kind, "uneven=keep");
  finish(&list, &r);
}

static void sideways_jump_counts(void) {
  tome_pieces list = {0};
  for (int i = 0; i < 8; i++) add_slice(&list, 2 * i, i)->position[0] = i == 4 ? 1.5 : 0;
  tome_stack_result r = stack(&list, NULL);
  CHECK(r.fault_count == 1);
  CHECK_HAS(r.faults[0].text, "1.5 mm (75 % of the mean step of 2 mm)");
  CHECK_HAS(r.faults[0].text, "up to 1.5 mm of it sideways");
  tome_stack_result_clear(&r);
  tome_stack_options opt = {.uneven = TOME_UNEVEN_RESAMPLE};
  r = stack(&list, &opt);
  CHECK(r.fault_count == 1);
  CHECK_HAS(r.faults[0].text, "sideways by up to 1.5 mm");
  tome_stack_result_clear(&r);
  opt.uneven = TOME_UNEVEN_KEEP;
  r = stack(&list, &opt);
  CHECK(r.volume_count == 1);
  finish(&list, &r);
}

static void tolerance_has_two_sides(void) {
  for (int off = 0; off < 2; off++) { /* 4 mm step: 2 % is 0.08, so 0.1 mm counts */
    tome_pieces list = {0};
    for (int i = 0; i < 5; i++) add_slice(&list, 4 * i + (i == 2 ? (off ? 0.11 : 0.09) : 0), i);
    tome_stack_result r = stack(&list, NULL);
    CHECK(r.volume_count == (off ? 0 : 1) && r.fault_count == (off ? 1 : 0));
    finish(&list, &r);
  }
}

/* ---- duplicates --- */

static void identical_duplicates_are_dropped(void) {
  tome_pieces list = {0};
  for (int i = 0; i < 5; i++) add_slice(&list, i, i + 1);
  set_ramp(add_slice(&list, 2, 9), 30); /* the pixels of instance 3 */
  shuffle(&list, 2);
  tome_stack_result r = stack(&list, NULL);
  CHECK(r.volume_count == 1 && r.fault_count == 0);
  CHECK(r.volumes[0].geometry.shape[0] == 5);
  CHECK(r.volumes[0].order[2]->instance == 3);
  CHECK_HAS(find_note(&r.volumes[0], "dropped"), "1 image dropped");
  CHECK_HAS(find_note(&r.volumes[0], "dropped"), "f/IM9 as f/IM3");
  finish(&list, &r);
}

static void different_duplicates_are_refused(void) {
  tome_pieces list = {0};
  for (int i = 0; i < 5; i++) add_slice(&list, i, i + 1);
  add_slice(&list, 2.0004, 9);
  shuffle(&list, 11);
  tome_stack_options opt = {0};
  tome_stack_result r = stack(&list, &opt);
  CHECK(r.volume_count == 0 && r.fault_count == 1);
  CHECK_HAS(r.faults[0].text, "2 different images lie at one position, 2 mm along the normal: 9.8.3 and 9.8.9");
  CHECK_HAS(r.faults[0].text, "--duplicate=first");
  tome_stack_result_clear(&r);
  opt.duplicate = TOME_DUPLICATE_FIRST;
  r = stack(&list, &opt);
  CHECK(r.volume_count == 1 && r.volumes[0].geometry.shape[0] == 5);
  CHECK(r.volumes[0].order[2]->instance == 3);
  CHECK_TEXT(r.volumes[0].repairs[0].kind, "duplicate=first");
  CHECK_HAS(r.volumes[0].repairs[0].text, "1 of 6 images");
  finish(&list, &r);
}

static void same_pixels_of_another_scale_are_no_copy(void) {
  tome_pieces list = {0};
  for (int i = 0; i < 3; i++) add_slice(&list, i, i + 1);
  tome_piece *p = add_slice(&list, 1, 7);
  set_ramp(p, 20);
  p->slope = 2;
  tome_stack_result r = stack(&list, NULL);
  CHECK(r.fault_count == 1);
  finish(&list, &r);
}

static void duplicates_without_uids_are_named_by_path(void) {
  tome_pieces list = {0};
  for (int i = 0; i < 3; i++) add_slice(&list, i / 2, i + 1)->sop_uid = "";
  tome_stack_result r = stack(&list, NULL);
  CHECK_HAS(r.faults[0].text, "f/IM1 and f/IM2");
  finish(&list, &r);
}

static void unreadable_duplicate_is_a_fault_of_its_group(void) {
  tome_pieces list = {0};
  for (int i = 0; i < 3; i++) add_slice(&list, i, i + 1);
  add_slice(&list, 2, 4);
  free(pictures[3]), pictures[3] = NULL;
  tome_stack_result r = stack(&list, NULL);
  CHECK(r.fault_count == 1 && r.faults[0].code == TOME_CORRUPT);
  finish(&list, &r);
}

/* ---- several volumes in one series --- */

static void phases_become_volumes(void) {
  for (int key = 0; key < 3; key++) {
    tome_pieces list = {0};
    for (int phase = 0; phase < 3; phase++)
      for (int i = 0; i < 4; i++) {
        tome_piece *p = add_slice(&list, 5 * i, phase * 4 + i + 1);
        if (key == 0) p->temporal = phase + 1;
        if (key == 1) p->acquisition = phase + 1;
        if (key == 2) p->image_type = phase == 0 ? "A\\FAT" : phase == 1 ? "A\\IN" : "A\\WATER";
      }
    shuffle(&list, (unsigned)key);
    tome_stack_result r = stack(&list, NULL);
    CHECK(r.volume_count == 3 && r.fault_count == 0);
    for (size_t v = 0; v < r.volume_count; v++) {
      CHECK(r.volumes[v].geometry.shape[0] == 4);
      for (size_t z = 0; z < 4; z++) CHECK(r.volumes[v].order[z]->instance == (int64_t)(v * 4 + z + 1));
      CHECK_HAS(find_note(&r.volumes[v], "told apart"), key == 0   ? "temporal position"
                                                        : key == 1 ? "acquisition number"
                                                                   : "image type");
    }
    finish(&list, &r);
  }
}

static void many_acquisitions_do_not_hide_a_duplicate(void) {
  tome_pieces list = {0};
  for (int i = 0; i < 8; i++) add_slice(&list, i, i + 1)->acquisition = i / 2; /* step and shoot */
  add_slice(&list, 3, 20)->acquisition = 99;
  tome_stack_result r = stack(&list, NULL);
  CHECK(r.volume_count == 0 && r.fault_count == 1);
  CHECK_HAS(r.faults[0].text, "9.8.4 and 9.8.20");
  finish(&list, &r);
}

static void time_series_of_one_slice_is_refused(void) {
  tome_pieces list = {0};
  for (int i = 0; i < 4; i++) add_slice(&list, 61.5, i + 23)->acquisition = 15 - i;
  tome_stack_options opt = {0};
  tome_stack_result r = stack(&list, &opt);
  CHECK(r.fault_count == 1);
  CHECK_HAS(r.faults[0].text, "4 different images lie at one position, 61.5 mm");
  tome_stack_result_clear(&r);
  opt.duplicate = TOME_DUPLICATE_FIRST;
  r = stack(&list, &opt);
  CHECK(r.volume_count == 1 && r.volumes[0].order_count == 1 && r.volumes[0].order[0]->instance == 23);
  finish(&list, &r);
}

static void copied_file_does_not_break_phases(void) {
  tome_pieces list = {0};
  for (int phase = 0; phase < 2; phase++)
    for (int i = 0; i < 3; i++) add_slice(&list, i, phase * 3 + i + 1)->temporal = phase;
  tome_piece *copy = add_slice(&list, 1, 2);
  copy->temporal = 0, copy->path = "copy/IM2";
  tome_stack_result r = stack(&list, NULL);
  CHECK(r.volume_count == 2 && r.fault_count == 0);
  CHECK_HAS(find_note(&r.volumes[1], "dropped"), "1 image dropped");
  finish(&list, &r);
}

static void mixed_series_are_parted(void) {
  tome_pieces list = {0};
  for (int i = 0; i < 6; i++) add_slice(&list, 2 * i, i + 1);
  for (int i = 0; i < 3; i++) { /* coronal reformats under the same series */
    tome_piece *p = add_slice(&list, 0, 101 + i);
    p->position[1] = 4 * i;
    p->along_column[1] = 0, p->along_column[2] = -1;
  }
  for (int i = 0; i < 2; i++) { /* another matrix */
    tome_piece *p = add_slice(&list, 2 * i, 201 + i);
    p->shape[1] = 4;
    set_ramp(p, 0);
  }
  for (int i = 0; i < 2; i++) add_slice(&list, 2 * i, 301 + i)->pixel_spacing[1] = 0.8;
  for (int i = 0; i < 2; i++) add_slice(&list, 2 * i, 401 + i)->modality = "PT";
  for (int i = 0; i < 2; i++) add_slice(&list, 2 * i, 501 + i)->series_uid = "1.2.4";
  add_slice(&list, 0, 601)->channels = 3;
  shuffle(&list, 19);
  tome_stack_result r = stack(&list, NULL);
  CHECK(r.volume_count == 6 && r.fault_count == 1);
  const int64_t first[] = {1, 103, 201, 301, 401, 501};
  const size_t counts[] = {6, 3, 2, 2, 2, 2};
  for (size_t i = 0; i < r.volume_count && i < 6; i++) {
    CHECK(r.volumes[i].order[0]->instance == first[i] || r.volumes[i].order[0]->instance == first[i] - 2);
    CHECK(r.volumes[i].order_count == counts[i]);
  }
  CHECK_HAS(r.volumes[0].notes[0], "6 groups of images that differ in");
  CHECK(!strstr(r.volumes[0].notes[0], "differ in ;") && !strstr(r.volumes[0].notes[0], "(null)"));
  CHECK(r.faults[0].code == TOME_UNSUPPORTED);
  CHECK_HAS(r.faults[0].text, "3 samples a pixel");
  finish(&list, &r);
}

static void localizer_is_noted_not_a_volume(void) {
  tome_pieces list = {0};
  tome_piece *scout = add_slice(&list, 0, 1);
  scout->along_column[1] = 0, scout->along_column[2] = -1;
  scout->image_type = "ORIGINAL\\PRIMARY\\LOCALIZER";
  for (int i = 0; i < 6; i++) add_slice(&list, 2 * i, i + 2);
  tome_stack_result r = stack(&list, NULL);
  CHECK(r.volume_count == 1 && r.fault_count == 0);
  CHECK(r.volumes[0].order_count == 6);
  CHECK_HAS(find_note(&r.volumes[0], "localizer"), "f/IM1");
  tome_stack_result_clear(&r);
  list.items[0].series_uid = "1.2.9"; /* a series of its own: somebody may want it */
  r = stack(&list, NULL);
  CHECK(r.volume_count == 2);
  finish(&list, &r);
}

static void series_can_be_chosen(void) {
  tome_pieces list = {0};
  for (int i = 0; i < 3; i++) add_slice(&list, i, i);
  for (int i = 0; i < 4; i++) add_slice(&list, i, 10 + i)->series_uid = "1.2.4";
  tome_stack_options opt = {.series = "1.2.4"};
  tome_stack_result r = stack(&list, &opt);
  CHECK(r.volume_count == 1 && r.volumes[0].order_count == 4);
  tome_stack_result_clear(&r);
  opt.series = "7.7";
  r = stack(&list, &opt);
  CHECK(r.volume_count == 0 && r.fault_count == 1 && r.faults[0].code == TOME_NOT_FOUND);
  CHECK_HAS(r.faults[0].text, "series 7.7; the series here are: 1.2.3, 1.2.4");
  finish(&list, &r);
}

static void one_bad_series_does_not_stop_the_others(void) {
  tome_pieces list = {0};
  add_gapped(&list);
  for (int i = 0; i < 4; i++) add_slice(&list, i, 50 + i)->series_uid = "1.2.4";
  tome_stack_result r = stack(&list, NULL);
  CHECK(r.volume_count == 1 && r.fault_count == 1);
  CHECK_TEXT(r.volumes[0].series_uid, "1.2.4");
  CHECK_TEXT(r.faults[0].series_uid, "1.2.3");
  finish(&list, &r);
}

/* ---- missing tags, single slices --- */

static void missing_tags_are_named(void) {
  tome_pieces list = {0};
  add_slice(&list, 0, 1)->has_position = false;
  add_slice(&list, 0, 2)->has_orientation = false;
  add_slice(&list, 0, 3)->has_pixel_spacing = false;
  tome_piece *p = add_slice(&list, 0, 4);
  p->along_column[1] = 0, p->along_column[0] = 1;
  tome_stack_options opt = {0};
  tome_stack_result r = stack(&list, &opt);
  CHECK(r.volume_count == 0 && r.fault_count == 4);
  CHECK_HAS(r.faults[0].text, "(0020,0032)");
  CHECK_HAS(r.faults[1].text, "(0020,0037)");
  CHECK_HAS(r.faults[2].text, "(0028,0030); give --spacing");
  CHECK_HAS(r.faults[3].text, "perpendicular");
  tome_stack_result_clear(&r);
  opt.spacing[0] = 2, opt.spacing[1] = 0.3, opt.spacing[2] = 0.4;
  r = stack(&list, &opt);
  CHECK(r.volume_count == 2 && r.fault_count == 2);
  CHECK_NEAR(r.volumes[0].geometry.spacing[0], 2, 0);
  CHECK_NEAR(r.volumes[1].geometry.spacing[1], 0.3, 1e-12);
  CHECK_NEAR(r.volumes[1].geometry.spacing[2], 0.4, 1e-12);
  finish(&list, &r);
}

static void positions_that_are_no_numbers_are_refused(void) {
  tome_pieces list = {0};
  for (int i = 0; i < 4; i++) add_slice(&list, i == 2 ? (double)NAN : (double)i, i);
  tome_stack_result r = stack(&list, NULL);
  CHECK(r.fault_count == 1 && r.volume_count == 0);
  finish(&list, &r);
}

static void single_slice_is_a_volume(void) {
  tome_pieces list = {0};
  add_slice(&list, 12, 1)->slice_thickness = 3.5;
  add_slice(&list, 12, 2)->series_uid = "1.2.4";
  tome_stack_result r = stack(&list, NULL);
  CHECK(r.volume_count == 2);
  CHECK_NEAR(r.volumes[0].geometry.spacing[0], 3.5, 1e-12);
  CHECK_NEAR(r.volumes[1].geometry.spacing[0], 1, 1e-12);
  CHECK_HAS(find_note(&r.volumes[0], "single slice"), "3.5 mm");
  CHECK_HAS(find_note(&r.volumes[1], "single slice"), "assumed");
  finish(&list, &r);
}

static void nothing_gives_nothing(void) {
  tome_pieces list = {0};
  tome_stack_result r = stack(&list, NULL);
  CHECK(r.volume_count == 0 && r.fault_count == 0);
  finish(&list, &r);
}

/* ---- 3-D pieces --- */

static void volumes_stand_alone(void) {
  tome_pieces list = {0};
  tome_error err = {0};
  for (int t = 0; t < 3; t++) {
    tome_piece *p = tome_pieces_add(&list, &synthetic, t < 2 ? "a/4d.nii" : "a/plain.npy", &err);
    p->shape[0] = 4, p->shape[1] = 2, p->shape[2] = 3;
    p->frame = t < 2 ? t : 0;
    p->has_geometry = t < 2;
    p->geometry = tome_geometry_identity(p->shape);
    p->geometry.spacing[0] = 7;
    p->geometry_note = t == 0 ? "sform and qform disagree by 3.1 mm; sform used" : "";
  }
  shuffle(&list, 1);
  tome_stack_result r = stack(&list, NULL);
  CHECK(r.volume_count == 2 && r.fault_count == 1);
  CHECK(r.volumes[0].order[0]->frame == 0 && r.volumes[1].order[0]->frame == 1);
  CHECK(r.volumes[0].slices == NULL && r.volumes[0].order_count == 1);
  CHECK_NEAR(r.volumes[0].geometry.spacing[0], 7, 0);
  CHECK_HAS(find_note(&r.volumes[0], "sform"), "3.1 mm");
  CHECK_HAS(find_note(&r.volumes[1], "number 2"), "2 volumes");
  CHECK_HAS(r.faults[0].text, "4x2x3 volume");
  CHECK_HAS(r.faults[0].text, "give --spacing z,y,x");
  tome_stack_result_clear(&r);
  tome_stack_options opt = {.spacing = {5, 0.5, 0.25}};
  r = stack(&list, &opt);
  CHECK(r.volume_count == 3);
  CHECK_NEAR(r.volumes[2].geometry.spacing[2], 0.25, 0);
  CHECK_NEAR(r.volumes[2].geometry.direction[2][0], 1, 0);
  finish(&list, &r);
}

/* ---- properties --- */

/* However the files are found, the volume is the same. */
static void shuffles_change_nothing(void) {
  for (unsigned seed = 1; seed <= 60; seed++) {
    tome_pieces list = {0};
    unsigned s = seed * 2654435761u;
    const int count = 3 + (int)(s % 40);
    const double step = 0.3 + (double)(s / 64 % 100) * 0.07, lean = (double)(s / 8192 % 5) * 0.2;
    for (int i = 0; i < count; i++) {
      tome_piece *p = add_slice(&list, -500 + step * i, i + 1);
      p->position[1] = 20 + lean * step * i;
    }
    shuffle(&list, seed);
    tome_stack_result r = stack(&list, NULL);
    CHECK(r.volume_count == 1 && r.fault_count == 0);
    const tome_stacked *v = &r.volumes[0];
    CHECK(v->geometry.shape[0] == count);
    for (int i = 0; i < count; i++) CHECK(v->order[i]->instance == i + 1);
    for (int i = 0; i < count; i++) { /* the affine takes each slice to its own position */
      double xyz[3];
      tome_geometry_to_world(&v->geometry, (const double[3]){i, 0, 0}, xyz);
      for (int k = 0; k < 3; k++) CHECK_NEAR(xyz[k], v->order[i]->position[k], 1e-9);
    }
    CHECK_NEAR(v->tilt_degrees, atan(lean) * 180 / acos(-1.0), 1e-6);
    finish(&list, &r);
  }
}

static double odd_number(unsigned *s) {
  static const double odd[] = {0, -1, 1, 1e300, -1e300, 1e-300, NAN, INFINITY, 0.5, 3, 1e8, 2};
  *s = *s * 1664525u + 1013904223u;
  return odd[(*s >> 10) % TOME_COUNT(odd)];
}

/* Headers of nonsense: never a crash, and what comes out can be trusted. */
static void nonsense_gives_faults_or_sound_volumes(void) {
  for (unsigned seed = 1; seed <= 400; seed++) {
    tome_pieces list = {0};
    unsigned s = seed * 2246822519u;
    const int wild = (int)(seed % 7); /* how many fields of each slice are nonsense */
    for (int i = 0; i < 9; i++) {
      tome_piece *p = add_slice(&list, 2 * i, i);
      double *const fields[] = {&p->position[0],      &p->position[2],     &p->along_row[0], &p->along_column[1],
                                &p->pixel_spacing[0], &p->slice_thickness, &p->tilt_tag,     &p->slope};
      for (int k = 0; k < wild; k++) {
        const double v = odd_number(&s);
        *fields[(s >> 16) % TOME_COUNT(fields)] = v;
      }
      if (wild > 4 && s % 3 == 0) p->has_position = false;
      if (wild > 5 && s % 5 == 0) p->shape[0] = 0;
      if (s % 4 == 0) p->temporal = (int64_t)(s >> 8) % 3;
    }
    const tome_stack_options opt = {.gap = seed % 4, .uneven = seed / 4 % 3, .duplicate = seed / 12 % 2};
    tome_stack_result r = stack(&list, &opt);
    CHECK(r.volume_count + r.fault_count > 0);
    for (size_t i = 0; i < r.volume_count; i++) {
      const tome_geometry *g = &r.volumes[i].geometry;
      CHECK(g->shape[0] >= 1 && g->shape[0] <= 4 * 9);
      for (int a = 0; a < 3; a++) CHECK(isfinite(g->spacing[a]) && g->spacing[a] > 0 && isfinite(g->origin[a]));
      for (int64_t z = 0; z < g->shape[0]; z++) {
        const tome_slice_source *src = &r.volumes[i].slices[z];
        CHECK(src->a < r.volumes[i].order_count && src->b < r.volumes[i].order_count && src->w >= 0 && src->w <= 1);
      }
    }
    finish(&list, &r);
  }
}

TEST_MAIN(scrambled_series_comes_in_order, sagittal_series_runs_along_its_normal, rounding_of_position_text_passes,
          thickness_and_first_pair_do_not_set_the_step, tilt_is_kept_and_noted, tilt_tag_without_tilt_is_noted,
          gap_is_refused, gap_is_filled, gap_is_split_or_kept, single_slice_runs_keep_the_step,
          endless_gap_is_not_filled, tilted_gap_keeps_the_tilt, uneven_is_refused_resampled_or_kept,
          sideways_jump_counts, tolerance_has_two_sides, identical_duplicates_are_dropped,
          different_duplicates_are_refused, same_pixels_of_another_scale_are_no_copy,
          duplicates_without_uids_are_named_by_path, unreadable_duplicate_is_a_fault_of_its_group,
          phases_become_volumes, many_acquisitions_do_not_hide_a_duplicate, time_series_of_one_slice_is_refused,
          copied_file_does_not_break_phases, mixed_series_are_parted, localizer_is_noted_not_a_volume,
          series_can_be_chosen, one_bad_series_does_not_stop_the_others, missing_tags_are_named,
          positions_that_are_no_numbers_are_refused, single_slice_is_a_volume, nothing_gives_nothing,
          volumes_stand_alone, shuffles_change_nothing, nonsense_gives_faults_or_sound_volumes)
