/* The archive: one HDF5 file of external links, a handle on every case. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "store/sink.h"
#include "store/store.h"

static bool link_case(hid_t archive, const char *id, tome_error *err) {
  TOME_CLEANUP(tome_arena_clear) tome_arena arena = {0};
  const char *target = tome_arena_printf(&arena, err, "cases/%s.h5", id);
  if (!target) return false;
  if (H5Lcreate_external(target, "/", archive, id, H5P_DEFAULT, H5P_DEFAULT) >= 0) return true;
  return tome_h5_fail(err, TOME_IO, "link %s cannot be made", id);
}

static bool write_links(hid_t archive, const char *const *ids, size_t count, tome_error *err) {
  for (size_t i = 0; i < count; i++)
    if (!link_case(archive, ids[i], err)) return false;
  return true;
}

bool tome_archive_write(const char *path, const char *const *ids, size_t count, tome_error *err) {
  TOME_H5_LOCK;
  int failed;
  const hid_t archive = tome_sink_create(path, true, &failed, err);
  if (archive < 0) return false;
  const bool ok = write_links(archive, ids, count, err);
  if (H5Fclose(archive) < 0 && ok) return tome_h5_fail(err, TOME_IO, "%s: cannot be completed", path);
  errno = failed;
  if (failed) return tome_fail_errno(err, "%s: cannot be written", path);
  return ok || tome_fail_prefix(err, "%s", path);
}
