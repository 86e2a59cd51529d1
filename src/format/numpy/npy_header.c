/* Reads the Python dictionary at the head of an .npy file: a very small grammar, read strictly. */
#include "format/numpy/npy_header.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

bool tome_npy_extent(const uint8_t *head, size_t size, size_t *begin, size_t *length, tome_error *err) {
  if (size < NPY_PREFIX) return tome_fail(err, TOME_CORRUPT, "is cut short in its header, after %zu bytes", size);
  const int version = head[6];
  if (version < 1 || version > 3)
    return tome_fail(err, TOME_UNSUPPORTED, "is .npy version %d.%d; 1 to 3 are read", version, head[7]);
  const size_t low = (size_t)head[8] | (size_t)head[9] << 8;
  *begin = version == 1 ? 10 : 12;
  *length = version == 1 ? low : low | (size_t)head[10] << 16 | (size_t)head[11] << 24;
  if (*length > NPY_MOST_HEADER) return tome_fail(err, TOME_CORRUPT, "has a header of %zu bytes", *length);
  return true;
}

/* ---- the literal ---- */

typedef struct cursor {
  const char *at, *end;
} cursor;

static void skip_blanks(cursor *c) {
  while (c->at < c->end && isspace((unsigned char)*c->at)) c->at++;
}

/* Takes one character where it is next. */
static bool take(cursor *c, char ch) {
  skip_blanks(c);
  if (c->at == c->end || *c->at != ch) return false;
  c->at++;
  return true;
}

static bool take_word(cursor *c, const char *word) {
  const size_t n = strlen(word);
  skip_blanks(c);
  if ((size_t)(c->end - c->at) < n || memcmp(c->at, word, n) != 0) return false;
  c->at += n;
  return true;
}

/* 'text' or "text" of printable characters (it may end up in a message), without escapes: none occur in what is looked for. */
static bool take_string(cursor *c, char *out, size_t size) {
  skip_blanks(c);
  if (c->at == c->end || (*c->at != '\'' && *c->at != '"')) return false;
  const char quote = *c->at++, *from = c->at;
  const char *to = memchr(from, quote, (size_t)(c->end - from));
  if (!to || (size_t)(to - from) >= size) return false;
  for (const char *p = from; p < to; p++)
    if (*p < ' ' || *p > '~') return false;
  memcpy(out, from, (size_t)(to - from));
  out[to - from] = '\0';
  c->at = to + 1;
  return true;
}

static bool take_int(cursor *c, int64_t *out) {
  skip_blanks(c);
  const char *from = c->at;
  int64_t v = 0;
  for (; c->at < c->end && isdigit((unsigned char)*c->at); c->at++)
    if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, *c->at - '0', &v)) return false;
  if (c->at == from) return false;
  if (c->at < c->end && *c->at == 'L') c->at++; /* Python 2 */
  *out = v;
  return true;
}

static bool take_shape(cursor *c, tome_npy_header *h) {
  if (!take(c, '(')) return false;
  for (h->dims = 0; !take(c, ')'); h->dims++) {
    if (h->dims == NPY_MOST_DIMS || (h->dims > 0 && !take(c, ','))) return false;
    if (h->dims > 0 && take(c, ')')) return true; /* "(3,)" */
    if (!take_int(c, &h->dim[h->dims])) return false;
  }
  return true;
}

/* ---- element types ---- */

static const struct {
  char kind, size;
  tome_dtype dtype;
} kinds[] = {
    {'u', '1', TOME_U8},  {'i', '1', TOME_I8},  {'u', '2', TOME_U16}, {'i', '2', TOME_I16}, {'u', '4', TOME_U32},
    {'i', '4', TOME_I32}, {'u', '8', TOME_U64}, {'i', '8', TOME_I64}, {'f', '4', TOME_F32}, {'f', '8', TOME_F64},
    {'b', '1', TOME_U8},  {'f', '2', TOME_U16}, /* last: what is read as something else is not written so */
};

static const char native_order = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? '<' : '>';

void tome_npy_descr(tome_dtype t, char out[8]) {
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
    if (kinds[i].dtype == t) {
      const char order = kinds[i].size == '1' ? '|' : native_order;
      snprintf(out, 8, "%c%c%c", order, kinds[i].kind, kinds[i].size);
      return;
    }
  out[0] = '\0';
}

/* "(3, 4)", "(3,)" or "()". */
static void shape_text(int dims, const int64_t *dim, char *out, size_t size) {
  size_t n = (size_t)snprintf(out, size, "(");
  for (int i = 0; i < dims && n < size; i++)
    n += (size_t)snprintf(out + n, size - n, "%s%lld", i ? ", " : "", (long long)dim[i]);
  if (n < size) snprintf(out + n, size - n, dims == 1 ? ",)" : ")");
}

