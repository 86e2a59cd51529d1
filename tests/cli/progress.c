/* The progress line: what it says, and that it never grows beyond the terminal. */
#include "cli/progress.h"

#include <locale.h>

#include "cli/term.h"
#include "test.h"

static char line[1024];

static const char *shown(const tome_progress *p, double rate, size_t columns) {
  cli_progress_line(p, rate, columns, line, sizeof line);
  return line;
}

static void says_what_is_known(void) {
  const tome_progress begun = {.phase = "scan", .item = ""};
  CHECK_TEXT(shown(&begun, 0, 80), "scan");
  const tome_progress counting = {.phase = "scan", .item = "a/b", .items_done = 7};
  CHECK_TEXT(shown(&counting, 3, 80), "scan  a/b  7");
  const tome_progress going = {.phase = "ingest",
                               .item = "volume-12",
                               .items_done = 12,
                               .items_total = 131,
                               .bytes_done = 1000000000,
                               .bytes_total = 9000000000};
  CHECK_TEXT(shown(&going, 40e6, 80), "ingest  volume-12  12/131  40.0 MB/s  3:20 left");
  const tome_progress files = {.phase = "verify", .item = "x", .items_done = 10, .items_total = 20};
  CHECK_TEXT(shown(&files, 2, 80), "verify  x  10/20  0:05 left");
}

static void fits(void) {
  char item[300];
  memset(item, 'n', sizeof item);
  item[299] = '\0';
  const tome_progress p = {.phase = "ingest",
                           .item = item,
                           .items_done = 12,
                           .items_total = 131,
                           .bytes_done = 1,
                           .bytes_total = 9000000000};
  for (size_t columns = 1; columns < 200; columns++) CHECK(cli_text_width(shown(&p, 40e6, columns)) <= columns);
  CHECK_HAS(shown(&p, 40e6, 70), "nnn...  12/131");
  if (!setlocale(LC_CTYPE, "C.UTF-8")) return;
  memcpy(item, "größe", 7);
  for (size_t columns = 1; columns < 200; columns++) CHECK(cli_text_width(shown(&p, 40e6, columns)) <= columns);
  CHECK_HAS(shown(&p, 40e6, 70), "n…  12/131");
  setlocale(LC_CTYPE, "C");
}

static void disarms(void) {
  const tome_progress p = {.phase = "scan", .item = "a\033[2Jb\nc"};
  CHECK_TEXT(shown(&p, 0, 80), "scan  a?[2Jb?c");
}

TEST_MAIN(says_what_is_known, fits, disarms)
