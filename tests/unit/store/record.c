/* A record comes back from the case file exactly as it went in: random ones, empty ones, long ones. Reindexing depends on it. */
#include "make.h"

static const char *random_text(tome_arena *a, uint64_t *s) {
  static const char *const bits[] = {"", "liver", "ü→漢", " ", "\t", "1.2.840.113619", "a/b", "\"q\"", "tumor 2", "…"};
  char text[2000] = "";
  const unsigned parts = next_random(s) % 20 == 0 ? 100 : next_random(s) % 4;
  for (unsigned i = 0; i < parts; i++) strcat(text, bits[next_random(s) % TOME_COUNT(bits)]);
  return tome_arena_dup(a, text, NULL);
}

static void random_hash(char out[33], uint64_t *s) {
  for (int i = 0; i < 32; i++) out[i] = "0123456789abcdef"[next_random(s) % 16];
  out[32] = 0;
}

static double any_real(uint64_t *s) {
  const unsigned kind = next_random(s) % 12;
  return kind == 0   ? NAN
         : kind == 1 ? -INFINITY
         : kind == 2 ? 0.0
         : kind == 3 ? 5e-324
                     : random_real(s) * random_real(s);
}

static tome_intensity random_intensity(uint64_t *s) {
  tome_intensity i = {next_random(s), any_real(s), any_real(s), any_real(s), any_real(s), {0}};
  for (int p = 0; p < TOME_PERCENTILES; p++) i.percentile[p] = any_real(s);
  return i;
}

static tome_histogram random_histogram(tome_arena *a, uint64_t *s) {
  const unsigned kind = next_random(s) % 4;
  tome_histogram h = {any_real(s), 1, kind == 0 ? 0 : kind == 1 ? 5000 : next_random(s) % 100, NULL};
  if (h.bins) h.counts = tome_arena_alloc(a, h.bins * sizeof *h.counts, NULL);
  for (size_t i = 0; i < h.bins; i++) h.counts[i] = (uint64_t)next_random(s) << (next_random(s) % 33);
  return h;
}

static void random_label(tome_record *r, uint64_t *s) {
  tome_label *l = tome_record_label(r, NULL);
  l->map = r->map_count ? r->maps[next_random(s) % r->map_count].name : "none";
  l->name = random_text(&r->arena, s);
  l->value = (int32_t)next_random(s);
  l->voxels = (uint64_t)next_random(s) * next_random(s);
  l->ml = any_real(s);
  for (int a = 0; a < 3; a++) l->box.lo[a] = (int64_t)next_random(s) - 1000, l->box.hi[a] = next_random(s);
  l->hu = random_intensity(s);
  l->window_minmax = (tome_window){any_real(s), any_real(s)};
  l->window_percentile = (tome_window){any_real(s), any_real(s)};
  l->components = next_random(s);
  l->largest = next_random(s);
  l->histogram = random_histogram(&r->arena, s);
}

static tome_record random_record(const tome_volume *image, const tome_volume *maps, size_t map_count, uint64_t *s) {
  tome_record r = {.geometry = image->geometry, .dtype = image->dtype};
  const char **texts[] = {&r.id,         &r.layout,    &r.modality,  &r.units,
                          &r.series_uid, &r.study_uid, &r.frame_uid, &r.orientation};
  for (size_t i = 0; i < TOME_COUNT(texts); i++) *texts[i] = random_text(&r.arena, s);
  random_hash(r.voxel_hash, s);
  if (next_random(s) % 2) random_hash(r.source_hash, s);
  r.padding = next_random(s);
  r.tilt_degrees = any_real(s);
  r.intensity = random_intensity(s);
  r.histogram = random_histogram(&r.arena, s);
  for (size_t i = 0; i < map_count; i++) {
    char name[32];
    snprintf(name, sizeof name, "%c map %zu ü", (int)('z' - i), i); /* not in alphabetical order */
    tome_label_map m = {.name = name, .dtype = maps[i].dtype};
    random_hash(m.voxel_hash, s);
    CHECK(tome_record_map(&r, &m, NULL));
  }
  for (unsigned n = next_random(s) % 6; n > 0; n--) random_label(&r, s);
  for (unsigned n = next_random(s) % 60; n > 0; n--) {
    tome_source source = {.role = random_text(&r.arena, s),
                          .path = random_text(&r.arena, s),
                          .bytes = next_random(s),
                          .sop_uid = random_text(&r.arena, s)};
    random_hash(source.hash, s);
    CHECK(tome_record_source(&r, &source, NULL));
  }
  for (unsigned n = next_random(s) % 3; n > 0; n--)
    CHECK(tome_record_repair(&r, random_text(&r.arena, s), NULL, "%s", random_text(&r.arena, s)));
  for (unsigned n = next_random(s) % 4; n > 0; n--)
    CHECK(tome_record_problem(&r, (tome_severity)(next_random(s) % 3), random_text(&r.arena, s),
                              random_text(&r.arena, s), NULL, "%s", random_text(&r.arena, s)));
  return r;
}

