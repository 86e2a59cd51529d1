/* HDF5's arrays: contiguous, compact, or chunks found through a tree, with deflate, shuffle and Fletcher32 undone. */
#include <stdlib.h>
#include <string.h>

#include "base/gzip.h"
#include "format/head.h"
#include "format/minc_h5_bytes.h"

enum { DEFLATE = 1, SHUFFLE = 2, FLETCHER = 3, CHECKSUM = 4, DEEPEST = 16 };
static const uint64_t UNDEFINED = UINT64_MAX;

/* One reading of rows [lo, hi). */
typedef struct reading {
  tome_mh5 *h;
  const tome_mh5_object *o;
  uint64_t lo, hi;
  uint8_t *out;
  size_t chunk_bytes;
  uint64_t chunks;          /* that the array can have, less those seen */
  uint8_t *chunk, *scratch; /* chunk_bytes each */
  tome_inflater *inflater;
} reading;

static void close_reading(reading *r) {
  tome_inflater_free(r->inflater);
  free(r->chunk);
  free(r->scratch);
}

static uint64_t row_bytes(const tome_mh5_object *o) {
  uint64_t n = o->type.size;
  for (int i = 1; i < o->dims; i++)
    if (__builtin_mul_overflow(n, o->shape[i], &n)) return UINT64_MAX;
  return n;
}

static void unshuffle(const uint8_t *in, uint8_t *out, size_t bytes, size_t element) {
  const size_t n = bytes / element;
  for (size_t k = 0; k < element; k++)
    for (size_t i = 0; i < n; i++) out[i * element + k] = in[k * n + i];
  memcpy(out + n * element, in + n * element, bytes - n * element);
}

/* Undoes the filters of `packed` into r->chunk, last one first. `skipped`: bits of those that were not applied. */
static bool undo_filters(reading *r, uint8_t *packed, size_t size, uint32_t skipped, tome_error *err) {
  const uint8_t *now = packed;
  for (int i = r->o->filter_count - 1; i >= 0; i--) {
    if (skipped >> i & 1) continue;
    if (r->o->filters[i] == FLETCHER) {
      if (size < CHECKSUM) return tome_mh5_broken("chunks are cut short", err);
      size -= CHECKSUM;
      continue;
    }
    uint8_t *to = now == r->chunk ? r->scratch : r->chunk;
    if (r->o->filters[i] == DEFLATE) {
      if (!tome_inflate(r->inflater, now, size, to, r->chunk_bytes))
        return tome_mh5_broken("compressed chunks are damaged; fetch the file again", err);
      size = r->chunk_bytes;
    } else {
      if (size != r->chunk_bytes) return tome_mh5_broken("chunks are cut short", err);
      unshuffle(now, to, size, r->o->type.size);
    }
    now = to;
  }
  if (size != r->chunk_bytes) return tome_mh5_broken("chunks are cut short", err);
  if (now != r->chunk) memcpy(r->chunk, now, size);
  return true;
}

/* Copies what of the chunk lies in the array and in [lo, hi): lines along the last axis. */
static void place_chunk(const reading *r, const uint64_t *begin) {
  const tome_mh5_object *o = r->o;
  const int last = o->dims - 1;
  uint64_t at[TOME_MH5_DIMS] = {0};
  const uint64_t end = begin[last] + o->chunk[last] < o->shape[last] ? begin[last] + o->chunk[last] : o->shape[last];
  if (end <= begin[last]) return;
  for (const uint8_t *from = r->chunk;; from += o->chunk[last] * o->type.size) {
    bool inside = true;
    uint64_t to = 0;
    for (int i = 0; i < o->dims; i++) {
      const uint64_t k = begin[i] + at[i];
      inside = inside && k < o->shape[i] && (i > 0 || (k >= r->lo && k < r->hi));
      to = to * o->shape[i] + (i ? k : k - r->lo);
    }
    if (inside && last > 0) memcpy(r->out + to * o->type.size, from, (size_t)(end - begin[last]) * o->type.size);
    if (last == 0)
      for (uint64_t k = begin[0] > r->lo ? begin[0] : r->lo; k < end && k < r->hi; k++)
        memcpy(r->out + (k - r->lo) * o->type.size, r->chunk + (k - begin[0]) * o->type.size, o->type.size);
    int i = last - 1;
    while (i >= 0 && ++at[i] == o->chunk[i]) at[i--] = 0;
    if (i < 0) return;
  }
}

static bool read_chunk(reading *r, const uint8_t *key, uint64_t address, tome_error *err) {
  uint64_t begin[TOME_MH5_DIMS];
  const uint64_t size = tome_number(key, 4);
  for (int i = 0; i < r->o->dims; i++) {
    begin[i] = tome_number(key + 8 + 8 * (size_t)i, 8);
    if (begin[i] >= r->o->shape[i]) return tome_mh5_broken("chunks lie outside their array", err);
  }
  if (r->chunks-- == 0) return tome_mh5_broken("chunks are more than its array has", err);
  if (begin[0] >= r->hi || begin[0] + r->o->chunk[0] <= r->lo) return true;
  if (address > r->h->size || size > r->h->size - address || size > 2 * (uint64_t)r->chunk_bytes + 4096)
    return tome_mh5_broken("chunks lie outside the file", err);
  TOME_AUTO_FREE uint8_t *packed = tome_alloc((size_t)size, 1, r->h->path, err);
  if (!packed || !tome_mh5_pread(r->h, address, packed, (size_t)size, err) ||
      !undo_filters(r, packed, (size_t)size, (uint32_t)tome_number(key + 4, 4), err))
    return false;
  place_chunk(r, begin);
  return true;
}

