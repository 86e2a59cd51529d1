/* JSON is strict whatever the values are: expected texts written by hand after RFC 8259. */
#include "cli/json.h"

#include "cli/say.h"
#include "test.h"

static char *text;
static size_t length;
static cli_json j;

static void begin(void) {
  free(text);
  j = (cli_json){.out = cli_memory_file(&text, &length)};
}

static const char *end(void) {
  fclose(j.out);
  return text;
}

static const char *string_of(const char *s) {
  begin();
  cli_json_text(&j, s);
  return end();
}

static const char *real_of(double v) {
  begin();
  cli_json_real(&j, v);
  return end();
}

static void strings(void) {
  CHECK_TEXT(string_of("plain"), "\"plain\"");
  CHECK_TEXT(string_of("a\"b\\c"), "\"a\\\"b\\\\c\"");
  CHECK_TEXT(string_of("\b\f\n\r\t\x01\x7f"), "\"\\b\\f\\n\\r\\t\\u0001\\u007f\"");
  CHECK_TEXT(string_of("é×"), "\"\\u00e9\\u00d7\"");
  CHECK_TEXT(string_of("\xf0\x9f\xab\x80"), "\"\\ud83e\\udec0\""); /* U+1FAC0, anatomical heart */
  CHECK_TEXT(string_of(NULL), "null");
}

static void broken_utf8(void) {
  CHECK_TEXT(string_of("a\xff"
                       "b"),
             "\"a\\ufffdb\"");
  CHECK_TEXT(string_of("\xc3"), "\"\\ufffd\"");                                  /* cut short */
  CHECK_TEXT(string_of("\xc0\xaf"), "\"\\ufffd\\ufffd\"");                       /* overlong */
  CHECK_TEXT(string_of("\xed\xa0\x80"), "\"\\ufffd\\ufffd\\ufffd\"");            /* a surrogate */
  CHECK_TEXT(string_of("\xf4\x90\x80\x80"), "\"\\ufffd\\ufffd\\ufffd\\ufffd\""); /* beyond U+10FFFF */
  CHECK_TEXT(string_of("\xe0\x80\x80"), "\"\\ufffd\\ufffd\\ufffd\"");
}

static void numbers(void) {
  CHECK_TEXT(real_of(NAN), "null");
  CHECK_TEXT(real_of(-INFINITY), "null");
  CHECK_TEXT(real_of(0.1), "0.1");
  CHECK_TEXT(real_of(-1024), "-1024");
  const double hard[] = {0.1 + 0.2, 1.0 / 3, 5e-324, 1.7976931348623157e308, 0.7429990172386169, 123456789012345678.0};
  for (size_t i = 0; i < sizeof hard / sizeof *hard; i++) CHECK(strtod(real_of(hard[i]), NULL) == hard[i]);
}

static void nests(void) {
  begin();
  const double zyx[3] = {1.5, 2, NAN};
  cli_json_open(&j, '{');
  cli_json_put_text(&j, "a", "b");
  cli_json_key(&j, "list");
  cli_json_open(&j, '[');
  cli_json_open(&j, '{');
  cli_json_close(&j, '}');
  cli_json_int(&j, INT64_MIN);
  cli_json_bool(&j, true);
  cli_json_null(&j);
  cli_json_close(&j, ']');
  cli_json_put_zyx(&j, "s", zyx);
  cli_json_close(&j, '}');
  CHECK_TEXT(end(), "{\"a\": \"b\", \"list\": [{}, -9223372036854775808, true, null], \"s\": [1.5, 2, null]}\n");
}

static void lines(void) {
  begin();
  j.lines = true;
  cli_json_open(&j, '[');
  for (int i = 0; i < 2; i++) {
    cli_json_open(&j, '{');
    cli_json_put_int(&j, "i", (uint64_t)i);
    cli_json_close(&j, '}');
  }
  cli_json_close(&j, ']');
  CHECK_TEXT(end(), "[\n  {\"i\": 0},\n  {\"i\": 1}\n]\n");
  begin();
  j.lines = true;
  cli_json_open(&j, '[');
  cli_json_close(&j, ']');
  CHECK_TEXT(end(), "[]\n");
  free(text);
  text = NULL;
}

TEST_MAIN(strings, broken_utf8, numbers, nests, lines)
