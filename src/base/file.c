/* Files: whole reads, and writes that appear whole or not at all. */
#include "base/file.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

void tome_bytes_clear(tome_bytes *b) {
  free(b->data);
  *b = (tome_bytes){0};
}

static void close_fd(const int *fd) {
  if (*fd >= 0) close(*fd);
}

/* Opens a regular file for reading; a pipe or a device could block for ever. */
static int open_regular(const char *path, struct stat *st, tome_error *err) {
  const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) {
    tome_fail_errno(err, "%s: cannot be opened", path);
    return -1;
  }
  if (fstat(fd, st) == 0 && S_ISREG(st->st_mode)) return fd;
  tome_fail(err, TOME_IO, "%s: is not a regular file", path);
  close(fd);
  return -1;
}

/* Reads until `want` bytes or the end; the count, or -1 with errno. */
static ssize_t read_full(int fd, uint8_t *out, size_t want) {
  size_t got = 0;
  while (got < want) {
    const ssize_t n = read(fd, out + got, want - got);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return -1;
    if (n == 0) break;
    got += (size_t)n;
  }
  return (ssize_t)got;
}

bool tome_file_read(const char *path, size_t most, tome_bytes *out, tome_error *err) {
  struct stat st;
  TOME_CLEANUP(close_fd) const int fd = open_regular(path, &st, err);
  if (fd < 0) return false;
  if (most && (uint64_t)st.st_size > most)
    return tome_fail(err, TOME_CORRUPT, "%s: %lld bytes, more than the %zu expected here at most", path,
                     (long long)st.st_size, most);
  tome_bytes b = {tome_alloc((size_t)st.st_size, 1, path, err), (size_t)st.st_size};
  if (!b.data) return false;
  const ssize_t n = read_full(fd, b.data, b.size);
  if (n == (ssize_t)b.size) {
    *out = b;
    return true;
  }
  tome_bytes_clear(&b);
  if (n < 0) return tome_fail_errno(err, "%s: cannot be read", path);
  return tome_fail(err, TOME_IO, "%s: became shorter while it was read", path);
}

bool tome_file_head(const char *path, void *out, size_t want, size_t *got, tome_error *err) {
  struct stat st;
  TOME_CLEANUP(close_fd) const int fd = open_regular(path, &st, err);
  if (fd < 0) return false;
  const ssize_t n = read_full(fd, out, want);
  if (n < 0) return tome_fail_errno(err, "%s: cannot be read", path);
  *got = (size_t)n;
  return true;
}

bool tome_file_size(const char *path, uint64_t *out, tome_error *err) {
  struct stat st;
  if (stat(path, &st) != 0) return tome_fail_errno(err, "%s: cannot be examined", path);
  *out = (uint64_t)st.st_size;
  return true;
}

bool tome_file_exists(const char *path) {
  struct stat st;
  return lstat(path, &st) == 0;
}

