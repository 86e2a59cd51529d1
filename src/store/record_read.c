/* Reading back what record_write.c wrote: the same tables, the other way round. */
#include <string.h>

#include "base/file.h"
#include "store/case_file.h"
#include "store/record_fields.h"

/* ---- attributes ---- */

static bool get_root(hid_t file, tome_record *r, tome_error *err) {
  for (size_t i = 0; i < TOME_TEXT_ATTRIBUTES; i++) {
    const char *text;
    if (!tome_h5_get_text(file, tome_text_attributes[i].name, &r->arena, &text, err)) return false;
    memcpy((char *)r + tome_text_attributes[i].offset, &text, sizeof text);
  }
  return tome_h5_get_text_into(file, "source_hash", r->source_hash, sizeof r->source_hash, err) &&
         tome_h5_get_numbers(file, "padding_voxels", H5T_NATIVE_UINT64, 1, &r->padding, err) &&
         tome_h5_get_numbers(file, "tilt_degrees", H5T_NATIVE_DOUBLE, 1, &r->tilt_degrees, err);
}

static tome_dtype dtype_of(hid_t set) {
  TOME_H5_ID type = H5Dget_type(set);
  return type < 0 ? TOME_NONE : tome_h5_dtype(type);
}

static bool get_image(hid_t file, tome_record *r, tome_error *err) {
  TOME_H5_ID set = H5Dopen2(file, "image", H5P_DEFAULT);
  if (set < 0) return tome_h5_fail(err, TOME_CORRUPT, "there is no data set image");
  TOME_H5_ID space = H5Dget_space(set);
  hsize_t shape[3];
  if (space < 0 || H5Sget_simple_extent_ndims(space) != 3 || H5Sget_simple_extent_dims(space, shape, NULL) != 3)
    return tome_h5_fail(err, TOME_CORRUPT, "data set image does not have three axes");
  r->dtype = dtype_of(set);
  return tome_case_get_geometry(set, (int64_t[]){(int64_t)shape[0], (int64_t)shape[1], (int64_t)shape[2]}, &r->geometry,
                                err) &&
         tome_h5_get_text_into(set, "voxel_hash", r->voxel_hash, sizeof r->voxel_hash, err);
}

static bool get_map(hid_t labels, const char *name, tome_record *r, tome_error *err) {
  TOME_H5_ID set = H5Dopen2(labels, name, H5P_DEFAULT);
  if (set < 0) return tome_h5_fail(err, TOME_CORRUPT, "label map %s cannot be opened", name);
  tome_label_map map = {.name = name, .dtype = dtype_of(set)};
  return tome_h5_get_text_into(set, "voxel_hash", map.voxel_hash, sizeof map.voxel_hash, err) &&
         tome_record_map(r, &map, err);
}

/* What the data sets say of the channels; their statistics follow. */
static bool get_channels(hid_t file, tome_record *r, tome_error *err) {
  tome_names names = {0};
  if (!tome_case_channel_names(file, &r->arena, &names, err)) return false;
  for (size_t i = 0; i < names.count; i++) {
    TOME_H5_ID group = H5Gopen2(file, "channels", H5P_DEFAULT);
    TOME_H5_ID set = H5Dopen2(group, names.items[i], H5P_DEFAULT);
    tome_channel *c = tome_record_channel(r, names.items[i], err);
    if (!c) return false;
    if (set < 0) return tome_h5_fail(err, TOME_CORRUPT, "channel %s cannot be opened", names.items[i]);
    c->dtype = dtype_of(set);
    if (!tome_h5_get_text_into(set, "voxel_hash", c->voxel_hash, sizeof c->voxel_hash, err)) return false;
  }
  return true;
}

static bool get_maps(hid_t file, tome_record *r, tome_error *err) {
  tome_names names = {0};
  if (!tome_case_map_names(file, &r->arena, &names, err)) return false;
  TOME_H5_ID labels = H5Gopen2(file, "labels", H5P_DEFAULT);
  for (size_t i = 0; i < names.count; i++)
    if (!get_map(labels, names.items[i], r, err)) return false;
  return true;
}

/* ---- stats ---- */

