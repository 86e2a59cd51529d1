/* A volume into the file that its name says, or into two where that name is of a header alone (.mhd, .nhdr, .hdr), or of the voxels of a pair (.img). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
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

/* What stands at a path, put aside while something else takes its place. */
typedef struct old_file {
  const char *path;
  char *aside; /* NULL: there is nothing */
} old_file;

static bool put_aside(old_file *o, tome_error *err) {
  if (tome_is_folder(o->path))
    return tome_fail(err, TOME_EXISTS, "%s: is a folder, which a file does not replace", o->path);
  if (asprintf(&o->aside, "%s.old-%ld", o->path, (long)getpid()) < 0) {
    o->aside = NULL;
    return tome_fail(err, TOME_NO_MEMORY, "%s: out of memory", o->path);
  }
  if (rename(o->path, o->aside) == 0) return true;
  const int why = errno;
  free(o->aside);
  o->aside = NULL;
  errno = why;
  return why == ENOENT || tome_fail_errno(err, "%s: cannot be replaced", o->path);
}

static void put_back(old_file *o) {
  if (o->aside) (void)rename(o->aside, o->path); /* else it stays beside, which its name says */
  free(o->aside);
}

static void drop(old_file *o) {
  if (o->aside) unlink(o->aside);
  free(o->aside);
  o->aside = NULL;
}

/* The header is what makes the two a volume: it goes first and comes last, so that an old one never stands beside new voxels. Until both new files
 * are in place the old ones are there, under another name or, where something fails, their own. */
static bool place_two(tome_draft *header, tome_draft *voxels, bool force, tome_error *err) {
  TOME_CLEANUP(put_back) old_file old_header = {.path = header->target};
  TOME_CLEANUP(put_back) old_file old_voxels = {.path = voxels->target};
  if (force && (!put_aside(&old_header, err) || !put_aside(&old_voxels, err))) return false;
  if (!tome_draft_place(voxels, force, err)) return false;
  if (!tome_draft_place(header, force, err)) {
    unlink(voxels->target);
    return false;
  }
  drop(&old_header);
  drop(&old_voxels);
  return true;
}

/* Nothing is put in place before its voxels are known to be right to the last. */
static bool write_all_of(const tome_format *f, int fd, const char *path, const tome_volume *v,
                         const tome_write_options *o, tome_error *err) {
  return (f->patient || tome_filling_whole(o->filling, err)) && f->write(fd, tome_basename(path), v, o, err) &&
         tome_filling_whole(o->filling, err);
}

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
  return write_all_of(f, header.fd, path, v, &own, err) && place_two(&header, &voxels, force, err);
}

static bool is_img(const char *path) {
  const char *dot = strrchr(path, '.');
  return dot && strcasecmp(dot, ".img") == 0;
}

bool tome_write_files(const tome_format *f, const char *path, const tome_volume *v, const tome_write_options *o,
                      bool force, tome_error *err) {
  const char *ending = f->apart ? f->apart(tome_basename(path), o) : NULL;
  if (ending && is_img(path)) { /* named by its voxels */
    TOME_AUTO_FREE char *header = beside(path, ending, err);
    if (header && !force && tome_file_exists(header))
      return tome_fail(err, TOME_EXISTS, "%s: exists already; --force overwrites it", header);
    return header && write_two(f, header, strrchr(path, '.'), v, o, force, err);
  }
  if (ending) return write_two(f, path, ending, v, o, force, err);
  TOME_CLEANUP(tome_draft_abandon) tome_draft d = {.fd = -1};
  return tome_draft_open(path, &d, err) && write_all_of(f, d.fd, path, v, o, err) && tome_draft_place(&d, force, err);
}
