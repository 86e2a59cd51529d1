/* The whole data set as one HTML page: the template's marks, each filled in from what the index knows. */
#include "app/report.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void reporting_clear(tome_reporting *r) {
  tome_thumbs_clear(&r->thumbs);
  tome_findings_clear(&r->findings);
  free(r->rows);
  free(r->by_id);
  free(r->page);
  tome_arena_clear(&r->arena);
}

/* ---- head ----------------------------------------------------------------------------------------------- */

static void put_title(tome_reporting *r) {
  if (r->opt->title) {
    tome_page_text(r->page, r->opt->title);
    return;
  }
  char name[256];
  snprintf(name, sizeof name, "%s", r->store->path);
  for (size_t n = strlen(name); n > 1 && name[n - 1] == '/'; n--) name[n - 1] = '\0';
  tome_page_text(r->page, tome_basename(name));
}

/* Nothing is loaded from anywhere, and no script runs but ours, whatever the data set's names say. */
static void put_policy(tome_reporting *r) {
  const struct {
    const char *what, *part;
  } own[] = {{"; style-src 'sha256-", "report.css"}, {"; script-src 'sha256-", "report.js"}};
  tome_page_put(r->page, "default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'");
  for (size_t i = 0; i < TOME_COUNT(own); i++) {
    tome_page_put(r->page, own[i].what);
    tome_page_base64(r->page, tome_web_part_of(own[i].part)->sha256, 32);
    tome_page_put(r->page, "'");
  }
}

static void put_made(tome_reporting *r) {
  const time_t now = time(NULL);
  struct tm utc;
  gmtime_r(&now, &utc);
  tome_page_putf(r->page, "Data set report, made by tome %s on %04d-%02d-%02d %02d:%02d UTC", TOME_VERSION,
                 utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min);
}

/* ---- figures -------------------------------------------------------------------------------------------- */

static void figure(tome_page *p, const char *name, const char *value, const char *note) {
  tome_page_put(p, "<div><dt>");
  tome_page_text(p, name);
  tome_page_put(p, "</dt><dd>");
  tome_page_text(p, value);
  if (*note) {
    tome_page_put(p, "<small>");
    tome_page_text(p, note);
    tome_page_put(p, "</small>");
  }
  tome_page_put(p, "</dd></div>");
}

/* The modalities there are, each once, the most frequent first. */
static size_t modalities(const tome_reporting *r, const char *names[16], size_t counts[16]) {
  size_t n = 0;
  for (size_t i = 0; i < r->count; i++) {
    size_t k = 0;
    while (k < n && strcmp(names[k], r->rows[i].modality) != 0) k++;
    if (k == 16) continue;
    if (k == n) {
      names[n] = r->rows[i].modality;
      counts[n++] = 0;
    }
    counts[k]++;
  }
  for (size_t i = 1; i < n; i++) /* the most frequent first */
    for (size_t k = i; k > 0 && counts[k] > counts[k - 1]; k--) {
      const char *name = names[k];
      const size_t count = counts[k];
      names[k] = names[k - 1];
      counts[k] = counts[k - 1];
      names[k - 1] = name;
      counts[k - 1] = count;
    }
  return n;
}

static void put_modalities(tome_reporting *r) {
  const char *names[16];
  size_t counts[16];
  for (size_t i = 0, n = modalities(r, names, counts); i < n; i++) {
    if (!*names[i]) continue;
    tome_page_put(r->page, "<option>");
    tome_page_text(r->page, names[i]);
    tome_page_put(r->page, "</option>");
  }
}

static void modality_figure(tome_reporting *r) {
  const char *names[16];
  size_t counts[16], used = 0;
  char text[512] = "";
  for (size_t i = 0, n = modalities(r, names, counts); i < n && used < sizeof text - 64; i++) {
    const int wrote = snprintf(text + used, sizeof text - used, "%s%.24s %zu", i ? ", " : "",
                               *names[i] ? names[i] : "not said", counts[i]);
    used += wrote > 0 ? (size_t)wrote : 0;
  }
  figure(r->page, "Modality", *text ? text : "–", "");
}

