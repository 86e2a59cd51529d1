/* Values on their way from one file to another: by a table where there are few of them, else a block of voxels at a time through double, which holds every value
 * of every type but the widest integers; those that nothing is asked of are not touched at all. */
#include "app/values.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "grid/colour.h"

enum { BLOCK = 1 << 14 };

/* ---- remap ---------------------------------------------------------------------------------------------- */

static bool bad_remap(const char *at, tome_error *err) {
  return tome_fail(err, TOME_USAGE, "--remap %.40s: wants OLD=NEW, several with commas between them: 255=0,2=1", at);
}

bool tome_values_parse_remap(const char *text, tome_value_pair **out, size_t *count, tome_error *err) {
  size_t commas = 0;
  for (const char *p = text; *p; p++) commas += *p == ',';
  TOME_AUTO_FREE tome_value_pair *pairs = tome_alloc(commas + 1, sizeof *pairs, "remap", err);
  if (!pairs) return false;
  size_t n = 0;
  for (const char *at = text;; at++) {
    char *end;
    tome_value_pair p = {.from = strtod(at, &end)};
    if (end == at || *end != '=') return bad_remap(at, err);
    const char *to = end + 1;
    p.to = strtod(to, &end);
    if (end == to || (*end && *end != ',')) return bad_remap(at, err);
    for (size_t i = 0; i < n; i++)
      if (pairs[i].from == p.from) return tome_fail(err, TOME_USAGE, "--remap says twice what %g becomes", p.from);
    pairs[n++] = p;
    at = end;
    if (!*at) break;
  }
  *out = pairs;
  *count = n;
  pairs = NULL;
  return true;
}

/* ---- any type to and from double ------------------------------------------------------------------------ */

#define EACH_TYPE(X)    \
  X(TOME_U8, uint8_t)   \
  X(TOME_I8, int8_t)    \
  X(TOME_U16, uint16_t) \
  X(TOME_I16, int16_t)  \
  X(TOME_U32, uint32_t) \
  X(TOME_I32, int32_t) X(TOME_U64, uint64_t) X(TOME_I64, int64_t) X(TOME_F32, float) X(TOME_F64, double)

void tome_values_to_double(tome_dtype t, const void *in, double *out, size_t n) {
  switch (t) {
#define CASE(dtype, type)                                                  \
  case dtype:                                                              \
    for (size_t i = 0; i < n; i++) out[i] = (double)((const type *)in)[i]; \
    break;
    EACH_TYPE(CASE)
#undef CASE
    case TOME_NONE:
      break;
  }
}

/* The values fit: the caller has seen to it. */
static void from_double(tome_dtype t, const double *in, void *out, size_t n) {
  switch (t) {
#define CASE(dtype, type)                                          \
  case dtype:                                                      \
    for (size_t i = 0; i < n; i++) ((type *)out)[i] = (type)in[i]; \
    break;
    EACH_TYPE(CASE)
#undef CASE
    case TOME_NONE:
      break;
  }
}

/* The doubles that an integer type can take without its cast being undefined. */
static void bounds_of(tome_dtype t, double *lo, double *hi) {
  tome_dtype_range(t, lo, hi);
  if (t == TOME_U64) *hi = 18446744073709549568.0; /* the largest double below 2^64 */
  if (t == TOME_I64) *hi = 9223372036854774784.0;
}

/* ---- one block ------------------------------------------------------------------------------------------ */

typedef struct applying {
  const tome_value_steps *s;
  const tome_volume *from;
  tome_dtype to;
  void *out;
  size_t values;
  const char *name;
} applying;

static void threshold(const tome_value_steps *s, double *v, size_t n) {
  for (size_t i = 0; i < n; i++) v[i] = v[i] >= s->threshold;
}

static void remap(const tome_value_steps *s, double *v, size_t n) {
  for (size_t i = 0; i < n; i++)
    for (size_t k = 0; k < s->remap_count; k++)
      if (v[i] == s->remap[k].from) {
        v[i] = s->remap[k].to;
        break;
      }
}

static void scale(const tome_value_steps *s, double *v, size_t n) {
  for (size_t i = 0; i < n; i++) v[i] *= s->scale;
}

/* (x - lower)/width into [0,1], times what the type counts as white; whole numbers for integer types. */
static void window(const applying *a, double *v, size_t n) {
  const double lower = a->s->level - a->s->width / 2;
  double lo = 0, white = 1;
  const bool whole = !tome_dtype_is_float(a->to);
  if (whole) tome_dtype_range(a->to, &lo, &white);
  for (size_t i = 0; i < n; i++) {
    const double x = (v[i] - lower) / a->s->width;
    const double in = x > 0 ? (x < 1 ? x : 1) : 0; /* NaN becomes 0 */
    v[i] = whole ? rint(in * white) : in;
  }
}

