/* The report's cases: gathered from the index, written as rows of a table, a batch of pictures at a time. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/report.h"

/* ---- gathering ------------------------------------------------------------------------------------------ */

static const char cases_sql[] =
    "SELECT id, modality, layout, labels, units, problems, stored_bytes, shape_z, shape_y, shape_x, spacing_z, "
    "spacing_y, spacing_x, hu_p005, hu_p50, hu_p995 FROM cases";
enum { FIRST_NUMBER = 7 };

static double number_of(const tome_value *v) {
  return v->kind == TOME_VALUE_INT ? (double)v->i : v->kind == TOME_VALUE_REAL ? v->r : NAN;
}

static bool take_case(void *user, size_t columns, const char *const *names, const tome_value *v) {
  tome_reporting *r = user;
  (void)columns;
  (void)names;
  if (!v) return true;
  if (!tome_grow(&r->rows, &r->cap, r->count + 1, sizeof *r->rows, &r->err)) return false;
  tome_report_row *row = &r->rows[r->count++];
  *row = (tome_report_row){.problems = v[5].i, .bytes = v[6].i};
  for (int i = 0; i < TOME_NUMBERS; i++) row->number[i] = number_of(&v[FIRST_NUMBER + i]);
  for (int i = 0; i < TOME_REPORT_KINDS; i++) row->ml[i] = NAN;
  const char **texts[] = {&row->id, &row->modality, &row->layout, &row->labels, &row->units};
  for (size_t i = 0; i < TOME_COUNT(texts); i++)
    if (!(*texts[i] = tome_arena_dup(&r->arena, v[i].s, &r->err))) return false;
  return true;
}

static int in_natural_order(const void *a, const void *b) {
  const tome_report_row *x = a, *y = b;
  const int d = tome_natural_compare(x->id, y->id);
  return d ? d : strcmp(x->id, y->id);
}

static int by_id(const void *a, const void *b) {
  return strcmp((*(tome_report_row *const *)a)->id, (*(tome_report_row *const *)b)->id);
}

static tome_report_row *row_of(const tome_reporting *r, const char *id) {
  tome_report_row key = {.id = id}, *k = &key;
  tome_report_row **hit = r->count ? bsearch(&k, r->by_id, r->count, sizeof k, by_id) : NULL;
  return hit ? *hit : NULL;
}

int64_t tome_report_place(const tome_reporting *r, const char *id) {
  const tome_report_row *row = row_of(r, id);
  return row ? row - r->rows : -1;
}

static bool take_volume(void *user, size_t columns, const char *const *names, const tome_value *v) {
  tome_reporting *r = user;
  (void)columns;
  (void)names;
  if (!v) return true;
  tome_report_row *row = row_of(r, v[0].s);
  for (size_t k = 0; row && k < r->kinds; k++)
    if (strcmp(r->thumbs.kinds[k], v[1].s) == 0) row->ml[k] = number_of(&v[2]);
  return true;
}

static bool order(tome_reporting *r, tome_error *err) {
  if (r->count) qsort(r->rows, r->count, sizeof *r->rows, in_natural_order);
  if (!(r->by_id = tome_alloc(r->count + 1, sizeof *r->by_id, "cases", err))) return false;
  for (size_t i = 0; i < r->count; i++) r->by_id[i] = &r->rows[i];
  if (r->count) qsort(r->by_id, r->count, sizeof *r->by_id, by_id);
  return true;
}

bool tome_report_gather(tome_reporting *r, tome_error *err) {
  if (!tome_thumbs_open(r->store, 160, 2, &r->thumbs, err) ||
      !tome_index_query(r->store->index, cases_sql, NULL, 0, 600, take_case, r, err))
    return false;
  if (r->err.code) return tome_fail(err, r->err.code, "%s", r->err.message);
  r->kinds = r->thumbs.kind_count < TOME_REPORT_KINDS ? r->thumbs.kind_count : TOME_REPORT_KINDS;
  return order(r, err) &&
         tome_index_query(r->store->index, "SELECT case_id, kind, ml FROM structures", NULL, 0, 600, take_volume, r,
                          err) &&
         tome_findings_collect(r->store, r->run, &r->findings, err);
}

/* ---- the table ------------------------------------------------------------------------------------------ */

void tome_report_heads(tome_reporting *r) {
  tome_page *p = r->page;
  if (!r->opt->no_pictures) tome_page_put(p, "<th scope=\"col\" class=\"fixed\">Picture</th>");
  tome_page_put(p,
                "<th scope=\"col\">Case</th><th scope=\"col\">Modality</th><th scope=\"col\" class=\"n\">Shape</th>"
                "<th scope=\"col\" class=\"n\">Spacing, mm</th><th scope=\"col\" class=\"n\">0.5 %</th>"
                "<th scope=\"col\" class=\"n\">50 %</th><th scope=\"col\" class=\"n\">99.5 %</th>");
  for (size_t k = 0; k < r->kinds && k < TOME_REPORT_COLUMNS; k++) {
    tome_page_put(p, "<th scope=\"col\" class=\"n kind\">");
    tome_page_text(p, r->thumbs.kinds[k]);
    tome_page_put(p, ", ml</th>");
  }
  tome_page_put(p, "<th scope=\"col\">Labels</th><th scope=\"col\" class=\"n\">Problems</th>");
}

