/* ZIP archives as other people's readers see them: Python's zipfile checks every checksum. ZIP64 without gigabytes on disk: an entry of 4.4 GB of zeros (read by its directory only), and
 * an archive that begins behind a hole of 5 GB. */
#include "base/zip_write.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test.h"

static const char *path_of(const char *name) {
  static char path[4096];
  snprintf(path, sizeof path, "%s", test_tmp(name));
  return path;
}

/* Runs Python with the archive as argument 1. */
static int python(const char *path, const char *program) {
  char command[9000];
  snprintf(command, sizeof command, "/usr/bin/python3 -c \"%s\" '%s'", program, path);
  return system(command);
}

static tome_zip_writer *begin(const char *path, off_t at, int *fd) {
  tome_error err = {0};
  *fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
  CHECK(*fd >= 0 && lseek(*fd, at, SEEK_SET) == at);
  tome_zip_writer *z = tome_zip_writer_new(*fd, path, &err);
  CHECK(z != NULL);
  return z;
}

static void finish(tome_zip_writer *z, int fd) {
  tome_error err = {0};
  CHECK(tome_zip_writer_finish(z, &err));
  CHECK_TEXT(err.message, "");
  tome_zip_writer_free(z);
  close(fd);
}

/* Sizes around a block's: nothing, a byte, a block, a block and a byte, many; in one part or several. */
static void sizes(void) {
  enum { MANY = 20 << 20 };
  uint8_t *data = malloc(MANY);
  uint32_t state = 1;
  for (size_t i = 0; i < MANY; i++)
    data[i] = (uint8_t)((state = state * 1664525u + 1013904223u) >> (i & 65536 ? 24 : 30));
  const size_t lengths[] = {0, 1, 100, 1 << 20, (1 << 20) + 1, MANY};
  int fd;
  const char *path = path_of("sizes.zip");
  tome_zip_writer *z = begin(path, 0, &fd);
  tome_error err = {0};
  for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
    char name[32];
    snprintf(name, sizeof name, "a/%zu", lengths[i]);
    const tome_zip_part one = {data, lengths[i]};
    CHECK(tome_zip_writer_add(z, name, &one, 1, false, NULL, &err));
    const size_t half = lengths[i] / 3;
    const tome_zip_part parts[4] = {{data, half}, {data, 0}, {data + half, lengths[i] - half}, {data, 0}};
    snprintf(name, sizeof name, "b/%zu", lengths[i]);
    CHECK(tome_zip_writer_add(z, name, parts, 4, i % 2 == 0, NULL, &err));
  }
  CHECK(!tome_zip_writer_add(z, "a/1", NULL, 0, false, NULL, &err) && err.code == TOME_USAGE);
  finish(z, fd);
  free(data);
  CHECK(python(path,
               "import sys,zipfile; z=zipfile.ZipFile(sys.argv[1]); n=z.namelist(); assert z.testzip() is None and "
               "len(n)==12, n; assert all(len(z.read(i))==int(i[2:]) for i in n); assert all(z.read('a/'+i[2:])=="
               "z.read(i) for i in n); assert z.getinfo('b/100').compress_type==0; assert z.getinfo('a/20971520')."
               "compress_size < 18e6") == 0);
  unlink(path);
}

static void long_entries(void) {
  enum { PART = 64 << 20, PARTS = 65 };
  uint8_t *zeros = calloc(1, PART);
  tome_zip_part parts[PARTS + 1];
  for (int i = 0; i < PARTS; i++) parts[i] = (tome_zip_part){zeros, PART};
  parts[PARTS] = (tome_zip_part){"the end", 7};
  int fd;
  const char *path = path_of("long.zip");
  tome_error err = {0};
  tome_zip_writer *z = begin(path, 0, &fd);
  CHECK(tome_zip_writer_add(z, "long", parts, PARTS + 1, false, NULL, &err));
  CHECK(tome_zip_writer_add(z, "short", &parts[PARTS], 1, false, NULL, &err));
  finish(z, fd);
  free(zeros);
  CHECK(python(path,
               "import sys,zipfile; z=zipfile.ZipFile(sys.argv[1]); i=z.getinfo('long'); assert i.file_size=="
               "65*(64<<20)+7 and i.compress_size<64<<20, i; assert z.read('short')=="
               "b'the end'") == 0);
  unlink(path);
}

static void far_offsets(void) {
  int fd;
  const char *path = path_of("far.zip");
  tome_error err = {0};
  tome_zip_writer *z = begin(path, (off_t)5 << 30, &fd);
  CHECK(tome_zip_writer_add(z, "far", &(tome_zip_part){"far away", 8}, 1, false, NULL, &err));
  finish(z, fd);
  CHECK(python(path,
               "import sys,zipfile; z=zipfile.ZipFile(sys.argv[1]); assert z.getinfo('far').header_offset==5<<30; "
               "assert z.read('far')==b'far away'") == 0);
  unlink(path);
}

static void many_entries(void) {
  int fd;
  const char *path = path_of("many.zip");
  tome_error err = {0};
  tome_zip_writer *z = begin(path, 0, &fd);
  bool ok = true;
  for (int i = 0; i < 3000 && ok; i++) {
    char name[32];
    snprintf(name, sizeof name, "%d", i);
    ok = tome_zip_writer_add(z, name, &(tome_zip_part){name, strlen(name)}, 1, true, NULL, &err);
  }
  CHECK(ok);
  finish(z, fd);
  CHECK(python(path,
               "import sys,zipfile; z=zipfile.ZipFile(sys.argv[1]); assert [z.read(i) for i in z.namelist()]==[str(i)."
               "encode() for i in range(3000)]") == 0);
  unlink(path);
}

static void a_full_disk_is_a_sentence(void) {
  const int fd = open("/dev/full", O_WRONLY);
  if (fd < 0) return;
  tome_error err = {0};
  tome_zip_writer *z = tome_zip_writer_new(fd, "full.zip", &err);
  CHECK(z && !tome_zip_writer_add(z, "x", &(tome_zip_part){"x", 1}, 1, false, NULL, &err));
  CHECK_HAS(err.message, "full.zip");
  CHECK(err.code == TOME_IO);
  tome_zip_writer_free(z);
  close(fd);
}

TEST_MAIN(sizes, long_entries, far_offsets, many_entries, a_full_disk_is_a_sentence)
