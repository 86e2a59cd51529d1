/* tome_load: which type comes out, values against plain arithmetic, padding, interpolation and labels; for one thread and several. */
#include "synthetic.h"

static const tome_load_options image_options = {.name = "the image"},
                               label_options = {.labels = true, .name = "the label"};

/* Stacks (one volume expected) and loads. */
static bool load_with(const tome_pieces *list, const tome_stack_options *so, const tome_load_options *lo, int threads,
                      tome_loaded *out, tome_error *err) {
  tome_stack_result r = stack(list, so);
  CHECK(r.volume_count == 1 && r.fault_count == 0);
  const tome_run run = {.threads = threads};
  const bool ok = r.volume_count == 1 && tome_load(&r.volumes[0], lo, &run, out, err);
  tome_stack_result_clear(&r);
  return ok;
}

static tome_loaded load_image(const tome_pieces *list, const tome_stack_options *so) {
  tome_loaded l = {0};
  tome_error err = {0};
  CHECK(load_with(list, so, &image_options, 3, &l, &err));
  CHECK_TEXT(err.message, "");
  return l;
}

static void done(tome_pieces *list, tome_loaded *l) {
  tome_loaded_clear(l);
  tome_pieces_clear(list);
  forget_pictures();
}

static double voxel(const tome_loaded *l, size_t i) {
  switch (l->volume.dtype) {
    case TOME_U8:
      return ((const uint8_t *)l->volume.data)[i];
    case TOME_U16:
      return ((const uint16_t *)l->volume.data)[i];
    case TOME_I16:
      return ((const int16_t *)l->volume.data)[i];
    case TOME_F32:
      return (double)((const float *)l->volume.data)[i];
    default:
      return NAN;
  }
}

static bool is_padding(const tome_loaded *l, size_t i) {
  return l->padding_mask && (l->padding_mask[i >> 3] >> (i & 7) & 1);
}

/* A 3-D piece of n×1×1 voxels. */
static tome_piece *add_solid(tome_pieces *list, tome_dtype dtype, const void *data, int64_t n) {
  tome_error err = {0};
  tome_piece *p = tome_pieces_add(list, &synthetic, "d/volume.nii", &err);
  p->shape[0] = n, p->shape[1] = p->shape[2] = 1;
  p->has_geometry = true;
  p->geometry = tome_geometry_identity(p->shape);
  set_pixels(p, dtype, data);
  return p;
}

/* ---- which type --- */

static void plain_bytes_stay_bytes(void) {
  tome_pieces list = {0};
  const tome_stack_options told = {.spacing = {1, 1, 1}};
  for (int i = 1; i < 4; i++) add_picture(&list, i == 1 ? "1.png" : i == 2 ? "2.png" : "3.png", 80 * i);
  tome_loaded l = load_image(&list, &told);
  CHECK(l.volume.dtype == TOME_U8);
  CHECK_NEAR(voxel(&l, 6), 160, 0);
  tome_loaded_clear(&l);
  list.items[2].intercept = 5; /* one slice scaled: no longer plain, 245 no longer a byte's business */
  l = load_image(&list, &told);
  CHECK(l.volume.dtype == TOME_I16);
  CHECK_NEAR(voxel(&l, 12), 245, 0);
  done(&list, &l);
}

static void ct_is_int16_even_from_bytes(void) {
  tome_pieces list = {0};
  const uint8_t v[6] = {0, 1, 2, 3, 4, 255};
  for (int i = 0; i < 3; i++) set_pixels(add_slice(&list, i, i), TOME_U8, v);
  tome_loaded l = load_image(&list, NULL);
  CHECK(l.volume.dtype == TOME_I16);
  CHECK_NEAR(voxel(&l, 5), 255, 0);
  done(&list, &l);
}

