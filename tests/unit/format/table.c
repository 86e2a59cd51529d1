/* The table of formats and the lists of pieces: bytes decide, order is kept, nothing is lost in a join. */
#include <sys/stat.h>
#include <unistd.h>

#include "base/threads.h"
#include "format/format.h"
#include "test.h"

static char folder[4096];

static const char *in_folder(const char *name) {
  static char path[2][8192];
  static int turn;
  turn = !turn;
  snprintf(path[turn], sizeof path[turn], "%s/%s", folder, name);
  return path[turn];
}

static const char *make_file(const char *name, const void *bytes, size_t size) {
  const char *path = in_folder(name);
  FILE *f = fopen(path, "wb");
  if (!f || fwrite(bytes, 1, size, f) != size || fclose(f) != 0) abort();
  return path;
}

/* A 1 x 2 x 3 uint8 array whose six voxels are `first`, first+1 … */
static const char *make_npy(const char *name, uint8_t first) {
  char bytes[134];
  memset(bytes, ' ', sizeof bytes);
  const char head[] = "\x93NUMPY\x01\x00v\x00{'descr': '|u1', 'fortran_order': False, 'shape': (1, 2, 3), }";
  memcpy(bytes, head, sizeof head - 1);
  bytes[127] = '\n';
  for (int i = 0; i < 6; i++) bytes[128 + i] = (char)(first + i);
  return make_file(name, bytes, sizeof bytes);
}

static void setup(void) {
  snprintf(folder, sizeof folder, "%s/table.XXXXXX", getenv("TOME_TMP") ? getenv("TOME_TMP") : "/tmp");
  if (!mkdtemp(folder)) abort();
}

static void every_row_is_complete(void) {
  for (size_t i = 0; tome_formats[i]; i++) {
    const tome_format *f = tome_formats[i];
    CHECK(f->name && f->title && f->extensions && f->keeps && f->loses);
    CHECK(f->probe && f->describe && f->decode);
    CHECK((!f->write && !f->elsewhere) == !f->wants_name);
    CHECK(f->extensions[0] == '.' || f->extensions[0] == '(');
    for (size_t j = 0; j < i; j++) CHECK(strcmp(f->name, tome_formats[j]->name) != 0);
  }
}

static void names_choose_writers(void) {
  static const struct {
    const char *name, *format;
  } cases[] = {{"v.nii", "nifti"}, {"v.nii.gz", "nifti"}, {"V.NII.GZ", "nifti"}, {"/a/b.c/x.npy", "npy"},
               {"v.tif", "tiff"},  {"v.TIFF", "tiff"},    {"v.gif", "gif"},      {"v.bmp", "bmp"},
               {"v.jpg", NULL},    {"v.gz", NULL},        {"nii", NULL},         {"v.png", "png"},
               {"", NULL}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const tome_format *f = tome_format_for_name(cases[i].name);
    if (cases[i].format)
      CHECK_TEXT(f ? f->name : "none", cases[i].format);
    else
      CHECK(f == NULL);
  }
}

static void bytes_decide(void) {
  tome_error err = {0};
  const tome_format *f = tome_format_of(make_npy("liar.png", 0), &err);
  CHECK_TEXT(f ? f->name : "none", "npy");
  CHECK(tome_format_of(make_file("words.txt", "words", 5), &err) == NULL);
  CHECK(err.code == TOME_OK);
  CHECK(tome_format_of(in_folder("absent"), &err) == NULL);
  CHECK(err.code == TOME_NOT_FOUND);
}

/* What describing one file says when it is passed over. */
static void passed(const char *path, const char *text, bool damaged) {
  tome_error err = {0};
  tome_pieces list = {0};
  CHECK(tome_describe(path, &list, &err));
  CHECK(list.count == 0 && list.passed_count == 1);
  if (list.passed_count == 1) {
    CHECK_HAS(list.passed[0].text, text);
    CHECK_TEXT(list.passed[0].path, path);
    CHECK(list.passed[0].damaged == damaged);
  }
  tome_pieces_clear(&list);
}

