/* patch_tool - patches by the C library, as a data loader takes them: positions first, then voxels, in any order and by several threads.
 *
 *   patch_tool STORE FOLDER MODE Z,Y,X PER_CASE SEED THREADS IDS [STEP...]
 *
 * MODE: balance, nnunet, sliding, or a class's name. IDS: id,id,… or "all". Writes FOLDER/ID_N_VOLUME.raw, and prints a line a volume: id, n, name, type, box
 * (six numbers), and last "read", the bytes that settling the positions read. FOLDER "-": positions only. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tome.h"

enum { MOST = 16 };

typedef struct job {
  tome_patches *p;
  const char *folder;
  atomic_size_t next;
  atomic_bool failed;
} job;

static int fail(const char *message) {
  fprintf(stderr, "patch_tool: %s\n", message);
  return 1;
}

/* Bytes this process has read so far, from whatever file. */
static long long bytes_read(void) {
  char line[128];
  long long n = 0;
  FILE *f = fopen("/proc/self/io", "r");
  while (f && fgets(line, sizeof line, f) && sscanf(line, "rchar: %lld", &n) != 1) continue;
  if (f) fclose(f);
  return n;
}

static size_t volume_bytes(const tome_patch *t, const tome_patch_volume *v) {
  size_t n = tome_dtype_size(v->dtype);
  for (int a = 0; a < 3; a++) n *= (size_t)(t->box.hi[a] - t->box.lo[a]);
  return n;
}

static bool save(const job *j, const tome_patch *t, const char *name, const void *data, size_t bytes) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s_%lld_%s.raw", j->folder, t->id, (long long)t->n, name);
  FILE *f = fopen(path, "wb");
  const bool ok = f && fwrite(data, 1, bytes, f) == bytes;
  return (!f || fclose(f) == 0) && ok;
}

static bool take(job *j, size_t i) {
  const tome_run one = {.threads = 1};
  const tome_patch *t = tome_patches_at(j->p, i);
  tome_error err = {0};
  void *out[MOST] = {NULL};
  size_t bytes[MOST] = {0}, count = 0;
  const tome_patch_volume *v;
  for (; count < MOST && (v = tome_patches_volume(j->p, i, count)); count++) {
    bytes[count] = volume_bytes(t, v);
    out[count] = malloc(bytes[count]);
  }
  bool ok = tome_patches_read(j->p, i, out, bytes, count, &one, &err) || (fail(err.message), false);
  for (size_t k = 0; k < count; k++) {
    ok = ok && save(j, t, tome_patches_volume(j->p, i, k)->name, out[k], bytes[k]);
    free(out[k]);
  }
  return ok;
}

/* From the last patch to the first: the order must not matter. */
static void *work(void *arg) {
  job *j = arg;
  const size_t count = tome_patches_count(j->p);
  for (size_t i; (i = atomic_fetch_add(&j->next, 1)) < count;)
    if (!take(j, count - 1 - i)) atomic_store(&j->failed, true);
  return NULL;
}

static void print(const tome_patches *p) {
  for (size_t i = 0; i < tome_patches_count(p); i++) {
    const tome_patch *t = tome_patches_at(p, i);
    const tome_patch_volume *v;
    for (size_t k = 0; (v = tome_patches_volume(p, i, k)); k++)
      printf("%s %lld %s %s %lld %lld %lld %lld %lld %lld\n", t->id, (long long)t->n, v->name,
             tome_dtype_name(v->dtype), (long long)t->box.lo[0], (long long)t->box.lo[1], (long long)t->box.lo[2],
             (long long)t->box.hi[0], (long long)t->box.hi[1], (long long)t->box.hi[2]);
  }
}

static bool read_all(job *j, int threads) {
  pthread_t thread[MOST];
  for (int i = 0; i < threads; i++)
    if (pthread_create(&thread[i], NULL, work, j) != 0) return false;
  for (int i = 0; i < threads; i++) pthread_join(thread[i], NULL);
  return !atomic_load(&j->failed);
}

static size_t split(char *text, const char **out) {
  size_t n = 0;
  char *rest = NULL;
  for (char *s = strtok_r(text, ",", &rest); s && n < MOST; s = strtok_r(NULL, ",", &rest)) out[n++] = s;
  return n;
}

static void choose(tome_patch_options *o, const char *mode, tome_class_weight *one) {
  if (!strcmp(mode, "sliding"))
    o->mode = TOME_PATCH_SLIDING, o->overlap = 0.5;
  else if (!strcmp(mode, "nnunet"))
    o->rule = TOME_RULE_NNUNET;
  else if (strcmp(mode, "balance") != 0)
    o->mode = TOME_PATCH_CLASSES, o->class_count = 1, *one = (tome_class_weight){mode, 1}, o->classes = one;
}

int main(int argc, char **argv) {
  if (argc < 9) return fail("STORE FOLDER MODE Z,Y,X PER_CASE SEED THREADS IDS [STEP...]");
  tome_error err = {0};
  const char *ids[MOST];
  tome_class_weight one;
  tome_patch_options o = {.per_case = atoll(argv[5]), .seed = strtoull(argv[6], NULL, 10)};
  o.recipe = (tome_recipe_text){.steps = (const char *const *)argv + 9, .step_count = (size_t)argc - 9};
  sscanf(argv[4], "%ld,%ld,%ld", &o.size[0], &o.size[1], &o.size[2]);
  choose(&o, argv[3], &one);
  const tome_run run = {.threads = atoi(argv[7])};
  const bool all = !strcmp(argv[8], "all");
  const size_t count = all ? 0 : split(argv[8], ids);
  tome_store *store = tome_open(argv[1], &err);
  const long long before = bytes_read();
  job j = {.folder = argv[2]};
  j.p = store ? tome_patches_plan(store, all ? NULL : ids, count, &o, &run, NULL, NULL, &err) : NULL;
  const long long read = bytes_read() - before;
  bool ok = j.p && (!strcmp(argv[2], "-") || read_all(&j, run.threads));
  if (!j.p) fail(err.message);
  if (ok) print(j.p), printf("read %lld\n", read);
  tome_patches_close(j.p);
  tome_close(store);
  return ok ? 0 : 1;
}
