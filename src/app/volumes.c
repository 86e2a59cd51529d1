/* Volumes of files, read as they are: what `tome convert`, `tome info` and the archives of pictures share. */
#include <stdlib.h>
#include <string.h>

#include "app/convert.h"

bool tome_load_samples(const tome_stacked *s, const char *shown, const tome_run *run, tome_volume *out,
                       tome_error *err) {
  const tome_load_options how = {.name = shown, .as_stored = true};
  return tome_convert_load(s, &how, run, out, err);
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
