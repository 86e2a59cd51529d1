/* Damaged case files: cut short, with bytes changed anywhere. Never a crash; never wrong voxels without a word; and a damaged chunk is named. */
#include <unistd.h>

#include "base/file.h"
#include "make.h"

/* HDF5 1.10 does not free everything when it refuses a damaged file. Only leaks that it made itself are passed over. */
__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void) { return "leak:libhdf5_serial\n"; }

static void save(const char *path, const void *data, size_t size) {
  FILE *f = fopen(path, "wb");
  CHECK(f && fwrite(data, 1, size, f) == size);
  if (f) fclose(f);
}

typedef struct findings {
  int count;
  char first[1100];
} findings;

static void note(void *user, const char *text) {
  findings *f = user;
  if (f->count++ == 0) snprintf(f->first, sizeof f->first, "%s", text);
}

/* Opens, reads everything, checks. Returns true where something was said of the damage. */
static bool complains(const char *path, const tome_volume *image) {
  tome_error err = {0};
  findings found = {0};
  tome_record r = {0};
  CHECK(tome_case_file_check(path, &(tome_run){.threads = 2}, note, &found, NULL, NULL, &err));
  bool said = found.count > 0;
  tome_case_file *f = tome_case_file_open(path, &err);
  if (f) {
    const size_t bytes = tome_volume_voxels(image) * 2;
    void *out = calloc(1, bytes);
    tome_error e = {0};
    if (tome_case_file_read(f, "image", NULL, NULL, out, bytes, NULL, &e))
      CHECK(said || memcmp(out, image->data, bytes) == 0);
    free(out);
  }
  tome_case_file_close(f);
  if (tome_case_file_record(path, &r, &err)) tome_record_clear(&r);
  return said || err.code != TOME_OK;
}

typedef struct sample {
  tome_volume image, map;
  tome_bytes file;
  char path[4096];
} sample;

static sample make_sample(tome_codec codec) {
  sample s = {.image = make_volume((int64_t[]){20, 40, 66}, TOME_I16, 11),
              .map = make_volume((int64_t[]){20, 40, 66}, TOME_U8, 12)};
  tome_error err = {0};
  snprintf(s.path, sizeof s.path, "%s", test_tmp("store-damage.h5"));
  CHECK(write_case(s.path, &s.image, &s.map, codec, 1, &err) && tome_file_read(s.path, 0, &s.file, &err));
  return s;
}

static void drop_sample(sample *s) {
  tome_volume_clear(&s->image);
  tome_volume_clear(&s->map);
  tome_bytes_clear(&s->file);
}

static void test_sound_files_pass(void) {
  for (int codec = TOME_CODEC_DEFLATE; codec <= TOME_CODEC_NONE; codec++) {
    sample s = make_sample((tome_codec)codec);
    tome_error err = {0};
    findings found = {0};
    uint64_t chunks = 0, bytes = 0;
    CHECK(tome_case_file_check(s.path, NULL, note, &found, &chunks, &bytes, &err));
    CHECK_TEXT(found.first, "");
    CHECK(chunks == 2 * 3); /* of 20x40x32 */
    CHECK(bytes > 1000 && bytes < s.file.size);
    drop_sample(&s);
  }
}

static void test_cut_short_anywhere(void) {
  sample s = make_sample(TOME_CODEC_DEFLATE);
  for (size_t i = 0; i < 16; i++) {
    save(s.path, s.file.data, s.file.size * i / 16);
    CHECK(complains(s.path, &s.image));
  }
  save(s.path, s.file.data, s.file.size - 1);
  CHECK(complains(s.path, &s.image));
  drop_sample(&s);
}

static void test_changed_bytes_anywhere(void) {
  uint64_t state = 4711;
  for (int codec = TOME_CODEC_DEFLATE; codec <= TOME_CODEC_NONE; codec++) {
    sample s = make_sample((tome_codec)codec);
    uint8_t *bytes = malloc(s.file.size);
    int silent = 0;
    for (int round = 0; round < 150; round++) {
      memcpy(bytes, s.file.data, s.file.size);
      for (unsigned n = 1 + next_random(&state) % 4; n > 0; n--)
        bytes[next_random(&state) % s.file.size] ^= (uint8_t)(1 + next_random(&state) % 255);
      save(s.path, bytes, s.file.size);
      silent += !complains(s.path, &s.image);
    }
    CHECK(silent < 50); /* bytes that mean nothing: free space, the words of DIMENSION_LABELS */
    free(bytes);
    drop_sample(&s);
  }
}

