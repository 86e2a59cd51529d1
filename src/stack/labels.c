/* Labels are whole numbers: every voxel is checked, and what is none is refused with its value and place. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "stack/loader.h"

enum { BLOCK = 1024 };
/* Scaled labels come out this near to whole numbers, or are none. */
static const double WHOLE_WITHIN = 1e-3;
static const double MOST = TOME_LABEL_VALUES - 1;

/* Rounds a block; false where a value is not a label. NaN is none. */
static bool round_block(const double *v, uint16_t *out, size_t n) {
  int bad = 0;
  for (size_t i = 0; i < n; i++) {
    double c = v[i] > -1.0 ? v[i] : -1.0;
    c = c < MOST + 1 ? c : MOST + 1;
    const int t = (int)(c + 1.5) - 1; /* nearest, for c >= -1 */
    const double off = (double)t - v[i];
    bad |= !((off <= WHOLE_WITHIN) & (off >= -WHOLE_WITHIN)) | (t < 0) | (t > (int)MOST);
    out[i] = (uint16_t)t;
  }
  return !bad;
}

/* The sentence for the first bad value of a block that begins at voxel `first`. */
static bool refuse(const tome_loader *l, const tome_piece *p, const double *v, size_t n, size_t first,
                   tome_error *err) {
  size_t i = 0;
  uint16_t scrap;
  while (i + 1 < n && round_block(v + i, &scrap, 1)) i++;
  const int64_t *shape = l->s->geometry.shape;
  const int64_t at = (int64_t)(first + i), x = at % shape[2], y = at / shape[2] % shape[1],
                z = at / shape[2] / shape[1];
  const char *why = v[i] < -WHOLE_WITHIN ? "is negative" : v[i] > MOST ? "is over 65535" : "is not a whole number";
  return tome_fail(err, TOME_VALUE,
                   "%s: the label voxel (%" PRId64 ", %" PRId64 ", %" PRId64
                   ") is %.9g, which %s; --threshold=T takes everything from T up as a mask, if a mask is what it is",
                   p->path, z, y, x, v[i], why);
}

/* Rounded labels to their place; false where one does not fit the goal. */
static bool put(const tome_loader *l, tome_load_worker *w, const uint16_t *in, size_t n, void *out) {
  if (l->goal == TOME_GOAL_LABEL16) {
    memcpy(out, in, n * sizeof *in);
    return true;
  }
  uint16_t most = 0;
  uint8_t *narrow = out;
  for (size_t i = 0; i < n; i++) {
    most = in[i] > most ? in[i] : most;
    narrow[i] = (uint8_t)in[i];
  }
  if (most > UINT8_MAX) return false;
  for (size_t i = 0; i < n; i++) w->counts[in[i]]++;
  return true;
}

static void above(double *v, size_t n, double threshold) {
  for (size_t i = 0; i < n; i++) v[i] = v[i] >= threshold ? 1 : 0;
}

bool tome_load_labels(tome_loader *l, tome_load_worker *w, const tome_piece *p, const void *stored, size_t n,
                      size_t first, void *out, tome_error *err) {
  const tome_scale scale = {p->dtype, p->slope, p->intercept};
  const size_t in_size = tome_dtype_size(p->dtype), out_size = tome_dtype_size(l->dtype);
  double block[BLOCK];
  uint16_t rounded[BLOCK];
  for (size_t i = 0; i < n; i += BLOCK) {
    const size_t m = n - i < BLOCK ? n - i : BLOCK;
    tome_rescale_f64(&scale, (const char *)stored + i * in_size, block, m);
    if (l->goal == TOME_GOAL_THRESHOLD) above(block, m, l->opt->threshold);
    if (!round_block(block, rounded, m)) return refuse(l, p, block, m, first + i, err);
    if (put(l, w, rounded, m, (char *)out + i * out_size)) continue;
    atomic_store(&l->misfit, true);
    return false;
  }
  return true;
}

bool tome_load_refuse_lossy(const tome_loader *l, tome_error *err) {
  if (!l->opt->labels || l->opt->threshold > 0) return true;
  for (size_t i = 0; i < l->s->order_count; i++) {
    const tome_piece *p = l->s->order[i];
    if (p->lossy)
      return tome_fail(err, TOME_VALUE,
                       "%s is compressed as JPEG, which keeps values only about right, so its labels cannot be known; "
                       "give --threshold=128 to take it as a black and white mask",
                       p->path);
  }
  return true;
}

/* All workers' counts in the first one's. */
static const uint64_t *sum_counts(tome_loader *l) {
  for (int t = 1; t < l->worker_count; t++)
    for (int v = 0; v < 256; v++) l->workers[0].counts[v] += l->workers[t].counts[v];
  return l->workers[0].counts;
}

/* Many gray levels, most of what is not background close to white: a mask that was smoothed or went through JPEG, not a map
 * of as many structures. Visual codes (63, 126, 189, 252) and maps of hundreds of labels pass. */
static bool refuse_gray(const tome_loader *l, const uint64_t *counts, tome_error *err) {
  enum { MANY = 16, DARK = 16, BRIGHT = 240 };
  const tome_piece *p = l->s->order[0];
  if (p->dtype != TOME_U8 || p->slope != 1 || p->intercept != 0) return true;
  int distinct = 0;
  uint64_t between = 0, bright = 0;
  for (int v = 0; v < 256; v++) {
    distinct += counts[v] > 0;
    if (v >= BRIGHT)
      bright += counts[v];
    else if (v >= DARK)
      between += counts[v];
  }
  if (distinct <= MANY || bright <= between) return true;
  return tome_fail(err, TOME_VALUE,
                   "%s: the mask has %d gray levels, mostly near 0 and 255: it was smoothed or saved as JPEG; give "
                   "--threshold=128 to take it as black and white",
                   p->path, distinct);
}

static bool whiten(void *ctx, size_t item, int worker, tome_error *err) {
  (void)worker, (void)err;
  tome_loader *l = ctx;
  uint8_t *v = (uint8_t *)l->data + item * l->slice;
  for (size_t i = 0; i < l->slice; i++) v[i] = v[i] != 0;
  return true;
}

bool tome_load_finish_labels(tome_loader *l, bool *binary_255, tome_error *err) {
  *binary_255 = false;
  if (l->goal != TOME_GOAL_LABEL8) return true;
  const uint64_t *counts = sum_counts(l);
  if (!refuse_gray(l, counts, err)) return false;
  *binary_255 = counts[255] > 0 && counts[0] + counts[255] == l->voxels;
  if (!*binary_255) return true;
  return tome_parallel(l->run, l->voxels / l->slice, whiten, l, err);
}
