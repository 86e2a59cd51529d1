/* Writing a case file: data sets made by HDF5, their chunks compressed on all cores and written raw. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "store/planes.h"
#include "store/sink.h"
#include "store/writer.h"

/* ---- the file --- */

bool tome_case_writer_sound(const tome_case_writer *w, tome_error *err) {
  if (!w->failed) return true;
  errno = w->failed;
  return tome_fail_errno(err, "the case file cannot be written");
}

/* A group whose members keep the order they were made in. To be closed. */
static hid_t make_group(const tome_case_writer *w, const char *name, tome_error *err) {
  TOME_H5_ID order = H5Pcreate(H5P_GROUP_CREATE);
  H5Pset_link_creation_order(order, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED);
  const hid_t group = H5Gcreate2(w->file, name, H5P_DEFAULT, order, H5P_DEFAULT);
  if (group < 0) tome_h5_fail(err, TOME_IO, "%s: group %s cannot be made", w->path, name);
  return group;
}

static bool begin(tome_case_writer *w, tome_error *err) {
  TOME_H5_LOCK;
  w->file = tome_sink_create(w->path, true, &w->failed, err);
  if (w->file < 0) return false;
  TOME_H5_ID labels = make_group(w, "labels", err);
  return labels >= 0;
}

bool tome_case_writer_name_image(tome_case_writer *w, const char *name, tome_error *err) {
  TOME_H5_LOCK;
  TOME_H5_ID channels = make_group(w, "channels", err);
  if (channels < 0) return false;
  if (H5Lcreate_hard(w->file, "image", channels, name, H5P_DEFAULT, H5P_DEFAULT) >= 0) return true;
  return tome_h5_fail(err, TOME_IO, "%s: channel %s cannot be named", w->path, name);
}

tome_case_writer *tome_case_writer_new(const char *path, tome_error *err) {
  tome_case_writer *w = tome_alloc_zero(1, sizeof *w, path, err);
  if (!w) return NULL;
  w->file = H5I_INVALID_HID;
  pthread_mutex_init(&w->lock, NULL);
  w->path = tome_arena_dup(&w->arena, path, err);
  if (w->path && begin(w, err)) return w;
  tome_case_writer_free(w);
  return NULL;
}

bool tome_case_writer_finish(tome_case_writer *w, tome_error *err) {
  bool ok = true;
  {
    TOME_H5_LOCK;
    if (H5Fclose(w->file) < 0) ok = tome_h5_fail(err, TOME_IO, "%s: cannot be completed", w->path);
    w->file = H5I_INVALID_HID;
  }
  ok = ok && tome_case_writer_sound(w, err);
  tome_case_writer_free(w);
  return ok;
}

void tome_case_writer_begin_in(tome_case_writer *w, const char *path, hid_t group) {
  *w = (tome_case_writer){.path = path, .file = group};
  pthread_mutex_init(&w->lock, NULL);
}

void tome_case_writer_end_in(tome_case_writer *w) {
  tome_arena_clear(&w->arena);
  free(w->value_chunks);
  pthread_mutex_destroy(&w->lock);
}

void tome_case_writer_free(tome_case_writer *w) {
  if (!w) return;
  if (w->file >= 0) {
    TOME_H5_LOCK;
    tome_h5_close(&w->file);
  }
  tome_case_writer_end_in(w);
  free(w);
}

/* ---- one data set --- */

/* The registered filters are declared optional, so that a data set can be made where their plugins are absent: HDF5 itself never runs them here. */
static bool set_filters(hid_t list, const tome_pipeline *p) {
  const unsigned level = (unsigned)p->level;
  if (p->shuffle && H5Pset_shuffle(list) < 0) return false;
  if (p->codec == TOME_CODEC_DEFLATE && H5Pset_deflate(list, level == 0 ? 6 : level > 9 ? 9 : level) < 0) return false;
  if (p->codec == TOME_CODEC_ZSTD && H5Pset_filter(list, TOME_FILTER_ZSTD, H5Z_FLAG_OPTIONAL, 1, &level) < 0)
    return false;
  if (p->codec == TOME_CODEC_LZ4 && H5Pset_filter(list, TOME_FILTER_LZ4, H5Z_FLAG_OPTIONAL, 0, NULL) < 0) return false;
  return !p->checksum || H5Pset_fletcher32(list) >= 0;
}

