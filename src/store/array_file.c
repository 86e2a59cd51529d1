/* One plain array in an HDF5 file: the data set made by HDF5, its chunks compressed outside the lock and written raw. */
#include "store/array_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "store/case_file.h"
#include "store/planes.h"
#include "store/sink.h"
#include "store/writer.h"

enum { MOST_CHUNK = INT32_MAX };

struct tome_array_file {
  const char *path;
  hid_t file, set;
  int failed; /* errno of the first write that failed (sink.h) */
  int dims;
  size_t row_bytes;
  tome_pipeline pipeline;
  tome_arena arena;
};

static bool fail_name(const char *path, const char *name, tome_error *err) {
  return tome_fail(err, TOME_USAGE, "%s: \"%s\" is no name of a data set: words with '/' between them are", path, name);
}

/* HDF5 takes "." for the group itself, and folds slashes: neither is meant. */
static bool check_name(const char *path, const char *name, tome_error *err) {
  const char *p = name;
  for (;;) {
    const size_t n = strcspn(p, "/");
    if (n == 0 || (n == 1 && *p == '.') || (n == 2 && memcmp(p, "..", 2) == 0)) return fail_name(path, name, err);
    if (!p[n]) return true;
    p += n + 1;
  }
}

static bool measure(tome_array_file *f, const tome_array_spec *s, tome_error *err) {
  size_t bytes = tome_dtype_size(s->dtype);
  if (s->dims < 2 || s->dims > 5 || bytes == 0)
    return tome_fail(err, TOME_USAGE, "%s: an array of %d dimensions cannot be written", f->path, s->dims);
  for (int i = 0; i < s->dims; i++) {
    if (s->shape[i] < 1) return tome_fail(err, TOME_USAGE, "%s: an empty array cannot be written", f->path);
    if ((i > 0 || s->whole) && __builtin_mul_overflow(bytes, (size_t)s->shape[i], &bytes)) bytes = SIZE_MAX;
    if (bytes > MOST_CHUNK)
      return tome_fail(err, TOME_USAGE, "%s: one row is a chunk here, and may not be over 2 GiB", f->path);
  }
  f->row_bytes = bytes;
  f->dims = s->dims;
  f->pipeline = (tome_pipeline){.element = tome_dtype_size(s->dtype),
                                .shuffle = s->level > 0 && tome_dtype_size(s->dtype) > 1,
                                .checksum = s->checksum,
                                .codec = s->level > 0 ? TOME_CODEC_DEFLATE : TOME_CODEC_NONE,
                                .level = s->level};
  return true;
}

static bool put_attributes(hid_t set, const tome_array_spec *s, tome_error *err) {
  if (s->geometry && !tome_h5_put_geometry(set, s->geometry, err)) return false;
  return !s->units || !*s->units || tome_h5_put_text(set, "units", s->units, err);
}

static bool create_set(tome_array_file *f, const tome_array_spec *s, const char *name, tome_error *err) {
  hsize_t shape[5], chunk[5];
  const uint64_t zero = 0;
  for (int i = 0; i < s->dims; i++) {
    shape[i] = (hsize_t)s->shape[i];
    chunk[i] = i == 0 && !s->whole ? 1 : shape[i];
  }
  TOME_H5_ID space = H5Screate_simple(s->dims, shape, NULL);
  TOME_H5_ID list = H5Pcreate(H5P_DATASET_CREATE);
  TOME_H5_ID parents = H5Pcreate(H5P_LINK_CREATE);
  if (H5Pset_create_intermediate_group(parents, 1) >= 0 && H5Pset_chunk(list, s->dims, chunk) >= 0 &&
      H5Pset_fill_value(list, tome_h5_type(s->dtype), &zero) >= 0 && H5Pset_obj_track_times(list, 0) >= 0 &&
      (!f->pipeline.shuffle || H5Pset_shuffle(list) >= 0) &&
      (s->level <= 0 || H5Pset_deflate(list, s->level > 9 ? 9u : (unsigned)s->level) >= 0) &&
      (!s->checksum || H5Pset_fletcher32(list) >= 0))
    f->set = H5Dcreate2(f->file, name, tome_h5_type(s->dtype), space, parents, list, H5P_DEFAULT);
  return f->set >= 0 || tome_h5_fail(err, TOME_IO, "%s: data set %s cannot be made", f->path, name);
}

/* Whether something has this name, *what it is; a part of the name that is no group is a fault. */
static bool look_up(const tome_array_file *f, const char *name, bool *there, tome_error *err) {
  for (const char *p = name;;) {
    const size_t n = (size_t)(p - name) + strcspn(p, "/");
    char part[1024];
    H5O_info_t info;
    if (n >= sizeof part) return fail_name(f->path, name, err);
    memcpy(part, name, n);
    part[n] = '\0';
    *there = H5Lexists(f->file, part, H5P_DEFAULT) > 0;
    if (!*there || !name[n]) return true;
    if (H5Oexists_by_name(f->file, part, H5P_DEFAULT) <= 0 ||
        H5Oget_info_by_name2(f->file, part, &info, H5O_INFO_BASIC, H5P_DEFAULT) < 0 || info.type != H5O_TYPE_GROUP)
      return tome_fail(err, TOME_EXISTS, "%s: /%s is no group, so that /%s cannot be in it", f->path, part, name);
    p = name + n + 1;
  }
}