static void scale_is_each_slice_s_own(void) {
  tome_pieces list = {0};
  for (int i = 0; i < 4; i++) {
    tome_piece *p = add_slice(&list, i, i + 1);
    p->slope = i == 0 ? 1 : i == 1 ? 2 : i == 2 ? 0.5 : 3;
    p->intercept = i == 0 ? 0 : i == 1 ? -1024 : i == 2 ? 0.5 : -7;
  }
  const int16_t odd[6] = {11, 13, 15, 17, 19, 21}; /* odd * 0.5 + 0.5 is whole */
  set_pixels(&list.items[2], TOME_I16, odd);
  tome_loaded l = load_image(&list, NULL);
  CHECK(l.volume.dtype == TOME_I16);
  CHECK_NEAR(voxel(&l, 0), 10, 0);
  CHECK_NEAR(voxel(&l, 6 + 2), 22 * 2 - 1024, 0);
  CHECK_NEAR(voxel(&l, 12 + 5), 11, 0);
  CHECK_NEAR(voxel(&l, 18 + 1), 41 * 3 - 7, 0);
  tome_loaded_clear(&l);
  list.items[3].slope = 0.1; /* only the last slice is not whole: all become float */
  l = load_image(&list, NULL);
  CHECK(l.volume.dtype == TOME_F32);
  CHECK_NEAR(voxel(&l, 6 + 2), 22 * 2 - 1024, 0);
  CHECK_NEAR(voxel(&l, 18 + 1), (double)(float)(41 * 0.1 - 7), 0);
  done(&list, &l);
}

/* Any stored type, at the very ends of int16 and one beyond: a 3-D piece and slices alike. */
static void int16_ends_where_int16_ends(void) {
  static const tome_dtype types[] = {TOME_I16, TOME_U16, TOME_I32, TOME_U32, TOME_I64, TOME_F32, TOME_F64};
  for (size_t t = 0; t < TOME_COUNT(types); t++)
    for (int beyond = 0; beyond < 4; beyond++)
      for (int slope = 1; slope <= 2; slope++) {
        const bool is_signed = tome_dtype_is_signed(types[t]) || tome_dtype_is_float(types[t]);
        const double add = is_signed ? 8 : -32760; /* value = stored*slope + add */
        double want[4] = {-32768, 0, 32766, 100};
        if (beyond == 1) want[0] = -32770;
        if (beyond == 2) want[2] = 32768;
        if (beyond == 3) want[1] = 0.5;
        if (beyond == 3 && !tome_dtype_is_float(types[t])) continue;
        double stored[4];
        bool possible = true;
        double lo = -INFINITY, hi = INFINITY;
        if (!tome_dtype_is_float(types[t])) tome_dtype_range(types[t], &lo, &hi);
        for (int i = 0; i < 4; i++) {
          stored[i] = (want[i] - add) / slope;
          if (stored[i] < lo || stored[i] > hi) stored[i] = lo < 0 ? -5 : 40, want[i] = stored[i] * slope + add;
        }
        union {
          int16_t i16[4];
          uint16_t u16[4];
          int32_t i32[4];
          uint32_t u32[4];
          int64_t i64[4];
          float f32[4];
          double f64[4];
        } v;
        for (int i = 0; i < 4; i++) {
          switch (types[t]) {
            case TOME_I16:
              v.i16[i] = (int16_t)stored[i];
              break;
            case TOME_U16:
              v.u16[i] = (uint16_t)stored[i];
              break;
            case TOME_I32:
              v.i32[i] = (int32_t)stored[i];
              break;
            case TOME_U32:
              v.u32[i] = (uint32_t)stored[i];
              break;
            case TOME_I64:
              v.i64[i] = (int64_t)stored[i];
              break;
            case TOME_F32:
              v.f32[i] = (float)stored[i];
              break;
            default:
              v.f64[i] = stored[i];
          }
          if (want[i] < -32768 || want[i] > 32767 || want[i] != rint(want[i])) possible = false;
        }
        tome_pieces list = {0};
        tome_piece *p = add_solid(&list, types[t], &v, 4);
        p->slope = slope, p->intercept = add;
        tome_loaded l = load_image(&list, NULL);
        CHECK(l.volume.dtype == (possible ? TOME_I16 : TOME_F32));
        for (size_t i = 0; i < 4; i++) CHECK_NEAR(voxel(&l, i), want[i], 0);
        done(&list, &l);
      }
}

static void not_a_number_stays_one(void) {
  tome_pieces list = {0};
  const float v[3] = {1, NAN, 3};
  add_solid(&list, TOME_F32, v, 3);
  tome_loaded l = load_image(&list, NULL);
  CHECK(l.volume.dtype == TOME_F32);
  CHECK(isnan(voxel(&l, 1)));
  CHECK_NEAR(voxel(&l, 2), 3, 0);
  done(&list, &l);
}

