/* The tables of a case file, as data. */
#include "store/record_fields.h"

#define FIELD(type, name, kind, member) \
  { name, TOME_FIELD_##kind, offsetof(type, member) }
#define TABLE(name, list, type) \
  { name, list, TOME_COUNT(list), sizeof(type) }

static const tome_field intensity[] = {
    FIELD(tome_intensity, "count", U64, count),
    FIELD(tome_intensity, "min", F64, min),
    FIELD(tome_intensity, "max", F64, max),
    FIELD(tome_intensity, "mean", F64, mean),
    FIELD(tome_intensity, "std", F64, std),
    FIELD(tome_intensity, "p0_5", F64, percentile[TOME_P005]),
    FIELD(tome_intensity, "p5", F64, percentile[TOME_P05]),
    FIELD(tome_intensity, "p25", F64, percentile[TOME_P25]),
    FIELD(tome_intensity, "p50", F64, percentile[TOME_P50]),
    FIELD(tome_intensity, "p75", F64, percentile[TOME_P75]),
    FIELD(tome_intensity, "p95", F64, percentile[TOME_P95]),
    FIELD(tome_intensity, "p99_5", F64, percentile[TOME_P995]),
};
const tome_table tome_table_intensity = TABLE("intensity", intensity, tome_intensity);

#define CHANNEL(name, kind, member) FIELD(tome_channel_row, name, kind, channel.member)
static const tome_field channels[] = {
    CHANNEL("name", TEXT, name),
    CHANNEL("count", U64, intensity.count),
    CHANNEL("min", F64, intensity.min),
    CHANNEL("max", F64, intensity.max),
    CHANNEL("mean", F64, intensity.mean),
    CHANNEL("std", F64, intensity.std),
    CHANNEL("p0_5", F64, intensity.percentile[TOME_P005]),
    CHANNEL("p5", F64, intensity.percentile[TOME_P05]),
    CHANNEL("p25", F64, intensity.percentile[TOME_P25]),
    CHANNEL("p50", F64, intensity.percentile[TOME_P50]),
    CHANNEL("p75", F64, intensity.percentile[TOME_P75]),
    CHANNEL("p95", F64, intensity.percentile[TOME_P95]),
    CHANNEL("p99_5", F64, intensity.percentile[TOME_P995]),
    CHANNEL("histogram_lo", F64, histogram.lo),
    CHANNEL("histogram_width", F64, histogram.width),
    FIELD(tome_channel_row, "histogram_start", U64, histogram_start),
    FIELD(tome_channel_row, "histogram_bins", U64, histogram_bins),
};
const tome_table tome_table_channels = TABLE("channels", channels, tome_channel_row);

#define LABEL(name, kind, member) FIELD(tome_label_row, name, kind, label.member)
static const tome_field labels[] = {
    LABEL("map", TEXT, map),
    LABEL("name", TEXT, name),
    LABEL("value", I32, value),
    LABEL("voxels", U64, voxels),
    LABEL("ml", F64, ml),
    LABEL("box_lo", I64X3, box.lo),
    LABEL("box_hi", I64X3, box.hi),
    LABEL("hu_count", U64, hu.count),
    LABEL("hu_min", F64, hu.min),
    LABEL("hu_max", F64, hu.max),
    LABEL("hu_mean", F64, hu.mean),
    LABEL("hu_std", F64, hu.std),
    LABEL("hu_p0_5", F64, hu.percentile[TOME_P005]),
    LABEL("hu_p5", F64, hu.percentile[TOME_P05]),
    LABEL("hu_p25", F64, hu.percentile[TOME_P25]),
    LABEL("hu_p50", F64, hu.percentile[TOME_P50]),
    LABEL("hu_p75", F64, hu.percentile[TOME_P75]),
    LABEL("hu_p95", F64, hu.percentile[TOME_P95]),
    LABEL("hu_p99_5", F64, hu.percentile[TOME_P995]),
    LABEL("window_minmax_level", F64, window_minmax.level),
    LABEL("window_minmax_width", F64, window_minmax.width),
    LABEL("window_percentile_level", F64, window_percentile.level),
    LABEL("window_percentile_width", F64, window_percentile.width),
    LABEL("components", U64, components),
    LABEL("largest", U64, largest),
    LABEL("histogram_lo", F64, histogram.lo),
    LABEL("histogram_width", F64, histogram.width),
    FIELD(tome_label_row, "histogram_start", U64, histogram_start),
    FIELD(tome_label_row, "histogram_bins", U64, histogram_bins),
};
const tome_table tome_table_labels = TABLE("labels", labels, tome_label_row);

static const tome_field label_chunks[] = {
    FIELD(tome_label_chunk, "label", I32, label),
    FIELD(tome_label_chunk, "chunk", I32, chunk),
    FIELD(tome_label_chunk, "voxels", I32, voxels),
};
const tome_table tome_table_label_chunks = TABLE("label_chunks", label_chunks, tome_label_chunk);

static const tome_field sources[] = {
    FIELD(tome_source, "role", TEXT, role),       FIELD(tome_source, "path", TEXT, path),
    FIELD(tome_source, "bytes", U64, bytes),      FIELD(tome_source, "hash", HASH, hash),
    FIELD(tome_source, "sop_uid", TEXT, sop_uid),
};
const tome_table tome_table_sources = TABLE("sources", sources, tome_source);

static const tome_field repairs[] = {
    FIELD(tome_repair, "kind", TEXT, kind),
    FIELD(tome_repair, "text", TEXT, text),
};
const tome_table tome_table_repairs = TABLE("repairs", repairs, tome_repair);

static const tome_field problems[] = {
    FIELD(tome_problem_row, "severity", TEXT, severity),
    FIELD(tome_problem_row, "code", TEXT, problem.code),
    FIELD(tome_problem_row, "text", TEXT, problem.text),
    FIELD(tome_problem_row, "remedy", TEXT, problem.remedy),
};
const tome_table tome_table_problems = TABLE("problems", problems, tome_problem_row);

const tome_text_attribute tome_text_attributes[TOME_TEXT_ATTRIBUTES] = {
    {"id", offsetof(tome_record, id)},
    {"layout", offsetof(tome_record, layout)},
    {"modality", offsetof(tome_record, modality)},
    {"units", offsetof(tome_record, units)},
    {"orientation", offsetof(tome_record, orientation)},
    {"series_uid", offsetof(tome_record, series_uid)},
    {"study_uid", offsetof(tome_record, study_uid)},
    {"frame_uid", offsetof(tome_record, frame_uid)},
};
