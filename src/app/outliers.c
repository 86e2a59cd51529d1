/* Cases that are unlike the data set they are in: spacing, values, volumes of structures, structures that lack or that resampling would lose. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/doctor.h"

/* Iglewicz & Hoaglin call |z| > 3.5 an outlier; beyond 10 it is hardly chance. Fewer than 8 values say nothing of what is usual. */
static const double odd = 3.5, very_odd = 10;
enum { FEWEST = 8 };

static int by_value(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double median_of(double *sorted, size_t n) { return (sorted[(n - 1) / 2] + sorted[n / 2]) / 2; }

bool tome_robust_z(double *x, size_t n, double *median, tome_error *err) {
  TOME_AUTO_FREE double *copy = tome_alloc(n + 1, sizeof *copy, "values", err);
  if (!copy) return false;
  *median = NAN;
  if (!n) return true;
  memcpy(copy, x, n * sizeof *copy);
  qsort(copy, n, sizeof *copy, by_value);
  *median = median_of(copy, n);
  double sum = 0;
  for (size_t i = 0; i < n; i++) sum += copy[i] = fabs(x[i] - *median);
  qsort(copy, n, sizeof *copy, by_value);
  const double mad = median_of(copy, n), mean = sum / (double)n;
  const double unit = mad > 0 ? mad / 0.6745 : 1.253314 * mean;
  for (size_t i = 0; i < n; i++) x[i] = unit > 0 ? (x[i] - *median) / unit : 0;
  return true;
}

/* ---- one measure of all cases, in groups that may be compared ------------------------------------------- */

typedef struct measure {
  const char *code, *what, *unit;
  bool ratio; /* compared by factor: spacings and volumes, not HU */
  const char *remedy;
  const char *sql; /* group, id, value; ordered by group */
} measure;

#define SPACING(axis)                                                                                 \
  {                                                                                                   \
    "outlier-spacing", "spacing along " #axis, "mm", true,                                            \
        "compare with the scanner's protocol; wrong units and swapped axes look like this",           \
        "SELECT modality, id, spacing_" #axis " FROM images WHERE spacing_" #axis " > 0 AND ('" #axis \
        "' <> 'z' OR shape_z > 1) ORDER BY 1, 2"                                                      \
  }
#define VALUES(column, rank)                                                                                     \
  {                                                                                                              \
    "outlier-values", "percentile " rank, "", false,                                                             \
        "look at it: another window, contrast phase, padding or a missing rescale",                              \
        "SELECT i.modality, i.id, h." column                                                                     \
        " FROM images AS i JOIN intensity AS h ON h.case_id = i.id WHERE h." column " IS NOT NULL ORDER BY 1, 2" \
  }

static const measure measures[] = {
    SPACING(z),
    SPACING(y),
    SPACING(x),
    VALUES("hu_p005", "0.5"),
    VALUES("hu_p50", "50"),
    VALUES("hu_p995", "99.5"),
    {"outlier-volume", "volume of", "ml", true,
     "look at its outline: cut short, spilled over, or another structure's name",
     "SELECT kind, case_id, ml FROM structures WHERE ml > 0 ORDER BY 1, 2"},
};

typedef struct comparing {
  const measure *m;
  tome_findings *f;
  char *group;
  double *values;
  char **ids;
  size_t count, value_cap, id_cap;
  tome_arena arena;
  tome_error err;
} comparing;

static void comparing_clear(comparing *c) {
  free(c->values);
  free(c->ids);
  tome_arena_clear(&c->arena);
}

static bool say_outlier(comparing *c, const char *id, double value, double median, double z) {
  const measure *m = c->m;
  const bool volume = strcmp(m->code, "outlier-volume") == 0;
  return tome_findings_add(c->f, fabs(z) > very_odd ? TOME_WARNING : TOME_INFO, m->code, id, m->remedy, &c->err,
                           "%s%s%s is %.4g%s%s, usual are %.4g (of %zu %s; robust z %+.1f)", m->what, volume ? " " : "",
                           volume ? c->group : "", value, *m->unit ? " " : "", m->unit, median, c->count,
                           volume ? "cases that have it" : "cases of its modality", z);
}

/* Ends a group: those far from its median are findings. */
static bool end_group(comparing *c) {
  if (c->count < FEWEST) return true;
  TOME_AUTO_FREE double *z = tome_alloc(c->count, sizeof *z, "values", &c->err);
  if (!z) return false;
  for (size_t i = 0; i < c->count; i++) z[i] = c->m->ratio ? log(c->values[i]) : c->values[i];
  double median;
  if (!tome_robust_z(z, c->count, &median, &c->err)) return false;
  if (c->m->ratio) median = exp(median);
  for (size_t i = 0; i < c->count; i++) {
    const double least = 0.05 * fabs(median); /* 0.7001 among 0.7 is no news, however alike the others are */
    if (fabs(z[i]) > odd && fabs(c->values[i] - median) > least &&
        !say_outlier(c, c->ids[i], c->values[i], median, z[i]))
      return false;
  }
  return true;
}

static double number_of(const tome_value *v) { return v->kind == TOME_VALUE_INT ? (double)v->i : v->r; }

static bool take_value(void *user, size_t columns, const char *const *names, const tome_value *v) {
  comparing *c = user;
  (void)columns;
  (void)names;
  if (!v) return true;
  const char *group = v[0].s ? v[0].s : "";
  if (!c->group || strcmp(c->group, group) != 0) {
    if (!end_group(c) || !(c->group = tome_arena_dup(&c->arena, group, &c->err))) return false;
    c->count = 0;
  }
  if (!tome_grow(&c->values, &c->value_cap, c->count + 1, sizeof *c->values, &c->err) ||
      !tome_grow(&c->ids, &c->id_cap, c->count + 1, sizeof *c->ids, &c->err))
    return false;
  c->values[c->count] = number_of(&v[2]);
  return (c->ids[c->count++] = tome_arena_dup(&c->arena, v[1].s, &c->err)) != NULL;
}

static bool compare(tome_store *s, const measure *m, tome_findings *f, tome_error *err) {
  TOME_CLEANUP(comparing_clear) comparing c = {.m = m, .f = f};
  if (!tome_index_query(s->index, m->sql, NULL, 0, 600, take_value, &c, err)) return false;
  if (c.err.code || !end_group(&c)) return tome_fail(err, c.err.code, "%s", c.err.message);
  return true;
}

/* ---- structures that lack, or that resampling would lose ------------------------------------------------- */

typedef struct telling {
  tome_findings *f;
  tome_error err;
} telling;

/* At least eight cases have labels, and at least nine in ten of them have this. */
static const char absent[] =
    "SELECT i.id, k.kind, k.n, t.n FROM images AS i, (SELECT kind, count(*) AS n FROM structures GROUP BY kind) AS k, "
    "(SELECT count(DISTINCT case_id) AS n FROM label_maps) AS t WHERE t.n >= 8 AND k.n >= 0.9 * t.n "
    "AND EXISTS (SELECT 1 FROM label_maps WHERE case_id = i.id) "
    "AND NOT EXISTS (SELECT 1 FROM structures WHERE case_id = i.id AND kind = k.kind)";

static bool take_absent(void *user, size_t columns, const char *const *names, const tome_value *v) {
  telling *t = user;
  (void)columns;
  (void)names;
  return !v || tome_findings_add(t->f, TOME_WARNING, "label-absent", v[0].s,
                                 "leave it if the patient has none; else look at its source", &t->err,
                                 "has no %s, which %lld of %lld labelled cases have", v[1].s, (long long)v[2].i,
                                 (long long)v[3].i);
}

static const char unlabelled[] =
    "SELECT i.id, t.n, a.n FROM images AS i, (SELECT count(DISTINCT case_id) AS n FROM label_maps) AS t, "
    "(SELECT count(*) AS n FROM images) AS a WHERE a.n >= 8 AND t.n >= 0.9 * a.n "
    "AND NOT EXISTS (SELECT 1 FROM label_maps WHERE case_id = i.id)";

static bool take_unlabelled(void *user, size_t columns, const char *const *names, const tome_value *v) {
  telling *t = user;
  (void)columns;
  (void)names;
  return !v || tome_findings_add(t->f, TOME_WARNING, "no-labels", v[0].s, "find its label, or leave it out of training",
                                 &t->err, "has no label map, which %lld of %lld cases have", (long long)v[1].i,
                                 (long long)v[2].i);
}

/* Thinner along an axis than the data set's median spacing there: on that grid a nearest-neighbour label may fall between two slices. */
#define MEDIAN(axis)                                                                             \
  "(SELECT avg(s) FROM (SELECT spacing_" axis " AS s, row_number() OVER (ORDER BY spacing_" axis \
  ") AS r, count(*) OVER () AS n FROM images) WHERE r IN ((n + 1) / 2, n / 2 + 1)) AS " axis
static const char vanishing[] =
    "WITH m AS (SELECT " MEDIAN("z") ", " MEDIAN("y") ", " MEDIAN("x") ") "
    "SELECT l.case_id, l.name, l.voxels, (l.box_z1 - l.box_z0) * i.spacing_z, (l.box_y1 - l.box_y0) * i.spacing_y, "
    "(l.box_x1 - l.box_x0) * i.spacing_x, m.z, m.y, m.x FROM labels AS l JOIN images AS i ON i.id = l.case_id, m "
    "WHERE l.voxels > 0 AND ((l.box_z1 - l.box_z0) * i.spacing_z < m.z OR (l.box_y1 - l.box_y0) * i.spacing_y < m.y "
    "OR (l.box_x1 - l.box_x0) * i.spacing_x < m.x)";

static bool take_vanishing(void *user, size_t columns, const char *const *names, const tome_value *v) {
  telling *t = user;
  (void)columns;
  (void)names;
  if (!v) return true;
  return tome_findings_add(t->f, TOME_INFO, "label-vanishes", v[0].s,
                           "resample finer for it; tome get names the labels that it loses", &t->err,
                           "%s (%lld voxels, %.3gx%.3gx%.3g mm) is thinner than the median spacing %.3gx%.3gx%.3g mm: "
                           "resampled to that it may vanish",
                           v[1].s, (long long)v[2].i, v[3].r, v[4].r, v[5].r, v[6].r, v[7].r, v[8].r);
}

static bool tell(tome_store *s, const char *sql, tome_row_fn row, tome_findings *f, tome_error *err) {
  telling t = {.f = f};
  if (!tome_index_query(s->index, sql, NULL, 0, 600, row, &t, err)) return false;
  return !t.err.code || tome_fail(err, t.err.code, "%s", t.err.message);
}

bool tome_find_outliers(tome_store *s, tome_findings *f, tome_error *err) {
  for (size_t i = 0; i < TOME_COUNT(measures); i++)
    if (!compare(s, &measures[i], f, err)) return false;
  return tell(s, absent, take_absent, f, err) && tell(s, unlabelled, take_unlabelled, f, err) &&
         tell(s, vanishing, take_vanishing, f, err);
}
