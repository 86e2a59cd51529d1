/* Questions: SQL over the index, and the data set's fingerprint from statistics already stored. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/app.h"

bool tome_query(tome_store *store, const char *sql, const char *const *params, size_t param_count, double seconds,
                tome_row_fn row, void *user, tome_error *err) {
  return tome_index_query(store->index, sql, params, param_count, seconds > 0 ? seconds : 30, row, user, err);
}

/* ---- the fingerprint ------------------------------------------------------------------------------------ */

/* spacing z, y, x and shape z, y, x of every case, one list each. */
typedef struct grids {
  double *list[6];
  size_t cap[6], count;
  tome_error err;
} grids;

static void grids_clear(grids *g) {
  for (int i = 0; i < 6; i++) free(g->list[i]);
}

static bool take_grid(void *user, size_t columns, const char *const *names, const tome_value *values) {
  grids *g = user;
  (void)names;
  if (!values) return true;
  for (size_t i = 0; i < columns && i < 6; i++) {
    if (!tome_grow(&g->list[i], &g->cap[i], g->count + 1, sizeof(double), &g->err)) return false;
    g->list[i][g->count] = values[i].kind == TOME_VALUE_INT ? (double)values[i].i : values[i].r;
  }
  g->count++;
  return true;
}

static int by_value(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static void summarise(double *list, size_t n, double *least, double *median, double *most) {
  *least = *median = *most = NAN;
  if (!n) return;
  qsort(list, n, sizeof *list, by_value);
  *least = list[0];
  *median = (list[(n - 1) / 2] + list[n / 2]) / 2;
  *most = list[n - 1];
}

static bool summarise_grids(const tome_store *s, tome_fingerprint *f, tome_error *err) {
  TOME_CLEANUP(grids_clear) grids g = {0};
  if (!tome_index_query(s->index, "SELECT spacing_z, spacing_y, spacing_x, shape_z, shape_y, shape_x FROM cases", NULL,
                        0, 600, take_grid, &g, err))
    return false;
  if (g.err.code) return tome_fail(err, g.err.code, "%s", g.err.message);
  f->cases = g.count;
  for (int a = 0; a < 3; a++) {
    summarise(g.list[a], g.count, &f->spacing_min[a], &f->spacing_median[a], &f->spacing_max[a]);
    summarise(g.list[a + 3], g.count, &f->shape_min[a], &f->shape_median[a], &f->shape_max[a]);
  }
  return true;
}

bool tome_fingerprint_of(tome_store *store, const char *label, tome_fingerprint *out, tome_error *err) {
  TOME_CLEANUP(tome_arena_clear) tome_arena arena = {0};
  TOME_AUTO_INDEX tome_index *ix = tome_index_open(store->index, false, err);
  tome_fingerprint f = {0};
  tome_histogram sum = {0};
  tome_intensity i;
  if (!ix || !summarise_grids(store, &f, err) ||
      !tome_index_foreground(ix, label, &arena, &sum, &f.cases_with_label, err))
    return false;
  tome_intensity_of(&sum, &i);
  const tome_window w = tome_window_percentile(&i);
  f.voxels = i.count;
  f.min = i.min;
  f.max = i.max;
  f.mean = i.mean;
  f.std = i.std;
  f.p005 = i.percentile[TOME_P005];
  f.p05 = i.percentile[TOME_P05];
  f.p50 = i.percentile[TOME_P50];
  f.p95 = i.percentile[TOME_P95];
  f.p995 = i.percentile[TOME_P995];
  f.window_level = w.level;
  f.window_width = w.width;
  *out = f;
  return true;
}
