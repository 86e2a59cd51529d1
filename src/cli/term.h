/* term.h - what the terminal can do: width, redrawing, style, UTF-8; and the width of text on it. */
#ifndef TOME_CLI_TERM_H
#define TOME_CLI_TERM_H

#include <stdio.h>

#include "cli/utf8.h"
#include "tome.h"

bool cli_utf8(void);         /* the locale's characters are UTF-8 */
int cli_width(FILE *out);    /* columns; 0 where `out` is no terminal */
bool cli_redraws(FILE *out); /* a terminal that understands "\r" and clearing a line */
bool cli_styled(FILE *out);  /* the same, and NO_COLOR is not set */

/* Characters beyond ASCII, with stand-ins for other locales. */
const char *cli_times(void);    /* "×" or "x" */
const char *cli_ellipsis(void); /* "…" or "..." */
const char *cli_range(void);    /* "…" between two numbers, or ".." */

/* Columns that `text` takes. */
size_t cli_text_width(const char *text);
/* Bytes of the longest beginning of `text` that takes at most `columns`. */
size_t cli_text_cut(const char *text, size_t columns);

/* Writes paragraphs (separated by '\n'), broken at blanks to fit `width` columns (0: not broken), each line after `indent` blanks. The first line's
 * indent is taken as written already where `hanging`. */
void cli_wrap(FILE *out, const char *text, size_t indent, bool hanging, size_t width);

#endif