static void whole_floats_become_int16(void) {
  tome_pieces list = {0};
  const double v[4] = {-1024, 0, 3071, -0.0};
  add_solid(&list, TOME_F64, v, 4);
  tome_loaded l = load_image(&list, NULL);
  CHECK(l.volume.dtype == TOME_I16);
  CHECK_NEAR(voxel(&l, 0), -1024, 0);
  CHECK_NEAR(voxel(&l, 2), 3071, 0);
  done(&list, &l);
}

/* A big 3-D array of several parts, whose only misfit is its very last voxel. */
static void the_last_voxel_counts(void) {
  enum { N = (1 << 20) + 77 };
  int16_t *v = malloc(N * sizeof *v);
  for (int i = 0; i < N; i++) v[i] = (int16_t)(i % 5000);
  for (int misfit = 0; misfit < 2; misfit++) {
    v[N - 1] = misfit ? 32767 : 30000;
    tome_pieces list = {0};
    tome_piece *p = add_solid(&list, TOME_I16, v, N);
    p->intercept = 1;
    tome_loaded l = load_image(&list, NULL);
    CHECK(l.volume.dtype == (misfit ? TOME_F32 : TOME_I16));
    int wrong = 0;
    for (size_t i = 0; i < N; i++) wrong += voxel(&l, i) != (double)v[i] + 1;
    CHECK(wrong == 0);
    done(&list, &l);
  }
  free(v);
}

static void bytes_in_one_array(void) {
  const uint8_t v[5] = {0, 255, 255, 0, 255};
  tome_pieces list = {0};
  add_solid(&list, TOME_U8, v, 5);
  tome_loaded l = load_image(&list, NULL);
  CHECK(l.volume.dtype == TOME_U8 && memcmp(l.volume.data, v, 5) == 0);
  tome_loaded_clear(&l);
  tome_error err = {0};
  CHECK(load_with(&list, NULL, &label_options, 2, &l, &err));
  CHECK(l.volume.dtype == TOME_U8 && l.binary_255);
  for (size_t i = 0; i < 5; i++) CHECK_NEAR(voxel(&l, i), v[i] ? 1 : 0, 0);
  done(&list, &l);
}

static void arrays_are_converted_in_place(void) {
  const int16_t v[5] = {-3, 0, 7, 1000, -1024};
  for (int scaled = 0; scaled < 3; scaled++) {
    tome_pieces list = {0};
    tome_piece *p = add_solid(&list, TOME_I16, v, 5);
    p->slope = scaled == 1 ? 2 : scaled == 2 ? 0.5 : 1;
    tome_loaded l = load_image(&list, NULL);
    CHECK(l.volume.dtype == (scaled == 2 ? TOME_F32 : TOME_I16));
    for (size_t i = 0; i < 5; i++) CHECK_NEAR(voxel(&l, i), v[i] * p->slope, 0);
    done(&list, &l);
  }
}

static void slices_land_in_their_places(void) {
  tome_pieces list = {0};
  for (int i = 0; i < 50; i++) add_slice(&list, 3 * i, 50 - i);
  shuffle(&list, 8);
  tome_loaded l = load_image(&list, NULL);
  for (size_t i = 0; i < 50 * 6; i++) CHECK_NEAR(voxel(&l, i), 10 * (50 - (double)(i / 6)) + (double)(i % 3), 0);
  CHECK(l.padding == 0 && !l.padding_mask);
  CHECK_NEAR(l.volume.geometry.spacing[0], 3, 1e-12);
  done(&list, &l);
}

/* ---- padding --- */

