/* A table of cases of one's own, given as the root: cases.csv with a header (id, image, label, label:NAME, channel:NAME, image:NAME, spacing), a row a case, paths relative
 * to the table. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "layout/csv_read.h"
#include "layout/scan.h"

enum { MOST_BYTES = 256 << 20 };

typedef enum column_kind { IGNORED = 0, ID, IMAGE, LABEL, CHANNEL, SPACING } column_kind;

typedef struct column {
  column_kind kind;
  const char *title; /* as the header has it */
  const char *name;  /* of LABEL, CHANNEL; of IMAGE where it is a channel, else NULL */
} column;

typedef struct table {
  const char *shown;  /* the table's name */
  const char *folder; /* what its paths are relative to */
  const column *columns;
  size_t column_count;
  tome_csv csv;
  tome_scan *scan;
  tome_plan *plan;
} table;

/* ---- header ---- */

static bool parse_title(const char *title, column *out) {
  static const struct {
    const char *word;
    column_kind kind;
    bool alone, named; /* may stand alone; with :NAME */
  } known[] = {{"id", ID, true, false},
               {"image", IMAGE, true, true},
               {"label", LABEL, true, true},
               {"channel", CHANNEL, false, true},
               {"spacing", SPACING, true, false}};
  *out = (column){.title = title};
  for (size_t i = 0; i < TOME_COUNT(known); i++) {
    const size_t n = strlen(known[i].word);
    if (strncasecmp(title, known[i].word, n) != 0) continue;
    const bool named = title[n] == ':' && title[n + 1];
    if (!(named ? known[i].named : known[i].alone && !title[n])) continue;
    out->kind = known[i].kind;
    out->name = named ? title + n + 1 : known[i].kind == LABEL ? "label" : NULL;
    return true;
  }
  return false;
}

static bool check_header(const table *t, tome_error *err) {
  size_t images = 0;
  for (size_t i = 0; i < t->column_count; i++) {
    images += t->columns[i].kind == IMAGE;
    for (size_t k = 0; t->columns[i].kind && k < i; k++)
      if (strcasecmp(t->columns[k].title, t->columns[i].title) == 0)
        return tome_fail(err, TOME_CORRUPT, "%s: line %zu: two columns are called %s", t->shown, t->csv.rows[0].line,
                         t->columns[i].title);
  }
  if (images == 1) return true;
  return tome_fail(err, TOME_CORRUPT,
                   images ? "%s: line %zu: several columns are called image; name further ones channel:NAME"
                          : "%s: line %zu: has no column called image; the header is id,image,label or "
                            "label:NAME,channel:NAME,spacing, separated by commas, semicolons or tabs",
                   t->shown, t->csv.rows[0].line);
}

static bool read_header(table *t, tome_error *err) {
  const tome_csv_row *head = &t->csv.rows[0];
  column *columns = tome_arena_alloc(&t->scan->arena, (head->count + 1) * sizeof *columns, err);
  if (!columns) return false;
  t->columns = columns;
  t->column_count = head->count;
  for (size_t i = 0; i < head->count; i++)
    if (!parse_title(head->cells[i], &columns[i]) &&
        !tome_plan_pass_over(t->plan, t->scan->tree->root, err,
                             "%s: the column \"%.60s\" is not read; id, image, label, label:NAME, channel:NAME and "
                             "spacing are",
                             t->shown, head->cells[i]))
      return false;
  return check_header(t, err);
}

/* ---- rows ---- */

/* "2.5,0.7,0.7", with commas, blanks, ';' or 'x' between; one number stands for all. */
static bool parse_spacing(const char *text, double out[3]) {
  int n = 0;
  for (const char *at = text; *at;) {
    char *end;
    const double v = strtod(at, &end);
    if (end == at || !isfinite(v) || v < 1e-4 || v > 1000 || n == 3) return false;
    out[n++] = v;
    at = end + strspn(end, " ,;x");
  }
  if (n == 1) out[1] = out[2] = out[0];
  return n == 1 || n == 3;
}

/* The row's case is refused, the others go on. */
static bool refuse_row(const table *t, const tome_csv_row *row, const char *id, const char *title, const char *why,
                       tome_error *err) {
  const char *what = id && *id ? id : tome_arena_printf(&t->plan->arena, err, "%s-%zu", t->shown, row->line);
  if (!what || !tome_plan_pass_over(t->plan, what, err, "%s: line %zu, column %s: %s", t->shown, row->line, title, why))
    return false;
  t->plan->passed[t->plan->passed_count - 1].damaged = true;
  return true;
}