static bool fail_value(const applying *a, double value, size_t at, tome_error *err) {
  const int64_t *shape = a->from->geometry.shape;
  const size_t channels = (size_t)(a->from->channels > 1 ? a->from->channels : 1), voxel = at / channels;
  const size_t plane = (size_t)(shape[1] * shape[2]), row = (size_t)shape[2];
  const bool whole = value == rint(value);
  return tome_fail(
      err, TOME_VALUE,
      "%s: the value %.10g at voxel (%zu,%zu,%zu) %s %s; take another --dtype, bring the values there with "
      "--remap, --scale or --window, or say --clamp%s",
      a->name, value, voxel / plane, voxel % plane / row, voxel % row,
      whole || isnan(value) ? "does not fit in" : "is no whole number, as it must be in", tome_dtype_name(a->to),
      whole ? "" : " (which rounds it)");
}

/* Makes a value one of the type's; false where it is none and may not become one. */
static bool settle_one(const applying *a, double lo, double hi, double *v) {
  const double x = rint(*v);
  if (x == *v && x >= lo && x <= hi) return true;
  if (!a->s->clamp) return false;
  *v = isnan(x) ? (lo > 0 ? lo : 0) : x > lo ? (x < hi ? x : hi) : lo;
  return true;
}

static bool settle_real(const applying *a, double *v) {
  static const double most = 3.4028234663852886e38;
  if (a->to == TOME_F64 || !isfinite(*v) || fabs(*v) <= most) return true;
  *v = copysign(most, *v);
  return a->s->clamp;
}

/* Checks that every value is one of the type's, or makes it so. */
static bool settle(const applying *a, double *v, size_t n, size_t first, tome_error *err) {
  double lo = 0, hi = 0;
  const bool real = tome_dtype_is_float(a->to);
  if (!real) bounds_of(a->to, &lo, &hi);
  for (size_t i = 0; i < n; i++) {
    const double before = v[i];
    if (!(real ? settle_real(a, &v[i]) : settle_one(a, lo, hi, &v[i]))) return fail_value(a, before, first + i, err);
  }
  return true;
}

/* Nothing but another type, which holds them all. */
static bool widen_block(void *ctx, size_t item, int worker, tome_error *err) {
  (void)worker, (void)err;
  const applying *a = ctx;
  const size_t first = item * BLOCK, n = a->values - first < BLOCK ? a->values - first : BLOCK;
  tome_values_to_double(a->from->dtype, (const char *)a->from->data + first * tome_dtype_size(a->from->dtype),
                        (double *)a->out + first, n);
  return true;
}

static void change(const applying *a, double *v, size_t n) {
  if (a->s->threshold_on) threshold(a->s, v, n);
  if (a->s->remap_count) remap(a->s, v, n);
  if (a->s->scale != 0) scale(a->s, v, n);
  if (a->s->width > 0) window(a, v, n);
}

static bool apply_block(void *ctx, size_t item, int worker, tome_error *err) {
  (void)worker;
  const applying *a = ctx;
  const size_t first = item * BLOCK, n = a->values - first < BLOCK ? a->values - first : BLOCK;
  TOME_AUTO_FREE double *v = tome_alloc(n, sizeof *v, a->name, err);
  if (!v) return false;
  tome_values_to_double(a->from->dtype, (const char *)a->from->data + first * tome_dtype_size(a->from->dtype), v, n);
  change(a, v, n);
  if (!settle(a, v, n, first, err)) return false;
  from_double(a->to, v, (char *)a->out + first * tome_dtype_size(a->to), n);
  return true;
}

/* ---- by table ------------------------------------------------------------------------------------------- */

/* Integers of 8 and 16 bits have few values: what each becomes is worked out once. */
typedef struct table {
  applying a;
  bool some_bad;
  bool *bad;     /* a value that does not fit */
  double *value; /* what it would have become */
  void *out;     /* as bytes of the new type */
} table;

static void table_clear(table *t) {
  free(t->bad);
  free(t->value);
  free(t->out);
}

static size_t table_size(tome_dtype t) { return (size_t)1 << 8 * tome_dtype_size(t); }

