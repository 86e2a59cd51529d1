/* layout.h - how the field's data sets lie on disk: one file a data set, one table (layouts.c). A layout looks at a tree of names
 * (and at bytes where names do not say) and lists the cases in it. */
#ifndef TOME_LAYOUT_H
#define TOME_LAYOUT_H

#include "stack/stack.h"

typedef struct tome_value_name {
  int32_t value;
  const char *name;
} tome_value_name;

/* Files that make one volume. */
typedef struct tome_input {
  const char **paths; /* full paths, in natural order of their names */
  size_t path_count;
  size_t root_length; /* paths[i] + root_length is the path relative to the root: says nothing of the machine */
  const char *shown;  /* file or folder, relative to the root: what messages call it */
  double spacing[3];  /* (z, y, x) mm, for files that say nothing of it (photographs: 1); 0: not known */
  bool spacing_said;  /* somebody knows it: it does not stand in for what nobody does */
} tome_input;

/* A further image of a case, on the first one's grid. */
typedef struct tome_channel_input {
  const char *name; /* "t1ce" */
  tome_input input;
} tome_channel_input;

typedef struct tome_label_input {
  const char *map; /* name of the label volume, unique within the case: "segmentation", "livertumor1" */
  tome_input input;
  /* value → structure name; NULL: one structure named like the map where the mask is binary, else label_<v> */
  const tome_value_name *names;
  size_t name_count;
  const char *regions; /* structures that are several values: "whole tumor = 1+2+3"; NULL: none */
} tome_label_input;

typedef struct tome_case_input {
  /* unique within a plan, safe as a file name: `name`, behind folders of `folder` where two would collide */
  const char *id;
  const char *name;     /* the data set's own name for it */
  const char *folder;   /* where it lies, beginning with the root's own name: "LITS/Training Batch 1" */
  const char *layout;   /* a name of the table, or "explicit" */
  const char *modality; /* what the data set is known to be ("CT"), or NULL: what the file says */
  tome_input image;
  /* A folder may hold several series: each becomes a case, `<id>` where there is one, else `<id>.1`, `<id>.2` … in the order of
   * their first files. */
  bool all_series;
  /* Several images on one grid. In files of their own: `image` is called image_name, the others are `channels`. Or as the frames of the one file, called
   * frame_names. (The colours of pictures are channels by themselves.) */
  const char *image_name;
  tome_channel_input *channels;
  size_t channel_count, channel_cap;
  const char *const *frame_names;
  size_t frame_name_count;
  tome_label_input *labels;
  size_t label_count, label_cap;
} tome_case_input;

/* A file of labels that says itself which image it was drawn on (DICOM SEG, RTSTRUCT): matched to a case once the cases' files are read. */
typedef struct tome_drawing_input {
  tome_input input;                   /* one file */
  const char *kind;                   /* "SEG", "RTSTRUCT" */
  const char *series_uid, *frame_uid; /* of the image; "" where it does not say */
  bool present, taken; /* for the one who works through the plan: its series is among the cases; a case has it */
} tome_drawing_input;

typedef struct tome_plan {
  tome_case_input *cases;
  size_t case_count, case_cap;
  tome_drawing_input *drawings;
  size_t drawing_count, drawing_cap;
  tome_passed_over *passed; /* labels without image, files nobody knows: one sentence a kind, not one a file */
  size_t passed_count, passed_cap;
  tome_arena arena;
} tome_plan;
void tome_plan_clear(tome_plan *p);

typedef struct tome_scan tome_scan; /* scan.h: the tree, its folders, and which files are taken already */

typedef struct tome_layout {
  const char *name, *title;
  const char *tree; /* what it looks like, several lines, for `tome layouts` */
  /* Claims what it recognises and appends the cases to `plan`. Leaves files alone that another layout has claimed; may add
   * label maps to cases planned before. Layouts run in table order. */
  bool (*find)(tome_scan *scan, tome_plan *plan, tome_error *err);
} tome_layout;
extern const tome_layout *const tome_layouts[]; /* NULL-terminated, most particular first */

/* Everything under one root (a folder or a file). `only` NULL: every layout in turn; a name that no layout has is TOME_USAGE.
 * Appends to `plan`, whose cases then come in natural order of their ids. A root that is not there is TOME_NOT_FOUND. On failure
 * the plan may hold some of the root's cases: clear it. */
TOME_MUST_USE bool tome_plan_root(const char *root, const char *only, const tome_run *run, tome_plan *plan,
                                  tome_error *err);
/* One case said outright (--image, --label NAME=PATH, --channel NAME=PATH, --id; a row of a table). */
typedef struct tome_said_case {
  const char *id; /* NULL: the image's name without its extension */
  const char *image;
  const char *image_name; /* of the first channel, where there are more; NULL: "image" */
  const tome_named_path *channels, *labels;
  size_t channel_count, label_count;
} tome_said_case;

/* Plans it. A folder stands for the files in it and in its subfolders, hidden ones and those that are certainly no images left out. */
TOME_MUST_USE bool tome_plan_one(const tome_said_case *said, tome_plan *plan, tome_error *err);

#endif
