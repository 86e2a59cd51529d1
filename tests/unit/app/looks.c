/* What programs that draw their own pictures are told: windows, colours, and the steps of a recipe's text. */
#include "test.h"
#include "tome.h"

static void keep_text(void *user, const char *canonical, const char *hash) {
  (void)hash;
  snprintf(user, 1024, "%s", canonical);
}

/* Each preset is the tissue that the step window knows by that name: no other name is one. */
static void test_presets_are_tissues(void) {
  tome_window_preset p;
  size_t count = 0;
  bool lung = false;
  for (; tome_window_at(count, &p); count++) {
    char step[64], text[1024] = "", want[80];
    tome_error err = {0};
    const char *steps[] = {step};
    snprintf(step, sizeof step, "window:%s", p.name);
    snprintf(want, sizeof want, "window:of=%s,", p.name);
    const tome_recipe_text recipe = {.steps = steps, .step_count = 1};
    CHECK(tome_recipe_check(&recipe, NULL, keep_text, text, &err));
    CHECK_HAS(text, want);
    CHECK(p.width > 0);
    lung = lung || (!strcmp(p.name, "lung") && p.level < -599 && p.level > -601 && p.width > 1499 && p.width < 1501);
  }
  CHECK(count >= 10 && lung);
  const tome_window_preset before = p;
  CHECK(!tome_window_at(count, &p) && !tome_window_at((size_t)-1, &p));
  CHECK(!memcmp(&before, &p, sizeof p)); /* untouched */
}

/* Neighbours are told apart: the first seven clearly, in one of red, green and blue. */
static void test_colours_differ(void) {
  for (size_t i = 0; i < 21; i++)
    for (size_t k = 0; k < i; k++) {
      const uint32_t a = tome_colour_at(i), b = tome_colour_at(k);
      CHECK(a <= 0xffffff && a != b);
      int most = 0;
      for (int shift = 0; shift < 24; shift += 8) {
        const int d = abs((int)(a >> shift & 255) - (int)(b >> shift & 255));
        most = d > most ? d : most;
      }
      if (i < 7) CHECK(most >= 60);
    }
}

typedef struct split {
  char text[256];
} split;

static void add(void *user, const char *step) {
  split *s = user;
  const size_t n = strlen(s->text);
  snprintf(s->text + n, sizeof s->text - n, "[%s]", step);
}

static void check_split(const char *text, const char *want) {
  split s = {""};
  tome_error err = {0};
  CHECK(tome_recipe_split(text, add, &s, &err));
  CHECK_TEXT(s.text, want);
}

static void test_recipes_are_taken_apart(void) {
  check_split("", "");
  check_split(" \n\t\r\n", "");
  check_split("# only talk", "");
  check_split("orient:LPS", "[orient:LPS]");
  check_split("orient:LPS resample:1 # to 1 mm: finer\n#\n\nwindow:tumor\r\n",
              "[orient:LPS][resample:1][window:tumor]");
  check_split("remap:\"left lung\"=1 clip:-200,300", "[remap:\"left lung\"=1][clip:-200,300]");
  check_split("a:\"left open\nb", "[a:\"left open][b]");
}

TEST_MAIN(test_presets_are_tissues, test_colours_differ, test_recipes_are_taken_apart)
