/* HDF5's arrays: compact, contiguous, or chunks. */
#include <stdlib.h>
#include <string.h>

#include "base/gzip.h"
#include "format/hdf5/bytes.h"
#include "format/head.h"

enum { ROOM = 256, MOST_SPARSE = 1 << 30 }; /* chunks that hold only the fill value need not be in the file */

/* One reading of rows [lo, hi). */
typedef struct reading {
  tome_hdf5 *h;
  const tome_hdf5_object *o;
  uint64_t lo, hi;
  uint8_t *out;
  uint8_t *packed; /* of packed_most bytes */
  uint64_t packed_most;
  tome_hdf5_undoing undoing;
} reading;

static void close_reading(reading *r) {
  tome_inflater_free(r->undoing.inflater);
  free(r->undoing.chunk);
  free(r->undoing.scratch);
  free(r->undoing.spare);
  free(r->packed);
}

static uint64_t row_bytes(const tome_hdf5_object *o) {
  uint64_t n = o->type.size;
  for (int i = 1; i < o->dims; i++)
    if (__builtin_mul_overflow(n, o->shape[i], &n)) return UINT64_MAX;
  return n;
}

/* Copies what of the chunk lies in the array and in [lo, hi): lines along the last axis. */
static void place_chunk(const reading *r, const uint64_t *begin) {
  const tome_hdf5_object *o = r->o;
  const int last = o->dims - 1;
  uint64_t at[TOME_HDF5_DIMS] = {0};
  const uint64_t end = begin[last] + o->chunk[last] < o->shape[last] ? begin[last] + o->chunk[last] : o->shape[last];
  if (end <= begin[last]) return;
  for (const uint8_t *from = r->undoing.chunk;; from += o->chunk[last] * o->type.size) {
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
        memcpy(r->out + (k - r->lo) * o->type.size, r->undoing.chunk + (k - begin[0]) * o->type.size, o->type.size);
    int i = last - 1;
    while (i >= 0 && ++at[i] == o->chunk[i]) at[i--] = 0;
    if (i < 0) return;
  }
}

static bool read_chunk(void *user, const tome_hdf5_chunk *c, tome_error *err) {
  reading *r = user;
  if (c->address > r->h->size || c->size > r->h->size - c->address || c->size > r->packed_most)
    return tome_hdf5_broken("chunks lie outside the file", err);
  if (!tome_hdf5_pread(r->h, c->address, r->packed, (size_t)c->size, err) ||
      !tome_hdf5_undo(&r->undoing, r->packed, (size_t)c->size, c->mask, err))
    return false;
  place_chunk(r, c->begin);
  return true;
}

/* What stands where nothing was written. */
static void fill(const tome_hdf5_object *o, uint8_t *out, size_t bytes) {
  memset(out, 0, bytes);
  if (o->fill_bytes != o->type.size) return;
  bool zero = true;
  for (size_t i = 0; i < o->fill_bytes; i++) zero = zero && o->fill[i] == 0;
  for (size_t i = 0; !zero && i + o->fill_bytes <= bytes; i += o->fill_bytes) memcpy(out + i, o->fill, o->fill_bytes);
}

static bool check_chunks(const tome_hdf5 *h, const tome_hdf5_object *o, uint64_t *bytes, tome_error *err) {
  *bytes = o->type.size;
  if (!o->dims || (uint64_t)o->dims != o->length)
    return tome_hdf5_broken("chunks have other dimensions than their array", err);
  for (int i = 0; i < o->dims; i++)
    if (o->chunk[i] == 0 || o->shape[i] == 0 || __builtin_mul_overflow(*bytes, (uint64_t)o->chunk[i], bytes) ||
        *bytes > UINT32_MAX)
      return tome_hdf5_broken("chunks have impossible sizes", err);
  return tome_could_inflate(h->size, *bytes) || tome_hdf5_broken("chunks are larger than it can hold", err);
}

