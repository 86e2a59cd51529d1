/* One point of the input for every voxel of the output. */
#include "ops/oblique.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "ops/kernel_line.h"
#include "ops/kernel_rows.h"
#include "ops/spline_fit.h"

enum { Z = TOME_Z, Y = TOME_Y, X = TOME_X, SEGMENT = 512 };

tome_oblique tome_oblique_between(const tome_geometry *in, const tome_geometry *out, int order, double fill) {
  tome_axis unused[3] = {0};
  tome_oblique o = {.order = order, .rules = tome_resample_init(TOME_PROFILE_ITK, unused, order, fill)};
  tome_geometry_to_index(in, out->origin, o.start);
  for (int a = 0; a < 3; a++) {
    double one[3] = {0, 0, 0}, world[3], index[3];
    one[a] = 1;
    tome_geometry_to_world(out, one, world);
    tome_geometry_to_index(in, world, index);
    for (int i = 0; i < 3; i++) o.step[a][i] = index[i] - o.start[i];
    o.in[a] = in->shape[a];
    o.out[a] = out->shape[a];
  }
  return o;
}

static double snapped(double v) { return rint(v * 0x1p30) * 0x1p-30; }

/* The same sums whatever the box; `line` is what z and y give, once a row. */
static void line_at(const tome_oblique *o, int64_t z, int64_t y, double line[3]) {
  for (int i = 0; i < 3; i++) line[i] = o->start[i] + (double)z * o->step[Z][i] + (double)y * o->step[Y][i];
}

static void point_at(const tome_oblique *o, const double line[3], int64_t x, double at[3]) {
  for (int i = 0; i < 3; i++) at[i] = snapped(line[i] + (double)x * o->step[X][i]);
}

static bool is_inside(const tome_oblique *o, const double at[3]) {
  bool in = true;
  for (int i = 0; i < 3; i++) in = in && at[i] >= -0.5 && at[i] < (double)o->in[i] - 0.5;
  return in;
}

/* ---- need ----------------------------------------------------------------------------------------------- */

static int64_t within(int64_t k, int64_t n) { return k < 0 ? 0 : k < n ? k : n - 1; }

/* The samples of one axis for points lo ... hi, which are inside: first and last. */
static void reach(int order, int64_t n, double lo, double hi, int64_t *first, int64_t *last) {
  const double up = order % 2 ? 0 : 0.5;
  *first = (int64_t)floor(lo + up) - order / 2;
  *last = (int64_t)floor(hi + up) - order / 2 + order;
  if (order > 1 && n > 1) {
    const int64_t from = *first, to = *last;
    if (from < 0 && *last < -from) *last = -from; /* taps beyond the edge are reflected */
    if (to >= n && *first > 2 * n - 2 - to) *first = 2 * n - 2 - to;
    *first = within(*first, n);
    *last = within(*last, n);
    tome_spline_reach(order, first, last);
  }
  *first = within(*first, n);
  *last = within(*last, n);
}

tome_box tome_oblique_need(const tome_oblique *o, const tome_box *out) {
  double lo[3] = {INFINITY, INFINITY, INFINITY}, hi[3] = {-INFINITY, -INFINITY, -INFINITY};
  for (int corner = 0; corner < 8; corner++) {
    int64_t i[3];
    double line[3], at[3];
    for (int a = 0; a < 3; a++) i[a] = corner >> a & 1 ? out->hi[a] - 1 : out->lo[a];
    line_at(o, i[Z], i[Y], line);
    point_at(o, line, i[X], at);
    for (int a = 0; a < 3; a++) {
      lo[a] = fmin(lo[a], at[a]);
      hi[a] = fmax(hi[a], at[a]);
    }
  }
  const double slack = tome_box_voxels(out) > 1 ? 1e-6 : 0; /* what rounding may add between the corners */
  tome_box need = {0};
  for (int a = 0; a < 3; a++) {
    const double n = (double)o->in[a];
    if (hi[a] + slack < -0.5 || lo[a] - slack >= n - 0.5) return (tome_box){0};
    lo[a] = fmax(lo[a] - slack, -0.5);
    hi[a] = fmin(hi[a] + slack, n - 0.5);
    int64_t first, last;
    reach(o->order, o->in[a], lo[a], hi[a], &first, &last);
    need.lo[a] = first;
    need.hi[a] = last + 1;
  }
  return need;
}

