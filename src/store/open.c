/* Opening a case file: HDF5 says what there is and where each chunk lies, then it is closed and a plain descriptor is kept. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/driver.h"

/* ---- with HDF5 ---- */

static bool check_schema(hid_t file, const char *path, tome_error *err) {
  int32_t schema = 0;
  if (H5Aexists(file, "schema") <= 0)
    return tome_fail(err, TOME_CORRUPT, "%s: is HDF5, but not a Tome case file", path);
  if (!tome_h5_get_numbers(file, "schema", H5T_NATIVE_INT32, 1, &schema, err)) return tome_fail_prefix(err, "%s", path);
  if (schema >= 1 && schema <= TOME_SCHEMA) return true;
  return tome_fail(err, TOME_UNSUPPORTED, "%s: has schema %d, this build of Tome reads up to %d; use a newer Tome",
                   path, (int)schema, (int)TOME_SCHEMA);
}

hid_t tome_case_h5_open(const char *path, tome_error *err) {
  const hid_t file = tome_driver_open(path, err);
  if (file < 0 || check_schema(file, path, err)) return file;
  H5Fclose(file);
  return H5I_INVALID_HID;
}

typedef struct listing {
  tome_arena *arena;
  tome_names *names;
  tome_error *err;
} listing;

static herr_t note_name(hid_t group, const char *name, const H5L_info_t *info, void *ctx) {
  (void)group, (void)info;
  const listing *l = ctx;
  tome_names *n = l->names;
  const char *copy = tome_arena_dup(l->arena, name, l->err);
  if (!copy || !tome_arena_grow(l->arena, &n->items, &n->cap, n->count + 1, sizeof *n->items, l->err)) return -1;
  n->items[n->count++] = copy;
  return 0;
}

static bool list_group(hid_t file, const char *name, tome_arena *arena, tome_names *out, tome_error *err) {
  TOME_H5_ID group = H5Gopen2(file, name, H5P_DEFAULT);
  listing l = {arena, out, err};
  if (group >= 0 && H5Literate(group, H5_INDEX_CRT_ORDER, H5_ITER_INC, NULL, note_name, &l) >= 0) return true;
  return tome_h5_fail(err, TOME_CORRUPT, "the group %s cannot be listed", name);
}

bool tome_case_map_names(hid_t file, tome_arena *arena, tome_names *out, tome_error *err) {
  return list_group(file, "labels", arena, out, err);
}

bool tome_case_channel_names(hid_t file, tome_arena *arena, tome_names *out, tome_error *err) {
  return H5Lexists(file, "channels", H5P_DEFAULT) <= 0 || list_group(file, "channels", arena, out, err);
}

bool tome_case_get_geometry(hid_t set, const int64_t shape[3], tome_geometry *out, tome_error *err) {
  tome_geometry g = {{shape[0], shape[1], shape[2]}, {0}, {0}, {{0}}};
  const hid_t f64 = H5T_NATIVE_DOUBLE;
  if (!tome_h5_get_numbers(set, "spacing", f64, 3, g.spacing, err) ||
      !tome_h5_get_numbers(set, "origin", f64, 3, g.origin, err) ||
      !tome_h5_get_numbers(set, "direction", f64, 9, g.direction, err))
    return false;
  for (int a = 0; a < 3; a++)
    if (!(g.spacing[a] > 0) || !isfinite(g.spacing[a]) || !isfinite(g.origin[a]))
      return tome_fail(err, TOME_CORRUPT, "spacing or origin is no length in mm");
  *out = g;
  return true;
}

/* ---- one volume ---- */

/* The pipeline's filters, in the one order that Tome reads: [shuffle] [codec] [Fletcher32]. */
static bool read_filters(hid_t list, tome_pipeline *p) {
  const int count = H5Pget_nfilters(list);
  int place = 0; /* 1 after shuffle, 2 after the codec, 3 after the checksum */
  p->codec = TOME_CODEC_NONE;
  for (int i = 0; i < count; i++) {
    unsigned flags, values[8] = {0}, config;
    size_t n = TOME_COUNT(values);
    const H5Z_filter_t filter = H5Pget_filter2(list, (unsigned)i, &flags, &n, values, 0, NULL, &config);
    const int step = filter == H5Z_FILTER_SHUFFLE ? 1 : filter == H5Z_FILTER_FLETCHER32 ? 3 : 2;
    if (filter < 0 || step <= place) return false;
    place = step;
    if (step == 1) p->shuffle = true;
    if (step == 3) p->checksum = true;
    if (step != 2) continue;
    if (filter == H5Z_FILTER_DEFLATE)
      p->codec = TOME_CODEC_DEFLATE;
    else if (filter == TOME_FILTER_ZSTD)
      p->codec = TOME_CODEC_ZSTD;
    else if (filter == TOME_FILTER_LZ4)
      p->codec = TOME_CODEC_LZ4;
    else
      return false;
    p->level = (int)values[0];
  }
  return count >= 0;
}

