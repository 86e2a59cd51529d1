/* Files appear whole or not at all; names sort as people sort them; hashes are those of xxhsum. */
#include "base/file.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "test.h"

static void write_text(const char *path, const char *text) {
  FILE *f = fopen(path, "wb");
  fputs(text, f);
  fclose(f);
}

static void natural_order(void) {
  CHECK(tome_natural_compare("image_2", "image_10") < 0);
  CHECK(tome_natural_compare("volume-10.nii", "volume-9.nii") > 0);
  CHECK(tome_natural_compare("a", "a1") < 0);
  CHECK(tome_natural_compare("x01", "x1") != 0);
  CHECK(tome_natural_compare("x007y", "x7z") < 0);
  CHECK(tome_natural_compare("99999999999999999999998", "99999999999999999999999") < 0);
  CHECK(tome_natural_compare("same", "same") == 0);
}

static void drafts_commit_or_vanish(void) {
  char dir[4096], target[4200];
  snprintf(dir, sizeof dir, "%s", test_tmp("drafts"));
  snprintf(target, sizeof target, "%s/case.h5", dir);
  tome_error e = {0};
  CHECK(tome_make_folders(dir, &e));
  unlink(target);
  tome_draft d;
  CHECK(tome_draft_open(target, &d, &e));
  CHECK(tome_is_draft(tome_basename(d.path)));
  CHECK(!tome_file_exists(target));
  CHECK(tome_write_all(d.fd, "abc", 3, target, &e));
  tome_draft_sweep(dir); /* a living draft is not swept */
  CHECK(tome_file_exists(d.path));
  CHECK(tome_draft_commit(&d, false, &e));
  tome_draft_abandon(&d);
  CHECK(tome_file_exists(target));
  CHECK(tome_draft_open(target, &d, &e)); /* a second one must not overwrite unasked */
  CHECK(!tome_draft_commit(&d, false, &e));
  CHECK(e.code == TOME_EXISTS);
  char left[4300];
  snprintf(left, sizeof left, "%s", d.path);
  tome_draft_abandon(&d);
  CHECK(!tome_file_exists(left));
  tome_bytes b = {0};
  e = (tome_error){0};
  CHECK(tome_file_read(target, 0, &b, &e) && b.size == 3 && !memcmp(b.data, "abc", 3));
  tome_bytes_clear(&b);
}

static void dead_drafts_are_swept(void) {
  char dir[4096], dead[4200];
  snprintf(dir, sizeof dir, "%s", test_tmp("drafts"));
  snprintf(dead, sizeof dead, "%s/.case.h5.tmp-a1B2c3", dir);
  write_text(dead, "half");
  tome_draft_sweep(dir);
  CHECK(!tome_file_exists(dead));
  snprintf(dead, sizeof dead, "%s/.series.tmp-a1B2c3", dir); /* a folder of files */
  mkdir(dead, 0777);
  char inside[4300];
  snprintf(inside, sizeof inside, "%s/1.dcm", dead);
  write_text(inside, "half");
  char target[4200];
  snprintf(target, sizeof target, "%s/series", dir);
  tome_folder_draft living;
  tome_error e = {0};
  CHECK(tome_folder_draft_open(target, &living, &e));
  tome_draft_sweep(dir);
  CHECK(!tome_file_exists(dead) && tome_file_exists(living.path));
  CHECK(tome_folder_draft_place(&living, false, &e) && tome_is_folder(target));
  tome_folder_draft_abandon(&living);
  tome_folder_draft_abandon(&living); /* nothing to do, twice */
  CHECK(tome_is_folder(target));
  CHECK(!tome_is_draft("case.h5"));
  CHECK(!tome_is_draft(".tmp-abcdef"));
}

/* A commit without its fsyncs. */
static bool fast_commit(tome_draft *d) {
  if (rename(d->path, d->target) != 0) return false;
  free(d->path);
  d->path = NULL;
  return true;
}

static atomic_bool sweeping;

static void *sweep_on(void *folder) {
  while (atomic_load(&sweeping)) tome_draft_sweep(folder);
  return NULL;
}