static void padding_becomes_air_slice_by_slice(void) {
  tome_pieces list = {0};
  const int16_t v[3][6] = {{-2000, 100, 200, -1999, 300, 400}, {-2000, 24, 0, 5, 6, 7}, {60, 61, 62, 63, 64, 65}};
  for (int i = 0; i < 3; i++) {
    tome_piece *p = add_slice(&list, i, i);
    set_pixels(p, TOME_I16, v[i]);
    p->intercept = -1024;
    p->has_padding = i != 1; /* slice 1: the old -2000, said by no tag */
    p->padding_lo = i == 0 ? -1990 : 63, p->padding_hi = i == 0 ? -2000 : 64; /* the range may come either way round */
  }
  tome_loaded l = load_image(&list, NULL);
  CHECK(l.volume.dtype == TOME_I16); /* -3024 would fit as well; see below for what would not */
  CHECK(l.padding == 5);
  const double want[18] = {-1024, -924,  -824,  -1024, -724, -624, -1024, -1000, -1024,
                           -1019, -1018, -1017, -964,  -963, -962, -1024, -1024, -959};
  for (size_t i = 0; i < 18; i++) {
    CHECK_NEAR(voxel(&l, i), want[i], 0);
    CHECK(is_padding(&l, i) == (i == 0 || i == 3 || i == 6 || i == 15 || i == 16)); /* voxel 8 is true air of -1024 */
  }
  done(&list, &l);
}

static void padding_does_not_decide_the_type(void) {
  tome_pieces list = {0};
  const uint16_t v[6] = {65535, 1024, 1025, 65535, 2000, 3000};
  for (int i = 0; i < 2; i++) {
    tome_piece *p = add_slice(&list, i, i);
    set_pixels(p, TOME_U16, v);
    p->intercept = -1024, p->has_padding = true, p->padding_lo = p->padding_hi = 65535;
  }
  tome_loaded l = load_image(&list, NULL);
  CHECK(l.volume.dtype == TOME_I16 && l.padding == 4);
  CHECK_NEAR(voxel(&l, 0), -1024, 0);
  CHECK_NEAR(voxel(&l, 2), 1, 0);
  done(&list, &l);
}

static void padding_of_other_modalities_becomes_the_least_value(void) {
  for (int scaled = 0; scaled < 2; scaled++) {
    tome_pieces list = {0};
    const int16_t v[2][6] = {{-5000, 40, 50, 60, 70, 80}, {-5000, -5000, -5000, -5000, -5000, -5000}};
    for (int i = 0; i < 2; i++) {
      tome_piece *p = add_slice(&list, i, i);
      set_pixels(p, TOME_I16, v[i]);
      p->modality = "MR", p->has_padding = true, p->padding_lo = p->padding_hi = -5000;
      p->slope = scaled ? 0.25 : 1, p->intercept = scaled ? 0.125 : 0;
    }
    tome_loaded l = load_image(&list, NULL);
    CHECK(l.volume.dtype == (scaled ? TOME_F32 : TOME_I16) && l.padding == 7);
    CHECK_NEAR(voxel(&l, 0), scaled ? 10.125 : 40, 0);
    CHECK_NEAR(voxel(&l, 9), scaled ? 10.125 : 40, 0);
    CHECK(is_padding(&l, 0) && !is_padding(&l, 1) && is_padding(&l, 11));
    done(&list, &l);
  }
}

static void padding_of_solid_arrays(void) {
  enum { N = (1 << 19) + 13 };
  float *v = malloc(N * sizeof *v);
  for (int i = 0; i < N; i++) v[i] = i % 7 == 0 ? -9999 : (float)i * 0.5f;
  tome_pieces list = {0};
  tome_piece *p = add_solid(&list, TOME_F32, v, N);
  p->modality = "CT", p->has_padding = true, p->padding_lo = p->padding_hi = -9999, p->slope = 3;
  tome_loaded l = load_image(&list, NULL);
  CHECK(l.volume.dtype == TOME_F32 && l.padding == (N + 6) / 7);
  int wrong = 0;
  for (size_t i = 0; i < N; i++)
    wrong += voxel(&l, i) != (i % 7 == 0 ? -1024 : (double)v[i] * 3) || is_padding(&l, i) != (i % 7 == 0);
  CHECK(wrong == 0);
  free(v);
  done(&list, &l);
}

/* ---- interpolated slices --- */