static void put_figures(tome_reporting *r) {
  size_t labelled = 0, by_rank[3] = {0}, refused = 0;
  int64_t bytes = 0;
  for (size_t i = 0; i < r->count; i++) {
    labelled += *r->rows[i].labels != '\0';
    bytes += r->rows[i].bytes;
  }
  for (size_t i = 0; i < r->findings.count; i++) {
    const tome_doctor_finding *f = &r->findings.rows[i];
    by_rank[*f->severity == 'e' ? 0 : *f->severity == 'w' ? 1 : 2]++;
    refused += f->refused;
  }
  char text[128], note[128];
  snprintf(text, sizeof text, "%zu", r->count);
  figure(r->page, "Cases", text, "");
  snprintf(text, sizeof text, "%zu", labelled);
  snprintf(note, sizeof note, r->thumbs.kind_count == 1 ? "%zu kind of structure" : "%zu kinds of structure",
           r->thumbs.kind_count);
  figure(r->page, "With labels", text, note);
  modality_figure(r);
  snprintf(text, sizeof text, bytes < 1000000000 ? "%.1f MB" : "%.2f GB",
           (double)bytes / (bytes < 1000000000 ? 1e6 : 1e9));
  figure(r->page, "In the store", text, "");
  snprintf(text, sizeof text, by_rank[0] == 1 ? "%zu error" : "%zu errors", by_rank[0]);
  snprintf(note, sizeof note, by_rank[1] == 1 ? "%zu warning, %zu to know" : "%zu warnings, %zu to know", by_rank[1],
           by_rank[2]);
  figure(r->page, "Problems", text, note);
  snprintf(text, sizeof text, "%zu", refused);
  figure(r->page, "Refused sources", text, "not in the store");
}

/* ---- plots ---------------------------------------------------------------------------------------------- */

/* Strips of `count` numbers of each case: the page wants them side by side. */
typedef struct columns {
  double *values;
  const char **ids;
  tome_strip strips[TOME_REPORT_KINDS];
} columns;

static void columns_clear(columns *c) {
  free(c->values);
  free(c->ids);
}

static bool columns_new(tome_reporting *r, const char *const *names, size_t count, columns *c) {
  c->values = tome_alloc(r->count * count + 1, sizeof *c->values, "plot", &r->err);
  c->ids = tome_alloc(r->count + 1, sizeof *c->ids, "plot", &r->err);
  if (!c->values || !c->ids) return false;
  for (size_t i = 0; i < r->count; i++) c->ids[i] = r->rows[i].id;
  for (size_t k = 0; k < count; k++) c->strips[k] = (tome_strip){names[k], c->values + k * r->count, c->ids, r->count};
  return true;
}

static void plot_numbers(tome_reporting *r, const char *title, const char *unit, bool may_log, int first,
                         const char *const names[3]) {
  TOME_CLEANUP(columns_clear) columns c = {0};
  if (!columns_new(r, names, 3, &c)) return;
  for (size_t i = 0; i < r->count; i++)
    for (size_t k = 0; k < 3; k++) c.values[k * r->count + i] = r->rows[i].number[first + (int)k];
  tome_page_strips(r->page, title, unit, may_log, c.strips, 3);
}

static void plot_volumes(tome_reporting *r) {
  TOME_CLEANUP(columns_clear) columns c = {0};
  if (!r->kinds || !columns_new(r, r->thumbs.kinds, r->kinds, &c)) return;
  for (size_t i = 0; i < r->count; i++)
    for (size_t k = 0; k < r->kinds; k++) c.values[k * r->count + i] = r->rows[i].ml[k];
  tome_page_strips(r->page, "Volume of structures", "ml", true, c.strips, r->kinds);
}

static void plot_foreground(tome_reporting *r) {
  TOME_CLEANUP(tome_arena_clear) tome_arena arena = {0};
  TOME_AUTO_INDEX tome_index *ix = tome_index_open(r->store->index, false, &r->err);
  tome_histogram h = {0};
  uint64_t cases;
  tome_intensity sum;
  if (!ix || !tome_index_foreground(ix, NULL, &arena, &h, &cases, &r->err) || !h.bins) return;
  tome_intensity_of(&h, &sum);
  tome_page_histogram(r->page, "Values inside any label, 0.5 to 99.5 % shaded", "value (CT: HU)", h.lo, h.width,
                      h.counts, h.bins, sum.percentile[TOME_P005], sum.percentile[TOME_P995]);
}

static void put_plots(tome_reporting *r) {
  static const char *const axes[] = {"z", "y", "x"}, *const ranks[] = {"0.5 %", "50 %", "99.5 %"};
  if (!r->count) return;
  plot_numbers(r, "Shape", "voxels", false, TOME_SHAPE, axes);
  plot_numbers(r, "Spacing", "mm", true, TOME_SPACING, axes);
  plot_numbers(r, "Percentiles of the image", "value (CT: HU)", false, TOME_HU, ranks);
  plot_volumes(r);
  plot_foreground(r);
}

/* ---- fingerprint ---------------------------------------------------------------------------------------- */

static void fact(tome_page *p, const char *name, const double *v, size_t n) {
  tome_page_putf(p, "<tr><th scope=\"row\">%s</th>", name);
  for (size_t i = 0; i < n; i++) tome_page_putf(p, "<td data-v=\"%.17g\">%.6g</td>", v[i], v[i]);
  tome_page_put(p, "</tr>");
}

