/* What goes into a page: text of others escaped whatever its bytes, base64 by RFC 4648's own examples, templates, writes that fail. */
#include "page/page.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "test.h"

static tome_page page;
static char text[1 << 18];

static void begin(void) {
  memset(&page, 0, sizeof page);
  page.fd = memfd_create("page", 0);
  page.name = "page";
}

static const char *end(void) {
  tome_error err = {0};
  CHECK(tome_page_flush(&page, &err));
  const ssize_t n = pread(page.fd, text, sizeof text - 1, 0);
  text[n > 0 ? n : 0] = '\0';
  close(page.fd);
  return text;
}

static const char *escaped(const char *s) {
  begin();
  tome_page_text(&page, s);
  return end();
}

static void escapes(void) {
  CHECK_TEXT(escaped("<a href=\"x\">&'</a>"), "&lt;a href=&quot;x&quot;&gt;&amp;&#39;&lt;/a&gt;");
  CHECK_TEXT(escaped("Übergröße 肝臓 \xf0\x9f\xab\x80"), "Übergröße 肝臓 \xf0\x9f\xab\x80");
  CHECK_TEXT(escaped("a\x01z\x7f\xc2\x85"), "a�z��"); /* controls */
  CHECK_TEXT(escaped("a\xe2\x80\xaez"), "a�z");       /* turns the direction round */
  CHECK_TEXT(escaped(NULL), "");
}

static void no_utf8(void) {
  CHECK_TEXT(escaped("\xff<"), "�&lt;");
  CHECK_TEXT(escaped("\xc0\xbc"), "��");           /* an overlong '<' */
  CHECK_TEXT(escaped("\xed\xa0\x80"), "���");      /* a surrogate */
  CHECK_TEXT(escaped("\xf4\x90\x80\x80"), "����"); /* beyond U+10FFFF */
  CHECK_TEXT(escaped("\xe8\x82<b"), "��&lt;b");    /* cut short: what follows is not swallowed */
}

static const char *base64(const char *s) {
  begin();
  tome_page_base64(&page, s, strlen(s));
  return end();
}

static void rfc4648(void) {
  CHECK_TEXT(base64(""), "");
  CHECK_TEXT(base64("f"), "Zg==");
  CHECK_TEXT(base64("fo"), "Zm8=");
  CHECK_TEXT(base64("foo"), "Zm9v");
  CHECK_TEXT(base64("foob"), "Zm9vYg==");
  CHECK_TEXT(base64("fooba"), "Zm9vYmE=");
  CHECK_TEXT(base64("foobar"), "Zm9vYmFy");
  CHECK_TEXT(base64("\xfb\xff\xbf"), "+/+/");
}

static void say(void *user, const char *name) {
  (void)user;
  tome_page_putf(&page, "[%s]", name);
}

static void templates(void) {
  begin();
  tome_page_template(&page, "a {{b}} c{{d}}{{e}} {f} {{g", say, NULL);
  CHECK_TEXT(end(), "a [b] c[d][e] {f} {{g");
}

/* More than the buffer holds, in one piece and in many. */
static void long_texts(void) {
  static char many[100001];
  memset(many, 'x', sizeof many - 1);
  begin();
  tome_page_put(&page, many);
  for (int i = 0; i < 50000; i++) tome_page_put(&page, "y");
  CHECK(strlen(end()) == 150000);
  CHECK(text[99999] == 'x' && text[100000] == 'y' && text[149999] == 'y');
}

static void full_disk(void) {
  tome_error err = {0};
  begin();
  close(page.fd);
  page.fd = open("/dev/full", O_WRONLY);
  if (page.fd < 0) TEST_SKIP("no /dev/full");
  tome_page_put(&page, "x");
  CHECK(!tome_page_flush(&page, &err));
  CHECK(err.code == TOME_IO);
  CHECK_HAS(err.message, "page");
  close(page.fd);
}

/* One far value, not-known ones, all equal, none at all: no coordinate is NaN or infinite. */
static void plots_of_odd_values(void) {
  static const double values[] = {1, NAN, 1e300, INFINITY, 0, -5};
  static const char *const ids[] = {"a", "b", "c", "d", "<e>", "f"};
  for (size_t n = 0; n <= 6; n++)
    for (int log = 0; log < 2; log++) {
      const tome_strip row = {"a very long name <indeed>", values, ids, n};
      begin();
      tome_page_strips(&page, "t", "mm", log, &row, 1);
      const char *svg = end();
      CHECK(!strstr(svg, "=\"nan") && !strstr(svg, "=\"-nan") && !strstr(svg, "=\"inf") && !strstr(svg, "=\"-inf"));
      CHECK(!strstr(svg, "<e>") && !strstr(svg, "<indeed>"));
      CHECK_HAS(svg, "</svg>");
    }
}

static void many_become_bars(void) {
  enum { MANY = 1000 };
  static double values[MANY];
  static const char *ids[MANY];
  for (int i = 0; i < MANY; i++) values[i] = i, ids[i] = "case";
  const tome_strip row = {"z", values, ids, MANY};
  begin();
  tome_page_strips(&page, "t", "mm", false, &row, 1);
  const char *svg = end();
  CHECK(!strstr(svg, "<circle"));
  size_t sum = 0; /* the bars tell their counts: together all values */
  for (const char *s = svg; (s = strstr(s, "<rect class=\"bar\"")); s++)
    sum += strtoul(strstr(s, "<title>") + 7, NULL, 10);
  CHECK(sum == MANY);
}

static void parts(void) {
  CHECK(tome_web_part_of("report.html") && tome_web_part_of("report.css") && tome_web_part_of("report.js"));
  CHECK(tome_web_part_of("other") == NULL);
}

TEST_MAIN(escapes, no_utf8, rfc4648, templates, long_texts, full_disk, plots_of_odd_values, many_become_bars, parts)
