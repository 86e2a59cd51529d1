/* term.c - what the terminal can do, and the width of text on it. */
#include "cli/term.h"

#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include "cli/say.h"

bool cli_utf8(void) { return strcmp(nl_langinfo(CODESET), "UTF-8") == 0; }

int cli_width(FILE *out) {
  if (!isatty(fileno(out))) return 0;
  struct winsize size;
  if (ioctl(fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  const char *columns = getenv("COLUMNS");
  int n = columns ? atoi(columns) : 0;
  return n > 0 ? n : 80;
}

bool cli_redraws(FILE *out) {
  const char *term = getenv("TERM");
  return isatty(fileno(out)) && term && *term && strcmp(term, "dumb") != 0;
}

bool cli_styled(FILE *out) {
  const char *no = getenv("NO_COLOR");
  return cli_redraws(out) && !(no && *no);
}

const char *cli_times(void) { return cli_utf8() ? "×" : "x"; }
const char *cli_ellipsis(void) { return cli_utf8() ? "…" : "..."; }
const char *cli_range(void) { return cli_utf8() ? "…" : ".."; }

/* Bytes and columns of what stands at `s`; a byte that is no UTF-8, or of another locale, counts as one column. */
static size_t step(const char *s, size_t *columns) {
  uint32_t c = 0;
  size_t length = cli_utf8() ? cli_utf8_char(s, &c) : 0;
  *columns = 1;
  if (length == 0) return 1;
  int w = wcwidth((wchar_t)c);
  if (w >= 0) *columns = (size_t)w;
  return length;
}

size_t cli_text_width(const char *text) {
  size_t total = 0, columns;
  for (const char *s = text; *s; total += columns) s += step(s, &columns);
  return total;
}

size_t cli_text_cut(const char *text, size_t columns) {
  size_t at = 0, used = 0, wide;
  while (text[at]) {
    size_t length = step(text + at, &wide);
    if (used + wide > columns) break;
    used += wide;
    at += length;
  }
  return at;
}

/* One paragraph of `length` bytes. */
static void wrap_line(FILE *out, const char *text, size_t length, size_t indent, bool hanging, size_t width) {
  size_t column = indent;
  if (!hanging) fprintf(out, "%*s", (int)indent, "");
  for (const char *end = text + length; text < end;) {
    size_t blanks = strspn(text, " ");
    if (text + blanks >= end) break;
    size_t word = strcspn(text + blanks, " \n");
    char *copy = cli_printf("%.*s", (int)word, text + blanks);
    size_t wide = cli_text_width(copy);
    if (width > indent && column > indent && column + blanks + wide > width) {
      fprintf(out, "\n%*s", (int)indent, "");
      column = indent;
    } else {
      fprintf(out, "%*s", (int)blanks, "");
      column += blanks;
    }
    cli_put_clean(out, copy);
    column += wide;
    text += blanks + word;
    free(copy);
  }
  fputc('\n', out);
}

void cli_wrap(FILE *out, const char *text, size_t indent, bool hanging, size_t width) {
  for (;;) {
    size_t length = strcspn(text, "\n");
    if (length == 0 && !hanging)
      fputc('\n', out);
    else
      wrap_line(out, text, length, indent, hanging, width);
    hanging = false;
    if (!text[length] || !text[length + 1]) return;
    text += length + 1;
  }
}