static hid_t create_set(const tome_case_writer *w, const char *name, tome_dtype dtype, const tome_chunk_grid *g,
                        const tome_pipeline *p, tome_error *err) {
  const hsize_t shape[3] = {(hsize_t)g->shape[0], (hsize_t)g->shape[1], (hsize_t)g->shape[2]};
  const hsize_t chunk[3] = {(hsize_t)g->chunk[0], (hsize_t)g->chunk[1], (hsize_t)g->chunk[2]};
  const uint64_t zero = 0;
  TOME_H5_ID space = H5Screate_simple(3, shape, NULL);
  TOME_H5_ID list = H5Pcreate(H5P_DATASET_CREATE);
  hid_t set = H5I_INVALID_HID;
  if (H5Pset_chunk(list, 3, chunk) >= 0 && H5Pset_fill_value(list, tome_h5_type(dtype), &zero) >= 0 &&
      H5Pset_obj_track_times(list, 0) >= 0 && set_filters(list, p))
    set = H5Dcreate2(w->file, name, tome_h5_type(dtype), space, H5P_DEFAULT, list, H5P_DEFAULT);
  if (set < 0) tome_h5_fail(err, TOME_IO, "%s: data set %s cannot be made", w->path, name);
  return set;
}

/* The dimension-scale convention's labels: the one place with text of variable length, because the convention says so. */
static bool put_dimension_labels(hid_t set, tome_error *err) {
  static const char *const labels[3] = {"z", "y", "x"};
  TOME_H5_ID type = H5Tcopy(H5T_C_S1);
  H5Tset_size(type, H5T_VARIABLE);
  return tome_h5_put_numbers(set, "DIMENSION_LABELS", type, 1, (hsize_t[]){3}, labels, err);
}

bool tome_h5_put_geometry(hid_t set, const tome_geometry *g, tome_error *err) {
  double affine[4][4];
  tome_geometry_to_ras_affine(g, affine);
  const hid_t f64 = H5T_IEEE_F64LE;
  return tome_h5_put_numbers(set, "spacing", f64, 1, (hsize_t[]){3}, g->spacing, err) &&
         tome_h5_put_numbers(set, "origin", f64, 1, (hsize_t[]){3}, g->origin, err) &&
         tome_h5_put_numbers(set, "direction", f64, 2, (hsize_t[]){3, 3}, g->direction, err) &&
         tome_h5_put_numbers(set, "affine", f64, 2, (hsize_t[]){4, 4}, affine, err);
}

/* ---- its chunks --- */

typedef struct packing {
  const tome_volume *volume;
  const tome_pipeline *pipeline;
  tome_chunk_grid grid;
  hid_t set;
  tome_case_writer *writer;
  const char *name;
  tome_encoder **encoders;    /* one a worker, made when it first needs one */
  bool counting;              /* a label map: its values are counted on the way */
  tome_value_counts **counts; /* one a worker, as above */
} packing;

/* Copies chunk i out of the volume, shuffling on the way; what lies beyond the volume is 0. */
static void gather(const packing *p, size_t i, uint8_t *raw) {
  const tome_chunk_grid *g = &p->grid;
  const size_t element = p->pipeline->element;
  const tome_box chunk = tome_chunk_box(g, i), whole = tome_box_of_shape(g->shape);
  const tome_box in = tome_box_intersect(&chunk, &whole);
  if (!tome_box_contains(&whole, &chunk)) memset(raw, 0, g->chunk_voxels * element);
  const size_t width = (size_t)(in.hi[2] - in.lo[2]);
  for (int64_t z = in.lo[0]; z < in.hi[0]; z++) {
    for (int64_t y = in.lo[1]; y < in.hi[1]; y++) {
      const size_t from = (size_t)((z * g->shape[1] + y) * g->shape[2] + in.lo[2]);
      const size_t to = (size_t)(((z - in.lo[0]) * g->chunk[1] + (y - in.lo[1])) * g->chunk[2]);
      const uint8_t *row = (const uint8_t *)p->volume->data + from * element;
      if (p->pipeline->shuffle)
        tome_shuffle(row, width, element, raw, g->chunk_voxels, to);
      else
        memcpy(raw + to * element, row, width * element);
    }
  }
}

