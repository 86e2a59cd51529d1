/* Stands in for the writers of output.h until they are merged: .npy and .nii by a template, the label maps beside the image as NAME.MAP.ext. No archives, no
 * facts. To be deleted at the merge. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/output.h"

struct tome_output {
  char pattern[4096];
  bool force;
};

tome_output *tome_output_open(const char *pattern, const tome_output_options *opt, tome_error *err) {
  if (!tome_format_for_name(pattern)) {
    tome_fail(err, TOME_USAGE, "%s: no format this build writes goes by that name", pattern);
    return NULL;
  }
  tome_output *o = tome_alloc_zero(1, sizeof *o, pattern, err);
  if (!o) return NULL;
  snprintf(o->pattern, sizeof o->pattern, "%s", pattern);
  o->force = opt && opt->force;
  return o;
}

static void name_of(const tome_output *o, const tome_output_item *item, const tome_output_volume *v, char out[4096]) {
  size_t n = 0;
  const char *ext = strchr(tome_basename(o->pattern), '.');
  for (const char *s = o->pattern; *s && n < 3000;) {
    if (s == ext && v->is_label) n += (size_t)snprintf(out + n, 4096 - n, ".%.200s", v->name);
    if (!strncmp(s, "{id}", 4)) {
      n += (size_t)snprintf(out + n, 4096 - n, "%.900s", item->id);
      s += 4;
    } else if (!strncmp(s, "{n}", 3)) {
      n += (size_t)snprintf(out + n, 4096 - n, "%lld", (long long)item->n);
      s += 3;
    } else {
      out[n++] = *s++;
    }
  }
  out[n] = 0;
}

bool tome_output_has(const tome_output *o, const tome_output_item *item) {
  (void)o, (void)item;
  return false;
}

static bool put_volume(const tome_output *o, const tome_output_item *item, const tome_output_volume *v,
                       tome_error *err) {
  char path[4096], folder[4096];
  name_of(o, item, v, path);
  snprintf(folder, sizeof folder, "%s", path);
  *(char *)(folder + (tome_basename(folder) - folder)) = 0;
  if (*folder && !tome_make_folders(folder, err)) return false;
  const tome_volume volume = {.geometry = item->geometry, .dtype = v->dtype, .data = (void *)(uintptr_t)v->voxels};
  const tome_write_options how = {.units = v->is_label ? "" : item->units, .description = ""};
  TOME_CLEANUP(tome_draft_abandon) tome_draft d = {.fd = -1};
  return tome_draft_open(path, &d, err) &&
         tome_format_for_name(path)->write(d.fd, tome_basename(path), &volume, &how, err) &&
         tome_draft_commit(&d, o->force, err);
}

bool tome_output_put(tome_output *o, const tome_output_item *item, tome_error *err) {
  for (size_t i = 0; i < item->volume_count; i++)
    if (!put_volume(o, item, &item->volumes[i], err)) return false;
  return true;
}

bool tome_output_commit(tome_output *o, tome_error *err) {
  (void)o, (void)err;
  return true;
}

void tome_output_close(tome_output *o) { free(o); }