/* Entry i is what the bits of i become. */
static bool table_fill(table *t, tome_error *err) {
  const tome_dtype from = t->a.from->dtype;
  const size_t n = table_size(from);
  t->bad = tome_alloc_zero(n, sizeof *t->bad, t->a.name, err);
  t->value = tome_alloc(n, sizeof *t->value, t->a.name, err);
  t->out = tome_alloc(n, tome_dtype_size(t->a.to), t->a.name, err);
  TOME_AUTO_FREE double *settled = tome_alloc(n, sizeof *settled, t->a.name, err);
  if (!t->bad || !t->value || !t->out || !settled) return false;
  for (size_t i = 0; i < n; i++)
    t->value[i] = from == TOME_I8 ? (double)(int8_t)i : from == TOME_I16 ? (double)(int16_t)i : (double)i;
  change(&t->a, t->value, n);
  for (size_t i = 0; i < n; i++) {
    settled[i] = t->value[i];
    t->bad[i] = !settle(&t->a, &settled[i], 1, 0, NULL);
    if (t->bad[i]) settled[i] = 0;
    t->some_bad |= t->bad[i];
  }
  from_double(t->a.to, settled, t->out, n);
  return true;
}

static size_t index_at(const table *t, size_t i) {
  return tome_dtype_size(t->a.from->dtype) == 1 ? ((const uint8_t *)t->a.from->data)[i]
                                                : ((const uint16_t *)t->a.from->data)[i];
}

#define LOOK_UP(FROM, TO)                                                                                     \
  {                                                                                                           \
    for (size_t i = first; i < end; i++) ((TO *)t->a.out)[i] = ((const TO *)t->out)[((const FROM *)data)[i]]; \
    break;                                                                                                    \
  }

static void look_up(const table *t, size_t first, size_t end) {
  const void *data = t->a.from->data;
  switch (16 * tome_dtype_size(t->a.from->dtype) + tome_dtype_size(t->a.to)) {
    case 0x11:
      LOOK_UP(uint8_t, uint8_t)
    case 0x12:
      LOOK_UP(uint8_t, uint16_t)
    case 0x14:
      LOOK_UP(uint8_t, uint32_t)
    case 0x18:
      LOOK_UP(uint8_t, uint64_t)
    case 0x21:
      LOOK_UP(uint16_t, uint8_t)
    case 0x22:
      LOOK_UP(uint16_t, uint16_t)
    case 0x24:
      LOOK_UP(uint16_t, uint32_t)
    default:
      LOOK_UP(uint16_t, uint64_t)
  }
}

static size_t block_end(const applying *a, size_t item) {
  const size_t first = item * BLOCK;
  return a->values - first < BLOCK ? a->values : first + BLOCK;
}

static bool check_block(void *ctx, size_t item, int worker, tome_error *err) {
  (void)worker;
  const table *t = ctx;
  for (size_t i = item * BLOCK, end = block_end(&t->a, item); i < end; i++)
    if (t->bad[index_at(t, i)]) return fail_value(&t->a, t->value[index_at(t, i)], i, err);
  return true;
}

static bool look_up_block(void *ctx, size_t item, int worker, tome_error *err) {
  (void)worker, (void)err;
  const table *t = ctx;
  look_up(t, item * BLOCK, block_end(&t->a, item));
  return true;
}

/* ---- a few bytes ---------------------------------------------------------------------------------------- */

enum { FEW = 4 };

/* Bytes of which all but a few stay what they are (255=0): changed by comparing, which processors do with many at a time. */
typedef struct exceptions {
  size_t count;
  uint8_t from[FEW], change[FEW]; /* what is to be xor'ed */
} exceptions;

static bool few_exceptions(const table *t, exceptions *out) {
  const uint8_t *to = t->out;
  *out = (exceptions){0};
  if (tome_dtype_size(t->a.from->dtype) != 1 || tome_dtype_size(t->a.to) != 1) return false;
  for (int i = 0; i <= UINT8_MAX; i++) {
    if (to[i] == i) continue;
    if (out->count == FEW) return false;
    out->from[out->count] = (uint8_t)i;
    out->change[out->count++] = (uint8_t)(to[i] ^ i);
  }
  return true;
}

static void change_one(uint8_t from, uint8_t to, const uint8_t *in, uint8_t *out, size_t n) {
  for (size_t i = 0; i < n; i++) out[i] = in[i] == from ? to : in[i];
}

static void change_few(const exceptions *e, const uint8_t *in, uint8_t *out, size_t n) {
  const exceptions x = *e; /* out might be these */
  if (x.count == 1) {
    change_one(x.from[0], x.from[0] ^ x.change[0], in, out, n);
    return;
  }
  for (size_t i = 0; i < n; i++) {
    const uint8_t v = in[i];
    uint8_t change = 0;
    for (int k = 0; k < FEW; k++) change |= (uint8_t) - (v == x.from[k]) & x.change[k];
    out[i] = v ^ change;
  }
}

/* Few values and many voxels. */
static bool wants_table(const applying *a) {
  const tome_dtype t = a->from->dtype;
  return !tome_dtype_is_float(t) && tome_dtype_size(t) <= 2 && a->values > table_size(t);
}