/* A row with a cell too many or too few: which is which cannot be known. */
static bool refuse_odd(const table *t, const tome_csv_row *row, tome_error *err) {
  const char *what = tome_arena_printf(&t->plan->arena, err, "%s-%zu", t->shown, row->line);
  for (size_t i = 0; what && i < t->column_count && i < row->count; i++)
    if (t->columns[i].kind == ID && *row->cells[i]) what = row->cells[i];
  if (!what || !tome_plan_pass_over(t->plan, what, err,
                                    "%s: line %zu: has %zu cells where the header has %zu; a cell with a comma in it "
                                    "goes in quotes",
                                    t->shown, row->line, row->count, t->column_count))
    return false;
  t->plan->passed[t->plan->passed_count - 1].damaged = true;
  return true;
}

typedef struct row_case {
  tome_said_case said;
  tome_named_path *named; /* channels, then labels */
  size_t *column_of;      /* of each of them */
  size_t image_column;
  double spacing[3];
} row_case;

static const char *cell_path(const table *t, const char *cell, tome_error *err) {
  return *cell == '/' ? cell : tome_join(&t->plan->arena, t->folder, cell, err);
}

static bool add_named(const table *t, const tome_csv_row *row, column_kind kind, row_case *out, size_t *used,
                      size_t *count, tome_error *err) {
  for (size_t i = 0; i < t->column_count; i++) {
    if (t->columns[i].kind != kind || !*row->cells[i]) continue;
    const char *path = cell_path(t, row->cells[i], err);
    if (!path) return false;
    out->named[*used] = (tome_named_path){t->columns[i].name, path};
    out->column_of[(*used)++] = i;
    ++*count;
  }
  return true;
}

/* What the row says. *bad: the column whose cell cannot be, with a sentence in `why`. */
static bool read_row(const table *t, const tome_csv_row *row, row_case *out, const char **bad, const char **why,
                     tome_error *err) {
  size_t used = 0;
  out->named = tome_arena_alloc(&t->scan->arena, (t->column_count + 1) * sizeof *out->named, err);
  out->column_of = tome_arena_alloc(&t->scan->arena, (t->column_count + 1) * sizeof *out->column_of, err);
  if (!out->named || !out->column_of) return false;
  for (size_t i = 0; i < t->column_count; i++) {
    const char *cell = row->cells[i];
    if (t->columns[i].kind == ID && *cell) out->said.id = cell;
    if (t->columns[i].kind == SPACING && *cell && !parse_spacing(cell, out->spacing))
      *bad = t->columns[i].title, *why = "spacing is z,y,x in mm, or one number for all three";
    if (t->columns[i].kind != IMAGE) continue;
    out->image_column = i;
    out->said.image_name = t->columns[i].name;
    if (!*cell)
      *bad = t->columns[i].title, *why = "a case needs an image, and the cell is empty";
    else if (!(out->said.image = cell_path(t, cell, err)))
      return false;
  }
  out->said.channels = out->named;
  if (!add_named(t, row, CHANNEL, out, &used, &out->said.channel_count, err)) return false;
  out->said.labels = out->named + used;
  return add_named(t, row, LABEL, out, &used, &out->said.label_count, err);
}

/* Messages call a file what the table calls it. */
static void show(tome_input *in, const table *t, const char *cell, const double spacing[3]) {
  const size_t n = strlen(t->folder);
  in->shown = cell;
  if (strncmp(in->paths[0], t->folder, n) == 0 && in->paths[0][n] == '/') in->root_length = n + 1;
  memcpy(in->spacing, spacing, sizeof in->spacing);
  in->spacing_said = spacing[0] > 0;
}

static void show_all(const table *t, const tome_csv_row *row, const row_case *r, tome_case_input *c) {
  c->layout = "csv";
  show(&c->image, t, row->cells[r->image_column], r->spacing);
  for (size_t i = 0; i < c->channel_count; i++) show(&c->channels[i].input, t, row->cells[r->column_of[i]], r->spacing);
  for (size_t i = 0; i < c->label_count; i++)
    show(&c->labels[i].input, t, row->cells[r->column_of[c->channel_count + i]], r->spacing);
}

static bool take_row(const table *t, const tome_csv_row *row, tome_error *err) {
  row_case r = {0};
  const char *bad = NULL, *why = NULL;
  const tome_named_path *at = NULL;
  tome_error failed = {0};
  if (!read_row(t, row, &r, &bad, &why, err)) return false;
  if (bad) return refuse_row(t, row, r.said.id, bad, why, err);
  tome_case_input *c = tome_plan_said(&r.said, t->plan, &at, &failed);
  if (c) return show_all(t, row, &r, c), true;
  if (failed.code == TOME_NO_MEMORY || failed.code == TOME_CANCELLED)
    return tome_fail(err, failed.code, "%s", failed.message);
  const size_t where = at ? r.column_of[at - r.named] : r.image_column;
  return refuse_row(t, row, r.said.id, t->columns[where].title, failed.message, err);
}