/* Every byte of the metadata at the file's start, one at a time: the superblock, object headers, the index of chunks. */
static void test_each_metadata_byte(void) {
  sample s = make_sample(TOME_CODEC_DEFLATE);
  for (size_t i = 0; i < 3000 && i < s.file.size; i++) {
    s.file.data[i] ^= 0xff;
    save(s.path, s.file.data, s.file.size);
    complains(s.path, &s.image);
    s.file.data[i] ^= 0xff;
  }
  drop_sample(&s);
}

/* A byte of a chunk's data: found by its content, a zlib header (78 xx) far into the file is a chunk's first byte. */
static void test_a_bad_chunk_is_named(void) {
  sample s = make_sample(TOME_CODEC_NONE); /* stored as they are: the voxels of chunk (0,0,32) can be found */
  const int16_t *v = (const int16_t *)s.image.data + (size_t)32 * 66 + 32;
  const uint8_t *at = memmem(s.file.data, s.file.size, v, 32);
  CHECK(at != NULL);
  if (!at) return;
  s.file.data[at - s.file.data] ^= 1;
  save(s.path, s.file.data, s.file.size);
  findings found = {0};
  tome_error err = {0};
  CHECK(tome_case_file_check(s.path, NULL, note, &found, NULL, NULL, &err));
  CHECK(found.count == 1);
  CHECK_HAS(found.first, "image: chunk at (0,0,32)");
  CHECK_HAS(found.first, "Fletcher32");
  tome_case_file *f = tome_case_file_open(s.path, &err);
  int16_t one;
  const tome_box bad = {{0, 32, 32}, {1, 33, 33}}, good = {{0, 0, 0}, {1, 1, 1}};
  CHECK(!tome_case_file_read(f, "image", &bad, NULL, &one, sizeof one, NULL, &err));
  CHECK_HAS(err.message, "ingest the case again");
  err = (tome_error){0};
  CHECK(tome_case_file_read(f, "image", &good, NULL, &one, sizeof one, NULL, &err));
  tome_case_file_close(f);
  drop_sample(&s);
}

static void test_not_a_case_file(void) {
  tome_error err = {0};
  const char *path = test_tmp("store-not.h5");
  save(path, "hello", 5);
  CHECK(!tome_case_file_open(path, &err) && err.code == TOME_CORRUPT);
  CHECK_HAS(err.message, "cannot be opened as a case file");
  err = (tome_error){0};
  CHECK(!tome_case_file_open("/nonexistent/case.h5", &err) && err.code == TOME_NOT_FOUND);
  err = (tome_error){0};
  CHECK(!tome_case_file_open("/dev/null", &err) && err.code == TOME_IO);
  err = (tome_error){0};
  CHECK(tome_archive_write(path, NULL, 0, &err));
  CHECK(!tome_case_file_open(path, &err));
  CHECK_HAS(err.message, "not a Tome case file");
}

static void test_wrong_calls_are_refused(void) {
  sample s = make_sample(TOME_CODEC_DEFLATE);
  tome_error err = {0};
  tome_case_file *f = tome_case_file_open(s.path, &err);
  int16_t out[8];
  CHECK(f && !tome_case_file_read(f, "labels/liver", NULL, NULL, out, sizeof out, NULL, &err));
  CHECK_HAS(err.message, "there are image, labels/segmentation");
  err = (tome_error){0};
  CHECK(!tome_case_file_read(f, "image", &(tome_box){{0, 0, 60}, {1, 1, 68}}, NULL, out, 16, NULL, &err));
  CHECK_HAS(err.message, "outside the shape 20x40x66");
  err = (tome_error){0};
  CHECK(!tome_case_file_read(f, "image", &(tome_box){{0, 0, 0}, {1, 1, 8}}, NULL, out, 15, NULL, &err));
  CHECK_HAS(err.message, "has 15 bytes");
  err = (tome_error){0};
  CHECK(!tome_case_file_read(f, "image", &(tome_box){{0, 0, 0}, {1, 1, 4}}, &(tome_read_options){.dtype = TOME_U16},
                             out, 8, NULL, &err));
  CHECK_HAS(err.message, "stored as int16");
  err = (tome_error){0};
  const tome_chunking bad = {.codec = TOME_CODEC_ZSTD, .level = 99};
  tome_case_writer *w = tome_case_writer_new(s.path, &err);
  CHECK(w && !tome_case_writer_volume(w, "image", &s.image, "HU", &bad, NULL, &err));
  CHECK_HAS(err.message, "zstd level 99");
  tome_case_writer_free(w);
  tome_case_file_close(f);
  drop_sample(&s);
}

TEST_MAIN(test_sound_files_pass, test_cut_short_anywhere, test_changed_bytes_anywhere, test_each_metadata_byte,
          test_a_bad_chunk_is_named, test_not_a_case_file, test_wrong_calls_are_refused)