bool tome_is_folder(const char *path) {
  struct stat st;
  return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

bool tome_write_all(int fd, const void *data, size_t size, const char *path, tome_error *err) {
  const uint8_t *p = data;
  while (size) {
    const ssize_t n = write(fd, p, size < (1u << 30) ? size : (1u << 30));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return tome_fail_errno(err, "%s: cannot be written", path);
    p += n;
    size -= (size_t)n;
  }
  return true;
}

bool tome_write_both(int fd, const void *head, size_t head_size, const void *data, size_t size, const char *path,
                     tome_error *err) {
  const size_t once = size < (1u << 30) ? size : (1u << 30);
  const struct iovec parts[] = {{(void *)(uintptr_t)head, head_size}, {(void *)(uintptr_t)data, once}};
  ssize_t n;
  do n = writev(fd, parts, TOME_COUNT(parts));
  while (n < 0 && errno == EINTR);
  if (n < 0) return tome_fail_errno(err, "%s: cannot be written", path);
  const size_t done = (size_t)n, of_head = done < head_size ? done : head_size, of_data = done - of_head;
  return tome_write_all(fd, (const uint8_t *)head + of_head, head_size - of_head, path, err) &&
         tome_write_all(fd, (const uint8_t *)data + of_data, size - of_data, path, err);
}

/* ---- drafts --------------------------------------------------------------------------------------------- */

static const char draft_mark[] = ".tmp-";
enum { DRAFT_TAIL = 6 }; /* random letters */

bool tome_is_draft(const char *name) {
  const size_t n = strlen(name), tail = sizeof draft_mark - 1 + DRAFT_TAIL;
  return name[0] == '.' && n > tail && memcmp(name + n - tail, draft_mark, sizeof draft_mark - 1) == 0;
}

/* The folder part of a path, malloc'd: "." where there is none. */
static char *folder_of(const char *path) {
  const char *slash = strrchr(path, '/');
  if (!slash) return strdup(".");
  return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

static bool draft_names(const char *target, tome_draft *d, tome_error *err) {
  TOME_AUTO_FREE char *folder = folder_of(target);
  d->target = strdup(target);
  if (!folder || !d->target || asprintf(&d->path, "%s/.%s%sXXXXXX", folder, tome_basename(target), draft_mark) < 0) {
    d->path = NULL;
    return tome_fail(err, TOME_NO_MEMORY, "%s: out of memory", target);
  }
  return true;
}

/* Not mkostemp: that makes files that only their owner may read, and asking for the umask changes it for a moment, for all threads. */
static void put_random(char tail[DRAFT_TAIL]) {
  static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
  uint8_t random[DRAFT_TAIL] = {0};
  while (getrandom(random, sizeof random, 0) < 0 && errno == EINTR) continue;
  for (int i = 0; i < DRAFT_TAIL; i++) tail[i] = letters[random[i] % (sizeof letters - 1)];
}

/* Makes the file and locks it. *swept: the name is taken, or somebody who swept the folder took the file for left over in the moment between the two:
 * worth another try. */
static bool draft_make(tome_draft *d, bool *swept, tome_error *err) {
  struct stat st;
  put_random(d->path + strlen(d->path) - DRAFT_TAIL);
  d->fd = open(d->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  *swept = d->fd < 0 && errno == EEXIST;
  if (d->fd < 0) {
    if (!*swept) tome_fail_errno(err, "%s: cannot be made", d->target);
    free(d->path); /* nothing there to unlink */
    d->path = NULL;
    return false;
  }
  const bool locked = flock(d->fd, LOCK_EX | LOCK_NB) == 0;
  *swept = locked ? fstat(d->fd, &st) == 0 && st.st_nlink == 0 : errno == EWOULDBLOCK;
  if (!locked && !*swept) return tome_fail_errno(err, "%s: cannot be locked", d->path);
  return locked && !*swept;
}

bool tome_draft_open(const char *target, tome_draft *out, tome_error *err) {
  enum { TRIES = 100 };
  for (int i = 0; i < TRIES; i++) {
    bool swept = false;
    tome_draft d = {.fd = -1};
    if (draft_names(target, &d, err) && draft_make(&d, &swept, err)) {
      *out = d;
      return true;
    }
    tome_draft_abandon(&d);
    if (!swept) return false;
  }
  return tome_fail(err, TOME_IO, "%s: its draft is removed again and again by another process", target);
}

static bool sync_folder(const char *target, tome_error *err) {
  TOME_AUTO_FREE char *folder = folder_of(target);
  TOME_CLEANUP(close_fd) const int fd = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
  if (fd < 0 || fsync(fd) != 0) return tome_fail_errno(err, "%s: its folder cannot be synced", target);
  return true;
}

/* Puts a whole draft under its name. */
static bool put_in_place(tome_draft *d, bool replace, tome_error *err) {
  if (replace) {
    if (rename(d->path, d->target) != 0) return tome_fail_errno(err, "%s: cannot be put in place", d->target);
  } else if (renameat2(AT_FDCWD, d->path, AT_FDCWD, d->target, RENAME_NOREPLACE) != 0) {
    if (errno == EEXIST) return tome_fail(err, TOME_EXISTS, "%s: exists already", d->target);
    /* a file system without RENAME_NOREPLACE: link gives the same promise */
    if (link(d->path, d->target) != 0) {
      if (errno == EEXIST) return tome_fail(err, TOME_EXISTS, "%s: exists already", d->target);
      return tome_fail_errno(err, "%s: cannot be put in place", d->target);
    }
    unlink(d->path);
  }
  free(d->path);
  d->path = NULL;
  return true;
}

/* Some file systems (NFS) tell of a full disk only when a descriptor is closed. A copy of it will do: the draft's own stays open, for its lock. */
static bool close_a_copy(const tome_draft *d, tome_error *err) {
  const int copy = fcntl(d->fd, F_DUPFD_CLOEXEC, 0);
  return (copy >= 0 && close(copy) == 0) || tome_fail_errno(err, "%s: cannot be written", d->target);
}

bool tome_draft_place(tome_draft *d, bool replace, tome_error *err) {
  return close_a_copy(d, err) && put_in_place(d, replace, err);
}

bool tome_draft_commit(tome_draft *d, bool replace, tome_error *err) {
  if (fsync(d->fd) != 0) return tome_fail_errno(err, "%s: cannot be written to disk", d->target);
  return put_in_place(d, replace, err) && sync_folder(d->target, err);
}

bool tome_sync_around(const char *path, tome_error *err) {
  TOME_AUTO_FREE char *folder = folder_of(path);
  TOME_CLEANUP(close_fd) const int fd = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
  if (fd < 0 || syncfs(fd) != 0) return tome_fail_errno(err, "%s: cannot be written to disk", path);
  return true;
}

void tome_draft_abandon(tome_draft *d) {
  if (d->path) unlink(d->path);
  if (d->target && d->fd >= 0) close(d->fd); /* a zeroed draft has fd 0, which is not ours */
  free(d->path);
  free(d->target);
  *d = (tome_draft){.fd = -1};
}

bool tome_make_folders(const char *path, tome_error *err) {
  TOME_AUTO_FREE char *copy = strdup(path);
  if (!copy) return tome_fail(err, TOME_NO_MEMORY, "%s: out of memory", path);
  for (char *p = copy + 1;; p++) {
    const char at = *p;
    if (at != '/' && at != '\0') continue;
    *p = '\0';
    if (mkdir(copy, 0777) != 0 && errno != EEXIST) return tome_fail_errno(err, "%s: the folder cannot be made", copy);
    if (at == '\0') break;
    *p = at;
  }
  if (!tome_is_folder(path)) return tome_fail(err, TOME_IO, "%s: is not a folder", path);
  return true;
}

/* ---- names ---------------------------------------------------------------------------------------------- */

char *tome_join(tome_arena *a, const char *folder, const char *name, tome_error *err) {
  const size_t n = strlen(folder);
  const char *slash = n && folder[n - 1] == '/' ? "" : "/";
  return tome_arena_printf(a, err, "%s%s%s", folder, slash, name);
}

const char *tome_basename(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

/* Compares two runs of digits by value, of any length; moves both past their run. Equal values with unlike zeros count as equal here. */
static int compare_digits(const char **a, const char **b) {
  while (**a == '0') ++*a;
  while (**b == '0') ++*b;
  const char *pa = *a, *pb = *b;
  while (isdigit((unsigned char)**a)) ++*a;
  while (isdigit((unsigned char)**b)) ++*b;
  const size_t na = (size_t)(*a - pa), nb = (size_t)(*b - pb);
  if (na != nb) return na < nb ? -1 : 1;
  return memcmp(pa, pb, na);
}

int tome_natural_compare(const char *a, const char *b) {
  const char *p = a, *q = b;
  while (*p && *q) {
    int c;
    if (isdigit((unsigned char)*p) && isdigit((unsigned char)*q)) {
      c = compare_digits(&p, &q);
    } else {
      c = (int)(unsigned char)*p - (int)(unsigned char)*q;
      p++;
      q++;
    }
    if (c) return c;
  }
  if (*p || *q) return *p ? 1 : -1;
  return strcmp(a, b); /* "01" and "1": some fixed order */
}
