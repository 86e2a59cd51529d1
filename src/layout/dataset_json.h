/* dataset_json.h - what a dataset.json says of a data set: the Medical Segmentation Decathlon's, and nnU-Net's of both versions. */
#ifndef TOME_LAYOUT_DATASET_JSON_H
#define TOME_LAYOUT_DATASET_JSON_H

#include "layout/scan.h"

typedef struct tome_dataset {
  const char **channels; /* safe as names, each unlike the others */
  size_t channel_count;
  tome_value_name *names; /* of label values, background left out */
  size_t name_count;
  const char *regions;  /* "whole tumor = 1+2+3, tumor core = 2+3": labels that are several values; NULL: none */
  const char *modality; /* "CT", "MR"; NULL: not said, or several */
} tome_dataset;

/* Reads the folder's dataset.json, claims it, and keeps what it says in the plan's arena. Where there is none, *out is empty; where it is no JSON, too,
 * and a sentence says so. */
TOME_MUST_USE bool tome_dataset_read(tome_scan *s, tome_plan *plan, size_t folder, tome_dataset *out, tome_error *err);

/* Folders of images and their labels, by the names that both use. */
typedef struct tome_split {
  const char *images, *labels;
} tome_split;
enum { TOME_SPLITS = 3 };
extern const tome_split tome_splits[TOME_SPLITS];

#endif
