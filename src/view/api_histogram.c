/* api_histogram.c - the counts that the store keeps, in at most 1024 bins; labels' counts in the image's bins. No voxel is read. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "view/inside.h"

enum { MOST_BINS = 1024 };
enum { MAP, VALUE, NAME, LO, WIDTH, BINS, BYTES, COUNTS }; /* columns */

typedef struct histogram {
  cli_json *json;
  const char *map; /* only this one's labels; NULL: all maps' */
  double first, width;
  size_t bins; /* 0: the image's has not come yet */
  uint64_t counts[MOST_BINS];
  bool in_labels;
} histogram;

static uint64_t digit(char c) { return (uint64_t)(c <= '9' ? c - '0' : c - 'A' + 10); }

/* Bin i of a hexadecimal text of little-endian numbers of `size` bytes. */
static uint64_t count_at(const char *hex, size_t size, size_t i) {
  uint64_t v = 0;
  const char *at = hex + i * size * 2;
  for (size_t b = size; b-- > 0;) v = v << 8 | digit(at[2 * b]) << 4 | digit(at[2 * b + 1]);
  return v;
}

/* The image's own bins, several of them one where they are many. */
static void set_grid(histogram *h, const tome_value *v) {
  const size_t bins = (size_t)v[BINS].i, each = (bins + MOST_BINS - 1) / MOST_BINS;
  h->first = view_real(&v[LO]);
  h->width = view_real(&v[WIDTH]) * (double)each;
  h->bins = (bins + each - 1) / each;
}

/* A bin's middle says where it goes: those of labels need not begin where the image's do. */
static void add_up(histogram *h, const tome_value *v, size_t size) {
  const double lo = view_real(&v[LO]), width = view_real(&v[WIDTH]);
  memset(h->counts, 0, sizeof h->counts);
  for (size_t i = 0; i < (size_t)v[BINS].i; i++) {
    const double place = floor((lo + ((double)i + 0.5) * width - h->first) / h->width);
    const size_t bin = place > 0 ? (size_t)fmin(place, (double)(h->bins - 1)) : 0;
    h->counts[bin] += count_at(v[COUNTS].s, size, i);
  }
}

static void put_counts(histogram *h, size_t begin, size_t end) {
  cli_json_key(h->json, "counts");
  cli_json_open(h->json, '[');
  for (size_t i = begin; i < end; i++) cli_json_int(h->json, (int64_t)h->counts[i]);
  cli_json_close(h->json, ']');
}

static void put_image(histogram *h) {
  cli_json_put_real(h->json, "first", h->first);
  cli_json_put_real(h->json, "width", h->width);
  put_counts(h, 0, h->bins);
  cli_json_key(h->json, "labels");
  cli_json_open(h->json, '[');
  h->in_labels = true;
}

/* Without the empty bins at either end; `begin` is the number of its first in the image's. */
static void put_label(histogram *h, const tome_value *v) {
  size_t begin = 0, end = h->bins;
  while (begin < end && !h->counts[begin]) begin++;
  while (end > begin && !h->counts[end - 1]) end--;
  cli_json_open(h->json, '{');
  cli_json_put_text(h->json, "map", view_string(&v[MAP]));
  cli_json_key(h->json, "value");
  cli_json_value(h->json, &v[VALUE]);
  cli_json_put_text(h->json, "name", view_string(&v[NAME]));
  cli_json_put_int(h->json, "begin", begin);
  put_counts(h, begin, end);
  cli_json_close(h->json, '}');
}

static bool take(void *user, size_t columns, const char *const *names, const tome_value *v) {
  histogram *h = user;
  (void)columns;
  (void)names;
  if (!v) return true;
  const size_t bins = v[BINS].i > 0 ? (size_t)v[BINS].i : 0, bytes = v[BYTES].i > 0 ? (size_t)v[BYTES].i : 0;
  const size_t size = bins ? bytes / bins : 0;
  if (!size || size > 8 || size * bins != bytes || strlen(view_string(&v[COUNTS])) != 2 * bytes) return true;
  const bool image = !strcmp(view_string(&v[MAP]), "image") && v[VALUE].i == 0;
  if (image == (h->bins > 0)) return true;
  if (image) set_grid(h, v);
  if (!(h->width > 0)) return true;
  if (!image && h->map && strcmp(h->map, view_string(&v[MAP])) != 0) return true;
  add_up(h, v, size);
  if (image)
    put_image(h);
  else
    put_label(h, v);
  return true;
}

static bool put_histogram(const view_request *r, histogram *h, const char *id, tome_error *err) {
  static const char sql[] =
      "SELECT map, value, name, lo, width, bins, length(counts), hex(counts) FROM histograms WHERE case_id = ?1"
      " ORDER BY NOT (map = 'image' AND value = 0), rowid";
  if (!view_query(r, sql, id, take, h, err)) return false;
  if (!h->in_labels) return view_fail(err, TOME_NOT_FOUND, "the store keeps no counts of the case \"%.200s\"", id);
  cli_json_close(h->json, ']');
  return true;
}

bool view_api_histogram(const view_request *r, view_reply *out, tome_error *err) {
  const char *id = view_need(r, "id", err), *volume = view_arg(r, "volume");
  if (!id) return false;
  const bool labels = volume && !strncmp(volume, "labels/", 7);
  if (volume && strcmp(volume, "image") != 0 && !labels)
    return view_fail(err, TOME_NOT_FOUND,
                     "the store keeps the counts of the image and of its labels, not of \"%.200s\"", volume);
  VIEW_CLEANUP(view_text_clear) view_text t = {0};
  histogram *h = calloc(1, sizeof *h);
  if (!h) return view_no_memory(err);
  h->json = &t.json;
  h->map = labels ? volume + 7 : NULL;
  bool ok = view_text_open(&t, err);
  if (ok) {
    cli_json_open(&t.json, '{');
    ok = put_histogram(r, h, id, err);
    cli_json_close(&t.json, '}');
  }
  free(h);
  return ok && view_text_reply(&t, out, err);
}
