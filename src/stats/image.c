/* The whole image. Integer voxels of up to 16 bits: one pass that counts each value there is. Floats: their range
 * first, then the passes of floats.c with the image as the one slot. */
#include <math.h>
#include <stdlib.h>

#include "stats/measure.h"
#include "stats/stats.h"

/* Equal neighbours are common; counting them in turn in several tables spares each the wait for the one before. FLUSH:
 * voxels that the 32-bit tables of one worker surely hold. */
enum { TABLES = 4, FLUSH = 1 << 30 };

/* One worker's counts, by the bits of the voxel. */
typedef struct counter {
  uint32_t *tables; /* TABLES x values */
  uint64_t *counts;
  size_t pending; /* voxels in the tables */
} counter;

typedef struct counting {
  const tome_volume *image;
  tome_spans spans;
  size_t values; /* 256 or 65536 */
  int workers;
  counter *counters; /* by worker */
} counting;

static void counting_clear(counting *c) {
  for (int w = 0; c->counters && w < c->workers; w++) {
    free(c->counters[w].tables);
    free(c->counters[w].counts);
  }
  free(c->counters);
}

static void flush(counter *to, size_t values) {
  for (size_t i = 0; i < TABLES * values; i++) to->counts[i & (values - 1)] += to->tables[i];
  memset(to->tables, 0, TABLES * values * sizeof *to->tables);
  to->pending = 0;
}

static void count16(uint32_t *tables, const uint16_t *v, size_t n) {
  uint32_t *const t0 = tables, *const t1 = tables + 65536, *const t2 = tables + 2 * 65536,
                  *const t3 = tables + 3 * 65536;
  size_t i = 0;
  for (; i + 8 <= n; i += 8) {
    uint64_t a, b;
    memcpy(&a, v + i, sizeof a);
    memcpy(&b, v + i + 4, sizeof b);
    if (a == b && a == (a << 16 | a >> 48)) { /* air around the patient, padding made air: long runs */
      t0[a & 0xffff] += 8;
      continue;
    }
    t0[a & 0xffff]++, t1[a >> 16 & 0xffff]++, t2[a >> 32 & 0xffff]++, t3[a >> 48]++;
    t0[b & 0xffff]++, t1[b >> 16 & 0xffff]++, t2[b >> 32 & 0xffff]++, t3[b >> 48]++;
  }
  for (; i < n; i++) t0[v[i]]++;
}

static void count8(uint32_t *tables, const uint8_t *v, size_t n) {
  size_t i = 0;
  for (; i + 4 <= n; i += 4)
    tables[v[i]]++, tables[256 + v[i + 1]]++, tables[512 + v[i + 2]]++, tables[768 + v[i + 3]]++;
  for (; i < n; i++) tables[v[i]]++;
}

typedef struct count_work {
  const counting *c;
  counter *to;
} count_work;

static void count_span(void *ctx, uint32_t slot, size_t at, size_t n) {
  const count_work *w = ctx;
  (void)slot;
  if (w->c->values == 256)
    count8(w->to->tables, (const uint8_t *)w->c->image->data + at, n);
  else
    count16(w->to->tables, (const uint16_t *)w->c->image->data + at, n);
  w->to->pending += n;
  if (w->to->pending >= FLUSH) flush(w->to, w->c->values);
}

static bool count_item(void *ctx, size_t item, int worker, tome_error *err) {
  const counting *c = ctx;
  counter *to = &c->counters[worker];
  if (!to->tables) to->tables = tome_alloc_zero(TABLES * c->values, sizeof *to->tables, "statistics", err);
  if (!to->counts) to->counts = tome_alloc_zero(c->values, sizeof *to->counts, "statistics", err);
  if (!to->tables || !to->counts) return false;
  count_work w = {.c = c, .to = to};
  tome_spans_walk(&c->spans, item, count_span, &w);
  return true;
}

/* Adds all workers' counts, in the order of the values: of signed types the upper half of the bit patterns comes
 * first. */
static void sum_in_order(const counting *c, bool is_signed, uint64_t *sum) {
  const size_t turn = is_signed ? c->values / 2 : 0;
  for (int w = 0; w < c->workers; w++) {
    counter *from = &c->counters[w];
    if (!from->counts || !from->tables) continue;
    flush(from, c->values);
    for (size_t i = 0; i < c->values; i++) sum[i ^ turn] += from->counts[i];
  }
}

