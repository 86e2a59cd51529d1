/* pictures.h - pictures of one size into one array of an HDF5 file: what `tome archive stack` and `tome archive drive` share. */
#ifndef TOME_APP_PICTURES_H
#define TOME_APP_PICTURES_H

#include "app/convert.h"

typedef struct tome_pictures_job {
  const tome_unit *units; /* a picture each, in the order of the rows */
  size_t count;
  const char *output, *dataset;
  tome_value_steps values;
  bool squeeze;
  int level;
  bool force, sync; /* sync: wait for the disk */
  bool
      full_range; /* refuse what does not run from 0 to 255 over all pictures; `values` then changes no more than colours and type */
  int channels;     /* wanted; 0: those of the first */
  int64_t size[2];  /* (y, x) wanted; 0: those of the first. Filled in */
  const char *like; /* what has that size: for messages; NULL: the first */
  char text[120];   /* out: what was written */
} tome_pictures_job;
/* Writes it. `hold` NULL: the file is in its place; else it is a draft yet, to be placed or abandoned by the caller (tome_pictures_place). */
TOME_MUST_USE bool tome_pictures_write(tome_pictures_job *job, tome_draft *hold, const tome_run *run, tome_error *err);
TOME_MUST_USE bool tome_pictures_place(const tome_pictures_job *job, tome_draft *draft, tome_error *err);
/* Makes the folders a file lies in, and fails with TOME_EXISTS where the file is there and not to be overwritten. */
TOME_MUST_USE bool tome_pictures_room(const char *output, bool force, tome_error *err);

#endif