static bool read_chunked(reading *r, size_t out_bytes, tome_error *err) {
  uint64_t bytes;
  if (!check_chunks(r->h, r->o, &bytes, err)) return false;
  fill(r->o, r->out, out_bytes);
  if (r->o->address == TOME_HDF5_NOWHERE) return true;
  tome_hdf5_undoing *u = &r->undoing;
  u->room = (size_t)(bytes + bytes / 16 + ROOM);
  r->packed_most = 2 * bytes + 4096;
  if (r->packed_most > r->h->size) r->packed_most = r->h->size;
  u->o = r->o;
  u->chunk_bytes = (size_t)bytes;
  u->chunk = tome_alloc(u->room, 1, r->h->path, err);
  u->scratch = u->chunk ? tome_alloc(u->room, 1, r->h->path, err) : NULL;
  u->spare = u->scratch ? tome_alloc(u->room, 1, r->h->path, err) : NULL;
  r->packed = u->spare ? tome_alloc((size_t)r->packed_most, 1, r->h->path, err) : NULL;
  u->inflater = r->packed ? tome_inflater_new(err) : NULL;
  return u->inflater && tome_hdf5_chunks(r->h, r->o, bytes, r->lo, r->hi, read_chunk, r, err);
}

static bool read_plain(reading *r, uint64_t row, size_t out_bytes, tome_error *err) {
  const tome_hdf5_object *o = r->o;
  if (o->layout == TOME_HDF5_CONTIGUOUS && o->address == TOME_HDF5_NOWHERE) return fill(o, r->out, out_bytes), true;
  if (o->length / row < r->hi ||
      (o->layout == TOME_HDF5_CONTIGUOUS && (o->address > r->h->size || o->length > r->h->size - o->address)))
    return tome_hdf5_broken("array is cut short", err);
  if (o->layout == TOME_HDF5_CONTIGUOUS) return tome_hdf5_pread(r->h, o->address + r->lo * row, r->out, out_bytes, err);
  memcpy(r->out, o->compact + r->lo * row, out_bytes);
  return true;
}

bool tome_hdf5_read(tome_hdf5 *h, const tome_hdf5_object *o, uint64_t lo, uint64_t hi, void *out, size_t out_bytes,
                    tome_error *err) {
  TOME_CLEANUP(close_reading) reading r = {.h = h, .o = o, .lo = lo, .hi = hi, .out = out};
  const uint64_t row = row_bytes(o), rows = o->dims ? o->shape[0] : 1;
  uint64_t want;
  if (!o->has_type || !o->has_space || !o->has_layout || (o->type.class != TOME_HDF5_NUMBER && !o->type.half))
    return tome_hdf5_broken("array cannot be read", err);
  if (o->unread) return tome_fail(err, TOME_UNSUPPORTED, "has an array that %s", o->unread);
  if (lo >= hi || hi > rows || row == 0 || __builtin_mul_overflow(row, hi - lo, &want) || want != out_bytes)
    return tome_fail(err, TOME_CORRUPT, "is no longer what it was");
  if (!(o->layout == TOME_HDF5_CHUNKED ? read_chunked(&r, out_bytes, err) : read_plain(&r, row, out_bytes, err)))
    return false;
  if (o->type.swapped) tome_swap_bytes(out, out_bytes / o->type.size, o->type.size);
  return true;
}

bool tome_hdf5_could_hold(const tome_hdf5 *h, const tome_hdf5_object *o, tome_error *err) {
  uint64_t bytes = o->type.size, chunk;
  for (int i = 0; i < o->dims; i++)
    if (o->shape[i] == 0 || o->shape[i] > INT64_MAX || __builtin_mul_overflow(bytes, o->shape[i], &bytes))
      return tome_fail(err, TOME_UNSUPPORTED, "is an empty or impossible array");
  if (o->unread) return true;
  const bool sparse = o->layout == TOME_HDF5_CHUNKED || o->address == TOME_HDF5_NOWHERE;
  if (sparse && bytes > MOST_SPARSE && !tome_could_inflate(h->size, bytes))
    return tome_hdf5_broken("array is larger than it can hold", err);
  if (o->layout == TOME_HDF5_CHUNKED) return check_chunks(h, o, &chunk, err);
  if (o->layout == TOME_HDF5_CONTIGUOUS && sparse) return true;
  return bytes <= o->length || tome_hdf5_broken("array is cut short", err);
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
