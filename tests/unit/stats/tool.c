/* Measures raw volumes and prints what was found as JSON, for against_numpy.py. Numbers that JSON lacks (NaN) are null.
 *
 *   stats_tool z y x threads image.raw dtype [padding FILE] [map FILE dtype] [cover BODY] [time REPEATS] [brief 1]
 *
 * brief: of histograms, "total" and "bins" instead of the counts.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/threads.h"
#include "stats/stats.h"

static const char *separator = "";

static void print_number(const char *name, double v) {
  if (v == v)
    printf("%s\"%s\": %.17g", separator, name, v);
  else
    printf("%s\"%s\": null", separator, name);
  separator = ", ";
}

static void print_intensity(const tome_intensity *s) {
  separator = "";
  printf("{");
  print_number("count", (double)s->count);
  print_number("min", s->min);
  print_number("max", s->max);
  print_number("mean", s->mean);
  print_number("std", s->std);
  char name[8];
  for (int i = 0; i < TOME_PERCENTILES; i++) {
    snprintf(name, sizeof name, "p%d", i);
    print_number(name, s->percentile[i]);
  }
  printf("}");
}

static void print_histogram(const tome_histogram *h, bool brief) {
  if (brief) {
    uint64_t total = 0;
    for (size_t i = 0; i < h->bins; i++) total += h->counts[i];
    printf("{\"width\": %.17g, \"bins\": %zu, \"total\": %" PRIu64 "}", h->width, h->bins, total);
    return;
  }
  printf("{\"lo\": %.17g, \"width\": %.17g, \"counts\": [", h->lo, h->width);
  for (size_t i = 0; i < h->bins; i++) printf("%s%" PRIu64, i ? "," : "", h->counts[i]);
  printf("]}");
}

static void print_label(const tome_label *l, bool brief) {
  printf("{\"map\": \"%s\", \"name\": \"%s\", \"value\": %d, \"voxels\": %" PRIu64 ", \"ml\": %.17g", l->map, l->name,
         l->value, l->voxels, l->ml);
  printf(", \"box\": [");
  for (int a = 0; a < 3; a++) printf("%s[%" PRId64 ",%" PRId64 "]", a ? "," : "", l->box.lo[a], l->box.hi[a]);
  printf("], \"components\": %" PRIu64 ", \"largest\": %" PRIu64 ", \"hu\": ", l->components, l->largest);
  print_intensity(&l->hu);
  separator = ", ";
  print_number("level", l->window_minmax.level);
  print_number("width", l->window_minmax.width);
  print_number("plevel", l->window_percentile.level);
  print_number("pwidth", l->window_percentile.width);
  printf(", \"histogram\": ");
  print_histogram(&l->histogram, brief);
  printf("}");
}

static void *load(const char *path, size_t bytes) {
  void *data = malloc(bytes ? bytes : 1);
  FILE *f = fopen(path, "rb");
  if (!data || !f || fread(data, 1, bytes, f) != bytes) {
    fprintf(stderr, "%s: cannot read %zu bytes\n", path, bytes);
    exit(2);
  }
  fclose(f);
  return data;
}

static tome_dtype dtype_of(const char *name) {
  for (tome_dtype t = TOME_U8; t <= TOME_F64; t++)
    if (strcmp(tome_dtype_name(t), name) == 0) return t;
  fprintf(stderr, "%s: no such type\n", name);
  exit(2);
}

static void fail(const tome_error *err) {
  fprintf(stderr, "error %d: %s\n", (int)err->code, err->message);
  exit(3);
}

/* Of processor time, all threads together: says the same on a busy machine. */
static double seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* What the command line asks for. */
typedef struct job {
  tome_volume image, map;
  uint8_t *padding;
  double body;
  bool cover, brief;
  int repeats;
  tome_run run;
} job;

static void measure(const job *j, tome_record *record, tome_body_cover *cover) {
  tome_error err = {0};
  const double t0 = seconds();
  if (!tome_stats_image(&j->image, j->padding, &j->run, &record->arena, &record->intensity, &record->histogram, &err))
    fail(&err);
  const double t1 = seconds();
  if (j->map.data && !tome_stats_labels(&j->map, "map", &j->image, j->padding, &j->run, record, &err)) fail(&err);
  const double t2 = seconds();
  if (j->cover && !tome_stats_cover(&j->map, &j->image, j->body, &j->run, cover, &err)) fail(&err);
  const double t3 = seconds();
  if (j->repeats)
    printf("image %.1f ms, labels %.1f ms, cover %.1f ms\n", (t1 - t0) * 1e3, (t2 - t1) * 1e3, (t3 - t2) * 1e3);
}

static void print_all(const job *j, const tome_record *r, const tome_body_cover *cover) {
  printf("{\"image\": ");
  print_intensity(&r->intensity);
  printf(", \"histogram\": ");
  print_histogram(&r->histogram, j->brief);
  printf(", \"labels\": [");
  for (size_t i = 0; i < r->label_count; i++) {
    if (i) printf(", ");
    print_label(&r->labels[i], j->brief);
  }
  printf("]");
  if (j->cover)
    printf(", \"cover\": [%.17g, %.17g, %.17g, %.17g]", cover->as_is, cover->flipped[0], cover->flipped[1],
           cover->flipped[2]);
  printf("}\n");
}

int main(int argc, char **argv) {
  if (argc < 7) return 2;
  const int64_t shape[3] = {atoll(argv[1]), atoll(argv[2]), atoll(argv[3])};
  const size_t voxels = (size_t)(shape[0] * shape[1] * shape[2]);
  job j = {.run.threads = atoi(argv[4])};
  j.image.geometry = j.map.geometry = tome_geometry_identity(shape);
  for (int a = 0; a < 3; a++) j.map.geometry.spacing[a] = 0.5 + a;
  j.image.dtype = dtype_of(argv[6]);
  j.image.data = load(argv[5], voxels * tome_dtype_size(j.image.dtype));
  for (int i = 7; i < argc; i++) {
    if (strcmp(argv[i], "padding") == 0) {
      j.padding = load(argv[++i], (voxels + 7) / 8);
    } else if (strcmp(argv[i], "map") == 0) {
      j.map.dtype = dtype_of(argv[i + 2]);
      j.map.data = load(argv[i + 1], voxels * tome_dtype_size(j.map.dtype));
      i += 2;
    } else if (strcmp(argv[i], "cover") == 0) {
      j.cover = true;
      j.body = atof(argv[++i]);
    } else if (strcmp(argv[i], "brief") == 0) {
      j.brief = atoi(argv[++i]) != 0;
    } else if (strcmp(argv[i], "time") == 0) {
      j.repeats = atoi(argv[++i]);
    }
  }
  tome_record record = {0};
  tome_body_cover cover = {0};
  measure(&j, &record, &cover);
  for (int i = 1; i < j.repeats; i++) {
    tome_record_clear(&record);
    measure(&j, &record, &cover);
  }
  if (!j.repeats) print_all(&j, &record, &cover);
  tome_record_clear(&record);
  free(j.image.data);
  free(j.map.data);
  free(j.padding);
  return 0;
}
