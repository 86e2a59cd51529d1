/* A volume into the file that its name says, or into two where that name is of a header alone (.mhd, .nhdr, .hdr). */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/app.h"

/* "a/v.mhd" and ".raw": "a/v.raw". */
static char *beside(const char *path, const char *ending, tome_error *err) {
  const char *dot = strrchr(path, '.');
  const size_t stem = dot ? (size_t)(dot - path) : strlen(path);
  char *out = tome_alloc(stem + strlen(ending) + 1, 1, path, err);
  if (!out) return NULL;
  memcpy(out, path, stem);
  strcpy(out + stem, ending);
  return out;
}

/* The header is what makes the two a volume: it goes first and comes last. */
static bool write_two(const tome_format *f, const char *path, const char *ending, const tome_volume *v,
                      const tome_write_options *o, bool force, tome_error *err) {
  TOME_CLEANUP(tome_draft_abandon) tome_draft header = {.fd = -1};
  TOME_CLEANUP(tome_draft_abandon) tome_draft voxels = {.fd = -1};
  TOME_AUTO_FREE char *second = beside(path, ending, err);
  if (!second) return false;
  if (!force && tome_file_exists(second))
    return tome_fail(err, TOME_EXISTS, "%s: exists already; --force overwrites it", second);
  if (!tome_draft_open(path, &header, err) || !tome_draft_open(second, &voxels, err)) return false;
  tome_write_options own = *o;
  own.voxels_name = tome_basename(second);
  own.voxels_fd = voxels.fd;
  if (!f->write(header.fd, tome_basename(path), v, &own, err)) return false;
  if (force) unlink(path); /* never an old header beside new voxels */
  if (!tome_draft_place(&voxels, force, err)) return false;
  if (tome_draft_place(&header, force, err)) return true;
  unlink(second);
  return false;
}

bool tome_write_files(const tome_format *f, const char *path, const tome_volume *v, const tome_write_options *o,
                      bool force, tome_error *err) {
  const char *ending = f->apart ? f->apart(tome_basename(path), o) : NULL;
  if (ending) return write_two(f, path, ending, v, o, force, err);
  TOME_CLEANUP(tome_draft_abandon) tome_draft d = {.fd = -1};
  return tome_draft_open(path, &d, err) && f->write(d.fd, tome_basename(path), v, o, err) &&
         tome_draft_place(&d, force, err);
}