static void filled_slices_lie_between(void) {
  tome_pieces list = {0};
  for (int i = 0; i < 6; i++)
    if (i != 2 && i != 3) add_slice(&list, 2 * i, i);
  const tome_stack_options opt = {.gap = TOME_GAP_FILL};
  tome_loaded l = load_image(&list, &opt);
  CHECK(l.volume.dtype == TOME_I16); /* 10, [20, 30], 40: rounded where not whole */
  CHECK_NEAR(voxel(&l, 12), 20, 0);
  CHECK_NEAR(voxel(&l, 18 + 2), 32, 0);
  tome_loaded_clear(&l);
  for (size_t i = 0; i < list.count; i++) list.items[i].slope = 0.25;
  l = load_image(&list, &opt);
  CHECK(l.volume.dtype == TOME_F32);
  CHECK_NEAR(voxel(&l, 12), 5, 1e-6);
  CHECK_NEAR(voxel(&l, 18 + 1), 7.75, 1e-6);
  done(&list, &l);
}

static void padding_is_never_mixed_in(void) {
  tome_pieces list = {0};
  const int16_t below[6] = {-2000, -2000, 100, 100, 0, 1}, above[6] = {-2000, 200, -2000, 200, 1, 2};
  const double z[] = {0, 1, 4, 5}; /* 2 and 3 are made: weights 1/3 and 2/3 */
  for (int i = 0; i < 4; i++) set_pixels(add_slice(&list, z[i], i), TOME_I16, i < 2 ? below : above);
  const tome_stack_options opt = {.gap = TOME_GAP_FILL};
  tome_loaded l = load_image(&list, &opt);
  const double at2[6] = {-1024, -1024, 100, 133, 0, 1}, at3[6] = {-1024, 200, -1024, 167, 1, 2};
  for (size_t i = 0; i < 6; i++) {
    CHECK_NEAR(voxel(&l, 12 + i), at2[i], 0);
    CHECK_NEAR(voxel(&l, 18 + i), at3[i], 0);
    CHECK(is_padding(&l, 12 + i) == (i < 2) && is_padding(&l, 18 + i) == (i == 0 || i == 2));
  }
  CHECK(l.padding == 12);
  done(&list, &l);
}

static void resampled_ramp_stays_a_ramp(void) {
  tome_pieces list = {0};
  const double z[] = {0, 1, 2, 3.5, 5, 6.5, 8}; /* steps 1 and 1.5: lower median 1.5 → 5 steps of 1.6 */
  for (int i = 0; i < 7; i++) {
    const double v[6] = {z[i] * 3 + 0.1, z[i], 0, 1, 2, 3};
    set_pixels(add_slice(&list, z[i], i), TOME_F64, v);
  }
  const tome_stack_options opt = {.uneven = TOME_UNEVEN_RESAMPLE};
  tome_loaded l = load_image(&list, &opt);
  CHECK(l.volume.dtype == TOME_F32);
  for (int64_t k = 0; k < l.volume.geometry.shape[0]; k++)
    CHECK_NEAR(voxel(&l, (size_t)k * 6), (double)k * l.volume.geometry.spacing[0] * 3 + 0.1, 1e-5);
  CHECK(l.volume.geometry.shape[0] == 6);
  done(&list, &l);
}

/* ---- labels --- */

static bool load_label(const tome_pieces *list, double threshold, tome_loaded *l, tome_error *err) {
  tome_load_options o = label_options;
  o.threshold = threshold;
  return load_with(list, &(tome_stack_options){.labels = true, .spacing = {1, 1, 1}}, &o, 2, l, err);
}

static void small_labels_are_bytes(void) {
  tome_pieces list = {0};
  const int32_t v[4] = {0, 255, 3, 254};
  add_solid(&list, TOME_I32, v, 4);
  tome_loaded l = {0};
  tome_error err = {0};
  CHECK(load_label(&list, 0, &l, &err));
  CHECK(l.volume.dtype == TOME_U8 && !l.binary_255);
  for (size_t i = 0; i < 4; i++) CHECK_NEAR(voxel(&l, i), v[i], 0);
  done(&list, &l);
}

static void many_labels_need_two_bytes(void) {
  tome_pieces list = {0};
  uint16_t v[600];
  for (int i = 0; i < 600; i++) v[i] = (uint16_t)(i * 109 % 65536);
  v[599] = 65535;
  add_solid(&list, TOME_U16, v, 600);
  tome_loaded l = {0};
  tome_error err = {0};
  CHECK(load_label(&list, 0, &l, &err));
  CHECK(l.volume.dtype == TOME_U16);
  for (size_t i = 0; i < 600; i++) CHECK_NEAR(voxel(&l, i), v[i], 0);
  done(&list, &l);
}

