/* Arguments of requests: what they may say, and that nothing else comes through. */
#include "test.h"
#include "view/inside.h"

static const char *unescaped(const char *text) {
  static char room[256];
  snprintf(room, sizeof room, "%s", text);
  CHECK(view_unescape(room) == strlen(room));
  return room;
}

static void test_escapes(void) {
  CHECK_TEXT(unescaped(""), "");
  CHECK_TEXT(unescaped("plain"), "plain");
  CHECK_TEXT(unescaped("a%20b%3E%3c%C3%A9"), "a b><\xc3\xa9");
  CHECK_TEXT(unescaped("%2525"), "%25"); /* once */
  static const char *const bad[] = {"%",   "%4",  "%zz", "a%00b", "%%41", "%4",
                                    "%g1", "%1g", "a%",  "%01",   "%7f",  "\x1b[31m"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) CHECK(!view_text_is_clean(unescaped(bad[i])));
  CHECK(view_text_is_clean("tumor_ml > 0\n\tAND id <> 'x' -- \xc3\xa9"));
}

static bool span(const char *text, int64_t most, int64_t *lo, int64_t *hi) {
  tome_error err = {0};
  const bool ok = view_span(text, 'z', most, lo, hi, &err);
  CHECK(ok == (err.code == TOME_OK));
  if (!ok) CHECK(err.code == TOME_USAGE && strstr(err.message, "z="));
  return ok;
}

static void test_spans(void) {
  int64_t lo = -7, hi = -7;
  CHECK(span(NULL, 5, &lo, &hi) && lo == 0 && hi == 5);
  CHECK(span(":", 5, &lo, &hi) && lo == 0 && hi == 5);
  CHECK(span("2:", 5, &lo, &hi) && lo == 2 && hi == 5);
  CHECK(span(":3", 5, &lo, &hi) && lo == 0 && hi == 3);
  CHECK(span("4:5", 5, &lo, &hi) && lo == 4 && hi == 5);
  CHECK(span("0:1", 1, &lo, &hi) && lo == 0 && hi == 1);
  static const char *const bad[] = {"",
                                    "3",
                                    "-1:3",
                                    ":-1",
                                    "+1:2",
                                    "1:1",
                                    "3:2",
                                    "5:6",
                                    "5:5",
                                    "0:6",
                                    "a:b",
                                    "1:2:3",
                                    "1:2x",
                                    " 1:2",
                                    "1 :2",
                                    "nan:nan",
                                    "1e0:2",
                                    "0x1:2",
                                    "9223372036854775807:9223372036854775808",
                                    "18446744073709551616:3",
                                    "0:18446744073709551617",
                                    "0:99999999999999999999999999999",
                                    "1,2",
                                    "::",
                                    "\xd9\xa1:\xd9\xa2"};
  lo = hi = -7;
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) CHECK(!span(bad[i], 5, &lo, &hi));
  CHECK(lo == -7 && hi == -7); /* untouched */
}

static void test_numbers(void) {
  tome_error err = {0};
  int64_t v = 0;
  CHECK(view_number(NULL, "limit", 0, 10, 7, &v, &err) && v == 7);
  CHECK(view_number("10", "limit", 0, 10, 7, &v, &err) && v == 10);
  static const char *const bad[] = {"11", "-1", "1.5", "1e1", "x", "99999999999999999999", " 1"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    tome_error why = {0};
    CHECK(!view_number(bad[i], "limit", 0, 10, 7, &v, &why) && strstr(why.message, "limit="));
  }
  CHECK(v == 10);
}

static void test_box_bytes(void) {
  size_t n = 1;
  CHECK(view_box_bytes(&(tome_box){{0, 0, 0}, {2, 3, 4}}, 2, 48, &n) && n == 48);
  CHECK(!view_box_bytes(&(tome_box){{0, 0, 0}, {2, 3, 4}}, 2, 47, &n));
  const int64_t most = INT64_MAX; /* would be 0 or small if it wrapped round */
  CHECK(!view_box_bytes(&(tome_box){{0, 0, 0}, {most, most, most}}, 8, 1 << 20, &n));
  CHECK(!view_box_bytes(&(tome_box){{0, 0, 0}, {1LL << 32, 1LL << 32, 1}}, 1, 1 << 20, &n));
}

static void test_types(void) {
  CHECK_TEXT(view_type_text(TOME_I16), "<i2");
  CHECK_TEXT(view_type_text(TOME_U8), "|u1");
  CHECK_TEXT(view_type_text(TOME_F64), "<f8");
  CHECK_TEXT(view_type_text(TOME_NONE), "");
  CHECK_TEXT(view_type_text((tome_dtype)99), "");
}

TEST_MAIN(test_escapes, test_spans, test_numbers, test_box_bytes, test_types)
