/* Reading boxes: pread, checksum, inflate, unshuffle, convert, a few chunks at a time on whichever core is free. No HDF5, no lock. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/case_file.h"
#include "store/planes.h"

static bool read_at(const tome_case_file *f, void *out, size_t size, uint64_t at, tome_error *err) {
  for (size_t got = 0; got < size;) {
    const ssize_t n = pread(f->fd, (char *)out + got, size - got, (off_t)(at + got));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return tome_fail_errno(err, "%s: cannot be read", f->path);
    if (n == 0)
      return tome_fail(err, TOME_CORRUPT, "%s: ends at byte %llu, within its chunks (cut short?)", f->path,
                       (unsigned long long)(at + got));
    got += (size_t)n;
  }
  return true;
}

/* ---- a box ---- */

enum { MOST_BATCH = 16 };
static const size_t batch_bytes = 1 << 19;

/* One thread's memory. */
typedef struct scratch {
  tome_decoder *decoder;
  uint8_t *packed; /* a batch of chunks as stored, each with the slack behind it */
  uint8_t *plane;  /* rows of a chunk, unshuffled */
} scratch;

typedef struct reading {
  const tome_case_file *file;
  const tome_stored_volume *volume;
  const tome_read_options *opt;
  tome_box box;
  int64_t out_shape[3];
  int64_t first[3], count[3]; /* the chunks under the box: in chunk units */
  size_t chunks, batch;       /* under the box; decoded together */
  bool to_float;
  size_t out_element;
  uint8_t *out;
  void (*damaged)(void *user, const char *text); /* NULL: a damaged chunk fails the call */
  void *user;
  scratch *scratches; /* one a worker, filled when it first needs one */
} reading;

static size_t packed_stride(const reading *r) { return (size_t)r->volume->most_bytes + TOME_DECODE_SLACK; }

static bool scratch_make(const reading *r, scratch *s, tome_error *err) {
  if (s->decoder) return true;
  const tome_chunk_grid *g = &r->volume->grid;
  const size_t element = r->volume->pipeline.element;
  if (!s->packed) s->packed = tome_alloc(r->batch, packed_stride(r), "chunk", err);
  if (!s->plane) s->plane = tome_alloc((size_t)(g->chunk[1] * g->chunk[2]), element, "chunk", err);
  if (s->packed && s->plane)
    s->decoder = tome_decoder_new(&r->volume->pipeline, g->chunk_voxels * element, r->batch, err);
  return s->decoder != NULL;
}

static void scratch_free(scratch *s) {
  tome_decoder_free(s->decoder);
  free(s->packed);
  free(s->plane);
}

/* Rows y0 ... y1 of plane z of the chunk, whole, as elements. */
static const uint8_t *rows_of(const reading *r, scratch *s, const tome_packed_chunk *packed, int64_t z, int64_t y0,
                              int64_t y1) {
  const tome_chunk_grid *g = &r->volume->grid;
  const size_t element = r->volume->pipeline.element;
  const size_t at = (size_t)((z * g->chunk[1] + y0) * g->chunk[2]), count = (size_t)((y1 - y0) * g->chunk[2]);
  if (!r->volume->pipeline.shuffle) return packed->raw + at * element;
  tome_unshuffle(packed->raw, packed->plane_stride, at, element, s->plane, count);
  return s->plane;
}

static void put_row(const reading *r, const uint8_t *row, size_t width, uint8_t *to) {
  if (r->to_float)
    tome_to_float(r->volume->info.dtype, row, width, r->opt, (float *)(void *)to);
  else
    memcpy(to, row, width * r->out_element);
}

/* Where voxel (z, y) of the box's rows that begin at x goes. */
static uint8_t *row_out(const reading *r, int64_t z, int64_t y, int64_t x) {
  const size_t to =
      (size_t)(((z - r->box.lo[0]) * r->out_shape[1] + (y - r->box.lo[1])) * r->out_shape[2] + (x - r->box.lo[2]));
  return r->out + to * r->out_element;
}

