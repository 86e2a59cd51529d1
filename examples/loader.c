/* loader - a data loader: two threads draw random patches of one case's result, image and labels, until there are enough or somebody says stop.
 *
 *   cc loader.c -o loader $(pkg-config --cflags --libs tome) -pthread
 *   ./loader liver.tome volume-3 lits.recipe 32 100 7        # 32^3 voxels, 100 patches, seed 7
 *
 * Prints a line a patch: its number, where it lies (z y x), the sum of its image's values, and how many of its voxels are labelled. Patch n is the same
 * whichever thread draws it. Ctrl-C stops it in the middle of a patch, without loss of those drawn. Both threads share the result and its cache of chunks. */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tome.h>

static volatile sig_atomic_t interrupted;
static void interrupt(int signal_number) {
  (void)signal_number;
  interrupted = 1;
}

typedef struct loader {
  const tome_result *result;
  const char *labels; /* the first label map, or NULL */
  tome_result_info image, map;
  int64_t size, patches;
  uint64_t seed;
  atomic_llong next;
  atomic_bool failed;
} loader;

static bool stop(void *user) {
  loader *l = user;
  return interrupted || atomic_load(&l->failed);
}

/* splitmix64: a stream of its own for each patch, so that no thread's pace decides what is drawn. */
static uint64_t draw(uint64_t *state) {
  uint64_t z = *state += 0x9E3779B97F4A7C15u;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

/* A box of size^3, or as much of it as the volume has. */
static tome_box place(const loader *l, int64_t number) {
  uint64_t state = l->seed * 0x100000001B3u + (uint64_t)number;
  tome_box b;
  for (int a = 0; a < 3; a++) {
    const int64_t n = l->image.geometry.shape[a], size = n < l->size ? n : l->size;
    b.lo[a] = (int64_t)(draw(&state) % (uint64_t)(n - size + 1));
    b.hi[a] = b.lo[a] + size;
  }
  return b;
}

static size_t voxels_of(const tome_box *b) {
  return (size_t)((b->hi[0] - b->lo[0]) * (b->hi[1] - b->lo[1]) * (b->hi[2] - b->lo[2]));
}

static size_t count_labelled(const tome_result_info *map, const void *voxels, size_t n) {
  size_t labelled = 0;
  const uint8_t *narrow = voxels;
  const uint16_t *wide = voxels;
  for (size_t i = 0; i < n; i++) labelled += map->dtype == TOME_U8 ? narrow[i] != 0 : wide[i] != 0;
  return labelled;
}

static bool load_patch(loader *l, int64_t number, float *image, void *labels, tome_error *err) {
  const tome_box b = place(l, number);
  const tome_run run = {.threads = 1, .stop = stop, .user = l}; /* the threads are ours */
  const size_t n = voxels_of(&b);
  size_t labelled = 0;
  double sum = 0;
  if (!tome_result_read(l->result, "image", &b, image, n * sizeof *image, &run, err)) return false;
  if (l->labels) {
    if (!tome_result_read(l->result, l->labels, &b, labels, n * tome_dtype_size(l->map.dtype), &run, err)) return false;
    labelled = count_labelled(&l->map, labels, n);
  }
  for (size_t i = 0; i < n; i++) sum += (double)image[i];
  printf("%lld %lld %lld %lld %.6f %zu\n", (long long)number, (long long)b.lo[0], (long long)b.lo[1],
         (long long)b.lo[2], sum, labelled);
  return true;
}

static void *work(void *user) {
  loader *l = user;
  tome_error err = {0};
  const size_t most = (size_t)(l->size * l->size * l->size);
  float *image = malloc(most * sizeof *image);
  void *labels = malloc(most * sizeof(uint16_t));
  bool ok = image && labels;
  for (int64_t number; ok && (number = atomic_fetch_add(&l->next, 1)) < l->patches;)
    ok = load_patch(l, number, image, labels, &err);
  if (!ok && err.code != TOME_CANCELLED) {
    atomic_store(&l->failed, true);
    fprintf(stderr, "loader: %s\n", err.code ? err.message : "out of memory");
  }
  free(image);
  free(labels);
  return NULL;
}

static bool prepare(loader *l, tome_error *err) {
  if (!tome_result_info_of(l->result, "image", &l->image, err)) return false;
  if (l->image.dtype != TOME_F32) {
    fprintf(stderr, "loader: the recipe's image is %s; end it with cast:float32\n", tome_dtype_name(l->image.dtype));
    return false;
  }
  l->labels = tome_result_volume(l->result, 1);
  return !l->labels || tome_result_info_of(l->result, l->labels, &l->map, err);
}

static int load_all(loader *l) {
  pthread_t thread[2];
  int started = 0;
  while (started < 2 && pthread_create(&thread[started], NULL, work, l) == 0) started++;
  if (!started) work(l);
  for (int i = 0; i < started; i++) pthread_join(thread[i], NULL);
  if (interrupted) fprintf(stderr, "loader: stopped\n");
  return atomic_load(&l->failed) ? 1 : interrupted ? 130 : 0;
}

int main(int argc, char **argv) {
  tome_error err = {0};
  if (argc != 7 || atoll(argv[4]) < 1 || atoll(argv[4]) > 1024) {
    fprintf(stderr, "usage: loader STORE CASE RECIPE SIZE PATCHES SEED\n");
    return 2;
  }
  signal(SIGINT, interrupt);
  const tome_recipe_text recipe = {.file = argv[3]};
  tome_store *store = tome_open(argv[1], &err);
  tome_result *r = store ? tome_result_open(store, argv[2], &recipe, NULL, NULL, &err) : NULL;
  loader l = {.result = r, .size = atoll(argv[4]), .patches = atoll(argv[5]), .seed = strtoull(argv[6], NULL, 10)};
  const int status = r && prepare(&l, &err) ? load_all(&l) : 1;
  if (err.code) fprintf(stderr, "loader: %s\n", err.message);
  tome_result_close(r);
  tome_close(store);
  return status;
}
