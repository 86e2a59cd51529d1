/* table.c - rows of text in aligned columns. */
#include "cli/table.h"

#include <stdlib.h>
#include <string.h>

#include "cli/say.h"
#include "cli/term.h"

/* columns between two; a text column is not cut below this; the first one, which tells rows apart, not before the others are;
 * from so many columns on rows that do not fit are told one name a line */
enum { GAP = 2, NARROWEST = 6, FIRST_KEEPS = 24, RECORDS_FROM = 8 };

struct cli_table {
  size_t columns, rows;
  char **cells; /* (rows + 1) × columns, the titles first */
  size_t cap;   /* rows, titles too */
  size_t *widths;
  bool *right;
  size_t *filled; /* cells of each column that are not empty */
};

static char *clean(const char *text) {
  char *copy = cli_dup(text);
  for (char *s = copy; *s; s++)
    if ((unsigned char)*s < 0x20 || *s == 0x7f) *s = *s == '\n' || *s == '\t' ? ' ' : '?';
  return copy;
}

/* Digits, signs and what stands between them in shapes, spacings, times; but no DICOM UID, whose points are too many. */
static bool looks_number(const char *s) {
  int points = 0;
  if (strcmp(s, "-") == 0) return true; /* not known */
  if (!strpbrk(s, "0123456789") || !strchr("0123456789+-.", *s)) return false;
  for (; *s && points < 2; s++) {
    points = *s == '.' ? points + 1 : strchr("0123456789", *s) ? points : 0;
    if (strncmp(s, "×", strlen("×")) == 0)
      s += strlen("×") - 1;
    else if (strncmp(s, "…", strlen("…")) == 0)
      s += strlen("…") - 1;
    else if (!strchr("0123456789+-.,:/x%e ", *s))
      return false;
  }
  return points < 2;
}

static void put_row(cli_table *t, const char *const *cells) {
  if (t->rows + 1 >= t->cap) {
    t->cap = t->cap * 2 + 16;
    t->cells = cli_grow(t->cells, t->cap * t->columns, sizeof *t->cells);
  }
  char **row = t->cells + t->rows * t->columns;
  for (size_t c = 0; c < t->columns; c++) {
    row[c] = clean(cells[c]);
    size_t wide = cli_text_width(row[c]);
    if (wide > t->widths[c]) t->widths[c] = wide;
  }
  t->rows++;
}

cli_table *cli_table_new(const char *const *titles, size_t columns) {
  cli_table *t = cli_alloc(1, sizeof *t);
  t->columns = columns;
  t->widths = cli_alloc(columns, sizeof *t->widths);
  t->right = cli_alloc(columns, sizeof *t->right);
  t->filled = cli_alloc(columns, sizeof *t->filled);
  for (size_t c = 0; c < columns; c++) t->right[c] = true;
  put_row(t, titles);
  return t;
}

void cli_table_add(cli_table *t, const char *const *cells) {
  put_row(t, cells);
  for (size_t c = 0; c < t->columns; c++) {
    if (!cells[c] || !*cells[c]) continue;
    t->filled[c]++;
    t->right[c] = t->right[c] && looks_number(cells[c]);
  }
}

size_t cli_table_rows(const cli_table *t) { return t->rows - 1; }

static size_t total(const size_t *widths, size_t columns) {
  size_t sum = columns ? GAP * (columns - 1) : 0;
  for (size_t c = 0; c < columns; c++) sum += widths[c];
  return sum;
}

static bool is_right(const cli_table *t, size_t c) { return t->right[c] && t->filled[c]; }

/* Takes columns away from the widest text column, one by one, until the table fits (true) or nothing more can be cut. */
static bool fit(const cli_table *t, size_t *widths, size_t width, size_t first_keeps) {
  while (total(widths, t->columns) > width) {
    size_t widest = t->columns;
    for (size_t c = 0; c < t->columns; c++)
      if (!is_right(t, c) && widths[c] > (c == 0 ? first_keeps : NARROWEST) &&
          (widest == t->columns || widths[c] > widths[widest]))
        widest = c;
    if (widest == t->columns) return false;
    widths[widest]--;
  }
  return true;
}

static void put_blanks(FILE *out, size_t n) { fprintf(out, "%*s", (int)n, ""); }

static void print_cell(FILE *out, const char *text, size_t width, bool right, bool last) {
  size_t wide = cli_text_width(text);
  if (wide > width) {
    size_t mark = cli_text_width(cli_ellipsis());
    size_t bytes = cli_text_cut(text, width > mark ? width - mark : 0);
    fprintf(out, "%.*s%s", (int)bytes, text, cli_ellipsis());
    return;
  }
  if (right) put_blanks(out, width - wide);
  fputs(text, out);
  if (!right && !last) put_blanks(out, width - wide);
}

/* A table of too many columns for the screen: "name  value" lines, what is empty left out, a blank line between two rows. */
static void print_records(const cli_table *t, FILE *out, bool bold) {
  size_t names = 0;
  for (size_t c = 0; c < t->columns; c++) {
    size_t wide = cli_text_width(t->cells[c]);
    if (wide > names) names = wide;
  }
  for (size_t r = 1; r < t->rows; r++) {
    if (r > 1) fputc('\n', out);
    for (size_t c = 0; c < t->columns; c++) {
      const char *text = t->cells[r * t->columns + c];
      if (!*text) continue;
      fprintf(out, "%s%s%s", bold ? "\033[1m" : "", t->cells[c], bold ? "\033[0m" : "");
      put_blanks(out, names - cli_text_width(t->cells[c]) + GAP);
      fprintf(out, "%s\n", text); /* whole: a UID is there to be copied */
    }
  }
}

static void print_lines(const cli_table *t, FILE *out, const size_t *widths, bool bold) {
  for (size_t r = 0; r < t->rows; r++) {
    char *const *row = t->cells + r * t->columns;
    size_t last = t->columns; /* nothing but blanks comes after it */
    while (last > 1 && !*row[last - 1]) last--;
    if (r == 0 && bold) fputs("\033[1m", out);
    for (size_t c = 0; c < last; c++) {
      if (c > 0) put_blanks(out, GAP);
      print_cell(out, row[c], widths[c], is_right(t, c), c + 1 == last);
    }
    if (r == 0 && bold) fputs("\033[0m", out);
    fputc('\n', out);
  }
}

void cli_table_print(const cli_table *t, FILE *out, int width, bool bold) {
  size_t *widths = cli_alloc(t->columns, sizeof *widths), room = width > 0 ? (size_t)width : 0;
  memcpy(widths, t->widths, t->columns * sizeof *widths);
  bool fits = room == 0 || fit(t, widths, room, FIRST_KEEPS) || fit(t, widths, room, NARROWEST);
  if (fits || t->columns < RECORDS_FROM || t->rows < 2)
    print_lines(t, out, widths, bold);
  else
    print_records(t, out, bold);
  free(widths);
}

void cli_table_show(const cli_table *t, FILE *out) { cli_table_print(t, out, cli_width(out), cli_styled(out)); }

void cli_table_free(cli_table *t) {
  if (!t) return;
  for (size_t i = 0; i < t->rows * t->columns; i++) free(t->cells[i]);
  free(t->cells);
  free(t->widths);
  free(t->right);
  free(t->filled);
  free(t);
}
