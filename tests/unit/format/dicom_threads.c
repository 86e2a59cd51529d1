/* dcmtk keeps codecs, dictionary and logger in globals: many files described and decoded at once must come out as they do one by one. */
#include "base/threads.h"
#include "format/dicom/dicom.h"
#include "test.h"

enum { ROUNDS = 4 };

typedef struct file {
  const char *path;
  uint64_t sum; /* of every decoded byte, in its place */
  size_t pieces;
} file;

static uint64_t sum_of(const uint8_t *p, size_t n, uint64_t h) {
  for (size_t i = 0; i < n; i++) h = (h ^ p[i]) * 1099511628211u; /* FNV-1a */
  return h;
}

static bool read_file(file *f, tome_error *err) {
  TOME_CLEANUP(tome_pieces_clear) tome_pieces list = {0};
  if (!tome_format_dicom.describe(f->path, &list, err)) return false;
  f->pieces = list.count;
  f->sum = 14695981039346656037u;
  for (size_t i = 0; i < list.count; i++) {
    const tome_piece *p = &list.items[i];
    size_t bytes = 0;
    if (!tome_shape_bytes(p->shape, tome_dtype_size(p->dtype) * (size_t)p->channels, &bytes)) return false;
    TOME_AUTO_FREE void *values = tome_alloc(bytes, 1, "values", err);
    if (!values || !tome_format_dicom.decode(p, values, bytes, err)) return false;
    f->sum = sum_of(values, bytes, f->sum);
  }
  return true;
}

static bool read_item(void *ctx, size_t item, int worker, tome_error *err) {
  (void)worker;
  return read_file(&((file *)ctx)[item], err);
}

static void test_at_once(void) {
  static const char *const folders[] = {"transfer-syntaxes", "transfer-syntaxes-mr/In", "dicom-seg", "enhanced-ct"};
  static tome_tree trees[TOME_COUNT(folders)];
  static file alone[256], together[256 * ROUNDS];
  size_t n = 0;
  tome_error err = {0};
  for (size_t k = 0; k < TOME_COUNT(folders); k++) {
    const char *root = test_data(folders[k]);
    if (!root) TEST_SKIP("TOME_DATA is absent");
    CHECK(tome_tree_walk(root, NULL, &trees[k], NULL, &err));
    for (size_t i = 0; i < trees[k].count && n < 256; i++)
      if (!trees[k].entries[i].folder) alone[n++].path = trees[k].entries[i].full;
  }
  for (size_t i = 0; i < n * ROUNDS; i++) together[i].path = alone[i % n].path;
  const tome_run run = {.threads = 8};
  CHECK(tome_parallel(&run, n * ROUNDS, read_item, together, &err)); /* first: the set-up itself is raced for */
  size_t pieces = 0;
  for (size_t i = 0; i < n; i++) {
    CHECK(read_file(&alone[i], &err));
    pieces += alone[i].pieces;
  }
  CHECK_TEXT(err.message, "");
  for (size_t i = 0; i < n * ROUNDS; i++)
    CHECK(together[i].sum == alone[i % n].sum && together[i].pieces == alone[i % n].pieces);
  CHECK(pieces > 40);
  for (size_t k = 0; k < TOME_COUNT(folders); k++) tome_tree_clear(&trees[k]);
}

TEST_MAIN(test_at_once)
