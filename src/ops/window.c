/* window: the range of values that is looked at, as level and width; by tissue, by a label's own values, or by numbers. */
#include <string.h>

#include "base/near.h"
#include "ops/ops.h"

enum { OF, LEVEL, WIDTH, LABEL, METHOD, SCOPE, SCALE };
enum { PERCENTILE, MINMAX };
enum { CASE, STORE };
enum { UNIT, UINT8, NONE };
static const tome_param params[] = {
    [OF] = {"of", TOME_KIND_WORD, 1,
            .help =
                "a tissue: abdomen, angio, bone, brain, kidney, liver, lung, mediastinum, pelvis, soft, spine, stroke, "
                "subdural, temporal; else a label: its own range of values"},
    [LEVEL] = {"level", TOME_KIND_REAL, 1, -1e6, 1e6, .help = "centre"},
    [WIDTH] = {"width", TOME_KIND_REAL, 1, 1e-6, 1e6, .help = "full width"},
    [LABEL] = {"label", TOME_KIND_WORD, 1, .help = "a label even where a tissue has that name"},
    [METHOD] = {"method", TOME_KIND_CHOICE, 1, .choices = "percentile|minmax", .standard = "percentile",
                .help = "a label's range: from its 0.5 to its 99.5 percentile, or all of it"},
    [SCOPE] = {"scope", TOME_KIND_CHOICE, 1, .choices = "case|store", .standard = "case",
               .help = "a label's values in this case, or in all of the store"},
    [SCALE] = {"scale", TOME_KIND_CHOICE, 1, .choices = "unit|uint8|none", .standard = "unit",
               .help = "the window becomes 0 ... 1, 0 ... 255 rounded, or stays as it is, clipped"},
    {0},
};

/* Width and level in HU. Viewers and textbooks differ by some tens; these are in wide use. [R] is Radiopaedia, "Windowing (CT)". */
static const struct {
  const char *name;
  double width, level;
} tissues[] = {
    {"abdomen", 400, 40},   /* the usual preset of viewers (OHIF: soft tissue) and of segmentation papers */
    {"angio", 600, 300},    /* contrast in vessels: RadiAnt's preset */
    {"bone", 1800, 400},    /* [R] */
    {"brain", 80, 40},      /* [R] */
    {"kidney", 383, 112.5}, /* -79 ... 304: KiTS' foreground by nnU-Net (Isensee, Maier-Hein 2019, arXiv:1908.02182) */
    {"liver", 150, 30},     /* [R] */
    {"lung", 1500, -600},   /* [R] */
    {"mediastinum", 350, 50}, /* [R] */
    {"pelvis", 400, 40},      /* as the abdomen */
    {"soft", 400, 50},        /* [R], soft tissues of the trunk */
    {"spine", 250, 50},       /* [R], its soft tissues; its bones are bone */
    {"stroke", 40, 40},       /* Turner, Holdsworth: CT stroke window settings. Br J Radiol 2011;84:1061 */
    {"subdural", 215, 75},    /* [R], the middle of 130-300 and of 50-100 */
    {"temporal", 2800, 600},  /* [R], the bones of the ear */
};

typedef struct window {
  float lower, upper, width;
  int scale;
} window;

bool tome_tissue_window(const char *name, double *level, double *width) {
  for (size_t i = 0; i < TOME_COUNT(tissues); i++)
    if (!strcmp(tissues[i].name, name)) {
      *level = tissues[i].level;
      *width = tissues[i].width;
      return true;
    }
  return false;
}

bool tome_tissue_at(size_t i, const char **name, double *level, double *width) {
  if (i >= TOME_COUNT(tissues)) return false;
  *name = tissues[i].name;
  *level = tissues[i].level;
  *width = tissues[i].width;
  return true;
}

/* A word that is neither a tissue nor a label: perhaps nearly one. */
static bool check_word(const tome_shaping *s, const char *word, tome_error *err) {
  const tome_record *r = s->facts->record;
  tome_near near = {.word = word};
  for (size_t i = 0; r && i < r->label_count; i++) {
    if (tome_label_goes_by(&r->labels[i], word)) return true;
    tome_near_try(&near, r->labels[i].name);
  }
  for (size_t i = 0; i < TOME_COUNT(tissues); i++) tome_near_try(&near, tissues[i].name);
  return !near.best || !r ||
         tome_fail_step(s, err, TOME_NOT_FOUND, "there is no tissue and the case has no label \"%s\"; did you mean %s?",
                        word, near.best);
}

static bool from_label(const tome_shaping *s, const char *label, double *level, double *width, tome_error *err) {
  static const double ranks[2] = {0.5, 99.5};
  tome_known k;
  if (!tome_know_values(s, label, tome_choice_of(s, SCOPE) == STORE, ranks, &k, err)) return false;
  const bool all = tome_choice_of(s, METHOD) == MINMAX;
  const double lo = all ? k.min : k.low, hi = all ? k.max : k.high;
  if (!(hi > lo))
    return tome_fail_step(s, err, TOME_VALUE, "%s has but one value, %g: no width for a window", label, lo);
  *level = (lo + hi) / 2;
  *width = hi - lo;
  return true;
}

static bool choose(const tome_shaping *s, double *level, double *width, tome_error *err) {
  const bool numbers = tome_given(s, LEVEL) && tome_given(s, WIDTH);
  const int ways = tome_given(s, OF) + tome_given(s, LABEL) + (tome_given(s, LEVEL) || tome_given(s, WIDTH));
  if (ways != 1 || (!numbers && (tome_given(s, LEVEL) || tome_given(s, WIDTH))))
    return tome_fail_step(s, err, TOME_USAGE,
                          "wants a tissue, a label, or level and width, as in window:level=40,width=400");
  if (numbers) {
    *level = tome_number_of(s, LEVEL);
    *width = tome_number_of(s, WIDTH);
    return true;
  }
  const char *word = tome_arg_of(s, tome_given(s, OF) ? OF : LABEL)->items[0].word;
  if (tome_given(s, OF) && tome_tissue_window(word, level, width)) return true;
  if (tome_given(s, OF) && strcmp(word, "foreground") != 0 && tome_choice_of(s, SCOPE) == CASE &&
      !check_word(s, word, err))
    return false;
  return from_label(s, word, level, width, err);
}

static bool shape(const tome_shaping *s, tome_flow *out, void *state, tome_error *err) {
  window *w = state;
  double level = 0, width = 1;
  if (!choose(s, &level, &width, err)) return false;
  *w = (window){(float)(level - width / 2), (float)(level + width / 2), (float)width, tome_choice_of(s, SCALE)};
  out->dtype = w->scale == UINT8 ? TOME_U8 : TOME_F32;
  return true;
}

static void row(const void *state, const float *in, float *out, size_t n) {
  const window w = *(const window *)state;
  for (size_t i = 0; i < n; i++) {
    const float v = in[i] < w.lower ? w.lower : in[i];
    out[i] = v > w.upper ? w.upper : v;
  }
  if (w.scale == NONE) return;
  const float top = w.scale == UINT8 ? 255.0f : 1.0f;
  for (size_t i = 0; i < n; i++) {
    const float v = (out[i] - w.lower) / w.width;
    out[i] = (v > 1.0f ? 1.0f : v) * top;
  }
}

const tome_op tome_op_window = {
    .name = "window",
    .title = "the range of values that is looked at, to 0 ... 1",
    .example = "window:level=40,width=400",
    .acts = TOME_ON_IMAGE,
    .params = params,
    .state = sizeof(window),
    .shape = shape,
    .row = row,
};
