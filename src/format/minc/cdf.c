/* netCDF classic headers: big-endian lists with counts, each checked against the bytes there are. */
#include "format/minc/cdf.h"

#include <string.h>

enum {
  FIRST_TRY = 1 << 18,
  LONGEST_HEADER = 64 << 20,
  DIMENSIONS = 10,
  VARIABLES = 11,
  ATTRIBUTES = 12,
  MOST_DIMENSIONS = 1024
};

typedef struct reader {
  const uint8_t *at, *end;
  tome_arena *arena;
  bool wide;   /* CDF-2: offsets of 8 bytes */
  bool short_; /* ran into the end */
} reader;

typedef struct dimension {
  const char *name;
  uint64_t length;
} dimension;

size_t tome_cdf_size(tome_cdf_type t) {
  static const size_t sizes[] = {0, 1, 1, 2, 4, 4, 8};
  return t >= CDF_BYTE && t <= CDF_DOUBLE ? sizes[t] : 0;
}

/* Runs into the end once and for all: then every number is 0. */
static const uint8_t *take(reader *r, uint64_t n) {
  if (r->short_ || n > (uint64_t)(r->end - r->at)) {
    r->short_ = true;
    return NULL;
  }
  const uint8_t *p = r->at;
  r->at += n;
  return p;
}

static uint64_t take_number(reader *r, int bytes) {
  const uint8_t *p = take(r, (uint64_t)bytes);
  uint64_t v = 0;
  for (int i = 0; p && i < bytes; i++) v = v << 8 | p[i];
  return v;
}

static const uint8_t *take_padded(reader *r, uint64_t n) { return take(r, (n + 3) / 4 * 4); }

static const char *take_name(reader *r, tome_error *err) {
  const uint64_t n = take_number(r, 4);
  const uint8_t *p = take_padded(r, n);
  return tome_arena_printf(r->arena, err, "%.*s", p ? (int)n : 0, p ? (const char *)p : "");
}

/* A list's tag and count; an absent list is of none. */
static uint64_t take_count(reader *r, uint64_t tag, bool *ok) {
  const uint64_t got = take_number(r, 4), count = take_number(r, 4);
  *ok = *ok && (got == tag || (got == 0 && count == 0));
  return count;
}

static bool broken(tome_error *err) { return tome_fail(err, TOME_CORRUPT, "has a netCDF header that cannot be read"); }

static bool take_attributes(reader *r, tome_cdf_attribute **out, size_t *count, tome_error *err) {
  bool ok = true;
  size_t cap = 0;
  const uint64_t n = take_count(r, ATTRIBUTES, &ok);
  *out = NULL;
  for (*count = 0; ok && !r->short_ && *count < n; ++*count) {
    tome_cdf_attribute a = {.name = take_name(r, err)};
    if (!a.name) return false;
    a.type = (tome_cdf_type)take_number(r, 4);
    a.count = (size_t)take_number(r, 4);
    a.data = take_padded(r, a.count * tome_cdf_size(a.type));
    if (!tome_cdf_size(a.type)) return r->short_ || broken(err);
    if (!tome_arena_grow(r->arena, out, &cap, *count + 1, sizeof a, err)) return false;
    (*out)[*count] = a;
  }
  return ok || r->short_ || broken(err);
}

static bool take_dimensions(reader *r, dimension *out, size_t *count, tome_error *err) {
  bool ok = true;
  const uint64_t n = take_count(r, DIMENSIONS, &ok);
  if (!r->short_ && (!ok || n > MOST_DIMENSIONS)) return broken(err);
  for (*count = 0; !r->short_ && *count < n; ++*count) {
    out[*count].name = take_name(r, err);
    if (!out[*count].name) return false;
    out[*count].length = take_number(r, 4);
  }
  return true;
}

static bool take_variable(reader *r, const dimension *dims, size_t dim_count, tome_cdf_variable *v, tome_error *err) {
  *v = (tome_cdf_variable){.name = take_name(r, err)};
  if (!v->name) return false;
  const uint64_t n = take_number(r, 4);
  if (n > TOME_CDF_DIMS)
    return r->short_ || tome_fail(err, TOME_UNSUPPORTED, "has an array of %llu dimensions", (unsigned long long)n);
  v->dims = (int)n;
  uint64_t elements = 1;
  for (int i = 0; i < v->dims; i++) {
    const uint64_t id = take_number(r, 4);
    if (r->short_) return true;
    if (id >= dim_count) return broken(err);
    v->shape[i] = dims[id].length;
    v->dim_names[i] = dims[id].name;
    v->record = v->record || dims[id].length == 0;
    if (__builtin_mul_overflow(elements, v->shape[i], &elements)) return broken(err);
  }
  if (!take_attributes(r, &v->attributes, &v->attribute_count, err)) return false;
  v->type = (tome_cdf_type)take_number(r, 4);
  take_number(r, 4); /* its size, which wraps for large ones: the shape says it */
  v->begin = take_number(r, r->wide ? 8 : 4);
  if (!r->short_ && (!tome_cdf_size(v->type) || __builtin_mul_overflow(elements, tome_cdf_size(v->type), &v->bytes)))
    return broken(err);
  return true;
}