static void two_byte_labels_in_slices(void) { /* the last slice alone is over 255 */
  tome_pieces list = {0};
  for (int i = 0; i < 5; i++) set_ramp(add_slice(&list, i, i), i == 4 ? 254 : i);
  tome_loaded l = {0};
  tome_error err = {0};
  CHECK(load_label(&list, 0, &l, &err));
  CHECK(l.volume.dtype == TOME_U16);
  CHECK_NEAR(voxel(&l, 29), 256, 0);
  CHECK_NEAR(voxel(&l, 8), 3, 0);
  done(&list, &l);
}

static void masks_of_255_become_1(void) {
  for (int other = 0; other < 2; other++) {
    tome_pieces list = {0};
    const uint8_t v[6] = {0, 255, 255, 0, (uint8_t)other, 255};
    for (int i = 0; i < 3; i++)
      set_pixels(add_picture(&list, i == 0 ? "1.png" : i == 1 ? "2.png" : "3.png", 0), TOME_U8, v);
    tome_loaded l = {0};
    tome_error err = {0};
    CHECK(load_label(&list, 0, &l, &err));
    CHECK(l.binary_255 == !other);
    CHECK_NEAR(voxel(&l, 1), other ? 255 : 1, 0);
    CHECK_NEAR(voxel(&l, 17), other ? 255 : 1, 0);
    CHECK_NEAR(voxel(&l, 3), 0, 0);
    done(&list, &l);
  }
}

static void check_refused(tome_dtype dtype, const void *v, int64_t n, double slope, const char *says) {
  tome_pieces list = {0};
  tome_piece *p = add_solid(&list, dtype, v, n);
  p->slope = slope;
  p->shape[1] = 2, p->shape[0] = n / 2; /* n/2 × 2 × 1 */
  memcpy(p->geometry.shape, p->shape, sizeof p->shape);
  tome_loaded l = {0};
  tome_error err = {0};
  CHECK(!load_label(&list, 0, &l, &err));
  CHECK(err.code == TOME_VALUE);
  CHECK_HAS(err.message, says);
  CHECK_HAS(err.message, "d/volume.nii");
  CHECK_HAS(err.message, "--threshold");
  CHECK(l.volume.data == NULL);
  done(&list, &l);
}

static void what_is_no_label_is_refused(void) {
  check_refused(TOME_F32, (const float[4]){0, 1, 2, 0.5f}, 4, 1, "voxel (1, 1, 0) is 0.5, which is not a whole number");
  check_refused(TOME_F32, (const float[4]){0, NAN, 2, 0.5f}, 4, 1, "voxel (0, 1, 0) is nan");
  check_refused(TOME_F64, (const double[4]){0, 1, 2.002, 1}, 4, 1, "voxel (1, 0, 0) is 2.002");
  check_refused(TOME_I16, (const int16_t[4]){0, 1, -1, 1}, 4, 1, "voxel (1, 0, 0) is -1, which is negative");
  check_refused(TOME_I32, (const int32_t[4]){0, 300, 1, 65536}, 4, 1, "voxel (1, 1, 0) is 65536, which is over 65535");
  check_refused(TOME_U8, (const uint8_t[4]){0, 2, 1, 4}, 4, 0.5, "voxel (1, 0, 0) is 0.5");
  check_refused(TOME_U64, (const uint64_t[2]){0, UINT64_MAX}, 2, 1, "over 65535");
}

static void the_first_bad_slice_is_named(void) {
  tome_pieces list = {0};
  for (int i = 0; i < 30; i++) set_ramp(add_slice(&list, i, i + 1), i >= 9 ? -50 : 1);
  for (int k = 0; k < 10; k++) {
    tome_loaded l = {0};
    tome_error err = {0};
    CHECK(!load_label(&list, 0, &l, &err));
    CHECK_HAS(err.message, "f/IM10: the label voxel (9, 0, 0) is -50");
  }
  tome_loaded none = {0};
  done(&list, &none);
}