/* Voxels that are not stored must be zeros. */
static bool fill_is_zero(hid_t list, tome_dtype dtype) {
  uint64_t fill = 1;
  return H5Pget_fill_value(list, tome_h5_type(dtype), &fill) >= 0 && tome_dtype_size(dtype) <= sizeof fill &&
         memcmp(&fill, &(uint64_t){0}, tome_dtype_size(dtype)) == 0;
}

static bool read_layout(hid_t set, tome_stored_volume *v, tome_error *err) {
  TOME_H5_ID space = H5Dget_space(set);
  TOME_H5_ID list = H5Dget_create_plist(set);
  TOME_H5_ID type = H5Dget_type(set);
  hsize_t shape[3], chunk[3];
  if (space < 0 || list < 0 || type < 0 || H5Sget_simple_extent_ndims(space) != 3 ||
      H5Sget_simple_extent_dims(space, shape, NULL) != 3)
    return tome_h5_fail(err, TOME_CORRUPT, "is not a data set of three axes");
  v->info.dtype = tome_h5_dtype(type);
  v->pipeline.element = tome_dtype_size(v->info.dtype);
  if (v->info.dtype == TOME_NONE)
    return tome_fail(err, TOME_UNSUPPORTED, "has an element type that Tome does not write");
  if (H5Pget_layout(list) != H5D_CHUNKED || H5Pget_chunk(list, 3, chunk) != 3 || !read_filters(list, &v->pipeline))
    return tome_fail(err, TOME_UNSUPPORTED,
                     "is not stored in chunks with filters that Tome writes (rewritten by another tool?)");
  if (!fill_is_zero(list, v->info.dtype)) return tome_fail(err, TOME_UNSUPPORTED, "has a fill value other than 0");
  int64_t s[3], c[3];
  for (int a = 0; a < 3; a++) {
    if (shape[a] > INT64_MAX || chunk[a] > INT64_MAX) return tome_fail(err, TOME_CORRUPT, "has an impossible shape");
    s[a] = (int64_t)shape[a];
    c[a] = v->info.chunk[a] = (int64_t)chunk[a];
  }
  if (!tome_chunk_grid_make(s, c, v->pipeline.element, &v->grid))
    return tome_fail(err, TOME_CORRUPT, "has a shape or chunks of impossible size");
  return true;
}

static bool read_facts(hid_t set, tome_stored_volume *v, tome_error *err) {
  snprintf(v->info.codec, sizeof v->info.codec, "%s", tome_codec_name(v->pipeline.codec));
  return tome_case_get_geometry(set, v->grid.shape, &v->info.geometry, err) &&
         tome_h5_get_text_into(set, "units", v->info.units, sizeof v->info.units, err) &&
         (H5Aexists(set, "voxel_hash") <= 0 ||
          tome_h5_get_text_into(set, "voxel_hash", v->info.voxel_hash, sizeof v->info.voxel_hash, err));
}

/* Where chunk i lies, within the file's `size`. */
static bool read_place(hid_t file, hid_t set, tome_stored_volume *v, size_t i, uint64_t size, tome_error *err) {
  const tome_box b = tome_chunk_box(&v->grid, i);
  tome_chunk_place *p = &v->places[i];
  if (!tome_driver_chunk(file, set, (hsize_t[]){(hsize_t)b.lo[0], (hsize_t)b.lo[1], (hsize_t)b.lo[2]}, p, err))
    return false;
  if (p->address == UINT64_MAX) return true;
  const uint64_t most = (uint64_t)v->grid.chunk_voxels * v->pipeline.element * 2 + 65536;
  if (p->address > size || p->bytes > size - p->address || p->bytes > most)
    return tome_fail(err, TOME_CORRUPT, "chunk at (%lld,%lld,%lld) lies outside the file (cut short?)",
                     (long long)b.lo[0], (long long)b.lo[1], (long long)b.lo[2]);
  v->info.stored_bytes += p->bytes;
  if (p->bytes > v->most_bytes) v->most_bytes = p->bytes;
  return true;
}

