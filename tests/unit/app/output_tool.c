/* Puts made items through tome_output for output_h5py.py: output_tool PATTERN COUNT [stacked] [force] [shape] [backwards].
 *
 * Item i (case "c<i/3>", n i%3) holds int16 voxels i*1000 + index on a grid of 3x4x5 and uint8 labels index%3, with facts: seed (a number), position
 * (three), name (a text). All puts come from two threads. Prints what tome_output_has said of each, and each failure. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/output.h"

enum { Z = 3, Y = 4, X = 5, VOXELS = Z * Y * X };

typedef struct job {
  tome_output *output;
  int count, first, step;
  bool odd_shape, backwards, ok;
} job;

static bool put(const job *j, int i) {
  int16_t image[VOXELS];
  uint8_t labels[VOXELS];
  char id[16], name[32];
  for (int v = 0; v < VOXELS; v++) {
    image[v] = (int16_t)(i * 1000 + v);
    labels[v] = (uint8_t)(v % 3);
  }
  snprintf(id, sizeof id, "c%d", i / 3);
  snprintf(name, sizeof name, "item%.*s", i, "++++++++");
  const int64_t shape[3] = {Z, Y, j->odd_shape && i == j->count - 1 ? X - 1 : X};
  const tome_output_volume volumes[] = {{.name = "image", .dtype = TOME_I16, .voxels = image},
                                        {.name = "seg", .is_label = true, .dtype = TOME_U8, .voxels = labels}};
  const double seed = 7 + i, position[3] = {i, 0.5, -1};
  const tome_output_fact facts[] = {{.name = "seed", .many = &seed, .count = 1},
                                    {.name = "position", .many = position, .count = 3},
                                    {.name = "name", .text = name}};
  tome_output_item item = {.id = id,
                           .n = i % 3,
                           .geometry = tome_geometry_identity(shape),
                           .volumes = volumes,
                           .volume_count = 2,
                           .units = "HU",
                           .recipe = "flip:z",
                           .recipe_hash = "00112233445566778899aabbccddeeff",
                           .voxel_hash = "ffeeddccbbaa99887766554433221100",
                           .facts = facts,
                           .fact_count = 3,
                           .row = i + 1};
  item.geometry.spacing[0] = 2.5;
  item.geometry.origin[1] = 10.0 * i;
  tome_error err = {0};
  const bool has = tome_output_has(j->output, &item);
  const bool ok = has || tome_output_put(j->output, &item, &err);
  printf("%d %s %s\n", i, has ? "has" : ok ? "put" : "failed", err.message);
  return ok;
}

static void *work(void *arg) {
  job *j = arg;
  j->ok = true;
  for (int k = j->first; k < j->count; k += j->step) {
    const int i = j->backwards ? j->count - 1 - k : k;
    if (!put(j, i)) j->ok = false;
  }
  return NULL;
}

static bool given(int argc, char **argv, const char *word) {
  for (int i = 3; i < argc; i++)
    if (!strcmp(argv[i], word)) return true;
  return false;
}

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  const int count = atoi(argv[2]);
  const tome_output_options opt = {
      .force = given(argc, argv, "force"), .stacked = given(argc, argv, "stacked"), .items = count};
  tome_error err = {0};
  tome_output *o = tome_output_open(argv[1], &opt, &err);
  if (!o) {
    printf("not opened: %s\n", err.message);
    return 1;
  }
  job jobs[2];
  pthread_t thread;
  for (int t = 0; t < 2; t++)
    jobs[t] = (job){.output = o,
                    .count = count,
                    .first = t,
                    .step = 2,
                    .odd_shape = given(argc, argv, "shape"),
                    .backwards = given(argc, argv, "backwards")};
  if (pthread_create(&thread, NULL, work, &jobs[1]) != 0) return 2;
  work(&jobs[0]);
  pthread_join(thread, NULL);
  const bool ok = jobs[0].ok && jobs[1].ok, kept = given(argc, argv, "abandon") || tome_output_commit(o, &err);
  if (!kept) printf("not committed: %s\n", err.message);
  tome_output_close(o);
  return ok && kept ? 0 : 1;
}
