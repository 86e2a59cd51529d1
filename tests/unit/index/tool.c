/* The index from the command line, for index.py: makes rows that Python's sqlite3 reads, and says as JSON what it put in.
 *   tool put FILE          three cases, one put twice; their records as JSON
 *   tool many FILE PREFIX N   N cases, one transaction each
 *   tool remove FILE ID · tool clear FILE · tool open FILE
 *   tool query FILE SQL [PARAM…]     tab-separated, names first
 *   tool foreground FILE [LABEL] */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "fixture.h"
#include "index/index.h"

static int fail(const tome_error *err) {
  fprintf(stderr, "%d %s\n", (int)err->code, err->message);
  return 1;
}

/* ---- records as JSON --- */

static void json_real(const char *name, double r) {
  if (isnan(r))
    printf("\"%s\":null,", name);
  else
    printf("\"%s\":%.17g,", name, r);
}

static void json_text(const char *name, const char *s) {
  printf("\"%s\":\"", name);
  for (; *s; s++) printf(*s == '"' ? "\\%c" : "%c", *s);
  printf("\",");
}

static void json_int(const char *name, uint64_t i) { printf("\"%s\":%" PRIu64 ",", name, i); }

static void json_histogram(const tome_histogram *h) {
  printf("\"lo\":%g,\"width\":%g,\"counts\":[", h->lo, h->width);
  for (size_t i = 0; i < h->bins; i++) printf("%s%" PRIu64, i ? "," : "", h->counts[i]);
  printf("],");
}

static void json_intensity(const tome_intensity *hu) {
  static const char *const names[] = {"hu_p005", "hu_p05", "hu_p25", "hu_p50", "hu_p75", "hu_p95", "hu_p995"};
  json_int("hu_count", hu->count);
  json_real("hu_min", hu->min);
  json_real("hu_max", hu->max);
  json_real("hu_mean", hu->mean);
  json_real("hu_std", hu->std);
  for (int p = 0; p < TOME_PERCENTILES; p++) json_real(names[p], hu->percentile[p]);
}

static void json_geometry(const tome_geometry *g) {
  static const char zyx[] = "zyx", xyz[] = "xyz";
  char name[32];
  for (int a = 0; a < 3; a++) {
    snprintf(name, sizeof name, "shape_%c", zyx[a]);
    json_int(name, (uint64_t)g->shape[a]);
    snprintf(name, sizeof name, "spacing_%c", zyx[a]);
    json_real(name, g->spacing[a]);
    snprintf(name, sizeof name, "origin_%c", xyz[a]);
    json_real(name, g->origin[a]);
    for (int c = 0; c < 3; c++) {
      snprintf(name, sizeof name, "direction_%c_%c", zyx[a], xyz[c]);
      json_real(name, g->direction[a][c]);
    }
  }
}

static void json_image(const tome_record *r) {
  json_text("id", r->id);
  json_text("layout", r->layout);
  json_text("modality", r->modality);
  json_text("units", r->units);
  json_text("dtype", tome_dtype_name(r->dtype));
  json_geometry(&r->geometry);
  json_text("orientation", r->orientation);
  json_real("tilt", r->tilt_degrees);
  json_int("padding", r->padding);
  json_int("stored_bytes", r->stored_bytes);
  json_text("series_uid", r->series_uid);
  json_text("study_uid", r->study_uid);
  json_text("frame_uid", r->frame_uid);
  json_text("voxel_hash", r->voxel_hash);
  json_text("source_hash", r->source_hash);
  printf("\"image\":{");
  json_histogram(&r->histogram);
  json_intensity(&r->intensity);
  printf("\"\":0},");
}

static void json_label(const tome_label *l) {
  static const char *const names[3][2] = {{"box_z0", "box_z1"}, {"box_y0", "box_y1"}, {"box_x0", "box_x1"}};
  printf("{");
  json_text("map", l->map);
  json_text("name", l->name);
  json_int("value", (uint64_t)l->value);
  json_int("voxels", l->voxels);
  json_real("ml", l->ml);
  for (int a = 0; a < 3 && l->voxels; a++) {
    json_int(names[a][0], (uint64_t)l->box.lo[a]);
    json_int(names[a][1], (uint64_t)l->box.hi[a]);
  }
  json_intensity(&l->hu);
  json_histogram(&l->histogram);
  json_int("components", l->components);
  json_int("largest_component", l->largest);
  json_real("minmax_level", l->window_minmax.level);
  json_real("minmax_width", l->window_minmax.width);
  json_real("percentile_level", l->window_percentile.level);
  json_real("percentile_width", l->window_percentile.width);
  printf("\"\":0},");
}

