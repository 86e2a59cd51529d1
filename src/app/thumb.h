/* thumb.h - a small picture of a case: the slice through its lesion (else its largest structure, else the middle), in the plane it is read in, windowed, at true
 * aspect, each structure outlined. */
#ifndef TOME_APP_THUMB_H
#define TOME_APP_THUMB_H

#include "app/app.h"
#include "base/file.h"
#include "render/render.h"

typedef struct tome_thumb_label {
  const char *id, *map;
  int32_t value;
  tome_rgb colour; /* of its kind */
  bool lesion;
  double ml, median; /* NaN: not known */
  int64_t centre[3]; /* voxel in the middle of its box */
} tome_thumb_label;

/* What thumbnails of one store need, read once. Colours go to kinds by how many cases have them: kind k has
 * tome_label_colour(k). */
typedef struct tome_thumbs {
  tome_store *store;
  int side;    /* pixels of the longer side */
  double line; /* pixels that an outline is wide */
  const char **kinds;
  size_t kind_count, kind_cap;
  tome_thumb_label *labels; /* by id */
  size_t label_count, label_cap;
  tome_arena arena;
} tome_thumbs;
TOME_MUST_USE bool tome_thumbs_open(tome_store *s, int side, double line, tome_thumbs *out, tome_error *err);
void tome_thumbs_clear(tome_thumbs *t);
/* The picture of a case as a PNG file in memory. From several threads at once. */
TOME_MUST_USE bool tome_thumbs_png(const tome_thumbs *t, const char *id, tome_bytes *png, tome_error *err);
/* Writes a file. */
TOME_MUST_USE bool tome_thumb_save(const char *path, const tome_bytes *png, tome_error *err);

#endif
