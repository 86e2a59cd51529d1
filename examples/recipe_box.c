/* recipe_box - a box of a recipe's result: image and labels on one grid, computed from only the chunks that the box depends on.
 *
 *   cc recipe_box.c -o recipe_box $(pkg-config --cflags --libs tome)
 *   ./recipe_box liver.tome volume-3 40:72,64:128,64:128 patch
 *
 * Writes patch-image.raw (float32), and a file for each label map (patch-segmentation.raw), C order; prints what is in them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tome.h>

/* The same words as on the command line, and as in a recipe file, a step a line. */
static const char *const steps[] = {"resample:spacing=2,order=1", "window:level=40,width=400"};

static bool fail(const char *message) {
  fprintf(stderr, "recipe_box: %s\n", message);
  return false;
}

static void describe(const char *volume, const tome_result_info *info) {
  const tome_geometry *g = &info->geometry;
  printf("%s: %lld %lld %lld voxels of %.6g %.6g %.6g mm, %s\n", volume, (long long)g->shape[0], (long long)g->shape[1],
         (long long)g->shape[2], g->spacing[0], g->spacing[1], g->spacing[2], tome_dtype_name(info->dtype));
}

static bool save(const char *prefix, const char *volume, const void *voxels, size_t bytes) {
  const char *slash = strrchr(volume, '/'); /* "labels/segmentation" */
  char path[1024];
  snprintf(path, sizeof path, "%s-%s.raw", prefix, slash ? slash + 1 : volume);
  FILE *f = fopen(path, "wb");
  const bool ok = f && fwrite(voxels, 1, bytes, f) == bytes;
  return (!f || fclose(f) == 0) && ok ? true : fail(path);
}

/* The box is one of the result's grid, which all its volumes share. */
static bool pull(const tome_result *r, const char *volume, const char *text, const char *prefix, tome_error *err) {
  tome_result_info info;
  tome_box box;
  if (!tome_result_info_of(r, volume, &info, err) || !tome_box_parse(text, info.geometry.shape, &box, err))
    return fail(err->message);
  describe(volume, &info);
  size_t bytes = tome_dtype_size(info.dtype);
  for (int a = 0; a < 3; a++) bytes *= (size_t)(box.hi[a] - box.lo[a]);
  void *voxels = malloc(bytes);
  if (!voxels) return fail("out of memory");
  const bool read = tome_result_read(r, volume, &box, voxels, bytes, NULL, err) || fail(err->message);
  const bool ok = read && save(prefix, volume, voxels, bytes);
  free(voxels);
  return ok;
}

static bool pull_all(tome_result *r, const char *box, const char *prefix, tome_error *err) {
  tome_result_info info;
  if (!r || !tome_result_info_of(r, "image", &info, err)) return fail(err->message);
  printf("recipe %s\nhash %s\n", info.recipe, info.recipe_hash);
  const char *volume;
  for (size_t i = 0; (volume = tome_result_volume(r, i)) != NULL; i++)
    if (!pull(r, volume, box, prefix, err)) return false;
  return true;
}

int main(int argc, char **argv) {
  tome_error err = {0};
  if (argc != 5) {
    fprintf(stderr, "usage: recipe_box STORE CASE BOX PREFIX\n");
    return 2;
  }
  tome_store *store = tome_open(argv[1], &err);
  if (!store) return !fail(err.message);
  const tome_recipe_text recipe = {.steps = steps, .step_count = sizeof steps / sizeof *steps};
  tome_result *r = tome_result_open(store, argv[2], &recipe, NULL, NULL, &err);
  const bool ok = pull_all(r, argv[3], argv[4], &err);
  tome_result_close(r);
  tome_close(store);
  return ok ? 0 : 1;
}
