/* What a Philips PAR file says of the slices in its REC file, checked and put into volumes. Inside src/format only. */
#ifndef TOME_FORMAT_PARREC_HEADER_H
#define TOME_FORMAT_PARREC_HEADER_H

#include "base/mem.h"
#include "grid/grid.h"

enum { PAR_KEYS = 8 };

/* One line of the table: one slice. */
typedef struct tome_par_slice {
  int64_t number;        /* of the slice, as the file counts */
  int64_t key[PAR_KEYS]; /* echo, dynamic, phase, type, sequence, b value, gradient, label: what tells volumes apart */
  int64_t index;         /* in the REC file, in images */
  int64_t occurrence;    /* 0, or how many slices of this number and these keys came before */
  size_t line;           /* in the table */
  size_t first;          /* first line of its volume */
  int64_t bits, nx, ny, orientation;
  double slope, intercept; /* displayed value = stored * slope + intercept ("DV") */
  double spacing[3];       /* z (thickness + gap), y, x */
  double centre[3];        /* AP, FH, RL; mm */
} tome_par_slice;

typedef struct tome_par {
  tome_par_slice *slices; /* volume by volume, each in the order of its slice numbers */
  size_t count, depth, volumes;
  tome_dtype dtype;
  tome_geometry geometry;
} tome_par;

int tome_par_score(const uint8_t *head, size_t size);
/* Reads the PAR file. Lists are in the arena. Messages may lack the path. */
TOME_MUST_USE bool tome_par_read(const char *path, tome_arena *arena, tome_par *out, tome_error *err);
/* True where all slices of a volume have one scale. */
bool tome_par_one_scale(const tome_par *p, size_t volume);

#endif
