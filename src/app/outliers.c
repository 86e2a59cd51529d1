/* Asks the index the questions of checks.c; what is unlike the rest is told by a robust z-score. */
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

typedef struct comparing {
  const tome_check *check;
  tome_findings *f;
  char *group, *what;
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
  const tome_check *k = c->check;
  return tome_findings_add(c->f, fabs(z) > very_odd ? k->severity : TOME_INFO, k->code, id, k->remedy, &c->err,
                           "%s is %.4g%s%s, usual are %.4g (of %zu cases; robust z %+.1f)", c->what, value,
                           *k->unit ? " " : "", k->unit, median, c->count, z);
}

static bool is_odd(const tome_check *k, double value, double median, double z) {
  const bool ratio = k->kind == TOME_BY_FACTOR;
  const double away = ratio ? fabs(log(value / median)) : fabs(value - median);
  const double least = ratio ? log1p(k->least) : k->least * fabs(median);
  return fabs(z) > odd && away > least && (!k->above || value > median);
}

/* Ends a group: those far from its median are findings, if they are few: where more than one in ten (and two) lie far out, they are a kind of their own
 * among the cases, as with two scanners. */
static bool end_group(comparing *c) {
  const bool ratio = c->check->kind == TOME_BY_FACTOR;
  if (c->count < FEWEST) return true;
  TOME_AUTO_FREE double *z = tome_alloc(c->count, sizeof *z, "values", &c->err);
  if (!z) return false;
  for (size_t i = 0; i < c->count; i++) z[i] = ratio ? log(c->values[i]) : c->values[i];
  double median;
  if (!tome_robust_z(z, c->count, &median, &c->err)) return false;
  if (ratio) median = exp(median);
  size_t few = 0;
  for (size_t i = 0; i < c->count; i++) few += is_odd(c->check, c->values[i], median, z[i]);
  if (few > 2 + c->count / 10) return true;
  for (size_t i = 0; i < c->count; i++)
    if (is_odd(c->check, c->values[i], median, z[i]) && !say_outlier(c, c->ids[i], c->values[i], median, z[i]))
      return false;
  return true;
}

static double number_of(const tome_value *v) { return v->kind == TOME_VALUE_INT ? (double)v->i : v->r; }

static bool begin_group(comparing *c, const char *group, const char *what) {
  if (c->group && !strcmp(c->group, group) && !strcmp(c->what, what)) return true;
  if (!end_group(c) || !(c->group = tome_arena_dup(&c->arena, group, &c->err)) ||
      !(c->what = tome_arena_dup(&c->arena, what, &c->err)))
    return false;
  c->count = 0;
  return true;
}

static bool take_value(void *user, size_t columns, const char *const *names, const tome_value *v) {
  comparing *c = user;
  (void)columns;
  (void)names;
  if (!v) return true;
  if (!begin_group(c, v[0].s ? v[0].s : "", v[3].s ? v[3].s : "") ||
      !tome_grow(&c->values, &c->value_cap, c->count + 1, sizeof *c->values, &c->err) ||
      !tome_grow(&c->ids, &c->id_cap, c->count + 1, sizeof *c->ids, &c->err))
    return false;
  const double value = number_of(&v[2]);
  if (!isfinite(value) || (c->check->kind == TOME_BY_FACTOR && !(value > 0))) return true;
  c->values[c->count] = value;
  return (c->ids[c->count++] = tome_arena_dup(&c->arena, v[1].s, &c->err)) != NULL;
}

static bool compare(tome_store *s, const tome_check *check, tome_findings *f, tome_error *err) {
  TOME_CLEANUP(comparing_clear) comparing c = {.check = check, .f = f};
  if (!tome_index_query(s->index, check->sql, NULL, 0, 600, take_value, &c, err)) return false;
  if (c.err.code || !end_group(&c)) return tome_fail(err, c.err.code, "%s", c.err.message);
  return true;
}

/* ---- what SQL says in full ------------------------------------------------------------------------------ */

typedef struct telling {
  const tome_check *check;
  tome_findings *f;
  tome_error err;
} telling;

static bool take_sentence(void *user, size_t columns, const char *const *names, const tome_value *v) {
  telling *t = user;
  (void)columns;
  (void)names;
  return !v ||
         tome_findings_add(t->f, t->check->severity, t->check->code, v[0].s, t->check->remedy, &t->err, "%s", v[1].s);
}

static bool tell(tome_store *s, const tome_check *check, tome_findings *f, tome_error *err) {
  telling t = {.check = check, .f = f};
  if (!tome_index_query(s->index, check->sql, NULL, 0, 600, take_sentence, &t, err)) return false;
  return !t.err.code || tome_fail(err, t.err.code, "%s", t.err.message);
}

bool tome_find_outliers(tome_store *s, const tome_run *run, tome_findings *f, tome_error *err) {
  tome_progress p = {.phase = "check", .item = ""};
  while (tome_checks[p.items_total].code) p.items_total++;
  for (const tome_check *k = tome_checks; k->code; k++, p.items_done++) {
    p.item = k->code;
    tome_report(run, &p);
    if (tome_stopped(run)) return tome_fail_cancelled(err);
    if (!(k->kind == TOME_BY_SENTENCE ? tell : compare)(s, k, f, err)) return false;
  }
  return true;
}
