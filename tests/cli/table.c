/* Tables: columns line up on the screen (not in bytes), numbers stand right, nothing is cut unless the width says so. */
#include "cli/table.h"

#include <locale.h>

#include "cli/say.h"
#include "cli/term.h"
#include "test.h"

static char *text;
static size_t length;

static const char *printed(cli_table *t, int width) {
  free(text);
  FILE *out = cli_memory_file(&text, &length);
  cli_table_print(t, out, width, false);
  fclose(out);
  return text;
}

static void add(cli_table *t, const char *a, const char *b, const char *c) {
  cli_table_add(t, (const char *const[]){a, b, c});
}

static cli_table *three(const char *a, const char *b, const char *c) {
  return cli_table_new((const char *const[]){a, b, c}, 3);
}

static void aligns(void) {
  cli_table *t = three("id", "n", "labels");
  add(t, "volume-10", "5", "liver");
  add(t, "b", "1,234", "");
  CHECK_TEXT(printed(t, 0),
             "id             n  labels\n"
             "volume-10      5  liver\n"
             "b          1,234\n");
  CHECK(cli_table_rows(t) == 2);
  cli_table_free(t);
}

static void a_word_makes_it_text(void) {
  cli_table *t = three("a", "b", "c");
  add(t, "1", "1", "-");
  add(t, "22", "x1", "60x512x512");
  CHECK_TEXT(printed(t, 0),
             " a  b            c\n"
             " 1  1            -\n"
             "22  x1  60x512x512\n");
  cli_table_free(t);
}

static void cuts_text_to_the_width(void) {
  cli_table *t = three("id", "n", "labels");
  add(t, "volume-10", "5", "liver tumor kidney spleen stomach");
  add(t, "volume-11", "123456789", "liver");
  const char *whole = printed(t, 0);
  CHECK_HAS(whole, "stomach");
  for (int width = 30; width <= 60; width++) {
    const char *s = printed(t, width);
    CHECK_HAS(s, "123456789"); /* numbers are never cut */
    for (const char *line = s; *line;) {
      size_t n = strcspn(line, "\n");
      CHECK(n <= (size_t)width);
      line += n + 1;
    }
  }
  CHECK_HAS(printed(t, 40), "...");
  CHECK(strstr(printed(t, 60), "...") == NULL);
  cli_table_free(t);
}

/* The first column tells the rows apart: it is the last to be cut. */
static void keeps_the_first_column(void) {
  cli_table *t = three("id", "n", "labels");
  add(t, "volume-10", "5", "liver tumor");
  add(t, "volume-11", "123456789", "liver");
  CHECK_HAS(printed(t, 30), "volume-11");
  CHECK_HAS(printed(t, 30), "...");
  cli_table_free(t);
}

/* A UID is no number, though it has digits and points only: it stands left, and may be cut. */
static void uids_are_text(void) {
  cli_table *t = three("id", "uid", "spacing");
  add(t, "a", "1.2.826.0.1.3680043.8.498.31073099010799374706220807691596788896", "1.5x0.75x0.75");
  CHECK_HAS(printed(t, 40), "...");
  CHECK_HAS(printed(t, 40), "1.5x0.75x0.75");
  CHECK_HAS(printed(t, 0), "a   1.2.826");
  cli_table_free(t);
}

static void too_many_columns_become_records(void) {
  const char *names[12], *values[12], *others[12];
  char text_of[12][16];
  for (int i = 0; i < 12; i++) {
    snprintf(text_of[i], sizeof text_of[i], "column_%d", i);
    names[i] = text_of[i];
    values[i] = i == 3 ? "" : "123456789";
    others[i] = "7";
  }
  cli_table *t = cli_table_new(names, 12);
  cli_table_add(t, values);
  cli_table_add(t, others);
  const char *s = printed(t, 60);
  CHECK_HAS(s, "column_0   123456789\ncolumn_1   123456789\ncolumn_2   123456789\ncolumn_4 ");
  CHECK_HAS(s, "column_11  123456789\n\ncolumn_0   7\n");
  CHECK_HAS(printed(t, 0), "column_10  column_11\n"); /* in a pipe it stays a table */
  CHECK_HAS(printed(t, 200), "column_10  column_11\n");
  cli_table_free(t);
}

static void measures_characters(void) {
  if (!setlocale(LC_CTYPE, "C.UTF-8")) return;
  cli_table *t = three("id", "x", "y");
  add(t, "größe", "a", "60×512×512");
  add(t, "日本", "b", "1×2×3");
  add(t, "e\xcc\x81", "c", "7"); /* e and a combining accent: one column */
  CHECK_TEXT(printed(t, 0),
             "id     x           y\n"
             "größe  a  60×512×512\n"
             "日本   b       1×2×3\n"
             "e\xcc\x81      c           7\n");
  cli_table_free(t);
  CHECK(cli_text_width("a\xff"
                       "b") == 3);       /* a broken byte takes a column */
  CHECK(cli_text_cut("日本語", 5) == 6); /* two of them fit, not two and a half */
  CHECK(cli_text_cut("abc", 0) == 0);
  setlocale(LC_CTYPE, "C");
}

static void disarms_control_characters(void) {
  cli_table *t = three("id", "x", "y");
  add(t, "a\033[31m", "two\nlines", "t\tb");
  const char *s = printed(t, 0);
  CHECK(strchr(s, '\033') == NULL);
  CHECK_HAS(s, "a?[31m");
  CHECK_HAS(s, "two lines");
  cli_table_free(t);
}

static void many_rows(void) {
  cli_table *t = three("id", "x", "y");
  for (int i = 0; i < 1000; i++) add(t, "a", "b", "c");
  size_t lines = 0;
  for (const char *s = printed(t, 80); *s; s++) lines += *s == '\n';
  CHECK(lines == 1001);
  cli_table_free(t);
  cli_table *empty = three("id", "x", "y");
  CHECK_TEXT(printed(empty, 80), "id  x  y\n");
  cli_table_free(empty);
  free(text);
  text = NULL;
}

TEST_MAIN(aligns, a_word_makes_it_text, cuts_text_to_the_width, keeps_the_first_column, uids_are_text,
          too_many_columns_become_records, measures_characters, disarms_control_characters, many_rows)
