/* A result read by the box, as a data loader does: boxes against the whole, threads, processes, stopping, steps of one's own, and what is refused.
 *
 *   test_result STORE CASE        (examples.py makes the store: an image in HU, labels liver and tumor in one map) */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <tome.h>
#include <unistd.h>

#include "test.h"

static const char *store_path, *case_id;
static const char *const words[] = {"resample:spacing=1.3,order=1", "window:level=40,width=400"};
static const tome_recipe_text recipe = {.steps = words, .step_count = 2};

static tome_result *open_with(const tome_recipe_text *text, const tome_result_options *opt, tome_error *err) {
  tome_store *s = tome_open(store_path, err);
  tome_result *r = s ? tome_result_open(s, case_id, text, opt, NULL, err) : NULL;
  tome_close(s); /* before the result: allowed */
  return r;
}

static size_t bytes_of(const tome_box *b, tome_dtype type) {
  size_t n = tome_dtype_size(type);
  for (int a = 0; a < 3; a++) n *= (size_t)(b->hi[a] - b->lo[a]);
  return n;
}

static tome_box whole_box(const tome_result *r, const char *volume, tome_result_info *info) {
  tome_box b = {{0, 0, 0}, {0, 0, 0}};
  CHECK(tome_result_info_of(r, volume, info, NULL));
  for (int a = 0; a < 3; a++) b.hi[a] = info->geometry.shape[a];
  return b;
}

static void *read_whole(const tome_result *r, const char *volume, tome_result_info *info) {
  const tome_box b = whole_box(r, volume, info);
  const size_t bytes = bytes_of(&b, info->dtype);
  void *v = malloc(bytes);
  CHECK(v && tome_result_read(r, volume, NULL, v, bytes, NULL, NULL));
  return v;
}

/* ---- any box, any thread, any process: the same voxels ---- */

typedef struct reader {
  const tome_result *r;
  const char *volume;
  const void *whole;
  tome_result_info info;
  unsigned seed;
  int wrong;
} reader;

static bool same_box(reader *k, const tome_run *run) {
  const int64_t *n = k->info.geometry.shape;
  const size_t size = tome_dtype_size(k->info.dtype);
  tome_box b;
  for (int a = 0; a < 3; a++) {
    b.lo[a] = rand_r(&k->seed) % n[a];
    b.hi[a] = b.lo[a] + 1 + rand_r(&k->seed) % (n[a] - b.lo[a]);
  }
  const size_t bytes = bytes_of(&b, k->info.dtype), row = (size_t)(b.hi[2] - b.lo[2]) * size;
  char *part = malloc(bytes);
  bool same = part && tome_result_read(k->r, k->volume, &b, part, bytes, run, NULL);
  const char *at = part;
  for (int64_t z = b.lo[0]; same && z < b.hi[0]; z++)
    for (int64_t y = b.lo[1]; same && y < b.hi[1]; y++, at += row)
      same = !memcmp(at, (const char *)k->whole + (size_t)((z * n[1] + y) * n[2] + b.lo[2]) * size, row);
  free(part);
  return same;
}

static void *read_boxes(void *user) {
  reader *k = user;
  const tome_run one = {.threads = 1};
  for (int i = 0; i < 20; i++) k->wrong += !same_box(k, i % 2 ? &one : NULL);
  return NULL;
}

static void check_boxes(const tome_result *r, const char *volume) {
  reader k[3] = {{.r = r, .volume = volume}};
  void *whole = read_whole(r, volume, &k[0].info);
  pthread_t thread[3];
  for (int i = 0; i < 3; i++) {
    k[i] = k[0];
    k[i].whole = whole;
    k[i].seed = (unsigned)i + 1;
    CHECK(pthread_create(&thread[i], NULL, read_boxes, &k[i]) == 0);
  }
  for (int i = 0; i < 3; i++) {
    pthread_join(thread[i], NULL);
    CHECK(k[i].wrong == 0);
  }
  free(whole);
}