/* A data set of counts, in the arena. */
static bool get_counts(hid_t group, const char *name, tome_arena *arena, uint64_t **out, size_t *count,
                       tome_error *err) {
  size_t n, bytes;
  TOME_H5_ID set = tome_h5_open_array(group, name, &n, err);
  if (set < 0) return false;
  TOME_H5_ID type = H5Dget_type(set);
  if (type < 0 || H5Tget_class(type) != H5T_INTEGER || __builtin_mul_overflow(n, sizeof **out, &bytes))
    return tome_fail(err, TOME_CORRUPT, "data set %s does not hold counts", name);
  uint64_t *counts = tome_arena_alloc(arena, bytes, err);
  if (!counts) return false;
  if (n && H5Dread(set, H5T_NATIVE_UINT64, H5S_ALL, H5S_ALL, H5P_DEFAULT, counts) < 0)
    return tome_h5_fail(err, TOME_CORRUPT, "data set %s cannot be read", name);
  *out = n ? counts : NULL;
  *count = n;
  return true;
}

static bool get_histogram(hid_t group, tome_record *r, tome_error *err) {
  tome_histogram h = {0};
  if (!get_counts(group, "histogram", &r->arena, &h.counts, &h.bins, err)) return false;
  TOME_H5_ID set = H5Dopen2(group, "histogram", H5P_DEFAULT);
  if (!tome_h5_get_numbers(set, "lo", H5T_NATIVE_DOUBLE, 1, &h.lo, err) ||
      !tome_h5_get_numbers(set, "width", H5T_NATIVE_DOUBLE, 1, &h.width, err))
    return false;
  r->histogram = h;
  return true;
}

static bool get_channel_stats(hid_t group, tome_record *r, tome_error *err) {
  tome_channel_row *rows = NULL;
  uint64_t *counts = NULL;
  size_t n, total;
  if (!r->channel_count) return true;
  if (!tome_table_read(group, &tome_table_channels, &r->arena, &rows, &n, err) ||
      !get_counts(group, "channel_histograms", &r->arena, &counts, &total, err))
    return false;
  if (n != r->channel_count)
    return tome_fail(err, TOME_CORRUPT, "stats/channels has %zu rows for %zu channels", n, r->channel_count);
  for (size_t i = 0; i < n; i++) {
    const uint64_t start = rows[i].histogram_start, bins = rows[i].histogram_bins;
    if (start > total || bins > total - start || strcmp(rows[i].channel.name, r->channels[i].name) != 0)
      return tome_fail(err, TOME_CORRUPT, "row %zu of stats/channels does not speak of channel %s", i,
                       r->channels[i].name);
    r->channels[i].intensity = rows[i].channel.intensity;
    r->channels[i].histogram = rows[i].channel.histogram;
    r->channels[i].histogram.bins = bins;
    r->channels[i].histogram.counts = bins ? counts + start : NULL;
  }
  return true;
}

static bool get_labels(hid_t group, tome_record *r, tome_error *err) {
  tome_label_row *rows = NULL;
  uint64_t *counts = NULL;
  size_t n, total;
  if (!tome_table_read(group, &tome_table_labels, &r->arena, &rows, &n, err) ||
      !get_counts(group, "label_histograms", &r->arena, &counts, &total, err))
    return false;
  for (size_t i = 0; i < n; i++) {
    const uint64_t start = rows[i].histogram_start, bins = rows[i].histogram_bins;
    if (start > total || bins > total - start)
      return tome_fail(err, TOME_CORRUPT, "the histogram of label %zu lies outside stats/label_histograms", i);
    tome_label *label = tome_record_label(r, err);
    if (!label) return false;
    *label = rows[i].label;
    label->histogram.bins = bins;
    label->histogram.counts = bins ? counts + start : NULL;
  }
  return true;
}

/* Older files have none. Rows that name no label are damage; that they account for every voxel is checked where they are used. */
static bool get_label_chunks(hid_t group, tome_record *r, tome_error *err) {
  if (H5Lexists(group, tome_table_label_chunks.name, H5P_DEFAULT) <= 0) return true;
  tome_label_chunk *rows = NULL;
  size_t n;
  if (!tome_table_read(group, &tome_table_label_chunks, &r->arena, &rows, &n, err)) return false;
  for (size_t i = 0; i < n; i++)
    if (rows[i].label < 0 || (size_t)rows[i].label >= r->label_count)
      return tome_fail(err, TOME_CORRUPT, "row %zu of stats/label_chunks names label %d of %zu", i, (int)rows[i].label,
                       r->label_count);
  r->label_chunks = rows;
  r->label_chunk_count = n;
  return true;
}

