/* channels.h - a case's further images, for make.c. */
#ifndef TOME_APP_CHANNELS_H
#define TOME_APP_CHANNELS_H

#include "app/app.h"

typedef struct tome_channel_source {
  const char *name;
  const tome_stacked *stacked;
  int sample; /* of pieces with several a voxel */
} tome_channel_source;

typedef struct tome_channel_list {
  tome_channel_source *items; /* all channels, the first too; none where the image is the only one */
  size_t count, cap;
  tome_scanned *scans; /* of channels with files of their own */
  size_t scan_count;
} tome_channel_list;
/* From the headers alone. `first` is the volume that becomes the image. */
TOME_MUST_USE bool tome_channels_list(tome_ingesting *in, const tome_case_input *ci, const tome_scanned *image,
                                      const tome_stacked *first, tome_arena *arena, tome_channel_list *out,
                                      tome_error *err);
void tome_channels_clear(tome_channel_list *l);
/* The record's first channel, which is the image: after that has been measured. */
TOME_MUST_USE bool tome_channels_first(const char *name, tome_record *r, tome_error *err);
/* Loads, measures and writes one more. */
TOME_MUST_USE bool tome_channels_make(tome_ingesting *in, const tome_channel_source *source, const tome_geometry *grid,
                                      const char *shown, tome_record *r, tome_case_writer *w, tome_error *err);

#endif