static bool read_volume(hid_t file, uint64_t size, tome_stored_volume *v, tome_error *err) {
  TOME_H5_ID set = H5Dopen2(file, v->name, H5P_DEFAULT);
  if (set < 0) return tome_h5_fail(err, TOME_CORRUPT, "cannot be opened");
  if (!read_layout(set, v, err) || !read_facts(set, v, err)) return false;
  v->places = tome_alloc(v->grid.chunks, sizeof *v->places, v->name, err);
  if (!v->places) return false;
  for (size_t i = 0; i < v->grid.chunks; i++)
    if (!read_place(file, set, v, i, size, err)) return false;
  if (H5Dget_storage_size(set) != v->info.stored_bytes)
    return tome_fail(err, TOME_CORRUPT, "its chunk index lacks chunks that HDF5 counts");
  return true;
}

/* ---- the file ---- */

static bool add_volume(tome_case_file *f, hid_t file, const char *folder, const char *name, tome_error *err) {
  if (!tome_grow(&f->volumes, &f->cap, f->count + 1, sizeof *f->volumes, err)) return false;
  tome_stored_volume *v = &f->volumes[f->count++]; /* in the list at once: close frees what there is of it */
  *v = (tome_stored_volume){.name = tome_alloc(strlen(folder) + strlen(name) + 1, 1, name, err)};
  if (!v->name) return false;
  sprintf(v->name, "%s%s", folder, name);
  return read_volume(file, f->size, v, err) || tome_fail_prefix(err, "%s: %s", f->path, v->name);
}

static bool read_volumes(tome_case_file *f, hid_t file, tome_error *err) {
  TOME_CLEANUP(tome_arena_clear) tome_arena arena = {0};
  tome_names channels = {0}, names = {0};
  if (!add_volume(f, file, "", "image", err)) return false;
  if (!tome_case_channel_names(file, &arena, &channels, err) || !tome_case_map_names(file, &arena, &names, err))
    return tome_fail_prefix(err, "%s", f->path);
  for (size_t i = 1; i < channels.count; i++) /* the first is the image by another name */
    if (!add_volume(f, file, "channels/", channels.items[i], err)) return false;
  for (size_t i = 0; i < names.count; i++)
    if (!add_volume(f, file, "labels/", names.items[i], err)) return false;
  return true;
}

tome_case_file *tome_case_file_open(const char *path, tome_error *err) {
  struct stat st;
  if (stat(path, &st) != 0) return tome_fail_errno(err, "%s: cannot be opened", path), NULL;
  if (!S_ISREG(st.st_mode)) return tome_fail(err, TOME_IO, "%s: is not a regular file", path), NULL;
  tome_case_file *f = tome_alloc_zero(1, sizeof *f, path, err);
  if (!f) return NULL;
  f->fd = -1;
  f->path = tome_alloc(strlen(path) + 1, 1, path, err);
  if (f->path) {
    strcpy(f->path, path);
    TOME_H5_LOCK;
    TOME_H5_ID file = tome_case_h5_open(path, err);
    if (file >= 0 && tome_driver_descriptor(file, &f->fd, &f->size, err) && read_volumes(f, file, err)) return f;
  }
  tome_case_file_close(f);
  return NULL;
}

void tome_case_file_close(tome_case_file *f) {
  if (!f) return;
  for (size_t i = 0; i < f->count; i++) {
    free(f->volumes[i].name);
    free(f->volumes[i].places);
  }
  free(f->volumes);
  if (f->fd >= 0) close(f->fd);
  free(f->path);
  free(f);
}

const char *tome_case_file_volume(const tome_case_file *f, size_t i) {
  return i < f->count ? f->volumes[i].name : NULL;
}

const tome_stored_volume *tome_case_file_find(const tome_case_file *f, const char *volume, tome_error *err) {
  char names[600] = "";
  for (size_t i = 0; i < f->count; i++) {
    if (strcmp(f->volumes[i].name, volume) == 0) return &f->volumes[i];
    const size_t used = strlen(names);
    snprintf(names + used, sizeof names - used, "%s%s", i ? ", " : "", f->volumes[i].name);
  }
  tome_fail(err, TOME_NOT_FOUND, "%s: has no volume %s; there are %s", f->path, volume, names);
  return NULL;
}

bool tome_case_file_info(const tome_case_file *f, const char *volume, tome_volume_info *out, tome_error *err) {
  const tome_stored_volume *v = tome_case_file_find(f, volume, err);
  if (v) *out = v->info;
  return v != NULL;
}
