/* Recipes as text: what is read, what is written back, what the hash depends on. The steps here are the test's own: the parser knows
 * nothing but the table. */
#include "eval/recipe.h"
#include "test.h"

static bool any_shape(const tome_shaping *s, tome_flow *out, void *state, tome_error *err) {
  (void)s;
  (void)out;
  (void)state;
  (void)err;
  return true;
}

static const tome_param rows[] = {
    {"size", TOME_KIND_REAL, 3, 0, 100, .choices = "keep", .help = "three"},
    {"mode", TOME_KIND_CHOICE, 1, .choices = "near|far", .standard = "near", .help = "a word of a list"},
    {"count", TOME_KIND_INT, 1, -5, 5, .standard = "2", .help = "whole"},
    {"margin", TOME_KIND_LENGTH, 1, 0, 50, .help = "voxels or mm"},
    {"names", TOME_KIND_WORD, TOME_MANY, .help = "any"},
    {"box", TOME_KIND_SPAN, 3, .help = "a box"},
    {"map", TOME_KIND_PAIR, TOME_MANY, 0, 255, .help = "pairs"},
    {0},
};
static const tome_op all_kinds = {.name = "all", .params = rows, .shape = any_shape};
static const tome_param pair_rows[] = {{"map", TOME_KIND_PAIR, TOME_MANY, 0, 255, .help = "pairs"}, {0}};
static const tome_op pairs = {.name = "pairs", .params = pair_rows, .shape = any_shape};
static const tome_op bare = {.name = "bare", .shape = any_shape};
static const tome_op *const ops[] = {&all_kinds, &pairs, &bare, NULL};

/* The canonical text of a recipe, or the sentence that refuses it. */
static const char *canon(const char *text) {
  static char out[2000];
  tome_error err = {0};
  TOME_CLEANUP(tome_recipe_clear) tome_recipe r = {0};
  const bool ok = tome_recipe_parse_text(ops, text, &r, &err);
  snprintf(out, sizeof out, "%s", ok ? r.text : err.message);
  return out;
}

static void text(void) {
  CHECK_TEXT(canon(""), "");
  CHECK_TEXT(canon("bare"), "bare");
  CHECK_TEXT(canon("all"), "all:mode=near,count=2");
  CHECK_TEXT(canon("all:1"), "all:size=1,mode=near,count=2");
  CHECK_TEXT(canon("all:1,1.0,1e0"), "all:size=1,mode=near,count=2");
  CHECK_TEXT(canon("all:1,keep,3,far,5"), "all:size=1,keep,3,mode=far,count=5");
  CHECK_TEXT(canon("all:count=-0,size=keep"), "all:size=keep,mode=near,count=0");
  CHECK_TEXT(canon("all:size=0.1"), "all:size=0.1,mode=near,count=2");
  CHECK_TEXT(canon("all:size=0.30000000000000004"), "all:size=0.30000000000000004,mode=near,count=2");
  CHECK_TEXT(canon("all:margin=4mm"), "all:mode=near,count=2,margin=4mm");
  CHECK_TEXT(canon("all:margin=4"), "all:mode=near,count=2,margin=4");
  CHECK_TEXT(canon("all:names=liver,\"left kidney\",\"a=b\""),
             "all:mode=near,count=2,names=liver,\"left kidney\",\"a=b\"");
  CHECK_TEXT(canon("all:box=1:-2,:,3:"), "all:mode=near,count=2,box=1:-2,:,3:");
  CHECK_TEXT(canon("all:map=255=0,liver=1,count=1"), "all:mode=near,count=1,map=255=0,liver=1");
  CHECK_TEXT(canon("pairs:255=0,2=1"), "pairs:map=255=0,2=1");
  CHECK_TEXT(canon("bare all:2\n# a comment\n  bare # and one behind\r\nall:far=1"),
             "step 4: all: there is no parameter \"far\"; it takes size, mode, count, margin, names, box, map");
  CHECK_TEXT(canon("# only a comment"), "");
  CHECK_TEXT(canon("bare\tbare\nbare"), "bare bare bare");
  CHECK_TEXT(canon("bare:1"), "step 1: bare: \"1\" is one value too many");
  CHECK_TEXT(canon("bare:a=1"), "step 1: bare: there is no parameter \"a\"; it takes none");
  CHECK_HAS(canon("all:count=6"), "-5 ... 5");
  CHECK_HAS(canon("all:count=0x3"), "count=0x3");
  CHECK_HAS(canon("all:count="), "count=");
  CHECK_HAS(canon("all:size=1,2"), "three (z,y,x); here are 2");
  CHECK_HAS(canon("all:mode=farr"), "did you mean far?");
  CHECK_HAS(canon("all:mode"), "mode: wanted");
  CHECK_HAS(canon("all:map=5"), "lacks its '='");
}

/* Canonical text is a fixed point, and what it says is all that the hash depends on. */
static void hash(void) {
  static const char *const same[][2] = {
      {"all:1", "  all:size=1,1,1,count=2 # so"}, {"bare", "bare\n"}, {"all:count=2", "all"}};
  for (size_t i = 0; i < TOME_COUNT(same); i++) {
    TOME_CLEANUP(tome_recipe_clear) tome_recipe a = {0}, b = {0}, c = {0};
    CHECK(tome_recipe_parse_text(ops, same[i][0], &a, NULL) && tome_recipe_parse_text(ops, same[i][1], &b, NULL));
    CHECK(tome_recipe_parse_text(ops, a.text, &c, NULL));
    CHECK_TEXT(a.text, b.text);
    CHECK_TEXT(a.hash, b.hash);
    CHECK_TEXT(a.text, c.text);
  }
  TOME_CLEANUP(tome_recipe_clear) tome_recipe a = {0}, b = {0};
  CHECK(tome_recipe_parse_text(ops, "all:count=2", &a, NULL) && tome_recipe_parse_text(ops, "all:count=3", &b, NULL));
  CHECK(strcmp(a.hash, b.hash) != 0);
  CHECK(strlen(a.hash) == 32);
}

/* Broken texts end in a sentence, never in a crash: all beginnings of a long recipe, and each of its bytes replaced. */
static void damage(void) {
  static const char whole[] =
      "all:1,keep,3,far,5,margin=4mm,names=a,\"b c\",box=1:2,:,3:,map=1=2,x=3 pairs:1=2 bare # end";
  char cut[sizeof whole];
  for (size_t n = 0; n < sizeof whole; n++) {
    memcpy(cut, whole, sizeof whole);
    cut[n] = '\0';
    CHECK(canon(cut) != NULL);
  }
  static const char odd[] = "=:,\"#\n \x7f\xff%-";
  for (size_t n = 0; n + 1 < sizeof whole; n++)
    for (size_t k = 0; k + 1 < sizeof odd; k++) {
      memcpy(cut, whole, sizeof whole);
      cut[n] = odd[k];
      CHECK(canon(cut) != NULL);
    }
}

static void limits(void) {
  static char many[300 * 5 + 1];
  for (int i = 0; i < 300; i++) memcpy(many + 5 * i, "bare ", 5);
  CHECK_HAS(canon(many), "at most 256 steps");
  char list[1000] = "all:names=a";
  for (int i = 0; i < 64; i++) strcat(list, ",a");
  CHECK_HAS(canon(list), "");
  CHECK(strstr(canon(list), "step 1") != NULL);
}

TEST_MAIN(text, hash, damage, limits)