/* Whole rows of shuffled voxels, wanted as they are: straight to where they belong. */
static void place_rows(const reading *r, const tome_packed_chunk *packed, const tome_box *chunk, const tome_box *in) {
  const int64_t *wide = r->volume->grid.chunk;
  for (int64_t z = in->lo[0]; z < in->hi[0]; z++)
    for (int64_t y = in->lo[1]; y < in->hi[1]; y++) {
      const size_t at = (size_t)(((z - chunk->lo[0]) * wide[1] + (y - chunk->lo[1])) * wide[2]);
      tome_unshuffle(packed->raw, packed->plane_stride, at, r->volume->pipeline.element, row_out(r, z, y, in->lo[2]),
                     (size_t)wide[2]);
    }
}

/* Puts the part of a chunk that lies in the box where it belongs. */
static void place_chunk(const reading *r, scratch *s, const tome_packed_chunk *packed, const tome_box *chunk) {
  const tome_box in = tome_box_intersect(chunk, &r->box);
  const int64_t *wide = r->volume->grid.chunk;
  const size_t element = r->volume->pipeline.element, width = (size_t)(in.hi[2] - in.lo[2]);
  if (!r->to_float && r->volume->pipeline.shuffle && width == (size_t)wide[2]) return place_rows(r, packed, chunk, &in);
  for (int64_t z = in.lo[0]; z < in.hi[0]; z++) {
    const uint8_t *rows = rows_of(r, s, packed, z - chunk->lo[0], in.lo[1] - chunk->lo[1], in.hi[1] - chunk->lo[1]);
    for (int64_t y = in.lo[1]; y < in.hi[1]; y++) {
      const size_t from = (size_t)((y - in.lo[1]) * wide[2] + (in.lo[2] - chunk->lo[2]));
      put_row(r, rows + from * element, width, row_out(r, z, y, in.lo[2]));
    }
  }
}

/* What of a chunk lies in the box, whole rows: one piece a slice. */
static tome_span wanted_of(const reading *r, const tome_box *chunk) {
  const tome_box in = tome_box_intersect(chunk, &r->box);
  const int64_t *wide = r->volume->grid.chunk;
  return (tome_span){.first = (size_t)(((in.lo[0] - chunk->lo[0]) * wide[1] + in.lo[1] - chunk->lo[1]) * wide[2]),
                     .length = (size_t)((in.hi[1] - in.lo[1]) * wide[2]),
                     .step = (size_t)(wide[1] * wide[2]),
                     .count = (size_t)(in.hi[0] - in.lo[0])};
}

/* A chunk that is not stored: zeros, through the same conversion. */
static void place_zeros(const reading *r, scratch *s, const tome_box *chunk) {
  const tome_box in = tome_box_intersect(chunk, &r->box);
  const size_t width = (size_t)(in.hi[2] - in.lo[2]);
  memset(s->plane, 0, width * r->volume->pipeline.element);
  for (int64_t z = in.lo[0]; z < in.hi[0]; z++)
    for (int64_t y = in.lo[1]; y < in.hi[1]; y++) put_row(r, s->plane, width, row_out(r, z, y, in.lo[2]));
}

/* The chunk number of the item-th chunk under the box. */
static size_t chunk_under(const reading *r, size_t item) {
  const size_t ny = (size_t)r->count[1], nx = (size_t)r->count[2];
  const size_t z = (size_t)r->first[0] + item / nx / ny, y = (size_t)r->first[1] + item / nx % ny;
  const size_t x = (size_t)r->first[2] + item % nx;
  const tome_chunk_grid *g = &r->volume->grid;
  return (z * (size_t)g->count[1] + y) * (size_t)g->count[2] + x;
}