static bool read_tree(reading *r, uint64_t at, int depth, tome_error *err) {
  uint8_t *p;
  if (depth > DEEPEST) return tome_mh5_broken("chunks are nested too deep", err);
  if (!tome_mh5_bytes(r->h, at, 24, &p, err)) return false;
  if (memcmp(p, "TREE", 4) != 0 || p[4] != 1) return tome_mh5_broken("chunks cannot be found", err);
  const int level = p[5];
  const uint64_t count = tome_number(p + 6, 2), key = 8 + 8 * ((uint64_t)r->o->dims + 1), entry = key + 8;
  if (!tome_mh5_bytes(r->h, at + 24, count * entry, &p, err)) return false;
  for (uint64_t i = 0; i < count; i++) {
    const uint64_t child = tome_number(p + i * entry + key, 8);
    if (!(level ? read_tree(r, child, depth + 1, err) : read_chunk(r, p + i * entry, child, err))) return false;
  }
  return true;
}

/* What is not there is 0, HDF5's own default. */
static bool read_chunked(reading *r, size_t out_bytes, tome_error *err) {
  const tome_mh5_object *o = r->o;
  uint64_t bytes = o->type.size;
  memset(r->out, 0, out_bytes);
  if ((uint64_t)o->dims != o->length) return tome_mh5_broken("chunks have other dimensions than their array", err);
  r->chunks = 1;
  for (int i = 0; i < o->dims; i++)
    if (o->chunk[i] == 0 || __builtin_mul_overflow(bytes, (uint64_t)o->chunk[i], &bytes) || bytes > UINT32_MAX ||
        __builtin_mul_overflow(r->chunks, (o->shape[i] - 1) / o->chunk[i] + 1, &r->chunks))
      return tome_mh5_broken("chunks have impossible sizes", err);
  if (!tome_could_inflate(r->h->size, bytes)) return tome_mh5_broken("chunks are larger than it can hold", err);
  if (o->address == UNDEFINED) return true;
  r->chunk_bytes = (size_t)bytes;
  r->chunk = tome_alloc(r->chunk_bytes, 1, r->h->path, err);
  r->scratch = r->chunk ? tome_alloc(r->chunk_bytes, 1, r->h->path, err) : NULL;
  r->inflater = r->scratch ? tome_inflater_new(err) : NULL;
  return r->inflater && read_tree(r, o->address, 0, err);
}

bool tome_mh5_read(tome_mh5 *h, const tome_mh5_object *o, uint64_t lo, uint64_t hi, void *out, size_t out_bytes,
                   tome_error *err) {
  TOME_CLEANUP(close_reading) reading r = {.h = h, .o = o, .lo = lo, .hi = hi, .out = out};
  const uint64_t row = row_bytes(o), rows = o->dims ? o->shape[0] : 1;
  uint64_t want;
  if (!o->has_type || !o->has_space || !o->has_layout || o->type.class != TOME_MH5_NUMBER)
    return tome_mh5_broken("array cannot be read", err);
  if (lo >= hi || hi > rows || row == 0 || __builtin_mul_overflow(row, hi - lo, &want) || want != out_bytes)
    return tome_fail(err, TOME_CORRUPT, "is no longer what it was");
  if (o->layout == TOME_MH5_CHUNKED) {
    if (!o->dims || !read_chunked(&r, out_bytes, err)) return tome_mh5_broken("array cannot be read", err);
  } else {
    if (o->length / row < hi ||
        (o->layout == TOME_MH5_CONTIGUOUS && (o->address > h->size || o->length > h->size - o->address)))
      return tome_mh5_broken("array is cut short", err);
    if (o->layout == TOME_MH5_COMPACT)
      memcpy(out, o->compact + lo * row, out_bytes);
    else if (!tome_mh5_pread(h, o->address + lo * row, out, out_bytes, err))
      return false;
  }
  if (o->type.swapped) tome_swap_bytes(out, out_bytes / o->type.size, o->type.size);
  return true;
}

#define CONVERT(type)                                     \
  do {                                                    \
    const type *v = in;                                   \
    for (size_t i = 0; i < n; i++) out[i] = (double)v[i]; \
  } while (0)

void tome_to_doubles(tome_dtype t, const void *in, size_t n, double *out) {
  switch (t) {
    case TOME_U8:
      CONVERT(uint8_t);
      break;
    case TOME_I8:
      CONVERT(int8_t);
      break;
    case TOME_U16:
      CONVERT(uint16_t);
      break;
    case TOME_I16:
      CONVERT(int16_t);
      break;
    case TOME_U32:
      CONVERT(uint32_t);
      break;
    case TOME_I32:
      CONVERT(int32_t);
      break;
    case TOME_U64:
      CONVERT(uint64_t);
      break;
    case TOME_I64:
      CONVERT(int64_t);
      break;
    case TOME_F32:
      CONVERT(float);
      break;
    case TOME_F64:
      CONVERT(double);
      break;
    case TOME_NONE:
      break;
  }
}