/* ---- equality, field by field; NaN equals NaN ---- */

static void same_real(double a, double b) { CHECK(memcmp(&a, &b, sizeof a) == 0); }

static void same_intensity(const tome_intensity *a, const tome_intensity *b) {
  CHECK(a->count == b->count);
  same_real(a->min, b->min), same_real(a->max, b->max), same_real(a->mean, b->mean), same_real(a->std, b->std);
  for (int p = 0; p < TOME_PERCENTILES; p++) same_real(a->percentile[p], b->percentile[p]);
}

static void same_histogram(const tome_histogram *a, const tome_histogram *b) {
  CHECK(a->bins == b->bins);
  same_real(a->lo, b->lo), same_real(a->width, b->width);
  if (a->bins == b->bins && a->bins) CHECK(memcmp(a->counts, b->counts, a->bins * sizeof *a->counts) == 0);
}

static void same_label(const tome_label *a, const tome_label *b) {
  CHECK_TEXT(b->map, a->map), CHECK_TEXT(b->name, a->name);
  CHECK(a->value == b->value && a->voxels == b->voxels && a->components == b->components && a->largest == b->largest);
  CHECK(memcmp(&a->box, &b->box, sizeof a->box) == 0);
  same_real(a->ml, b->ml);
  same_intensity(&a->hu, &b->hu);
  same_real(a->window_minmax.level, b->window_minmax.level), same_real(a->window_minmax.width, b->window_minmax.width);
  same_real(a->window_percentile.level, b->window_percentile.level),
      same_real(a->window_percentile.width, b->window_percentile.width);
  same_histogram(&a->histogram, &b->histogram);
}

static void same_lists(const tome_record *a, const tome_record *b) {
  CHECK(a->map_count == b->map_count && a->label_count == b->label_count && a->source_count == b->source_count &&
        a->repair_count == b->repair_count && a->problem_count == b->problem_count);
  if (test_failures) return;
  for (size_t i = 0; i < a->map_count; i++) {
    CHECK_TEXT(b->maps[i].name, a->maps[i].name), CHECK_TEXT(b->maps[i].voxel_hash, a->maps[i].voxel_hash);
    CHECK(a->maps[i].dtype == b->maps[i].dtype);
  }
  for (size_t i = 0; i < a->label_count; i++) same_label(&a->labels[i], &b->labels[i]);
  for (size_t i = 0; i < a->source_count; i++) {
    const tome_source *x = &a->sources[i], *y = &b->sources[i];
    CHECK_TEXT(y->role, x->role), CHECK_TEXT(y->path, x->path), CHECK_TEXT(y->hash, x->hash),
        CHECK_TEXT(y->sop_uid, x->sop_uid);
    CHECK(x->bytes == y->bytes);
  }
  for (size_t i = 0; i < a->repair_count; i++)
    CHECK_TEXT(b->repairs[i].kind, a->repairs[i].kind), CHECK_TEXT(b->repairs[i].text, a->repairs[i].text);
  for (size_t i = 0; i < a->problem_count; i++) {
    const tome_problem *x = &a->problems[i], *y = &b->problems[i];
    CHECK(x->severity == y->severity);
    CHECK_TEXT(y->code, x->code), CHECK_TEXT(y->text, x->text), CHECK_TEXT(y->remedy, x->remedy);
  }
}

static void same_record(const tome_record *a, const tome_record *b) {
  CHECK_TEXT(b->id, a->id), CHECK_TEXT(b->layout, a->layout), CHECK_TEXT(b->modality, a->modality),
      CHECK_TEXT(b->units, a->units);
  CHECK_TEXT(b->series_uid, a->series_uid), CHECK_TEXT(b->study_uid, a->study_uid),
      CHECK_TEXT(b->frame_uid, a->frame_uid);
  CHECK_TEXT(b->orientation, a->orientation), CHECK_TEXT(b->voxel_hash, a->voxel_hash),
      CHECK_TEXT(b->source_hash, a->source_hash);
  CHECK(memcmp(&a->geometry, &b->geometry, sizeof a->geometry) == 0);
  CHECK(a->dtype == b->dtype && a->padding == b->padding && b->stored_bytes > 0);
  same_real(a->tilt_degrees, b->tilt_degrees);
  same_intensity(&a->intensity, &b->intensity);
  same_histogram(&a->histogram, &b->histogram);
  same_lists(a, b);
}