static bool get_stats(hid_t file, tome_record *r, tome_error *err) {
  TOME_H5_ID group = H5Gopen2(file, "stats", H5P_DEFAULT);
  tome_intensity *intensity = NULL;
  size_t n;
  if (group < 0) return tome_h5_fail(err, TOME_CORRUPT, "there is no group stats");
  if (!tome_table_read(group, &tome_table_intensity, &r->arena, &intensity, &n, err)) return false;
  if (n != 1) return tome_fail(err, TOME_CORRUPT, "stats/intensity has %zu rows instead of one", n);
  r->intensity = *intensity;
  return get_histogram(group, r, err) && get_channel_stats(group, r, err) && get_labels(group, r, err) &&
         get_label_chunks(group, r, err);
}

/* ---- provenance, problems ---- */

static bool get_provenance(hid_t file, tome_record *r, tome_error *err) {
  TOME_H5_ID group = H5Gopen2(file, "provenance", H5P_DEFAULT);
  if (group < 0) return tome_h5_fail(err, TOME_CORRUPT, "there is no group provenance");
  if (!tome_table_read(group, &tome_table_sources, &r->arena, &r->sources, &r->source_count, err) ||
      !tome_table_read(group, &tome_table_repairs, &r->arena, &r->repairs, &r->repair_count, err))
    return false;
  r->source_cap = r->source_count;
  r->repair_cap = r->repair_count;
  return true;
}

static bool severity_of(const char *name, tome_severity *out) {
  for (tome_severity s = TOME_INFO; s <= TOME_ERROR; s++) {
    if (strcmp(name, tome_severity_name(s)) != 0) continue;
    *out = s;
    return true;
  }
  return false;
}

static bool get_problems(hid_t file, tome_record *r, tome_error *err) {
  tome_problem_row *rows = NULL;
  size_t n;
  if (!tome_table_read(file, &tome_table_problems, &r->arena, &rows, &n, err)) return false;
  for (size_t i = 0; i < n; i++) {
    const tome_problem *p = &rows[i].problem;
    tome_severity severity;
    if (!severity_of(rows[i].severity, &severity))
      return tome_fail(err, TOME_CORRUPT, "problem %zu has no severity that there is: \"%s\"", i, rows[i].severity);
    if (!tome_record_problem(r, severity, p->code, p->remedy, err, "%s", p->text)) return false;
  }
  return true;
}

bool tome_record_read(hid_t file, tome_record *out, tome_error *err) {
  return get_root(file, out, err) && get_image(file, out, err) && get_channels(file, out, err) &&
         get_maps(file, out, err) && get_stats(file, out, err) && get_provenance(file, out, err) &&
         get_problems(file, out, err);
}

bool tome_case_file_record(const char *path, tome_record *out, tome_error *err) {
  tome_record r = {0};
  bool ok = tome_file_size(path, &r.stored_bytes, err);
  if (ok) {
    TOME_H5_LOCK;
    TOME_H5_ID file = tome_case_h5_open(path, err);
    ok = file >= 0 && (tome_record_read(file, &r, err) || tome_fail_prefix(err, "%s", path));
  }
  if (ok)
    *out = r;
  else
    tome_record_clear(&r);
  return ok;
}

bool tome_case_file_voxel_hash(const char *path, char out[33], tome_error *err) {
  char hash[33];
  TOME_H5_LOCK;
  TOME_H5_ID file = tome_case_h5_open(path, err);
  if (file < 0) return false;
  TOME_H5_ID set = H5Dopen2(file, "image", H5P_DEFAULT);
  if (set < 0) return tome_h5_fail(err, TOME_CORRUPT, "%s: there is no data set image", path);
  if (!tome_h5_get_text_into(set, "voxel_hash", hash, sizeof hash, err)) return tome_fail_prefix(err, "%s", path);
  memcpy(out, hash, sizeof hash);
  return true;
}
