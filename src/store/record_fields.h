/* record_fields.h - the tables of a case file, one row a field: the writer and the reader both follow these. schema/store.md explains them. */
#ifndef TOME_STORE_RECORD_FIELDS_H
#define TOME_STORE_RECORD_FIELDS_H

#include "record/record.h"
#include "store/table.h"

/* A label as a row: its histogram lies in the data set stats/label_histograms, from `histogram_start`. */
typedef struct tome_label_row {
  tome_label label;
  uint64_t histogram_start, histogram_bins;
} tome_label_row;

/* A channel as a row: its histogram lies in stats/channel_histograms. */
typedef struct tome_channel_row {
  tome_channel channel;
  uint64_t histogram_start, histogram_bins;
} tome_channel_row;

/* A problem as a row: its severity by name. */
typedef struct tome_problem_row {
  const char *severity;
  tome_problem problem;
} tome_problem_row;

extern const tome_table tome_table_intensity, tome_table_channels, tome_table_labels, tome_table_sources,
    tome_table_repairs, tome_table_problems, tome_table_label_chunks;

/* The record's texts that are attributes of "/": their names and where they lie in tome_record. */
typedef struct tome_text_attribute {
  const char *name;
  size_t offset;
} tome_text_attribute;
enum { TOME_TEXT_ATTRIBUTES = 8 };
extern const tome_text_attribute tome_text_attributes[TOME_TEXT_ATTRIBUTES];

#endif
