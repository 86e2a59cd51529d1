/* One handle, many readers: threads 1 to 8 at once, each itself reading on several threads; and a child after fork(). */
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "make.h"

typedef struct reader {
  const tome_case_file *file;
  const tome_volume *image;
  uint64_t seed;
  int threads, rounds, wrong;
} reader;

static bool box_is_right(const tome_volume *v, const tome_box *b, const int16_t *got) {
  const int64_t *s = v->geometry.shape;
  const int16_t *want = v->data;
  for (int64_t z = b->lo[0]; z < b->hi[0]; z++)
    for (int64_t y = b->lo[1]; y < b->hi[1]; y++) {
      const size_t width = (size_t)(b->hi[2] - b->lo[2]);
      if (memcmp(got, want + (z * s[1] + y) * s[2] + b->lo[2], width * 2) != 0) return false;
      got += width;
    }
  return true;
}

static tome_box random_box(const int64_t shape[3], uint64_t *state) {
  tome_box b;
  for (int a = 0; a < 3; a++) {
    b.lo[a] = next_random(state) % shape[a];
    b.hi[a] = b.lo[a] + 1 + next_random(state) % (shape[a] - b.lo[a]);
  }
  return b;
}

static void *read_boxes(void *arg) {
  reader *r = arg;
  uint64_t state = r->seed;
  for (int i = 0; i < r->rounds; i++) {
    const tome_box b = random_box(r->image->geometry.shape, &state);
    const size_t bytes = (size_t)tome_box_voxels(&b) * 2;
    int16_t *out = malloc(bytes);
    tome_error err = {0};
    if (!tome_case_file_read(r->file, "image", &b, NULL, out, bytes, &(tome_run){.threads = r->threads}, &err) ||
        !box_is_right(r->image, &b, out))
      r->wrong++;
    free(out);
  }
  return NULL;
}

static void test_many_threads_read_one_handle(void) {
  tome_error err = {0};
  const char *path = test_tmp("store-threads.h5");
  tome_volume image = make_volume((int64_t[]){45, 70, 131}, TOME_I16, 7);
  CHECK(write_case(path, &image, NULL, TOME_CODEC_DEFLATE, 3, &err));
  tome_case_file *f = tome_case_file_open(path, &err);
  CHECK_TEXT(err.message, "");
  for (int n = 1; f && n <= 8; n++) {
    reader readers[8];
    pthread_t threads[8];
    for (int i = 0; i < n; i++) {
      readers[i] = (reader){f, &image, (uint64_t)(n * 100 + i + 1), 1 + i % 3, 6, 0};
      CHECK(pthread_create(&threads[i], NULL, read_boxes, &readers[i]) == 0);
    }
    for (int i = 0; i < n; i++) {
      pthread_join(threads[i], NULL);
      CHECK(readers[i].wrong == 0);
    }
  }
  tome_case_file_close(f);
  tome_volume_clear(&image);
}

/* The child reads through the parent's handle, opens one of its own (HDF5 after fork), while the parent reads too. */
static int child(const tome_case_file *f, const char *path, const tome_volume *image) {
  tome_error err = {0};
  reader r = {f, image, 99, 2, 10, 0};
  read_boxes(&r);
  tome_case_file *own = tome_case_file_open(path, &err);
  if (!own) return 2;
  reader again = {own, image, 5, 1, 5, 0};
  read_boxes(&again);
  tome_case_file_close(own);
  return r.wrong || again.wrong;
}

static void test_a_handle_works_after_fork(void) {
  tome_error err = {0};
  const char *path = test_tmp("store-fork.h5");
  tome_volume image = make_volume((int64_t[]){33, 50, 64}, TOME_I16, 8);
  CHECK(write_case(path, &image, NULL, TOME_CODEC_DEFLATE, 2, &err));
  tome_case_file *f = tome_case_file_open(path, &err);
  CHECK_TEXT(err.message, "");
  if (!f) return;
  const pid_t pid = fork();
  if (pid == 0) _exit(child(f, path, &image));
  reader r = {f, &image, 4, 2, 10, 0};
  read_boxes(&r);
  int status = -1;
  CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0);
  CHECK(r.wrong == 0);
  tome_case_file_close(f);
  tome_volume_clear(&image);
}

/* The voxels outlive the name: a case that is replaced while it is open goes on being read as it was. */
static void test_an_open_case_survives_replacement(void) {
  tome_error err = {0};
  char path[4096];
  snprintf(path, sizeof path, "%s", test_tmp("store-replaced.h5"));
  tome_volume image = make_volume((int64_t[]){20, 20, 20}, TOME_I16, 9);
  CHECK(write_case(path, &image, NULL, TOME_CODEC_DEFLATE, 1, &err));
  tome_case_file *f = tome_case_file_open(path, &err);
  CHECK(f && unlink(path) == 0);
  reader r = {f, &image, 3, 1, 5, 0};
  read_boxes(&r);
  CHECK(r.wrong == 0);
  tome_case_file_close(f);
  tome_volume_clear(&image);
}

TEST_MAIN(test_many_threads_read_one_handle, test_a_handle_works_after_fork, test_an_open_case_survives_replacement)