static bool note_counts(const packing *p, size_t chunk, const tome_value_counts *c, tome_error *err) {
  tome_case_writer *w = p->writer;
  pthread_mutex_lock(&w->lock);
  const bool ok = tome_grow(&w->value_chunks, &w->value_chunk_cap, w->value_chunk_count + c->seen_count,
                            sizeof *w->value_chunks, err);
  for (size_t i = 0; i < c->seen_count && ok; i++)
    w->value_chunks[w->value_chunk_count++] = (tome_value_chunk){
        .map = (uint32_t)w->count, .value = c->seen[i], .chunk = (uint32_t)chunk, .voxels = c->count[c->seen[i]]};
  pthread_mutex_unlock(&w->lock);
  return ok;
}

/* Counts the label values in chunk i. */
static bool count_chunk(const packing *p, size_t i, tome_value_counts **counts, tome_error *err) {
  if (!*counts && !(*counts = tome_alloc_zero(1, sizeof **counts, "label counts", err))) return false;
  const tome_chunk_grid *g = &p->grid;
  const tome_box chunk = tome_chunk_box(g, i), whole = tome_box_of_shape(g->shape);
  const tome_box in = tome_box_intersect(&chunk, &whole);
  for (int64_t z = in.lo[0]; z < in.hi[0]; z++)
    for (int64_t y = in.lo[1]; y < in.hi[1]; y++) {
      const size_t from = (size_t)((z * g->shape[1] + y) * g->shape[2] + in.lo[2]);
      tome_value_counts_add(*counts, p->volume->dtype, (const uint8_t *)p->volume->data + from * p->pipeline->element,
                            (size_t)(in.hi[2] - in.lo[2]));
    }
  const bool ok = note_counts(p, i, *counts, err);
  tome_value_counts_clear(*counts);
  return ok;
}

static bool write_chunk(const packing *p, size_t i, const uint8_t *data, size_t size, uint32_t mask, tome_error *err) {
  const tome_box b = tome_chunk_box(&p->grid, i);
  const hsize_t at[3] = {(hsize_t)b.lo[0], (hsize_t)b.lo[1], (hsize_t)b.lo[2]};
  TOME_H5_LOCK;
  if (H5Dwrite_chunk(p->set, H5P_DEFAULT, mask, at, size, data) >= 0) return tome_case_writer_sound(p->writer, err);
  return tome_h5_fail(err, TOME_IO, "%s: %s: chunk at (%lld,%lld,%lld) cannot be written", p->writer->path, p->name,
                      (long long)b.lo[0], (long long)b.lo[1], (long long)b.lo[2]);
}

static bool pack_chunk(void *ctx, size_t i, int worker, tome_error *err) {
  packing *p = ctx;
  tome_encoder **e = &p->encoders[worker];
  const size_t raw_bytes = p->grid.chunk_voxels * p->pipeline->element;
  if (!*e && !(*e = tome_encoder_new(p->pipeline, raw_bytes, err))) return false;
  gather(p, i, tome_encoder_raw(*e));
  if (tome_is_zero(tome_encoder_raw(*e), raw_bytes)) return true; /* the fill value: nothing to store */
  if (p->counting && !count_chunk(p, i, &p->counts[worker], err)) return false;
  const uint8_t *data;
  size_t size;
  uint32_t mask;
  tome_encode(*e, &data, &size, &mask);
  return write_chunk(p, i, data, size, mask, err);
}

static bool write_chunks(packing *p, const tome_run *run, tome_error *err) {
  const int threads = tome_threads(run);
  p->encoders = tome_alloc_zero((size_t)threads, sizeof *p->encoders, "chunks", err);
  p->counts = tome_alloc_zero((size_t)threads, sizeof *p->counts, "chunks", err);
  const bool ok = p->encoders && p->counts && tome_parallel(run, p->grid.chunks, pack_chunk, p, err);
  for (int i = 0; i < threads && p->encoders && p->counts; i++) {
    tome_encoder_free(p->encoders[i]);
    free(p->counts[i]);
  }
  free(p->encoders);
  free(p->counts);
  return ok;
}