static bool parse(reader *r, tome_cdf *c, tome_error *err) {
  dimension *dims = tome_arena_alloc(r->arena, MOST_DIMENSIONS * sizeof *dims, err);
  size_t dim_count = 0, global_count, cap = 0;
  tome_cdf_attribute *global;
  bool ok = true;
  take_number(r, 4); /* records */
  if (!dims || !take_dimensions(r, dims, &dim_count, err) || !take_attributes(r, &global, &global_count, err))
    return false;
  const uint64_t n = take_count(r, VARIABLES, &ok);
  for (; ok && !r->short_ && c->variable_count < n; c->variable_count++)
    if (!tome_arena_grow(r->arena, &c->variables, &cap, c->variable_count + 1, sizeof *c->variables, err) ||
        !take_variable(r, dims, dim_count, &c->variables[c->variable_count], err))
      return false;
  return ok || r->short_ || broken(err);
}

/* The header's length is said nowhere: more of the file is read until it suffices. */
bool tome_cdf_read(const char *path, tome_arena *arena, tome_cdf *out, tome_error *err) {
  for (size_t want = FIRST_TRY; want <= LONGEST_HEADER; want *= 16) {
    uint8_t *bytes = tome_arena_alloc(arena, want, err);
    size_t got;
    tome_cdf c = {.path = path};
    if (!bytes || !tome_file_head(path, bytes, want, &got, err)) return false;
    if (got < 8 || memcmp(bytes, "CDF", 3) != 0 || (bytes[3] != 1 && bytes[3] != 2))
      return tome_fail(err, TOME_UNSUPPORTED, "is not netCDF classic");
    reader r = {.at = bytes + 4, .end = bytes + got, .arena = arena, .wide = bytes[3] == 2};
    if (!parse(&r, &c, err)) return false;
    if (!r.short_) return *out = c, true;
    if (got < want) return tome_fail(err, TOME_CORRUPT, "is cut short within its header; fetch the file again");
  }
  return tome_fail(err, TOME_UNSUPPORTED, "has a header of over %d bytes", LONGEST_HEADER);
}

const tome_cdf_variable *tome_cdf_variable_of(const tome_cdf *c, const char *name) {
  for (size_t i = 0; i < c->variable_count; i++)
    if (strcmp(c->variables[i].name, name) == 0) return &c->variables[i];
  return NULL;
}

const tome_cdf_attribute *tome_cdf_attribute_of(const tome_cdf_variable *v, const char *name) {
  for (size_t i = 0; v && i < v->attribute_count; i++)
    if (strcmp(v->attributes[i].name, name) == 0) return &v->attributes[i];
  return NULL;
}

static double element(const uint8_t *p, tome_cdf_type t) {
  uint64_t v = 0;
  for (size_t i = 0; i < tome_cdf_size(t); i++) v = v << 8 | p[i];
  const uint32_t low = (uint32_t)v;
  double d;
  float f;
  memcpy(&d, &v, sizeof d);
  memcpy(&f, &low, sizeof f);
  switch (t) {
    case CDF_SHORT:
      return (int16_t)v;
    case CDF_INT:
      return (int32_t)low;
    case CDF_FLOAT:
      return f;
    case CDF_DOUBLE:
      return d;
    default:
      return (int8_t)v;
  }
}

size_t tome_cdf_numbers(const tome_cdf_attribute *a, double *out, size_t most) {
  if (!a || a->type == CDF_CHAR) return 0;
  const size_t n = a->count < most ? a->count : most;
  for (size_t i = 0; i < n; i++) out[i] = element(a->data + i * tome_cdf_size(a->type), a->type);
  return n;
}

void tome_cdf_text(const tome_cdf_attribute *a, char *out, size_t size) {
  size_t n = 0;
  if (a && a->type == CDF_CHAR) n = a->count < size - 1 ? a->count : size - 1;
  if (n) memcpy(out, a->data, n);
  out[n] = '\0';
}