static bool make_room(const tome_array_file *f, const tome_array_spec *s, const char *name, tome_error *err) {
  bool there;
  H5O_info_t info;
  if (!look_up(f, name, &there, err)) return false;
  if (!there) return true;
  if (H5Oexists_by_name(f->file, name, H5P_DEFAULT) > 0 &&
      H5Oget_info_by_name2(f->file, name, &info, H5O_INFO_BASIC, H5P_DEFAULT) >= 0 && info.type == H5O_TYPE_GROUP)
    return tome_fail(err, TOME_EXISTS, "%s: /%s is a group; name a data set in it, or another one", f->path, name);
  if (!s->replace)
    return tome_fail(err, TOME_EXISTS, "%s: holds /%s already; --force replaces that data set, and leaves the others",
                     f->path, name);
  return H5Ldelete(f->file, name, H5P_DEFAULT) >= 0 ||
         tome_h5_fail(err, TOME_IO, "%s: /%s cannot be taken out", f->path, name);
}

static bool begin(tome_array_file *f, const tome_array_spec *s, tome_error *err) {
  const char *name = s->name + (*s->name == '/');
  if (!check_name(f->path, name, err) || !measure(f, s, err)) return false;
  TOME_H5_LOCK;
  f->file = s->add ? tome_sink_open(f->path, &f->failed, err) : tome_sink_create(f->path, s->soon, &f->failed, err);
  return f->file >= 0 && (!s->add || make_room(f, s, name, err)) && create_set(f, s, name, err) &&
         put_attributes(f->set, s, err);
}

tome_array_file *tome_array_file_new(const char *path, const tome_array_spec *spec, tome_error *err) {
  tome_array_file *f = tome_alloc_zero(1, sizeof *f, path, err);
  if (!f) return NULL;
  f->file = f->set = H5I_INVALID_HID;
  f->path = tome_arena_dup(&f->arena, path, err);
  if (f->path && begin(f, spec, err)) return f;
  tome_array_file_free(f);
  return NULL;
}

static bool sound(const tome_array_file *f, tome_error *err) {
  if (!f->failed) return true;
  errno = f->failed;
  return tome_fail_errno(err, "%s: cannot be written", f->path);
}

/* Has HDF5 find the row a place, where *later is to be written. */
static bool place_row(tome_array_file *f, int64_t row, size_t size, uint32_t mask, tome_sink_later *later,
                      tome_error *err) {
  const hsize_t at[5] = {(hsize_t)row, 0, 0, 0, 0};
  TOME_H5_LOCK;
  tome_sink_put_off(f->file, later);
  const bool ok = H5Dwrite_chunk(f->set, H5P_DEFAULT, mask, at, size, later->data) >= 0;
  tome_sink_put_off(f->file, NULL);
  return ok ? sound(f, err) : tome_h5_fail(err, TOME_IO, "%s: row %lld cannot be written", f->path, (long long)row);
}

static bool write_row(tome_array_file *f, int64_t row, const void *data, size_t size, uint32_t mask, tome_error *err) {
  tome_sink_later later = {.data = data};
  if (!place_row(f, row, size, mask, &later, err)) return false;
  const int failed = tome_sink_catch_up(&later);
  if (!failed) return true;
  TOME_H5_LOCK;
  if (!f->failed) f->failed = failed;
  return sound(f, err);
}

bool tome_array_file_put(tome_array_file *f, int64_t row, const void *data, tome_error *err) {
  const size_t n = f->row_bytes / f->pipeline.element;
  if (f->pipeline.codec == TOME_CODEC_NONE && !f->pipeline.checksum)
    return write_row(f, row, data, f->row_bytes, 0, err);
  tome_encoder *e = tome_encoder_new(&f->pipeline, f->row_bytes, err);
  if (!e) return false;
  const uint8_t *packed;
  size_t size;
  uint32_t mask;
  if (f->pipeline.shuffle)
    tome_shuffle(data, n, f->pipeline.element, tome_encoder_raw(e), n, 0);
  else
    memcpy(tome_encoder_raw(e), data, f->row_bytes);
  tome_encode(e, &packed, &size, &mask);
  const bool ok = write_row(f, row, packed, size, mask, err);
  tome_encoder_free(e);
  return ok;
}

bool tome_array_file_finish(tome_array_file *f, tome_error *err) {
  bool ok;
  {
    TOME_H5_LOCK;
    ok = H5Dclose(f->set) >= 0;
    f->set = H5I_INVALID_HID;
    ok = H5Fclose(f->file) >= 0 && ok;
    f->file = H5I_INVALID_HID;
    if (!ok) tome_h5_fail(err, TOME_IO, "%s: cannot be completed", f->path);
  }
  ok = ok && sound(f, err);
  tome_array_file_free(f);
  return ok;
}

void tome_array_file_free(tome_array_file *f) {
  if (!f) return;
  if (f->file >= 0) {
    TOME_H5_LOCK;
    tome_h5_close(&f->set);
    tome_h5_close(&f->file);
  }
  tome_arena_clear(&f->arena);
  free(f);
}
