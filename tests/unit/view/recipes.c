/* The recipes a server knows: the same is the same, those of the command line stay, and there are never more than so many. */
#include "test.h"
#include "view/inside.h"

static bool add(view_recipes *r, const char *text, bool stays, char id[33]) {
  tome_error err = {0};
  const bool ok = view_recipes_add(r, "n", text, stays, id, &err);
  CHECK(ok == !*err.message);
  return ok;
}

static bool has(view_recipes *r, const char *id) {
  tome_error err = {0};
  view_recipe copy = {0};
  const bool ok = view_recipes_get(r, id, &copy, &err);
  if (ok) CHECK_TEXT(copy.id, id);
  view_recipe_clear(&copy);
  return ok;
}

static void test_the_same_is_the_same(void) {
  view_recipes r = {0};
  tome_error err = {0};
  char a[33], b[33], c[33];
  CHECK(view_recipes_init(&r, &err));
  CHECK(add(&r, "resample:spacing=1 window:liver", false, a) &&
        add(&r, "# as before\nresample:1\n\n  window:liver # soft\n", false, b));
  CHECK_TEXT(a, b);
  CHECK(r.count == 1 && add(&r, "window:liver resample:1", false, c) && strcmp(a, c) != 0 && r.count == 2);
  view_recipe copy = {0};
  CHECK(view_recipes_get(&r, a, &copy, &err) && copy.step_count == 2);
  CHECK_TEXT(copy.steps[0], "resample:spacing=1");
  CHECK_TEXT(copy.steps[1], "window:liver");
  view_recipe_clear(&copy);
  CHECK(!has(&r, "") && !has(&r, "../x") && !has(&r, "00000000000000000000000000000000"));
  view_recipes_clear(&r);
}

static void test_what_is_no_recipe(void) {
  view_recipes r = {0};
  tome_error err = {0};
  char id[33];
  static const char *const bad[] = {"", "# nothing", "nonsense", "resample:spacing=-1", "window:tumor \x1b[31m"};
  CHECK(view_recipes_init(&r, &err));
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) CHECK(!add(&r, bad[i], false, id));
  CHECK(r.count == 0);
  view_recipes_clear(&r);
}

static void test_bounded(void) {
  view_recipes r = {0};
  tome_error err = {0};
  char kept[33], first[33], id[33], text[64];
  CHECK(view_recipes_init(&r, &err));
  CHECK(add(&r, "window:lung", true, kept) && add(&r, "window:bone", false, first));
  for (int i = 0; i < 3 * VIEW_RECIPES; i++) {
    snprintf(text, sizeof text, "window:level=%d,width=100", i);
    CHECK(add(&r, text, false, id) && has(&r, id) && r.count <= VIEW_RECIPES);
  }
  CHECK(r.count == VIEW_RECIPES && has(&r, kept) && !has(&r, first));
  view_recipes_clear(&r);
}

TEST_MAIN(test_the_same_is_the_same, test_what_is_no_recipe, test_bounded)
