/* Writing what is known of a case beside its voxels. */
#include <stdlib.h>
#include <string.h>

#include "store/record_fields.h"
#include "store/writer.h"

static const char *text_of(const tome_record *r, size_t offset) {
  const char *text;
  memcpy(&text, (const char *)r + offset, sizeof text);
  return text;
}

/* ---- the record must speak of the volumes that were written ---- */

static bool same_geometry(const tome_geometry *a, const tome_geometry *b) {
  for (int i = 0; i < 3; i++)
    if (a->shape[i] != b->shape[i]) return false;
  return memcmp(a->spacing, b->spacing, sizeof a->spacing) == 0 &&
         memcmp(a->origin, b->origin, sizeof a->origin) == 0 &&
         memcmp(a->direction, b->direction, sizeof a->direction) == 0;
}

static bool check_maps(const tome_case_writer *w, const tome_record *r, tome_error *err) {
  size_t map = 0;
  for (size_t i = 0; i < w->count; i++) {
    const tome_written *v = &w->volumes[i];
    if (strncmp(v->name, "labels/", strlen("labels/")) != 0) continue;
    const char *name = v->name + strlen("labels/");
    if (map >= r->map_count || strcmp(r->maps[map].name, name) != 0 || r->maps[map].dtype != v->dtype)
      return tome_fail(err, TOME_USAGE, "%s: label map %zu of the record is not the volume %s that was written",
                       w->path, map, v->name);
    map++;
  }
  if (map != r->map_count)
    return tome_fail(err, TOME_USAGE, "%s: the record has %zu label maps, but %zu were written", w->path, r->map_count,
                     map);
  return true;
}

/* The record's channels are the image and then the channels that were written, in this order. */
static bool check_channels(const tome_case_writer *w, const tome_record *r, tome_error *err) {
  size_t channel = 1;
  for (size_t i = 0; i < w->count; i++) {
    const tome_written *v = &w->volumes[i];
    if (strncmp(v->name, "channels/", strlen("channels/")) != 0) continue;
    if (channel >= r->channel_count || strcmp(r->channels[channel].name, v->name + strlen("channels/")) != 0 ||
        !same_geometry(&r->geometry, &v->geometry))
      return tome_fail(err, TOME_USAGE, "%s: channel %zu of the record is not the volume %s that was written", w->path,
                       channel, v->name);
    channel++;
  }
  if (r->channel_count && channel != r->channel_count)
    return tome_fail(err, TOME_USAGE, "%s: the record has %zu channels, but %zu were written", w->path,
                     r->channel_count, channel);
  return true;
}

static bool check_record(const tome_case_writer *w, const tome_record *r, tome_error *err) {
  const tome_written *image = NULL;
  for (size_t i = 0; i < w->count && !image; i++)
    if (strcmp(w->volumes[i].name, "image") == 0) image = &w->volumes[i];
  if (!image) return tome_fail(err, TOME_USAGE, "%s: write the image before the record", w->path);
  if (r->dtype != image->dtype || !same_geometry(&r->geometry, &image->geometry))
    return tome_fail(err, TOME_USAGE, "%s: the record's geometry or element type is not the image's", w->path);
  return check_channels(w, r, err) && check_maps(w, r, err);
}

/* ---- attributes ---- */

static bool put_root(hid_t file, const tome_record *r, tome_error *err) {
  const int32_t schema = TOME_SCHEMA;
  bool ok = tome_h5_put_numbers(file, "schema", H5T_STD_I32LE, 0, NULL, &schema, err) &&
            tome_h5_put_text(file, "tome_version", TOME_VERSION, err);
  for (size_t i = 0; i < TOME_TEXT_ATTRIBUTES && ok; i++)
    ok = tome_h5_put_text(file, tome_text_attributes[i].name, text_of(r, tome_text_attributes[i].offset), err);
  return ok && tome_h5_put_text(file, "source_hash", r->source_hash, err) &&
         tome_h5_put_numbers(file, "padding_voxels", H5T_STD_U64LE, 0, NULL, &r->padding, err) &&
         tome_h5_put_numbers(file, "tilt_degrees", H5T_IEEE_F64LE, 0, NULL, &r->tilt_degrees, err);
}

