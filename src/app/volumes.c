/* Volumes of files, read as they are: what `tome convert`, `tome info` and the archives of pictures share. */
#include <stdlib.h>
#include <string.h>

#include "app/convert.h"

/* All samples of a stacked volume, side by side. */
static bool load_channels(const tome_stacked *s, const tome_load_options *how, const tome_run *run, int channels,
                          tome_volume *out, tome_error *err) {
  tome_volume all = {0};
  for (int k = 0; k < channels; k++) {
    TOME_CLEANUP(tome_loaded_clear) tome_loaded one = {0};
    tome_load_options o = *how;
    o.sample = k;
    if (!tome_load(s, &o, run, &one, err)) break;
    const size_t element = tome_dtype_size(one.volume.dtype), n = tome_volume_voxels(&one.volume);
    if (!all.data) {
      all = (tome_volume){one.volume.geometry, one.volume.dtype, channels,
                          tome_alloc(n, element * (size_t)channels, how->name, err)};
      if (!all.data) break;
    }
    if (one.volume.dtype != all.dtype) {
      tome_fail(err, TOME_UNSUPPORTED, "%s: its colours are of different types once rescaled", how->name);
      break;
    }
    for (size_t i = 0; i < n; i++)
      memcpy((char *)all.data + (i * (size_t)channels + (size_t)k) * element,
             (const char *)one.volume.data + i * element, element);
    if (k + 1 == channels) {
      *out = all;
      return true;
    }
  }
  free(all.data);
  return false;
}

bool tome_load_samples(const tome_stacked *s, const char *shown, const tome_run *run, tome_volume *out,
                       tome_error *err) {
  const tome_load_options how = {.name = shown, .as_stored = true};
  const int channels = s->order[0]->channels;
  if (channels > 1) return load_channels(s, &how, run, channels, out, err);
  TOME_CLEANUP(tome_loaded_clear) tome_loaded l = {0};
  if (!tome_load(s, &how, run, &l, err)) return false;
  *out = l.volume;
  l.volume.data = NULL;
  return true;
}

bool tome_unit_passed(const tome_unit *u, const tome_pieces *p, tome_error *err) {
  for (size_t i = 0; i < p->passed_count; i++)
    if (p->passed[i].damaged || u->count == 1)
      return tome_fail(err, p->passed[i].damaged ? TOME_CORRUPT : TOME_UNSUPPORTED, "%s", p->passed[i].text);
  return true;
}

bool tome_unit_picture(const tome_unit *u, const tome_run *run, tome_volume *out, tome_error *err) {
  TOME_CLEANUP(tome_pieces_clear) tome_pieces pieces = {0};
  TOME_CLEANUP(tome_stack_result_clear) tome_stack_result r = {0};
  const tome_stack_options how = {.spacing = {1, 1, 1}, .colour = true};
  if (!tome_describe_all(u->paths, u->count, run, &pieces, err) || !tome_unit_passed(u, &pieces, err)) return false;
  tome_pieces_as_pictures(&pieces);
  if (!tome_stack(&pieces, &how, run, &r, err)) return false;
  if (r.fault_count) return tome_fail(err, r.faults[0].code, "%s", r.faults[0].text);
  if (r.volume_count != 1 || r.volumes[0].geometry.shape[0] != 1)
    return tome_fail(err, TOME_UNSUPPORTED, "%s: holds %s where one picture is wanted", u->shown,
                     r.volume_count == 1 ? "a volume"
                     : r.volume_count    ? "several"
                                         : "no image");
  return tome_load_samples(&r.volumes[0], u->shown, run, out, err);
}
