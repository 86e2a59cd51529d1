/* Files and folders: whole reads, durable writes, listings in numeric order. */
#ifndef TOME_BASE_FILE_H
#define TOME_BASE_FILE_H

#include "base/mem.h"

typedef struct tome_bytes {
  uint8_t *data;
  size_t size;
} tome_bytes;
void tome_bytes_clear(tome_bytes *b);

/* Reads a whole regular file; refuses one larger than `most` (0: the allocation limit). Refuses folders, pipes and devices. */
TOME_MUST_USE bool tome_file_read(const char *path, size_t most, tome_bytes *out, tome_error *err);
/* Reads up to `want` bytes from the start; *got says how many there were. */
TOME_MUST_USE bool tome_file_head(const char *path, void *out, size_t want, size_t *got, tome_error *err);
TOME_MUST_USE bool tome_file_size(const char *path, uint64_t *out, tome_error *err);
bool tome_file_exists(const char *path); /* anything by that name */
bool tome_is_folder(const char *path);

/* Writes all of it, through short writes and EINTR. */
TOME_MUST_USE bool tome_write_all(int fd, const void *data, size_t size, const char *path, tome_error *err);

/* The same of a header and what follows it, in one call where the system takes both. */
TOME_MUST_USE bool tome_write_both(int fd, const void *head, size_t head_size, const void *data, size_t size,
                                   const char *path, tome_error *err);

/* A file that appears whole or not at all: write to draft.path (same folder), then one of two ends, or abandon (unlink).
 *
 *  - commit waits for the disk (fsync, rename, fsync of the folder): for a store, which holds what there may be no second copy of.
 *  - place does not: for what can be made again (conversions, archives, patches, pictures, reports). Every program sees it whole at once, also after a crash of
 *    this one or a full disk; only a power cut in the next half minute may take it. tome_sync_around makes up for that, once for many files.
 *
 * Without `replace`, both fail with TOME_EXISTS where the target has appeared meanwhile. */
typedef struct tome_draft {
  char *path; /* ".<name>.tmp-XXXXXX" beside the target, created empty */
  char *target;
  int fd; /* open for reading and writing, holding an exclusive flock: a draft nobody locks is left over from a crash */
} tome_draft;
TOME_MUST_USE bool tome_draft_open(const char *target, tome_draft *out, tome_error *err);
TOME_MUST_USE bool tome_draft_commit(tome_draft *d, bool replace, tome_error *err);
TOME_MUST_USE bool tome_draft_place(tome_draft *d, bool replace, tome_error *err);
/* Waits until everything on the file system of this file is on the disk. */
TOME_MUST_USE bool tome_sync_around(const char *path, tome_error *err);
void tome_draft_abandon(tome_draft *d); /* also safe after commit and on a zeroed draft: the cleanup */
/* Removes drafts in a folder, files and folders, that no living process holds. */
void tome_draft_sweep(const char *folder);
/* True for a name that tome_draft_open makes. */
bool tome_is_draft(const char *name);

/* A folder of plain files that appears whole or not at all: write into draft.path, then place (as of files) or abandon (which also is the
 * cleanup, and removes what place with `replace` put aside). A target that is there is TOME_EXISTS, unless it is an empty folder or `replace` is
 * given. A '/' at the target's end counts for nothing. */
typedef struct tome_folder_draft {
  char *path, *target;
  int fd; /* the folder, under an exclusive flock as a draft file is */
} tome_folder_draft;
TOME_MUST_USE bool tome_folder_draft_open(const char *target, tome_folder_draft *out, tome_error *err);
TOME_MUST_USE bool tome_folder_draft_place(tome_folder_draft *d, bool replace, tome_error *err);
void tome_folder_draft_abandon(tome_folder_draft *d);

/* Makes a folder and its parents. */
TOME_MUST_USE bool tome_make_folders(const char *path, tome_error *err);

/* "folder/name" in an arena. */
TOME_MUST_USE char *tome_join(tome_arena *a, const char *folder, const char *name, tome_error *err);
/* The part after the last '/'. Points into path. */
const char *tome_basename(const char *path);

/* Compares names as people do: runs of digits by their value ("2" before "10"), the rest bytewise. qsort-ready three-way result. */
int tome_natural_compare(const char *a, const char *b);

/* A tree of files, walked once. Paths are root-relative ("ct/volume-3.nii"); order is natural by path. Hidden files
 * (leading dot) and symlink loops are passed over; folders are entries too. */
typedef struct tome_entry {
  char *path; /* relative to root; "" is the root itself where the root is a file */
  char *full; /* root + "/" + path */
  bool folder;
  uint64_t size; /* bytes, of a file */
} tome_entry;
typedef struct tome_tree {
  char *root;
  tome_entry *entries;
  size_t count, cap;
  tome_arena arena;
} tome_tree;
/* Hidden names and what desktops leave behind (Thumbs.db, __MACOSX) are left out. `marker` (may be NULL): folders below the root that hold an entry of this name are passed over. */
TOME_MUST_USE bool tome_tree_walk(const char *root, const char *marker, tome_tree *out, const tome_run *run,
                                  tome_error *err);
void tome_tree_clear(tome_tree *t);

#endif