static void json_lists(const tome_record *r) {
  printf("\"maps\":[");
  for (size_t i = 0; i < r->map_count; i++)
    printf("[\"%s\",\"%s\",\"%s\"],", r->maps[i].name, tome_dtype_name(r->maps[i].dtype), r->maps[i].voxel_hash);
  printf("0],\"labels\":[");
  for (size_t i = 0; i < r->label_count; i++) json_label(&r->labels[i]);
  printf("0],\"sources\":[");
  for (size_t i = 0; i < r->source_count; i++) {
    const tome_source *s = &r->sources[i];
    printf("[%zu,\"%s\",\"%s\",%" PRIu64 ",\"%s\",\"%s\"],", i, s->role, s->path, s->bytes, s->hash, s->sop_uid);
  }
  printf("0],\"repairs\":[");
  for (size_t i = 0; i < r->repair_count; i++)
    printf("[%zu,\"%s\",\"%s\"],", i, r->repairs[i].kind, r->repairs[i].text);
  printf("0],\"problems\":[");
  for (size_t i = 0; i < r->problem_count; i++) {
    const tome_problem *p = &r->problems[i];
    printf("[\"%s\",\"%s\",\"%s\",\"%s\"],", tome_severity_name(p->severity), p->code, p->text, p->remedy);
  }
  printf("0]");
}

/* ---- verbs --- */

static bool put(tome_index *ix, const char *id, uint32_t seed, const fixture_label *labels, size_t count, bool say,
                tome_error *err) {
  tome_record r TOME_CLEANUP(tome_record_clear) = {0};
  if (!fixture_case(&r, id, seed, labels, count, 3)) return false;
  if (!tome_index_put(ix, &r, err)) return false;
  if (!say) return true;
  printf("{");
  json_image(&r);
  json_lists(&r);
  printf("}\n");
  return true;
}

static bool put_three(tome_index *ix, tome_error *err) {
  static const fixture_label lits[] = {{"segmentation", "liver", 1, 100, 5000}, {"segmentation", "tumor", 2, 60, 700}};
  static const fixture_label ircad[] = {{"liver", "liver", 1, 110, 300000},
                                        {"livertumor1", "livertumor1", 1, 50, 400},
                                        {"livertumor2", "livertumor2", 1, 75, 90},
                                        {"bone", "bone \"hard\"", 1, 700, 20},
                                        {"vena cava", "vena cava", 7, 0, 0}};
  return put(ix, "volume-3", 1, ircad, 5, false, err) && put(ix, "volume-3", 2, lits, 2, true, err) &&
         put(ix, "3Dircadb1.17", 3, ircad, 5, true, err) && put(ix, "plain", 4, NULL, 0, true, err);
}

static bool put_many(tome_index *ix, const char *prefix, int n, tome_error *err) {
  static const fixture_label labels[] = {{"segmentation", "liver", 1, 100, 500}, {"segmentation", "tumor", 2, 60, 70}};
  for (int i = 0; i < n; i++) {
    char id[64], kind[64];
    snprintf(id, sizeof id, "%s-%d", prefix, i);
    snprintf(kind, sizeof kind, "%s organ %c", prefix, 'a' + i / 40); /* a new kind, so a new view, now and then */
    const fixture_label own[] = {labels[0], labels[1], {"organ", kind, 3, 30, 60}};
    if (!put(ix, id, (uint32_t)i + 1, own, 3, false, err)) return false;
  }
  return true;
}

static bool print_row(void *user, size_t columns, const char *const *names, const tome_value *values) {
  (void)user;
  for (size_t i = 0; i < columns; i++) {
    if (i) printf("\t");
    if (!values)
      printf("%s", names[i]);
    else if (values[i].kind == TOME_VALUE_INT)
      printf("%" PRId64, values[i].i);
    else if (values[i].kind == TOME_VALUE_REAL)
      printf("%.17g", values[i].r);
    else
      printf("%s", values[i].kind == TOME_VALUE_TEXT ? values[i].s : "NULL");
  }
  printf("\n");
  return true;
}

static bool print_foreground(tome_index *ix, const char *label, tome_error *err) {
  tome_arena a TOME_CLEANUP(tome_arena_clear) = {0};
  tome_histogram h;
  uint64_t cases;
  if (!tome_index_foreground(ix, label, &a, &h, &cases, err)) return false;
  printf("{\"cases\":%" PRIu64 ",", cases);
  json_histogram(&h);
  printf("\"\":0}\n");
  return true;
}

static bool run(tome_index *ix, int argc, char **argv, tome_error *err) {
  const char *verb = argv[1];
  if (strcmp(verb, "put") == 0) return put_three(ix, err);
  if (strcmp(verb, "many") == 0 && argc == 5) return put_many(ix, argv[3], atoi(argv[4]), err);
  if (strcmp(verb, "remove") == 0 && argc == 4) return tome_index_remove(ix, argv[3], err);
  if (strcmp(verb, "clear") == 0) return tome_index_clear(ix, err);
  if (strcmp(verb, "foreground") == 0) return print_foreground(ix, argc > 3 ? argv[3] : NULL, err);
  return strcmp(verb, "open") == 0;
}

int main(int argc, char **argv) {
  tome_error err = {0};
  if (argc < 3) return 2;
  if (strcmp(argv[1], "query") == 0 && argc > 3) {
    const char *const *params = (const char *const *)(argv + 4);
    return tome_index_query(argv[2], argv[3], params, (size_t)argc - 4, 5, print_row, NULL, &err) ? 0 : fail(&err);
  }
  tome_index *ix = tome_index_open(argv[2], true, &err);
  const bool ok = ix && run(ix, argc, argv, &err);
  tome_index_close(ix);
  return ok ? 0 : fail(&err);
}
