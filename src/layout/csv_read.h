/* csv_read.h - comma-separated values as RFC 4180 has them. */
#ifndef TOME_LAYOUT_CSV_READ_H
#define TOME_LAYOUT_CSV_READ_H

#include "base/file.h"

typedef struct tome_csv_row {
  const char **cells;
  size_t count, cap;
  size_t line; /* where it begins, from 1 */
} tome_csv_row;

typedef struct tome_csv {
  tome_csv_row *rows; /* [0] is the header; lines with nothing on them are left out */
  size_t count, cap;
  tome_csv_row *odd; /* rows of more or fewer cells than the header */
  size_t odd_count, odd_cap;
} tome_csv;

/* Quoted cells may hold commas, line ends and "" for a quote; lines end in LF or CRLF; a byte order mark is passed over. Where
 * the header has no comma, cells are cut at ';' or at tabs. TOME_CORRUPT names `name`, the line and the
 * cell: a quote that is not closed, a quote amid a cell, NUL. All of it lives in `arena`. */
TOME_MUST_USE bool tome_csv_parse(const char *text, size_t size, const char *name, tome_arena *arena, tome_csv *out,
                                  tome_error *err);

#endif