static void scaled_labels_come_out_whole(
    void) { /* a brain mask of the BraTS kind: the ends of int32 stand for 0 and 1 */
  tome_pieces list = {0};
  const int32_t v[4] = {INT32_MIN, INT32_MAX, INT32_MAX, INT32_MIN};
  tome_piece *p = add_solid(&list, TOME_I32, v, 4);
  p->slope = 1 / 4294967295.0, p->intercept = 0.5;
  tome_loaded l = {0};
  tome_error err = {0};
  CHECK(load_label(&list, 0, &l, &err));
  CHECK(l.volume.dtype == TOME_U8);
  CHECK_NEAR(voxel(&l, 0), 0, 0);
  CHECK_NEAR(voxel(&l, 1), 1, 0);
  done(&list, &l);
}

static void nearly_whole_is_whole(void) {
  tome_pieces list = {0};
  const float v[4] = {0.0009f, 0.9995f, 2.0009f, -0.0009f};
  add_solid(&list, TOME_F32, v, 4);
  tome_loaded l = {0};
  tome_error err = {0};
  CHECK(load_label(&list, 0, &l, &err));
  for (size_t i = 0; i < 4; i++) CHECK_NEAR(voxel(&l, i), i == 3 ? 0 : (double)i, 0);
  done(&list, &l);
}

/* A disc as JPEG leaves it: black and white with ringing. */
static void smoothed_masks_are_refused(void) {
  uint8_t v[64 * 64];
  for (int i = 0; i < 64 * 64; i++) {
    const double d = hypot(i % 64 - 32, i / 64 - 32) - 20;
    v[i] = (uint8_t)(d < -2 ? 255 - i % 5 : d > 2 ? i % 7 : 255 - (d + 2) / 4 * 255);
  }
  tome_pieces list = {0};
  tome_piece *p = add_picture(&list, "mask.png", 0);
  p->shape[1] = p->shape[2] = 64;
  set_pixels(p, TOME_U8, v);
  tome_loaded l = {0};
  tome_error err = {0};
  CHECK(!load_label(&list, 0, &l, &err));
  CHECK(err.code == TOME_VALUE);
  CHECK_HAS(err.message, "gray levels");
  CHECK_HAS(err.message, "--threshold=128");
  err = (tome_error){0};
  CHECK(load_label(&list, 128, &l, &err));
  CHECK(l.volume.dtype == TOME_U8);
  int wrong = 0;
  for (size_t i = 0; i < 64 * 64; i++) wrong += voxel(&l, i) != (v[i] >= 128 ? 1 : 0);
  CHECK(wrong == 0);
  done(&list, &l);

  for (int i = 0; i < 64 * 64; i++) v[i] = (uint8_t)(i % 200); /* a map of 200 structures is not gray */
  p = add_picture(&list, "map.png", 0);
  p->shape[1] = p->shape[2] = 64;
  set_pixels(p, TOME_U8, v);
  CHECK(load_label(&list, 0, &l, &err));
  done(&list, &l);
}

static void threshold_takes_anything(void) {
  tome_pieces list = {0};
  const float v[5] = {-3, 0.49f, 0.5f, 1e9f, NAN};
  add_solid(&list, TOME_F32, v, 5);
  tome_loaded l = {0};
  tome_error err = {0};
  CHECK(load_label(&list, 0.5, &l, &err));
  const double want[5] = {0, 0, 1, 1, 0};
  for (size_t i = 0; i < 5; i++) CHECK_NEAR(voxel(&l, i), want[i], 0);
  done(&list, &l);
}

static void labels_have_no_padding(void) {
  tome_pieces list = {0};
  for (int i = 0; i < 2; i++) {
    tome_piece *p = add_slice(&list, i, 0);
    p->instance = i, p->path = i ? "f/b" : "f/a", p->sop_uid = "";
    p->has_padding = true, p->padding_lo = p->padding_hi = 0;
  }
  tome_loaded l = {0};
  tome_error err = {0};
  CHECK(load_label(&list, 0, &l, &err));
  CHECK(l.padding == 0 && !l.padding_mask);
  CHECK_NEAR(voxel(&l, 0), 0, 0);
  done(&list, &l);
}