/* What the values of one map mean: two attributes of equal length. */
static bool put_value_names(hid_t set, const char *map, const tome_record *r, tome_error *err) {
  TOME_AUTO_FREE int32_t *values = tome_alloc(r->label_count, sizeof *values, map, err);
  TOME_AUTO_FREE const char **names = tome_alloc(r->label_count, sizeof *names, map, err);
  if (!values || !names) return false;
  size_t n = 0;
  for (size_t i = 0; i < r->label_count; i++) {
    if (strcmp(r->labels[i].map, map) != 0) continue;
    values[n] = r->labels[i].value;
    names[n++] = r->labels[i].name ? r->labels[i].name : "";
  }
  if (n == 0) return true;
  return tome_h5_put_numbers(set, "values", H5T_STD_I32LE, 1, (hsize_t[]){n}, values, err) &&
         tome_h5_put_texts(set, "names", names, n, err);
}

static bool put_volume_facts(hid_t file, const char *name, const char *hash, const char *map, const tome_record *r,
                             tome_error *err) {
  TOME_H5_ID set = H5Dopen2(file, name, H5P_DEFAULT);
  if (set < 0) return tome_h5_fail(err, TOME_IO, "data set %s cannot be opened", name);
  return tome_h5_put_text(set, "voxel_hash", hash, err) && (!map || put_value_names(set, map, r, err));
}

static bool put_channels(hid_t file, const tome_record *r, tome_error *err) {
  for (size_t i = 1; i < r->channel_count; i++) {
    TOME_H5_ID channels = H5Gopen2(file, "channels", H5P_DEFAULT);
    if (!put_volume_facts(channels, r->channels[i].name, r->channels[i].voxel_hash, NULL, r, err)) return false;
  }
  return true;
}

static bool put_maps(hid_t file, const tome_record *r, tome_error *err) {
  TOME_H5_ID labels = H5Gopen2(file, "labels", H5P_DEFAULT);
  for (size_t i = 0; i < r->map_count; i++)
    if (!put_volume_facts(labels, r->maps[i].name, r->maps[i].voxel_hash, r->maps[i].name, r, err)) return false;
  return true;
}

/* ---- stats ---- */

static bool put_histogram(hid_t group, const tome_histogram *h, tome_error *err) {
  if (!tome_h5_put_array(group, "histogram", H5T_STD_U64LE, h->bins, sizeof *h->counts, h->counts, err)) return false;
  TOME_H5_ID set = H5Dopen2(group, "histogram", H5P_DEFAULT);
  return tome_h5_put_numbers(set, "lo", H5T_IEEE_F64LE, 0, NULL, &h->lo, err) &&
         tome_h5_put_numbers(set, "width", H5T_IEEE_F64LE, 0, NULL, &h->width, err);
}

static bool put_labels(hid_t group, const tome_record *r, tome_error *err) {
  TOME_AUTO_FREE tome_label_row *rows = tome_alloc_zero(r->label_count, sizeof *rows, "labels", err);
  if (!rows) return false;
  size_t total = 0;
  for (size_t i = 0; i < r->label_count; i++) {
    rows[i] = (tome_label_row){r->labels[i], total, r->labels[i].histogram.bins};
    total += r->labels[i].histogram.bins;
  }
  TOME_AUTO_FREE uint64_t *counts = tome_alloc(total, sizeof *counts, "label histograms", err);
  if (!counts) return false;
  for (size_t i = 0; i < r->label_count; i++)
    if (rows[i].histogram_bins)
      memcpy(counts + rows[i].histogram_start, r->labels[i].histogram.counts, rows[i].histogram_bins * sizeof *counts);
  return tome_table_write(group, &tome_table_labels, rows, r->label_count, err) &&
         tome_h5_put_array(group, "label_histograms", H5T_STD_U64LE, total, sizeof *counts, counts, err);
}