static void others_are_passed_over(void) {
  passed(make_file("notes.txt", "words", 5), "is not an image", false);
  passed(make_file("page.nii", "<html>404</html>", 16), "named as NIfTI", true);
  passed(make_file("page.nii.gz", "<html>404</html>", 16), "named as NIfTI", true);
  passed(make_file("empty", "", 0), "is empty", false);
  passed(make_file("empty.nii", "", 0), "is empty", true);
  passed(make_file("cut.nii", "\x5c\x01\0\0 and no more", 17), "cut short in its header", true);
  passed(make_file("broken.nii.gz", "\x1f\x8b\x08\0\0\0\0\0\0\3\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 21),
         "gzip", true);
  passed(make_file("lone.img", "voxels", 6), "without their header", true);
  passed(in_folder("absent.nii"), "cannot be opened", true);
  passed(folder, "not a regular file", true);
  CHECK(mkfifo(in_folder("pipe.nii"), 0600) == 0);
  passed(in_folder("pipe.nii"), "not a regular file", true); /* and does not wait for a writer */
}

static void added_pieces_are_neutral(void) {
  tome_error err = {0};
  tome_pieces list = {0};
  const tome_piece *p = tome_pieces_add(&list, tome_formats[0], "x", &err);
  CHECK(p && p->slope == 1 && p->intercept == 0 && p->channels == 1 && isnan(p->tilt_tag));
  CHECK(p && p->instance == INT64_MIN && p->temporal == INT64_MIN && p->acquisition == INT64_MIN);
  CHECK_TEXT(p->series_uid, "");
  CHECK_TEXT(p->identity, "");
  CHECK_TEXT(p->data_path, "");
  tome_pieces_clear(&list);
  CHECK(list.items == NULL && list.count == 0);
}

/* Strings must live in the list that was joined to: the other one's arena is gone. */
static void joins_keep_order_and_strings(void) {
  tome_error err = {0};
  tome_pieces to = {0};
  for (int i = 0; i < 40; i++) {
    tome_pieces from = {0};
    char name[16], uid[16];
    snprintf(name, sizeof name, "file-%d", i);
    snprintf(uid, sizeof uid, "1.2.%d", i / 10);
    tome_piece *p = tome_pieces_add(&from, tome_formats[0], name, &err);
    p->series_uid = tome_arena_dup(&from.arena, uid, &err);
    p->instance = i;
    CHECK(tome_pieces_pass_over(&from, name, i % 2, &err, "reason %d", i));
    CHECK(tome_pieces_join(&to, &from, &err));
    CHECK(from.count == 0 && from.items == NULL && from.passed_count == 0 && from.arena.head == NULL);
  }
  CHECK(to.count == 40 && to.passed_count == 40);
  for (int i = 0; i < 40; i++) {
    char name[16], uid[16], reason[16];
    snprintf(name, sizeof name, "file-%d", i);
    snprintf(uid, sizeof uid, "1.2.%d", i / 10);
    snprintf(reason, sizeof reason, "reason %d", i);
    CHECK_TEXT(to.items[i].path, name);
    CHECK_TEXT(to.items[i].series_uid, uid);
    CHECK(to.items[i].instance == i);
    CHECK_TEXT(to.passed[i].text, reason);
    CHECK(to.passed[i].damaged == i % 2);
  }
  tome_pieces_clear(&to);
}

/* Palettes live in the list's arena, too; slices that have the same one share it. */
static void joins_keep_palettes(void) {
  tome_error err = {0};
  tome_pieces to = {0};
  for (int i = 0; i < 6; i++) {
    tome_pieces from = {0};
    tome_piece *p = tome_pieces_add(&from, tome_formats[0], "x", &err);
    tome_palette *palette = tome_arena_alloc(&from.arena, sizeof *palette, &err);
    *palette = (tome_palette){.count = 2, .colour = {{0, 0, 0, 255}, {(uint8_t)(i / 2), 7, 9, 255}}};
    if (i < 4) p->palette = palette;
    p->note = tome_arena_dup(&from.arena, "seen", &err);
    CHECK(tome_pieces_join(&to, &from, &err));
  }
  CHECK(to.count == 6 && to.items[0].palette == to.items[1].palette && to.items[1].palette != to.items[2].palette);
  for (size_t i = 0; i < 4; i++) CHECK(to.items[i].palette->colour[1][0] == i / 2);
  CHECK(!to.items[4].palette && !to.items[5].palette);
  CHECK_TEXT(to.items[5].note, "seen");
  tome_pieces_as_pictures(&to);
  tome_pieces_as_pictures(&to); /* twice is once */
  CHECK(to.items[0].channels == 3 && to.items[0].coloured && to.items[5].channels == 1 && !to.items[5].coloured);
  tome_pieces_clear(&to);
}

enum { MANY = 700 }; /* several batches */

typedef struct watch {
  uint64_t last, total;
  bool stop, sane;
} watch;

static bool stop_when_told(void *user) { return ((watch *)user)->stop; }

static void see(void *user, const tome_progress *now) {
  watch *w = user;
  w->sane = w->sane && strcmp(now->phase, "scan") == 0 && now->items_done >= w->last && now->items_total == MANY;
  w->last = now->items_done;
}

static void many_keep_their_order(void) {
  char *paths[MANY];
  for (int i = 0; i < MANY; i++) {
    char name[32];
    snprintf(name, sizeof name, i % 7 ? "%d.npy" : "%d.txt", i);
    paths[i] = strdup(i % 7 ? make_npy(name, (uint8_t)i) : make_file(name, "words", 5));
  }
  watch w = {.sane = true};
  for (int threads = 1; threads <= 5; threads += 2) {
    const tome_run run = {threads, stop_when_told, see, &w};
    tome_error err = {0};
    tome_pieces list = {0};
    w.last = 0;
    CHECK(tome_describe_all((const char *const *)paths, MANY, &run, &list, &err));
    CHECK(list.count == MANY - 100 && list.passed_count == 100);
    for (size_t i = 0, k = 0; i < MANY && k < list.count; i++)
      if (i % 7) {
        uint8_t voxels[6] = {0};
        CHECK_TEXT(list.items[k].path, paths[i]);
        CHECK(list.items[k].format->decode(&list.items[k], voxels, sizeof voxels, &err) &&
              voxels[5] == (uint8_t)(i + 5));
        CHECK(!list.items[k].format->decode(&list.items[k], voxels, 5, NULL));
        k++;
      }
    CHECK(w.sane && w.last == MANY);
    tome_pieces_clear(&list);
  }
  w.stop = true;
  tome_error err = {0};
  tome_pieces list = {0};
  CHECK(!tome_describe_all((const char *const *)paths, MANY, &(tome_run){2, stop_when_told, NULL, &w}, &list, &err));
  CHECK(err.code == TOME_CANCELLED && list.count == 0 && list.passed_count == 0);
  for (int i = 0; i < MANY; i++) free(paths[i]);
}

static void none_is_fine(void) {
  tome_error err = {0};
  tome_pieces list = {0};
  CHECK(tome_describe_all(NULL, 0, NULL, &list, &err) && list.count == 0);
}

static void clean_up(void) {
  char command[5000];
  snprintf(command, sizeof command, "rm -r '%s'", folder);
  CHECK(system(command) == 0);
}

TEST_MAIN(setup, every_row_is_complete, names_choose_writers, bytes_decide, others_are_passed_over,
          added_pieces_are_neutral, joins_keep_order_and_strings, joins_keep_palettes, many_keep_their_order,
          none_is_fine, clean_up)
