/*
 * page.h - HTML pages, written as they go: escaping, templates with marks, base64, plots in inline SVG. No imaging and no store here.
 *
 * Whatever comes from a data set (ids, names of labels, paths, sentences) goes through tome_page_text or tome_page_textf: it may hold anything.
 */
#ifndef TOME_PAGE_H
#define TOME_PAGE_H

#include "base/file.h"

/* A file of src/page/web, embedded at build. */
typedef struct tome_web_part {
  const char *name, *text; /* "report.css" */
  uint8_t sha256[32];
} tome_web_part;
extern const tome_web_part tome_web_parts[];             /* ends with name NULL */
const tome_web_part *tome_web_part_of(const char *name); /* NULL where there is none */

/* Writes to a file descriptor through a buffer. The first failure is kept: look at the end (tome_page_flush). Zero-initialise with fd and name. */
enum { TOME_PAGE_BUFFER = 1 << 16 };
typedef struct tome_page {
  int fd;
  const char *name; /* for the sentence */
  size_t used;
  tome_error err;
  char buffer[TOME_PAGE_BUFFER];
} tome_page;
TOME_MUST_USE bool tome_page_flush(tome_page *p, tome_error *err);

/* Markup of our own. */
void tome_page_put(tome_page *p, const char *markup);
void tome_page_putf(tome_page *p, const char *fmt, ...) TOME_PRINTF(2, 3); /* numbers into markup; at most 1 KiB */
/* Text of others, in an element or a quoted attribute: < > & " ' become entities; bytes that are no UTF-8, and control characters, become U+FFFD. */
void tome_page_text(tome_page *p, const char *text);
void tome_page_base64(tome_page *p, const void *data, size_t size);

/* Writes a template, calling `mark` for each {{name}} in it. */
void tome_page_template(tome_page *p, const char *text, void (*mark)(void *user, const char *name), void *user);

/* ---- plots (plot.c): inline SVG that takes its colours from the page's style --- */

/* One row of a strip plot: a dot a value. `ids` (n of them) are what the dots are called. */
typedef struct tome_strip {
  const char *name;
  const double *values; /* NaN: left out */
  const char *const *ids;
  size_t count;
} tome_strip;
/* Rows over one axis, each with its quartiles and median. More than 400 values in a row become a histogram of 48 bins. `log`: where all values are above 0
 * and differ by more than a factor of 4. */
void tome_page_strips(tome_page *p, const char *title, const char *unit, bool log, const tome_strip *rows,
                      size_t count);
/* Counts over equal bins from `lo` on, bars of height log(1 + count); what lies between from and to (a window) is shaded. */
void tome_page_histogram(tome_page *p, const char *title, const char *unit, double lo, double width,
                         const uint64_t *counts, size_t bins, double from, double to);

#endif
