/* Values on their way from one file to another against the formulas of values.h, written out here once more: of every type, few and many of them (tables, comparing and plain
 * arithmetic must agree), and nothing changed where one does not fit. */
#include "app/values.h"

#include "app/template.h"
#include "test.h"

static uint32_t state = 7;
static uint32_t any(uint32_t below) {
  state = state * 1664525u + 1013904223u;
  return (uint32_t)((uint64_t)(state >> 8) * below >> 24);
}

static double at(const tome_volume *v, size_t i) {
  switch (v->dtype) {
    case TOME_U8:
      return ((const uint8_t *)v->data)[i];
    case TOME_I8:
      return ((const int8_t *)v->data)[i];
    case TOME_U16:
      return ((const uint16_t *)v->data)[i];
    case TOME_I16:
      return ((const int16_t *)v->data)[i];
    case TOME_I32:
      return ((const int32_t *)v->data)[i];
    case TOME_F32:
      return ((const float *)v->data)[i];
    case TOME_F64:
      return ((const double *)v->data)[i];
    default:
      return NAN;
  }
}

static void put(tome_volume *v, size_t i, int value) {
  switch (v->dtype) {
    case TOME_U8:
    case TOME_I8:
      ((uint8_t *)v->data)[i] = (uint8_t)value;
      break;
    case TOME_U16:
    case TOME_I16:
      ((uint16_t *)v->data)[i] = (uint16_t)value;
      break;
    case TOME_I32:
      ((int32_t *)v->data)[i] = value;
      break;
    default:
      ((float *)v->data)[i] = (float)value + 0.25f * (float)any(3);
  }
}

/* Whole numbers from -200 up, or from 0; floats with fractions. */
static tome_volume make(tome_dtype t, int64_t n, int lo, int hi) {
  const int64_t shape[3] = {1, 1, n};
  tome_volume v = {.geometry = tome_geometry_identity(shape), .dtype = t, .channels = 1};
  v.data = malloc((size_t)n * tome_dtype_size(t));
  for (size_t i = 0; i < (size_t)n; i++) put(&v, i, lo + (int)any((uint32_t)(hi - lo)));
  return v;
}

static tome_dtype type_of(const tome_value_steps *s, tome_dtype from) {
  if (s->dtype) return s->dtype;
  if (s->width > 0) return TOME_U8;
  if (s->scale != 0) return TOME_F32;
  return s->threshold_on && !s->remap_count ? TOME_U8 : from;
}

static bool is_real(tome_dtype t) { return t == TOME_F32 || t == TOME_F64; }

static double wanted(const tome_value_steps *s, double x, tome_dtype to) {
  static const double lows[] = {[TOME_U8] = 0, [TOME_I8] = -128, [TOME_U16] = 0, [TOME_I16] = -32768};
  static const double highs[] = {[TOME_U8] = 255, [TOME_I8] = 127, [TOME_U16] = 65535, [TOME_I16] = 32767};
  if (s->threshold_on) x = x >= s->threshold ? 1 : 0;
  for (size_t k = 0; k < s->remap_count; k++)
    if (x == s->remap[k].from) {
      x = s->remap[k].to;
      break;
    }
  if (s->scale != 0) x *= s->scale;
  if (s->width > 0) {
    x = (x - (s->level - s->width / 2)) / s->width;
    x = x < 0 ? 0 : x > 1 ? 1 : x;
    if (!is_real(to)) x = rint(x * highs[to]);
  }
  if (to == TOME_F32) return (float)x;
  if (is_real(to) || to == TOME_I32) return x;
  return fmin(fmax(rint(x), lows[to]), highs[to]);
}

static void check(const tome_value_steps *s, tome_dtype from, int64_t n, int threads) {
  const bool is_signed = from == TOME_I8 || from == TOME_I16 || from == TOME_I32 || from == TOME_F32;
  const bool narrow = from == TOME_U8 || from == TOME_I8;
  tome_volume v = make(from, n, is_signed ? (narrow ? -128 : -2000) : 0, narrow ? (is_signed ? 128 : 256) : 2000);
  double *before = malloc((size_t)n * sizeof *before);
  for (size_t i = 0; i < (size_t)n; i++) before[i] = at(&v, i);
  tome_error err = {0};
  const tome_run run = {.threads = threads};
  CHECK(tome_values_apply(&v, s, "t", &run, &err));
  CHECK_TEXT(err.message, "");
  CHECK(v.dtype == type_of(s, from));
  size_t wrong = 0;
  for (size_t i = 0; i < (size_t)n; i++) wrong += at(&v, i) != wanted(s, before[i], v.dtype);
  CHECK(wrong == 0);
  if (wrong) fprintf(stderr, "from %d, %lld values: %zu wrong\n", from, (long long)n, wrong);
  free(before);
  tome_volume_clear(&v);
}