/* ---- voxels --------------------------------------------------------------------------------------------- */

typedef struct sampling {
  const tome_oblique *o;
  tome_box in, out;
  ptrdiff_t plane, row; /* of the input */
  const void *voxels;   /* the input as it is (order 0), as floats (order 1), as coefficients in doubles */
  size_t element;       /* bytes, of order 0 */
  double gain;          /* of the coefficients */
  char *to;
  tome_dtype type;
} sampling;

/* The first element of a row. */
static ptrdiff_t place(const sampling *s, int64_t z, int64_t y) {
  return (ptrdiff_t)(z - s->in.lo[Z]) * s->plane + (ptrdiff_t)(y - s->in.lo[Y]) * s->row;
}

static void nearest(const sampling *s, const double at[3], void *to) {
  int64_t k[3];
  for (int a = 0; a < 3; a++) k[a] = within((int64_t)floor(at[a] + 0.5), s->o->in[a]);
  const size_t from = (size_t)(place(s, k[Z], k[Y]) + (k[X] - s->in.lo[X]));
  memcpy(to, (const char *)s->voxels + from * s->element, s->element);
}

/* Clamped within the outer half voxel, as ITK. */
static float linear(const sampling *s, const double at[3]) {
  int64_t low[3], high[3];
  double share[3];
  for (int a = 0; a < 3; a++) {
    const double last = (double)(s->o->in[a] - 1), x = at[a] < 0 ? 0 : at[a] > last ? last : at[a];
    low[a] = (int64_t)x;
    high[a] = within(low[a] + 1, s->o->in[a]);
    share[a] = x - (double)low[a];
    if (share[a] == 0) high[a] = low[a];
  }
  const float *v = s->voxels;
  const int64_t left = low[X] - s->in.lo[X], right = high[X] - s->in.lo[X];
  double sum[2];
  for (int z = 0; z < 2; z++) {
    const int64_t kz = z ? high[Z] : low[Z];
    const float *a = v + place(s, kz, low[Y]), *b = v + place(s, kz, high[Y]);
    const double top = (double)a[left] * (1 - share[X]) + (double)a[right] * share[X];
    const double bottom = (double)b[left] * (1 - share[X]) + (double)b[right] * share[X];
    sum[z] = top * (1 - share[Y]) + bottom * share[Y];
  }
  return (float)(sum[0] * (1 - share[Z]) + sum[1] * share[Z]);
}

static inline __attribute__((always_inline)) float spline(const sampling *s, const double at[3], int order) {
  int64_t tap[3][TOME_TAPS_MOST];
  double weight[3][TOME_TAPS_MOST], total = 0;
  for (int a = 0; a < 3; a++) {
    const double up = order % 2 ? 0 : 0.5, knot = floor(at[a] + up);
    tome_spline_weights(order, at[a] + up - knot, weight[a]);
    const int64_t first = (int64_t)knot - order / 2, n = s->o->in[a];
    const bool all = first >= 0 && first + order < n;
    for (int k = 0; k <= order; k++) tap[a][k] = all ? first + k : tome_mirrored(first + k, n);
  }
  const double *c = s->voxels;
  for (int z = 0; z <= order; z++) {
    double plane = 0;
    for (int y = 0; y <= order; y++) {
      const double *row = c + place(s, tap[Z][z], tap[Y][y]);
      double sum = 0;
      for (int x = 0; x <= order; x++) sum += weight[X][x] * row[tap[X][x] - s->in.lo[X]];
      plane += weight[Y][y] * sum;
    }
    total += weight[Z][z] * plane;
  }
  return (float)(s->gain * total);
}

/* Voxels x ... x+n-1 of a row. */
static void sample_values(const sampling *s, const double line[3], int64_t x, size_t n, char *to) {
  float values[SEGMENT];
  const float fill = (float)s->o->rules.fill;
  for (size_t i = 0; i < n; i++) {
    double at[3];
    point_at(s->o, line, x + (int64_t)i, at);
    const int order = s->o->order;
    if (!is_inside(s->o, at))
      values[i] = fill;
    else if (order == 1)
      values[i] = linear(s, at);
    else /* the usual one is built with its sizes known */
      values[i] = order == 3 ? spline(s, at, 3) : spline(s, at, order);
  }
  tome_rows_store(to, s->type, values, n, &s->o->rules);
}