static void interpolation_never_blends_labels(void) { /* stacked as an image, loaded as a label */
  tome_pieces list = {0};
  const double z[] = {0, 1, 3, 4};
  for (int i = 0; i < 4; i++) set_ramp(add_slice(&list, z[i], i), i < 2 ? 2 : 8);
  const tome_stack_options opt = {.gap = TOME_GAP_FILL};
  tome_loaded l = {0};
  tome_error err = {0};
  CHECK(load_with(&list, &opt, &label_options, 2, &l, &err));
  CHECK_NEAR(voxel(&l, 12), 2, 0);
  done(&list, &l);
}

/* ---- failing --- */

static void broken_slices_are_named(void) {
  tome_pieces list = {0};
  for (int i = 0; i < 10; i++) add_slice(&list, i, i + 1);
  free(pictures[6]), pictures[6] = NULL;
  tome_loaded l = {0};
  tome_error err = {0};
  CHECK(!load_with(&list, NULL, &image_options, 2, &l, &err));
  CHECK(err.code == TOME_CORRUPT);
  CHECK_TEXT(err.message, "f/IM7: the pixels are cut short");
  CHECK(l.volume.data == NULL);
  done(&list, &l);
}

static bool always(void *user) { return user == NULL; }

static void loading_can_be_stopped(void) {
  tome_pieces list = {0};
  for (int i = 0; i < 10; i++) add_slice(&list, i, i + 1);
  tome_stack_result r = stack(&list, NULL);
  const tome_run run = {.stop = always};
  tome_loaded l = {0};
  tome_error err = {0};
  CHECK(!tome_load(&r.volumes[0], NULL, &run, &l, &err));
  CHECK(err.code == TOME_CANCELLED);
  err = (tome_error){0};
  tome_stack_result again = {0};
  CHECK(!tome_stack(&list, NULL, &run, &again, &err));
  CHECK(err.code == TOME_CANCELLED && again.volume_count == 0);
  finish(&list, &r);
}

/* Any number of threads gives the same bytes. */
static void threads_change_nothing(void) {
  tome_pieces list = {0};
  for (int i = 0; i < 40; i++) {
    tome_piece *p = add_slice(&list, i < 20 ? i : i + 2, i);
    p->has_padding = true, p->padding_lo = p->padding_hi = 10 * i + 1, p->intercept = -i;
  }
  const tome_stack_options opt = {.gap = TOME_GAP_FILL};
  tome_loaded one = {0}, many = {0};
  tome_error err = {0};
  CHECK(load_with(&list, &opt, &image_options, 1, &one, &err));
  for (int threads = 2; threads < 9; threads += 3) {
    CHECK(load_with(&list, &opt, &image_options, threads, &many, &err));
    CHECK(many.padding == one.padding && many.padding > 0);
    CHECK(memcmp(many.volume.data, one.volume.data, 42 * 6 * 2) == 0);
    CHECK(memcmp(many.padding_mask, one.padding_mask, 42 * 6 / 8 + 1) == 0);
    tome_loaded_clear(&many);
  }
  done(&list, &one);
}

TEST_MAIN(plain_bytes_stay_bytes, ct_is_int16_even_from_bytes, scale_is_each_slice_s_own, int16_ends_where_int16_ends,
          not_a_number_stays_one, whole_floats_become_int16, the_last_voxel_counts, bytes_in_one_array,
          arrays_are_converted_in_place, slices_land_in_their_places, padding_becomes_air_slice_by_slice,
          padding_does_not_decide_the_type, padding_of_other_modalities_becomes_the_least_value,
          padding_of_solid_arrays, filled_slices_lie_between, padding_is_never_mixed_in, resampled_ramp_stays_a_ramp,
          small_labels_are_bytes, many_labels_need_two_bytes, two_byte_labels_in_slices, masks_of_255_become_1,
          what_is_no_label_is_refused, the_first_bad_slice_is_named, scaled_labels_come_out_whole,
          nearly_whole_is_whole, smoothed_masks_are_refused, threshold_takes_anything, labels_have_no_padding,
          interpolation_never_blends_labels, broken_slices_are_named, loading_can_be_stopped, threads_change_nothing)