static void every_step_is_its_formula(void) {
  static const tome_value_pair one[] = {{255, 0}}, swap[] = {{1, 2}, {2, 1}}, three[] = {{0, 9}, {7, 3}, {100, 101}},
                               many[] = {{0, 9}, {1, 8}, {2, 7}, {3, 6}, {4, 5}, {9, 0}}, mask[] = {{1, 100}};
  const tome_value_steps steps[] = {
      {.remap = one, .remap_count = 1, .clamp = true},
      {.remap = swap, .remap_count = 2, .clamp = true},
      {.remap = three, .remap_count = 3, .clamp = true},
      {.remap = many, .remap_count = 6, .clamp = true},
      {.threshold_on = true, .threshold = 100},
      {.threshold_on = true, .threshold = 100, .remap = mask, .remap_count = 1},
      {.scale = 0.5},
      {.scale = 3, .dtype = TOME_I16, .clamp = true},
      {.level = 40, .width = 400},
      {.level = 40, .width = 400, .dtype = TOME_F32},
      {.level = 40, .width = 400, .dtype = TOME_U16},
      {.dtype = TOME_F64},
      {.dtype = TOME_F32},
      {.dtype = TOME_U8, .clamp = true},
      {.dtype = TOME_I8, .clamp = true},
      {.dtype = TOME_U16, .clamp = true},
      {.remap = one, .remap_count = 1, .dtype = TOME_F64},
  };
  static const tome_dtype from[] = {TOME_U8, TOME_I8, TOME_U16, TOME_I16, TOME_I32, TOME_F32};
  for (size_t s = 0; s < TOME_COUNT(steps); s++)
    for (size_t f = 0; f < TOME_COUNT(from); f++) {
      check(&steps[s], from[f], 7, 1);
      check(&steps[s], from[f], 301, 1);
      check(&steps[s], from[f], 70001, 2);
    }
}

/* One value of many does not fit: its sentence, and the volume as it was. */
static void refuse(tome_dtype from, tome_dtype to, int value, const char *said) {
  const int64_t shape[3] = {5, 70, 300};
  tome_volume v = make(from, 5 * 70 * 300, 0, 100);
  v.geometry = tome_geometry_identity(shape);
  put(&v, (size_t)((1 * 70 + 2) * 300 + 3), value);
  const size_t bytes = 5 * 70 * 300 * tome_dtype_size(from);
  void *before = malloc(bytes), *place = v.data;
  memcpy(before, v.data, bytes);
  tome_error err = {0};
  const tome_value_steps s = {.dtype = to};
  CHECK(!tome_values_apply(&v, &s, "some.png", NULL, &err) && err.code == TOME_VALUE);
  CHECK_HAS(err.message, "some.png");
  CHECK_HAS(err.message, said);
  CHECK_HAS(err.message, "(1,2,3)");
  CHECK_HAS(err.message, "--clamp");
  CHECK(v.dtype == from && v.data == place && memcmp(v.data, before, bytes) == 0);
  free(before);
  tome_volume_clear(&v);
}

static void what_does_not_fit_is_named(void) {
  refuse(TOME_U16, TOME_U8, 300, "300");
  refuse(TOME_U8, TOME_I8, 200, "200"); /* of one size: changed in place where all fit */
  refuse(TOME_I16, TOME_U16, -5, "-5");
  refuse(TOME_I32, TOME_U8, 256, "256");
}

static void names_are_filled_in(void) {
  TOME_CLEANUP(tome_arena_clear) tome_arena a = {0};
  tome_error err = {0};
  tome_template t;
  const tome_template_values v = {.id = "a/b", .label = "liver", .n = 7, .z = 12};
  CHECK(tome_template_parse("o/{name}_{n:04}_{z}_{label}.nii.gz", &t, &err));
  CHECK_TEXT(tome_template_fill(&t, &v, "_x", 7, &a, &err), "o/a_b_0007_12_liver_x.nii.gz");
  CHECK(t.has[TOME_PLACE_ID] && t.has[TOME_PLACE_N] && t.has[TOME_PLACE_Z] && t.has[TOME_PLACE_LABEL]);
  CHECK(tome_template_parse("{{{n}}}.png", &t, &err) && !t.has[TOME_PLACE_ID]);
  CHECK_TEXT(tome_template_fill(&t, &v, "", 4, &a, &err), "{7}.png");
  CHECK(!tome_template_parse("o/{nam}.npy", &t, &err) && err.code == TOME_USAGE);
  CHECK_HAS(err.message, "nam");
}

static void remaps_are_read(void) {
  static const struct {
    const char *text, *said;
  } bad[] = {{"255", "OLD=NEW"}, {"1=2,", "OLD=NEW"}, {"1=2,1=3", "twice"}, {"1=2;3=4", "OLD=NEW"}, {"", "OLD=NEW"}};
  tome_value_pair *pairs = NULL;
  size_t n = 0;
  tome_error err = {0};
  CHECK(tome_values_parse_remap("255=0,-2=1.5", &pairs, &n, &err) && n == 2);
  CHECK(n == 2 && pairs[0].from == 255 && pairs[0].to == 0 && pairs[1].from == -2 && pairs[1].to == 1.5);
  free(pairs);
  for (size_t i = 0; i < TOME_COUNT(bad); i++) {
    tome_error e = {0};
    CHECK(!tome_values_parse_remap(bad[i].text, &pairs, &n, &e) && e.code == TOME_USAGE);
    CHECK_HAS(e.message, bad[i].said);
  }
}

TEST_MAIN(every_step_is_its_formula, what_does_not_fit_is_named, names_are_filled_in, remaps_are_read)
