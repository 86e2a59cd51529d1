/* What the Python oracles drive:
 *   tool write CASE.h5 CODEC THREADS (NAME DTYPE Z Y X RAW)...     writes volumes and a record
 *   tool read CASE.h5 VOLUME BOX THREADS OUT.raw [LO HI OFFSET SCALE | float]
 *   tool check CASE.h5                                             prints "CHUNKS BYTES" and each finding
 *   tool archive OUT.h5 ID...
 * Exits 1 with the sentence on failure. */
#include "base/file.h"
#include "make.h"

static int fail(const tome_error *err) { return fprintf(stderr, "%s\n", err->message), 1; }

static tome_dtype dtype_of(const char *name) {
  for (tome_dtype t = TOME_U8; t <= TOME_F64; t++)
    if (strcmp(tome_dtype_name(t), name) == 0) return t;
  return TOME_NONE;
}

static tome_codec codec_of(const char *name) {
  static const char *const names[] = {"deflate", "zstd", "lz4", "none"};
  int i = 0;
  while (i < 3 && strcmp(names[i], name) != 0) i++;
  return (tome_codec)i;
}

/* The label map's values 1 and 2 have names; the histogram is long enough to be compressed, the label table short. */
static bool fill_record(tome_record *r, tome_error *err) {
  static const char *const names[] = {"liver", "tümor"};
  r->tilt_degrees = 1.5;
  r->padding = 7;
  r->series_uid = "1.2.3";
  r->intensity = (tome_intensity){10, -1024, 3071, 12.5, 3.25, {-1000, -900, -100, 0, 50, 100, 3000}};
  r->histogram = (tome_histogram){-1024, 1, 4096, tome_arena_alloc(&r->arena, 4096 * 8, err)};
  if (!r->histogram.counts) return false;
  for (size_t i = 0; i < 4096; i++) r->histogram.counts[i] = i * i;
  for (int v = 1; v <= 2 && r->map_count; v++) {
    tome_label *l = tome_record_label(r, err);
    if (!l) return false;
    l->map = r->maps[0].name;
    l->name = names[v - 1];
    l->value = v;
    l->voxels = (uint64_t)v * 100;
    l->box = (tome_box){{1, 2, 3}, {4, 5, 6}};
    l->histogram = (tome_histogram){-10 * v, 1, 3, r->histogram.counts + v};
  }
  const tome_source source = {"image", "ct/volume-1.nii", 123, "0123456789abcdef0123456789abcdef", "1.2.3.4"};
  return tome_record_source(r, &source, err) && tome_record_repair(r, "gap=fill", err, "2 slices") &&
         tome_record_problem(r, TOME_WARNING, "empty-label", "look", err, "nothing in it");
}

static int write_all(int argc, char **argv, tome_error *err) {
  const tome_chunking chunking = {.codec = codec_of(argv[3])};
  const tome_run run = {.threads = atoi(argv[4])};
  tome_record r = {.id = "case-1", .layout = "lits", .modality = "CT", .units = "HU", .orientation = "SPL"};
  tome_case_writer *w = tome_case_writer_new(argv[2], err);
  if (!w) return fail(err);
  for (int i = 5; i + 5 < argc; i += 6) {
    const int64_t shape[3] = {atoll(argv[i + 2]), atoll(argv[i + 3]), atoll(argv[i + 4])};
    uint64_t seed = 42;
    tome_bytes raw = {0};
    tome_volume v = {.geometry = make_geometry(shape, &seed), .dtype = dtype_of(argv[i + 1])};
    if (!tome_file_read(argv[i + 5], 0, &raw, err)) return fail(err);
    v.data = raw.data;
    if (!tome_case_writer_volume(w, argv[i], &v, i == 5 ? "HU" : "", &chunking, &run, err)) return fail(err);
    tome_label_map m = {.name = argv[i] + (i == 5 ? 0 : strlen("labels/")), .dtype = v.dtype};
    hash_volume(&v, i == 5 ? r.voxel_hash : m.voxel_hash);
    if (i == 5) r.geometry = v.geometry, r.dtype = v.dtype;
    if (i > 5 && !tome_record_map(&r, &m, err)) return fail(err);
    tome_volume_clear(&v);
  }
  const bool ok = fill_record(&r, err) && tome_case_writer_record(w, &r, NULL, err);
  tome_record_clear(&r);
  if (!ok) return tome_case_writer_free(w), fail(err);
  return tome_case_writer_finish(w, err) ? 0 : fail(err);
}

static int read_box(int argc, char **argv, tome_error *err) {
  tome_case_file *f = tome_case_file_open(argv[2], err);
  tome_volume_info info;
  tome_box box;
  if (!f || !tome_case_file_info(f, argv[3], &info, err) || !tome_box_parse(argv[4], info.geometry.shape, &box, err))
    return fail(err);
  tome_read_options opt = {.dtype = argc > 7 ? TOME_F32 : TOME_NONE};
  if (argc == 11) {
    opt.rescale = true;
    opt.clip_lo = atof(argv[7]), opt.clip_hi = atof(argv[8]), opt.offset = atof(argv[9]), opt.scale = atof(argv[10]);
  }
  const size_t bytes = (size_t)tome_box_voxels(&box) * (opt.dtype == TOME_F32 ? 4 : tome_dtype_size(info.dtype));
  void *out = malloc(bytes);
  if (!tome_case_file_read(f, argv[3], &box, &opt, out, bytes, &(tome_run){.threads = atoi(argv[5])}, err))
    return fail(err);
  FILE *to = fopen(argv[6], "wb");
  if (!to || fwrite(out, 1, bytes, to) != bytes || fclose(to) != 0) return 1;
  free(out);
  tome_case_file_close(f);
  return 0;
}

static void print(void *user, const char *text) {
  (void)user;
  puts(text);
}

static int check(char **argv, tome_error *err) {
  uint64_t chunks = 0, bytes = 0;
  if (!tome_case_file_check(argv[2], NULL, print, NULL, &chunks, &bytes, err)) return fail(err);
  printf("%llu %llu\n", (unsigned long long)chunks, (unsigned long long)bytes);
  return 0;
}

int main(int argc, char **argv) {
  tome_error err = {0};
  (void)make_volume, (void)write_case, (void)random_real;
  if (argc > 10 && strcmp(argv[1], "write") == 0) return write_all(argc, argv, &err);
  if (argc > 6 && strcmp(argv[1], "read") == 0) return read_box(argc, argv, &err);
  if (argc > 2 && strcmp(argv[1], "check") == 0) return check(argv, &err);
  if (argc > 2 && strcmp(argv[1], "archive") == 0)
    return tome_archive_write(argv[2], (const char *const *)argv + 3, (size_t)argc - 3, &err) ? 0 : fail(&err);
  return fprintf(stderr, "usage: see tool.c\n"), 2;
}
