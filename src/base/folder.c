/* Folders that appear whole or not at all: made beside the target under a draft's name, then renamed. And what becomes of drafts, of files and
 * folders, that nobody has finished. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

/* The path without slashes at its end, malloc'd. */
static char *without_slashes(const char *path) {
  size_t n = strlen(path);
  while (n > 1 && path[n - 1] == '/') n--;
  return strndup(path, n);
}

/* Removes a folder of plain files. Best effort: one that holds folders stays. */
static void remove_folder(const char *path) {
  DIR *d = opendir(path);
  if (!d) return;
  for (const struct dirent *e; (e = readdir(d));)
    if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0) (void)unlinkat(dirfd(d), e->d_name, 0);
  closedir(d);
  (void)rmdir(path);
}

/* Makes the folder and locks it; between the two a sweep may have taken it for dead: then there is none, and another is made. */
static bool make_locked(tome_folder_draft *d, const char *pattern, tome_error *err) {
  for (int tries = 0; tries < 100; tries++) {
    struct stat s;
    strcpy(d->path, pattern);
    if (!mkdtemp(d->path)) {
      free(d->path); /* nothing there to remove */
      d->path = NULL;
      return tome_fail_errno(err, "%s: cannot be made", d->target);
    }
    d->fd = open(d->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (d->fd >= 0) (void)flock(d->fd, LOCK_EX); /* where folders cannot be locked, none is swept either */
    if (stat(d->path, &s) == 0) return true;
    if (d->fd >= 0) close(d->fd);
    d->fd = -1;
  }
  return tome_fail(err, TOME_IO, "%s: its drafts vanish as they are made", d->target);
}

bool tome_folder_draft_open(const char *target, tome_folder_draft *out, tome_error *err) {
  TOME_CLEANUP(tome_folder_draft_abandon) tome_folder_draft d = {.target = without_slashes(target), .fd = -1};
  if (!d.target) return tome_fail(err, TOME_NO_MEMORY, "%s: out of memory", target);
  const char *name = tome_basename(d.target);
  const int above = (int)(strlen(d.target) - strlen(name));
  TOME_AUTO_FREE char *pattern = NULL;
  if (asprintf(&pattern, "%.*s.%s.tmp-XXXXXX", above, d.target, name) < 0) pattern = NULL;
  d.path = pattern ? strdup(pattern) : NULL;
  if (!d.path) return tome_fail(err, TOME_NO_MEMORY, "%s: out of memory", target);
  if (!make_locked(&d, pattern, err)) return false;
  const mode_t mask = umask(0);
  umask(mask);
  (void)chmod(d.path, 0777 & ~mask);
  *out = d;
  d = (tome_folder_draft){.fd = -1};
  return true;
}

/* The new one in the old one's place; the old one is then at d->path. An empty folder is always replaced. */
bool tome_folder_draft_place(tome_folder_draft *d, bool replace, tome_error *err) {
  if (renameat2(AT_FDCWD, d->path, AT_FDCWD, d->target, RENAME_NOREPLACE) == 0) {
    free(d->path);
    d->path = NULL;
    return true;
  }
  if (errno != EEXIST && errno != EINVAL) return tome_fail_errno(err, "%s: cannot be put in place", d->target);
  if (rename(d->path, d->target) == 0) { /* over an empty folder, or where there is no RENAME_NOREPLACE */
    free(d->path);
    d->path = NULL;
    return true;
  }
  if (!replace) return tome_fail(err, TOME_EXISTS, "%s: exists already, and is not an empty folder", d->target);
  if (renameat2(AT_FDCWD, d->path, AT_FDCWD, d->target, RENAME_EXCHANGE) == 0) return true;
  return tome_fail_errno(err, "%s: cannot be replaced; remove it first", d->target);
}

void tome_folder_draft_abandon(tome_folder_draft *d) {
  if (d->path) remove_folder(d->path);
  if (d->target && d->fd >= 0) close(d->fd); /* a zeroed draft has fd 0, which is not ours */
  free(d->path);
  free(d->target);
  *d = (tome_folder_draft){.fd = -1};
}

/* ---- what is left of drafts ---- */

static void remove_left_over(const char *folder, DIR *dir, const char *name) {
  TOME_AUTO_FREE char *path = NULL;
  if (unlinkat(dirfd(dir), name, 0) == 0 || errno != EISDIR) return;
  if (asprintf(&path, "%s/%s", folder, name) < 0)
    path = NULL;
  else
    remove_folder(path);
}

void tome_draft_sweep(const char *folder) {
  DIR *dir = opendir(folder);
  if (!dir) return;
  for (const struct dirent *e; (e = readdir(dir));) {
    if (!tome_is_draft(e->d_name)) continue;
    const int fd = openat(dirfd(dir), e->d_name, O_RDONLY | O_CLOEXEC);
    if (fd < 0) continue;
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) remove_left_over(folder, dir, e->d_name);
    close(fd);
  }
  closedir(dir);
}