/* The part of the counts that is not empty, as a histogram in the arena. */
static bool keep_trimmed(const uint64_t *counts, size_t values, double lowest, tome_arena *arena, tome_histogram *out,
                         tome_error *err) {
  size_t lo = 0, hi = values;
  while (lo < hi && counts[lo] == 0) lo++;
  while (hi > lo && counts[hi - 1] == 0) hi--;
  tome_histogram h = {.lo = hi > lo ? lowest + (double)lo : 0, .width = 1, .bins = hi - lo};
  if (h.bins) {
    h.counts = tome_arena_alloc(arena, h.bins * sizeof *h.counts, err);
    if (!h.counts) return false;
    memcpy(h.counts, counts + lo, h.bins * sizeof *h.counts);
  }
  *out = h;
  return true;
}

static bool image_integers(const tome_spans *spans, const tome_volume *image, const tome_run *run, tome_arena *arena,
                           tome_intensity *out, tome_histogram *histogram, tome_error *err) {
  TOME_CLEANUP(counting_clear) counting c = {.image = image, .spans = *spans, .workers = run->threads};
  c.values = tome_dtype_size(image->dtype) == 1 ? 256 : 65536;
  c.counters = tome_alloc_zero((size_t)c.workers, sizeof *c.counters, "statistics", err);
  TOME_AUTO_FREE uint64_t *sum = tome_alloc_zero(c.values, sizeof *sum, "statistics", err);
  if (!c.counters || !sum) return false;
  if (!tome_parallel(run, tome_spans_items(spans), count_item, &c, err)) return false;
  sum_in_order(&c, tome_dtype_is_signed(image->dtype), sum);
  double lowest, highest;
  tome_dtype_range(image->dtype, &lowest, &highest);
  if (!keep_trimmed(sum, c.values, lowest, arena, histogram, err)) return false;
  tome_intensity_of(histogram, out);
  return true;
}

typedef struct ranging {
  const tome_spans *spans;
  const tome_volume *image;
  tome_range *ranges; /* by worker */
} ranging;

typedef struct range_work {
  const ranging *r;
  tome_range *to;
} range_work;

static void range_span(void *ctx, uint32_t slot, size_t at, size_t n) {
  const range_work *w = ctx;
  (void)slot;
  tome_range_of(w->r->image->dtype)(w->r->image->data, at, n, w->to);
}

static bool range_item(void *ctx, size_t item, int worker, tome_error *err) {
  const ranging *r = ctx;
  (void)err;
  range_work w = {.r = r, .to = &r->ranges[worker]};
  tome_spans_walk(r->spans, item, range_span, &w);
  return true;
}

static bool image_floats(const tome_spans *spans, const tome_volume *image, const tome_run *run, tome_arena *arena,
                         tome_intensity *out, tome_histogram *histogram, tome_error *err) {
  TOME_AUTO_FREE tome_range *ranges = tome_alloc_zero((size_t)run->threads, sizeof *ranges, "statistics", err);
  if (!ranges) return false;
  ranging r = {.spans = spans, .image = image, .ranges = ranges};
  if (!tome_parallel(run, tome_spans_items(spans), range_item, &r, err)) return false;
  for (int w = 1; w < run->threads; w++) tome_range_add(&ranges[0], &ranges[w]);
  tome_intensity hu;
  tome_histogram h;
  const tome_measure m = {.spans = *spans,
                          .image = image,
                          .run = run,
                          .workers = run->threads,
                          .slots = 1,
                          .ranges = ranges,
                          .arena = arena,
                          .hu = &hu,
                          .histogram = &h};
  if (!tome_measure_floats(&m, err)) return false;
  *out = hu;
  *histogram = h;
  return true;
}

bool tome_stats_image(const tome_volume *image, const uint8_t *padding_mask, const tome_run *run, tome_arena *arena,
                      tome_intensity *out, tome_histogram *histogram, tome_error *err) {
  size_t bytes;
  if (!tome_range_of(image->dtype))
    return tome_fail(err, TOME_UNSUPPORTED, "no statistics of %s voxels; store them as int16 or float32",
                     tome_dtype_name(image->dtype));
  if (!tome_shape_bytes(image->geometry.shape, 4, &bytes))
    return tome_fail(err, TOME_USAGE, "a volume without voxels, or with too many");
  const tome_run fixed = {.threads = tome_threads(run), .stop = run ? run->stop : NULL, .user = run ? run->user : NULL};
  tome_spans spans = {.padding = padding_mask, .slot_hi = 1};
  for (int a = 0; a < 3; a++) spans.shape[a] = image->geometry.shape[a];
  if (image->dtype == TOME_F32) return image_floats(&spans, image, &fixed, arena, out, histogram, err);
  return image_integers(&spans, image, &fixed, arena, out, histogram, err);
}