size_t tome_npy_header_write(const char *descr, int dims, const int64_t *dim, uint8_t out[NPY_HEADER]) {
  char shape[100];
  shape_text(dims, dim, shape, sizeof shape);
  const int n = snprintf((char *)out, NPY_HEADER, "%-10s{'descr': '%.20s', 'fortran_order': False, 'shape': %s, }",
                         "\x93NUMPY\x01", descr, shape);
  const size_t size = ((size_t)n + 1 + 63) / 64 * 64;
  memset(out + n, ' ', size - (size_t)n);
  out[size - 1] = '\n';
  out[7] = 0; /* minor version */
  out[8] = (uint8_t)((size - 10) & 0xff);
  out[9] = (uint8_t)((size - 10) >> 8);
  return size;
}

static bool set_descr(const char *descr, tome_npy_header *h, tome_error *err) {
  const char *d = descr;
  const char order = *d && strchr("<>|=", *d) ? *d++ : '=';
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
    if (d[0] == kinds[i].kind && d[1] == kinds[i].size && d[2] == '\0') {
      h->dtype = kinds[i].dtype;
      h->half = kinds[i].kind == 'f' && kinds[i].size == '2';
      h->swapped = (order == '<' || order == '>') && order != native_order && kinds[i].size != '1';
      return true;
    }
  return tome_fail(err, TOME_UNSUPPORTED, "has elements of type '%s'; bool, integers and float32/float64 are read",
                   descr);
}

/* One "key: value". */
static bool take_entry(cursor *c, tome_npy_header *h, unsigned *seen, tome_error *err) {
  char key[32], descr[32];
  if (!take_string(c, key, sizeof key) || !take(c, ':'))
    return tome_fail(err, TOME_CORRUPT, "has no readable .npy header");
  if (strcmp(key, "descr") == 0) {
    *seen |= 1;
    if (take(c, '[')) return tome_fail(err, TOME_UNSUPPORTED, "is an array of records; plain numbers are read");
    return take_string(c, descr, sizeof descr) ? set_descr(descr, h, err)
                                               : tome_fail(err, TOME_CORRUPT, "has no readable element type");
  }
  if (strcmp(key, "fortran_order") == 0) {
    *seen |= 2;
    h->fortran = take_word(c, "True");
    return h->fortran || take_word(c, "False") || tome_fail(err, TOME_CORRUPT, "has no readable fortran_order");
  }
  if (strcmp(key, "shape") == 0) {
    *seen |= 4;
    return take_shape(c, h) || tome_fail(err, TOME_CORRUPT, "has no readable shape");
  }
  return tome_fail(err, TOME_CORRUPT, "has a header with the unknown key '%s'", key);
}

bool tome_npy_parse(const char *text, size_t size, tome_npy_header *out, tome_error *err) {
  cursor c = {text, text + size};
  tome_npy_header h = {.offset = out->offset};
  unsigned seen = 0;
  if (!take(&c, '{')) return tome_fail(err, TOME_CORRUPT, "has no readable .npy header");
  while (!take(&c, '}')) {
    if (!take_entry(&c, &h, &seen, err)) return false;
    if (!take(&c, ',') && (c.at == c.end || *c.at != '}'))
      return tome_fail(err, TOME_CORRUPT, "has no readable .npy header");
  }
  if (seen != 7) return tome_fail(err, TOME_CORRUPT, "has an .npy header without descr, fortran_order or shape");
  *out = h;
  return true;
}

/* ---- axes ---- */

bool tome_npy_array(const tome_npy_header *h, tome_array *a, tome_array_form *form, tome_error *err) {
  enum { MOST_DIMS = 5, MOST_SAMPLES = 4 };
  if (h->dims < 2 || h->dims > MOST_DIMS)
    return tome_fail(err, TOME_UNSUPPORTED, "is an array of %d dimensions; 2 to %d are read", h->dims, MOST_DIMS);
  *a = (tome_array){
      .dtype = h->dtype, .half = h->half, .swapped = h->swapped, .embedded = true, .dims = h->dims, .channel = -1};
  for (int i = 0; i < h->dims; i++) {
    if (h->dim[i] < 1) return tome_fail(err, TOME_UNSUPPORTED, "is an empty array");
    a->size[h->fortran ? i : h->dims - 1 - i] = h->dim[i];
  }
  const bool samples = h->dims >= 4 && h->dim[h->dims - 1] <= MOST_SAMPLES;
  if (h->dims > 4 && !samples)
    return tome_fail(err, TOME_UNSUPPORTED, "is an array of %d dimensions whose last is not 1 to %d samples", h->dims,
                     MOST_SAMPLES);
  const int last = h->dims - 1 - samples;
  if (samples) a->channel = h->fortran ? h->dims - 1 : 0;
  for (int k = 0; k < 3; k++) /* k: z, y, x */
    a->space[k] = last - 2 + k < 0 ? -1 : h->fortran ? last - 2 + k : h->dims - 1 - (last - 2 + k);
  return tome_array_form_of(a, form, err);
}