/* 1,495,112 */
static void put_grouped(tome_page *p, uint64_t n) {
  char digits[32];
  const int length = snprintf(digits, sizeof digits, "%" PRIu64, n);
  for (int i = 0; i < length; i++) tome_page_putf(p, "%s%c", i && (length - i) % 3 == 0 ? "," : "", digits[i]);
}

static void put_foreground(tome_page *p, const tome_fingerprint *f) {
  tome_page_put(p, "<table class=\"facts\" id=\"foreground\"><caption>Values of the ");
  put_grouped(p, f->voxels);
  tome_page_putf(p,
                 " voxels inside any label, of %" PRIu64
                 " cases. Window from 0.5 to 99.5 %%: level %.6g, width "
                 "%.6g.</caption><thead><tr><td></td>",
                 f->cases_with_label, f->window_level, f->window_width);
  static const char *const heads[] = {"min", "0.5 %", "5 %", "50 %", "95 %", "99.5 %", "max", "mean", "std"};
  for (size_t i = 0; i < TOME_COUNT(heads); i++) tome_page_putf(p, "<th scope=\"col\">%s</th>", heads[i]);
  tome_page_put(p, "</tr></thead><tbody>");
  const double values[] = {f->min, f->p005, f->p05, f->p50, f->p95, f->p995, f->max, f->mean, f->std};
  fact(p, "foreground", values, TOME_COUNT(values));
  tome_page_put(p, "</tbody></table>");
}

static void put_fingerprint(tome_reporting *r) {
  tome_fingerprint f;
  tome_page *p = r->page;
  if (!r->count || !tome_fingerprint_of(r->store, NULL, &f, &r->err)) return;
  tome_page_put(p,
                "<h3>Fingerprint</h3><div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Fingerprint\">"
                "<table class=\"facts\" id=\"grids\"><caption>Each axis on its own.</caption><thead><tr><td></td>");
  for (int i = 0; i < 6; i++)
    tome_page_putf(p, "<th scope=\"col\">%s %c</th>", i < 3 ? "shape" : "spacing", "zyx"[i % 3]);
  tome_page_put(p, "</tr></thead><tbody>");
  const double *const rows[][2] = {
      {f.shape_min, f.spacing_min}, {f.shape_median, f.spacing_median}, {f.shape_max, f.spacing_max}};
  static const char *const names[] = {"least", "median", "most"};
  for (int i = 0; i < 3; i++) {
    const double both[6] = {rows[i][0][0], rows[i][0][1], rows[i][0][2], rows[i][1][0], rows[i][1][1], rows[i][1][2]};
    fact(p, names[i], both, 6);
  }
  tome_page_put(p, "</tbody></table>");
  if (f.voxels) put_foreground(p, &f);
  tome_page_put(p, "</div>");
}

/* ---- problems ------------------------------------------------------------------------------------------- */

static void problem_case(tome_reporting *r, const tome_doctor_finding *f, int64_t place) {
  tome_page *p = r->page;
  if (place >= 0) tome_page_putf(p, "<a href=\"#case-%" PRId64 "\">", place);
  tome_page_text(p, *f->id ? f->id : *f->path ? f->path : "–");
  if (place >= 0) tome_page_put(p, "</a>");
  if (f->refused) tome_page_put(p, " <span class=\"none\">refused</span>");
}

static void problem_row(tome_reporting *r, const tome_doctor_finding *f) {
  tome_page *p = r->page;
  const int64_t place = f->refused ? -1 : tome_report_place(r, f->id);
  tome_page_putf(p, "<tr data-severity=\"%s\" data-found=\"%s\">", f->severity, f->now ? "now" : "ingest");
  if (!r->opt->no_pictures) {
    if (place >= 0)
      tome_page_putf(p,
                     "<td class=\"pic\" data-picture-of=\"%" PRId64 "\"><a href=\"#case-%" PRId64 "\">below</a></td>",
                     place, place);
    else
      tome_page_put(p, "<td class=\"pic none\">–</td>");
  }
  tome_page_putf(p, "<td data-v=\"%d\"><span class=\"badge %s\">%s</span></td><td class=\"code\">",
                 *f->severity == 'e'   ? 0
                 : *f->severity == 'w' ? 1
                                       : 2,
                 f->severity, f->severity);
  tome_page_text(p, f->code);
  tome_page_put(p, "</td><th scope=\"row\">");
  problem_case(r, f, place);
  tome_page_put(p, "</th><td class=\"long\"><div>");
  tome_page_text(p, f->text);
  tome_page_put(p, "</div>");
  if (*f->remedy) {
    tome_page_put(p, "<div class=\"remedy\">→ ");
    tome_page_text(p, f->remedy);
    tome_page_put(p, "</div>");
  }
  tome_page_put(p, "</td></tr>\n");
}