/* Says that chunk i is damaged: to whoever collects that, else as the failure of the call. */
static bool say_damaged(const reading *r, size_t i, const char *why, tome_error *err) {
  tome_error e = {0};
  const tome_box b = tome_chunk_box(&r->volume->grid, i);
  tome_fail(&e, TOME_CORRUPT,
            "%s: %s: chunk at (%lld,%lld,%lld), byte %llu, %s; restore the file or ingest the case again",
            r->file->path, r->volume->name, (long long)b.lo[0], (long long)b.lo[1], (long long)b.lo[2],
            (unsigned long long)r->volume->places[i].address, why);
  if (!r->damaged) return tome_fail(err, e.code, "%s", e.message);
  r->damaged(r->user, e.message);
  return true;
}

/* Fetches the stored ones among chunks number[0 … count-1]; *stored: how many, and number[] then holds theirs. Those that are not stored are placed at once. */
static bool fetch(const reading *r, scratch *s, size_t *number, size_t count, tome_packed_chunk *packed, size_t *stored,
                  tome_error *err) {
  size_t n = 0;
  for (size_t k = 0; k < count; k++) {
    const size_t i = number[k];
    const tome_chunk_place *p = &r->volume->places[i];
    const tome_box chunk = tome_chunk_box(&r->volume->grid, i);
    if (p->address == UINT64_MAX) {
      place_zeros(r, s, &chunk);
      continue;
    }
    uint8_t *to = s->packed + n * packed_stride(r);
    if (!read_at(r->file, to, p->bytes, p->address, err)) return false;
    memset(to + p->bytes, 0, TOME_DECODE_SLACK);
    packed[n] = (tome_packed_chunk){.data = to, .size = p->bytes, .mask = p->mask, .wanted = wanted_of(r, &chunk)};
    number[n++] = i;
  }
  *stored = n;
  return true;
}

static bool read_batch(void *ctx, size_t item, int worker, tome_error *err) {
  reading *r = ctx;
  scratch *s = &r->scratches[worker];
  tome_packed_chunk packed[MOST_BATCH];
  size_t number[MOST_BATCH], count = 0, stored = 0;
  for (size_t k = item * r->batch; k < r->chunks && count < r->batch; k++) number[count++] = chunk_under(r, k);
  if (!scratch_make(r, s, err) || !fetch(r, s, number, count, packed, &stored, err)) return false;
  tome_decode(s->decoder, packed, stored);
  for (size_t k = 0; k < stored; k++) {
    const tome_box chunk = tome_chunk_box(&r->volume->grid, number[k]);
    if (packed[k].raw)
      place_chunk(r, s, &packed[k], &chunk);
    else if (!say_damaged(r, number[k], packed[k].why, err))
      return false;
  }
  return true;
}

/* As many chunks at a time as fit the cache and leave every thread some. */
static size_t batch_size(const reading *r, size_t threads) {
  const size_t chunk_bytes = r->volume->grid.chunk_voxels * r->volume->pipeline.element;
  size_t batch = r->chunks / (2 * threads);
  if (batch > batch_bytes / chunk_bytes) batch = batch_bytes / chunk_bytes;
  if (batch > MOST_BATCH) batch = MOST_BATCH;
  return batch ? batch : 1;
}

static bool read_box(reading *r, const tome_run *run, tome_error *err) {
  const tome_chunk_grid *g = &r->volume->grid;
  const size_t threads = (size_t)tome_threads(run);
  r->chunks = 1;
  for (int a = 0; a < 3; a++) {
    r->first[a] = r->box.lo[a] / g->chunk[a];
    r->count[a] = (r->box.hi[a] - 1) / g->chunk[a] + 1 - r->first[a];
    r->chunks *= (size_t)r->count[a];
  }
  r->batch = batch_size(r, threads);
  r->scratches = tome_alloc_zero(threads, sizeof *r->scratches, "chunks", err);
  if (!r->scratches) return false;
  const bool ok = tome_parallel(run, (r->chunks - 1) / r->batch + 1, read_batch, r, err);
  for (size_t i = 0; i < threads; i++) scratch_free(&r->scratches[i]);
  free(r->scratches);
  return ok;
}