/* ---- a volume --- */

static bool check_name(const tome_case_writer *w, const char *name, tome_error *err) {
  static const char *const folders[] = {"labels/", "channels/"};
  const char *leaf = strcmp(name, "image") == 0 ? name : "";
  for (size_t i = 0; i < TOME_COUNT(folders); i++)
    if (strncmp(name, folders[i], strlen(folders[i])) == 0) leaf = name + strlen(folders[i]);
  if (!*leaf || strchr(leaf, '/') || strcmp(leaf, ".") == 0 || strcmp(leaf, "..") == 0)
    return tome_fail(err, TOME_USAGE,
                     "%s: a volume is called \"image\", \"channels/NAME\" or \"labels/NAME\", not \"%s\"", w->path,
                     name);
  return true;
}

static bool note_volume(tome_case_writer *w, const char *name, const tome_volume *v, tome_error *err) {
  tome_written w_volume = {.dtype = v->dtype, .geometry = v->geometry, .name = tome_arena_dup(&w->arena, name, err)};
  if (!w_volume.name || !tome_arena_grow(&w->arena, &w->volumes, &w->cap, w->count + 1, sizeof w_volume, err))
    return false;
  w->volumes[w->count++] = w_volume;
  return true;
}

static bool cut(const tome_volume *v, size_t element, tome_chunk_grid *grid) {
  int64_t chunk[3];
  size_t bytes;
  if (!tome_shape_bytes(v->geometry.shape, element, &bytes)) return false;
  tome_chunk_shape(v->geometry.shape, chunk);
  return tome_chunk_grid_make(v->geometry.shape, chunk, element, grid);
}

static hid_t begin_volume(const tome_case_writer *w, const char *name, const tome_volume *v, const char *units,
                          const packing *p, tome_error *err) {
  TOME_H5_LOCK;
  const hid_t set = create_set(w, name, v->dtype, &p->grid, p->pipeline, err);
  if (set < 0) return set;
  if (tome_h5_put_geometry(set, &v->geometry, err) && tome_h5_put_text(set, "units", units, err) &&
      put_dimension_labels(set, err))
    return set;
  H5Dclose(set);
  tome_fail_prefix(err, "%s: %s", w->path, name);
  return H5I_INVALID_HID;
}

bool tome_case_writer_volume(tome_case_writer *w, const char *name, const tome_volume *v, const char *units,
                             const tome_chunking *chunking, const tome_run *run, tome_error *err) {
  const tome_chunking c = chunking ? *chunking : (tome_chunking){.codec = TOME_CODEC_DEFLATE};
  const size_t element = tome_dtype_size(v->dtype);
  if (!check_name(w, name, err) || !tome_codec_check(c.codec, c.level, err)) return false;
  const tome_pipeline pipeline = {.element = element,
                                  .shuffle = element > 1 && c.codec != TOME_CODEC_NONE,
                                  .checksum = true,
                                  .codec = c.codec,
                                  .level = tome_codec_level(c.codec, c.level)};
  packing p = {.volume = v,
               .pipeline = &pipeline,
               .writer = w,
               .name = name,
               .counting = !w->plain && strncmp(name, "labels/", strlen("labels/")) == 0};
  if (element == 0 || !cut(v, element, &p.grid))
    return tome_fail(err, TOME_USAGE, "%s: %s: a volume of %lldx%lldx%lld %s cannot be stored", w->path, name,
                     (long long)v->geometry.shape[0], (long long)v->geometry.shape[1], (long long)v->geometry.shape[2],
                     tome_dtype_name(v->dtype));
  p.set = begin_volume(w, name, v, units, &p, err);
  if (p.set < 0) return false;
  const bool ok = write_chunks(&p, run, err);
  TOME_H5_LOCK;
  if (H5Dclose(p.set) < 0 && ok) return tome_h5_fail(err, TOME_IO, "%s: %s cannot be completed", w->path, name);
  return ok && note_volume(w, name, v, err);
}