static bool sample_row(void *ctx, size_t item, int worker, tome_error *err) {
  (void)worker;
  (void)err;
  const sampling *s = ctx;
  const int64_t ny = s->out.hi[Y] - s->out.lo[Y], z = s->out.lo[Z] + (int64_t)item / ny;
  const size_t nx = (size_t)(s->out.hi[X] - s->out.lo[X]), size = tome_dtype_size(s->type);
  char *to = s->to + item * nx * size;
  double line[3], at[3];
  line_at(s->o, z, s->out.lo[Y] + (int64_t)item % ny, line);
  if (s->o->order == 0) {
    tome_rows_fill(to, s->type, s->o->rules.fill, nx, s->o->rules.rounding);
    for (size_t x = 0; x < nx; x++) {
      point_at(s->o, line, s->out.lo[X] + (int64_t)x, at);
      if (is_inside(s->o, at)) nearest(s, at, to + x * size);
    }
    return true;
  }
  for (size_t x = 0; x < nx; x += SEGMENT)
    sample_values(s, line, s->out.lo[X] + (int64_t)x, nx - x < SEGMENT ? nx - x : SEGMENT, to + x * size);
  return true;
}

/* ---- all of it ------------------------------------------------------------------------------------------ */

size_t tome_oblique_scratch(const tome_oblique *o, const tome_box *out, int threads) {
  if (o->order == 0) return 0;
  const tome_box need = tome_oblique_need(o, out);
  const size_t voxels = (size_t)tome_box_voxels(&need);
  return o->order == 1 ? voxels * sizeof(float) : voxels * sizeof(double) + tome_spline_fit_scratch(&need, threads);
}

static bool prepare_spline(sampling *s, const void *in, tome_dtype type, const tome_run *run, double **out,
                           tome_error *err) {
  const size_t voxels = (size_t)tome_box_voxels(&s->in);
  double *c = *out = tome_alloc(voxels, sizeof *c, "resample: coefficients", err);
  if (!c) return false;
  tome_rows_widen(c, in, type, voxels);
  s->gain = 1;
  for (int a = 0; a < 3; a++)
    if (s->o->in[a] > 1) s->gain *= tome_spline_gain(s->o->order);
  s->voxels = c;
  return tome_spline_fit(s->o->order, s->o->in, &s->in, c, run, err);
}

static bool prepare_linear(sampling *s, const void *in, tome_dtype type, float **out, tome_error *err) {
  s->voxels = in;
  if (type == TOME_F32) return true;
  const size_t voxels = (size_t)tome_box_voxels(&s->in);
  s->voxels = *out = tome_alloc(voxels, sizeof(float), "resample: voxels", err);
  if (*out) tome_rows_load(*out, in, type, voxels);
  return *out != NULL;
}

bool tome_oblique_run(const tome_oblique *o, const void *in, tome_dtype in_type, const tome_box *in_box, void *out,
                      tome_dtype out_type, const tome_box *out_box, const tome_run *run, tome_error *err) {
  TOME_AUTO_FREE float *floats = NULL;
  TOME_AUTO_FREE double *coefficients = NULL;
  int64_t shape[3];
  if (o->order == 0 ? in_type != out_type : !tome_rows_can_load(in_type) || !tome_rows_can_store(out_type))
    return tome_fail(err, TOME_UNSUPPORTED, "resample: cannot go from %s to %s voxels", tome_dtype_name(in_type),
                     tome_dtype_name(out_type));
  if (tome_box_is_empty(out_box)) return true;
  if (tome_box_is_empty(in_box)) {
    tome_rows_fill(out, out_type, o->rules.fill, (size_t)tome_box_voxels(out_box), o->rules.rounding);
    return true;
  }
  tome_box_shape(in_box, shape);
  sampling s = {.o = o,
                .in = *in_box,
                .out = *out_box,
                .plane = shape[Y] * shape[X],
                .row = shape[X],
                .voxels = in,
                .element = tome_dtype_size(in_type),
                .to = out,
                .type = out_type};
  if (o->order == 1 && !prepare_linear(&s, in, in_type, &floats, err)) return false;
  if (o->order > 1 && !prepare_spline(&s, in, in_type, run, &coefficients, err)) return false;
  const int64_t rows = (out_box->hi[Z] - out_box->lo[Z]) * (out_box->hi[Y] - out_box->lo[Y]);
  return tome_parallel(run, (size_t)rows, sample_row, &s, err);
}