static void put_problems(tome_reporting *r) {
  tome_page *p = r->page;
  if (!r->findings.count) {
    tome_page_put(p, "<p class=\"note\">None found.</p>");
    return;
  }
  tome_page_putf(
      p,
      "<form class=\"controls\" data-table=\"problem-table\"><label>Filter <input type=\"search\" name=\"text\" "
      "autocomplete=\"off\"></label><label>Severity <select name=\"severity\"><option value=\"\">all</option>"
      "<option>error</option><option>warning</option><option>info</option></select></label>"
      "<output role=\"status\">%zu rows</output></form>"
      "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-labelledby=\"problems-title\">",
      r->findings.count);
  tome_page_put(
      p,
      "<table id=\"problem-table\" class=\"sortable\"><caption>Worst first: what ingesting found, and cases unlike the "
      "others. → what to do.</caption><thead><tr>");
  if (!r->opt->no_pictures) tome_page_put(p, "<th scope=\"col\" class=\"fixed\">Picture</th>");
  tome_page_put(p,
                "<th scope=\"col\" data-by=\"number\">Severity</th><th scope=\"col\">Code</th><th scope=\"col\">Case "
                "or source</th>"
                "<th scope=\"col\">What, and what to do</th></tr></thead><tbody>\n");
  for (size_t i = 0; i < r->findings.count; i++) problem_row(r, &r->findings.rows[i]);
  tome_page_put(p, "</tbody></table></div>");
}

/* ---- the page ------------------------------------------------------------------------------------------- */

static void put_legend(tome_reporting *r) {
  if (r->opt->no_pictures || !r->thumbs.kind_count) return;
  const size_t all = r->thumbs.kind_count, shown = all < TOME_COLOURS ? all : TOME_COLOURS;
  tome_page_put(r->page, "<ul class=\"legend\" aria-label=\"Colours of outlines\">");
  for (size_t k = 0; k < shown; k++) {
    const tome_rgb c =
        tome_label_colour(k); /* as a drawing's attribute: the page's policy lets no style into elements */
    tome_page_putf(
        r->page,
        "<li><svg viewBox=\"0 0 16 16\" aria-hidden=\"true\"><rect x=\"2\" y=\"2\" width=\"12\" height=\"12\" "
        "stroke-width=\"3\" stroke=\"#%02x%02x%02x\"/></svg>",
        c.r, c.g, c.b);
    tome_page_text(r->page, r->thumbs.kinds[k]);
    tome_page_put(r->page, "</li>");
  }
  if (all > shown) tome_page_putf(r->page, "<li>… and %zu more, in the same colours again</li>", all - shown);
  tome_page_put(r->page, "</ul>");
}

static void put_count(tome_reporting *r) { tome_page_putf(r->page, "%zu rows", r->count); }
static void put_style(tome_reporting *r) { tome_page_put(r->page, tome_web_part_of("report.css")->text); }
static void put_script(tome_reporting *r) { tome_page_put(r->page, tome_web_part_of("report.js")->text); }

static void put_mark(void *user, const char *name) {
  static const struct {
    const char *name;
    void (*put)(tome_reporting *r);
  } marks[] = {{"policy", put_policy},
               {"title", put_title},
               {"style", put_style},
               {"made", put_made},
               {"figures", put_figures},
               {"plots", put_plots},
               {"fingerprint", put_fingerprint},
               {"problems", put_problems},
               {"legend", put_legend},
               {"modalities", put_modalities},
               {"count", put_count},
               {"heads", tome_report_heads},
               {"cases", tome_report_cases},
               {"script", put_script}};
  tome_reporting *r = user;
  for (size_t i = 0; i < TOME_COUNT(marks) && !r->err.code; i++)
    if (strcmp(marks[i].name, name) == 0) marks[i].put(r);
}

bool tome_report_write(tome_store *store, const char *path, const tome_report_options *opt, const tome_run *run,
                       tome_error *err) {
  static const tome_report_options standard = {0};
  TOME_CLEANUP(reporting_clear) tome_reporting r = {.store = store, .opt = opt ? opt : &standard, .run = run};
  TOME_CLEANUP(tome_draft_abandon) tome_draft draft = {0};
  if (!r.opt->force && tome_file_exists(path))
    return tome_fail(err, TOME_EXISTS, "%s: exists already; --force overwrites it", path);
  if (!(r.page = tome_alloc_zero(1, sizeof *r.page, path, err)) || !tome_report_gather(&r, err) ||
      !tome_draft_open(path, &draft, err))
    return false;
  r.page->fd = draft.fd;
  r.page->name = path;
  tome_page_template(r.page, tome_web_part_of("report.html")->text, put_mark, &r);
  if (r.err.code) return tome_fail(err, r.err.code, "%s", r.err.message);
  return tome_page_flush(r.page, err) && tome_draft_place(&draft, r.opt->force, err);
}