/* ---- the call ---- */

static bool check_options(const tome_stored_volume *v, const tome_read_options *opt, tome_error *err) {
  const tome_dtype want = opt->dtype == TOME_NONE ? v->info.dtype : opt->dtype;
  if (want != v->info.dtype && want != TOME_F32)
    return tome_fail(err, TOME_USAGE, "%s is stored as %s: it can be read as that or as float32, not as %s", v->name,
                     tome_dtype_name(v->info.dtype), tome_dtype_name(want));
  if (!opt->rescale) return true;
  if (opt->dtype != TOME_F32) return tome_fail(err, TOME_USAGE, "%s: rescaling gives float32: ask for that", v->name);
  if (opt->clip_lo <= opt->clip_hi) return true;
  return tome_fail(err, TOME_USAGE, "%s: cannot clip to %g ... %g", v->name, opt->clip_lo, opt->clip_hi);
}

static bool check_box(const tome_stored_volume *v, const tome_box *box, size_t out_bytes, size_t element,
                      tome_error *err) {
  const tome_box whole = tome_box_of_shape(v->grid.shape);
  if (tome_box_is_empty(box) || !tome_box_contains(&whole, box))
    return tome_fail(err, TOME_USAGE,
                     "%s: box %lld:%lld,%lld:%lld,%lld:%lld is empty or reaches outside the shape %lldx%lldx%lld",
                     v->name, (long long)box->lo[0], (long long)box->hi[0], (long long)box->lo[1],
                     (long long)box->hi[1], (long long)box->lo[2], (long long)box->hi[2], (long long)whole.hi[0],
                     (long long)whole.hi[1], (long long)whole.hi[2]);
  int64_t shape[3];
  size_t bytes;
  tome_box_shape(box, shape);
  if (!tome_shape_bytes(shape, element, &bytes) || bytes != out_bytes)
    return tome_fail(err, TOME_USAGE, "%s: the box takes %lld voxels of %zu bytes, the memory given has %zu bytes",
                     v->name, (long long)tome_box_voxels(box), element, out_bytes);
  return true;
}

bool tome_volume_read(const tome_case_file *f, const tome_stored_volume *v, const tome_box *box,
                      const tome_read_options *opt, void *out, const tome_run *run,
                      void (*damaged)(void *user, const char *text), void *user, tome_error *err) {
  const bool to_float = opt && opt->dtype == TOME_F32 && (opt->rescale || v->info.dtype != TOME_F32);
  reading r = {.file = f,
               .volume = v,
               .opt = opt,
               .box = *box,
               .to_float = to_float,
               .out_element = to_float ? sizeof(float) : v->pipeline.element,
               .out = out,
               .damaged = damaged,
               .user = user};
  tome_box_shape(&r.box, r.out_shape);
  return read_box(&r, run, err);
}

bool tome_case_file_read(const tome_case_file *f, const char *volume, const tome_box *box, const tome_read_options *opt,
                         void *out, size_t out_bytes, const tome_run *run, tome_error *err) {
  static const tome_read_options as_stored = {.dtype = TOME_NONE};
  const tome_stored_volume *v = tome_case_file_find(f, volume, err);
  if (!v) return false;
  if (!opt) opt = &as_stored;
  if (!check_options(v, opt, err)) return tome_fail_prefix(err, "%s", f->path);
  const size_t element = opt->dtype == TOME_F32 ? sizeof(float) : v->pipeline.element;
  const tome_box all = box ? *box : tome_box_of_shape(v->grid.shape);
  if (!check_box(v, &all, out_bytes, element, err)) return tome_fail_prefix(err, "%s", f->path);
  return tome_volume_read(f, v, &all, opt, out, run, NULL, NULL, err);
}
