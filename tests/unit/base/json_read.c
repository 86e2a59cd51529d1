/* JSON: what RFC 8259 allows comes out as it is, all else is refused where it stands; noise neither crashes nor hangs. */
#include "base/json_read.h"

#include "test.h"

static tome_arena arena;
static char message[1100];

static tome_json *parse(const char *text) {
  tome_error err = {0};
  tome_json *j = tome_json_parse(text, strlen(text), "x.json", &arena, &err);
  snprintf(message, sizeof message, "%s", err.message);
  return j;
}

static void values(void) {
  const tome_json *j = parse(
      "\xEF\xBB\xBF {\"a\": [1, -0.5e+2, true, false, null, \"\"], \"b\": {}, \"a b\": [[]], \"n\": 1, \"n\": 2}\n");
  CHECK(j && j->kind == TOME_JSON_OBJECT);
  const tome_json *a = tome_json_member(j, "a");
  CHECK(a && a->kind == TOME_JSON_ARRAY && a->first->number == 1);
  const tome_json *at = a->first->next;
  CHECK_NEAR(at->number, -50, 0);
  CHECK_TEXT(at->text, "-0.5e+2");
  CHECK((at = at->next)->kind == TOME_JSON_TRUE && (at = at->next)->kind == TOME_JSON_FALSE);
  CHECK((at = at->next)->kind == TOME_JSON_NULL && (at = at->next)->kind == TOME_JSON_TEXT && !at->next);
  CHECK_TEXT(tome_json_text(at), "");
  CHECK(tome_json_member(j, "b")->first == NULL && tome_json_member(j, "a b")->first->kind == TOME_JSON_ARRAY);
  CHECK_NEAR(tome_json_member(j, "n")->number, 2, 0); /* the last, as Python has it */
  CHECK(!tome_json_member(j, "c") && !tome_json_member(NULL, "c") && !tome_json_member(a, "a") && !tome_json_text(a));
  CHECK(parse("0")->number == 0 && parse("-0")->kind == TOME_JSON_NUMBER && parse(" 10 ")->number == 10);
}

static void texts(void) {
  CHECK_TEXT(tome_json_text(parse("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"")), "\"\\/\b\f\n\r\t");
  CHECK_TEXT(tome_json_text(parse("\"\\u0041\\u00e9\\u20AC\\ud83d\\ude00\"")), "A\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80");
  CHECK_TEXT(tome_json_text(parse("\"\xC3\xA9\"")), "\xC3\xA9");
}

static void refusals(void) {
  static const char *const bad[][2] = {{"", ":1:1: "},
                                       {"{", ":1:2: "},
                                       {"{\"a\" 1}", "':' is expected"},
                                       {"{\"a\": 1,}", ":1:9: "},
                                       {"[1,]", ":1:4: "},
                                       {"[1 2]", "',' or ']'"},
                                       {"01", "leading zeros"},
                                       {"-", "a digit"},
                                       {"1.", "a digit"},
                                       {"1e", "a digit"},
                                       {"+1", "a value"},
                                       {"NaN", "a value"},
                                       {"'a'", "a value"},
                                       {"\"a", "closing quote"},
                                       {"\"\\x\"", "escape"},
                                       {"\"\\u12\"", "hexadecimal"},
                                       {"\"\\ud800\"", "surrogate"},
                                       {"\"\\u0000\"", "\\u0000"},
                                       {"\"\n\"", "control"},
                                       {"\"\xFF\"", "UTF-8"},
                                       {"\"\xC0\x80\"", "UTF-8"},
                                       {"1 2", "follows"},
                                       {"{1: 2}", "double quotes"},
                                       {"[1]\n]", ":2:1: "},
                                       {"tru", "a value"},
                                       {"// x\n1", "a value"}};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    CHECK(!parse(bad[i][0]));
    CHECK_HAS(message, "x.json:");
    CHECK_HAS(message, bad[i][1]);
  }
}

static void bounds(void) {
  char deep[200];
  memset(deep, '[', 100);
  memset(deep + 100, ']', 100);
  CHECK(tome_json_parse(deep + 68, 64, "d", &arena, NULL)); /* 32 levels */
  CHECK(!parse("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"));
  CHECK_HAS(message, "32 levels");
  char *many = malloc(2000005);
  memset(many, ',', 2000005);
  for (size_t i = 1; i < 2000004; i += 2) many[i] = '1';
  many[0] = '[', many[2000004] = ']';
  tome_error err = {0};
  CHECK(!tome_json_parse(many, 2000005, "m", &arena, &err));
  CHECK_HAS(err.message, "1000000 values");
  free(many);
}

/* Every prefix, and 20,000 mutations, each in memory of exactly its size. */
static void noise(void) {
  static const char seed[] =
      "{\"name\": \"L\\u00e9on\\n\", \"labels\": {\"0\": \"background\", \"1\": [1, 2.5e-3, {\"x\": null}]}, \"t\": "
      "[true, false]}";
  const size_t n = sizeof seed - 1;
  unsigned state = 7;
  size_t good = 0;
  CHECK(parse(seed));
  for (size_t i = 0; i < 20000 + n; i++) {
    const size_t size = i < n ? i : n;
    char *text = malloc(size + 1); /* + 1: malloc(0) */
    memcpy(text, seed, size);
    for (int k = 0; i >= n && k < 1 + (int)(i % 4); k++) {
      state = state * 1664525u + 1013904223u;
      text[(state >> 8) % size] = (char)(state >> 24);
    }
    tome_arena a = {0};
    tome_error err = {0};
    const tome_json *j = tome_json_parse(text, size, "x", &a, &err);
    good += j != NULL;
    CHECK(j ? i >= n : err.code == TOME_CORRUPT);
    tome_arena_clear(&a);
    free(text);
  }
  CHECK(good > 100 && good < 19000); /* bytes in texts may change, structure may not */
  tome_arena_clear(&arena);
}

TEST_MAIN(values, texts, refusals, bounds, noise)