/* ---- the tests ---- */

static bool write_record(const char *path, const tome_volume *image, const tome_volume *maps, const tome_record *r,
                         const char *identity, tome_error *err) {
  tome_case_writer *w = tome_case_writer_new(path, err);
  bool ok = w && tome_case_writer_volume(w, "image", image, "HU", NULL, NULL, err);
  for (size_t i = 0; ok && i < r->map_count; i++) {
    char name[64];
    snprintf(name, sizeof name, "labels/%s", r->maps[i].name);
    ok = tome_case_writer_volume(w, name, &maps[i], "", NULL, NULL, err);
  }
  if (ok && tome_case_writer_record(w, r, identity, err)) return tome_case_writer_finish(w, err);
  tome_case_writer_free(w);
  return false;
}

static void test_random_records_round_trip(void) {
  const char *path = test_tmp("store-record.h5");
  uint64_t state = 12345;
  for (int round = 0; round < 60; round++) {
    tome_error err = {0};
    const int64_t shape[3] = {1 + next_random(&state) % 4, 1 + next_random(&state) % 4, 1 + next_random(&state) % 4};
    tome_volume image = make_volume(shape, TOME_I16, 1),
                maps[2] = {make_volume(shape, TOME_U8, 2), make_volume(shape, TOME_U16, 3)};
    tome_record r = random_record(&image, maps, next_random(&state) % 3, &state), back = {0};
    CHECK(write_record(path, &image, maps, &r, NULL, &err));
    CHECK(tome_case_file_record(path, &back, &err));
    CHECK_TEXT(err.message, "");
    if (err.code == TOME_OK) same_record(&r, &back);
    tome_record_clear(&r);
    tome_record_clear(&back);
    tome_volume_clear(&image), tome_volume_clear(&maps[0]), tome_volume_clear(&maps[1]);
  }
}

static bool file_holds(const char *path, const char *text) {
  FILE *f = fopen(path, "rb");
  static char bytes[1 << 20];
  const size_t n = f ? fread(bytes, 1, sizeof bytes, f) : 0;
  if (f) fclose(f);
  return n && memmem(bytes, n, text, strlen(text));
}

static void test_identity_only_where_given(void) {
  const char *path = test_tmp("store-identity.h5");
  tome_error err = {0};
  tome_volume image = make_volume((int64_t[]){3, 4, 5}, TOME_I16, 1);
  tome_record r = make_record(&image, NULL, &err);
  CHECK(write_record(path, &image, NULL, &r, "PatientName=Doe^Jane\n", &err) && file_holds(path, "Doe^Jane"));
  CHECK(write_record(path, &image, NULL, &r, NULL, &err) && !file_holds(path, "identity"));
  tome_record_clear(&r);
  tome_volume_clear(&image);
}

static void test_record_of_other_volumes_is_refused(void) {
  const char *path = test_tmp("store-other.h5");
  tome_error err = {0};
  tome_volume image = make_volume((int64_t[]){3, 4, 5}, TOME_I16, 1);
  tome_record r = make_record(&image, NULL, &err);
  r.geometry.spacing[1] *= 2;
  CHECK(!write_record(path, &image, NULL, &r, NULL, &err) && err.code == TOME_USAGE);
  CHECK_HAS(err.message, "not the image's");
  r.geometry = image.geometry;
  err = (tome_error){0};
  tome_case_writer *w = tome_case_writer_new(path, &err);
  CHECK(w && !tome_case_writer_record(w, &r, NULL, &err));
  CHECK_HAS(err.message, "image before the record");
  err = (tome_error){0};
  CHECK(!tome_case_writer_volume(w, "labels/a/b", &image, "", NULL, NULL, &err));
  CHECK_HAS(err.message, "labels/NAME");
  tome_case_writer_free(w);
  tome_record_clear(&r);
  tome_volume_clear(&image);
}

TEST_MAIN(test_random_records_round_trip, test_identity_only_where_given, test_record_of_other_volumes_is_refused)