/* `a->out` may be where the values are, if both types have one size: nothing is written before all values are known to fit. */
static bool apply_table(const applying *a, const tome_run *run, tome_error *err) {
  TOME_CLEANUP(table_clear) table t = {.a = *a};
  exceptions few;
  const size_t blocks = (a->values + BLOCK - 1) / BLOCK;
  if (!table_fill(&t, err) || (t.some_bad && !tome_parallel(run, blocks, check_block, &t, err))) return false;
  if (!few_exceptions(&t, &few)) return tome_parallel(run, blocks, look_up_block, &t, err);
  change_few(&few, a->from->data, a->out, a->values);
  return true;
}

/* ---- colours -------------------------------------------------------------------------------------------- */

static bool settle_colours(tome_volume *v, const tome_value_steps *s, const char *name, tome_error *err) {
  const size_t n = tome_volume_voxels(v);
  if (v->channels == 2 || v->channels == 4) {
    if (s->gray && !s->drop_alpha && !tome_alpha_is_constant(v->dtype, v->channels, v->data, n))
      return tome_fail(err, TOME_VALUE,
                       "%s: has an alpha that is not the same everywhere: --gray would lose it; say --drop-alpha too",
                       name);
    if (s->drop_alpha || s->gray) tome_alpha_drop(v->dtype, v->channels--, v->data, n);
  }
  if (!s->gray || v->channels < 3) return true;
  if (!tome_colour_to_gray(v->dtype, v->channels, v->data, n, v->data, err)) return tome_fail_prefix(err, "%s", name);
  v->channels = 1;
  return true;
}

/* ---- all ------------------------------------------------------------------------------------------------ */

static tome_dtype type_after(const tome_volume *v, const tome_value_steps *s) {
  if (s->dtype) return s->dtype;
  if (s->width > 0) return TOME_U8;
  if (s->scale != 0) return TOME_F32;
  return s->threshold_on && !s->remap_count ? TOME_U8 : v->dtype;
}

bool tome_values_apply(tome_volume *v, const tome_value_steps *s, const char *name, const tome_run *run,
                       tome_error *err) {
  if (!settle_colours(v, s, name, err)) return false;
  applying a = {.s = s, .from = v, .to = type_after(v, s), .name = name};
  const bool untouched = !s->threshold_on && !s->remap_count && s->scale == 0 && !(s->width > 0);
  if (untouched && a.to == v->dtype) return true;
  a.values = tome_volume_voxels(v) * (size_t)(v->channels > 1 ? v->channels : 1);
  const bool widen = untouched && a.to == TOME_F64;
  const bool in_place = wants_table(&a) && tome_dtype_size(a.to) == tome_dtype_size(v->dtype);
  a.out = in_place ? v->data : tome_alloc(a.values, tome_dtype_size(a.to), name, err);
  if (!a.out) return false;
  const size_t blocks = (a.values + BLOCK - 1) / BLOCK;
  const bool ok = wants_table(&a) && !widen ? apply_table(&a, run, err)
                                            : tome_parallel(run, blocks, widen ? widen_block : apply_block, &a, err);
  if (!in_place) free(ok ? v->data : a.out);
  if (!ok) return false;
  v->data = a.out;
  v->dtype = a.to;
  return true;
}

static bool range_of(const tome_volume *v, double *lo, double *hi) {
  const size_t n = tome_volume_voxels(v) * (size_t)(v->channels > 1 ? v->channels : 1);
  double block[256];
  *lo = INFINITY, *hi = -INFINITY;
  for (size_t first = 0; first < n; first += TOME_COUNT(block)) {
    const size_t m = n - first < TOME_COUNT(block) ? n - first : TOME_COUNT(block);
    tome_values_to_double(v->dtype, (const char *)v->data + first * tome_dtype_size(v->dtype), block, m);
    for (size_t i = 0; i < m; i++) {
      if (block[i] != rint(block[i])) return false; /* a fraction, or NaN */
      *lo = block[i] < *lo ? block[i] : *lo;
      *hi = block[i] > *hi ? block[i] : *hi;
    }
  }
  return true;
}

bool tome_values_narrow(tome_volume *v, const tome_dtype *types, bool *fits, tome_error *err) {
  double lo, hi;
  *fits = true;
  for (const tome_dtype *t = types; *t; t++)
    if (*t == v->dtype) return true;
  *fits = false;
  if (!range_of(v, &lo, &hi)) return true;
  for (const tome_dtype *t = types; *t; t++) {
    double least, most;
    if (tome_dtype_is_float(*t)) continue;
    tome_dtype_range(*t, &least, &most);
    if (lo < least || hi > most) continue;
    const tome_value_steps cast = {.dtype = *t};
    *fits = true;
    return tome_values_apply(v, &cast, "values", NULL, err);
  }
  return true;
}