static bool put_channel_stats(hid_t group, const tome_record *r, tome_error *err) {
  if (!r->channel_count) return true;
  TOME_AUTO_FREE tome_channel_row *rows = tome_alloc_zero(r->channel_count, sizeof *rows, "channels", err);
  if (!rows) return false;
  size_t total = 0;
  for (size_t i = 0; i < r->channel_count; i++) {
    rows[i] = (tome_channel_row){r->channels[i], total, r->channels[i].histogram.bins};
    total += r->channels[i].histogram.bins;
  }
  TOME_AUTO_FREE uint64_t *counts = tome_alloc(total, sizeof *counts, "channel histograms", err);
  if (!counts) return false;
  for (size_t i = 0; i < r->channel_count; i++)
    if (rows[i].histogram_bins)
      memcpy(counts + rows[i].histogram_start, r->channels[i].histogram.counts,
             rows[i].histogram_bins * sizeof *counts);
  return tome_table_write(group, &tome_table_channels, rows, r->channel_count, err) &&
         tome_h5_put_array(group, "channel_histograms", H5T_STD_U64LE, total, sizeof *counts, counts, err);
}

/* The writer counted these as it cut the maps into chunks; the record says which label each value is. */
static bool put_label_chunks(const tome_case_writer *w, hid_t group, const tome_record *r, tome_error *err) {
  TOME_CLEANUP(tome_arena_clear) tome_arena arena = {0};
  tome_record named = {.labels = r->labels, .label_count = r->label_count};
  const char **maps = tome_arena_alloc(&arena, (w->count + 1) * sizeof *maps, err);
  if (!maps) return false;
  for (size_t i = 0; i < w->count; i++) {
    const char *leaf = strrchr(w->volumes[i].name, '/');
    maps[i] = leaf ? leaf + 1 : w->volumes[i].name;
  }
  if (w->value_chunk_count)
    qsort(w->value_chunks, w->value_chunk_count, sizeof *w->value_chunks, tome_value_chunk_compare);
  const bool ok = tome_record_label_chunks(&named, maps, w->value_chunks, w->value_chunk_count, err) &&
                  tome_table_write(group, &tome_table_label_chunks, named.label_chunks, named.label_chunk_count, err);
  tome_arena_clear(&named.arena);
  return ok;
}

static bool put_stats(const tome_case_writer *w, const tome_record *r, tome_error *err) {
  TOME_H5_ID group = H5Gcreate2(w->file, "stats", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  if (group < 0) return tome_h5_fail(err, TOME_IO, "group stats cannot be made");
  return tome_table_write_one(group, &tome_table_intensity, &r->intensity, err) &&
         put_histogram(group, &r->histogram, err) && put_channel_stats(group, r, err) && put_labels(group, r, err) &&
         put_label_chunks(w, group, r, err);
}

/* ---- provenance, problems, identity ---- */

static bool put_provenance(hid_t file, const tome_record *r, tome_error *err) {
  TOME_H5_ID group = H5Gcreate2(file, "provenance", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  if (group < 0) return tome_h5_fail(err, TOME_IO, "group provenance cannot be made");
  return tome_table_write(group, &tome_table_sources, r->sources, r->source_count, err) &&
         tome_table_write(group, &tome_table_repairs, r->repairs, r->repair_count, err);
}

static bool put_problems(hid_t file, const tome_record *r, tome_error *err) {
  TOME_AUTO_FREE tome_problem_row *rows = tome_alloc_zero(r->problem_count, sizeof *rows, "problems", err);
  if (!rows) return false;
  for (size_t i = 0; i < r->problem_count; i++)
    rows[i] = (tome_problem_row){tome_severity_name(r->problems[i].severity), r->problems[i]};
  return tome_table_write(file, &tome_table_problems, rows, r->problem_count, err);
}

static bool put_identity(hid_t file, const char *identity, tome_error *err) {
  if (!identity) return true;
  TOME_H5_ID group = H5Gcreate2(file, "identity", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  if (group < 0) return tome_h5_fail(err, TOME_IO, "group identity cannot be made");
  return tome_h5_put_text(group, "text", identity, err);
}

bool tome_case_writer_record(tome_case_writer *w, const tome_record *r, const char *identity, tome_error *err) {
  if (!check_record(w, r, err)) return false;
  TOME_H5_LOCK;
  if (put_root(w->file, r, err) && put_volume_facts(w->file, "image", r->voxel_hash, NULL, r, err) &&
      put_channels(w->file, r, err) && put_maps(w->file, r, err) && put_stats(w, r, err) &&
      put_provenance(w->file, r, err) && put_problems(w->file, r, err) && put_identity(w->file, identity, err))
    return true;
  return tome_fail_prefix(err, "%s", w->path);
}