/* ---- the table ---- */

static int by_id(const void *a, const void *b) {
  return strcmp((*(const tome_csv_row *const *)a)->cells[0], (*(const tome_csv_row *const *)b)->cells[0]);
}

/* No two rows of one id. Looks at copies of the rows that hold the id first. */
static bool check_ids(const table *t, tome_error *err) {
  size_t id = 0, count = 0;
  while (id < t->column_count && t->columns[id].kind != ID) id++;
  if (id == t->column_count) return true;
  tome_csv_row *rows = tome_arena_alloc(&t->scan->arena, t->csv.count * sizeof *rows, err);
  const tome_csv_row **order = tome_arena_alloc(&t->scan->arena, t->csv.count * sizeof *order, err);
  if (!rows || !order) return false;
  for (size_t i = 1; i < t->csv.count; i++) {
    if (!*t->csv.rows[i].cells[id]) continue;
    rows[count] = (tome_csv_row){.cells = &t->csv.rows[i].cells[id], .line = t->csv.rows[i].line};
    order[count] = &rows[count];
    count++;
  }
  if (count) qsort(order, count, sizeof *order, by_id);
  for (size_t i = 1; i < count; i++)
    if (strcmp(order[i - 1]->cells[0], order[i]->cells[0]) == 0)
      return tome_fail(err, TOME_CORRUPT, "%s: lines %zu and %zu have the same id %.60s", t->shown,
                       order[i - 1]->line < order[i]->line ? order[i - 1]->line : order[i]->line,
                       order[i - 1]->line < order[i]->line ? order[i]->line : order[i - 1]->line, order[i]->cells[0]);
  return true;
}

static bool read_table(table *t, const tome_bytes *bytes, tome_error *err) {
  if (!tome_csv_parse((const char *)bytes->data, bytes->size, t->shown, &t->plan->arena, &t->csv, err)) return false;
  if (!t->csv.count) return tome_fail(err, TOME_CORRUPT, "%s: is empty; a table begins with id,image,label", t->shown);
  if (!read_header(t, err) || !check_ids(t, err)) return false;
  for (size_t i = 0; i < t->csv.odd_count; i++)
    if (!refuse_odd(t, &t->csv.odd[i], err)) return false;
  for (size_t i = 1; i < t->csv.count; i++)
    if (!take_row(t, &t->csv.rows[i], err)) return false;
  return t->csv.count > 1 || t->csv.odd_count ||
         tome_plan_pass_over(t->plan, t->scan->tree->root, err, "%s: has no rows", t->shown);
}

/* A table in a folder may be anybody's, about anything. */
static bool point_out(tome_scan *s, tome_plan *plan, tome_error *err) {
  const size_t entry = tome_scan_named(s, 0, "cases.csv");
  if (entry == TOME_NOWHERE) return true;
  s->claimed[entry] = true;
  return tome_plan_pass_over(plan, s->tree->entries[entry].full, err,
                             "cases.csv: a table is read only where it is named itself: tome ingest STORE %s",
                             s->tree->entries[entry].full);
}

static bool find(tome_scan *s, tome_plan *plan, tome_error *err) {
  if (!s->is_file) return point_out(s, plan, err);
  if (strcasecmp(tome_extension(tome_scan_name(s, 0)), ".csv") != 0) return true;
  TOME_CLEANUP(tome_bytes_clear) tome_bytes bytes = {0};
  const char *full = s->tree->entries[0].full;
  table t = {.shown = tome_arena_dup(&plan->arena, tome_basename(full), err), .scan = s, .plan = plan};
  const size_t length = strlen(full) - strlen(tome_basename(full));
  t.folder = length ? tome_arena_printf(&plan->arena, err, "%.*s", (int)(length > 1 ? length - 1 : 1), full) : ".";
  s->claimed[0] = true;
  return t.shown && t.folder && tome_file_read(full, MOST_BYTES, &bytes, err) && read_table(&t, &bytes, err);
}

extern const tome_layout tome_layout_csv;
const tome_layout tome_layout_csv = {
    .name = "csv",
    .title = "a table of your own: one row a case, paths relative to the table",
    .tree =
        "tome ingest STORE cases.csv\n"
        "  id,image,label:liver,label:tumor,spacing\n"
        "  p1,ct/p1.nii.gz,masks/p1_liver.nii.gz,,\n"
        "  p2,slices/p2/,masks/p2/,\"tumors/p2, new.nii.gz\",\"2.5,0.7,0.7\"\n"
        "image, label and label:NAME are files or folders of slices; channel:NAME (and image:NAME for the first) are "
        "further images on\n"
        "the same grid. Quotes as in RFC 4180. A row that cannot be is refused by line and column, the others go on.\n",
    .find = find,
};
