/* picture.h - what the files of tome preview and tome histogram share: a case, a recipe's result or files, as slices that can be drawn. */
#ifndef TOME_APP_PICTURE_H
#define TOME_APP_PICTURE_H

#include "app/app.h"
#include "render/render.h"

typedef struct tome_shown {
  const char *map, *name;
  int32_t value;
  double ml;
  uint64_t voxels;
  tome_box box;    /* in the subject's grid; empty where it is nowhere */
  bool wanted;     /* its range decides what is shown */
  tome_window own; /* the range of its stored values; width 0: not known */
  tome_rgb colour;
} tome_shown;

typedef struct tome_subject {
  const char *id, *modality, *units;
  tome_geometry geometry;
  tome_dtype dtype;
  bool coloured;       /* its channels are red, green, blue */
  const char *volume;  /* of the result: what is shown in gray */
  const char *channel; /* its name; "" where there is but one */
  tome_result *result; /* of a store; else the volumes are in memory: */
  tome_volume image, label;
  tome_shown *shown;
  size_t shown_count;
  const tome_run *run;
  tome_record record; /* of a store */
  tome_arena arena;
} tome_subject;
TOME_MUST_USE bool tome_subject_of_case(tome_store *s, const char *id, const tome_recipe_text *recipe,
                                        const tome_run *run, tome_subject *out, tome_error *err);
TOME_MUST_USE bool tome_subject_of_files(const char *image, const char *label, const tome_run *run, tome_subject *out,
                                         tome_error *err);
void tome_subject_clear(tome_subject *s);
/* Shows one channel, by name, in gray; NULL leaves what is shown. */
TOME_MUST_USE bool tome_subject_channel(tome_subject *s, const char *channel, tome_error *err);
/* Marks the structures that go by `label` (NULL: all); TOME_NOT_FOUND where none does. */
TOME_MUST_USE bool tome_subject_want(tome_subject *s, const char *label, tome_error *err);
/* Whether a structure is meant by `name`: its name or kind; of files the number too. */
bool tome_shown_goes_by(const tome_subject *s, const tome_shown *l, const char *name);
/* The box of all wanted structures; the whole grid where there is no voxel of them. True where there is one. */
bool tome_subject_range(const tome_subject *s, tome_box *out);
/* Slice `at` of a plane, into `out`. */
typedef struct tome_spot {
  tome_plane plane;
  int64_t at;
  tome_slice *out;
} tome_spot;
/* Reads slices, on all cores; what they point to lives in the subject's arena. Their windows are left open. */
TOME_MUST_USE bool tome_subject_slices(tome_subject *s, const tome_spot *places, size_t count, tome_error *err);
/* The voxel i of an array of this type. */
double tome_shown_value(const void *voxels, tome_dtype dtype, size_t i);
/* The window that shows something of these slices, and its name, "" none: of CT the abdomen's where that is not all black or white, of a photograph its values as
 * they are, else their 0.5 to 99.5 percentiles. */
TOME_MUST_USE bool tome_window_auto(const char *units, bool photograph, tome_slice *const *slices, size_t count,
                                    tome_window *out, const char **name, tome_error *err);
/* Sets the windows of slices, all to one; `text` gets how it is called ("abdomen 40/400"). */
TOME_MUST_USE bool tome_subject_window(const tome_subject *s, const char *window, tome_slice *const *slices,
                                       size_t count, char *text, size_t size, tome_error *err);
/* Whether directions and mm mean something: not for a photograph. */
bool tome_subject_has_places(const tome_subject *s);
/* One legend row a structure that is there. */
TOME_MUST_USE bool tome_subject_legend(tome_subject *s, tome_legend **out, size_t *count, tome_error *err);
/* "60×512×512, 2.5×0.7×0.7 mm", with what else is known. */
const char *tome_subject_text(tome_subject *s, const char *window, tome_error *err);

/* preview.c: the canvas as a PNG. */
TOME_MUST_USE bool tome_put_picture(const tome_canvas *c, const char *path, bool force, tome_error *err);
TOME_MUST_USE bool tome_preview_check(const tome_preview_options *o, const char *path, tome_error *err);
/* preview_steps.c */
TOME_MUST_USE bool tome_preview_steps(tome_store *store, const char *id, const char *path,
                                      const tome_preview_options *opt, const tome_run *run, tome_error *err);

#endif
