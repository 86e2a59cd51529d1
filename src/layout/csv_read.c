#include "layout/csv_read.h"

#include <string.h>

typedef struct reader {
  const char *at, *end, *name;
  char between; /* cells: a comma; ';' or a tab where the header is cut by those alone */
  size_t line;
  tome_arena *arena;
  tome_error *err;
} reader;

static bool fail(const reader *r, const tome_csv_row *row, const char *what) {
  return tome_fail(r->err, TOME_CORRUPT, "%s: line %zu, cell %zu: %s", r->name, r->line, row->count + 1, what);
}

static bool at_line_end(const reader *r) {
  return r->at == r->end || *r->at == '\n' || (*r->at == '\r' && r->at + 1 < r->end && r->at[1] == '\n');
}

/* After the opening quote. */
static bool quoted(reader *r, const tome_csv_row *row, char *to) {
  for (;;) {
    if (r->at == r->end) return fail(r, row, "a quote that is not closed");
    const char c = *r->at++;
    if (c == '\n') r->line++;
    if (c == '\0') return fail(r, row, "a NUL byte");
    if (c != '"') {
      *to++ = c;
    } else if (r->at < r->end && *r->at == '"') {
      *to++ = *r->at++;
    } else {
      *to = '\0';
      return at_line_end(r) || *r->at == r->between || fail(r, row, "something follows the closing quote");
    }
  }
}

static bool plain(reader *r, const tome_csv_row *row, char *to) {
  while (!at_line_end(r) && *r->at != r->between) {
    if (*r->at == '"') return fail(r, row, "a quote amid a cell; put the whole cell in quotes and double those in it");
    if (*r->at == '\0') return fail(r, row, "a NUL byte");
    *to++ = *r->at++;
  }
  *to = '\0';
  return true;
}

/* No cell is longer than what is left of it up to its end, looked for once. */
static size_t cell_room(const reader *r) {
  const char *p = r->at;
  const bool quotes = p < r->end && *p == '"';
  if (quotes) {
    for (p++; p < r->end; p++)
      if (*p == '"' && !(p + 1 < r->end && p[1] == '"'))
        break;
      else if (*p == '"')
        p++;
  } else {
    while (p < r->end && *p != r->between && *p != '\n') p++;
  }
  return (size_t)(p - r->at) + 1;
}

static bool read_cell(reader *r, tome_csv_row *row) {
  char *text = tome_arena_alloc(r->arena, cell_room(r) + 1, r->err);
  if (!text || !tome_arena_grow(r->arena, &row->cells, &row->cap, row->count + 1, sizeof *row->cells, r->err))
    return false;
  if (r->at < r->end && *r->at == '"') {
    r->at++;
    if (!quoted(r, row, text)) return false;
  } else if (!plain(r, row, text)) {
    return false;
  }
  row->cells[row->count++] = text;
  return true;
}

static bool read_row(reader *r, tome_csv_row *row) {
  row->line = r->line;
  for (;;) {
    if (!read_cell(r, row)) return false;
    if (at_line_end(r)) break;
    r->at++;
  }
  if (r->at < r->end) r->at += *r->at == '\r' ? 2 : 1;
  r->line++;
  return true;
}

/* What stands between the cells of the header: spreadsheets write ';' where the comma is the decimal point. */
static char separator(const reader *r) {
  bool comma = false, semicolon = false, tab = false, quotes = false;
  for (const char *p = r->at; p < r->end && *p != '\n'; p++) {
    quotes ^= *p == '"';
    comma |= *p == ',' && !quotes;
    semicolon |= *p == ';' && !quotes;
    tab |= *p == '\t' && !quotes;
  }
  return comma || (!semicolon && !tab) ? ',' : semicolon ? ';' : '\t';
}

bool tome_csv_parse(const char *text, size_t size, const char *name, tome_arena *arena, tome_csv *out,
                    tome_error *err) {
  reader r = {.at = text, .end = text + size, .name = name, .line = 1, .arena = arena, .err = err};
  tome_csv csv = {0};
  if (size >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) r.at += 3;
  r.between = separator(&r);
  while (r.at < r.end) {
    tome_csv_row row = {0};
    if (!read_row(&r, &row)) return false;
    if (row.count == 1 && !*row.cells[0]) continue;
    if (csv.count && row.count != csv.rows[0].count) {
      if (!tome_arena_grow(arena, &csv.odd, &csv.odd_cap, csv.odd_count + 1, sizeof *csv.odd, err)) return false;
      csv.odd[csv.odd_count++] = row;
      continue;
    }
    if (!tome_arena_grow(arena, &csv.rows, &csv.cap, csv.count + 1, sizeof *csv.rows, err)) return false;
    csv.rows[csv.count++] = row;
  }
  *out = csv;
  return true;
}