/* A draft that is being made while another thread sweeps the folder is not lost, and follows the umask. */
static void drafts_survive_sweeping(void) {
  char dir[4096], target[4200];
  snprintf(dir, sizeof dir, "%s", test_tmp("swept-on"));
  mkdir(dir, 0777);
  snprintf(target, sizeof target, "%s/x", dir);
  const mode_t mask = umask(027);
  pthread_t sweeper;
  atomic_store(&sweeping, true);
  CHECK(pthread_create(&sweeper, NULL, sweep_on, dir) == 0);
  size_t lost = 0;
  for (int i = 0; i < 3000; i++) {
    tome_error e = {0};
    tome_draft d = {.fd = -1};
    if (!tome_draft_open(target, &d, &e) || !fast_commit(&d)) lost++;
    tome_draft_abandon(&d);
  }
  atomic_store(&sweeping, false);
  pthread_join(sweeper, NULL);
  umask(mask);
  struct stat st;
  CHECK(lost == 0);
  CHECK(stat(target, &st) == 0 && (st.st_mode & 0777) == 0640);
  unlink(target);
}

static void odd_things_are_refused(void) {
  tome_bytes b = {0};
  tome_error e = {0};
  CHECK(!tome_file_read("/dev/zero", 0, &b, &e));
  CHECK_HAS(e.message, "/dev/zero");
  e = (tome_error){0};
  CHECK(!tome_file_read("/no/such/file", 0, &b, &e) && e.code == TOME_NOT_FOUND);
  e = (tome_error){0};
  CHECK(!tome_file_read("/", 0, &b, &e));
  char path[4096];
  snprintf(path, sizeof path, "%s", test_tmp("pipe"));
  unlink(path);
  CHECK(mkfifo(path, 0600) == 0);
  e = (tome_error){0};
  CHECK(!tome_file_read(path, 0, &b, &e)); /* must not wait for a writer */
}

static void trees_are_walked_once(void) {
  char root[4096], path[4200];
  snprintf(root, sizeof root, "%s", test_tmp("tree"));
  tome_error e = {0};
  snprintf(path, sizeof path, "%s/sub/deeper", root);
  CHECK(tome_make_folders(path, &e));
  snprintf(path, sizeof path, "%s/b10.txt", root), write_text(path, "x");
  snprintf(path, sizeof path, "%s/b9.txt", root), write_text(path, "xy");
  snprintf(path, sizeof path, "%s/.hidden", root), write_text(path, "x");
  snprintf(path, sizeof path, "%s/Thumbs.db", root), write_text(path, "x");
  snprintf(path, sizeof path, "%s/desktop.ini", root), write_text(path, "x");
  snprintf(path, sizeof path, "%s/liver.tome/cases", root);
  CHECK(tome_make_folders(path, &e));
  snprintf(path, sizeof path, "%s/liver.tome/index.sqlite", root), write_text(path, "x");
  snprintf(path, sizeof path, "%s/sub/deeper/loop", root);
  unlink(path);
  CHECK(symlink(root, path) == 0);
  tome_tree t;
  CHECK(tome_tree_walk(root, "index.sqlite", &t, NULL, &e));
  CHECK(t.count == 4);
  CHECK_TEXT(t.entries[0].path, "b9.txt");
  CHECK(t.entries[0].size == 2);
  CHECK_TEXT(t.entries[1].path, "b10.txt");
  CHECK_TEXT(t.entries[2].path, "sub");
  CHECK(t.entries[2].folder);
  CHECK_TEXT(t.entries[3].path, "sub/deeper");
  tome_tree_clear(&t);
  CHECK(!tome_tree_walk("/no/such/folder", NULL, &t, NULL, &e));
  CHECK(e.code == TOME_NOT_FOUND);
}

/* Golden: printf 'abc' | xxhsum -H2 */
static void hashes_are_xxhsums(void) {
  char h[TOME_HASH_TEXT], f[TOME_HASH_TEXT], path[4096];
  uint64_t n;
  tome_error e = {0};
  tome_hash_bytes("abc", 3, h);
  CHECK_TEXT(h, "06b05ab6733a618578af5f94892f3950");
  snprintf(path, sizeof path, "%s", test_tmp("abc"));
  write_text(path, "abc");
  CHECK(tome_hash_file(path, f, &n, &e));
  CHECK_TEXT(f, h);
  CHECK(n == 3);
}

TEST_MAIN(natural_order, drafts_commit_or_vanish, dead_drafts_are_swept, drafts_survive_sweeping,
          odd_things_are_refused, trees_are_walked_once, hashes_are_xxhsums)