static void test_boxes(void) {
  const uint64_t caches[] = {0, 1, 40000, 1 << 20};
  for (size_t i = 0; i < 4; i++) {
    const tome_result_options opt = {.cache_bytes = caches[i], .memory_bytes = 1 << 20};
    tome_result *r = open_with(&recipe, &opt, NULL);
    CHECK(r != NULL);
    if (!r) continue;
    check_boxes(r, "image");
    check_boxes(r, tome_result_volume(r, 1));
    tome_result_close(r);
  }
}

/* Threads of the parent read while it forks: whatever lock one of them holds is held forever in the child. */
static atomic_bool enough;
static void *keep_reading(void *user) {
  reader k = *(reader *)user;
  while (!atomic_load(&enough)) same_box(&k, NULL);
  return NULL;
}

static void test_fork(void) {
  tome_result *r = open_with(&recipe, NULL, NULL);
  reader k = {.r = r, .volume = "image", .seed = 3};
  void *whole = read_whole(r, "image", &k.info);
  k.whole = whole;
  pthread_t thread;
  CHECK(pthread_create(&thread, NULL, keep_reading, &k) == 0);
  for (int i = 0; i < 12; i++) {
    const pid_t child = fork();
    if (child == 0) {
      alarm(60); /* a child that hangs is a failure, not a wait */
      bool good = true;
      for (int n = 0; n < 4; n++) good = good && same_box(&k, NULL);
      tome_result_close(r);
      _exit(good ? 0 : 1);
    }
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
  atomic_store(&enough, true);
  pthread_join(thread, NULL);
  free(whole);
  tome_result_close(r);
}

/* ---- stopping ---- */

static bool always(void *user) {
  (void)user;
  return true;
}

static void test_stop(void) {
  tome_result *r = open_with(&recipe, NULL, NULL);
  tome_result_info info;
  void *v = read_whole(r, "image", &info);
  const tome_box b = whole_box(r, "image", &info);
  const tome_run run = {.stop = always};
  tome_error err = {0};
  CHECK(!tome_result_read(r, "image", NULL, v, bytes_of(&b, info.dtype), &run, &err));
  CHECK(err.code == TOME_CANCELLED);
  CHECK(tome_result_read(r, "image", NULL, v, bytes_of(&b, info.dtype), NULL, NULL)); /* the result is none the worse */
  free(v);
  tome_result_close(r);
}

/* ---- what is known before a voxel is ---- */

static void test_info(void) {
  tome_result *r = open_with(NULL, NULL, NULL);
  tome_result_info info;
  CHECK(r && tome_result_info_of(r, "image", &info, NULL));
  CHECK_TEXT(info.units, "HU");
  CHECK_TEXT(info.recipe, "");
  CHECK(info.dtype == TOME_I16 && !info.is_label && info.fill == -1024);
  CHECK_TEXT(tome_result_volume(r, 0), "image");
  CHECK_TEXT(tome_result_volume(r, 1), "labels/segmentation");
  CHECK(tome_result_volume(r, 2) == NULL && tome_result_volume(r, 99) == NULL);
  tome_error err = {0};
  CHECK(!tome_result_info_of(r, "labels/segmentaton", &info, &err) && err.code == TOME_NOT_FOUND);
  CHECK_HAS(err.message, "did you mean labels/segmentation?");
  int16_t one;
  const tome_box outside = {{0, 0, 0}, {100000, 1, 1}}, point = {{0, 0, 0}, {1, 1, 1}};
  CHECK(!tome_result_read(r, "image", &outside, &one, sizeof one, NULL, NULL));
  CHECK(!tome_result_read(r, "image", &point, &one, 3, NULL, NULL));
  CHECK(tome_result_read(r, "image", &point, &one, sizeof one, NULL, NULL));
  tome_result_close(r);
  r = open_with(&recipe, NULL, NULL);
  CHECK(tome_result_info_of(r, "image", &info, NULL) && info.dtype == TOME_F32);
  CHECK_TEXT(info.units, ""); /* not HU any more */
  tome_result_close(r);
  tome_result_close(NULL);
}

/* ---- words ---- */

static void keep_text(void *user, const char *canonical, const char *hash) {
  char *to = user;
  snprintf(to, 300, "%s %s", hash, canonical);
}

static bool check_one(const char *step, const tome_result_options *opt, char text[300], tome_error *err) {
  const tome_recipe_text one = {.steps = &step, .step_count = 1};
  return tome_recipe_check(&one, opt, keep_text, text, err);
}

static void test_words(void) {
  char a[300] = "", b[300] = "";
  CHECK(check_one("clip:-200,250", NULL, a, NULL) && check_one("clip:lo=-2e2,hi=250.0", NULL, b, NULL));
  CHECK_TEXT(a, b);
  CHECK_HAS(a, " clip:lo=-200,hi=250");
  static const char *const bad[][2] = {{"resample:spaceing=1", "did you mean spacing?"},
                                       {"resampel:spacing=1", "did you mean resample?"},
                                       {"resample:spacing=0", "0.001 ... 1000"},
                                       {"resample:spacing=1,order=7", "0 ... 5"}};
  for (size_t i = 0; i < 4; i++) {
    tome_error err = {0};
    CHECK(!check_one(bad[i][0], NULL, a, &err) && err.code == TOME_USAGE);
    CHECK_HAS(err.message, "step 1: ");
    CHECK_HAS(err.message, bad[i][1]);
  }
  CHECK_TEXT(a, b); /* untouched */
}

/* ---- steps of one's own ---- */

static const tome_param shift_params[] = {{"by", TOME_KIND_REAL, 1, -100, 100, NULL, "1", "added"}, {0}};

static void shift(const tome_own_call *call, const float *in, float *out, size_t n) {
  for (size_t i = 0; i < n; i++) out[i] = in[i] + (float)call->args[0].items[0].a + *(const float *)call->user;
}

/* The sum of a voxel's neighbours along z, minus itself; refuses thin volumes. */
static bool around_plan(const tome_own_call *call, int64_t halo[3], char *why, size_t size) {
  halo[0] = 2;
  if (call->geometry->shape[0] >= 4) return true;
  snprintf(why, size, "wants 4 slices; %s has fewer", call->volume);
  return false;
}

static bool around(const tome_own_call *call, const tome_box *box, const float *in, float *out) {
  (void)call;
  const int64_t plane = (box->hi[1] - box->lo[1]) * (box->hi[2] - box->lo[2]);
  for (int64_t i = 0; i < (box->hi[0] - box->lo[0]) * plane; i++)
    out[i] = in[i] + in[i + plane] + in[i + 3 * plane] + in[i + 4 * plane] - in[i + 2 * plane];
  return true;
}

static float extra = 0.5f;
static const tome_own_step shift_step = {
    .name = "shift", .params = shift_params, .dtype = TOME_F32, .user = &extra, .row = shift};
static const tome_own_step around_step = {.name = "around", .dtype = TOME_F32, .plan = around_plan, .tile = around};

static float expect_around(const float *v, const int64_t n[3], int64_t z, int64_t i) {
  float sum = 0;
  for (int64_t k = -2; k <= 2; k++) {
    const int64_t at = z + k < 0 ? 0 : z + k >= n[0] ? n[0] - 1 : z + k;
    sum += (k ? 1.0f : -1.0f) * v[at * n[1] * n[2] + i];
  }
  return sum;
}

static void test_own(void) {
  static const tome_own_step *const own[] = {&shift_step, &around_step};
  const tome_result_options opt = {.own = own, .own_count = 2, .memory_bytes = 200000};
  static const char *const plain[] = {"cast:float32"}, *const steps[] = {"around", "shift:by=2.5"};
  const tome_recipe_text as_float = {.steps = plain, .step_count = 1}, text = {.steps = steps, .step_count = 2};
  tome_error err = {0};
  tome_result *stored = open_with(&as_float, NULL, NULL), *made = open_with(&text, &opt, &err);
  CHECK_TEXT(err.message, "");
  tome_result_info info;
  float *v = read_whole(stored, "image", &info), *got = read_whole(made, "image", &info);
  const int64_t *n = info.geometry.shape;
  int wrong = 0;
  for (int64_t z = 0; z < n[0]; z++)
    for (int64_t i = 0; i < n[1] * n[2]; i++)
      wrong += fabsf(got[z * n[1] * n[2] + i] - (expect_around(v, n, z, i) + 3)) > 1e-3f;
  CHECK(wrong == 0);
  CHECK_TEXT(info.recipe, "around shift:by=2.5");
  check_boxes(made, "image");
  free(v);
  free(got);
  tome_result_close(stored);
  tome_result_close(made);
}

static void refuse(const tome_own_step *own, const char *const *steps, size_t count, const char *part) {
  const tome_result_options opt = {.own = &own, .own_count = 1};
  const tome_recipe_text text = {.steps = steps, .step_count = count};
  tome_error err = {0};
  tome_result *r = open_with(&text, &opt, &err);
  CHECK(!r && err.code == TOME_USAGE);
  CHECK_HAS(err.message, part);
  tome_result_close(r);
}

static void test_own_refused(void) {
  static const char *const far[] = {"shift:by=1000"}, *const thin[] = {"crop:box=0:3,:,:", "around"},
                           *const blind[] = {"around", "normalise:zscore"}, *const none[] = {"hu"};
  refuse(&shift_step, far, 1, "step 1: shift: by=1000: wanted -100 ... 100");
  refuse(&around_step, thin, 2, "step 2: around: wants 4 slices; image has fewer");
  refuse(&around_step, blind, 2, "step 2: normalise: needs statistics, and around makes values that have none");
  const tome_own_step taken = {.name = "clip", .row = shift}, blank = {.name = "my step", .row = shift};
  const tome_own_step empty = {.name = "empty"}, both = {.name = "both", .row = shift, .tile = around};
  const tome_own_step mixed = {.name = "mixed", .row = shift, .labels = true, .dtype = TOME_F32};
  refuse(&taken, none, 1, "a step of that name already");
  refuse(&blank, none, 1, "my step");
  refuse(&empty, none, 1, "either row or tile");
  refuse(&both, none, 1, "either row or tile");
  refuse(&mixed, none, 1, "label maps are uint8 or uint16");
}

static bool fails(const tome_own_call *call, const tome_box *box, const float *in, float *out) {
  (void)call, (void)box, (void)in, (void)out;
  return false;
}

static void test_own_fails(void) {
  static const tome_own_step step = {.name = "weak", .tile = fails};
  static const tome_own_step *const own[] = {&step};
  static const char *const steps[] = {"weak"};
  const tome_result_options opt = {.own = own, .own_count = 1};
  const tome_recipe_text text = {.steps = steps, .step_count = 1};
  tome_result *r = open_with(&text, &opt, NULL);
  int16_t one;
  const tome_box point = {{0, 0, 0}, {1, 1, 1}};
  tome_error err = {0};
  CHECK(!tome_result_read(r, "image", &point, &one, sizeof one, NULL, &err) && err.code == TOME_NO_MEMORY);
  CHECK_HAS(err.message, "weak: could not compute");
  tome_result_close(r);
}

static void (*const tests[])(void) = {test_boxes, test_fork, test_stop,        test_info,
                                      test_words, test_own,  test_own_refused, test_own_fails};

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  store_path = argv[1];
  case_id = argv[2];
  for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) tests[i]();
  fprintf(stderr, "%d checks, %d failed\n", test_checks, test_failures);
  return test_failures ? 1 : 0;
}