/* A number as a person reads it, and in full for sorting. */
static void number_cell(tome_page *p, double v, const char *fmt) {
  char shown[64];
  if (!isfinite(v)) {
    tome_page_put(p, "<td class=\"n\" data-v=\"\">–</td>");
    return;
  }
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
  snprintf(shown, sizeof shown, fmt, v);
#pragma GCC diagnostic pop
  tome_page_putf(p, "<td class=\"n\" data-v=\"%.17g\">%s</td>", v, shown);
}

static void text_cell(tome_page *p, const char *kind, const char *text) {
  tome_page_putf(p, "<td%s>", kind);
  tome_page_text(p, *text ? text : "–");
  tome_page_put(p, "</td>");
}

/* "liver,tumor" as a list that may wrap. */
static void labels_cell(tome_page *p, const char *names) {
  tome_page_put(p, "<td class=\"labels\">");
  if (!*names) tome_page_put(p, "–");
  for (const char *s = names; *s;) {
    const size_t n = strcspn(s, ",");
    char one[256];
    snprintf(one, sizeof one, "%.*s", (int)(n < sizeof one ? n : sizeof one - 1), s);
    tome_page_text(p, one);
    s += n;
    if (*s) tome_page_put(p, ", "), s++;
  }
  tome_page_put(p, "</td>");
}

static void picture_cell(tome_page *p, const tome_report_row *row, const tome_bytes *png) {
  if (!png->data) {
    tome_page_put(p, "<td class=\"pic none\">no picture</td>");
    return;
  }
  tome_page_put(p, "<td class=\"pic\"><img loading=\"lazy\" decoding=\"async\" width=\"104\" height=\"104\" alt=\"");
  tome_page_text(p, row->id);
  tome_page_put(p, *row->labels ? ": one slice, structures outlined\" src=\"data:image/png;base64,"
                                : ": one slice\" src=\"data:image/png;base64,");
  tome_page_base64(p, png->data, png->size);
  tome_page_put(p, "\"></td>");
}

static void write_row(tome_reporting *r, size_t i, const tome_bytes *png) {
  tome_page *p = r->page;
  const tome_report_row *row = &r->rows[i];
  const double *n = row->number;
  tome_page_putf(p, "<tr id=\"case-%zu\" data-problems=\"%" PRId64 "\" data-modality=\"", i, row->problems);
  tome_page_text(p, row->modality);
  tome_page_put(p, "\">");
  if (!r->opt->no_pictures) picture_cell(p, row, png);
  tome_page_put(p, "<th scope=\"row\">");
  tome_page_text(p, row->id);
  tome_page_put(p, "</th>");
  text_cell(p, "", row->modality);
  tome_page_putf(p, "<td class=\"n\" data-v=\"%.17g\">%.0f × %.0f × %.0f</td>", n[0], n[0], n[1], n[2]);
  tome_page_putf(p, "<td class=\"n\" data-v=\"%.17g\">%.4g × %.4g × %.4g</td>", n[3], n[3], n[4], n[5]);
  for (int k = TOME_HU; k < TOME_NUMBERS; k++) number_cell(p, n[k], "%.5g");
  for (size_t k = 0; k < r->kinds && k < TOME_REPORT_COLUMNS; k++)
    number_cell(p, row->ml[k], row->ml[k] < 10 ? "%.3g" : "%.1f");
  labels_cell(p, row->labels);
  number_cell(p, (double)row->problems, "%.0f");
  tome_page_put(p, "</tr>\n");
}

/* ---- pictures, a batch at a time ------------------------------------------------------------------------ */

enum { BATCH = 32 };

typedef struct batch {
  const tome_reporting *r;
  size_t first;
  tome_bytes png[BATCH];
} batch;

static void batch_clear(batch *b) {
  for (int i = 0; i < BATCH; i++) tome_bytes_clear(&b->png[i]);
}

/* A case that cannot be read has no picture; that it cannot be read stands among the problems. */
static bool draw(void *ctx, size_t item, int worker, tome_error *err) {
  batch *b = ctx;
  (void)worker;
  tome_error e = {0};
  if (tome_thumbs_png(&b->r->thumbs, b->r->rows[b->first + item].id, &b->png[item], &e)) return true;
  return e.code != TOME_NO_MEMORY || tome_fail(err, e.code, "%s", e.message);
}

void tome_report_cases(tome_reporting *r) {
  tome_run quiet = r->run ? *r->run : (tome_run){0};
  tome_progress now = {.phase = "report", .item = "", .items_total = r->count};
  quiet.progress = NULL;
  for (size_t first = 0; first < r->count && !r->err.code; first += BATCH) {
    TOME_CLEANUP(batch_clear) batch b = {.r = r, .first = first};
    const size_t n = r->count - first < BATCH ? r->count - first : BATCH;
    if (!r->opt->no_pictures && !tome_parallel(&quiet, n, draw, &b, &r->err)) return;
    for (size_t i = 0; i < n; i++) write_row(r, first + i, &b.png[i]);
    now.items_done += n;
    now.item = r->rows[first].id;
    tome_report(r->run, &now);
  }
}
